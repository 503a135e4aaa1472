//! Queries and what they parse to, or the error with its picture.
//!
//! A case in `tests/data/parse` is a line `>>> query` (more lines of it after `... `), then the
//! tree, or the status and the picture of the error. Cases end at an empty line; lines with `#`
//! before a case state its purpose. `OPENWMI_BLESS=1` rewrites the files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use cim::status::*;
use wql::{MAX_DEPTH, MAX_QUERY, Query, parse};

use crate::dump;

fn outcome(text: &str) -> String {
    match parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            assert_eq!(parse(&printed).as_ref(), Ok(&query), "{text}\nprinted as\n{printed}");
            dump::query(&query) + "\n"
        }
        Err(e) => {
            let symbol = e.status().symbol().expect("a documented status");
            format!("{symbol}\n{}", e.render())
        }
    }
}

struct Case {
    comment: String,
    query: String,
    expected: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for block in text.split("\n\n").filter(|b| !b.trim().is_empty()) {
        let mut case =
            Case { comment: String::new(), query: String::new(), expected: String::new() };
        for line in block.trim_matches('\n').lines() {
            if let Some(query) = line.strip_prefix(">>> ") {
                case.query = query.to_owned();
            } else if let Some(more) = line.strip_prefix("... ") {
                case.query = format!("{}\n{more}", case.query);
            } else if line.starts_with('#') && case.query.is_empty() {
                writeln!(case.comment, "{line}").unwrap();
            } else {
                writeln!(case.expected, "{line}").unwrap();
            }
        }
        cases.push(case);
    }
    cases
}

fn golden(name: &str) {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parse").join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    let cases = cases(&text);
    assert!(cases.len() > 5, "{name} has cases");
    if std::env::var_os("OPENWMI_BLESS").is_some() {
        let shown = cases.iter().map(|case| {
            let query = case.query.replace('\n', "\n... ");
            format!("{}>>> {query}\n{}", case.comment, outcome(&case.query))
        });
        std::fs::write(&file, shown.collect::<Vec<_>>().join("\n")).unwrap();
        return;
    }
    for case in cases {
        let Case { query, expected, .. } = case;
        let got = outcome(&query);
        assert!(got == expected, "{name}\n{query}\nexpected\n{expected}\ngot\n{got}");
    }
}

#[test]
fn select_and_conditions() {
    golden("select.txt");
}

#[test]
fn d7_event_queries() {
    golden("events.txt");
}

#[test]
fn e2_association_queries() {
    golden("associations.txt");
}

#[test]
fn g10_errors_point_at_the_token() {
    golden("errors.txt");
}

#[test]
fn f2a_a_query_has_at_most_16384_characters() {
    let exact = format!("SELECT * FROM C WHERE Name = \"{}\"", "ä".repeat(MAX_QUERY - 31));
    assert_eq!(exact.chars().count(), MAX_QUERY);
    assert!(parse(&exact).is_ok());
    for long in [exact + " ", "x".repeat(10 * MAX_QUERY)] {
        let error = parse(&long).unwrap_err();
        assert_eq!(error.status(), WBEM_E_QUOTA_VIOLATION);
        assert!(error.render().len() < 400, "{}", error.render());
    }
}

#[test]
fn f2_nesting_is_bounded_and_notation_is_not() {
    let nested = |depth: usize| {
        format!("SELECT * FROM C WHERE {}A = 1{}", "(".repeat(depth), ")".repeat(depth))
    };
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    let error = parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!(error.status(), WBEM_E_QUOTA_VIOLATION);
    assert_eq!(error.token(), "(");
    assert!(parse(&nested(8000)).is_err());
    // Neither many terms nor many NOTs nest.
    let terms = vec!["A=1"; 1500].join(" OR ");
    let Query::Select(select) = parse(&format!("SELECT * FROM C WHERE {terms}")).unwrap() else {
        panic!("a SELECT")
    };
    assert!(matches!(select.condition, Some(wql::Expr::Or(terms)) if terms.len() == 1500));
    let nots = "NOT ".repeat(4001);
    let once = parse("SELECT * FROM C WHERE NOT A = 1").unwrap();
    assert_eq!(parse(&format!("SELECT * FROM C WHERE {nots} A = 1")), Ok(once));
}

#[test]
fn an_error_tells_place_and_token_in_every_form() {
    let error = parse("SELECT *\nFORM Win32_Process").unwrap_err();
    assert_eq!((error.offset(), error.character(), error.token()), (9, 10, "FORM"));
    assert_eq!(
        cim::Error::from(error).to_string(),
        "WBEM_E_INVALID_QUERY (0x80041017): expected FROM, found FORM at character 10"
    );
    for (text, end) in [("SELECT", 6), ("", 0), (" \t\n", 3)] {
        let at_end = parse(text).unwrap_err();
        assert_eq!((at_end.offset(), at_end.token()), (end, ""));
        assert!(at_end.render().ends_with("^\n"), "{}", at_end.render());
    }
}
