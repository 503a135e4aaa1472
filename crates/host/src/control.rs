//! Starts and ends processes and changes their priority.
//!
//! This is all that the crate changes on a machine, and only on the one that it runs on, with the
//! rights of the program. Which arguments are valid and what is returned is
//! decided in the methods of the classes; the words of a command line are split here.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, setpriority_process};

/// The stack of a thread that waits for a process: it calls one function.
const WAITING_STACK: usize = 64 << 10;

/// A process that is to be started.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Start {
    /// The program, by its path or by a name to be looked for in `PATH`.
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    /// Where it begins; `None` for the directory of this program.
    pub(crate) directory: Option<PathBuf>,
    /// Its whole environment; `None` for the one of this program.
    pub(crate) environment: Option<Vec<(String, String)>>,
    pub(crate) nice: Option<i32>,
}

/// Starts a process and returns its pid. It belongs to a group of its own, so that no terminal of
/// this program reaches it, and its standard streams lead nowhere.
pub(crate) fn start(start: &Start) -> io::Result<u32> {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new(&start.program);
    command.args(&start.arguments).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(directory) = &start.directory {
        command.current_dir(directory);
    }
    if let Some(environment) = &start.environment {
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    }
    let child = command.spawn()?;
    let id = child.id();
    if let Some(nice) = start.nice {
        // It has been started: where it may not be made more urgent it runs as others do.
        let _ = set_nice(id, nice);
    }
    reap(child);
    Ok(id)
}

/// Waits for the end of `child` in the background, so that the kernel can forget it.
fn reap(mut child: Child) {
    let waiting = thread::Builder::new().name("reap".to_owned()).stack_size(WAITING_STACK);
    // Without a thread the process stays in the list after its end, until this program ends.
    let _ = waiting.spawn(move || child.wait());
}

/// Ends a process at once and without asking it.
pub(crate) fn end(id: u32) -> io::Result<()> {
    Ok(kill_process(pid(id)?, Signal::KILL)?)
}

/// Gives all threads of a process the same nice value: the kernel keeps one for each.
pub(crate) fn set_nice(id: u32, nice: i32) -> io::Result<()> {
    let mut changed = false;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        let name = thread?.file_name();
        let Some(thread) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        match setpriority_process(Some(pid(thread)?), nice) {
            Ok(()) => changed = true,
            // The thread has ended meanwhile.
            Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if changed { Ok(()) } else { Err(Errno::SRCH.into()) }
}

fn pid(id: u32) -> io::Result<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw).ok_or_else(|| Errno::SRCH.into())
}

/// Splits a command line into words as a shell does, without any other feature of a shell:
/// blanks divide, `'...'` and `"..."` keep together, a backslash outside of `'...'` takes the
/// next character as it is (inside of `"..."` only `"` and the backslash itself). `None` where a
/// quote is not closed or nothing follows a backslash.
pub(crate) fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// The text between `"` and `"`, the first of which has been read.
fn quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            '"' => return Some(()),
            '\\' => match rest.next()? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_line() {
        for (line, expected) in [
            ("sleep 60", Some(vec!["sleep", "60"])),
            ("  a\t b\n", Some(vec!["a", "b"])),
            (r#""/opt/my program" 'x y'"z""#, Some(vec!["/opt/my program", "x yz"])),
            (r#"a '' """#, Some(vec!["a", "", ""])),
            (r"a\ b \\ \'", Some(vec!["a b", r"\", "'"])),
            (r#""a\"b\\c\d" '\'"#, Some(vec![r#"a"b\c\d"#, r"\"])),
            ("echo $HOME; rm *", Some(vec!["echo", "$HOME;", "rm", "*"])),
            ("", Some(vec![])),
            (" ", Some(vec![])),
            ("a 'b", None),
            ("a \"b", None),
            ("a\\", None),
            ("\"a\\", None),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|words| words.into_iter().map(str::to_owned).collect());
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn an_id_that_no_process_can_have_is_no_process() {
        for id in [0, u32::MAX] {
            assert_eq!(end(id).unwrap_err().raw_os_error(), Some(3));
        }
    }
}
