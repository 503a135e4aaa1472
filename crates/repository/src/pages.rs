//! LMDB's file read as a file, page by page, so that damage is told before LMDB maps it.
//!
//! A page that a truncated file lacks, touched through the map, ends the process. So the
//! length is checked at every open, and where it is in doubt, or when the repository is verified,
//! every page in use is looked at: that it is there, is what it should be, belongs to one tree
//! alone and is not free as well. Reads a file; writes nothing and knows nothing of what the
//! entries mean. Layout of the file: LMDB's own, in the machine's byte order (FORMAT.md, "The
//! file").

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use heed::{Env, WithoutTls};

use crate::fault::Fault;

const PAGE_HEADER: usize = 16;
const NODE_HEADER: usize = 8;
const MAGIC: u32 = 0xbeef_c0de;
const DATA_VERSION: u32 = 1;
/// Kinds of pages.
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
const META: u16 = 0x08;
/// Kinds of nodes on leaves.
const BIG: u16 = 0x01;
const SUB: u16 = 0x02;
/// The root of a tree without pages.
const NO_PAGE: u64 = u64::MAX;
/// No tree of LMDB is deeper.
const MAX_TREE: u16 = 32;
/// The names of the two trees that have none in the file.
const FREE_TREE: &str = "the list of free pages";
const MAIN_TREE: &str = "the list of databases";
/// After so many problems the rest is not told.
const MOST_PROBLEMS: usize = 100;

/// What a walk over the pages found.
#[derive(Default)]
pub(crate) struct Walk {
    pub(crate) pages: u64,
    pub(crate) problems: Vec<String>,
}

/// The start of one version of the file.
#[derive(Clone, Copy)]
struct Meta {
    page_size: usize,
    free: Tree,
    main: Tree,
    last_page: u64,
    version: u64,
}

#[derive(Clone, Copy)]
struct Tree {
    depth: u16,
    entries: u64,
    root: u64,
}

/// Checks that LMDB can map the file: that it is one of LMDB's, and has the first two pages.
pub(crate) fn check_head(file: &File) -> Result<(), Fault> {
    let metas = metas(file)?;
    let needed = 2 * metas[0].page_size as u64;
    match file.metadata()?.len() < needed {
        true => Err(Fault::damaged("the data file is cut off within its first two pages")),
        false => Ok(()),
    }
}

/// Checks that every page in use lies within the file.
pub(crate) fn check_length(file: &File, env: &Env<WithoutTls>) -> Result<(), Fault> {
    let txn = env.read_txn()?;
    let Some(meta) = meta_of(file, txn.id())? else {
        return Ok(()); // Others write faster than this reads: the file is no cut off one.
    };
    let length = file.metadata()?.len();
    if meta.last_page.checked_add(1).and_then(|n| n.checked_mul(meta.page_size as u64))
        <= Some(length)
    {
        return Ok(());
    }
    // Free pages at the end need not be there; so it has to be seen which are in use.
    let walk = Walker::new(file, meta)?.run()?;
    match walk.problems.first() {
        None => Ok(()),
        Some(first) => Err(Fault::damaged(format!(
            "the data file is cut off ({length} bytes, {} pages of {} were written; {first})",
            meta.last_page.saturating_add(1),
            meta.page_size,
        ))),
    }
}

/// Looks at every page that this version of the file uses. The caller has a transaction of that
/// version open, so that its pages are not used anew. `None` where others have committed so
/// often since it was opened that its start is no longer there.
pub(crate) fn walk(file: &File, version: usize) -> Result<Option<Walk>, Fault> {
    meta_of(file, version)?.map(|meta| Walker::new(file, meta)?.run()).transpose()
}

/// As [`walk`], of the newest version of a file that nobody has open.
pub(crate) fn walk_newest(file: &File) -> Result<Walk, Fault> {
    let [a, b] = metas(file)?;
    Walker::new(file, if b.version > a.version { b } else { a })?.run()
}

fn meta_of(file: &File, version: usize) -> Result<Option<Meta>, Fault> {
    Ok(metas(file)?.into_iter().find(|meta| meta.version == version as u64))
}

fn metas(file: &File) -> Result<[Meta; 2], Fault> {
    let first = meta(file, 0)?;
    Ok([first, meta(file, first.page_size as u64)?])
}

