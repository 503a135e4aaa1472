//! Calls that end before their end, by what they are doing at that moment: asking a provider, waiting
//! for another writer, reading, about to commit, committed. And the calls that are not admitted.
//!
//! How long an end takes is measured by the benchmark `cancel`; here are the statuses, what is left
//! running, and what is stored.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Class, Instance, Namespace, Object, Result, Value, WbemStatus};
use cimom::{Cimom, WriteHooks};
use openwmi_suite::World;
use openwmi_suite::provider::{
    After, Gate, INSTANCES, METHODS, instances_and_methods, registration,
};
use openwmi_suite::world::{compile_options, fixed_environment};
use repository::Repository;
use wbem::{
    CallContext, CancelToken, Change, EnumerationRequest, Flags, InstanceProvider, LogRecord,
    MofCompiler, NativeProviders, Operations, Promise, ProviderContext, ProviderInterfaces,
    Request, ResponseSink, Services, SessionId, Sink, Wanted, WriteHook,
};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000CB}";

/// Of the calls that end by it: long enough for the provider to be called before.
const DEADLINE: Duration = Duration::from_millis(300);

const MOF: &str = r#"
    [dynamic, provider("P")] class D
    { [key] uint32 K; [implemented, static] uint32 M(); };
    class S { [key] uint32 K; uint32 V; };
    instance of S { K = 1; };"#;

/// A provider that answers nothing: until its gate is opened, or until its call is cancelled.
struct Silent {
    begun: Gate,
    /// `None` of one that asks for the token of its call.
    gate: Option<Gate>,
}

impl Silent {
    fn wait(&self, context: &ProviderContext) -> Result<()> {
        let (send, cancelled) = mpsc::channel();
        let _listening = context.cancel().on_cancel(move |_| send.send(()).unwrap_or_default());
        self.begun.pass();
        match &self.gate {
            Some(gate) => gate.pass(),
            None => cancelled.recv().expect("the test cancels the call"),
        }
        context.cancel().check()
    }
}

/// A world with the class `D` of a silent provider and the stored class `S`; the gate counts the calls
/// that the provider has begun.
fn silent(gate: Option<&Gate>) -> (World, Gate) {
    let begun = Gate::default();
    begun.open();
    let silent = Silent { begun: begun.clone(), gate: gate.cloned() };
    let provider = After(move |context: &ProviderContext| silent.wait(context));
    let mut providers = NativeProviders::default();
    providers.register(CLSID, instances_and_methods(Arc::new(provider)));
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES, METHODS]));
    world.compile(MOF);
    (world, begun)
}

type Call = fn(&dyn Services, &CallContext) -> WbemStatus;

const CALLS: [(&str, Call); 3] = [
    ("get", |services, context| status(services.get_object("D.K=1", Flags::default(), context))),
    ("enumeration", |services, context| {
        let flags = Flags::default();
        status(wbem::collect(|sink| services.create_instance_enum("D", flags, context, sink)))
    }),
    ("method", |services, context| {
        status(services.exec_method("D", "M", Flags::default(), context, None))
    }),
];

fn status<T>(outcome: Result<T>) -> WbemStatus {
    outcome.map_or_else(|e| e.status(), |_| WBEM_S_NO_ERROR)
}

fn cancellable(world: &World) -> Arc<dyn Services> {
    wbem::cancellable(world.services(), world.operations())
}

fn with(context: &CallContext, cancel: &CancelToken) -> CallContext {
    let mut context = context.clone();
    context.set_cancel(cancel.clone());
    context
}

/// Waits until no operation is left but these.
fn wait_for_operations(operations: &Operations, count: usize) {
    while operations.admitted() != count {
        std::thread::yield_now();
    }
}

/// The caller has its status at once. The provider runs on: its thread is counted until it returns.
#[test]
fn c4_a_provider_that_never_answers_runs_on_and_its_caller_does_not_wait() {
    for (name, call) in CALLS {
        let gate = Gate::default();
        let (world, begun) = silent(Some(&gate));
        let (services, token) = (cancellable(&world), CancelToken::new());
        let context = with(world.administrator(), &token);
        std::thread::scope(|scope| {
            let calling = scope.spawn(|| call(&*services, &context));
            begun.wait_for(1);
            token.cancel();
            assert_eq!(calling.join().unwrap(), WBEM_E_CALL_CANCELLED, "{name}");
        });
        assert_eq!(world.operations().admitted(), 1, "{name}");
        gate.open();
        wait_for_operations(world.operations(), 0);
    }
}

