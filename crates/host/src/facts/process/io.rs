//! `/proc/<pid>/io`: what a process has read and written through system calls.
//!
//! Only its own user and privileged ones may read it.

use crate::facts::scan::{labelled, lines};

/// Counters since the process started. Bytes count whatever was read or written: files, pipes,
/// sockets, terminals, whether or not a disk was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessIo {
    /// `rchar`: bytes read.
    pub read_bytes: u64,
    /// `wchar`: bytes written.
    pub written_bytes: u64,
    /// `syscr`: calls that read.
    pub reads: u64,
    /// `syscw`: calls that wrote.
    pub writes: u64,
}

impl ProcessIo {
    /// Parses the file; `None` where one of the four is missing.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = lines(bytes);
        let mut next = |label| labelled(lines.next()?, label);
        Some(ProcessIo {
            read_bytes: next(b"rchar:")?,
            written_bytes: next(b"wchar:")?,
            reads: next(b"syscr:")?,
            writes: next(b"syscw:")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_counters() {
        let text = b"rchar: 6976\nwchar: 12\nsyscr: 10\nsyscw: 3\nread_bytes: 1\nwrite_bytes: 2\n";
        let expected = ProcessIo { read_bytes: 6976, written_bytes: 12, reads: 10, writes: 3 };
        assert_eq!(ProcessIo::parse(text), Some(expected));
        assert_eq!(ProcessIo::parse(b"rchar: 6976\nwchar: 12\n"), None);
        assert_eq!(ProcessIo::parse(b""), None);
    }
}
