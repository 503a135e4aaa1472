//! Follows the trees of a data file from page to page and compares what each page says with what
//! the pages above it and the tree's own record say.
//!
//! Every page in use has to be in the file, to be of the right kind, to belong to one tree only and
//! not to be free; keys have to be in order. What is wrong is reported as text and the walk goes on
//! with what is left. The walk keeps a stack of pages, at most those beside the path to the
//! current one.

use std::fmt;

use crate::check::Check;
use crate::file::{DataFile, META_PAGES};
use crate::page::{BIG, BRANCH, LEAF, NO_PAGE, Node, Page, SUB, TREE_LENGTH, Tree, free_pages};
use crate::page_set::PageSet;
use crate::record::{Database, Record, Visit};

/// The number of problems after which further ones are not reported.
pub const MAX_PROBLEMS: usize = 100;

/// The maximum depth of a tree in LMDB (`CURSOR_STACK`).
const MAX_DEPTH: u16 = 32;
/// The flags of the free list's tree: `MDB_INTEGERKEY`.
const INTEGER_KEY: u16 = 0x08;

/// Follows trees from page to page.
pub(crate) struct Walker<'w, 'f, E> {
    file: &'w DataFile<'f>,
    last_page: u64,
    visit: &'w mut Visit<'w, E>,
    /// The pages that trees use.
    pub(crate) used: PageSet,
    /// The pages in the free list that the file has.
    free: PageSet,
    /// The highest page in the free list.
    last_free: Option<u64>,
    pub(crate) found: Check,
}

/// A tree to be walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which<'n> {
    FreeList,
    Main,
    Named(&'n [u8]),
}

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::FreeList => f.write_str("free list"),
            Which::Main => f.write_str("main database"),
            Which::Named(name) => write!(f, "database \"{}\"", name.escape_ascii()),
        }
    }
}

/// A page that is still to be read, and the range of keys that the pages above it allow.
struct Pending {
    page: u64,
    level: u16,
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

/// What was counted in a tree.
#[derive(Default)]
struct Count {
    pages: [u64; 3],
    entries: u64,
}

/// The databases that the main database lists: the name and the tree of each.
type Listed = Vec<(Vec<u8>, Tree)>;

impl<'w, 'f, E> Walker<'w, 'f, E> {
    pub(crate) fn new(file: &'w DataFile<'f>, last_page: u64, visit: &'w mut Visit<'w, E>) -> Self {
        let (used, free) = (PageSet::new(file.length), PageSet::new(file.length));
        Walker { file, last_page, visit, used, free, last_free: None, found: Check::default() }
    }

    /// Walks the free list.
    pub(crate) fn free_list(&mut self, tree: Tree) -> Result<(), E> {
        self.tree(Which::FreeList, tree, &mut Listed::new())
    }

    /// The pages that were walked, and those in the free list.
    pub(crate) fn used_or_free(&self) -> PageSet {
        let mut set = self.used.clone();
        set.extend(&self.free);
        set
    }

    /// Walks the main database and each database that it lists.
    pub(crate) fn main(&mut self, tree: Tree) -> Result<(), E> {
        let mut listed = Listed::new();
        self.tree(Which::Main, tree, &mut listed)?;
        for (name, tree) in listed {
            self.tree(Which::Named(&name), tree, &mut Listed::new())?;
            self.found.databases.push(name);
        }
        Ok(())
    }

    /// Walks each database that this leaf of the main database lists.
    pub(crate) fn databases(&mut self, leaf: Page<'_>) -> Result<(), E> {
        for node in leaf.nodes().0 {
            if node.flags == SUB && node.data.len() == TREE_LENGTH {
                let tree = Tree::read(node.data);
                self.tree(Which::Named(node.key), tree, &mut Listed::new())?;
            }
        }
        Ok(())
    }

