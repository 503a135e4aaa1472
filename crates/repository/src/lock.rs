//! The lock file of a repository's directory: who may make, open or replace it when.
//!
//! Every open repository holds the lock shared; making and restoring one take it alone. It is
//! the kernel's (`flock`), so a process that dies lets go of it. LMDB's own locks, which order
//! readers and writers, are another file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::fault::Fault;
use crate::format::LOCK_FILE;

/// How often the lock is tried, and with what pause. Once is not enough: where a process that has
/// let go of it was just starting another one, that one holds it for a moment.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The lock, held until it is dropped.
pub(crate) struct DirectoryLock(File);

impl DirectoryLock {
    /// Makes the directory if need be, and waits for the lock shared.
    pub(crate) fn shared(dir: &Path) -> Result<Self, Fault> {
        let lock = DirectoryLock(lock_file(dir)?);
        flock(&lock.0, FlockOperation::LockShared)?;
        Ok(lock)
    }

    /// Makes the directory if need be, and takes the lock alone, if nobody holds it.
    pub(crate) fn exclusive(dir: &Path) -> Result<Option<Self>, Fault> {
        let lock = DirectoryLock(lock_file(dir)?);
        for _ in 0..ATTEMPTS {
            match flock(&lock.0, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(lock)),
                Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Waits until it holds the lock alone. In between, another may have held it alone.
    pub(crate) fn make_exclusive(&self) -> Result<(), Fault> {
        Ok(flock(&self.0, FlockOperation::LockExclusive)?)
    }

    /// Holds the lock shared again. In between, another may have held it alone.
    pub(crate) fn make_shared(&self) -> Result<(), Fault> {
        Ok(flock(&self.0, FlockOperation::LockShared)?)
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
