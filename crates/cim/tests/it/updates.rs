//! What a change of a class may do to its subclasses and instances (G.7, I-37).

use std::sync::Arc;

use cim::status::*;
use cim::update::{Change, allowed, change, rederive};
use cim::{CimType, Class, Flavor, Qualifier, UpdateMode, Value};

use crate::build::{Builder, class, mark, parameter, property_names, status};

const MODES: [UpdateMode; 3] = [UpdateMode::Compatible, UpdateMode::Safe, UpdateMode::Force];

fn base() -> Builder {
    class("Base").key("K", CimType::String).property("P", CimType::UInt32).method("M", vec![])
}

#[test]
fn g35_a_new_property_in_a_class_with_subclasses() {
    let (old, new) = (base().declaration(), base().property("New", CimType::String).declaration());
    let weight = change(&old, &new);
    assert_eq!(weight, Change::Important);
    let put = |mode, subclasses, instances| {
        allowed(&old.name, weight, mode, subclasses, instances).map_err(|e| e.status())
    };
    assert_eq!(MODES.map(|m| put(m, false, false)), [Ok(()); 3]);
    assert_eq!(
        MODES.map(|m| put(m, true, false)),
        [Err(WBEM_E_CLASS_HAS_CHILDREN), Ok(()), Ok(())]
    );
    for subclasses in [false, true] {
        assert_eq!(
            MODES.map(|m| put(m, subclasses, true)),
            [Err(WBEM_E_CLASS_HAS_INSTANCES); 3],
            "no mode deletes instances (I-37)"
        );
    }
}

#[test]
fn g7_a_description_may_change_in_any_situation() {
    let described =
        |text: &str| base().with(Qualifier::new("Description", text, Flavor(0x82))).declaration();
    let weight = change(&described("old"), &described("new"));
    assert_eq!(weight, Change::Unimportant);
    assert_eq!(change(&described("old"), &described("old")), Change::None);
    for mode in MODES {
        assert!(allowed(&"Base".into(), weight, mode, true, true).is_ok());
    }
}

#[test]
fn g7_what_weighs_as_a_change() {
    let with = |f: fn(Builder) -> Builder| change(&base().declaration(), &f(base()).declaration());
    let important: [fn(Builder) -> Builder; 9] = [
        |b| b.property("Q", CimType::String),
        |b| b.default(Value::UInt32(1)),
        |b| b.qualified(mark("not_null")),
        |b| b.qualified(mark("indexed")),
        |b| b.is("abstract"),
        |b| b.is("association"),
        |b| b.with(Qualifier::new("provider", "p", Flavor::default())),
        |b| b.method("N", vec![]),
        |b| b.under(&class("Above").make()),
    ];
    for (i, f) in important.into_iter().enumerate() {
        assert_eq!(with(f), Change::Important, "{i}");
    }
    let unimportant: [fn(Builder) -> Builder; 3] = [
        |b| b.qualified(mark("write")),
        |b| b.with(Qualifier::new("Version", "2", Flavor::default())),
        |b| b.with(Qualifier::new("Abstract", false, Flavor::default())),
    ];
    for (i, f) in unimportant.into_iter().enumerate() {
        assert_eq!(with(f), Change::Unimportant, "{i}");
    }
    // The slots of instances follow the order of the properties.
    let swapped = class("Base").property("P", CimType::UInt32).key("K", CimType::String);
    let swapped = swapped.method("M", vec![]).declaration();
    assert_eq!(change(&base().declaration(), &swapped), Change::Important);
    let other_type = class("Base").key("K", CimType::String).property("P", CimType::UInt64);
    let other_type = other_type.method("M", vec![]).declaration();
    assert_eq!(change(&base().declaration(), &other_type), Change::Important);
}

