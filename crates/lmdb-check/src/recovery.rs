//! The records of a damaged file, as many as can be shown to be of its last state.
//!
//! First what the trees lead to. Where the free list is undamaged, every page that is not free is
//! part of the last state, so leaf pages to which no tree leads any more are read as well. A page
//! that is free, or may be, is never read: its records may have been replaced or deleted since.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::error::Error;
use crate::file::{DataFile, META_PAGES, metas, newest};
use crate::page::{BIG, BRANCH, LEAF, META_LENGTH, Meta, OVERFLOW, Page, SUB, Tree};
use crate::page_set::PageSet;
use crate::record::{Database, Record, Visit};
use crate::walk::{MAX_PROBLEMS, Walker};

/// The possible page sizes, the usual one first.
const PAGE_SIZES: [usize; 7] = [4096, 8192, 16384, 32768, 2048, 1024, 512];
/// The number of pages that are looked at to find the page size.
const SAMPLE: u64 = 256;

/// The number of commits that a record of the main database states, by key and value, if it is the
/// one that does. LMDB keeps no such record; a program that wants to recover a file with a damaged
/// meta page writes one in every transaction.
pub type CommitCount<'a> = dyn Fn(&[u8], &[u8]) -> Option<u64> + 'a;

/// A damaged file of which as much is read as possible. No process has it open.
pub struct Recovery<'f> {
    file: DataFile<'f>,
    root: Root,
    /// The pages that are free or list those that are, and the last page; if known.
    free: Option<(PageSet, u64)>,
    problems: Vec<String>,
}

/// Where the trees begin.
enum Root {
    /// At the root of the main database.
    Tree(Tree),
    /// On this leaf of the main database, the last one that was written.
    Leaf(u64),
    Unknown,
}

impl<'f> Recovery<'f> {
    /// Finds the last state: by the meta pages where they match; else by `commits`, which shows
    /// the last of several leaves of the main database. Where it finds none, such a file has no
    /// state that can be shown to be the last one, and nothing is recovered.
    ///
    /// # Errors
    ///
    /// The file's length cannot be read.
    pub fn new(file: &'f File, commits: &CommitCount<'_>) -> Result<Self, Error> {
        let file = DataFile::new(file, page_size(file)?)?;
        let mut recovery = Recovery { file, root: Root::Unknown, free: None, problems: Vec::new() };
        let metas = [0, 1].map(|page| recovery.meta(page));
        let last = recovery.last_leaf(commits);
        match recovery.start(metas, last.map(|(count, _)| count), commits) {
            Some(meta) => {
                recovery.root = Root::Tree(meta.main);
                recovery.read_free(&meta);
            }
            None => {
                recovery.problem("the meta pages are damaged".to_owned());
                recovery.root = last.map_or(Root::Unknown, |(_, page)| Root::Leaf(page));
            }
        }
        Ok(recovery)
    }

    /// Passes every record that is left to `visit`. Returns what is damaged, at most
    /// [`MAX_PROBLEMS`].
    ///
    /// Memory: one record, the pages beside the path to it, and a bit for each page. Time: each
    /// page is read at most twice.
    ///
    /// # Errors
    ///
    /// Those of `visit`; a page cannot be read that was readable before.
    pub fn read<E: From<Error>>(&self, visit: &mut Visit<'_, E>) -> Result<Vec<String>, E> {
        let mut walker = Walker::new(&self.file, self.file.length, visit);
        if let Some((not_in_trees, _)) = &self.free {
            walker.used = not_in_trees.clone();
        }
        match self.root {
            Root::Tree(tree) => walker.main(tree)?,
            Root::Leaf(page) => walker.databases(Page(&self.file.page(page)?))?,
            Root::Unknown => {}
        }
        let mut problems = self.problems.clone();
        problems.append(&mut walker.found.problems);
        let used = walker.used;
        if let Some((_, last_page)) = &self.free {
            self.read_rest(used, *last_page, visit, &mut problems)?;
        }
        problems.truncate(MAX_PROBLEMS);
        Ok(problems)
    }

    /// A valid meta page with the file's page size.
    fn meta(&self, page: u64) -> Option<Meta> {
        let bytes = self.file.page(page).ok()?;
        let meta = Meta::read(bytes.first_chunk::<META_LENGTH>()?, page).ok()?;
        (meta.page_size == self.file.page_size()).then_some(meta)
    }

