//! Faults of writes that were found once, each by its kind: what a put, a deletion and a method
//! refuse, who is asked, and in which order.

use std::sync::Arc;

use cim::status::*;
use cim::{Instance, Object, Result, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::gaps;
use openwmi_suite::provider::{Conduct, INSTANCES, Log, METHODS, TestProvider, registration};
use openwmi_suite::text;
use parking_lot::Mutex;
use wbem::{
    CallContext, Flags, MethodCall, MethodProvider, NativeProviders, PropertyCall,
    PropertyProvider, ProviderContext, ProviderInterfaces,
};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-00000000F901}";

fn put(world: &World, instance: &Instance, flags: Flags) -> std::result::Result<(), WbemStatus> {
    put_as(world, instance, flags, world.administrator())
}

fn put_as(
    world: &World,
    instance: &Instance,
    flags: Flags,
    context: &CallContext,
) -> std::result::Result<(), WbemStatus> {
    world.services().put_instance(instance, flags, context).map(drop).map_err(|e| e.status())
}

fn object(instance: Instance) -> Value {
    Value::Object(Arc::new(Object::Instance(instance)))
}

/// Rule: G.4, behaviour; issue 9 line 1.3: the identity of a singleton is that of its own class.
#[test]
fn g4_singletons_below_one_singleton_are_different_instances() {
    gaps::check("g4_singletons_below_one_singleton_are_different_instances", || {
        for top in ["abstract, singleton", "singleton"] {
            let world = World::new();
            world.compile(&format!(
                "[{top}] class Top {{ uint32 V; }};
                 class Left : Top {{ }}; class Right : Top {{ }}; class Lower : Right {{ }};
                 instance of Left {{ V = 1; }};"
            ));
            for (class, v) in [("Right", 2u32), ("Lower", 3)] {
                let instance = world.instance(class, &[("V", v.into())]);
                assert_eq!(put(&world, &instance, Flags::CREATE_ONLY), Ok(()), "{class} {top}");
                let again = put(&world, &instance, Flags::CREATE_ONLY);
                assert_eq!(again, Err(WBEM_E_ALREADY_EXISTS), "{class} {top}");
            }
            let all = ["Left{V=1}", "Lower{V=3}", "Right{V=2}"];
            assert_eq!(world.query("SELECT * FROM Top").unwrap(), all);
            assert_eq!(world.get("Left=@").unwrap(), "Left{V=1}");
            assert_eq!(world.get("Right=@").unwrap(), "Right{V=2}");
            // The path of a class is the path of its own instance.
            assert_eq!(world.get("Top=@").map_err(|e| e.status()), Err(WBEM_E_NOT_FOUND));
            let delete = |path: &str| {
                let (services, context) = (world.services(), world.administrator());
                services.delete_instance(path, Flags::default(), context).map_err(|e| e.status())
            };
            assert_eq!(delete("Top=@"), Err(WBEM_E_NOT_FOUND));
            assert_eq!(delete("Right=@"), Ok(()));
            assert_eq!(world.query("SELECT * FROM Top").unwrap(), [all[0], all[1]]);
        }
    });
}

/// Rule: G.4, behaviour; B.4: singletons of several providers are as different as stored ones.
#[test]
fn g4_provided_singletons_below_one_singleton_are_different_instances() {
    gaps::check("g4_provided_singletons_below_one_singleton_are_different_instances", || {
        let (world, _) = family(
            r#"[singleton, dynamic, provider("PA")] class A { uint32 a; };
               [dynamic, provider("PB")] class B : A { uint32 b; };
               [dynamic, provider("PC")] class C : A { uint32 c; };"#,
            |_| Conduct::Serve,
        );
        let found = world.query("SELECT * FROM A").unwrap();
        assert_eq!(found, ["A{a=7}", "B{a=7, b=7}", "C{a=7, c=7}"]);
        assert_eq!(world.get("A=@").unwrap(), "A{a=7}");
    });
}

const TYPED: &str = r#"
    class In { uint32 N; }; class Below : In { }; class Other { uint32 N; };
    class Outer { In Deep; };
    class Holder { [key] uint32 K; In O; In L[]; Outer Nested; object Any; };
    instance of Holder { K = 1; };"#;

