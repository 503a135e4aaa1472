//! The switches of `mofcomp` as typed, and the request that they make (behaviour.md G.9).
//!
//! Input is the words, output a request or the reason why they are invalid. Nothing is opened.

use std::path::PathBuf;

use cim::Locale;
use wbem::Flags;

use crate::personality::switch::Switch;

/// Where objects go unless the file or `-N` says otherwise.
const DEFAULT_NAMESPACE: &str = r"root\default";

/// The switches of the compiler of Windows that are not supported yet.
const UNSUPPORTED: [&str; 7] = ["b", "wmi", "p", "u", "a", "er", "l"];

/// What is to be compiled or split, and how.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) file: PathBuf,
    pub(super) namespace: String,
    pub(super) work: Work,
}

/// What is done with the file.
#[derive(Debug, PartialEq)]
pub(super) enum Work {
    /// Its syntax is checked.
    Check,
    /// Its objects are stored.
    Store(Storing),
    /// It is split into a neutral and a localized file.
    Split(Parts),
}

/// How objects are stored.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Storing {
    pub(super) class_flags: Flags,
    pub(super) instance_flags: Flags,
    /// Whether the file is compiled again when the repository is rebuilt, even if it does not say
    /// so itself.
    pub(super) autorecover: bool,
}

/// What a file is split into.
#[derive(Debug, PartialEq)]
pub(super) struct Parts {
    /// The locale; `None` where the file names it.
    pub(super) locale: Option<Locale>,
    pub(super) mof: PathBuf,
    pub(super) mfl: PathBuf,
}

/// What was typed, each switch by itself.
#[derive(Default)]
struct Typed {
    switches: usize,
    file: Option<PathBuf>,
    check: bool,
    namespace: Option<String>,
    class_flags: Option<Flags>,
    instance_flags: Option<Flags>,
    autorecover: bool,
    locale: Option<Locale>,
    mof: Option<PathBuf>,
    mfl: Option<PathBuf>,
}

impl Request {
    /// The request in `words`; `None` if they ask for help.
    /// Errors: why they are invalid.
    pub(super) fn of(words: &[String]) -> Result<Option<Self>, String> {
        let mut typed = Typed::default();
        for word in words {
            match Switch::of(word) {
                Some(Switch { name, value: None }) if ["?", "h", "help"].contains(&&*name) => {
                    return Ok(None);
                }
                Some(switch) => typed.take(word, &switch)?,
                None if typed.file.is_some() => {
                    return Err(format!("only one file can be compiled; {word} is a second one"));
                }
                None => typed.file = Some(PathBuf::from(word)),
            }
        }
        typed.request().map(Some)
    }
}

impl Typed {
    fn take(&mut self, word: &str, switch: &Switch<'_>) -> Result<(), String> {
        self.switches += 1;
        match (switch.name.as_str(), switch.value) {
            ("check", None) => self.check = true,
            ("autorecover", None) => self.autorecover = true,
            ("n", Some(namespace)) => self.namespace = Some(namespace.to_owned()),
            ("class", Some(flag)) => self.class_flags = Some(class_flag(flag)?),
            ("instance", Some(flag)) => self.instance_flags = Some(instance_flag(flag)?),
            ("amendment", Some(locale)) => {
                let locale = locale.parse::<Locale>();
                self.locale = Some(locale.map_err(|error| error.message().to_owned())?);
            }
            ("mof", Some(file)) if !file.is_empty() => self.mof = Some(PathBuf::from(file)),
            ("mfl", Some(file)) if !file.is_empty() => self.mfl = Some(PathBuf::from(file)),
            (name, _) if UNSUPPORTED.contains(&name) => {
                return Err(format!("the switch {word} is not supported"));
            }
            ("n" | "class" | "instance" | "amendment" | "mof" | "mfl", _) => {
                return Err(format!("the switch {word} requires a value after a colon"));
            }
            _ => return Err(format!("there is no switch {word}")),
        }
        Ok(())
    }

