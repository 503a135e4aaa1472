//! The candidates for completion at the cursor.
//!
//! A pure function of the text, the cursor and the schema. Text before the cursor is unfinished and
//! is therefore parsed leniently; text that cannot be parsed has no candidates.
//!
//! | module | what |
//! |---|---|
//! | [`command`] | commands, options, operands |
//! | [`query`] | WQL |
//! | [`names`] | classes, properties and paths |
//! | [`values`] | the values of a property or parameter, by its ValueMap |

mod command;
mod names;
mod query;
mod values;

#[cfg(test)]
mod tests;

use super::schema::Schema;
use super::statement::{QUERIES, is_query};

/// The candidates at the cursor, and the start of the text that they replace.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Completion {
    /// In bytes.
    pub(super) start: usize,
    /// In the order in which they are shown.
    pub(super) candidates: Vec<Candidate>,
}

/// One completion.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Candidate {
    /// The text in the list of candidates.
    pub(super) shown: String,
    /// The text that is inserted.
    pub(super) text: String,
}

impl Candidate {
    fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Candidate { shown: text.clone(), text }
    }
}

impl Completion {
    fn at(start: usize, candidates: Vec<Candidate>) -> Self {
        Completion { start, candidates }
    }

    /// Those of `names` that begin with `prefix`, which is at `start`.
    fn of<S: AsRef<str>>(
        start: usize,
        prefix: &str,
        names: impl IntoIterator<Item = S>,
    ) -> Completion {
        let fitting = names.into_iter().filter(|name| begins(name.as_ref(), prefix));
        let candidates = fitting.map(|name| Candidate::plain(name.as_ref())).collect();
        Completion { start, candidates }
    }

    /// Adds the candidates of `other`.
    fn and(mut self, other: Completion) -> Self {
        self.candidates.extend(other.candidates);
        self
    }

    /// The same in a text that has `offset` bytes more before it.
    fn moved(self, offset: usize) -> Self {
        Completion { start: self.start + offset, ..self }
    }
}

/// Whether `name` begins with `prefix`, in any case.
fn begins(name: &str, prefix: &str) -> bool {
    cim::name::fold(name).starts_with(&*cim::name::fold(prefix))
}

/// The candidates at `cursor`, an offset in bytes, in `text`.
pub(super) fn complete(text: &str, cursor: usize, schema: &Schema) -> Completion {
    let Some(before) = text.get(..cursor) else { return Completion::default() };
    let start = before.len() - before.trim_start().len();
    if is_query(before) && !QUERIES.iter().any(|q| q.eq_ignore_ascii_case(&before[start..])) {
        return query::complete(before, text, '"', schema);
    }
    command::complete(before, schema)
}
