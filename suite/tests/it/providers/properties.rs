//! Property providers: values for properties of stored instances (behaviour.md C.1).

use std::sync::{Arc, Mutex};

use cim::{Instance, Result};
use openwmi_suite::provider::Gate;
use wbem::{CallContext, PropertyCall, PropertyProvider, ProviderContext, ProviderInterfaces};

use super::*;

/// A provider that writes down what it is asked and answers with what it was asked for.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn write(&self, what: &str, call: &PropertyCall<'_>) {
        let of = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| format!("{text:?}"));
        let PropertyCall { locale, class_context, instance_context, property_context, ty } = call;
        let locale = locale.map(|locale| format!(" in {locale}")).unwrap_or_default();
        let [class, instance, property] =
            [*class_context, *instance_context, *property_context].map(of);
        self.0.lock().unwrap().push(format!("{what} {class} {instance} {property} {ty}{locale}"));
    }
}

impl PropertyProvider for Asked {
    fn get_property(&self, call: &PropertyCall<'_>, _: &ProviderContext) -> Result<Value> {
        self.write("get", call);
        match call.property_context {
            _ if call.instance_context == Some("fails") => {
                Err(WBEM_E_FAILED.with("the instance fails"))
            }
            Some("fails") => Err(WBEM_E_FAILED.with("the test said so")),
            Some("number") => Ok(Value::UInt32(7)),
            // WBEM_S_FALSE: no value, and no failure.
            Some("none") => Ok(Value::Null),
            other => Ok(Value::string(other.unwrap_or("nothing"))),
        }
    }

    fn put_property(
        &self,
        call: &PropertyCall<'_>,
        value: &Value,
        _: &ProviderContext,
    ) -> Result<()> {
        self.write(&format!("put {}", openwmi_suite::text::value(value)), call);
        Ok(())
    }
}

/// A world with the property provider Q, registered to support this, and these classes.
fn world(supports: &str, mof: &str) -> (World, Asked) {
    let asked = Asked::default();
    let properties = Arc::new(asked.clone());
    let mut providers = NativeProviders::default();
    providers.register(CLSID, move |_| Ok(ProviderInterfaces::properties(properties.clone())));
    let world = World::with_providers(providers);
    world.compile(&registration("Q", CLSID, &[("__PropertyProviderRegistration", supports)]));
    world.compile(mof);
    (world, asked)
}

const CLASS: &str = r#"
    [ClassContext("c1")] class S
    {
      [key] string K;
      [Dynamic, Provider("Q"), PropertyContext("a.b")] string X;
      [Dynamic, Provider("Q"), PropertyContext("number")] uint32 N;
      string Stored;
    };
    [InstanceContext("i1")] instance of S { K = "k"; Stored = "s"; };
    instance of S { K = "plain"; };"#;

const READ: &str = "SupportsGet = TRUE;";

