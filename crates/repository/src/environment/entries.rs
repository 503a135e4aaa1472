//! One of LMDB's databases, each of whose values ends with a checksum over the database, the key
//! and the value (FORMAT.md, "Checksums").
//!
//! Every entry is written and read here, so none that went bad is taken for what was stored. The
//! checksum is made with the entry and looked at whenever the value is asked for; keys that are
//! merely counted or deleted are not looked at.

use std::io::Write;
use std::ops::Bound;

use heed::types::Bytes;
use heed::{Database, RoTxn, RwTxn};

use crate::fault::Fault;

/// The length of a checksum.
pub(crate) const SUM: usize = 4;

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
    pub(crate) fn new(database: Database<'static, Bytes, Bytes>, number: u8) -> Self {
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

    /// Whether there is an entry; its value is not looked at.
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

    /// Whether it was there.
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

    /// Those of the entries whose keys begin with `prefix`, which is not all ones, that come after
    /// `key`, be there such a one or not.
    pub(crate) fn scan_after<'t>(
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
        checked(self.number, key, stored).ok_or_else(|| Fault::damaged("an entry went bad"))
    }
}

/// The first key after all that begin with `prefix`, which is not all ones.
fn end_of(prefix: &[u8]) -> Vec<u8> {
    let last = prefix.iter().rposition(|&b| b != u8::MAX).expect("ids never get that far");
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    end
}

/// The value of what is stored under `key` in the database of this number, if the checksum is
/// right.
#[inline]
pub(crate) fn checked<'t>(number: u8, key: &[u8], stored: &'t [u8]) -> Option<&'t [u8]> {
    let (value, expected) = stored.split_last_chunk::<SUM>()?;
    (sum(number, key, value) == u32::from_le_bytes(*expected)).then_some(value)
}

/// CRC-32 of the number of the database, the length of the key, the key and the value.
#[inline]
fn sum(number: u8, key: &[u8], value: &[u8]) -> u32 {
    let [low, high, ..] = key.len().to_le_bytes();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[number, low, high]);
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_format() {
        // CRC-32 as in ISO 3309; 0xcbf43926 is its well-known check value of "123456789".
        assert_eq!(sum(b'1', b"", b"").to_le_bytes(), crc32fast::hash(b"1\0\0").to_le_bytes());
        assert_eq!(sum(5, b"key", b"value"), crc32fast::hash(b"\x05\x03\0keyvalue"));
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn no_bit_can_change_and_no_entry_be_another() {
        let stored = [b"value", &sum(5, b"key", b"value").to_le_bytes()[..]].concat();
        assert_eq!(checked(5, b"key", &stored), Some(&b"value"[..]));
        for bit in 0..stored.len() * 8 {
            let mut other = stored.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(checked(5, b"key", &other), None, "bit {bit}");
        }
        assert_eq!(checked(5, b"kez", &stored), None);
        assert_eq!(checked(4, b"key", &stored), None);
        assert_eq!(checked(5, b"keyv", &stored[1..]), None);
        assert_eq!(checked(5, b"key", b"val"), None);
    }
}
