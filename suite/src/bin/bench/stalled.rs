//! Clients that have stopped fetching, and providers that do not answer: what they cost all others.
//!
//! A world with 64 calls hanging in each of four providers and many half-read enumerations of stored
//! instances is compared with one that has neither: gets, threads, memory, and the size of the data
//! file after commits.

use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cim::status::WBEM_S_FALSE;
use cim::{Class, Instance, Namespace, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, Gate, INSTANCES, TestProvider, registration};
use repository::PutMode;
use wbem::{CallResult, Enumerator, Flags, NativeProviders, Request, SessionId};

use crate::item::{ITEM, id};
use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};
use crate::scratch;

const PROVIDERS: usize = 4;
/// As many calls as a provider may have in flight, and a client under way.
const CALLS: usize = 64;
/// How many pairs of rounds of gets are compared.
const PAIRS: usize = 9;
const FORWARD: Flags = Flags::RETURN_IMMEDIATELY.union(Flags::FORWARD_ONLY);

/// How much is done.
struct Size {
    enumerations: usize,
    /// The stored instances of each class.
    instances: usize,
    commits: u32,
    /// In each round.
    gets: u32,
}

const FULL: Size = Size { enumerations: 2000, instances: 2000, commits: 5000, gets: 20_000 };

/// What was measured.
struct Measured {
    /// Seconds that a get takes, with the load and without.
    get: [f64; 2],
    /// Threads of the object manager and its operations, before the enumerations and with them.
    threads: [usize; 2],
    /// For each kind of enumeration its name and the anonymous memory of each, in bytes.
    memory: Vec<(String, f64)>,
    /// The last page of the data file after the commits, with the load and without.
    last_page: [u64; 2],
}

pub(crate) fn run() -> Result<()> {
    let measured = measure(&FULL)?;
    let [get, unloaded] = measured.get.map(Quantity::Seconds);
    report::figure(&Figure {
        name: "a stored get, with 256 hanging calls and the enumerations",
        ours: get,
        baseline: Some(unloaded),
        bar: Bar::Within(2.0),
    });
    let [before, with] = measured.threads;
    report::figure(&Figure {
        name: "threads, against before the enumerations",
        ours: Quantity::Count(with as f64),
        baseline: Some(Quantity::Count(before as f64)),
        bar: Bar::AtMost(Quantity::Count((before + 10) as f64)),
    });
    for (kind, bytes) in measured.memory {
        report::figure(&Figure {
            name: &format!("memory of each, {kind}"),
            ours: Quantity::Bytes(bytes),
            baseline: None,
            bar: Bar::AtMost(Quantity::Bytes(MEMORY)),
        });
    }
    let [page, unloaded] = measured.last_page.map(|page| Quantity::Count(page as f64));
    report::figure(&Figure {
        name: "last page after 5,000 commits",
        ours: page,
        baseline: Some(unloaded),
        bar: Bar::AtMost(unloaded),
    });
    Ok(())
}

/// The anonymous memory that a half-read enumeration may take, in bytes.
const MEMORY: f64 = 65_536.0;

fn measure(size: &Size) -> Result<Measured> {
    let gate = Gate::default();
    let (loaded, unloaded) = (world(size, &gate)?, world(size, &gate)?);
    let calls = hang(&loaded, &gate)?;
    let before = threads()?;
    let (mut half_read, mut memory) = (Vec::new(), Vec::new());
    for class in ["Bench_Small", ITEM.name] {
        for taken in [1, size.instances / 2] {
            let resident = anonymous()?;
            let count = size.enumerations / 4;
            for _ in 0..count {
                half_read.push((self::half_read(&loaded, class, taken)?, taken));
            }
            let each = (anonymous()? - resident) / count as f64;
            memory.push((format!("{taken} of {} {class} fetched", size.instances), each));
        }
    }
    let threads = [before, threads()?];
    let get = gets(size, &loaded, &unloaded)?;
    // The clock of a world stands still: the second after which their snapshots are released.
    loaded.advance(1);
    loaded.manager().release_idle_snapshots();
    let last_page = [commit(size, &loaded)?, commit(size, &unloaded)?];
    for (mut objects, taken) in half_read {
        let rest = rest(&mut objects)?;
        ensure!(taken + rest == size.instances, "{rest} instances came after {taken}");
    }
    gate.open();
    for call in calls {
        call.result_object(None)?;
    }
    Ok(Measured { get, threads, memory, last_page })
}

/// A world with four providers that wait at the gate, and two stored classes.
fn world(size: &Size, gate: &Gate) -> Result<World> {
    let mut providers = NativeProviders::default();
    let mut mof = String::from(
        "class Bench_Small { [key] uint32 Id; uint32 V; };\n\
         class Bench_Written { [key] uint32 Id; uint32 V; };\n",
    );
    for n in 0..PROVIDERS {
        let clsid = format!("{{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F1{n}}}");
        let provider = TestProvider::new(vec![vec![("Id", Value::UInt32(1))]]);
        providers.register(&clsid, provider.conduct(Conduct::WaitAt(gate.clone())).factory());
        mof += &registration(&format!("Hangs{n}"), &clsid, &[INSTANCES]);
        mof += &format!(
            "[dynamic, provider(\"Hangs{n}\")] class Bench_Hanging{n} {{ [key] uint32 Id; }};\n"
        );
    }
    let world = World::in_directory(scratch::directory()?, providers);
    world.compile(&mof);
    world.services().put_class(&ITEM.declaration(), Flags::default(), world.administrator())?;
    let small = |class: &Arc<Class>, n: u64| {
        let values = vec![Value::UInt32(n as u32), Value::UInt32(n as u32)];
        Instance::from_values(class.clone(), values.into())
    };
    store(&world, "Bench_Small", size.instances, &small)?;
    store(&world, ITEM.name, size.instances, &|class, n| ITEM.instance(class, n))?;
    Ok(world)
}