/// The objects that do not suit a property `O`, `L` or `Nested` of `Holder`.
fn unsuitable(world: &World) -> Vec<(&'static str, Value)> {
    let other = || object(world.instance("Other", &[]));
    let deep = Instance::clone(&world.instance("Outer", &[("Deep", other())]));
    vec![
        ("O", other()),
        (
            "O",
            Value::Object(Arc::new(Object::Class(world.object("Other").unwrap().class().clone()))),
        ),
        ("L", Value::array([object(world.instance("In", &[])), other()])),
        ("Nested", object(deep)),
        ("Any", object(world.instance("Outer", &[("Deep", other())]))),
    ]
}

/// Rule: G.5, behaviour (object): an object of an unrelated class is none of a property that is
/// declared with a class.
#[test]
fn g5_a_strongly_typed_object_of_another_class_is_refused() {
    gaps::check("g5_a_strongly_typed_object_of_another_class_is_refused", || {
        let world = World::new();
        world.compile(TYPED);
        for (property, value) in unsuitable(&world) {
            let instance = world.instance("Holder", &[("K", 1u32.into()), (property, value)]);
            let refused = put(&world, &instance, Flags::default());
            assert_eq!(refused, Err(WBEM_E_TYPE_MISMATCH), "{property}");
            let mut context = world.administrator().clone();
            context.set("__PUT_EXTENSIONS", true);
            context.set("__PUT_EXT_CLIENT_REQUEST", true);
            context.set("__PUT_EXT_PROPERTIES", Value::array([Value::string(property)]));
            let refused = put_as(&world, &instance, Flags::UPDATE_ONLY, &context);
            assert_eq!(refused, Err(WBEM_E_TYPE_MISMATCH), "{property}, a partial put");
        }
        let suitable = [
            ("O", object(world.instance("In", &[]))),
            ("O", object(world.instance("Below", &[]))),
            ("O", Value::Null),
            ("L", Value::array([object(world.instance("Below", &[]))])),
            ("Any", object(world.instance("Other", &[]))),
        ];
        for (property, value) in suitable {
            let instance = world.instance("Holder", &[("K", 2u32.into()), (property, value)]);
            assert_eq!(put(&world, &instance, Flags::default()), Ok(()), "{property}");
        }
    });
}

/// Rule: G.5, behaviour (object); B.2: what a provider is given suits its class as well.
#[test]
fn g5_a_provider_gets_no_object_of_another_class() {
    gaps::check("g5_a_provider_gets_no_object_of_another_class", || {
        let (world, log) = family(
            r#"class In { uint32 N; }; class Other { };
               [dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; In O; };"#,
            |_| Conduct::PutPartly,
        );
        let other = object(world.instance("Other", &[]));
        let instance = world.instance("A", &[("k", 1u32.into()), ("O", other)]);
        assert_eq!(put(&world, &instance, Flags::default()), Err(WBEM_E_TYPE_MISMATCH));
        let mut context = world.administrator().clone();
        context.set("__PUT_EXTENSIONS", true);
        context.set("__PUT_EXT_CLIENT_REQUEST", true);
        let refused = put_as(&world, &instance, Flags::UPDATE_ONLY, &context);
        assert_eq!(refused, Err(WBEM_E_TYPE_MISMATCH));
        assert_eq!(asked(&log, "put"), Vec::<String>::new());
    });
}

/// Rule: G.5, behaviour (object); G.7: a default is a value of its property.
#[test]
fn g5_a_default_of_another_class_is_refused() {
    gaps::check("g5_a_default_of_another_class_is_refused", || {
        let world = World::new();
        world.compile(TYPED);
        let declaration = world.object("Holder").unwrap().class().declaration().clone();
        let put_class = |value: Value| {
            let mut declaration = cim::ClassDeclaration::clone(&declaration);
            declaration.name = "Defaults".into();
            let property = declaration.properties.iter_mut().find(|p| p.name.is("O")).unwrap();
            property.default = Some(value);
            let (services, context) = (world.services(), world.administrator());
            services.put_class(&declaration, Flags::default(), context).map_err(|e| e.status())
        };
        let other = object(world.instance("Other", &[]));
        assert_eq!(put_class(other), Err(WBEM_E_TYPE_MISMATCH));
        assert_eq!(put_class(object(world.instance("Below", &[]))), Ok(()));
    });
}

/// A provider of methods that notes that it was asked, and returns an object of the class that the
/// parameter `give` names.
struct Gives(Log);

