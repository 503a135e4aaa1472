//! All system calls of this crate that read: opening, reading and listing below a directory, and
//! the few values that no file has.
//!
//! Does not interpret files; calls that change the machine are in [`crate::control`]. Paths are
//! relative to a [`Dir`]; bytes go to [`crate::facts`] by way of [`crate::readers::root`] and
//! [`crate::readers::processes`].

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};

use crate::readers::source::{Access, Recorder};

/// No file is read beyond this many bytes. The longest that is of use here is a command line,
/// which Linux bounds at 6 MiB.
pub(crate) const FILE_LIMIT: usize = 8 << 20;

/// The longest link text that the kernel returns.
const LINK_LIMIT: usize = 4096;

/// The least free space of a buffer before a read: most files of `/proc` fit.
const READ_SIZE: usize = 16 << 10;

/// An open directory: everything below it belongs to the same process or tree.
pub(crate) struct Dir {
    fd: OwnedFd,
    links: Links,
    record: Option<Record>,
}

/// Where the accesses below a directory are recorded, and the directory's path below the root.
#[derive(Clone)]
struct Record {
    recorder: Recorder,
    path: String,
}

impl Record {
    fn path(&self, name: &[u8]) -> String {
        format!("{}/{}", self.path, String::from_utf8_lossy(name))
    }
}

/// Where links in a path below a directory may lead.
#[derive(Clone, Copy)]
pub(crate) enum Links {
    /// Anywhere, as the kernel follows them.
    Anywhere,
    /// Only within the directory: an absolute link starts there. Needs Linux 5.6.
    Within,
}

impl Dir {
    /// Opens a directory of this machine.
    pub(crate) fn open(path: &Path, links: Links) -> io::Result<Self> {
        let fd = rustix::fs::openat(CWD, path, DIRECTORY, Mode::empty())?;
        Ok(Dir { fd, links, record: None })
    }

    /// The same directory as the root of the machine, whose accesses are recorded.
    pub(crate) fn recorded(self, recorder: Recorder) -> Self {
        Dir { record: Some(Record { recorder, path: String::new() }), ..self }
    }

    /// Opens the directory `name` in this one.
    pub(crate) fn dir(&self, name: &[u8]) -> io::Result<Self> {
        let fd = rustix::fs::openat(&self.fd, OsStr::from_bytes(name), DIRECTORY, Mode::empty())?;
        Ok(self.below(name, fd))
    }

    /// Opens a directory by its path below this one, following links.
    pub(crate) fn dir_at(&self, path: &[u8]) -> io::Result<Self> {
        Ok(self.below(path, self.follow(path, DIRECTORY)?))
    }

    fn below(&self, path: &[u8], fd: OwnedFd) -> Self {
        let record =
            self.record.as_ref().map(|record| Record { path: record.path(path), ..record.clone() });
        Dir { fd, links: self.links, record }
    }

    /// Records that the file or link `name` is read.
    fn used(&self, name: &[u8]) {
        if let Some(record) = &self.record {
            record.recorder.record(Access::File(record.path(name)));
        }
    }

    /// Reads the file `name` in this directory into `buffer`, whose contents are replaced. The file
    /// must be one of those of `/proc/<pid>`, which return all they have in one read.
    pub(crate) fn read_once(&self, name: &[u8], buffer: &mut Vec<u8>) -> io::Result<()> {
        self.used(name);
        let fd = rustix::fs::openat(&self.fd, OsStr::from_bytes(name), FILE, Mode::empty())?;
        buffer.clear();
        buffer.reserve(READ_SIZE);
        while rustix::io::read(&fd, spare_capacity(buffer))? > 0 {
            if buffer.len() < buffer.capacity() || buffer.len() >= FILE_LIMIT {
                break;
            }
            buffer.reserve(buffer.capacity());
        }
        buffer.truncate(FILE_LIMIT);
        Ok(())
    }

