//! Providers that never answer, that deliver without end, that call each other in cycles: they affect
//! only their own calls.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cim::Object;
use openwmi_suite::provider::Gate;
use wbem::{CallContext, Client, ProviderContext, Request, ResponseSink};

use super::*;

const NOW: Option<Duration> = Some(Duration::ZERO);

/// How many calls a provider may have in flight; docs/providers.md names it.
const MOST_CALLS: usize = 64;

/// A world in which the provider P of `D` waits at the gate and Q, of `E`, serves.
fn hanging() -> (World, Gate) {
    let gate = Gate::default();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, three().conduct(Conduct::WaitAt(gate.clone())).factory());
    providers.register(OTHER, three().factory());
    (two(providers), gate)
}

fn client(world: &World) -> Client {
    world.client(world.administrator())
}

fn get() -> Request<'static> {
    Request::GetObject { path: "D.K=\"b\"".into(), flags: Flags::default() }
}

/// B24: the core has no time-out of its own; the client has.
#[test]
fn b24_who_waits_decides_how_long() {
    let (world, gate) = hanging();
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let mut found = client(&world).exec_query("WQL", "SELECT * FROM D", flags).unwrap();
    gate.wait_for(1);
    let fetched = found.next(NOW, 5).unwrap();
    assert_eq!((fetched.objects.len(), fetched.status), (0, WBEM_S_TIMEDOUT));
    gate.open();
    assert_eq!(found.next(None, 5).unwrap().objects.len(), 3);
}

/// Past its bound a provider's calls fail at once; every other provider and what is stored are as
/// they were, and when it answers again it is asked again.
#[test]
fn a_provider_that_hangs_has_a_bound_of_its_own() {
    let (world, gate) = hanging();
    let client = client(&world);
    let calls: Vec<_> = (0..MOST_CALLS).map(|_| client.start(get()).unwrap()).collect();
    gate.wait_for(MOST_CALLS);
    let error = world.get("D.K=\"b\"").unwrap_err();
    assert_eq!(error.status(), WBEM_E_SERVER_TOO_BUSY);
    assert!(error.message().contains("64 unanswered calls"), "{error}");
    assert_eq!(status(world.query("SELECT * FROM D")), WBEM_E_SERVER_TOO_BUSY);
    assert_eq!(world.query("SELECT K FROM E").unwrap().len(), 3);
    // Nothing of the repository is held: writers go on.
    world.compile("class Test_Stored { [key] uint32 K; }; instance of Test_Stored { K = 1; };");
    assert_eq!(world.query("SELECT * FROM Test_Stored").unwrap().len(), 1);
    gate.open();
    for call in calls {
        assert!(call.result_object(None).unwrap().is_some());
    }
    assert!(world.get("D.K=\"b\"").is_ok());
}

#[derive(Default)]
struct Ends(Mutex<Vec<WbemStatus>>);

