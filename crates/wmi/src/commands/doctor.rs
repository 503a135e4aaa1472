//! `wmi doctor`: health checks, one line each.
//!
//! The checks read the whole repository, open the files of the autorecover list, load providers and
//! query services. The findings are printed; nothing is repaired.

mod providers;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_INVALID_CLASS};
use cim::{Name, Object};
use openwmi::provider::CimClass;
use openwmi::{REPOSITORY_FORMAT, Wmi};

use super::repo::busy;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Form, Printer, Selection, Settings};
use crate::session::{DEFAULT_NAMESPACE, Options};
use crate::target::{Outcome, Target, print_all};

/// The result of a check.
#[derive(CimClass)]
#[cim(name = "OpenWMI_Finding")]
struct Finding {
    #[cim(rename = "Status")]
    status: String,
    #[cim(rename = "Subject")]
    subject: String,
    #[cim(rename = "Place")]
    place: Option<String>,
    #[cim(rename = "Finding")]
    finding: String,
    #[cim(rename = "Remedy")]
    remedy: Option<String>,
}

/// No problem.
const OK: &str = "ok";
/// Possibly intended.
const WARNING: &str = "warning";
/// A defect.
const ERROR: &str = "error";

impl Finding {
    fn new(status: &str, subject: &str, finding: impl Into<String>) -> Self {
        let (status, subject) = (status.to_owned(), subject.to_owned());
        Finding { status, subject, place: None, finding: finding.into(), remedy: None }
    }

    /// The same with its location.
    fn at(self, place: impl Into<String>) -> Self {
        Finding { place: Some(place.into()), ..self }
    }

    /// The same with a remedy.
    fn remedy(self, remedy: impl Into<String>) -> Self {
        Finding { remedy: Some(remedy.into()), ..self }
    }
}

/// Runs all checks and prints their findings.
///
/// # Errors
///
/// An exit code alone, if there is a defect; `WBEM_E_CALL_CANCELLED` after Control-C.
pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let findings = busy("checking", || match options.wmi() {
        Ok(wmi) => {
            let mut findings = repository(&wmi);
            findings.extend(autorecover(&wmi));
            findings.extend(providers::check(options, &wmi));
            findings.extend(services(options, &wmi));
            findings
        }
        Err(error) => unopened(options, &error),
    });
    // The findings of interrupted checks are meaningless.
    if let Some(interrupt) = &options.interrupt {
        interrupt.check()?;
    }
    print(options, &findings)?;
    match findings.iter().any(|finding| finding.status == ERROR) {
        true => Err(Failure::Reported(exit::OTHER)),
        false => Ok(Outcome::Done),
    }
}

fn print(options: &Options, findings: &[Finding]) -> Result<Outcome, Failure> {
    let columns = Finding::properties().into_iter().map(|column| column.declaration.name);
    let selection = Selection {
        named: Some(columns.collect()),
        class: Some(Name::from_static(Finding::NAME)),
        ..Selection::default()
    };
    // One line for each check, even on a narrow terminal.
    let form = match options.settings.form {
        Form::Auto => Form::Table,
        form => form,
    };
    let settings = Settings { form, ..options.settings };
    let class = Finding::detached()?;
    print_all(Printer::stdout(&settings, selection), |mut sink| {
        let objects = findings.iter().map(|f| f.to_instance(&class).map(Object::Instance));
        let _ = sink.indicate(objects.collect::<cim::Result<_>>()?);
        sink.complete(wbem::COMPLETE);
        Ok(())
    })
}

const REPOSITORY: &str = "repository";
const SALVAGE: &str = "save the readable parts with 'wmi repo salvage', or restore a backup with \
                       'wmi repo restore FILE'";

/// Why the repository cannot be opened, and the problems found in its file.
fn unopened(options: &Options, error: &cim::Error) -> Vec<Finding> {
    let named = options.repository.as_deref();
    let directory = Wmi::repository_directory(named).ok();
    let place = directory.map(|directory| directory.display().to_string());
    let new =
        |what: String| Finding { place: place.clone(), ..Finding::new(ERROR, REPOSITORY, what) };
    let problems = Wmi::examine(named).unwrap_or_default();
    if problems.is_empty() {
        let finding = new(format!("cannot be opened: {error}"));
        return vec![match error.status() {
            WBEM_E_ACCESS_DENIED => {
                finding.remedy("run as its owner, or choose another repository with --repository")
            }
            _ => finding,
        }];
    }
    let damage = problems.into_iter().map(|problem| new(problem).remedy(SALVAGE));
    let first = new(format!("cannot be opened: {}", error.status())).remedy(SALVAGE);
    std::iter::once(first).chain(damage).collect()
}

