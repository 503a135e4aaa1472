//! What a bound query tells those who plan its execution, and the shape of its results.

use cim::{SystemProperty, Value};
use wql::{BoundSelect, Comparison, Predicate, Query, parse};

use crate::fixture::Fixture;

const CLASSES: &str = r#"
class Deep
  string Text
  sint32 Number
class Inner
  string Prop1
  string Prop2
  object:Deep Deep
  object Weak
abstract class Base
  string Note
class Main : Base
  key string Name
  key uint32 Id
  object:Inner E1
  object:Inner E2
  object:Inner[] Many
  object Weak
  datetime Time
class Keyed
  key datetime Time
class Keyless
  string Name
instance d Deep
  Text = "deep"
  Number = 7
instance i Inner
  Prop1 = "one"
  Prop2 = "two"
  Deep = @d
  Weak = @d
instance m Main
  Note = "note"
  Name = "m"
  Id = 5
  E1 = @i
  E2 = @i
  Many = {@i, @i}
  Weak = @i
"#;

fn bind(fixture: &Fixture, query: &str) -> BoundSelect {
    let Ok(Query::Select(select)) = parse(query) else { panic!("{query}") };
    BoundSelect::bind(&select, fixture.find_class(select.class.as_str()), 0).unwrap()
}

#[test]
fn a_result_has_the_selected_properties_alone() {
    let fixture = Fixture::new(CLASSES);
    let bound = bind(&fixture, "SELECT Id, __CLASS, note, ID FROM Main");
    let projection = bound.projection(false).unwrap();
    let result = projection.apply(fixture.find_instance("m").clone());
    let names: Vec<_> = result.class().properties().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["Id", "Note"]);
    let system = |property| result.system(property);
    assert_eq!(system(SystemProperty::Class), Value::string("Main"));
    assert_eq!(system(SystemProperty::PropertyCount), Value::SInt32(2));
    for absent in [SystemProperty::Relpath, SystemProperty::Path, SystemProperty::Server] {
        assert_eq!(system(absent), Value::Null);
    }
    assert!(bind(&fixture, "SELECT * FROM Main").projection(true).is_none());
}

#[test]
fn paths_take_keys_and_are_there_when_asked_for() {
    let fixture = Fixture::new(CLASSES);
    let relpath = Value::string("Main.Id=5,Name=\"m\"");
    for (query, locatable, has_path) in [
        ("SELECT Name, Id FROM Main", false, false),
        ("SELECT __RELPATH FROM Main", false, false),
        ("SELECT __PATH FROM Main", false, true),
        ("SELECT Note FROM Main", true, true),
    ] {
        let projection = bind(&fixture, query).projection(locatable).unwrap();
        let result = projection.apply(fixture.find_instance("m").clone());
        assert_eq!(result.system(SystemProperty::Relpath), relpath, "{query}");
        assert_eq!(!result.system(SystemProperty::Path).is_null(), has_path, "{query}");
    }
}

/// Rule: I-12, behaviour: data queries return embedded objects, and arrays of them, whole.
#[test]
fn i12_embedded_objects_stay_whole() {
    let fixture = Fixture::new(CLASSES);
    let source = fixture.find_instance("m").clone();
    for (query, names) in [
        ("SELECT E1 FROM Main", ["E1"].as_slice()),
        ("SELECT E1.Prop1, E2.Prop2, e1.prop2 FROM Main", &["E1", "E2"]),
        ("SELECT E1.Deep.Text, Many FROM Main", &["E1", "Many"]),
        ("SELECT E1.Nowhere, Weak.Prop1 FROM Main", &["E1", "Weak"]),
    ] {
        let result = bind(&fixture, query).projection(false).unwrap().apply(source.clone());
        let found: Vec<&str> =
            result.class().properties().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(found, names, "{query}");
        for name in names {
            assert_eq!(result.get(name), source.get(name), "{query}: {name}");
        }
    }
}

