//! The machine that is described: the live one, or one captured as a tree of files.
//!
//! All host data comes through a [`Root`], so that no class assumes that it describes the machine
//! that the program runs on. A captured tree has `proc`, `sys`, `etc` and `dev` as they were
//! found, and a file `answers` with the results of system calls (see [`Root::captured`]). Reads,
//! but does not interpret: [`crate::facts`] does.

use std::io;
use std::path::Path;

use crate::facts::scan::{Fields, decimal, lines, text};
use crate::readers::bus::Bus;
use crate::readers::processes::Processes;
use crate::readers::source::{Access, Recorder};
use crate::readers::sys::{self, Dir, Links, Volume};

/// The machine that is described.
pub struct Root {
    dir: Dir,
    answers: Answers,
    bus: Option<Bus>,
    recorder: Option<Recorder>,
}

/// Where the answers of system calls come from.
enum Answers {
    Live,
    Captured(Captured),
}

/// Answers that were captured.
#[derive(Debug, Default, PartialEq)]
struct Captured {
    page_size: u64,
    ticks_per_second: u64,
    architecture: String,
    now_micros: i64,
    volumes: Vec<(Vec<u8>, Volume)>,
}

impl Root {
    /// The machine that the program runs on.
    ///
    /// # Errors
    /// Where the root directory cannot be opened.
    pub fn live() -> io::Result<Self> {
        let dir = Dir::open(Path::new("/"), Links::Anywhere)?;
        Ok(Root { dir, answers: Answers::Live, bus: Some(Bus::system()), recorder: None })
    }

    /// The machine whose files are below `dir`. Its file `answers` has a line for each of
    ///
    /// ```text
    /// page_size BYTES
    /// ticks_per_second NUMBER
    /// architecture NAME
    /// now MICROSECONDS-SINCE-1970
    /// volume BLOCK-SIZE BLOCKS AVAILABLE-BLOCKS NAME-MAX MOUNT-POINT
    /// ```
    ///
    /// It has no D-Bus unless [`Root::with_bus`] sets one.
    ///
    /// # Errors
    /// Where `dir` or its `answers` cannot be read (Linux before 5.6 can read none), or a line of
    /// `answers` has another form; the error names the line.
    pub fn captured(dir: &Path) -> io::Result<Self> {
        let dir = Dir::open(dir, Links::Within)?;
        let captured = Captured::parse(&dir.read_at(b"answers")?)?;
        Ok(Root { dir, answers: Answers::Captured(captured), bus: None, recorder: None })
    }

    /// The same machine with this system bus.
    pub fn with_bus(self, bus: Bus) -> Self {
        Root { bus: Some(bus), ..self }
    }

    /// The same machine; what is read of it is recorded from now on.
    pub fn recorded(self, recorder: Recorder) -> Self {
        let dir = self.dir.recorded(recorder.clone());
        Root { dir, recorder: Some(recorder), ..self }
    }

    /// The system bus, to call the service `name`; `None` where the machine has no bus.
    pub(crate) fn bus(&self, name: &str) -> Option<&Bus> {
        if let Some(recorder) = &self.recorder {
            recorder.record(Access::Bus(name.to_owned()));
        }
        self.bus.as_ref()
    }

