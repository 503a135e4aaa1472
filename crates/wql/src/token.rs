//! Text to tokens, one at a time.
//!
//! Knows numbers, texts in quotes and symbols; the parser decides which words are keywords
//! where. Spaces, tabs and line ends separate tokens.

use std::ops::Range;

use smol_str::SmolStr;

use crate::query::Comparison;

/// A token and its place in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) place: Range<usize>,
}

/// What a token is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind<'a> {
    /// A keyword or a name.
    Word(&'a str),
    Integer(i128),
    Real(f64),
    /// What stood between quotes, its escapes resolved.
    Text(SmolStr),
    Operator(Comparison),
    /// `* , . ( ) { }` or a character that means nothing in WQL.
    Symbol(char),
    End,
}

/// What cannot be a token: where, and what was expected.
pub(crate) struct BadToken {
    pub(crate) place: Range<usize>,
    pub(crate) message: &'static str,
    /// Whether it is not closed where the text ends.
    pub(crate) is_open: bool,
}

const BAD_NUMBER: &str = "a number is digits, with a point or an exponent, and ends at a space";
const BIG_NUMBER: &str = "a whole number has at most 64 bits";
const BIG_REAL: &str = "the number is too large";
const OPEN_TEXT: &str = "the text has no closing quote";
const BAD_ESCAPE: &str =
    "a backslash in a text must precede a backslash or a quote; write a backslash as \\\\";
const OPEN_PATH: &str = "the object path has no closing brace";

/// Takes tokens from a text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Lexer { text, at: 0 }
    }

    /// The text from which it takes.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The next token; [`Kind::End`] at the end and ever after.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, BadToken> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => Kind::End,
            Some(c) if is_word_start(c) => Kind::Word(self.take_while(is_word)),
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            Some(c) if c.is_ascii_digit() || self.is_signed_number(c) => self.number()?,
            Some(c) => self.symbol(c),
        };
        Ok(Token { kind, place: start..self.at })
    }

    /// The object path up to its closing brace, which may be within quotes; the opening brace was the
    /// last token.
    pub(crate) fn path(&mut self) -> Result<(&'a str, Range<usize>), BadToken> {
        let start = self.at;
        let mut quote = None;
        let mut chars = self.rest().char_indices();
        while let Some((i, c)) = chars.next() {
            match (quote, c) {
                (None, '}') => {
                    self.at = start + i + 1;
                    return Ok((&self.text[start..start + i], start..start + i));
                }
                (None, '"' | '\'') => quote = Some(c),
                (Some(_), '\\') => drop(chars.next()),
                (Some(open), c) if c == open => quote = None,
                _ => {}
            }
        }
        Err(BadToken { place: start..self.text.len(), message: OPEN_PATH, is_open: true })
    }

    fn symbol(&mut self, c: char) -> Kind<'a> {
        let two = self.rest().get(..2);
        let (len, operator) = match (c, two) {
            ('<', Some("<=")) => (2, Comparison::LessOrEqual),
            ('<', Some("<>")) | ('!', Some("!=")) => (2, Comparison::NotEqual),
            ('>', Some(">=")) => (2, Comparison::GreaterOrEqual),
            ('<', _) => (1, Comparison::Less),
            ('>', _) => (1, Comparison::Greater),
            ('=', _) => (1, Comparison::Equal),
            _ => {
                self.at += c.len_utf8();
                return Kind::Symbol(c);
            }
        };
        self.at += len;
        Kind::Operator(operator)
    }

    fn quoted(&mut self, quote: char) -> Result<Kind<'a>, BadToken> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, c @ ('\\' | '"' | '\''))) => text.push(c),
                    Some((j, c)) => {
                        let place = start + i..start + j + c.len_utf8();
                        return Err(BadToken { place, message: BAD_ESCAPE, is_open: false });
                    }
                    None => break,
                },
                c if c == quote => {
                    self.at = start + i + 1;
                    return Ok(Kind::Text(text.into()));
                }
                c => text.push(c),
            }
        }
        Err(BadToken { place: start..self.text.len(), message: OPEN_TEXT, is_open: true })
    }

    /// Whether a sign or a point begins a number here.
    fn is_signed_number(&self, c: char) -> bool {
        let next = self.rest()[c.len_utf8()..].chars().next();
        match c {
            '+' | '-' => next.is_some_and(|n| n.is_ascii_digit() || n == '.'),
            '.' => next.is_some_and(|n| n.is_ascii_digit()),
            _ => false,
        }
    }

    fn number(&mut self) -> Result<Kind<'a>, BadToken> {
        let start = self.at;
        self.eat(['+', '-']);
        self.take_while(|c| c.is_ascii_digit());
        let mut is_real = false;
        let mut digits_missing = false;
        if self.eat(['.']) {
            is_real = true;
            digits_missing = self.take_while(|c| c.is_ascii_digit()).is_empty();
        }
        if self.eat(['e', 'E']) {
            is_real = true;
            self.eat(['+', '-']);
            digits_missing |= self.take_while(|c| c.is_ascii_digit()).is_empty();
        }
        let tail = self.take_while(is_word);
        let place = start..self.at;
        let bad = |message| Err(BadToken { place: place.clone(), message, is_open: false });
        let text = &self.text[place.clone()];
        if !tail.is_empty() || digits_missing {
            return bad(BAD_NUMBER);
        }
        if !is_real {
            let range = i128::from(i64::MIN)..=i128::from(u64::MAX);
            let n = text.parse::<i128>().ok().filter(|n| range.contains(n));
            return n.map_or_else(|| bad(BIG_NUMBER), |n| Ok(Kind::Integer(n)));
        }
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => Ok(Kind::Real(v)),
            _ => bad(BIG_REAL),
        }
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn eat<const N: usize>(&mut self, any: [char; N]) -> bool {
        let found = self.rest().starts_with(any);
        self.at += usize::from(found); // All of them are ASCII.
        found
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\x0b' | '\x0c')
}

