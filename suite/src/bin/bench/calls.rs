//! What the object manager adds to a provider: a get, a method call, an enumeration that is fetched
//! in batches, a client that stops early, a key among many instances, a provider that hangs.
//!
//! Each is measured against the same without it: the provider called directly, the synchronous
//! enumeration, the same calls while no provider hangs.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use cim::{Class, Instance, Object, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{Gate, INSTANCES, METHODS, instances_and_methods, registration};
use wbem::provider::{Comparison, Predicate};
use wbem::{
    CallContext, EnumerationRequest, Flags, InstanceProvider, MethodCall, MethodProvider,
    NativeProviders, ProviderContext, Pushdown, Request, Services, Sink, Wanted,
};

use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const ROUNDS: usize = 21;
/// How many gets or method calls make a round.
const CALLS: u32 = 20_000;
/// How many instances are enumerated.
const COUNT: u32 = 100_000;
/// How many are fetched at a time.
const FETCH: usize = 100;
const MANY: u32 = 1_000_000;
const CLSID: &str = "{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F02}";
const HANGS: &str = "{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F03}";

const MOF: &str = r#"
    [dynamic, provider("Calls")] class Bench_Provided
    {
        [key] uint32 Id; uint64 Size;
        [implemented, static] uint32 Add([in] uint32 a, [in] uint32 b, [out] uint64 Sum);
    };
    class Bench_Stored { [key] uint32 Id; uint64 Size; string Name; };
    [dynamic, provider("Hangs")] class Bench_Hanging { [key] uint32 Id; };"#;

/// A provider of `count` instances, which counts what it is asked and what it delivers.
struct Provider {
    count: u32,
    gets: AtomicU64,
    delivered: AtomicU64,
    hangs_at: Option<Gate>,
}

impl Provider {
    fn new(count: u32, hangs_at: Option<Gate>) -> Self {
        Provider { count, gets: AtomicU64::new(0), delivered: AtomicU64::new(0), hangs_at }
    }

    fn make(class: &Arc<Class>, id: u32) -> Instance {
        let mut values = vec![Value::Null; class.properties().len()];
        values[0] = Value::UInt32(id);
        if let Some(size) = values.get_mut(1) {
            *size = Value::UInt64(u64::from(id) << 10);
        }
        Instance::from_values(class.clone(), values.into())
    }
}

impl InstanceProvider for Provider {
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        let is_key = usize::from(class.keys()[0]) == predicate.slot;
        match is_key && predicate.comparison == Comparison::Equal {
            true => Pushdown::Exact,
            false => Pushdown::Unsupported,
        }
    }

    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        _: &Wanted,
        _: &ProviderContext,
    ) -> cim::Result<Instance> {
        if let Some(gate) = &self.hangs_at {
            gate.pass();
        }
        self.gets.fetch_add(1, Ordering::Relaxed);
        let Value::UInt32(id) = keys[0] else { return Err(cim::status::WBEM_E_NOT_FOUND.into()) };
        Ok(Provider::make(class, id))
    }

    fn enumerate(&self, request: &EnumerationRequest<'_>, _: &ProviderContext, mut sink: Sink) {
        let mut next = 0;
        while next < self.count {
            let end = self.count.min(next + 64);
            let batch = (next..end).map(|id| Object::Instance(Provider::make(request.class, id)));
            self.delivered.fetch_add(u64::from(end - next), Ordering::Relaxed);
            if sink.indicate(batch.collect()).is_break() {
                break;
            }
            next = end;
        }
        sink.complete(wbem::COMPLETE);
    }
}

impl MethodProvider for Provider {
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        _: &ProviderContext,
    ) -> cim::Result<Option<Instance>> {
        let of = |name| match call.argument(name) {
            Value::UInt32(n) => u64::from(*n),
            _ => 0,
        };
        call.outcome(0u32, &[("Sum", Value::UInt64(of("a") + of("b")))])
    }
}

fn world(provider: &Arc<Provider>, hanging: &Arc<Provider>) -> World {
    let mut providers = NativeProviders::default();
    providers.register(CLSID, instances_and_methods(provider.clone()));
    providers.register(HANGS, instances_and_methods(hanging.clone()));
    let world = World::with_providers(providers);
    for (name, clsid) in [("Calls", CLSID), ("Hangs", HANGS)] {
        world.compile(&registration(name, clsid, &[INSTANCES, METHODS]));
    }
    world.compile(MOF);
    world
}

pub(crate) fn run() -> Result<()> {
    let gate = Gate::default();
    let provider = Arc::new(Provider::new(COUNT, None));
    let world = world(&provider, &Arc::new(Provider::new(1, Some(gate.clone()))));
    gets(&world, &provider)?;
    methods(&world, &provider)?;
    fetched(&world)?;
    key(&world, &provider)?;
    beside_one_that_hangs(&world, &gate)?;
    early()?;
    partial()
}

