//! Instances of which several providers have parts: none of them is taken for the whole
//! (behaviour.md B.4, F.2; MS-WMI 3.1.4.3.16).

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::gaps;
use openwmi_suite::provider::{Log, METHODS, TestProvider};
use wbem::{Flags, NativeProviders, Pushdown};

use super::hierarchies::{THREE, asked, family};
use super::*;
use crate::c3_methods::Methods;

/// The conduct of a provider that fails at each call.
fn failing(who: &'static str) -> impl Fn(&str) -> Conduct {
    move |name| match name == who {
        true => Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("the test said so"))),
        false => Conduct::Serve,
    }
}

/// Registers the provider `name` without SupportsGet, and with what `supports` says.
fn without_gets(world: &World, name: &str, supports: &str) {
    world.compile(&format!(
        "instance of __InstanceProviderRegistration
         {{ provider = \"__Win32Provider.Name=\\\"{name}\\\"\"; SupportsGet = FALSE; {supports} }};"
    ));
}

/// Rule: F.2, behaviour: GetObject fails where the provider of the object's class does.
#[test]
fn f2_a_part_above_does_not_replace_an_instance_whose_provider_fails() {
    gaps::check("f2_a_part_above_does_not_replace_an_instance_whose_provider_fails", || {
        for path in ["A.k=1", "B.k=1", "C.k=1"] {
            let (world, _) = family(THREE, failing("PC"));
            assert_eq!(status(world.get(path)), WBEM_E_ACCESS_DENIED, "{path}");
        }
        // The failure of a class on another branch says nothing about this instance.
        let siblings = r#"
            [abstract] class A { [key] uint32 k; };
            [dynamic, provider("PB")] class B : A { uint32 b; };
            [dynamic, provider("PC")] class C : A { uint32 c; };"#;
        let (world, _) = family(siblings, failing("PC"));
        assert_eq!(world.get("A.k=1").unwrap(), "B{b=7, k=1}");
    });
}

/// Rule: F.2, behaviour: dynamic, SupportsGet FALSE: `WBEM_E_PROVIDER_NOT_CAPABLE`.
#[test]
fn f2_a_provider_without_gets_is_enumerated_for_what_is_its_own() {
    gaps::check("f2_a_provider_without_gets_is_enumerated_for_what_is_its_own", || {
        let (world, log) = family(THREE, |_| Conduct::Serve);
        without_gets(&world, "PC", "SupportsEnumeration = TRUE;");
        for path in ["A.k=1", "B.k=1", "C.k=1"] {
            log.take();
            assert_eq!(status(world.get(path)), WBEM_E_PROVIDER_NOT_CAPABLE, "{path}");
            let expected = ["PC enumerate C wanted k", "PC stopped at instance 1"];
            assert_eq!(asked(&log), expected, "{path}");
        }
        // What it does not have is another class's.
        let other = TestProvider::new(vec![vec![("k", Value::UInt32(2))]]);
        let mut providers = NativeProviders::default();
        providers.register(CLSID, other.factory());
        let above = vec![vec![("k", Value::UInt32(1)), ("a", Value::UInt32(7))]];
        providers.register(OTHER, TestProvider::new(above).factory());
        let world = World::with_providers(providers);
        world.compile(&registration("PC", CLSID, &[INSTANCES]));
        world.compile(&registration("PA", OTHER, &[INSTANCES]));
        without_gets(&world, "PC", "SupportsEnumeration = TRUE;");
        world.compile(
            r#"[dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
               [dynamic, provider("PC")] class C : A { uint32 c; };"#,
        );
        assert_eq!(world.get("A.k=1").unwrap(), "A{a=7, k=1}");
        assert_eq!(status(world.get("A.k=2")), WBEM_E_PROVIDER_NOT_CAPABLE);
        assert_eq!(status(world.get("C.k=1")), WBEM_E_NOT_FOUND);
        // Where it cannot be enumerated either, nothing is known.
        without_gets(&world, "PC", "SupportsEnumeration = FALSE;");
        assert_eq!(status(world.get("A.k=1")), WBEM_E_PROVIDER_NOT_CAPABLE);
    });
}

/// A method that is implemented in `A` by PA and again in `C`, below it, by PC, which has the
/// instance 1 and behaves as `conduct` says.
fn overridden(conduct: Conduct, registrations: &[(&str, &str)]) -> (World, Methods, Methods) {
    let instance = || TestProvider::new(vec![vec![("k", Value::UInt32(1))]]);
    let above = Methods::new("PA", |call| call.outcome(0u32, &[]));
    let below = Methods::new("PC", |call| call.outcome(0u32, &[]));
    let mut providers = NativeProviders::default();
    providers.register(CLSID, above.factory_with(instance()));
    providers.register(OTHER, below.factory_with(instance().conduct(conduct)));
    let world = World::with_providers(providers);
    world.compile(&registration("PA", CLSID, &[INSTANCES, METHODS]));
    world.compile(&registration("PC", OTHER, registrations));
    world.compile(
        r#"[dynamic, provider("PA")] class A { [key] uint32 k; [implemented] uint32 Run(); };
           [dynamic, provider("PC")] class C : A { [implemented] uint32 Run(); };"#,
    );
    (world, above, below)
}

/// Rule: C.4, behaviour: the exact class of the object decides which code runs.
#[test]
fn c4_a_method_never_runs_by_a_class_above_the_true_one() {
    gaps::check("c4_a_method_never_runs_by_a_class_above_the_true_one", || {
        let run = |world: &World| {
            let (services, context) = (world.services(), world.administrator());
            services.exec_method("A.k=1", "Run", Flags::default(), context, None)
        };
        let denied = Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("the test said so")));
        let (world, above, below) = overridden(denied, &[INSTANCES, METHODS]);
        assert_eq!(status(run(&world)), WBEM_E_ACCESS_DENIED);
        assert_eq!((above.take(), below.take()), (Vec::new(), Vec::new()));
        // Without gets its enumeration says what the true class is.
        let no_gets = ("__InstanceProviderRegistration", "SupportsEnumeration = TRUE;");
        let (world, above, below) = overridden(Conduct::Serve, &[no_gets, METHODS]);
        run(&world).unwrap();
        assert_eq!(above.take(), Vec::<String>::new());
        assert_eq!(below.take(), ["PC C.Run by C on 1 with nothing"]);
    });
}

