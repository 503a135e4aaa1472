//! The first start: a repository created with 150 provided classes, against one with 30.
//!
//! Both sides do what `openwmi`'s first start does: create the repository and its namespaces, and
//! compile the MOF of the machine in one call. The classes that the host lacks are copies of its
//! own under other names, all in turn, so that they have the mean size of the host's. Instructions
//! are counted by callgrind, which leaves out the kernel, in processes of their own; what such a
//! process executes without a first start is subtracted. The time of `Wmi::open` in an empty
//! directory is printed as well, so that a difference between it and the model of it shows.

use std::env;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cim::Namespace;
use cimom::Cimom;
use host::Text;
use openwmi_suite::world::fixed_environment;
use repository::Repository;
use tempfile::TempDir;
use wbem::{CallContext, CompileOptions, CompileReport, Flags};

use crate::measure::{self, Clock, median};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const ROUNDS: usize = 9;
/// How many classes have a provider: 150 when the host has all that are planned.
const CLASSES: [usize; 2] = [150, 30];
const NAMESPACES: [&str; 5] =
    [r"root\cimv2", r"root\default", r"root\subscription", r"root\interop", r"root\security"];
/// The size of the map in bytes: valgrind refuses the default of 64 GiB.
const MAP: usize = 1 << 30;
/// Set for a process whose instructions are counted: the number of provided classes, and the number
/// of first starts.
const COUNTED: &str = "OPENWMI_BENCH_FIRST_START";

pub(crate) fn run() -> Result<()> {
    if let Some(counted) = env::var_os(COUNTED) {
        let (classes, starts) =
            counted.to_str().and_then(|text| text.split_once(' ')).context(COUNTED)?;
        let texts = texts(classes.parse()?);
        return (0..starts.parse()?).try_for_each(|_| first_start(&texts).map(drop));
    }
    let [many, few] = CLASSES.map(texts);
    let registered =
        [&many, &few].map(|texts| first_start(texts).map(|started| started.report.instances));
    let [registered_many, registered_few] = registered;
    ensure!(registered_many? > registered_few?, "the copies register no providers");
    let bytes = |texts: &[(String, String)]| texts.iter().map(|(_, mof)| mof.len()).sum::<usize>();
    for (classes, texts) in CLASSES.into_iter().zip([&many, &few]) {
        report::note(format_args!(
            "{classes} provided classes, {} of them the host's: {} texts of {} kB",
            host::classes().count().min(classes),
            texts.len(),
            bytes(texts) / 1000,
        ));
    }
    for clock in [Clock::Wall, Clock::Processor] {
        let pair = |_| -> Result<[f64; 2]> {
            let many = clock.time(|| first_start(&many))?.0;
            Ok([many, clock.time(|| first_start(&few))?.0])
        };
        let pairs = (0..ROUNDS).map(pair).collect::<Result<Vec<_>>>()?;
        let seconds =
            |side: usize| Quantity::Seconds(median(pairs.iter().map(|pair| pair[side]).collect()));
        let ratio = Quantity::Times(median(pairs.iter().map(|[many, few]| many / few).collect()));
        let medians = format!("{} against {}", seconds(0), seconds(1));
        match clock {
            Clock::Wall => {
                report::note(format_args!("time: {medians}"));
                report::figure(&Figure {
                    name: "150 classes, median ratio of pairs",
                    ours: ratio,
                    baseline: None,
                    bar: Bar::AtMost(Quantity::Times(2.0)),
                });
            }
            Clock::Processor => {
                report::note(format_args!("processor time: {medians}, {ratio}"));
            }
        }
    }
    instructions()?;
    let opened = measure::repeated(Clock::Wall, ROUNDS, &mut |_| {
        scratch::wmi(scratch::directory()?.path()).map(drop)
    })?;
    report::note(format_args!("Wmi::open in an empty directory: {}", Quantity::Seconds(opened)));
    Ok(())
}

/// Reports the ratio of the instructions executed, where valgrind is installed.
fn instructions() -> Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        report::note("instructions: skipped, valgrind is not installed");
        return Ok(());
    }
    let [many, few] = CLASSES.map(counted);
    let (many, few) = (many?, few?);
    report::note(format_args!(
        "instructions: {:.1} million against {:.1} million, {}",
        many / 1e6,
        few / 1e6,
        Quantity::Times(many / few)
    ));
    Ok(())
}

/// The instructions of a first start with this many classes.
fn counted(classes: usize) -> Result<f64> {
    let [none, one] = [0, 1].map(|starts| instructions_of(format!("{classes} {starts}")));
    Ok(one? - none?)
}

/// The instructions of a process with this value of [`COUNTED`].
fn instructions_of(counted: String) -> Result<f64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(env::current_exe()?).arg("first-start").env(COUNTED, counted);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed: {text}");
    let count = text.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok());
    count.with_context(|| format!("callgrind reports no count: {text}"))
}

/// The MOF of the host: names and texts, in the order in which they are compiled.
fn own_texts() -> Vec<(String, String)> {
    let texts = host::in_order(host::machine_mof().chain(host::profile_mof()));
    texts.into_iter().map(|Text { name, mof }| (name.to_owned(), mof.to_owned())).collect()
}

/// The same, followed by copies of the classes of root\cimv2 until `count` have a provider.
fn texts(count: usize) -> Vec<(String, String)> {
    let copies = host::CLASSES
        .iter()
        .cycle()
        .enumerate()
        .map(|(number, class)| (format!("{}_{number}", class.name), copy(class.mof, number)));
    let own = host::classes().count();
    own_texts().into_iter().chain(copies.take(count.saturating_sub(own))).collect()
}

/// The text with other names for the classes that it declares, which also renames their provider.
fn copy(mof: &str, number: usize) -> String {
    let declared = mof.lines().filter_map(|line| line.strip_prefix("class ")?.split(' ').next());
    declared.fold(mof.to_owned(), |text, name| text.replace(name, &format!("{name}_{number}")))
}

/// What a first start leaves: an object manager over the repository in a directory.
struct Started {
    /// Dropped before the directory.
    _cimom: Arc<Cimom>,
    _directory: TempDir,
    report: CompileReport,
}

/// Does a first start in a new directory. Dropping the result is no part of it.
fn first_start(texts: &[(String, String)]) -> Result<Started> {
    let directory = scratch::directory()?;
    let repository = Repository::create_or_open_with_map(directory.path(), MAP)?;
    let environment = fixed_environment();
    let context = CallContext::local(environment.identity.clone());
    let cimom = Cimom::new(repository, environment);
    for namespace in NAMESPACES {
        cimom.ensure_namespace(&Namespace::new(namespace)?, &context)?;
    }
    let options = CompileOptions {
        namespace: Namespace::root(),
        create_namespace: false,
        class_flags: Flags::UPDATE_FORCE_MODE,
        instance_flags: Flags::default(),
        check_only: false,
        autorecover: false,
    };
    let texts: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, mof)| (name.as_str(), mof.as_bytes())).collect();
    let report = cimom.compile_texts(&texts, &options, &context)?;
    ensure!(report.is_complete(), "{report:?}");
    cimom.set_note("host classes", "1", &context)?;
    Ok(Started { _cimom: cimom, _directory: directory, report })
}
