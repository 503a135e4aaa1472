//! Providers whose code is found by a resolver, and what they may say that a native one may too.

use std::sync::Arc;

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, INSTANCES, TestProvider, registration};
use parking_lot::Mutex;
use wbem::{Factory, Flags, HostingModel, NativeProviders, ProviderRegistration, ProviderResolver};

const HERE: &str = "{5F3A7B10-0000-4000-8000-000000000001}";
const THERE: &str = "{5F3A7B10-0000-4000-8000-000000000002}";

const CLASS: &str = "class D { [key] string K; };";

fn mof(clsid: &str) -> String {
    let mut mof = registration("P", clsid, &[INSTANCES])
        .replace("Name =", "HostingModel = \"LocalSystemHost:group\"; Name =");
    mof += &format!("[dynamic, provider(\"P\")] {CLASS}");
    mof
}

fn instances(keys: &[&'static str]) -> TestProvider {
    TestProvider::new(keys.iter().map(|key| vec![("K", Value::string(*key))]).collect())
}

/// Finds the code of one CLSID, and notes what it was asked for.
struct Elsewhere {
    factory: Factory,
    asked: Mutex<Vec<ProviderRegistration>>,
}

impl ProviderResolver for Elsewhere {
    fn resolve(&self, registration: &ProviderRegistration) -> Option<Factory> {
        self.asked.lock().push(registration.clone());
        (registration.clsid == THERE).then(|| self.factory.clone())
    }
}

fn elsewhere(keys: &[&'static str]) -> Arc<Elsewhere> {
    let make = instances(keys).factory();
    let factory: Factory =
        Arc::new(move |initialization, sink| sink.set_status(make(&initialization)));
    Arc::new(Elsewhere { factory, asked: Mutex::default() })
}

#[test]
fn a_resolver_is_asked_for_what_is_not_in_this_program() {
    let (none, some) = (elsewhere(&[]), elsewhere(&["there"]));
    let resolvers: Vec<Arc<dyn ProviderResolver>> = vec![none.clone(), some.clone()];
    let mut providers = NativeProviders::default();
    providers.register(HERE, instances(&["here"]).factory());
    let world = World::with_resolvers(providers, resolvers);
    world.compile(&mof(HERE));
    assert_eq!(world.query("SELECT * FROM D").unwrap(), [r#"D{K="here"}"#]);
    assert!(none.asked.lock().is_empty(), "what is native is native");
    world.compile(&mof("{5F3A7B10-0000-4000-8000-000000000003}"));
    let missing = world.query("SELECT * FROM D").unwrap_err();
    assert_eq!(missing.status(), WBEM_E_PROVIDER_LOAD_FAILURE);
    assert_eq!((none.asked.lock().len(), some.asked.lock().len()), (1, 1), "each in its turn");
}

#[test]
fn a_resolver_sees_the_registration_and_hosting_model() {
    let there = elsewhere(&["there"]);
    let world = World::with_resolvers(NativeProviders::default(), vec![there.clone()]);
    world.compile(&mof(THERE));
    assert_eq!(world.query("SELECT * FROM D").unwrap(), [r#"D{K="there"}"#]);
    let asked = there.asked.lock();
    let [registration] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((registration.name.as_str(), registration.clsid.as_str()), ("P", THERE));
    assert_eq!(registration.namespace.as_str().to_lowercase(), r"root\test");
    assert_eq!(registration.hosting, HostingModel::LocalSystemHost);
    assert_eq!(registration.instance.get("Name"), Some(&"P".into()));
}

/// A provider that gives an object its key says which object it has made.
#[test]
fn a_provider_says_which_path_it_has_made() {
    let path_of = |conduct: Conduct| {
        let mut providers = NativeProviders::default();
        providers.register(HERE, instances(&[]).conduct(conduct).factory());
        let world = World::with_providers(providers);
        world.compile(&mof(HERE));
        let instance = world.instance("D", &[("K", "given".into())]);
        let put = world.services().put_instance(&instance, Flags::default(), world.administrator());
        put.unwrap().to_string()
    };
    assert_eq!(path_of(Conduct::Serve), r#"D.K="given""#);
    assert_eq!(path_of(Conduct::NameAs("D.K=\"made\"")), r#"D.K="made""#);
}
