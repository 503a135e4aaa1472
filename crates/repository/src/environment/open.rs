//! Opens LMDB's environment: the one place of this crate with `unsafe`.
//!
//! Takes a directory and returns an environment and its databases. The data file has been
//! validated before ([`crate::data_file`]), under the directory's lock
//! ([`crate::environment::lock`]).

use std::fs;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, WithoutTls};
use rustix::io::FdFlags;

use crate::environment::entries::Entries;
use crate::environment::hashed_keys::HashedKeys;
use crate::error::Fault;
use crate::format::{DATA_FILE, DATABASES};

/// The maximum number of open snapshots in all processes together.
const MAX_READERS: u32 = 1024;

/// The space that a map has beyond the file, in bytes.
const SPARE: u64 = 64 << 20;

/// An open environment and its databases. Clones share it.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) env: Env<WithoutTls>,
    pub(crate) dbs: Databases,
}

/// The databases of FORMAT.md.
#[derive(Clone, Copy)]
pub(crate) struct Databases {
    /// The database without a name, for its entry with the number of commits.
    pub(crate) commits: Entries,
    pub(crate) meta: Entries,
    pub(crate) namespaces: HashedKeys,
    pub(crate) classes: HashedKeys,
    pub(crate) definitions: Entries,
    pub(crate) layouts: Entries,
    pub(crate) instances: HashedKeys,
    pub(crate) locator: HashedKeys,
    pub(crate) references: HashedKeys,
}

/// Opens the environment in `dir` with a map of `map_size` bytes, a multiple of a page.
/// The file has been validated. Errors: a database is missing.
pub(crate) fn open(dir: &Path, map_size: usize) -> Result<Opened, Fault> {
    let env = open_env(dir, map_size)?;
    let dbs =
        open_databases(&env)?.ok_or_else(|| Fault::damaged("the LMDB file is not a repository"))?;
    Ok(Opened { env, dbs })
}

/// The size of a map with space for twice the content of a file of `length` bytes.
pub(crate) fn map_for(length: u64) -> usize {
    let wanted = length.saturating_mul(2).saturating_add(SPARE).next_multiple_of(SPARE);
    usize::try_from(wanted).unwrap_or(usize::MAX)
}

/// Creates an environment in `dir`, which is empty.
pub(crate) fn create(dir: &Path, map_size: usize) -> Result<Opened, Fault> {
    let env = open_env(dir, map_size)?;
    let dbs = create_databases(&env)?;
    Ok(Opened { env, dbs })
}

/// No flag is ever set: neither of those that give up durability (`NO_SYNC`, `NO_META_SYNC`,
/// `WRITE_MAP` with `MAP_ASYNC`) nor `NO_LOCK`.
#[allow(unsafe_code)]
fn open_env(dir: &Path, map_size: usize) -> Result<Env<WithoutTls>, Fault> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_size).max_readers(MAX_READERS).max_dbs(DATABASES.len() as u32);
    // SAFETY: the map is sound as long as only LMDB changes the file. Only its owner has access to
    // the directory (mode 0700), every process that opens it uses LMDB's locks (no NO_LOCK), the
    // file is never truncated (a restore renames another file into its place, and only while no
    // process has it open), and the process that opened it first validated its pages.
    let env = unsafe { options.open(dir) }?;
    close_on_exec(&dir.join(DATA_FILE))?;
    Ok(env)
}

/// Keeps the descriptors of the data file from programs that this process starts. LMDB opens its lock
/// file so, but not the data file, and has no option for it.
#[allow(unsafe_code)]
fn close_on_exec(file: &Path) -> Result<(), Fault> {
    let data = fs::metadata(file)?;
    // Where /proc is not mounted, the descriptors cannot be found.
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // The descriptor of the directory itself is closed, and others may be by now.
        let Ok(opened) = fs::metadata(entry.path()) else { continue };
        if (opened.dev(), opened.ino()) == (data.dev(), data.ino()) {
            // SAFETY: it is a descriptor of the data file, which only this environment opens: it
            // stays open as long as the environment, and so beyond this statement.
            let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
            rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC).map_err(std::io::Error::from)?;
        }
    }
    Ok(())
}

fn open_databases(env: &Env<WithoutTls>) -> Result<Option<Databases>, Fault> {
    let opened = env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
        let mut found = Vec::with_capacity(ALL);
        for name in names() {
            match opener.open_database(txn, name)? {
                Some(database) => found.push(database),
                None => return Ok(CommitOrAbort::Abort(())),
            }
        }
        let found: [Database<'_, Bytes, Bytes>; ALL] =
            found.try_into().unwrap_or_else(|_| unreachable!("one a name"));
        Ok::<_, heed::Error>(CommitOrAbort::Commit(found))
    })?;
    Ok(match opened {
        CommitOrAbort::Commit(found) => Some(named(found)),
        CommitOrAbort::Abort(()) => None,
    })
}

fn create_databases(env: &Env<WithoutTls>) -> Result<Databases, Fault> {
    let created = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
        let mut made = Vec::with_capacity(ALL);
        for name in names() {
            made.push(opener.create_database(txn, name)?);
        }
        let made: [Database<'_, Bytes, Bytes>; ALL] =
            made.try_into().unwrap_or_else(|_| unreachable!("one a name"));
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(made))
    })?;
    Ok(named(created.unwrap_commit()))
}

/// The named databases, and the one without a name that lists them.
const ALL: usize = DATABASES.len() + 1;

/// Their names, in the order of their numbers.
fn names() -> impl Iterator<Item = Option<&'static str>> {
    DATABASES.into_iter().map(Some).chain([None])
}

fn named(databases: [Database<'static, Bytes, Bytes>; ALL]) -> Databases {
    let mut number = 0;
    let [meta, namespaces, classes, definitions, layouts, instances, locator, references, commits] =
        databases.map(|database| {
            number += 1;
            Entries::new(database, number - 1)
        });
    Databases {
        commits,
        meta,
        namespaces: HashedKeys(namespaces),
        classes: HashedKeys(classes),
        definitions,
        layouts,
        instances: HashedKeys(instances),
        locator: HashedKeys(locator),
        references: HashedKeys(references),
    }
}

impl Opened {
    /// The size of a page of the file, in bytes.
    pub(crate) fn page_size(&self) -> usize {
        self.env.unnamed_database_stat().page_size as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heed::EnvFlags;

    #[test]
    fn no_flag_that_gives_up_durability_or_locks_is_set() {
        let dir = tempfile::tempdir().unwrap();
        let opened = create(dir.path(), 1 << 20).unwrap();
        let flags = EnvFlags::from_bits_retain(opened.env.get_flags().unwrap());
        let forbidden = EnvFlags::NO_SYNC
            | EnvFlags::NO_META_SYNC
            | EnvFlags::WRITE_MAP
            | EnvFlags::MAP_ASYNC
            | EnvFlags::NO_LOCK;
        assert!(!flags.intersects(forbidden), "{flags:?}");
    }
}
