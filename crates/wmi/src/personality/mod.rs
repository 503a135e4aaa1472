//! The program under the names of Windows' own: called as `mofcomp`, `winmgmt` or `wmic` it takes
//! their switches and ends with their numbers.
//!
//! Each turns its arguments into requests of `crate::commands`, or into calls of the library
//! where what it prints is its own. Nothing of WMI is done here.

mod alias;
mod mofcomp;
mod pairs;
mod switch;
mod winmgmt;
mod wmic;

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Which program is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Personality {
    /// The MOF compiler.
    Mofcomp,
    /// The keeper of the repository.
    Winmgmt,
    /// The command line with aliases.
    Wmic,
}

impl Personality {
    /// The one that a program of this name or path has, if not that of `wmi`.
    pub(crate) fn of(program: &OsStr) -> Option<Self> {
        let name = Path::new(program).file_name()?.to_str()?.to_ascii_lowercase();
        match name.strip_suffix(".exe").unwrap_or(&name) {
            "mofcomp" => Some(Personality::Mofcomp),
            "winmgmt" => Some(Personality::Winmgmt),
            "wmic" => Some(Personality::Wmic),
            _ => None,
        }
    }

    /// Does what `words`, the arguments, ask for, and gives the number to end with.
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
