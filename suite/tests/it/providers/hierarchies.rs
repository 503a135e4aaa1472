//! Several classes in one question: stored and provided, above and below each other, associations.

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::{Log, TestProvider};
use openwmi_suite::text;
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
    assert_eq!(log.take(), Vec::<String>::new(), "shallow calls no provider below");
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
    assert_eq!(status(world.get(r#"Test_Base.K="absent""#)), WBEM_E_NOT_FOUND);
}

/// A class without keys has no path of an instance, whatever keys those below it have.
#[test]
fn g4_no_path_of_a_class_without_keys_finds_a_provided_instance() {
    for (lower, other) in [("Test_1", "Test_2"), ("Test_2", "Test_1")] {
        let (world, log) = world(three());
        world.compile(&format!(
            r#"[abstract, dynamic, provider("P")] class Test_0 {{ }};
               [dynamic, provider("P")] class {lower} : Test_0
               {{ [key] string K; uint32 V; string S; }};
               [dynamic, provider("P")] class {other} : Test_0 {{ [key] string Other; }};"#
        ));
        assert_eq!(status(world.get("Test_0.K='b'")), WBEM_E_INVALID_OBJECT_PATH);
        assert_eq!(log.take(), Vec::<String>::new());
        world.get(&format!("{lower}.K='b'")).unwrap();
    }
}

/// Behaviour.md E.2: a dynamic association is asked for the source and no further object.
#[test]
fn e2_a_provided_association_is_asked_by_its_reference() {
    let reference = |k: &str| Value::Reference(format!("Test_A.K=\"{k}\"").into());
    let link = |a: &str, b: &str| vec![("A", reference(a)), ("B", reference(b))];
    let links = vec![link("x", "y"), link("y", "x"), link("y", "z"), link("x", "absent")];
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
    let expected = r#"enumerate Test_L where A = ref "Test_A.K=\"x\"" wanted all"#;
    assert_eq!(asked, [expected]);
    let (found, _) = ask(&world, &log, "REFERENCES OF {Test_A='z'}");
    assert_eq!(found, [r#"Test_L{A=ref "Test_A.K=\"y\"", B=ref "Test_A.K=\"z\""}"#]);
    let (_, asked) = ask(&world, &log, "ASSOCIATORS OF {Test_A='x'} WHERE AssocClass = Other");
    assert_eq!(asked, Vec::<String>::new(), "who cannot answer is not asked");
}

pub(super) const THREE: &str = r#"
    [dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
    [dynamic, provider("PB")] class B : A { uint32 b; };
    [dynamic, provider("PC")] class C : B { uint32 c; };"#;

/// A world with the classes of `mof` and the providers PA, PB, PC and PD, each with the instance k=1
/// in which its own property is 7, behaving as `conduct` says, all with one log.
pub(super) fn family(mof: &str, conduct: impl Fn(&str) -> Conduct) -> (World, Log) {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let mut registrations = String::new();
    for (name, own) in [("PA", "a"), ("PB", "b"), ("PC", "c"), ("PD", "d")] {
        let clsid = format!("{{5F3A7B10-0000-4000-8000-0000000000{name}}}");
        let values = vec![("k", Value::UInt32(1)), (own, Value::UInt32(7))];
        let provider = TestProvider::new(vec![values]).logging_as(name, &log);
        providers.register(&clsid, provider.conduct(conduct(name)).factory());
        registrations.push_str(&registration(name, &clsid, &[INSTANCES]));
    }
    let world = World::with_providers(providers);
    world.compile(&registrations);
    world.compile(mof);
    (world, log)
}

fn three_generations() -> (World, Log) {
    family(THREE, |_| Conduct::Serve)
}

pub(super) fn asked(log: &Log) -> Vec<String> {
    log.take().into_iter().filter(|line| !line.contains(" initialize ")).collect()
}

fn who_was_asked(log: &Log, what: &str) -> Vec<String> {
    let lines = log.take();
    let asked = lines.iter().filter_map(|line| line.split_once(&format!(" {what} ")));
    asked.map(|(who, rest)| format!("{who} {}", rest.split(['{', ' ']).next().unwrap())).collect()
}

#[test]
fn b7_a_put_goes_from_the_top_of_the_derivation_down() {
    let (world, log) = three_generations();
    world.compile("[dynamic, provider(\"PD\")] class D : C { uint32 d; };");
    let values = [("k", Value::UInt32(1)), ("a", Value::UInt32(5)), ("c", Value::UInt32(2))];
    let (instance, services) = (world.instance("C", &values), world.services());
    services.put_instance(&instance, Flags::UPDATE_ONLY, world.administrator()).unwrap();
    // Each gets an instance of its own class; the provider of the class below is not asked.
    let expected = [
        "PA put A{a=5, k=1} flags 0x1",
        "PB put B{a=5, b=NULL, k=1} flags 0x1",
        "PC put C{a=5, b=NULL, c=2, k=1} flags 0x1",
    ];
    assert_eq!(asked(&log), expected);
}

#[test]
fn b7_the_first_that_fails_ends_the_put() {
    let refuses = |name: &str| match name {
        "PB" => Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("the test said so"))),
        _ => Conduct::Serve,
    };
    let (world, log) = family(THREE, refuses);
    let instance = world.instance("C", &[("k", Value::UInt32(1))]);
    let put = world.services().put_instance(&instance, Flags::default(), world.administrator());
    assert_eq!(status(put), WBEM_E_ACCESS_DENIED);
    assert_eq!(who_was_asked(&log, "put"), ["PA A", "PB B"], "C is not asked any more");
}

#[test]
fn b8_a_delete_goes_to_every_class_with_its_own_path() {
    let (world, log) = three_generations();
    let delete = |path: &str| {
        world.services().delete_instance(path, Flags::default(), world.administrator())
    };
    delete("C.k=1").unwrap();
    assert_eq!(asked(&log), ["PA delete A k=1", "PB delete B k=1", "PC delete C k=1"]);
    // The path of a class above is the same instance.
    delete("A.k=1").unwrap();
    assert_eq!(asked(&log), ["PA delete A k=1", "PB delete B k=1", "PC delete C k=1"]);
}

#[test]
fn b8_the_topmost_class_decides() {
    let refusing = |who: &'static str| {
        move |name: &str| match name == who {
            true => Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("the test said so"))),
            false => Conduct::Serve,
        }
    };
    let delete = |who| {
        let (world, log) = family(THREE, refusing(who));
        let deleted =
            world.services().delete_instance("C.k=1", Flags::default(), world.administrator());
        (deleted.map_err(|e| e.status()), who_was_asked(&log, "delete"))
    };
    let all = ["PA A", "PB B", "PC C"].map(str::to_owned).to_vec();
    assert_eq!(delete("PB"), (Ok(()), all.clone()));
    assert_eq!(delete("PC"), (Ok(()), all.clone()));
    assert_eq!(delete("PA"), (Err(WBEM_E_ACCESS_DENIED), all));
    // One that takes no deletions is known before any is called.
    let (world, log) = three_generations();
    world.compile(
        "instance of __InstanceProviderRegistration
         { provider = \"__Win32Provider.Name=\\\"PA\\\"\"; SupportsDelete = FALSE; };",
    );
    let (services, context) = (world.services(), world.administrator());
    let deleted = services.delete_instance("C.k=1", Flags::default(), context);
    assert_eq!(status(deleted), WBEM_E_PROVIDER_NOT_CAPABLE);
    assert_eq!(who_was_asked(&log, "delete"), owned(&[]));
}

const TWO_BELOW_ABSTRACT: &str = r#"
    [abstract] class A { [key] uint32 k; uint32 a; };
    [abstract] class B : A { uint32 b; };
    [dynamic, provider("PC")] class C : B { uint32 c; };
    [dynamic, provider("PD")] class D : B { uint32 d; };"#;

#[test]
fn b9_below_abstract_classes_one_success_is_enough() {
    let failing = |who: &'static [&'static str]| {
        move |name: &str| match who.contains(&name) {
            true => Conduct::End(Err(WBEM_E_NOT_FOUND.with("the test said so"))),
            false => Conduct::Serve,
        }
    };
    let delete = |who| {
        let (world, log) = family(TWO_BELOW_ABSTRACT, failing(who));
        let deleted =
            world.services().delete_instance("A.k=1", Flags::default(), world.administrator());
        (deleted.map_err(|e| e.status()), who_was_asked(&log, "delete"))
    };
    let both = || vec!["PC C".to_owned(), "PD D".to_owned()];
    assert_eq!(delete(&[]), (Ok(()), both()));
    assert_eq!(delete(&["PC"]), (Ok(()), both()));
    assert_eq!(delete(&["PD"]), (Ok(()), both()));
    assert_eq!(delete(&["PC", "PD"]), (Err(WBEM_E_NOT_FOUND), both()));
}

