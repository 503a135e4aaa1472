//! The lock file of a repository's directory: when a process may create, open or replace the data
//! file.
//!
//! Every open repository holds the lock shared. Creating, restoring and salvaging take it
//! exclusively, and so does the first process that opens the repository, to validate the data
//! file. It is a kernel lock (`flock`), which is released when its process ends. LMDB's own locks,
//! which order readers and writers, are in another file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
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
/// The number of attempts to take the lock exclusively. One is not enough: a process that has
/// closed the repository may have started another one, which holds the inherited lock until it
/// executes its program.
const RESTORE_LOCK_RETRIES: u32 = 20;
/// The number of attempts to open, while other processes open as well: ten seconds.
const OPEN_LOCK_RETRIES: u32 = 1000;

/// The lock, held until it is dropped.
pub(crate) struct DirectoryLock {
    file: File,
    data: PathBuf,
    /// Whether the repository is open under this lock, so that the integrity mark is written when
    /// the lock is released.
    is_open: bool,
}

impl DirectoryLock {
    /// Creates the directory if it does not exist, and takes the lock shared. If no other process
    /// holds it, `prepare` runs first, under the exclusive lock; its argument is the integrity mark.
    /// Errors: those of `prepare`; `WBEM_E_RETRY_LATER` where another process keeps the lock.
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
            // In between, another process may have taken it exclusively.
            flock(&lock.file, FlockOperation::LockShared)?;
            if lock.marked()?.is_some() {
                lock.is_open = true;
                return Ok(lock);
            }
            // The process that held it exclusively found damage, or was ended.
            flock(&lock.file, FlockOperation::Unlock)?;
            thread::sleep(LOCK_RETRY_PAUSE);
        }
        let message = "timed out waiting for another process to open the repository; try again";
        Err(Fault::refused(WBEM_E_RETRY_LATER.with(message)))
    }

    /// Takes the lock exclusively. The next process that opens the repository validates the data
    /// file. Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where another process holds the lock.
    pub(crate) fn alone(dir: &Path) -> cim::Result<Self> {
        let lock = DirectoryLock::exclusive(dir).map_err(|fault| fault.at(dir))?;
        lock.ok_or_else(|| {
            let dir_shown = dir.display();
            let message = match holders(dir).join(", ") {
                programs if programs.is_empty() => format!(
                    "the repository {dir_shown} is in use; stop all programs that have it open"
                ),
                programs => {
                    format!("the repository {dir_shown} is in use by {programs}; stop them")
                }
            };
            WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING.with(message)
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
            // Without a mark, the next process that opens it validates the whole file.
            let _ = self.mark();
        }
    }
}

/// The programs that hold the lock, as far as this one may see them: name and process id.
fn holders(dir: &Path) -> Vec<String> {
    let inode = lock_file(dir).and_then(|file| Ok(file.metadata()?.ino())).ok();
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    let holder = |line: &str| {
        // `1: FLOCK  ADVISORY  READ 4711 fd:01:1234 0 EOF`; a lock that is waited for begins with ->.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, process, file, ..] = fields[..] else { return None };
        let is_it = file.rsplit(':').next()?.parse().ok() == inode;
        let name = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
        is_it.then(|| format!("{} ({process})", name.trim_end()))
    };
    let mut holders: Vec<String> = locks.lines().filter_map(holder).collect();
    holders.sort();
    holders.dedup();
    holders
}

fn lock_file(dir: &Path) -> Result<File, Fault> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    Ok(options.open(dir.join(LOCK_FILE))?)
}

/// Writes a directory's entries to disk, so that a rename in it is durable.
pub(crate) fn sync_directory(dir: &Path) -> Result<(), Fault> {
    Ok(File::open(dir)?.sync_all()?)
}