/// A world in which PA has the instances 1 and 2 of `A`, and PC, which says `pushdown` of the key,
/// the instance 2 of `C`, which is below it.
fn two_and_one(pushdown: Pushdown) -> (World, Log) {
    let log = Log::default();
    let instance = |k| vec![("k", Value::UInt32(k))];
    let of_a = TestProvider::new(vec![instance(1), instance(2)]).logging_as("PA", &log);
    let of_c = TestProvider::new(vec![instance(2)]).says("k", pushdown).logging_as("PC", &log);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, of_a.factory());
    providers.register(OTHER, of_c.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("PA", CLSID, &[INSTANCES]));
    world.compile(&registration("PC", OTHER, &[INSTANCES]));
    world.compile(
        r#"[dynamic, provider("PA")] class A { [key] uint32 k; uint32 a; };
           [dynamic, provider("PC")] class C : A { uint32 c; };"#,
    );
    (world, log)
}

/// Rule: MS-WMI 3.1.4.3.16: SHALLOW leaves out the instances of subclasses.
#[test]
fn b4_shallow_leaves_out_the_parts_of_instances_below() {
    gaps::check("b4_shallow_leaves_out_the_parts_of_instances_below", || {
        let (world, log) = two_and_one(Pushdown::Unsupported);
        log.take();
        let shallow = |class| {
            world.collect(|s, c, sink| s.create_instance_enum(class, Flags::SHALLOW, c, sink))
        };
        assert_eq!(shallow("A").unwrap(), ["A{a=NULL, k=1}"]);
        assert_eq!(asked(&log), ["PC enumerate C wanted k", "PA enumerate A wanted all"]);
        assert_eq!(shallow("C").unwrap(), ["C{a=NULL, c=NULL, k=2}"]);
        // Who cannot be asked cannot be left out.
        let (world, _) = family(THREE, failing("PC"));
        let shallow =
            world.collect(|s, c, sink| s.create_instance_enum("A", Flags::SHALLOW, c, sink));
        assert_eq!(status(shallow), WBEM_E_ACCESS_DENIED);
    });
}