    /// Compares the free list with the pages in use. LMDB allocates as many pages as the meta page
    /// says there are, so the last one has to be in the file unless it is free.
    pub(crate) fn check_free_pages(&mut self) {
        let last = self.last_page;
        if last >= self.file.length && self.last_free != Some(last) {
            self.problem(format!("page {last} is the last one and is past the end of the file"));
        }
        if let Some(page) = self.last_free.filter(|&page| page > last) {
            self.problem(format!("free list: page {page} does not exist"));
        }
        let both: Vec<u64> = self.free.common(&self.used).take(MAX_PROBLEMS).collect();
        both.into_iter().for_each(|page| self.problem(format!("page {page} is free and in use")));
    }

    fn tree(&mut self, which: Which<'_>, tree: Tree, listed: &mut Listed) -> Result<(), E> {
        let flags = if which == Which::FreeList { INTEGER_KEY } else { 0 };
        if tree.flags != flags {
            self.problem(format!("{which}: flags {:#06x} are not supported", tree.flags));
        }
        let mut count = Count::default();
        let mut pending = Vec::new();
        if tree.root != NO_PAGE {
            pending.push(Pending { page: tree.root, level: 1, from: Vec::new(), to: None });
        }
        while let Some(at) = pending.pop() {
            let Some(bytes) = self.page(which, at.page) else { continue };
            let page = Page(&bytes);
            let (is_branch, is_leaf) = (page.kind() == BRANCH, page.kind() == LEAF);
            if !(is_branch && at.level < tree.depth || is_leaf && at.level == tree.depth) {
                self.problem(format!(
                    "{which}: page {} at level {} of {} has the kind {:#06x}",
                    at.page,
                    at.level,
                    tree.depth,
                    page.kind()
                ));
            }
            if is_branch && at.level < MAX_DEPTH {
                count.pages[0] += 1;
                self.branch(which, page, at, &mut pending);
            } else if is_leaf {
                count.pages[1] += 1;
                for node in self.nodes(which, page, &at) {
                    count.entries += 1;
                    self.leaf_node(which, at.page, &node, &mut count, listed)?;
                }
            }
        }
        if count.entries != tree.entries {
            let (found, expected) = (count.entries, tree.entries);
            self.problem(format!("{which}: {found} entries instead of {expected}"));
        }
        if count.pages != tree.pages {
            let (found, expected) = (count.pages, tree.pages);
            self.problem(format!("{which}: page counts {found:?} instead of {expected:?}"));
        }
        Ok(())
    }

    fn branch(
        &mut self,
        which: Which<'_>,
        page: Page<'_>,
        at: Pending,
        pending: &mut Vec<Pending>,
    ) {
        let nodes = self.nodes(which, page, &at);
        // LMDB ignores the first key of a branch: every key below the second one is there.
        let from = |index: usize| match index {
            0 => at.from.clone(),
            _ => nodes[index].key.to_vec(),
        };
        for (index, node) in nodes.iter().enumerate() {
            let to = nodes.get(index + 1).map(|next| next.key.to_vec()).or_else(|| at.to.clone());
            let level = at.level + 1;
            pending.push(Pending { page: node.child(), level, from: from(index), to });
        }
    }

    /// A page, marked as in use; `None` where it cannot be read or is in use already.
    fn page(&mut self, which: Which<'_>, page: u64) -> Option<Vec<u8>> {
        if !self.mark(which, page) {
            return None;
        }
        match self.file.page(page) {
            Ok(bytes) if Page(&bytes).number() == page => return Some(bytes),
            Ok(_) => self.problem(format!("{which}: page {page} has another page's number")),
            Err(error) => self.problem(format!("{which}: {error}")),
        }
        None
    }

