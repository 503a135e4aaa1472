//! The reason of a failed write: LMDB reports every incomplete write as an I/O error.
//!
//! If the disk is full or the file has reached the process's size limit, that is the reason.

use std::path::Path;

use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};

use crate::error::Fault;
use crate::format::DATA_FILE;

/// Less space than this counts as none, in bytes: one write of LMDB needs up to as much.
const NONE_LEFT: u64 = 1 << 20;

/// The fault of a commit with its actual reason.
pub(crate) fn reason(fault: Fault, dir: &Path) -> Fault {
    match fault.is_io_error() && is_used_up(dir) {
        true => std::io::Error::from(std::io::ErrorKind::StorageFull).into(),
        false => fault,
    }
}

fn is_used_up(dir: &Path) -> bool {
    let is_full = statvfs(dir).is_ok_and(|s| s.f_bavail.saturating_mul(s.f_frsize) < NONE_LEFT);
    let length = dir.join(DATA_FILE).metadata().map_or(0, |data| data.len());
    let limit = getrlimit(Resource::Fsize).current;
    is_full || limit.is_some_and(|limit| length.saturating_add(NONE_LEFT) > limit)
}
