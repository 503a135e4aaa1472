//! `SELECT * FROM Win32_Process`, against a loop that reads the same files and understands nothing.
//!
//! The loop does what is necessary to read all sources of the class from the kernel: list
//! the processes; for each open its directory, read the link to its program, read four files, ask
//! how many files it has open. It reads each file once into a buffer that it uses again, parses
//! nothing, and keeps nothing. The few files about the machine are read once.

use std::ffi::OsStr;
use std::hint::black_box;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use rustix::buffer::spare_capacity;
use rustix::fs::{self, AtFlags, CWD, Mode, OFlags};
use wbem::Flags;

use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const ROUNDS: usize = 101;
const QUERY: &str = "SELECT * FROM Win32_Process";

const FILES: [&str; 4] = ["cmdline", "stat", "status", "io"];
const MACHINE: [&str; 4] =
    ["/proc/stat", "/proc/sys/kernel/hostname", "/etc/os-release", "/etc/localtime"];

pub(crate) fn run() -> Result<()> {
    let directory = scratch::directory()?;
    let wmi = scratch::wmi(directory.path())?;
    let services = wmi.connect(r"root\cimv2")?;
    let context = wmi.context();
    let query = || {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        wbem::for_each(
            |sink| services.exec_query("WQL", QUERY, Flags::default(), &context, sink),
            move |batch| {
                counted.fetch_add(black_box(batch).len(), Ordering::Relaxed);
                ControlFlow::Continue(())
            },
        )?;
        anyhow::Ok(count.load(Ordering::Relaxed))
    };
    let mut reader = Reader::new()?;
    let (found, read) = (query()?, reader.read_all()?);
    // Others may start or end in between.
    ensure!(found.abs_diff(read) <= 2 + read / 10, "{found} processes, and {read} in the loop");

    let [ours, theirs] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| {
            black_box(query()?);
            Ok(())
        },
        &mut |_| {
            black_box(reader.read_all()?);
            Ok(())
        },
    )?;
    report::note("against a loop that reads the same files");
    report::figure(&Figure {
        name: &format!("{read} processes"),
        ours: Quantity::Seconds(ours),
        baseline: Some(Quantity::Seconds(theirs)),
        bar: Bar::Within(1.5),
    });
    Ok(())
}

/// Reads files, and throws away what is in them.
struct Reader {
    proc: OwnedFd,
    buffer: Vec<u8>,
    /// Whether the size of `fd` is the number of open files (since Linux 6.2).
    size_counts: bool,
}

impl Reader {
    fn new() -> Result<Reader> {
        let proc = fs::openat(CWD, "/proc", DIRECTORY, Mode::empty())?;
        let size_counts = fs::statat(&proc, "self/fd", AtFlags::empty())?.st_size > 0;
        Ok(Reader { proc, buffer: Vec::with_capacity(64 << 10), size_counts })
    }

    /// Reads all there is of all processes; gives their number.
    fn read_all(&mut self) -> Result<usize> {
        for path in MACHINE {
            // A machine may lack one; then neither side reads it.
            if let Ok(file) = fs::openat(CWD, path, FILE, Mode::empty()) {
                self.read(&file)?;
            }
        }
        let mut ids = Vec::new();
        let listing = fs::openat(&self.proc, ".", LISTING, Mode::empty())?;
        for entry in fs::Dir::new(listing)? {
            let id = entry?.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok());
            ids.extend(id);
        }
        ids.sort_unstable();
        // A process that ends meanwhile is none.
        Ok(ids.iter().filter(|id| self.read_process(**id).is_ok()).count())
    }

    fn read_process(&mut self, id: u32) -> Result<()> {
        let mut name = [0; 10];
        let mut rest = &mut name[..];
        write!(rest, "{id}")?;
        let unused = rest.len();
        let name = std::str::from_utf8(&name[..10 - unused])?;
        let process = fs::openat(&self.proc, OsStr::new(name), DIRECTORY, Mode::empty())?;
        self.buffer.clear();
        // The kernel's own threads have no program, and some files can be read by root only.
        let _ = fs::readlinkat_raw(&process, "exe", spare_capacity(&mut self.buffer));
        for file in FILES {
            if let Ok(file) = fs::openat(&process, file, FILE, Mode::empty()) {
                self.read(&file)?;
            }
        }
        if self.size_counts {
            black_box(fs::statat(&process, "fd", AtFlags::empty()).is_ok());
        } else if let Ok(open) = fs::openat(&process, "fd", LISTING, Mode::empty()) {
            black_box(fs::Dir::new(open)?.count());
        }
        Ok(())
    }

    fn read(&mut self, file: &OwnedFd) -> Result<()> {
        self.buffer.clear();
        rustix::io::read(file, spare_capacity(&mut self.buffer))?;
        black_box(&self.buffer);
        Ok(())
    }
}

const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC);
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const LISTING: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
