//! System properties, instances and projections (G.3, F.5, windows-in-practice.md "Objects").

use std::sync::Arc;

use cim::status::*;
use cim::{CimType, Class, Instance, Object, Projection, SystemProperty, Value};

use crate::build::{class, origin, property_names, status};

fn derived() -> Arc<Class> {
    let top = class("Top").is("abstract").make();
    let middle = class("Middle").under(&top).key("Name", CimType::String).make();
    class("Bottom").under(&middle).property("Size", CimType::UInt64).default(5u64).make()
}

fn system(object: &Object) -> Vec<Value> {
    SystemProperty::ALL.into_iter().map(|p| object.system(p)).collect()
}

#[test]
fn g3_system_properties_come_in_their_order() {
    let names = SystemProperty::ALL.map(SystemProperty::name);
    let order = "__GENUS __CLASS __SUPERCLASS __DYNASTY __RELPATH __PROPERTY_COUNT \
                 __DERIVATION __SERVER __NAMESPACE __PATH";
    assert_eq!(names.join(" "), order);
    for property in SystemProperty::ALL {
        assert_eq!(SystemProperty::from_name(&property.name().to_lowercase()), Some(property));
    }
    assert_eq!(SystemProperty::from_name("GENUS"), None);
    assert_eq!(SystemProperty::from_name("__X"), None);
}

