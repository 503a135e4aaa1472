//! The other compiler: pywbem's, in a Python that has it.
//!
//! `OPENWMI_PYTHON` says which Python; otherwise `python3` is asked. It compiles into memory, so it
//! is spared the store that ours writes; its start and its imports are not counted.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Says how many classes there are now, how many seconds passed, and how many of the processor.
const SCRIPT: &str = r#"
import sys, time
from pywbem import MOFCompiler, MOFWBEMConnection
store = MOFWBEMConnection()
compiler = MOFCompiler(store, search_paths=[sys.argv[2]], verbose=False, log_func=None)
wall, processor = time.perf_counter(), time.process_time()
compiler.compile_file(sys.argv[1], "root/dmtf")
print(len(store.classes["root/dmtf"]), time.perf_counter() - wall, time.process_time() - processor)
"#;

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
        import.args(["-c", "import pywbem"]).stdout(Stdio::null()).stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success()).then_some(Pywbem(python))
    }

    /// Compiles `file`, and what it includes from its directory.
    pub(crate) fn compile(&self, file: &Path) -> Result<Compiled> {
        let directory = file.parent().context("the file has no directory")?;
        let run = Command::new(&self.0).args(["-c", SCRIPT]).arg(file).arg(directory).output()?;
        ensure!(run.status.success(), "pywbem failed: {}", String::from_utf8_lossy(&run.stderr));
        let told = String::from_utf8(run.stdout)?;
        let mut numbers = told.split_whitespace();
        let mut next = || numbers.next().with_context(|| format!("pywbem said: {told}"));
        Ok(Compiled {
            classes: next()?.parse()?,
            wall: next()?.parse()?,
            processor: next()?.parse()?,
        })
    }
}
