//! Many instances from one MOF file, into an empty repository.
//!
//! The times are those that the compiler tells itself of: after each durable commit it says how
//! many objects are stored. Reading and parsing the file, which comes before the first commit,
//! counts in the rate but not in the comparison of the first fifth with the last.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use cim::Namespace;
use wbem::CompileOptions;

use crate::item::ITEM;
use crate::measure::{Clock, median};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const COUNT: u64 = 100_000;
const ROUNDS: usize = 3;

pub(crate) fn run() -> Result<()> {
    let directory = scratch::directory()?;
    let file = directory.path().join("instances.mof");
    fs::write(&file, mof()).with_context(|| format!("cannot write {}", file.display()))?;
    report::note(format_args!(
        "of 21 properties, {} of MOF; times of {ROUNDS} runs, each in a new repository",
        Quantity::Bytes(fs::metadata(&file)?.len() as f64)
    ));
    let runs: Vec<Run> = (0..ROUNDS).map(|_| compile(&file)).collect::<Result<_>>()?;
    let of = |pick: fn(&Run) -> f64| median(runs.iter().map(pick).collect());
    report::figure(&Figure {
        name: "instances",
        ours: Quantity::PerSecond(COUNT as f64 / of(|run| run.total)),
        baseline: None,
        bar: Bar::AtLeast(Quantity::PerSecond(20_000.0)),
    });
    report::figure(&Figure {
        name: "last fifth, against the first",
        ours: Quantity::Seconds(of(|run| run.last_fifth)),
        baseline: Some(Quantity::Seconds(of(|run| run.first_fifth))),
        bar: Bar::Within(1.3),
    });
    Ok(())
}

/// The seconds that a compilation took.
struct Run {
    total: f64,
    first_fifth: f64,
    last_fifth: f64,
}

fn mof() -> String {
    let mut mof = String::from("#pragma autorecover\n");
    mof += &ITEM.class_mof("");
    (0..COUNT).for_each(|n| ITEM.push_instance_mof(&mut mof, n));
    mof
}

fn compile(file: &PathBuf) -> Result<Run> {
    let directory = scratch::directory()?;
    let wmi = scratch::wmi(directory.path())?;
    let options = options(Namespace::cimv2());
    let start = Clock::Wall.now();
    let mut commits = Vec::new();
    let report = wmi.compiler().compile_files(
        std::slice::from_ref(file),
        &options,
        &wmi.context(),
        &mut |done, _| commits.push((done as f64, Clock::Wall.now())),
    )?;
    let total = Clock::Wall.now() - start;
    ensure!(report.is_complete(), "it does not compile: {report:?}");
    ensure!(report.instances == COUNT, "{} of {COUNT} were stored", report.instances);
    let first = commits.first().context("the compiler reported no commit")?.0;
    let at = |fraction: f64| time_at(&commits, first + fraction * (COUNT as f64 - first));
    Ok(Run { total, first_fifth: at(0.2) - at(0.0), last_fifth: at(1.0) - at(0.8) })
}

/// When `done` objects were stored, between two commits in proportion.
fn time_at(commits: &[(f64, f64)], done: f64) -> f64 {
    let after = commits.partition_point(|commit| commit.0 < done);
    match (after.checked_sub(1).map(|before| commits[before]), commits.get(after).copied()) {
        (Some(before), Some(after)) => {
            before.1 + (done - before.0) / (after.0 - before.0) * (after.1 - before.1)
        }
        (None, Some(only)) | (Some(only), None) => only.1,
        (None, None) => f64::NAN,
    }
}

/// How all benchmarks compile.
pub(crate) fn options(namespace: Namespace) -> CompileOptions {
    CompileOptions { create_namespace: true, ..CompileOptions::new(namespace) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_between_commits_are_in_proportion() {
        let commits = [(1000.0, 2.0), (2000.0, 3.0), (2500.0, 5.0)];
        for (done, time) in [(1000.0, 2.0), (1500.0, 2.5), (2250.0, 4.0), (2500.0, 5.0), (9e9, 5.0)]
        {
            assert_eq!(time_at(&commits, done), time);
        }
    }
}
