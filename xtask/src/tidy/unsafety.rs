//! Where `unsafe` may stand: only in the files that `layers.toml` lists, each use explained.
//!
//! The compiler forbids it everywhere else; this checks that every crate really tells it to, and that
//! the list is neither too short nor too long.

use crate::checkout::Source;
use crate::finding::Finding;
use crate::layers::{self, Layers};
use crate::tokens::{Kind, Token, tokens};

/// All rules about `unsafe`. `roots` are the files at which the members' libraries and programs start.
pub(super) fn check(
    sources: &[Source],
    layers: &Layers,
    roots: &[String],
    found: &mut Vec<Finding>,
) {
    for source in sources.iter().filter(|it| it.path.ends_with(".rs")) {
        let tokens = tokens(&source.text);
        if layers.unsafe_files.iter().any(|it| *it.file.as_ref() == source.path) {
            explained(source, &tokens, found);
        } else {
            absent(source, &tokens, found);
        }
    }
    for root in sources.iter().filter(|it| roots.contains(&it.path)) {
        forbidden_by_root(root, layers, found);
    }
    counted(sources, layers, found);
}

fn uses<'a>(tokens: &'a [Token<'a>]) -> impl Iterator<Item = (usize, &'a Token<'a>)> {
    tokens.iter().enumerate().filter(|(_, it)| it.kind == Kind::Word && it.text == "unsafe")
}

