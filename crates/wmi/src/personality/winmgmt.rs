//! `winmgmt /switch`: checks, copies, puts back, salvages and resets the repository
//! (behaviour.md G.13).

use std::path::Path;

use openwmi::Wmi;

use super::switch::Switch;
use crate::commands::repo;
use crate::exit;
use crate::failure::Failure;
use crate::output::Form;
use crate::screen::say;
use crate::session::Options;
use crate::target::Outcome;

const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// What Windows calls a repository that is damaged: ERROR_INTERNAL_DB_CORRUPTION.
const CORRUPT: u32 = 1358;

const HELP: &str = "\
usage: winmgmt /verifyrepository [DIR] | /backup FILE | /restore FILE [0]
               | /salvagerepository | /resetrepository

  /verifyrepository [DIR]   read the repository, or the one in DIR, and say whether it is sound
  /backup FILE              copy the repository, which may be in use, to FILE
  /restore FILE [0]         put the copy in FILE in its place, which nobody may be using
  /salvagerepository        put what can be read of a damaged repository, which nobody may be
                            using, into a new one in its place, and tell what is lost
  /resetrepository          put a new repository in its place, which nobody may be using

Ends with 0, with 1 where that failed, and with 2 for wrong switches. What a salvage or reset could
not keep is told and is no failure. Of a repository that is not sound the number 1358 is told.";

/// Does what `words` say and gives the number to end with.
pub(super) fn run(words: &[String]) -> u8 {
    let Some((switch, operands)) =
        words.split_first().and_then(|(first, rest)| Some((Switch::of(first)?, rest)))
    else {
        return usage("a switch comes first");
    };
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    match (switch.name.as_str(), &operands[..]) {
        ("?" | "h" | "help", _) => {
            say(HELP);
            DONE
        }
        ("verifyrepository", []) => verify(None),
        ("verifyrepository", [directory]) => verify(Some(Path::new(directory))),
        ("backup", [file]) => told(backup(Path::new(file))),
        ("restore", [file] | [file, "0"]) => told(restore(Path::new(file))),
        ("restore", [_, "1"]) => {
            usage("nobody can be disconnected from here; end the programs that use the repository")
        }
        ("backup" | "restore", []) => usage("name the file"),
        ("salvagerepository", []) => rebuilt(repo::salvage),
        ("resetrepository", []) => rebuilt(|options| repo::reset(options, true)),
        ("resyncperf" | "standalonehost" | "sharedhost", _) => {
            usage(&format!("the switch {} is not supported", words[0]))
        }
        _ => usage(&format!("{} cannot be meant", words.join(" "))),
    }
}

fn usage(why: &str) -> u8 {
    eprintln!("error: {why}\n\n{HELP}");
    USAGE
}

fn told(done: cim::Result<String>) -> u8 {
    match done {
        Ok(text) => {
            say(&text);
            DONE
        }
        Err(error) => {
            eprintln!("error: {}: {}", error.status(), error.message());
            FAILED
        }
    }
}

fn verify(directory: Option<&Path>) -> u8 {
    let options = Options { repository: directory.map(Path::to_owned), ..Options::own(Form::Auto) };
    // To open a repository that is not there would make one.
    if let Some(missing) = directory.filter(|directory| !directory.is_dir()) {
        eprintln!("error: there is no repository in {}", missing.display());
        return FAILED;
    }
    match options.wmi().and_then(|wmi| wmi.verify()) {
        Ok(report) if report.problems.is_empty() => {
            say("WMI repository is consistent");
            DONE
        }
        Ok(report) => damaged(&report.problems),
        // One that cannot be opened may still say why.
        Err(error) => match Wmi::examine(directory) {
            Ok(problems) if !problems.is_empty() => damaged(&problems),
            _ => told(Err(error)),
        },
    }
}

fn damaged(problems: &[String]) -> u8 {
    problems.iter().for_each(|problem| eprintln!("problem: {problem}"));
    say(&format!("WMI repository is not consistent ({CORRUPT})"));
    FAILED
}

/// Does `work` on the whole repository, which tells what came of it. That not everything could be
/// kept is no failure here, as with Windows' own.
fn rebuilt(work: impl FnOnce(&Options) -> Result<Outcome, Failure>) -> u8 {
    let options = Options::own(Form::Auto);
    match exit::told(work(&options), &options.settings, false) {
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
