//! Calls that end before their end: cancelled, past their deadline, and too late for either.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Object, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, Gate, INSTANCES, TestProvider, registration};
use wbem::{
    CallContext, CancelToken, Flags, NativeProviders, OperationLimits, Operations, ProviderContext,
    Services, Sink,
};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000CA}";

const MOF: &str = r#"
    [dynamic, provider("P")] class D { [key] uint32 K; };
    class S { [key] uint32 K; };
    instance of S { K = 1; };"#;

/// A world with a stored class `S` and the class `D` of a provider that waits at the gate.
fn hanging() -> (World, Gate) {
    let gate = Gate::default();
    let provider = TestProvider::new(vec![vec![("K", Value::UInt32(1))]]);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.conduct(Conduct::WaitAt(gate.clone())).factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(MOF);
    (world, gate)
}

/// The operations of the world for callers that can be cancelled.
fn cancellable(world: &World) -> Arc<dyn Services> {
    wbem::cancellable(world.services(), world.operations())
}

fn with(world: &World, cancel: CancelToken) -> CallContext {
    let mut context = world.administrator().clone();
    context.set_cancel(cancel);
    context
}

/// A call with a context; gives its status.
type Call = fn(&World, &dyn Services, &CallContext) -> WbemStatus;

/// Each kind of call of a provider.
const CALLS: [(&str, Call); 4] = [
    ("get", |_, services, context| status(services.get_object("D.K=1", Flags::default(), context))),
    ("put", |world, services, context| {
        let instance = world.instance("D", &[("K", Value::UInt32(2))]);
        status(services.put_instance(&instance, Flags::default(), context))
    }),
    ("delete", |_, services, context| {
        status(services.delete_instance("D.K=1", Flags::default(), context))
    }),
    ("enumeration", |_, services, context| {
        status(wbem::collect(|sink| {
            services.create_instance_enum("D", Flags::default(), context, sink)
        }))
    }),
];

fn status<T>(outcome: cim::Result<T>) -> WbemStatus {
    outcome.map_or_else(|e| e.status(), |_| WBEM_S_NO_ERROR)
}

#[test]
fn a_call_of_a_provider_that_hangs_ends_when_it_is_cancelled() {
    for (name, call) in CALLS {
        let (world, gate) = hanging();
        let (services, token) = (cancellable(&world), CancelToken::new());
        let context = with(&world, token.clone());
        std::thread::scope(|scope| {
            let calling = scope.spawn(|| call(&world, &*services, &context));
            gate.wait_for(1);
            token.cancel();
            assert_eq!(calling.join().unwrap(), WBEM_E_CALL_CANCELLED, "{name}");
        });
        // What the provider is doing goes on, and counts.
        assert_eq!(world.operations().admitted(), 1, "{name}");
        // The token has ended: no other call begins.
        assert_eq!(call(&world, &*services, &context), WBEM_E_CALL_CANCELLED, "{name}");
        assert_eq!(world.operations().admitted(), 1, "{name}");
        gate.open();
        while world.operations().admitted() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(call(&world, &*services, world.administrator()), WBEM_S_NO_ERROR, "{name}");
    }
}

#[test]
fn a_call_of_a_provider_that_hangs_ends_at_its_deadline() {
    for (name, call) in CALLS {
        let (world, gate) = hanging();
        let services = cancellable(&world);
        let mut context = world.administrator().clone();
        context.set_deadline(Instant::now() + Duration::from_millis(100));
        assert_eq!(call(&world, &*services, &context), WBEM_E_TIMED_OUT, "{name}");
        gate.open();
    }
}

/// Next tells that it has waited long enough, and the objects come to who asks again.
#[test]
fn next_has_the_deadline_of_its_client() {
    let (world, gate) = hanging();
    let mut context = world.administrator().clone();
    context.set_deadline(Instant::now() + Duration::from_millis(100));
    let mut found = world
        .client(&context)
        .create_instance_enum("D", Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY)
        .unwrap();
    let fetched = found.next(None, 1).unwrap();
    assert_eq!((fetched.objects.len(), fetched.status), (0, WBEM_S_TIMEDOUT));
    gate.open();
}

/// A provider that is asked on behalf of a cancelled call is not asked: without a door too.
#[test]
fn a_provider_is_not_asked_for_a_call_that_is_over() {
    for (name, call) in CALLS {
        let (world, _gate) = hanging();
        let token = CancelToken::new();
        token.cancel();
        let outcome = call(&world, &*world.services(), &with(&world, token));
        assert_eq!(outcome, WBEM_E_CALL_CANCELLED, "{name}");
    }
}

