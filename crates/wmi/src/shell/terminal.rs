//! The editor on a terminal: prompt, lines, history, Tab.
//!
//! The one file that knows rustyline. It was chosen over reedline, which asks the terminal where
//! its cursor is and gives up on one that does not answer, as a serial console.

use std::env;
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::complete::complete;
use super::schema::Schema;
use super::statement::is_complete;
use crate::failure::warn;

/// How many statements are remembered.
const REMEMBERED: usize = 1000;

/// What is asked for while a statement is typed.
struct Assistant {
    schema: Option<Schema>,
}

/// A terminal to read from.
pub(super) struct Terminal {
    editor: Editor<Assistant, DefaultHistory>,
    history: Option<PathBuf>,
}

impl Terminal {
    /// The terminal of this process, with what was typed in earlier sessions.
    pub(super) fn new(schema: Option<Schema>) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Assistant { schema }));
        let history = state_directory().map(|directory| directory.join("history"));
        if let Some(file) = history.as_deref().filter(|file| file.exists())
            && let Err(error) = editor.load_history(file)
        {
            warn(&format!("{} cannot be read: {error}", file.display()));
        }
        Ok(Terminal { editor, history })
    }

    /// The schema that completion offers from now on.
    pub(super) fn set_schema(&mut self, schema: Option<Schema>) {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.schema = schema;
        }
    }

    /// The next statement; `None` at the end. What is dropped with Control-C is no statement.
    pub(super) fn read(&mut self, namespace: &str) -> Option<String> {
        loop {
            match self.editor.readline(&format!("{namespace}> ")) {
                Ok(text) => {
                    if !text.trim().is_empty() && self.editor.add_history_entry(&text).is_ok() {
                        self.remember();
                    }
                    return Some(text);
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return None,
                Err(error) => {
                    warn(&format!("the terminal cannot be read: {error}"));
                    return None;
                }
            }
        }
    }

    /// Adds what is new to the file. Where that fails it is not tried again.
    fn remember(&mut self) {
        let Some(file) = &self.history else { return };
        let kept = file.parent().map_or(Ok(()), private_directory);
        let kept = kept.map_err(ReadlineError::Io).and_then(|()| self.editor.append_history(file));
        if let Err(error) = kept {
            warn(&format!("{} cannot be written: {error}", file.display()));
            self.history = None;
        }
    }
}

/// Makes a directory that others may not look into: people type secrets.
fn private_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Where the user's state is kept, by the base directory specification: `$XDG_STATE_HOME/openwmi`
/// or `~/.local/state/openwmi`.
fn state_directory() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("openwmi"))
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Some(schema) = &self.schema else { return Ok((cursor, Vec::new())) };
        let found = complete(line, cursor, schema);
        let pair = |candidate: super::complete::Candidate| Pair {
            display: candidate.shown,
            replacement: candidate.text,
        };
        Ok((found.start, found.candidates.into_iter().map(pair).collect()))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Helper for Assistant {}
