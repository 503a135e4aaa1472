//! The rules for one file by itself.
//!
//! Each rule is a function from a file to findings. Rust files are looked at as tokens, so that a rule
//! is not fooled by comments and strings; all others as lines.

use crate::checkout::Source;
use crate::finding::{Finding, line_at};
use crate::tokens::{Kind, Token, tokens};

/// Words that say nothing of what a type or module does.
const VAGUE: [&str; 4] = ["manager", "helper", "util", "common"];

/// Macros that mark unfinished work.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Where the developers' checkouts stand; put together so that this file does not break its own rule.
const MACHINE_PATH: &str = concat!("/wo", "rk/");

/// All rules for one file.
pub(super) fn check(source: &Source, found: &mut Vec<Finding>) {
    machine_paths(source, found);
    if source.path.ends_with(".rs")
        || source.path.ends_with(".toml")
        || source.path.ends_with(".md")
    {
        trailing_space(source, found);
    }
    if source.path.ends_with(".rs") {
        let tokens = code(&source.text);
        header(source, found);
        tabs(source, found);
        unfinished(source, &tokens, found);
        ignored_tests(source, &tokens, found);
        vague_names(source, &tokens, found);
    }
}

/// The tokens without the comments.
fn code(text: &str) -> Vec<Token<'_>> {
    tokens(text).into_iter().filter(|it| it.kind != Kind::Comment).collect()
}

fn header(source: &Source, found: &mut Vec<Finding>) {
    if !source.text.starts_with("//!") {
        let remedy = "begin with what the file does, what not, and where input and output go";
        found.push(Finding::new(&source.path, 1, "the file does not start with `//!`", remedy));
    }
}

fn trailing_space(source: &Source, found: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            found.push(Finding::new(
                &source.path,
                index + 1,
                "white space at the end of the line",
                "remove it",
            ));
        }
    }
}

fn tabs(source: &Source, found: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        if line.contains('\t') {
            let remedy = "indent with spaces, write \\t in strings";
            found.push(Finding::new(&source.path, index + 1, "a tab", remedy));
        }
    }
}

fn machine_paths(source: &Source, found: &mut Vec<Finding>) {
    for (at, _) in source.text.match_indices(MACHINE_PATH) {
        // Within a longer path (`target/work/x`, `{root}/work/x`) it is a folder like any other.
        let before = source.text[..at].chars().next_back().unwrap_or(' ');
        if !before.is_alphanumeric() && !"_-.~})".contains(before) {
            let message = format!("`{MACHINE_PATH}` is a path of one machine");
            let remedy = "use a path relative to the checkout, or an environment variable";
            found.push(Finding::new(&source.path, line_at(&source.text, at), message, remedy));
        }
    }
}

