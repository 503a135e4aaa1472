//! An open repository: snapshots to read from, transactions to write in.
//!
//! Any number of processes may have one repository open. A reader sees the state at the moment at
//! which it began, and blocks no one. Writers of all processes wait for each other.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use cim::status::{WBEM_E_CRITICAL_ERROR, WBEM_E_INVALID_OPERATION, WBEM_E_OUT_OF_DISK_SPACE};
use heed::{Env, MdbError, RoTxn, WithoutTls};
use parking_lot::Mutex;

use crate::create;
use crate::encoding::object::NO_CLASSES;
use crate::environment::disk_space;
use crate::environment::lock::DirectoryLock;
use crate::environment::resize::{EnvironmentGuard, INITIAL_MAP_SIZE, ResizableEnvironment};
use crate::error::Fault;
use crate::format::DATA_FILE;
use crate::transaction::bindings::Bindings;
use crate::transaction::view::View;
use crate::transaction::writer::Writer;

/// Sizes of maps are multiples of this: the largest page a kernel may have.
const MAP_STEP: usize = 64 << 10;

/// An open repository. It is closed when this and all its snapshots are dropped.
pub struct Repository {
    shared: Arc<Shared>,
    /// LMDB allows one write transaction at a time on the machine; those of this process wait
    /// here.
    writing: Mutex<()>,
    /// The thread that runs [`Repository::write`], which must not wait for itself.
    writer: Mutex<Option<ThreadId>>,
}

/// What snapshots keep alive.
struct Shared {
    pub(crate) dir: PathBuf,
    /// Device and inode of the data file.
    data: (u64, u64),
    environment: Arc<ResizableEnvironment>,
    bindings: Bindings,
    /// Held shared as long as the repository is open. Released after what is above.
    _lock: DirectoryLock,
    /// What [`Repository::keeping`] was given. Last, so that it is dropped last.
    _kept: Option<Box<dyn Send + Sync>>,
}

/// The state of the repository at one moment. Keep it short: while it exists, the pages that
/// later writes free are not reused and the file grows; and there is a maximum number of them.
pub struct Snapshot {
    // INVARIANT: dropped in this order; the transaction ends before its environment is released.
    txn: RoTxn<'static, WithoutTls>,
    inside: EnvironmentGuard,
    shared: Arc<Shared>,
}

impl Repository {
    /// Opens the repository in the directory `dir`. Where there is none, creates one with the
    /// namespace root, to which only the owner has access (mode 0700).
    ///
    /// Errors: `WBEM_E_ACCESS_DENIED` where the directory belongs to another user;
    /// `WBEM_E_DATABASE_VER_MISMATCH` where the repository has another format version;
    /// `WBEM_E_CRITICAL_ERROR` where it is damaged; `WBEM_E_OUT_OF_DISK_SPACE`;
    /// `WBEM_E_INVALID_OPERATION` where this process has it open already.
    pub fn create_or_open(dir: impl AsRef<Path>) -> cim::Result<Repository> {
        Repository::create_or_open_with_map(dir, INITIAL_MAP_SIZE)
    }

    /// As [`Repository::create_or_open`], with another initial size of the map, in bytes: a
    /// multiple of 64 KiB. The map grows when needed; with the default size it practically never
    /// does.
    pub fn create_or_open_with_map(
        dir: impl AsRef<Path>,
        map_size: usize,
    ) -> cim::Result<Repository> {
        let dir = dir.as_ref();
        Repository::open(dir, map_size).map_err(|fault| fault.at(dir))
    }

    pub(crate) fn open(dir: &Path, map_size: usize) -> Result<Repository, Fault> {
        let (lock, opened) = create::create_or_open(dir, map_size)?;
        // The working directory may have changed when the file is opened again.
        let dir = dir.canonicalize()?;
        let shared = Shared {
            data: identity(&fs::metadata(dir.join(DATA_FILE))?),
            dir,
            environment: ResizableEnvironment::new(opened),
            bindings: Bindings::default(),
            _lock: lock,
            _kept: None,
        };
        let (writing, writer) = Default::default();
        Ok(Repository { shared: Arc::new(shared), writing, writer })
    }

