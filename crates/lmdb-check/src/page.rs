//! One page as bytes: its header, its nodes, and the fields of a meta page, with every bound
//! checked.
//!
//! Parses bytes that the caller has read; knows neither the file nor the tree that the page is in.
//! The layout is that of LMDB 0.9 (`MDB_page`, `MDB_node`, `MDB_meta` and `MDB_db` in `mdb.c`), in
//! the machine's byte order.

/// The length of a page header.
pub(crate) const HEADER: usize = 16;
const NODE_HEADER: usize = 8;
/// The length of the part of a meta page that is read.
pub(crate) const META_LENGTH: usize = HEADER + 136;
/// The length of a tree's record (`MDB_db`).
pub(crate) const TREE_LENGTH: usize = 48;
/// The maximum length of a key.
const MAX_KEY: usize = 511;
/// LMDB's `MAX_PAGESIZE`.
const MAX_PAGE_SIZE: usize = 32768;
const MAGIC: u32 = 0xbeef_c0de;
const DATA_VERSION: u32 = 1;

/// Kinds of pages.
pub(crate) const BRANCH: u16 = 0x01;
pub(crate) const LEAF: u16 = 0x02;
pub(crate) const OVERFLOW: u16 = 0x04;
const META: u16 = 0x08;
/// Kinds of nodes on leaves.
pub(crate) const BIG: u16 = 0x01;
pub(crate) const SUB: u16 = 0x02;
/// The root of a tree without pages.
pub(crate) const NO_PAGE: u64 = u64::MAX;

/// The root of one version of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub(crate) page_size: usize,
    pub(crate) free: Tree,
    pub(crate) main: Tree,
    pub(crate) last_page: u64,
    /// The id of the transaction that wrote it.
    pub(crate) version: u64,
}

/// The record of a tree: its root and its statistics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tree {
    pub(crate) flags: u16,
    pub(crate) depth: u16,
    /// Of branch, leaf and overflow pages.
    pub(crate) pages: [u64; 3],
    pub(crate) entries: u64,
    pub(crate) root: u64,
}

/// Why a page is not a valid meta page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MetaError {
    /// It is not a meta page of LMDB, or not the one with this number.
    NotLmdb,
    /// Its data version is not 1; its page size is as the page says.
    UnsupportedVersion { page_size: usize },
    /// The page size is not a power of two from 512 to 32768.
    PageSize,
}

impl Meta {
    /// Parses the beginning of the meta page with this number.
    pub(crate) fn read(page: &[u8; META_LENGTH], number: u64) -> Result<Self, MetaError> {
        let body = &page[HEADER..];
        let page_size = u32_at(body, 24) as usize;
        let is_meta = Page(page).number() == number && Page(page).kind() & META != 0;
        if !is_meta || u32_at(body, 0) != MAGIC {
            return Err(MetaError::NotLmdb);
        }
        if u32_at(body, 4) != DATA_VERSION {
            return Err(MetaError::UnsupportedVersion { page_size });
        }
        if !page_size.is_power_of_two() || !(512..=MAX_PAGE_SIZE).contains(&page_size) {
            return Err(MetaError::PageSize);
        }
        let (free, main) = (Tree::read(&body[24..72]), Tree::read(&body[72..120]));
        let (last_page, version) = (u64_at(body, 120), u64_at(body, 128));
        Ok(Meta { page_size, free, main, last_page, version })
    }
}

impl Tree {
    /// Parses [`TREE_LENGTH`] bytes.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Tree {
            flags: u16_at(bytes, 4),
            depth: u16_at(bytes, 6),
            pages: [u64_at(bytes, 8), u64_at(bytes, 16), u64_at(bytes, 24)],
            entries: u64_at(bytes, 32),
            root: u64_at(bytes, 40),
        }
    }
}

/// A page: at least [`HEADER`] bytes.
#[derive(Clone, Copy)]
pub(crate) struct Page<'p>(pub(crate) &'p [u8]);

impl<'p> Page<'p> {
    /// The page number in its header.
    pub(crate) fn number(self) -> u64 {
        u64_at(self.0, 0)
    }

