//! The integrity mark: what the data file looked like when LMDB had last written to it (FORMAT.md,
//! "The mark").
//!
//! The mark is in the lock file. A process that takes the lock
//! exclusively clears it, validates the data file and writes it; a process that closes the
//! repository writes it again. So a mark that fits says that nothing but LMDB has written to the file
//! since it was validated.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::Fault;

/// The length of a mark in bytes.
pub(crate) const MARK: usize = 32;

/// The mark of the data file as it is now: inode, length and modification time.
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
