//! Entries under names of any length, in an LMDB database whose keys have at most 511 bytes.
//!
//! A key is a fixed prefix and a text. Where both fit into [`PLAIN`] bytes they are the key. A
//! longer text is cut, and a hash of the whole and an ordinal take its end; the value then
//! begins with the whole text, by which entries of one hash are told apart. The hash decides
//! nothing but speed. See FORMAT.md, "Long keys".

use heed::{RoTxn, RwTxn};

use crate::encoding::bytes::{Input, put_counted};
use crate::environment::entries::{Entries, Walk};
use crate::error::Fault;

/// The longest key that is stored as it is. One less than LMDB's limit, so that the length
/// tells a plain key from a cut one.
const PLAIN: usize = 510;
/// The length of every cut key.
const CUT: usize = 511;
/// Hash and ordinal at its end.
const TAIL: usize = 4 + 2;

/// A database of this kind.
#[derive(Clone, Copy)]
pub(crate) struct HashedKeys(pub(crate) Entries);

/// A key being looked for.
struct Key {
    bytes: [u8; CUT],
    len: usize,
}

impl Key {
    fn new(prefix: &[u8], text: &[u8]) -> Self {
        let mut bytes = [0; CUT];
        bytes[..prefix.len()].copy_from_slice(prefix);
        let len = prefix.len() + text.len();
        if len <= PLAIN {
            bytes[prefix.len()..len].copy_from_slice(text);
            return Key { bytes, len };
        }
        let kept = CUT - TAIL - prefix.len();
        bytes[prefix.len()..CUT - TAIL].copy_from_slice(&text[..kept]);
        bytes[CUT - TAIL..CUT - 2].copy_from_slice(&hash(text).to_be_bytes());
        Key { bytes, len: CUT }
    }

    fn is_cut(&self) -> bool {
        self.len == CUT
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn with_ordinal(&self, ordinal: u16) -> [u8; CUT] {
        let mut bytes = self.bytes;
        bytes[CUT - 2..].copy_from_slice(&ordinal.to_be_bytes());
        bytes
    }
}

/// FNV-1a. Short and fixed for good; that texts can be made to collide costs only the one who
/// makes them.
fn hash(text: &[u8]) -> u32 {
    hash_on(0x811c_9dc5, text)
}

fn hash_on(hash: u32, text: &[u8]) -> u32 {
    text.iter().fold(hash, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl HashedKeys {
    /// The value of `text` under `prefix`.
    #[inline]
    pub(crate) fn get<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        prefix: &[u8],
        text: &[u8],
    ) -> Result<Option<&'t [u8]>, Fault> {
        let key = Key::new(prefix, text);
        if !key.is_cut() {
            return self.0.get(txn, key.as_bytes());
        }
        Ok(self.find_cut(txn, &key, text)?.ok().map(|(_, value)| value))
    }

    pub(crate) fn put(
        &self,
        txn: &mut RwTxn<'_>,
        prefix: &[u8],
        text: &[u8],
        value: &[u8],
    ) -> Result<(), Fault> {
        let key = Key::new(prefix, text);
        if !key.is_cut() {
            return self.0.put(txn, key.as_bytes(), value);
        }
        let ordinal = match self.find_cut(txn, &key, text)? {
            Ok((ordinal, _)) => ordinal,
            Err(free) => free.ok_or_else(Fault::too_long)?,
        };
        let mut whole = Vec::with_capacity(text.len() + value.len() + 5);
        put_counted(&mut whole, text)?;
        whole.extend_from_slice(value);
        self.0.put(txn, &key.with_ordinal(ordinal), &whole)
    }

    /// Whether it was there.
    pub(crate) fn delete(
        &self,
        txn: &mut RwTxn<'_>,
        prefix: &[u8],
        text: &[u8],
    ) -> Result<bool, Fault> {
        let key = Key::new(prefix, text);
        if !key.is_cut() {
            return self.0.delete(txn, key.as_bytes());
        }
        match self.find_cut(txn, &key, text)? {
            Ok((ordinal, _)) => self.0.delete(txn, &key.with_ordinal(ordinal)),
            Err(_) => Ok(false),
        }
    }

    /// All entries under `prefix`, in the order of their keys.
    pub(crate) fn scan<'t>(&self, txn: &'t RoTxn<'_>, prefix: &[u8]) -> Result<Scan<'t>, Fault> {
        let entries = self.0.scan(txn, prefix)?;
        Ok(Scan { entries, prefix: prefix.len(), last: None })
    }

    /// Those of the entries under `prefix` that come after the one at `position`, which need no
    /// longer be there.
    pub(crate) fn scan_after<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        prefix: &[u8],
        position: &Position,
    ) -> Result<Scan<'t>, Fault> {
        match position.0.starts_with(prefix) {
            true => {
                let entries = self.0.scan_after(txn, prefix, &position.0)?;
                Ok(Scan { entries, prefix: prefix.len(), last: None })
            }
            // Nothing was read of these yet.
            false => self.scan(txn, prefix),
        }
    }

    /// Deletes all entries under `prefix`, which is not empty.
    pub(crate) fn delete_all(&self, txn: &mut RwTxn<'_>, prefix: &[u8]) -> Result<(), Fault> {
        self.0.delete_all(txn, prefix)
    }

    /// The ordinal and value of a text among those that share its cut key; or else the first
    /// ordinal that is free, if one is.
    #[allow(clippy::type_complexity)] // Found, or where it may go.
    fn find_cut<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        key: &Key,
        text: &[u8],
    ) -> Result<Result<(u16, &'t [u8]), Option<u16>>, Fault> {
        let mut free = Some(0);
        for entry in self.0.scan(txn, &key.bytes[..CUT - 2])? {
            let (key, value) = entry?;
            let Some(&ordinal) = key.last_chunk::<2>() else { break };
            let ordinal = u16::from_be_bytes(ordinal);
            let mut value = Input::new(value);
            if value.counted()? == text {
                return Ok(Ok((ordinal, value.rest())));
            }
            if free == Some(ordinal) {
                free = ordinal.checked_add(1);
            }
        }
        Ok(Err(free))
    }
}

