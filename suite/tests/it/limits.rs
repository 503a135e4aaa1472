//! The documented limits (behaviour.md F.2a, G.6, G.7).

use cim::status::*;
use cim::{CimType, ClassDeclaration, Flavor, PropertyDeclaration, Qualifier, Qualifiers, Value};
use openwmi_suite::World;
use openwmi_suite::world::symbol;
use wbem::Flags;

fn property(name: String, ty: CimType, is_key: bool) -> PropertyDeclaration {
    let mut qualifiers = Qualifiers::default();
    if is_key {
        qualifiers.set(Qualifier::new("key", true, Flavor::default()));
    }
    PropertyDeclaration { name: name.into(), ty: ty.into(), default: None, qualifiers }
}

/// A class with a key and properties up to `count` of them.
fn wide(name: &str, superclass: Option<&str>, count: usize) -> ClassDeclaration {
    let prefix = name.trim_start_matches("Test_");
    let own = |i: usize| property(format!("{prefix}{i}"), CimType::UInt32, false);
    let mut properties: Vec<_> = (1..count).map(own).collect();
    properties.push(property(format!("{prefix}K"), CimType::String, superclass.is_none()));
    ClassDeclaration {
        name: name.into(),
        superclass: superclass.map(Into::into),
        properties,
        ..ClassDeclaration::default()
    }
}

fn put(world: &World, class: &ClassDeclaration) -> Result<(), &'static str> {
    let services = world.services();
    services.put_class(class, Flags::default(), world.administrator()).map_err(|e| symbol(&e))
}

#[test]
fn g34_the_1025th_property() {
    let world = World::new();
    let refused = Err("WBEM_E_TOO_MANY_PROPERTIES");
    assert_eq!(put(&world, &wide("Test_A", None, 1025)), refused);
    assert_eq!(put(&world, &wide("Test_A", None, 1024)), Ok(()));
    let class = world.object("Test_A").unwrap();
    assert_eq!(class.class().properties().len(), 1024);
    // Inherited ones count.
    assert_eq!(put(&world, &wide("Test_B", Some("Test_A"), 1)), refused);
    assert_eq!(put(&world, &wide("Test_C", None, 1000)), Ok(()));
    assert_eq!(put(&world, &wide("Test_D", Some("Test_C"), 24)), Ok(()));
    assert_eq!(put(&world, &wide("Test_E", Some("Test_D"), 1)), refused);
}

#[test]
fn g34_also_where_a_superclass_grows() {
    let world = World::new();
    assert_eq!(put(&world, &wide("Test_A", None, 1000)), Ok(()));
    assert_eq!(put(&world, &wide("Test_B", Some("Test_A"), 24)), Ok(()));
    let grown = wide("Test_A", None, 1001);
    let services = world.services();
    let flags = Flags::UPDATE_SAFE_MODE;
    let error = services.put_class(&grown, flags, world.administrator()).unwrap_err();
    assert_eq!(error.status(), WBEM_E_CLASS_HAS_CHILDREN);
}

#[test]
fn g34_the_compiler_fails_alike() {
    let world = World::new();
    let properties: String = (0..1024).map(|i| format!("uint32 P{i}; ")).collect();
    let mof = format!("class Test_A {{ [key] string K; {properties} }};");
    let report = world.try_compile(&mof, Flags::default());
    let error = report.first_error().unwrap();
    assert_eq!(error.status, WBEM_E_TOO_MANY_PROPERTIES);
}

#[test]
fn g6_at_most_256_keys() {
    let world = World::new();
    let keyed = |count: usize| ClassDeclaration {
        name: "Test_Keys".into(),
        properties: (0..count).map(|i| property(format!("K{i}"), CimType::UInt8, true)).collect(),
        ..ClassDeclaration::default()
    };
    assert!(put(&world, &keyed(257)).is_err());
    assert_eq!(put(&world, &keyed(256)), Ok(()));
    let values: Vec<(String, Value)> =
        (0..256).map(|i| (format!("K{i}"), Value::UInt8(i as u8))).collect();
    let values: Vec<(&str, Value)> = values.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
    let instance = world.instance("Test_Keys", &values);
    let services = world.services();
    let path = services.put_instance(&instance, Flags::default(), world.administrator()).unwrap();
    assert!(world.get(&path.to_string()).is_ok());
}

