//! A whole schema compiled into an empty repository, durably, against pywbem's compiler.
//!
//! Ours is timed from the call on the compiler to its return, when the last commit is on disk;
//! making the repository with the classes of the host comes before. The baseline is pywbem's
//! compiler with pywbem's repository, which does the same with each class but writes nothing to
//! disk; the time of its compiler without a repository is printed next to it.

use std::path::Path;

use anyhow::{Result, ensure};
use cim::Namespace;

use crate::instances::options;
use crate::measure::{Clock, median};
use crate::pywbem::{Into, Pywbem};
use crate::report::{self, Bar, Figure, Quantity};
use crate::schema::Schema;
use crate::scratch;

const ROUNDS: usize = 7;

pub(crate) fn run() -> Result<()> {
    let schema = Schema::get()?;
    let (file, classes) = (schema.file(), schema.classes());
    report::note(format_args!("{}, {classes} classes", schema.name()));
    once(&file, classes)?;
    let times: Vec<[f64; 2]> = (0..ROUNDS).map(|_| once(&file, classes)).collect::<Result<_>>()?;
    let [wall, processor] = [0, 1].map(|at| median(times.iter().map(|time| time[at]).collect()));
    report::figure(&Figure {
        name: "processor time",
        ours: Quantity::Seconds(processor),
        baseline: None,
        bar: Bar::AtMost(Quantity::Seconds(0.25)),
    });
    let Some(pywbem) = Pywbem::find() else {
        report::note("against pywbem: skipped, no Python with pywbem; set OPENWMI_PYTHON to one");
        return Ok(());
    };
    let theirs = pywbem.compile(&file, Into::Repository)?;
    let alone = pywbem.compile(&file, Into::List)?;
    ensure!(
        [theirs.classes, alone.classes] == [classes; 2],
        "pywbem finds another number of classes"
    );
    report::figure(&Figure {
        name: "time, against pywbem",
        ours: Quantity::Seconds(wall),
        baseline: Some(Quantity::Seconds(theirs.wall)),
        bar: Bar::Faster(60.0),
    });
    report::note(format_args!(
        "of the processor: pywbem {}; without a repository {}, {} as long as ours",
        Quantity::Seconds(theirs.processor),
        Quantity::Seconds(alone.processor),
        Quantity::Times(alone.processor / processor),
    ));
    Ok(())
}

/// Compiles it into a new repository; the seconds that passed, and those of the processor.
fn once(file: &Path, classes: u64) -> Result<[f64; 2]> {
    let directory = scratch::directory()?;
    let wmi = scratch::wmi(directory.path())?;
    let options = options(Namespace::new(r"root\dmtf")?);
    let (compiler, context) = (wmi.compiler(), wmi.context());
    let start = Clock::Processor.now();
    let (wall, report) = Clock::Wall.time(|| {
        Ok(compiler.compile_files(&[file.to_owned()], &options, &context, &mut |_, _| {})?)
    })?;
    let processor = Clock::Processor.now() - start;
    ensure!(report.is_complete(), "it does not compile: {report:?}");
    ensure!(report.classes == classes, "{} of {classes} classes", report.classes);
    Ok([wall, processor])
}