fn meta(file: &File, at: u64) -> Result<Meta, Fault> {
    let mut page = [0; PAGE_HEADER + 136];
    file.read_exact_at(&mut page, at).map_err(|_| Fault::damaged("the data file is cut off"))?;
    let body = &page[PAGE_HEADER..];
    let page_size = u32_at(body, 24) as usize;
    if u16_at(&page, 10) & META == 0 || u32_at(body, 0) != MAGIC {
        return Err(Fault::damaged("the data file is not one of LMDB's"));
    }
    if u32_at(body, 4) != DATA_VERSION {
        return Err(heed::Error::Mdb(heed::MdbError::VersionMismatch).into());
    }
    if !page_size.is_power_of_two() || !(512..=65536).contains(&page_size) {
        return Err(Fault::damaged("the data file has pages of an impossible size"));
    }
    let (free, main) = (tree(&body[24..72]), tree(&body[72..120]));
    Ok(Meta { page_size, free, main, last_page: u64_at(body, 120), version: u64_at(body, 128) })
}

fn tree(bytes: &[u8]) -> Tree {
    Tree { depth: u16_at(bytes, 6), entries: u64_at(bytes, 32), root: u64_at(bytes, 40) }
}

struct Walker<'f> {
    file: &'f File,
    meta: Meta,
    /// How many pages the file has.
    length: u64,
    /// A bit for each page that is in use.
    used: Vec<u64>,
    /// The trees that are still to be walked, by name.
    trees: BTreeMap<String, Tree>,
    /// The pages that are said to be free.
    free: Vec<u64>,
    walk: Walk,
}

/// A page to be looked at, in the tree at hand.
struct Visit {
    page: u64,
    level: u16,
}

impl<'f> Walker<'f> {
    fn new(file: &'f File, meta: Meta) -> Result<Self, Fault> {
        let length = file.metadata()?.len() / meta.page_size as u64;
        let used = vec![0; length.div_ceil(64) as usize];
        let (trees, free, walk) = Default::default();
        Ok(Walker { file, meta, length, used, trees, free, walk })
    }

    fn run(mut self) -> Result<Walk, Fault> {
        self.walk_tree(FREE_TREE, self.meta.free)?;
        self.walk_tree(MAIN_TREE, self.meta.main)?;
        while let Some((name, tree)) = self.trees.pop_first() {
            self.walk_tree(&name, tree)?;
        }
        for page in std::mem::take(&mut self.free) {
            if page > self.meta.last_page {
                self.problem(format!("page {page} is free, and past the last"));
            } else if page < self.length && self.is_used(page) {
                self.problem(format!("page {page} is free and in use"));
            }
        }
        Ok(self.walk)
    }

    fn walk_tree(&mut self, name: &str, tree: Tree) -> Result<(), Fault> {
        if tree.root == NO_PAGE {
            return Ok(());
        }
        let mut entries = 0;
        let mut open = vec![Visit { page: tree.root, level: 1 }];
        while let Some(visit) = open.pop() {
            let Some(bytes) = self.page(name, visit.page)? else { continue };
            match u16_at(&bytes, 10) {
                BRANCH if visit.level < tree.depth.min(MAX_TREE) => {
                    for node in self.nodes(name, visit.page, &bytes) {
                        let page = node.child();
                        open.push(Visit { page, level: visit.level + 1 });
                    }
                }
                LEAF if visit.level == tree.depth => {
                    for node in self.nodes(name, visit.page, &bytes) {
                        entries += 1;
                        self.leaf_node(name, visit.page, node)?;
                    }
                }
                kind => self.problem(format!(
                    "{name}: page {} on level {} of {} is of kind {kind:#06x}",
                    visit.page, visit.level, tree.depth
                )),
            }
        }
        if entries != tree.entries {
            let expected = tree.entries;
            self.problem(format!("{name}: {entries} entries are there, of {expected}"));
        }
        Ok(())
    }

    /// A page, marked as in use; `None` where it cannot be had.
    fn page(&mut self, name: &str, page: u64) -> Result<Option<Vec<u8>>, Fault> {
        if !self.mark(name, page) {
            return Ok(None);
        }
        let mut bytes = vec![0; self.meta.page_size];
        self.file.read_exact_at(&mut bytes, page * self.meta.page_size as u64)?;
        if u64_at(&bytes, 0) == page {
            return Ok(Some(bytes));
        }
        self.problem(format!("{name}: page {page} says that it is another"));
        Ok(None)
    }