#[test]
fn f2a_the_name_of_a_class_has_4096_characters() {
    let world = World::new();
    let (fits, long) = ("A".repeat(4096), "A".repeat(4097));
    let mut class = wide("Test_A", None, 1);
    class.name = long.as_str().into();
    assert_eq!(put(&world, &class), Err("WBEM_E_QUOTA_VIOLATION"));
    class.name = fits.as_str().into();
    assert_eq!(put(&world, &class), Ok(()));
    assert!(world.get(&fits).is_ok());
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let deleted = services.delete_class(&long, flags, context);
    assert_eq!(deleted.unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
    for (name, expected) in [(&long, WBEM_E_QUOTA_VIOLATION), (&fits, WBEM_S_NO_ERROR)] {
        let status = |result: cim::Result<Vec<String>>| match result {
            Ok(_) => WBEM_S_NO_ERROR,
            Err(e) => e.status(),
        };
        let below = world.collect(|s, c, sink| s.create_class_enum(Some(name), flags, c, sink));
        assert_eq!(status(below), expected);
        let of = world.collect(|s, c, sink| s.create_instance_enum(name, flags, c, sink));
        assert_eq!(status(of), expected);
    }
}

#[test]
fn f2a_a_path_has_8192_characters() {
    let world = World::new();
    world.compile("class Test_A { [key] string K; };");
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let around = r#"Test_A.K="""#.len();
    let put = |length: usize| {
        let key = Value::string("k".repeat(length - around));
        services.put_instance(&world.instance("Test_A", &[("K", key)]), flags, context)
    };
    assert_eq!(put(8193).unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
    let path = put(8192).unwrap().to_string();
    assert_eq!(path.chars().count(), 8192);
    assert!(services.get_object(&path, flags, context).is_ok());
    let long = format!("{path}x");
    let error = services.get_object(&long, flags, context).unwrap_err();
    assert_eq!(error.status(), WBEM_E_QUOTA_VIOLATION);
    let error = services.delete_instance(&long, flags, context).unwrap_err();
    assert_eq!(error.status(), WBEM_E_QUOTA_VIOLATION);
}

#[test]
fn f21_a_query_has_16384_characters() {
    let world = World::new();
    world.compile("class Test_A { [key] string K; };");
    let query = |length: usize| {
        let text = r#"SELECT * FROM Test_A WHERE K = """#;
        let filler = "x".repeat(length - text.len());
        text.replace("\"\"", &format!("\"{filler}\""))
    };
    assert_eq!(world.query(&query(16384)).unwrap(), Vec::<String>::new());
    let error = world.query(&query(16385)).unwrap_err();
    assert_eq!(error.status(), WBEM_E_QUOTA_VIOLATION);
}

/// A query of documented length is answered or refused, however it is built.
#[test]
fn f2_complex_queries_are_refused_and_break_nothing() {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; };\ninstance of Test_A { K = 1; };");
    let nested = |deep: usize| {
        format!("SELECT * FROM Test_A WHERE {}K=1{}", "(".repeat(deep), ")".repeat(deep))
    };
    assert_eq!(world.query(&nested(8000)).unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
    assert_eq!(world.query(&nested(50)).unwrap(), ["Test_A{K=1}"]);
    let terms: Vec<String> = (0..1300).map(|i| format!("K = {i}")).collect();
    let long = format!("SELECT * FROM Test_A WHERE {}", terms.join(" OR "));
    assert_eq!(world.query(&long).unwrap(), ["Test_A{K=1}"]);
    let nots = format!("SELECT * FROM Test_A WHERE {} K = 1", "NOT ".repeat(4000));
    assert_eq!(world.query(&nots).unwrap(), ["Test_A{K=1}"]);
}

/// The issue's words: deep nesting and cyclic derivation get an error, not a crash.
#[test]
fn g7_derivation_ends_somewhere() {
    let world = World::new();
    let mut mof = String::from("class Test_0 { [key] uint32 K; };\n");
    for i in 1..2000 {
        mof.push_str(&format!("class Test_{i} : Test_{} {{ }};\n", i - 1));
    }
    let report = world.try_compile(&mof, Flags::default());
    let error = report.storage.into_iter().next().expect("a limit");
    assert_eq!(error.status, WBEM_E_INVALID_SUPERCLASS);
    let deepest = error.line - 2;
    assert!(deepest >= 100, "{deepest} generations are few");
    let object = world.object(&format!("Test_{deepest}")).unwrap();
    let derivation = object.system(cim::SystemProperty::Derivation);
    assert_eq!(derivation.as_array().map(<[Value]>::len), Some(deepest));
    let below =
        world.collect(|s, c, sink| s.create_class_enum(Some("Test_0"), Flags::default(), c, sink));
    assert_eq!(below.unwrap().len(), deepest);
    let services = world.services();
    services.delete_class("Test_0", Flags::default(), world.administrator()).unwrap();
    assert!(world.get(&format!("Test_{deepest}")).is_err());
}

#[test]
fn g9_embedded_instances_nest_only_so_deep() {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; object O; };");
    let nested = |deep: usize| {
        let open = "instance of Test_A { K = 1; O = ".repeat(deep);
        format!("{open}NULL{};", "; }".repeat(deep))
    };
    assert_eq!(world.try_compile(&nested(10), Flags::default()).storage, []);
    let report = world.try_compile(&nested(20_000), Flags::default());
    assert!(!report.syntax.is_empty(), "{report:?}");
}

/// An object may have a path half as long as a query: it has associations like any other.
#[test]
fn f2a_associations_of_an_object_with_a_long_path() {
    let world = World::new();
    world.compile(
        "class Test_A { [key] string K; }; class Test_B : Test_A { }; class Test_C : Test_B { };
         [association] class Test_L { [key] Test_A ref A; [key] Test_A ref B; };
         instance of Test_C { K = \"end\"; };",
    );
    let long = "k".repeat(8000);
    world.compile(&format!(
        r#"instance of Test_C {{ K = "{long}"; }};
           instance of Test_L {{ A = "Test_B='{long}'"; B = "Test_C='end'"; }};
           instance of Test_L {{ A = "Test_C='end'"; B = "Test_C='end'"; }};"#
    ));
    let found = world.query(&format!("ASSOCIATORS OF {{Test_C='{long}'}}")).unwrap();
    assert_eq!(found, [r#"Test_C{K="end"}"#]);
    let found = world.query(&format!("REFERENCES OF {{Test_C='{long}'}}")).unwrap();
    assert_eq!(found.len(), 1);
}

/// Behaviour.md F.2 (ExecQuery): what is too complex is how deep parentheses nest; the number of
/// terms is bounded by the length of the text.
#[test]
fn f2_conditions_nest_128_deep() {
    let world = World::new();
    world.compile("class Test_A { [key] uint32 K; };\ninstance of Test_A { K = 1; };");
    let nested = |deep: usize| {
        format!("SELECT * FROM Test_A WHERE {}K=1{}", "(".repeat(deep), ")".repeat(deep))
    };
    assert_eq!(world.query(&nested(128)).unwrap(), ["Test_A{K=1}"]);
    assert_eq!(world.query(&nested(129)).unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
}

/// The same of embedded objects: what is named in them nests by the query, whatever there is.
#[test]
fn f2_properties_lie_in_128_embedded_objects() {
    let world = World::new();
    world.compile(
        "class Test_In { uint32 N; Test_In I; }; class Test_A { [key] uint32 K; Test_In I; };
         instance of Test_A { K = 1; I = instance of Test_In { N = 2; }; };",
    );
    let listed = |deep: usize| format!("SELECT I{}, I.N FROM Test_A", ".I".repeat(deep));
    let asked = |deep: usize| format!("SELECT * FROM Test_A WHERE I{} = 1", ".I".repeat(deep));
    assert_eq!(world.query(&listed(128)).unwrap(), ["Test_A{I=Test_In{I=NULL, N=2}}"]);
    assert_eq!(world.query(&asked(128)).unwrap(), [""; 0]);
    for deep in [129, 8000] {
        for query in [listed(deep), asked(deep)] {
            assert_eq!(world.query(&query).unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
        }
    }
}

/// Behaviour.md F.2a: simultaneous connections to one namespace.
#[test]
fn f2a_a_namespace_takes_4096_connections() {
    let world = World::new();
    let connect = || world.connect(openwmi_suite::world::NAMESPACE);
    let mut open: Vec<_> = (0..4096).map(|_| connect().unwrap()).collect();
    let refused = || connect().map(drop).map_err(|e| symbol(&e));
    assert_eq!(refused(), Err("WBEM_E_QUOTA_VIOLATION"));
    let root = world.connect("root").unwrap();
    let opened = root.open_namespace("test", world.administrator()).map(drop);
    assert_eq!(opened.unwrap_err().status(), WBEM_E_QUOTA_VIOLATION);
    // Those that are there work on, and one that goes makes room for one.
    let (flags, context) = (Flags::default(), world.administrator());
    assert!(open[0].get_object("__SystemClass", flags, context).is_ok());
    open.pop();
    open.push(connect().unwrap());
    assert_eq!(refused(), Err("WBEM_E_QUOTA_VIOLATION"));
    open.clear();
    assert_eq!(refused(), Ok(()));
}

/// Behaviour.md F.2a: a path is as long at every operation that takes one, and a class name within
/// it or after FROM is as long as any.
#[test]
fn f2a_lengths_hold_at_every_operation() {
    let world = World::new();
    world.compile("class Test_A { [key] string K; [static] void M(); };");
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let status = |result: cim::Result<()>| result.map_or_else(|e| symbol(&e), |()| "");
    let path =
        |length: usize| format!("Test_A.K=\"{}\"", "k".repeat(length - r#"Test_A.K="""#.len()));
    let call = |length: usize| {
        status(services.exec_method(&path(length), "M", flags, context, None).map(drop))
    };
    assert_eq!(call(8193), "WBEM_E_QUOTA_VIOLATION");
    assert_eq!(call(8192), "WBEM_E_METHOD_NOT_IMPLEMENTED");
    let of = |length: usize| {
        let query = format!("ASSOCIATORS OF {{{}}}", path(length));
        world.query(&query).map_or_else(|e| symbol(&e), |_| "")
    };
    assert_eq!(of(8193), "WBEM_E_QUOTA_VIOLATION");
    assert_eq!(of(8192), "WBEM_E_NOT_FOUND");
    let name = |length: usize| "A".repeat(length);
    let get = |length: usize| status(services.get_object(&name(length), flags, context).map(drop));
    assert_eq!((get(4096), get(4097)), ("WBEM_E_NOT_FOUND", "WBEM_E_QUOTA_VIOLATION"));
    let from = |length: usize| {
        let query = format!("SELECT * FROM {}", name(length));
        world.query(&query).map_or_else(|e| symbol(&e), |_| "")
    };
    assert_eq!((from(4096), from(4097)), ("WBEM_E_INVALID_CLASS", "WBEM_E_QUOTA_VIOLATION"));
    let below = |length: usize| {
        let mut class = wide("Test_B", None, 1);
        class.superclass = Some(name(length).as_str().into());
        status(services.put_class(&class, flags, context))
    };
    assert_eq!((below(4096), below(4097)), ("WBEM_E_NOT_FOUND", "WBEM_E_QUOTA_VIOLATION"));
    let within = |length: usize| {
        let relative = name(length - r"root\test\".len());
        status(services.open_namespace(&relative, context).map(drop))
    };
    let expected = ("WBEM_E_INVALID_NAMESPACE", "WBEM_E_QUOTA_VIOLATION");
    assert_eq!((within(8173), within(8174)), expected);
}
