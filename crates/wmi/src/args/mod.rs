//! The command line as it is typed: the one module that knows clap.
//!
//! Turns arguments into plain values of the commands; checks nothing that needs WMI. Texts for
//! people stand here as the comments of the arguments.

mod grammar;
mod operands;

use std::cell::OnceCell;
use std::env;
use std::ffi::OsString;
use std::iter;
use std::path::PathBuf;

use cim::Locale;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use grammar::Grammar;
use operands::{AssocArgs, CallArgs, CompileArgs, GetArgs, RefArgs};

use crate::exit;
use crate::failure::Failure;
use crate::output::{Form, Settings, Style};
use crate::screen::Screen;
use crate::session::Options;

/// WMI for Linux: ask this machine, and keep objects of your own.
#[derive(Parser, Debug)]
#[command(name = "wmi", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  wmi query \"SELECT Name, ProcessId FROM Win32_Process WHERE WorkingSetSize > 10000000\"
  wmi get Win32_Process -f \"Name = 'sshd'\" -p ProcessId,CommandLine -o json
  wmi get 'Win32_LogicalDisk.DeviceID=\"/\"'
  wmi call 'Win32_Process.Handle=\"4711\"' Terminate
  wmi class show Win32_OperatingSystem

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 access denied, 5 no answer,
6 partial result, 7 syntax of WQL or MOF, 8 a method returned a failure.";

