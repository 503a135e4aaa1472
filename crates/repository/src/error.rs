//! The failures of this crate, and the `WbemStatus` that each becomes.
//!
//! Internal functions return a [`Fault`]; public ones convert it with [`Fault::at`], which adds the
//! repository's directory and what to do.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use cim::status::*;

use crate::format::FORMAT_VERSION;

/// A failure without the directory of its repository. Boxed, because every step of reading a
/// record returns one or a value, and values are small.
#[derive(Debug)]
pub(crate) struct Fault(Box<Cause>);

#[derive(Debug)]
enum Cause {
    /// An error of LMDB or the file system.
    Lmdb(heed::Error),
    /// Stored data is damaged.
    Damaged(Cow<'static, str>),
    /// A rule of this crate, with its status and message.
    Refused(cim::Error),
    /// The repository has another format version, this one.
    OtherVersion(u32),
}

impl Fault {
    #[cold]
    pub(crate) fn damaged(what: impl Into<Cow<'static, str>>) -> Self {
        Fault(Box::new(Cause::Damaged(what.into())))
    }

    #[cold]
    pub(crate) fn refused(error: cim::Error) -> Self {
        Fault(Box::new(Cause::Refused(error)))
    }

    pub(crate) fn other_version(version: u32) -> Self {
        Fault(Box::new(Cause::OtherVersion(version)))
    }

    /// Whether the process may not map as much memory as requested.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        let kind = io::ErrorKind::OutOfMemory;
        matches!(&*self.0, Cause::Lmdb(heed::Error::Io(error)) if error.kind() == kind)
    }

    #[cold]
    pub(crate) fn too_long() -> Self {
        Fault::refused(WBEM_E_TOO_MUCH_DATA.with("a value or list is longer than 4 GiB"))
    }

    /// Whether it is an I/O error (`EIO`) without a more specific reason.
    pub(crate) fn is_io_error(&self) -> bool {
        let errno = Some(rustix::io::Errno::IO.raw_os_error());
        matches!(&*self.0, Cause::Lmdb(heed::Error::Io(error)) if error.raw_os_error() == errno)
    }

    /// The message, if stored data is damaged.
    pub(crate) fn damage(&self) -> Option<String> {
        use heed::MdbError::{Corrupted, Invalid, PageNotFound};
        match &*self.0 {
            Cause::Damaged(what) => Some(what.to_string()),
            Cause::Lmdb(heed::Error::Mdb(error @ (Corrupted | Invalid | PageNotFound))) => {
                Some(error.to_string())
            }
            _ => None,
        }
    }

    /// The message without the directory.
    pub(crate) fn message(&self) -> String {
        match &*self.0 {
            Cause::Refused(error) => error.to_string(),
            Cause::Damaged(what) => what.to_string(),
            Cause::OtherVersion(version) => format!("the format version is {version}"),
            Cause::Lmdb(error) => error.to_string(),
        }
    }

    /// The error that the caller gets, which names the repository at `dir`.
    #[cold]
    pub(crate) fn at(self, dir: &Path) -> cim::Error {
        let dir = dir.display();
        match *self.0 {
            Cause::Refused(error) => error,
            Cause::Damaged(what) => WBEM_E_CRITICAL_ERROR.with(format!(
                "the repository {dir} is damaged: {what}. Recover what is readable with \
                 `wmi repo salvage`, or restore a backup with `wmi repo restore`"
            )),
            Cause::OtherVersion(version) => WBEM_E_DATABASE_VER_MISMATCH.with(format!(
                "the repository {dir} has format version {version}; this program supports version \
                 {FORMAT_VERSION}. Open it with the program that created it"
            )),
            Cause::Lmdb(heed::Error::Io(error)) => io_error(&error, &dir.to_string()),
            Cause::Lmdb(heed::Error::Mdb(error)) => lmdb_error(error, &dir.to_string()),
            Cause::Lmdb(heed::Error::EnvAlreadyOpened) => WBEM_E_INVALID_OPERATION.with(format!(
                "this process already has the repository {dir} open; use that instance"
            )),
            Cause::Lmdb(error) => {
                WBEM_E_CRITICAL_ERROR.with(format!("the repository {dir}: {error}"))
            }
        }
    }
}

