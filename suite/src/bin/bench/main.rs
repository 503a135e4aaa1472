//! The benchmarks: what an operation costs, against a baseline measured in the same run.
//!
//! `cargo xtask bench [NAME...]` and `cargo xtask soak [NAME...]` build and run this. Each benchmark is a module; it first checks
//! that both sides do the same work, then measures them by turns, and reports one line a figure.
//! Nothing fails where a bar is not met: the line says so. Data is written beside the program's own
//! file, because a temporary directory may be one that no sync reaches.
//!
//! | module | what |
//! |---|---|
//! | [`compile`], [`schema`], [`pywbem`] | the DMTF schema, one like it, and the other compiler |
//! | [`conditions`] | WHERE |
//! | [`provided`] | instances of a provider |
//! | [`stored`], [`lmdb`] | stored instances read and written, and LMDB alone |
//! | [`instances`] | many instances from MOF |
//! | [`associators`] | stored associations followed |
//! | [`calls`] | gets, methods and enumerations of providers, one that hangs |
//! | [`processes`] | the processes of this machine |
//! | [`start`] | from nothing to an answer |
//! | [`first_start`] | a new repository with many classes |
//! | [`stalled`] | half-read enumerations and hanging providers: what they cost all others |
//! | [`cancel`] | how long the caller of a cancelled call waits for its status |
//! | [`item`] | the classes and instances that are measured |
//! | [`measure`], [`report`], [`scratch`] | clocks and medians, lines, directories |

#![deny(unsafe_code)]

mod associators;
mod calls;
mod cancel;
mod compile;
mod conditions;
mod first_start;
mod instances;
mod item;
mod lmdb;
mod measure;
mod processes;
mod provided;
mod pywbem;
mod report;
mod schema;
mod scratch;
mod stalled;
mod start;
mod stored;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

/// A benchmark: its name, what it measures, and how.
type Benchmark = (&'static str, &'static str, fn() -> Result<()>);

const BENCHMARKS: [Benchmark; 11] = [
    (
        "compile",
        "the DMTF schema 2.49, or one like it, compiled into an empty repository",
        compile::run,
    ),
    ("where", "conditions over 100,000 prebuilt instances of 21 properties", conditions::run),
    ("provided", "100,000 instances of 21 properties from a provider to a sink", provided::run),
    ("get", "a stored instance by its path, in random order", stored::get),
    ("create", "an instance created durably", stored::create),
    ("instances", "100,000 instances created by compiling MOF", instances::run),
    (
        "associators",
        "ASSOCIATORS OF among 1,000,000 stored associations, and among 1,000",
        associators::run,
    ),
    ("calls", "what the object manager adds to providers and clients", calls::run),
    ("processes", "SELECT * FROM Win32_Process", processes::run),
    ("start", "the program from its start to its first answer", start::run),
    ("first-start", "a repository created with the classes of the host", first_start::run),
];

/// What takes minutes and is about a process under load; run by `cargo xtask soak`, or by name.
const SOAKS: [Benchmark; 2] = [
    (
        "stalled",
        "2,000 half-read stored enumerations beside 64 calls hanging in each of four providers",
        stalled::run,
    ),
    ("cancel", "how long after a cancel or a deadline the caller has its status", cancel::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the benchmarks of these names; without any, all but the soaks, or with `--soak` the soaks alone.
fn run(arguments: &[String]) -> Result<()> {
    let (is_soak, names) = match arguments {
        [first, names @ ..] if first == "--soak" => (true, names),
        names => (false, names),
    };
    let all = || BENCHMARKS.iter().chain(&SOAKS);
    for name in names {
        if !all().any(|(known, ..)| known == name) {
            let known = all().map(|(known, ..)| *known).collect::<Vec<_>>().join(", ");
            bail!("there is no benchmark `{name}`; there are {known}");
        }
    }
    let by_default = if is_soak { &SOAKS[..] } else { &BENCHMARKS[..] };
    let wanted = |name: &str| match names.is_empty() {
        true => by_default.iter().any(|(default, ..)| *default == name),
        false => names.iter().any(|wanted| wanted == name),
    };
    for (name, what, run) in all().filter(|(name, ..)| wanted(name)) {
        report::title(name, what);
        run().with_context(|| format!("the benchmark `{name}`"))?;
    }
    Ok(())
}