/// A client's connection that is cancelled ends what it has started, in every mode.
#[test]
fn semisynchronous_calls_end_with_the_token_of_their_client() {
    let (world, gate) = hanging();
    let token = CancelToken::new();
    let client = world.client(&with(&world, token.clone()));
    let get = wbem::Request::GetObject { path: "D.K=1".into(), flags: Flags::default() };
    let call = client.start(get).unwrap();
    let flags = Flags::RETURN_IMMEDIATELY;
    let mut found = client.create_instance_enum("D", flags).unwrap();
    gate.wait_for(2);
    assert!(call.call_status(Some(Duration::ZERO)).is_none());
    token.cancel();
    assert_eq!(status(call.call_status(None).unwrap()), WBEM_E_CALL_CANCELLED);
    assert_eq!(status(found.next(None, 1)), WBEM_E_CALL_CANCELLED);
    gate.open();
}

/// Past a limit a call is refused, also where it would only be fetched; a call on its caller's thread
/// does not count.
#[test]
fn calls_past_the_limit_of_a_client_are_refused() {
    let (world, gate) = hanging();
    let limits = OperationLimits { operations: 3, operations_per_client: 2 };
    let operations = Operations::new(limits);
    let client =
        |context: &CallContext| wbem::Client::new(&operations, world.services(), context.clone());
    let one = client(world.administrator());
    let get = || wbem::Request::GetObject { path: "D.K=1".into(), flags: Flags::default() };
    let calls = [one.start(get()).unwrap(), one.start(get()).unwrap()];
    gate.wait_for(2);
    let refused = one.start(get()).err().unwrap();
    assert_eq!(refused.status(), WBEM_E_SERVER_TOO_BUSY);
    assert!(refused.message().contains("operations_per_client is 2"), "{refused}");
    let refused = one.create_instance_enum("S", Flags::default()).err().unwrap();
    assert_eq!(refused.status(), WBEM_E_SERVER_TOO_BUSY);
    assert!(world.get("S.K=1").is_ok());
    // Another client, up to the limit of all.
    let mut context = world.administrator().clone();
    context.set_session(wbem::SessionId::new());
    let other = client(&context);
    let third = other.start(get()).unwrap();
    let refused = other.start(get()).err().unwrap();
    assert!(refused.message().contains("operations is 3"), "{refused}");
    gate.open();
    for call in calls.into_iter().chain([third]) {
        assert_eq!(status(call.call_status(None).unwrap()), WBEM_S_NO_ERROR);
    }
    assert_eq!(status(one.start(get()).unwrap().call_status(None).unwrap()), WBEM_S_NO_ERROR);
}

/// What a provider calls with its context is done for the client: in its session, by the way that it
/// came, on behalf of the call, and until that is cancelled.
#[test]
fn what_a_provider_calls_is_its_clients() {
    let ask = |context: &ProviderContext| {
        assert!(context.is_remote() && context.is_encrypted());
        assert!(context.operation().parent().is_some());
        let services = context.services();
        services.get_object("S.K=1", Flags::default(), context)?;
        // What ends the provider's own calls does not end its client's.
        context.cancel().cancel();
        context.cancel().check().map_err(|_| WBEM_E_FAILED.into())
    };
    let provider = TestProvider::new(vec![vec![("K", Value::UInt32(1))]]);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.conduct(Conduct::First(ask)).factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(MOF);
    let mut context = openwmi_suite::world::remote(world.administrator().caller().clone(), true);
    context.set_cancel(CancelToken::new());
    let outcome = world.services().get_object("D.K=1", Flags::default(), &context);
    assert_eq!(status(outcome), WBEM_E_FAILED);
    assert!(context.cancel().check().is_ok());
    assert_eq!(context.operation().parent(), None);
}

/// A sink that wants no more ends the operation of the other thread.
#[test]
fn a_caller_that_has_enough_ends_the_operation() {
    let (world, gate) = hanging();
    gate.open();
    let (services, context) = (cancellable(&world), with(&world, CancelToken::new()));
    let taken = wbem::for_each(
        |sink: Sink| services.create_instance_enum("D", Flags::default(), &context, sink),
        |batch: Vec<Object>| {
            assert_eq!(batch.len(), 1);
            ControlFlow::Break(())
        },
    );
    assert_eq!(taken, wbem::COMPLETE);
    while world.operations().admitted() > 0 {
        std::thread::yield_now();
    }
}
