//! When a provider is initialized, for which user, and when it is unloaded (behaviour.md A.2, A.4,
//! G.2).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cim::security::Identity;
use openwmi_suite::provider::{Gate, Make};
use wbem::{
    CallContext, Client, Initialization, InitializationSink, ProviderContext, ProviderInterfaces,
    Request,
};

use super::*;

fn user(uid: u32) -> CallContext {
    CallContext::local(Arc::new(Identity::unix(uid, &[uid], false)))
}

/// A world in which `D`'s provider is made by `make` and registered with `also`.
fn made(
    make: impl Fn(&Initialization) -> cim::Result<ProviderInterfaces> + Send + Sync + 'static,
    also: &str,
) -> World {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, make);
    let world = World::with_providers(providers);
    let also = format!(r#"Name = "P"; {also}"#);
    world.compile(&registration("P", CLSID, &[INSTANCES]).replace(r#"Name = "P";"#, &also));
    world.compile(CLASS);
    world
}

/// Initializations as text, and what makes a provider that writes them down.
fn writing(lines: &Arc<Mutex<Vec<String>>>) -> Make {
    let (lines, make) = (lines.clone(), three().factory());
    Box::new(move |initialization| {
        let user = initialization.user.as_ref().map(|user| user.user.to_string());
        let caller = &initialization.context.caller().user;
        lines.lock().unwrap().push(format!(
            "{} in {} for {} as {caller}",
            initialization.registration.get("Name").and_then(Value::as_str).unwrap_or_default(),
            initialization.namespace,
            user.as_deref().unwrap_or("all users"),
        ));
        make(initialization)
    })
}

fn get_as(world: &World, context: &CallContext) {
    world.services().get_object("D.K=\"b\"", Flags::default(), context).expect("the instance");
}

#[test]
fn a_2_once_for_all_or_once_for_each_user() {
    let wmi = "S-1-22-1-0";
    for (also, expected) in [
        ("", vec![format!(r"P in root\test for all users as {wmi}")]),
        (
            "PerUserInitialization = TRUE;",
            vec![
                format!(r"P in root\test for S-1-22-1-1000 as {wmi}"),
                format!(r"P in root\test for S-1-22-1-1001 as {wmi}"),
            ],
        ),
        (
            "PerUserInitialization = TRUE; ImpersonationLevel = 1;",
            vec![
                r"P in root\test for S-1-22-1-1000 as S-1-22-1-1000".to_owned(),
                r"P in root\test for S-1-22-1-1001 as S-1-22-1-1001".to_owned(),
            ],
        ),
        (
            "PerUserInitialization = TRUE; ImpersonationLevel = 1; InitializeAsAdminFirst = TRUE;",
            vec![
                format!(r"P in root\test for S-1-22-1-1000 as {wmi}"),
                format!(r"P in root\test for S-1-22-1-1001 as {wmi}"),
            ],
        ),
    ] {
        let noted = Arc::default();
        let world = made(writing(&noted), also);
        for uid in [1000, 1001, 1000, 1001] {
            get_as(&world, &user(uid));
        }
        assert_eq!(*noted.lock().unwrap(), expected, "{also}");
    }
}

/// A.6: the first call of the new code unloads the old code, for every user.
#[test]
fn a13_of_a_provider_for_each_user_nothing_old_is_left() {
    let mut providers = NativeProviders::default();
    let both = [CLSID, OTHER];
    both.iter().for_each(|clsid| providers.register(clsid, three().factory()));
    let world = World::with_providers(providers);
    let for_each_user = r#"Name = "P"; PerUserInitialization = TRUE;"#;
    world.compile(&registration("P", CLSID, &[INSTANCES]).replace(r#"Name = "P";"#, for_each_user));
    world.compile(CLASS);
    get_as(&world, &user(1000));
    get_as(&world, &user(1001));
    let loaded = || -> Vec<String> {
        world.manager().loaded_providers().iter().map(|p| p.clsid.to_string()).collect()
    };
    assert_eq!(loaded(), [CLSID, CLSID]);
    world.compile(&format!(
        "instance of __Win32Provider
         {{ Name = \"P\"; CLSID = \"{OTHER}\"; PerUserInitialization = TRUE; }};"
    ));
    get_as(&world, &user(1002));
    assert_eq!(loaded(), [OTHER]);
    get_as(&world, &user(1000));
    assert_eq!(loaded(), [OTHER, OTHER]);
}

/// PerLocaleInitialization: once more for each language that a client asks in.
#[test]
fn a_2_once_for_each_language() {
    for (also, expected) in [
        ("", vec![None]),
        ("PerLocaleInitialization = TRUE;", vec![None, Some("MS_407"), Some("MS_409")]),
    ] {
        let noted: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let (write, make) = (noted.clone(), three().factory());
        let world = made(
            move |initialization| {
                let locale = initialization.locale.as_ref().map(ToString::to_string);
                write.lock().unwrap().push(locale);
                make(initialization)
            },
            also,
        );
        for locales in ["", "MS_407", "MS_409,MS_407", "ms_407"] {
            let mut context = user(1000);
            context.set_locales(&cim::Locale::list(locales));
            get_as(&world, &context);
        }
        let noted: Vec<Option<String>> = std::mem::take(&mut *noted.lock().unwrap());
        let noted: Vec<Option<&str>> = noted.iter().map(|locale| locale.as_deref()).collect();
        assert_eq!(noted, expected, "{also}");
    }
}

/// A.7: the identity under which a provider calls back.
#[test]
fn a_7_a_provider_calls_back_as_wmi_or_as_its_client() {
    for (also, expected) in [
        ("", "S-1-22-1-0"),
        ("ImpersonationLevel = 1;", "S-1-22-1-1000"),
        ("ImpersonationLevel = 1; InitializeAsAdminFirst = TRUE;", "S-1-22-1-1000"),
    ] {
        let noted: Arc<Mutex<Vec<String>>> = Arc::default();
        static CALLER: Mutex<String> = Mutex::new(String::new());
        let make = three()
            .conduct(Conduct::First(|context| {
                *CALLER.lock().unwrap() = context.caller().user.to_string();
                Ok(())
            }))
            .factory();
        let world = made(make, also);
        get_as(&world, &user(1000));
        noted.lock().unwrap().push(CALLER.lock().unwrap().clone());
        assert_eq!(*noted.lock().unwrap(), [expected], "{also}");
    }
}

/// B25, on the world's clock: released between once and twice ClearAfter after the last call.
#[test]
fn b25_a_provider_that_is_idle_is_let_go() {
    struct Held(Arc<AtomicU32>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let released = Arc::new(AtomicU32::new(0));
    let (count, make) = (released.clone(), three().factory());
    let native = move |initialization: &Initialization| {
        let native = make(initialization)?;
        let held = Arc::new((Held(count.clone()), native.instances.clone().expect("instances")));
        Ok(ProviderInterfaces::instances(Arc::new(Holding(held))))
    };
    let world = made(native, "");
    let clear_after = |seconds: u32| {
        let mof = format!(
            "#pragma namespace(\"\\\\\\\\.\\\\root\")
             instance of __ObjectProviderCacheControl
             {{ ClearAfter = \"000000000000{seconds:02}.000000:000\"; }};"
        );
        world.compile(&mof);
    };
    clear_after(30);
    world.get("D.K=\"b\"").unwrap();
    assert_eq!(world.manager().loaded_providers()[0].name, "P");
    for (seconds, unloaded) in [(29, 0), (1, 1), (0, 0)] {
        world.advance(seconds);
        assert_eq!(world.manager().unload_idle_providers(), unloaded);
        assert_eq!(released.load(Ordering::SeqCst), u32::from(seconds < 29));
    }
    assert_eq!(world.manager().loaded_providers(), []);
    // The next call loads it again; a call keeps it.
    world.get("D.K=\"b\"").unwrap();
    world.advance(29);
    world.get("D.K=\"b\"").unwrap();
    world.advance(29);
    assert_eq!(world.manager().unload_idle_providers(), 0);
    assert_eq!(world.manager().loaded_providers().len(), 1);
}

struct Holding<T>(Arc<(T, Arc<dyn wbem::InstanceProvider>)>);

impl<T: Send + Sync> wbem::InstanceProvider for Holding<T> {
    fn get(
        &self,
        class: &Arc<cim::Class>,
        keys: &[Value],
        wanted: &wbem::Wanted,
        context: &ProviderContext,
    ) -> cim::Result<cim::Instance> {
        self.0.1.get(class, keys, wanted, context)
    }

    fn enumerate(
        &self,
        request: &wbem::EnumerationRequest<'_>,
        context: &ProviderContext,
        sink: Sink,
    ) {
        self.0.1.enumerate(request, context, sink);
    }
}

#[test]
fn a_provider_that_is_at_work_is_not_let_go() {
    let gate = Gate::default();
    let world = made(three().conduct(Conduct::WaitAt(gate.clone())).factory(), "");
    let client = world.client(world.administrator());
    let call = client
        .start(Request::GetObject { path: "D.K=\"b\"".into(), flags: Flags::default() })
        .unwrap();
    gate.wait_for(1);
    world.advance(100_000);
    assert_eq!(world.manager().unload_idle_providers(), 0);
    let test = cim::Namespace::new(r"root\test").unwrap();
    let unload =
        |context: &CallContext| world.manager().unload_provider(&test, &"p".into(), context);
    assert_eq!(unload(world.administrator()), Ok(0));
    gate.open();
    assert!(call.result_object(None).unwrap().is_some());
    assert_eq!(unload(&user(1000)).unwrap_err().status(), WBEM_E_ACCESS_DENIED);
    assert_eq!(unload(world.administrator()), Ok(1));
    assert_eq!(world.manager().loaded_providers(), []);
}

/// InitializationReentrancy: 0 one at a time wherever, 1 one at a time in a namespace, 2 any.
#[test]
fn a_2_initializations_that_exclude_each_other() {
    for (reentrancy, at_once) in [(0, 1), (1, 2), (2, 4)] {
        let (gate, most) = (Gate::default(), Arc::new((AtomicU32::new(0), AtomicU32::new(0))));
        let (at, counts, make) = (gate.clone(), most.clone(), three().factory());
        let mut providers = NativeProviders::default();
        providers.register(CLSID, move |initialization| {
            let now = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
            counts.1.fetch_max(now, Ordering::SeqCst);
            at.pass();
            counts.0.fetch_sub(1, Ordering::SeqCst);
            make(initialization)
        });
        let world = World::with_providers(providers);
        let also = format!(
            r#"Name = "P"; PerUserInitialization = TRUE; InitializationReentrancy = {reentrancy};"#
        );
        let mof = registration("P", CLSID, &[INSTANCES]).replace(r#"Name = "P";"#, &also) + CLASS;
        world.compile(&mof);
        world.create_namespace(r"root\test\Other");
        world.compile(&format!("#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\\\\other\")\n{mof}"));
        let mut calls = Vec::new();
        for namespace in [r"root\test", r"root\test\other"] {
            for uid in [1000, 1001] {
                let services = world.connect(namespace).unwrap();
                let (path, flags) = ("D.K=\"b\"".into(), Flags::default());
                let get = Request::GetObject { path, flags };
                calls
                    .push(Client::new(world.operations(), services, user(uid)).start(get).unwrap());
            }
        }
        gate.wait_for(at_once);
        gate.open();
        for call in calls {
            assert!(call.result_object(None).unwrap().is_some());
        }
        assert_eq!(most.1.load(Ordering::SeqCst) as usize, at_once, "{reentrancy}");
    }
}

/// A.4: the provider may say that it is ready when its factory has returned.
#[test]
fn a_4_initialization_may_end_later_and_elsewhere() {
    let gate = Gate::default();
    let (at, make) = (gate.clone(), Arc::new(three().factory()));
    let mut providers = NativeProviders::default();
    let start = move |initialization: Initialization, sink: InitializationSink| {
        let (at, make) = (at.clone(), make.clone());
        std::thread::spawn(move || {
            at.pass();
            sink.set_status(make(&initialization));
        });
    };
    providers.register_factory(CLSID, Arc::new(start));
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(CLASS);
    let client = world.client(world.administrator());
    let get = Request::GetObject { path: "D.K=\"b\"".into(), flags: Flags::default() };
    let call = client.start(get).unwrap();
    gate.wait_for(1);
    assert!(call.call_status(Some(std::time::Duration::ZERO)).is_none(), "the client waits");
    gate.open();
    assert!(call.result_object(None).unwrap().is_some());
}

/// An initialization whose sink is dropped has failed, and the next call tries again.
#[test]
fn a_4_a_sink_that_is_let_go_is_a_failure() {
    let tries = Arc::new(AtomicU32::new(0));
    let (count, make) = (tries.clone(), three().factory());
    let mut providers = NativeProviders::default();
    providers.register_factory(
        CLSID,
        Arc::new(move |initialization, sink| {
            if count.fetch_add(1, Ordering::SeqCst) > 0 {
                sink.set_status(make(&initialization));
            }
        }),
    );
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(CLASS);
    assert_eq!(status(world.get("D.K=\"b\"")), WBEM_E_INITIALIZATION_FAILURE);
    assert!(world.get("D.K=\"b\"").is_ok());
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}

/// A provider that needs itself to be initialized gets an error, and no call waits for ever.
#[test]
fn a_4_a_provider_that_asks_for_its_own_instances_while_it_is_initialized() {
    let make = three().factory();
    let world = made(
        move |initialization| {
            let services = initialization.context.services();
            let context = &initialization.context;
            services.get_object("D.K=\"b\"", Flags::default(), context)?;
            make(initialization)
        },
        "",
    );
    let error = world.get("D.K=\"b\"").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INITIALIZATION_FAILURE);
    assert!(error.message().contains("needs itself"), "{error}");
}

/// G.1: what was loaded for a namespace goes with it.
#[test]
fn providers_of_a_deleted_namespace_are_let_go() {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, three().factory());
    let world = World::with_providers(providers);
    world.create_namespace(r"root\test\gone");
    let place = "#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\\\\gone\")";
    world.compile(&format!("{place}\n{}{CLASS}", registration("P", CLSID, &[INSTANCES])));
    let gone = world.connect(r"root\test\gone").unwrap();
    gone.get_object("D.K=\"b\"", Flags::default(), world.administrator()).unwrap();
    let delete = world.services().delete_instance(
        "__NAMESPACE.Name=\"gone\"",
        Flags::default(),
        world.administrator(),
    );
    delete.unwrap();
    world.manager().unload_idle_providers();
    assert_eq!(world.manager().loaded_providers(), []);
}
