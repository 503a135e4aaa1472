//! The opened WMI behind a run of the program, and what the global options say.
//!
//! The only file that knows of the library `openwmi`, beside the commands that work on a
//! repository as a whole; all others work on a `crate::target::Target`.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::path::is_local_server;
use cim::status::{WBEM_E_INVALID_NAMESPACE, WBEM_E_NOT_SUPPORTED};
use cim::{Locale, Namespace, ObjectPath};
use openwmi::{OpenOptions, Wmi};
use wbem::{CompileOptions, Flags, MofDiagnostic, NativeProviders, Services};

use crate::commands::ns;
use crate::failure::Failure;
use crate::output::Settings;
use crate::suggest::nearest;
use crate::target::Target;

/// Where commands work unless told otherwise.
pub(crate) const DEFAULT_NAMESPACE: &str = r"root\cimv2";

/// What the global options say.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The namespace, if one was named.
    pub(crate) namespace: Option<String>,
    /// The repository's directory, if one was named.
    pub(crate) repository: Option<PathBuf>,
    /// The MOF file that fills a repository in memory, if one is to be worked on.
    pub(crate) mock: Option<PathBuf>,
    /// That repository, once it is open: it goes with the last who holds it.
    pub(crate) mocked: OnceCell<Wmi>,
    /// The languages of what is read, the preferred one first.
    pub(crate) locales: Vec<Locale>,
    /// Whether classes are read with their localized qualifiers.
    pub(crate) amended: bool,
    /// How objects are printed.
    pub(crate) settings: Settings,
}

impl Options {
    /// The namespace to work on.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Opens the repository.
    pub(crate) fn open(&self) -> Result<Wmi, Failure> {
        if let Some(file) = &self.mock {
            return match self.mocked.get() {
                Some(wmi) => Ok(wmi.clone()),
                None => {
                    let wmi = mock(file, self.namespace())?;
                    Ok(self.mocked.get_or_init(|| wmi).clone())
                }
            };
        }
        let repository = self.repository.clone();
        Ok(Wmi::open(OpenOptions { repository, ..OpenOptions::default() })?)
    }

    /// Opens the repository and connects to the namespace.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        self.connect(self.namespace())
    }

    /// Opens the repository and connects to `namespace`.
    /// Errors: those of the connection, with the name of the namespace that was perhaps meant.
    pub(crate) fn connect(&self, namespace: &str) -> Result<Target, Failure> {
        let wmi = self.open()?;
        match wmi.connect(namespace) {
            Ok(services) => Ok(self.on(services, &wmi)),
            Err(error) => Err(Failure::from(error).suggesting(|status| match status {
                WBEM_E_INVALID_NAMESPACE => self.suggestion(&wmi, namespace),
                _ => None,
            })),
        }
    }

    /// The namespace of `services` as the options have it read.
    fn on(&self, services: Arc<dyn Services>, wmi: &Wmi) -> Target {
        let mut context = wmi.context();
        context.set_locales(&self.locales);
        let reading = match self.amended {
            true => Flags::USE_AMENDED_QUALIFIERS,
            false => Flags::default(),
        };
        Target { services, context, reading }
    }

    /// The namespace whose path is nearest to `wanted`.
    fn suggestion(&self, wmi: &Wmi, wanted: &str) -> Option<String> {
        let wanted = Namespace::new(wanted).ok()?;
        let found = ns::below(&self.on(wmi.connect("root").ok()?, wmi)).ok()?;
        nearest(wanted.as_str(), found.paths.iter().map(String::as_str))
    }

    /// Opens the repository and connects to the namespace that `path` says, if it says one.
    /// Errors: `WBEM_E_NOT_SUPPORTED` where it names another machine.
    pub(crate) fn target_of(&self, path: &ObjectPath) -> Result<Target, Failure> {
        if let Some(server) = &path.server {
            let own = rustix::system::uname();
            if !is_local_server(server, &own.nodename().to_string_lossy()) {
                let why = format!("{server} is another machine; only this one can be asked");
                return Err(WBEM_E_NOT_SUPPORTED.with(why).into());
            }
        }
        let named = path.namespace.as_ref().map(Namespace::as_str);
        self.connect(named.unwrap_or_else(|| self.namespace()))
    }
}

/// A WMI in memory with what `file` says, compiled into `namespace`.
/// Errors: the first of the file, with its place.
fn mock(file: &Path, namespace: &str) -> Result<Wmi, Failure> {
    let wmi = Wmi::in_memory(NativeProviders::default())?;
    let options = CompileOptions {
        namespace: Namespace::new(namespace)?,
        create_namespace: true,
        class_flags: Flags::default(),
        instance_flags: Flags::default(),
        check_only: false,
    };
    let files = [file.to_owned()];
    let report = wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {})?;
    match report.syntax.first().or(report.storage.as_ref()) {
        Some(MofDiagnostic { status, file, line, column, message, .. }) => {
            Err(status.with(format!("{file}:{line}:{column}: {message}")).into())
        }
        None => Ok(wmi),
    }
}