/// A get of a provided instance, over the provider's own work.
fn gets(world: &World, provider: &Provider) -> Result<()> {
    let (services, context) = (world.services(), world.administrator());
    let class = world.object("Bench_Provided")?.class().clone();
    let own = ProviderContext::without_wmi(context);
    let path = "Bench_Provided.Id=7";
    ensure!(services.get_object(path, Flags::default(), context)?.get("Id")? == Value::UInt32(7));
    let [ours, direct] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| {
            for _ in 0..CALLS {
                black_box(services.get_object(path, Flags::default(), context)?);
            }
            Ok(())
        },
        &mut |_| {
            for _ in 0..CALLS {
                black_box(provider.get(&class, &[Value::UInt32(7)], &Wanted::All, &own)?);
            }
            Ok(())
        },
    )?;
    over("a provided get, over the provider called directly", [ours, direct], 2e-6);
    Ok(())
}

/// A static method, over the method called directly.
fn methods(world: &World, provider: &Provider) -> Result<()> {
    let (services, context) = (world.services(), world.administrator());
    let own = ProviderContext::without_wmi(context);
    let class = world.object("Bench_Provided")?.class().clone();
    let method = class.method("Add").expect("the class declares it").clone();
    let mut given = Instance::new(method.in_signature().expect("it takes parameters"));
    given.put("a", &Value::UInt32(u32::MAX))?;
    given.put("b", &Value::UInt32(1))?;
    let flags = Flags::default();
    let call = || services.exec_method("Bench_Provided", "Add", flags, context, Some(&given));
    let sum = call()?.expect("it hands something out").get("Sum").cloned();
    ensure!(sum == Some(Value::UInt64(1 << 32)), "another sum: {sum:?}");
    let out = method.out_signature();
    let [ours, direct] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| {
            for _ in 0..CALLS {
                black_box(call()?);
            }
            Ok(())
        },
        &mut |_| {
            for _ in 0..CALLS {
                let call = MethodCall {
                    class: &class,
                    keys: None,
                    implemented_in: &class,
                    method: &method,
                    in_parameters: Some(&given),
                    out_signature: out.as_ref(),
                };
                black_box(provider.exec_method(&call, &own)?);
            }
            Ok(())
        },
    )?;
    over("a method call, over the method called directly", [ours, direct], 5e-6);
    Ok(())
}

fn over(name: &str, [ours, direct]: [f64; 2], bar: f64) {
    let each = |seconds| Quantity::Seconds(seconds / f64::from(CALLS));
    let (ours, baseline, bar) = (each(ours), Some(each(direct)), Bar::Over(bar));
    report::figure(&Figure { name, ours, baseline, bar });
}

/// Stored instances fetched in batches while the operation runs, against one call that delivers
/// them all.
fn fetched(world: &World) -> Result<()> {
    for from in (0..COUNT).step_by(10_000) {
        let instance = |id| {
            format!("instance of Bench_Stored {{ Id = {id}; Size = {id}; Name = \"n{id}\"; }};\n")
        };
        world.compile(&(from..from + 10_000).map(instance).collect::<String>());
    }
    let (services, context) = (world.services(), world.administrator());
    let client = world.client(context);
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let fetch = || {
        let mut found = client.create_instance_enum("Bench_Stored", flags)?;
        let mut count = 0;
        loop {
            let fetched = black_box(found.next(None, FETCH)?);
            count += fetched.objects.len();
            if fetched.status == cim::status::WBEM_S_FALSE {
                return anyhow::Ok(count);
            }
        }
    };
    let whole = || count(&*services, context);
    ensure!((fetch()?, whole()?) == (COUNT as usize, COUNT as usize), "not all were found");
    let [ours, theirs] = measure::by_turns(
        Clock::Wall,
        ROUNDS,
        &mut |_| {
            black_box(fetch()?);
            Ok(())
        },
        &mut |_| {
            black_box(whole()?);
            Ok(())
        },
    )?;
    report::figure(&Figure {
        name: "100,000 stored instances fetched by hundreds, against the synchronous call",
        ours: Quantity::Seconds(ours),
        baseline: Some(Quantity::Seconds(theirs)),
        bar: Bar::Within(1.3),
    });
    Ok(())
}

fn count(services: &dyn Services, context: &CallContext) -> Result<usize> {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = taken.clone();
    wbem::for_each(
        |sink| services.create_instance_enum("Bench_Stored", Flags::default(), context, sink),
        move |batch| {
            counted.fetch_add(black_box(batch).len() as u64, Ordering::Relaxed);
            ControlFlow::Continue(())
        },
    )?;
    Ok(taken.load(Ordering::Relaxed) as usize)
}