/// The entries under a prefix: the whole text of each and its value.
pub(crate) struct Scan<'t> {
    entries: Walk<'t>,
    prefix: usize,
    /// The key of the entry that was read last.
    last: Option<&'t [u8]>,
}

/// How far stored instances were read, to go on from there in a later state of the repository.
/// The default is the beginning.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Position(Vec<u8>);

impl Scan<'_> {
    /// Moves `position` to the entry that was read last, if any was.
    pub(crate) fn advance(&self, position: &mut Position) {
        if let Some(last) = self.last {
            position.0.clear();
            position.0.extend_from_slice(last);
        }
    }
}

impl<'t> Iterator for Scan<'t> {
    type Item = Result<(&'t [u8], &'t [u8]), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.entries.next()?.and_then(|(key, value)| {
            self.last = Some(key);
            split(key, value, self.prefix).map(|(_, text, value)| (text, value))
        }))
    }
}

/// The prefix of an entry, the whole text, and the value.
type Parts<'t> = (&'t [u8], &'t [u8], &'t [u8]);

/// Takes an entry apart whose prefix has this length.
pub(crate) fn split<'t>(key: &'t [u8], value: &'t [u8], prefix: usize) -> Result<Parts<'t>, Fault> {
    let parts = key.split_at_checked(prefix);
    let (prefix, text) = parts.ok_or_else(|| Fault::damaged("a key is cut off"))?;
    if key.len() < CUT {
        return Ok((prefix, text, value));
    }
    let mut value = Input::new(value);
    Ok((prefix, value.counted()?, value.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_hash_is_the_one_of_the_format() {
        assert_eq!(hash(b""), 0x811c_9dc5);
        assert_eq!(hash(b"a"), 0xe40c_292c);
        assert_eq!(hash(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn keys_are_cut_past_the_limit_only() {
        let plain = Key::new(b"1234", &[b'x'; 506]);
        assert_eq!((plain.len, plain.is_cut()), (510, false));
        let cut = Key::new(b"1234", &[b'x'; 507]);
        assert_eq!((cut.len, cut.is_cut()), (511, true));
        assert_eq!(cut.bytes[..505], Key::new(b"1234", &[b'x'; 900]).bytes[..505]);
        assert_ne!(cut.bytes[505..509], Key::new(b"1234", &[b'x'; 900]).bytes[505..509]);
    }

    /// Texts that differ past the cut and share the hash: found by trying.
    fn colliding() -> [String; 2] {
        let same = "k".repeat(600);
        let start = hash(same.as_bytes());
        let mut seen = HashMap::new();
        let collides =
            |n: u32| Some([seen.insert(hash_on(start, n.to_string().as_bytes()), n)?, n]);
        (0..).find_map(collides).unwrap().map(|n| format!("{same}{n}"))
    }

    #[test]
    fn texts_of_one_hash_are_told_apart() {
        let [a, b] = colliding();
        let dir = tempfile::tempdir().unwrap();
        let opened = crate::environment::open::create(dir.path(), 1 << 20).unwrap();
        let keyed = opened.dbs.instances;
        let mut txn = opened.env.write_txn().unwrap();
        let get = |txn: &RwTxn<'_>, text: &str| {
            keyed.get(txn, b"1", text.as_bytes()).unwrap().map(<[u8]>::to_vec)
        };
        for (text, value) in [(&a, "first"), (&b, "second"), (&b, "third")] {
            keyed.put(&mut txn, b"1", text.as_bytes(), value.as_bytes()).unwrap();
            assert_eq!(get(&txn, text).unwrap(), value.as_bytes());
        }
        let texts: Vec<_> =
            keyed.scan(&txn, b"1").unwrap().map(|e| e.unwrap().0.to_vec()).collect();
        assert_eq!(texts, [a.as_bytes(), b.as_bytes()]);
        assert!(keyed.delete(&mut txn, b"1", a.as_bytes()).unwrap());
        assert!(!keyed.delete(&mut txn, b"1", a.as_bytes()).unwrap());
        assert_eq!((get(&txn, &a), get(&txn, &b)), (None, Some(b"third".to_vec())));
        keyed.put(&mut txn, b"1", a.as_bytes(), b"again").unwrap();
        assert_eq!(get(&txn, &b).unwrap(), b"third");
        keyed.delete_all(&mut txn, b"1").unwrap();
        assert_eq!(keyed.scan(&txn, b"1").unwrap().count(), 0);
    }
}
