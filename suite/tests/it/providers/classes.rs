//! Pull providers of classes: when they are asked, for what, and how what they have is joined to
//! what is stored (behaviour.md A, E.3; acceptance H.A; rulings I-1, I-3, I-4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cim::SystemProperty;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::class_provider::TestClasses;
use openwmi_suite::provider::{Gate, INSTANCES, Log, TestProvider, registration};
use openwmi_suite::world::NAMESPACE;
use wbem::{Flags, NativeProviders, ProviderInterfaces, Sink};

use super::{CLSID, OTHER, deliver, owned, status, values};

/// What is stored in most tests.
const BASE: &str = "class Base { [key] string K; }; class Stored : Base { uint32 S; };";

/// What the provider has in most tests.
const PROVIDED: &str = "class DerivedOfBase : Base { uint32 V; }; class X : Base { };
    class Lower : DerivedOfBase { };";

const ISA_BASE: &str = r#"SELECT * FROM meta_class WHERE __this ISA "Base""#;

/// Registers the provider `name`, with `lists` among its properties.
pub(super) fn register(name: &str, clsid: &str, lists: &str) -> String {
    let supports = format!("SupportsEnumeration = TRUE; SupportsGet = TRUE; {lists}");
    registration(name, clsid, &[("__ClassProviderRegistration", &supports)])
}

/// A property of a registration: an array of queries.
pub(super) fn list(property: &str, queries: &[&str]) -> String {
    let quoted: Vec<String> =
        queries.iter().map(|q| format!("\"{}\"", q.replace('"', "\\\""))).collect();
    format!("{property} = {{{}}};", quoted.join(", "))
}

fn results(queries: &[&str]) -> String {
    list("ResultSetQueries", queries)
}

/// A world with `BASE` and one provider of the classes `mof`, so registered.
pub(super) fn world(mof: &str, lists: &str) -> (World, Log) {
    let provider = TestClasses::new(mof);
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, lists));
    (world, log)
}

/// The same with the usual classes and query, the provider loaded and its log empty.
fn usual() -> (World, Log) {
    let (world, log) = world(PROVIDED, &results(&[ISA_BASE]));
    world.get("X").unwrap();
    log.take();
    (world, log)
}

/// A world with the providers P and Q, which write into one log.
fn two(p: (&str, &str), q: (&str, &str)) -> (World, Log) {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, TestClasses::new(p.0).logging_as("P", &log).factory());
    providers.register(OTHER, TestClasses::new(q.0).logging_as("Q", &log).factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, p.1));
    world.compile(&register("Q", OTHER, q.1));
    (world, log)
}

fn asked(log: &Log) -> Vec<String> {
    let mut asked = log.take();
    asked.retain(|line| !line.contains("initialize"));
    asked
}

fn classes(world: &World, superclass: Option<&str>, flags: Flags) -> Vec<String> {
    let mut found = world
        .collect(|s, c, sink| s.create_class_enum(superclass, flags, c, sink))
        .unwrap_or_else(|e| panic!("{superclass:?}: {e}"));
    found.retain(|line| !line.starts_with("class __"));
    found
}

fn unregister(world: &World, path: &str) {
    let services = world.services();
    services.delete_instance(path, Flags::default(), world.administrator()).unwrap();
}

