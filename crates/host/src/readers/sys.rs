//! The system calls of this crate that read, all of them: opening, reading and listing below a directory,
//! and the few questions that no file answers.
//!
//! Knows nothing of what the files mean; calls that change something are in [`crate::control`]. Paths are relative to a [`Dir`]; bytes go to
//! [`crate::facts`] by way of [`crate::readers::root`] and [`crate::readers::processes`].

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};

/// No file is read beyond this many bytes. The longest that is of use here is a command line,
/// which Linux bounds at 6 MiB.
pub(crate) const FILE_LIMIT: usize = 8 << 20;

/// The longest text of a link that the kernel hands out.
const LINK_LIMIT: usize = 4096;

/// The space that a buffer has at least before a read: most files of `/proc` fit.
const READ_SIZE: usize = 16 << 10;

/// A directory that is kept open, so that everything below it is of the same process or tree.
pub(crate) struct Dir {
    fd: OwnedFd,
    links: Links,
}

/// Where links in a path below a directory may lead.
#[derive(Clone, Copy)]
pub(crate) enum Links {
    /// Anywhere, as the kernel follows them.
    Anywhere,
    /// Nowhere out of the directory: an absolute one begins there. Needs Linux 5.6.
    Within,
}

impl Dir {
    /// Opens a directory of this machine.
    pub(crate) fn open(path: &Path, links: Links) -> io::Result<Self> {
        let fd = rustix::fs::openat(CWD, path, DIRECTORY, Mode::empty())?;
        Ok(Dir { fd, links })
    }

    /// Opens the directory `name` in this one.
    pub(crate) fn dir(&self, name: &[u8]) -> io::Result<Self> {
        let fd = rustix::fs::openat(&self.fd, OsStr::from_bytes(name), DIRECTORY, Mode::empty())?;
        Ok(Dir { fd, links: self.links })
    }

    /// Opens a directory by its path below this one, following links.
    pub(crate) fn dir_at(&self, path: &[u8]) -> io::Result<Self> {
        Ok(Dir { fd: self.follow(path, DIRECTORY)?, links: self.links })
    }

    /// Reads the file `name` in this directory into `buffer`, whose contents are replaced. The file
    /// must be one of those of `/proc/<pid>`, which hand out all they have in one read.
    pub(crate) fn read_once(&self, name: &[u8], buffer: &mut Vec<u8>) -> io::Result<()> {
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
        buffer.clear();
        buffer.reserve(LINK_LIMIT);
        rustix::fs::readlinkat_raw(&self.fd, OsStr::from_bytes(name), spare_capacity(buffer))?;
        Ok(())
    }

    /// Calls `each` with the name of every entry of this directory but `.` and `..`.
    pub(crate) fn for_each_entry(&self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let fd = rustix::fs::openat(&self.fd, c".", LISTING, Mode::empty())?;
        for entry in rustix::fs::Dir::new(fd)? {
            match entry?.file_name().to_bytes() {
                b"." | b".." => {}
                name => each(name),
            }
        }
        Ok(())
    }

    /// The size that the kernel tells of an entry, in bytes.
    pub(crate) fn size(&self, name: &[u8]) -> io::Result<u64> {
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

/// How much a mounted file system holds, as statvfs(3) tells it.
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

/// Asks the file system mounted at `mount_point`. Waits for the server where that is one.
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

/// What the kernel calls the architecture it was built for.
pub(crate) fn architecture() -> String {
    rustix::system::uname().machine().to_string_lossy().into_owned()
}

/// Microseconds since 1970-01-01 00:00 UTC, by the machine's clock.
pub(crate) fn now_micros() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_micros().try_into().unwrap_or(i64::MAX)
}
