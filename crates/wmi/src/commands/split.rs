//! `wmi compile --mof --mfl`: splits a master file into a neutral and a localized one. Opens no
//! repository.

use std::path::PathBuf;

use cim::status::WBEMMOF_E_INVALID_FILE;
use cim::{Locale, Namespace};
use mof::{Diagnostic, SplitFiles};
use serde::Serialize;
use wbem::MofDiagnostic;

use super::compile::tell_error;
use crate::exit;
use crate::failure::Failure;
use crate::session::Options;
use crate::target::Outcome;

/// What is split into what.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The master files, of which there must be one.
    pub(crate) masters: Vec<PathBuf>,
    /// The locale; `None` where the file names it.
    pub(crate) locale: Option<Locale>,
    /// The neutral file.
    pub(crate) mof: PathBuf,
    /// The localized file.
    pub(crate) mfl: PathBuf,
}

/// Splits what `request` says.
pub(crate) fn run(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let [master] = &request.masters[..] else {
        return Err(Failure::Usage("one file is split at a time".to_owned()));
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
            errors.iter().for_each(|error| tell_error(&told(error), form));
            let is_syntax = errors.iter().all(|error| error.status != WBEMMOF_E_INVALID_FILE);
            Err(Failure::Told(if is_syntax { exit::SYNTAX } else { exit::OTHER }))
        }
    }
}

/// `error` as the compiler tells those of a file that it compiles.
pub(crate) fn told(error: &Diagnostic) -> MofDiagnostic {
    MofDiagnostic {
        status: error.status,
        file: error.file().display().to_string(),
        line: error.line() as usize,
        column: error.column() as usize,
        message: error.message.clone(),
        picture: error.render(false),
    }
}

/// What was written, as JSON.
#[derive(Serialize)]
struct Parts {
    locale: String,
    mof: String,
    mfl: String,
}
