//! `cargo xtask ci`: everything that must hold before a change is merged, cheap checks first.
//!
//! It starts the steps, shows how long each took and stops at the first that fails. What a step
//! checks is cargo's or another task's business. Everything it needs beyond Rust and a C compiler is
//! optional, and a step that could not use it says so.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cargo::{self, Workspace};
use crate::{dbus, python, readme, tidy};

/// Runs all steps.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("format", || format(workspace))?;
    steps.step("tidy", || tidy::run(workspace))?;
    steps.step("clippy", || cargo::run(&mut clippy(workspace)))?;
    let python = steps.step("python", || python::prepare(workspace))?;
    steps.step("dbus", dbus::prepare)?;
    steps.step("tests", || cargo::run(&mut tests(workspace, python)))?;
    steps.step("docs", || cargo::run(&mut docs(workspace)))?;
    steps.step("readme", || readme::run(workspace))?;
    println!("{}", steps.summary());
    Ok(())
}

fn format(workspace: &Workspace) -> Result<()> {
    cargo::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    cargo::run(workspace.cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn clippy(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    command
}

/// The tests, with the locations of the optional inputs; a test without its input reports that it was
/// skipped.
fn tests(workspace: &Workspace, python: Option<PathBuf>) -> Command {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--locked"]);
    if let Some(python) = python {
        command.env(python::VARIABLE, python);
    }
    let shared = workspace.root.with_file_name("shared");
    if std::env::var_os("OPENWMI_SHARED").is_none() && shared.is_dir() {
        command.env("OPENWMI_SHARED", shared);
    }
    command
}

fn docs(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// The steps that have passed, with their times.
#[derive(Default)]
struct Steps {
    passed: Vec<(&'static str, Duration)>,
}

impl Steps {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("== {name}");
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        let result = result.with_context(|| format!("{name} failed after {}", seconds(time)))?;
        println!("== {name}: passed in {}", seconds(time));
        self.passed.push((name, time));
        Ok(result)
    }

    fn summary(&self) -> String {
        let each: Vec<String> =
            self.passed.iter().map(|(name, time)| format!("{name} {}", seconds(*time))).collect();
        let total = self.passed.iter().map(|(_, time)| *time).sum();
        format!("passed in {}: {}", seconds(total), each.join(", "))
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failing_step_is_named_and_ends_the_run() {
        let mut steps = Steps::default();
        assert_eq!(steps.step("format", || Ok(7)).unwrap(), 7);
        let error = steps.step("tidy", || -> Result<()> { bail!("one error") }).unwrap_err();
        let shown = format!("{error:#}");
        assert!(shown.starts_with("tidy failed after "), "{shown}");
        assert!(shown.ends_with(" s: one error"), "{shown}");
        assert_eq!(steps.passed.len(), 1);
    }

    #[test]
    fn the_summary_adds_up() {
        let passed =
            vec![("format", Duration::from_millis(1500)), ("tests", Duration::from_millis(60_000))];
        assert_eq!(Steps { passed }.summary(), "passed in 61.5 s: format 1.5 s, tests 60.0 s");
    }
}
