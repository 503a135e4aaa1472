//! Splits Rust source into tokens, as far as the rules need: what is code, what a comment, what text.
//!
//! It does not check the syntax; what it cannot make out becomes punctuation. The rules see an
//! `unsafe` in a comment or a `dbg!` in a string as what they are.

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// Counted from 1; of a token over several lines, the first.
    pub(crate) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Identifiers and keywords.
    Word,
    /// A string, character or number.
    Literal,
    Comment,
    /// One character.
    Mark,
}

/// The tokens of `text` in order, white space left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) =
            if first.is_whitespace() { (None, first.len_utf8()) } else { measure(rest, first) };
        let (token, after) = rest.split_at(length);
        found.extend(kind.map(|kind| Token { kind, text: token, line }));
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// The kind and the length in bytes of the token that `rest` begins with.
fn measure(rest: &str, first: char) -> (Option<Kind>, usize) {
    let (kind, length) = if rest.starts_with("//") {
        (Kind::Comment, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Kind::Comment, block_comment(rest))
    } else if let Some(length) = string(rest).or_else(|| character(rest)) {
        (Kind::Literal, length)
    } else if first.is_alphabetic() || first == '_' {
        (Kind::Word, word(rest))
    } else if first.is_ascii_digit() {
        (Kind::Literal, word(rest))
    } else {
        (Kind::Mark, first.len_utf8())
    };
    (Some(kind), length)
}

fn word(rest: &str) -> usize {
    rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len())
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// A string of any form: `"`, `b"`, `c"`, `r#"`, `br#"`, `cr#"`.
fn string(rest: &str) -> Option<usize> {
    let marked = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    if let Some(raw) = marked.strip_prefix('r') {
        let quoted = raw.trim_start_matches('#');
        let hashes = raw.len() - quoted.len();
        let body = quoted.strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).map_or(body.len(), |at| at + end.len());
        return Some(rest.len() - body.len() + length);
    }
    let body = marked.strip_prefix('"')?;
    Some(rest.len() - body.len() + closing(body, b'"'))
}

/// A character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut chars = body.chars();
    match (chars.next()?, chars.next()) {
        ('\\', _) => Some(1 + closing(body, b'\'')),
        (one, Some('\'')) => Some(1 + one.len_utf8() + 1),
        _ => None,
    }
}

/// The length of `body` through the first `quote` that no backslash escapes.
fn closing(body: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        if byte == quote && !escaped {
            return at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::Kind::*;
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|it| (it.kind, it.text)).collect()
    }

    #[test]
    fn comments_are_told_from_code() {
        assert_eq!(
            kinds("a // unsafe\nb /* x /* y */ z */ c"),
            [
                (Word, "a"),
                (Comment, "// unsafe"),
                (Word, "b"),
                (Comment, "/* x /* y */ z */"),
                (Word, "c")
            ]
        );
    }

    #[test]
    fn strings_of_every_form_are_one_token() {
        for text in
            [r#""a\"b""#, r#"b"x""#, "r\"\\\"", "r#\"a\"b\"#", "br##\"\"#\"##", "c\"x\"", "\"//\""]
        {
            assert_eq!(kinds(text), [(Literal, text)]);
        }
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(kinds("'\"'"), [(Literal, "'\"'")]);
        assert_eq!(kinds(r"'\''"), [(Literal, r"'\''")]);
        assert_eq!(kinds("'é'"), [(Literal, "'é'")]);
        assert_eq!(kinds("&'a str"), [(Mark, "&"), (Mark, "'"), (Word, "a"), (Word, "str")]);
    }

    #[test]
    fn lines_count_through_tokens_of_several_lines() {
        let lines: Vec<usize> = tokens("a\n\"x\ny\"\nb").iter().map(|it| it.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn unfinished_tokens_end_with_the_text() {
        for text in ["\"abc", "/* abc", "r#\"abc\"", "'\\", "'"] {
            assert_eq!(tokens(text).len(), 1, "{text}");
        }
    }
}