    /// Reads a file whole by its path below this directory, following links.
    pub(crate) fn read_at(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.used(path);
        let fd = self.follow(path, FILE)?;
        let mut bytes = Vec::with_capacity(READ_SIZE);
        while rustix::io::read(&fd, spare_capacity(&mut bytes))? > 0 && bytes.len() < FILE_LIMIT {
            bytes.reserve(READ_SIZE);
        }
        bytes.truncate(FILE_LIMIT);
        Ok(bytes)
    }

    /// Reads the text of a link below this directory into `buffer`, whose contents are replaced.
    pub(crate) fn read_link(&self, name: &[u8], buffer: &mut Vec<u8>) -> io::Result<()> {
        self.used(name);
        buffer.clear();
        buffer.reserve(LINK_LIMIT);
        rustix::fs::readlinkat_raw(&self.fd, OsStr::from_bytes(name), spare_capacity(buffer))?;
        Ok(())
    }

    /// Calls `each` with the name of every entry of this directory but `.` and `..`.
    pub(crate) fn for_each_entry(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        if let Some(record) = &self.record {
            record.recorder.record(Access::Directory(record.path.clone()));
        }
        let fd = rustix::fs::openat(&self.fd, c".", LISTING, Mode::empty())?;
        for entry in rustix::fs::Dir::new(fd)? {
            match entry?.file_name().to_bytes() {
                b"." | b".." => {}
                name => each(name),
            }
        }
        Ok(())
    }

    /// The size of the directory `name` in this one; on procfs its number of entries.
    pub(crate) fn size(&self, name: &[u8]) -> io::Result<u64> {
        if let Some(record) = &self.record {
            record.recorder.record(Access::Directory(record.path(name)));
        }
        let stat = rustix::fs::statat(&self.fd, OsStr::from_bytes(name), AtFlags::empty())?;
        Ok(stat.st_size.try_into().unwrap_or(0))
    }

    /// Whether this is the kernel's own `/proc`, not a copy of its files.
    pub(crate) fn is_procfs(&self) -> bool {
        rustix::fs::fstatfs(&self.fd).is_ok_and(|stat| stat.f_type == PROC_SUPER_MAGIC)
    }

    fn follow(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let (path, mode) = (OsStr::from_bytes(path), Mode::empty());
        Ok(match self.links {
            Links::Anywhere => rustix::fs::openat(&self.fd, path, flags, mode)?,
            Links::Within => {
                rustix::fs::openat2(&self.fd, path, flags, mode, ResolveFlags::IN_ROOT)?
            }
        })
    }
}

const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOCTTY).union(OFlags::NONBLOCK);
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const LISTING: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The size of a mounted file system, from statvfs(3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Bytes of a block, the unit of the two that follow.
    pub(crate) block_size: u64,
    /// All blocks.
    pub(crate) blocks: u64,
    /// The blocks that a user without privileges could still fill.
    pub(crate) available_blocks: u64,
    /// The longest name of a file, in bytes.
    pub(crate) name_max: u64,
}

/// The size of the file system mounted at `mount_point`. Waits for the server of a network file
/// system.
pub(crate) fn volume(mount_point: &[u8]) -> io::Result<Volume> {
    let stat = rustix::fs::statvfs(OsStr::from_bytes(mount_point))?;
    Ok(Volume {
        block_size: stat.f_frsize,
        blocks: stat.f_blocks,
        available_blocks: stat.f_bavail,
        name_max: stat.f_namemax,
    })
}

/// Bytes of a page of memory.
pub(crate) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// Clock ticks in a second, the unit of times in `/proc/<pid>/stat`.
pub(crate) fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// The kernel's name of the architecture it was built for.
pub(crate) fn architecture() -> String {
    rustix::system::uname().machine().to_string_lossy().into_owned()
}

/// Microseconds since 1970-01-01 00:00 UTC, by the machine's clock.
pub(crate) fn now_micros() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_micros().try_into().unwrap_or(i64::MAX)
}
