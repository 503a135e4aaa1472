//! The plan of a query, as instances through `wbem::Services` (issue "what must exist" 7,
//! architecture decision 4): the requests to each source, and what the core filters.

use cim::status::*;
use cim::{Object, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{Log, TestProvider, registration};
use openwmi_suite::text;
use wbem::{EXPLAIN, Flags, NativeProviders, Pushdown};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-000000000003}";

/// What the providers are registered for.
const GET: &str = "SupportsGet = TRUE;";

const MOF: &str = r#"
    [abstract] class Test_Base { [key] string K; uint32 V; string S; };
    class Test_Stored : Test_Base { };
    class Test_StoredBelow : Test_Stored { };
    class Test_Unused : Test_Base { };
    [dynamic, provider("P")] class Test_Provided : Test_Base { };
    instance of Test_Stored { K = "a"; V = 1; };
    instance of Test_StoredBelow { K = "b"; V = 2; };"#;

fn world() -> (World, Log) {
    let provider = TestProvider::new(Vec::new())
        .says("K", Pushdown::Exact)
        .says("V", Pushdown::Exact)
        .says("S", Pushdown::Inexact);
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[("__InstanceProviderRegistration", GET)]));
    world.compile(MOF);
    (world, log)
}

fn explain(world: &World, query: &str, flags: Flags) -> cim::Result<Vec<Object>> {
    let services = world.services();
    let mut context = world.administrator().clone();
    context.set(EXPLAIN, true);
    wbem::collect(|sink| services.exec_query("WQL", query, flags, &context, sink))
}

/// The steps in their order, each `Class Source Operation Path | PushedDown | Filtered |
/// Properties`.
fn steps(world: &World, query: &str, flags: Flags) -> Vec<String> {
    let mut steps = explain(world, query, flags).unwrap();
    steps.sort_by_key(|step| step.get("Step").unwrap().as_integer());
    let numbers: Vec<i128> =
        steps.iter().map(|s| s.get("Step").unwrap().as_integer().unwrap()).collect();
    assert_eq!(numbers, (1..=steps.len() as i128).collect::<Vec<_>>());
    let line = |step: &Object| {
        let of = |name: &str| match step.get(name).unwrap() {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.to_string(),
            other => text::value(&other),
        };
        let what = ["Class", "Source", "Operation", "Path"].map(of).join(" ");
        let how = ["PushedDown", "Filtered", "Properties"].map(of).join(" | ");
        format!("{what} | {how}")
    };
    steps.iter().map(line).collect()
}

#[test]
fn every_source_of_a_hierarchy_is_a_step() {
    let (world, log) = world();
    let expected = [
        "Test_Stored Repository CreateInstanceEnum - | - | - | -",
        "Test_Provided P CreateInstanceEnum - | - | - | -",
        "Test_StoredBelow Repository CreateInstanceEnum - | - | - | -",
    ];
    let mut found = steps(&world, "SELECT * FROM Test_Base", Flags::default());
    let mut expected = expected.map(str::to_owned);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    // Planning asks the provider nothing but what it does with predicates.
    assert_eq!(log.take(), [r"initialize root\test"]);
}

#[test]
fn what_is_pushed_down_and_what_is_filtered() {
    let (world, log) = world();
    let query = r#"SELECT K FROM Test_Base WHERE V > 5 AND S LIKE "x%" AND (K = "a" OR K = "b")"#;
    let mut found = steps(&world, query, Flags::default());
    found.sort();
    let expected = [
        r#"Test_Provided P CreateInstanceEnum - | V > 5 | S LIKE "x%" AND (K = "a" OR K = "b") | {"K", "V", "S"}"#,
        r#"Test_Stored Repository CreateInstanceEnum - | - | V > 5 AND S LIKE "x%" AND (K = "a" OR K = "b") | {"K", "V", "S"}"#,
        r#"Test_StoredBelow Repository CreateInstanceEnum - | - | V > 5 AND S LIKE "x%" AND (K = "a" OR K = "b") | {"K", "V", "S"}"#,
    ];
    assert_eq!(found, expected);
    assert_eq!(log.take(), [r"initialize root\test"]);
}

