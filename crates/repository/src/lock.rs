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

use cim::status::WBEM_E_RETRY_LATER;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::fault::Fault;
use crate::format::{DATA_FILE, LOCK_FILE};

/// The pause between two attempts at the lock.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a restore tries. Once is not enough: where a process that has let go of the lock was
/// just starting another one, that one holds it for a moment.
const FEW: u32 = 20;
/// How often a first start tries, while others do the same: for ten seconds.
const MANY: u32 = 1000;

/// The lock, held until it is dropped.
pub(crate) struct DirectoryLock(File);

impl DirectoryLock {
    /// Makes the directory if need be, and waits for the lock shared.
    pub(crate) fn shared(dir: &Path) -> Result<Self, Fault> {
        let lock = DirectoryLock(lock_file(dir)?);
        lock.make_shared()?;
        Ok(lock)
    }

    /// Makes the directory if need be, and takes the lock alone, if nobody holds it.
    pub(crate) fn exclusive(dir: &Path) -> Result<Option<Self>, Fault> {
        let lock = DirectoryLock(lock_file(dir)?);
        Ok(lock.take_alone(FEW)?.then_some(lock))
    }

    /// Holds the lock alone, as soon as nobody else holds it. In between, another may have held
    /// it alone. Errors: `WBEM_E_RETRY_LATER` where somebody keeps it.
    pub(crate) fn make_exclusive(&self) -> Result<(), Fault> {
        match self.take_alone(MANY)? {
            true => Ok(()),
            false => Err(Fault::refused(WBEM_E_RETRY_LATER.with(format!(
                "the repository has no {DATA_FILE}, yet other programs have it open; stop them, and \
                 it is made anew or can be restored"
            )))),
        }
    }

    fn take_alone(&self, attempts: u32) -> Result<bool, Fault> {
        for _ in 0..attempts {
            match flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
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
