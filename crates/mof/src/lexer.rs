//! Text to tokens. A token is its kind and its bytes; nothing is copied or decoded here.
//!
//! The parser interprets the tokens, [`crate::literal`] the text of literals. A piece that is no token is one of kind [`Kind::Bad`]: the parser says so
//! where it needs a token.

use crate::source::Span;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A name or keyword.
    Ident,
    /// `$` and a name.
    Alias,
    /// Text in double quotes; `escaped` where a backslash is in it.
    Text {
        escaped: bool,
    },
    /// A character in single quotes.
    Char,
    /// Digits and whatever may follow them in a number.
    Number,
    /// One of `# [ ] ( ) { } ; : , =`.
    Sign(u8),
    Bad(Bad),
    End,
}

/// Why a piece of text is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bad {
    /// A character that begins nothing.
    Character,
    /// `$` without a name.
    Dollar,
    /// A text that does not end on its line.
    Text,
    /// A character literal that does not end on its line.
    Char,
    /// A `/*` without `*/`.
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// The tokens of a text, ending with [`Kind::End`] again and again.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Lexer { text: text.as_bytes(), at: 0 }
    }

    pub(crate) fn next(&mut self) -> Token {
        let (start, kind) = match self.skip_blank() {
            Ok(()) => (self.at, self.kind()),
            Err(comment) => (comment, Kind::Bad(Bad::Comment)),
        };
        Token { kind, span: Span { start: start as u32, end: self.at as u32 } }
    }

    /// White space and comments.
    ///
    /// # Errors
    ///
    /// If a comment starts that does not end.
    fn skip_blank(&mut self) -> Result<(), usize> {
        loop {
            let Some(&first) = self.text.get(self.at) else { return Ok(()) };
            match first {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | END_OF_FILE => self.at += 1,
                b'/' | 0x80.. => match self.rest() {
                    [b'/', b'/', ..] => self.at += find(self.rest(), |b| b == b'\n'),
                    [b'/', b'*', rest @ ..] => match rest.windows(2).position(|w| w == b"*/") {
                        Some(length) => self.at += length + 4,
                        None => {
                            let start = self.at;
                            self.at = self.text.len();
                            return Err(start);
                        }
                    },
                    rest if wide_blank(rest) > 0 => self.at += wide_blank(rest),
                    _ => return Ok(()),
                },
                _ => return Ok(()),
            }
        }
    }

    fn kind(&mut self) -> Kind {
        let rest = self.rest();
        let Some(&first) = rest.first() else { return Kind::End };
        let (length, kind) = match first {
            b'#' | b'[' | b']' | b'(' | b')' | b'{' | b'}' | b';' | b':' | b',' | b'=' => {
                (1, Kind::Sign(first))
            }
            b'"' => text(rest),
            b'\'' => character(rest),
            b'$' => match rest.get(1) {
                Some(&b) if starts_name(b) => (1 + name(&rest[1..]), Kind::Alias),
                _ => (1, Kind::Bad(Bad::Dollar)),
            },
            b'0'..=b'9' => (number(rest, 0), Kind::Number),
            b'+' | b'-' | b'.' if number_follows(rest) => (number(rest, 1), Kind::Number),
            _ if starts_name(first) => (name(rest), Kind::Ident),
            _ => (1, Kind::Bad(Bad::Character)),
        };
        self.at += length;
        kind
    }

    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }
}

/// The mark of an old end of file, which is a blank.
const END_OF_FILE: u8 = 0x1a;

fn find(bytes: &[u8], stop: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&b| stop(b)).unwrap_or(bytes.len())
}

fn starts_name(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

/// Which ASCII bytes a name has.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x80 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte == b'_' as usize;
        byte += 1;
    }
    table
};

/// The length of the name at the beginning.
fn name(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += find(&rest[at..], |b| !IN_NAME[usize::from(b)]);
        match rest.get(at) {
            Some(0x80..) if wide_blank(&rest[at..]) == 0 => at += 1,
            _ => return at,
        }
    }
}

