//! The terminal of standard output and standard error, if there is one, and its width.
//!
//! Read once at the start of the program and then passed as a value.

use std::io::{IsTerminal, Write};

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Screen {
    /// The characters in a line of the terminal; `None` where there is no terminal.
    pub(crate) width: Option<u16>,
    /// Whether text may be emphasized.
    pub(crate) emphasis: bool,
}

/// The width of a terminal that does not report one.
const USUAL_WIDTH: u16 = 80;

impl Screen {
    /// No terminal: a file or a pipe.
    #[cfg(test)]
    pub(crate) const NONE: Screen = Screen { width: None, emphasis: false };

    /// Standard output.
    pub(crate) fn stdout() -> Self {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            return Screen { width: None, emphasis: false };
        }
        let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| size.ws_col);
        let width = if columns == 0 { USUAL_WIDTH } else { columns };
        Screen { width: Some(width), emphasis: emphasis_wanted() }
    }

    /// `text`, bold where that is wanted.
    pub(crate) fn bold(self, text: &str) -> String {
        match self.emphasis {
            true => format!("\x1b[1m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Writes a line to standard output, if that can still be written.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Writes a line to standard error. If that cannot be written, the command goes on: its exit code
/// says how it ended.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether messages on standard error may be coloured.
pub(crate) fn stderr_colours() -> bool {
    std::io::stderr().is_terminal() && emphasis_wanted()
}

/// Whether the user has not turned colours off (NO_COLOR, no-color.org) and the terminal knows
/// any.
fn emphasis_wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