impl MethodProvider for Gives {
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>> {
        self.0.write("method".to_owned());
        let give = call.argument("give").as_str().unwrap_or_default().to_owned();
        if give.is_empty() {
            return call.outcome(0u32, &[]);
        }
        let class = context.services().get_object(&give, Flags::default(), context.call())?;
        call.outcome(0u32, &[("got", object(Instance::new(class.class().clone())))])
    }
}

/// Rule: C.3, behaviour; G.15: parameters are of the declared class.
#[test]
fn c3_a_parameter_of_another_class_is_refused() {
    gaps::check("c3_a_parameter_of_another_class_is_refused", || {
        let log = Log::default();
        let methods = Arc::new(Gives(log.clone()));
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |_| Ok(ProviderInterfaces::methods(methods.clone())));
        let world = World::with_providers(providers);
        world.compile(&registration("P", CLSID, &[METHODS]));
        world.compile(TYPED);
        world.compile(
            r#"[provider("P")] class T
               {
                 [key] uint32 K;
                 [implemented, static] uint32 M([in] In O, [in] In L[], [in] Outer Nested,
                     [in] string give, [out] In got);
               };"#,
        );
        let run = |values: &[(&str, Value)]| {
            let class = world.object("T").unwrap();
            let mut given =
                Instance::new(class.class().method("M").unwrap().in_signature().unwrap());
            values.iter().for_each(|(name, value)| given.put(name, value).unwrap());
            let (services, context) = (world.services(), world.administrator());
            let out = services.exec_method("T", "M", Flags::default(), context, Some(&given));
            out.map(drop).map_err(|e| e.status())
        };
        for (name, value) in unsuitable(&world).into_iter().filter(|(name, _)| *name != "Any") {
            assert_eq!(run(&[(name, value)]), Err(WBEM_E_INVALID_METHOD_PARAMETERS), "{name}");
        }
        assert_eq!(log.take(), Vec::<String>::new());
        assert_eq!(run(&[("O", object(world.instance("Below", &[])))]), Ok(()));
        assert_eq!(run(&[("give", "Below".into())]), Ok(()));
        // What a provider hands out is its failure.
        assert_eq!(run(&[("give", "Other".into())]), Err(WBEM_E_PROVIDER_FAILURE));
    });
}

/// A property provider that notes its puts; one of `refuse` fails.
struct Properties(Arc<Mutex<Vec<String>>>);

impl PropertyProvider for Properties {
    fn get_property(&self, _: &PropertyCall<'_>, _: &ProviderContext) -> Result<Value> {
        Ok(Value::string("now"))
    }

    fn put_property(&self, _: &PropertyCall<'_>, value: &Value, _: &ProviderContext) -> Result<()> {
        self.0.lock().push(text::value(value));
        match value.as_str() {
            Some("refuse") => Err(WBEM_E_FAILED.with("the provider refuses it")),
            _ => Ok(()),
        }
    }
}

