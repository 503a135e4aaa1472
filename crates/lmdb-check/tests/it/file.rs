//! Data files made by hand, with pages of 512 bytes.

use std::fs::File;
use std::io::Write;

use lmdb_check::{Check, Database, Error, Recovery, check_newest};

pub(crate) const PAGE: usize = 512;

pub(crate) const LEAF: u16 = 0x02;
pub(crate) const BIG: u16 = 0x01;
pub(crate) const SUB: u16 = 0x02;
const BRANCH: u16 = 0x01;
const OVERFLOW: u16 = 0x04;
const META: u16 = 0x08;
const HEADER: usize = 16;

/// The pages of [`small_file`].
pub(crate) const FREE_LIST: usize = 2;
pub(crate) const MAIN: usize = 3;
pub(crate) const FRUIT_ROOT: usize = 4;
pub(crate) const FRUIT_LOW: usize = 5;
pub(crate) const FRUIT_HIGH: usize = 6;
pub(crate) const LARGE: usize = 7;
pub(crate) const FREE: usize = 9;
pub(crate) const TOOLS: usize = 10;

/// The size of the large value, which takes two pages.
pub(crate) const LARGE_SIZE: usize = 700;

pub(crate) struct Tree {
    pub(crate) flags: u16,
    pub(crate) depth: u16,
    pub(crate) pages: [u64; 3],
    pub(crate) entries: u64,
    pub(crate) root: u64,
}

impl Tree {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(self.depth.to_ne_bytes());
        for number in self.pages.iter().chain([&self.entries, &self.root]) {
            bytes.extend(number.to_ne_bytes());
        }
        bytes
    }
}

/// A node: flags, key, the low half of its header's first word, and the bytes after the key.
pub(crate) type Node = (u16, Vec<u8>, u32, Vec<u8>);