    fn request(self) -> Result<Request, String> {
        let says_how = self.class_flags.is_some() || self.instance_flags.is_some();
        // Salvage and reset compile the file without any switches.
        if self.autorecover && (self.namespace.is_some() || says_how) {
            return Err(
                "-N, -class and -instance do not apply when the file is compiled again; with \
                        -autorecover use pragmas in the file"
                    .to_owned(),
            );
        }
        let file = self.file.ok_or("no file to compile")?;
        let namespace = self.namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        let work = match (self.locale, self.mof, self.mfl) {
            _ if self.check && self.switches > 1 => {
                return Err("the switch -check cannot be combined with other switches".to_owned());
            }
            (None, None, None) if self.check => Work::Check,
            (None, None, None) => Work::Store(Storing {
                class_flags: self.class_flags.unwrap_or_default(),
                instance_flags: self.instance_flags.unwrap_or_default(),
                autorecover: self.autorecover,
            }),
            (_, Some(_), Some(_)) if says_how || self.autorecover => {
                return Err("a file that is split is not stored; leave out -class, -instance and \
                            -autorecover"
                    .to_owned());
            }
            (locale, Some(mof), Some(mfl)) => Work::Split(Parts { locale, mof, mfl }),
            _ => {
                return Err(
                    "a file is split into two files; name both with -MOF:FILE and -MFL:FILE"
                        .to_owned(),
                );
            }
        };
        Ok(Request { file, namespace, work })
    }
}

fn class_flag(flag: &str) -> Result<Flags, String> {
    match flag.to_ascii_lowercase().as_str() {
        "createonly" => Ok(Flags::CREATE_ONLY),
        "updateonly" => Ok(Flags::UPDATE_ONLY),
        "safeupdate" => Ok(Flags::UPDATE_SAFE_MODE),
        "forceupdate" => Ok(Flags::UPDATE_FORCE_MODE),
        _ => Err(format!("-class:{flag}: write createonly, updateonly, safeupdate or forceupdate")),
    }
}

fn instance_flag(flag: &str) -> Result<Flags, String> {
    match flag.to_ascii_lowercase().as_str() {
        "createonly" => Ok(Flags::CREATE_ONLY),
        "updateonly" => Ok(Flags::UPDATE_ONLY),
        _ => Err(format!("-instance:{flag}: write createonly or updateonly")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Request>, String> {
        Request::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn g9_switches_in_both_spellings_and_any_case() {
        for line in ["-N:root\\x -class:safeupdate a.mof", "a.mof /n:root\\x /CLASS:SafeUpdate"] {
            let request = of(line).unwrap().unwrap();
            assert_eq!(request.namespace, r"root\x");
            let storing = Storing { class_flags: Flags::UPDATE_SAFE_MODE, ..Storing::default() };
            assert_eq!(request.work, Work::Store(storing));
            assert_eq!(request.file, PathBuf::from("a.mof"));
        }
        assert_eq!(of("/tmp/a.mof").unwrap().unwrap().namespace, DEFAULT_NAMESPACE);
        assert_eq!(of("-check a.mof").unwrap().unwrap().work, Work::Check);
        assert_eq!(of("-?"), Ok(None));
        let parts = |locale: Option<&str>| {
            let locale = locale.map(|locale| locale.parse().unwrap());
            Work::Split(Parts { locale, mof: PathBuf::from("a"), mfl: PathBuf::from("b") })
        };
        for (line, expected) in [
            ("-AMENDMENT:MS_409 -MOF:a -MFL:b m.mof", parts(Some("MS_409"))),
            ("m.mof /mfl:b /mof:a", parts(None)),
        ] {
            assert_eq!(of(line).unwrap().unwrap().work, expected, "{line}");
        }
    }

    #[test]
    fn g9_invalid_switches() {
        for (line, said) in [
            ("-no a.mof", "there is no switch -no"),
            ("-N a.mof", "requires a value"),
            ("-MOF: -MFL:b a.mof", "-MOF: requires a value"),
            ("-class:never a.mof", "write createonly"),
            ("-check -N:root a.mof", "cannot be combined"),
            ("-check -MOF:a -MFL:b a.mof", "cannot be combined"),
            ("-B:a.bmf a.mof", "is not supported"),
            ("a.mof b.mof", "b.mof is a second one"),
            ("-check", "no file"),
            ("-autorecover -N:root a.mof", "use pragmas in the file"),
            ("-autorecover -class:createonly a.mof", "use pragmas in the file"),
            ("-AMENDMENT:English -MOF:a -MFL:b m.mof", "is no locale"),
            ("-AMENDMENT:MS_409 m.mof", "name both"),
            ("-AMENDMENT:MS_409 -MOF:a m.mof", "name both"),
            ("-MFL:b m.mof", "name both"),
            ("-MOF:a -MFL:b -autorecover m.mof", "is not stored"),
        ] {
            let why = of(line).unwrap_err();
            assert!(why.contains(said), "{line}: {why}");
        }
    }
}
