//! Where benchmarks write: directories beside the program's own file, gone when they are dropped.
//!
//! The usual place for temporary files may be memory, where a sync costs nothing; the folder in
//! which the program was built is on a disk.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use openwmi::{OpenOptions, Wmi};
use tempfile::TempDir;

/// A new directory.
pub(crate) fn directory() -> Result<TempDir> {
    let beside = program_directory()?;
    tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(&beside)
        .with_context(|| format!("cannot make a directory in {}", beside.display()))
}

/// The directory of this program's file.
pub(crate) fn program_directory() -> Result<PathBuf> {
    let own = env::current_exe().context("the path of this program is unknown")?;
    Ok(own.parent().context("this program has no directory")?.to_owned())
}

/// Opens the repository in `directory`, or makes it, with the classes of this machine.
pub(crate) fn wmi(directory: &Path) -> Result<Wmi> {
    let repository = Some(directory.to_owned());
    Ok(Wmi::open(OpenOptions { repository, ..OpenOptions::default() })?)
}
