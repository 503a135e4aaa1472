//! The rules for every file that `lmdb_check` reads. The input is the file.
//!
//! Reading never panics and is bounded by the length of the file. A file without problems has the
//! same records for LMDB, and for the reader of damaged files.

use std::fs;
use std::io::Write;

use heed::types::Bytes;
use heed::{CommitOrAbort, Env, EnvFlags, EnvOpenOptions, WithoutTls};
use lmdb_check::{Check, Database, Error, MAX_PROBLEMS, Record, Recovery, check_newest};
use tempfile::NamedTempFile;

/// The number of databases that are compared with LMDB's.
const MAX_DATABASES: usize = 8;

/// A record of a tree: the name of the database, none for the main one; key; value.
type Owned = (Option<Vec<u8>>, Vec<u8>, Option<Vec<u8>>);

/// Checks and recovers the file that consists of `data`.
///
/// # Panics
///
/// Where the reader does, or a rule above does not hold.
pub fn lmdb_file(data: &[u8]) {
    let file = in_memory();
    file.as_file().write_all(data).expect("space for a small file");
    let mut records = Vec::new();
    let check = check_newest(file.as_file(), &mut |record| {
        records.extend(owned(record));
        Ok::<(), Error>(())
    });
    is_bounded(data, &records);
    records.sort();
    let (problems, recovered) = recover(&file, data);
    assert!(problems.len() <= MAX_PROBLEMS, "{}", problems.len());
    let Ok(check) = check else { return };
    assert!(check.problems.len() <= MAX_PROBLEMS, "{}", check.problems.len());
    if check.problems.is_empty() {
        assert_eq!(recovered, records, "{problems:?}");
        if let Some(stored) = lmdb(&file, &check) {
            records.retain(|(name, ..)| name.as_ref().is_none_or(|name| is_compared(&check, name)));
            assert_eq!(stored, records);
        }
    }
}

/// The problems that the recovery reports, and the records that it finds in trees.
fn recover(file: &NamedTempFile, data: &[u8]) -> (Vec<String>, Vec<Owned>) {
    let commits = |key: &[u8], value: &[u8]| {
        let count = value.try_into().ok().map(u64::from_le_bytes);
        count.filter(|_| key == b"commits")
    };
    let recovery = Recovery::new(file.as_file(), &commits).expect("the file has a length");
    let (mut records, mut others) = (Vec::new(), Vec::new());
    let read = recovery.read(&mut |record| {
        match owned(record) {
            Some(record) => records.push(record),
            None => others.push((None, record.key.to_vec(), record.value.map(<[u8]>::to_vec))),
        }
        Ok::<(), Error>(())
    });
    is_bounded(data, &records);
    is_bounded(data, &others);
    records.sort();
    (read.expect("a file that was readable before"), records)
}

/// A record of a tree.
fn owned(record: Record<'_>) -> Option<Owned> {
    let name = match record.database {
        Database::Main => None,
        Database::Named(name) => Some(name.to_vec()),
        Database::Unknown => return None,
    };
    Some((name, record.key.to_vec(), record.value.map(<[u8]>::to_vec)))
}

/// No page is read so often that the records become much longer than the file.
fn is_bounded(data: &[u8], records: &[Owned]) {
    let length = |(_, key, value): &Owned| key.len() + value.as_ref().map_or(0, Vec::len);
    let total: usize = records.iter().map(length).sum();
    assert!(total <= 3 * data.len(), "{total} bytes of records in {} bytes", data.len());
}

/// Whether LMDB is asked for the database of this name: its functions take text without NUL.
fn is_compared(check: &Check, name: &[u8]) -> bool {
    let is_text = std::str::from_utf8(name).is_ok_and(|name| !name.contains('\0'));
    is_text && check.databases.iter().take(MAX_DATABASES).any(|listed| listed == name)
}

/// The records as LMDB reads them. `None` where it does not open the file: it maps as many pages as
/// the meta page says there are, however many of them are free and not in the file.
#[allow(unsafe_code)]
fn lmdb(file: &NamedTempFile, check: &Check) -> Option<Vec<Owned>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.max_dbs(MAX_DATABASES as u32);
    // SAFETY: the file is this function's alone, so nothing changes it while it is mapped and no lock
    // is needed. That LMDB stays within the map is what the oracle shows.
    let env = unsafe {
        options.flags(EnvFlags::READ_ONLY | EnvFlags::NO_LOCK | EnvFlags::NO_SUB_DIR);
        options.open(file.path())
    };
    let env = env.ok()?;
    let names = check.databases.iter().filter(|name| is_compared(check, name));
    let names = names.map(|name| std::str::from_utf8(name).ok()).chain([None]);
    let mut all: Vec<Owned> = names.flat_map(|name| stored(&env, name, check)).collect();
    all.sort();
    Some(all)
}

fn stored(env: &Env<WithoutTls>, name: Option<&str>, check: &Check) -> Vec<Owned> {
    let txn = env.read_txn().expect("a sound file");
    let opened = env.open_databases_and_commit(txn, |opener, txn| {
        let database = opener.open_database::<Bytes, Bytes>(txn, name)?;
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(database))
    });
    let database = opened.expect("a sound file").unwrap_commit().expect("a listed database");
    let txn = env.read_txn().expect("a sound file");
    let records = database.iter(&txn).expect("a sound file").map(|it| it.expect("a record"));
    let is_list = |key: &[u8]| name.is_none() && check.databases.iter().any(|listed| listed == key);
    let records = records.filter(|(key, _)| !is_list(key));
    let name = name.map(|name| name.as_bytes().to_vec());
    records.map(|(key, value)| (name.clone(), key.to_vec(), Some(value.to_vec()))).collect()
}

/// A file in memory where the machine has such a directory.
fn in_memory() -> NamedTempFile {
    let shm = std::path::Path::new("/dev/shm");
    match fs::exists(shm) {
        Ok(true) => NamedTempFile::new_in(shm).expect("space for a small file"),
        _ => NamedTempFile::new().expect("space for a small file"),
    }
}