#[test]
fn a_provider_that_never_answers_is_left_at_the_deadline() {
    for (name, call) in CALLS {
        let gate = Gate::default();
        let (world, begun) = silent(Some(&gate));
        let mut context = world.administrator().clone();
        context.set_deadline(Instant::now() + Duration::from_millis(100));
        let ended = call(&*cancellable(&world), &context);
        assert_eq!(ended, WBEM_E_TIMED_OUT, "{name}");
        // The deadline may be past before the provider is asked.
        gate.open();
        wait_for_operations(world.operations(), 0);
        drop(begun);
    }
}

/// The final status of an asynchronous call.
#[derive(Default)]
struct FinalStatus {
    status: Promise<WbemStatus>,
}

impl ResponseSink for FinalStatus {
    fn indicate(&self, _: Vec<Object>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn set_status(&self, completion: wbem::Completion, _: Option<cim::ObjectPath>) {
        assert!(self.status.set(status(completion)), "a second final status");
    }
}

/// The sink has its final status while the provider still answers nothing.
#[test]
fn an_asynchronous_call_of_a_provider_that_never_answers_ends_at_its_deadline() {
    let flags = Flags::default();
    let requests = [
        Request::GetObject { path: "D.K=1".into(), flags },
        Request::CreateInstanceEnum { class: "D".into(), flags },
        Request::ExecMethod { path: "D".into(), method: "M".into(), in_parameters: None, flags },
    ];
    for request in requests {
        let (gate, sink) = (Gate::default(), Arc::new(FinalStatus::default()));
        let (world, _) = silent(Some(&gate));
        let mut context = world.administrator().clone();
        context.set_deadline(Instant::now() + DEADLINE);
        let receiver: Arc<dyn ResponseSink> = sink.clone();
        world.client(&context).start_async(request.clone(), &receiver).unwrap();
        assert_eq!(sink.status.wait(), WBEM_E_TIMED_OUT, "{request:?}");
        assert_eq!(world.operations().admitted(), 1, "{request:?}");
        gate.open();
        wait_for_operations(world.operations(), 0);
    }
}

/// Also without a client that waits for it elsewhere: the call runs on the thread of its caller.
#[test]
fn what_a_provider_registers_for_a_cancel_runs_at_the_deadline() {
    for (name, call) in CALLS {
        let (world, begun) = silent(None);
        for services in [world.services(), cancellable(&world)] {
            let mut context = world.administrator().clone();
            context.set_deadline(Instant::now() + DEADLINE);
            assert_eq!(call(&*services, &context), WBEM_E_TIMED_OUT, "{name}");
            // The provider has no gate and waits for nothing else.
            wait_for_operations(world.operations(), 0);
        }
        begun.wait_for(1);
    }
}

/// A provider that delivers objects until its sink refuses them.
struct Endless;

impl InstanceProvider for Endless {
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        _: &Wanted,
        _: &ProviderContext,
    ) -> Result<Instance> {
        Ok(Instance::with_keys(class, keys))
    }

    fn enumerate(&self, request: &EnumerationRequest<'_>, _: &ProviderContext, mut sink: Sink) {
        let object = |k| Instance::with_keys(request.class, &[Value::UInt32(k)]).into();
        let mut next = 0;
        while sink.indicate((next..next + 16).map(object).collect()).is_continue() {
            next += 16;
        }
        sink.complete(wbem::COMPLETE);
    }
}

/// Its thread is returned while the client still holds the enumerator, and the client does not take
/// the objects that it has for a whole result.
#[test]
fn a_provider_that_waits_for_a_stalled_client_ends_at_the_deadline() {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, |_| {
        let instances = Some(Arc::new(Endless) as _);
        Ok(ProviderInterfaces { instances, ..ProviderInterfaces::default() })
    });
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES, METHODS]));
    world.compile(MOF);
    let mut context = world.administrator().clone();
    context.set_deadline(Instant::now() + DEADLINE);
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let mut objects = world.client(&context).create_instance_enum("D", flags).unwrap();
    wait_for_operations(world.operations(), 0);
    let fetched = objects.next(None, 1000).unwrap();
    assert_eq!((fetched.objects.len(), fetched.status), (128, WBEM_S_TIMEDOUT));
    for _ in 0..3 {
        assert_eq!(status(objects.next(None, 1)), WBEM_E_TIMED_OUT);
    }
}

