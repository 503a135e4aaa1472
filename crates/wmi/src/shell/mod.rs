//! `wmi shell`: commands and queries typed one after another.
//!
//! A line is a command as on the command line, without `wmi`; or a query, which continues over
//! several lines until it is complete; or one of the shell's own: `use NAMESPACE`, `help`, `exit`.
//! A failed command is reported and does not end the shell. A terminal has a prompt, editing,
//! history and completion; without a terminal, lines are read as they are.
//!
//! | module | what |
//! |---|---|
//! | [`statement`] | the kind of a statement, and whether it is complete |
//! | [`words`] | a command split into words |
//! | [`complete`] | the candidates for completion |
//! | [`schema`] | the classes that completion uses |
//! | [`terminal`] | the editor on a terminal, and its history |

mod complete;
mod schema;
mod statement;
mod terminal;
mod words;

use std::io::{self, BufRead, IsTerminal, Read};

use crate::args::{self, Args, Grammar};
use crate::exit;
use crate::failure::{Failure, warn};
use crate::interrupt::Interrupt;
use crate::run_and_report;
use crate::screen::{Screen, say};
use crate::session::Options;
use schema::Schema;
use statement::Statement;
use terminal::Terminal;

/// What the shell adds to the commands of the program.
pub(super) const OWN_COMMANDS: [&str; 5] = ["use", "cd", "help", "exit", "quit"];

/// The maximum size of a statement from a pipe, in bytes: more than any query or path may have. A
/// longer one ends the shell.
const MAX_STATEMENT: u64 = 1 << 20;

/// Runs the shell that `args` start until its input ends. Returns the exit code: without a terminal
/// that of the first failed line, otherwise 0.
pub(crate) fn run(args: Args) -> u8 {
    let options = args.options(Screen::stdout());
    let namespace = match options.target() {
        Ok(target) => target.services.namespace().as_str().to_owned(),
        Err(failure) => return exit::report(Err(failure), &options.settings, false),
    };
    let mut session = Session { args, options, namespace, interrupt: None };
    match io::stdin().is_terminal() && io::stdout().is_terminal() {
        true => session.converse(),
        false => session.read(io::stdin().lock()),
    }
}

/// What holds from line to line.
struct Session {
    args: Args,
    /// With the repository open.
    options: Options,
    namespace: String,
    /// What ends a command, where people type: a shell that reads a script ends itself.
    interrupt: Option<Interrupt>,
}

/// What follows a statement.
enum Next {
    /// Another one; with the number that this one ended with.
    Line(u8),
    /// The end.
    End,
}

impl Session {
    /// Reads from people.
    fn converse(&mut self) -> u8 {
        let mut terminal = match Terminal::new(self.schema()) {
            Ok(terminal) => terminal,
            Err(error) => {
                let failure = Failure::Usage(format!("the terminal cannot be used: {error}"));
                return exit::report(Err(failure), &self.options.settings, false);
            }
        };
        match Interrupt::listen() {
            Ok(interrupt) => self.interrupt = Some(interrupt),
            Err(error) => warn(&format!("Control-C will end the shell: {error}")),
        }
        say("Commands and queries; 'help' lists them, Tab completes, 'exit' ends.");
        while let Some(text) = terminal.read(&self.namespace) {
            match self.perform(&text) {
                Next::Line(_) => terminal.set_schema(self.schema()),
                Next::End => break,
            }
        }
        exit::DONE
    }

    /// Reads `input` to its end.
    fn read(&mut self, mut input: impl BufRead) -> u8 {
        let mut first_failure = exit::DONE;
        let mut text = String::new();
        loop {
            let read = (&mut input).take(MAX_STATEMENT).read_line(&mut text);
            let is_last = !matches!(read, Ok(1..));
            let refused = match read {
                Err(error) => Some(format!("the input cannot be read: {error}")),
                Ok(_) if text.len() as u64 >= MAX_STATEMENT => {
                    Some(format!("the input has a statement of more than {MAX_STATEMENT} bytes"))
                }
                Ok(_) => None,
            };
            if let Some(why) = refused {
                let code = exit::report(Err(Failure::Usage(why)), &self.options.settings, false);
                return if first_failure == exit::DONE { code } else { first_failure };
            }
            if is_last || statement::is_complete(&text) {
                match self.perform(&std::mem::take(&mut text)) {
                    Next::Line(code) if first_failure == exit::DONE => first_failure = code,
                    Next::Line(_) => {}
                    Next::End => return first_failure,
                }
            }
            if is_last {
                return first_failure;
            }
        }
    }

    fn perform(&mut self, text: &str) -> Next {
        let words = match Statement::of(text) {
            Statement::Nothing => return Next::Line(exit::DONE),
            Statement::Query(query) => vec!["query".to_owned(), "--".to_owned(), query],
            Statement::Command(words) => words,
        };
        let done = match words[0].as_str() {
            "exit" | "quit" => return Next::End,
            "use" | "cd" => {
                let used = self.use_namespace(&words[1..]);
                exit::report(used, &self.options.settings, false)
            }
            _ => self.command(&words),
        };
        Next::Line(done)
    }

    fn command(&self, words: &[String]) -> u8 {
        self.interrupt.iter().for_each(Interrupt::clear);
        match Args::of_line(words, &self.args) {
            Ok(args) => {
                let options = Options {
                    opened: self.options.opened.clone(),
                    interrupt: self.interrupt.clone(),
                    ..args.options(self.options.settings.screen)
                };
                run_and_report(&args, &options)
            }
            Err(error) => {
                let code = args::print_error(&error, self.options.settings.form.is_json());
                if words[0] == "help" && words.len() == 1 {
                    say("\nOnly in the shell: a query, use NAMESPACE, exit");
                }
                code
            }
        }
    }

    /// Changes to the namespace that `operands` name: from the root on, or below this one where
    /// it is named so there.
    fn use_namespace(&mut self, operands: &[String]) -> Result<crate::target::Outcome, Failure> {
        let [wanted] = operands else {
            return Err(Failure::Usage("name one namespace, as: use root/default".to_owned()));
        };
        let wmi = self.options.open()?;
        let path = match wanted.as_str() {
            ".." => parent(&self.namespace).to_owned(),
            wanted => match wmi.connect(&format!("{}\\{wanted}", self.namespace)) {
                Ok(below) => below.namespace().as_str().to_owned(),
                Err(_) => wanted.to_owned(),
            },
        };
        let target = self.options.connect(&path)?;
        self.namespace = target.services.namespace().as_str().to_owned();
        self.args.set_namespace(&self.namespace);
        self.options.namespace = Some(self.namespace.clone());
        Ok(crate::target::Outcome::Done)
    }

    fn schema(&self) -> Option<Schema> {
        self.options.open().ok()?;
        Some(Schema::new(self.options.clone(), self.namespace.clone(), Grammar::new()))
    }
}

/// The parent of `namespace`; root itself for root.
fn parent(namespace: &str) -> &str {
    namespace.rsplit_once('\\').map_or(namespace, |(parent, _)| parent)
}