/// A key among the provider's instances: how many it makes for it.
fn key(world: &World, provider: &Provider) -> Result<()> {
    let before = provider.gets.load(Ordering::Relaxed);
    let delivered = provider.delivered.load(Ordering::Relaxed);
    let found = world.query("SELECT * FROM Bench_Provided WHERE Id = 77777")?;
    ensure!(found.len() == 1, "found {}", found.len());
    let gets = provider.gets.load(Ordering::Relaxed) - before;
    let delivered = provider.delivered.load(Ordering::Relaxed) - delivered;
    report::figure(&Figure {
        name: "instances made for a query on a key of 100,000",
        ours: Quantity::Times((gets + delivered) as f64),
        baseline: None,
        bar: Bar::AtMost(Quantity::Times(1.0)),
    });
    Ok(())
}

/// Gets of a provider that answers, while another one has as many calls in flight as it may have
/// and answers none, against the same before.
fn beside_one_that_hangs(world: &World, gate: &Gate) -> Result<()> {
    const HANGING: usize = 64;
    let (services, context) = (world.services(), world.administrator());
    let round = || {
        for _ in 0..CALLS {
            black_box(services.get_object("Bench_Provided.Id=7", Flags::default(), context)?);
        }
        anyhow::Ok(())
    };
    let before = measure::repeated(Clock::Wall, ROUNDS, &mut |_| round())?;
    let client = world.client(context);
    let get = || Request::GetObject { path: "Bench_Hanging.Id=1".into(), flags: Flags::default() };
    let calls = (0..HANGING).map(|_| client.start(get())).collect::<cim::Result<Vec<_>>>()?;
    gate.wait_for(HANGING);
    let refused = services.get_object("Bench_Hanging.Id=1", Flags::default(), context);
    ensure!(refused.is_err_and(|e| e.status() == cim::status::WBEM_E_SERVER_TOO_BUSY));
    let beside = measure::repeated(Clock::Wall, ROUNDS, &mut |_| round())?;
    gate.open();
    for call in calls {
        call.result_object(None)?;
    }
    let each = |seconds| Quantity::Seconds(seconds / f64::from(CALLS));
    report::figure(&Figure {
        name: "a get while another provider hangs in 64 calls, against before",
        ours: each(beside),
        baseline: Some(each(before)),
        bar: Bar::Within(2.0),
    });
    Ok(())
}

/// How much of a million instances a provider makes for a client that takes ten, and what memory it
/// costs.
fn early() -> Result<()> {
    let provider = Arc::new(Provider::new(MANY, None));
    let world = world(&provider, &Arc::new(Provider::new(1, None)));
    let client = world.client(world.administrator());
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let before = resident()?;
    let mut found = client.create_instance_enum("Bench_Provided", flags)?;
    ensure!(found.next(None, 10)?.objects.len() == 10);
    // Until it has filled what waits and is held up.
    while provider.delivered.load(Ordering::Relaxed) < 128 {
        std::thread::yield_now();
    }
    let made = provider.delivered.load(Ordering::Relaxed);
    let grown = resident()?.saturating_sub(before);
    found.close(std::time::Duration::from_secs(10));
    let made = made.max(provider.delivered.load(Ordering::Relaxed));
    report::figure(&Figure {
        name: "instances made of a million for a client that takes ten; two batches are 256",
        ours: Quantity::Times(made as f64),
        baseline: None,
        bar: Bar::AtMost(Quantity::Times(256.0)),
    });
    report::figure(&Figure {
        name: "memory while it waits",
        ours: Quantity::Bytes(grown as f64),
        baseline: None,
        bar: Bar::AtMost(Quantity::Bytes(1e6)),
    });
    Ok(())
}

/// The resident memory of this process, in bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.unwrap_or_default() * 1024)
}

/// One cheap property of this process by a partial get, against the whole instance.
fn partial() -> Result<()> {
    let directory = scratch::directory()?;
    let wmi = scratch::wmi(directory.path())?;
    let (services, whole) = (wmi.connect(r"root\cimv2")?, wmi.context());
    let mut part = whole.clone();
    part.set("__GET_EXTENSIONS", true);
    part.set("__GET_EXT_CLIENT_REQUEST", true);
    part.set("__GET_EXT_PROPERTIES", Value::array([Value::string("ProcessId")]));
    let path = format!("Win32_Process.Handle=\"{}\"", std::process::id());
    let get = |context: &CallContext| services.get_object(&path, Flags::default(), context);
    ensure!(get(&part)?.get("ProcessId")? == Value::UInt32(std::process::id()));
    ensure!(get(&part)?.get("WorkingSetSize")? == Value::Null);
    ensure!(get(&whole)?.get("WorkingSetSize")? != Value::Null);
    let [ours, theirs] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| {
            for _ in 0..200 {
                black_box(get(&part)?);
            }
            Ok(())
        },
        &mut |_| {
            for _ in 0..200 {
                black_box(get(&whole)?);
            }
            Ok(())
        },
    )?;
    report::figure(&Figure {
        name: "ProcessId of a Win32_Process by a partial get, against all properties",
        ours: Quantity::Seconds(ours / 200.0),
        baseline: Some(Quantity::Seconds(theirs / 200.0)),
        bar: Bar::Faster(3.0),
    });
    Ok(())
}