#[test]
fn a_provider_that_asks_for_the_token_leaves_nothing() {
    for (name, call) in CALLS {
        let (world, begun) = silent(None);
        let (services, token) = (cancellable(&world), CancelToken::new());
        let context = with(world.administrator(), &token);
        std::thread::scope(|scope| {
            let calling = scope.spawn(|| call(&*services, &context));
            begun.wait_for(1);
            token.cancel();
            assert_eq!(calling.join().unwrap(), WBEM_E_CALL_CANCELLED, "{name}");
        });
        // No gate is opened.
        wait_for_operations(world.operations(), 0);
    }
}

/// Holds a transaction of another writer open while `work` runs.
fn beside_a_writer<T>(world: &World, work: impl FnOnce() -> T) -> T {
    let (begun, has_begun) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            world.behind_the_back(|_| {
                begun.send(()).unwrap();
                let _ = is_released.recv();
                Ok(())
            });
        });
        has_begun.recv().unwrap();
        let done = work();
        drop(release);
        done
    })
}

#[test]
fn a_put_that_waits_for_another_writer_is_cancelled_and_puts_nothing() {
    let (world, _) = silent(None);
    let (services, token) = (cancellable(&world), CancelToken::new());
    let context = with(world.administrator(), &token);
    let mut late = world.administrator().clone();
    late.set_deadline(Instant::now() + Duration::from_millis(100));
    let instance = |k| world.instance("S", &[("K", Value::UInt32(k))]);
    let put = |k, context| status(services.put_instance(&instance(k), Flags::default(), context));
    beside_a_writer(&world, || {
        std::thread::scope(|scope| {
            let putting = scope.spawn(|| put(2, &context));
            wait_for_operations(world.operations(), 1);
            token.cancel();
            assert_eq!(putting.join().unwrap(), WBEM_E_CALL_CANCELLED);
        });
        assert_eq!(put(3, &late), WBEM_E_TIMED_OUT);
        assert!(world.operations().admitted() > 0, "they wait for the writer");
    });
    wait_for_operations(world.operations(), 0);
    assert_eq!(world.query("SELECT K FROM S").unwrap().len(), 1);
    assert_eq!(put(2, world.administrator()), WBEM_S_NO_ERROR);
}

