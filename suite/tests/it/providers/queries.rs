//! Providers that take the text of queries (behaviour.md B.3; J 6; ruling I-24).

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::{Log, TestProvider};
use wbem::{Flags, NativeProviders, Pushdown};

use super::*;

/// A world in which `D`'s provider is registered for `levels`.
fn querying(provider: TestProvider, levels: &str) -> (World, Log) {
    let (world, log) = world(provider);
    world.compile(&format!(
        "instance of __InstanceProviderRegistration
         {{ provider = \"__Win32Provider.Name=\\\"P\\\"\"; SupportsGet = TRUE;
            SupportsEnumeration = TRUE; QuerySupportLevels = {levels}; }};"
    ));
    (world, log)
}

const ALL: [&str; 3] =
    [r#"D{K="a", S="x", V=1}"#, r#"D{K="b", S="y", V=5}"#, r#"D{K="c", S="x", V=9}"#];

#[test]
fn b3_the_text_reaches_the_provider_and_its_answer_is_not_filtered() {
    for levels in [r#"{"WQL:UnarySelect"}"#, r#"{"wql:v1providerdefined"}"#] {
        let (world, log) = querying(three(), levels);
        // Character for character, and what does not match is delivered all the same.
        let query = "select  *  FROM d WHERE V > 4 and S = \"x\"";
        let (found, asked) = ask(&world, &log, query);
        assert_eq!(found, ALL);
        assert_eq!(asked, [format!("query D {query}")]);
        // The core still selects the properties.
        let (found, _) = ask(&world, &log, "SELECT V FROM D WHERE K = 'absent'");
        assert_eq!(found, ["D{V=1}", "D{V=5}", "D{V=9}"]);
        // An enumeration is none.
        log.take();
        world.collect(|s, c, sink| s.create_instance_enum("D", Flags::DEEP, c, sink)).unwrap();
        assert_eq!(log.take(), ["enumerate D wanted all"]);
    }
    for levels in [r#"{"WQL:References"}"#, "NULL", "{}"] {
        let (world, log) = querying(three(), levels);
        let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE V > 4");
        assert_eq!((found.len(), asked), (2, owned(&["enumerate D wanted K,V"])), "{levels}");
    }
}

/// A provider that is registered for it interprets texts beyond WQL.
#[test]
fn b3_more_than_wql_is_passed_through() {
    let beyond = r#"{"WQL:V1ProviderDefined"}"#;
    let queries = [
        "SELECT * FROM D WHERE V > 4 ORDER BY V",
        "select count(*) from d",
        "SELECT V FROM D WHERE LENGTH(S) = 3",
    ];
    for query in queries {
        let (world, log) = querying(three(), beyond);
        let (found, asked) = ask(&world, &log, query);
        assert_eq!(found, ALL, "{query}: the core does not look at it");
        assert_eq!(asked, [format!("query D {query}")]);
        let (world, log) = querying(three(), r#"{"WQL:UnarySelect"}"#);
        assert_eq!(status(world.query(query)), WBEM_E_INVALID_QUERY, "{query}");
        let called = log.take();
        assert!(called.is_empty(), "{query}: {called:?}");
        let refuses = Conduct::AnswerQuery(Err(WBEM_E_PROVIDER_NOT_CAPABLE.into()));
        let (world, _) = querying(three().conduct(refuses), beyond);
        assert_eq!(status(world.query(query)), WBEM_E_INVALID_QUERY, "{query}");
    }
    // A property that the class lacks is an error for every provider, and so is a text other than SELECT.
    let (world, log) = querying(three(), beyond);
    world.compile("class Test_Stored { [key] uint32 V; };");
    for query in [
        "SELECT * FROM D WHERE Absent = 1",
        "SELECT * FROM Test_Stored ORDER BY V",
        "SELECT * FROM Absent ORDER BY V",
        "DELETE FROM D",
        "SELECT *",
    ] {
        assert_eq!(status(world.query(query)), WBEM_E_INVALID_QUERY, "{query}");
    }
    assert!(!log.take().iter().any(|line| line.starts_with("query")));
}

/// Either all sources understand such a text, or none is called.
#[test]
fn b3_more_than_wql_over_several_classes() {
    let (world, log) = querying(three(), r#"{"WQL:V1ProviderDefined"}"#);
    let query = "SELECT * FROM D ORDER BY V";
    world.compile(r#"[dynamic, provider("P")] class Test_Lower : D { };"#);
    assert_eq!(ask(&world, &log, query).0.len(), 6);
    let direct = world.query_with(query, Flags::DIRECT_READ).unwrap();
    assert_eq!(direct.len(), 3);
    world.compile(&registration("Q", CLSID, &[INSTANCES]));
    world.compile(r#"[dynamic, provider("Q")] class Test_Other : D { };"#);
    log.take();
    assert_eq!(status(world.query(query)), WBEM_E_INVALID_QUERY);
    assert!(!log.take().iter().any(|line| line.starts_with("query")));
}

#[test]
fn b4_a_query_that_is_handed_back_is_enumerated_and_filtered() {
    for status in [WBEM_E_PROVIDER_NOT_CAPABLE, WBEM_E_QUOTA_VIOLATION] {
        let provider = three().conduct(Conduct::AnswerQuery(Err(status.into())));
        let (world, log) =
            querying(provider.says("V", Pushdown::Inexact), r#"{"WQL:UnarySelect"}"#);
        let query = "SELECT * FROM D WHERE V > 4";
        let (found, asked) = ask(&world, &log, query);
        assert_eq!(found, ALL[1..]);
        let expected =
            [format!("query D {query}"), "enumerate D where V > 4 wanted all".to_owned()];
        assert_eq!(asked, expected);
    }
    let provider = three().conduct(Conduct::AnswerQuery(Err(WBEM_E_ACCESS_DENIED.into())));
    let (world, _) = querying(provider, r#"{"WQL:UnarySelect"}"#);
    assert_eq!(
        status(world.query("SELECT * FROM D")),
        WBEM_E_ACCESS_DENIED,
        "another error is one"
    );
}

#[test]
fn b5_the_provider_switches_the_filter_on_and_off() {
    struct Switching;
    impl wbem::InstanceProvider for Switching {
        fn get(
            &self,
            _: &std::sync::Arc<cim::Class>,
            _: &[Value],
            _: &wbem::Wanted,
            _: &wbem::ProviderContext,
        ) -> cim::Result<cim::Instance> {
            Err(WBEM_E_NOT_FOUND.into())
        }

        fn enumerate(
            &self,
            _: &wbem::EnumerationRequest<'_>,
            _: &wbem::ProviderContext,
            sink: Sink,
        ) {
            sink.complete(Err(WBEM_E_PROVIDER_NOT_CAPABLE.into()));
        }

        fn query(&self, query: &wbem::QueryText<'_>, _: &wbem::ProviderContext, mut sink: Sink) {
            let of = |k: &str, v| {
                let mut instance = cim::Instance::new(query.class.clone());
                instance.put("K", &k.into()).unwrap();
                instance.put("V", &Value::UInt32(v)).unwrap();
                cim::Object::Instance(instance)
            };
            sink.requirements(wbem::Requirement::StartPostfilter);
            let _ = sink.indicate(vec![of("matches", 9), of("fails", 1), of("fails too", 2)]);
            sink.requirements(wbem::Requirement::StopPostfilter);
            let _ = sink.indicate(vec![of("fails unseen", 3)]);
            sink.complete(wbem::COMPLETE);
        }
    }
    let mut providers = NativeProviders::default();
    providers.register(CLSID, |_| {
        Ok(wbem::ProviderInterfaces::instances(std::sync::Arc::new(Switching)))
    });
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]).replace(
        "SupportsGet = TRUE;",
        r#"SupportsGet = TRUE; QuerySupportLevels = {"WQL:UnarySelect"};"#,
    ));
    world.compile(CLASS);
    let found = world.query("SELECT K FROM D WHERE V > 4").unwrap();
    assert_eq!(found, [r#"D{K="fails unseen"}"#, r#"D{K="matches"}"#]);
}

#[test]
fn b3_a_key_that_the_provider_says_is_exact_is_still_one_get() {
    let (world, log) = querying(three().says("K", Pushdown::Exact), r#"{"WQL:UnarySelect"}"#);
    let (_, asked) = ask(&world, &log, "SELECT * FROM D WHERE K = 'b'");
    assert_eq!(asked, [r#"get D K="b" wanted all"#]);
}

/// Behaviour.md B.4, OverrideValue: no provider is asked by conditions on values that a class below
/// may have otherwise, nor by a text that would leave out what the provider above has a part of.
#[test]
fn b4_overridden_values_are_looked_at_by_the_core() {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let mut mof = String::new();
    for (name, v) in [("PA", 1), ("PB", 2)] {
        let clsid = format!("{{5F3A7B10-0000-4000-8000-0000000000{name}}}");
        let provider = TestProvider::new(vec![vec![("K", "k".into()), ("V", Value::UInt32(v))]]);
        providers.register(&clsid, provider.logging_as(name, &log).factory());
        let levels = r#"SupportsGet = TRUE; QuerySupportLevels = {"WQL:UnarySelect"};"#;
        let registration =
            registration(name, &clsid, &[INSTANCES]).replace("SupportsGet = TRUE;", levels);
        mof.push_str(&registration);
    }
    mof.push_str(
        r#"[dynamic, provider("PA")] class A { [key] string K; uint32 V; };
           [dynamic, provider("PB"), OverrideValue] class B : A { };"#,
    );
    let world = World::with_providers(providers);
    world.compile(&mof);
    let (found, asked) = ask(&world, &log, "SELECT * FROM A WHERE V = 2");
    assert_eq!(found, [r#"B{K="k", V=2}"#]);
    let asked: Vec<&String> = asked.iter().filter(|line| !line.contains("initialize")).collect();
    assert_eq!(asked, ["PB enumerate B wanted all", "PA enumerate A wanted all"]);
}
