//! The other compiler: pywbem's, in a Python that has it.
//!
//! `OPENWMI_PYTHON` says which Python; otherwise `python3` is asked. It compiles in two ways: into
//! its own repository, which checks and resolves each class as ours does but keeps it in memory; or
//! for its own use alone, where each class stays as it was declared. Its start and its imports are
//! not counted.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Says how many classes there are now, how many seconds passed, and how many of the processor.
const SCRIPT: &str = r#"
import sys, time
from pywbem import MOFCompiler, MOFWBEMConnection
from pywbem_mock import FakedWBEMConnection
file, directory, into, namespace = sys.argv[1:4] + ["root/dmtf"]
if into == "repository":
    store = FakedWBEMConnection(default_namespace=namespace)
    run = lambda: store.compile_mof_file(file, namespace=namespace, search_paths=[directory])
    count = lambda: len(store.EnumerateClassNames(namespace=namespace, DeepInheritance=True))
else:
    store = MOFWBEMConnection()
    compiler = MOFCompiler(store, search_paths=[directory], verbose=False, log_func=None)
    run = lambda: compiler.compile_file(file, namespace)
    count = lambda: len(store.classes[namespace])
wall, processor = time.perf_counter(), time.process_time()
run()
wall, processor = time.perf_counter() - wall, time.process_time() - processor
print(count(), wall, processor)
"#;

/// Where pywbem's compiler puts its classes.
#[derive(Clone, Copy)]
pub(crate) enum Into {
    /// Its repository, which resolves them.
    Repository,
    /// A list.
    List,
}

/// A Python that has pywbem.
pub(crate) struct Pywbem(OsString);

/// What a compilation came to.
pub(crate) struct Compiled {
    pub(crate) classes: u64,
    pub(crate) wall: f64,
    pub(crate) processor: f64,
}

impl Pywbem {
    /// The Python, if there is one.
    pub(crate) fn find() -> Option<Pywbem> {
        let python = env::var_os("OPENWMI_PYTHON").unwrap_or_else(|| "python3".into());
        let mut import = Command::new(&python);
        import
            .args(["-c", "import pywbem, pywbem_mock"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success()).then_some(Pywbem(python))
    }

    /// Compiles `file`, and what it includes from its directory.
    pub(crate) fn compile(&self, file: &Path, into: Into) -> Result<Compiled> {
        let directory = file.parent().context("the file has no directory")?;
        let into = match into {
            Into::Repository => "repository",
            Into::List => "list",
        };
        let mut command = Command::new(&self.0);
        command.args(["-c", SCRIPT]).arg(file).arg(directory).arg(into);
        let run = command.output()?;
        ensure!(run.status.success(), "pywbem failed: {}", String::from_utf8_lossy(&run.stderr));
        let output = String::from_utf8(run.stdout)?;
        let mut numbers = output.split_whitespace();
        let mut next = || numbers.next().with_context(|| format!("pywbem printed: {output}"));
        Ok(Compiled {
            classes: next()?.parse()?,
            wall: next()?.parse()?,
            processor: next()?.parse()?,
        })
    }
}
