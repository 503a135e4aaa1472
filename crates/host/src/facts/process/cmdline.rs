//! `/proc/<pid>/cmdline`: the arguments, each ended by a NUL.
//!
//! A process may write over them: the contents are what it chose to show. Kernel
//! threads and zombies have an empty file.

use super::exe::file_name;

/// The arguments of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandLine<'a> {
    /// All arguments, joined by single spaces. Not quoted: where an argument holds a space, the
    /// border between arguments is lost, as it is in `ps`.
    pub joined: &'a [u8],
    /// The first argument.
    pub program: &'a [u8],
}

impl<'a> CommandLine<'a> {
    /// Parses the file, joining the arguments in place; `None` where there are none.
    pub fn parse(bytes: &'a mut [u8]) -> Option<Self> {
        let end = bytes.iter().rposition(|&b| b != 0)? + 1;
        let joined = &mut bytes[..end];
        let program = joined.iter().position(|&b| b == 0).unwrap_or(end);
        for byte in &mut *joined {
            if *byte == 0 {
                *byte = b' ';
            }
        }
        let joined = &*joined;
        Some(CommandLine { joined, program: &joined[..program] })
    }

    /// The file name in the first argument. Where a process has written a title there, as in
    /// `nginx: worker process`, the part before the colon is taken.
    pub fn program_name(&self) -> Option<&'a [u8]> {
        let end = self.program.windows(2).position(|w| w == b": ").unwrap_or(self.program.len());
        file_name(&self.program[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(String, String, Option<String>)> {
        let mut bytes = text.as_bytes().to_vec();
        let owned = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
        let line = CommandLine::parse(&mut bytes)?;
        Some((owned(line.joined), owned(line.program), line.program_name().map(owned)))
    }

    #[test]
    fn arguments_are_joined_and_the_first_is_kept() {
        for (text, joined, program, name) in [
            ("/bin/cat\0-n\0a b\0", "/bin/cat -n a b", "/bin/cat", Some("cat")),
            ("-bash\0", "-bash", "-bash", Some("-bash")),
            ("/opt/My App/app\0", "/opt/My App/app", "/opt/My App/app", Some("app")),
            ("x\0\0\0", "x", "x", Some("x")),
            ("x\0\0y\0", "x  y", "x", Some("x")),
            ("\0x\0", " x", "", None),
            (
                "sshd: /usr/sbin/sshd -D [listener]\0\0\0",
                "sshd: /usr/sbin/sshd -D [listener]",
                "sshd: /usr/sbin/sshd -D [listener]",
                Some("sshd"),
            ),
        ] {
            let expected = (joined.to_owned(), program.to_owned(), name.map(str::to_owned));
            assert_eq!(parse(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn an_empty_file_is_none() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("\0\0"), None);
    }
}