/// Rule: G.10, behaviour: `__CLASS = "A"` restricts to instances of exactly this class.
#[test]
fn g10_a_condition_on_the_class_leaves_out_the_parts_of_instances_below() {
    gaps::check("g10_a_condition_on_the_class_leaves_out_the_parts_of_instances_below", || {
        for pushdown in [Pushdown::Unsupported, Pushdown::Inexact, Pushdown::Exact] {
            let (world, _) = two_and_one(pushdown);
            for (condition, found) in [
                (r#"__CLASS = "A""#, vec!["A{k=1}"]),
                (r#"NOT __CLASS = "C""#, vec!["A{k=1}"]),
                (r#"__CLASS <> "C" AND k = 2"#, vec![]),
                (r#"__CLASS = "A" AND k = 1"#, vec!["A{k=1}"]),
                (r#"__CLASS = "A" AND k = 2"#, vec![]),
                (r#"__CLASS = "C""#, vec!["C{k=2}"]),
                (r#"__CLASS = "A" OR k = 2"#, vec!["A{k=1}", "C{k=2}"]),
            ] {
                let query = format!("SELECT k FROM A WHERE {condition}");
                assert_eq!(world.query(&query).unwrap(), found, "{query} {pushdown:?}");
            }
        }
    });
}

/// Rule: B.4, behaviour: the core joins the parts by their key. No provider of a part answers a
/// condition on the whole.
#[test]
fn b4_no_text_of_a_query_goes_to_the_provider_of_a_part() {
    gaps::check("b4_no_text_of_a_query_goes_to_the_provider_of_a_part", || {
        let (world, log) = family(THREE, |_| Conduct::Serve);
        world.compile(
            "instance of __InstanceProviderRegistration
             { provider = \"__Win32Provider.Name=\\\"PC\\\"\"; SupportsGet = TRUE;
               SupportsEnumeration = TRUE; QuerySupportLevels = {\"WQL:UnarySelect\"}; };",
        );
        log.take();
        // PC's text would say nothing about what PA has.
        assert_eq!(world.query("SELECT k FROM A WHERE a = 8").unwrap(), Vec::<String>::new());
        assert!(asked(&log).iter().all(|line| !line.contains(" query ")));
    });
}

/// Rule: B.5, behaviour; the properties of a partial read are those of the class that is asked.
#[test]
fn b5_only_names_that_a_class_has_reach_its_provider() {
    gaps::check("b5_only_names_that_a_class_has_reach_its_provider", || {
        let (world, log) = family(THREE, |_| Conduct::Serve);
        let mut context = world.administrator().clone();
        context.set("__GET_EXTENSIONS", Value::Boolean(true));
        context.set("__GET_EXT_CLIENT_REQUEST", Value::Boolean(true));
        let names = ["a", "c"].map(Value::string);
        context.set("__GET_EXT_PROPERTIES", Value::array(names));
        log.take();
        let services = world.services();
        for path in ["C.k=1", "A.k=1"] {
            services.get_object(path, Flags::default(), &context).unwrap();
            let with = |names: &str| {
                format!("with __GET_EXTENSIONS=TRUE __GET_EXT_PROPERTIES={{{names}}}")
            };
            let expected = [
                format!(r#"PC get C k=1 wanted a,c,k {}"#, with(r#""a", "c""#)),
                format!(r#"PB get B k=1 wanted a,k {}"#, with(r#""a""#)),
                format!(r#"PA get A k=1 wanted a,k {}"#, with(r#""a""#)),
            ];
            let mut asked = asked(&log);
            asked.iter_mut().for_each(|line| *line = line.replace("\",\"", "\", \""));
            assert_eq!(asked, expected, "{path}");
        }
    });
}
