//! The command line as it is typed: the one module that knows clap.
//!
//! Turns arguments into plain values of the commands; checks nothing that needs WMI. The comments of
//! the arguments are the help texts.

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

/// WMI for Linux: query this machine and store objects in a repository
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
    /// Namespace, with slashes or backslashes [default: root/cimv2]
    #[arg(short, long, global = true, value_name = "NS")]
    namespace: Option<String>,

    /// Directory of the repository [default: the user's own]
    #[arg(long, global = true, value_name = "DIR")]
    repository: Option<PathBuf>,

    /// Use a repository in memory with the contents of this file and no host data
    #[arg(long, global = true, value_name = "FILE.mof", conflicts_with = "repository")]
    mock: Option<PathBuf>,

    /// Read host data from a captured root directory instead of the live system
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "mock")]
    machine: Option<PathBuf>,

    /// Output format; auto is a table if it fits, otherwise a list [default: auto]
    #[arg(short, long, global = true, value_name = "FORMAT")]
    output: Option<OutputArg>,

    /// JSON encoding of 64-bit integers [default: number]
    #[arg(long, global = true, value_name = "HOW")]
    int64: Option<Int64Arg>,

    /// Date and time format [default: rfc3339]
    #[arg(long, global = true, value_name = "HOW")]
    datetime: Option<DatetimeArg>,

    /// Preferred languages of qualifiers and values, in order, such as MS_409
    #[arg(long, global = true, value_name = "MS_XXX", value_delimiter = ',')]
    locale: Vec<Locale>,

    /// Read classes with their localized qualifiers, such as Description
    #[arg(long, global = true)]
    amended: bool,

    /// Show system properties such as __PATH, and system classes in the list of classes
    #[arg(long, global = true)]
    system: bool,

    /// Exit with code 3 if nothing was found
    #[arg(long, global = true)]
    fail_empty: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a WQL query
    Query {
        /// Query, such as "SELECT Name FROM Win32_Process"
        query: String,
        /// Print the query plan: the sources and the part of the query that each evaluates
        #[arg(long)]
        explain: bool,
    },
    /// Get an instance by its path, or the instances of a class
    Get(GetArgs),
    /// Create an instance and print its path
    New {
        /// Name of the class
        class: String,
        /// PROPERTY=VALUE; null is NULL, repeat it for each element of an array
        #[arg(value_name = "P=V")]
        values: Vec<String>,
    },
    /// Change properties of an instance
    Set {
        /// Path of the instance, such as 'Class.Key="value"'
        path: String,
        /// PROPERTY=VALUE; null is NULL, repeat it for each element of an array
        #[arg(value_name = "P=V", required = true)]
        values: Vec<String>,
    },
    /// Delete an instance, or a class
    Rm {
        /// Path of the instance, or name of the class
        path: String,
        /// Delete a class with its subclasses and all their stored instances
        #[arg(long)]
        class: bool,
    },
    /// Run a method of a class or an instance and print its out parameters
    Call(CallArgs),
    /// Find the objects associated with an object (ASSOCIATORS OF)
    Assoc(AssocArgs),
    /// Find the associations that refer to an object (REFERENCES OF)
    Ref(RefArgs),
    /// List, show or search classes
    #[command(subcommand)]
    Class(ClassCommand),
    /// List the namespaces below root, or below the namespace given with -n
    Ns,
    /// List, show or unload providers
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Compile MOF files
    Compile(CompileArgs),
    /// Verify, back up, restore, salvage or reset the repository
    #[command(subcommand)]
    Repo(RepoCommand),
    /// Check the health of the repository, providers and services
    Doctor,
    /// Enter queries and commands interactively, with completion and history
    Shell,
    /// Generate a shell completion script
    Completions {
        /// Shell
        shell: ShellArg,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ClassCommand {
    /// List the classes of the namespace
    List {
        /// Part of the name, or a pattern with * and ?
        pattern: Option<String>,
    },
    /// Show a class, as MOF unless -o is given
    Show {
        /// Name of the class
        class: String,
    },
    /// Draw the tree of classes
    Tree {
        /// Class at the root [default: all classes]
        class: Option<String>,
    },
    /// Search names and descriptions of classes, properties and methods
    Search {
        /// Word, or part of it
        word: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum ProviderCommand {
    /// List the providers of the namespace
    List {
        /// Include the namespaces below; without -n, list all namespaces
        #[arg(long)]
        all: bool,
    },
    /// Show how a provider is registered and which classes are bound to it
    Show {
        /// Name of the provider in __Win32Provider
        name: String,
    },
    /// Unload an idle provider; it is reloaded on demand
    Unload {
        /// Name of the provider in __Win32Provider
        name: String,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum RepoCommand {
    /// Verify the whole repository and report problems
    Verify,
    /// Copy the repository to a file; it may be in use
    Backup {
        /// File to write, `-` for standard output; an existing file is overwritten
        file: PathBuf,
    },
    /// Restore the repository from a backup (it must not be in use)
    Restore {
        /// Backup written by 'wmi repo backup'
        file: PathBuf,
    },
    /// Rebuild a damaged repository from its readable parts
    Salvage,
    /// Replace the repository with a new one and compile the files of the autorecover list
    Reset {
        /// Confirm that all user-defined classes and instances will be deleted
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

impl Command {
    /// Whether it may change the repository.
    fn writes(&self) -> bool {
        matches!(
            self,
            Command::New { .. }
                | Command::Set { .. }
                | Command::Rm { .. }
                | Command::Call(_)
                | Command::Compile(_)
                | Command::Shell
                | Command::Repo(RepoCommand::Reset { .. })
        )
    }
}

impl Args {
    /// The arguments of the process.
    ///
    /// # Errors
    ///
    /// The exit code, after clap's message or the requested help was printed.
    pub(crate) fn read() -> Result<Self, u8> {
        let words: Vec<OsString> = env::args_os().collect();
        let args = Args::try_parse_from(&words).and_then(|args| args.check().map(|()| args));
        args.map_err(|error| print_error(&error, wants_json(&words)))
    }

    /// A line of the shell that was started with `session`, whose global options apply unless the
    /// line has its own.
    ///
    /// # Errors
    ///
    /// clap's message, or the requested help.
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
            true => {
                Err(conflict("a repository in memory cannot be verified, backed up or restored"))
            }
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
            writes: self.command.writes(),
            mock: self.global.mock.clone(),
            machine: self.global.machine.clone(),
            opened: OnceCell::new(),
            interrupt: None,
            locales: self.global.locale.clone(),
            amended: self.global.amended,
            settings: Settings { form, style, system: self.global.system, screen },
        }
    }

    /// Makes `namespace` the default of all further lines.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        self.global.namespace = Some(namespace.to_owned());
    }

    /// Whether finding nothing is a failure.
    pub(crate) fn fail_empty(&self) -> bool {
        self.global.fail_empty
    }
}

impl Global {
    /// These options; for those not given, the ones of `session`.
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

    /// Refuses options of a shell line that only apply to the start of the shell, and commands
    /// that need the repository to be closed.
    fn check_line(&self, command: &Command) -> Result<(), clap::Error> {
        if self.repository.is_some() || self.mock.is_some() || self.machine.is_some() {
            return Err(conflict(
                "the repository of a shell cannot be changed; start another shell",
            ));
        }
        match command {
            Command::Shell => Err(conflict("a shell cannot be started from a shell")),
            Command::Repo(
                RepoCommand::Restore { .. } | RepoCommand::Salvage | RepoCommand::Reset { .. },
            ) => Err(conflict("the repository must not be in use; leave the shell first")),
            _ => Ok(()),
        }
    }
}

fn conflict(why: &str) -> clap::Error {
    Args::command().error(ErrorKind::ArgumentConflict, why)
}

/// Prints clap's message, as JSON if requested, and returns the exit code.
pub(crate) fn print_error(error: &clap::Error, as_json: bool) -> u8 {
    if !error.use_stderr() {
        // Help. A closed output is not a failure.
        let _ = error.print();
        return exit::DONE;
    }
    match as_json {
        true => {
            let text = error.to_string();
            let message = text.split("\n\nUsage:").next().unwrap_or_default();
            let message = message.trim_start_matches("error: ").split_whitespace();
            Failure::Usage(message.collect::<Vec<_>>().join(" ")).print(true);
        }
        false => drop(error.print()),
    }
    exit::USAGE
}

/// Whether the invalid arguments `words` request JSON.
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