fn unfinished(source: &Source, tokens: &[Token<'_>], found: &mut Vec<Finding>) {
    for call in tokens.windows(3) {
        let name = call[0].text;
        let called = call[1].text == "!" && matches!(call[2].text, "(" | "[" | "{");
        if called && call[0].kind == Kind::Word && UNFINISHED.contains(&name) {
            let message = format!("`{name}!` marks unfinished work");
            found.push(Finding::new(
                &source.path,
                call[0].line,
                message,
                "finish it, or return an error",
            ));
        }
    }
}

/// `#[ignore]`, with a reason or under a condition too.
fn ignored_tests(source: &Source, tokens: &[Token<'_>], found: &mut Vec<Finding>) {
    for (index, pair) in tokens.windows(2).enumerate() {
        if pair[0].text != "#" || pair[1].text != "[" {
            continue;
        }
        let attribute = tokens[index + 2..].iter().take_while(|it| it.text != "]");
        for token in attribute.filter(|it| it.kind == Kind::Word && it.text == "ignore") {
            let remedy = "let it run, or list it in gaps.toml with the reason";
            found.push(Finding::new(&source.path, token.line, "an ignored test", remedy));
        }
    }
}

fn vague_names(source: &Source, tokens: &[Token<'_>], found: &mut Vec<Finding>) {
    for pair in tokens.windows(2) {
        let declares =
            matches!(pair[0].text, "struct" | "enum" | "union" | "trait" | "type" | "mod");
        if !declares || pair[0].kind != Kind::Word || pair[1].kind != Kind::Word {
            continue;
        }
        if let Some(word) = words(pair[1].text).into_iter().find(|word| is_vague(word)) {
            let message = format!("`{}` is named \"{word}\"", pair[1].text);
            found.push(Finding::new(&source.path, pair[1].line, message, "say what it does"));
        }
    }
}

fn is_vague(word: &str) -> bool {
    VAGUE.iter().any(|vague| word == *vague || word.strip_suffix('s') == Some(vague))
}

/// The words of a name in snake_case or CamelCase, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().expect("never empty").extend(letter.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings for a file of this name and text, without the path.
    fn found_in(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let mut found = Vec::new();
        check(&source, &mut found);
        found.iter().map(|it| format!("{}: {}", it.line, it.message)).collect()
    }

    /// The findings for the code of a Rust file that has its header.
    fn found(code: &str) -> Vec<String> {
        found_in("a.rs", &format!("//! A file.\n{code}"))
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn every_rust_file_has_a_header() {
        assert_eq!(found_in("a.rs", "fn a() {}\n"), ["1: the file does not start with `//!`"]);
        assert_eq!(found_in("a.rs", "//! A.\nfn a() {}\n"), NONE);
        assert_eq!(found_in("a.mof", "class A {};\n"), NONE);
    }

    #[test]
    fn no_white_space_ends_a_line() {
        for path in ["a.md", "a.toml"] {
            assert_eq!(found_in(path, "x\ny \n"), ["2: white space at the end of the line"]);
            assert_eq!(found_in(path, "x\n\ny\n"), NONE);
        }
        assert_eq!(found("x \n"), ["2: white space at the end of the line"]);
        assert_eq!(found_in("captured/status", "Name:\t \n"), NONE);
    }

    #[test]
    fn no_tabs_in_rust() {
        assert_eq!(found("\tx\n"), ["2: a tab"]);
        assert_eq!(found("\"\\t\"\n"), NONE);
    }

    #[test]
    fn no_paths_of_one_machine() {
        let bad = [
            format!("see {MACHINE_PATH}x"),
            format!("{MACHINE_PATH}x"),
            format!("\"{MACHINE_PATH}\""),
        ];
        for text in bad {
            assert_eq!(
                found_in("a.txt", &text),
                [format!("1: `{MACHINE_PATH}` is a path of one machine")]
            );
        }
        for text in [
            format!("target{MACHINE_PATH}x"),
            format!("{{root}}{MACHINE_PATH}x"),
            "/worker/".into(),
        ] {
            assert_eq!(found_in("a.txt", &text), NONE);
        }
    }

    #[test]
    fn no_unfinished_work() {
        assert_eq!(found("fn a() { todo!() }"), ["2: `todo!` marks unfinished work"]);
        assert_eq!(
            found("fn a() { unimplemented!(\"x\") }"),
            ["2: `unimplemented!` marks unfinished work"]
        );
        assert_eq!(found("fn a() {\n dbg!(1); }"), ["3: `dbg!` marks unfinished work"]);
        assert_eq!(found("// todo!()\nfn a() { let todo = \"dbg!\"; b(todo != 1); }"), NONE);
    }

    #[test]
    fn no_ignored_tests() {
        for attribute in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(miri, ignore)]"] {
            assert_eq!(
                found(&format!("#[test]\n{attribute}\nfn a() {{}}")),
                ["3: an ignored test"]
            );
        }
        assert_eq!(found("#[test]\nfn a() { ignore(b[0]); }"), NONE);
    }

    #[test]
    fn no_vague_names() {
        assert_eq!(found("struct ClassManager;"), ["2: `ClassManager` is named \"manager\""]);
        assert_eq!(found("enum Helpers {}"), ["2: `Helpers` is named \"helpers\""]);
        assert_eq!(found("mod test_utils;"), ["2: `test_utils` is named \"utils\""]);
        assert_eq!(found("mod common;"), ["2: `common` is named \"common\""]);
        assert_eq!(found("trait Utility {}\nmod wql;\nlet manager = 1;"), NONE);
    }
}
