//! `mofcomp [switches] FILE`: the MOF compiler (behaviour.md G.9).
//!
//! Messages go to standard output, as those of the compiler of Windows do. Exit codes: 0; 1 if the
//! repository cannot be opened or an object cannot be stored (all others are stored); 2 for invalid
//! switches; 3 for syntax errors, after which nothing is stored; 4 if objects were refused only because
//! `-class` or `-instance` forbids to create or to change them, with the code of WMI printed.

mod request;

use std::path::Path;

use cim::Namespace;
use cim::status::WBEMMOF_E_INVALID_FILE;
use mof::SplitFiles;
use wbem::{CompileOptions, CompileReport, MofDiagnostic};

use crate::commands::{compile, split};
use crate::output::Form;
use crate::screen::say;
use crate::session::Options;
use request::{Parts, Request, Storing, Work};

const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const SYNTAX: u8 = 3;
const FORBIDDEN: u8 = 4;

const HELP: &str = "\
usage: mofcomp [-check] [-N:NAMESPACE] [-class:FLAG] [-instance:FLAG] FILE
       mofcomp -autorecover FILE
       mofcomp [-AMENDMENT:MS_xxx] -MOF:NEUTRAL -MFL:LOCALIZED [-N:NAMESPACE] FILE

  -check             check the syntax and store nothing; no other switch is allowed
  -N:NAMESPACE       namespace up to the first #pragma namespace [root\\default]
  -class:FLAG        createonly, updateonly, safeupdate or forceupdate
  -instance:FLAG     createonly or updateonly
  -autorecover       compile the file again when the repository is rebuilt, as #pragma autorecover
  -MOF:, -MFL:       store nothing; split the file into a neutral and a localized file
  -AMENDMENT:MS_xxx  locale of the localized file, if no #pragma amendment names it

Exit codes: 0 everything is stored, 1 an object could not be stored, 2 wrong switches,
3 syntax errors, 4 a switch forbids to create or to change an object.";

/// Runs the command in `words` and returns the exit code.
pub(super) fn run(words: &[String]) -> u8 {
    say(&format!("OpenWMI MOF compiler {}", env!("CARGO_PKG_VERSION")));
    let request = match Request::of(words) {
        Ok(Some(request)) => request,
        Ok(None) => {
            say(HELP);
            return DONE;
        }
        Err(why) => {
            say(&format!("error: {why}\n\n{HELP}"));
            return USAGE;
        }
    };
    say(&format!("Parsing MOF file: {}", request.file.display()));
    perform(&request).unwrap_or_else(|error| {
        say(&format!("error: {}: {}", error.status(), error.message()));
        FAILED
    })
}

/// Errors: why the work could not begin.
fn perform(Request { file, namespace, work }: &Request) -> cim::Result<u8> {
    let namespace = Namespace::new(namespace)?;
    match work {
        Work::Split(parts) => Ok(split_file(file, parts, namespace)),
        Work::Check => {
            let report = compile::check(std::slice::from_ref(file), &namespace);
            warn(&report);
            Ok(refused(&report.syntax).unwrap_or_else(parsed))
        }
        Work::Store(storing) => Ok(print_report(&store(file, namespace, storing)?)),
    }
}

fn store(file: &Path, namespace: Namespace, storing: &Storing) -> cim::Result<CompileReport> {
    let wmi = Options::own(Form::Auto).wmi()?;
    let options = CompileOptions {
        class_flags: storing.class_flags,
        instance_flags: storing.instance_flags,
        autorecover: storing.autorecover,
        ..CompileOptions::new(namespace)
    };
    let files = [file.to_owned()];
    wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {})
}

/// Splits `master` without opening a repository.
fn split_file(master: &Path, Parts { locale, mof, mfl }: &Parts, namespace: Namespace) -> u8 {
    let into = SplitFiles { mof, mfl };
    match mof::split_file(master, into, *locale, &mof::Options::new(namespace)) {
        Err(errors) => {
            let errors: Vec<MofDiagnostic> = errors.iter().map(split::diagnostic).collect();
            refused(&errors).unwrap_or(SYNTAX)
        }
        Ok(locale) => {
            parsed();
            say(&format!("Split into {} and, for {locale}, {}", mof.display(), mfl.display()));
            say("Done!");
            DONE
        }
    }
}

/// Prints the report of a compilation and returns the exit code.
fn print_report(report: &CompileReport) -> u8 {
    if let Some(code) = refused(&report.syntax) {
        return code;
    }
    parsed();
    say("Storing data in the repository...");
    warn(report);
    report.storage.iter().for_each(|error| say(&placed(error)));
    match report.storage.first() {
        Some(_) if report.storage.iter().all(|error| error.is_forbidden) => FORBIDDEN,
        Some(_) => FAILED,
        None => {
            say("Done!");
            DONE
        }
    }
}

fn warn(report: &CompileReport) {
    for MofDiagnostic { file, line, column, message, .. } in &report.warnings {
        say(&format!("warning: {file} ({line},{column}): {message}"));
    }
}

/// Prints why a whole file is refused and returns the exit code.
fn refused(errors: &[MofDiagnostic]) -> Option<u8> {
    let first = errors.first()?;
    errors.iter().for_each(|error| say(&placed(error)));
    // A file that cannot be read is reported with the syntax errors, but is none.
    Some(if first.status == WBEMMOF_E_INVALID_FILE { FAILED } else { SYNTAX })
}

fn parsed() -> u8 {
    say("MOF file has been successfully parsed");
    DONE
}

/// `file (line,column): error ...`
fn placed(error: &MofDiagnostic) -> String {
    let MofDiagnostic { file, line, column, status, message, .. } = error;
    format!("{file} ({line},{column}): error {status}: {message}")
}
