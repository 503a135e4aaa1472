//! The entries of a damaged file, as many as can be shown to be of its last state.
//!
//! [`lmdb_check::Recovery`] finds the records; the number of commits in the list of databases shows
//! which state is the last one, and the checksums show to which database a record belongs to which
//! no tree leads.

use std::fs::File;

use lmdb_check::{Database, Recovery};

use crate::data_file::check::{Entry, entry, report};
use crate::encoding::checksum;
use crate::error::Fault;
use crate::format::{COMMITS, LIST};

/// A damaged file.
pub(super) struct Source<'f>(Recovery<'f>);

/// Receives entries. An error ends the reading.
pub(super) type Visit<'a> = dyn FnMut(Entry<'_>) -> Result<(), Fault> + 'a;

/// The corrupt entries of a leaf page to which no tree leads. All entries of a page are of one
/// database, so a valid one shows to which the others belong.
#[derive(Default)]
struct Leaf {
    page: u64,
    database: Option<u8>,
    corrupt: Vec<Vec<u8>>,
}

impl<'f> Source<'f> {
    pub(super) fn new(file: &'f File) -> Result<Self, Fault> {
        let commits = |key: &[u8], stored: &[u8]| {
            let value = checksum::checked(LIST, COMMITS, stored).filter(|_| key == COMMITS)?;
            value.try_into().ok().map(u64::from_le_bytes)
        };
        Ok(Source(Recovery::new(file, &commits)?))
    }

    /// Passes all entries that are left to `visit`, and returns what is damaged.
    pub(super) fn read(&self, visit: &mut Visit<'_>) -> Result<Vec<String>, Fault> {
        let (mut problems, mut leaf) = (Vec::new(), Leaf::default());
        let damaged = self.0.read(&mut |record| {
            let entry = entry(&record)?;
            if record.database != Database::Unknown {
                report(&mut problems, &record, &entry);
                return visit(entry);
            }
            if record.page != leaf.page {
                std::mem::take(&mut leaf).finish(visit)?;
                leaf.page = record.page;
            }
            match entry {
                Entry::Valid(database, ..) => leaf.database = Some(database),
                Entry::Corrupt(_, key) => {
                    leaf.corrupt.push(key.to_vec());
                    return Ok(());
                }
            }
            visit(entry)
        })?;
        leaf.finish(visit)?;
        Ok(damaged.into_iter().chain(problems).take(lmdb_check::MAX_PROBLEMS).collect())
    }
}

impl Leaf {
    fn finish(self, visit: &mut Visit<'_>) -> Result<(), Fault> {
        self.corrupt.iter().try_for_each(|key| visit(Entry::Corrupt(self.database, key)))
    }
}
