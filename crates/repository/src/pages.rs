//! LMDB's file read as a file, page by page: LMDB believes what its pages say, so damage has to
//! be told before it maps them.
//!
//! Every page in use is looked at: that it is there, is what it should be, belongs to one tree
//! alone and is not free as well; and every entry by its checksum. Reads a file; writes nothing.
//! Pages as bytes are in [`crate::page`]; when a file is looked at is said in [`crate::whole`].

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::entries;
use crate::fault::Fault;
use crate::format::{COMMITS, DATABASES, LIST, META_FORMAT, number};
use crate::page::{
    BIG, BRANCH, HEADER, LEAF, META_LENGTH, Meta, NO_PAGE, NoMeta, Node, OVERFLOW, Page, SUB,
    TREE_LENGTH, Tree, free_pages,
};

/// The two pages that the file begins with.
const METAS: u64 = 2;
/// No tree of LMDB is deeper.
const MAX_TREE: u16 = 32;
/// The flags of the tree of free pages: its keys are integers.
const INTEGER_KEYS: u16 = 0x08;
/// After so many problems the rest is not told.
const MOST_PROBLEMS: usize = 100;

/// What a walk over the pages found.
#[derive(Default)]
pub(crate) struct Walk {
    pub(crate) pages: u64,
    pub(crate) problems: Vec<String>,
}

/// An entry that was come upon.
pub(crate) enum Found<'a> {
    /// One of the database of this number, as it was stored; its value without the checksum.
    Whole(u8, &'a [u8], &'a [u8]),
    /// One that went bad, with its key as far as that is right.
    Bad(Option<u8>, &'a [u8]),
}

/// Who is told of entries.
pub(crate) type Each<'a> = dyn FnMut(Found<'_>) -> Result<(), Fault> + 'a;

/// Looks at every page that this version of the file uses. The caller has a transaction of that
/// version open, so that its pages are not used anew. `None` where others have committed so
/// often since it was opened that its start is no longer there.
pub(crate) fn walk(file: &File, version: usize) -> Result<Option<Walk>, Fault> {
    let meta = metas(file)?.into_iter().find(|meta| meta.version == version as u64);
    meta.map(|meta| check(file, meta)).transpose()
}

/// As [`walk`], of the newest version of a file that nobody has open.
pub(crate) fn walk_newest(file: &File) -> Result<Walk, Fault> {
    let metas = metas(file)?;
    match newest(&metas) {
        Some(meta) => check(file, *meta),
        None => Err(Fault::damaged("its first two pages do not belong together")),
    }
}

/// The newer of two that one file begins with: LMDB writes them by turns.
pub(crate) fn newest(metas: &[Meta; 2]) -> Option<&Meta> {
    let [even, odd] = metas.each_ref().map(|meta| meta.version);
    let are_in_turn = even % 2 == 0 && odd % 2 == 1 && even.abs_diff(odd) == 1;
    let fit = metas[0].page_size == metas[1].page_size;
    (are_in_turn && fit).then(|| &metas[usize::from(odd > even)])
}

fn metas(file: &File) -> Result<[Meta; 2], Fault> {
    let first = meta(file, 0)?;
    let size = match first {
        Ok(Meta { page_size, .. }) | Err(NoMeta::OtherVersion(page_size)) => page_size,
        Err(why) => return Err(no_meta(why)),
    };
    match (first, meta(file, size as u64)?) {
        (Ok(first), Ok(second)) => Ok([first, second]),
        (Err(NoMeta::OtherVersion(_)), Err(NoMeta::OtherVersion(_))) => {
            Err(heed::Error::Mdb(heed::MdbError::VersionMismatch).into())
        }
        (Err(why), _) | (_, Err(why)) => Err(no_meta(why)),
    }
}

fn meta(file: &File, at: u64) -> Result<Result<Meta, NoMeta>, Fault> {
    let mut page = [0; META_LENGTH];
    file.read_exact_at(&mut page, at).map_err(|_| Fault::damaged("the data file is cut off"))?;
    Ok(Meta::read(&page))
}

fn no_meta(why: NoMeta) -> Fault {
    Fault::damaged(match why {
        NoMeta::Foreign => "the data file is not one of LMDB's",
        NoMeta::OtherVersion(_) => "the data file begins with pages of two versions of LMDB",
        NoMeta::PageSize => "the data file has pages of an impossible size",
    })
}

fn check(file: &File, meta: Meta) -> Result<Walk, Fault> {
    let pages = Pages::new(file, meta.page_size)?;
    if pages.length < METAS {
        return Err(Fault::damaged("the data file is cut off within its first two pages"));
    }
    let each: &mut Each<'_> = &mut |_| Ok(());
    let mut walker = Walker::new(&pages, meta.last_page, each);
    walker.all_free(meta.free)?;
    walker.main(meta.main)?;
    walker.free_and_last();
    Ok(walker.walk)
}