#[test]
fn b4_inherited_values_come_from_the_superclasses_providers() {
    let (world, log) = three_generations();
    let whole = "C{a=7, b=7, c=7, k=1}";
    assert_eq!(world.get("C.k=1").unwrap(), whole);
    let gets = ["PC get C k=1 wanted all", "PB get B k=1 wanted a,b,k", "PA get A k=1 wanted a,k"];
    assert_eq!(asked(&log), gets);
    // By the path of a class above it is the same object.
    assert_eq!(world.get("A.k=1").unwrap(), whole);
    assert_eq!(asked(&log), gets);
    assert_eq!(world.query("SELECT * FROM C WHERE a = 7 AND b = 7").unwrap(), [whole]);
    assert_eq!(asked(&log)[0], "PC enumerate C wanted all");
    assert_eq!(world.query("SELECT * FROM C WHERE a = 8").unwrap(), Vec::<String>::new());
    asked(&log);
    // Who has nothing that is wanted is not asked.
    assert_eq!(world.query("SELECT c FROM C").unwrap(), ["C{c=7}"]);
    assert_eq!(asked(&log), ["PC enumerate C wanted c,k"]);
}

#[test]
fn b4_an_instance_of_several_classes_comes_once_as_the_lowest() {
    let (world, log) = three_generations();
    let whole = "C{a=7, b=7, c=7, k=1}";
    assert_eq!(world.query("SELECT * FROM A").unwrap(), [whole]);
    let enumerated: Vec<String> =
        asked(&log).into_iter().filter(|line| line.contains("enumerate")).collect();
    let all =
        ["PC enumerate C wanted all", "PB enumerate B wanted all", "PA enumerate A wanted all"];
    assert_eq!(enumerated, all);
    assert_eq!(world.query("SELECT * FROM B WHERE k = 1").unwrap(), [whole]);
    // Nor does it come as one of a class above where it does not match itself.
    assert_eq!(world.query("SELECT * FROM A WHERE a = 8").unwrap(), Vec::<String>::new());
    let shallow = |flags| world.collect(|s, c, sink| s.create_instance_enum("A", flags, c, sink));
    assert_eq!(shallow(Flags::SHALLOW).unwrap(), Vec::<String>::new(), "it is no A alone");
    assert_eq!(shallow(Flags::DEEP).unwrap(), [whole]);
}

