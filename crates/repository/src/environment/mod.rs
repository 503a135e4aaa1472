//! The LMDB environment of a repository: the lock of its directory, opening and enlarging the
//! environment, and its databases, whose entries have checksums and keys of any length.

pub(crate) mod disk_space;
pub(crate) mod entries;
pub(crate) mod hashed_keys;
pub(crate) mod lock;
pub(crate) mod open;
pub(crate) mod resize;
