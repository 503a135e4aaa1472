//! How long a caller waits for its status when its call ends before its end: by a cancel, or by a
//! deadline.
//!
//! The calls are of a provider that never answers, a put that waits for another writer, and queries
//! over many stored instances. What a status is judged by is how much later than the cancel, or than
//! the deadline, the call has returned.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cim::status::*;
use cim::{Instance, Namespace, Object, ObjectPath, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{
    After, Gate, INSTANCES, METHODS, instances_and_methods, registration,
};
use repository::PutMode;
use wbem::{
    CallContext, CancelToken, Completion, Flags, NativeProviders, Promise, ProviderContext,
    Request, ResponseSink, Services,
};

use crate::measure;
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const ROUNDS: usize = 50;
const COUNT: u32 = 1_000_000;
const DEADLINE: Duration = Duration::from_millis(100);
/// For the status: in the median, and at the most.
const BARS: [f64; 2] = [0.050, 0.250];
const CLSID: &str = "{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F20}";
const MOF: &str = r#"
    [dynamic, provider("Silent")] class Bench_Silent
    { [key] uint32 Id; [implemented, static] uint32 Wait(); };
    class Bench_Many { [key] uint32 Id; uint32 V; };"#;

/// The gate at which the provider's calls wait until their round is over.
#[derive(Clone, Default)]
struct Round(Arc<Mutex<Gate>>);

impl Round {
    fn wait(&self) {
        let gate = self.0.lock().expect("no holder panics").clone();
        gate.pass();
    }

    /// The gate of the next round.
    fn next(&self) -> Gate {
        let mut gate = self.0.lock().expect("no holder panics");
        *gate = Gate::default();
        gate.clone()
    }
}

/// What is cancelled: an operation, with the context that ends it. Gives its status.
type Call<'a> = &'a (dyn Fn(&CallContext) -> WbemStatus + Sync);

pub(crate) fn run() -> Result<()> {
    let round = Round::default();
    let waiting = round.clone();
    let silent = After(move |_: &ProviderContext| {
        waiting.wait();
        Ok(())
    });
    let mut providers = NativeProviders::default();
    providers.register(CLSID, instances_and_methods(Arc::new(silent)));
    let world = World::in_directory(scratch::directory()?, providers);
    world.compile(&registration("Silent", CLSID, &[INSTANCES, METHODS]));
    world.compile(MOF);
    fill(&world)?;
    let services = wbem::cancellable(world.services(), world.operations());
    of_the_provider(&world, &*services, &round)?;
    waiting_put(&world, &*services)?;
    queries(&world, &*services)
}

fn status<T>(outcome: cim::Result<T>) -> WbemStatus {
    outcome.map_or_else(|e| e.status(), |_| WBEM_S_NO_ERROR)
}

/// The first fetch of an enumeration; gives its status.
fn first_fetch(world: &World, context: &CallContext) -> WbemStatus {
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let found = world.client(context).create_instance_enum("Bench_Silent", flags);
    found.and_then(|mut found| found.next(None, 1)).map_or_else(|e| e.status(), |f| f.status)
}

/// An asynchronous enumeration; gives the status that its sink receives.
fn final_status(world: &World, context: &CallContext) -> WbemStatus {
    let sink = Arc::new(FinalStatus::default());
    let receiver: Arc<dyn ResponseSink> = sink.clone();
    let request =
        Request::CreateInstanceEnum { class: "Bench_Silent".into(), flags: Flags::default() };
    let started = world.client(context).start_async(request, &receiver);
    started.map_or_else(|e| e.status(), |()| sink.0.wait())
}

/// The final status of an asynchronous call.
#[derive(Default)]
struct FinalStatus(Promise<WbemStatus>);

impl ResponseSink for FinalStatus {
    fn indicate(&self, _: Vec<Object>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn set_status(&self, completion: Completion, _: Option<ObjectPath>) {
        self.0.set(status(completion));
    }
}

fn of_the_provider(world: &World, services: &dyn Services, round: &Round) -> Result<()> {
    let flags = Flags::default();
    let calls: [(&str, WbemStatus, Call<'_>); 5] = [
        ("get", WBEM_E_TIMED_OUT, &|context| {
            status(services.get_object("Bench_Silent.Id=1", flags, context))
        }),
        ("enumeration", WBEM_E_TIMED_OUT, &|context| {
            let run = |sink| services.create_instance_enum("Bench_Silent", flags, context, sink);
            status(wbem::collect(run))
        }),
        ("method", WBEM_E_TIMED_OUT, &|context| {
            status(services.exec_method("Bench_Silent", "Wait", flags, context, None))
        }),
        ("Next", WBEM_S_TIMEDOUT, &|context| first_fetch(world, context)),
        ("asynchronous enumeration", WBEM_E_TIMED_OUT, &|context| final_status(world, context)),
    ];
    for (name, at_deadline, call) in calls {
        let mut late = Vec::new();
        for _ in 0..ROUNDS {
            let gate = round.next();
            late.push(cancelled(world, call, || gate.wait_for(1))?);
            gate.open();
            settle(world);
        }
        figures(&format!("{name} of a silent provider, cancelled"), late);
        let mut late = Vec::new();
        for _ in 0..ROUNDS {
            let gate = round.next();
            let mut context = world.administrator().clone();
            let deadline = Instant::now() + DEADLINE;
            context.set_deadline(deadline);
            let ended = call(&context);
            late.push(deadline.elapsed().as_secs_f64());
            ensure!(ended == at_deadline, "{name} ended with {ended:?} at its deadline");
            gate.open();
            settle(world);
        }
        figures(&format!("{name} of a silent provider, deadline"), late);
    }
    Ok(())
}

/// Starts a call, cancels it when `is_due` returns, and gives the seconds until it has returned.
fn cancelled(world: &World, call: Call<'_>, is_due: impl FnOnce()) -> Result<f64> {
    let token = CancelToken::new();
    let mut context = world.administrator().clone();
    context.set_cancel(token.clone());
    let (since, until, ended) = std::thread::scope(|scope| {
        let calling = scope.spawn(|| (call(&context), Instant::now()));
        is_due();
        // The caller sleeps by then, as one does that waits for long.
        std::thread::sleep(Duration::from_millis(2));
        let since = Instant::now();
        token.cancel();
        let (ended, until) = calling.join().expect("a call that does not panic");
        (since, until, ended)
    });
    ensure!(ended == WBEM_E_CALL_CANCELLED, "a cancelled call ended with {ended:?}");
    Ok(until.saturating_duration_since(since).as_secs_f64())
}

/// Waits until every operation has ended.
fn settle(world: &World) {
    wait_for_operations(world, 0);
}

fn wait_for_operations(world: &World, count: usize) {
    while world.operations().admitted() != count {
        std::thread::yield_now();
    }
}

fn waiting_put(world: &World, services: &dyn Services) -> Result<()> {
    let values = [("Id", Value::UInt32(COUNT)), ("V", Value::UInt32(1))];
    let instance = world.instance("Bench_Many", &values);
    let put =
        |context: &CallContext| status(services.put_instance(&instance, Flags::default(), context));
    let mut late = Vec::new();
    for _ in 0..ROUNDS {
        let (begun, has_begun) = mpsc::channel();
        let (release, is_released) = mpsc::channel::<()>();
        let ended = std::thread::scope(|scope| {
            scope.spawn(move || {
                world.behind_the_back(|_| {
                    let _ = begun.send(());
                    let _ = is_released.recv();
                    Ok(())
                });
            });
            has_begun.recv()?;
            let ended = cancelled(world, &put, || wait_for_operations(world, 1));
            drop(release);
            ended
        });
        late.push(ended?);
        settle(world);
    }
    let path = format!("Bench_Many.Id={COUNT}");
    ensure!(world.get(&path).is_err(), "a cancelled put has put its instance");
    figures("put that waits for a writer, cancelled", late);
    Ok(())
}

/// One that delivers and one that finds nothing, each cancelled while it reads.
fn queries(world: &World, services: &dyn Services) -> Result<()> {
    for (name, query) in [
        ("query over 1,000,000 instances", "SELECT * FROM Bench_Many"),
        ("query that finds none of them", "SELECT * FROM Bench_Many WHERE V = 4000000000"),
    ] {
        let is_whole = AtomicBool::new(false);
        let call = |context: &CallContext| {
            let run = |sink| services.exec_query("WQL", query, Flags::default(), context, sink);
            let ended = wbem::collect(run);
            is_whole.fetch_or(ended.is_ok(), Ordering::Relaxed);
            status(ended)
        };
        let mut late = Vec::new();
        for round in 0..ROUNDS {
            // At another point of its work each time.
            let is_due = || {
                wait_for_operations(world, 1);
                std::thread::sleep(Duration::from_millis(round as u64));
            };
            late.push(cancelled(world, &call, is_due)?);
            settle(world);
        }
        ensure!(!is_whole.into_inner(), "{query} was read to its end");
        figures(&format!("{name}, cancelled"), late);
    }
    Ok(())
}

fn fill(world: &World) -> Result<()> {
    const CHUNK: u32 = 20_000;
    let class = world.object("Bench_Many")?.class().clone();
    let namespace = Namespace::new(openwmi_suite::world::NAMESPACE)?;
    for start in (0..COUNT).step_by(CHUNK as usize) {
        world.behind_the_back(|writer| {
            let namespace = writer.view().namespace(&namespace)?.expect("the world's namespace");
            (start..start + CHUNK).try_for_each(|n| {
                let values = vec![Value::UInt32(n), Value::UInt32(n)];
                let instance = Instance::from_values(class.clone(), values.into());
                writer.put_instance(namespace, &instance, PutMode::Create).map(drop)
            })
        });
    }
    Ok(())
}

fn figures(name: &str, late: Vec<f64>) {
    let latest = late.iter().copied().fold(0.0, f64::max);
    let [median, most] = BARS.map(|bar| Bar::AtMost(Quantity::Seconds(bar)));
    for (name, ours, bar) in [
        (format!("{name}: median"), measure::median(late), median),
        (format!("{name}: latest of {ROUNDS}"), latest, most),
    ] {
        report::figure(&Figure { name: &name, ours: Quantity::Seconds(ours), baseline: None, bar });
    }
}
