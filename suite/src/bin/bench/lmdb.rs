//! LMDB without a repository around it: what storing and finding bytes costs at the least.
//!
//! An environment of its own with one database, opened with LMDB's defaults: durable, read
//! transactions in the thread's own slot. Its entries are those of a repository's database
//! `instances` (FORMAT.md of the crate `repository`), byte for byte.

use std::path::Path;

use anyhow::{Context, Result};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions};

type Entries = Database<'static, Bytes, Bytes>;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// How many entries are copied in one transaction.
const CHUNK: usize = 50_000;

/// LMDB alone.
pub(crate) struct Bare {
    env: Env,
    entries: Entries,
}

impl Bare {
    /// An empty one in `directory`, which is empty.
    pub(crate) fn create(directory: &Path) -> Result<Bare> {
        let env = open(directory)?;
        let created = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            opener.create_database(txn, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        let entries = created?.unwrap_commit();
        Ok(Bare { env, entries })
    }

    /// The value of `key`, read into `value`, whose bytes it replaces; in a transaction of its own.
    pub(crate) fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<()> {
        let txn = self.env.read_txn()?;
        value.clear();
        value.extend_from_slice(self.entries.get(&txn, key)?.context("a key is missing")?);
        Ok(())
    }

    /// Puts an entry; it is on disk when this returns.
    pub(crate) fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        self.entries.put(&mut txn, key, value)?;
        Ok(txn.commit()?)
    }

    fn put_all(&self, entries: &[Entry]) -> Result<()> {
        let mut txn = self.env.write_txn()?;
        for (key, value) in entries {
            self.entries.put(&mut txn, key, value)?;
        }
        Ok(txn.commit()?)
    }
}

/// Copies the instances of the closed repository in `repository` to `to`, and returns the keys in
/// order.
pub(crate) fn copy(repository: &Path, to: &Bare) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    let mut chunk = Vec::with_capacity(CHUNK);
    for_each_instance(repository, |key, value| {
        keys.push(key.to_vec());
        chunk.push((key.to_vec(), value.to_vec()));
        if chunk.len() == CHUNK {
            to.put_all(&chunk)?;
            chunk.clear();
        }
        Ok(())
    })?;
    to.put_all(&chunk)?;
    Ok(keys)
}

/// The entries of the instances of the closed repository in `repository`.
pub(crate) fn entries(repository: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for_each_instance(repository, |key, value| {
        entries.push((key.to_vec(), value.to_vec()));
        Ok(())
    })?;
    Ok(entries)
}

fn for_each_instance(
    repository: &Path,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<()>,
) -> Result<()> {
    let env = open(repository)?;
    let opened = env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
        opener.open_database(txn, Some("instances")).map(CommitOrAbort::<_, ()>::Commit)
    });
    let instances: Option<Entries> = opened?.unwrap_commit();
    let instances = instances.context("the repository has no database of instances")?;
    let txn = env.read_txn()?;
    for entry in instances.iter(&txn)? {
        let (key, value) = entry?;
        each(key, value)?;
    }
    Ok(())
}

#[allow(unsafe_code)]
fn open(directory: &Path) -> Result<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(64 << 30).max_dbs(8);
    // SAFETY: the map is sound as long as the file changes through LMDB alone. Each directory is
    // one that this run of the benchmarks has made for itself, and is opened by it alone.
    Ok(unsafe { options.open(directory) }?)
}