pub(crate) fn record(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Node {
    let value = value.as_ref().to_vec();
    (0, key.as_ref().to_vec(), value.len() as u32, value)
}

pub(crate) fn large(key: &str, size: u32, first: u64) -> Node {
    (BIG, key.into(), size, first.to_ne_bytes().to_vec())
}

fn listed(name: &str, tree: &Tree) -> Node {
    (SUB, name.into(), 48, tree.to_bytes())
}

fn header(number: u64, kind: u16) -> Vec<u8> {
    let mut page = number.to_ne_bytes().to_vec();
    page.extend(0_u16.to_ne_bytes());
    page.extend(kind.to_ne_bytes());
    page
}

/// A branch or leaf. Its nodes fill the end of the page, the first one last.
pub(crate) fn page(number: usize, kind: u16, nodes: &[Node]) -> Vec<u8> {
    let mut page = header(number as u64, kind);
    page.resize(PAGE, 0);
    let mut upper = PAGE;
    for (at, (flags, key, low, data)) in nodes.iter().enumerate() {
        let mut node = low.to_ne_bytes().to_vec();
        node.extend(flags.to_ne_bytes());
        node.extend((key.len() as u16).to_ne_bytes());
        node.extend(key);
        node.extend(data);
        upper -= node.len().next_multiple_of(2);
        page[upper..upper + node.len()].copy_from_slice(&node);
        page[HEADER + 2 * at..][..2].copy_from_slice(&(upper as u16).to_ne_bytes());
    }
    page[12..14].copy_from_slice(&((HEADER + 2 * nodes.len()) as u16).to_ne_bytes());
    page[14..16].copy_from_slice(&(upper as u16).to_ne_bytes());
    page
}

pub(crate) fn leaf(number: usize, nodes: &[Node]) -> Vec<u8> {
    page(number, LEAF, nodes)
}

fn branch(number: usize, children: &[(&str, usize)]) -> Vec<u8> {
    let nodes: Vec<Node> =
        children.iter().map(|(key, child)| (0, (*key).into(), *child as u32, vec![])).collect();
    page(number, BRANCH, &nodes)
}

/// The pages of a large value.
pub(crate) fn overflow(number: usize, value: &[u8]) -> Vec<u8> {
    let count = (HEADER + value.len()).div_ceil(PAGE);
    let mut pages = header(number as u64, OVERFLOW);
    pages.extend((count as u32).to_ne_bytes());
    pages.extend(value);
    pages.resize(count * PAGE, 0);
    pages
}

pub(crate) fn meta(number: usize, version: u64, free: &Tree, main: &Tree, last: u64) -> Vec<u8> {
    let mut page = header(number as u64, META);
    page.extend([0; 4]);
    page.extend(0xbeef_c0de_u32.to_ne_bytes());
    page.extend(1_u32.to_ne_bytes());
    page.extend([0; 16]);
    let mut free = free.to_bytes();
    free[..4].copy_from_slice(&(PAGE as u32).to_ne_bytes());
    page.extend(free);
    page.extend(main.to_bytes());
    page.extend(last.to_ne_bytes());
    page.extend(version.to_ne_bytes());
    page.resize(PAGE, 0);
    page
}

/// The value of a record of the fruit database.
pub(crate) fn value(key: &str) -> Vec<u8> {
    format!("value of {key}").into_bytes()
}

pub(crate) fn large_value() -> Vec<u8> {
    (0..LARGE_SIZE).map(|n| n as u8).collect()
}

/// A sound file of eleven pages: the main database with the record "commits" and two databases,
/// "fruit" with a branch, two leaves and a large value, and "tools" with one leaf. Page 9 is free
/// and looks like a leaf.
pub(crate) fn small_file() -> Vec<u8> {
    let tree = |depth, pages, entries, root: usize| Tree {
        flags: 0,
        depth,
        pages,
        entries,
        root: root as u64,
    };
    let fruit = tree(2, [1, 2, 2], 4, FRUIT_ROOT);
    let tools = tree(1, [0, 1, 0], 1, TOOLS);
    let main = tree(1, [0, 1, 0], 3, MAIN);
    let free = Tree { flags: 0x08, ..tree(1, [0, 1, 0], 1, FREE_LIST) };
    let empty = || tree(0, [0; 3], 0, usize::MAX);
    let fruit_record = |key: &str| record(key, value(key));
    let free_pages = [1_u64.to_ne_bytes(), (FREE as u64).to_ne_bytes()].concat();
    [
        meta(0, 2, &free, &main, TOOLS as u64),
        meta(1, 1, &Tree { flags: 0x08, ..empty() }, &empty(), 1),
        leaf(FREE_LIST, &[record(1_u64.to_ne_bytes(), free_pages)]),
        leaf(
            MAIN,
            &[
                record("commits", 2_u64.to_le_bytes()),
                listed("fruit", &fruit),
                listed("tools", &tools),
            ],
        ),
        branch(FRUIT_ROOT, &[("", FRUIT_LOW), ("m", FRUIT_HIGH)]),
        leaf(FRUIT_LOW, &[fruit_record("apple"), large("fig", LARGE_SIZE as u32, LARGE as u64)]),
        leaf(FRUIT_HIGH, &[fruit_record("mango"), fruit_record("pear")]),
        overflow(LARGE, &large_value()),
        leaf(FREE, &[record("banana", "deleted")]),
        leaf(TOOLS, &[record("saw", "sharp")]),
    ]
    .concat()
}

pub(crate) fn write(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A record as it was received: its database, key and value.
pub(crate) type Received = (String, String, Option<Vec<u8>>);

fn received(record: lmdb_check::Record<'_>) -> Received {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let database = match record.database {
        Database::Main => "(main)".to_owned(),
        Database::Named(name) => text(name),
        Database::Unknown => "(unknown)".to_owned(),
    };
    (database, text(record.key), record.value.map(<[u8]>::to_vec))
}

pub(crate) fn check(bytes: &[u8]) -> Result<(Check, Vec<Received>), Error> {
    let mut all = Vec::new();
    let check = check_newest(&write(bytes), &mut |record| {
        all.push(received(record));
        Ok::<(), Error>(())
    })?;
    Ok((check, all))
}

/// The problems and the records of a file in which the record "commits" counts the commits.
pub(crate) fn recover(bytes: &[u8]) -> (Vec<String>, Vec<Received>) {
    let commits = |key: &[u8], value: &[u8]| {
        let count = value.try_into().ok().map(u64::from_le_bytes);
        count.filter(|_| key == b"commits")
    };
    let (file, mut all) = (write(bytes), Vec::new());
    let read = Recovery::new(&file, &commits).and_then(|recovery| {
        recovery.read(&mut |record| {
            all.push(received(record));
            Ok(())
        })
    });
    (read.unwrap(), all)
}
