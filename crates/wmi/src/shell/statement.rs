//! The kind of a statement (a query or a command), and whether it is complete.
//!
//! Input is text, output a statement. WMI is not called.

use super::words;

/// The words that begin a query.
pub(super) const QUERIES: [&str; 3] = ["SELECT", "ASSOCIATORS", "REFERENCES"];

/// Something to do.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Statement {
    /// Nothing was typed.
    Nothing,
    /// A query.
    Query(String),
    /// A command in words, of which there is at least one.
    Command(Vec<String>),
}

impl Statement {
    /// The statement in `text`.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        let body = text.strip_suffix(';').unwrap_or(text).trim_end();
        if is_query(text) {
            return Statement::Query(body.to_owned());
        }
        // As on a command line.
        let command = text.strip_prefix("wmi ").unwrap_or(text);
        match words::unquoted(command) {
            words if words.is_empty() => Statement::Nothing,
            words => Statement::Command(words),
        }
    }
}

/// Whether `text` begins as a query does.
pub(super) fn is_query(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    QUERIES.iter().any(|query| query.eq_ignore_ascii_case(first))
}

/// Whether `text` is complete. A query continues while further text could complete it, and ends
/// with an empty line or a semicolon in any case. A command continues in open quotes.
pub(super) fn is_complete(text: &str) -> bool {
    let is_ended = text.trim_end().ends_with(';') || last_line(text).trim().is_empty();
    if !is_query(text) {
        return is_ended || !words::is_open(text);
    }
    is_ended || !wql::parse(text.trim()).is_err_and(|error| error.is_unfinished())
}

/// The last line, not counting the end of a line at the end of the text.
fn last_line(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.rsplit_once('\n').map_or(text, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_goes_on_until_it_is_complete() {
        for (text, expected) in [
            ("SELECT", false),
            ("select Name", false),
            ("SELECT Name FROM", false),
            ("SELECT Name FROM X", true),
            ("SELECT Name FROM X\n", true),
            ("SELECT Name\nFROM X WHERE", false),
            ("SELECT Name FROM X WHERE Name = 'a", false),
            ("SELECT Name FROM X WHERE (Name = 'a'", false),
            ("SELECT Name FROM X WHERE (Name = 'a'\n)", true),
            ("ASSOCIATORS OF {X.K=\"1\"", false),
            ("ASSOCIATORS OF {X.K=\"1\"}", true),
            // An error that further text cannot correct is reported at once.
            ("SELECT Name FORM X", true),
            ("SELECT 1a", true),
            // Who gives up, types an empty line or a semicolon.
            ("SELECT Name FROM\n\n", true),
            ("SELECT Name FROM;", true),
            ("", true),
            ("get X", true),
            ("get X -f \"Name =", false),
            ("get X -f \"Name =\n'a'\"", true),
        ] {
            assert_eq!(is_complete(text), expected, "{text:?}");
        }
    }

    #[test]
    fn queries_and_commands() {
        let command = |words: &[&str]| {
            Statement::Command(words.iter().map(|&word| word.to_owned()).collect())
        };
        for (text, expected) in [
            (" \n", Statement::Nothing),
            ("select * from X ;\n", Statement::Query("select * from X".to_owned())),
            ("get X", command(&["get", "X"])),
            ("selected", command(&["selected"])),
            ("wmi get X.K=\"1\"", command(&["get", "X.K=\"1\""])),
        ] {
            assert_eq!(Statement::of(text), expected, "{text:?}");
        }
    }
}
