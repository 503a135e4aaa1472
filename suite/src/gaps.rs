//! The ledger of known gaps: which tests may fail today, and why.
//!
//! Input is `gaps.toml` at the root. A test that is listed there may fail, and must: once it passes,
//! its entry has to go, so the ledger cannot outlive the gaps. It does not know what the tests test.

use std::panic::{UnwindSafe, catch_unwind, resume_unwind};

use serde::Deserialize;

const LEDGER: &str = include_str!("../../gaps.toml");

/// Runs the test `f`, in the light of the ledger's entry for `test`.
///
/// Not listed, the test passes or fails by itself. Listed, it passes where `f` fails, and prints the
/// reason. Tidy makes sure that every listed name is checked by some test, so write `test` as a plain
/// string.
///
/// # Panics
///
/// Where `f` does and `test` is not listed; where `f` does not and `test` is listed; where `gaps.toml`
/// is not valid.
pub fn check(test: &str, f: impl FnOnce() + UnwindSafe) {
    Ledger::parse(LEDGER).check(test, f);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    #[serde(default, rename = "gap")]
    gaps: Vec<Gap>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gap {
    test: String,
    reason: String,
}

impl Ledger {
    fn parse(text: &str) -> Ledger {
        let ledger: Ledger =
            toml::from_str(text).unwrap_or_else(|error| panic!("gaps.toml is not valid: {error}"));
        for gap in &ledger.gaps {
            assert!(
                !gap.reason.trim().is_empty(),
                "{} is listed in gaps.toml without a reason",
                gap.test
            );
        }
        ledger
    }

    fn check(&self, test: &str, f: impl FnOnce() + UnwindSafe) {
        let gap = self.gaps.iter().find(|it| it.test == test);
        match (gap, catch_unwind(f)) {
            (None, Ok(())) => {}
            (None, Err(panic)) => resume_unwind(panic),
            (Some(gap), Err(_)) => println!("{test} is a known gap: {}", gap.reason),
            (Some(_), Ok(())) => {
                panic!("{test} is listed as a gap but passes: remove it from gaps.toml")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What checking `test` panics with, in a ledger that lists `listed`.
    fn outcome(test: &'static str, f: impl FnOnce() + UnwindSafe) -> Option<String> {
        let ledger = Ledger::parse("[[gap]]\ntest = \"listed\"\nreason = \"not built yet\"\n");
        let panic = catch_unwind(|| ledger.check(test, f)).err()?;
        let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
    }

    #[test]
    fn a_test_that_is_not_listed_speaks_for_itself() {
        assert_eq!(outcome("other", || {}), None);
        assert_eq!(outcome("other", || panic!("wrong value")).as_deref(), Some("wrong value"));
    }

    #[test]
    fn a_listed_test_may_fail() {
        assert_eq!(outcome("listed", || panic!("wrong value")), None);
    }

    #[test]
    fn a_listed_test_must_not_pass() {
        let expected = "listed is listed as a gap but passes: remove it from gaps.toml";
        assert_eq!(outcome("listed", || {}).as_deref(), Some(expected));
    }

    #[test]
    fn the_projects_ledger_is_valid() {
        Ledger::parse(LEDGER);
    }

    #[test]
    #[should_panic(expected = "without a reason")]
    fn an_entry_needs_a_reason() {
        Ledger::parse("[[gap]]\ntest = \"listed\"\nreason = \"\"\n");
    }

    #[test]
    #[should_panic(expected = "gaps.toml is not valid")]
    fn unknown_fields_are_errors() {
        Ledger::parse("[[gap]]\ntest = \"listed\"\nreason = \"x\"\nowner = \"me\"\n");
    }
}
