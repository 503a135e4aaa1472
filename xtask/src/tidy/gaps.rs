//! The ledger of known gaps, `gaps.toml`, names only tests that exist.
//!
//! Whether a listed test still fails is found out by running it (`suite/src/gaps.rs`); an entry whose
//! test was renamed would never be looked at there.

use serde::Deserialize;
use toml::Spanned;

use crate::checkout::Source;
use crate::finding::{Finding, line_at};
use crate::tokens::{Kind, tokens};

const LEDGER: &str = "gaps.toml";

#[derive(Deserialize)]
struct Ledger {
    #[serde(default)]
    gap: Vec<Gap>,
}

#[derive(Deserialize)]
struct Gap {
    test: Spanned<String>,
}

/// Checks that the name of every test in the ledger is a string in some Rust file.
pub(super) fn check(sources: &[Source], found: &mut Vec<Finding>) {
    let Some(source) = sources.iter().find(|it| it.path == LEDGER) else { return };
    let ledger = match toml::from_str::<Ledger>(&source.text) {
        Ok(ledger) => ledger,
        Err(error) => {
            found.push(Finding::new(
                LEDGER,
                1,
                error.message(),
                "write [[gap]] with test and reason",
            ));
            return;
        }
    };
    for gap in ledger.gap.iter().filter(|gap| !is_checked(sources, gap.test.as_ref())) {
        let message = format!("no test checks the gap \"{}\"", gap.test.as_ref());
        let line = line_at(&source.text, gap.test.span().start);
        found.push(Finding::new(
            LEDGER,
            line,
            message,
            "name the test as its call of `gaps::check` does",
        ));
    }
}

fn is_checked(sources: &[Source], test: &str) -> bool {
    let literal = format!("\"{test}\"");
    let mut rust = sources.iter().filter(|it| it.path.ends_with(".rs"));
    rust.any(|it| tokens(&it.text).iter().any(|it| it.kind == Kind::Literal && it.text == literal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;

    fn found(ledger: &str, code: &str) -> Vec<String> {
        let mut found = Vec::new();
        check(&sources(&[(LEDGER, ledger), ("suite/tests/it/g.rs", code)]), &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    const LISTED: &str = "[[gap]]\ntest = \"g7_modes\"\nreason = \"later\"\n";

    #[test]
    fn a_gap_with_its_test_passes() {
        assert_eq!(found(LISTED, "gaps::check(\"g7_modes\", || {})"), Vec::<String>::new());
        assert_eq!(found("# none\n", ""), Vec::<String>::new());
    }

    #[test]
    fn a_gap_without_its_test_fails() {
        for code in ["", "// \"g7_modes\"", "gaps::check(\"g7_modes_2\", || {})"] {
            let found = found(LISTED, code);
            assert_eq!(found.len(), 1);
            assert!(
                found[0].starts_with("gaps.toml:2: no test checks the gap \"g7_modes\""),
                "{}",
                found[0]
            );
        }
    }

    #[test]
    fn a_ledger_that_cannot_be_read_fails() {
        assert_eq!(found("[[gap]]\nreason = \"x\"\n", "").len(), 1);
    }
}
