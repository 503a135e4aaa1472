//! The program `wmi`: the command line of WMI for Linux.
//!
//! Reads arguments, asks WMI through the library `openwmi` and the contracts of `wbem`, prints
//! what comes, and ends with a number that says how it went. Knows no repository, no provider
//! and no rule of WMI.
//!
//! | module | what |
//! |---|---|
//! | [`args`] | the arguments as typed |
//! | [`commands`] | one file a command |
//! | [`session`], [`target`] | the opened WMI, the namespace a command works on |
//! | [`assignment`] | `P=V` |
//! | [`output`] | one file a format |
//! | [`failure`], [`suggest`], [`exit`] | what went wrong, what was perhaps meant, the number |
//! | [`screen`] | what stands behind the output |

#![forbid(unsafe_code)]

mod args;
mod assignment;
mod commands;
mod exit;
mod failure;
mod output;
mod screen;
mod session;
mod suggest;
mod target;

use std::process::ExitCode;

use args::{Args, ClassCommand, Command, RepoCommand};
use commands::{call, class, compile, get, new, ns, query, repo, rm, set};
use failure::Failure;
use screen::Screen;
use session::Options;
use target::Outcome;

fn main() -> ExitCode {
    let args = Args::read();
    let options = args.options(Screen::stdout());
    ExitCode::from(match run(&args.command, &options) {
        Ok(Outcome::Done) => exit::DONE,
        Ok(Outcome::Empty) => {
            // Who sits before an empty terminal wonders whether it worked.
            if options.settings.screen.width.is_some() && options.settings.form.is_text() {
                eprintln!("nothing found");
            }
            if args.fail_empty() { exit::NOT_FOUND } else { exit::DONE }
        }
        Ok(Outcome::Partial) => exit::PARTIAL,
        Err(failure) if failure.is_reader_gone() => exit::DONE,
        Err(failure) => {
            failure.tell(options.settings.form.is_json());
            failure.exit_code()
        }
    })
}

fn run(command: &Command, options: &Options) -> Result<Outcome, Failure> {
    match command {
        Command::Query { query, explain } => query::run(options, query, *explain),
        Command::Get(args) => get::run(options, &args.request()),
        Command::New { class, values } => new::run(options, class, values),
        Command::Set { path, values } => set::run(options, path, values),
        Command::Rm { path, class } => rm::run(options, path, *class),
        Command::Call(args) => call::run(options, &args.request()),
        Command::Class(ClassCommand::List { pattern }) => class::list(options, pattern.as_deref()),
        Command::Class(ClassCommand::Show { class }) => class::show(options, class),
        Command::Ns => ns::run(options),
        Command::Compile(args) => compile::run(options, &args.request()),
        Command::Repo(RepoCommand::Verify) => repo::verify(options),
        Command::Repo(RepoCommand::Backup { file }) => repo::backup(options, file),
        Command::Repo(RepoCommand::Restore { file }) => repo::restore(options, file),
        Command::Repo(RepoCommand::Salvage) => repo::salvage(options),
        Command::Repo(RepoCommand::Reset { yes }) => repo::reset(options, *yes),
    }
}
