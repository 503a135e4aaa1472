//! LIKE: compiles a pattern once, and matches texts against it without case.
//!
//! `%` is any run of characters, `_` any one, `[...]` any one of a set, `[^...]` any one not of
//! it; in a set `a-f` and `a=f` are ranges (behaviour.md G.10). A bracket that is never closed
//! is literal; an empty set matches nothing, and `[^]`, which negates nothing, the caret.
//!
//! Each run between two `%` is matched at its first position from the left, without backtracking.
//! That is sufficient because any text may be between runs; the time is at most the product of the
//! two lengths.

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The parts between the `%`; without any `%` the whole pattern.
    runs: Box<[Box<[Piece]>]>,
    /// The same in lower case if all of it is literal ASCII, for a fast path.
    literal: Option<Box<[Box<[u8]>]>>,
}

#[derive(Clone, PartialEq, Debug)]
enum Piece {
    /// This character, folded.
    One(char),
    Any,
    Set {
        negated: bool,
        /// Folded, ends included.
        ranges: Box<[(char, char)]>,
    },
}

impl Piece {
    fn matches(&self, c: char) -> bool {
        match self {
            Piece::One(own) => *own == c,
            Piece::Any => true,
            Piece::Set { negated, ranges } => {
                ranges.iter().any(|&(low, high)| low <= c && c <= high) != *negated
            }
        }
    }
}

impl Pattern {
    /// Whether `pattern` has a character that means something in one; where it has none, it
    /// is a text like any other.
    pub(crate) fn is_one(pattern: &str) -> bool {
        pattern.contains(['%', '_', '['])
    }

    /// Compiles `pattern`.
    pub(crate) fn new(pattern: &str) -> Self {
        let chars: Vec<char> = pattern.chars().collect();
        let mut runs = vec![Vec::new()];
        let mut at = 0;
        while at < chars.len() {
            let mut len = 1;
            let piece = match chars[at] {
                '%' => {
                    runs.push(Vec::new());
                    at += 1;
                    continue;
                }
                '_' => Piece::Any,
                '[' => match chars[at..].iter().position(|&c| c == ']') {
                    Some(close) => {
                        len = close + 1;
                        set(&chars[at + 1..at + close])
                    }
                    None => Piece::One('['),
                },
                c => Piece::One(fold(c)),
            };
            runs.last_mut().expect("there is one from the start").push(piece);
            at += len;
        }
        let runs: Box<[Box<[Piece]>]> = runs.into_iter().map(Into::into).collect();
        Pattern { literal: runs.iter().map(|run| literal(run)).collect(), runs }
    }

    /// Whether `text` as a whole is what the pattern says.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if !text.is_ascii() {
            let folded: Vec<char> = text.chars().map(fold).collect();
            let begins = |text: &[char], run: &[Piece]| begins(text, run, |c| *c);
            return matches(&self.runs, &folded, begins, |text, run| search(text, run, begins));
        }
        match &self.literal {
            Some(runs) => matches(runs, text.as_bytes(), begins_literal, search_literal),
            None => {
                let lower = |b: &u8| char::from(b.to_ascii_lowercase());
                let begins = |text: &[u8], run: &[Piece]| begins(text, run, lower);
                matches(&self.runs, text.as_bytes(), begins, |text, run| search(text, run, begins))
            }
        }
    }
}

/// The character that represents all its cases. The few characters with a longer lower case represent
/// themselves, so that `_` is always one character.
fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The set between brackets.
fn set(chars: &[char]) -> Piece {
    let (negated, mut rest) = match chars {
        ['^', rest @ ..] if !rest.is_empty() => (true, rest),
        rest => (false, rest),
    };
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [low, '-' | '=', high, rest @ ..] => {
                ranges.push((fold(*low), fold(*high)));
                rest
            }
            [one, rest @ ..] => {
                ranges.push((fold(*one), fold(*one)));
                rest
            }
            [] => return Piece::Set { negated, ranges: ranges.into() },
        }
    }
}

