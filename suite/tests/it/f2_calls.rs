//! Calls of `wbem::Services` whose rules no script can tell: languages, objects without a name,
//! enumerations of everything, and how a result ends (behaviour.md F.2, F.3, F.5, mistake J3).

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, Object, SystemProperty, Value};
use openwmi_suite::World;
use wbem::{CallContext, Flags, Sink};

const MOF: &str = r#"
    class Test_A { [key] uint32 K; string S = "d"; };
    class Test_B : Test_A { };
    class Test_C : Test_B { };
    instance of Test_A { K = 1; };
    instance of Test_B { K = 2; };
    instance of Test_C { K = 3; };"#;

fn world() -> World {
    let world = World::new();
    world.compile(MOF);
    world
}

fn query(
    world: &World,
    language: &str,
    text: &str,
    flags: Flags,
) -> Result<Vec<String>, cim::WbemStatus> {
    world
        .collect(|services, context, sink| {
            services.exec_query(language, text, flags, context, sink)
        })
        .map_err(|e| e.status())
}

#[test]
fn f21_the_language_is_wql() {
    let world = world();
    let text = "SELECT K FROM Test_C";
    for language in ["WQL", "wql", "Wql"] {
        let found = query(&world, language, text, Flags::default());
        assert_eq!(found, Ok(vec!["Test_C{K=3}".to_owned()]), "{language}");
    }
    for language in ["SQL", "CQL", "WQL2", "DMTF:CQL"] {
        let found = query(&world, language, text, Flags::default());
        assert_eq!(found, Err(WBEM_E_INVALID_QUERY_TYPE), "{language}");
    }
    // Windows-in-practice.md: nothing asked is a parameter's fault.
    assert_eq!(query(&world, "WQL", "", Flags::default()), Err(WBEM_E_INVALID_PARAMETER));
}

#[test]
fn f1_a_class_is_made_of_the_empty_one() {
    let world = world();
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let empty = services.get_object("", flags, context).unwrap();
    assert!(empty.class().properties().is_empty());
    assert_eq!(empty.system(SystemProperty::Genus), Value::SInt32(1));
    let mut declaration = ClassDeclaration::clone(empty.class().declaration());
    let unnamed = services.put_class(&declaration, flags, context);
    assert_eq!(unnamed.unwrap_err().status(), WBEM_E_INCOMPLETE_CLASS);
    declaration.name = "MyClass".into();
    services.put_class(&declaration, flags, context).unwrap();
    assert_eq!(world.get("MyClass").unwrap(), "class MyClass");
    // F2: without a key it has no instances.
    let instance = world.instance("MyClass", &[]);
    let refused = services.put_instance(&instance, flags, context);
    assert_eq!(refused.unwrap_err().status(), WBEM_E_NO_KEY);
}

#[test]
fn f2_names_that_putclass_refuses() {
    let world = world();
    let services = world.services();
    let put = |name: &str| {
        let class = ClassDeclaration { name: name.into(), ..ClassDeclaration::default() };
        services.put_class(&class, Flags::default(), world.administrator()).map_err(|e| e.status())
    };
    for (name, expected) in [
        ("", WBEM_E_INCOMPLETE_CLASS),
        ("_A", WBEM_E_INVALID_OPERATION),
        ("__A", WBEM_E_INVALID_OPERATION),
        ("A_", WBEM_E_INVALID_OBJECT),
        ("A__", WBEM_E_INVALID_OBJECT),
        ("A b", WBEM_E_INVALID_OBJECT),
        ("A.b", WBEM_E_INVALID_OBJECT),
        ("1A", WBEM_E_INVALID_OBJECT),
    ] {
        assert_eq!(put(name), Err(expected), "\"{name}\"");
    }
    for name in ["A_B", "Win32_LogicalDisk", "A1", "Größe"] {
        assert_eq!(put(name), Ok(()), "{name}");
    }
}