/// Rule: C.1, behaviour; F.2: nothing is written where the put fails, whatever refuses it.
#[test]
fn c1_no_property_is_written_where_the_put_fails() {
    gaps::check("c1_no_property_is_written_where_the_put_fails", || {
        let puts = Arc::default();
        let properties = Arc::new(Properties(Arc::clone(&puts)));
        let mut providers = NativeProviders::default();
        let factory = properties.clone();
        providers.register(CLSID, move |_| Ok(ProviderInterfaces::properties(factory.clone())));
        let world = World::with_providers(providers);
        let kind = "__PropertyProviderRegistration";
        let both = "SupportsGet = TRUE; SupportsPut = TRUE;";
        world.compile(&registration("Q", CLSID, &[(kind, both)]));
        world.compile(&registration("ReadOnly", CLSID, &[(kind, "SupportsGet = TRUE;")]));
        world.compile(
            r#"class In { }; class Other { };
               [abstract] class Top { [key] string K; };
               class Sibling : Top { };
               class S : Top
               {
                 [Dynamic, Provider("Q")] string X;
                 [Not_Null] uint32 N;
                 [SubType("interval")] datetime D;
                 In O;
                 uint32 V;
               };
               class Both : S { [Dynamic, Provider("ReadOnly")] string Y; };
               class Absent : S { [Dynamic, Provider("Missing")] string Z; };
               instance of Sibling { K = "taken"; };
               instance of S { K = "k"; N = 1; V = 5; };"#,
        );
        let whole = |k: &str| {
            let key: Value = if k.is_empty() { Value::Null } else { k.into() };
            vec![("K", key), ("X", Value::string("new")), ("N", Value::UInt32(1))]
        };
        let with = |k: &str, name: &'static str, value: Value| {
            let mut values = whole(k);
            values.retain(|(n, _)| *n != name);
            values.push((name, value));
            values
        };
        let point = Value::DateTime("20240101000000.000000+000".parse().unwrap());
        let other = object(world.instance("Other", &[]));
        let flags = Flags::default();
        let cases = [
            ("S", with("k", "N", Value::Null), flags, WBEM_E_ILLEGAL_NULL),
            ("S", with("k", "D", point), flags, WBEM_E_TYPE_MISMATCH),
            ("S", with("k", "O", other), flags, WBEM_E_TYPE_MISMATCH),
            ("S", whole("taken"), flags, WBEM_E_ALREADY_EXISTS),
            ("S", whole(&"x".repeat(9000)), flags, WBEM_E_QUOTA_VIOLATION),
            ("S", whole("a\u{1}"), flags, WBEM_E_VALUE_OUT_OF_RANGE),
            ("S", whole("k"), Flags::CREATE_ONLY, WBEM_E_ALREADY_EXISTS),
            ("S", whole("absent"), Flags::UPDATE_ONLY, WBEM_E_NOT_FOUND),
            // A provider that takes no values, or that is not there, after one that does.
            ("Both", with("b", "Y", "other".into()), flags, WBEM_E_PROVIDER_NOT_CAPABLE),
            ("Absent", with("b", "Z", "other".into()), flags, WBEM_E_PROVIDER_NOT_FOUND),
        ];
        for (class, values, flags, expected) in cases {
            let instance = world.instance(class, &values);
            assert_eq!(put(&world, &instance, flags), Err(expected), "{values:?}");
            assert_eq!(*puts.lock(), Vec::<String>::new(), "{expected}");
        }
        // A provider that refuses keeps the rest from being stored.
        let instance = world.instance("S", &with("k", "X", "refuse".into()));
        assert_eq!(put(&world, &instance, flags), Err(WBEM_E_FAILED));
        assert!(world.get("S='k'").unwrap().contains("V=5"));
        puts.lock().clear();
        assert_eq!(put(&world, &world.instance("S", &whole("k")), flags), Ok(()));
        assert_eq!(*puts.lock(), ["\"new\""]);
    });
}

/// Rule: C.1, behaviour; a hook refuses a put before a property provider is called.
#[test]
fn c1_no_property_is_written_where_a_hook_refuses() {
    gaps::check("c1_no_property_is_written_where_a_hook_refuses", || {
        let puts: Arc<Mutex<Vec<String>>> = Arc::default();
        let properties = Arc::new(Properties(puts.clone()));
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |_| Ok(ProviderInterfaces::properties(properties.clone())));
        let world = World::with_providers(providers);
        let both = "SupportsGet = TRUE; SupportsPut = TRUE;";
        world.compile(&registration("Q", CLSID, &[("__PropertyProviderRegistration", both)]));
        // The hook of namespaces refuses this name.
        world.compile(r#"class Mine : __Namespace { [Dynamic, Provider("Q")] string X; };"#);
        let values = [("Name", "no name".into()), ("X", "new".into())];
        let refused = put(&world, &world.instance("Mine", &values), Flags::default());
        assert_eq!(refused, Err(WBEM_E_INVALID_OBJECT));
        assert_eq!(*puts.lock(), Vec::<String>::new());
        let values = [("Name", "Name".into()), ("X", "new".into())];
        let done = put(&world, &world.instance("Mine", &values), Flags::default());
        assert_eq!((done, puts.lock().len()), (Ok(()), 1));
    });
}

/// A world with the classes of `mof` and the providers PA, PB and PC, each with one instance in
/// which its own property is 7, behaving as `conduct` says, all with one log.
fn family(mof: &str, conduct: impl Fn(&str) -> Conduct) -> (World, Log) {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let mut registrations = String::new();
    let is_singleton = mof.contains("singleton");
    for (name, own) in [("PA", "a"), ("PB", "b"), ("PC", "c")] {
        let clsid = format!("{{5F3A7B10-0000-4000-8000-0000000000{name}}}");
        let mut values = vec![(own, Value::UInt32(7))];
        if !is_singleton {
            values.push(("k", Value::UInt32(1)));
        }
        let provider = TestProvider::new(vec![values]).logging_as(name, &log);
        providers.register(&clsid, provider.conduct(conduct(name)).factory());
        registrations.push_str(&registration(name, &clsid, &[INSTANCES]));
    }
    let world = World::with_providers(providers);
    world.compile(&registrations);
    world.compile(mof);
    (world, log)
}

