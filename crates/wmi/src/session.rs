//! The WMI that a run of the program has open, and the global options.
//!
//! Only this file and the commands for a repository as a whole use the library `openwmi`; all others
//! work on a `crate::target::Target`.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::path::is_local_server;
use cim::status::{WBEM_E_INVALID_NAMESPACE, WBEM_E_TRANSPORT_FAILURE};
use cim::{Locale, Namespace, ObjectPath};
use openwmi::{OpenOptions, Wmi};
use wbem::{CompileOptions, Flags, NativeProviders, Services};

use crate::commands::ns;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Form, Settings, Style};
use crate::screen::Screen;
use crate::suggest::nearest;
use crate::target::Target;

/// The namespace of commands without `--namespace`.
pub(crate) const DEFAULT_NAMESPACE: &str = r"root\cimv2";

/// The global options.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The namespace, if one was named.
    pub(crate) namespace: Option<String>,
    /// The repository's directory, if one was named.
    pub(crate) repository: Option<PathBuf>,
    /// Whether the command writes. One that only reads creates no repository that is named and missing.
    pub(crate) writes: bool,
    /// The MOF file that fills a repository in memory, if one is used.
    pub(crate) mock: Option<PathBuf>,
    /// The root directory of the captured machine, if host data is not read from this machine.
    pub(crate) machine: Option<PathBuf>,
    /// The repository, once it is open. A process can open a repository only once, and a repository
    /// in memory ends with its last handle.
    pub(crate) opened: OnceCell<Wmi>,
    /// What cancels an operation: Control-C, in the shell.
    pub(crate) interrupt: Option<Interrupt>,
    /// The languages of what is read, the preferred one first.
    pub(crate) locales: Vec<Locale>,
    /// Whether classes are read with their localized qualifiers.
    pub(crate) amended: bool,
    /// How objects are printed.
    pub(crate) settings: Settings,
}

impl Options {
    /// The defaults: the user's own repository, printed in `form`.
    pub(crate) fn own(form: Form) -> Self {
        let (style, screen) = (Style::default(), Screen::stdout());
        Options {
            namespace: None,
            repository: None,
            writes: true,
            mock: None,
            machine: None,
            opened: OnceCell::new(),
            interrupt: None,
            locales: Vec::new(),
            amended: false,
            settings: Settings { form, style, system: false, screen },
        }
    }

    /// The namespace to work on.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Opens the repository.
    pub(crate) fn open(&self) -> Result<Wmi, Failure> {
        let Some(file) = self.mock.as_ref().filter(|_| self.opened.get().is_none()) else {
            return Ok(self.wmi()?);
        };
        let wmi = mock(file, self.namespace())?;
        Ok(self.opened.get_or_init(|| wmi).clone())
    }

    /// As [`Options::open`], for callers that report errors differently.
    pub(crate) fn wmi(&self) -> cim::Result<Wmi> {
        if let Some(wmi) = self.opened.get() {
            return Ok(wmi.clone());
        }
        let wmi = Wmi::open(OpenOptions {
            must_exist: self.repository.is_some() && !self.writes,
            repository: self.repository.clone(),
            captured_machine: self.machine.clone(),
            ..OpenOptions::default()
        })?;
        Ok(self.opened.get_or_init(|| wmi).clone())
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
    pub(crate) fn on(&self, services: Arc<dyn Services>, wmi: &Wmi) -> Target {
        let mut context = wmi.context();
        context.set_locales(&self.locales);
        let reading = match self.amended {
            true => Flags::USE_AMENDED_QUALIFIERS,
            false => Flags::default(),
        };
        let services = match &self.interrupt {
            Some(interrupt) => interrupt.over(services, wmi.operations()),
            None => services,
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
    /// Errors: `WBEM_E_TRANSPORT_FAILURE` where it names another machine.
    pub(crate) fn target_of(&self, path: &ObjectPath) -> Result<Target, Failure> {
        path.server.as_deref().map_or(Ok(()), check_server)?;
        let named = path.namespace.as_ref().map(Namespace::as_str);
        self.connect(named.unwrap_or_else(|| self.namespace()))
    }
}

/// Errors: `WBEM_E_TRANSPORT_FAILURE` where `server` is another machine.
pub(crate) fn check_server(server: &str) -> cim::Result<()> {
    let own = rustix::system::uname();
    match is_local_server(server, &own.nodename().to_string_lossy()) {
        true => Ok(()),
        false => {
            let why = format!("{server} is another machine; only this one can be queried");
            Err(WBEM_E_TRANSPORT_FAILURE.with(why))
        }
    }
}

/// A WMI in memory with what `file` says, compiled into `namespace`.
/// Errors: the first of the file, with its place.
fn mock(file: &Path, namespace: &str) -> Result<Wmi, Failure> {
    let wmi = Wmi::in_memory(NativeProviders::default())?;
    let options = CompileOptions {
        create_namespace: true,
        ..CompileOptions::new(Namespace::new(namespace)?)
    };
    let files = [file.to_owned()];
    let report = wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {})?;
    match report.first_error() {
        Some(error) => Err(Failure::mof(error.clone())),
        None => Ok(wmi),
    }
}