impl ResponseSink for Ends {
    fn indicate(&self, _: Vec<Object>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn set_status(&self, completion: wbem::Completion, _: Option<cim::ObjectPath>) {
        self.0.lock().unwrap().push(completion.unwrap_or_else(|e| e.status()));
    }
}

#[test]
fn a_cancelled_call_ends_at_once() {
    let (world, gate) = hanging();
    let client = client(&world);
    let ends = Arc::new(Ends::default());
    let sink: Arc<dyn ResponseSink> = ends.clone();
    client.exec_query_async("WQL", "SELECT * FROM D", Flags::default(), &sink).unwrap();
    gate.wait_for(1);
    client.cancel_async_call(&sink);
    assert_eq!(*ends.0.lock().unwrap(), [WBEM_E_CALL_CANCELLED]);
    gate.open();
}

/// Providers that ask each other in a circle, with the context that they have.
#[test]
fn a_circle_of_providers_has_an_end() {
    let ask = |context: &ProviderContext| {
        let services = context.services();
        services.get_object("D.K=\"b\"", Flags::default(), context).map(drop)
    };
    let provider = three().conduct(Conduct::First(ask));
    let (world, log) = world(provider);
    assert_eq!(status(world.get("D.K=\"b\"")), WBEM_E_CIRCULAR_REFERENCE);
    assert_eq!(log.take().iter().filter(|line| line.starts_with("get")).count(), 32);
}

/// The same where they take the text of queries: who is refused so has not handed the query back.
#[test]
fn a_circle_of_queries_has_an_end() {
    let ask = |context: &ProviderContext| {
        let services = context.services();
        let run =
            |sink| services.exec_query("WQL", "SELECT * FROM D", Flags::default(), context, sink);
        wbem::collect(run).map(drop)
    };
    let (world, log) = world(three().conduct(Conduct::First(ask)));
    world.compile(
        r#"instance of __InstanceProviderRegistration
           { provider = "__Win32Provider.Name=\"P\""; SupportsEnumeration = TRUE;
             QuerySupportLevels = {"WQL:UnarySelect"}; };"#,
    );
    assert_eq!(status(world.query("SELECT * FROM D")), WBEM_E_CIRCULAR_REFERENCE);
    assert_eq!(log.take().iter().filter(|line| line.starts_with("query")).count(), 32);
}

/// J: omitting the context is what the documentation warns of; the bound of calls ends it too.
#[test]
fn a_circle_without_contexts_has_an_end_too() {
    let ask = |context: &ProviderContext| {
        let services = context.services();
        let fresh = CallContext::local(context.caller().clone());
        services.get_object("D.K=\"b\"", Flags::default(), &fresh).map(drop)
    };
    let (world, _) = world(three().conduct(Conduct::First(ask)));
    assert_eq!(status(world.get("D.K=\"b\"")), WBEM_E_SERVER_TOO_BUSY);
}

/// The values of a context are passed on; the registration decides the identity of the caller.
#[test]
fn contexts_pass_on() {
    let ask = |context: &ProviderContext| {
        let services = context.services();
        let hop = context.providers().next().expect("itself");
        assert_eq!((hop.name.as_str(), hop.is_initialized), ("P", false));
        services.get_object("E.K=\"b\"", Flags::default(), context).map(drop)
    };
    let (world, log) = asking(ask);
    let mut context = world.administrator().clone();
    context.set("Mine", Value::UInt64(u64::MAX));
    world.services().get_object("D.K=\"b\"", Flags::default(), &context).unwrap();
    let asked: Vec<String> = log.take().into_iter().filter(|line| line.contains(" get ")).collect();
    let expected = [
        r#"P get D K="b" wanted all with Mine=18446744073709551615"#,
        r#"Q get E K="b" wanted all with Mine=18446744073709551615"#,
    ];
    assert_eq!(asked, expected);
}

/// Who has begun to enumerate and does not go on costs the provider nothing that others need.
#[test]
fn clients_that_fetch_nothing_keep_nobody_from_the_provider() {
    let many = (0..400).map(|i| values(&format!("{i:04}"), i, "")).collect();
    let (world, _) = world(TestProvider::new(many));
    let client = client(&world);
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let idle: Vec<_> = (0..MOST_CALLS)
        .map(|_| {
            let mut found = client.create_instance_enum("D", flags).unwrap();
            assert_eq!(found.next(None, 1).unwrap().objects.len(), 1);
            found
        })
        .collect();
    // Each has delivered all that may wait and is held up, or will be.
    assert_eq!(world.get("D.K=\"0007\"").unwrap(), "D{K=\"0007\", S=\"\", V=7}");
    assert_eq!(world.query("SELECT K FROM D WHERE V = 7").unwrap().len(), 1);
    for mut found in idle {
        assert_eq!(found.next(None, 1000).unwrap().objects.len(), 399);
    }
}

/// Two providers that need each other to be initialized get an error; neither waits for ever.
#[test]
fn a_4_two_providers_that_need_each_other_to_be_initialized() {
    let begun = Arc::new(std::sync::Barrier::new(2));
    let mut providers = NativeProviders::default();
    for (clsid, other) in [(CLSID, "E"), (OTHER, "D")] {
        let (begun, make) = (begun.clone(), three().factory());
        providers.register(clsid, move |initialization| {
            // Both are at it before either asks for the other.
            begun.wait();
            let services = initialization.context.services();
            let path = format!("{other}.K=\"b\"");
            services.get_object(&path, Flags::default(), &initialization.context)?;
            make(initialization)
        });
    }
    let world = two(providers);
    let client = client(&world);
    let get =
        |path: &'static str| Request::GetObject { path: path.into(), flags: Flags::default() };
    let calls = [client.start(get("D.K=\"b\"")).unwrap(), client.start(get("E.K=\"b\"")).unwrap()];
    let statuses =
        calls.map(|call| call.call_status(None).expect("it ends").map_err(|e| e.status()));
    assert!(statuses.contains(&Err(WBEM_E_INITIALIZATION_FAILURE)), "{statuses:?}");
}
