//! Registrations: what is found, what is not whole, and what each of its flags allows.

use cim::security::Descriptor;
use cim::status::*;
use cim::{Instance, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{Log, Make, TestProvider};
use openwmi_suite::world::{compile_options, user};
use wbem::{Flags, MofCompiler, NativeProviders};

use super::*;

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
        registration("P", CLSID, &[INSTANCES])
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
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(CLASS);
    assert_eq!(world.query("SELECT K FROM D").unwrap().len(), 3);
    world
        .compile(&format!("instance of __Win32Provider {{ Name = \"P\"; CLSID = \"{OTHER}\"; }};"));
    assert_eq!(world.query("SELECT K FROM D").unwrap(), [r#"D{K="new"}"#]);
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
    let mof = format!(
        "#pragma namespace(\"\\\\\\\\.\\\\root\")\n{}",
        registration("P", CLSID, &[INSTANCES])
    );
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
            registration("P", CLSID, &[INSTANCES]).replace(&format!("CLSID = \"{CLSID}\";"), ""),
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (
            registration("P", CLSID, &[INSTANCES])
                .replace("Name =", "HostingModel = \"Bogus\"; Name ="),
            WBEM_E_INVALID_PROVIDER_REGISTRATION,
        ),
        (registration("P", OTHER, &[INSTANCES]), WBEM_E_PROVIDER_LOAD_FAILURE),
        (
            registration("P", CLSID, &[INSTANCES]).replace("Name =", "Enabled = FALSE; Name ="),
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
fn b23_a_hosting_model_that_is_none() {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, three().factory());
    let world = World::with_providers(providers);
    let bogus = registration("P", CLSID, &[INSTANCES])
        .replace(r#"Name = "P";"#, r#"Name = "P"; HostingModel = "Bogus";"#);
    world.compile(&bogus);
    world.compile(CLASS);
    all_fail_with(&world, WBEM_E_INVALID_PROVIDER_REGISTRATION);
}

/// A.2: Version 2 is looked at more strictly.
#[test]
fn a_2_version_2_is_strict() {
    let strange = ["ImpersonationLevel = 2;", "InitializationReentrancy = 3;"];
    let sound = ["", "ImpersonationLevel = 1; InitializationReentrancy = 2;"];
    let taken = |version: &str, also: &str| {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, three().factory());
        let world = World::with_providers(providers);
        let more = format!("Name = \"P\"; {version} {also}");
        world.compile(&registration("P", CLSID, &[INSTANCES]).replace(r#"Name = "P";"#, &more));
        world.compile(CLASS);
        world.get("D='b'").map(drop).map_err(|e| e.status())
    };
    for also in sound.iter().chain(&strange) {
        assert_eq!(taken("", also), Ok(()), "{also}");
        assert_eq!(taken("Version = 1;", also), Ok(()), "{also}");
    }
    for also in sound {
        assert_eq!(taken("Version = 2;", also), Ok(()), "{also}");
    }
    for also in strange {
        assert_eq!(
            taken("Version = 2;", also),
            Err(WBEM_E_INVALID_PROVIDER_REGISTRATION),
            "{also}"
        );
    }
}

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
        world.compile(&registration("P", CLSID, &[INSTANCES]).replace("Name =", &hosted));
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
        world.compile(
            &registration("P", CLSID, &[INSTANCES]).replace(&on, &format!("{flag} = FALSE")),
        );
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
    let panics: Make = Box::new(|_| panic!("the test makes the factory panic"));
    let refuses: Make = Box::new(|_| Err(WBEM_E_FAILED.with("not today")));
    for factory in [refuses, panics] {
        let mut providers = NativeProviders::default();
        providers.register(CLSID, factory);
        let world = World::with_providers(providers);
        world.compile(&registration("P", CLSID, &[INSTANCES]));
        world.compile(CLASS);
        all_fail_with(&world, WBEM_E_INITIALIZATION_FAILURE);
    }
}

/// Names in registrations compare without case too.
#[test]
fn g37_the_name_of_a_provider() {
    let mut providers = NativeProviders::default();
    providers.register(&CLSID.to_lowercase(), three().factory());
    let world = World::with_providers(providers);
    world.compile(&registration("the provider", CLSID, &[INSTANCES]));
    world.compile(
        "[DYNAMIC, PROVIDER(\"The Provider\")] class D { [key] string K; uint32 V; string S; };",
    );
    assert_eq!(world.query("SELECT K FROM D").unwrap().len(), 3);
}

/// The pragma that deletes an instance goes where DeleteInstance goes, with the same rights.
#[test]
fn g9_deleteinstance_of_a_dynamic_class() {
    let (world, log) = world(three());
    world.compile(
        "class Stored { [key] string K; }; instance of Stored { K = \"s\"; };
         [dynamic, provider(\"P\")] class Below : Stored { };
         #pragma deleteinstance(\"D.K='b'\", fail)
         #pragma deleteinstance(\"Stored.K='s'\", fail)
         instance of Stored { K = \"after\"; };
         #pragma deleteinstance(\"Stored.K='p'\", nofail)",
    );
    let deleted = || {
        let mut asked = log.take();
        asked.retain(|line| line.starts_with("delete"));
        asked
    };
    assert_eq!(deleted(), [r#"delete D K="b""#, r#"delete Below K="p""#]);
    assert_eq!(world.get("Stored.K='after'").unwrap(), r#"Stored{K="after"}"#);
    // Who may store, but not write through providers.
    let services = world.services();
    let sddl = "O:BAG:BAD:(A;;0x600ff;;;BA)(A;;0xf;;;AU)(D;;0x10;;;AU)";
    let descriptor: Descriptor = sddl.parse().unwrap();
    let bytes = descriptor.to_bytes().unwrap().into_iter().map(Value::UInt8);
    let class = world.object("__SystemSecurity").unwrap();
    let signature = class.class().method("SetSD").unwrap().in_signature().unwrap();
    let mut given = Instance::new(signature);
    given.put("SD", &Value::array(bytes)).unwrap();
    let (path, flags) = ("__SystemSecurity=@", Flags::default());
    services.exec_method(path, "SetSD", flags, world.administrator(), Some(&given)).unwrap();
    for name in ["D.K='a'", "Stored.K='p'"] {
        let text = format!("#pragma deleteinstance(\"{name}\", nofail)\n");
        let options = compile_options(flags);
        let compiled = world.manager().compile_text("test.mof", text.as_bytes(), &options, &user());
        assert_eq!(
            compiled.unwrap().storage.into_iter().next().unwrap().status,
            WBEM_E_ACCESS_DENIED,
            "{name}"
        );
    }
    assert_eq!(deleted(), [""; 0]);
}
