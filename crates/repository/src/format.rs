//! The format of a repository: its names and numbers as constants, and its description byte by
//! byte. It is implemented by `encoding`, `environment::entries` and `environment::hashed_keys`.
//!
#![doc = include_str!("../FORMAT.md")]

/// The version of the format that this crate reads and writes.
pub const FORMAT_VERSION: u32 = 3;

/// LMDB's named databases; the number of each is its index.
pub(crate) const DATABASES: [&str; 8] = [
    "meta",
    "namespaces",
    "classes",
    "definitions",
    "layouts",
    "instances",
    "locator",
    "references",
];

/// Numbers of some of them.
pub(crate) const META: u8 = 0;
pub(crate) const NAMESPACES: u8 = 1;
pub(crate) const CLASSES: u8 = 2;
pub(crate) const INSTANCES: u8 = 5;
pub(crate) const LOCATOR: u8 = 6;
pub(crate) const REFERENCES: u8 = 7;

/// The number of the database without a name, which lists the others.
pub(crate) const LIST: u8 = DATABASES.len() as u8;
/// The entry of that database that holds the number of commits.
pub(crate) const COMMITS: &[u8] = b"commits";

/// The number of a database.
pub(crate) fn number(name: &[u8]) -> Option<u8> {
    DATABASES.iter().position(|known| known.as_bytes() == name).map(|at| at as u8)
}

/// The entry of `meta` that holds the version.
pub(crate) const META_FORMAT: &[u8] = b"format";
/// The entry of `meta` that holds the next id of a namespace.
pub(crate) const META_NEXT_NAMESPACE: &[u8] = b"next namespace";
/// The entry of `meta` that holds the next id of a class.
pub(crate) const META_NEXT_CLASS: &[u8] = b"next class";
/// The prefix of the entries of `meta` that belong to the user of this crate.
pub(crate) const META_USER: &[u8] = b"user:";

/// The data file in the repository's directory.
pub(crate) const DATA_FILE: &str = "data.mdb";
/// LMDB's own lock file in it.
pub(crate) const LMDB_LOCK_FILE: &str = "lock.mdb";
/// The lock file of this crate in it.
pub(crate) const LOCK_FILE: &str = "openwmi.lock";
/// The directory in it in which a new data file is created.
pub(crate) const NEW_DIRECTORY: &str = "new";