    /// The same repository, which keeps `kept` until it is closed: a temporary directory that it is
    /// in, for example.
    pub fn keeping(mut self, kept: impl Send + Sync + 'static) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared._kept = Some(Box::new(kept));
        }
        self
    }

    /// The repository's directory, without symbolic links.
    pub fn directory(&self) -> &Path {
        &self.shared.dir
    }

    /// Whether there is a repository in `dir`.
    pub fn exists(dir: impl AsRef<Path>) -> bool {
        dir.as_ref().join(DATA_FILE).exists()
    }

    /// A snapshot of the current state.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY` where too many snapshots are open.
    pub fn read(&self) -> cim::Result<Snapshot> {
        self.snapshot().map_err(|fault| fault.at(&self.shared.dir))
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, Fault> {
        self.shared.snapshot()
    }

    /// Runs `work` on the environment, which is not replaced meanwhile.
    pub(crate) fn with_environment<T>(
        &self,
        work: impl FnOnce(&Env<WithoutTls>) -> heed::Result<T>,
    ) -> Result<T, Fault> {
        let inside = self.shared.environment.enter(&self.shared.dir)?;
        Ok(work(&inside.opened.env)?)
    }

    /// Runs `work` in a transaction and commits it, or discards it where `work` fails. When this
    /// returns, what was written is on disk.
    ///
    /// Other writers of this and of other processes wait until `work` returns.
    ///
    /// Errors: those of `work`; `WBEM_E_OUT_OF_DISK_SPACE`; `WBEM_E_INVALID_OPERATION` where
    /// `work` itself calls this; `WBEM_E_CRITICAL_ERROR` where the data file was removed or replaced.
    pub fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> cim::Result<T>) -> cim::Result<T> {
        self.write_then(work, |_| ())
    }

    /// As [`Repository::write`], and runs `committed` once the transaction is on disk, before the
    /// next writer of this process begins: what it does of several transactions is done in the order
    /// of their commits. It must be short, and must not write.
    pub fn write_then<T>(
        &self,
        work: impl FnOnce(&mut Writer<'_>) -> cim::Result<T>,
        committed: impl FnOnce(&T),
    ) -> cim::Result<T> {
        let own = thread::current().id();
        let is_within = *self.writer.lock() == Some(own);
        if is_within {
            return Err(WBEM_E_INVALID_OPERATION
                .with("a write transaction cannot begin within another one"));
        }
        let _turn = self.writing.lock();
        let _named = Named::new(&self.writer, own);
        let at = |fault: Fault| fault.at(&self.shared.dir);
        loop {
            let (inside, refusal) = self.shared.enter_to_write().map_err(at)?;
            let txn = match inside.opened.env.write_txn() {
                Ok(txn) => txn,
                // While this one waited, another process wrote past this process's map.
                Err(heed::Error::Mdb(MdbError::MapResized)) => continue,
                Err(error) => return Err(at(error.into())),
            };
            let mut writer = Writer::new(txn, &inside.opened.dbs, &self.shared.dir);
            let done = work(&mut writer).and_then(|done| {
                self.shared.check_in_place().map_err(at)?;
                writer.commit().map_err(|fault| at(disk_space::reason(fault, &self.shared.dir)))?;
                committed(&done);
                Ok(done)
            });
            return done.map_err(|error| match refusal {
                // A larger map would have had space: the reason why it did not grow is the error.
                Some(refusal) if error.status() == WBEM_E_OUT_OF_DISK_SPACE => at(refusal),
                _ => error,
            });
        }
    }
}