/// The length of a blank beyond ASCII: a no-break space, a line or paragraph separator, a byte
/// order mark in mid-file.
fn wide_blank(rest: &[u8]) -> usize {
    match rest {
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// A sign or a point that begins a number.
fn number_follows(rest: &[u8]) -> bool {
    match rest {
        [b'+' | b'-', b'.', digit, ..] | [_, digit, ..] => digit.is_ascii_digit(),
        _ => false,
    }
}

/// The length of a number: all that could belong to one, so that `12abc` is one wrong number
/// and not two tokens. The sign of an exponent belongs to it.
fn number(rest: &[u8], from: usize) -> usize {
    let hex = rest[from..].len() > 1 && rest[from] == b'0' && matches!(rest[from + 1], b'x' | b'X');
    let mut at = from;
    while let Some(&b) = rest.get(at) {
        let exponent_sign = matches!(b, b'+' | b'-')
            && at > from
            && !hex
            && matches!(rest[at - 1], b'e' | b'E')
            && rest.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || exponent_sign) {
            break;
        }
        at += 1;
    }
    at
}

fn text(rest: &[u8]) -> (usize, Kind) {
    let mut escaped = false;
    let mut at = 1;
    loop {
        at += plain(&rest[at..]);
        match rest.get(at) {
            Some(b'"') => return (at + 1, Kind::Text { escaped }),
            Some(b'\\') if rest.get(at + 1).is_some_and(|b| !matches!(b, b'\n' | b'\r')) => {
                escaped = true;
                at += 2;
            }
            Some(b'\\') => return (at + 1, Kind::Bad(Bad::Text)),
            _ => return (at, Kind::Bad(Bad::Text)),
        }
    }
}

/// The length of the part of a text before the next quote, backslash or end of line. It reads eight
/// bytes at a time, because most of a file is in long texts.
fn plain(rest: &[u8]) -> usize {
    let stops = |b: u8| matches!(b, b'"' | b'\\' | b'\n' | b'\r');
    let mut at = 0;
    while let Some(word) = rest[at..].first_chunk() {
        match first_special(u64::from_le_bytes(*word)) {
            8 => at += 8,
            offset if stops(word[offset]) => return at + offset,
            offset => at += offset + 1,
        }
    }
    at + find(&rest[at..], stops)
}

/// The index of the first byte of `word`, in little-endian order, that is a quote, a backslash or a
/// control character; 8 where there is none.
fn first_special(word: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // Sets the highest bit of each byte below `n`, and of no byte before the first of them.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGH;
    let is = |b: u8| below(word ^ (ONES * u64::from(b)), 1);
    let special = is(b'"') | is(b'\\') | below(word, 0x20);
    special.trailing_zeros() as usize / 8
}

fn character(rest: &[u8]) -> (usize, Kind) {
    let mut at = 1;
    loop {
        match rest.get(at) {
            Some(b'\'') => return (at + 1, Kind::Char),
            Some(b'\\') if rest.get(at + 1).is_some_and(|b| !matches!(b, b'\n' | b'\r')) => at += 2,
            Some(b'\n' | b'\r') | None => return (at, Kind::Bad(Bad::Char)),
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_end_where_they_end() {
        let long = "0123456789abcdefghijklmnopqrstuvwxyz äöü \t";
        for length in (0..=long.len()).filter(|&length| long.is_char_boundary(length)) {
            for rest in ["\" x", "\n", "\r\n", ""] {
                let token = format!("\"{}", &long[..length]);
                let (found, kind) = text(format!("{token}{rest}").as_bytes());
                let closed = usize::from(rest.starts_with('"'));
                assert_eq!(found, token.len() + closed, "{token}{rest}");
                assert_eq!(kind == Kind::Text { escaped: false }, closed == 1, "{token}{rest}");
            }
            let escaped = format!("\"{}\\\"\\\\\"", &long[..length]);
            let (found, kind) = text(escaped.as_bytes());
            assert_eq!((found, kind), (escaped.len(), Kind::Text { escaped: true }));
        }
    }

    fn tokens(text: &str) -> Vec<(Kind, &str)> {
        let mut lexer = Lexer::new(text);
        let mut all = Vec::new();
        loop {
            let Token { kind, span } = lexer.next();
            if kind == Kind::End {
                return all;
            }
            all.push((kind, &text[span.start as usize..span.end as usize]));
        }
    }

    #[test]
    fn every_kind_of_token() {
        let plain = Kind::Text { escaped: false };
        let escaped = Kind::Text { escaped: true };
        assert_eq!(
            tokens(
                "class A_1:über// c\n{/* } */[]();,=#} $p \"a\" \"\\\"\" 'x' '\\'' -0x1F 1.5e-3"
            ),
            [
                (Kind::Ident, "class"),
                (Kind::Ident, "A_1"),
                (Kind::Sign(b':'), ":"),
                (Kind::Ident, "über"),
                (Kind::Sign(b'{'), "{"),
                (Kind::Sign(b'['), "["),
                (Kind::Sign(b']'), "]"),
                (Kind::Sign(b'('), "("),
                (Kind::Sign(b')'), ")"),
                (Kind::Sign(b';'), ";"),
                (Kind::Sign(b','), ","),
                (Kind::Sign(b'='), "="),
                (Kind::Sign(b'#'), "#"),
                (Kind::Sign(b'}'), "}"),
                (Kind::Alias, "$p"),
                (plain, "\"a\""),
                (escaped, "\"\\\"\""),
                (Kind::Char, "'x'"),
                (Kind::Char, "'\\''"),
                (Kind::Number, "-0x1F"),
                (Kind::Number, "1.5e-3"),
            ]
        );
    }

    #[test]
    fn blanks_beyond_ascii_separate() {
        let (a, b) = ((Kind::Ident, "ä"), (Kind::Ident, "b"));
        for blank in ["\u{a0}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{1a}", "\u{c}"] {
            assert_eq!(tokens(&format!("{blank}ä{blank}b")), [a, b], "{blank:?}");
        }
        assert_eq!(tokens("\u{a1}\u{2030}"), [(Kind::Ident, "\u{a1}\u{2030}")]);
    }

    #[test]
    fn what_is_no_token_is_one_bad_piece() {
        for (text, bad, piece) in [
            ("\"abc\n", Bad::Text, "\"abc"),
            ("\"abc\\", Bad::Text, "\"abc\\"),
            ("'a\n", Bad::Char, "'a"),
            ("/* abc", Bad::Comment, "/* abc"),
            ("$ a", Bad::Dollar, "$"),
            ("?", Bad::Character, "?"),
            ("- 1", Bad::Character, "-"),
        ] {
            assert_eq!(tokens(text)[0], (Kind::Bad(bad), piece), "{text}");
        }
    }

    #[test]
    fn numbers_end_where_nothing_of_a_number_follows() {
        for (text, first) in [
            ("12abc,", "12abc"),
            ("0xEF+1", "0xEF"),
            ("1e+5;", "1e+5"),
            ("1e+;", "1e"),
            (".5}", ".5"),
            ("-.5}", "-.5"),
        ] {
            assert_eq!(tokens(text)[0], (Kind::Number, first), "{text}");
        }
    }
}
