//! `wmi compile --mof --mfl`: splits a master file into a neutral and a localized one.
//!
//! Input is the master file, output both files. It does not open a repository.

use std::path::PathBuf;

use cim::status::WBEMMOF_E_INVALID_FILE;
use cim::{Locale, Namespace};
use mof::{Diagnostic, SplitFiles};
use serde::Serialize;
use wbem::MofDiagnostic;

use super::compile::print_diagnostic;
use crate::exit;
use crate::failure::Failure;
use crate::session::Options;
use crate::target::Outcome;

/// The files and the locale of a split.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The master files; exactly one is required.
    pub(crate) masters: Vec<PathBuf>,
    /// The locale; `None` if the file names it.
    pub(crate) locale: Option<Locale>,
    /// The neutral file.
    pub(crate) mof: PathBuf,
    /// The localized file.
    pub(crate) mfl: PathBuf,
}

/// Splits the file of `request`.
pub(crate) fn run(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let [master] = &request.masters[..] else {
        return Err(Failure::Usage("only one file can be split at a time".to_owned()));
    };
    let compile = mof::Options::new(Namespace::new(options.namespace())?);
    let (master, mof, mfl) = (master.as_path(), request.mof.as_path(), request.mfl.as_path());
    let into = SplitFiles { mof, mfl };
    let form = options.settings.form;
    match mof::split_file(master, into, request.locale, &compile) {
        Ok(locale) => {
            let [master, mof, mfl] = [master, into.mof, into.mfl].map(|file| file.display());
            let text = format!("{master} split into {mof} and, for {locale}, {mfl}");
            let parts =
                Parts { locale: locale.to_string(), mof: mof.to_string(), mfl: mfl.to_string() };
            super::say(form, &text, &parts)?;
            Ok(Outcome::Done)
        }
        Err(errors) => {
            errors.iter().for_each(|error| print_diagnostic(&diagnostic(error), form));
            let is_syntax = errors.iter().all(|error| error.status != WBEMMOF_E_INVALID_FILE);
            Err(Failure::Reported(if is_syntax { exit::SYNTAX } else { exit::OTHER }))
        }
    }
}

/// Returns `error` in the form of the errors of a compilation.
pub(crate) fn diagnostic(error: &Diagnostic) -> MofDiagnostic {
    MofDiagnostic {
        status: error.status,
        file: error.file().display().to_string(),
        line: error.line() as usize,
        column: error.column() as usize,
        message: error.message.clone(),
        picture: error.render(false),
        is_forbidden: false,
    }
}

/// The files written, as JSON.
#[derive(Serialize)]
struct Parts {
    locale: String,
    mof: String,
    mfl: String,
}
