//! The command line as it is typed: the one file that knows clap.
//!
//! Turns arguments into plain values of the commands; checks nothing that needs WMI. Texts for
//! people stand here as the comments of the arguments.

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use wbem::Flags;

use crate::commands::{call, compile, get};
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

#[derive(clap::Args, Debug)]
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

    /// The format; auto is a table where it fits, else a list
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "auto")]
    output: OutputArg,

    /// How JSON has integers of 64 bits
    #[arg(long, global = true, value_name = "HOW", default_value = "number")]
    int64: Int64Arg,

    /// How dates and times are written
    #[arg(long, global = true, value_name = "HOW", default_value = "rfc3339")]
    datetime: DatetimeArg,

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
    /// List or show classes
    #[command(subcommand)]
    Class(ClassCommand),
    /// List the namespaces below root, or below the one named with -n
    Ns,
    /// Compile MOF files
    Compile(CompileArgs),
    /// Check, copy, put back, salvage or reset the repository as a whole
    #[command(subcommand)]
    Repo(RepoCommand),
}

#[derive(clap::Args, Debug)]
pub(crate) struct GetArgs {
    /// The path of an instance, as 'Class.Key="value"', or the name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// Only the instances that fit this condition of WQL, as "Name = 'sshd'"
    #[arg(short, long, value_name = "WHERE")]
    filter: Option<String>,
    /// Only these properties
    #[arg(short, long, value_name = "P,Q", value_delimiter = ',')]
    properties: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct CallArgs {
    /// The path of an instance, as 'Class.Key="value"', or the name of a class
    #[arg(value_name = "CLASS_OR_PATH")]
    path: String,
    /// The method
    method: String,
    /// PARAMETER=VALUE; null is NULL, an array takes each PARAMETER=VALUE of its name
    #[arg(value_name = "P=V")]
    values: Vec<String>,
    /// End with exit code 8 where the method's ReturnValue says that it failed
    #[arg(long)]
    check_return: bool,
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
}

#[derive(clap::Args, Debug)]
pub(crate) struct CompileArgs {
    /// The files, compiled in this order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check the syntax and store nothing
    #[arg(long)]
    check: bool,
    /// How every class is stored, beside what the files themselves say
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    class_flags: Vec<ClassFlagArg>,
    /// How every instance is stored, beside what the files themselves say
    #[arg(long, value_name = "FLAG", value_delimiter = ',')]
    instance_flags: Vec<InstanceFlagArg>,
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

#[derive(Clone, Copy, ValueEnum, Debug)]
enum ClassFlagArg {
    /// The class must be new
    CreateOnly,
    /// The class must be there
    UpdateOnly,
    /// Change it where no subclass conflicts
    SafeUpdate,
    /// Change it, and resolve conflicts in subclasses
    ForceUpdate,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum InstanceFlagArg {
    /// The instance must be new
    CreateOnly,
    /// The instance must be there
    UpdateOnly,
}

impl Args {
    /// What was typed. Ends the program where it cannot be read, or where help was asked for.
    pub(crate) fn read() -> Self {
        let args = Args::parse();
        if args.global.mock.is_some() && matches!(args.command, Command::Repo(_)) {
            let why = "a repository in memory cannot be checked, copied or put back";
            Args::command().error(ErrorKind::ArgumentConflict, why).exit();
        }
        args
    }

    /// The global options.
    pub(crate) fn options(&self, screen: Screen) -> Options {
        let form = match self.global.output {
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
            int64_as_string: self.global.int64 == Int64Arg::String,
            cim_datetime: self.global.datetime == DatetimeArg::Cim,
        };
        Options {
            namespace: self.global.namespace.clone(),
            repository: self.global.repository.clone(),
            mock: self.global.mock.clone(),
            mocked: OnceCell::new(),
            settings: Settings { form, style, system: self.global.system, screen },
        }
    }

    /// Whether finding nothing is a failure.
    pub(crate) fn fail_empty(&self) -> bool {
        self.global.fail_empty
    }
}

impl GetArgs {
    /// As the command takes it.
    pub(crate) fn request(&self) -> get::Request {
        get::Request {
            path: self.path.clone(),
            filter: self.filter.clone(),
            properties: self.properties.clone(),
        }
    }
}

impl CallArgs {
    /// As the command takes it.
    pub(crate) fn request(&self) -> call::Request {
        call::Request {
            path: self.path.clone(),
            method: self.method.clone(),
            values: self.values.clone(),
            check_return: self.check_return,
        }
    }
}

impl CompileArgs {
    /// As the command takes it.
    pub(crate) fn request(&self) -> compile::Request {
        let class_flags = self.class_flags.iter().map(|flag| match flag {
            ClassFlagArg::CreateOnly => Flags::CREATE_ONLY,
            ClassFlagArg::UpdateOnly => Flags::UPDATE_ONLY,
            ClassFlagArg::SafeUpdate => Flags::UPDATE_SAFE_MODE,
            ClassFlagArg::ForceUpdate => Flags::UPDATE_FORCE_MODE,
        });
        let instance_flags = self.instance_flags.iter().map(|flag| match flag {
            InstanceFlagArg::CreateOnly => Flags::CREATE_ONLY,
            InstanceFlagArg::UpdateOnly => Flags::UPDATE_ONLY,
        });
        compile::Request {
            files: self.files.clone(),
            check_only: self.check,
            class_flags: class_flags.fold(Flags::default(), |a, b| a | b),
            instance_flags: instance_flags.fold(Flags::default(), |a, b| a | b),
        }
    }
}

#[cfg(test)]
mod tests {
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
