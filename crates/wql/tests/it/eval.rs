//! Queries over instances, file by file of `tests/data/eval`.

use std::sync::Arc;

use cim::{Class, Error};
use wql::{BoundSchema, BoundSelect, Query, Select, parse};

use crate::fixture::{self, Fixture};

/// The offset of dates that name none, in minutes.
const OFFSET: i16 = 60;

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(concat!(stringify!($name), ".txt"));
        })*

        #[test]
        fn every_file_is_run() {
            let mut names: Vec<_> = fixture::files().into_keys().collect();
            names.sort();
            assert_eq!(names, [$(concat!(stringify!($name), ".txt")),*]);
        }
    };
}

cases! {
    g10_constants
    g10_isa
    g10_nulls
    g10_operators
    g10_references
    g10_schema
    g11_class
    g13_datetime
    g1_precedence
    g2_case
    g3_booleans
    g6_constant_first
    g7_like
    g9_embedded
}

fn run(name: &str) {
    let fixture = Fixture::new(&fixture::files()[name]);
    assert!(!fixture.queries.is_empty());
    for (query, expected) in &fixture.queries {
        let outcome = answer(&fixture, query);
        match (expected.strip_prefix("! "), outcome) {
            (None, Ok(labels)) => assert_eq!(labels.join(" "), *expected, "{name}: {query}"),
            (Some(expected), Err(e)) => {
                let (symbol, message) = expected.split_once(' ').expect("a status and a message");
                let is_right = e.status().symbol() == Some(symbol) && e.message().contains(message);
                assert!(is_right, "{name}: {query}\nexpected {expected}\ngot {e}");
            }
            (_, outcome) => panic!("{name}: {query}\nexpected {expected}\ngot {outcome:?}"),
        }
    }
}

fn answer(fixture: &Fixture, query: &str) -> Result<Vec<String>, Error> {
    let Query::Select(select) = parse(query)? else { panic!("{query} is a SELECT") };
    match select.is_schema() {
        true => classes(fixture, &select),
        false => instances(fixture, &select),
    }
}

fn classes(fixture: &Fixture, select: &Select) -> Result<Vec<String>, Error> {
    let bound = BoundSchema::bind(select)?;
    let matching = fixture.classes.iter().filter(|c| bound.matches(c));
    Ok(matching.map(|c| c.name().to_string()).collect())
}

/// The labels of the instances that match, as a plan would find them: bound to the class in
/// FROM first, then to the class of each instance.
fn instances(fixture: &Fixture, select: &Select) -> Result<Vec<String>, Error> {
    let from = fixture.find_class(select.class.as_str());
    BoundSelect::bind(select, from, OFFSET)?;
    let mut labels = Vec::new();
    for (label, instance) in &fixture.instances {
        let class = instance.class();
        if !class.is_a(from.name().as_str()) {
            continue;
        }
        let bound = BoundSelect::bind(select, class, OFFSET)?;
        let matches = bound.matches(instance);
        check_forms(&bound, class, |b| b.matches(instance) == matches);
        assert!(!(matches && bound.never_matches()), "{select} and {label}");
        let terms = bound.conjuncts();
        assert_eq!(terms.iter().all(|c| c.matches(instance)), matches, "{select} and {label}");
        if matches {
            labels.push(label.clone());
        }
    }
    Ok(labels)
}

/// The printed query says the same, and so do its conjuncts taken apart.
fn check_forms(
    bound: &BoundSelect,
    class: &Arc<Class>,
    says_the_same: impl Fn(&BoundSelect) -> bool,
) {
    let printed = bound.to_string();
    let Ok(Query::Select(again)) = parse(&printed) else { panic!("{printed} parses") };
    assert!(says_the_same(&BoundSelect::bind(&again, class, OFFSET).unwrap()), "{printed}");
    assert!(says_the_same(&bound.remainder(|_| true)), "{printed}");
}
