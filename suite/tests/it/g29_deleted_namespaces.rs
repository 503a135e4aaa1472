//! Connections to a namespace that was deleted, and what was loaded for it (acceptance G29 without
//! its event; behaviour.md G.1, F.2).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cim::status::*;
use cim::{Instance, Object, Result, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{METHODS, registration};
use wbem::sink::ObjectSink;
use wbem::{
    CallContext, Completion, Flags, NativeProviders, ProviderContext, ProviderInterfaces, Services,
    Sink,
};

const DOOMED: &str = r"root\test\Doomed";

const MOF: &str = r#"
    #pragma namespace("\\\\.\\root\\test\\Doomed")
    class Test_A { [key] uint32 K; };
    instance of Test_A { K = 1; };
    instance of Test_A { K = 2; };"#;

fn delete(world: &World) -> Result<()> {
    let services = world.services();
    services.delete_instance("__Namespace='doomed'", Flags::default(), world.administrator())
}

/// Each operation once on `services`, with objects as `there` has them.
fn operations(
    services: &dyn Services,
    there: &Object,
    context: &CallContext,
) -> Vec<(&'static str, std::result::Result<(), WbemStatus>)> {
    let flags = Flags::default();
    let class = there.class();
    let mut instance = Instance::new(class.clone());
    instance.put("K", &Value::UInt32(7)).unwrap();
    let done = |result: Result<()>| result.map_err(|e| e.status());
    let all = |run: &dyn Fn(Sink) -> Result<()>| done(wbem::collect(run).map(drop));
    let elsewhere = r"\\.\root\test:__Namespace";
    vec![
        ("OpenNamespace", done(services.open_namespace("Inner", context).map(drop))),
        ("GetObject", done(services.get_object("Test_A.K=1", flags, context).map(drop))),
        ("GetObject of a class", done(services.get_object("Test_A", flags, context).map(drop))),
        ("GetObject of nothing", done(services.get_object("", flags, context).map(drop))),
        ("GetObject elsewhere", done(services.get_object(elsewhere, flags, context).map(drop))),
        ("PutClass", done(services.put_class(class.declaration(), flags, context))),
        ("DeleteClass", done(services.delete_class("Test_A", flags, context))),
        ("PutInstance", done(services.put_instance(&instance, flags, context).map(drop))),
        ("DeleteInstance", done(services.delete_instance("Test_A.K=1", flags, context))),
        (
            "ExecMethod",
            done(services.exec_method("__SystemSecurity", "GetSD", flags, context, None).map(drop)),
        ),
        ("CreateClassEnum", all(&|s| services.create_class_enum(None, flags, context, s))),
        (
            "CreateInstanceEnum",
            all(&|s| services.create_instance_enum("Test_A", flags, context, s)),
        ),
        (
            "ExecQuery",
            all(&|s| services.exec_query("WQL", "SELECT * FROM Test_A", flags, context, s)),
        ),
        (
            "ExecQuery of the schema",
            all(&|s| services.exec_query("WQL", "SELECT * FROM meta_class", flags, context, s)),
        ),
        (
            "ExecQuery of associations",
            all(&|s| services.exec_query("WQL", "ASSOCIATORS OF {Test_A.K=1}", flags, context, s)),
        ),
    ]
}

#[test]
fn g29_every_operation_of_a_connection_to_it_says_so() {
    let world = World::new();
    let context = world.administrator();
    world.create_namespace(DOOMED);
    world.create_namespace(&format!(r"{DOOMED}\Inner"));
    world.compile(MOF);
    let open = world.connect(DOOMED).unwrap();
    let there = open.get_object("Test_A", Flags::default(), context).unwrap();
    delete(&world).unwrap();
    let gone = Err(WBEM_E_INVALID_NAMESPACE);
    for (operation, outcome) in operations(&*open, &there, context) {
        assert_eq!(outcome, gone, "{operation}");
    }
    assert_eq!(world.connect(DOOMED).map(drop).map_err(|e| e.status()), gone);
    // Nor does one of the same name that is made again bring it back, or anything that was in it.
    world.create_namespace(DOOMED);
    for (operation, outcome) in operations(&*open, &there, context) {
        assert_eq!(outcome, gone, "{operation}, where another has the name");
    }
    let anew = world.connect(DOOMED).unwrap();
    let found = anew.get_object("Test_A", Flags::default(), context).map(drop);
    assert_eq!(found.unwrap_err().status(), WBEM_E_NOT_FOUND);
    let inner = anew.open_namespace("Inner", context).map(drop);
    assert_eq!(inner.unwrap_err().status(), WBEM_E_INVALID_NAMESPACE);
    world.compile(MOF);
    for (operation, outcome) in operations(&*anew, &there, context).into_iter().skip(1) {
        // The deletions come before the queries.
        let missing = ["CreateInstanceEnum", "ExecQuery", "ExecQuery of associations"];
        if !missing.contains(&operation)
            && operation != "DeleteInstance"
            && operation != "PutInstance"
        {
            assert_eq!(outcome, Ok(()), "{operation}");
        }
    }
}

/// Deletes the namespace when the first objects come.
struct Deleting {
    world: Arc<World>,
    seen: Arc<AtomicUsize>,
    end: Arc<std::sync::Mutex<Option<Completion>>>,
}

impl ObjectSink for Deleting {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        if self.seen.fetch_add(batch.len(), Ordering::Relaxed) == 0 {
            delete(&self.world).expect("it is there");
        }
        ControlFlow::Continue(())
    }

    fn complete(self: Box<Self>, completion: Completion) {
        *self.end.lock().unwrap() = Some(completion);
    }
}

