//! Namespaces: how they are named, made and deleted (behaviour.md G.1, G.2, F.2a;
//! windows-in-practice.md "Paths and namespaces").

use cim::status::*;
use cim::{Namespace, Result};
use openwmi_suite::World;
use openwmi_suite::world::user;
use wbem::{Flags, Services};

fn names(world: &World, namespace: &str) -> Vec<String> {
    let services = world.connect(namespace).unwrap();
    let query = "SELECT Name FROM __NAMESPACE";
    let found = wbem::collect(|sink| {
        services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
    });
    openwmi_suite::world::sorted(&found.unwrap())
}

fn delete(world: &World, parent: &str, name: &str) -> Result<()> {
    let path = format!("__NAMESPACE.Name=\"{name}\"");
    world.connect(parent)?.delete_instance(&path, Flags::default(), world.administrator())
}

#[test]
fn wins_spellings_of_a_connection() {
    let world = World::new();
    for (text, expected) in [
        (r"root", Ok(r"root")),
        (r"ROOT/Test", Ok(r"root\test")),
        (r"//./ROOT", Ok(r"root")),
        (r"\\./ROOT", Ok(r"root")),
        (r"\\.\root\test", Ok(r"root\test")),
        (r"\\localhost\ROOT", Ok(r"root")),
        (r"\\127.0.0.1\root\default", Ok(r"root\default")),
        (r"\\host\root", Ok(r"root")),
        (r"", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"\", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"\\", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"\\.", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"\ROOT", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"ROOT\\Test", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"ROOT\Test\", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"\\\.\ROOT", Err(WBEM_E_INVALID_PARAMETER)),
        (r"root\nope", Err(WBEM_E_INVALID_NAMESPACE)),
        (r"test", Err(WBEM_E_INVALID_NAMESPACE)),
        // A name after two backslashes is a server's, and there is no other server yet.
        (r"\\ROOT", Err(WBEM_E_TRANSPORT_FAILURE)),
        (r"\\elsewhere\root", Err(WBEM_E_TRANSPORT_FAILURE)),
    ] {
        let connected = world.connect(text);
        let found = connected.as_ref().map(|s| s.namespace().as_str()).map_err(|e| e.status());
        let same = match (&found, &expected) {
            (Ok(found), Ok(expected)) => cim::name::eq(found, expected),
            (found, expected) => found == expected,
        };
        assert!(same, "{text}: {found:?}, not {expected:?}");
    }
}

#[test]
fn f2_open_namespace_is_relative() {
    let world = World::new();
    world.create_namespace(r"root\test\Inner");
    let context = world.administrator();
    let root = world.connect("root").unwrap();
    assert_eq!(root.open_namespace("test", context).unwrap().namespace().as_str(), r"root\test");
    let inner = root.open_namespace(r"test\inner", context).unwrap();
    assert_eq!(inner.namespace().as_str().to_lowercase(), r"root\test\inner");
    for none in ["nope", "", r"root\test", r"\\.\root", ".."] {
        let error = root.open_namespace(none, context).map(drop).unwrap_err();
        assert_eq!(error.status(), WBEM_E_INVALID_NAMESPACE, "{none}");
    }
    assert!(root.open_namespace("test", &user()).is_ok());
}

#[test]
fn g1_a_namespace_is_an_instance_in_its_parent() {
    let world = World::new();
    world.create_namespace(r"root\test\Child");
    assert_eq!(names(&world, r"root\test"), [r#"__NAMESPACE{Name="Child"}"#]);
    let root = names(&world, "root");
    assert_eq!(root, [r#"__NAMESPACE{Name="default"}"#, r#"__NAMESPACE{Name="test"}"#]);
    assert!(world.connect(r"ROOT\TEST\CHILD").is_ok());
}

#[test]
fn g1_names_of_namespaces() {
    let world = World::new();
    let root = world.connect("root").unwrap();
    let context = world.administrator();
    let class = root.get_object("__Namespace", Flags::default(), context).unwrap();
    let put = |name: &str, flags: Flags| {
        let mut instance = cim::Instance::new(class.class().clone());
        instance.put("Name", &name.into()).unwrap();
        root.put_instance(&instance, flags, context)
    };
    for wrong in ["", "1st", "_x", "a b", "a/b", r"a\b", "a-b", "a.b", "ä!"] {
        assert!(put(wrong, Flags::default()).is_err(), "\"{wrong}\" is no name of a namespace");
    }
    for right in ["a", "A1", "ms_409", "x_y_z9"] {
        assert!(put(right, Flags::CREATE_ONLY).is_ok(), "{right}");
        assert!(world.connect(&format!(r"root\{right}")).is_ok(), "{right}");
    }
    let error = put("MS_409", Flags::CREATE_ONLY).unwrap_err();
    assert_eq!(error.status(), WBEM_E_ALREADY_EXISTS);
    assert!(put("MS_409", Flags::default()).is_ok(), "a put again changes nothing");
}

#[test]
fn g1_deletion_takes_all_that_is_inside() {
    let world = World::new();
    world.create_namespace(r"root\test\Outer");
    world.create_namespace(r"root\test\Outer\Inner");
    let mof = r#"
        #pragma namespace("\\\\.\\root\\test\\Outer\\Inner")
        class Test_Inside { [key] string K; };
        instance of Test_Inside { K = "k"; };"#;
    world.compile(mof);
    let outer = world.connect(r"root\test\outer").unwrap();
    let inner = world.connect(r"root\test\outer\inner").unwrap();
    let context = world.administrator();
    let get = |services: &dyn Services, path: &str| {
        services.get_object(path, Flags::default(), context).map_err(|e| e.status())
    };
    assert!(get(&*inner, "Test_Inside.K=\"k\"").is_ok());

    delete(&world, r"root\test", "OUTER").unwrap();
    for gone in [r"root\test\Outer", r"root\test\Outer\Inner"] {
        let error = world.connect(gone).map(drop).unwrap_err();
        assert_eq!(error.status(), WBEM_E_INVALID_NAMESPACE, "{gone}");
    }
    // Connections to a deleted namespace fail, even if another one has its name now.
    for services in [&outer, &inner] {
        assert_eq!(get(&**services, "__SystemClass"), Err(WBEM_E_INVALID_NAMESPACE));
    }
    world.create_namespace(r"root\test\Outer");
    world.create_namespace(r"root\test\Outer\Inner");
    assert_eq!(get(&*inner, "__SystemClass"), Err(WBEM_E_INVALID_NAMESPACE));
    let again = world.connect(r"root\test\outer\inner").unwrap();
    assert_eq!(get(&*again, "Test_Inside"), Err(WBEM_E_NOT_FOUND));
    assert_eq!(delete(&world, r"root\test", "Absent").unwrap_err().status(), WBEM_E_NOT_FOUND);
}

#[test]
fn g1_no_query_spans_namespaces() {
    let world = World::new();
    world.create_namespace(r"root\test\Child");
    let mof = r#"
        class Test_Both { [key] string K; };
        instance of Test_Both { K = "here"; };
        #pragma namespace("\\\\.\\root\\test\\Child")
        class Test_Both { [key] string K; };
        instance of Test_Both { K = "there"; };"#;
    world.compile(mof);
    assert_eq!(world.query("SELECT * FROM Test_Both").unwrap(), [r#"Test_Both{K="here"}"#]);
}

#[test]
fn f2a_a_namespace_path_has_8173_characters() {
    let world = World::new();
    let path = |length: usize| format!(r"root\{}", "a".repeat(length - r"root\".len()));
    let status = |path: &str| world.connect(path).map(drop).unwrap_err().status();
    assert_eq!(status(&path(8174)), WBEM_E_QUOTA_VIOLATION);
    assert_eq!(status(&path(8173)), WBEM_E_INVALID_NAMESPACE);
}

#[test]
fn g1_every_namespace_has_the_system_classes() {
    let world = World::new();
    world.create_namespace(r"root\test\Child");
    let has = |namespace: &str, class: &str| {
        let services = world.connect(namespace).unwrap();
        services.get_object(class, Flags::default(), world.administrator()).is_ok()
    };
    for namespace in ["root", r"root\default", r"root\test", r"root\test\child"] {
        for class in ["__SystemClass", "__NAMESPACE", "__Win32Provider", "__EventFilter"] {
            assert!(has(namespace, class), "{class} in {namespace}");
        }
        // The classes that one namespace alone has.
        for class in ["__ObjectProviderCacheControl", "__ArbitratorConfiguration"] {
            assert_eq!(has(namespace, class), namespace == "root", "{class} in {namespace}");
        }
        let identified = namespace == "root" || namespace == r"root\default";
        assert_eq!(has(namespace, "__CIMOMIdentification"), identified, "{namespace}");
    }
}

/// No namespace is left without the instance that names it.
#[test]
fn g1_a_class_of_namespaces_takes_them_with_it() {
    let world = World::new();
    world.compile(
        "class Test_Namespace : __NAMESPACE { }; class Test_Lower : Test_Namespace { };
         instance of Test_Lower { Name = \"Sub\"; };",
    );
    world.create_namespace(r"root\test\Sub\Deeper");
    world
        .services()
        .delete_class("Test_Namespace", Flags::default(), world.administrator())
        .unwrap();
    for gone in [r"root\test\Sub", r"root\test\Sub\Deeper"] {
        assert_eq!(world.connect(gone).err().map(|e| e.status()), Some(WBEM_E_INVALID_NAMESPACE));
    }
    world.create_namespace(r"root\test\Sub");
    assert_eq!(world.manager().repository().verify().unwrap().problems, [""; 0]);
}

/// However deep a namespace lies, those around it are made without a stack that grows with it.
#[test]
fn f2a_a_namespace_is_made_in_many_that_are_missing() {
    let world = World::new();
    let deep = Namespace::new(&format!("root{}", r"\n".repeat(250))).unwrap();
    let make = || world.manager().ensure_namespace(&deep, world.administrator());
    std::thread::scope(|scope| {
        let small = std::thread::Builder::new().stack_size(192 << 10);
        let made = small.spawn_scoped(scope, make).expect("a thread").join();
        assert_eq!(made.expect("it ends"), Ok(()));
    });
    assert_eq!(*world.connect(deep.as_str()).unwrap().namespace(), deep);
}