#[test]
fn g18_a_key_cannot_be_given_up() {
    let world = world();
    let mof = world.object("Test_A").unwrap();
    let mut declaration = ClassDeclaration {
        name: "Test_D".into(),
        superclass: Some("Test_A".into()),
        properties: mof.class().declaration().properties.clone(),
        ..ClassDeclaration::default()
    };
    for property in &mut declaration.properties {
        if let Some(mut key) = property.qualifiers.remove("key") {
            key.value = Value::Boolean(false);
            property.qualifiers.set(key);
        }
    }
    let services = world.services();
    let refused = services.put_class(&declaration, Flags::default(), world.administrator());
    assert_eq!(refused.unwrap_err().status(), WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE);
}

#[test]
fn f2_an_instance_of_a_class_that_has_gone() {
    let world = world();
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let instance = world.instance("Test_C", &[("K", Value::UInt32(9))]);
    services.delete_class("Test_C", flags, context).unwrap();
    let refused = services.put_instance(&instance, flags, context);
    assert_eq!(refused.unwrap_err().status(), WBEM_E_INVALID_CLASS);
    // A class of no namespace is as unknown.
    let stranger = ClassDeclaration { name: "Test_Absent".into(), ..ClassDeclaration::default() };
    let stranger = Class::derive(Arc::new(stranger), None, None).unwrap();
    let refused = services.put_instance(&Instance::new(stranger), flags, context);
    assert_eq!(refused.unwrap_err().status(), WBEM_E_INVALID_CLASS);
}

/// A client may hold a class for long; what counts is what the class is when the put comes.
#[test]
fn f2_an_instance_of_a_class_that_has_changed() {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; string S = \"old\"; uint32 Gone; };");
    let before = world.instance("Test_A", &[("K", Value::UInt32(1))]);
    let with_gone =
        world.instance("Test_A", &[("K", Value::UInt32(2)), ("Gone", Value::UInt32(5))]);
    world.compile("class Test_A { uint32 New = 7; string S = \"new\"; [key] uint32 K; };");
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    services.put_instance(&before, flags, context).unwrap();
    let found = world.query("SELECT * FROM Test_A").unwrap();
    assert_eq!(found, ["Test_A{K=1, New=7, S=\"new\"}"]);
    assert!(services.put_instance(&with_gone, flags, context).is_err(), "Gone has gone");
}

#[test]
fn j3_without_a_superclass_all_classes_or_the_top_level_ones() {
    let world = world();
    let own = |superclass: Option<&str>, flags: Flags| {
        let found = world.collect(|s, c, sink| s.create_class_enum(superclass, flags, c, sink));
        let mut found = found.unwrap();
        found.retain(|class| class.starts_with("class Test_"));
        found
    };
    let all = ["class Test_A", "class Test_B : Test_A", "class Test_C : Test_B"];
    for no_superclass in [None, Some("")] {
        assert_eq!(own(no_superclass, Flags::DEEP), all);
        assert_eq!(own(no_superclass, Flags::SHALLOW), all[..1]);
    }
    assert_eq!(own(Some("Test_A"), Flags::DEEP), all[1..]);
    assert_eq!(own(Some("Test_A"), Flags::SHALLOW), all[1..2]);
}

#[test]
fn f3_a_client_that_has_enough_gets_no_more() {
    let world = World::new();
    let instances: String =
        (0..500).map(|i| format!("instance of Test_A {{ K = {i}; }};")).collect();
    world.compile(&format!("class Test_A {{ [key] uint32 K; }};\n{instances}"));
    let services = world.services();
    let mut batches = Vec::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let run = |sink: Sink| {
        let flags = Flags::default();
        services.exec_query("WQL", "SELECT * FROM Test_A", flags, world.administrator(), sink)
    };
    let status = wbem::for_each(run, move |batch| {
        sender.send(batch.len()).unwrap();
        ControlFlow::Break(())
    });
    batches.extend(receiver.try_iter());
    // A client that stops is no failure.
    assert_eq!(status, Ok(WBEM_S_NO_ERROR));
    assert_eq!(batches.len(), 1);
    assert!(batches[0] < 500, "{batches:?}");
}

