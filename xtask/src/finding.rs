//! An error that a check found, in a form that editors can follow.

use std::fmt;

use anyhow::{Result, bail};

/// A violation of a rule in the file at `path`, and its remedy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the checkout's root, with slashes.
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn new(
        path: &str,
        line: usize,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.message, self.remedy)
    }
}

/// Prints the findings of a task in the order of the files. Fails if there is any.
pub(crate) fn report(task: &str, mut found: Vec<Finding>) -> Result<()> {
    found.sort();
    found.dedup();
    for finding in &found {
        eprintln!("{finding}");
    }
    match found.len() {
        0 => Ok(()),
        1 => bail!("{task} found one error"),
        count => bail!("{task} found {count} errors"),
    }
}

/// The line, counted from 1, of the byte at `offset`.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// Asserts that a check found one thing, whose text contains `expected`.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_one(found: Vec<String>, expected: &str) {
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(expected), "{}", found[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_path_line_message_remedy() {
        let finding = Finding::new("crates/mof/src/lib.rs", 7, "tab", "indent with spaces");
        assert_eq!(finding.to_string(), "crates/mof/src/lib.rs:7: tab; indent with spaces");
    }

    #[test]
    fn a_report_fails_with_what_it_has() {
        let finding = Finding::new("a", 1, "b", "c");
        assert!(report("tidy", Vec::new()).is_ok());
        let same = report("tidy", vec![finding.clone(), finding.clone()]).unwrap_err();
        assert_eq!(same.to_string(), "tidy found one error");
        let other = report("tidy", vec![finding, Finding::new("b", 1, "b", "c")]).unwrap_err();
        assert_eq!(other.to_string(), "tidy found 2 errors");
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_at("a\nb\n", 0), 1);
        assert_eq!(line_at("a\nb\n", 2), 2);
        assert_eq!(line_at("a\nb\n", 99), 3);
    }
}