fn store(
    world: &World,
    class: &str,
    count: usize,
    make: &dyn Fn(&Arc<Class>, u64) -> Instance,
) -> Result<()> {
    let class = world.object(class)?.class().clone();
    let namespace = Namespace::new(openwmi_suite::world::NAMESPACE)?;
    world.behind_the_back(|writer| {
        let namespace = writer.view().namespace(&namespace)?.expect("the world's namespace");
        (0..count as u64).try_for_each(|n| {
            writer.put_instance(namespace, &make(&class, n), PutMode::Create).map(drop)
        })
    });
    Ok(())
}

/// As many calls of each provider as it may have, each provider's by a client of its own.
fn hang(world: &World, gate: &Gate) -> Result<Vec<CallResult>> {
    let mut calls = Vec::new();
    for n in 0..PROVIDERS {
        let mut context = world.administrator().clone();
        context.set_session(SessionId::new());
        let client = world.client(&context);
        for _ in 0..CALLS {
            let path = format!("Bench_Hanging{n}.Id=1");
            let get = Request::GetObject { path: path.into(), flags: Flags::default() };
            calls.push(client.start(get)?);
        }
    }
    gate.wait_for(PROVIDERS * CALLS);
    Ok(calls)
}

/// An enumeration of which so many objects were fetched, by tens, and whose thread is given back.
fn half_read(world: &World, class: &str, taken: usize) -> Result<Enumerator> {
    let mut objects = world.client(world.administrator()).create_instance_enum(class, FORWARD)?;
    let mut left = taken;
    while left > 0 {
        left -= objects.next(None, left.min(10))?.objects.len();
    }
    while world.operations().admitted() > PROVIDERS * CALLS {
        std::thread::yield_now();
    }
    Ok(objects)
}

fn rest(objects: &mut Enumerator) -> Result<usize> {
    let mut count = 0;
    loop {
        let fetched = objects.next(None, 100)?;
        count += fetched.objects.len();
        if fetched.status == WBEM_S_FALSE {
            return Ok(count);
        }
    }
}

fn gets(size: &Size, loaded: &World, unloaded: &World) -> Result<[f64; 2]> {
    let paths: Vec<String> =
        (0..size.instances as u64).map(|n| format!("{}.Id=\"{}\"", ITEM.name, id(n))).collect();
    let round = |world: &World| {
        let (services, context) = (world.services(), world.administrator());
        for path in paths.iter().cycle().take(size.gets as usize) {
            black_box(services.get_object(path, Flags::default(), context)?);
        }
        Ok(())
    };
    let taken =
        measure::by_turns(Clock::Wall, PAIRS, &mut |_| round(loaded), &mut |_| round(unloaded))?;
    Ok(taken.map(|seconds| seconds / f64::from(size.gets)))
}

/// Commits, and gives the last page of the data file.
fn commit(size: &Size, world: &World) -> Result<u64> {
    let (services, context) = (world.services(), world.administrator());
    let class = world.object("Bench_Written")?.class().clone();
    for n in 0..size.commits {
        let values = vec![Value::UInt32(n % 100), Value::UInt32(n)];
        let instance = Instance::from_values(class.clone(), values.into());
        services.put_instance(&instance, Flags::default(), context)?;
    }
    let file = world.manager().repository().directory().join("data.mdb");
    Ok(fs::metadata(file)?.len() / rustix::param::page_size() as u64 - 1)
}

/// How many threads of this process belong to OpenWMI.
fn threads() -> Result<usize> {
    let mut count = 0;
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may have ended meanwhile.
        let name = fs::read_to_string(task?.path().join("comm")).unwrap_or_default();
        count += usize::from(name.starts_with("openwmi-"));
    }
    Ok(count)
}

/// The anonymous resident memory of this process, in bytes.
fn anonymous() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.context("this process has no RssAnon")? * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All but the times, which a test does not judge.
    #[test]
    fn half_read_enumerations_cost_little() {
        let _alone = measure::WHOLE_PROCESS.lock();
        let size = Size { enumerations: 200, instances: 1000, commits: 200, gets: 20 };
        let measured = measure(&size).unwrap();
        let [before, with] = measured.threads;
        assert!(with <= before + 10, "{before} threads became {with}");
        assert!(measured.memory.iter().all(|(_, bytes)| *bytes <= MEMORY), "{:?}", measured.memory);
        let [loaded, unloaded] = measured.last_page;
        assert_eq!(loaded, unloaded);
    }
}