/// The bytes of a run that is nothing but ASCII characters, each for itself.
fn literal(run: &[Piece]) -> Option<Box<[u8]>> {
    run.iter()
        .map(|piece| match piece {
            Piece::One(c) => u8::try_from(*c).ok().filter(u8::is_ascii),
            Piece::Set { negated: false, ranges } => match ranges[..] {
                [(c, end)] if c == end => u8::try_from(c).ok().filter(u8::is_ascii),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// Whether `text` begins with the first run, ends with the last and has the others between
/// them in order. `begins` is `true` if a text begins with a run, `search` returns the first position
/// of a run.
fn matches<P, T>(
    runs: &[Box<[P]>],
    text: &[T],
    begins: impl Fn(&[T], &[P]) -> bool,
    search: impl Fn(&[T], &[P]) -> Option<usize>,
) -> bool {
    let [first, middle @ .., last] = runs else {
        // No `%`: the only run is the whole text.
        return runs[0].len() == text.len() && begins(text, &runs[0]);
    };
    if text.len() < first.len() + last.len() || !begins(text, first) {
        return false;
    }
    let (text, end) = text.split_at(text.len() - last.len());
    if !begins(end, last) {
        return false;
    }
    let mut rest = &text[first.len()..];
    for run in middle {
        match search(rest, run) {
            Some(at) => rest = &rest[at + run.len()..],
            None => return false,
        }
    }
    true
}

fn begins<T>(text: &[T], run: &[Piece], folded: impl Fn(&T) -> char) -> bool {
    text.len() >= run.len() && run.iter().zip(text).all(|(p, t)| p.matches(folded(t)))
}

fn search<T>(text: &[T], run: &[Piece], begins: impl Fn(&[T], &[Piece]) -> bool) -> Option<usize> {
    let last = text.len().checked_sub(run.len())?;
    (0..=last).find(|&at| begins(&text[at..], run))
}

fn begins_literal(text: &[u8], run: &[u8]) -> bool {
    text.get(..run.len()).is_some_and(|start| start.eq_ignore_ascii_case(run))
}

/// As [`search`], with an eye on the first byte alone until it is found.
fn search_literal(text: &[u8], run: &[u8]) -> Option<usize> {
    let Some(&first) = run.first() else { return Some(0) };
    let upper = first.to_ascii_uppercase();
    let ends = text.len().checked_sub(run.len())? + 1;
    let mut from = 0;
    while let Some(step) = text[from..ends].iter().position(|&b| b == first || b == upper) {
        let at = from + step;
        if begins_literal(&text[at..], run) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let compiled = Pattern::new(pattern);
        for text in yes {
            assert!(compiled.matches(text), "{pattern} is {text}");
        }
        for text in no {
            assert!(!compiled.matches(text), "{pattern} is not {text}");
        }
    }

    #[test]
    fn g7_percent_and_underscore() {
        check("%", &["", "a", "Ä"], &[]);
        check("_", &["a", "Ä", "İ"], &["", "ab"]);
        check("Win%", &["win", "WINDOWS"], &["wi", "xwin"]);
        check("%win%", &["Win", "xWINx", "äwiN"], &["wi n"]);
        check("%win", &["win", "WinWin"], &["wins"]);
        check("a%b%c", &["abc", "aXbXc", "abbcc"], &["ab", "acb", "abcx"]);
        check("a%a", &["aa", "aba"], &["a"]);
        check("%a_c%", &["xxabcxx", "abac c abc"], &["ac c"]);
        check("", &[""], &["a"]);
        check("%%", &["", "ab"], &[]);
    }

    #[test]
    fn g7_like_sets() {
        for pattern in ["[a-f]%", "[a=f]%", "[abcdef]%", "[A-F]%"] {
            check(pattern, &["apple", "Fig"], &["grape", "", "-", "="]);
        }
        check("[^a-f]%", &["grape", "é"], &["apple", ""]);
        check("%[_][_]%", &["__Event", "a__b"], &["_Event", "ab"]);
        check("[%]", &["%"], &["a", ""]);
        check("100[%]", &["100%"], &["1000"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("[^^]", &["a"], &["^"]);
        check("[ä-ü]", &["Ö"], &["o"]);
        check("[[]x]", &["[x]"], &["x"]);
    }

    #[test]
    fn brackets_that_are_no_sets() {
        check("a[b", &["A[B"], &["ab"]);
        check("a[]", &[], &["a", "a[]", "ab"]);
        check("a[^]", &["a^"], &["a", "ab", "a[^]"]);
        check("%[^]_", &["^x", "ab^c"], &["abc", "^"]);
        check("a]", &["a]"], &["a"]);
        check("a^", &["a^"], &["a"]);
    }

    #[test]
    fn letters_have_no_case() {
        check("%GRÖSSE_%", &["größe1 grösse2"], &["grosse2"]);
        check("k%", &["\u{212a}elvin"], &["\u{2c6a}"]);
    }

    /// A matcher that gave back what it had taken would not end.
    #[test]
    fn many_wildcards_are_no_burden() {
        let text = "a".repeat(20_000);
        let pattern = "a%".repeat(2_000) + "b";
        assert!(!Pattern::new(&pattern).matches(&text));
        assert!(!Pattern::new(&("_%".repeat(2_000) + "[b]")).matches(&text));
    }
}
