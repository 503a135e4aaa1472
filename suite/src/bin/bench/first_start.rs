//! The first start: a repository created with the classes of this machine, and one with 150 classes.
//!
//! Both sides do what `openwmi`'s first start does: create the repository and its namespaces, and
//! compile the MOF in one call. The classes that the host does not have yet are copies of its own
//! under other names. The time of `Wmi::open` in an empty directory is printed as well, so that a
//! difference between it and the model of it shows.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use cim::Namespace;
use cim::security::Identity;
use cimom::{Cimom, Environment};
use host::Text;
use repository::Repository;
use wbem::{CallContext, CompileOptions, CompileReport, Flags, NativeProviders};

use crate::measure::{self, Clock, median};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const ROUNDS: usize = 9;
/// Classes with a provider, when the host has all that are planned.
const CLASSES: usize = 150;
const NAMESPACES: [&str; 5] =
    [r"root\cimv2", r"root\default", r"root\subscription", r"root\interop", r"root\security"];

pub(crate) fn run() -> Result<()> {
    let own = own_texts();
    let all = texts(CLASSES);
    let (few, many) = (first_start(&own)?, first_start(&all)?);
    ensure!(many.instances > few.instances, "the copies register no providers");
    let bytes = |texts: &[(String, String)]| texts.iter().map(|(_, mof)| mof.len()).sum::<usize>();
    report::note(format_args!(
        "{} provided classes, {} texts of {} kB; {CLASSES}, {} texts of {} kB",
        host::classes().count(),
        own.len(),
        bytes(&own) / 1000,
        all.len(),
        bytes(&all) / 1000,
    ));
    for clock in [Clock::Wall, Clock::Processor] {
        let pair = |_| -> Result<[f64; 2]> {
            let many = clock.time(|| first_start(&all))?.0;
            Ok([many, clock.time(|| first_start(&own))?.0])
        };
        let pairs = (0..ROUNDS).map(pair).collect::<Result<Vec<_>>>()?;
        let seconds =
            |side: usize| Quantity::Seconds(median(pairs.iter().map(|pair| pair[side]).collect()));
        let ratio = Quantity::Times(median(pairs.iter().map(|[many, own]| many / own).collect()));
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
    let opened = measure::repeated(Clock::Wall, ROUNDS, &mut |_| {
        scratch::wmi(scratch::directory()?.path()).map(drop)
    })?;
    report::note(format_args!("Wmi::open in an empty directory: {}", Quantity::Seconds(opened)));
    Ok(())
}

/// The MOF of the host: names and texts, in the order in which they are compiled.
fn own_texts() -> Vec<(String, String)> {
    let texts = host::in_order(host::machine_mof().chain(host::profile_mof()));
    texts.into_iter().map(|Text { name, mof }| (name.to_owned(), mof.to_owned())).collect()
}

/// The same, followed by copies of the classes of root\cimv2 until `count` have a provider.
fn texts(count: usize) -> Vec<(String, String)> {
    let copies = host::CLASSES.iter().cycle().enumerate().map(|(number, class)| {
        let name = format!("{}_{number}", class.name);
        let mof = class.mof.replace(class.name, &name);
        (name, mof)
    });
    own_texts().into_iter().chain(copies.take(count - host::classes().count())).collect()
}

fn first_start(texts: &[(String, String)]) -> Result<CompileReport> {
    let directory = scratch::directory()?;
    let repository = Repository::create_or_open(directory.path())?;
    let identity = Arc::new(Identity::unix(0, &[0], true));
    let environment = Environment {
        server: "BENCH".into(),
        resolvers: Vec::new(),
        providers: NativeProviders::default(),
        random: || [0; 16],
        local_offset: || 0,
        identity: identity.clone(),
        clock: Arc::new(|| Duration::ZERO),
    };
    let cimom = Cimom::new(repository, environment);
    let context = CallContext::local(identity);
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
    ensure!(report.syntax.is_empty() && report.storage.is_none(), "{report:?}");
    cimom.set_note("host classes", "1", &context)?;
    Ok(report)
}