/// A file in pages.
pub(crate) struct Pages<'f> {
    file: &'f File,
    pub(crate) size: usize,
    /// How many pages the file has.
    pub(crate) length: u64,
}

impl<'f> Pages<'f> {
    pub(crate) fn new(file: &'f File, size: usize) -> Result<Self, Fault> {
        let length = file.metadata()?.len() / size as u64;
        Ok(Pages { file, size, length })
    }

    /// A page that the file has. Errors: the disk does not give it.
    pub(crate) fn read(&self, page: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; self.size];
        self.read_at(&mut bytes, page, 0)?;
        Ok(bytes)
    }

    fn read_at(&self, bytes: &mut [u8], page: u64, within: usize) -> Result<(), Fault> {
        let at = page * self.size as u64 + within as u64;
        let read = self.file.read_exact_at(bytes, at);
        read.map_err(|error| Fault::damaged(format!("page {page} cannot be read: {error}")))
    }

    /// How many pages a value of `size` bytes takes that has pages of its own.
    pub(crate) fn run(&self, size: usize) -> u64 {
        (HEADER + size).div_ceil(self.size) as u64
    }

    /// The value of `size` bytes on the pages from `first` on; `None` where they do not hold one.
    pub(crate) fn value(&self, first: u64, size: usize) -> Result<Option<Vec<u8>>, Fault> {
        let run = self.run(size);
        if first < METAS || first.checked_add(run).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        let head = self.read(first)?;
        let head = Page(&head);
        if head.number() != first || head.kind() != OVERFLOW || head.run() != run {
            return Ok(None);
        }
        let mut value = vec![0; size];
        self.read_at(&mut value, first, HEADER)?;
        Ok(Some(value))
    }
}

/// A bit for each page.
#[derive(Clone)]
pub(crate) struct PageSet(Vec<u64>);

impl PageSet {
    pub(crate) fn new(length: u64) -> Self {
        PageSet(vec![0; length.div_ceil(64) as usize])
    }

    pub(crate) fn has(&self, page: u64) -> bool {
        self.0.get((page / 64) as usize).is_some_and(|bits| bits >> (page % 64) & 1 == 1)
    }

    /// Whether it is new; one past the last page is not.
    pub(crate) fn add(&mut self, page: u64) -> bool {
        let bit = 1 << (page % 64);
        match self.0.get_mut((page / 64) as usize) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                true
            }
            _ => false,
        }
    }
}

/// Follows trees from page to page.
pub(crate) struct Walker<'w, 'f> {
    pages: &'w Pages<'f>,
    last_page: u64,
    each: &'w mut Each<'w>,
    /// The pages that are in use.
    pub(crate) used: PageSet,
    /// The pages that are said to be free.
    free: Vec<u64>,
    pub(crate) walk: Walk,
}

/// A tree to be walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The free pages.
    Free,
    /// The names of the databases.
    List,
    /// One of the databases.
    Database(u8),
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Which::Free => "the list of free pages",
            Which::List => "the list of databases",
            Which::Database(number) => DATABASES[usize::from(number)],
        }
    }
}

/// A page to be looked at, in the tree at hand, and between which keys its own have to be.
struct Visit {
    page: u64,
    level: u16,
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

/// What was counted of a tree.
#[derive(Default)]
struct Count {
    pages: [u64; 3],
    entries: u64,
}

impl<'w, 'f> Walker<'w, 'f> {
    pub(crate) fn new(pages: &'w Pages<'f>, last_page: u64, each: &'w mut Each<'w>) -> Self {
        let (used, walk) = (PageSet::new(pages.length), Walk::default());
        Walker { pages, last_page, each, used, free: Vec::new(), walk }
    }

    /// Walks the tree of free pages.
    pub(crate) fn all_free(&mut self, tree: Tree) -> Result<(), Fault> {
        self.tree(Which::Free, tree, &mut BTreeMap::new())
    }

    /// The pages that were walked, and the free ones that were found.
    pub(crate) fn not_in_trees(&self) -> PageSet {
        let mut set = self.used.clone();
        for &page in &self.free {
            set.add(page);
        }
        set
    }

    /// Walks the list of databases and each of them.
    pub(crate) fn main(&mut self, tree: Tree) -> Result<(), Fault> {
        let mut trees = BTreeMap::new();
        self.tree(Which::List, tree, &mut trees)?;
        for (number, tree) in trees {
            self.tree(Which::Database(number), tree, &mut BTreeMap::new())?;
        }
        Ok(())
    }

