//! Instances that a native provider makes, from the provider to the client's sink.
//!
//! The provider makes each instance from one of a few hundred samples, as a provider does that reads
//! texts of the kernel: numbers are copied, every text is made from a slice. The measured time is
//! that from the call on `Services` to the client's sink, which reads each instance and drops it.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use cim::status::WBEM_E_NOT_FOUND;
use cim::{CimType, Class, Instance, Object, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{INSTANCES, registration};
use wbem::{
    EnumerationRequest, Flags, InstanceProvider, NativeProviders, ProviderContext,
    ProviderInterfaces, Sink, Wanted,
};

use crate::item::{COUNTERS, ID, ITEM, Kind, Random};
use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};

const COUNT: u32 = 100_000;
const ROUNDS: usize = 15;
const BATCH: usize = 64;
const SAMPLES: u64 = 256;
const CLSID: &str = "{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F01}";

pub(crate) fn run() -> Result<()> {
    report::note("for each instance, from CreateInstanceEnum to the client's sink");
    one(&COUNTERS, "without strings")?;
    one(&ITEM, "seven of them strings")
}

fn one(kind: &'static Kind, name: &str) -> Result<()> {
    let provider = Arc::new(Provider::new(kind));
    let mut providers = NativeProviders::default();
    providers.register(CLSID, move |_| Ok(ProviderInterfaces::instances(provider.clone())));
    let world = World::with_providers(providers);
    world.compile(&kind.class_mof(r#"[dynamic, provider("Bench")]"#));
    world.compile(&registration("Bench", CLSID, &[INSTANCES]));

    ensure!(enumerate(&world, kind)? == Seen::expected(), "not the instances that were made");
    let seconds = measure::repeated(Clock::Processor, ROUNDS, &mut |_| {
        black_box(enumerate(&world, kind)?);
        Ok(())
    })?;
    report::figure(&Figure {
        name,
        ours: Quantity::Seconds(seconds / f64::from(COUNT)),
        baseline: None,
        bar: Bar::AtMost(Quantity::Seconds(1e-6)),
    });
    Ok(())
}

/// What the client saw.
#[derive(PartialEq, Debug)]
struct Seen {
    count: u64,
    sum_of_ids: u64,
}

impl Seen {
    fn expected() -> Self {
        let count = u64::from(COUNT);
        Seen { count, sum_of_ids: count * (count - 1) / 2 }
    }
}

fn enumerate(world: &World, kind: &Kind) -> Result<Seen> {
    let totals = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let [count, sum] = [0, 1].map(|at| {
        let totals = totals.clone();
        move |n: u64| totals[at].fetch_add(n, Ordering::Relaxed)
    });
    let (services, context) = (world.services(), world.administrator());
    wbem::for_each(
        |sink| services.create_instance_enum(kind.name, Flags::default(), context, sink),
        move |batch| {
            count(batch.len() as u64);
            sum(batch.iter().filter_map(Object::as_instance).map(number).sum());
            ControlFlow::Continue(())
        },
    )?;
    let [count, sum_of_ids] = [0, 1].map(|at| totals[at].load(Ordering::Relaxed));
    Ok(Seen { count, sum_of_ids })
}

/// The number that an instance was made from, read from its key.
fn number(instance: &Instance) -> u64 {
    match instance.value(ID) {
        Value::UInt32(n) => u64::from(*n),
        Value::String(id) => id[Id::NUMBER..].parse().unwrap_or(u64::MAX),
        _ => u64::MAX,
    }
}

/// The text of a key, written in place.
struct Id([u8; 12]);

impl Id {
    /// Where the number begins.
    const NUMBER: usize = 5;

    fn new(n: u32) -> Self {
        let mut text = *b"item-0000000";
        let mut rest = n;
        for digit in text[Id::NUMBER..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Id(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("letters and digits")
    }
}

struct Provider {
    key: CimType,
    samples: Vec<Box<[Value]>>,
}

impl Provider {
    fn new(kind: &Kind) -> Self {
        let samples = (0..SAMPLES).map(|n| kind.values(n)).collect();
        Provider { key: kind.properties[ID].1, samples }
    }

    fn make(&self, class: &Arc<Class>, n: u32, sample: &[Value]) -> Instance {
        let key = match self.key {
            CimType::String => Value::string(Id::new(n).as_str()),
            _ => Value::UInt32(n),
        };
        let mut values = Vec::with_capacity(sample.len());
        values.push(key);
        values.extend(sample[1..].iter().map(|value| match value {
            Value::String(text) => Value::string(text.as_str()),
            value => value.clone(),
        }));
        Instance::from_values(class.clone(), values.into_boxed_slice())
    }
}

impl InstanceProvider for Provider {
    fn get(
        &self,
        _class: &Arc<Class>,
        _keys: &[Value],
        _wanted: &Wanted,
        _context: &ProviderContext,
    ) -> cim::Result<Instance> {
        Err(WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(
        &self,
        request: &EnumerationRequest<'_>,
        _context: &ProviderContext,
        mut sink: Sink,
    ) {
        let mut random = Random(1);
        let mut batch = Vec::with_capacity(BATCH);
        for n in 0..COUNT {
            let sample = &self.samples[random.below(self.samples.len())];
            batch.push(Object::Instance(self.make(request.class, n, sample)));
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sink.indicate(full).is_break() {
                    return sink.complete(wbem::COMPLETE);
                }
            }
        }
        let _ = sink.indicate(batch);
        sink.complete(wbem::COMPLETE);
    }
}