/// Who was asked to do `what` with which class, in order.
fn asked(log: &Log, what: &str) -> Vec<String> {
    let lines = log.take();
    let asked = lines.iter().filter_map(|line| line.split_once(&format!(" {what} ")));
    asked.map(|(who, rest)| format!("{who} {}", rest.split(['{', ' ']).next().unwrap())).collect()
}

/// Rule: B.4, behaviour; J 5: a put goes from the top of the derivation down.
#[test]
fn b4_a_put_begins_with_the_provider_of_the_topmost_class() {
    gaps::check("b4_a_put_begins_with_the_provider_of_the_topmost_class", || {
        let (world, log) = family(
            r#"[dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
               [dynamic, provider("PB")] class B : A { uint32 b; };
               [dynamic, provider("PA")] class C : B { uint32 c; };
               [dynamic, provider("PC")] class D : C { uint32 d; };
               [dynamic, provider("PB")] class E : D { uint32 e; };"#,
            |_| Conduct::Serve,
        );
        let one = [("k", Value::UInt32(1))];
        let put_order = |class: &str| {
            put(&world, &world.instance(class, &one), Flags::default()).unwrap();
            asked(&log, "put")
        };
        assert_eq!(put_order("C"), ["PA C", "PB B"]);
        assert_eq!(put_order("D"), ["PA C", "PB B", "PC D"]);
        assert_eq!(put_order("E"), ["PA C", "PB E", "PC D"]);
    });
}

/// Rule: B.4, behaviour; J 5 (DeleteInstance): all providers are called, the topmost decides.
#[test]
fn b4_a_deletion_reaches_all_providers_where_the_topmost_refuses() {
    gaps::check("b4_a_deletion_reaches_all_providers_where_the_topmost_refuses", || {
        let refuses = |name: &str| match name {
            "PA" => Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("the test said so"))),
            _ => Conduct::Serve,
        };
        let three = r#"
            [dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
            [dynamic, provider("PB")] class B : A { uint32 b; };
            [dynamic, provider("PC")] class C : B { uint32 c; };"#;
        for path in ["A.k=1", "B.k=1", "C.k=1"] {
            let (world, log) = family(three, refuses);
            let (services, context) = (world.services(), world.administrator());
            let deleted = services.delete_instance(path, Flags::default(), context);
            assert_eq!(deleted.map_err(|e| e.status()), Err(WBEM_E_ACCESS_DENIED), "{path}");
            assert_eq!(asked(&log, "delete"), ["PA A", "PB B", "PC C"], "{path}");
        }
    });
}

fn with_architecture(world: &World, values: &[(&str, Value)]) -> CallContext {
    let mut context = world.administrator().clone();
    values.iter().for_each(|(name, value)| context.set(name, value.clone()));
    context
}

/// The outcomes of reading an instance of `class`, and of putting it.
fn outcomes(world: &World, class: &str, context: &CallContext) -> Vec<WbemStatus> {
    let services = world.services();
    let status = |result: Result<()>| result.map_or_else(|e| e.status(), |()| WBEM_S_NO_ERROR);
    let query = format!("SELECT * FROM {class}");
    let flags = Flags::default();
    let instance = world.instance(class, &[("k", 1u32.into())]);
    vec![
        status(services.get_object(&format!("{class}.k=1"), flags, context).map(drop)),
        status(wbem::collect(|s| services.exec_query("WQL", &query, flags, context, s)).map(drop)),
        status(
            wbem::collect(|s| services.create_instance_enum(class, flags, context, s)).map(drop),
        ),
        status(services.put_instance(&instance, flags, context).map(drop)),
    ]
}

