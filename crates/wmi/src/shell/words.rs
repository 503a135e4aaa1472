//! Splits a line of the shell into words.
//!
//! As in other shells blanks separate words, and quotes group them and are removed. But an object
//! path needs no quoting: in the word after the command, and in any word without a plain name before
//! the first `=`, quotes are part of the path. A backslash is special only within double quotes
//! before a quote or a backslash, because paths contain many backslashes.

use std::ops::Range;

use cim::Name;

/// A word as it was typed, and where.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Word<'a> {
    /// With its quotes.
    pub(super) raw: &'a str,
    /// In bytes.
    pub(super) place: Range<usize>,
    /// The quote that is not closed, if one is not.
    pub(super) open: Option<char>,
}

/// The words of `text`.
pub(super) fn split(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start: Option<usize> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match quote {
            Some('"') if c == '\\' => drop(chars.next()),
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c.is_whitespace() => {
                words.extend(start.take().map(|start| Word::new(text, start..i, None)));
            }
            None => {
                start.get_or_insert(i);
                quote = matches!(c, '"' | '\'').then_some(c);
            }
        }
    }
    words.extend(start.map(|start| Word::new(text, start..text.len(), quote)));
    words
}

/// Whether a quote is not closed at the end of `text`.
pub(super) fn is_open(text: &str) -> bool {
    split(text).last().is_some_and(|word| word.open.is_some())
}

/// The words of `text` as the command gets them.
pub(super) fn unquoted(text: &str) -> Vec<String> {
    let words = split(text);
    words.iter().enumerate().map(|(i, word)| word.value(i == 1)).collect()
}

impl<'a> Word<'a> {
    fn new(text: &'a str, place: Range<usize>, open: Option<char>) -> Self {
        Word { raw: &text[place.clone()], place, open }
    }

    /// The quote it begins with.
    pub(super) fn quote(&self) -> Option<char> {
        self.raw.chars().next().filter(|c| matches!(c, '"' | '\''))
    }

    /// As the command gets it; `is_operand` is the word right after the command.
    fn value(&self, is_operand: bool) -> String {
        let before = self.raw.split('=').next().unwrap_or_default();
        let is_path = is_operand || !Name::is_identifier(before);
        match self.raw.contains('=') && self.quote().is_none() && is_path {
            true => self.raw.to_owned(),
            false => without_quotes(self.raw),
        }
    }
}

fn without_quotes(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut quote: Option<char> = None;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('"'), '\\') => {
                text.push(chars.next_if(|next| matches!(next, '"' | '\\')).unwrap_or(c));
            }
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (_, c) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together_and_stay_in_paths() {
        for (text, expected) in [
            ("class  show X ", &["class", "show", "X"][..]),
            ("get X -f \"Name = 'a b'\"", &["get", "X", "-f", "Name = 'a b'"]),
            // As typed here, and as copied from another shell.
            (r#"get X.K="a b" -o json"#, &["get", r#"X.K="a b""#, "-o", "json"]),
            (r#"get 'X.K="a b"'"#, &["get", r#"X.K="a b""#]),
            (r#"get X="a b""#, &["get", r#"X="a b""#]),
            (r#"get -o json X.K="a",L='b'"#, &["get", "-o", "json", r#"X.K="a",L='b'"#]),
            (r#"get "X.K=\"a\\b\"""#, &["get", r#"X.K="a\b""#]),
            (r#"set X.K="1" Name="a b" Empty="""#, &["set", r#"X.K="1""#, "Name=a b", "Empty="]),
            (r#"set X=@ Path=C:\x"#, &["set", "X=@", r"Path=C:\x"]),
            (r"use root\cimv2", &["use", r"root\cimv2"]),
            (r#"get root\default:X.K="1""#, &["get", r#"root\default:X.K="1""#]),
            ("call X M P='\"null\"'", &["call", "X", "M", "P=\"null\""]),
            ("", &[]),
        ] {
            assert_eq!(unquoted(text), expected, "{text}");
        }
    }

    #[test]
    fn open_quotes() {
        for (text, expected) in [
            ("a 'b", true),
            ("a 'b'", false),
            (r#"a "b\""#, true),
            ("a \"b'\"", false),
            ("", false),
        ] {
            assert_eq!(is_open(text), expected, "{text}");
        }
    }
}
