//! The processes below `/proc`: their list, and the files of each that are needed.
//!
//! Made for thousands of processes: a file is read once, by one call, into a buffer that is used
//! again for the next process, and a file that no wanted property needs is not opened. All
//! files are of the same process even where its pid is reused meanwhile. A process that ends while
//! it is read is skipped.

use std::io;

use crate::facts::process::cmdline::CommandLine;
use crate::facts::process::exe;
use crate::facts::process::io::ProcessIo;
use crate::facts::process::stat::ProcessStat;
use crate::facts::process::status::{ProcessStatus, is_process};
use crate::facts::scan;
use crate::readers::needs::Needs;
use crate::readers::sys::Dir;

/// `/proc/<pid>/stat`.
pub(crate) const STAT: Needs = Needs::bit(0);
/// `/proc/<pid>/status`.
pub(crate) const STATUS: Needs = Needs::bit(1);
/// `/proc/<pid>/cmdline`.
pub(crate) const CMDLINE: Needs = Needs::bit(2);
/// `/proc/<pid>/exe`.
pub(crate) const EXE: Needs = Needs::bit(3);
/// `/proc/<pid>/io`.
pub(crate) const IO: Needs = Needs::bit(4);
/// `/proc/<pid>/fd`.
pub(crate) const HANDLES: Needs = Needs::bit(5);
/// The first of `exe`, `cmdline` and `stat` that has a name.
pub(crate) const NAME: Needs = Needs::bit(6);

/// The processes of a machine, and the buffers in which they are read.
pub(crate) struct Processes {
    proc: Dir,
    /// Whether the size of `fd` is the number of open files (since Linux 6.2).
    size_counts_handles: bool,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    stat: Vec<u8>,
    status: Vec<u8>,
    cmdline: Vec<u8>,
    exe: Vec<u8>,
    io: Vec<u8>,
}

/// The requested data of a process. A source that was not requested, that this user may not read,
/// or that the process does not have is `None`.
pub(crate) struct Process<'a> {
    pub(crate) id: u32,
    pub(crate) stat: Option<ProcessStat<'a>>,
    pub(crate) status: ProcessStatus,
    pub(crate) command_line: Option<CommandLine<'a>>,
    /// The path of its executable file.
    pub(crate) executable: Option<&'a [u8]>,
    pub(crate) io: Option<ProcessIo>,
    /// How many files it has open.
    pub(crate) handles: Option<u32>,
}

impl<'a> Process<'a> {
    /// The executable's file name, else the first argument's, else the kernel's name of it.
    /// Needs [`NAME`].
    pub(crate) fn name(&self) -> Option<&'a [u8]> {
        let executable = self.executable.and_then(exe::file_name);
        executable
            .or_else(|| self.command_line.as_ref()?.program_name())
            .or_else(|| Some(self.stat.as_ref()?.comm))
    }
}

impl Processes {
    /// The processes below `proc`.
    pub(crate) fn new(proc: Dir) -> Self {
        // Asked of a process that is known to have open files: this one.
        let size_counts_handles = proc.is_procfs() && proc.size(b"self/fd").is_ok_and(|n| n > 0);
        Processes { proc, size_counts_handles, buffers: Buffers::default() }
    }

    /// The pids, ascending.
    pub(crate) fn ids(&self) -> io::Result<Vec<u32>> {
        let mut ids = Vec::new();
        self.proc.for_each_entry(|name| {
            ids.extend(scan::decimal(name).and_then(|id| u32::try_from(id).ok()));
        })?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Whether there is a process `id`. Ids of threads, which `/proc` answers to as well, are
    /// none.
    pub(crate) fn exists(&mut self, id: u32) -> bool {
        let Ok(dir) = self.open(id) else { return false };
        let status = &mut self.buffers.status;
        dir.read_once(b"status", status).is_ok() && is_process(status, id)
    }

    /// Reads of process `id` what `needs` names; `None` where it has ended.
    pub(crate) fn read(&mut self, id: u32, needs: Needs) -> Option<Process<'_>> {
        let dir = self.open(id).ok()?;
        let buffers = &mut self.buffers;

        let has_executable =
            needs.intersects(EXE | NAME) && was_read(dir.read_link(b"exe", &mut buffers.exe))?;
        let executable = has_executable.then(|| exe::path(&buffers.exe));

        let named = executable.and_then(exe::file_name).is_some();
        let needs_arguments = needs.contains(CMDLINE) || needs.contains(NAME) && !named;
        let has_arguments =
            needs_arguments && was_read(dir.read_once(b"cmdline", &mut buffers.cmdline))?;
        let command_line =
            if has_arguments { CommandLine::parse(&mut buffers.cmdline) } else { None };

        let named = named || command_line.is_some_and(|line| line.program_name().is_some());
        let needs_stat = needs.contains(STAT) || needs.contains(NAME) && !named;
        let has_stat = needs_stat && was_read(required(dir.read_once(b"stat", &mut buffers.stat)))?;
        let has_status =
            needs.contains(STATUS) && was_read(dir.read_once(b"status", &mut buffers.status))?;
        let has_io = needs.contains(IO) && was_read(dir.read_once(b"io", &mut buffers.io))?;
        let handles = if needs.contains(HANDLES) {
            count_handles(&dir, self.size_counts_handles)
        } else {
            None
        };

        Some(Process {
            id,
            stat: if has_stat { ProcessStat::parse(&buffers.stat) } else { None },
            status: if has_status {
                ProcessStatus::parse(&buffers.status)
            } else {
                ProcessStatus::default()
            },
            command_line,
            executable,
            io: if has_io { ProcessIo::parse(&buffers.io) } else { None },
            handles,
        })
    }

    fn open(&self, id: u32) -> io::Result<Dir> {
        let mut digits = [0; 10];
        self.proc.dir(scan::digits(id, &mut digits).as_bytes())
    }
}

/// Whether a file was there to be read; `None` where the process has ended. A file that is
/// refused or missing is not read.
fn was_read(result: io::Result<()>) -> Option<bool> {
    match result {
        Ok(()) => Some(true),
        Err(error) if error.raw_os_error() == Some(ESRCH) => None,
        Err(_) => Some(false),
    }
}

/// As the result of reading a file that every process has: where it is missing, the process
/// has ended.
fn required(result: io::Result<()>) -> io::Result<()> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::from_raw_os_error(ESRCH),
        _ => error,
    })
}

/// "No such process", on every architecture of Linux.
const ESRCH: i32 = 3;

fn count_handles(dir: &Dir, by_size: bool) -> Option<u32> {
    let count = if by_size {
        dir.size(b"fd").ok()?
    } else {
        let mut count = 0;
        dir.dir(b"fd").and_then(|fd| fd.for_each_entry(|_| count += 1)).ok()?;
        count
    };
    count.try_into().ok()
}