    /// Walks the databases that this page, a list of them, has.
    pub(crate) fn databases(&mut self, list: Page<'_>) -> Result<(), Fault> {
        for node in list.nodes().0 {
            if node.flags == SUB
                && node.data.len() == TREE_LENGTH
                && let Some(number) = number(node.key)
            {
                let tree = Tree::read(node.data);
                self.tree(Which::Database(number), tree, &mut BTreeMap::new())?;
            }
        }
        Ok(())
    }

    /// Free pages are free once and not in use; and the last page is either, unless the file has
    /// it: LMDB makes room for as many as there are said to be.
    fn free_and_last(&mut self) {
        let mut seen = PageSet::new(self.pages.length);
        let free = std::mem::take(&mut self.free);
        if self.last_page >= self.pages.length && !free.contains(&self.last_page) {
            let last = self.last_page;
            self.problem(format!("page {last} is said to be the last, and is not there"));
        }
        for page in free {
            if page < METAS || page > self.last_page {
                self.problem(format!("page {page} is free, and there is none"));
            } else if self.used.has(page) {
                self.problem(format!("page {page} is free and in use"));
            } else if page < self.pages.length && !seen.add(page) {
                self.problem(format!("page {page} is free twice"));
            }
        }
    }

    fn tree(
        &mut self,
        which: Which,
        tree: Tree,
        trees: &mut BTreeMap<u8, Tree>,
    ) -> Result<(), Fault> {
        let flags = if which == Which::Free { INTEGER_KEYS } else { 0 };
        if tree.flags != flags {
            self.problem(format!("{}: its flags are {:#06x}", which.name(), tree.flags));
        }
        let mut count = Count::default();
        let mut open = Vec::new();
        if tree.root != NO_PAGE {
            open.push(Visit { page: tree.root, level: 1, from: Vec::new(), to: None });
        }
        while let Some(visit) = open.pop() {
            let Some(bytes) = self.page(which, visit.page)? else { continue };
            let page = Page(&bytes);
            let (is_branch, is_leaf) = (page.kind() == BRANCH, page.kind() == LEAF);
            if !(is_branch && visit.level < tree.depth || is_leaf && visit.level == tree.depth) {
                self.problem(format!(
                    "{}: page {} on level {} of {} is of kind {:#06x}",
                    which.name(),
                    visit.page,
                    visit.level,
                    tree.depth,
                    page.kind()
                ));
            }
            if is_branch && visit.level < MAX_TREE {
                count.pages[0] += 1;
                self.branch(which, page, visit, &mut open);
            } else if is_leaf {
                count.pages[1] += 1;
                for node in self.nodes(which, page, &visit) {
                    count.entries += 1;
                    self.leaf_node(which, visit.page, &node, &mut count, trees)?;
                }
            }
        }
        if count.entries != tree.entries {
            let (found, expected) = (count.entries, tree.entries);
            self.problem(format!("{}: {found} entries are there, of {expected}", which.name()));
        }
        if count.pages != tree.pages {
            let (found, expected) = (count.pages, tree.pages);
            self.problem(format!("{}: pages are {found:?}, not {expected:?}", which.name()));
        }
        Ok(())
    }

    fn branch(&mut self, which: Which, page: Page<'_>, visit: Visit, open: &mut Vec<Visit>) {
        let nodes = self.nodes(which, page, &visit);
        // The key of the first means nothing: everything below the second is there.
        let from = |at: usize| match at {
            0 => visit.from.clone(),
            _ => nodes[at].key.to_vec(),
        };
        for (at, node) in nodes.iter().enumerate() {
            let to = nodes.get(at + 1).map(|next| next.key.to_vec()).or_else(|| visit.to.clone());
            open.push(Visit { page: node.child(), level: visit.level + 1, from: from(at), to });
        }
    }

    /// A page, marked as in use; `None` where it cannot be had.
    fn page(&mut self, which: Which, page: u64) -> Result<Option<Vec<u8>>, Fault> {
        if !self.mark(which, page) {
            return Ok(None);
        }
        match self.pages.read(page) {
            Ok(bytes) if Page(&bytes).number() == page => return Ok(Some(bytes)),
            Ok(_) => {
                self.problem(format!("{}: page {page} says that it is another", which.name()));
            }
            Err(fault) => self.problem(format!("{}: {}", which.name(), fault.message())),
        }
        Ok(None)
    }

