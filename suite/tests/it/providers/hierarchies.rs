//! Several classes in one question: stored and provided, above and below each other, associations.

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::{Log, TestProvider};
use wbem::{Flags, NativeProviders, Pushdown};

use super::*;

#[test]
fn b3_each_class_of_a_hierarchy_has_its_own_source() {
    let (world, log) = world(three());
    world.compile(FAMILY);
    let (found, asked) = ask(&world, &log, "SELECT * FROM Test_Base WHERE V > 1");
    let expected = [
        r#"Test_Provided{K="b", S="y", V=5}"#,
        r#"Test_Provided{K="c", S="x", V=9}"#,
        r#"Test_Stored{K="stored", V=7}"#,
    ];
    assert_eq!(found, expected);
    assert_eq!(asked, ["enumerate Test_Provided wanted all"]);
    let shallow =
        |flags| world.collect(|s, c, sink| s.create_instance_enum("Test_Base", flags, c, sink));
    assert_eq!(shallow(Flags::SHALLOW).unwrap(), [r#"Test_Base{K="base", V=1}"#]);
    assert_eq!(log.take(), Vec::<String>::new(), "shallow asks nobody below");
    assert_eq!(shallow(Flags::DEEP).unwrap().len(), 5);
}

#[test]
fn b4_direct_read_asks_the_named_class_alone() {
    let (world, log) = world(three());
    world.compile(FAMILY);
    log.take();
    let found = world.query_with("SELECT K FROM Test_Base", Flags::DIRECT_READ).unwrap();
    assert_eq!(found, [r#"Test_Base{K="base"}"#]);
    assert_eq!(log.take(), Vec::<String>::new());
}

#[test]
fn a_path_of_the_superclass_finds_a_provided_instance() {
    let (world, _) = world(three());
    world.compile(FAMILY);
    assert_eq!(world.get(r#"Test_Base.K="b""#).unwrap(), r#"Test_Provided{K="b", S="y", V=5}"#);
    assert_eq!(world.get(r#"Test_Base.K="stored""#).unwrap(), r#"Test_Stored{K="stored", V=7}"#);
    assert_eq!(status(world.get(r#"Test_Base.K="nobody""#)), WBEM_E_NOT_FOUND);
}

/// Behaviour.md E.2: a dynamic association is asked for the source and no further object.
#[test]
fn e2_a_provided_association_is_asked_by_its_reference() {
    let reference = |k: &str| Value::Reference(format!("Test_A.K=\"{k}\"").into());
    let link = |a: &str, b: &str| vec![("A", reference(a)), ("B", reference(b))];
    let links = vec![link("x", "y"), link("y", "x"), link("y", "z"), link("x", "nobody")];
    let (world, log) = world(TestProvider::new(links).says("A", Pushdown::Inexact));
    world.compile(
        r#"class Test_A { [key] string K; };
           [association, dynamic, provider("P")] class Test_L
           { [key] Test_A ref A; [key] Test_A ref B; };
           instance of Test_A { K = "x"; }; instance of Test_A { K = "y"; };
           instance of Test_A { K = "z"; };"#,
    );
    let (found, asked) = ask(&world, &log, "ASSOCIATORS OF {Test_A='x'}");
    assert_eq!(found, [r#"Test_A{K="y"}"#, r#"Test_A{K="y"}"#]);
    assert_eq!(asked, ["enumerate Test_L wanted all"]);
    let (found, asked) = ask(&world, &log, "ASSOCIATORS OF {Test_A='x'} WHERE Role = A");
    assert_eq!(found, [r#"Test_A{K="y"}"#]);
    let told = r#"enumerate Test_L where A = ref "Test_A.K=\"x\"" wanted all"#;
    assert_eq!(asked, [told]);
    let (found, _) = ask(&world, &log, "REFERENCES OF {Test_A='z'}");
    assert_eq!(found, [r#"Test_L{A=ref "Test_A.K=\"y\"", B=ref "Test_A.K=\"z\""}"#]);
    let (_, asked) = ask(&world, &log, "ASSOCIATORS OF {Test_A='x'} WHERE AssocClass = Other");
    assert_eq!(asked, Vec::<String>::new(), "who cannot answer is not asked");
}

const THREE: &str = r#"
    [dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
    [dynamic, provider("PB")] class B : A { uint32 b; };
    [dynamic, provider("PC")] class C : B { uint32 c; };"#;

/// A world in which A, B and C, each below the one before, have a provider each, all with one log.
fn three_generations() -> (World, Log) {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let mut mof = String::new();
    for (name, own) in [("PA", "a"), ("PB", "b"), ("PC", "c")] {
        let clsid = format!("{{5F3A7B10-0000-4000-8000-0000000000{name}}}");
        let values = vec![("k", Value::UInt32(1)), (own, Value::UInt32(7))];
        let provider = TestProvider::new(vec![values]).logging_as(name, &log);
        providers.register(&clsid, provider.factory());
        mof.push_str(&registration(name, &clsid).replace("$P", &format!("${name}")));
    }
    let world = World::with_providers(providers);
    world.compile(&mof);
    world.compile(THREE);
    (world, log)
}

fn who_was_asked(log: &Log, what: &str) -> Vec<String> {
    let lines = log.take();
    let asked = lines.iter().filter_map(|line| line.split_once(&format!(" {what} ")));
    asked.map(|(who, rest)| format!("{who} {}", rest.split(['{', ' ']).next().unwrap())).collect()
}

#[test]
fn b7_a_put_goes_from_the_top_of_the_derivation_down() {
    openwmi_suite::gaps::check("b7_a_put_goes_from_the_top_of_the_derivation_down", || {
        let (world, log) = three_generations();
        let instance = world.instance("C", &[("k", Value::UInt32(1)), ("c", Value::UInt32(2))]);
        let services = world.services();
        services.put_instance(&instance, Flags::default(), world.administrator()).unwrap();
        let who: Vec<String> = who_was_asked(&log, "put");
        let who: Vec<&str> = who.iter().filter_map(|w| w.split(' ').next()).collect();
        assert_eq!(who, ["PA", "PB", "PC"]);
    });
}

#[test]
fn b8_a_delete_goes_to_every_class_with_its_own_path() {
    openwmi_suite::gaps::check("b8_a_delete_goes_to_every_class_with_its_own_path", || {
        let (world, log) = three_generations();
        let services = world.services();
        services.delete_instance("C.k=1", Flags::default(), world.administrator()).unwrap();
        assert_eq!(who_was_asked(&log, "delete"), ["PA A", "PB B", "PC C"]);
    });
}

#[test]
fn b4_inherited_values_come_from_the_superclasses_providers() {
    openwmi_suite::gaps::check("b4_inherited_values_come_from_the_superclasses_providers", || {
        let (world, _) = three_generations();
        assert_eq!(world.get("C.k=1").unwrap(), "C{a=7, b=7, c=7, k=1}");
    });
}

#[test]
fn b27_lazy_properties_are_left_out_of_queries() {
    openwmi_suite::gaps::check("b27_lazy_properties_are_left_out_of_queries", || {
        let (world, _) = world(three());
        world.compile(
            r#"[dynamic, provider("P")] class Test_Lazy
               { [key] string K; uint32 V; [Lazy] string S; };"#,
        );
        let query = r#"SELECT * FROM Test_Lazy WHERE K = "b""#;
        assert_eq!(world.query(query).unwrap(), [r#"Test_Lazy{K="b", S=NULL, V=5}"#]);
        let path = r#"Test_Lazy.K="b""#;
        assert_eq!(world.get(path).unwrap(), r#"Test_Lazy{K="b", S="y", V=5}"#);
    });
}
