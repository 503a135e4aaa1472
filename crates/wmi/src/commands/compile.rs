//! `wmi compile`: compiles MOF files into a namespace.
//!
//! Errors and warnings go to standard error with the marked source; a summary goes to standard output.
//! While objects are stored, standard error shows a progress bar if it is a terminal.

use std::path::PathBuf;

use cim::Namespace;
use cim::status::WBEMMOF_E_INVALID_FILE;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use wbem::{CompileOptions, CompileReport, Flags, MofDiagnostic, Stored};

use super::split;
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
    if request.check_only {
        let report = check(&request.files, &namespace);
        return print_report(&report, &namespace, true, options.settings.form);
    }
    let wmi = options.open()?;
    let compile = CompileOptions {
        create_namespace: options.namespace.is_some(),
        class_flags: request.class_flags,
        instance_flags: request.instance_flags,
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
    print_report(&report?, &namespace, false, options.settings.form)
}

/// Checks the syntax of `files`, each with what those before it declare. No repository is opened.
pub(crate) fn check(files: &[PathBuf], namespace: &Namespace) -> CompileReport {
    let mut report = CompileReport::default();
    let mut options = mof::Options::new(namespace.clone());
    for file in files {
        let compilation = mof::parse(&mut mof::Disk, file, &options);
        report.syntax.extend(compilation.diagnostics.iter().map(split::diagnostic));
        report.warnings.extend(compilation.warnings.iter().map(split::diagnostic));
        options.declarations = compilation.declarations;
    }
    report
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
    let failed = report.syntax.len() as u64 + report.failed;
    let text = match (check_only, failed) {
        (true, 0) => "no errors of syntax".to_owned(),
        (true, _) => counted(failed, "error"),
        (false, 0) => stored(report, namespace),
        (false, _) if report.classes + report.instances == 0 => {
            format!("{}; nothing was stored", counted(failed, "error"))
        }
        (false, _) => format!("{}; {}", counted(failed, "error"), stored(report, namespace)),
    };
    let json = Summary {
        namespace: namespace.as_str(),
        classes: report.classes,
        instances: report.instances,
        errors: failed,
        complete: report.is_complete(),
        stored: report.stored.iter().map(StoredJson::new).collect(),
    };
    super::say(form, &text, &json)?;
    // A file that cannot be read is listed with the syntax errors, but is not one.
    let is_syntax = |error: &MofDiagnostic| error.status != WBEMMOF_E_INVALID_FILE;
    match report.syntax.iter().any(is_syntax) {
        true => Err(Failure::Reported(exit::SYNTAX)),
        false if report.is_complete() => Ok(Outcome::Done),
        false => Err(Failure::Reported(exit::OTHER)),
    }
}

/// What was stored, and in which namespaces: pragmas may have moved objects to others than
/// `namespace`.
fn stored(report: &CompileReport, namespace: &Namespace) -> String {
    let objects = |classes, instances| {
        format!("{} and {}", counted(classes, "class"), counted(instances, "instance"))
    };
    let all = objects(report.classes, report.instances);
    match &report.stored[..] {
        [] => format!("{all} stored in {namespace}"),
        [one] => format!("{all} stored in {}", one.namespace),
        several => {
            let each = several.iter().map(|stored| {
                format!("{} in {}", objects(stored.classes, stored.instances), stored.namespace)
            });
            format!("{all} stored: {}", each.collect::<Vec<_>>().join(", "))
        }
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
    errors: u64,
    complete: bool,
    stored: Vec<StoredJson<'a>>,
}

/// The numbers of objects in one namespace, as JSON.
#[derive(Serialize)]
struct StoredJson<'a> {
    namespace: &'a str,
    classes: u64,
    instances: u64,
}

impl<'a> StoredJson<'a> {
    fn new(stored: &'a Stored) -> Self {
        let Stored { namespace, classes, instances } = stored;
        StoredJson { namespace: namespace.as_str(), classes: *classes, instances: *instances }
    }
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