    /// The nodes of a page that are within it.
    fn nodes<'p>(&mut self, which: Which<'_>, page: Page<'p>, at: &Pending) -> Vec<Node<'p>> {
        let (nodes, mut sound) = page.nodes();
        let is_branch = page.kind() == BRANCH;
        let least = if is_branch && which != Which::FreeList { 2 } else { 1 };
        sound &= nodes.len() >= least;
        let keys = || nodes.iter().skip(is_branch.into()).map(|node| node.key);
        sound &= keys().is_sorted_by(|a, b| is_before(which, a, b));
        let from = |key: &[u8]| at.from.is_empty() || !is_before(which, key, &at.from);
        let to = |key: &[u8]| at.to.as_ref().is_none_or(|to| is_before(which, key, to));
        sound &= keys().next().is_none_or(from) && keys().next_back().is_none_or(to);
        if !sound {
            let page = at.page;
            self.problem(format!("{which}: page {page} has misplaced or unordered entries"));
        }
        nodes
    }

    fn leaf_node(
        &mut self,
        which: Which<'_>,
        page: u64,
        node: &Node<'_>,
        count: &mut Count,
        listed: &mut Listed,
    ) -> Result<(), E> {
        if node.flags == SUB {
            match which == Which::Main && node.data.len() == TREE_LENGTH {
                true => listed.push((node.key.to_vec(), Tree::read(node.data))),
                false => self.problem(format!("{which}: page {page} has an invalid subtree")),
            }
            return Ok(());
        }
        let large;
        let value = match node.flags {
            BIG => {
                large = self.large_value(which, node, count);
                large.as_deref()
            }
            _ => Some(node.data),
        };
        let database = match which {
            Which::FreeList => {
                if let Some(value) = value {
                    self.add_free(page, value);
                }
                return Ok(());
            }
            Which::Main => Database::Main,
            Which::Named(name) => Database::Named(name),
        };
        (self.visit)(Record { database, page, key: node.key, value })
    }

    fn add_free(&mut self, on: u64, value: &[u8]) {
        let Some(pages) = free_pages(value) else {
            return self.problem(format!("free list: page {on} has an invalid entry"));
        };
        for page in pages {
            self.last_free = self.last_free.max(Some(page));
            if page < META_PAGES {
                self.problem(format!("free list: page {page} is a meta page"));
            } else if page < self.file.length && !self.free.insert(page) {
                self.problem(format!("page {page} is free twice"));
            }
        }
    }

    /// A value on pages of its own, which are marked as in use.
    fn large_value(
        &mut self,
        which: Which<'_>,
        node: &Node<'_>,
        count: &mut Count,
    ) -> Option<Vec<u8>> {
        let first = node.first();
        // Before any page is marked: a damaged size may be as large as the file.
        let Some(pages) = self.file.overflow_pages(first, node.size()) else {
            self.problem(format!("{which}: page {first} does not hold the value that it should"));
            return None;
        };
        count.pages[2] += pages;
        if !(first..first + pages).all(|page| self.mark(which, page)) {
            return None;
        }
        match self.file.overflow_value(first, node.size()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(format!("{which}: {error}"));
                None
            }
        }
    }

    /// Marks a page as in use. Returns whether it exists and was not in use.
    fn mark(&mut self, which: Which<'_>, page: u64) -> bool {
        if page < META_PAGES || page > self.last_page {
            self.problem(format!("{which}: page {page} does not exist"));
        } else if page >= self.file.length {
            self.problem(format!("{which}: page {page} is past the end of the file"));
        } else if !self.used.insert(page) {
            self.problem(format!("{which}: page {page} is in use twice"));
        } else {
            self.found.pages += 1;
            return true;
        }
        false
    }

    fn problem(&mut self, problem: String) {
        if self.found.problems.len() < MAX_PROBLEMS {
            self.found.problems.push(problem);
        }
    }
}

/// The keys of the free list are transaction ids in the machine's byte order.
fn is_before(which: Which<'_>, a: &[u8], b: &[u8]) -> bool {
    let number = |key: &[u8]| key.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
    match which {
        Which::FreeList => a.len() == 8 && b.len() == 8 && number(a) < number(b),
        _ => a < b,
    }
}