    /// Whether it is the machine that the program runs on.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.answers, Answers::Live)
    }

    /// A file, as a path without a leading slash; `None` where it cannot be read.
    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.dir.read_at(path.as_bytes()).ok()
    }

    /// The text of a file without the white space around it.
    pub(crate) fn read_text(&self, path: &str) -> Option<String> {
        Some(text(self.read(path)?.trim_ascii()).into_owned())
    }

    /// The number that a file holds in decimal; `None` where it holds anything else.
    pub(crate) fn read_number(&self, path: &str) -> Option<u64> {
        decimal(self.read(path)?.trim_ascii())
    }

    /// The text of a link; `None` where there is none.
    pub(crate) fn link(&self, path: &str) -> Option<Vec<u8>> {
        let mut target = Vec::new();
        self.dir.read_link(path.as_bytes(), &mut target).ok()?;
        Some(target)
    }

    /// The links of a directory with their texts; none where it cannot be read.
    pub(crate) fn links(&self, path: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut links = Vec::new();
        let Ok(dir) = self.dir.dir_at(path.as_bytes()) else { return links };
        // A listing that breaks off leaves the links that were seen.
        let _ = dir.for_each_entry(|name| {
            let mut target = Vec::new();
            if dir.read_link(name, &mut target).is_ok() {
                links.push((name.to_vec(), target));
            }
        });
        links
    }

    /// The names in a directory; `None` where it cannot be read.
    pub(crate) fn names(&self, path: &str) -> Option<Vec<Vec<u8>>> {
        let mut names = Vec::new();
        let dir = self.dir.dir_at(path.as_bytes()).ok()?;
        dir.for_each_entry(|name| names.push(name.to_vec())).ok()?;
        Some(names)
    }

    /// The processes.
    pub(crate) fn processes(&self) -> io::Result<Processes> {
        self.dir.dir_at(b"proc").map(Processes::new)
    }

    /// The size of the file system at `mount_point`; `None` where statvfs(3) fails.
    pub(crate) fn volume(&self, mount_point: &[u8]) -> Option<Volume> {
        match &self.answers {
            Answers::Live => sys::volume(mount_point).ok(),
            Answers::Captured(captured) => {
                captured.volumes.iter().find(|(at, _)| at == mount_point).map(|(_, volume)| *volume)
            }
        }
    }

    /// Bytes of a page of memory.
    pub(crate) fn page_size(&self) -> u64 {
        match &self.answers {
            Answers::Live => sys::page_size(),
            Answers::Captured(captured) => captured.page_size,
        }
    }

    /// Clock ticks in a second.
    pub(crate) fn ticks_per_second(&self) -> u64 {
        match &self.answers {
            Answers::Live => sys::ticks_per_second(),
            Answers::Captured(captured) => captured.ticks_per_second,
        }
    }

    /// The kernel's name of the architecture it was built for.
    pub(crate) fn architecture(&self) -> String {
        match &self.answers {
            Answers::Live => sys::architecture(),
            Answers::Captured(captured) => captured.architecture.clone(),
        }
    }

    /// Microseconds since 1970-01-01 00:00 UTC, by the machine's clock.
    pub(crate) fn now_micros(&self) -> i64 {
        match &self.answers {
            Answers::Live => sys::now_micros(),
            Answers::Captured(captured) => captured.now_micros,
        }
    }
}

impl Captured {
    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let mut captured = Captured::default();
        for (number, line) in lines(bytes).enumerate() {
            if !line.is_empty() && captured.take(line).is_none() {
                let line = text(line);
                let problem = format!("answers:{}: not an answer: {line}", number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        if captured.page_size == 0 || captured.ticks_per_second == 0 {
            let problem = "answers: page_size and ticks_per_second must be there";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(captured)
    }

    fn take(&mut self, line: &[u8]) -> Option<()> {
        let mut fields = Fields::new(line);
        match fields.word()? {
            b"page_size" => self.page_size = fields.unsigned()?,
            b"ticks_per_second" => self.ticks_per_second = fields.unsigned()?,
            b"architecture" => self.architecture = text(fields.word()?).into_owned(),
            b"now" => self.now_micros = fields.signed()?,
            b"volume" => {
                let volume = Volume {
                    block_size: fields.unsigned()?,
                    blocks: fields.unsigned()?,
                    available_blocks: fields.unsigned()?,
                    name_max: fields.unsigned()?,
                };
                self.volumes.push((fields.rest().trim_ascii().to_vec(), volume));
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_name() {
        let text = b"page_size 4096\nticks_per_second 100\narchitecture x86_64\nnow -5\n\
            volume 512 10 7 255 /mnt/a b\n\n";
        let volume = Volume { block_size: 512, blocks: 10, available_blocks: 7, name_max: 255 };
        let expected = Captured {
            page_size: 4096,
            ticks_per_second: 100,
            architecture: "x86_64".into(),
            now_micros: -5,
            volumes: vec![(b"/mnt/a b".to_vec(), volume)],
        };
        assert_eq!(Captured::parse(text).unwrap(), expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let error = Captured::parse(b"page_size 4096\nvolume 1 2\n").unwrap_err();
        assert_eq!(error.to_string(), "answers:2: not an answer: volume 1 2");
        assert!(Captured::parse(b"page_size 4096\n").is_err());
    }

    #[test]
    fn a_captured_tree_does_not_lead_out_of_itself() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(tree.path().join("answers"), "page_size 1\nticks_per_second 1\n").unwrap();
        std::fs::create_dir_all(tree.path().join("usr/lib")).unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        std::fs::write(tree.path().join("usr/lib/inside"), " captured\n").unwrap();
        for (target, link) in
            [("/usr/lib/inside", "a"), ("../usr/lib/inside", "b"), ("/proc/self/stat", "c")]
        {
            std::os::unix::fs::symlink(target, tree.path().join("etc").join(link)).unwrap();
        }
        let root = Root::captured(tree.path()).unwrap();
        assert_eq!(root.read_text("etc/a").as_deref(), Some("captured"));
        assert_eq!(root.read_text("etc/b").as_deref(), Some("captured"));
        assert_eq!(root.read("etc/c"), None);
        let mut links = root.links("etc");
        links.sort();
        assert_eq!(links[2], (b"c".to_vec(), b"/proc/self/stat".to_vec()));
    }
}
