//! The entries of a damaged file, as many as can be told to be of its last state.
//!
//! What the trees lead to is read first. Where the list of free pages is whole, every page that is
//! not free is of the last state, so those to which nothing leads any more are read as well:
//! entries tell by their checksums of which database they are. A page that is free, or may be,
//! is never read: what it has may have been replaced or deleted since.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::entries;
use crate::fault::Fault;
use crate::format::{COMMITS, LIST};
use crate::page::{BIG, BRANCH, LEAF, META_LENGTH, Meta, OVERFLOW, Page, SUB, Tree};
use crate::pages::{Each, Found, PageSet, Pages, Walker, found_elsewhere, newest};

/// The sizes that a page may have, the usual one first.
const SIZES: [usize; 8] = [4096, 8192, 16384, 65536, 32768, 2048, 1024, 512];
/// So many pages are looked at to find which size they have.
const SAMPLE: u64 = 256;
/// After so many problems the rest is not told.
const MOST_PROBLEMS: usize = 100;

/// A file of which as much is read as can be.
pub(crate) struct Source<'f> {
    pages: Pages<'f>,
    root: Root,
    /// The pages that are free or list those that are, and the last that there was; if known.
    free: Option<(PageSet, u64)>,
    problems: Vec<String>,
}

/// Where the trees begin.
enum Root {
    /// In the list of databases.
    Tree(Tree),
    /// On this page, the last list of databases that was written.
    Page(u64),
    Unknown,
}

impl<'f> Source<'f> {
    pub(crate) fn new(file: &'f File) -> Result<Self, Fault> {
        let pages = Pages::new(file, page_size(file)?)?;
        let mut source = Source { pages, root: Root::Unknown, free: None, problems: Vec::new() };
        let metas = [0, 1].map(|page| meta(file, page, source.pages.size));
        let last = source.last_list();
        match source.start(metas, last.map(|(commits, _)| commits)) {
            Some(meta) => {
                source.root = Root::Tree(meta.main);
                source.read_free(&meta)?;
            }
            None => {
                source.problem("the start of the file is damaged".to_owned());
                source.root = last.map_or(Root::Unknown, |(_, page)| Root::Page(page));
            }
        }
        Ok(source)
    }

    /// Tells `each` of all entries that are left, and gives what is damaged.
    pub(crate) fn read(&self, each: &mut Each<'_>) -> Result<Vec<String>, Fault> {
        let mut walker = Walker::new(&self.pages, self.pages.length, each);
        if let Some((not_in_trees, _)) = &self.free {
            walker.used = not_in_trees.clone();
        }
        match self.root {
            Root::Tree(tree) => walker.main(tree)?,
            Root::Page(page) => walker.databases(Page(&self.pages.read(page)?))?,
            Root::Unknown => {}
        }
        let mut problems = self.problems.clone();
        problems.append(&mut walker.walk.problems);
        let used = walker.used;
        if let Some((_, last_page)) = &self.free {
            self.read_rest(&used, *last_page, each, &mut problems)?;
        }
        problems.truncate(MOST_PROBLEMS);
        Ok(problems)
    }

    /// The start of the last state: of two that belong together the newer; of others the one
    /// whose list of databases has the highest number of commits that there is.
    fn start(&self, metas: [Option<Meta>; 2], commits: Option<u64>) -> Option<Meta> {
        if let [Some(a), Some(b)] = metas
            && let Some(meta) = newest(&[a, b])
        {
            return Some(*meta);
        }
        let is_last = |meta: &Meta| commits.is_some() && self.commits(meta.main.root) == commits;
        metas.into_iter().flatten().find(is_last)
    }

    /// The number of commits in the last list of databases, and its page.
    fn last_list(&self) -> Option<(u64, u64)> {
        (2..self.pages.length).filter_map(|page| Some((self.commits(page)?, page))).max()
    }

    /// The number of commits on a page, if it is a list of databases.
    fn commits(&self, page: u64) -> Option<u64> {
        let bytes = self.sound(page)?;
        let (nodes, _) = Page(&bytes).nodes();
        let node = nodes.iter().find(|node| node.key == COMMITS && node.flags == 0)?;
        let count = entries::checked(LIST, COMMITS, node.data)?;
        count.try_into().ok().map(u64::from_le_bytes)
    }

