//! Native providers: what they are asked, word for word, and what becomes of what they answer
//! (architecture decision 4; behaviour.md B.1-B.4, A.6; mistake J6).

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use cim::status::*;
use cim::{Name, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, Log, TestProvider, Values};
use openwmi_suite::world::sorted;
use wbem::{Flags, NativeProviders, Pushdown, Sink};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-000000000001}";
const OTHER: &str = "{5F3A7B10-0000-4000-8000-000000000002}";

/// The class of most tests: a text as key, a number, a text.
const CLASS: &str = r#"
    [dynamic, provider("P")] class D { [key] string K; uint32 V; string S; };"#;

fn registration(name: &str, clsid: &str) -> String {
    format!(
        r#"instance of __Win32Provider as $P {{ Name = "{name}"; CLSID = "{clsid}"; }};
           instance of __InstanceProviderRegistration
           {{
             provider = $P; SupportsGet = TRUE; SupportsEnumeration = TRUE; SupportsPut = TRUE;
             SupportsDelete = TRUE;
           }};"#
    )
}

fn values(k: &str, v: u32, s: &str) -> Values {
    vec![("K", Value::string(k)), ("V", Value::UInt32(v)), ("S", Value::string(s))]
}

fn three() -> TestProvider {
    TestProvider::new(vec![values("a", 1, "x"), values("b", 5, "y"), values("c", 9, "x")])
}

/// A world in which `D` is bound to `provider`, which is registered for all there is.
fn world(provider: TestProvider) -> (World, Log) {
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID));
    world.compile(CLASS);
    (world, log)
}

/// What a query gives, and what the provider was asked for it.
fn ask(world: &World, log: &Log, query: &str) -> (Vec<String>, Vec<String>) {
    log.take();
    let found = world.query(query).unwrap_or_else(|e| panic!("{query}: {e}"));
    let mut asked = log.take();
    asked.retain(|line| !line.starts_with("initialize"));
    (found, asked)
}

fn status(result: cim::Result<impl Sized>) -> WbemStatus {
    result.map(drop).expect_err("a failure").status()
}

