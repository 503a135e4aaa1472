//! The candidates at the end of an incomplete query.
//!
//! The text is split leniently: only the last tokens matter, and the class in FROM, which can be
//! after the cursor. Queries are checked by `wql`, not here.

use cim::Class;
use cim::path::Quoted;

use super::super::schema::Schema;
use super::{Completion, names, values};

/// A piece of a query.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Token<'a> {
    raw: &'a str,
    start: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A name, keyword or number.
    Word,
    /// A text in quotes, closed or not.
    Text { open: bool },
    /// An object path in braces, closed or not.
    Path { open: bool },
    /// An operator or another character.
    Symbol,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.raw.eq_ignore_ascii_case(word)
    }

    fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

const OPERATORS: [&str; 7] = ["=", "<>", "<", "<=", ">", ">=", "LIKE"];
const VALUED: [&str; 6] = [
    "AssocClass=",
    "ResultClass=",
    "ResultRole=",
    "Role=",
    "RequiredQualifier=",
    "RequiredAssocQualifier=",
];
/// Those for ASSOCIATORS OF only.
const ASSOCIATORS_ONLY: [usize; 3] = [0, 2, 5];
const FLAGS: [&str; 3] = ["ClassDefsOnly", "SchemaOnly", "KeysOnly"];

/// The word that is being typed, and the tokens before it.
struct Cursor<'a> {
    before: &'a [Token<'a>],
    start: usize,
    /// Without a quote before it.
    prefix: &'a str,
    /// The quote for texts: the one that was opened, if one was.
    quote: char,
    /// The object path that is being typed.
    path: Option<&'a str>,
}

impl<'a> Cursor<'a> {
    fn at_end(text: &'a str, tokens: &'a [Token<'a>], quote: char) -> Self {
        let at_end = |token: &&Token<'_>| token.start + token.raw.len() == text.len();
        let nothing = Cursor { before: tokens, start: text.len(), prefix: "", quote, path: None };
        let Some((last, before)) = tokens.split_last().filter(|(last, _)| at_end(last)) else {
            return nothing;
        };
        let Token { raw, start, kind } = *last;
        match kind {
            Kind::Word => Cursor { before, start, prefix: raw, quote, path: None },
            Kind::Text { open: true } => {
                let quote = if raw.starts_with('"') { '"' } else { '\'' };
                Cursor { before, start, prefix: &raw[1..], quote, path: None }
            }
            Kind::Path { open: true } => {
                Cursor { before, start: start + 1, prefix: "", quote, path: Some(&raw[1..]) }
            }
            _ => nothing,
        }
    }

    fn words<'b>(&self, words: impl IntoIterator<Item = &'b str>) -> Completion {
        Completion::of(self.start, self.prefix, words)
    }

    fn previous(&self) -> Option<&Token<'a>> {
        self.before.last()
    }
}

/// The candidates at the end of `before`, the beginning of the query `whole`; strings get `quote`
/// unless a quote is open.
pub(super) fn complete(before: &str, whole: &str, quote: char, schema: &Schema) -> Completion {
    let tokens = tokens(before);
    let cursor = Cursor::at_end(before, &tokens, quote);
    match cursor.before.first() {
        Some(first) if first.is("SELECT") => select(&cursor, whole, schema),
        Some(_) => association(&cursor, schema),
        None => Completion::default(),
    }
}

/// The candidates at the end of `before`, the beginning of a condition on instances of `class`.
pub(super) fn complete_condition(
    before: &str,
    quote: char,
    class: &Class,
    schema: &Schema,
) -> Completion {
    let tokens = tokens(before);
    condition(&Cursor::at_end(before, &tokens, quote), class, schema)
}

fn select(cursor: &Cursor<'_>, whole: &str, schema: &Schema) -> Completion {
    let class = || schema.class(class_in_from(whole)?);
    let Some(from) = cursor.before.iter().position(|token| token.is("FROM")) else {
        let wants_name = cursor.previous().is_some_and(|token| token.is_any(&["SELECT", ","]));
        return match (wants_name, class()) {
            (true, Some(class)) => names::properties(&class, cursor.start, cursor.prefix, ""),
            (true, None) => cursor.words(["*"]),
            (false, _) => cursor.words(["FROM"]),
        };
    };
    let after = &cursor.before[from + 1..];
    match (after, after.iter().position(|token| token.is("WHERE"))) {
        ([], _) => {
            names::classes(schema, cursor.start, cursor.prefix).and(if cursor.prefix.is_empty() {
                Completion::default()
            } else {
                cursor.words(["meta_class"])
            })
        }
        (_, Some(at)) => match class() {
            Some(class) => {
                condition(&Cursor { before: &after[at + 1..], ..*cursor }, &class, schema)
            }
            None => Completion::default(),
        },
        ([_], None) => cursor.words(["WHERE"]),
        _ => Completion::default(),
    }
}

/// The class that the query names after FROM.
fn class_in_from(query: &str) -> Option<&str> {
    let tokens = tokens(query);
    let from = tokens.iter().position(|token| token.is("FROM"))?;
    tokens.get(from + 1).filter(|token| token.kind == Kind::Word).map(|token| token.raw)
}

