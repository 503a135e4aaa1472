//! The open WMI: a repository, this machine's providers and the object manager over both.
//!
//! Knows where the repository is and what is in a new one; every operation is the object
//! manager's. Options come from the caller, connections go to it.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use cim::status::{WBEM_E_FAILED, WBEM_E_NOT_FOUND, WBEM_E_OUT_OF_DISK_SPACE};
use cim::{Namespace, Result};
use cimom::{
    AUTORECOVER, Cimom, Environment, ExistingObjects, FailedPush, LoadedProvider, Recovered,
    WriteHooks,
};
use host::Root;
use repository::{Repository, Salvage, Verification};
use smol_str::SmolStr;
use tempfile::TempDir;
use wbem::{
    CallContext, CompileOptions, CompileReport, MofCompiler, NativeProviders, Operations,
    ProviderResolver, Services, WriteHook,
};

use crate::connection::WMIConnection;
use crate::error::{WMIResult, at};
use crate::{caller, first_start, location};

/// How a repository is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The repository's directory; `None` for the user's own: `$XDG_DATA_HOME/openwmi`; if that is
    /// not set, `/var/lib/openwmi` for root, `~/.local/share/openwmi` for other users.
    pub repository: Option<PathBuf>,
    /// Whether the repository must exist. Otherwise it is created if it is missing.
    pub must_exist: bool,
    /// The tree of files that describes the machine; `None` for the one the program runs on.
    pub captured_machine: Option<PathBuf>,
    /// Resolvers for the code of providers outside this program: tried in this order, after the
    /// providers of this machine and those of the program.
    pub resolvers: Vec<Arc<dyn ProviderResolver>>,
    /// What takes part in the writes, after the rules of the system classes.
    pub hooks: Vec<Arc<dyn WriteHook>>,
}

/// What [`Wmi::salvage`] did.
#[derive(Clone, Debug)]
pub struct Salvaged {
    /// What was kept and what is lost.
    pub repository: Salvage,
    /// The files that were compiled again.
    pub files: Vec<Recovered>,
}

/// What [`Wmi::reset`] did.
#[derive(Clone, Debug)]
pub struct Reset {
    /// The path to which the old file was moved.
    pub replaced: Option<PathBuf>,
    /// The files that were compiled again.
    pub files: Vec<Recovered>,
}

/// An open WMI. Clones share it; it is closed when they and all connections are dropped.
#[derive(Clone)]
pub struct Wmi {
    cimom: Arc<Cimom>,
    context: CallContext,
    operations: Operations,
}

impl Wmi {
    /// Opens the repository, and makes it if it is missing: with its namespaces and the classes
    /// of this machine.
    /// Errors: the repository's; `WBEM_E_INVALID_PARAMETER` if no directory can be found for it;
    /// `WBEM_E_NOT_FOUND` if it must exist and does not;
    /// `WBEM_E_INVALID_OPERATION` if this process has it open already.
    pub fn open(options: OpenOptions) -> Result<Wmi> {
        Wmi::open_with(options, NativeProviders::default())
    }

    /// As [`Wmi::open`], with providers of your own in addition to those of this machine.
    pub fn open_with(options: OpenOptions, mut providers: NativeProviders) -> Result<Wmi> {
        let directory = location::repository(options.repository)?;
        if options.must_exist && !Repository::exists(&directory) {
            let message = format!("there is no repository in {}", directory.display());
            return Err(WBEM_E_NOT_FOUND.with(message));
        }
        let repository = Repository::create_or_open(&directory)?;
        let machine = match options.captured_machine {
            Some(tree) => Root::captured(&tree),
            None => Root::live(),
        };
        let machine = machine
            .map_err(|e| WBEM_E_FAILED.with(format!("this machine's files cannot be read: {e}")))?;
        host::register(&mut providers, &Arc::new(machine));
        let wmi = Wmi::over(repository, providers, options.resolvers, options.hooks)?;
        first_start::install(&wmi.cimom, &wmi.context)?;
        Ok(wmi)
    }

