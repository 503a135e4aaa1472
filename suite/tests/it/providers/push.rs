//! Push providers of classes: they put what they have when they are initialized, and are asked no
//! more (behaviour.md A.1; mistake J17).

use std::sync::Arc;

use cim::status::*;
use cim::{Name, Result};
use openwmi_suite::World;
use openwmi_suite::class_provider::declarations;
use openwmi_suite::provider::{Gate, Log, Make};
use wbem::{CancelToken, Flags, Initialization, InitializationSink, NativeProviders};
use wbem::{ProviderInterfaces, Request};

use super::classes::register;
use super::{CLSID, OTHER, status};

/// A provider that puts the classes of `mof` and deletes those of `obsolete`.
fn pushing(mof: &'static str, obsolete: &'static [&'static str], log: &Log) -> Make {
    let log = log.clone();
    Box::new(move |initialization| {
        log.write(format!("initialize {}", initialization.namespace));
        push(initialization, mof, obsolete)?;
        Ok(ProviderInterfaces::default())
    })
}

fn push(initialization: &Initialization, mof: &str, obsolete: &[&str]) -> Result<()> {
    let context = &initialization.context;
    let services = context.services();
    for class in declarations(mof) {
        services.put_class(&class, Flags::OWNER_UPDATE, context)?;
    }
    for name in obsolete {
        match services.delete_class(Name::from(*name).as_str(), Flags::OWNER_UPDATE, context) {
            Err(e) if e.status() == WBEM_E_NOT_FOUND => {}
            done => done?,
        }
    }
    Ok(())
}

fn providers(make: Make) -> NativeProviders {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, make);
    providers
}

fn registered(clsid: &str) -> String {
    register("P", clsid, "InteractionType = 1;").replace("SupportsEnumeration = TRUE;", "")
}

#[test]
fn j17_after_its_initialization_the_core_alone_serves() {
    let log = Log::default();
    let first = pushing("class Kept { [key] string K; }; class Gone { };", &[], &log);
    let world = World::with_providers(providers(first));
    world.compile(&registered(CLSID));
    assert_eq!(world.get("Kept").unwrap(), "class Kept");
    assert_eq!(log.take(), [r"initialize root\test"]);
    assert_eq!(world.get("Gone").unwrap(), "class Gone");
    world.compile("instance of Kept { K = \"a\"; };");
    assert_eq!(world.query("SELECT * FROM Kept").unwrap(), [r#"Kept{K="a"}"#]);
    assert_eq!(log.take(), [""; 0], "it is asked no more");
    // It is read from the repository, even without its provider.
    let world = world.reopen(NativeProviders::default());
    assert_eq!(world.get("Kept").unwrap(), "class Kept");
    // When it starts again it deletes what no longer applies.
    let again = pushing("class Kept { [key] string K; }; class New { };", &["Gone"], &log);
    let world = world.reopen(providers(again));
    assert_eq!(status(world.get("Gone")), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), [r"initialize root\test"]);
    assert_eq!(world.get("New").unwrap(), "class New");
    assert_eq!(world.query("SELECT * FROM Kept").unwrap(), [r#"Kept{K="a"}"#]);
}

/// A.6: what is registered in its place is initialized in its place; so is what is registered
/// again.
#[test]
fn a13_a_push_provider_that_is_replaced() {
    let log = Log::default();
    let mut providers = providers(pushing("class Old { };", &[], &log.named("old")));
    providers.register(OTHER, pushing("class New { };", &["Old"], &log.named("new")));
    let world = World::with_providers(providers);
    world.compile(&registered(CLSID));
    assert_eq!(world.get("Old").unwrap(), "class Old");
    world.compile(&registered(OTHER));
    assert_eq!(world.get("New").unwrap(), "class New");
    assert_eq!(status(world.get("Old")), WBEM_E_NOT_FOUND);
    let expected = [r"old initialize root\test", r"new initialize root\test"];
    assert_eq!(log.take(), expected);
    let services = world.services();
    let path = r#"__Win32Provider.Name="P""#;
    services.delete_instance(path, Flags::default(), world.administrator()).unwrap();
    assert_eq!(world.get("New").unwrap(), "class New");
    assert_eq!(log.take(), [""; 0]);
    world.compile(&registered(OTHER));
    world.get("New").unwrap();
    assert_eq!(log.take(), [r"new initialize root\test"]);
}

#[test]
fn a10_a_push_provider_that_fails_leaves_what_is_stored() {
    let log = Log::default();
    let written = log.clone();
    let fails: Make = Box::new(move |initialization| {
        written.write(format!("initialize {}", initialization.namespace));
        push(initialization, "class Half { };", &[])?;
        Err(WBEM_E_FAILED.with("the test said so"))
    });
    let world = World::with_providers(providers(fails));
    world.compile("class Stored { };");
    world.compile(&registered(CLSID));
    assert_eq!(world.get("Stored").unwrap(), "class Stored");
    assert_eq!(world.get("Half").unwrap(), "class Half");
    world.compile("class More { };");
    assert_eq!(world.get("More").unwrap(), "class More");
    assert_eq!(log.take(), [r"initialize root\test"], "it is not tried again");
    let failed = world.manager().failed_pushes();
    let [failed] = failed.as_slice() else { panic!("one has failed: {failed:?}") };
    assert_eq!((failed.namespace.as_str(), failed.name.as_str()), (r"root\test", "P"));
    assert_eq!(failed.error.status(), WBEM_E_INITIALIZATION_FAILURE);
    // A new registration has another failure, or none; without a registration there is none.
    world.compile(&registered("{00000000-0000-0000-0000-000000000002}"));
    world.get("Stored").unwrap();
    let failed = world.manager().failed_pushes();
    assert_eq!(failed[0].error.status(), WBEM_E_PROVIDER_LOAD_FAILURE);
    let services = world.services();
    let path = r#"__Win32Provider.Name="P""#;
    services.delete_instance(path, Flags::default(), world.administrator()).unwrap();
    world.get("Stored").unwrap();
    assert!(world.manager().failed_pushes().is_empty());
}

/// A call that is cancelled while a push provider is initialized ends neither the initialization nor
/// what later calls wait for.
#[test]
fn a_push_provider_outlives_the_call_that_came_first() {
    let gate = Gate::default();
    let at = gate.clone();
    let start = move |initialization: Initialization, sink: InitializationSink| {
        let at = at.clone();
        std::thread::spawn(move || {
            at.pass();
            let pushed = push(&initialization, "class Pushed { };", &[]);
            sink.set_status(pushed.map(|()| ProviderInterfaces::default()));
        });
    };
    let mut providers = NativeProviders::default();
    providers.register_factory(CLSID, Arc::new(start));
    let world = World::with_providers(providers);
    let (token, mut context) = (CancelToken::new(), world.administrator().clone());
    context.set_cancel(token.clone());
    let client = world.client(&context);
    let patient = world.client(world.administrator());
    world.compile(&registered(CLSID));
    let get =
        |class: &'static str| Request::GetObject { path: class.into(), flags: Flags::default() };
    let first = client.start(get("Pushed")).unwrap();
    gate.wait_for(1);
    token.cancel();
    assert_eq!(first.result_object(None).unwrap_err().status(), WBEM_E_CALL_CANCELLED);
    let second = patient.start(get("Pushed")).unwrap();
    gate.open();
    assert!(second.result_object(None).unwrap().is_some());
    assert!(world.manager().failed_pushes().is_empty());
}
