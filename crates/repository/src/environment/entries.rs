//! An LMDB database whose values end with a checksum over the database, the key and the value
//! (FORMAT.md, "Checksums").
//!
//! Every entry is written and read here. The checksum is computed when an entry is written and
//! verified whenever its value is read, so a corrupt entry is never returned. Entries that are only
//! counted or deleted are not verified.

use std::io::Write;
use std::ops::Bound;

use heed::types::Bytes;
use heed::{Database, RoTxn, RwTxn};

use crate::encoding::checksum::{SUM, checked, sum};
use crate::error::Fault;

/// A database whose values carry checksums.
#[derive(Clone, Copy)]
pub(crate) struct Entries {
    database: Database<'static, Bytes, Bytes>,
    /// Its number in the checksums of its entries.
    number: u8,
}

/// A key and the value under it, without its checksum.
type Entry<'t> = (&'t [u8], &'t [u8]);

impl Entries {
    pub(super) fn new(database: Database<'static, Bytes, Bytes>, number: u8) -> Self {
        Entries { database, number }
    }

    #[inline]
    pub(crate) fn get<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        key: &[u8],
    ) -> Result<Option<&'t [u8]>, Fault> {
        match self.database.get(txn, key)? {
            Some(stored) => self.checked(key, stored).map(Some),
            None => Ok(None),
        }
    }

    /// Whether there is an entry; its value is not verified.
    pub(crate) fn has(&self, txn: &RoTxn<'_>, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.database.get(txn, key)?.is_some())
    }

    pub(crate) fn put(&self, txn: &mut RwTxn<'_>, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let sum = sum(self.number, key, value).to_le_bytes();
        Ok(self.database.put_reserved(txn, key, value.len() + SUM, |space| {
            space.write_all(value)?;
            space.write_all(&sum)
        })?)
    }

    /// Returns whether it existed.
    pub(crate) fn delete(&self, txn: &mut RwTxn<'_>, key: &[u8]) -> Result<bool, Fault> {
        Ok(self.database.delete(txn, key)?)
    }

    /// Deletes all entries whose keys begin with `prefix`, which is not all ones.
    pub(crate) fn delete_all(&self, txn: &mut RwTxn<'_>, prefix: &[u8]) -> Result<(), Fault> {
        let end = end_of(prefix);
        let range = (Bound::Included(prefix), Bound::Excluded(end.as_slice()));
        self.database.delete_range(txn, &range)?;
        Ok(())
    }

    /// The number of entries.
    pub(crate) fn len(&self, txn: &RoTxn<'_>) -> Result<u64, Fault> {
        Ok(self.database.len(txn)?)
    }

    /// The first entry whose key is not below `key`.
    pub(crate) fn at_or_after<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        key: &[u8],
    ) -> Result<Option<Entry<'t>>, Fault> {
        match self.database.get_greater_than_or_equal_to(txn, key)? {
            Some((key, stored)) => self.checked(key, stored).map(|value| Some((key, value))),
            None => Ok(None),
        }
    }

    /// All entries whose keys begin with `prefix`, in order.
    pub(crate) fn scan<'t>(&self, txn: &'t RoTxn<'_>, prefix: &[u8]) -> Result<Walk<'t>, Fault> {
        let entries = match prefix {
            [] => Found::All(self.database.iter(txn)?),
            _ => Found::Prefix(self.database.prefix_iter(txn, prefix)?),
        };
        Ok(Walk { entries, of: *self })
    }

    /// The entries whose keys begin with `prefix`, which is not all ones, after `key`, whether that
    /// exists or not.
    pub(super) fn scan_after<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        prefix: &[u8],
        key: &[u8],
    ) -> Result<Walk<'t>, Fault> {
        let end = end_of(prefix);
        let range = (Bound::Excluded(key), Bound::Excluded(end.as_slice()));
        Ok(Walk { entries: Found::Range(self.database.range(txn, &range)?), of: *self })
    }

    #[inline]
    fn checked<'t>(&self, key: &[u8], stored: &'t [u8]) -> Result<&'t [u8], Fault> {
        checked(self.number, key, stored)
            .ok_or_else(|| Fault::damaged("an entry has a wrong checksum"))
    }
}

/// The first key after all that begin with `prefix`, which is not all ones.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let last = prefix.iter().rposition(|&b| b != u8::MAX).expect("ids never get that far");
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    end
}

enum Found<'t> {
    All(heed::RoIter<'t, Bytes, Bytes>),
    Prefix(heed::RoPrefix<'t, Bytes, Bytes>),
    Range(heed::RoRange<'t, Bytes, Bytes>),
}

/// Entries in order; see [`Entries::scan`].
pub(crate) struct Walk<'t> {
    entries: Found<'t>,
    of: Entries,
}

impl<'t> Iterator for Walk<'t> {
    type Item = Result<Entry<'t>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = match &mut self.entries {
            Found::All(entries) => entries.next()?,
            Found::Prefix(entries) => entries.next()?,
            Found::Range(entries) => entries.next()?,
        };
        Some(
            entry
                .map_err(Fault::from)
                .and_then(|(key, stored)| self.of.checked(key, stored).map(|value| (key, value))),
        )
    }
}
