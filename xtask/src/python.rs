//! A Python with pywbem for the tests that compare with it.
//!
//! Input is `suite/requirements.txt`, output a virtual environment in the target folder. Where there
//! is no Python the tests go without: they then say what they skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{self, Workspace};

/// Tells the tests which Python to use. Set by the caller, it is left as it is.
pub(crate) const VARIABLE: &str = "OPENWMI_PYTHON";

const REQUIREMENTS: &str = "suite/requirements.txt";

/// The Python of a virtual environment that has what the tests ask for, made when it is not there yet.
pub(crate) fn prepare(workspace: &Workspace) -> Result<Option<PathBuf>> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        println!("using {VARIABLE}={}", given.display());
        return Ok(None);
    }
    let requirements = workspace.root.join(REQUIREMENTS);
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let environment = workspace.target.join("venv");
    if !is_current(&environment, &wanted) {
        if !can_make_environments() {
            println!(
                "skipped: no python3 with its venv module; tests that compare with pywbem do not run"
            );
            return Ok(None);
        }
        make(&environment, &requirements).with_context(|| {
            format!("cannot install {REQUIREMENTS}; set {VARIABLE} to a Python that has pywbem")
        })?;
        fs::write(stamp(&environment), wanted)?;
    }
    Ok(Some(python(&environment)))
}

fn python(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

/// A copy of the requirements, written last: an interrupted installation is not taken for a whole one.
fn stamp(environment: &Path) -> PathBuf {
    environment.join("requirements.txt")
}

fn is_current(environment: &Path, wanted: &str) -> bool {
    python(environment).exists()
        && fs::read_to_string(stamp(environment)).is_ok_and(|installed| installed == wanted)
}

/// Debian ships python3 without the modules that `-m venv` needs.
fn can_make_environments() -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import ensurepip, venv"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|it| it.success())
}

fn make(environment: &Path, requirements: &Path) -> Result<()> {
    cargo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))?;
    let mut install = Command::new(python(environment));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    cargo::run(install.arg(requirements))
}
