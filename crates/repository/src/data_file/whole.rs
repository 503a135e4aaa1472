//! When a data file is looked at before LMDB maps it: by the first who opens it, unless it is large
//! and nobody but LMDB has written to it since it was looked at last.
//!
//! The lock file keeps a mark of the data file as it was when LMDB had last written to it
//! (FORMAT.md, "The mark"). Who has the lock alone wipes it out, looks at the file and marks it;
//! who closes a repository marks it again. So a mark also says to those who open a repository
//! that others have open: it was looked at.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::data_file::check;
use crate::fault::Fault;

/// A file of no more bytes than this is looked at whatever its mark: that takes a few
/// milliseconds.
const SMALL: u64 = 2 << 20;

/// The length of a mark.
pub(crate) const MARK: usize = 32;

/// The data file as it is now.
pub(crate) fn mark(data: &Path) -> Result<[u8; MARK], Fault> {
    let meta = data.metadata()?;
    let seconds = meta.mtime() as u64;
    let fields = [meta.ino(), meta.len(), seconds, meta.mtime_nsec() as u64];
    let mut mark = [0; MARK];
    for (at, field) in fields.iter().enumerate() {
        mark[8 * at..8 * at + 8].copy_from_slice(&field.to_le_bytes());
    }
    Ok(mark)
}

/// Checks that LMDB can map the file and follow all that it says. Nobody has it open; `marked` is
/// its mark. Errors: the first thing that is wrong; the format is another version's.
pub(crate) fn check(data: &Path, marked: Option<[u8; MARK]>) -> Result<(), Fault> {
    let file = File::open(data)?;
    if file.metadata()?.len() > SMALL && marked == Some(mark(data)?) {
        return Ok(());
    }
    look(&file)
}

/// As [`check`], whatever the mark.
pub(crate) fn look(file: &File) -> Result<(), Fault> {
    let checked = check::check_newest(file)?;
    checked.problems.into_iter().next().map_or(Ok(()), |first| Err(Fault::damaged(first)))
}