/// Records the writing thread until it is dropped.
struct Named<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Named<'a> {
    fn new(writer: &'a Mutex<Option<ThreadId>>, thread: ThreadId) -> Self {
        *writer.lock() = Some(thread);
        Named(writer)
    }
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Shared {
    /// Checks that the data file is still the one that is open: what is written to a file without a
    /// name is lost.
    fn check_in_place(&self) -> Result<(), Fault> {
        let there = fs::metadata(self.dir.join(DATA_FILE)).ok();
        if there.is_some_and(|there| identity(&there) == self.data) {
            return Ok(());
        }
        Err(Fault::refused(WBEM_E_CRITICAL_ERROR.with(format!(
            "{DATA_FILE} was removed or replaced while this program had it open, and nothing was \
             written; restart the program"
        ))))
    }

    fn snapshot(self: &Arc<Self>) -> Result<Snapshot, Fault> {
        loop {
            let inside = self.environment.enter(&self.dir)?;
            match inside.opened.env.clone().static_read_txn() {
                Ok(txn) => return Ok(Snapshot { txn, inside, shared: self.clone() }),
                Err(heed::Error::Mdb(MdbError::MapResized)) => {
                    let map_size = inside.opened.env.info().map_size;
                    drop(inside);
                    self.environment.grow(&self.dir, map_size * 2)?;
                }
                Err(heed::Error::Mdb(MdbError::ReadersFull)) => {
                    // Readers of processes that were killed do not count.
                    if inside.opened.env.clear_stale_readers()? == 0 {
                        return Err(heed::Error::Mdb(MdbError::ReadersFull).into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Enters an environment whose map has space to write. Where the map cannot grow, the space
    /// left is used, and the reason is returned as well.
    fn enter_to_write(&self) -> Result<(EnvironmentGuard, Option<Fault>), Fault> {
        let inside = self.environment.enter(&self.dir)?;
        // A process that was killed must not prevent pages from being reused.
        inside.opened.env.clear_stale_readers()?;
        let info = inside.opened.env.info();
        let used = (info.last_page_number + 1) * inside.opened.page_size();
        if used <= info.map_size / 4 * 3 {
            return Ok((inside, None));
        }
        drop(inside);
        let wanted = (info.map_size * 2).max(used.next_multiple_of(MAP_STEP) * 2);
        let grown = self.environment.grow(&self.dir, wanted);
        let inside = self.environment.enter(&self.dir)?;
        match grown {
            // Another process wrote past this process's map: there is no space at all.
            Err(refusal) if used > inside.opened.env.info().map_size => Err(refusal),
            grown => Ok((inside, grown.err())),
        }
    }
}

impl Snapshot {
    /// The namespaces, classes and instances of this state.
    pub fn view(&self) -> View<'_> {
        View {
            txn: &self.txn,
            dbs: &self.inside.opened.dbs,
            bindings: &self.shared.bindings,
            dir: &self.shared.dir,
            classes: NO_CLASSES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_RETRY_LATER, WBEM_E_SERVER_TOO_BUSY};

    #[test]
    fn a_map_that_cannot_grow_reports_why_and_grows_later() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::create_or_open_with_map(dir.path(), 1 << 20).unwrap();
        let note = "x".repeat(100_000);
        let put = |n: usize| repository.write(|w| w.put_meta(&n.to_string(), Some(&note)));
        let snapshot = repository.read().unwrap();
        // After the timeout new snapshots are possible again, although the first one is still open.
        let refused = (0..20).find_map(|n| put(n).err()).unwrap();
        assert_eq!(refused.status(), WBEM_E_RETRY_LATER);
        assert_eq!(repository.read().unwrap().view().meta("0").unwrap().unwrap(), note);
        assert_eq!(snapshot.view().meta("0").unwrap(), None);
        drop(snapshot);
        (0..20).for_each(|n| put(n).unwrap());
    }

    #[test]
    fn a_transaction_that_is_too_large_is_refused_and_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::create_or_open_with_map(dir.path(), 1 << 20).unwrap();
        let put = repository.write(|w| w.put_meta("x", Some(&"x".repeat(4 << 20))));
        assert_eq!(put.unwrap_err().status(), WBEM_E_OUT_OF_DISK_SPACE);
        assert_eq!(repository.read().unwrap().view().meta("x").unwrap(), None);
        repository.write(|w| w.put_meta("x", Some("y"))).unwrap();
    }

    #[test]
    fn snapshots_past_the_limit_are_refused_until_others_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::create_or_open(dir.path()).unwrap();
        let mut snapshots = Vec::new();
        let refused = loop {
            match repository.read() {
                Ok(snapshot) => snapshots.push(snapshot),
                Err(error) => break error,
            }
        };
        assert_eq!((refused.status(), snapshots.len()), (WBEM_E_SERVER_TOO_BUSY, 1024));
        snapshots.pop();
        repository.read().unwrap();
    }

    #[test]
    fn they_can_be_sent_to_other_threads() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        is_send::<Snapshot>();
        is_send::<Repository>();
        is_sync::<Repository>();
    }

    #[test]
    fn a_process_opens_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let first = Repository::create_or_open(dir.path()).unwrap();
        let second = Repository::create_or_open(dir.path()).err().unwrap();
        assert_eq!(second.status(), WBEM_E_INVALID_OPERATION);
        drop(first);
        Repository::create_or_open(dir.path()).unwrap();
    }
}