#[test]
fn a1_a_class_that_is_not_stored_is_asked_for_once() {
    let (world, log) = world(PROVIDED, &results(&[ISA_BASE]));
    assert_eq!(world.get("DerivedOfBase").unwrap(), "class DerivedOfBase : Base");
    assert_eq!(log.take(), [r"initialize root\test", "get DerivedOfBase"]);
    let repository = world.manager().repository().read().unwrap();
    let namespace = cim::Namespace::new(NAMESPACE).unwrap();
    let id = repository.view().namespace(&namespace).unwrap().unwrap();
    let stored = repository.view().classes(id).unwrap();
    assert!(!stored.iter().any(|class| class.name.is("DerivedOfBase")), "nothing is stored");
    drop(repository);
    unregister(&world, r#"__Win32Provider.Name="P""#);
    let world = world.reopen(NativeProviders::default());
    assert_eq!(status(world.get("DerivedOfBase")), WBEM_E_NOT_FOUND);
    assert_eq!(world.get("Stored").unwrap(), "class Stored : Base");
}

#[test]
fn a1_a_provider_whose_code_is_gone_is_reported() {
    let (world, _) = usual();
    let world = world.reopen(NativeProviders::default());
    assert_eq!(status(world.get("DerivedOfBase")), WBEM_E_PROVIDER_LOAD_FAILURE);
    assert_eq!(world.get("Stored").unwrap(), "class Stored : Base");
}

/// A name alone does not tell whether a class that is stored nowhere derives from Base: of a query
/// with ISA it is the provider that says so. Every other form does tell.
#[test]
fn a2_a_class_that_no_query_covers() {
    let named = r#"SELECT * FROM meta_class WHERE __Class = "X""#;
    let and = r#"SELECT * FROM meta_class WHERE __this ISA "Base" AND __Class = "X""#;
    for query in [named, and] {
        let (world, log) = world(PROVIDED, &results(&[query]));
        assert_eq!(status(world.get("Unrelated")), WBEM_E_NOT_FOUND);
        assert_eq!(status(world.get("DerivedOfBase")), WBEM_E_NOT_FOUND);
        assert_eq!(log.take(), [""; 0], "{query}");
        assert_eq!(world.get("X").unwrap(), "class X : Base");
    }
}

#[test]
fn a2_a_class_outside_of_the_family_is_not_asked_for() {
    let (world, log) = usual();
    assert_eq!(status(world.get("Unrelated")), WBEM_E_NOT_FOUND);
    let asked = log.take();
    openwmi_suite::gaps::check("a2_a_class_outside_of_the_family_is_not_asked_for", || {
        assert_eq!(asked, [""; 0]);
    });
}

/// A.5: what a provider has outside of its queries it does not supply.
#[test]
fn a2_a_class_that_turns_out_to_be_outside_of_the_queries() {
    let (world, log) = world("class Unrelated { };", &results(&[ISA_BASE]));
    assert_eq!(status(world.get("Unrelated")), WBEM_E_NOT_FOUND);
    assert_eq!(asked(&log), ["get Unrelated"]);
    assert_eq!(classes(&world, None, Flags::DEEP), ["class Base", "class Stored : Base"]);
}

#[test]
fn a3_unsupported_queries_are_subtracted() {
    let unsupported = list("UnsupportedQueries", &["SELECT * FROM meta_class WHERE __Class = 'X'"]);
    let (world, log) = world(PROVIDED, &(results(&[ISA_BASE]) + &unsupported));
    assert_eq!(status(world.get("X")), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), [""; 0]);
    assert_eq!(world.get("Lower").unwrap(), "class Lower : DerivedOfBase");
    assert_eq!(asked(&log), ["get Lower", "get DerivedOfBase"]);
    let below = classes(&world, Some("Base"), Flags::SHALLOW);
    assert_eq!(below, ["class DerivedOfBase : Base", "class Stored : Base"]);
}

#[test]
fn a5_a_superset_is_no_error() {
    let (world, log) = world(PROVIDED, &results(&["SELECT * FROM meta_class"]));
    for _ in 0..2 {
        assert_eq!(status(world.get("Missing")), WBEM_E_NOT_FOUND);
        assert_eq!(asked(&log), ["get Missing"]);
    }
    assert_eq!(world.get("X").unwrap(), "class X : Base");
}