// As `cim::Name::is_identifier` has it.
fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c >= '\u{80}'
}

fn is_word(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        let mut lexer = Lexer::new(text);
        let mut kinds = Vec::new();
        loop {
            match lexer.next() {
                Ok(Token { kind: Kind::End, .. }) => return kinds,
                Ok(token) => kinds.push(token.kind),
                Err(bad) => panic!("{text}: {} at {:?}", bad.message, bad.place),
            }
        }
    }

    #[test]
    fn numbers() {
        for (text, kind) in [
            ("5", Kind::Integer(5)),
            ("-1", Kind::Integer(-1)),
            ("+7", Kind::Integer(7)),
            ("18446744073709551615", Kind::Integer(u64::MAX.into())),
            ("-9223372036854775808", Kind::Integer(i64::MIN.into())),
            ("0.5", Kind::Real(0.5)),
            (".5", Kind::Real(0.5)),
            ("1e3", Kind::Real(1000.0)),
            ("-2.5E-1", Kind::Real(-0.25)),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        for bad in ["18446744073709551616", "1e999", "5abc", "1.", "1e", "0x10", "-."] {
            assert!(Lexer::new(bad).next().is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_end_at_their_own_quote() {
        let kind = |text| Kind::Text(SmolStr::new(text));
        assert_eq!(kinds(r#""a'b""#), [kind("a'b")]);
        assert_eq!(kinds(r#"'a"b'"#), [kind("a\"b")]);
        assert_eq!(kinds(r#""\\\"\'""#), [kind("\\\"'")]);
        for bad in [r#""a"#, r"'a\'", r#""C:\Windows""#, "'\\"] {
            assert!(Lexer::new(bad).next().is_err(), "{bad}");
        }
    }

    #[test]
    fn symbols_and_words_need_no_spaces() {
        use Comparison::*;
        assert_eq!(
            kinds("a<=1<>b!c\t*"),
            [
                Kind::Word("a"),
                Kind::Operator(LessOrEqual),
                Kind::Integer(1),
                Kind::Operator(NotEqual),
                Kind::Word("b"),
                Kind::Symbol('!'),
                Kind::Word("c"),
                Kind::Symbol('*'),
            ]
        );
    }
}
