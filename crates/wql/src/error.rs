//! A text that is no query: what is wrong, and where.
//!
//! Only the parser creates them. [`crate::bind`] reports a query that does not fit its class as a
//! [`cim::Error`], because the text may no longer exist then.

use std::fmt;
use std::ops::Range;

use cim::{Error, WbemStatus};

/// Characters of a query shown on each side of the token.
const SHOWN: usize = 60;

/// Why a text was refused.
///
/// The status is `WBEM_E_INVALID_QUERY`, `WBEM_E_QUOTA_VIOLATION` (too long, nested too deep),
/// or for a GROUP clause `WBEM_E_MISSING_GROUP_WITHIN` or `WBEM_E_MISSING_AGGREGATION_LIST`. A
/// caller that runs notification queries gives `WBEM_E_UNPARSABLE_QUERY` for the first.
#[derive(Clone, PartialEq, Eq)]
pub struct ParseError {
    status: WbemStatus,
    message: String,
    query: String,
    place: Range<usize>,
    is_unfinished: bool,
}

impl ParseError {
    pub(crate) fn new(
        status: WbemStatus,
        message: impl Into<String>,
        query: &str,
        place: Range<usize>,
    ) -> Self {
        ParseError {
            status,
            message: cim::visible(&message.into()).into_owned(),
            query: query.to_owned(),
            place,
            is_unfinished: false,
        }
    }

    /// The same, of a text that breaks off at its end where `is_unfinished`.
    pub(crate) fn unfinished(self, is_unfinished: bool) -> Self {
        ParseError { is_unfinished, ..self }
    }

    /// The status that an edge reports.
    pub fn status(&self) -> WbemStatus {
        self.status
    }

    /// What was expected, and what was found.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The token that is wrong; empty at the end of the query.
    pub fn token(&self) -> &str {
        &self.query[self.place.clone()]
    }

    /// Where the token begins, in bytes.
    pub fn offset(&self) -> usize {
        self.place.start
    }

    /// The place for people: the character's number, from 1.
    pub fn character(&self) -> usize {
        self.query[..self.place.start].chars().count() + 1
    }

    /// Whether the text only breaks off: more of it could make it a query.
    pub fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// The message over the line with the token and carets under it.
    pub fn render(&self) -> String {
        format!("{}\n{}\n", self.message, picture(&self.query, self.place.clone()))
    }
}

/// The line of `query` that has `place` (in bytes, at the borders of characters) in it, and
/// carets under that.
pub fn picture(query: &str, place: Range<usize>) -> String {
    let Range { start, end } = place;
    let line_start = query[..start].rfind(['\n', '\r']).map_or(0, |i| i + 1);
    let line_end = query[start..].find(['\n', '\r']).map_or(query.len(), |i| start + i);
    let before: Vec<char> = query[line_start..start].chars().collect();
    let token: Vec<char> = query[start..end.min(line_end)].chars().collect();
    let after: Vec<char> = query[end.min(line_end)..line_end].chars().collect();
    let cut_before = before.len().saturating_sub(SHOWN);
    let mut shown = String::from("  ");
    shown.push_str(if cut_before > 0 { "..." } else { "" });
    shown.extend(before[cut_before..].iter().map(plain));
    let indent = shown.chars().count();
    let width = token.len().clamp(1, SHOWN);
    shown.extend(token.iter().take(SHOWN).map(plain));
    if token.len() <= SHOWN {
        shown.extend(after.iter().take(SHOWN).map(plain));
    }
    let cut_after = token.len() > SHOWN || after.len() > SHOWN;
    shown.push_str(if cut_after { "..." } else { "" });
    format!("{}\n{}{}", shown.trim_end(), " ".repeat(indent), "^".repeat(width))
}

/// The character, or a blank for a control character, so that the carets are aligned.
fn plain(c: &char) -> char {
    if c.is_control() { ' ' } else { *c }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at character {}", self.status, self.message, self.character())
    }
}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ParseError {}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        error.status.with(format!("{} at character {}", error.message, error.character()))
    }
}