    /// The nodes of a page, as far as they lie within it and in order.
    fn nodes<'p>(&mut self, which: Which, page: Page<'p>, visit: &Visit) -> Vec<Node<'p>> {
        let (nodes, mut sound) = page.nodes();
        let is_branch = page.kind() == BRANCH;
        let least = if is_branch && which != Which::Free { 2 } else { 1 };
        sound &= nodes.len() >= least;
        // The key of the first node of a branch means nothing.
        let keys = || nodes.iter().skip(is_branch.into()).map(|node| node.key);
        sound &= keys().is_sorted_by(|a, b| is_before(which, a, b));
        let from = |key: &[u8]| visit.from.is_empty() || !is_before(which, key, &visit.from);
        let to = |key: &[u8]| visit.to.as_ref().is_none_or(|to| is_before(which, key, to));
        sound &= keys().next().is_none_or(from) && keys().next_back().is_none_or(to);
        if !sound {
            let (name, page) = (which.name(), visit.page);
            self.problem(format!("{name}: page {page} has entries out of place"));
        }
        nodes
    }

    fn leaf_node(
        &mut self,
        which: Which,
        page: u64,
        node: &Node<'_>,
        count: &mut Count,
        trees: &mut BTreeMap<u8, Tree>,
    ) -> Result<(), Fault> {
        if node.flags == SUB {
            match number(node.key) {
                Some(number) if which == Which::List && node.data.len() == TREE_LENGTH => {
                    trees.insert(number, Tree::read(node.data));
                }
                _ => self.problem(format!("{}: page {page} lists what is none", which.name())),
            }
            return Ok(());
        }
        let big;
        let stored = match node.flags {
            BIG => match self.overflow(which, node, count)? {
                Some(bytes) => {
                    big = bytes;
                    &big[..]
                }
                None => return (self.each)(Found::Bad(which.number(), node.key)),
            },
            _ => node.data,
        };
        match which.number() {
            None => {
                match free_pages(stored) {
                    Some(pages) => self.free.extend(pages),
                    None => self.problem(format!("page {page} lists free pages that are none")),
                }
                Ok(())
            }
            Some(number) => self.entry(number, page, node.key, stored),
        }
    }

    fn entry(&mut self, number: u8, page: u64, key: &[u8], stored: &[u8]) -> Result<(), Fault> {
        if let Some(value) = entries::checked(number, key, stored) {
            if number == LIST && key != COMMITS {
                self.problem(format!("page {page}: the list of databases has something else"));
            }
            return (self.each)(Found::Whole(number, key, value));
        }
        // Formats before 3 have no checksums; their version is found all the same.
        if DATABASES.get(usize::from(number)) == Some(&"meta")
            && key == META_FORMAT
            && let Some(version) = stored.first_chunk().filter(|_| stored.len() == 4)
        {
            return Err(Fault::other_version(u32::from_le_bytes(*version)));
        }
        let name = DATABASES.get(usize::from(number)).unwrap_or(&"the list of databases");
        self.problem(format!("{name}: page {page} has an entry that went bad"));
        (self.each)(match found_elsewhere(key, stored) {
            Some((number, value)) => Found::Whole(number, key, value),
            None => Found::Bad(Some(number), key),
        })
    }

    /// A value on pages of its own, which are marked.
    fn overflow(
        &mut self,
        which: Which,
        node: &Node<'_>,
        count: &mut Count,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let (first, run) = (node.first(), self.pages.run(node.size()));
        // Before the pages are marked, of which a damaged size has any number.
        let value = self.pages.value(first, node.size()).unwrap_or(None);
        if value.is_none() {
            let name = which.name();
            self.problem(format!("{name}: page {first} does not hold the value it should"));
            return Ok(None);
        }
        count.pages[2] += run;
        let are_its_own = (first..first + run).all(|page| self.mark(which, page));
        Ok(value.filter(|_| are_its_own))
    }

    /// Whether the page is there and was not in use yet.
    fn mark(&mut self, which: Which, page: u64) -> bool {
        let name = which.name();
        if page < METAS || page > self.last_page {
            self.problem(format!("{name}: there is no page {page}"));
        } else if page >= self.pages.length {
            self.problem(format!("{name}: page {page} is past the end of the file"));
        } else if !self.used.add(page) {
            self.problem(format!("{name}: page {page} is in use twice"));
        } else {
            self.walk.pages += 1;
            return true;
        }
        false
    }

    fn problem(&mut self, problem: String) {
        if self.walk.problems.len() < MOST_PROBLEMS {
            self.walk.problems.push(problem);
        }
    }
}

impl Which {
    /// The number in the checksums of the entries; those of the free pages have none.
    fn number(self) -> Option<u8> {
        match self {
            Which::Free => None,
            Which::List => Some(LIST),
            Which::Database(number) => Some(number),
        }
    }
}

/// The database of which an entry is whole, with its value.
pub(crate) fn found_elsewhere<'a>(key: &[u8], stored: &'a [u8]) -> Option<(u8, &'a [u8])> {
    (0..LIST).find_map(|number| Some((number, entries::checked(number, key, stored)?)))
}

/// The keys of free pages are numbers in the machine's byte order.
fn is_before(which: Which, a: &[u8], b: &[u8]) -> bool {
    let number = |key: &[u8]| key.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes));
    match which {
        Which::Free => a.len() == 8 && b.len() == 8 && number(a) < number(b),
        _ => a < b,
    }
}