fn condition(cursor: &Cursor<'_>, class: &Class, schema: &Schema) -> Completion {
    let properties =
        || names::properties(class, cursor.start, cursor.prefix, "").and(cursor.words(["NOT"]));
    let Some((previous, earlier)) = cursor.before.split_last() else { return properties() };
    let is_operator = |token: &Token<'_>| token.is_any(&OPERATORS) || token.is("!=");
    if previous.is_any(&["AND", "OR", "NOT", "("]) {
        return match earlier.last().is_some_and(|token| token.is("IS")) {
            true => cursor.words(["NULL"]),
            false => properties(),
        };
    }
    if is_operator(previous) {
        return match earlier.last() {
            Some(property) => value(cursor, class, property.raw),
            None => Completion::default(),
        };
    }
    if previous.is("ISA") {
        let found = names::classes(schema, cursor.start, cursor.prefix);
        let quoted = found.candidates.into_iter().map(|mut candidate| {
            candidate.text = quoted(&candidate.text, cursor.quote);
            candidate
        });
        return Completion::at(cursor.start, quoted.collect());
    }
    if previous.is("IS") {
        return cursor.words(["NULL", "NOT NULL"]);
    }
    let follows_operator =
        earlier.last().is_some_and(|token| is_operator(token) || token.is_any(&["IS", "ISA"]));
    let is_value = follows_operator
        || matches!(previous.kind, Kind::Text { .. })
        || previous.is_any(&["NULL", ")"]);
    match is_value {
        true => cursor.words(["AND", "OR"]),
        false => cursor.words(OPERATORS.into_iter().chain(["IS", "ISA"])),
    }
}

fn value(cursor: &Cursor<'_>, class: &Class, property: &str) -> Completion {
    let Some(property) = class.property(property) else { return Completion::default() };
    let quote = |text: &str| quoted(text, cursor.quote);
    let found = values::candidates(&property.ty, &property.qualifiers, cursor.prefix, quote);
    Completion::at(cursor.start, found)
}

fn quoted(text: &str, quote: char) -> String {
    match quote {
        '"' => Quoted(text).to_string(),
        _ => format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
    }
}

fn association(cursor: &Cursor<'_>, schema: &Schema) -> Completion {
    if let Some(path) = cursor.path {
        return names::path(schema, path).moved(cursor.start);
    }
    let Some(path) =
        cursor.before.iter().position(|token| token.kind == (Kind::Path { open: false }))
    else {
        return match cursor.before.len() {
            1 => cursor.words(["OF"]),
            _ => Completion::default(),
        };
    };
    let clause = &cursor.before[path + 1..];
    let Some(previous) = clause.last() else { return cursor.words(["WHERE"]) };
    let is_associators = cursor.before[0].is("ASSOCIATORS");
    if previous.is("=") {
        let keyword = clause.len().checked_sub(2).map_or("", |at| clause[at].raw);
        return clause_value(cursor, clause, keyword, is_associators, schema);
    }
    let is_free = |keyword: &&str| {
        let name = keyword.trim_end_matches('=');
        !clause.iter().any(|token| token.is(name))
    };
    let is_known = |i: usize| is_associators || !ASSOCIATORS_ONLY.contains(&i);
    let valued = VALUED.into_iter().enumerate().filter(|(i, _)| is_known(*i)).map(|(_, k)| k);
    cursor.words(valued.chain(FLAGS).filter(is_free))
}

fn clause_value(
    cursor: &Cursor<'_>,
    clause: &[Token<'_>],
    keyword: &str,
    is_associators: bool,
    schema: &Schema,
) -> Completion {
    let is = |name: &str| keyword.eq_ignore_ascii_case(name);
    let association_keyword = if is_associators { "AssocClass" } else { "ResultClass" };
    let association = clause.iter().position(|token| token.is(association_keyword));
    let association = association.and_then(|at| clause.get(at + 2)).map(|token| token.raw);
    if is(association_keyword) {
        names::associations(schema, cursor.start, cursor.prefix)
    } else if is("ResultClass") {
        names::classes(schema, cursor.start, cursor.prefix)
    } else if is("Role") || is("ResultRole") {
        names::roles(schema, association, cursor.start, cursor.prefix)
    } else {
        Completion::default()
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (len, kind) = match c {
            '"' | '\'' => closed(rest, c).map_or((rest.len(), Kind::Text { open: true }), |len| {
                (len, Kind::Text { open: false })
            }),
            '{' => brace(rest).map_or((rest.len(), Kind::Path { open: true }), |len| {
                (len, Kind::Path { open: false })
            }),
            c if is_word(c) => (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), Kind::Word),
            _ => {
                let two = rest.get(..2).filter(|two| ["<=", ">=", "<>", "!="].contains(two));
                (two.map_or(c.len_utf8(), str::len), Kind::Symbol)
            }
        };
        tokens.push(Token { raw: &rest[..len], start: at, kind });
        at += len;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

/// How long the text in quotes is that `text` begins with, if it is closed.
fn closed(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// How long the path in braces is that `text` begins with, if it is closed.
fn brace(text: &str) -> Option<usize> {
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '}' => return Some(at + 1),
            '"' | '\'' => at += closed(&text[at..], c)?,
            c => at += c.len_utf8(),
        }
    }
    None
}
