//! The project's own tasks, called as `cargo xtask TASK`.
//!
//! This file picks the task; each task is a module. It takes its input from the command line and the
//! checkout it was built from, and reports on stdout (progress) and stderr (what is wrong). It holds
//! nothing that the product needs: no crate of the workspace depends on it, and it on none.
#![forbid(unsafe_code)]

mod cargo;
mod checkout;
mod ci;
mod dbus;
mod finding;
mod layers;
mod new_class;
mod python;
mod readme;
mod structure;
mod tidy;
mod tokens;

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo::Workspace;

const USAGE: &str = "\
usage: cargo xtask TASK

  ci               everything that .ci/run checks, in order; stops at the first failure
  tidy             layers.toml against the crates, and the rules for source files
  structure [--root DIR] [CRATE...]
                   folders, imports, cycles and visibility of crates; without a name,
                   of those with an order in layers.toml
  readme           runs the README's commands and compares what they print
  bench [NAME...]  builds and runs the benchmarks of the suite
  soak [NAME...]   the same of those that put a process under load for minutes
  new-class NAME [--area AREA]
                   writes the files of a new host class and registers it";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let workspace = Workspace::find()?;
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ci"] => ci::run(&workspace),
        ["tidy"] => tidy::run(&workspace),
        ["structure", ..] => structure::run(&workspace, &args[1..]),
        ["readme"] => readme::run(&workspace),
        ["bench", ..] => bench(&workspace, &args[1..]),
        ["soak", ref names @ ..] => bench(&workspace, &[&["--soak"], names].concat()),
        ["new-class", ..] => new_class::run(&workspace, &args[1..]),
        _ => bail!("unknown task `{}`\n{USAGE}", args.join(" ")),
    }
}

/// The benchmarks belong to the suite; this only spares the reader the long command.
fn bench<S: AsRef<OsStr>>(workspace: &Workspace, arguments: &[S]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args([
        "run",
        "--release",
        "--locked",
        "--package",
        "openwmi-suite",
        "--bin",
        "bench",
        "--",
    ]);
    cargo::run(command.args(arguments))
}