    /// A leaf that says that it is this page.
    fn sound(&self, page: u64) -> Option<Vec<u8>> {
        let bytes = (page < self.pages.length).then(|| self.pages.read(page).ok()).flatten()?;
        let is_leaf = Page(&bytes).number() == page && Page(&bytes).kind() == LEAF;
        is_leaf.then_some(bytes)
    }

    fn read_free(&mut self, meta: &Meta) -> Result<(), Fault> {
        let each: &mut Each<'_> = &mut |_| Ok(());
        let mut walker = Walker::new(&self.pages, self.pages.length, each);
        walker.all_free(meta.free)?;
        if walker.walk.problems.is_empty() {
            let set = walker.not_in_trees();
            self.free = Some((set, meta.last_page));
        } else {
            let problems = walker.walk.problems;
            problems.into_iter().for_each(|problem| self.problem(problem));
        }
        if meta.last_page >= self.pages.length {
            let (length, last) = (self.pages.length, meta.last_page);
            self.problem(format!(
                "the file is cut off: {length} pages are there, the last is {last}"
            ));
        }
        Ok(())
    }

    /// Reads the pages that are not free, and to which nothing leads.
    fn read_rest(
        &self,
        used: &PageSet,
        last_page: u64,
        each: &mut Each<'_>,
        problems: &mut Vec<String>,
    ) -> Result<(), Fault> {
        let mut next = 2;
        while next < self.pages.length.min(last_page.saturating_add(1)) {
            let page = next;
            next += 1;
            if used.has(page) {
                continue;
            }
            let bytes = self.pages.read(page).unwrap_or_default();
            match (!bytes.is_empty()).then(|| Page(&bytes)).filter(|p| p.number() == page) {
                Some(leaf) if leaf.kind() == LEAF => self.read_leaf(leaf, each)?,
                Some(branch) if branch.kind() == BRANCH => {}
                // The value is read where an entry says how long it is.
                Some(value) if value.kind() == OVERFLOW => {
                    next = page.saturating_add(value.run().max(1));
                }
                _ if problems.len() < MOST_PROBLEMS => {
                    problems.push(format!("page {page} is not what any page should be"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_leaf(&self, page: Page<'_>, each: &mut Each<'_>) -> Result<(), Fault> {
        let (nodes, _) = page.nodes();
        if nodes.iter().any(|node| node.flags == SUB) {
            return Ok(()); // A list of databases.
        }
        let mut bad = Vec::new();
        // All entries of a page are of one database.
        let mut database = None;
        for node in &nodes {
            let stored = match node.flags {
                BIG => self.pages.value(node.first(), node.size()).ok().flatten(),
                _ => Some(node.data.to_vec()),
            };
            let found = stored.as_deref().and_then(|stored| found_elsewhere(node.key, stored));
            match found {
                Some((number, value)) => {
                    database = Some(number);
                    each(Found::Whole(number, node.key, value))?;
                }
                None => bad.push(node.key),
            }
        }
        bad.into_iter().try_for_each(|key| each(Found::Bad(database, key)))
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// The size of pages for which most of the first say that they are where they are.
fn page_size(file: &File) -> Result<usize, Fault> {
    let length = file.metadata()?.len();
    let in_place = |size: usize| {
        let is_in_place = |page: &u64| {
            let mut number = [0; 8];
            let read = file.read_exact_at(&mut number, page * size as u64);
            read.is_ok() && u64::from_ne_bytes(number) == *page
        };
        (1..SAMPLE.min(length / size as u64)).filter(is_in_place).count()
    };
    let counted = SIZES.map(|size| (in_place(size), size));
    // Of several alike the first, which is the usual one.
    Ok(counted.into_iter().rev().max_by_key(|(count, _)| *count).map_or(SIZES[0], |(_, size)| size))
}

fn meta(file: &File, page: u64, size: usize) -> Option<Meta> {
    let mut bytes = [0; META_LENGTH];
    file.read_exact_at(&mut bytes, page * size as u64).ok()?;
    let is_in_place = Page(&bytes).number() == page;
    Meta::read(&bytes).ok().filter(|meta| is_in_place && meta.page_size == size)
}
