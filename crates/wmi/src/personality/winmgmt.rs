//! `winmgmt /switch`: verifies, backs up, restores, salvages and resets the repository
//! (behaviour.md G.13).

use std::path::Path;

use openwmi::Wmi;

use super::switch::Switch;
use crate::commands::repo;
use crate::exit;
use crate::failure::Failure;
use crate::output::Form;
use crate::screen::{note, say};
use crate::session::Options;
use crate::target::Outcome;

const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// The error of Windows for a damaged repository: ERROR_INTERNAL_DB_CORRUPTION.
const CORRUPT: u32 = 1358;

const HELP: &str = "\
usage: winmgmt /verifyrepository [DIR] | /backup FILE | /restore FILE [0]
               | /salvagerepository | /resetrepository

  /verifyrepository [DIR]   verify the repository, or the one in DIR, and report problems
  /backup FILE              copy the repository to FILE; it may be in use
  /restore FILE [0]         restore the repository from FILE (it must not be in use)
  /salvagerepository        rebuild a damaged repository from its readable parts and list what is
                            lost (it must not be in use)
  /resetrepository          replace the repository with a new one (it must not be in use)

Exit codes: 0 success, 1 failure, 2 wrong switches. What a salvage or a reset cannot keep is
listed and is no failure. The report of an inconsistent repository contains the number 1358.";

/// Runs the command in `words` and returns the exit code.
pub(super) fn run(words: &[String]) -> u8 {
    let Some((switch, operands)) =
        words.split_first().and_then(|(first, rest)| Some((Switch::of(first)?, rest)))
    else {
        return usage("the first argument must be a switch");
    };
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    match (switch.name.as_str(), &operands[..]) {
        ("?" | "h" | "help", _) => {
            say(HELP);
            DONE
        }
        ("verifyrepository", []) => verify(None),
        ("verifyrepository", [directory]) => verify(Some(Path::new(directory))),
        ("backup", ["-"]) => usage("name a file; 'wmi repo backup -' writes to standard output"),
        ("backup", [file]) => print_outcome(backup(Path::new(file))),
        ("restore", [file] | [file, "0"]) => print_outcome(restore(Path::new(file))),
        ("restore", [_, "1"]) => {
            usage("cannot disconnect clients; end the programs that use the repository")
        }
        ("backup" | "restore", []) => usage("name the file"),
        ("salvagerepository", []) => rebuilt(repo::salvage),
        ("resetrepository", []) => rebuilt(|options| repo::reset(options, true)),
        ("resyncperf" | "standalonehost" | "sharedhost", _) => {
            usage(&format!("the switch {} is not supported", words[0]))
        }
        _ => usage(&format!("invalid arguments: {}", words.join(" "))),
    }
}

fn usage(why: &str) -> u8 {
    note(&format!("error: {why}\n\n{HELP}"));
    USAGE
}

fn print_outcome(done: cim::Result<String>) -> u8 {
    match done {
        Ok(text) => {
            say(&text);
            DONE
        }
        Err(error) => {
            note(&format!("error: {}: {}", error.status(), error.message()));
            FAILED
        }
    }
}

fn verify(directory: Option<&Path>) -> u8 {
    let options = Options {
        repository: directory.map(Path::to_owned),
        writes: false,
        ..Options::own(Form::Auto)
    };
    match options.wmi().and_then(|wmi| wmi.verify()) {
        Ok(report) if report.problems.is_empty() => {
            say("WMI repository is consistent");
            DONE
        }
        Ok(report) => damaged(&report.problems),
        // A repository that cannot be opened can still be examined.
        Err(error) => match Wmi::examine(directory) {
            Ok(problems) if !problems.is_empty() => damaged(&problems),
            _ => print_outcome(Err(error)),
        },
    }
}

fn damaged(problems: &[String]) -> u8 {
    problems.iter().for_each(|problem| note(&format!("problem: {problem}")));
    say(&format!("WMI repository is not consistent ({CORRUPT})"));
    FAILED
}

/// Runs `work` on the whole repository and reports its outcome. Losses are no failure here, as in
/// the program of Windows.
fn rebuilt(work: impl FnOnce(&Options) -> Result<Outcome, Failure>) -> u8 {
    let options = Options::own(Form::Auto);
    match exit::report(work(&options), &options.settings, false) {
        exit::DONE | exit::PARTIAL => DONE,
        _ => FAILED,
    }
}

fn backup(file: &Path) -> cim::Result<String> {
    Options::own(Form::Auto).wmi()?.backup(file)?;
    Ok(format!("the repository was copied to {}", file.display()))
}

fn restore(file: &Path) -> cim::Result<String> {
    Wmi::restore(None, file)?;
    Ok(format!("the repository was restored from {}", file.display()))
}