/// The location, format, size and integrity of the repository.
fn repository(wmi: &Wmi) -> Vec<Finding> {
    let directory = wmi.repository_path();
    let place = |finding: Finding| finding.at(directory.display().to_string());
    let files = match size(directory) {
        Ok(bytes) => {
            let what = format!("format {REPOSITORY_FORMAT}, {bytes} bytes in its directory");
            Finding::new(OK, REPOSITORY, what)
        }
        Err(error) => {
            Finding::new(ERROR, REPOSITORY, format!("cannot determine its size: {error}"))
        }
    };
    let mut findings = vec![place(files)];
    match wmi.verify() {
        Ok(report) if report.is_clean() => {
            let what = format!(
                "intact: {} namespaces, {} classes, {} instances",
                report.namespaces, report.classes, report.instances
            );
            findings.push(place(Finding::new(OK, REPOSITORY, what)));
        }
        Ok(report) => findings.extend(
            report
                .problems
                .into_iter()
                .map(|problem| place(Finding::new(ERROR, REPOSITORY, problem)).remedy(SALVAGE)),
        ),
        Err(error) => {
            let what = format!("cannot be verified: {error}");
            findings.push(place(Finding::new(ERROR, REPOSITORY, what)));
        }
    }
    findings
}

/// The bytes in the files of `directory`.
fn size(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let found = entry?.metadata()?;
        bytes += if found.is_file() { found.len() } else { 0 };
    }
    Ok(bytes)
}

/// The files of the autorecover list that cannot be read, and so not be compiled again.
fn autorecover(wmi: &Wmi) -> Vec<Finding> {
    const SUBJECT: &str = "autorecover";
    let files = match wmi.autorecover() {
        Ok(files) => files,
        Err(error) => {
            return vec![Finding::new(ERROR, SUBJECT, format!("cannot read the list: {error}"))];
        }
    };
    let missing = |file: &Path| {
        let error = readable(file).err()?;
        let remedy = "put the file back; otherwise salvage and reset lose its contents";
        let finding = Finding::new(ERROR, SUBJECT, format!("cannot be read: {error}"));
        Some(finding.at(file.display().to_string()).remedy(remedy))
    };
    let missing: Vec<Finding> = files.iter().filter_map(|file| missing(file)).collect();
    let what = match files.len() {
        0 => "the list is empty".to_owned(),
        count => format!("all {count} files are readable"),
    };
    match missing.is_empty() {
        true => vec![Finding::new(OK, SUBJECT, what)],
        false => missing,
    }
}

fn readable(file: &Path) -> io::Result<()> {
    match File::open(file)?.metadata()?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("not a file")),
    }
}

/// Whether Win32_Service has instances, which requires the system bus. Skipped for a captured
/// machine, which has no bus.
fn services(options: &Options, wmi: &Wmi) -> Option<Finding> {
    const SUBJECT: &str = "services";
    const QUERY: &str = "SELECT Name FROM Win32_Service";
    if options.machine.is_some() {
        return None;
    }
    let asked = wmi.connect(DEFAULT_NAMESPACE).and_then(|services| {
        let Target { services, context, reading } = options.on(services, wmi);
        wbem::collect(|sink| services.exec_query("WQL", QUERY, reading, &context, sink))
    });
    let finding = match asked {
        Ok(found) if found.is_empty() => {
            let what = "none: the system has no D-Bus, or no systemd on it";
            Finding::new(WARNING, SUBJECT, what).remedy(
                "expected in a container; otherwise start both, and check \
                 DBUS_SYSTEM_BUS_ADDRESS if it is set",
            )
        }
        Ok(found) => Finding::new(OK, SUBJECT, format!("{} services found", found.len())),
        Err(error) => {
            let finding = Finding::new(ERROR, SUBJECT, format!("the query failed: {error}"));
            match error.status() {
                WBEM_E_INVALID_CLASS => {
                    finding.remedy("restore the host classes with 'wmi repo reset --yes'")
                }
                _ => finding.remedy("check with 'busctl list' that systemd is on D-Bus"),
            }
        }
    };
    Some(finding.at(format!("{DEFAULT_NAMESPACE}:Win32_Service")))
}
