//! The data file as a file: validates its pages and the checksums of its entries without LMDB.
//!
//! Pages and trees are read by [`lmdb_check`]; here each record becomes an [`Entry`] of one of
//! FORMAT.md's databases. The first process that opens a repository has the
//! file validated.

use std::fs::File;
use std::path::Path;

use lmdb_check::{Check, Database, Record};

use super::integrity_mark::{self, MARK};
use crate::encoding::checksum;
use crate::error::Fault;
use crate::format::{COMMITS, DATABASES, LIST, META, META_FORMAT, number};

/// The length in bytes up to which a file is validated whatever its mark: that takes a few
/// milliseconds.
const SMALL: u64 = 2 << 20;
/// The number of problems after which further ones are not reported.
const MAX_PROBLEMS: usize = lmdb_check::MAX_PROBLEMS;

/// The result of a check.
pub(crate) struct Checked {
    /// The number of pages in use.
    pub(crate) pages: u64,
    pub(crate) problems: Vec<String>,
}

/// An entry that was read from the file.
pub(crate) enum Entry<'a> {
    /// An entry of the database of this number: its key, and its value without the checksum.
    Valid(u8, &'a [u8], &'a [u8]),
    /// An entry whose checksum is wrong: the number of its database, if that is known, and its
    /// key, which may be wrong too.
    Corrupt(Option<u8>, &'a [u8]),
}

/// Validates the version of the file that the transaction with this id wrote. The caller has a
/// read transaction of that id open. Returns `None` where later commits have overwritten the meta
/// page of that version.
pub(crate) fn check_version(file: &File, version: usize) -> Result<Option<Checked>, Fault> {
    let mut problems = Vec::new();
    let check = lmdb_check::check_version(file, version as u64, &mut |record| {
        report(&mut problems, &record, &entry(&record)?);
        Ok::<(), Fault>(())
    });
    Ok(check?.map(|check| checked(check, problems)))
}

/// Validates the newest version of a file that no process has open.
pub(crate) fn check_newest(file: &File) -> Result<Checked, Fault> {
    let mut problems = Vec::new();
    let check = lmdb_check::check_newest(file, &mut |record| {
        report(&mut problems, &record, &entry(&record)?);
        Ok::<(), Fault>(())
    });
    Ok(checked(check?, problems))
}

fn checked(check: Check, of_entries: Vec<String>) -> Checked {
    let unknown = check.databases.iter().filter(|name| number(name).is_none());
    let unknown = unknown.map(|name| format!("unknown database \"{}\"", name.escape_ascii()));
    let problems = check.problems.into_iter().chain(unknown).chain(of_entries);
    Checked { pages: check.pages, problems: problems.take(MAX_PROBLEMS).collect() }
}

/// Validates a data file that no process has open, unless it is large and `mark`, its integrity
/// mark, fits. Errors: the first problem; the file has another format.
pub(crate) fn validate_unless_marked(data: &Path, mark: Option<[u8; MARK]>) -> Result<(), Fault> {
    let file = File::open(data)?;
    if file.metadata()?.len() > SMALL && mark == Some(integrity_mark::mark(data)?) {
        return Ok(());
    }
    validate(&file)
}

/// As [`validate_unless_marked`], whatever the mark.
pub(crate) fn validate(file: &File) -> Result<(), Fault> {
    let checked = check_newest(file)?;
    checked.problems.into_iter().next().map_or(Ok(()), |first| Err(Fault::damaged(first)))
}

/// The entry that a record holds.
/// Errors: the file is of a format without checksums.
pub(crate) fn entry<'a>(record: &Record<'a>) -> Result<Entry<'a>, Fault> {
    let (database, key) = (database(record), record.key);
    let Some(stored) = record.value else { return Ok(Entry::Corrupt(database, key)) };
    if let Some(database) = database
        && let Some(value) = checksum::checked(database, key, stored)
    {
        return Ok(Entry::Valid(database, key, value));
    }
    // Formats before 3 have no checksums; their version is stored in the same place.
    if database == Some(META)
        && key == META_FORMAT
        && let Ok(version) = stored.try_into()
    {
        return Err(Fault::other_version(u32::from_le_bytes(version)));
    }
    // A record of an unknown database, or in a tree of another database than its own.
    let of =
        |database| Some(Entry::Valid(database, key, checksum::checked(database, key, stored)?));
    Ok((0..LIST).find_map(of).unwrap_or(Entry::Corrupt(database, key)))
}

/// The number of the database in whose tree the record is.
fn database(record: &Record<'_>) -> Option<u8> {
    match record.database {
        Database::Main => Some(LIST),
        Database::Named(name) => number(name),
        Database::Unknown => None,
    }
}

/// Adds the errors in the entry of a record, without those in its pages.
pub(crate) fn report(problems: &mut Vec<String>, record: &Record<'_>, entry: &Entry<'_>) {
    let (page, expected) = (record.page, database(record));
    let problem = match entry {
        Entry::Valid(LIST, key, _) if *key != COMMITS => {
            format!("page {page}: the list of databases has an unknown entry")
        }
        Entry::Valid(found, ..) if Some(*found) == expected => return,
        // Reported with its pages.
        Entry::Corrupt(..) if record.value.is_none() => return,
        _ => {
            let name = match expected {
                Some(LIST) => "the list of databases",
                Some(number) => DATABASES[usize::from(number)],
                None => "an unknown database",
            };
            format!("{name}: page {page} has a corrupt entry")
        }
    };
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem);
    }
}
