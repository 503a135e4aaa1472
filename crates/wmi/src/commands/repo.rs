//! `wmi repo`: verifies, backs up, restores, salvages and resets the repository, and prints the
//! autorecover list.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use openwmi::{Recovered, Salvaged, Wmi};
use serde::Serialize;

use crate::exit;
use crate::failure::{Failure, warn};
use crate::screen::note;
use crate::session::Options;
use crate::target::Outcome;

/// The number of lost objects that the text output names.
const MOST_NAMED: usize = 50;

/// Verifies the whole repository and reports problems.
pub(crate) fn verify(options: &Options) -> Result<Outcome, Failure> {
    let wmi = match options.open() {
        Ok(wmi) => wmi,
        Err(failure) => {
            // The file of a repository that cannot be opened is examined for more than the first reason.
            let problems = Wmi::examine(options.repository.as_deref()).unwrap_or_default();
            problems.iter().for_each(|problem| note(&format!("problem: {problem}")));
            return Err(failure);
        }
    };
    let report = busy("verifying", || wmi.verify())?;
    for problem in &report.problems {
        note(&format!("problem: {problem}"));
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
        false => {
            note("save the readable parts with 'wmi repo salvage'");
            Err(Failure::Reported(exit::OTHER))
        }
    }
}

/// The verification report, as JSON.
#[derive(Serialize)]
struct Verified<'a> {
    repository: String,
    namespaces: u64,
    classes: u64,
    instances: u64,
    problems: &'a [String],
}

/// Copies the repository, which may be in use, to `file`; `-` is standard output.
pub(crate) fn backup(options: &Options, file: &Path) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    if file == Path::new("-") {
        return backup_to_stdout(&wmi);
    }
    busy("copying", || wmi.backup(file))?;
    let (from, to) = (wmi.repository_path().to_string_lossy(), file.to_string_lossy());
    let json = serde_json::json!({ "repository": from, "backup": to });
    super::say(options.settings.form, &format!("{from} copied to {to}"), &json)?;
    Ok(Outcome::Done)
}

fn backup_to_stdout(wmi: &Wmi) -> Result<Outcome, Failure> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        let why = "a backup is no text: redirect standard output to a file or a pipe";
        return Err(Failure::Usage(why.to_owned()));
    }
    wmi.backup_to(&mut stdout.as_fd().try_clone_to_owned()?.into())?;
    Ok(Outcome::Done)
}

/// Replaces the repository with the backup in `file`.
pub(crate) fn restore(options: &Options, file: &Path) -> Result<Outcome, Failure> {
    busy("restoring", || Wmi::restore(options.repository.as_deref(), file))?;
    let from = file.to_string_lossy();
    let json = serde_json::json!({ "restored": from });
    super::say(options.settings.form, &format!("restored from {from}"), &json)?;
    Ok(Outcome::Done)
}

/// Rebuilds a damaged repository from its readable parts and reports losses.
pub(crate) fn salvage(options: &Options) -> Result<Outcome, Failure> {
    let done = busy("salvaging", || Wmi::salvage(options.repository.as_deref()))?;
    let Salvaged { repository, files } = &done;
    let as_json = options.settings.form.is_json();
    if !as_json {
        repository.damage.iter().for_each(|damage| note(&format!("problem: {damage}")));
        repository.lost.iter().take(MOST_NAMED).for_each(|lost| note(&format!("lost: {lost}")));
        let named = repository.lost.len().min(MOST_NAMED) as u64;
        if repository.lost_count > named {
            note(&format!("lost: {} more; -o json names them", repository.lost_count - named));
        }
    }
    let files = compiled(files, as_json);
    let replaced = repository.replaced.as_ref().map(|path| path.display().to_string());
    let text = match &replaced {
        None => "the repository is sound; nothing was done".to_owned(),
        Some(replaced) => format!(
            "kept {} namespaces, {} classes and {} instances; known losses: {}; \
             compiled again: {} of {} files; the damaged file is {replaced}",
            repository.kept.namespaces,
            repository.kept.classes,
            repository.kept.instances,
            repository.lost_count,
            files.iter().filter(|file| file.error.is_none()).count(),
            files.len(),
        ),
    };
    let is_whole = repository.lost_count == 0 && files.iter().all(|file| file.error.is_none());
    let json = SalvagedJson {
        sound: repository.was_sound(),
        namespaces: repository.kept.namespaces,
        classes: repository.kept.classes,
        instances: repository.kept.instances,
        problems: &repository.damage,
        lost: &repository.lost,
        lost_count: repository.lost_count,
        compiled: &files,
        replaced,
    };
    super::say(options.settings.form, &text, &json)?;
    Ok(if is_whole { Outcome::Done } else { Outcome::Partial })
}

/// Replaces the repository with a new one.
pub(crate) fn reset(options: &Options, is_meant: bool) -> Result<Outcome, Failure> {
    if !is_meant {
        let why = "reset deletes all classes, instances and namespaces except those of the host and of the \
                   files of the autorecover list; confirm with --yes";
        return Err(Failure::Usage(why.to_owned()));
    }
    let done = busy("resetting", || Wmi::reset(options.repository.as_deref()))?;
    let files = compiled(&done.files, options.settings.form.is_json());
    let replaced = done.replaced.as_ref().map(|path| path.display().to_string());
    let sound = files.iter().filter(|file| file.error.is_none()).count();
    let kept = match &replaced {
        Some(replaced) => format!("; the old file is {replaced}"),
        None => String::new(),
    };
    let text = format!("reset; compiled again: {sound} of {} files{kept}", files.len());
    let json = ResetJson { compiled: &files, replaced };
    super::say(options.settings.form, &text, &json)?;
    Ok(if sound == files.len() { Outcome::Done } else { Outcome::Partial })
}

/// Prints the files of the autorecover list, one a line.
pub(crate) fn autorecover(options: &Options) -> Result<Outcome, Failure> {
    let files = options.open()?.autorecover()?;
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    if options.settings.form.is_json() || !files.is_empty() {
        super::say(options.settings.form, &files.join("\n"), &files)?;
    }
    Ok(if files.is_empty() { Outcome::Empty } else { Outcome::Done })
}

/// The files that were compiled again, with the reason for each failure; in text output the failures
/// are printed at once.
fn compiled(files: &[Recovered], as_json: bool) -> Vec<CompiledJson> {
    let as_json = |file: &Recovered| {
        let failure = file.report.first_error();
        let error = failure.map(|d| format!("{}:{}: {} {}", d.line, d.column, d.status, d.message));
        let path = file.file.display().to_string();
        if let Some(error) = error.as_ref().filter(|_| !as_json) {
            warn(&format!("{path} was not compiled again: {error}"));
        }
        CompiledJson { file: path, error }
    };
    files.iter().map(as_json).collect()
}

/// The result of a salvage, as JSON.
#[derive(Serialize)]
struct SalvagedJson<'a> {
    sound: bool,
    namespaces: u64,
    classes: u64,
    instances: u64,
    problems: &'a [String],
    lost: &'a [String],
    lost_count: u64,
    compiled: &'a [CompiledJson],
    replaced: Option<String>,
}

/// The result of a reset, as JSON.
#[derive(Serialize)]
struct ResetJson<'a> {
    compiled: &'a [CompiledJson],
    replaced: Option<String>,
}

/// A file of the autorecover list, as JSON.
#[derive(Serialize)]
struct CompiledJson {
    file: String,
    error: Option<String>,
}

/// Shows a spinner on a terminal while `work` runs.
pub(super) fn busy<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let done = work();
    spinner.finish_and_clear();
    done
}
