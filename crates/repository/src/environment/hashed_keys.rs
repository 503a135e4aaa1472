//! Entries under texts of any length, in an LMDB database whose keys have at most 511 bytes.
//!
//! A key is a fixed prefix and a text. Where both fit into [`PLAIN`] bytes they are the key. A
//! longer text is cut, and a hash of the whole and an ordinal take its end; the value then
//! begins with the whole text, which distinguishes entries with the same hash. Collisions cost time
//! and have no other effect. See FORMAT.md, "Long keys".

use heed::{RoTxn, RwTxn};

use crate::encoding::bytes::{Input, put_counted};
use crate::environment::entries::{Entries, Walk};
use crate::error::Fault;

/// The longest key that is stored as it is. One less than LMDB's limit, so that the length
/// distinguishes a plain key from a cut one.
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

/// FNV-1a, which is part of the format. Texts can be made to collide; that costs only the caller
/// who stores them.
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

    /// Returns whether it existed.
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
        Ok(Scan::new(entries, prefix))
    }

    /// The entries under `prefix` after `position`, which may be one of another transaction: the
    /// entry there may have been deleted since. A position under another prefix of this length
    /// counts as the one of the same text under `prefix`.
    pub(crate) fn scan_after<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        prefix: &[u8],
        position: &Position,
    ) -> Result<Scan<'t>, Fault> {
        let Some(text) = position.key.get(prefix.len()..).filter(|text| !text.is_empty()) else {
            return self.scan(txn, prefix);
        };
        let key = [prefix, text].concat();
        let Some(bucket) = bucket(&key) else {
            return Ok(Scan::new(self.0.scan_after(txn, prefix, &key)?, prefix));
        };
        let entries = self.0.scan_after(txn, prefix, bucket)?;
        let after = Some(Position { key, texts: position.texts.clone() });
        Ok(Scan { after, ..Scan::new(entries, prefix) })
    }

    /// Deletes all entries under `prefix`, which is not empty.
    pub(crate) fn delete_all(&self, txn: &mut RwTxn<'_>, prefix: &[u8]) -> Result<(), Fault> {
        self.0.delete_all(txn, prefix)
    }

    /// The ordinal and value of a text among those that share its cut key; otherwise the first free
    /// ordinal, if there is one.
    #[allow(clippy::type_complexity)] // Found, or the place for it.
    fn find_cut<'t>(
        &self,
        txn: &'t RoTxn<'_>,
        key: &Key,
        text: &[u8],
    ) -> Result<Result<(u16, &'t [u8]), Option<u16>>, Fault> {
        let mut free = Some(0);
        for entry in self.0.scan(txn, &key.bytes[..CUT - 2])? {
            let (key, value) = entry?;
            // A shorter text may begin with the same bytes as a cut key.
            let Some(&ordinal) = key.last_chunk::<2>().filter(|_| key.len() == CUT) else {
                continue;
            };
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

/// The whole text of an entry, and its value.
type Entry<'t> = (&'t [u8], &'t [u8]);

/// The entries under a prefix.
pub(crate) struct Scan<'t> {
    entries: Walk<'t>,
    /// The length of the prefix.
    prefix: usize,
    /// Where the scan was resumed, if that is in a bucket of cut keys, which is read again.
    after: Option<Position>,
    /// The key of the entry that was read last.
    last: Option<&'t [u8]>,
    /// The texts with cut keys that were read of the bucket of `last`.
    texts: Vec<&'t [u8]>,
}

/// How far stored instances were read, to continue in a later snapshot. The default is the
/// beginning.
///
/// It is the key of the instance that was read last. Instances are read in the order of their keys,
/// and a key does not change while its instance exists; so an instance that exists in all
/// snapshots is read exactly once, whatever was put or deleted between them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Position {
    key: Vec<u8>,
    /// The texts that were read of the bucket of `key`. An ordinal may change when a text is
    /// deleted and stored again, so it does not identify those that were read.
    texts: Vec<Vec<u8>>,
}

/// What the keys agree in that differ by their ordinals only; `None` for a key that is shorter.
fn bucket(key: &[u8]) -> Option<&[u8]> {
    key.get(..CUT - 2)
}

impl Position {
    /// Whether an entry in the bucket of the position was read before.
    fn has_read(&self, key: &[u8], text: &[u8]) -> bool {
        bucket(key) == bucket(&self.key)
            && match key.len() {
                CUT => self.texts.iter().any(|read| read == text),
                _ => key <= &self.key[..],
            }
    }
}

impl<'t> Scan<'t> {
    fn new(entries: Walk<'t>, prefix: &[u8]) -> Self {
        Scan { entries, prefix: prefix.len(), after: None, last: None, texts: Vec::new() }
    }