#[test]
fn a_key_that_is_declared_exact_leads_to_exactly_one_get() {
    let (world, log) = world(three().says("K", Pushdown::Exact));
    let b = r#"D{K="b", S="y", V=5}"#;
    for (query, found, asked) in [
        (r#"SELECT * FROM D WHERE K = "b""#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE "b" = K"#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE K = "b" AND V = 5"#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE V = 6 AND K = "b""#, vec![], r#"get D K="b" wanted all"#),
        (
            r#"SELECT * FROM D WHERE (K = "b") AND (V = 1 OR V = 5)"#,
            vec![b],
            r#"get D K="b" wanted all"#,
        ),
        (r#"SELECT * FROM D WHERE K = "nobody""#, vec![], r#"get D K="nobody" wanted all"#),
        (r#"SELECT V FROM D WHERE K = "b""#, vec!["D{V=5}"], r#"get D K="b" wanted K,V"#),
    ] {
        assert_eq!(ask(&world, &log, query), (owned(&found), owned(&[asked])), "{query}");
    }
}

#[test]
fn a_key_that_is_not_leads_to_an_enumeration() {
    for pushdown in [Pushdown::Inexact, Pushdown::Unsupported] {
        let (world, log) = world(three().says("K", pushdown));
        let told = if pushdown == Pushdown::Inexact { r#" where K = "b""# } else { "" };
        let (found, asked) = ask(&world, &log, r#"SELECT * FROM D WHERE K = "b""#);
        assert_eq!(found, [r#"D{K="b", S="y", V=5}"#]);
        assert_eq!(asked, [format!("enumerate D{told} wanted all")]);
    }
}

#[test]
fn a_key_that_does_not_fix_one_instance_leads_to_an_enumeration() {
    let (world, log) = world(three().says("K", Pushdown::Exact));
    for (query, found, asked) in [
        (r#"SELECT K FROM D WHERE K = "b" OR V = 1"#, 2, "enumerate D wanted K,V"),
        (r#"SELECT K FROM D WHERE NOT K = "b""#, 2, "enumerate D wanted K"),
        ("SELECT K FROM D", 3, "enumerate D wanted K"),
    ] {
        let (rows, log) = ask(&world, &log, query);
        assert_eq!((rows.len(), log), (found, owned(&[asked])), "{query}");
    }
    // An order over a key is a predicate like any other.
    let (_, asked) = ask(&world, &log, r#"SELECT K FROM D WHERE K > "b""#);
    assert_eq!(asked, [r#"enumerate D where K > "b" wanted K"#]);
}

#[test]
fn a_provider_that_is_not_registered_for_get_is_enumerated() {
    let provider = three().says("K", Pushdown::Exact);
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID).replace("SupportsGet = TRUE", "SupportsGet = FALSE"));
    world.compile(CLASS);
    let (_, asked) = ask(&world, &log, r#"SELECT * FROM D WHERE K = "b""#);
    assert_eq!(asked, [r#"enumerate D where K = "b" wanted all"#]);
    assert_eq!(status(world.get(r#"D.K="b""#)), WBEM_E_PROVIDER_NOT_CAPABLE);
}

/// Mistake J6: what a provider says it answers exactly is not looked at again. This one lies.
#[test]
fn exact_is_not_filtered_again() {
    let (world, log) = world(three().says("V", Pushdown::Exact));
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE V > 100");
    assert_eq!(found, [r#"D{K="a"}"#, r#"D{K="b"}"#, r#"D{K="c"}"#]);
    assert_eq!(asked, ["enumerate D where V > 100 wanted K,V"]);
}

#[test]
fn inexact_is_told_and_filtered_again() {
    let (world, log) = world(three().says("V", Pushdown::Inexact));
    let (found, asked) = ask(&world, &log, "SELECT * FROM D WHERE V > 4");
    assert_eq!(found, [r#"D{K="b", S="y", V=5}"#, r#"D{K="c", S="x", V=9}"#]);
    assert_eq!(asked, ["enumerate D where V > 4 wanted all"]);
}

#[test]
fn unsupported_is_not_told_and_filtered() {
    let (world, log) = world(three());
    let (found, asked) = ask(&world, &log, "SELECT * FROM D WHERE V > 4");
    assert_eq!(found, [r#"D{K="b", S="y", V=5}"#, r#"D{K="c", S="x", V=9}"#]);
    assert_eq!(asked, ["enumerate D wanted all"]);
}

#[test]
fn each_predicate_is_treated_as_the_provider_says_of_it() {
    let provider = three().says("V", Pushdown::Exact).says("S", Pushdown::Inexact);
    let (world, log) = world(provider);
    let query = r#"SELECT K FROM D WHERE V > 100 AND S = "X" AND K <> "a""#;
    let (found, asked) = ask(&world, &log, query);
    assert_eq!(found, [r#"D{K="c"}"#]);
    assert_eq!(asked, [r#"enumerate D where V > 100 and S = "X" wanted K,S,V"#]);
}

#[test]
fn what_is_no_single_comparison_stays_with_the_core() {
    let provider = three().says("V", Pushdown::Exact).says("S", Pushdown::Exact);
    let (world, log) = world(provider);
    for (query, found) in [
        (r#"SELECT K FROM D WHERE V = 1 OR S = "y""#, vec![r#"D{K="a"}"#, r#"D{K="b"}"#]),
        ("SELECT K FROM D WHERE NOT V = 1", vec![r#"D{K="b"}"#, r#"D{K="c"}"#]),
        ("SELECT K FROM D WHERE V IS NULL", vec![]),
        (r#"SELECT K FROM D WHERE __CLASS = "D" AND NOT V > 4"#, vec![r#"D{K="a"}"#]),
    ] {
        let (rows, asked) = ask(&world, &log, query);
        assert_eq!(rows, found, "{query}");
        assert_eq!(asked.len(), 1, "{query}");
        assert!(!asked[0].contains(" where "), "{query}: {}", asked[0]);
    }
}

#[test]
fn constants_reach_the_provider_in_the_type_of_the_property() {
    let provider = three().says("V", Pushdown::Inexact).says("S", Pushdown::Inexact);
    let (world, log) = world(provider);
    for (condition, told) in [
        (r#"V = "5""#, "V = 5"),
        ("5 >= V", "V <= 5"),
        ("V != 5", "V <> 5"),
        ("S = 5", r#"S = "5""#),
        (r#"S LIKE "x%""#, r#"S LIKE "x%""#),
        // Without wildcards it is equality.
        (r#"S LIKE "x""#, r#"S = "x""#),
    ] {
        let (_, asked) = ask(&world, &log, &format!("SELECT K FROM D WHERE {condition}"));
        assert!(asked[0].contains(&format!(" where {told} wanted")), "{condition}: {asked:?}");
    }
}

#[test]
fn the_projection_reaches_the_provider() {
    let (world, log) = world(three());
    for (query, wanted) in [
        ("SELECT * FROM D", "all"),
        ("SELECT V FROM D", "V"),
        ("SELECT v, k FROM D", "K,V"),
        ("SELECT V FROM D WHERE S = \"x\"", "S,V"),
        ("SELECT V FROM D WHERE __CLASS = \"D\"", "V"),
    ] {
        let (_, asked) = ask(&world, &log, query);
        assert_eq!(asked, [format!("enumerate D wanted {wanted}")], "{query}");
    }
    log.take();
    world.query_with("SELECT V FROM D", Flags::ENSURE_LOCATABLE).unwrap();
    assert_eq!(log.take(), ["enumerate D wanted K,V"]);
    log.take();
    world.query_with("SELECT V FROM D", Flags::PROTOTYPE).unwrap();
    assert_eq!(log.take(), Vec::<String>::new(), "a prototype has no data");
}

#[test]
fn a_class_that_cannot_match_is_not_asked() {
    let (world, log) = world(three());
    world.compile("[dynamic, provider(\"P\")] class E : D { };");
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE __CLASS = \"E\"");
    assert_eq!((found.len(), asked), (3, owned(&["enumerate E wanted K"])));
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE __CLASS = \"Nobody\"");
    assert_eq!((found.len(), asked), (0, vec![]));
}

#[test]
fn b2_get_put_and_delete_reach_the_provider() {
    let (world, log) = world(three());
    let services = world.services();
    let context = world.administrator();
    assert_eq!(world.get(r#"d.k='b'"#).unwrap(), r#"D{K="b", S="y", V=5}"#);
    assert_eq!(status(world.get(r#"D.K="nobody""#)), WBEM_E_NOT_FOUND);
    let new = world.instance("D", &[("K", "new".into()), ("V", Value::UInt32(2))]);
    let path = services.put_instance(&new, Flags::CREATE_ONLY, context).unwrap();
    assert_eq!(path.to_string(), r#"D.K="new""#);
    services.delete_instance(r#"D="b""#, Flags::default(), context).unwrap();
    let expected = [
        r"initialize root\test",
        r#"get D K="b" wanted all"#,
        r#"get D K="nobody" wanted all"#,
        r#"put D{K="new", S=NULL, V=2} flags 0x2"#,
        r#"delete D K="b""#,
    ];
    assert_eq!(log.take(), expected);
    // Nothing of it is stored: another program, without the provider, finds nothing.
    drop(services);
    let world = world.reopen(NativeProviders::default());
    assert_eq!(status(world.get(r#"D.K="new""#)), WBEM_E_PROVIDER_LOAD_FAILURE);
}

#[test]
fn b4_a_null_string_key_is_a_guid_before_the_provider_sees_it() {
    let (world, log) = world(three());
    let services = world.services();
    let nameless = world.instance("D", &[("V", Value::UInt32(2))]);
    log.take();
    services.put_instance(&nameless, Flags::default(), world.administrator()).unwrap();
    let put = r#"put D{K="{00000000-0000-4000-8000-000000000001}", S=NULL, V=2} flags 0x0"#;
    assert_eq!(log.take().last().map(String::as_str), Some(put));
}

#[test]
fn g3_provided_instances_have_the_system_properties_of_any() {
    let (world, _) = world(three());
    let object = world.object(r#"D.K="b""#).unwrap();
    let system = openwmi_suite::text::system(&object);
    let expected = r#"__GENUS=2, __CLASS="D", __SUPERCLASS=NULL, __DYNASTY="D", __RELPATH="D.K=\"b\"", __PROPERTY_COUNT=3, __DERIVATION={}, __SERVER="HOST", __NAMESPACE="root\\test", __PATH="\\\\HOST\\root\\test:D.K=\"b\"""#;
    assert_eq!(system, expected);
}

#[test]
fn initialized_once_a_namespace() {
    let (world, log) = world(three());
    for _ in 0..3 {
        world.query("SELECT * FROM D").unwrap();
    }
    let initialized = |log: &Log| -> Vec<String> {
        log.take().into_iter().filter(|line| line.starts_with("initialize")).collect()
    };
    assert_eq!(initialized(&log), [r"initialize root\test"]);
    world.create_namespace(r"root\test\Second");
    let mof = format!(
        "#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\\\\Second\")\n{}\n{CLASS}",
        registration("P", CLSID)
    );
    world.compile(&mof);
    let second = world.connect(r"root\test\second").unwrap();
    let run =
        |sink| second.create_instance_enum("D", Flags::default(), world.administrator(), sink);
    assert_eq!(wbem::collect(run).unwrap().len(), 3);
    assert_eq!(initialized(&log), [r"initialize root\test\Second"]);
}

#[test]
fn a13_another_clsid_is_another_provider_from_the_next_call_on() {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, three().factory());
    providers.register(OTHER, TestProvider::new(vec![values("new", 0, "")]).factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID));
    world.compile(CLASS);
    assert_eq!(world.query("SELECT K FROM D").unwrap().len(), 3);
    world
        .compile(&format!("instance of __Win32Provider {{ Name = \"P\"; CLSID = \"{OTHER}\"; }};"));
    assert_eq!(world.query("SELECT K FROM D").unwrap(), [r#"D{K="new"}"#]);
}

/// Each operation on D, with what it fails with.
fn outcomes(world: &World) -> Vec<(&'static str, WbemStatus)> {
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let instance = world.instance("D", &[("K", "b".into())]);
    let of = |result: cim::Result<()>| result.map_or_else(|e| e.status(), |()| WBEM_S_NO_ERROR);
    vec![
        ("query", of(world.query("SELECT * FROM D").map(drop))),
        (
            "enumeration",
            of(world.collect(|s, c, sink| s.create_instance_enum("D", flags, c, sink)).map(drop)),
        ),
        ("get", of(world.get(r#"D.K="b""#).map(drop))),
        ("put", of(services.put_instance(&instance, flags, context).map(drop))),
        ("delete", of(services.delete_instance(r#"D.K="b""#, flags, context))),
    ]
}

fn all_fail_with(world: &World, expected: WbemStatus) {
    for (operation, found) in outcomes(world) {
        assert_eq!(found, expected, "{operation}");
    }
}

#[test]
fn b1_a_provider_that_nobody_registered() {
    let (world, _) = world(three());
    all_fail_with(&world, WBEM_S_NO_ERROR);
    let services = world.services();
    let path = r#"__Win32Provider.Name="P""#;
    services.delete_instance(path, Flags::default(), world.administrator()).unwrap();
    all_fail_with(&world, WBEM_E_PROVIDER_NOT_FOUND);
}

#[test]
fn b1_one_that_is_registered_in_another_namespace() {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, three().factory());
    let world = World::with_providers(providers);
    let mof = format!("#pragma namespace(\"\\\\\\\\.\\\\root\")\n{}", registration("P", CLSID));
    world.compile(&mof);
    world.compile(CLASS);
    all_fail_with(&world, WBEM_E_PROVIDER_NOT_FOUND);
}

/// A.2: a provider may be registered as an instance of a class derived from `__Win32Provider`,
/// and its registration may refer to it in any spelling of its path.
#[test]
fn a2_derived_classes_and_spellings_of_registrations() {
    for (provider, reference) in [
        ("__Win32Provider", r#"__Win32Provider.Name=\"P\""#),
        ("__Win32Provider", r#"__WIN32PROVIDER='p'"#),
        ("__Win32Provider", r#"\\\\.\\root\\test:__Win32Provider.Name=\"P\""#),
        ("__Win32Provider", r#"\\\\HOST\\root\\test:__Win32Provider.Name=\"P\""#),
        ("Test_Provider", r#"Test_Provider.Name=\"P\""#),
    ] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, three().factory());
        let world = World::with_providers(providers);
        world.compile(&format!(
            r#"class Test_Provider : __Win32Provider {{ string Own; }};
               instance of {provider} {{ Name = "P"; CLSID = "{CLSID}"; }};
               instance of __InstanceProviderRegistration {{ provider = "{reference}"; }};"#
        ));
        world.compile(CLASS);
        let found = world.query("SELECT K FROM D").map(|found| found.len());
        assert_eq!(found, Ok(3), "{provider} {reference}");
    }
}

#[test]
fn b1_registrations_that_are_not_whole() {
    for (mof, expected) in [
        (
            format!("instance of __Win32Provider {{ Name = \"P\"; CLSID = \"{CLSID}\"; }};"),
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (
            registration("P", CLSID).replace(&format!("CLSID = \"{CLSID}\";"), ""),
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (
            registration("P", CLSID).replace("Name =", "HostingModel = \"Bogus\"; Name ="),
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (registration("P", OTHER), WBEM_E_PROVIDER_LOAD_FAILURE),
        (
            registration("P", CLSID).replace("Name =", "Enabled = FALSE; Name ="),
            WBEM_E_PROVIDER_DISABLED,
        ),
    ] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, three().factory());
        let world = World::with_providers(providers);
        world.compile(&mof);
        world.compile(CLASS);
        all_fail_with(&world, expected);
    }
}

/// G.14: every documented hosting model is taken, and a native provider runs in process
/// whatever it says (architecture decision 4).
#[test]
fn g14_documented_hosting_models() {
    for model in [
        "WmiCore",
        "NetworkServiceHost",
        "NetworkServiceHost:Group",
        "LocalServiceHost",
        "LocalSystemHost",
        "LocalSystemHostOrSelfHost",
        "NetworkServiceHostOrSelfHost",
        "SelfHost",
        "Decoupled:Com",
        "Decoupled:Com:FoldIdentity(FALSE)",
    ] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, three().factory());
        let world = World::with_providers(providers);
        let hosted = format!("HostingModel = \"{model}\"; Name =");
        world.compile(&registration("P", CLSID).replace("Name =", &hosted));
        world.compile(CLASS);
        assert_eq!(world.query("SELECT K FROM D").unwrap().len(), 3, "{model}");
    }
}

#[test]
fn b1_each_ability_that_is_not_registered() {
    for (flag, operations) in [
        ("SupportsGet", ["get"].as_slice()),
        ("SupportsPut", &["put"]),
        ("SupportsDelete", &["delete"]),
        ("SupportsEnumeration", &["query", "enumeration"]),
    ] {
        let provider = three();
        let log = provider.log();
        let mut providers = NativeProviders::default();
        providers.register(CLSID, provider.factory());
        let world = World::with_providers(providers);
        let on = format!("{flag} = TRUE");
        world.compile(&registration("P", CLSID).replace(&on, &format!("{flag} = FALSE")));
        world.compile(CLASS);
        for (operation, found) in outcomes(&world) {
            let refused = operations.contains(&operation);
            let expected = if refused { WBEM_E_PROVIDER_NOT_CAPABLE } else { WBEM_S_NO_ERROR };
            assert_eq!(found, expected, "{operation} with {flag} FALSE");
        }
        // A.2: the core says so itself.
        let asked = log.take();
        let begins =
            |o: &str| if o == "query" || o == "enumeration" { "enumerate" } else { o }.to_owned();
        for operation in operations {
            let begins = begins(operation);
            assert!(!asked.iter().any(|line| line.starts_with(&begins)), "{flag}: {asked:?}");
        }
    }
}

#[test]
fn b1_initialization_that_fails() {
    let panics = Arc::new(|_: &cim::Namespace| panic!("the test told the factory to panic"));
    let refuses = Arc::new(|_: &cim::Namespace| Err(WBEM_E_FAILED.with("not today")));
    for factory in [refuses as wbem::provider::Factory, panics] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, factory);
        let world = World::with_providers(providers);
        world.compile(&registration("P", CLSID));
        world.compile(CLASS);
        all_fail_with(&world, WBEM_E_INITIALIZATION_FAILURE);
    }
}

#[test]
fn a_provider_that_panics_fails_its_call_and_no_other() {
    let (world, _) = world(three().conduct(Conduct::Panic));
    all_fail_with(&world, WBEM_E_PROVIDER_FAILURE);
    world.compile("class Test_Stored { [key] uint32 K; };\ninstance of Test_Stored { K = 1; };");
    assert_eq!(world.query("SELECT * FROM Test_Stored").unwrap(), ["Test_Stored{K=1}"]);
}

#[test]
fn a_provider_that_lets_go_of_its_sink_has_failed() {
    let (world, _) = world(three().conduct(Conduct::DropSink));
    let (objects, outcome) = deliver(&world, "SELECT K FROM D");
    assert_eq!(objects, [r#"D{K="a"}"#, r#"D{K="b"}"#, r#"D{K="c"}"#]);
    assert_eq!(outcome, Err(WBEM_E_PROVIDER_FAILURE));
}

#[test]
fn statuses_of_the_provider_are_the_clients() {
    for success in [WBEM_S_PARTIAL_RESULTS, WBEM_S_ACCESS_DENIED, WBEM_S_FALSE] {
        let (world, _) = world(three().conduct(Conduct::End(Ok(success))));
        let (objects, outcome) = deliver(&world, "SELECT K FROM D");
        assert_eq!((objects.len(), outcome), (3, Ok(success)));
    }
    for failure in [WBEM_E_ACCESS_DENIED, WBEM_E_FAILED, WBEM_E_TIMED_OUT, WBEM_E_NOT_FOUND] {
        let conduct = Conduct::End(Err(failure.with("the test said so")));
        let (world, _) = world(three().conduct(conduct));
        all_fail_with(&world, failure);
    }
}

#[test]
fn a_provider_may_answer_from_another_thread() {
    let (world, _) = world(three().conduct(Conduct::OtherThread));
    assert_eq!(world.query("SELECT K FROM D WHERE V > 4").unwrap().len(), 2);
}

#[test]
fn a_client_that_has_enough_stops_the_provider() {
    let many = (0..1000).map(|i| values(&format!("{i:04}"), i, "")).collect();
    let (world, log) = world(TestProvider::new(many));
    let services = world.services();
    let run = |sink: Sink| {
        services.exec_query("WQL", "SELECT K FROM D", Flags::default(), world.administrator(), sink)
    };
    let taken = Arc::new(Mutex::new(0));
    let count = taken.clone();
    let status = wbem::for_each(run, move |batch| {
        *count.lock().unwrap() += batch.len();
        ControlFlow::Break(())
    });
    assert_eq!(status, Ok(WBEM_S_NO_ERROR));
    assert_eq!(*taken.lock().unwrap(), 1, "the provider delivers one by one");
    assert_eq!(log.take().last().map(String::as_str), Some("stopped"));
}

/// B5, as far as it concerns native providers: filtering that is switched on and off midway.
#[test]
fn b5_a_provider_switches_the_filter_on_and_off() {
    let provider = three().says("V", Pushdown::Exact).conduct(Conduct::FilterFirstTwo);
    let (world, _) = world(provider);
    // All three fail; the first two while the core filters.
    let found = world.query("SELECT K FROM D WHERE V > 100").unwrap();
    assert_eq!(found, [r#"D{K="c"}"#]);
}

const FAMILY: &str = r#"
    class Test_Base { [key] string K; uint32 V; };
    class Test_Stored : Test_Base { };
    [dynamic, provider("P")] class Test_Provided : Test_Base { string S; };
    instance of Test_Base { K = "base"; V = 1; };
    instance of Test_Stored { K = "stored"; V = 7; };"#;

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

#[test]
fn decisions_one_source_that_fails_fails_the_query() {
    let (world, _) = world(three());
    world.compile(FAMILY);
    world.compile("[dynamic, provider(\"Nobody\")] class Test_Unbound : Test_Base { };");
    let error = world.query("SELECT * FROM Test_Base").unwrap_err();
    assert_eq!(error.status(), WBEM_E_PROVIDER_NOT_FOUND);
    assert!(error.message().contains("Nobody"), "{error}");
    let shallow =
        world.collect(|s, c, sink| s.create_instance_enum("Test_Base", Flags::SHALLOW, c, sink));
    assert_eq!(shallow.unwrap().len(), 1, "who is not asked cannot fail");
}

#[test]
fn decisions_what_came_before_a_failure_is_delivered() {
    let conduct = Conduct::End(Err(WBEM_E_FAILED.with("the test said so")));
    let (world, _) = world(three().conduct(conduct));
    world.compile(FAMILY);
    let (objects, outcome) = deliver(&world, "SELECT K FROM Test_Base");
    assert_eq!(outcome, Err(WBEM_E_FAILED));
    assert!(objects.contains(&r#"Test_Base{K="base"}"#.to_owned()), "{objects:?}");
}

#[test]
fn compound_keys_and_other_types_reach_the_provider_in_order() {
    let provider = TestProvider::new(vec![vec![
        ("Zone", Value::string("z")),
        ("Id", Value::UInt64(u64::MAX)),
        ("On", Value::Boolean(true)),
    ]]);
    let provider =
        ["Zone", "Id", "On"].into_iter().fold(provider, |p, key| p.says(key, Pushdown::Exact));
    let (world, log) = world(provider);
    world.compile(
        r#"[dynamic, provider("P")] class Test_Keys
           { [key] string Zone; [key] uint64 Id; [key] boolean On; };"#,
    );
    let path = r#"Test_Keys.Zone="z",On=true,Id="18446744073709551615""#;
    log.take();
    assert!(world.get(path).is_ok());
    let query = "SELECT * FROM Test_Keys WHERE On = 1 AND Zone = 'z' AND Id = 18446744073709551615";
    assert_eq!(world.query(query).unwrap().len(), 1);
    let asked = r#"get Test_Keys Id=18446744073709551615,On=TRUE,Zone="z" wanted all"#;
    assert_eq!(log.take(), [r"initialize root\test", asked, asked]);
    // Two of three keys fix nothing.
    let (_, asked) = ask(&world, &log, "SELECT On FROM Test_Keys WHERE On = 1 AND Zone = 'z'");
    assert_eq!(asked, [r#"enumerate Test_Keys where On = TRUE and Zone = "z" wanted On,Zone"#]);
}

#[test]
fn a_provided_singleton() {
    let provider = TestProvider::new(vec![vec![("V", Value::UInt32(3))]]);
    let (world, log) = world(provider);
    world.compile(r#"[dynamic, provider("P"), singleton] class Test_One { uint32 V; string S; };"#);
    log.take();
    assert_eq!(world.get("Test_One=@").unwrap(), "Test_One{S=NULL, V=3}");
    assert_eq!(world.query("SELECT * FROM Test_One").unwrap(), ["Test_One{S=NULL, V=3}"]);
    let asked = ["get Test_One  wanted all", "enumerate Test_One wanted all"];
    assert_eq!(log.take()[1..], asked);
}

#[test]
fn the_compiler_puts_instances_of_dynamic_classes_to_their_provider() {
    let (world, log) = world(three());
    world.compile(
        r#"class Test_Stored { [key] string K; };
           instance of Test_Stored { K = "before"; };
           instance of D { K = "new"; V = 3; };
           instance of Test_Stored { K = "after"; };"#,
    );
    let asked = log.take();
    assert_eq!(asked[1..], [r#"put D{K="new", S=NULL, V=3} flags 0x0"#]);
    assert_eq!(world.query("SELECT * FROM Test_Stored").unwrap().len(), 2);
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

/// The objects that came before the end, and the end.
fn deliver(world: &World, query: &str) -> (Vec<String>, Result<WbemStatus, WbemStatus>) {
    let services = world.services();
    let run = |sink: Sink| {
        services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
    };
    let objects = Arc::new(Mutex::new(Vec::new()));
    let taken = objects.clone();
    let outcome = wbem::for_each(run, move |mut batch| {
        taken.lock().unwrap().append(&mut batch);
        ControlFlow::Continue(())
    });
    let objects = sorted(&objects.lock().unwrap());
    (objects, outcome.map_err(|e| e.status()))
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Names in registrations compare without case too.
#[test]
fn g37_the_name_of_a_provider() {
    let mut providers = NativeProviders::default();
    providers.register(&CLSID.to_lowercase(), three().factory());
    let world = World::with_providers(providers);
    world.compile(&registration("the provider", CLSID));
    world.compile(
        "[DYNAMIC, PROVIDER(\"The Provider\")] class D { [key] string K; uint32 V; string S; };",
    );
    assert_eq!(world.query("SELECT K FROM D").unwrap().len(), 3);
    assert!(Name::from("D").is("d"));
}