    /// A WMI that exists as long as this value and the connections made from it: for tests, and for
    /// temporary data. It has the standard namespaces, the system classes and `providers`; nothing
    /// of this machine.
    ///
    /// The storage engine requires a file. It is created in a new directory on `/dev/shm`, which is
    /// memory, or below `$TMPDIR` if that is missing. The directory is removed at the end, unless
    /// the process is killed.
    ///
    /// Errors: `WBEM_E_OUT_OF_DISK_SPACE` if no such directory can be created; the repository's.
    pub fn in_memory(providers: NativeProviders) -> Result<Wmi> {
        let directory = temporary_directory()?;
        let repository = Repository::create_or_open(directory.path())?.keeping(directory);
        let wmi = Wmi::over(repository, providers, Vec::new(), Vec::new())?;
        first_start::namespaces(&wmi.cimom, &wmi.context)?;
        Ok(wmi)
    }

    fn over(
        repository: Repository,
        mut providers: NativeProviders,
        resolvers: Vec<Arc<dyn ProviderResolver>>,
        hooks: Vec<Arc<dyn WriteHook>>,
    ) -> Result<Wmi> {
        let context = CallContext::local(Arc::new(caller::identity(repository.directory())?));
        views::register(&mut providers);
        let opened = Instant::now();
        let hooks = WriteHooks { hooks, ..WriteHooks::default() };
        let environment = Environment {
            server: server_name(),
            providers,
            resolvers,
            random: caller::random,
            local_offset: caller::local_offset,
            identity: context.caller().clone(),
            clock: Arc::new(move || opened.elapsed()),
        };
        let cimom = Cimom::with_hooks(repository, environment, hooks);
        Ok(Wmi { cimom, context, operations: Operations::default() })
    }