    pub(crate) fn kind(self) -> u16 {
        u16_at(self.0, 10)
    }

    /// The number of pages of the value that begins here, on an overflow page.
    pub(crate) fn overflow(self) -> u64 {
        u32_at(self.0, 12).into()
    }

    /// The nodes of a branch or leaf that are within the page, in the order of their offsets;
    /// and whether all are, adjacent to each other up to the end of the page, as LMDB
    /// writes them.
    ///
    /// The nodes of a sound page fit into it. A damaged page can have any number of offsets
    /// that lead to the same bytes: nodes past twice the length of the page are left out.
    pub(crate) fn nodes(self) -> (Vec<Node<'p>>, bool) {
        let is_leaf = self.kind() == LEAF;
        let (lower, upper) = (u16_at(self.0, 12) as usize, u16_at(self.0, 14) as usize);
        let fits = lower >= HEADER && lower.is_multiple_of(2) && lower <= upper;
        if !fits || upper > self.0.len() {
            return (Vec::new(), false);
        }
        let count = (lower - HEADER) / 2;
        let (mut nodes, mut ranges) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut budget = 2 * self.0.len();
        for index in 0..count {
            let start = u16_at(self.0, HEADER + 2 * index) as usize;
            let bytes = self.0.get(start..).filter(|_| start >= upper);
            let Some(node) = bytes.and_then(|bytes| Node::read(bytes, is_leaf)) else { continue };
            let Some(left) = budget.checked_sub(node.length) else { break };
            budget = left;
            ranges.push((start, start + node.length.next_multiple_of(2)));
            nodes.push(node);
        }
        ranges.sort_unstable();
        let mut end = upper;
        let adjacent =
            ranges.iter().all(|&(start, next)| std::mem::replace(&mut end, next) == start);
        let sound = nodes.len() == count && adjacent && end == self.0.len();
        (nodes, sound)
    }
}

/// An entry of a branch or leaf.
pub(crate) struct Node<'p> {
    low: u32,
    pub(crate) flags: u16,
    pub(crate) key: &'p [u8],
    /// On a leaf: the value, or the page where it begins.
    pub(crate) data: &'p [u8],
    /// The length of the whole node in bytes.
    length: usize,
}

impl<'p> Node<'p> {
    fn read(bytes: &'p [u8], is_leaf: bool) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(NODE_HEADER)?;
        let (low, flags) = (u32_at(header, 0), u16_at(header, 4));
        let (key, rest) = rest.split_at_checked(u16_at(header, 6).into())?;
        let size = match (is_leaf, flags) {
            (false, _) => 0,
            (true, 0 | SUB) => low as usize,
            (true, BIG) => size_of::<u64>(),
            (true, _) => return None,
        };
        let data = rest.get(..size)?;
        let is_key = key.len() <= MAX_KEY && !(is_leaf && key.is_empty());
        let length = NODE_HEADER + key.len() + size;
        is_key.then_some(Node { low, flags, key, data, length })
    }

    /// The size of the value, on a leaf.
    pub(crate) fn size(&self) -> usize {
        self.low as usize
    }

    /// The page where the value begins, if it is [`BIG`].
    pub(crate) fn first(&self) -> u64 {
        self.data.first_chunk().map_or(NO_PAGE, |bytes| u64::from_ne_bytes(*bytes))
    }

    /// The child page, on a branch.
    pub(crate) fn child(&self) -> u64 {
        u64::from(self.low) | u64::from(self.flags) << 32
    }
}

/// The page numbers in the value of a free list entry; `None` where it is not such a value.
pub(crate) fn free_pages(value: &[u8]) -> Option<Vec<u64>> {
    let mut numbers = value.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
    let count = numbers.next()?;
    let pages: Vec<u64> = numbers.take(count.try_into().ok()?).collect();
    // LMDB writes them in descending order.
    let is_list = pages.len() as u64 == count && pages.is_sorted_by(|a, b| a > b);
    is_list.then_some(pages)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
