//! WMI for Linux, as a library: open a repository, start the parts, hand out connections.
//!
//! The wiring and nothing else: which repository, who the caller is, which providers there are,
//! what a new repository holds. Rules are in the crates below.
//!
//! ```no_run
//! let wmi = openwmi::Wmi::open(openwmi::OpenOptions::default())?;
//! let cimv2 = wmi.connect(r"root\cimv2")?;
//! let query = "SELECT Name FROM Win32_Process";
//! let flags = wbem::Flags::default();
//! let found = wbem::collect(|sink| cimv2.exec_query("WQL", query, flags, &wmi.context(), sink))?;
//! println!("{} processes", found.len());
//! # Ok::<(), cim::Error>(())
//! ```

#![forbid(unsafe_code)]

mod caller;
mod first_start;
mod location;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::Result;
use cim::status::{WBEM_E_FAILED, WBEM_E_INVALID_PARAMETER};
use cimom::{Cimom, Environment};
use host::Root;
use repository::Repository;
use smol_str::SmolStr;
use wbem::{CallContext, MofCompiler, NativeProviders, Services};

pub use repository::Verification;

/// How a repository is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The repository's directory; `None` for the user's own: `$XDG_DATA_HOME/openwmi`, root's
    /// `/var/lib/openwmi`.
    pub repository: Option<PathBuf>,
    /// The tree of files that describes the machine; `None` for the one the program runs on.
    pub captured_machine: Option<PathBuf>,
}

/// An open WMI.
pub struct Wmi {
    cimom: Arc<Cimom>,
    context: CallContext,
}

impl Wmi {
    /// Opens the repository, and makes it if it is missing: with its namespaces and the classes
    /// of this machine.
    /// Errors: the repository's; `WBEM_E_INVALID_PARAMETER` where no directory can be found
    /// for it.
    pub fn open(options: OpenOptions) -> Result<Wmi> {
        let directory = location::repository(options.repository)?;
        let repository = Repository::create_or_open(&directory)?;
        let machine = match options.captured_machine {
            Some(tree) => Root::captured(&tree),
            None => Root::live(),
        };
        let machine = machine
            .map_err(|e| WBEM_E_FAILED.with(format!("this machine's files cannot be read: {e}")))?;
        let mut providers = NativeProviders::default();
        host::register(&mut providers, &Arc::new(machine));
        let context = CallContext::local(Arc::new(caller::identity(&directory)?));
        let cimom = Cimom::new(
            repository,
            Environment {
                server: server_name(),
                providers,
                random: caller::random,
                local_offset: caller::local_offset,
            },
        );
        first_start::install(&cimom, &context)?;
        Ok(Wmi { cimom, context })
    }

    /// Connects to a namespace.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`.
    pub fn connect(&self, namespace: &str) -> Result<Arc<dyn Services>> {
        self.cimom.connect(namespace, &self.context)
    }

    /// The context of a call by the user who runs this program.
    pub fn context(&self) -> CallContext {
        self.context.clone()
    }

    /// The MOF compiler.
    pub fn compiler(&self) -> &dyn MofCompiler {
        &*self.cimom
    }

    /// The directory of the repository.
    pub fn repository_path(&self) -> &Path {
        self.cimom.repository().directory()
    }

    /// Reads the whole repository and tells what is wrong with it.
    pub fn verify(&self) -> Result<Verification> {
        self.cimom.repository().verify()
    }

    /// Writes a copy of the repository to the file `to`, while others go on using it.
    pub fn backup(&self, to: &Path) -> Result<()> {
        self.cimom.repository().backup(to)
    }

    /// Puts the copy in the file `from` in the place of the repository, which nobody may have
    /// open. Gives what was found in the copy before.
    pub fn restore(repository: Option<&Path>, from: &Path) -> Result<Verification> {
        let directory = location::repository(repository.map(Path::to_owned))?;
        Repository::restore(from, &directory)
    }
}

fn server_name() -> SmolStr {
    rustix::system::uname().nodename().to_string_lossy().into()
}

/// Says that the user's own directory cannot be told.
fn no_place(why: &str) -> cim::Error {
    WBEM_E_INVALID_PARAMETER
        .with(format!("no directory for the repository: {why}; name one with --repository DIR"))
}
