//! The program, from its start to its first answer, with the repository in place.
//!
//! Time is from before the program is started until it has ended, seen by the one who starts it.
//! Memory is what the kernel calls `RssAnon`, at the moment at which the program writes its answer:
//! its output is a pipe that is full, so that it waits there with everything still in its hands, and
//! is looked at until then as often as it goes; the largest of these numbers counts.

use std::env;
use std::fs;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::OFlags;

use crate::measure::{self, Clock, median};
use crate::report::{self, Bar, Figure, Quantity};
use crate::schema::Schema;
use crate::scratch;

const ROUNDS: usize = 21;
const MEMORY_ROUNDS: usize = 3;
const QUERY: [&str; 2] = ["query", "SELECT * FROM Win32_OperatingSystem"];
/// A program that is still for so long while its pipe is full waits for the pipe.
const STILL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn run() -> Result<()> {
    let program = program()?;
    let repository = scratch::directory()?;
    let mut first = Vec::new();
    ask(&program, repository.path(), &mut first)?;
    ensure!(first.windows(5).any(|part| part == b"Linux"), "that is no answer: {first:?}");
    figures(&program, repository.path(), "the classes of the host")?;

    let schema = Schema::get()?;
    let options = ["-n", "root/dmtf"];
    let compiled = Command::new(&program)
        .arg("--repository")
        .arg(repository.path())
        .arg("compile")
        .arg(schema.file())
        .args(options)
        .output()?;
    ensure!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    figures(&program, repository.path(), &format!("and {}", schema.name()))
}

fn figures(program: &Path, repository: &Path, what: &str) -> Result<()> {
    report::note(format_args!("in the repository: {what}"));
    let mut answer = Vec::new();
    let wall =
        measure::repeated(Clock::Wall, ROUNDS, &mut |_| ask(program, repository, &mut answer))?;
    report::figure(&Figure {
        name: "until the answer is there",
        ours: Quantity::Seconds(wall),
        baseline: None,
        bar: Bar::AtMost(Quantity::Seconds(15e-3)),
    });
    let memory: Result<_> = (0..MEMORY_ROUNDS).map(|_| anonymous(program, repository)).collect();
    report::figure(&Figure {
        name: "anonymous memory (RssAnon)",
        ours: Quantity::Bytes(median(memory?)),
        baseline: None,
        bar: Bar::AtMost(Quantity::Bytes(15e6)),
    });
    Ok(())
}

/// The program `wmi`, built as it is now.
fn program() -> Result<PathBuf> {
    if let Some(cargo) = env::var_os("CARGO") {
        let build = ["build", "--release", "--locked", "--quiet", "--package", "openwmi-cli"];
        let built = Command::new(cargo).args(build).status()?;
        ensure!(built.success(), "the program `wmi` does not build");
    }
    let program = scratch::program_directory()?.join("wmi");
    ensure!(program.exists(), "there is no {}; build it with --release", program.display());
    Ok(program)
}

fn command(program: &Path, repository: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--repository").arg(repository).args(QUERY).stdin(Stdio::null());
    command
}

fn ask(program: &Path, repository: &Path, answer: &mut Vec<u8>) -> Result<()> {
    let output = command(program, repository).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    *answer = output.stdout;
    Ok(())
}

/// The largest amount of anonymous memory that was seen, in bytes.
fn anonymous(program: &Path, repository: &Path) -> Result<f64> {
    let (mut reader, filled, writer) = full_pipe()?;
    let mut child = command(program, repository).stdout(writer).spawn()?;
    let seen = watch(&mut child);
    let answer = drain(&mut reader, filled);
    let status = child.wait()?;
    ensure!(status.success() && !answer?.is_empty(), "the program gave no answer");
    seen
}

/// A pipe that takes no more, and how many bytes are in it.
fn full_pipe() -> Result<(PipeReader, usize, PipeWriter)> {
    let (reader, mut writer) = std::io::pipe()?;
    let flags = rustix::fs::fcntl_getfl(&writer)?;
    rustix::fs::fcntl_setfl(&writer, flags | OFlags::NONBLOCK)?;
    let mut filled = 0;
    while let Ok(written) = writer.write(&[b' '; 4096]) {
        filled += written;
    }
    rustix::fs::fcntl_setfl(&writer, flags)?;
    Ok((reader, filled, writer))
}

fn drain(reader: &mut PipeReader, filled: usize) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    reader.read_to_end(&mut all)?;
    Ok(all.split_off(filled))
}

/// Looks at the child until it waits for its pipe.
fn watch(child: &mut Child) -> Result<f64> {
    let status = format!("/proc/{}/status", child.id());
    let (mut largest, mut since) = (0.0_f64, Instant::now());
    let mut before = String::new();
    let start = Instant::now();
    loop {
        let now = fs::read_to_string(&status).context("the program has no status")?;
        largest = largest.max(anonymous_in(&now).unwrap_or(0.0));
        if now != before || !now.contains("State:\tS") {
            (before, since) = (now, Instant::now());
        }
        if since.elapsed() > STILL {
            return Ok(largest);
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            bail!("the program did not come to its answer");
        }
        thread::yield_now();
    }
}

/// `RssAnon` in a status, in bytes.
fn anonymous_in(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
}
