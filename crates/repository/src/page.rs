//! LMDB's pages as bytes: what a page says of itself, and its nodes, read with every bound
//! checked.
//!
//! Bytes in, records out, whatever the bytes are; no file, no tree, and nothing of what the
//! entries mean. Layout: LMDB's own, in the machine's byte order (FORMAT.md, "The file").

/// The length of what every page begins with.
pub(crate) const HEADER: usize = 16;
const NODE_HEADER: usize = 8;
/// The length of a meta page as far as it is read.
pub(crate) const META_LENGTH: usize = HEADER + 136;
/// The length of a tree's record.
pub(crate) const TREE_LENGTH: usize = 48;
/// LMDB's longest key.
const MAX_KEY: usize = 511;
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

/// The start of one version of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meta {
    pub(crate) page_size: usize,
    pub(crate) free: Tree,
    pub(crate) main: Tree,
    pub(crate) last_page: u64,
    pub(crate) version: u64,
}

/// Where a tree begins, and what it says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tree {
    pub(crate) flags: u16,
    pub(crate) depth: u16,
    /// Of branch, leaf and overflow pages.
    pub(crate) pages: [u64; 3],
    pub(crate) entries: u64,
    pub(crate) root: u64,
}

/// Why a page is no meta page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoMeta {
    /// It is none of LMDB's.
    Foreign,
    /// Another version of LMDB wrote it, with pages of this size.
    OtherVersion(usize),
    /// Its pages would have a size that none has.
    PageSize,
}

impl Meta {
    /// Reads a meta page, of which there are [`META_LENGTH`] bytes.
    pub(crate) fn read(page: &[u8; META_LENGTH]) -> Result<Self, NoMeta> {
        let body = &page[HEADER..];
        let page_size = u32_at(body, 24) as usize;
        if u16_at(page, 10) & META == 0 || u32_at(body, 0) != MAGIC {
            return Err(NoMeta::Foreign);
        }
        if u32_at(body, 4) != DATA_VERSION {
            return Err(NoMeta::OtherVersion(page_size));
        }
        if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
            return Err(NoMeta::PageSize);
        }
        let (free, main) = (Tree::read(&body[24..72]), Tree::read(&body[72..120]));
        let (last_page, version) = (u64_at(body, 120), u64_at(body, 128));
        Ok(Meta { page_size, free, main, last_page, version })
    }
}

impl Tree {
    /// Reads a record of [`TREE_LENGTH`] bytes.
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

/// A page, whole.
#[derive(Clone, Copy)]
pub(crate) struct Page<'p>(pub(crate) &'p [u8]);

impl<'p> Page<'p> {
    /// The number that it says it has.
    pub(crate) fn number(self) -> u64 {
        u64_at(self.0, 0)
    }

    pub(crate) fn kind(self) -> u16 {
        u16_at(self.0, 10)
    }

    /// How many pages a value takes that begins here.
    pub(crate) fn run(self) -> u64 {
        u32_at(self.0, 12).into()
    }

    /// The nodes of a branch or leaf that lie within it, and whether all do, one beside the other
    /// as LMDB puts them.
    pub(crate) fn nodes(self) -> (Vec<Node<'p>>, bool) {
        let is_leaf = self.kind() == LEAF;
        let (lower, upper) = (u16_at(self.0, 12) as usize, u16_at(self.0, 14) as usize);
        let fits = lower >= HEADER && lower.is_multiple_of(2) && lower <= upper;
        if !fits || upper > self.0.len() {
            return (Vec::new(), false);
        }
        let count = (lower - HEADER) / 2;
        let (mut nodes, mut places) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for at in 0..count {
            let start = u16_at(self.0, HEADER + 2 * at) as usize;
            let bytes = self.0.get(start..).filter(|_| start >= upper);
            let Some(node) = bytes.and_then(|bytes| Node::read(bytes, is_leaf)) else { continue };
            places.push((start, start + node.length.next_multiple_of(2)));
            nodes.push(node);
        }
        places.sort_unstable();
        let mut end = upper;
        let adjoin = places.iter().all(|&(start, next)| std::mem::replace(&mut end, next) == start);
        let sound = nodes.len() == count && adjoin && end == self.0.len();
        (nodes, sound)
    }
}

/// An entry of a page.
pub(crate) struct Node<'p> {
    low: u32,
    pub(crate) flags: u16,
    pub(crate) key: &'p [u8],
    /// On a leaf: the value, or where it begins.
    pub(crate) data: &'p [u8],
    /// Of the whole node, in bytes.
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

    /// The page below, on a branch.
    pub(crate) fn child(&self) -> u64 {
        u64::from(self.low) | u64::from(self.flags) << 32
    }
}

/// The numbers in an entry of the list of free pages; `None` where they are none.
pub(crate) fn free_pages(value: &[u8]) -> Option<Vec<u64>> {
    let mut numbers = value.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
    let count = numbers.next()?;
    let pages: Vec<u64> = numbers.take(count.try_into().ok()?).collect();
    // They stand in falling order.
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