    /// A connection to a namespace, with typed results.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    pub fn connection(&self, namespace: &str) -> WMIResult<WMIConnection> {
        WMIConnection::of(self, namespace)
    }

    /// The operations of WMI on a namespace. A WMI in memory has to outlive them.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    pub fn connect(&self, namespace: &str) -> Result<Arc<dyn Services>> {
        self.connect_as(namespace, &self.context)
    }

    /// The operations on a namespace for the caller of this context. It is for doors, which make a
    /// context for each connection and pass it to each of its calls. A WMI in memory has to outlive
    /// them. Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`, `WBEM_E_QUOTA_VIOLATION`.
    pub fn connect_as(&self, namespace: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        self.cimom.connect(namespace, context)
    }

    /// The operations of all clients that run on separate threads: for [`wbem::Client`] and
    /// [`wbem::cancellable()`].
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The context of a call by the user who runs this program.
    pub fn context(&self) -> CallContext {
        self.context.clone()
    }

    /// The MOF compiler.
    pub fn compiler(&self) -> &dyn MofCompiler {
        &*self.cimom
    }

    /// Compiles a MOF text into a namespace, which is created if it is missing.
    /// Errors: the first of the text, with line and column; nothing is stored if it is a syntax
    /// error, otherwise the objects before it are.
    pub fn compile(&self, namespace: &str, mof: &str) -> WMIResult<CompileReport> {
        let compiled = Namespace::new(namespace).and_then(|namespace| {
            let options =
                CompileOptions { create_namespace: true, ..CompileOptions::new(namespace) };
            let report = self.cimom.compile_text("MOF", mof.as_bytes(), &options, &self.context)?;
            match report.first_error() {
                Some(e) => Err(e.status.with(format!("{}:{}: {}", e.line, e.column, e.message))),
                None => Ok(report),
            }
        });
        compiled.map_err(at("compile into", namespace))
    }

    /// The providers that this process has loaded, by namespace and name.
    pub fn loaded_providers(&self) -> Vec<LoadedProvider> {
        self.cimom.loaded_providers()
    }

    /// The push providers of classes that could not put their classes when this process first used
    /// their namespaces, by namespace and name.
    pub fn failed_pushes(&self) -> Vec<FailedPush> {
        self.cimom.failed_pushes()
    }

    /// Checks whether the provider `name` of `namespace` can be used as registered: loads it if it
    /// is not loaded, unless it is a push provider; for these see [`Wmi::failed_pushes`].
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`; the reason why it cannot be
    /// used.
    pub fn check_provider(&self, namespace: &str, name: &str) -> Result<()> {
        self.cimom.check_provider(&Namespace::new(namespace)?, &name.into(), &self.context)
    }

    /// Unloads the provider `name` of `namespace`, if it has no call in flight; the next call that
    /// needs it loads it again. Returns how many were unloaded, one for each user and language.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    pub fn unload_provider(&self, namespace: &str, name: &str) -> Result<usize> {
        self.cimom.unload_provider(&Namespace::new(namespace)?, &name.into(), &self.context)
    }

    /// Whether the code of the provider with this CLSID is in this program.
    pub fn has_provider_code(&self, clsid: &str) -> bool {
        self.cimom.has_provider_code(clsid)
    }

    /// The directory of the repository.
    pub fn repository_path(&self) -> &Path {
        self.cimom.repository().directory()
    }

    /// The files of the autorecover list, in the order in which they were first compiled.
    pub fn autorecover(&self) -> Result<Vec<PathBuf>> {
        self.cimom.autorecover()
    }

    /// Reads the whole repository and returns the errors found.
    pub fn verify(&self) -> Result<Verification> {
        self.cimom.repository().verify()
    }

    /// Writes a copy of the repository to the file `to`, while others continue to use it.
    pub fn backup(&self, to: &Path) -> Result<()> {
        self.cimom.repository().backup(to)
    }

    /// Writes a copy of the repository to an open file or pipe, while others continue to use it.
    pub fn backup_to(&self, file: &mut File) -> Result<()> {
        self.cimom.repository().backup_to(file)
    }

    /// The location of the repository `named`, or of the default one.
    /// Errors: `WBEM_E_INVALID_PARAMETER` if no directory can be found for it.
    pub fn repository_directory(named: Option<&Path>) -> Result<PathBuf> {
        location::repository(named.map(Path::to_owned))
    }

    /// Returns the errors in the file of a repository, even one that is too damaged to be opened.
    /// No process may have it open.
    pub fn examine(repository: Option<&Path>) -> Result<Vec<String>> {
        Repository::examine(location::repository(repository.map(Path::to_owned))?)
    }

    /// Replaces a damaged repository by a new one with all that can be read of it, and compiles the
    /// files of the autorecover list again for what is missing. No process may have the repository
    /// open. An undamaged repository is not changed.
    /// Errors: those of [`Repository::salvage`] and of opening the new one.
    pub fn salvage(repository: Option<&Path>) -> Result<Salvaged> {
        let directory = location::repository(repository.map(Path::to_owned))?;
        let repository = Repository::salvage(&directory)?;
        if repository.was_sound() {
            return Ok(Salvaged { repository, files: Vec::new() });
        }
        // The classes of this machine may have been lost.
        let salvaged = Repository::create_or_open(&directory)?;
        salvaged.write(|writer| writer.put_meta(first_start::INSTALLED, None))?;
        drop(salvaged);
        Ok(Salvaged { repository, files: Wmi::recover(directory, ExistingObjects::Keep)? })
    }

    /// Replaces the repository by a new one with the standard namespaces, the classes of this
    /// machine, and the objects of the files of the autorecover list, which are compiled again. No
    /// process may have the repository open. The old file is kept in the same directory.
    /// Errors: those of [`Repository::reset`] and of opening the new one.
    pub fn reset(repository: Option<&Path>) -> Result<Reset> {
        let directory = location::repository(repository.map(Path::to_owned))?;
        let replaced = Repository::reset(&directory, &[AUTORECOVER])?;
        Ok(Reset { replaced, files: Wmi::recover(directory, ExistingObjects::Overwrite)? })
    }

    fn recover(directory: PathBuf, existing: ExistingObjects) -> Result<Vec<Recovered>> {
        let wmi = Wmi::open(OpenOptions { repository: Some(directory), ..Default::default() })?;
        wmi.cimom.recover(existing, &wmi.context)
    }

    /// Replaces the repository by the copy in the file `from`. No process may have the repository
    /// open. Returns the result of verifying the copy first.
    pub fn restore(repository: Option<&Path>, from: &Path) -> Result<Verification> {
        let directory = location::repository(repository.map(Path::to_owned))?;
        Repository::restore(from, &directory)
    }
}

impl fmt::Debug for Wmi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wmi").field("repository", &self.repository_path()).finish_non_exhaustive()
    }
}

fn server_name() -> SmolStr {
    rustix::system::uname().nodename().to_string_lossy().into()
}

/// A directory that is removed when the value is dropped, in memory where there is such a place.
fn temporary_directory() -> Result<TempDir> {
    let named = |place: &Path| tempfile::Builder::new().prefix("openwmi-").tempdir_in(place);
    named(Path::new("/dev/shm")).or_else(|_| named(&std::env::temp_dir())).map_err(|e| {
        WBEM_E_OUT_OF_DISK_SPACE
            .with(format!("no temporary directory for a WMI in memory: {e}; set TMPDIR to one"))
    })
}