fn absent(source: &Source, tokens: &[Token<'_>], found: &mut Vec<Finding>) {
    for (_, token) in uses(tokens) {
        let remedy = format!("do it without, or through a file that {} lists for it", layers::PATH);
        found.push(Finding::new(&source.path, token.line, "`unsafe` is not allowed here", remedy));
    }
}

/// Each unsafe block or implementation has `SAFETY:` in a comment of its statement.
fn explained(source: &Source, tokens: &[Token<'_>], found: &mut Vec<Finding>) {
    for (index, token) in uses(tokens) {
        let promises = tokens.get(index + 1).is_some_and(|it| matches!(it.text, "{" | "impl"));
        let mut statement =
            tokens[..index].iter().rev().take_while(|it| !matches!(it.text, ";" | "{" | "}"));
        if promises && !statement.any(|it| it.kind == Kind::Comment && it.text.contains("SAFETY:"))
        {
            let remedy = "say above it in `// SAFETY: ...` why it is sound";
            found.push(Finding::new(
                &source.path,
                token.line,
                "`unsafe` without a SAFETY line",
                remedy,
            ));
        }
    }
}

fn forbidden_by_root(root: &Source, layers: &Layers, found: &mut Vec<Finding>) {
    let code: String =
        tokens(&root.text).iter().filter(|it| it.kind != Kind::Comment).map(|it| it.text).collect();
    let folder = root.path.split("src/").next().unwrap_or_default();
    let listed = layers.unsafe_files.iter().any(|it| it.file.as_ref().starts_with(folder));
    let (level, enough): (_, &[&str]) = match listed {
        true => ("deny", &["#![deny(unsafe_code)]", "#![forbid(unsafe_code)]"]),
        false => ("forbid", &["#![forbid(unsafe_code)]"]),
    };
    if !enough.iter().any(|it| code.contains(it)) {
        let message = format!("the crate does not {level} `unsafe`");
        found.push(Finding::new(&root.path, 1, message, format!("add `#![{level}(unsafe_code)]`")));
    }
}

/// The list names no file that needs no entry, and the number of blocks is the one it gives.
fn counted(sources: &[Source], layers: &Layers, found: &mut Vec<Finding>) {
    for entry in &layers.unsafe_files {
        let file = entry.file.as_ref();
        let source = sources.iter().find(|it| it.path == *file);
        let tokens = source.map(|it| tokens(&it.text)).unwrap_or_default();
        let blocks =
            uses(&tokens).filter(|(at, _)| tokens.get(at + 1).is_some_and(|it| it.text == "{"));
        let (total, blocks) = (uses(&tokens).count(), blocks.count());
        let line = layers.line(&entry.file);
        if total == 0 {
            let message = format!("{file} has no `unsafe`");
            found.push(Finding::new(layers::PATH, line, message, "remove the stale entry"));
        } else if let Some(expected) = entry.blocks.filter(|it| *it != blocks) {
            let message = format!("{file} has {blocks} unsafe blocks, not {expected}");
            found.push(Finding::new(
                layers::PATH,
                line,
                message,
                "reduce them, or say why there must be more",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;
    use crate::finding::assert_one;

    const LAYERS: &str = "crate = []\ninternal = []\n\
        [[unsafe]]\nfile = \"crates/host/src/sys.rs\"\nwhy = \"system calls\"\nblocks = 1\n";
    const SYS: (&str, &str) =
        ("crates/host/src/sys.rs", "fn f() {\n// SAFETY: no pointer.\nunsafe { g() }\n}\n");

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let roots = ["crates/host/src/lib.rs".to_owned(), "crates/cim/src/lib.rs".to_owned()];
        let mut found = Vec::new();
        check(&sources(files), &Layers::parse(LAYERS).unwrap(), &roots, &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_listed_file_with_a_safety_line_passes() {
        assert_eq!(found(&[SYS]), Vec::<String>::new());
        let multi = "fn f() {\n// SAFETY: no pointer.\nlet x =\n    unsafe { g() };\n}\n";
        assert_eq!(found(&[(SYS.0, multi)]), Vec::<String>::new());
    }

    #[test]
    fn unsafe_elsewhere_fails() {
        let text = "fn f() {\n// SAFETY: x\nunsafe { g() } }";
        assert_one(
            found(&[SYS, ("crates/cim/src/a.rs", text)]),
            "crates/cim/src/a.rs:3: `unsafe` is not allowed here",
        );
        let text = "// unsafe\nfn f() { g(\"unsafe\"); }";
        assert_eq!(found(&[SYS, ("crates/cim/src/a.rs", text)]), Vec::<String>::new());
    }

    #[test]
    fn unsafe_without_a_safety_line_fails() {
        assert_one(
            found(&[(SYS.0, "fn f() {\nunsafe { g() } }")]),
            "sys.rs:2: `unsafe` without a SAFETY line",
        );
        let other = "fn f() {\n// SAFETY: of the other.\nh();\nunsafe { g() } }";
        assert_one(found(&[(SYS.0, other)]), "sys.rs:4: `unsafe` without a SAFETY line");
        let implementation = format!("{}unsafe impl Send for X {{}}", SYS.1);
        assert_one(found(&[(SYS.0, &implementation)]), "without a SAFETY line");
    }

    #[test]
    fn a_stale_entry_fails() {
        assert_one(found(&[]), "layers.toml:4: crates/host/src/sys.rs has no `unsafe`");
        assert_one(found(&[(SYS.0, "fn f() {}")]), "has no `unsafe`");
    }

    #[test]
    fn another_number_of_blocks_fails() {
        let two = format!("{}{}", SYS.1, SYS.1);
        assert_one(found(&[(SYS.0, &two)]), "has 2 unsafe blocks, not 1");
    }

    #[test]
    fn roots_forbid_unsafe_unless_a_file_is_listed() {
        let (cim, host) = ("crates/cim/src/lib.rs", "crates/host/src/lib.rs");
        assert_eq!(found(&[SYS, (cim, "//! A.\n#![forbid(unsafe_code)]")]), Vec::<String>::new());
        assert_one(
            found(&[SYS, (cim, "//! A.\n")]),
            "lib.rs:1: the crate does not forbid `unsafe`",
        );
        assert_one(found(&[SYS, (cim, "#![deny(unsafe_code)]")]), "does not forbid");
        assert_one(found(&[SYS, (cim, "// #![forbid(unsafe_code)]")]), "does not forbid");
        assert_eq!(found(&[SYS, (host, "#![deny(unsafe_code)]")]), Vec::<String>::new());
        assert_one(found(&[SYS, (host, "//! A.\n")]), "the crate does not deny `unsafe`");
    }
}
