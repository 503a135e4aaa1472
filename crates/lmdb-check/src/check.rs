//! Validates one version of a data file: every page that it uses, and every record.

use std::fs::File;

use crate::error::Error;
use crate::file::{DataFile, META_PAGES, metas, newest};
use crate::page::Meta;
use crate::record::Visit;
use crate::walk::Walker;

/// The result of [`check_newest`] and [`check_version`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Check {
    /// The number of pages in use, without the meta pages.
    pub pages: u64,
    /// The names of the databases that the main database lists.
    pub databases: Vec<Vec<u8>>,
    /// The problems found, at most [`MAX_PROBLEMS`](crate::MAX_PROBLEMS). Without any, LMDB can
    /// map the file and follow every page number and offset in it.
    pub problems: Vec<String>,
}

/// Validates the newest version of a file that no process has open, and passes its records to
/// `visit`.
///
/// # Errors
///
/// Those of `visit`; [`Error`] where the meta pages are damaged.
pub fn check_newest<E: From<Error>>(file: &File, visit: &mut Visit<'_, E>) -> Result<Check, E> {
    let metas = metas(file)?;
    match newest(&metas) {
        Some(meta) => check(file, meta, visit),
        None => Err(Error::damaged("the meta pages of the data file do not match").into()),
    }
}

/// As [`check_newest`], for the version that the transaction with this id wrote.
///
/// LMDB may have the file open: the caller holds a read transaction of that id open, so LMDB does
/// not reuse the version's pages. Returns `None` where the meta page of that version has been
/// overwritten by later commits; the caller begins another read transaction and tries again.
///
/// # Errors
///
/// As [`check_newest`].
pub fn check_version<E: From<Error>>(
    file: &File,
    transaction: u64,
    visit: &mut Visit<'_, E>,
) -> Result<Option<Check>, E> {
    let meta = metas(file)?.into_iter().find(|meta| meta.version == transaction);
    meta.map(|meta| check(file, &meta, visit)).transpose()
}

fn check<E: From<Error>>(file: &File, meta: &Meta, visit: &mut Visit<'_, E>) -> Result<Check, E> {
    let file = DataFile::new(file, meta.page_size)?;
    if file.length < META_PAGES {
        return Err(Error::damaged("the data file is truncated").into());
    }
    let mut walker = Walker::new(&file, meta.last_page, visit);
    walker.free_list(meta.free)?;
    walker.main(meta.main)?;
    walker.check_free_pages();
    Ok(walker.found)
}