/// I-31: neither the classes above nor those below.
#[test]
fn b4_direct_read_leaves_the_others_out() {
    let (world, log) = three_generations();
    let get = world.services().get_object("B.k=1", Flags::DIRECT_READ, world.administrator());
    assert_eq!(text::object(&get.unwrap()), "B{a=NULL, b=7, k=1}");
    assert_eq!(asked(&log), ["PB get B k=1 wanted all"]);
    let found = world.query_with("SELECT * FROM B", Flags::DIRECT_READ).unwrap();
    assert_eq!(found, ["B{a=NULL, b=7, k=1}"]);
    assert_eq!(asked(&log), ["PB enumerate B wanted all"]);
}

#[test]
fn b4_a_part_that_fails_fails_the_whole_and_one_that_is_missing_does_not() {
    for (outcome, expected) in [
        (WBEM_E_NOT_FOUND, Ok("C{a=7, b=NULL, c=7, k=1}".to_owned())),
        (WBEM_E_ACCESS_DENIED, Err(WBEM_E_ACCESS_DENIED)),
    ] {
        let failing = |name: &str| match name {
            "PB" => Conduct::End(Err(outcome.with("the test said so"))),
            _ => Conduct::Serve,
        };
        let (world, _) = family(THREE, failing);
        assert_eq!(world.get("C.k=1").map_err(|e| e.status()), expected);
        let found =
            world.collect(|s, c, sink| s.create_instance_enum("C", Flags::SHALLOW, c, sink));
        assert_eq!(found.map(|all| all.concat()).map_err(|e| e.status()), expected);
    }
}

