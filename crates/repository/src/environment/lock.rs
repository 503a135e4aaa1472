//! The lock file of a repository's directory: who may make, open or replace it when.
//!
//! Every open repository holds the lock shared; making, restoring and salvaging one take it alone, and
//! so does the first who opens it, to look whether it is whole. It is
//! the kernel's (`flock`), so a process that dies lets go of it. LMDB's own locks, which order
//! readers and writers, are another file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use cim::status::{WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING, WBEM_E_RETRY_LATER};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::data_file::integrity_mark::{self, MARK};
use crate::error::Fault;
use crate::format::{DATA_FILE, LOCK_FILE};

/// The pause between two attempts at the lock.
const LOCK_RETRY_PAUSE: Duration = Duration::from_millis(10);
/// How often a restore tries. Once is not enough: where a process that has let go of the lock was
/// just starting another one, that one holds it for a moment.
const RESTORE_LOCK_RETRIES: u32 = 20;
/// How often an opener tries, while others do the same: for ten seconds.
const OPEN_LOCK_RETRIES: u32 = 1000;

/// The lock, held until it is dropped.
pub(crate) struct DirectoryLock {
    file: File,
    data: PathBuf,
    /// Whether the repository is open under this lock, so that its data file is to be marked
    /// when it is let go.
    is_open: bool,
}

impl DirectoryLock {
    /// Makes the directory if need be, and takes the lock shared. If nobody holds it, `prepare` is
    /// run first, with the lock held alone and the mark that the data file had.
    /// Errors: those of `prepare`; `WBEM_E_RETRY_LATER` where somebody keeps it.
    pub(crate) fn open(
        dir: &Path,
        prepare: impl Fn(Option<[u8; MARK]>) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let mut lock = DirectoryLock::new(dir)?;
        for _ in 0..OPEN_LOCK_RETRIES {
            if lock.try_alone()? {
                let marked = lock.marked()?;
                lock.wipe()?;
                prepare(marked)?;
                lock.mark()?;
            }
            // In between, another may have held it alone.
            flock(&lock.file, FlockOperation::LockShared)?;
            if lock.marked()?.is_some() {
                lock.is_open = true;
                return Ok(lock);
            }
            // Who held it alone has found damage, or was ended.
            flock(&lock.file, FlockOperation::Unlock)?;
            thread::sleep(LOCK_RETRY_PAUSE);
        }
        let message = "others are opening the repository and do not come to an end; try again";
        Err(Fault::refused(WBEM_E_RETRY_LATER.with(message)))
    }

    /// The lock alone. The data file will be looked at by who opens it next.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where somebody holds it.
    pub(crate) fn alone(dir: &Path) -> cim::Result<Self> {
        let lock = DirectoryLock::exclusive(dir).map_err(|fault| fault.at(dir))?;
        lock.ok_or_else(|| {
            WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING.with(format!(
                "the repository {} is in use; stop every program that has it open",
                dir.display()
            ))
        })
    }

    fn exclusive(dir: &Path) -> Result<Option<Self>, Fault> {
        let lock = DirectoryLock::new(dir)?;
        for _ in 0..RESTORE_LOCK_RETRIES {
            if lock.try_alone()? {
                lock.wipe()?;
                return Ok(Some(lock));
            }
            thread::sleep(LOCK_RETRY_PAUSE);
        }
        Ok(None)
    }

    fn new(dir: &Path) -> Result<Self, Fault> {
        let file = lock_file(dir)?;
        Ok(DirectoryLock { file, data: dir.canonicalize()?.join(DATA_FILE), is_open: false })
    }

    fn try_alone(&self) -> Result<bool, Fault> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn marked(&self) -> Result<Option<[u8; MARK]>, Fault> {
        let mut mark = [0; MARK];
        Ok((self.file.read_at(&mut mark, 0)? == MARK).then_some(mark))
    }

    fn wipe(&self) -> Result<(), Fault> {
        Ok(self.file.set_len(0)?)
    }

    fn mark(&self) -> Result<(), Fault> {
        Ok(self.file.write_all_at(&integrity_mark::mark(&self.data)?, 0)?)
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        if self.is_open {
            // Without a mark, the next who opens it looks at the whole file.
            let _ = self.mark();
        }
    }
}

fn lock_file(dir: &Path) -> Result<File, Fault> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    Ok(options.open(dir.join(LOCK_FILE))?)
}

/// Writes a directory's entries to disk, so that a rename in it lasts.
pub(crate) fn sync_directory(dir: &Path) -> Result<(), Fault> {
    Ok(File::open(dir)?.sync_all()?)
}