#[derive(clap::Args, Clone, Default, Debug)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// The namespace, with slashes or backslashes [default: root/cimv2]
    #[arg(short, long, global = true, value_name = "NS")]
    namespace: Option<String>,

    /// The directory of the repository [default: your own]
    #[arg(long, global = true, value_name = "DIR")]
    repository: Option<PathBuf>,

    /// Work on a repository in memory that holds what this file says and nothing of this machine
    #[arg(long, global = true, value_name = "FILE.mof", conflicts_with = "repository")]
    mock: Option<PathBuf>,

    /// Tell of a machine whose /proc, /sys and /etc were copied to this directory
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "mock")]
    machine: Option<PathBuf>,

    /// The format; auto is a table where it fits, else a list [default: auto]
    #[arg(short, long, global = true, value_name = "FORMAT")]
    output: Option<OutputArg>,

    /// How JSON has integers of 64 bits [default: number]
    #[arg(long, global = true, value_name = "HOW")]
    int64: Option<Int64Arg>,

    /// How dates and times are written [default: rfc3339]
    #[arg(long, global = true, value_name = "HOW")]
    datetime: Option<DatetimeArg>,

    /// The languages of qualifiers and values, the preferred one first, as MS_409
    #[arg(long, global = true, value_name = "MS_XXX", value_delimiter = ',')]
    locale: Vec<Locale>,

    /// Read classes with their localized qualifiers, as Description
    #[arg(long, global = true)]
    amended: bool,

    /// Show system properties, as __PATH; in the list of classes, system classes
    #[arg(long, global = true)]
    system: bool,

    /// End with exit code 3 where nothing was found
    #[arg(long, global = true)]
    fail_empty: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a WQL query
    Query {
        /// The query, as "SELECT Name FROM Win32_Process"
        query: String,
        /// Print how the query would be run: which sources are asked what
        #[arg(long)]
        explain: bool,
    },
    /// Get an instance by its path, or the instances of a class
    Get(GetArgs),
    /// Make an instance and print its path
    New {
        /// The class
        class: String,
        /// PROPERTY=VALUE; null is NULL, an array takes each PROPERTY=VALUE of its name
        #[arg(value_name = "P=V")]
        values: Vec<String>,
    },
    /// Change properties of an instance
    Set {
        /// The path of the instance, as 'Class.Key="value"'
        path: String,
        /// PROPERTY=VALUE; null is NULL, an array takes each PROPERTY=VALUE of its name
        #[arg(value_name = "P=V", required = true)]
        values: Vec<String>,
    },
    /// Delete an instance, or a class
    Rm {
        /// The path of the instance, or the name of the class
        path: String,
        /// Delete a class, with its subclasses and all their stored instances
        #[arg(long)]
        class: bool,
    },
    /// Run a method of a class or an instance and print what it hands out
    Call(CallArgs),
    /// Find what is associated with an object (ASSOCIATORS OF)
    Assoc(AssocArgs),
    /// Find the associations that refer to an object (REFERENCES OF)
    Ref(RefArgs),
    /// List, show or search classes
    #[command(subcommand)]
    Class(ClassCommand),
    /// List the namespaces below root, or below the one named with -n
    Ns,
    /// List, show or unload providers
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Compile MOF files
    Compile(CompileArgs),
    /// Check, copy, put back, salvage or reset the repository as a whole
    #[command(subcommand)]
    Repo(RepoCommand),
    /// Look whether all is well: the repository, providers, services
    Doctor,
    /// Type queries and commands, with completion and history
    Shell,
    /// Print what makes a shell complete this program's arguments
    Completions {
        /// The shell
        shell: ShellArg,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ClassCommand {
    /// List the classes of the namespace
    List {
        /// A part of the name, or a pattern with * and ?
        pattern: Option<String>,
    },
    /// Show a class, as MOF unless -o says otherwise
    Show {
        /// The class
        class: String,
    },
    /// Draw the tree of classes
    Tree {
        /// The class at the root; all unless named
        class: Option<String>,
    },
    /// Search names and descriptions of classes, properties and methods
    Search {
        /// The word, or a part of it
        word: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ProviderCommand {
    /// List the providers of the namespace
    List {
        /// Those of the namespaces in it too; of all namespaces, unless -n names one
        #[arg(long)]
        all: bool,
    },
    /// Show how a provider is registered and which classes are bound to it
    Show {
        /// Its name in __Win32Provider
        name: String,
    },
    /// Let a provider go that has no call in flight; the next call loads it again
    Unload {
        /// Its name in __Win32Provider
        name: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum RepoCommand {
    /// Read everything and tell what is wrong
    Verify,
    /// Copy the repository to a file, while others go on using it
    Backup {
        /// The file; one that is there is overwritten
        file: PathBuf,
    },
    /// Put a copy in the place of the repository, which nobody may be using
    Restore {
        /// A file that 'wmi repo backup' wrote
        file: PathBuf,
    },
    /// Put what can be read of a damaged repository into a new one in its place
    Salvage,
    /// Put a new repository in the place of the one that is there, with what is in the files of the
    /// autorecover list
    Reset {
        /// All classes and instances of your own may go
        #[arg(long)]
        yes: bool,
    },
    /// Print the autorecover list: the files that salvage and reset compile again
    Autorecover,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
pub(crate) enum ShellArg {
    Bash,
    Zsh,
    Fish,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum OutputArg {
    Auto,
    Table,
    List,
    Json,
    Jsonl,
    Csv,
    Xml,
    Mof,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Debug)]
enum Int64Arg {
    Number,
    String,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Debug)]
enum DatetimeArg {
    Rfc3339,
    Cim,
}

impl Args {
    /// What was typed.
    /// Errors: the number to end with, after it was told why it cannot be read, or after the help
    /// that was asked for.
    pub(crate) fn read() -> Result<Self, u8> {
        let words: Vec<OsString> = env::args_os().collect();
        let args = Args::try_parse_from(&words).and_then(|args| args.check().map(|()| args));
        args.map_err(|error| tell(&error, wants_json(&words)))
    }

    /// A line of the shell that was started with `session`, whose global options hold where the
    /// line has none of its own.
    /// Errors: what clap says, or the help that was asked for.
    pub(crate) fn of_line(words: &[String], session: &Args) -> Result<Self, clap::Error> {
        let line = iter::once("wmi").chain(words.iter().map(String::as_str));
        let args = Args::try_parse_from(line)?;
        args.global.check_line(&args.command)?;
        let global = args.global.over(&session.global);
        Ok(Args { global, ..args })
    }

    fn check(&self) -> Result<(), clap::Error> {
        let is_whole = matches!(self.command, Command::Repo(_) | Command::Doctor);
        match self.global.mock.is_some() && is_whole {
            true => Err(conflict("a repository in memory cannot be checked, copied or put back")),
            false => Ok(()),
        }
    }

    /// The global options.
    pub(crate) fn options(&self, screen: Screen) -> Options {
        let form = match self.global.output.unwrap_or(OutputArg::Auto) {
            OutputArg::Auto => Form::Auto,
            OutputArg::Table => Form::Table,
            OutputArg::List => Form::List,
            OutputArg::Json => Form::Json,
            OutputArg::Jsonl => Form::JsonLines,
            OutputArg::Csv => Form::Csv,
            OutputArg::Xml => Form::Xml,
            OutputArg::Mof => Form::Mof,
        };
        let style = Style {
            int64_as_string: self.global.int64 == Some(Int64Arg::String),
            cim_datetime: self.global.datetime == Some(DatetimeArg::Cim),
        };
        Options {
            namespace: self.global.namespace.clone(),
            repository: self.global.repository.clone(),
            mock: self.global.mock.clone(),
            machine: self.global.machine.clone(),
            opened: OnceCell::new(),
            interrupt: None,
            locales: self.global.locale.clone(),
            amended: self.global.amended,
            settings: Settings { form, style, system: self.global.system, screen },
        }
    }

    /// Makes `namespace` the one of all lines from now on.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        self.global.namespace = Some(namespace.to_owned());
    }

    /// Whether finding nothing is a failure.
    pub(crate) fn fail_empty(&self) -> bool {
        self.global.fail_empty
    }
}

impl Global {
    /// These, and where they say nothing, what `session` says.
    fn over(self, session: &Global) -> Global {
        Global {
            namespace: self.namespace.or_else(|| session.namespace.clone()),
            repository: session.repository.clone(),
            mock: session.mock.clone(),
            machine: session.machine.clone(),
            output: self.output.or(session.output),
            int64: self.int64.or(session.int64),
            datetime: self.datetime.or(session.datetime),
            locale: if self.locale.is_empty() { session.locale.clone() } else { self.locale },
            amended: self.amended || session.amended,
            system: self.system || session.system,
            fail_empty: self.fail_empty || session.fail_empty,
        }
    }

    /// Errors: where a line of the shell asks for what has to be said when it is started, or
    /// after it has ended.
    fn check_line(&self, command: &Command) -> Result<(), clap::Error> {
        if self.repository.is_some() || self.mock.is_some() || self.machine.is_some() {
            return Err(conflict("the shell keeps the repository it was started with"));
        }
        match command {
            Command::Shell => Err(conflict("this is the shell")),
            Command::Repo(
                RepoCommand::Restore { .. } | RepoCommand::Salvage | RepoCommand::Reset { .. },
            ) => Err(conflict(
                "a repository is put back while nobody uses it; leave the shell first",
            )),
            _ => Ok(()),
        }
    }
}

fn conflict(why: &str) -> clap::Error {
    Args::command().error(ErrorKind::ArgumentConflict, why)
}

/// Tells what clap says, an error as JSON where that is wanted, and gives the number to end with.
pub(crate) fn tell(error: &clap::Error, as_json: bool) -> u8 {
    if !error.use_stderr() {
        // Help. That its reader has gone is no failure.
        let _ = error.print();
        return exit::DONE;
    }
    match as_json {
        true => {
            let text = error.to_string();
            let told = text.split("\n\nUsage:").next().unwrap_or_default();
            let told = told.trim_start_matches("error: ").split_whitespace();
            Failure::Usage(told.collect::<Vec<_>>().join(" ")).tell(true);
        }
        false => drop(error.print()),
    }
    exit::USAGE
}

/// Whether `words`, which cannot be read as a whole, ask for JSON.
fn wants_json(words: &[OsString]) -> bool {
    let text = |word: &OsString| word.to_str().map(str::to_owned).unwrap_or_default();
    let after = words.windows(2).filter(|pair| pair[0] == "-o" || pair[0] == "--output");
    let within = words.iter().map(text).filter_map(|word| {
        let value = word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o"));
        value.map(|value| value.trim_start_matches('=').to_owned())
    });
    after.map(|pair| text(&pair[1])).chain(within).any(|value| matches!(&*value, "json" | "jsonl"))
}

/// What makes `shell` complete the arguments of the program.
pub(crate) fn completions(shell: ShellArg) -> Vec<u8> {
    let shell = match shell {
        ShellArg::Bash => clap_complete::Shell::Bash,
        ShellArg::Zsh => clap_complete::Shell::Zsh,
        ShellArg::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "wmi", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use wbem::Flags;

    use super::*;

    #[test]
    fn the_declaration_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_and_after_the_command() {
        for line in [
            ["wmi", "-o", "json", "-n", "root/x", "ns"],
            ["wmi", "ns", "-o", "json", "-n", "root/x"],
        ] {
            let args = Args::parse_from(line);
            let options = args.options(Screen::NONE);
            assert_eq!(options.settings.form, Form::Json);
            assert_eq!(options.namespace(), "root/x");
        }
    }

    #[test]
    fn flags_add_up() {
        let line = ["wmi", "compile", "a.mof", "--class-flags", "create-only,safe-update"];
        let Command::Compile(args) = Args::parse_from(line).command else { panic!("no compile") };
        let expected = Flags::CREATE_ONLY | Flags::UPDATE_SAFE_MODE;
        assert_eq!(args.request().class_flags, expected);
    }
}
