//! Partial reads and writes (behaviour.md B.5; J 7).

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::TestProvider;
use openwmi_suite::text;
use wbem::{CallContext, Flags};

use super::*;

fn context(world: &World, values: &[(&str, Value)]) -> CallContext {
    let mut context = world.administrator().clone();
    values.iter().for_each(|(name, value)| context.set(name, value.clone()));
    context
}

fn names(names: &[&str]) -> Value {
    Value::array(names.iter().map(|name| Value::string(*name)))
}

const TRUE: Value = Value::Boolean(true);

/// What a client sets to read some properties.
fn reading(world: &World, properties: &[&str]) -> CallContext {
    context(
        world,
        &[
            ("__GET_EXTENSIONS", TRUE),
            ("__GET_EXT_PROPERTIES", names(properties)),
            ("__GET_EXT_CLIENT_REQUEST", TRUE),
        ],
    )
}

fn get(world: &World, path: &str, context: &CallContext) -> cim::Result<String> {
    world.services().get_object(path, Flags::default(), context).map(|object| text::object(&object))
}

#[test]
fn b15_the_provider_gets_the_wanted_properties_without_the_request_of_the_client() {
    let (world, log) = world(three());
    log.take();
    // This provider takes no notice and gives the whole: so does the client get it (B21).
    let found = get(&world, r#"D.K="b""#, &reading(&world, &["v"])).unwrap();
    assert_eq!(found, r#"D{K="b", S="y", V=5}"#);
    let with = r#"with __GET_EXTENSIONS=TRUE __GET_EXT_PROPERTIES={"v"}"#;
    assert_eq!(log.take()[1..], [format!(r#"get D K="b" wanted K,V {with}"#)]);
    let keys = [
        ("__GET_EXTENSIONS", TRUE),
        ("__GET_EXT_KEYS_ONLY", TRUE),
        ("__GET_EXT_PROPERTIES", names(&["V"])),
        ("__GET_EXT_CLIENT_REQUEST", TRUE),
    ];
    get(&world, r#"D.K="b""#, &context(&world, &keys)).unwrap();
    assert!(log.take()[0].starts_with(r#"get D K="b" wanted K with"#), "KEYS_ONLY wins");
    let services = world.services();
    let reading = reading(&world, &["V"]);
    let run = |sink| services.create_instance_enum("D", Flags::default(), &reading, sink);
    wbem::collect(run).unwrap();
    assert!(log.take()[0].starts_with("enumerate D wanted K,V with"));
}

/// A provider that has no partial gets gives the whole or says so; nothing else comes of it.
#[test]
fn b21_a_provider_without_partial_gets() {
    let whole = r#"D{K="b", S="y", V=5}"#.to_owned();
    let refuses = Conduct::End(Err(WBEM_E_UNSUPPORTED_PARAMETER.into()));
    for (conduct, expected) in
        [(Conduct::Serve, Ok(whole)), (refuses, Err(WBEM_E_UNSUPPORTED_PARAMETER))]
    {
        let (world, _) = world(three().conduct(conduct));
        let found = get(&world, r#"D.K="b""#, &reading(&world, &["V"]));
        assert_eq!(found.map_err(|e| e.status()), expected);
    }
}

#[test]
fn b15_what_is_stored_is_read_in_part() {
    let (world, _) = world(three());
    world.compile(
        r#"class S { [key] string K; uint32 V = 3; string T; };
           instance of S { K = "a"; V = 4; T = "t"; };"#,
    );
    let found = get(&world, r#"S.K="a""#, &reading(&world, &["T"])).unwrap();
    assert_eq!(found, r#"S{K="a", T="t", V=NULL}"#);
    let services = world.services();
    let reading = reading(&world, &["V"]);
    let run =
        |sink| services.exec_query("WQL", "SELECT * FROM S", Flags::default(), &reading, sink);
    let found: Vec<String> = wbem::collect(run).unwrap().iter().map(text::object).collect();
    assert_eq!(found, [r#"S{K="a", T=NULL, V=4}"#]);
}

#[test]
fn b17_an_asterisk_is_not_all() {
    let (world, log) = world(three());
    log.take();
    for properties in [["*"], ["Absent"]] {
        let found = get(&world, r#"D.K="b""#, &reading(&world, &properties));
        assert_eq!(status(found), WBEM_E_INVALID_CONTEXT);
    }
    assert_eq!(log.take(), Vec::<String>::new(), "no provider is called");
}

/// It is the class of the instance that has the properties, as for what is stored, and no other one
/// below the class of the path.
#[test]
fn b_5_properties_of_the_class_that_the_instance_has() {
    for (with, without) in [("Test_1", "Test_2"), ("Test_2", "Test_1")] {
        let (world, _) = world(three());
        world.compile(&format!(
            r#"[dynamic, provider("P"), abstract] class Test_0 {{ [key] string K; }};
               [dynamic, provider("P")] class {with} : Test_0 {{ uint32 V; string S; }};
               [dynamic, provider("P"), abstract] class {without} : Test_0 {{ }};
               [dynamic, provider("Q")] class Test_3 : {without} {{ }};"#
        ));
        world.compile(&registration("Q", OTHER, &[INSTANCES]));
        let found = get(&world, "Test_0.K='b'", &reading(&world, &["S"])).unwrap();
        assert_eq!(found, format!(r#"{with}{{K="b", S="y", V=5}}"#));
        let of_absent = get(&world, "Test_0.K='b'", &reading(&world, &["Absent"]));
        assert_eq!(status(of_absent), WBEM_E_INVALID_CONTEXT);
    }
}

#[test]
fn b_5_values_that_make_no_sense_together() {
    let (world, _) = world(three());
    for values in [
        vec![("__GET_EXT_CLIENT_REQUEST", TRUE), ("__GET_EXT_PROPERTIES", names(&["V"]))],
        vec![("__GET_EXT_CLIENT_REQUEST", TRUE), ("__GET_EXTENSIONS", TRUE)],
        vec![
            ("__GET_EXT_CLIENT_REQUEST", TRUE),
            ("__GET_EXTENSIONS", TRUE),
            ("__GET_EXT_PROPERTIES", "V".into()),
        ],
    ] {
        let found = get(&world, r#"D.K="b""#, &context(&world, &values));
        assert_eq!(status(found), WBEM_E_INVALID_CONTEXT, "{values:?}");
    }
}

fn last(log: &Log) -> String {
    log.take().pop().expect("a provider was called")
}

#[test]
fn b16_a_call_on_the_way_is_not_partial() {
    let (world, log) = asking(|context| {
        let services = context.services();
        services.get_object("E.K=\"b\"", Flags::default(), context).map(drop)
    });
    get(&world, r#"D.K="b""#, &reading(&world, &["V"])).unwrap();
    assert_eq!(last(&log), r#"Q get E K="b" wanted all"#);
}

#[test]
fn b_5_who_asks_for_it_again_gets_a_partial_call_of_his_own() {
    let (world, log) = asking(|context| {
        let services = context.services();
        let mut context = context.call().clone();
        context.set("__GET_EXT_CLIENT_REQUEST", true);
        context.set("__GET_EXT_PROPERTIES", Value::array([Value::string("S")]));
        services.get_object("E.K=\"b\"", Flags::default(), &context).map(drop)
    });
    get(&world, r#"D.K="b""#, &reading(&world, &["V"])).unwrap();
    let with = r#"with __GET_EXTENSIONS=TRUE __GET_EXT_PROPERTIES={"S"}"#;
    assert_eq!(last(&log), format!(r#"Q get E K="b" wanted K,S {with}"#));
}

/// What a client sets to write some properties.
fn writing(world: &World, more: &[(&str, Value)]) -> CallContext {
    let mut context = context(
        world,
        &[
            ("__PUT_EXTENSIONS", TRUE),
            ("__PUT_EXT_PROPERTIES", names(&["V"])),
            ("__PUT_EXT_CLIENT_REQUEST", TRUE),
        ],
    );
    more.iter().for_each(|(name, value)| context.set(name, value.clone()));
    context
}

fn put(
    world: &World,
    class: &str,
    values: &[(&str, Value)],
    flags: Flags,
    context: &CallContext,
) -> cim::Result<cim::ObjectPath> {
    world.services().put_instance(&world.instance(class, values), flags, context)
}

#[test]
fn b19_a_partial_put_only_updates() {
    let (world, log) = world(three().conduct(Conduct::PutPartly));
    let values = [("K", "b".into()), ("V", Value::UInt32(2))];
    log.take();
    let refused = put(&world, "D", &values, Flags::default(), &writing(&world, &[]));
    assert_eq!(status(refused), WBEM_E_INVALID_CONTEXT);
    let mut without_request = writing(&world, &[]);
    without_request.remove("__PUT_EXT_CLIENT_REQUEST");
    let refused = put(&world, "D", &values, Flags::UPDATE_ONLY, &without_request);
    assert_eq!(status(refused), WBEM_E_INVALID_CONTEXT, "it must not become a whole put");
    assert_eq!(log.take(), Vec::<String>::new());
    put(&world, "D", &values, Flags::UPDATE_ONLY, &writing(&world, &[])).unwrap();
    let with = r#"with __PUT_EXTENSIONS=TRUE __PUT_EXT_PROPERTIES={"V"}"#;
    let object = r#"D{K="b", S=NULL, V=2}"#;
    let expected = format!("put V of {object} strict false atomic false flags 0x1 {with}");
    assert_eq!(log.take()[1..], [expected]);
    let strict = [("__PUT_EXT_STRICT_NULLS", TRUE), ("__PUT_EXT_ATOMIC", TRUE)];
    put(&world, "D", &values, Flags::UPDATE_ONLY, &writing(&world, &strict)).unwrap();
    assert!(log.take()[0].contains("strict true atomic true"));
}

/// No provider is written to by a put that says not which instance it is about, or that can be
/// about none.
#[test]
fn b_5_a_partial_put_is_of_an_instance() {
    let (world, log) = world(three().conduct(Conduct::PutPartly));
    world.compile(
        r#"[dynamic, abstract, provider("P")] class Test_Abstract { [key] string K; uint32 V; };"#,
    );
    let put = |class: &str, values: &[(&str, Value)]| {
        let instance = world.instance(class, values);
        let context = writing(&world, &[]);
        world.services().put_instance(&instance, Flags::UPDATE_ONLY, &context)
    };
    let (key, value) = (("K", "b".into()), ("V", Value::UInt32(3)));
    assert_eq!(status(put("D", std::slice::from_ref(&value))), WBEM_E_ILLEGAL_NULL);
    let of_nothing = put("Test_Abstract", &[key.clone(), value.clone()]);
    assert_eq!(status(of_nothing), WBEM_E_INVALID_OPERATION);
    assert!(!log.take().iter().any(|line| line.starts_with("put")));
    put("D", &[key, value]).unwrap();
    assert!(log.take().iter().any(|line| line.starts_with("put")));
}

#[test]
fn b20_who_has_no_partial_puts_refuses_them() {
    let (world, log) = world(three());
    let values = [("K", "b".into()), ("V", Value::Null)];
    let strict = writing(&world, &[("__PUT_EXT_STRICT_NULLS", TRUE)]);
    let refused = put(&world, "D", &values, Flags::UPDATE_ONLY, &strict);
    assert_eq!(status(refused), WBEM_E_UNSUPPORTED_PUT_EXTENSION);
    assert!(!log.take().iter().any(|line| line.starts_with("put")), "nor is it a whole put");
}

#[test]
fn b_5_what_is_stored_is_written_in_part() {
    let (world, _) = world(three());
    world.compile(
        r#"class S { [key] string K; uint32 V; string T; [not_null] string N; };
           instance of S { K = "a"; V = 4; T = "t"; N = "n"; };"#,
    );
    let update = |values: &[(&str, Value)], more: &[(&str, Value)]| {
        let context = writing(&world, more);
        put(&world, "S", values, Flags::UPDATE_ONLY, &context).map(drop).map_err(|e| e.status())
    };
    let now = || world.get(r#"S.K="a""#).unwrap();
    let other = [("K", "a".into()), ("V", Value::UInt32(5)), ("T", "other".into())];
    assert_eq!(update(&other, &[]), Ok(()));
    assert_eq!(now(), r#"S{K="a", N="n", T="t", V=5}"#, "T is not among the properties");
    let null = [("K", "a".into()), ("V", Value::Null)];
    assert_eq!(update(&null, &[]), Ok(()));
    assert_eq!(now(), r#"S{K="a", N="n", T="t", V=5}"#, "NULL says nothing of V");
    assert_eq!(update(&null, &[("__PUT_EXT_STRICT_NULLS", TRUE)]), Ok(()));
    assert_eq!(now(), r#"S{K="a", N="n", T="t", V=NULL}"#);
    let missing = [("K", "absent".into()), ("V", Value::UInt32(5))];
    assert_eq!(update(&missing, &[]), Err(WBEM_E_NOT_FOUND));
}

#[test]
fn b_5_a_partial_put_goes_to_those_classes_that_have_the_properties() {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    for (name, clsid) in [("P", CLSID), ("Q", OTHER)] {
        let provider = TestProvider::new(vec![]).conduct(Conduct::PutPartly).logging_as(name, &log);
        providers.register(clsid, provider.factory());
    }
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(&registration("Q", OTHER, &[INSTANCES]));
    world.compile(
        r#"[dynamic, provider("P")] class A { [key] string K; uint32 A1; };
           [dynamic, provider("Q")] class B : A { uint32 V; };"#,
    );
    let values = [("K", "k".into()), ("V", Value::UInt32(1)), ("A1", Value::UInt32(2))];
    put(&world, "B", &values, Flags::UPDATE_ONLY, &writing(&world, &[])).unwrap();
    let puts: Vec<String> = log.take().into_iter().filter(|line| line.contains(" put ")).collect();
    assert_eq!(puts.len(), 1, "{puts:?}");
    assert!(puts[0].starts_with(r#"Q put V of B{A1=2, K="k", V=1}"#), "{puts:?}");
}

/// Behaviour.md B.5, core rules 1 and 2: a provider receives neither a client's request nor, if the
/// operation calls it on the way, any context value of a partial operation.
#[test]
fn b_5_no_value_reaches_a_provider_for_which_it_is_not() {
    let (world, log) = asking(|context| {
        let services = context.services();
        let object = services.get_object("E.K=\"b\"", Flags::default(), context)?;
        let instance = object.as_instance().expect("an instance");
        services.put_instance(instance, Flags::default(), context)?;
        services.delete_instance("E.K=\"b\"", Flags::default(), context)
    });
    let mut both = reading(&world, &["V"]);
    both.set("__PUT_EXTENSIONS", true);
    both.set("__PUT_EXT_PROPERTIES", names(&["V"]));
    both.set("__PUT_EXT_CLIENT_REQUEST", true);
    let of_q = [
        "Q get E K=\"b\" wanted all",
        "Q put E{K=\"b\", S=\"y\", V=5} flags 0x0",
        "Q delete E K=\"b\"",
    ];
    let services = world.services();
    let asked = || {
        let mut lines = log.take();
        lines.retain(|line| !line.contains("initialize"));
        lines
    };
    get(&world, r#"D.K="b""#, &both).unwrap();
    let with = r#"with __GET_EXTENSIONS=TRUE __GET_EXT_PROPERTIES={"V"}"#;
    let asked_now = asked();
    assert_eq!(asked_now[0], format!(r#"P get D K="b" wanted K,V {with}"#));
    assert_eq!(asked_now[1..], of_q);
    services.delete_instance(r#"D.K="b""#, Flags::default(), &both).unwrap();
    let asked_now = asked();
    assert_eq!(asked_now[0], r#"P delete D K="b""#);
    assert_eq!(asked_now[1..], of_q);
}