#[test]
fn g3_system_properties_of_a_class_and_an_instance() {
    let bottom = derived();
    let derivation = Value::array(["Middle", "Top"].map(Value::string));
    let mut expected = [
        1.into(),
        "Bottom".into(),
        "Middle".into(),
        "Top".into(),
        "Bottom".into(),
        2.into(),
        derivation,
        "SRV".into(),
        r"root\test".into(),
        Value::from(r"\\SRV\root\test:Bottom"),
    ];
    assert_eq!(system(&bottom.clone().into()), expected);
    let mut instance = Instance::new(bottom);
    instance.put("name", &r#"a"\b"#.into()).unwrap();
    expected[0] = 2.into();
    expected[4] = r#"Bottom.Name="a\"\\b""#.into();
    expected[9] = r#"\\SRV\root\test:Bottom.Name="a\"\\b""#.into();
    assert_eq!(system(&instance.into()), expected);
}

#[test]
fn g3_system_properties_have_their_types_or_null() {
    let empty = Class::derive(Arc::default(), None, None).unwrap();
    for object in [Object::from(empty.clone()), derived().into(), Instance::new(derived()).into()] {
        for property in SystemProperty::ALL {
            assert!(object.system(property).has_type(&property.ty()), "{}", property.name());
        }
    }
    // The empty class on which a definition begins knows its genus and has no ancestors.
    let get = |name: &str| Object::from(empty.clone()).get(name).unwrap();
    for unknown in
        ["__CLASS", "__SUPERCLASS", "__DYNASTY", "__RELPATH", "__SERVER", "__NAMESPACE", "__PATH"]
    {
        assert_eq!(get(unknown), Value::Null, "{unknown}");
    }
    assert_eq!(get("__DERIVATION"), Value::array([]));
    assert_eq!((get("__GENUS"), get("__PROPERTY_COUNT")), (1.into(), 0.into()));
}

#[test]
fn g3_the_top_of_a_derivation_is_its_own_dynasty() {
    let top = Object::from(class("Top").make());
    assert_eq!(top.get("__dynasty").unwrap(), "Top".into());
    assert_eq!(top.get("__Superclass").unwrap(), Value::Null);
    assert_eq!(top.get("__Derivation").unwrap(), Value::array([]));
}

#[test]
fn g4_the_path_of_a_singleton_and_of_many_keys() {
    let relpath = |class: Arc<Class>, values: &[(&str, Value)]| {
        let mut instance = Instance::new(class);
        values.iter().for_each(|(name, value)| instance.put(name, value).unwrap());
        instance.system(SystemProperty::Relpath)
    };
    let singleton = class("S").is("singleton").make();
    assert_eq!(relpath(singleton, &[]), "S=@".into());
    let many = class("C").key("b", CimType::UInt32).key("A", CimType::String);
    let many = many.key("c", CimType::SInt8).make();
    let values = [("b", 7.into()), ("a", "x".into()), ("c", (-3).into())];
    assert_eq!(relpath(many.clone(), &values), r#"C.A="x",b=7,c=-3"#.into());
    assert_eq!(relpath(many, &values[..2]), Value::Null);
}

#[test]
fn f5_an_unknown_property_is_not_found_and_one_without_value_is_null() {
    let bottom = derived();
    let class = Object::from(bottom.clone());
    let mut instance = Instance::new(bottom);
    assert_eq!(class.get("SIZE").unwrap(), Value::UInt64(5));
    assert_eq!(class.get("Name").unwrap(), Value::Null);
    assert_eq!(status(class.get("Nothing")), WBEM_E_NOT_FOUND);
    assert_eq!(status(class.get("__Nothing")), WBEM_E_NOT_FOUND);
    assert_eq!(status(instance.put("Nothing", &Value::Null)), WBEM_E_NOT_FOUND);
    assert_eq!(status(instance.put("__CLASS", &"x".into())), WBEM_E_READ_ONLY);
    assert_eq!(status(instance.put("Size", &"many".into())), WBEM_E_TYPE_MISMATCH);
    assert_eq!(status(instance.put("Size", &(-1).into())), WBEM_E_TYPE_MISMATCH);
}

#[test]
fn f5_a_value_is_supplied_or_still_the_default() {
    let bottom = derived();
    let slot = bottom.slot("Size").unwrap();
    let mut instance = Instance::new(bottom.clone());
    assert!(!instance.is_supplied(slot));
    instance.put("Size", &5.into()).unwrap();
    assert!(instance.is_supplied(slot), "though equal to the default");
    assert_ne!(instance, Instance::new(bottom.clone()));
    instance.put("Size", &Value::Null).unwrap();
    assert_eq!((instance.value(slot), instance.is_supplied(slot)), (&Value::Null, true));
    instance.reset(slot);
    assert_eq!((instance.value(slot), instance.is_supplied(slot)), (&Value::UInt64(5), false));
    assert_eq!(instance, Instance::new(bottom));
}

#[test]
fn an_instance_of_many_properties_knows_what_was_supplied() {
    for count in [63, 64, 65, 128, 200] {
        let wide = (0..count).fold(class("W"), |c, i| c.property(&format!("P{i}"), CimType::UInt8));
        let wide = wide.make();
        let mut instance = Instance::new(wide.clone());
        assert!((0..count).all(|slot| !instance.is_supplied(slot)));
        (0..count).for_each(|slot| instance.set(slot, Value::UInt8(1)));
        assert!((0..count).all(|slot| instance.is_supplied(slot)));
        let whole = Instance::from_values(wide, vec![Value::UInt8(1); count].into());
        assert_eq!(instance, whole, "{count}");
        instance.reset(count - 1);
        assert_ne!(instance, whole, "{count}");
    }
}

#[test]
fn an_instance_is_moved_to_another_class_of_its_name() {
    let own = class("X").property("A", CimType::UInt8).property("B", CimType::String).make();
    let there = class("X").property("B", CimType::String).property("A", CimType::UInt64).make();
    let mut instance = Instance::new(own.clone());
    instance.put("A", &7.into()).unwrap();
    let moved = instance.clone().rebind(&there).unwrap();
    assert!(Arc::ptr_eq(moved.class(), &there));
    assert_eq!(moved.get("A"), Some(&Value::UInt64(7)));
    assert!(!moved.is_supplied(there.slot("B").unwrap()));
    assert!(Arc::ptr_eq(instance.clone().rebind(&own).unwrap().class(), &own));
    for other in [
        class("Y").property("A", CimType::UInt8).make(),
        class("X").make(),
        class("X").property("A", CimType::DateTime).make(),
    ] {
        assert_eq!(status(instance.clone().rebind(&other)), WBEM_E_INVALID_CLASS);
    }
}

#[test]
fn a_projection_has_what_was_selected() {
    let bottom = derived();
    let mut instance = Instance::new(bottom.clone());
    instance.put("Name", &"n".into()).unwrap();
    let select = |slots: &[usize], locatable| {
        let projection = Projection::new(&bottom, slots, locatable);
        Object::from(projection.apply(instance.clone()))
    };
    let size = select(&[1], false);
    assert_eq!(property_names(size.class()), ["Size"]);
    assert_eq!(size.get("__PROPERTY_COUNT").unwrap(), 1.into());
    assert_eq!(size.get("__GENUS").unwrap(), 2.into());
    assert_eq!(size.get("__CLASS").unwrap(), "Bottom".into());
    assert_eq!(size.get("__DERIVATION").unwrap(), Value::array([]));
    for absent in ["__SUPERCLASS", "__DYNASTY", "__RELPATH", "__SERVER", "__NAMESPACE", "__PATH"] {
        assert_eq!(size.get(absent).unwrap(), Value::Null, "{absent}");
    }
    // With all keys the relative path is there, with ENSURE_LOCATABLE keys and path are.
    let keyed = select(&[1, 0, 1], false);
    assert_eq!(property_names(keyed.class()), ["Size", "Name"]);
    assert_eq!(keyed.get("Name").unwrap(), "n".into());
    assert_eq!(keyed.get("__RELPATH").unwrap(), r#"Bottom.Name="n""#.into());
    assert_eq!(keyed.get("__PATH").unwrap(), Value::Null);
    let located = select(&[1], true);
    assert_eq!(property_names(located.class()), ["Size", "Name"]);
    assert_eq!(located.get("__PATH").unwrap(), r#"\\SRV\root\test:Bottom.Name="n""#.into());
}

#[test]
fn a_projection_of_a_singleton_keeps_its_path() {
    let top = class("S").is("singleton").property("P", CimType::String).make();
    let below = class("T").under(&top).make();
    let projection = Projection::new(&below, &[0], true);
    let object = Object::from(projection.apply(Instance::new(below)));
    assert_eq!(object.system(SystemProperty::Relpath), "T=@".into());
    assert_eq!(object.system(SystemProperty::Path), r"\\SRV\root\test:T=@".into());
    assert_eq!(projection.class().origin(), Some(&origin()));
}
