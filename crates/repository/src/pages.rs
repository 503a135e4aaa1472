//! LMDB's file read as a file, to tell damage before LMDB maps it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::fault::Fault;

/// Checks that the file is one of LMDB's.
pub(crate) fn check(path: &Path) -> Result<(), Fault> {
    let mut head = [0; 152];
    File::open(path)?
        .read_exact_at(&mut head, 0)
        .map_err(|_| Fault::damaged("the data file is too short"))
}
