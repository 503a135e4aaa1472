//! Copies a repository while it is in use, and restores it from a copy while it is not.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cim::status::*;
use heed::CompactionOption;

use crate::create::new_directory;
use crate::environment::lock::{DirectoryLock, sync_directory};
use crate::environment::resize::INITIAL_MAP_SIZE;
use crate::error::Fault;
use crate::format::{DATA_FILE, LMDB_LOCK_FILE};
use crate::repository::Repository;
use crate::verify::Verification;

impl Repository {
    /// Writes a copy of the current state to the file `to`, while others read and write. The copy
    /// is compact; it replaces a file of that name when it is complete and on disk. Only the owner
    /// can read it (mode 0600).
    /// Errors: `WBEM_E_OUT_OF_DISK_SPACE`; `WBEM_E_ACCESS_DENIED`; `WBEM_E_NOT_FOUND` where the
    /// directory of `to` does not exist; `WBEM_E_INVALID_PARAMETER` where `to` has no file name or
    /// is in the repository's own directory.
    pub fn backup(&self, to: impl AsRef<Path>) -> cim::Result<()> {
        let to = to.as_ref();
        let temporary = self.beside(to)?;
        let copied = self.copy_to(&temporary).and_then(|()| {
            fs::rename(&temporary, to)?;
            sync_directory(directory_of(to))
        });
        copied.map_err(|fault| {
            // The caller gets the error of the copy, not one of the cleanup.
            let _ = fs::remove_file(&temporary);
            fault.at(to)
        })
    }

    fn copy_to(&self, file: &Path) -> Result<(), Fault> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(file)?;
        self.with_environment(|env| env.copy_to_file(&mut file, CompactionOption::Enabled))?;
        Ok(file.sync_all()?)
    }

    /// The name of the temporary file that is renamed to `to`.
    fn beside(&self, to: &Path) -> cim::Result<PathBuf> {
        let refused = |why| {
            let to = to.display();
            WBEM_E_INVALID_PARAMETER.with(format!("cannot write a backup to {to}: {why}"))
        };
        let mut name = to.file_name().ok_or_else(|| refused("it has no file name"))?.to_owned();
        if directory_of(to).canonicalize().is_ok_and(|directory| directory == self.directory()) {
            return Err(refused("it is in the repository's own directory"));
        }
        name.push(format!(".{}.partial", std::process::id()));
        Ok(to.with_file_name(name))
    }

    /// Replaces the repository in `dir` by the copy in the file `from`. No process may have the
    /// repository open. The copy is verified first, and replaces the old data file in one step;
    /// where this fails, nothing has changed. Returns what the copy contains.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where a process has the repository open;
    /// `WBEM_E_INVALID_OBJECT` where the copy is damaged; `WBEM_E_DATABASE_VER_MISMATCH` where it
    /// has another format version; `WBEM_E_NOT_FOUND`; `WBEM_E_OUT_OF_DISK_SPACE`.
    pub fn restore(from: impl AsRef<Path>, dir: impl AsRef<Path>) -> cim::Result<Verification> {
        let (from, dir) = (from.as_ref(), dir.as_ref());
        let mut copy = File::open(from).map_err(|error| Fault::from(error).at(from))?;
        let _lock = DirectoryLock::alone(dir)?;
        let new = new_directory(dir).map_err(|fault| fault.at(dir))?;
        let restored = copy_in(&mut copy, &new)
            .map_err(|fault| fault.at(dir))
            .and_then(|()| verified(&new, from))
            .and_then(|found| put_in_place(&new, dir).map_err(|f| f.at(dir)).map(|()| found));
        // As above; after a success it contains only LMDB's lock file.
        let _ = fs::remove_dir_all(&new);
        restored
    }
}

fn copy_in(from: &mut File, new: &Path) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    let path = new.join(DATA_FILE);
    let mut to = options.write(true).create_new(true).mode(0o600).open(path)?;
    std::io::copy(from, &mut to)?;
    Ok(to.sync_all()?)
}

/// What the copy contains, if it is valid.
fn verified(new: &Path, from: &Path) -> cim::Result<Verification> {
    let refused = |why: &str| {
        WBEM_E_INVALID_OBJECT.with(format!("the backup {} is damaged: {why}", from.display()))
    };
    let found = Repository::open(new, INITIAL_MAP_SIZE).and_then(|copy| copy.look());
    let found = found.map_err(|fault| match fault.damage() {
        Some(damage) => refused(&damage),
        None => fault.at(from),
    })?;
    match found.problems.first() {
        Some(first) => Err(refused(first)),
        None => Ok(found),
    }
}

/// Moves the data file in `new` to `dir`.
pub(crate) fn put_in_place(new: &Path, dir: &Path) -> Result<(), Fault> {
    // LMDB's lock file belongs to the old data file; no process has it open.
    match fs::remove_file(dir.join(LMDB_LOCK_FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::rename(new.join(DATA_FILE), dir.join(DATA_FILE))?;
    sync_directory(dir)
}

fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
