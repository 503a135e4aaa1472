//! `wmi repo`: checks, copies and puts back the repository as a whole.

use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use openwmi::Wmi;
use serde::Serialize;

use crate::exit;
use crate::failure::Failure;
use crate::session::Options;
use crate::target::Outcome;

/// Reads everything and tells what is wrong.
pub(crate) fn verify(options: &Options) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    let report = busy("verifying", || wmi.verify())?;
    for problem in &report.problems {
        eprintln!("problem: {problem}");
    }
    let text = format!(
        "{}: {} namespaces, {} classes, {} instances, {} problems",
        wmi.repository_path().display(),
        report.namespaces,
        report.classes,
        report.instances,
        report.problems.len()
    );
    let json = Verified {
        repository: wmi.repository_path().display().to_string(),
        namespaces: report.namespaces,
        classes: report.classes,
        instances: report.instances,
        problems: &report.problems,
    };
    super::say(options.settings.form, &text, &json)?;
    match report.problems.is_empty() {
        true => Ok(Outcome::Done),
        false => Err(Failure::Told(exit::OTHER)),
    }
}

/// What was read, as JSON.
#[derive(Serialize)]
struct Verified<'a> {
    repository: String,
    namespaces: u64,
    classes: u64,
    instances: u64,
    problems: &'a [String],
}

/// Copies the repository, which may be in use, to `file`.
pub(crate) fn backup(options: &Options, file: &Path) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    busy("copying", || wmi.backup(file))?;
    let (from, to) = (wmi.repository_path().to_string_lossy(), file.to_string_lossy());
    let json = serde_json::json!({ "repository": from, "backup": to });
    super::say(options.settings.form, &format!("{from} copied to {to}"), &json)?;
    Ok(Outcome::Done)
}

/// Puts the copy in `file` in the place of the repository.
pub(crate) fn restore(options: &Options, file: &Path) -> Result<Outcome, Failure> {
    busy("restoring", || Wmi::restore(options.repository.as_deref(), file))?;
    let from = file.to_string_lossy();
    let json = serde_json::json!({ "restored": from });
    super::say(options.settings.form, &format!("restored from {from}"), &json)?;
    Ok(Outcome::Done)
}

/// Shows on a terminal that `work` goes on.
fn busy<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    spinner.finish_and_clear();
    done
}
