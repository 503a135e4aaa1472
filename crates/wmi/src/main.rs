//! The program `wmi`: the command line of WMI for Linux.
//!
//! Reads the arguments, calls WMI through the library `openwmi` and the contracts of `wbem`, prints
//! the results, and returns an exit code. It implements no rule of WMI.
//!
//! | module | what |
//! |---|---|
//! | [`args`] | the arguments as typed |
//! | [`commands`] | a file for each command |
//! | [`shell`] | commands and queries typed one after another |
//! | [`personality`] | the programs `mofcomp`, `winmgmt` and `wmic`, chosen by the name of the program |
//! | [`session`], [`target`] | the open WMI, the namespace of a command |
//! | [`assignment`] | `P=V` |
//! | [`output`] | a file for each format |
//! | [`failure`], [`suggest`], [`exit`] | errors, suggestions, exit codes |
//! | [`screen`] | the terminal |
//! | [`interrupt`] | Control-C in the shell |

#![forbid(unsafe_code)]
// These macros panic where the output cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod assignment;
mod commands;
mod exit;
mod failure;
mod interrupt;
mod output;
mod personality;
mod screen;
mod session;
mod shell;
mod suggest;
mod target;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use args::{Args, ClassCommand, Command, RepoCommand};
use commands::{
    assoc, call, class, class_search, class_tree, compile, doctor, get, new, ns, provider, query,
    repo,
};
use commands::{rm, set, split};
use failure::Failure;
use personality::Personality;
use screen::Screen;
use session::Options;
use target::Outcome;

fn main() -> ExitCode {
    let mut words = env::args_os();
    if let Some(personality) = words.next().and_then(|name| Personality::of(&name)) {
        return ExitCode::from(personality.run(words));
    }
    ExitCode::from(match Args::read() {
        Ok(args) if matches!(args.command, Command::Shell) => shell::run(args),
        Ok(args) => run_and_report(&args, &args.options(Screen::stdout())),
        Err(code) => code,
    })
}

/// Runs the command, reports a failure, and returns the exit code.
fn run_and_report(args: &Args, options: &Options) -> u8 {
    exit::report(run(&args.command, options), &options.settings, args.fail_empty())
}

fn run(command: &Command, options: &Options) -> Result<Outcome, Failure> {
    match command {
        Command::Query { query, explain } => query::run(options, query, *explain),
        Command::Get(args) => get::run(options, &args.request()),
        Command::New { class, values } => new::run(options, class, values),
        Command::Set { path, values } => set::run(options, path, values),
        Command::Rm { path, class } => rm::run(options, path, *class),
        Command::Call(args) => call::run(options, &args.request()),
        Command::Assoc(args) => {
            let (request, links) = args.request();
            assoc::associators(options, &request, &links)
        }
        Command::Ref(args) => assoc::references(options, &args.request()),
        Command::Class(ClassCommand::List { pattern }) => class::list(options, pattern.as_deref()),
        Command::Class(ClassCommand::Show { class }) => class::show(options, class),
        Command::Class(ClassCommand::Tree { class }) => class_tree::run(options, class.as_deref()),
        Command::Class(ClassCommand::Search { word }) => class_search::run(options, word),
        Command::Ns => ns::run(options),
        Command::Provider(command) => provider::run(options, command),
        Command::Compile(args) => match args.split() {
            Some(request) => split::run(options, &request),
            None => compile::run(options, &args.request()),
        },
        Command::Doctor => doctor::run(options),
        Command::Repo(RepoCommand::Verify) => repo::verify(options),
        Command::Repo(RepoCommand::Backup { file }) => repo::backup(options, file),
        Command::Repo(RepoCommand::Restore { file }) => repo::restore(options, file),
        Command::Repo(RepoCommand::Salvage) => repo::salvage(options),
        Command::Repo(RepoCommand::Reset { yes }) => repo::reset(options, *yes),
        Command::Repo(RepoCommand::Autorecover) => repo::autorecover(options),
        Command::Completions { shell } => {
            io::stdout().write_all(&args::completions(*shell))?;
            Ok(Outcome::Done)
        }
        // `main` starts it, and it takes no other.
        Command::Shell => Err(Failure::Usage("this is the shell".to_owned())),
    }
}
