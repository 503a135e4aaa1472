//! A data file as a sequence of pages: its two meta pages, single pages, and values that occupy
//! pages of their own.
//!
//! Reads at given offsets of an open file. Every page number and length comes from the file
//! itself, so each is compared with the file's length first.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::error::Error;
use crate::page::{HEADER, META_LENGTH, Meta, MetaError, OVERFLOW, Page};
use crate::page_set::PageSet;

/// The number of meta pages; the pages of trees follow them.
pub(crate) const META_PAGES: u64 = 2;

/// A data file in pages of one size.
pub(crate) struct DataFile<'f> {
    file: &'f File,
    page_size: usize,
    /// The number of complete pages in the file.
    pub(crate) length: u64,
}

impl<'f> DataFile<'f> {
    pub(crate) fn new(file: &'f File, page_size: usize) -> Result<Self, Error> {
        let length = file.metadata()?.len() / page_size as u64;
        Ok(DataFile { file, page_size, length })
    }

    pub(crate) fn page_size(&self) -> usize {
        self.page_size
    }

    /// The bytes of a page.
    pub(crate) fn page(&self, page: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; self.page_size];
        self.read(&mut bytes, page, 0)?;
        Ok(bytes)
    }

    fn read(&self, bytes: &mut [u8], page: u64, within: usize) -> Result<(), Error> {
        if page >= self.length {
            return Err(Error::damaged(format!("page {page} is past the end of the file")));
        }
        let at = page * self.page_size as u64 + within as u64;
        let read = self.file.read_exact_at(bytes, at);
        read.map_err(|error| Error::damaged(format!("page {page} cannot be read: {error}")))
    }

    /// The number of pages that a value of `size` bytes on pages of its own occupies.
    fn pages_for(&self, size: usize) -> u64 {
        (HEADER as u64 + size as u64).div_ceil(self.page_size as u64)
    }

    /// Whether pages for a value of `size` bytes begin at `first`; returns how many.
    pub(crate) fn overflow_pages(&self, first: u64, size: usize) -> Option<u64> {
        let count = self.pages_for(size);
        let end = first.checked_add(count)?;
        if first < META_PAGES || end > self.length {
            return None;
        }
        let head = self.page(first).ok()?;
        let head = Page(&head);
        let fits = head.number() == first && head.kind() == OVERFLOW && head.overflow() == count;
        fits.then_some(count)
    }

    /// The value of `size` bytes on the pages from `first` on, which
    /// [`DataFile::overflow_pages`] confirmed.
    pub(crate) fn overflow_value(&self, first: u64, size: usize) -> Result<Vec<u8>, Error> {
        let mut value = vec![0; size];
        self.read(&mut value, first, HEADER)?;
        Ok(value)
    }

    /// As the two before, for pages none of which is in `used`; adds them to it.
    pub(crate) fn take_value(
        &self,
        first: u64,
        size: usize,
        used: &mut PageSet,
    ) -> Option<Vec<u8>> {
        let count = self.overflow_pages(first, size)?;
        if !(first..first + count).all(|page| used.insert(page)) {
            return None;
        }
        self.overflow_value(first, size).ok()
    }
}

/// The two meta pages.
pub(crate) fn metas(file: &File) -> Result<[Meta; 2], Error> {
    let first = meta_at(file, 0, 0)?;
    let size = match first {
        Ok(Meta { page_size, .. }) | Err(MetaError::UnsupportedVersion { page_size }) => page_size,
        Err(why) => return Err(invalid(why)),
    };
    match (first, meta_at(file, 1, size as u64)?) {
        (Ok(first), Ok(second)) => Ok([first, second]),
        (Err(MetaError::UnsupportedVersion { .. }), Err(MetaError::UnsupportedVersion { .. })) => {
            Err(Error::UnsupportedVersion)
        }
        (Err(why), _) | (_, Err(why)) => Err(invalid(why)),
    }
}

/// The newer of the two meta pages of one file. LMDB writes them alternately, so their
/// transaction ids differ by one, and the even one is on page 0. `None` for any others.
pub(crate) fn newest(metas: &[Meta; 2]) -> Option<&Meta> {
    let [even, odd] = metas.each_ref().map(|meta| meta.version);
    let alternate = even % 2 == 0 && odd % 2 == 1 && even.abs_diff(odd) == 1;
    let same_size = metas[0].page_size == metas[1].page_size;
    (alternate && same_size).then(|| &metas[usize::from(odd > even)])
}

fn meta_at(file: &File, number: u64, offset: u64) -> Result<Result<Meta, MetaError>, Error> {
    let mut page = [0; META_LENGTH];
    let read = file.read_exact_at(&mut page, offset);
    read.map_err(|_| Error::damaged("the data file is truncated"))?;
    Ok(Meta::read(&page, number))
}

fn invalid(why: MetaError) -> Error {
    Error::damaged(match why {
        MetaError::NotLmdb => "the file is not an LMDB data file",
        MetaError::UnsupportedVersion { .. } => {
            "the meta pages of the data file have different LMDB data versions"
        }
        MetaError::PageSize => "the data file has an invalid page size",
    })
}