#[test]
fn g29_an_operation_that_runs_ends_with_what_it_began_with() {
    let world = Arc::new(World::new());
    world.create_namespace(DOOMED);
    let instances: String =
        (0..1000).map(|k| format!("instance of Test_A {{ K = {k}; }};\n")).collect();
    world.compile(&format!("{}{instances}", MOF.split("instance").next().unwrap()));
    let open = world.connect(DOOMED).unwrap();
    let (seen, end) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let sink = Deleting { world: world.clone(), seen: seen.clone(), end: Arc::clone(&end) };
    let (flags, context) = (Flags::default(), world.administrator());
    open.create_instance_enum("Test_A", flags, context, Sink::new(sink)).unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 1000);
    let end = end.lock().unwrap().take().expect("it is completed");
    assert_eq!(end.map_err(|e| e.status()), Ok(WBEM_S_NO_ERROR));
    let after = open.get_object("Test_A", flags, context).map(drop);
    assert_eq!(after.unwrap_err().status(), WBEM_E_INVALID_NAMESPACE);
}

/// A provider of methods that was made for a namespace goes with it.
#[test]
fn g29_what_was_loaded_for_it_is_gone() {
    struct Provider(Arc<AtomicUsize>);
    impl wbem::MethodProvider for Provider {
        fn exec_method(
            &self,
            call: &wbem::MethodCall<'_>,
            _: &ProviderContext,
        ) -> Result<Option<Instance>> {
            call.outcome(0u32, &[])
        }
    }
    impl Drop for Provider {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let (alive, made) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut providers = NativeProviders::default();
    let clsid = "00000000-0000-0000-0000-00000000002A";
    let counts = (alive.clone(), made.clone());
    let factory = move |_: &wbem::Initialization| {
        counts.0.fetch_add(1, Ordering::Relaxed);
        counts.1.fetch_add(1, Ordering::Relaxed);
        Ok(ProviderInterfaces::methods(Arc::new(Provider(counts.0.clone()))))
    };
    providers.register(clsid, factory);
    let world = World::with_providers(providers);
    let mut mof = String::from("#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\\\\Doomed\")\n");
    mof += &registration("P", clsid, &[METHODS]);
    mof += r#"[dynamic, provider("P")]
        class Test_M { [key] uint32 K; [static, implemented] uint32 M(); };"#;
    for round in 1..=2 {
        world.create_namespace(DOOMED);
        world.compile(&mof);
        let open = world.connect(DOOMED).unwrap();
        for _ in 0..2 {
            let (flags, context) = (Flags::default(), world.administrator());
            open.exec_method("Test_M", "M", flags, context, None).unwrap();
        }
        assert_eq!(made.load(Ordering::Relaxed), round, "one for each namespace");
        assert_eq!(alive.load(Ordering::Relaxed), 1);
        delete(&world).unwrap();
        assert_eq!(alive.load(Ordering::Relaxed), 0, "and it goes with it");
    }
}