#[test]
fn g7_a_changed_parameter_is_a_change() {
    let with = |p| class("C").method("M", vec![p]).declaration();
    let old = with(parameter("p", CimType::String, &["in"]));
    let mut default = parameter("p", CimType::String, &["in"]);
    default.default = Value::string("d");
    for new in [
        parameter("p", CimType::String, &["out"]),
        parameter("q", CimType::String, &["in"]),
        parameter("p", CimType::UInt8, &["in"]),
        default,
    ] {
        assert_eq!(change(&old, &with(new)), Change::Important);
    }
    let commented = parameter("p", CimType::String, &["in", "optional"]);
    assert_eq!(change(&old, &with(commented)), Change::Unimportant);
}

/// A subclass of the first class, carried to the second by each mode.
fn carried(
    old: Builder,
    new: Builder,
    sub: impl Fn(Builder) -> Builder,
) -> Vec<Option<Arc<Class>>> {
    let subclass = sub(class("Sub").under(&old.make())).make();
    let new = new.make();
    let carry = |mode| match rederive(&subclass, new.clone(), mode) {
        Ok(class) => Some(class),
        Err(error) => {
            assert_eq!(error.status(), WBEM_E_CLASS_HAS_CHILDREN);
            assert!(error.message().contains("Sub"), "{error}");
            None
        }
    };
    [UpdateMode::Safe, UpdateMode::Force].map(carry).into()
}

#[test]
fn g7_a_change_without_conflict_reaches_the_subclasses() {
    let new = base().property("New", CimType::String);
    for class in carried(base(), new, |b| b.property("Own", CimType::String)) {
        assert_eq!(property_names(&class.unwrap()), ["K", "P", "New", "Own"]);
    }
}

#[test]
fn g7_force_deletes_the_qualifiers_in_conflict_and_safe_refuses() {
    let fixed = || Qualifier::new("Q", "base", Flavor::TO_DERIVED.union(Flavor::NOT_OVERRIDABLE));
    let own = || Qualifier::new("Q", "sub", Flavor::default());
    let new = base().with(fixed()).property("R", CimType::String).qualified(fixed());
    let result = carried(base(), new, |b| {
        b.with(own()).property("R", CimType::String).qualified(own()).qualified(mark("read"))
    });
    assert!(result[0].is_none(), "safe");
    let forced = result[1].as_ref().unwrap();
    assert_eq!(forced.qualifiers().text("q"), Some("base"));
    let r = &forced.property("R").unwrap().qualifiers;
    assert_eq!((r.text("q"), r.is_true("read")), (Some("base"), true));
    assert!(forced.declaration().qualifiers.is_empty(), "what is stored has lost it too");
}

#[test]
fn g7_force_takes_keys_and_indexes_that_the_new_base_forbids() {
    let old = class("Base").is("abstract").property("P", CimType::String);
    let new = class("Base").is("abstract").property("P", CimType::String);
    let new = new.qualified(mark("indexed")).key("K", CimType::String);
    let result = carried(old, new, |b| {
        b.key("Id", CimType::String).property("P", CimType::String).qualified(Qualifier::new(
            "indexed",
            false,
            Flavor::default(),
        ))
    });
    assert!(result[0].is_none(), "safe");
    let forced = result[1].as_ref().unwrap();
    assert_eq!(crate::build::key_names(forced), ["K"]);
    assert_eq!(forced.declaration().properties[1].qualifiers.get("indexed"), None);
}

#[test]
fn g7_a_conflict_that_is_no_qualifier_stays() {
    let new = class("Base").key("K", CimType::String).property("Own", CimType::UInt64);
    let result = carried(base(), new, |b| b.property("Own", CimType::String));
    assert!(result.iter().all(Option::is_none));
    let terminal = carried(base(), base().is("terminal"), |b| b);
    assert!(terminal.iter().all(Option::is_none));
}

#[test]
fn g7_a_class_that_conflicts_is_named_with_its_status() {
    let subclass = class("Sub").under(&base().make()).property("X", CimType::UInt8).make();
    let new = base().property("X", CimType::String).make();
    assert_eq!(status(rederive(&subclass, new, UpdateMode::Compatible)), WBEM_E_CLASS_HAS_CHILDREN);
}
