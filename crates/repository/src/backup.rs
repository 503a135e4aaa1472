//! Copies a repository while it is in use, and restores it from a copy while it is not.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
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
    /// can read it (mode 0600). Links are followed.
    /// Errors: `WBEM_E_OUT_OF_DISK_SPACE`; `WBEM_E_ACCESS_DENIED`; `WBEM_E_NOT_FOUND` where the
    /// directory of `to` does not exist; `WBEM_E_INVALID_PARAMETER` where `to` has no file name, is
    /// in the repository's own directory, exists and is no regular file, or is a link that leads
    /// nowhere.
    pub fn backup(&self, to: impl AsRef<Path>) -> cim::Result<()> {
        let to = &file_to_write(to.as_ref())?;
        let temporary = self.temporary_for(to)?;
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

    /// Writes a copy of the current state to an open file or pipe, while others read and write.
    /// Errors: `WBEM_E_OUT_OF_DISK_SPACE`, `WBEM_E_FAILED` where it cannot be written.
    pub fn backup_to(&self, file: &mut File) -> cim::Result<()> {
        let copied = self.with_environment(|env| env.copy_to_file(file, CompactionOption::Enabled));
        copied.map_err(|fault| fault.at(self.directory()))
    }

    fn copy_to(&self, file: &Path) -> Result<(), Fault> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(file)?;
        self.with_environment(|env| env.copy_to_file(&mut file, CompactionOption::Enabled))?;
        Ok(file.sync_all()?)
    }

    /// The name of the temporary file that is renamed to `to`.
    fn temporary_for(&self, to: &Path) -> cim::Result<PathBuf> {
        let name = to.file_name().ok_or_else(|| refused(to, "it has no file name"))?;
        if directory_of(to).canonicalize().is_ok_and(|directory| directory == self.directory()) {
            return Err(refused(to, "it is in the repository's own directory"));
        }
        let mut name = name.to_owned();
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
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::rename(new.join(DATA_FILE), dir.join(DATA_FILE))?;
    sync_directory(dir)
}

/// The file that `to` names, links followed. It need not exist.
/// Errors: `WBEM_E_INVALID_PARAMETER` where it is no regular file, which a copy must not replace.
fn file_to_write(to: &Path) -> cim::Result<PathBuf> {
    let file = match to.canonicalize() {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return match to.is_symlink() {
                true => Err(refused(to, "it is a link to a file that does not exist")),
                false => Ok(to.to_owned()),
            };
        }
        Err(error) => return Err(Fault::from(error).at(to)),
    };
    let kind = fs::metadata(&file).map_err(|error| Fault::from(error).at(to))?.file_type();
    match () {
        () if kind.is_file() => Ok(file),
        () if kind.is_dir() => Err(refused(to, "it is a directory")),
        () if kind.is_fifo() => Err(refused(to, "it is a named pipe")),
        () if kind.is_socket() => Err(refused(to, "it is a socket")),
        () => Err(refused(to, "it is a device")),
    }
}

fn refused(to: &Path, why: &str) -> cim::Error {
    let to = to.display();
    WBEM_E_INVALID_PARAMETER.with(format!("cannot write a backup to {to}: {why}"))
}

fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
