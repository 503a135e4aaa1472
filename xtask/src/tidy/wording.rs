//! Wordings that new text must not have, as a ratchet over the old.
//!
//! Input is the checkout and `xtask/wording.toml`: the forbidden wordings with their replacements,
//! and for each file how many it still has. Output is a finding for a file with more than that, and
//! one for a file with fewer, whose entry is to be lowered. Read are comments and strings of Rust
//! files, and Markdown; wordings are compared by words without case, across the ends of lines.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::cargo::Workspace;
use crate::checkout::{self, Source};
use crate::finding::{Finding, line_at};
use crate::tokens::{Kind, tokens};

const PATH: &str = "xtask/wording.toml";

/// The page that shows bad examples.
const EXEMPT: &str = "docs/style.md";

/// The line in [`PATH`] after which the counts begin.
const COUNTS: &str = "[remaining]\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    /// Each wording with what to write instead.
    forbidden: BTreeMap<String, String>,
    /// Occurrences by file.
    remaining: BTreeMap<String, usize>,
}

/// One word of a text; `None` where a sentence or a string ends.
type Words = Vec<Option<(String, usize)>>;

/// Compares every file with its entry.
pub(super) fn check(sources: &[Source], found: &mut Vec<Finding>) {
    let Some(file) = sources.iter().find(|it| it.path == PATH) else { return };
    let ledger = match toml::from_str::<Ledger>(&file.text) {
        Ok(ledger) => ledger,
        Err(error) => {
            let remedy = "write [forbidden] with wordings and [remaining] with counts";
            found.push(Finding::new(PATH, 1, error.message(), remedy));
            return;
        }
    };
    for source in sources {
        check_file(source, file, &ledger, found);
    }
    for path in ledger.remaining.keys().filter(|path| !sources.iter().any(|it| it.path == **path)) {
        let message = format!("{path} does not exist");
        found.push(Finding::new(PATH, entry_line(file, path), message, "remove the entry"));
    }
}

fn check_file(source: &Source, file: &Source, ledger: &Ledger, found: &mut Vec<Finding>) {
    let occurrences = occurrences(source, &ledger.forbidden);
    let (count, allowed) =
        (occurrences.len(), ledger.remaining.get(&source.path).copied().unwrap_or(0));
    if count < allowed {
        let message = format!("{} has {count} forbidden wordings, not {allowed}", source.path);
        let remedy = match count {
            0 => "remove the entry".to_owned(),
            _ => format!("lower the entry to {count}"),
        };
        found.push(Finding::new(PATH, entry_line(file, &source.path), message, remedy));
    }
    if count > allowed {
        for (line, wording) in occurrences {
            let message =
                format!("\"{wording}\" ({count} such wordings in this file, {allowed} allowed)");
            found.push(Finding::new(&source.path, line, message, &ledger.forbidden[wording]));
        }
    }
}

/// Writes the counts as they are now, as after files were moved; refuses if their sum rises.
pub(crate) fn update(workspace: &Workspace) -> Result<()> {
    let sources = checkout::read(&workspace.root)?;
    let file = sources.iter().find(|it| it.path == PATH);
    let text = &file.with_context(|| format!("{PATH} is missing"))?.text;
    let updated = updated(&sources, text)?;
    std::fs::write(workspace.root.join(PATH), updated)
        .with_context(|| format!("cannot write {PATH}"))
}

fn updated(sources: &[Source], text: &str) -> Result<String> {
    let ledger: Ledger = toml::from_str(text).with_context(|| format!("{PATH} is not valid"))?;
    let counts = sources.iter().map(|it| (&it.path, occurrences(it, &ledger.forbidden).len()));
    let counts: Vec<_> = counts.filter(|it| it.1 > 0).collect();
    let (now, before) =
        (counts.iter().map(|it| it.1).sum::<usize>(), ledger.remaining.values().sum::<usize>());
    if now > before {
        bail!("there are {now} forbidden wordings, and {PATH} allows {before}");
    }
    let (head, _) = text.split_once(COUNTS).with_context(|| format!("{PATH} has no counts"))?;
    let mut updated = format!("{head}{COUNTS}");
    for (path, count) in counts {
        writeln!(updated, "\"{path}\" = {count}")?;
    }
    Ok(updated)
}

fn entry_line(file: &Source, path: &str) -> usize {
    line_at(&file.text, file.text.find(&format!("\"{path}\"")).unwrap_or(0))
}

/// The lines of the forbidden wordings of a file, with the wordings.
fn occurrences<'a>(
    source: &Source,
    forbidden: &'a BTreeMap<String, String>,
) -> Vec<(usize, &'a str)> {
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

    const LEDGER: &str = "[forbidden]\n\"foo\" = \"write bar\"\n\"let it\" = \"release\"\n";

    fn found(remaining: &str, files: &[(&str, &str)]) -> Vec<String> {
        let ledger = format!("{LEDGER}[remaining]\n{remaining}");
        let mut files = files.to_vec();
        files.push((PATH, &ledger));
        let mut found = Vec::new();
        check(&sources(&files), &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn a_new_wording_is_refused_in_comments_strings_and_documents() {
        let expected = "a.rs:2: \"foo\" (1 such wordings in this file, 0 allowed); write bar";
        assert_eq!(found("", &[("a.rs", "//! A.\n// A Foo.\n")]), [expected]);
        assert_eq!(found("", &[("a.rs", "//! A.\nf(\"\\nfoo\");\n")]), [expected]);
        assert_eq!(found("", &[("a.md", "a\nfoo")]).len(), 1);
        assert_eq!(found("", &[("a.rs", "//! A.\n/// Let\n/// it.\n")]).len(), 1);
    }

    #[test]
    fn code_other_words_and_other_files_are_free() {
        assert_eq!(found("", &[("a.rs", "//! Food.\nfn foo() { let it = 1; }\n")]), NONE);
        assert_eq!(found("", &[("a.rs", "// Let.\n// It.\n// let\nf(\"it\");\n")]), NONE);
        assert_eq!(found("", &[("a.txt", "foo"), (EXEMPT, "foo")]), NONE);
    }

    #[test]
    fn the_count_of_a_file_only_goes_down() {
        let file = ("a.md", "foo foo");
        assert_eq!(found("\"a.md\" = 2\n", &[file]), NONE);
        assert_eq!(found("\"a.md\" = 1\n", &[file]).len(), 2);
        let fewer = format!("{PATH}:5: a.md has 2 forbidden wordings, not 3; lower the entry to 2");
        assert_eq!(found("\"a.md\" = 3\n", &[file]), [fewer]);
        let gone = format!("{PATH}:5: b.md does not exist; remove the entry");
        assert_eq!(found("\"b.md\" = 3\n", &[]), [gone]);
    }

    #[test]
    fn counts_follow_a_moved_file_and_do_not_rise() {
        let ledger = format!("{LEDGER}[remaining]\n\"old.md\" = 2\n");
        let moved = updated(&sources(&[("new.md", "foo")]), &ledger).unwrap();
        assert_eq!(moved, format!("{LEDGER}[remaining]\n\"new.md\" = 1\n"));
        assert!(updated(&sources(&[("new.md", "foo foo foo")]), &ledger).is_err());
    }
}
