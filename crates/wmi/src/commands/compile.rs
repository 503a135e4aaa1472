//! `wmi compile`: compiles MOF files into a namespace.
//!
//! Errors and warnings go to standard error with the marked source; a summary goes to standard output.
//! While objects are stored, standard error shows a progress bar if it is a terminal.

use std::path::PathBuf;

use cim::Namespace;
use cim::status::WBEMMOF_E_INVALID_FILE;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use wbem::{CompileOptions, CompileReport, Flags, MofDiagnostic};

use crate::exit;
use crate::failure::{Failure, warn};
use crate::output::Form;
use crate::screen::note;
use crate::session::Options;
use crate::target::Outcome;

/// A compilation.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The files, in order.
    pub(crate) files: Vec<PathBuf>,
    /// Whether only the syntax is checked.
    pub(crate) check_only: bool,
    /// Flags for every class.
    pub(crate) class_flags: Flags,
    /// Flags for every instance.
    pub(crate) instance_flags: Flags,
}

/// Compiles the files of `request`.
pub(crate) fn run(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let namespace = Namespace::new(options.namespace())?;
    let wmi = options.open()?;
    let compile = CompileOptions {
        create_namespace: options.namespace.is_some(),
        class_flags: request.class_flags,
        instance_flags: request.instance_flags,
        check_only: request.check_only,
        ..CompileOptions::new(namespace.clone())
    };
    let bar = bar();
    let mut progress = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let context = wmi.context();
    let report = wmi.compiler().compile_files(&request.files, &compile, &context, &mut progress);
    bar.finish_and_clear();
    print_report(&report?, &namespace, request.check_only, options.settings.form)
}

fn bar() -> ProgressBar {
    // Not drawn if standard error is not a terminal.
    let style = ProgressStyle::with_template("storing {bar:40} {pos}/{len} {eta}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints `report` and returns the outcome of the program.
fn print_report(
    report: &CompileReport,
    namespace: &Namespace,
    check_only: bool,
    form: Form,
) -> Result<Outcome, Failure> {
    report.warnings.iter().for_each(|warning| warn(&placed(warning)));
    report.syntax.iter().chain(&report.storage).for_each(|error| print_diagnostic(error, form));
    let stored = format!(
        "{} and {} stored in {namespace}",
        counted(report.classes, "class"),
        counted(report.instances, "instance"),
    );
    let text = match (check_only, report.syntax.len()) {
        (true, 0) => "no errors".to_owned(),
        (false, 0) => stored,
        (_, errors) => {
            let nothing = report.classes + report.instances == 0;
            let stored = if nothing { "nothing was stored".to_owned() } else { stored };
            format!("{}; {stored}", counted(errors as u64, "error"))
        }
    };
    let json = Summary {
        namespace: namespace.as_str(),
        classes: report.classes,
        instances: report.instances,
        complete: report.syntax.is_empty() && report.storage.is_none(),
    };
    super::say(form, &text, &json)?;
    // A file that cannot be read is listed with the syntax errors, but is not one.
    let is_syntax = |error: &MofDiagnostic| error.status != WBEMMOF_E_INVALID_FILE;
    match (report.syntax.iter().any(is_syntax), report.syntax.is_empty(), &report.storage) {
        (false, true, None) => Ok(Outcome::Done),
        (true, ..) => Err(Failure::Reported(exit::SYNTAX)),
        _ => Err(Failure::Reported(exit::OTHER)),
    }
}

/// Prints an error with the marked source, or as a line of JSON.
pub(super) fn print_diagnostic(error: &MofDiagnostic, form: Form) {
    match form.is_json() {
        true => note(&as_json(error).to_string()),
        false => note(&format!("{}\n", error.picture.trim_end())),
    }
}

fn placed(diagnostic: &MofDiagnostic) -> String {
    let MofDiagnostic { file, line, column, message, .. } = diagnostic;
    format!("{file}:{line}:{column}: {message}")
}

/// The numbers of stored objects, as JSON.
#[derive(Serialize)]
struct Summary<'a> {
    namespace: &'a str,
    classes: u64,
    instances: u64,
    complete: bool,
}

/// An error with its place, as JSON.
#[derive(Serialize)]
struct ErrorJson<'a> {
    error: Option<&'static str>,
    number: String,
    message: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
}

fn as_json(diagnostic: &MofDiagnostic) -> String {
    let json = ErrorJson {
        error: diagnostic.status.symbol(),
        number: format!("0x{:08X}", diagnostic.status.0),
        message: &diagnostic.message,
        file: &diagnostic.file,
        line: diagnostic.line,
        column: diagnostic.column,
    };
    serde_json::to_string(&json).unwrap_or_default()
}

fn counted(n: u64, thing: &str) -> String {
    match (n, thing.ends_with('s')) {
        (1, _) => format!("1 {thing}"),
        (_, true) => format!("{n} {thing}es"),
        (_, false) => format!("{n} {thing}s"),
    }
}