impl From<heed::Error> for Fault {
    #[cold]
    fn from(error: heed::Error) -> Self {
        Fault(Box::new(Cause::Lmdb(error)))
    }
}

impl From<lmdb_check::Error> for Fault {
    fn from(error: lmdb_check::Error) -> Self {
        match error {
            lmdb_check::Error::Io(error) => error.into(),
            lmdb_check::Error::UnsupportedVersion => {
                heed::Error::Mdb(heed::MdbError::VersionMismatch).into()
            }
            lmdb_check::Error::Damaged(what) => Fault::damaged(what),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        heed::Error::Io(error).into()
    }
}

impl From<rustix::io::Errno> for Fault {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl From<cim::Error> for Fault {
    fn from(error: cim::Error) -> Self {
        Fault::refused(error)
    }
}

fn io_error(error: &io::Error, dir: &str) -> cim::Error {
    use io::ErrorKind::*;
    let (status, advice) = match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            (WBEM_E_OUT_OF_DISK_SPACE, "; free space on its file system")
        }
        PermissionDenied | ReadOnlyFilesystem => (
            WBEM_E_ACCESS_DENIED,
            "; only its owner has access: choose another one with --repository",
        ),
        NotFound | NotADirectory => (WBEM_E_NOT_FOUND, ""),
        OutOfMemory => {
            (WBEM_E_OUT_OF_MEMORY, "; the address space limit of the process is reached")
        }
        _ => (WBEM_E_CRITICAL_ERROR, ""),
    };
    status.with(format!("the repository {dir}: {error}{advice}"))
}

fn lmdb_error(error: heed::MdbError, dir: &str) -> cim::Error {
    use heed::MdbError::*;
    let (status, advice) = match error {
        MapFull => (WBEM_E_OUT_OF_DISK_SPACE, "the transaction is larger than the map; split it"),
        ReadersFull => (WBEM_E_SERVER_TOO_BUSY, "too many snapshots are open; try again"),
        TxnFull => (WBEM_E_TOO_MUCH_DATA, "the transaction is too large; split it"),
        VersionMismatch => (
            WBEM_E_DATABASE_VER_MISMATCH,
            "it was written by another version of LMDB; export it with the program that wrote it",
        ),
        _ => (
            WBEM_E_CRITICAL_ERROR,
            "recover what is readable with `wmi repo salvage`, or restore a backup with \
             `wmi repo restore`",
        ),
    };
    status.with(format!("the repository {dir}: {error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_become_statuses_that_name_the_directory() {
        let io = |code| Fault::from(io::Error::from_raw_os_error(code));
        let mdb = |error| Fault::from(heed::Error::Mdb(error));
        for (fault, status) in [
            (io(28), WBEM_E_OUT_OF_DISK_SPACE),
            (io(122), WBEM_E_OUT_OF_DISK_SPACE),
            (io(13), WBEM_E_ACCESS_DENIED),
            (io(30), WBEM_E_ACCESS_DENIED),
            (io(12), WBEM_E_OUT_OF_MEMORY),
            (io(5), WBEM_E_CRITICAL_ERROR),
            (mdb(heed::MdbError::MapFull), WBEM_E_OUT_OF_DISK_SPACE),
            (mdb(heed::MdbError::ReadersFull), WBEM_E_SERVER_TOO_BUSY),
            (mdb(heed::MdbError::Corrupted), WBEM_E_CRITICAL_ERROR),
            (mdb(heed::MdbError::VersionMismatch), WBEM_E_DATABASE_VER_MISMATCH),
            (Fault::damaged("x"), WBEM_E_CRITICAL_ERROR),
        ] {
            let error = fault.at(Path::new("/some/where"));
            assert_eq!(error.status(), status, "{error}");
            assert!(error.message().contains("/some/where"), "{error}");
        }
    }
}