#[test]
fn a_query_over_many_instances_ends_when_it_is_cancelled() {
    const COUNT: u32 = 20_000;
    let (world, _) = silent(None);
    let class = world.object("S").unwrap().class().clone();
    world.behind_the_back(|writer| {
        let namespace = Namespace::new(openwmi_suite::world::NAMESPACE).unwrap();
        let namespace = writer.view().namespace(&namespace)?.unwrap();
        (2..=COUNT).try_for_each(|k| {
            let values = vec![Value::UInt32(k), Value::UInt32(k % 100)];
            let instance = Instance::from_values(class.clone(), values.into());
            writer.put_instance(namespace, &instance, repository::PutMode::Create).map(drop)
        })
    });
    for services in [world.services(), cancellable(&world)] {
        for query in ["SELECT * FROM S", "SELECT * FROM S WHERE V = 7"] {
            let token = CancelToken::new();
            let context = with(world.administrator(), &token);
            let taken = Arc::new(Mutex::new(0));
            let counted = taken.clone();
            let ended = wbem::for_each(
                |sink| services.exec_query("WQL", query, Flags::default(), &context, sink),
                move |batch: Vec<Object>| {
                    token.cancel();
                    *counted.lock().unwrap() += batch.len();
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(status(ended), WBEM_E_CALL_CANCELLED, "{query}");
            assert!(*taken.lock().unwrap() < 200, "{query}");
            wait_for_operations(world.operations(), 0);
        }
    }
    // One that finds nothing hears of no client.
    let (services, token) = (cancellable(&world), CancelToken::new());
    let context = with(world.administrator(), &token);
    std::thread::scope(|scope| {
        let querying = scope.spawn(|| {
            let (query, flags) = ("SELECT * FROM S WHERE V = 1000", Flags::default());
            let run = |sink| services.exec_query("WQL", query, flags, &context, sink);
            status(wbem::collect(run))
        });
        wait_for_operations(world.operations(), 1);
        token.cancel();
        assert_eq!(querying.join().unwrap(), WBEM_E_CALL_CANCELLED);
    });
    wait_for_operations(world.operations(), 0);
    // What is stored is as it was.
    assert_eq!(world.query("SELECT K FROM S").unwrap().len(), COUNT as usize);
}

/// What a hook does when a transaction that changes the class `S` comes to it.
struct Hook {
    before: Box<dyn Fn() + Send + Sync>,
    after: Box<dyn Fn() + Send + Sync>,
}

impl WriteHook for Hook {
    fn collects(&self, _: &Namespace, class: &Class) -> bool {
        class.name().is("S")
    }

    fn before_commit(&self, changes: &[Change], _: &mut Vec<LogRecord>) -> Result<()> {
        if changes.iter().any(|change| change.current.as_ref().is_some_and(is_instance)) {
            (self.before)();
        }
        Ok(())
    }

    fn after_commit(&self, changes: &[Change]) {
        if changes.iter().any(|change| change.current.as_ref().is_some_and(is_instance)) {
            (self.after)();
        }
    }
}

fn is_instance(object: &Object) -> bool {
    object.as_instance().is_some()
}

/// An object manager with this hook, and the namespace root with the class `S`.
struct Hooked {
    operations: Operations,
    administrator: CallContext,
    services: Arc<dyn Services>,
    _directory: tempfile::TempDir,
}

impl Hooked {
    fn new(
        before: impl Fn() + Send + Sync + 'static,
        after: impl Fn() + Send + Sync + 'static,
    ) -> Hooked {
        let directory = tempfile::TempDir::new().unwrap();
        let repository = Repository::create_or_open(directory.path().join("repository")).unwrap();
        let environment = fixed_environment();
        let administrator = CallContext::local(environment.identity.clone());
        let hook = Hook { before: Box::new(before), after: Box::new(after) };
        let hooks = WriteHooks { hooks: vec![Arc::new(hook)], ..WriteHooks::default() };
        let manager = Cimom::with_hooks(repository, environment, hooks);
        let operations = Operations::default();
        let services = manager.connect("root", &administrator).unwrap();
        let mut key = cim::Qualifiers::default();
        key.set(cim::Qualifier::new("key", true, cim::Flavor::default()));
        let property = cim::PropertyDeclaration {
            name: "K".into(),
            ty: cim::CimType::UInt32.into(),
            default: None,
            qualifiers: key,
        };
        let class = cim::ClassDeclaration {
            name: "S".into(),
            properties: vec![property],
            ..cim::ClassDeclaration::default()
        };
        services.put_class(&class, Flags::default(), &administrator).unwrap();
        Hooked { operations, administrator, services, _directory: directory }
    }

    /// Puts `S.K=1` for a caller that does not wait past the end of its call.
    fn put(&self, context: &CallContext) -> WbemStatus {
        let class = self.services.get_object("S", Flags::default(), &self.administrator).unwrap();
        let mut instance = Instance::new(class.class().clone());
        instance.put("K", &Value::UInt32(1)).unwrap();
        let services = wbem::cancellable(self.services.clone(), &self.operations);
        status(services.put_instance(&instance, Flags::default(), context))
    }

    fn is_stored(&self) -> bool {
        let found = self.services.get_object("S.K=1", Flags::default(), &self.administrator);
        match status(found) {
            WBEM_S_NO_ERROR => true,
            WBEM_E_NOT_FOUND => false,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_cancel_before_the_commit_is_in_time_and_one_after_it_too_late() {
    let cancelling = |token: &CancelToken| {
        let token = token.clone();
        move || token.cancel()
    };
    let token = CancelToken::new();
    let hooked = Hooked::new(cancelling(&token), || {});
    assert_eq!(hooked.put(&with(&hooked.administrator, &token)), WBEM_E_CALL_CANCELLED);
    wait_for_operations(&hooked.operations, 0);
    assert!(!hooked.is_stored());

    let token = CancelToken::new();
    let hooked = Hooked::new(|| {}, cancelling(&token));
    assert_eq!(hooked.put(&with(&hooked.administrator, &token)), WBEM_S_NO_ERROR);
    assert!(hooked.is_stored());
    // The next call of this client is over before it begins.
    assert_eq!(hooked.put(&with(&hooked.administrator, &token)), WBEM_E_CALL_CANCELLED);
}

#[test]
fn a_caller_leaves_a_hook_that_blocks_before_the_commit() {
    let (gate, token) = (Gate::default(), CancelToken::new());
    let blocking = gate.clone();
    let hooked = Hooked::new(move || blocking.pass(), || {});
    let context = with(&hooked.administrator, &token);
    std::thread::scope(|scope| {
        let putting = scope.spawn(|| hooked.put(&context));
        gate.wait_for(1);
        token.cancel();
        assert_eq!(putting.join().unwrap(), WBEM_E_CALL_CANCELLED);
    });
    assert_eq!(hooked.operations.admitted(), 1);
    gate.open();
    wait_for_operations(&hooked.operations, 0);
    assert!(!hooked.is_stored());
}

/// By a cancel and by a deadline: the outcome is that of the commit.
#[test]
fn a_caller_waits_for_a_hook_that_blocks_after_the_commit() {
    for has_deadline in [false, true] {
        let (gate, token) = (Gate::default(), CancelToken::new());
        let blocking = gate.clone();
        let hooked = Hooked::new(|| {}, move || blocking.pass());
        let mut context = with(&hooked.administrator, &token);
        if has_deadline {
            context.set_deadline(Instant::now() + Duration::from_secs(2));
        }
        std::thread::scope(|scope| {
            let putting = scope.spawn(|| hooked.put(&context));
            gate.wait_for(1);
            match has_deadline {
                true => {
                    while context.cancel().check().is_ok() {
                        std::thread::yield_now();
                    }
                }
                false => token.cancel(),
            }
            assert!(hooked.is_stored(), "it is committed");
            gate.open();
            assert_eq!(putting.join().unwrap(), WBEM_S_NO_ERROR);
        });
    }
}

/// A compilation ends between two transactions: those before the cancel stay.
#[test]
fn a_compilation_ends_when_it_is_cancelled() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("many.mof");
    let instances = (0..1999).map(|key| format!("instance of Many {{ K = {key}; }};\n"));
    let text = "class Many { [key] uint32 K; };\n".to_owned() + &instances.collect::<String>();
    std::fs::write(&file, text).unwrap();
    let cancel = CancelToken::new();
    let context = with(world.administrator(), &cancel);
    let options = compile_options(Flags::default());
    let mut cancel_after_first = |_, _| cancel.cancel();
    let report = world
        .manager()
        .compile_files(&[file], &options, &context, &mut cancel_after_first)
        .unwrap();
    assert_eq!(report.storage.into_iter().next().unwrap().status, WBEM_E_CALL_CANCELLED);
    assert_eq!((report.classes, report.instances), (1, 999));
    let client = world.services();
    let all = wbem::collect(|sink| {
        client.create_instance_enum("Many", Flags::default(), world.administrator(), sink)
    });
    assert_eq!(all.unwrap().len(), 999);
}

/// The limits as they are documented; half-read results of stored instances do not count.
#[test]
fn the_1025th_operation_and_the_65th_of_a_client_are_refused() {
    let (world, _) = silent(None);
    let mof: String = (2..600).map(|k| format!("instance of S {{ K = {k}; }};\n")).collect();
    world.compile(&mof);
    let client = || {
        let mut context = world.administrator().clone();
        context.set_session(SessionId::new());
        world.client(&context)
    };
    let operations = world.operations();
    let delete = || Request::DeleteInstance { path: "S.K=1".into(), flags: Flags::default() };
    let mut half_read = Vec::new();
    let calls = beside_a_writer(&world, || {
        let mut calls = Vec::new();
        for clients in 0..16 {
            let client = client();
            for _ in 0..70 {
                let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
                if clients > 0 {
                    break;
                }
                let mut objects = client.create_instance_enum("S", flags).unwrap();
                assert_eq!(objects.next(None, 1).unwrap().objects.len(), 1);
                wait_for_operations(operations, 0);
                half_read.push(objects);
            }
            for of_client in 0..64 {
                assert_eq!(operations.admitted(), clients * 64 + of_client);
                calls.push(client.start(delete()).expect("one below the limit"));
            }
            let refused = client.start(delete()).err().unwrap();
            assert_eq!(refused.status(), WBEM_E_SERVER_TOO_BUSY);
            assert_eq!(
                refused.message(),
                "the client has 64 operations under way, and operations_per_client is 64; wait for \
                 one to end, fetch its objects, or cancel it"
            );
        }
        let refused = client().start(delete()).err().unwrap();
        assert_eq!(refused.status(), WBEM_E_SERVER_TOO_BUSY);
        assert_eq!(
            refused.message(),
            "there are 1024 operations under way, and operations is 1024; wait for one to end, fetch \
             its objects, or cancel it"
        );
        // On its caller's thread a call is no operation.
        assert!(world.get("S.K=1").is_ok());
        calls
    });
    let ends: Vec<_> = calls.iter().map(|call| status(call.call_status(None).unwrap())).collect();
    assert_eq!(ends.iter().filter(|end| **end == WBEM_S_NO_ERROR).count(), 1);
    assert!(ends.iter().all(|end| [WBEM_S_NO_ERROR, WBEM_E_NOT_FOUND].contains(end)), "{ends:?}");
    wait_for_operations(operations, 0);
    assert_eq!(
        status(client().start(delete()).unwrap().call_status(None).unwrap()),
        WBEM_E_NOT_FOUND
    );
}
