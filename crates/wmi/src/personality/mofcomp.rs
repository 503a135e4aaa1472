//! `mofcomp [switches] FILE`: the MOF compiler (behaviour.md G.9).
//!
//! What it says goes to standard output, as with Windows' own. It ends with 0; 1 where it could
//! not connect or an object could not be stored, which those before it survive; 2 for switches
//! that cannot be meant; 3 for errors of syntax, and then nothing is stored.

use std::path::PathBuf;

use cim::Namespace;
use cim::status::WBEMMOF_E_INVALID_FILE;
use wbem::{CompileOptions, CompileReport, Flags, MofDiagnostic};

use super::switch::Switch;
use crate::output::Form;
use crate::screen::say;
use crate::session::Options;

/// Where objects go unless the file or `-N` says otherwise.
const DEFAULT_NAMESPACE: &str = r"root\default";

const DONE: u8 = 0;
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const SYNTAX: u8 = 3;

const HELP: &str = "\
usage: mofcomp [-check] [-N:NAMESPACE] [-class:FLAG] [-instance:FLAG] FILE

  -check           check the syntax and store nothing; with no other switch
  -N:NAMESPACE     where objects go before the first #pragma namespace [root\\default]
  -class:FLAG      createonly, updateonly, safeupdate or forceupdate
  -instance:FLAG   createonly or updateonly

Ends with 0 where all is stored, 1 where something could not be, 2 for wrong switches, 3 for
errors of syntax.";

/// The switches of Windows' own that mean nothing here yet.
const UNSUPPORTED: [&str; 11] =
    ["autorecover", "b", "wmi", "p", "u", "a", "mof", "mfl", "amendment", "er", "l"];

/// What is to be compiled, and how.
#[derive(Debug, PartialEq)]
struct Request {
    file: PathBuf,
    namespace: String,
    check_only: bool,
    class_flags: Flags,
    instance_flags: Flags,
}

/// Compiles what `words` say and gives the number to end with.
pub(super) fn run(words: &[String]) -> u8 {
    say(&format!("OpenWMI MOF compiler {}", env!("CARGO_PKG_VERSION")));
    let request = match request(words) {
        Ok(Some(request)) => request,
        Ok(None) => {
            say(HELP);
            return DONE;
        }
        Err(why) => {
            say(&format!("error: {why}\n\n{HELP}"));
            return USAGE;
        }
    };
    say(&format!("Parsing MOF file: {}", request.file.display()));
    match compile(&request) {
        Ok(report) => tell(&report, &request),
        Err(error) => {
            say(&format!("error: {}: {}", error.status(), error.message()));
            FAILED
        }
    }
}

/// What `words` ask for; `None` where they ask for help.
fn request(words: &[String]) -> Result<Option<Request>, String> {
    let mut request = Request {
        file: PathBuf::new(),
        namespace: DEFAULT_NAMESPACE.to_owned(),
        check_only: false,
        class_flags: Flags::default(),
        instance_flags: Flags::default(),
    };
    let mut switches = 0;
    for word in words {
        let Some(Switch { name, value }) = Switch::of(word) else {
            if !request.file.as_os_str().is_empty() {
                return Err(format!("one file is compiled, and {word} is a second one"));
            }
            request.file = PathBuf::from(word);
            continue;
        };
        switches += 1;
        match (name.as_str(), value) {
            ("?" | "h" | "help", None) => return Ok(None),
            ("check", None) => request.check_only = true,
            ("n", Some(namespace)) => request.namespace = namespace.to_owned(),
            ("class", Some(flag)) => request.class_flags = class_flag(flag)?,
            ("instance", Some(flag)) => request.instance_flags = instance_flag(flag)?,
            (name, _) if UNSUPPORTED.contains(&name) => {
                return Err(format!("the switch {word} is not supported"));
            }
            ("n" | "class" | "instance", None) => {
                return Err(format!("the switch {word} takes a value after a colon"));
            }
            _ => return Err(format!("there is no switch {word}")),
        }
    }
    match (request.file.as_os_str().is_empty(), request.check_only && switches > 1) {
        (true, _) => Err("no file to compile".to_owned()),
        (_, true) => Err("the switch -check stands alone".to_owned()),
        _ => Ok(Some(request)),
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

fn compile(request: &Request) -> cim::Result<CompileReport> {
    let wmi = Options::own(Form::Auto).wmi()?;
    let options = CompileOptions {
        namespace: Namespace::new(&request.namespace)?,
        create_namespace: false,
        class_flags: request.class_flags,
        instance_flags: request.instance_flags,
        check_only: request.check_only,
    };
    let files = [request.file.clone()];
    wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {})
}

/// Prints what `report` says, and gives the number to end with.
fn tell(report: &CompileReport, request: &Request) -> u8 {
    if let Some(first) = report.syntax.first() {
        report.syntax.iter().for_each(|error| say(&placed(error)));
        // A file that cannot be read stands among the errors of syntax, but is none.
        return if first.status == WBEMMOF_E_INVALID_FILE { FAILED } else { SYNTAX };
    }
    say("MOF file has been successfully parsed");
    if request.check_only {
        return DONE;
    }
    say("Storing data in the repository...");
    for warning in &report.warnings {
        let MofDiagnostic { file, message, .. } = warning;
        say(&format!("warning: {file}: {message}"));
    }
    match &report.storage {
        Some(error) => {
            say(&placed(error));
            FAILED
        }
        None => {
            say("Done!");
            DONE
        }
    }
}

/// `file (line,column): error ...`
fn placed(error: &MofDiagnostic) -> String {
    let MofDiagnostic { file, line, column, status, message, .. } = error;
    format!("{file} ({line},{column}): error {status}: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<Request>, String> {
        request(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn g9_switches_in_both_spellings_and_any_case() {
        for line in ["-N:root\\x -class:safeupdate a.mof", "a.mof /n:root\\x /CLASS:SafeUpdate"] {
            let request = of(line).unwrap().unwrap();
            assert_eq!(request.namespace, r"root\x");
            assert_eq!(request.class_flags, Flags::UPDATE_SAFE_MODE);
            assert_eq!(request.file, PathBuf::from("a.mof"));
        }
        assert_eq!(of("/tmp/a.mof").unwrap().unwrap().namespace, DEFAULT_NAMESPACE);
        assert_eq!(of("-?"), Ok(None));
    }

    #[test]
    fn g9_switches_that_cannot_be_meant() {
        for (line, said) in [
            ("-no a.mof", "there is no switch -no"),
            ("-N a.mof", "takes a value"),
            ("-class:never a.mof", "write createonly"),
            ("-check -N:root a.mof", "stands alone"),
            ("-B:a.bmf a.mof", "is not supported"),
            ("a.mof b.mof", "b.mof is a second one"),
            ("-check", "no file"),
        ] {
            let why = of(line).unwrap_err();
            assert!(why.contains(said), "{line}: {why}");
        }
    }
}
