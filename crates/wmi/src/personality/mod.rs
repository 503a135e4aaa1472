//! The program under the names of programs of Windows: called as `mofcomp`, `winmgmt` or `wmic` it
//! accepts their switches and returns their exit codes.
//!
//! Each converts its arguments to requests of `crate::commands`, or calls the library if its output
//! differs. No operation of WMI is implemented here.

mod alias;
mod mofcomp;
mod pairs;
mod switch;
mod winmgmt;
mod wmic;

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The program whose command line is accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Personality {
    /// The MOF compiler.
    Mofcomp,
    /// The maintenance of the repository.
    Winmgmt,
    /// The command line with aliases.
    Wmic,
}

impl Personality {
    /// The personality of a program with this name or path; `None` for `wmi`.
    pub(crate) fn of(program: &OsStr) -> Option<Self> {
        let name = Path::new(program).file_name()?.to_str()?.to_ascii_lowercase();
        match name.strip_suffix(".exe").unwrap_or(&name) {
            "mofcomp" => Some(Personality::Mofcomp),
            "winmgmt" => Some(Personality::Winmgmt),
            "wmic" => Some(Personality::Wmic),
            _ => None,
        }
    }

    /// Runs the command in the arguments `words` and returns the exit code.
    pub(crate) fn run(self, words: impl Iterator<Item = OsString>) -> u8 {
        let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        match self {
            Personality::Mofcomp => mofcomp::run(&words),
            Personality::Winmgmt => winmgmt::run(&words),
            Personality::Wmic => wmic::run(&words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_chooses() {
        for (name, expected) in [
            ("wmi", None),
            ("/usr/bin/mofcomp", Some(Personality::Mofcomp)),
            ("WMIC.EXE", Some(Personality::Wmic)),
            ("./winmgmt", Some(Personality::Winmgmt)),
            ("mofcomp2", None),
        ] {
            assert_eq!(Personality::of(OsStr::new(name)), expected, "{name}");
        }
    }
}