#[test]
fn a6_push_verify_is_stored_and_does_nothing() {
    let (world, log) =
        world(PROVIDED, &("InteractionType = 2;".to_owned() + &results(&[ISA_BASE])));
    let stored = world.query("SELECT InteractionType FROM __ClassProviderRegistration").unwrap();
    assert_eq!(stored, ["__ClassProviderRegistration{InteractionType=2}"]);
    assert_eq!(status(world.get("X")), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn a7_without_enumeration_there_is_no_class_provider() {
    let (world, log) = world(PROVIDED, &results(&[ISA_BASE]));
    let mof = register("P", CLSID, &results(&[ISA_BASE]));
    world.compile(&mof.replace("SupportsEnumeration = TRUE", "SupportsEnumeration = FALSE"));
    assert_eq!(status(world.get("X")), WBEM_E_INVALID_PROVIDER_REGISTRATION);
    assert_eq!(world.get("Stored").unwrap(), "class Stored : Base");
    assert_eq!(log.take(), [""; 0]);
    // I-3: a class that no query covers is no error.
    let mof = register("P", CLSID, "");
    world.compile(&mof.replace("SupportsEnumeration = TRUE", "SupportsEnumeration = FALSE"));
    assert_eq!(status(world.get("X")), WBEM_E_NOT_FOUND);
}

#[test]
fn a10_initialization_that_fails() {
    let mut providers = NativeProviders::default();
    let is_alive = Arc::new(AtomicBool::new(true));
    let flag = is_alive.clone();
    providers.register(CLSID, move |_| {
        let _released = Released(flag.clone());
        Err(WBEM_E_FAILED.with("the test said so"))
    });
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    assert_eq!(status(world.get("X")), WBEM_E_INITIALIZATION_FAILURE);
    assert!(!is_alive.load(Ordering::SeqCst), "it is released");
    assert_eq!(world.manager().loaded_providers(), []);
}

/// Records that it was dropped.
struct Released(Arc<AtomicBool>);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[test]
fn a11_a_client_waits_for_a_provider_that_is_ready_later() {
    let (waiting, waits) = mpsc::channel();
    let mut providers = NativeProviders::default();
    providers.register_factory(
        CLSID,
        Arc::new(move |_, sink| waiting.send(sink).expect("the test that waits for it")),
    );
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    let got = std::thread::scope(|scope| {
        let client = scope.spawn(|| world.get("X"));
        // The factory has returned, or is about to; the client has nothing yet.
        let sink = waits.recv().expect("the provider's sink");
        sink.set_status(Ok(ProviderInterfaces::classes(Arc::new(TestClasses::new(PROVIDED)))));
        client.join().expect("a client that does not panic")
    });
    assert_eq!(got.unwrap(), "class X : Base");
}

#[test]
fn a13_of_a_provider_that_is_replaced_nothing_is_left() {
    struct Old(TestClasses, #[expect(dead_code, reason = "records its drop")] Released);
    impl wbem::ClassProvider for Old {
        fn get(
            &self,
            name: &cim::Name,
            context: &wbem::ProviderContext,
        ) -> cim::Result<cim::ClassDeclaration> {
            self.0.get(name, context)
        }

        fn enumerate(
            &self,
            superclass: Option<&cim::Name>,
            shallow: bool,
            context: &wbem::ProviderContext,
        ) -> cim::Result<Vec<cim::ClassDeclaration>> {
            self.0.enumerate(superclass, shallow, context)
        }
    }
    let is_alive = Arc::new(AtomicBool::new(true));
    let flag = is_alive.clone();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, move |_| {
        let old = Old(TestClasses::new("class Old : Base { };"), Released(flag.clone()));
        Ok(ProviderInterfaces::classes(Arc::new(old)))
    });
    providers.register(OTHER, TestClasses::new("class New : Base { };").factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    assert_eq!(world.get("Old").unwrap(), "class Old : Base");
    world.compile(&register("P", OTHER, &results(&[ISA_BASE])));
    let registered = world.query("SELECT CLSID FROM __Win32Provider").unwrap();
    assert_eq!(registered, [format!("__Win32Provider{{CLSID=\"{OTHER}\"}}")]);
    assert_eq!(world.get("New").unwrap(), "class New : Base");
    assert_eq!(status(world.get("Old")), WBEM_E_NOT_FOUND);
    assert!(!is_alive.load(Ordering::SeqCst), "the old code is gone");
}

#[test]
fn a14_schema_associations_skip_who_does_not_refer_to_the_source() {
    let all = results(&["SELECT * FROM meta_class"]);
    let refers = list("ReferencedSetQueries", &["SELECT * FROM meta_class WHERE __Class = 'Base'"]);
    let link = |name: &str| {
        format!("[association] class {name} {{ [key] Base ref A; [key] Other ref B; }};")
    };
    let (world, log) = two(
        (&(link("ByP") + "class Other { [key] string K; };"), &(all.clone() + &refers)),
        (&link("ByQ"), &all),
    );
    let found = world.query("ASSOCIATORS OF {Base} WHERE SchemaOnly").unwrap();
    assert_eq!(found, ["class Other"]);
    assert_eq!(asked(&log), ["P enumerate NULL deep"]);
    // E.3: one that refers to a class refers to those below it.
    let found = world.query("REFERENCES OF {Stored} WHERE SchemaOnly").unwrap();
    assert_eq!(found, ["class ByP"]);
    assert_eq!(asked(&log), ["P enumerate NULL deep"]);
    assert_eq!(world.query("REFERENCES OF {__Namespace} WHERE SchemaOnly").unwrap(), [""; 0]);
    assert_eq!(asked(&log), [""; 0]);
}

/// Who has the top class has not what is stored below it: both are of one tree.
#[test]
fn a15_a_stored_class_below_a_provided_one() {
    let top = results(&[r#"SELECT * FROM meta_class WHERE __Class = "Top""#]);
    let (world, log) = world("class Top { [key] string K; };", &top);
    world.compile("class Child : Top { uint32 C; }; instance of Child { K = \"a\"; C = 1; };");
    log.take();
    let family = world.query(r#"SELECT * FROM meta_class WHERE __Dynasty = "Top""#).unwrap();
    assert_eq!(family, ["class Child : Top", "class Top"]);
    assert_eq!(asked(&log), ["get Top", "enumerate NULL deep"]);
    let child = world.object("Child").unwrap();
    let of = |property| openwmi_suite::text::value(&child.system(property));
    assert_eq!(of(SystemProperty::Dynasty), "\"Top\"");
    assert_eq!(of(SystemProperty::Derivation), "{\"Top\"}");
    assert_eq!(world.query("SELECT * FROM Top").unwrap(), [r#"Child{C=1, K="a"}"#]);
    assert_eq!(world.get("Top.K='a'").unwrap(), r#"Child{C=1, K="a"}"#);
    assert_eq!(world.get("Child.K='a'").unwrap(), r#"Child{C=1, K="a"}"#);
    let services = world.services();
    services.delete_instance("Top.K='a'", Flags::default(), world.administrator()).unwrap();
    assert_eq!(world.query("SELECT * FROM Top").unwrap(), [""; 0]);
    assert_eq!(world.manager().repository().verify().unwrap().problems, [""; 0]);
}

/// A class whose superclass is gone is reported where it is requested; all others still work.
#[test]
fn a15_a_stored_class_that_lost_its_superclass() {
    let top = results(&[r#"SELECT * FROM meta_class WHERE __Class = "Top""#]);
    let (world, _) = world("class Top { [key] string K; };", &top);
    world.compile("class Child : Top { uint32 C; }; instance of Child { K = \"a\"; C = 1; };");
    unregister(&world, r#"__ClassProviderRegistration.provider="__Win32Provider.Name=\"P\"""#);
    let error = world.get("Child").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_SUPERCLASS);
    assert!(error.message().contains("register the provider of Top again"), "{error}");
    assert_eq!(status(world.query("SELECT * FROM Child")), WBEM_E_INVALID_SUPERCLASS);
    let (found, outcome) =
        deliver(&world, "SELECT * FROM meta_class WHERE NOT __Class LIKE '[_]%'");
    assert_eq!(found, ["class Base", "class Stored : Base"]);
    assert_eq!(outcome, Ok(WBEM_S_PARTIAL_RESULTS));
    assert_eq!(world.query("REFERENCES OF {Base} WHERE SchemaOnly").unwrap(), [""; 0]);
    world.compile(&register("P", CLSID, &top));
    assert_eq!(world.query("SELECT * FROM Child").unwrap(), [r#"Child{C=1, K="a"}"#]);
    unregister(&world, r#"__Win32Provider.Name="P""#);
    let services = world.services();
    services.delete_class("Child", Flags::default(), world.administrator()).unwrap();
    assert_eq!(status(world.get("Child")), WBEM_E_NOT_FOUND);
}

#[test]
fn a18_without_a_query_nobody_is_asked() {
    let (world, log) = world(PROVIDED, "");
    assert_eq!(status(world.get("X")), WBEM_E_NOT_FOUND);
    assert_eq!(classes(&world, Some("Base"), Flags::DEEP), ["class Stored : Base"]);
    assert_eq!(log.take(), [""; 0]);
}

/// A.2: a registration holds in its namespace and from the next call on.
#[test]
fn a_2_registrations_hold_in_their_namespace_at_once() {
    let (world, _) = usual();
    world.create_namespace(r"root\test\Second");
    let second = world.connect(r"root\test\Second").unwrap();
    let get = || second.get_object("X", Flags::default(), world.administrator());
    assert_eq!(status(get()), WBEM_E_NOT_FOUND);
    unregister(&world, r#"__ClassProviderRegistration.provider="__Win32Provider.Name=\"P\"""#);
    assert_eq!(status(world.get("X")), WBEM_E_NOT_FOUND);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    assert_eq!(world.get("X").unwrap(), "class X : Base");
}

/// A.2: SupportsGet says that it is not asked for one class; it is asked for all.
#[test]
fn a_2_a_provider_that_enumerates_only() {
    let (world, log) = usual();
    let mof = register("P", CLSID, &results(&[ISA_BASE]));
    world.compile(&mof.replace("SupportsGet = TRUE", "SupportsGet = FALSE"));
    assert_eq!(world.get("Lower").unwrap(), "class Lower : DerivedOfBase");
    assert_eq!(asked(&log), ["enumerate NULL deep"]);
    assert_eq!(status(world.get("Missing")), WBEM_E_NOT_FOUND);
}

/// A.3 and I-4: each form of a registration's query, and OR.
#[test]
fn a_3_forms_of_queries() {
    let mof = "class Top { }; class Middle : Top { }; class Low : Middle { }; class Lone { };
        class Under : Stored { }; class Further : Under { };";
    let query = |condition: &str| match condition {
        "" => "SELECT * FROM meta_class".to_owned(),
        condition => format!("SELECT * FROM meta_class WHERE {condition}"),
    };
    for (conditions, expected) in [
        (&[""][..], &["Further", "Lone", "Low", "Middle", "Top", "Under"][..]),
        (&["__Class = 'top'"], &["Top"]),
        (&["__this ISA 'Top'"], &["Low", "Middle", "Top"]),
        (&["__Dynasty = 'Top'"], &["Low", "Middle", "Top"]),
        (&["__Superclass = 'Stored'"], &["Under"]),
        (&["__Dynasty = 'Base'"], &["Further", "Under"]),
        (&["__Class = 'Top'", "__Class = 'Lone'"], &["Lone", "Top"]),
        (&["__Class = 'Top' OR __Class = 'Lone'"], &["Lone", "Top"]),
        (&["__Superclass IS NULL"], &["Lone", "Top"]),
        // J12: what is no query is left aside, and the others count.
        (&["__Class = ", "__Nothing = 'Top'", "__Class = 'Lone'"], &["Lone"]),
    ] {
        let queries: Vec<String> = conditions.iter().map(|c| query(c)).collect();
        let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
        let (world, _) = world(mof, &results(&queries));
        let found: Vec<&str> = ["Further", "Lone", "Low", "Middle", "Top", "Under"]
            .into_iter()
            .filter(|name| world.get(name).is_ok())
            .collect();
        assert_eq!(found, expected, "{conditions:?}");
    }
}

/// A.4: what is asked for is what a client asks for, and nothing else comes.
#[test]
fn a_4_enumeration_of_classes() {
    let (world, log) = usual();
    let own = ["class DerivedOfBase : Base", "class Stored : Base", "class X : Base"];
    assert_eq!(classes(&world, Some("Base"), Flags::SHALLOW), own);
    assert_eq!(asked(&log), ["enumerate Base shallow"]);
    let all = [own[0], "class Lower : DerivedOfBase", own[1], own[2]];
    assert_eq!(classes(&world, Some("Base"), Flags::DEEP), all);
    // The repository has a class below Base, which the provider need not know.
    assert_eq!(asked(&log), ["enumerate NULL deep"]);
    assert_eq!(classes(&world, Some("DerivedOfBase"), Flags::DEEP), [all[1]]);
    assert_eq!(asked(&log), ["get DerivedOfBase", "enumerate DerivedOfBase deep"]);
    assert_eq!(classes(&world, None, Flags::SHALLOW), ["class Base"]);
    assert_eq!(asked(&log), ["enumerate NULL shallow"]);
    let everything = [&["class Base"][..], &all].concat();
    assert_eq!(classes(&world, Some(""), Flags::DEEP), everything);
    assert_eq!(asked(&log), ["enumerate NULL deep"]);
    // It can have nothing below a stored class that is no Base, nor in another family.
    world.compile("class Elsewhere { };");
    log.take();
    assert_eq!(classes(&world, Some("Elsewhere"), Flags::DEEP), [""; 0]);
    assert_eq!(asked(&log), [""; 0]);
    let missing = |s: &dyn wbem::Services, c: &wbem::CallContext, sink: Sink| {
        s.create_class_enum(Some("Absent"), Flags::DEEP, c, sink)
    };
    assert_eq!(status(world.collect(missing)), WBEM_E_INVALID_CLASS);
}

/// A.4: a circle of superclasses has an end.
#[test]
fn a_4_definitions_that_cannot_be() {
    let all = results(&["SELECT * FROM meta_class"]);
    let mof = "class A : B { }; class B : A { }; class C : Absent { }; class D { };";
    let (world, _) = world(mof, &all);
    assert_eq!(status(world.get("A")), WBEM_E_CIRCULAR_REFERENCE);
    assert_eq!(status(world.get("C")), WBEM_E_INVALID_SUPERCLASS);
    assert_eq!(world.get("D").unwrap(), "class D");
    let (found, outcome) = deliver(&world, "SELECT * FROM meta_class WHERE __Superclass IS NULL");
    assert!(found.contains(&"class D".to_owned()), "what can be is there: {found:?}");
    assert!(outcome.is_err(), "and the others are reported");
}

/// A.5: one tree, in schema queries too, each provider asked once in an operation.
#[test]
fn a_5_schema_queries() {
    let (world, log) = usual();
    for (condition, expected, calls) in [
        ("__Class = 'X'", &["class X : Base"][..], &["get X"][..]),
        (
            "__this ISA 'DerivedOfBase'",
            &["class DerivedOfBase : Base", "class Lower : DerivedOfBase"],
            &["get DerivedOfBase", "enumerate DerivedOfBase deep"],
        ),
        (
            "__Superclass = 'Base'",
            &["class DerivedOfBase : Base", "class Stored : Base", "class X : Base"],
            &["enumerate Base shallow"],
        ),
        ("__Dynasty = 'Base' AND __Superclass IS NULL", &["class Base"], &["enumerate NULL deep"]),
        ("__Class = 'Stored'", &["class Stored : Base"], &[]),
        (
            "__Class = 'X' OR __Class = 'Stored'",
            &["class Stored : Base", "class X : Base"],
            &["enumerate NULL deep"],
        ),
    ] {
        let found = world.query(&format!("SELECT * FROM meta_class WHERE {condition}")).unwrap();
        assert_eq!(found, expected, "{condition}");
        assert_eq!(asked(&log), calls, "{condition}");
    }
    let lower = world.object("Lower").unwrap();
    let of = |property| openwmi_suite::text::value(&lower.system(property));
    assert_eq!(of(SystemProperty::Superclass), "\"DerivedOfBase\"");
    assert_eq!(of(SystemProperty::Dynasty), "\"Base\"");
    assert_eq!(of(SystemProperty::Derivation), "{\"DerivedOfBase\", \"Base\"}");
}

#[test]
fn a_5_of_several_definitions_the_first_counts() {
    let all = results(&["SELECT * FROM meta_class"]);
    let (world, log) = two(
        ("class Both { string P; };", &all),
        ("class Both { string Q; }; class OfQ : Both { };", &all),
    );
    let get = |class: &str| {
        let (services, context) = (world.services(), world.administrator());
        services.get(class, Flags::default(), context).unwrap()
    };
    let (both, success) = get("Both");
    assert!(both.class().property("P").is_some());
    assert_eq!(success, WBEM_S_DUPLICATE_OBJECTS);
    assert_eq!(asked(&log), ["P get Both", "Q get Both"]);
    assert_eq!(get("OfQ").1, WBEM_S_NO_ERROR);
    assert_eq!(asked(&log), ["P get OfQ", "Q get OfQ", "P get Both"]);
    // Every way of calling tells it.
    let client = world.client(world.administrator());
    let operation = wbem::Request::GetObject { path: "Both".into(), flags: Flags::default() };
    let call = client.start(operation).unwrap();
    assert_eq!(call.call_status(None), Some(Ok(WBEM_S_DUPLICATE_OBJECTS)));
    assert!(call.result_object(None).unwrap().is_some());
    asked(&log);
    let one = "SELECT * FROM meta_class WHERE __Class = 'Both'";
    assert_eq!(deliver(&world, one), (owned(&["class Both"]), Ok(WBEM_S_DUPLICATE_OBJECTS)));
    assert_eq!(asked(&log), ["P get Both", "Q get Both"]);
    let (found, outcome) = deliver(&world, "SELECT * FROM meta_class WHERE __Dynasty = 'Both'");
    assert_eq!(found, ["class Both", "class OfQ : Both"]);
    assert_eq!(outcome, Ok(WBEM_S_DUPLICATE_OBJECTS));
    let lone = "SELECT * FROM meta_class WHERE __Class = 'OfQ'";
    assert_eq!(deliver(&world, lone).1, Ok(WBEM_S_NO_ERROR));
}

/// A.5: what is stored is not asked for, and goes before what a provider has of its name.
#[test]
fn a_5_a_stored_class_goes_before_a_provided_one() {
    let (world, log) = world("class Stored : Base { string Other; };", &results(&[ISA_BASE]));
    assert!(world.object("Stored").unwrap().class().property("S").is_some());
    assert_eq!(log.take(), [""; 0]);
    let (found, outcome) = deliver(&world, "SELECT * FROM meta_class WHERE __this ISA 'Base'");
    assert_eq!(
        (found, outcome),
        (owned(&["class Base", "class Stored : Base"]), Ok(WBEM_S_NO_ERROR))
    );
    assert_eq!(world.query("SELECT * FROM Stored").unwrap(), [""; 0]);
}

/// A.5: a provided class is a class like any: its instances are its own provider's.
#[test]
fn a_5_instances_of_provided_classes() {
    let log = Log::default();
    let mof = r#"[dynamic, provider("I")] class D : Base { uint32 V; string S; };
        [association, dynamic, provider("I")] class Link { [key] Base ref A; [key] D ref B; };"#;
    let instances = TestProvider::new(vec![values("a", 1, "x"), values("b", 2, "y")]);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, TestClasses::new(mof).logging_as("P", &log).factory());
    providers.register(OTHER, instances.logging_as("I", &log).factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&["SELECT * FROM meta_class"])));
    world.compile(&registration("I", OTHER, &[INSTANCES]));
    let ask = |query: &str| (world.query(query).unwrap(), asked(&log));
    assert_eq!(
        ask("SELECT K FROM D WHERE V = 2"),
        (
            owned(&[r#"D{K="b"}"#]),
            owned(&["P get D", "P enumerate D deep", "I enumerate D wanted K,V"])
        )
    );
    assert_eq!(
        ask("SELECT K FROM Base"),
        (
            owned(&[r#"D{K="a"}"#, r#"D{K="b"}"#]),
            owned(&["P enumerate NULL deep", "I enumerate D wanted K"])
        )
    );
    assert_eq!(world.get("D.K='b'").unwrap(), r#"D{K="b", S="y", V=2}"#);
    assert_eq!(asked(&log), ["P get D", r#"P enumerate D deep"#, r#"I get D K="b" wanted all"#]);
    assert_eq!(world.get("Base.K='b'").unwrap(), r#"D{K="b", S="y", V=2}"#);
    log.take();
    let instance = world.instance("D", &[("K", "c".into())]);
    let services = world.services();
    let context = world.administrator();
    services.put_instance(&instance, Flags::default(), context).unwrap();
    services.delete_instance("D.K='c'", Flags::default(), context).unwrap();
    world.compile("instance of D { K = \"m\"; V = 9; };");
    let mut of_i = asked(&log);
    of_i.retain(|line| line.starts_with("I "));
    assert_eq!(
        of_i,
        [
            r#"I put D{K="c", S=NULL, V=NULL} flags 0x0"#,
            r#"I delete D K="c""#,
            r#"I put D{K="m", S=NULL, V=9} flags 0x0"#
        ]
    );
}

/// Instances without a store cannot be put: a provided class is static only with its stored
/// subclasses.
#[test]
fn a_5_no_instances_of_a_provided_class_are_stored() {
    let (world, _) = usual();
    assert_eq!(world.query("SELECT * FROM X").unwrap(), [""; 0]);
    let instance = world.instance("X", &[("K", "a".into())]);
    let services = world.services();
    let put = services.put_instance(&instance, Flags::default(), world.administrator());
    assert_eq!(status(put), WBEM_E_PROVIDER_NOT_CAPABLE);
}

/// One source that fails: what the others have is there, and then its status.
#[test]
fn decisions_a_class_provider_that_fails() {
    let log = Log::default();
    let failing = TestClasses::new("").failing(WBEM_E_ACCESS_DENIED.with("the test said so"));
    let mut providers = NativeProviders::default();
    providers.register(CLSID, failing.logging_as("P", &log).factory());
    providers.register(OTHER, TestClasses::new(PROVIDED).logging_as("Q", &log).factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    world.compile(&register("Q", OTHER, &results(&[ISA_BASE])));
    let (found, outcome) = deliver(&world, "SELECT * FROM meta_class WHERE __this ISA 'Base'");
    assert_eq!((found.len(), outcome), (5, Err(WBEM_E_ACCESS_DENIED)));
    log.take();
    // The provider with the class answers; if no provider has it, the failure is the answer.
    assert_eq!(world.get("X").unwrap(), "class X : Base");
    assert_eq!(log.take(), ["P get X", "Q get X"]);
    assert_eq!(status(world.get("Missing")), WBEM_E_ACCESS_DENIED);
    assert_eq!(status(world.query("SELECT * FROM Base")), WBEM_E_ACCESS_DENIED);
    assert_eq!(world.get("Stored").unwrap(), "class Stored : Base");
}

/// A.4: a provider may ask WMI, by the context it was given; circles have an end.
#[test]
fn a_4_a_provider_that_asks_wmi() {
    struct Asking(TestClasses);
    impl wbem::ClassProvider for Asking {
        fn get(
            &self,
            name: &cim::Name,
            context: &wbem::ProviderContext,
        ) -> cim::Result<cim::ClassDeclaration> {
            let asked = if name.is("Round") { "Round" } else { "Base" };
            context.services().get_object(asked, Flags::default(), context)?;
            self.0.get(name, context)
        }

        fn enumerate(
            &self,
            superclass: Option<&cim::Name>,
            shallow: bool,
            context: &wbem::ProviderContext,
        ) -> cim::Result<Vec<cim::ClassDeclaration>> {
            self.0.enumerate(superclass, shallow, context)
        }
    }
    let mut providers = NativeProviders::default();
    providers.register(CLSID, |_| {
        let classes = TestClasses::new("class Well : Base { }; class Round : Base { };");
        Ok(ProviderInterfaces::classes(Arc::new(Asking(classes))))
    });
    let world = World::with_providers(providers);
    world.compile(BASE);
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    assert_eq!(world.get("Well").unwrap(), "class Well : Base");
    assert_eq!(status(world.get("Round")), WBEM_E_CIRCULAR_REFERENCE);
    assert_eq!(world.get("Well").unwrap(), "class Well : Base");
}

/// An embedded instance of a provided class gets its class from the provider, which is called after
/// the read: nothing of the repository is held meanwhile, and nothing is read twice.
#[test]
fn no_snapshot_is_held_while_the_class_of_an_embedded_instance_is_asked_for() {
    let gate = Gate::default();
    let classes = TestClasses::new("class Inner : Base { uint32 V = 7; uint32 W; };");
    let mut providers = NativeProviders::default();
    providers.register(CLSID, classes.waiting_at(&gate).factory());
    let world = World::with_small_map(providers);
    world.compile(BASE);
    world.compile(
        r#"class Inner : Base { uint32 W; };
           class Outer { [key] uint32 Id; object Held; };
           instance of Outer { Id = 1; Held = instance of Inner { K = "a"; W = 1; }; };
           instance of Outer { Id = 2; Held = instance of Inner { K = "b"; W = 2; }; };"#,
    );
    let services = world.services();
    services.delete_class("Inner", Flags::default(), world.administrator()).unwrap();
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    let asking = {
        let (services, context) = (services.clone(), world.administrator().clone());
        let read = move || {
            wbem::collect(|sink| {
                services.create_instance_enum("Outer", Flags::default(), &context, sink)
            })
        };
        std::thread::spawn(read)
    };
    gate.wait_for(1);
    world.outgrow_its_map();
    gate.open();
    let held: Vec<String> = asking
        .join()
        .unwrap()
        .unwrap()
        .iter()
        .map(|outer| match outer.as_instance().unwrap().get("Held") {
            Some(cim::Value::Object(held)) => openwmi_suite::text::object(held),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(held, [r#"Inner{K="a", V=7, W=1}"#, r#"Inner{K="b", V=7, W=2}"#]);
}

/// E.2 as E.3: who supplies no association to the source is not asked.
#[test]
fn a14_associations_of_instances_skip_the_same_providers() {
    let all = results(&["SELECT * FROM meta_class"]);
    let refers = list("ReferencedSetQueries", &["SELECT * FROM meta_class WHERE __Class = 'Base'"]);
    let link = |name: &str| {
        format!("[association] class {name} {{ [key] Base ref A; [key] Base ref B; }};")
    };
    let (world, log) = two((&link("ByP"), &(all.clone() + &refers)), (&link("ByQ"), &all));
    world.compile("class Tie : ByP { };");
    world.compile(
        "instance of Base { K = \"a\"; }; instance of Base { K = \"b\"; };
         instance of Tie { A = \"Base.K='a'\"; B = \"Base.K='b'\"; };",
    );
    log.take();
    let found = world.query("ASSOCIATORS OF {Base.K='a'}").unwrap();
    assert_eq!(found, [r#"Base{K="b"}"#]);
    assert_eq!(asked(&log), ["P enumerate NULL deep"]);
}

/// Classes that a provider has without being registered for them do not affect other providers.
#[test]
fn a3_what_one_provider_does_not_support_another_one_supplies() {
    let covers = results(&[ISA_BASE]);
    let not_x = list("UnsupportedQueries", &[r#"SELECT * FROM meta_class WHERE __Class = "X""#]);
    let but_x = format!("{covers} {not_x}");
    let (of_p, of_q) = ("class X : Base { uint32 P; };", "class X : Base { uint32 Q; };");
    for (p, q, expected) in [(&but_x, &covers, "Q"), (&covers, &but_x, "P")] {
        let (world, _) = two((of_p, p), (of_q, q));
        assert_eq!(
            classes(&world, Some("Base"), Flags::DEEP),
            ["class Stored : Base", "class X : Base"]
        );
        let query = "SELECT * FROM meta_class WHERE __this ISA 'Base'";
        let (found, end) = deliver(&world, query);
        assert_eq!((found.len(), end), (3, Ok(WBEM_S_NO_ERROR)), "and no other provider does");
        for object in world.objects(query, Flags::default()).unwrap() {
            let is_expected = object.class().slot(expected).is_some();
            assert_eq!(is_expected, object.class().name().is("X"), "{expected}");
        }
    }
}

/// What the embedded instances of classes that cannot be had cost must not grow with the square of
/// their number: these would take half a minute.
#[test]
fn many_embedded_instances_whose_class_cannot_be_had_are_read_in_linear_time() {
    const COUNT: usize = 20_000;
    let mut providers = NativeProviders::default();
    providers.register(CLSID, TestClasses::new("").failing(WBEM_E_FAILED.into()).factory());
    let world = World::with_providers(providers);
    world.compile(BASE);
    let held = ["instance of A { K = \"a\"; }", "instance of B { K = \"b\"; }"];
    let held = held.map(|one| vec![one; COUNT].join(",")).join(",");
    world.compile(&format!(
        "class A : Base {{ }}; class B : Base {{ }};
         class Outer {{ [key] uint32 Id; object Held[]; }};
         instance of Outer {{ Id = 1; Held = {{ {held} }}; }};"
    ));
    for class in ["A", "B"] {
        world.services().delete_class(class, Flags::default(), world.administrator()).unwrap();
    }
    world.compile(&register("P", CLSID, &results(&[ISA_BASE])));
    let begin = Instant::now();
    assert_eq!(world.objects("SELECT * FROM Outer", Flags::default()).unwrap().len(), 1);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}