    /// Moves `position` to the entry that was read last, if any was.
    pub(crate) fn advance(&self, position: &mut Position) {
        let Some(last) = self.last else { return };
        let after = self.after.as_ref().filter(|after| bucket(&after.key) == bucket(last));
        let (before, texts) = after.map_or((&[][..], &[][..]), |it| (&it.key, &it.texts));
        let read = self.texts.iter().map(|text| text.to_vec());
        *position = Position {
            key: last.max(before).to_vec(),
            texts: texts.iter().cloned().chain(read).collect(),
        };
    }

    fn next_unread(&mut self) -> Result<Option<Entry<'t>>, Fault> {
        for entry in self.entries.by_ref() {
            let (key, value) = entry?;
            let (_, text, value) = split(key, value, self.prefix)?;
            if self.after.as_ref().is_some_and(|after| after.has_read(key, text)) {
                continue;
            }
            if key.len() == CUT {
                if self.last.and_then(bucket) != bucket(key) {
                    self.texts.clear();
                }
                self.texts.push(text);
            }
            self.last = Some(key);
            return Ok(Some((text, value)));
        }
        Ok(None)
    }
}

impl<'t> Iterator for Scan<'t> {
    type Item = Result<Entry<'t>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_unread().transpose()
    }
}

/// The prefix of an entry, the whole text, and the value.
type Parts<'t> = (&'t [u8], &'t [u8], &'t [u8]);

/// The parts of an entry whose prefix has this length.
pub(crate) fn split<'t>(key: &'t [u8], value: &'t [u8], prefix: usize) -> Result<Parts<'t>, Fault> {
    let parts = key.split_at_checked(prefix);
    let (prefix, text) = parts.ok_or_else(|| Fault::damaged("a key is truncated"))?;
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
    fn texts_with_the_same_hash_are_distinguished() {
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
    #[test]
    fn a_shorter_text_in_a_bucket_is_no_text_with_a_cut_key() {
        let dir = tempfile::tempdir().unwrap();
        let opened = crate::environment::open::create(dir.path(), 1 << 20).unwrap();
        let keys = opened.dbs.instances;
        let mut txn = opened.env.write_txn().unwrap();
        let long = [b'k'; 600];
        // The key of `long` without its ordinal, and with one byte instead.
        let start = &Key::new(b"1", &long).bytes[1..CUT - 2];
        let shorter = [start.to_vec(), [start, b"\0"].concat(), [start, b"\xff"].concat()];
        for text in &shorter {
            keys.put(&mut txn, b"1", text, b"\xff").unwrap();
        }
        keys.put(&mut txn, b"1", &long, b"long").unwrap();
        assert_eq!(keys.get(&txn, b"1", &long).unwrap(), Some(&b"long"[..]));
        // Read one by one, each is read once.
        let (mut position, mut read) = (Position::default(), Vec::new());
        loop {
            let mut scan = keys.scan_after(&txn, b"1", &position).unwrap();
            let Some(entry) = scan.next() else { break };
            scan.advance(&mut position);
            read.push(entry.unwrap().0.to_vec());
        }
        read.sort();
        let mut expected = shorter.to_vec();
        expected.push(long.to_vec());
        expected.sort();
        assert_eq!(read, expected);
    }

    #[test]
    fn texts_of_one_hash_that_are_stored_again_are_read_once() {
        let [a, b] = colliding();
        let dir = tempfile::tempdir().unwrap();
        let opened = crate::environment::open::create(dir.path(), 1 << 20).unwrap();
        let keys = opened.dbs.instances;
        let next = |position: &mut Position| {
            let txn = opened.env.read_txn().unwrap();
            let mut scan = keys.scan_after(&txn, b"1", position).unwrap();
            let text = scan.next().map(|entry| entry.unwrap().0.to_vec());
            scan.advance(position);
            text
        };
        let store = |texts: [&String; 2]| {
            let mut txn = opened.env.write_txn().unwrap();
            keys.delete_all(&mut txn, b"1").unwrap();
            for text in texts {
                keys.put(&mut txn, b"1", text.as_bytes(), b"").unwrap();
            }
            txn.commit().unwrap();
        };
        store([&a, &b]);
        let mut position = Position::default();
        assert_eq!(next(&mut position).as_deref(), Some(a.as_bytes()));
        // Their ordinals change places.
        store([&b, &a]);
        assert_eq!(next(&mut position).as_deref(), Some(b.as_bytes()));
        assert_eq!(next(&mut position), None);
        store([&a, &b]);
        assert_eq!(next(&mut position), None);
    }
}
