//! Wordings that text must not have.
//!
//! Input is the checkout and `xtask/wording.toml`, the forbidden wordings with their replacements.
//! Output is a finding for each occurrence. Read are comments and strings of Rust files, and Markdown;
//! wordings are compared by words without case, across the ends of lines.

use std::collections::BTreeMap;

use crate::checkout::Source;
use crate::finding::Finding;
use crate::tokens::{Kind, tokens};

const PATH: &str = "xtask/wording.toml";

/// The page that shows bad examples.
const EXEMPT: &str = "docs/style.md";

/// Each wording with what to write instead.
type Forbidden = BTreeMap<String, String>;

/// One word of a text; `None` where a sentence or a string ends.
type Words = Vec<Option<(String, usize)>>;

/// Finds the forbidden wordings of every file.
pub(super) fn check(sources: &[Source], found: &mut Vec<Finding>) {
    let Some(file) = sources.iter().find(|it| it.path == PATH) else { return };
    let forbidden = match toml::from_str::<Forbidden>(&file.text) {
        Ok(forbidden) => forbidden,
        Err(error) => {
            let remedy = "write each wording with what to write instead";
            found.push(Finding::new(PATH, 1, error.message(), remedy));
            return;
        }
    };
    if forbidden.is_empty() {
        found.push(Finding::new(PATH, 1, "no wording is listed", "write at least one"));
    }
    for source in sources {
        for (line, wording) in occurrences(source, &forbidden) {
            let message = format!("\"{wording}\"");
            found.push(Finding::new(&source.path, line, message, &forbidden[wording]));
        }
    }
}

/// The lines of the forbidden wordings of a file, with the wordings.
fn occurrences<'a>(source: &Source, forbidden: &'a Forbidden) -> Vec<(usize, &'a str)> {
    let words = words(source);
    let mut found = Vec::new();
    for wording in forbidden.keys() {
        let parts: Vec<&str> = wording.split(' ').collect();
        for place in words.windows(parts.len()) {
            let mut pairs = place.iter().zip(&parts);
            if pairs.all(|(word, part)| word.as_ref().is_some_and(|it| it.0 == *part)) {
                found.extend(place[0].as_ref().map(|it| (it.1, wording.as_str())));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The words of the prose of a file.
fn words(source: &Source) -> Words {
    let mut words = Words::new();
    if source.path.ends_with(".md") && source.path != EXEMPT {
        add_words(&source.text, 1, &mut words);
    } else if source.path.ends_with(".rs") {
        let tokens = tokens(&source.text);
        for (index, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Comment => {}
                Kind::Literal if token.text.contains('"') => {}
                _ => continue,
            }
            // A sentence may continue in the next comment, but not across code.
            let goes_on =
                index > 0 && token.kind == Kind::Comment && tokens[index - 1].kind == token.kind;
            if !goes_on {
                words.push(None);
            }
            add_words(token.text, token.line, &mut words);
        }
    }
    words
}

fn add_words(text: &str, line: usize, words: &mut Words) {
    for (index, text) in text.lines().enumerate() {
        // `\n` in a string is no letter.
        let text = text.replace("\\n", " ");
        for part in text.split_inclusive(|it: char| !it.is_alphanumeric() && it != '\'') {
            let word = part.trim_end_matches(|it: char| !it.is_alphanumeric() && it != '\'');
            if !word.is_empty() {
                words.push(Some((word.to_lowercase(), line + index)));
            }
            if part.ends_with(['.', ':', ';', '?']) {
                words.push(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;

    const FORBIDDEN: &str = "\"foo\" = \"write bar\"\n\"let it\" = \"release\"\n";

    fn found(path: &str, text: &str) -> Vec<String> {
        found_by(FORBIDDEN, path, text)
    }

    fn found_by(list: &str, path: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        check(&sources(&[(path, text), (PATH, list)]), &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    /// A list that has lost its entries would allow everything.
    #[test]
    fn an_empty_list_is_refused() {
        let expected = "xtask/wording.toml:1: no wording is listed; write at least one";
        assert_eq!(found_by("# none\n", "a.md", "foo"), [expected]);
    }

    #[test]
    fn a_wording_is_refused_in_comments_strings_and_documents() {
        assert_eq!(found("a.rs", "//! A.\n// A Foo.\n"), ["a.rs:2: \"foo\"; write bar"]);
        assert_eq!(found("a.rs", "//! A.\nf(\"\\nfoo\");\n"), ["a.rs:2: \"foo\"; write bar"]);
        assert_eq!(found("a.md", "a\nfoo foo").len(), 2);
        assert_eq!(found("a.rs", "//! A.\n/// Let\n/// it.\n"), ["a.rs:2: \"let it\"; release"]);
    }

    #[test]
    fn code_other_words_and_other_files_are_free() {
        let free = [
            ("a.rs", "//! Food.\nfn foo() { let it = 1; }\n"),
            ("a.rs", "// Let.\n// It.\n// let\nf(\"it\");\n"),
            ("a.txt", "foo"),
            (EXEMPT, "foo"),
        ];
        for (path, text) in free {
            assert_eq!(found(path, text), [""; 0], "{text}");
        }
    }
}
