//! An open repository: snapshots to read from, transactions to write in.
//!
//! Any number of processes may have one repository open. Readers see the state of the moment
//! at which they began and hold nobody up; writers take turns, those of other processes too.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use cim::status::WBEM_E_INVALID_OPERATION;
use heed::{Env, MdbError, RoTxn, WithoutTls};

use crate::bindings::Bindings;
use crate::create;
use crate::fault::Fault;
use crate::gate::{Gate, Inside, Pass, RESERVED};
use crate::lock::DirectoryLock;
use crate::open::Databases;
use crate::view::{NO_CLASSES, View};
use crate::writer::Writer;

/// A repository that is open. It is closed when this and all snapshots of it are dropped.
pub struct Repository {
    pub(crate) shared: Arc<Shared>,
    /// LMDB lets one transaction of the machine write at a time; within this process they
    /// queue here.
    writing: Mutex<()>,
    /// The thread that is in [`Repository::write`], which must not wait for itself.
    writer: Mutex<Option<ThreadId>>,
}

/// What snapshots keep alive.
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    gate: Arc<Gate>,
    bindings: Bindings,
    /// Held shared as long as the repository is open. Last, so that it is let go last.
    _lock: DirectoryLock,
}

/// The state of the repository at one moment. Short-lived: while it is there, pages that
/// later writes set free are not used again.
pub struct Snapshot {
    // INVARIANT: dropped in this order; the pass is let go when the transaction is over.
    txn: RoTxn<'static, WithoutTls>,
    dbs: Databases,
    shared: Arc<Shared>,
    _pass: Pass,
}

impl Repository {
    /// Opens the repository in the directory `dir`, or makes it there: with the one namespace
    /// root, for the owner alone (mode 0700).
    ///
    /// Errors: `WBEM_E_ACCESS_DENIED` where the directory is another's;
    /// `WBEM_E_DATABASE_VER_MISMATCH` where its format is another version's;
    /// `WBEM_E_CRITICAL_ERROR` where it is damaged; `WBEM_E_OUT_OF_DISK_SPACE`;
    /// `WBEM_E_INVALID_OPERATION` where this process has it open already.
    pub fn create_or_open(dir: impl AsRef<Path>) -> cim::Result<Repository> {
        Repository::create_or_open_with_map(dir, RESERVED)
    }

    /// As [`Repository::create_or_open`], with another size of the map to begin with, in
    /// bytes: a multiple of 64 KiB. It grows as it must; the usual size is chosen so large
    /// that it need not.
    pub fn create_or_open_with_map(
        dir: impl AsRef<Path>,
        map_size: usize,
    ) -> cim::Result<Repository> {
        let dir = dir.as_ref();
        Repository::open(dir, map_size).map_err(|fault| fault.at(dir))
    }

    pub(crate) fn open(dir: &Path, map_size: usize) -> Result<Repository, Fault> {
        let (lock, opened) = create::create_or_open(dir, map_size)?;
        let shared = Shared {
            dir: dir.to_owned(),
            gate: Gate::new(opened),
            bindings: Bindings::default(),
            _lock: lock,
        };
        let (writing, writer) = Default::default();
        Ok(Repository { shared: Arc::new(shared), writing, writer })
    }

    /// The directory it is in.
    pub fn directory(&self) -> &Path {
        &self.shared.dir
    }

    /// The state of now.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY` where too many snapshots are open.
    pub fn read(&self) -> cim::Result<Snapshot> {
        self.snapshot().map_err(|fault| fault.at(&self.shared.dir))
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, Fault> {
        self.shared.snapshot()
    }

    /// Runs `work` on the environment, which stays as it is meanwhile.
    pub(crate) fn with_environment<T>(
        &self,
        work: impl FnOnce(&Env<WithoutTls>) -> heed::Result<T>,
    ) -> Result<T, Fault> {
        let inside = self.shared.gate.enter(&self.shared.dir)?;
        Ok(work(&inside.opened.env)?)
    }

    /// Runs `work` in a transaction and commits it, or drops it all where `work` fails. When
    /// this returns, what was written is on disk.
    ///
    /// Writers of this and of other processes take turns: what `work` waits for, they do.
    ///
    /// Errors: those of `work`; `WBEM_E_OUT_OF_DISK_SPACE`; `WBEM_E_INVALID_OPERATION` where
    /// `work` itself calls this.
    pub fn write<T>(&self, work: impl FnOnce(&mut Writer<'_>) -> cim::Result<T>) -> cim::Result<T> {
        let own = thread::current().id();
        let is_within = *self.writer.lock().unwrap_or_else(PoisonError::into_inner) == Some(own);
        if is_within {
            return Err(WBEM_E_INVALID_OPERATION.with("a transaction is begun within another"));
        }
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _named = Named::new(&self.writer, own);
        let at = |fault: Fault| fault.at(&self.shared.dir);
        let inside = self.shared.enter_to_write().map_err(at)?;
        let txn = inside.opened.env.write_txn().map_err(|error| at(error.into()))?;
        let mut writer = Writer::new(txn, &inside.opened.dbs, &self.shared.dir);
        let done = work(&mut writer)?;
        writer.commit().map_err(at)?;
        Ok(done)
    }
}

/// Names the writing thread until it is dropped.
struct Named<'a>(&'a Mutex<Option<ThreadId>>);

impl<'a> Named<'a> {
    fn new(writer: &'a Mutex<Option<ThreadId>>, thread: ThreadId) -> Self {
        *writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Named(writer)
    }
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Shared {
    fn snapshot(self: &Arc<Self>) -> Result<Snapshot, Fault> {
        loop {
            let Inside { opened, pass } = self.gate.enter(&self.dir)?;
            let (dbs, map_size) = (opened.dbs, opened.env.info().map_size);
            match opened.env.clone().static_read_txn() {
                Ok(txn) => return Ok(Snapshot { txn, dbs, shared: self.clone(), _pass: pass }),
                Err(heed::Error::Mdb(MdbError::MapResized)) => {
                    drop((opened, pass));
                    self.gate.grow(&self.dir, map_size * 2)?;
                }
                Err(heed::Error::Mdb(MdbError::ReadersFull)) => {
                    // What processes that were killed have left behind is not full.
                    if opened.env.clear_stale_readers()? == 0 {
                        return Err(heed::Error::Mdb(MdbError::ReadersFull).into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Enters an environment in whose map there is room to write. Where it cannot be made
    /// because a snapshot stays open, what is left has to do.
    fn enter_to_write(&self) -> Result<Inside, Fault> {
        let inside = self.gate.enter(&self.dir)?;
        // A process that was killed must not keep pages from being used again.
        inside.opened.env.clear_stale_readers()?;
        let info = inside.opened.env.info();
        let used = (info.last_page_number + 1) * inside.opened.page_size();
        if used <= info.map_size / 4 * 3 {
            return Ok(inside);
        }
        drop(inside);
        let grown = self.gate.grow(&self.dir, (info.map_size * 2).max(used * 2));
        let inside = self.gate.enter(&self.dir)?;
        let outgrown = used > inside.opened.env.info().map_size;
        if outgrown { grown.map(|()| inside) } else { Ok(inside) }
    }
}

impl Snapshot {
    /// What it sees.
    pub fn view(&self) -> View<'_> {
        View {
            txn: &self.txn,
            dbs: &self.dbs,
            bindings: &self.shared.bindings,
            dir: &self.shared.dir,
            classes: NO_CLASSES,
        }
    }
}
