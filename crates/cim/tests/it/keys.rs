//! What can be a key, who may declare one, and what a key makes of an instance (G.4, G.6).

use cim::status::*;
use cim::{CimType, Instance, InstanceKey, ObjectPath, PropertyType, Qualifier, Value};

use crate::build::{class, key_names, mark, status};

#[test]
fn g17_some_types_cannot_be_keys() {
    use CimType::*;
    let refused: [PropertyType; 7] = [
        Real32.into(),
        Real64.into(),
        Object.into(),
        Char16.into(),
        PropertyType::object("A"),
        PropertyType::array(String),
        PropertyType::array(UInt32),
    ];
    for ty in refused {
        let built = class("C").key("K", ty.clone()).build();
        assert_eq!(status(built), WBEM_E_CANNOT_BE_KEY, "{ty}");
    }
    for ty in [String, Boolean, DateTime, Reference, SInt8, UInt8, UInt16, SInt64, UInt64] {
        assert!(class("C").key("K", ty).build().is_ok(), "{ty:?}");
    }
    // Inherited and made a key below, the rule is the same.
    let open = class("A").is("abstract").property("P", Real32).make();
    assert_eq!(status(class("B").under(&open).key("P", Real32).build()), WBEM_E_CANNOT_BE_KEY);
}