    /// The nodes of a page, as far as they lie within it and in order.
    fn nodes<'p>(&mut self, name: &str, page: u64, bytes: &'p [u8]) -> Vec<Node<'p>> {
        let (lower, upper) = (u16_at(bytes, 12) as usize, u16_at(bytes, 14) as usize);
        let mut nodes: Vec<Node<'p>> = Vec::new();
        let fits = (PAGE_HEADER..=upper).contains(&lower) && upper <= bytes.len();
        let count = if fits { (lower - PAGE_HEADER) / 2 } else { 0 };
        let mut sound = fits;
        for at in 0..count {
            let start = u16_at(bytes, PAGE_HEADER + 2 * at) as usize;
            let Some(node) = bytes.get(start.max(upper)..).and_then(Node::new) else {
                sound = false;
                continue;
            };
            // Those of free pages are numbers in the machine's byte order.
            sound &= name == FREE_TREE || nodes.last().is_none_or(|last| last.key < node.key);
            nodes.push(node);
        }
        if !sound {
            self.problem(format!("{name}: page {page} has entries out of place"));
        }
        nodes
    }

    fn leaf_node(&mut self, name: &str, page: u64, node: Node<'_>) -> Result<(), Fault> {
        let size = node.size();
        let big;
        let data = match node.flags {
            BIG => {
                let Some(first) = node.rest.first_chunk() else {
                    self.problem(format!("{name}: page {page} has an entry cut off"));
                    return Ok(());
                };
                let first = u64::from_ne_bytes(*first);
                // Elsewhere only the place of the value matters.
                let wanted = if name == FREE_TREE { size } else { 0 };
                match self.overflow(name, first, size, wanted)? {
                    Some(bytes) => big = bytes,
                    None => return Ok(()),
                }
                &big[..]
            }
            0 | SUB if size <= node.rest.len() => &node.rest[..size],
            _ => {
                self.problem(format!("{name}: page {page} has an entry of no known kind"));
                return Ok(());
            }
        };
        if name == FREE_TREE {
            self.free.extend(data.chunks_exact(8).skip(1).map(|id| u64_at(id, 0)));
        } else if name == MAIN_TREE && node.flags == SUB && data.len() == 48 {
            self.trees.insert(String::from_utf8_lossy(node.key).into_owned(), tree(data));
        }
        Ok(())
    }

    /// A value on pages of its own: marks them, and reads `wanted` bytes of it.
    fn overflow(
        &mut self,
        name: &str,
        first: u64,
        size: usize,
        wanted: usize,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Some(bytes) = self.page(name, first)? else { return Ok(None) };
        let pages = u64::from(u32_at(&bytes, 12));
        if u16_at(&bytes, 10) != OVERFLOW
            || pages * (self.meta.page_size as u64) < (PAGE_HEADER + size) as u64
        {
            self.problem(format!("{name}: page {first} does not hold the value it should"));
            return Ok(None);
        }
        if !(1..pages).all(|further| self.mark(name, first.saturating_add(further))) {
            return Ok(None);
        }
        let mut value = vec![0; wanted];
        let at = first * self.meta.page_size as u64 + PAGE_HEADER as u64;
        self.file.read_exact_at(&mut value, at)?;
        Ok(Some(value))
    }

    /// Whether the page is there and was not in use yet.
    fn mark(&mut self, name: &str, page: u64) -> bool {
        if page < 2 || page > self.meta.last_page {
            self.problem(format!("{name}: there is no page {page}"));
        } else if page >= self.length {
            self.problem(format!("{name}: page {page} is past the end of the file"));
        } else if self.is_used(page) {
            self.problem(format!("{name}: page {page} is in use twice"));
        } else {
            self.used[(page / 64) as usize] |= 1 << (page % 64);
            self.walk.pages += 1;
            return true;
        }
        false
    }

    fn is_used(&self, page: u64) -> bool {
        self.used[(page / 64) as usize] >> (page % 64) & 1 == 1
    }

    fn problem(&mut self, problem: String) {
        if self.walk.problems.len() < MOST_PROBLEMS {
            self.walk.problems.push(problem);
        }
    }
}

/// An entry of a page.
struct Node<'p> {
    low: u32,
    flags: u16,
    key: &'p [u8],
    /// The page from the value on.
    rest: &'p [u8],
}

impl<'p> Node<'p> {
    fn new(bytes: &'p [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(NODE_HEADER)?;
        let (key, rest) = rest.split_at_checked(u16_at(header, 6).into())?;
        Some(Node { low: u32_at(header, 0), flags: u16_at(header, 4), key, rest })
    }

    /// The size of the value, on a leaf.
    fn size(&self) -> usize {
        self.low as usize
    }

    /// The page below, on a branch.
    fn child(&self) -> u64 {
        u64::from(self.low) | u64::from(self.flags) << 32
    }
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