    /// The meta page of the last state: of two that match the newer one; otherwise the one whose
    /// main database has the highest number of commits in the file.
    fn start(
        &self,
        metas: [Option<Meta>; 2],
        last: Option<u64>,
        commits: &CommitCount<'_>,
    ) -> Option<Meta> {
        if let [Some(a), Some(b)] = metas
            && let Some(meta) = newest(&[a, b])
        {
            return Some(*meta);
        }
        let is_last = |meta: &Meta| last.is_some() && self.commits(meta.main.root, commits) == last;
        metas.into_iter().flatten().find(is_last)
    }

    /// The highest number of commits on any leaf, and that leaf.
    fn last_leaf(&self, commits: &CommitCount<'_>) -> Option<(u64, u64)> {
        let pages = META_PAGES..self.file.length;
        pages.filter_map(|page| Some((self.commits(page, commits)?, page))).max()
    }

    /// The number of commits on a page, if it is a leaf that states one.
    fn commits(&self, page: u64, commits: &CommitCount<'_>) -> Option<u64> {
        let bytes = self.file.page(page).ok()?;
        let leaf = Page(&bytes);
        if leaf.number() != page || leaf.kind() != LEAF {
            return None;
        }
        let (nodes, _) = leaf.nodes();
        let records = nodes.iter().filter(|node| node.flags == 0);
        records.filter_map(|node| commits(node.key, node.data)).next()
    }

    fn read_free(&mut self, meta: &Meta) {
        let visit: &mut Visit<'_, Error> = &mut |_| Ok(());
        let mut walker = Walker::new(&self.file, self.file.length, visit);
        let walked = walker.free_list(meta.free);
        let problems = std::mem::take(&mut walker.found.problems);
        let free = walker.used_or_free();
        if walked.is_ok() && problems.is_empty() {
            self.free = Some((free, meta.last_page));
        }
        problems.into_iter().for_each(|problem| self.problem(problem));
        if meta.last_page >= self.file.length {
            let (length, last) = (self.file.length, meta.last_page);
            self.problem(format!(
                "the file is truncated: it has {length} pages, and the last one is {last}"
            ));
        }
    }

    /// Reads the leaf pages that are not free, and to which no tree leads.
    fn read_rest<E>(
        &self,
        mut used: PageSet,
        last_page: u64,
        visit: &mut Visit<'_, E>,
        problems: &mut Vec<String>,
    ) -> Result<(), E> {
        let mut next = META_PAGES;
        while next < self.file.length.min(last_page.saturating_add(1)) {
            let page = next;
            next += 1;
            if used.contains(page) {
                continue;
            }
            let bytes = self.file.page(page).unwrap_or_default();
            match (!bytes.is_empty()).then(|| Page(&bytes)).filter(|p| p.number() == page) {
                Some(leaf) if leaf.kind() == LEAF => self.read_leaf(leaf, &mut used, visit)?,
                Some(branch) if branch.kind() == BRANCH => {}
                // The value is read with the record that says how long it is.
                Some(value) if value.kind() == OVERFLOW => {
                    next = page.saturating_add(value.overflow().max(1));
                }
                _ if problems.len() < MAX_PROBLEMS => {
                    problems.push(format!("page {page} is neither free nor of a known kind"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_leaf<E>(
        &self,
        leaf: Page<'_>,
        used: &mut PageSet,
        visit: &mut Visit<'_, E>,
    ) -> Result<(), E> {
        let (nodes, _) = leaf.nodes();
        if nodes.iter().any(|node| node.flags == SUB) {
            return Ok(()); // A leaf of the main database.
        }
        for node in &nodes {
            let large;
            let value = match node.flags {
                BIG => {
                    large = self.file.take_value(node.first(), node.size(), used);
                    large.as_deref()
                }
                _ => Some(node.data),
            };
            let (database, page, key) = (Database::Unknown, leaf.number(), node.key);
            visit(Record { database, page, key, value })?;
        }
        Ok(())
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// The page size: as the meta pages say, where they match; else the one for which most of the first
/// pages have their own number.
fn page_size(file: &File) -> Result<usize, Error> {
    if let Ok(metas) = metas(file)
        && newest(&metas).is_some()
    {
        return Ok(metas[0].page_size);
    }
    let length = file.metadata()?.len();
    let in_place = |size: usize| {
        let is_in_place = |page: &u64| {
            let mut number = [0; 8];
            let read = file.read_exact_at(&mut number, page * size as u64);
            read.is_ok() && u64::from_ne_bytes(number) == *page
        };
        (1..SAMPLE.min(length / size as u64)).filter(is_in_place).count()
    };
    let counted = PAGE_SIZES.map(|size| (in_place(size), size));
    // Of several with the same count the first, which is the usual one.
    let most = counted.into_iter().rev().max_by_key(|(count, _)| *count);
    Ok(most.map_or(PAGE_SIZES[0], |(_, size)| size))
}