#[test]
fn g18_a_keyed_class_fixes_the_keys_below_it() {
    for parent in [class("A"), class("A").is("abstract")] {
        let parent = parent.key("K", CimType::String).property("P", CimType::String).make();
        let below = |name: &str| class("B").under(&parent).key(name, CimType::String).build();
        assert_eq!(status(below("New")), WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        assert_eq!(status(below("P")), WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        assert_eq!(key_names(&below("k").unwrap()), ["k"]);
        let no_key = Qualifier::new("key", false, Default::default());
        let freed = class("B").under(&parent).property("K", CimType::String).qualified(no_key);
        assert_eq!(status(freed.build()), WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        // Declared again without Key, a key stays one.
        let again = class("B").under(&parent).property("K", CimType::String).make();
        assert_eq!(key_names(&again), ["K"]);
    }
}

#[test]
fn g18_below_a_keyless_abstract_class_keys_may_begin() {
    let top = class("A").is("abstract").property("Name", CimType::String).make();
    let middle = class("B").is("abstract").under(&top).make();
    // A property of the class above may become the key, and so may a new one.
    let bottom =
        class("C").under(&middle).key("Name", CimType::String).key("Id", CimType::UInt32).make();
    assert_eq!(key_names(&bottom), ["Id", "Name"]);
    assert_eq!(bottom.key_root().unwrap(), &"C");
    let further = class("D").under(&bottom).make();
    assert_eq!(key_names(&further), ["Id", "Name"]);
    assert_eq!(further.key_root().unwrap(), &"C");
    assert_eq!(middle.key_root(), None);
    let more = class("D").under(&bottom).key("More", CimType::String).build();
    assert_eq!(status(more), WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE);
}

#[test]
fn g6_below_a_keyless_concrete_class_keys_may_begin() {
    let top = class("A").property("Name", CimType::String).make();
    let middle = class("B").under(&top).make();
    for key in ["K", "Name"] {
        let below = class("C").under(&middle).key(key, CimType::String).make();
        assert_eq!(key_names(&below), [key]);
        assert_eq!(below.key_root().unwrap(), &"C");
    }
}

#[test]
fn g6_a_compound_key_has_at_most_256_parts() {
    let keyed =
        |n: usize| (0..n).fold(class("C"), |c, i| c.key(&format!("K{i}"), CimType::UInt8)).build();
    assert!(keyed(256).is_ok());
    assert_eq!(status(keyed(257)), WBEM_E_CANNOT_BE_KEY);
}

#[test]
fn g7_singletons_have_no_keys_and_no_other_parent() {
    let singleton = |name: &str| class(name).is("singleton");
    assert_eq!(
        status(singleton("S").key("K", CimType::String).build()),
        WBEM_E_CANNOT_BE_SINGLETON
    );
    for parent in [class("A"), class("A").key("K", CimType::String)] {
        let parent = parent.make();
        assert_eq!(status(singleton("S").under(&parent).build()), WBEM_E_CANNOT_BE_SINGLETON);
    }
    let open = class("A").is("abstract").make();
    let top = singleton("S").under(&open).make();
    // The qualifier does not propagate by itself; being a singleton does.
    let below = class("T").under(&top).make();
    assert!(below.is_singleton());
    // Each has an instance of its own.
    assert_eq!((top.key_root().unwrap(), below.key_root().unwrap()), (&"S".into(), &"T".into()));
    let keyed = class("U").under(&below).key("K", CimType::String).build();
    assert_eq!(status(keyed), WBEM_E_CANNOT_BE_SINGLETON);
}

fn key_of(class: &std::sync::Arc<cim::Class>, path: &str) -> cim::Result<InstanceKey> {
    InstanceKey::from_path(class, &path.parse::<ObjectPath>()?.keys)
}

#[test]
fn g15_all_spellings_of_a_key_name_one_instance() {
    let c = class("C").key("StrVal", CimType::String).key("IntVal", CimType::UInt32).make();
    let mut instance = Instance::new(c.clone());
    instance.put("StrVal", &"AAA".into()).unwrap();
    instance.put("IntVal", &33.into()).unwrap();
    for path in [
        r#"C.StrVal="AAA",IntVal=33"#,
        r#"C.IntVal=33,StrVal="AAA""#,
        r#"c.INTVAL=33,strval='aaa'"#,
        r#"C.IntVal="33",StrVal="AAA""#,
        r#"C.IntVal=0x21,StrVal="AAA""#,
        r#"C.IntVal=+033,StrVal="AAA""#,
    ] {
        assert_eq!(key_of(&c, path).unwrap(), instance.key().unwrap(), "{path}");
    }
    for other in [r#"C.StrVal="AAB",IntVal=33"#, r#"C.StrVal="AAA",IntVal=34"#] {
        assert_ne!(key_of(&c, other).unwrap(), instance.key().unwrap(), "{other}");
    }
    for wrong in [
        r#"C="AAA""#,
        r#"C.StrVal="AAA""#,
        r#"C.StrVal="AAA",IntVal=33,X=1"#,
        r#"C.StrVal="AAA",Other=33"#,
        r#"C.StrVal="AAA",IntVal="0x21""#,
        r#"C.StrVal="AAA",IntVal=-1"#,
        r#"C.StrVal="AAA",IntVal=4294967296"#,
        "C=@",
        "C",
    ] {
        assert_eq!(status(key_of(&c, wrong)), WBEM_E_INVALID_OBJECT_PATH, "{wrong}");
    }
}

#[test]
fn g15_the_short_form_is_for_one_key() {
    let c = class("MyClass").key("Drive", CimType::String).make();
    let long = key_of(&c, r#"MyClass.Drive="e:""#).unwrap();
    assert_eq!(key_of(&c, r#"MyClass="e:""#).unwrap(), long);
    assert_eq!(key_of(&c, r#"MyClass="E:""#).unwrap(), long);
    // A string key compares with a number as well, as Win32_Process.Handle does.
    assert_eq!(key_of(&c, "MyClass=4").unwrap(), key_of(&c, r#"MyClass.Drive="4""#).unwrap());
    let s = class("S").is("singleton").make();
    assert_eq!(key_of(&s, "S=@").unwrap(), Instance::new(s.clone()).key().unwrap());
    assert_eq!(status(key_of(&s, r#"S="@""#)), WBEM_E_INVALID_OBJECT_PATH);
    let none = class("N").make();
    assert_eq!(status(key_of(&none, "N=1")), WBEM_E_INVALID_OBJECT_PATH);
}

#[test]
fn g4_a_64_bit_key_keeps_all_its_digits() {
    let c = class("C").key("K", CimType::UInt64).make();
    let mut instance = Instance::new(c.clone());
    instance.put("K", &u64::MAX.into()).unwrap();
    let path = instance.relative_path().unwrap().to_string();
    assert_eq!(path, r#"C.K="18446744073709551615""#);
    assert_eq!(key_of(&c, &path).unwrap(), instance.key().unwrap());
    assert_ne!(key_of(&c, r#"C.K="18446744073709551614""#).unwrap(), instance.key().unwrap());
    assert_eq!(status(key_of(&c, r#"C.K="18446744073709551616""#)), WBEM_E_INVALID_OBJECT_PATH);
    assert_eq!(
        status("C.K=18446744073709551616".parse::<ObjectPath>()),
        WBEM_E_INVALID_OBJECT_PATH
    );
}

#[test]
fn g4_boolean_and_datetime_keys() {
    let c = class("C").key("B", CimType::Boolean).key("D", CimType::DateTime).make();
    let mut instance = Instance::new(c.clone());
    instance.put("B", &true.into()).unwrap();
    instance.put("D", &"20240229000000.000000+060".into()).unwrap();
    let path = instance.relative_path().unwrap().to_string();
    assert_eq!(path, r#"C.B=TRUE,D="20240229000000.000000+060""#);
    for spelled in [path.as_str(), r#"C.D='20240229000000.000000+060',B=true"#] {
        assert_eq!(key_of(&c, spelled).unwrap(), instance.key().unwrap(), "{spelled}");
    }
    assert!(key_of(&c, r#"C.B=TRUE,D="yesterday""#).is_err());
}

#[test]
fn g4_a_reference_key_is_what_it_points_to() {
    let c = class("Assoc").key("Ref", PropertyType::reference("D")).make();
    let mut instance = Instance::new(c.clone());
    instance.put("Ref", &r#"D.A="x",B=1"#.into()).unwrap();
    let own = instance.key().unwrap();
    // The path embeds the reference as it was written.
    let path = instance.relative_path().unwrap().to_string();
    assert_eq!(path, r#"Assoc.Ref="D.A=\"x\",B=1""#);
    for spelled in [
        path.as_str(),
        r#"Assoc.Ref="d.b=1,a='X'""#,
        r#"Assoc.Ref="root\\test:D.A=\"x\",B=1""#,
        r#"Assoc.Ref="\\\\.\\root\\test:D.A=\"x\",B=1""#,
        r#"Assoc.Ref="//srv/ROOT/test:D.A=\"x\",B=1""#,
        r#"Assoc="D.A=\"x\",B=1""#,
    ] {
        assert_eq!(key_of(&c, spelled).unwrap(), own, "{spelled}");
    }
    for other in [
        r#"Assoc.Ref="D.A=\"y\",B=1""#,
        r#"Assoc.Ref="root\\other:D.A=\"x\",B=1""#,
        r#"Assoc.Ref="\\\\elsewhere\\root\\test:D.A=\"x\",B=1""#,
    ] {
        assert_ne!(key_of(&c, other).unwrap(), own, "{other}");
    }
}

#[test]
fn g6_an_instance_needs_a_key_with_a_value() {
    let none = Instance::new(class("N").make());
    assert_eq!(status(none.key()), WBEM_E_NO_KEY);
    assert_eq!(none.relative_path(), None);
    let keyed = class("C").key("K", CimType::String).key("R", CimType::Reference).make();
    let mut instance = Instance::new(keyed);
    assert_eq!(status(instance.key()), WBEM_E_ILLEGAL_NULL);
    assert_eq!(instance.relative_path(), None);
    instance.put("R", &"D=1".into()).unwrap();
    instance.put("K", &"a\tb".into()).unwrap();
    assert_eq!(status(instance.key()), WBEM_E_VALUE_OUT_OF_RANGE);
    instance.put("K", &"".into()).unwrap();
    assert!(instance.key().is_ok(), "the empty string is a value");
    instance.put("R", &"a\0b".into()).unwrap();
    assert_eq!(status(instance.key()), WBEM_E_VALUE_OUT_OF_RANGE);
}

#[test]
fn g4_no_two_lists_of_keys_run_into_each_other() {
    let c = class("C").key("A", CimType::String).key("B", CimType::String).make();
    let key = |a: &str, b: &str| {
        InstanceKey::from_values(&c, &[Value::string(a), Value::string(b)]).unwrap()
    };
    assert_ne!(key("ab", "c"), key("a", "bc"));
    assert_ne!(key("", "x"), key("x", ""));
}

#[test]
fn f2_an_instance_that_may_not_be_put_says_why() {
    let check = |c: crate::build::Builder| Instance::new(c.make()).check();
    let keyed = || class("C").key("K", CimType::UInt8).default(Value::UInt8(1));
    assert!(check(keyed()).is_ok());
    assert_eq!(status(check(keyed().is("abstract"))), WBEM_E_INVALID_OPERATION);
    let amendment = Qualifier::new("amendment", "ms_409", Default::default());
    assert_eq!(status(check(keyed().with(amendment))), WBEM_E_INVALID_OPERATION);
    for name in ["not_null", "Indexed"] {
        let with =
            |c: crate::build::Builder| c.property("P", CimType::String).qualified(mark(name));
        assert_eq!(status(check(with(keyed()))), WBEM_E_ILLEGAL_NULL, "{name}");
        assert!(check(with(keyed()).default("")).is_ok(), "{name}");
        // What was required above is required below, though the qualifier did not propagate.
        let below = class("D").under(&with(keyed()).make());
        assert_eq!(status(check(below)), WBEM_E_ILLEGAL_NULL, "{name}");
    }
    let long = |n: usize| class("C").key("K", CimType::String).default("x".repeat(n));
    assert!(check(long(8192 - r#"C.K="""#.len())).is_ok());
    assert_eq!(status(check(long(8193 - r#"C.K="""#.len()))), WBEM_E_QUOTA_VIOLATION);
}