/// Rule: B.7, behaviour; MS-WMI 2.2.13.
#[test]
fn b7_the_architecture_of_a_provider_is_asked_for_in_the_context() {
    gaps::check("b7_the_architecture_of_a_provider_is_asked_for_in_the_context", || {
        let (world, _) = family(
            r#"[dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
               class Stored { [key] uint32 k; };
               instance of Stored { k = 1; };"#,
            |_| Conduct::Serve,
        );
        const WANTED: &str = "__ProviderArchitecture";
        const REQUIRED: &str = "__RequiredArchitecture";
        let on = |class: &str, values: &[(&str, Value)]| {
            let found = outcomes(&world, class, &with_architecture(&world, values));
            assert!(found.iter().all(|status| *status == found[0]), "{found:?}");
            found[0]
        };
        let (of_32, of_64) = (Value::SInt32(32), Value::SInt32(64));
        let (yes, no) = (Value::Boolean(true), Value::Boolean(false));
        let good = WBEM_S_NO_ERROR;
        for (values, expected) in [
            (vec![(WANTED, of_64.clone())], good),
            (vec![(WANTED, of_64.clone()), (REQUIRED, yes.clone())], good),
            (vec![(WANTED, of_32.clone())], good),
            (vec![(WANTED, of_32.clone()), (REQUIRED, no)], good),
            (vec![(REQUIRED, yes.clone())], good),
            (vec![(WANTED, of_32.clone()), (REQUIRED, yes)], WBEM_E_PROVIDER_LOAD_FAILURE),
            (vec![(WANTED, Value::SInt32(16))], WBEM_E_INVALID_PARAMETER),
            (vec![(WANTED, Value::string("32"))], WBEM_E_INVALID_PARAMETER),
            (vec![(WANTED, of_32.clone()), (REQUIRED, of_32)], WBEM_E_INVALID_PARAMETER),
            (vec![(REQUIRED, "TRUE".into())], WBEM_E_INVALID_PARAMETER),
        ] {
            assert_eq!(on("A", &values), expected, "{values:?}");
            // What is stored needs no provider.
            let stored = if expected == WBEM_E_INVALID_PARAMETER { expected } else { good };
            assert_eq!(on("Stored", &values), stored, "{values:?}");
        }
    });
}

/// Rule: G.4, behaviour; issue 9 line 1.3: what a program stored that gave all singletons of a family
/// one identity is read, and the others of the family can be put beside it. The file was written by
/// such a program from the MOF beside it.
#[test]
fn g4_singletons_stored_under_one_identity_are_read() {
    gaps::check("g4_singletons_stored_under_one_identity_are_read", || {
        let directory = tempfile::TempDir::new().unwrap();
        let repository = directory.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        let file =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/singletons_of_one_identity.mdb");
        std::fs::copy(file, repository.join("data.mdb")).unwrap();
        let world = World::in_directory(directory, NativeProviders::default());
        let check = |world: &World, top: &[&str], upper: &[&str]| {
            assert_eq!(world.query("SELECT * FROM Old_Top").unwrap(), top);
            assert_eq!(world.query("SELECT * FROM Old_Upper").unwrap(), upper);
            let report = world.manager().repository().verify().unwrap();
            assert!(report.problems.is_empty(), "{:?}", report.problems);
        };
        check(&world, &["Old_Left{V=1}"], &["Old_Lower{V=2}"]);
        assert_eq!(world.get("Old_Left=@").unwrap(), "Old_Left{V=1}");
        assert_eq!(world.get("Old_Lower=@").unwrap(), "Old_Lower{V=2}");
        for path in ["Old_Top=@", "Old_Upper=@", "Old_Right=@"] {
            assert_eq!(world.get(path).map_err(|e| e.status()), Err(WBEM_E_NOT_FOUND), "{path}");
        }
        let put = |class: &str, v: u32, flags| {
            put(&world, &world.instance(class, &[("V", v.into())]), flags)
        };
        assert_eq!(put("Old_Left", 5, Flags::CREATE_ONLY), Err(WBEM_E_ALREADY_EXISTS));
        assert_eq!(put("Old_Right", 6, Flags::CREATE_ONLY), Ok(()));
        assert_eq!(put("Old_Upper", 7, Flags::CREATE_ONLY), Ok(()));
        let upper = ["Old_Lower{V=2}", "Old_Upper{V=7}"];
        check(&world, &["Old_Left{V=1}", "Old_Right{V=6}"], &upper);
        assert_eq!(put("Old_Left", 8, Flags::UPDATE_ONLY), Ok(()));
        let delete = |path: &str| {
            let (services, context) = (world.services(), world.administrator());
            services.delete_instance(path, Flags::default(), context).map_err(|e| e.status())
        };
        assert_eq!(delete("Old_Lower=@"), Ok(()));
        let (top, upper) = (["Old_Left{V=8}", "Old_Right{V=6}"], ["Old_Upper{V=7}"]);
        check(&world, &top, &upper);
        check(&world.reopen(NativeProviders::default()), &top, &upper);
    });
}