#[test]
fn needed_slots_are_those_of_list_and_condition() {
    let fixture = Fixture::new(CLASSES);
    let names = |query: &str, locatable| {
        let bound = bind(&fixture, query);
        let slots = bound.needed_slots(locatable)?;
        let name = |&slot: &usize| bound.class().properties()[slot].name.to_string();
        Some(slots.iter().map(name).collect::<Vec<_>>().join(" "))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(names("SELECT * FROM Main WHERE Id = 1", false), None);
    assert_eq!(names("SELECT Note FROM Main", false), some("Note"));
    assert_eq!(names("SELECT Note FROM Main", true), some("Note Name Id"));
    assert_eq!(
        names("SELECT Id FROM Main WHERE E1.Prop1 = 'x' OR Note IS NULL", false),
        some("Note Id E1")
    );
    assert_eq!(names("SELECT __CLASS FROM Main WHERE Weak ISA 'Inner'", false), some("Weak"));
    assert_eq!(names("SELECT Note FROM Main WHERE __RELPATH = 'x'", false), some("Note Name Id"));
    assert_eq!(names("SELECT __GENUS FROM Main", false), some(""));
}

#[test]
fn a_condition_that_fixes_every_key_names_one_instance() {
    let fixture = Fixture::new(CLASSES);
    let keys = |query: &str| bind(&fixture, query).key_equalities();
    // In the order of the class's keys: alphabetical.
    let both = vec![(2, Value::UInt32(5)), (1, Value::string("m"))];
    for query in [
        "SELECT * FROM Main WHERE Name = 'm' AND Id = 5",
        "SELECT * FROM Main WHERE 5 = id AND (Note = 'x' AND NAME LIKE 'm')",
        "SELECT * FROM Main WHERE Name = 'm' AND Id = '5' AND Id = 6",
    ] {
        assert_eq!(keys(query), Some(both.clone()), "{query}");
    }
    for query in [
        "SELECT * FROM Main",
        "SELECT * FROM Main WHERE Name = 'm'",
        "SELECT * FROM Main WHERE Name = 'm' OR Id = 5",
        "SELECT * FROM Main WHERE Name = 'm' AND NOT Id = 5",
        "SELECT * FROM Main WHERE Name LIKE 'm%' AND Id = 5",
        "SELECT * FROM Main WHERE Name IS NULL AND Id = 5",
        "SELECT * FROM Main WHERE Name = 'm\u{1}' AND Id = 5",
        "SELECT * FROM Main WHERE Name = 'm' AND Id = -5",
        "SELECT * FROM Keyed WHERE Time = '19980401135809.000000+000'",
        "SELECT * FROM Keyless WHERE Name = 'm'",
    ] {
        assert_eq!(keys(query), None, "{query}");
    }
}

#[test]
fn conjuncts_describe_themselves_where_they_are_simple() {
    let fixture = Fixture::new(CLASSES);
    let bound = bind(
        &fixture,
        "SELECT * FROM Main WHERE 4 < Id AND Name LIKE '%m' AND Name LIKE 'm' AND Id <= '9' \
         AND Id > -1 AND Note IS NULL AND NOT Id = 1 AND E1.Prop1 = 'x' AND __CLASS = 'Main'",
    );
    let (note, name, id) = (0, 1, 2);
    let predicate = |slot, comparison, value| Some(Predicate { slot, comparison, value });
    let expected = [
        predicate(id, Comparison::Greater, Value::UInt32(4)),
        predicate(name, Comparison::Like, Value::string("%m")),
        predicate(name, Comparison::Equal, Value::string("m")),
        predicate(id, Comparison::LessOrEqual, Value::UInt32(9)),
        None, // No uint32 is -1.
        None,
        None,
        None,
        None,
    ];
    let described: Vec<_> = bound.conjuncts().iter().map(|c| c.predicate().cloned()).collect();
    assert_eq!(described, expected);
    assert_eq!(bound.conjuncts()[5].slots(), [note]);
    assert_eq!(bound.conjuncts()[8].known(), Some(true));
    assert_eq!(bound.conjuncts()[0].to_string(), "Id > 4");
}

#[test]
fn a_remainder_is_the_query_without_what_others_answered() {
    let fixture = Fixture::new(CLASSES);
    let bound = bind(
        &fixture,
        "SELECT Name FROM Main WHERE Id = 5 AND (Note = 'x' OR Name = 'm') AND NOT Name = 'z'",
    );
    let rest = bound.remainder(|c| c.predicate().is_none());
    assert_eq!(
        rest.to_string(),
        "SELECT Name FROM Main WHERE (Note = \"x\" OR Name = \"m\") AND NOT Name = \"z\""
    );
    assert!(rest.matches(fixture.find_instance("m")));
    assert_eq!(rest.key_equalities(), None);
    assert_eq!(bound.remainder(|_| false).to_string(), "SELECT Name FROM Main");
}

#[test]
fn a_class_can_settle_a_condition() {
    let fixture = Fixture::new(CLASSES);
    for (condition, never) in [
        ("__CLASS = 'Main'", false),
        ("__CLASS = 'Base'", true),
        ("Id = 5 AND (__CLASS = 'Base' OR __SUPERCLASS IS NULL)", true),
        ("__CLASS = 'Base' OR Id = 5", false),
        ("NOT __DYNASTY = 'Base'", true),
        ("NOT (__CLASS = 'Base' AND Id = 5)", false),
    ] {
        let bound = bind(&fixture, &format!("SELECT * FROM Main WHERE {condition}"));
        assert_eq!(bound.never_matches(), never, "{condition}");
    }
}
