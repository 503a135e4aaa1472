//! What a class reads: the declaration of it, and the record of what was read.
//!
//! A class declares its [`Source`]s. A [`Root`](super::root::Root) that records collects an
//! [`Access`] for each file, directory, link and bus name that is used through it, so that a test
//! can compare the two. Nothing is read here.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// A source that a class reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A file that is read, or a link whose text is read, by its path below the root of the
    /// machine. `*` matches any characters except `/`, and `**` any number of directories.
    File(&'static str),
    /// A directory whose entries are listed or counted, by its path in the same form.
    Directory(&'static str),
    /// A well-known name on the system bus.
    Bus(&'static str),
    /// A family of netlink(7), by the name there: `NETLINK_ROUTE`.
    Netlink(&'static str),
}

/// One use of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// The path of a file or link below the root of the machine, whether or not it exists.
    File(String),
    /// The path of a directory below the root of the machine that was listed or counted.
    Directory(String),
    /// A well-known name on the system bus, whether or not there is a bus.
    Bus(String),
}

/// Collects accesses. Clones collect into the same record.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<BTreeSet<Access>>>);

impl Recorder {
    pub(crate) fn record(&self, access: Access) {
        self.0.lock().insert(access);
    }

    /// The accesses so far.
    pub fn accesses(&self) -> BTreeSet<Access> {
        self.0.lock().clone()
    }
}
