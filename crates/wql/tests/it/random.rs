//! What holds for every text: no panic, printed text that parses to the same, and a matcher
//! that agrees with one so simple that it can be seen to be right.

use proptest::prelude::*;
use wql::{BoundSelect, Query, parse};

use crate::fixture::Fixture;

const CLASS: &str = r#"
class Inner
  string S
class C
  key string S
  uint8 U
  sint64 I
  boolean B
  datetime T
  object O
  uint8[] A
instance inner Inner
  S = "a"
instance one C
  S = "a"
  U = 1
  I = -1
  B = TRUE
  T = "19980401135809.000000+000"
  O = @inner
  A = {1}
instance null C
"#;

/// Texts that are queries more often than not.
fn query() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "S",
        "u",
        "I",
        "B",
        "T",
        "O",
        "A",
        "O.S",
        "O.__CLASS",
        "__CLASS",
        "__RELPATH",
        "Nope",
    ]);
    let operator = prop::sample::select(vec!["=", "<>", "!=", "<", "<=", ">", ">=", "LIKE"]);
    let constant = prop_oneof![
        Just("NULL".to_owned()),
        Just("TRUE".to_owned()),
        Just("'19980401135809.000000+000'".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-2i64..3).prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|v| format!("{v:?}")),
        "[aA%_\\[\\]^=0-3-]{0,6}".prop_map(|t| format!("\"{t}\"")),
        ".{0,8}".prop_map(|t| format!("'{}'", t.replace('\\', "\\\\").replace('\'', "\\'"))),
    ];
    let test = (path.clone(), operator, constant, any::<bool>()).prop_map(
        |(path, operator, constant, turned)| match turned {
            true => format!("{constant} {operator} {path}"),
            false => format!("{path}{operator} {constant}"),
        },
    );
    let others = path.prop_flat_map(|p| {
        prop::sample::select(vec![
            format!("{p} IS NULL"),
            format!("{p} IS NOT NULL"),
            format!("{p} ISA \"Inner\""),
        ])
    });
    let condition = prop_oneof![4 => test, 1 => others].prop_recursive(5, 30, 4, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}\tor\n{b}")),
            inner.clone().prop_map(|a| format!("NOT {a}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    });
    condition.prop_map(|c| format!("SELECT S, O.S FROM C WHERE {c}"))
}

/// What must hold of any text.
fn check(text: &str, fixture: &Fixture) {
    let query = match parse(text) {
        Ok(query) => query,
        Err(e) => {
            assert!(text.get(e.offset()..).is_some_and(|rest| rest.starts_with(e.token())));
            assert!(e.render().contains('^'));
            return;
        }
    };
    let printed = query.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(&query), "{text} printed as {printed}");
    let Query::Select(select) = query else { return };
    let class = fixture.find_class("C");
    let Ok(bound) = BoundSelect::bind(&select, class, 0) else { return };
    let Ok(Query::Select(again)) = parse(&bound.to_string()) else { panic!("{bound}") };
    let again = BoundSelect::bind(&again, class, 0).unwrap();
    for (label, instance) in fixture.instances.iter().filter(|(_, i)| i.class() == class) {
        assert_eq!(bound.matches(instance), again.matches(instance), "{text} and {label}");
        if let Some(projection) = bound.projection(false) {
            projection.apply(instance.clone());
        }
    }
}

proptest! {
    #[test]
    fn queries_print_as_they_parse_and_match_as_they_print(text in query()) {
        check(&text, &Fixture::new(CLASS));
    }

    #[test]
    fn any_text_is_a_query_or_an_error(text in ".{0,80}") {
        check(&text, &Fixture::new(CLASS));
        check(&format!("SELECT * FROM C WHERE {text}"), &Fixture::new(CLASS));
        check(&format!("ASSOCIATORS OF {{{text}"), &Fixture::new(CLASS));
    }

    #[test]
    fn like_agrees_with_trying_everything(
        pattern in "[ab%_]{0,8}",
        text in "[abAB]{0,8}",
    ) {
        let fixture = Fixture::new("class C\n  string S\n");
        let select = format!("SELECT * FROM C WHERE S LIKE \"{pattern}\"");
        let Ok(Query::Select(select)) = parse(&select) else { panic!("{select}") };
        let class = fixture.find_class("C");
        let bound = BoundSelect::bind(&select, class, 0).unwrap();
        let mut instance = cim::Instance::new(class.clone());
        instance.set(0, cim::Value::string(text.as_str()));
        let simple = tries(pattern.as_bytes(), text.to_ascii_lowercase().as_bytes());
        prop_assert_eq!(bound.matches(&instance), simple);
    }
}

/// LIKE by trying every length for every `%`.
fn tries(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        ([b'%', rest @ ..], text) => (0..=text.len()).any(|n| tries(rest, &text[n..])),
        ([b'_', rest @ ..], [_, tail @ ..]) => tries(rest, tail),
        ([p, rest @ ..], [t, tail @ ..]) if p == t => tries(rest, tail),
        _ => false,
    }
}