#[test]
fn c1_the_texts_of_the_qualifiers_reach_the_provider_as_they_stand() {
    let (world, asked) = world(READ, CLASS);
    let whole = r#"S{K="k", N=7, Stored="s", X="a.b"}"#;
    assert_eq!(world.get("S='k'").unwrap(), whole);
    let both = [r#"get "c1" "i1" "a.b" string"#, r#"get "c1" "i1" "number" uint32"#];
    assert_eq!(asked.take(), both);
    world.get("S='plain'").unwrap();
    assert_eq!(asked.take()[0], r#"get "c1" NULL "a.b" string"#);
    let mut german = world.administrator().clone();
    german.set_locales(&cim::Locale::list("MS_407,MS_409"));
    world.services().get_object("S='plain'", Flags::default(), &german).unwrap();
    assert_eq!(asked.take()[0], r#"get "c1" NULL "a.b" string in MS_407"#);
    // In queries too: what is asked is what is wanted, and conditions see the values.
    assert_eq!(world.query("SELECT * FROM S WHERE K = 'k'").unwrap(), [whole]);
    asked.take();
    assert_eq!(world.query("SELECT K FROM S WHERE N = 7 AND K = 'k'").unwrap(), [r#"S{K="k"}"#]);
    assert_eq!(asked.take(), [both[1]]);
    assert_eq!(world.query("SELECT Stored FROM S").unwrap().len(), 2);
    assert_eq!(asked.take(), Vec::<String>::new());
    let all = world.collect(|s, c, sink| s.create_instance_enum("S", Flags::DEEP, c, sink));
    assert_eq!((all.unwrap().len(), asked.take().len()), (2, 4));
}

#[test]
fn c2_dynprops_speaks_for_every_property() {
    let (world, asked) = world(
        READ,
        r#"class S { [key] string K; string X; [PropertyContext("p")] string Y; };
           [DynProps, Provider("Q"), InstanceContext("i")] instance of S { K = "all"; };
           instance of S { K = "none"; X = "x"; };
           [DynProps, Provider("Q")] class T { [key] string K; string X; };
           instance of T { K = "t"; };"#,
    );
    assert_eq!(world.get("S='all'").unwrap(), r#"S{K="all", X="nothing", Y="p"}"#);
    assert_eq!(asked.take(), [r#"get NULL "i" NULL string"#, r#"get NULL "i" "p" string"#]);
    assert_eq!(world.get("S='none'").unwrap(), r#"S{K="none", X="x", Y=NULL}"#);
    assert_eq!(asked.take(), Vec::<String>::new());
    assert_eq!(world.get("T='t'").unwrap(), r#"T{K="t", X="nothing"}"#);
}

/// C.1: FALSE does not revoke what the class declares.
#[test]
fn c2_dynprops_can_only_be_true() {
    let (world, _) = world(READ, CLASS);
    for mof in [
        "[DynProps(FALSE)] class T { [key] string K; };",
        "[DynProps(FALSE)] instance of S { K = \"f\"; };",
    ] {
        let refused =
            world.try_compile(mof, Flags::default()).storage.into_iter().next().expect("a refusal");
        assert_eq!(refused.status, WBEM_E_INVALID_QUALIFIER, "{mof}");
    }
}

#[test]
fn c_1_no_value_and_a_failure_are_different_things() {
    let class = |context: &str| CLASS.replace("a.b", context);
    let (without, _) = world(READ, &class("none"));
    assert_eq!(without.get("S='k'").unwrap(), r#"S{K="k", N=7, Stored="s", X=NULL}"#);
    let (failing, _) = world(READ, &class("fails"));
    let error = failing.get("S='k'").unwrap_err();
    assert_eq!((error.status(), error.provider().map(|p| p.as_str())), (WBEM_E_FAILED, Some("Q")));
    let (other, _) = world(READ, &CLASS.replace("a.b", "number"));
    assert_eq!(status(other.get("S='k'")), WBEM_E_PROVIDER_FAILURE, "a number for a string");
    let (incapable, asked) = world("SupportsGet = FALSE;", CLASS);
    assert_eq!(status(incapable.get("S='k'")), WBEM_E_PROVIDER_NOT_CAPABLE);
    assert_eq!(asked.take(), Vec::<String>::new());
}

/// An enumeration has what comes before the instance whose values cannot be had.
#[test]
fn c_1_a_failure_comes_after_the_instances_before_it() {
    let class = r#"
        class S { [key] uint32 K; [Dynamic, Provider("Q"), PropertyContext("x")] string X; };
        instance of S { K = 1; };
        instance of S { K = 2; };
        [InstanceContext("fails")] instance of S { K = 3; };
        instance of S { K = 4; };"#;
    let (world, _) = world(READ, class);
    let client = world.client(world.administrator());
    let mut found = client.create_instance_enum("S", Flags::RETURN_IMMEDIATELY).unwrap();
    let before = found.next(None, 9).unwrap().objects;
    let before: Vec<String> = before.iter().map(openwmi_suite::text::object).collect();
    assert_eq!(before, [r#"S{K=1, X="x"}"#, r#"S{K=2, X="x"}"#]);
    assert_eq!(found.next(None, 9).unwrap_err().status(), WBEM_E_FAILED);
}

#[test]
fn c_1_values_are_put_to_the_provider_and_not_stored() {
    let (world, asked) = world("SupportsGet = TRUE; SupportsPut = TRUE;", CLASS);
    let put = |values: &[(&str, Value)]| {
        let instance: Instance = world.instance("S", values);
        world.services().put_instance(&instance, Flags::default(), world.administrator())
    };
    put(&[("K", "new".into()), ("X", "given".into()), ("Stored", "s".into())]).unwrap();
    assert_eq!(asked.take(), [r#"put "given" "c1" NULL "a.b" string"#]);
    assert_eq!(world.get("S='new'").unwrap(), r#"S{K="new", N=7, Stored="s", X="a.b"}"#);
    world.compile(r#"instance of S { K = "compiled"; X = "x"; };"#);
    asked.take();
    assert!(world.get("S='compiled'").is_ok());
}

#[test]
fn c_1_a_provider_that_takes_no_values_keeps_its_own() {
    let (world, asked) = world(READ, CLASS);
    let put = |x: &str| {
        let instance = world.instance("S", &[("K", "k".into()), ("X", x.into())]);
        world.services().put_instance(&instance, Flags::default(), world.administrator()).map(drop)
    };
    // What was read can be written back.
    assert_eq!(put("a.b"), Ok(()));
    assert_eq!(status(put("another")), WBEM_E_PROVIDER_NOT_CAPABLE);
    assert!(asked.take().iter().all(|line| line.starts_with("get")));
}

#[test]
fn c_1_registrations_that_are_not_whole() {
    for (was, is, expected) in [
        (
            r#"Provider("Q"), PropertyContext("a.b")"#,
            r#"PropertyContext("a.b")"#,
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (
            r#"Provider("Q"), PropertyContext("a.b")"#,
            r#"Provider("Absent")"#,
            WBEM_E_PROVIDER_NOT_FOUND,
        ),
    ] {
        let (world, _) = world(READ, &CLASS.replace(was, is));
        assert_eq!(status(world.get("S='k'")), expected, "{is}");
    }
    let (world, _) = world(READ, CLASS);
    let path = r#"__PropertyProviderRegistration.provider="__Win32Provider.Name=\"Q\"""#;
    world.services().delete_instance(path, Flags::default(), world.administrator()).unwrap();
    assert_eq!(status(world.get("S='k'")), WBEM_E_INVALID_PROVIDER_REGISTRATION);
}

/// A put that cannot be does not reach the provider; a partial one reaches it for what it is about.
#[test]
fn c_1_puts_are_looked_at_before_the_provider_is() {
    let (world, asked) = world("SupportsGet = TRUE; SupportsPut = TRUE;", CLASS);
    let put = |k: &str, flags, context: &CallContext| {
        let values = [("K", k.into()), ("X", "given".into()), ("N", Value::UInt32(9))];
        let instance = world.instance("S", &values);
        world.services().put_instance(&instance, flags, context).map(drop)
    };
    let administrator = world.administrator();
    assert_eq!(status(put("k", Flags::CREATE_ONLY, administrator)), WBEM_E_ALREADY_EXISTS);
    assert_eq!(status(put("absent", Flags::UPDATE_ONLY, administrator)), WBEM_E_NOT_FOUND);
    let both = Flags::CREATE_ONLY | Flags::UPDATE_ONLY;
    assert_eq!(status(put("k", both, administrator)), WBEM_E_INVALID_PARAMETER);
    assert_eq!(asked.take(), Vec::<String>::new());
    put("k", Flags::UPDATE_ONLY, &partial(&world, &["N"])).unwrap();
    assert_eq!(asked.take(), [r#"put 9 "c1" "i1" "number" uint32"#]);
}

/// The context of a put of these properties alone.
fn partial(world: &World, properties: &[&str]) -> CallContext {
    let mut partial = world.administrator().clone();
    partial.set("__PUT_EXTENSIONS", true);
    partial.set("__PUT_EXT_CLIENT_REQUEST", true);
    let names = properties.iter().map(|name| Value::string(*name));
    partial.set("__PUT_EXT_PROPERTIES", Value::array(names));
    partial
}

/// Behaviour.md B.5: exactly what was asked for, or a failure.
#[test]
fn b20_partial_puts_of_what_property_providers_have() {
    let (world, asked) = world("SupportsGet = TRUE; SupportsPut = TRUE;", CLASS);
    let put = |values: &[(&str, Value)], context: &CallContext| {
        let instance = world.instance("S", values);
        world.services().put_instance(&instance, Flags::UPDATE_ONLY, context).map(drop)
    };
    let key = ("K", "k".into());
    // NULL says nothing, unless it is said that it does.
    let mut context = partial(&world, &["X"]);
    put(std::slice::from_ref(&key), &context).unwrap();
    assert_eq!(asked.take(), Vec::<String>::new());
    context.set("__PUT_EXT_STRICT_NULLS", true);
    put(std::slice::from_ref(&key), &context).unwrap();
    assert_eq!(asked.take(), [r#"put NULL "c1" "i1" "a.b" string"#]);
    // One value is written or not; what two have is not written together.
    let values = [key, ("X", "x".into()), ("N", Value::UInt32(9)), ("Stored", "new".into())];
    for properties in [&["X", "N"], &["X", "Stored"]] {
        let mut context = partial(&world, properties);
        context.set("__PUT_EXT_ATOMIC", true);
        assert_eq!(status(put(&values, &context)), WBEM_E_UNSUPPORTED_PUT_EXTENSION);
    }
    assert_eq!(asked.take(), Vec::<String>::new());
    assert!(world.get("S='k'").unwrap().contains(r#"Stored="s""#));
    asked.take();
    let mut context = partial(&world, &["X"]);
    context.set("__PUT_EXT_ATOMIC", true);
    put(&values, &context).unwrap();
    assert_eq!(asked.take(), [r#"put "x" "c1" "i1" "a.b" string"#]);
}

/// Whose the values are is said by the instance that is there and stays, not by the one that a
/// client has made to name some of its properties.
#[test]
fn c2_a_partial_put_of_an_instance_with_dynprops() {
    let (world, asked) = world(
        "SupportsGet = TRUE; SupportsPut = TRUE;",
        r#"class S { [key] string K; [PropertyContext("p")] string X; };
           [DynProps, Provider("Q"), InstanceContext("i")] instance of S { K = "k"; };"#,
    );
    let instance = world.instance("S", &[("K", "k".into()), ("X", "new".into())]);
    let context = partial(&world, &["X"]);
    world.services().put_instance(&instance, Flags::UPDATE_ONLY, &context).unwrap();
    assert_eq!(asked.take(), [r#"put "new" NULL "i" "p" string"#]);
    world.get("S='k'").unwrap();
    assert_eq!(asked.take(), [r#"get NULL "i" "p" string"#]);
}

/// A provider that answers nothing until the gate is opened.
struct Waits(Gate);

impl PropertyProvider for Waits {
    fn get_property(&self, _: &PropertyCall<'_>, _: &ProviderContext) -> Result<Value> {
        self.0.pass();
        Ok(Value::string("at last"))
    }

    fn put_property(&self, _: &PropertyCall<'_>, _: &Value, _: &ProviderContext) -> Result<()> {
        Ok(())
    }
}

/// Of a class with dynamic properties and of an instance with them, in every way to read it.
#[test]
fn nothing_of_the_repository_is_held_while_a_property_provider_hangs() {
    for query in [
        "SELECT * FROM S",
        "SELECT * FROM S WHERE K = 'k'",
        "SELECT * FROM T",
        "SELECT * FROM T WHERE K = 'k'",
        "REFERENCES OF {R='r'} WHERE ResultClass = L",
        "REFERENCES OF {R='r'} WHERE ResultClass = M",
    ] {
        let gate = Gate::default();
        let properties = Arc::new(Waits(gate.clone()));
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |_| Ok(ProviderInterfaces::properties(properties.clone())));
        let world = World::with_small_map(providers);
        world.compile(&registration("Q", CLSID, &[("__PropertyProviderRegistration", READ)]));
        world.compile(
            r#"class S { [key] string K; [Dynamic, Provider("Q")] string X; };
               instance of S { K = "k"; };
               class T { [key] string K; string X; };
               [DynProps, Provider("Q")] instance of T { K = "k"; };
               class R { [key] string K; };
               instance of R { K = "r"; };
               [association] class L
               { [key] R ref A; [key] R ref B; [Dynamic, Provider("Q")] string X; };
               instance of L { A = "R='r'"; B = "R='b'"; };
               [association] class M { [key] R ref A; [key] R ref B; string X; };
               [DynProps, Provider("Q")] instance of M { A = "R='r'"; B = "R='b'"; };"#,
        );
        let client = world.client(world.administrator());
        let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
        let mut found = client.exec_query("WQL", query, flags).unwrap();
        gate.wait_for(1);
        world.outgrow_its_map();
        gate.open();
        let fetched = found.next(None, 2).unwrap();
        let values: Vec<_> = fetched.objects.iter().map(|o| o.get("X").unwrap()).collect();
        assert_eq!(values, [Value::string("at last")], "{query}");
    }
}

/// What does not fit into one batch is read on from the last of it.
#[test]
fn c1_however_many_instances_have_dynamic_properties_each_comes_once() {
    let (world, asked) = world(READ, r#"class S { [key] uint32 K; string X; };"#);
    let instances = (0..300).map(|k| {
        let own = if k == 5 { "[DynProps, Provider(\"Q\")]" } else { "" };
        format!("{own} instance of S {{ K = {k}; }};")
    });
    world.compile(&instances.collect::<String>());
    let mut keys: Vec<u32> = world
        .objects("SELECT * FROM S", Flags::default())
        .unwrap()
        .iter()
        .map(|o| match o.get("K") {
            Ok(Value::UInt32(k)) => k,
            other => panic!("no key: {other:?}"),
        })
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, (0..300).collect::<Vec<_>>());
    assert_eq!(asked.take().len(), 1);
}

/// Behaviour.md B.4, B.5: a provider is not called for values that the query does not need.
#[test]
fn b15_b27_property_providers_are_asked_for_what_is_wanted() {
    let class = CLASS.replace(
        "[Dynamic, Provider(\"Q\"), PropertyContext(\"a.b\")]",
        "[Dynamic, Lazy, Provider(\"Q\"), PropertyContext(\"a.b\")]",
    );
    let (world, asked) = world(READ, &class);
    let (text, number) = (r#"get "c1" "i1" "a.b" string"#, r#"get "c1" "i1" "number" uint32"#);
    let mut partial = world.administrator().clone();
    partial.set("__GET_EXTENSIONS", true);
    partial.set("__GET_EXT_CLIENT_REQUEST", true);
    partial.set("__GET_EXT_PROPERTIES", Value::array([Value::string("Stored")]));
    let ask = |query: &str, context: &CallContext| {
        let services = world.services();
        let run = |sink: Sink| services.exec_query("WQL", query, Flags::default(), context, sink);
        let found = wbem::collect(run).unwrap();
        (found.iter().map(openwmi_suite::text::object).collect::<Vec<_>>(), asked.take())
    };
    let of_k = "SELECT * FROM S WHERE K = 'k'";
    let stored = r#"S{K="k", N=NULL, Stored="s", X=NULL}"#;
    assert_eq!(ask(of_k, &partial), (owned(&[stored]), owned(&[])));
    let of_both = "SELECT * FROM S WHERE K = 'k' AND N = 7";
    assert_eq!(ask(of_both, &partial), (owned(&[stored]), owned(&[number])));
    let administrator = world.administrator();
    let without_lazy = r#"S{K="k", N=7, Stored="s", X=NULL}"#;
    assert_eq!(ask(of_k, administrator), (owned(&[without_lazy]), owned(&[number])));
    let named = "SELECT X FROM S WHERE K = 'k'";
    assert_eq!(ask(named, administrator), (owned(&[r#"S{X="a.b"}"#]), owned(&[text])));
    assert_eq!(world.get("S='k'").unwrap(), r#"S{K="k", N=7, Stored="s", X="a.b"}"#);
}
