//! Classes in two parts (behaviour.md G.8): what belongs to which, and both together again.

use cim::amendment::{Parts, is_localized, merge, split};
use cim::{CimType, Class, ClassDeclaration, Flavor, Locale, Qualifier, Qualifiers};

use crate::build::{class, mark, parameter};

fn amended(name: &str, text: &str) -> Qualifier {
    Qualifier::new(name, text, Flavor::AMENDED)
}

/// A class with something to say in every place.
fn talkative() -> ClassDeclaration {
    let mut by = parameter("By", CimType::UInt32, &["in"]);
    by.qualifiers.set(amended("Description", "how much"));
    class("A")
        .with(amended("Description", "a class"))
        .is("Write")
        .key("K", CimType::String)
        .qualified(amended("Description", "a key"))
        .property("Silent", CimType::UInt32)
        .property("V", CimType::UInt32)
        .qualified(amended("Description", "a value"))
        .qualified(mark("Read"))
        .method("Grow", vec![by])
        .method("Hush", vec![parameter("X", CimType::UInt32, &["in"])])
        .declaration()
}

fn names(qualifiers: &Qualifiers) -> Vec<&str> {
    qualifiers.iter().map(|q| q.name.as_str()).collect()
}

#[test]
fn g8_the_parts_of_a_class() {
    let Parts { neutral, localized } = split(&talkative(), Locale::DEFAULT);
    let localized = localized.unwrap();
    assert_eq!(names(&neutral.qualifiers), ["Write"]);
    assert_eq!(names(&localized.qualifiers), ["Amendment", "Locale", "Description"]);
    assert_eq!(localized.qualifiers.value("locale"), Some(&cim::Value::SInt32(1033)));
    let told: Vec<_> =
        localized.properties.iter().map(|p| (p.name.as_str(), names(&p.qualifiers))).collect();
    assert_eq!(told, [("K", vec!["key", "Description"]), ("V", vec!["Description"])]);
    let neutral_names: Vec<_> =
        neutral.properties.iter().map(|p| (p.name.as_str(), names(&p.qualifiers))).collect();
    assert_eq!(neutral_names, [("K", vec!["key"]), ("Silent", vec![]), ("V", vec!["Read"])]);
    let methods: Vec<&str> = localized.methods.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(methods, ["Grow"]);
    assert_eq!(names(&localized.methods[0].parameters[0].qualifiers), ["in", "Description"]);
    assert_eq!(names(&neutral.methods[0].parameters[0].qualifiers), ["in"]);
    // Both are classes by themselves.
    Class::derive(neutral.into(), None, None).unwrap();
    assert!(Class::derive(localized.into(), None, None).unwrap().is_abstract());
}

#[test]
fn g8_the_parts_together_are_the_class_again() {
    let whole = talkative();
    let Parts { neutral, localized } = split(&whole, Locale::DEFAULT);
    let merged = merge(&neutral, localized.as_ref(), None);
    assert!(merged.is_amended && !neutral.is_amended);
    assert_eq!(split(&merged, Locale::DEFAULT), split(&whole, Locale::DEFAULT));
    let silent = merge(&neutral, None, None);
    assert_eq!(silent, neutral);
}

#[test]
fn g8_the_neutral_part_wins_and_says_what_there_is() {
    let Parts { localized, .. } = split(&talkative(), Locale::DEFAULT);
    let neutral = class("A").with(Qualifier::new("description", "neutral", Flavor::default()));
    let neutral = neutral.key("K", CimType::String).make();
    let merged = merge(neutral.declaration(), localized.as_ref(), None);
    assert_eq!(merged.qualifiers.text("Description"), Some("neutral"));
    assert_eq!(merged.properties.len(), 1);
    assert_eq!(merged.properties[0].qualifiers.text("Description"), Some("a key"));
    assert!(merged.methods.is_empty());
    assert!(
        merged.qualifiers.get("Amendment").is_none() && merged.qualifiers.get("Locale").is_none()
    );
}

#[test]
fn g8_a_class_that_says_nothing_has_no_localized_part() {
    let plain = class("A").key("K", CimType::String).make();
    assert_eq!(split(plain.declaration(), Locale::DEFAULT).localized, None);
}

#[test]
fn g8_what_the_core_acts_upon_belongs_to_no_language() {
    for name in ["key", "Abstract", "Dynamic", "Provider", "In", "out", "LOCALE", "Amendment"] {
        assert!(!is_localized(&amended(name, "x")), "{name}");
    }
    assert!(is_localized(&amended("Description", "x")));
    assert!(!is_localized(&Qualifier::new("Description", "x", Flavor::TO_DERIVED)));
}

#[test]
fn g8_a_localized_part_may_add_keys_below_a_keyless_one() {
    let top = class("A").is("Amendment").with(amended("Description", "a")).make();
    let low = class("B").is("Amendment").under(&top).key("K", CimType::String).make();
    low.check_abstract().unwrap();
}