#[test]
fn f3_a_result_is_a_snapshot() {
    let world = world();
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator().clone());
    let other = world.services();
    let run = |sink: Sink| services.create_instance_enum("Test_A", flags, &context, sink);
    let writer = context.clone();
    let counted = std::sync::Arc::new(std::sync::Mutex::new(0));
    let count = counted.clone();
    let status = wbem::for_each(run, move |batch| {
        *count.lock().unwrap() += batch.len();
        // Deleted while the set is delivered: what was there at the start is delivered.
        for k in 1..=3 {
            let _ = other.delete_instance(&format!("Test_A.K={k}"), flags, &writer);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(status, Ok(WBEM_S_NO_ERROR));
    assert_eq!(*counted.lock().unwrap(), 3);
    assert_eq!(world.query("SELECT * FROM Test_A").unwrap(), Vec::<String>::new());
}

#[test]
fn f2_an_error_of_the_call_leaves_the_sink_alone() {
    let world = world();
    let services = world.services();
    let used = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    struct Watched(std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>);
    impl wbem::ObjectSink for Watched {
        fn indicate(&mut self, _batch: Vec<Object>) -> ControlFlow<()> {
            self.0.lock().unwrap().push("indicate");
            ControlFlow::Continue(())
        }
        fn complete(self: Box<Self>, _completion: wbem::Completion) {
            self.0.lock().unwrap().push("complete");
        }
    }
    let (flags, context) = (Flags::default(), world.administrator());
    let sink = || Sink::new(Watched(used.clone()));
    for query in ["", "nonsense", "SELECT * FROM Test_Absent", "SELECT Nope FROM Test_A"] {
        assert!(services.exec_query("WQL", query, flags, context, sink()).is_err(), "{query}");
    }
    assert!(services.create_class_enum(Some("Nope"), flags, context, sink()).is_err());
    assert!(services.create_instance_enum("Nope", flags, context, sink()).is_err());
    assert_eq!(*used.lock().unwrap(), Vec::<&str>::new());
    services.exec_query("WQL", "SELECT * FROM Test_C", flags, context, sink()).unwrap();
    assert_eq!(*used.lock().unwrap(), ["indicate", "complete"]);
}

#[test]
fn f5_values_put_into_an_instance() {
    let world = world();
    let mut instance = world.instance("Test_A", &[]);
    let status = |r: cim::Result<()>| r.unwrap_err().status();
    assert_eq!(status(instance.put("Nope", &Value::UInt32(1))), WBEM_E_NOT_FOUND);
    assert_eq!(status(instance.put("K", &Value::string("x"))), WBEM_E_TYPE_MISMATCH);
    assert_eq!(status(instance.put("K", &Value::string("0x10"))), WBEM_E_TYPE_MISMATCH);
    assert_eq!(status(instance.put("__CLASS", &Value::string("x"))), WBEM_E_READ_ONLY);
    assert!(instance.put("k", &Value::string("16")).is_ok());
    assert_eq!(instance.get("K"), Some(&Value::UInt32(16)));
    // A property without a value is NULL, one that the class lacks is not found.
    let object = Object::Instance(instance);
    assert_eq!(object.get("Nope").unwrap_err().status(), WBEM_E_NOT_FOUND);
    assert_eq!(object.get("s"), Ok(Value::string("d")));
}

/// F37: a value counts as supplied though it equals the default, and stays so when stored.
#[test]
fn f37_supplied_values_stay_supplied() {
    let world = World::new();
    world.compile("class C { [key] uint32 K; uint32 A = 5; uint32 B; };");
    let mut instance = world.instance("C", &[("K", Value::UInt32(1)), ("A", Value::UInt32(5))]);
    let slot = |name: &str| instance.class().slot(name).unwrap();
    let (a, b) = (slot("A"), slot("B"));
    assert!(instance.is_supplied(a) && !instance.is_supplied(b));
    let services = world.services();
    services.put_instance(&instance, Flags::default(), world.administrator()).unwrap();
    let stored = world.object("C.K=1").unwrap();
    let stored = stored.as_instance().unwrap();
    assert!(stored.is_supplied(a), "A was supplied");
    assert!(!stored.is_supplied(b), "B was not");
    instance.reset(a);
    assert!(!instance.is_supplied(a));
    assert_eq!(instance.value(a), &Value::UInt32(5));
}

/// F.6: what is inherited is not given, and a qualifier is a text, a number, a boolean, or an array.
#[test]
fn f6_qualifiers_that_putclass_refuses() {
    let world = World::new();
    world.compile("[Description(\"d\") : ToSubClass] class Test_A { [key] uint32 K; };");
    world.compile("class Test_B : Test_A { };");
    let put = |qualifiers: cim::Qualifiers| {
        let class = ClassDeclaration { name: "Test_C".into(), qualifiers, ..Default::default() };
        let put = world.services().put_class(&class, Flags::default(), world.administrator());
        put.map_err(|e| e.status())
    };
    let inherited = world.object("Test_B").unwrap().class().qualifiers().clone();
    assert_eq!(put(inherited), Err(WBEM_E_INVALID_FLAVOR));
    let one = |value: Value| [cim::Qualifier::new("Q", value, Default::default())].into_iter();
    let object = Value::Object(Arc::new(world.object("Test_A").unwrap()));
    let mixed = Value::array([Value::SInt32(1), Value::string("x")]);
    for value in [object.clone(), Value::array([object]), mixed] {
        assert_eq!(put(one(value).collect()), Err(WBEM_E_INVALID_QUALIFIER_TYPE));
    }
    assert_eq!(put(one(Value::array([Value::SInt32(1)])).collect()), Ok(()));
}

/// F.2: what a put does not give is the default again; what a query left out was never given.
#[test]
fn f2_what_a_query_left_out_is_not_lost_by_a_put() {
    let world = World::new();
    world.compile(
        r#"class Test_A { [key] uint32 K; string S; string T; };
           instance of Test_A { K = 1; S = "s"; T = "t"; };"#,
    );
    let put = |query: &str, context: &CallContext| {
        let found = world.objects(query, Flags::default()).unwrap();
        let mut instance = found[0].as_instance().expect("an instance").clone();
        instance.put("S", &"new".into()).unwrap();
        let put = world.services().put_instance(&instance, Flags::UPDATE_ONLY, context);
        put.map(|_| world.query("SELECT * FROM Test_A").unwrap()).map_err(|e| e.status())
    };
    let whole = world.administrator();
    assert_eq!(put("SELECT K, S FROM Test_A", whole), Err(WBEM_E_INVALID_OBJECT));
    assert_eq!(world.query("SELECT T FROM Test_A").unwrap(), [r#"Test_A{T="t"}"#]);
    let new = [r#"Test_A{K=1, S="new", T="t"}"#].map(str::to_owned).to_vec();
    assert_eq!(put("SELECT T, S, K FROM Test_A", whole), Ok(new.clone()));
    assert_eq!(put("SELECT * FROM Test_A", whole), Ok(new.clone()));
    let mut partial = whole.clone();
    for name in ["__PUT_EXTENSIONS", "__PUT_EXT_CLIENT_REQUEST"] {
        partial.set(name, Value::Boolean(true));
    }
    partial.set("__PUT_EXT_PROPERTIES", Value::array([Value::string("S")]));
    assert_eq!(put("SELECT K, S FROM Test_A", &partial), Ok(new));
}

/// G19: to an instance pass the qualifiers with the flavor for it.
#[test]
fn g19_qualifiers_of_instances() {
    let world = World::new();
    world.compile(
        r#"[Description("i") : ToInstance, DisplayName("l"), Locale(1033) : ToSubClass] class Test_A
           { [key] uint32 K; [Units("i") : ToInstance, Description("l")] uint32 P; };
           class Test_B : Test_A { };
           instance of Test_B { K = 1; };"#,
    );
    let object = world.object("Test_B.K=1").unwrap();
    let class = object.class();
    let to_instance = cim::Flavor::TO_INSTANCE;
    let passed = |q: &cim::Qualifiers| -> Vec<String> {
        q.propagated(to_instance).iter().map(|q| q.name.to_string()).collect()
    };
    // Of the superclass's only what passes to subclasses can pass to their instances.
    assert_eq!(passed(class.qualifiers()), Vec::<String>::new());
    assert_eq!(passed(&class.property("P").unwrap().qualifiers), Vec::<String>::new());
    assert_eq!(passed(&class.property("K").unwrap().qualifiers), ["key"]);
    let above = class.superclass().unwrap();
    assert_eq!(passed(above.qualifiers()), ["Description"]);
    assert_eq!(passed(&above.property("P").unwrap().qualifiers), ["Units"]);
}

/// B12: a GUID has the documented form, and two have two.
#[test]
fn b12_guids_are_guids() {
    let world = World::new();
    world.compile("class Test_A { [key] string K; };");
    let services = world.services();
    let put = || {
        let instance = world.instance("Test_A", &[]);
        services.put_instance(&instance, Flags::default(), world.administrator()).unwrap()
    };
    let (first, second) = (put().to_string(), put().to_string());
    assert_ne!(first, second);
    for path in [first, second] {
        assert!(world.get(&path).is_ok(), "{path}");
    }
}

/// Behaviour.md G.13: what is stored survives a restart.
#[test]
fn f2_what_is_put_outlives_the_object_manager() {
    let world = world();
    let before = world.query("SELECT * FROM Test_A").unwrap();
    let world = world.reopen(wbem::NativeProviders::default());
    assert_eq!(world.query("SELECT * FROM Test_A").unwrap(), before);
    assert_eq!(world.get("Test_C").unwrap(), "class Test_C : Test_B");
}

/// Behaviour.md E.4: a reference with MSFT_TargetNamespace is followed into that namespace, one
/// without it gives nothing where a class of the other namespace is asked for (mistake J16).
#[test]
fn e4_references_into_other_namespaces() {
    let world = World::new();
    world.compile(
        r#"class Test_Here { [key] string K; };
           instance of Test_Here { K = "here"; };
           [association] class Test_With
           {
             [key] Test_Here ref A;
             [key, MSFT_TargetNamespace("root\\default")] Test_There ref B;
           };
           [association] class Test_Without { [key] Test_Here ref A; [key] Test_There ref B; };
           instance of Test_With { A = "Test_Here='here'"; B = "Test_There='there'"; };
           instance of Test_Without
           { A = "Test_Here='here'"; B = "\\\\.\\root\\default:Test_There='there'"; };
           #pragma namespace("\\\\.\\root\\default")
           class Test_There { [key] string K; };
           instance of Test_There { K = "there"; };"#,
    );
    let of = |condition: &str| {
        world.query(&format!("ASSOCIATORS OF {{Test_Here='here'}} WHERE {condition}")).unwrap()
    };
    let there = [r#"Test_There{K="there"}"#];
    assert_eq!(of("AssocClass = Test_With"), there);
    assert_eq!(of("AssocClass = Test_With ResultClass = Test_There"), there);
    let nothing = of("AssocClass = Test_Without ResultClass = Test_There");
    assert_eq!(nothing, Vec::<String>::new());
}

/// Behaviour.md E.2: an object whose key is a reference is the same in every spelling of that.
#[test]
fn e2_a_source_whose_key_is_a_reference_in_another_spelling() {
    let world = World::new();
    world.compile(
        r#"class Test_Disk { [key] string Name; };
           class Test_Note { [key] Test_Disk ref Of; };
           class Test_End { [key] uint32 K; };
           [association] class Test_Link { [key] Test_Note ref A; [key] Test_End ref B; };
           instance of Test_Disk { Name = "a"; };
           instance of Test_Note { Of = "Test_Disk.Name=\"a\""; };
           instance of Test_End { K = 1; };
           instance of Test_Link
           {
             A = "Test_Note.Of=\"Test_Disk='a'\"";
             B = "Test_End=1";
           };"#,
    );
    let source = r#"Test_Note.Of="Test_Disk.Name=\"a\"""#;
    let found = world.query("ASSOCIATORS OF {Test_End=1}").unwrap();
    assert_eq!(found.len(), 1, "from the other end: {found:?}");
    let found = world.query(&format!("ASSOCIATORS OF {{{source}}}")).unwrap();
    openwmi_suite::gaps::check("e2_a_source_whose_key_is_a_reference_in_another_spelling", || {
        assert_eq!(found, ["Test_End{K=1}"]);
    });
}

/// Behaviour.md G.7: a reference or an embedded object is overridden by a narrower one only.
#[test]
fn g7_references_and_objects_are_only_narrowed() {
    let world = world();
    world.compile("class Test_Base { [key] uint32 K; Test_B ref R; Test_B O; object ref W; };");
    let failure = |class: &str, properties: &str| {
        let mof = format!("class {class} : Test_Base {{ {properties} }};");
        world.try_compile(&mof, Flags::default()).storage.first().map(|d| d.status)
    };
    for (class, narrower) in [
        ("Test_1", "Test_C ref R; Test_C O; Test_A ref W;"),
        ("Test_2", "Test_B ref R; TEST_B O;"),
        ("Test_3", "Test_ComesLater ref R;"),
        ("Test_4", r#"[MSFT_TargetNamespace("root\\default")] Test_A ref R;"#),
    ] {
        assert_eq!(failure(class, narrower), None, "{narrower}");
    }
    for wider in ["Test_A ref R;", "Test_A O;", "object ref R;", "object O;", "Test_5 ref R;"] {
        assert_eq!(failure("Test_5", wider), Some(WBEM_E_UPDATE_TYPE_MISMATCH), "{wider}");
    }
    // A superclass is not narrowed past what stands below it.
    world.compile("class Test_Below : Test_Base { Test_C ref R; };");
    let narrowed = "class Test_Base { [key] uint32 K; Test_Other ref R; Test_B O; object ref W; };";
    world.compile("class Test_Other : Test_B { };");
    let report = world.try_compile(narrowed, Flags::UPDATE_SAFE_MODE);
    assert_eq!(report.storage.first().map(|d| d.status), Some(WBEM_E_CLASS_HAS_CHILDREN));
}

/// Behaviour.md G.9: an alias belongs to its file.
#[test]
fn g9_aliases_have_the_scope_of_a_file() {
    let world = World::new();
    let mof = "instance of Test_A as $A { K = 1; }; instance of Test_A { K = 10; Next = $A; };";
    world.compile("class Test_A { [key] uint32 K; Test_A ref Next; };");
    for k in ["1", "2"] {
        world.compile(&mof.replace('1', k));
    }
    let report = world.try_compile("instance of Test_A { K = 3; Next = $A; };", Flags::default());
    assert_eq!(report.syntax.len(), 1, "$A of another file: {report:?}");
    let found = world.query("SELECT Next FROM Test_A WHERE Next IS NOT NULL").unwrap();
    let next = |k: u8| format!("Test_A{{Next=ref \"Test_A.K={k}\"}}");
    assert_eq!(found, [next(1), next(2)]);
}