/// A provider that cannot be asked for one instance is asked for all.
#[test]
fn b4_a_part_from_a_provider_without_gets() {
    let (world, log) = three_generations();
    world.compile(
        "instance of __InstanceProviderRegistration
         { provider = \"__Win32Provider.Name=\\\"PA\\\"\"; SupportsGet = FALSE; };",
    );
    assert_eq!(world.get("C.k=1").unwrap(), "C{a=7, b=7, c=7, k=1}");
    assert_eq!(asked(&log)[2], "PA enumerate A wanted a,k");
}

/// One provider for all three is asked once: its registration is what tells it apart.
#[test]
fn b4_one_provider_of_several_classes_is_one() {
    let mof = THREE.replace("PB", "PA").replace("PC", "PA");
    let (world, log) = family(&mof, |_| Conduct::Serve);
    assert_eq!(world.get("C.k=1").unwrap(), "C{a=7, b=NULL, c=NULL, k=1}");
    assert_eq!(asked(&log), ["PA get C k=1 wanted all"]);
    let instance = world.instance("C", &[("k", Value::UInt32(1))]);
    world.services().put_instance(&instance, Flags::default(), world.administrator()).unwrap();
    assert_eq!(who_was_asked(&log, "put"), ["PA C"]);
}

/// Decided: who names it asks for it.
#[test]
fn b27_lazy_properties_are_left_out_of_queries() {
    let (world, log) = world(three());
    world.compile(
        r#"[dynamic, provider("P")] class Test_Lazy
           { [key] string K; uint32 V; [Lazy] string S; };"#,
    );
    let (found, asked) = ask(&world, &log, r#"SELECT * FROM Test_Lazy WHERE K = "b""#);
    assert_eq!(found, [r#"Test_Lazy{K="b", S=NULL, V=5}"#]);
    assert_eq!(asked, ["enumerate Test_Lazy wanted K,V"]);
    assert_eq!(world.get(r#"Test_Lazy.K="b""#).unwrap(), r#"Test_Lazy{K="b", S="y", V=5}"#);
    let (found, asked) = ask(&world, &log, r#"SELECT S FROM Test_Lazy WHERE V = 5"#);
    assert_eq!(
        (found, asked[0].as_str()),
        (owned(&[r#"Test_Lazy{S="y"}"#]), "enumerate Test_Lazy wanted S,V")
    );
}

#[test]
fn b12_two_puts_without_a_key_are_two_instances() {
    let (world, log) = world(three());
    let nameless = world.instance("D", &[("V", Value::UInt32(2))]);
    let (services, context) = (world.services(), world.administrator());
    let put = || services.put_instance(&nameless, Flags::default(), context).unwrap().to_string();
    let (one, other) = (put(), put());
    assert_ne!(one, other);
    assert!(one.contains("{00000000-0000-4000-8000-000000000001}"), "{one}");
    let puts = log.take().into_iter().filter(|line| line.contains("put D{K=\"{")).count();
    assert_eq!(puts, 2);
}

#[test]
fn b11_shallow_is_exactly_the_class_and_deep_all_below_it() {
    let (world, _) = world(three());
    world.compile(
        r#"class Test_D { [key] string K; };
           [dynamic, provider("P")] class Test_Below : Test_D { uint32 V; string S; };
           instance of Test_D { K = "stored"; };"#,
    );
    let all = |flags| world.collect(|s, c, sink| s.create_instance_enum("Test_D", flags, c, sink));
    assert_eq!(all(Flags::SHALLOW).unwrap(), [r#"Test_D{K="stored"}"#]);
    let deep = [
        r#"Test_Below{K="a", S="x", V=1}"#,
        r#"Test_Below{K="b", S="y", V=5}"#,
        r#"Test_Below{K="c", S="x", V=9}"#,
        r#"Test_D{K="stored"}"#,
    ];
    assert_eq!(all(Flags::DEEP).unwrap(), deep);
}

#[test]
fn b13_create_only_and_update_only() {
    let (world, _) = world(three());
    world.compile("class Test_S { [key] string K; };");
    let put = |k: &str, flags| {
        let instance = world.instance("Test_S", &[("K", k.into())]);
        let put = world.services().put_instance(&instance, flags, world.administrator());
        put.map(|path| path.to_string()).map_err(|e| e.status())
    };
    assert_eq!(put("a", Flags::UPDATE_ONLY), Err(WBEM_E_NOT_FOUND));
    assert_eq!(put("a", Flags::default()), Ok(r#"Test_S.K="a""#.to_owned()));
    assert_eq!(put("A", Flags::CREATE_ONLY), Err(WBEM_E_ALREADY_EXISTS));
    assert_eq!(put("a", Flags::UPDATE_ONLY), Ok(r#"Test_S.K="a""#.to_owned()));
}