#[test]
fn a_key_becomes_a_get() {
    let (world, _) = world();
    let query = r#"SELECT V FROM Test_Provided WHERE K = "a" AND S = "y""#;
    let found = steps(&world, query, Flags::default());
    let expected =
        [r#"Test_Provided P GetObject Test_Provided.K="a" | K = "a" | S = "y" | {"K", "V", "S"}"#];
    assert_eq!(found, expected);
    let found = steps(&world, r#"SELECT * FROM Test_StoredBelow WHERE K = "b""#, Flags::default());
    let [step] = &found[..] else { panic!("{found:?}") };
    let begins = r#"Test_StoredBelow Repository GetObject Test_StoredBelow.K="b" | "#;
    assert!(step.starts_with(begins), "{step}");
}

#[test]
fn classes_that_cannot_answer_are_no_step() {
    let (world, _) = world();
    for (query, flags, classes) in [
        (r#"SELECT * FROM Test_Base WHERE __CLASS = "Test_Stored""#, Flags::default(), 1),
        (r#"SELECT * FROM Test_Base WHERE __CLASS = "Absent""#, Flags::default(), 0),
        ("SELECT * FROM Test_Unused", Flags::default(), 0),
        ("SELECT * FROM Test_Stored", Flags::DIRECT_READ, 1),
    ] {
        assert_eq!(steps(&world, query, flags).len(), classes, "{query}");
    }
}

#[test]
fn a_query_over_classes_is_one_step() {
    let (world, _) = world();
    let query = r#"SELECT * FROM meta_class WHERE __this ISA "Test_Base""#;
    let expected = [r#"meta_class Schema CreateClassEnum - | - | __this ISA "Test_Base" | -"#];
    assert_eq!(steps(&world, query, Flags::default()), expected);
}

/// Stored associations are found by what they refer to; classes without any are not asked.
#[test]
fn a_walk_asks_for_what_refers_to_its_source() {
    let (world, _) = world();
    world.compile(
        r#"
        [association] class Test_Link { [key] Test_Base ref A; [key] Test_Base ref B; };
        class Test_LinkBelow : Test_Link { };
        [association] class Test_Default
        { [key] uint32 N; Test_Base ref A = "Test_Stored='a'"; Test_Base ref B; };
        [association, dynamic, provider("P")] class Test_ProvidedLink
        {
            [key] Test_Stored ref A;
            [key] Test_Provided ref B;
        };
        instance of Test_Link { A = "Test_Stored='a'"; B = "Test_Stored='b'"; };
        instance of Test_Default { N = 1; };"#,
    );
    let expected = [
        concat!(
            r#"Test_Default Repository CreateInstanceEnum - | - | A = "Test_Stored.K=\"a\"" OR "#,
            r#"B = "Test_Stored.K=\"a\"" OR A = "Test_Base.K=\"a\"" OR B = "Test_Base.K=\"a\"" | -"#,
        ),
        r#"Test_Link Repository ReferencesTo Test_Stored.K="a" | - | - | -"#,
        concat!(
            r#"Test_ProvidedLink P CreateInstanceEnum - | - | A = "Test_Stored.K=\"a\"" OR "#,
            r#"A = "Test_Base.K=\"a\"" | -"#,
        ),
    ];
    for query in ["ASSOCIATORS OF {Test_Stored='a'}", "REFERENCES OF {Test_Stored='a'}"] {
        assert_eq!(steps(&world, query, Flags::default()), expected, "{query}");
    }
}

#[test]
fn a_plan_is_refused_as_its_query_is() {
    let (world, _) = world();
    for (query, expected) in [
        ("SELECT * FROM Absent", WBEM_E_INVALID_CLASS),
        ("SELECT Nope FROM Test_Base", WBEM_E_INVALID_QUERY),
        ("nonsense", WBEM_E_INVALID_QUERY),
    ] {
        let error = explain(&world, query, Flags::default()).unwrap_err();
        assert_eq!(error.status(), expected, "{query}");
    }
}

/// One step, word for word, as it is given.
#[test]
fn a_step_is_an_instance() {
    let (world, _) = world();
    let found = explain(&world, "SELECT * FROM Test_Provided", Flags::default()).unwrap();
    let texts: Vec<String> = found.iter().map(text::object).collect();
    let expected = r#"OpenWMI_PlanStep{Class="Test_Provided", Completes=NULL, Filtered=NULL, GivesNothing=FALSE, LeavesOutKnown=FALSE, Operation="CreateInstanceEnum", Path=NULL, Properties=NULL, PushedDown=NULL, Source="P", Step=1}"#;
    assert_eq!(texts, [expected]);
}

#[test]
fn g2_what_the_object_manager_has_itself() {
    let (world, _) = world();
    let query = "SELECT * FROM __SystemSecurity";
    let expected = ["__SystemSecurity System CreateInstanceEnum - | - | - | -"];
    assert_eq!(steps(&world, query, Flags::default()), expected);
}

/// Five classes, three providers: who is asked what, in which order, what is joined from above and
/// what comes once.
#[test]
fn b4_the_order_of_a_hierarchy_with_several_providers() {
    let mut providers = NativeProviders::default();
    let mut mof = String::new();
    for (name, levels) in
        [("PA", ""), ("PB", ""), ("PC", r#"QuerySupportLevels = {"WQL:UnarySelect"};"#)]
    {
        let clsid = format!("{{5F3A7B10-0000-4000-8000-0000000001{name}}}");
        let provider = TestProvider::new(Vec::new());
        let provider = provider.says("k", Pushdown::Exact).says("a", Pushdown::Exact);
        providers.register(&clsid, provider.factory());
        let supports = format!("{GET} {levels}");
        mof += &registration(name, &clsid, &[("__InstanceProviderRegistration", &supports)]);
    }
    mof.push_str(
        r#"[dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
           [dynamic, provider("PB")] class B : A { uint32 b; };
           [dynamic, provider("PC")] class C : B { uint32 c; };
           [dynamic, provider("PB")] class D : B { uint32 d; };
           [dynamic, provider("PA")] class E : A { uint32 e; };"#,
    );
    let world = World::with_providers(providers);
    world.compile(&mof);
    let steps = |query: &str| -> Vec<String> {
        let line = |step: &Object| {
            let of = |name: &str| match step.get(name).unwrap() {
                Value::Null => "-".to_owned(),
                Value::String(text) => text.to_string(),
                other => text::value(&other),
            };
            [
                "Class",
                "Source",
                "Operation",
                "PushedDown",
                "Filtered",
                "Completes",
                "LeavesOutKnown",
                "GivesNothing",
            ]
            .map(of)
            .join(" ")
        };
        explain(&world, query, Flags::default()).unwrap().iter().map(line).collect()
    };
    let expected = [
        // Its text would be about values that PA has.
        "C PC CreateInstanceEnum - a > 1 - TRUE FALSE",
        "B PB GetObject - - C - -",
        "A PA GetObject - - C - -",
        "D PB CreateInstanceEnum - a > 1 - TRUE FALSE",
        "A PA GetObject - - D - -",
        "B PB CreateInstanceEnum - a > 1 - TRUE FALSE",
        "A PA GetObject - - B - -",
        "E PA CreateInstanceEnum a > 1 - - FALSE FALSE",
        "A PA CreateInstanceEnum - a > 1 - TRUE FALSE",
    ];
    let found = steps("SELECT * FROM A WHERE a > 1");
    assert_eq!(found, expected);
    let of_key = steps("SELECT * FROM C WHERE k = 1 AND c > 1");
    assert_eq!(of_key[0], "C PC GetObject k = 1 c > 1 - FALSE FALSE");
    let exactly = [
        "C PC CreateInstanceEnum - - - TRUE TRUE",
        "D PB CreateInstanceEnum - - - TRUE TRUE",
        "B PB CreateInstanceEnum - - - TRUE TRUE",
        "A PA CreateInstanceEnum - __CLASS = \"A\" AND a > 1 - TRUE FALSE",
    ];
    assert_eq!(steps(r#"SELECT * FROM A WHERE __CLASS = "A" AND a > 1"#), exactly);
}
