//! `ASSOCIATORS OF` among few and among many: what it costs must grow with the answer alone.
//!
//! Every source has ten associations to parts of its own, so that the only difference between the
//! two repositories is how many others there are. The sources are asked for in random order.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cim::{Class, Instance, Namespace, Object, Value};
use openwmi::Wmi;
use repository::{PutMode, Repository};
use tempfile::TempDir;
use wbem::{Flags, Services};

use crate::item::Random;
use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};
use crate::{instances, scratch};

/// How many associations a source has.
const EACH: u64 = 10;
/// How many associations there are, in the one repository and the other.
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
/// How many queries a round has, and how many rounds there are.
const QUERIES: usize = 200;
const ROUNDS: usize = 31;
/// How many sources are stored in one transaction, with all they have.
const CHUNK: u64 = 5_000;

const MOF: &str = "
    class Bench_Source { [key] string Id; string Caption; };
    class Bench_Part { [key] string Id; string Caption; uint64 Size; };
    [Association] class Bench_Link
    {
        [key] Bench_Source ref Antecedent;
        [key] Bench_Part ref Dependent;
        uint32 Place;
    };";

pub(crate) fn run() -> Result<()> {
    report::note(format_args!(
        "of a source with {EACH} stored associations, from the query to the last endpoint"
    ));
    let (few, many) = (World::new(FEW)?, World::new(MANY)?);
    for world in [&few, &many] {
        for source in [0, world.sources() - 1] {
            world.check(source)?;
        }
    }
    let [mut many_order, mut few_order] = [Random(MANY), Random(FEW)];
    let [ours, baseline] = measure::by_turns(
        Clock::Processor,
        ROUNDS,
        &mut |_| many.ask(&mut many_order),
        &mut |_| few.ask(&mut few_order),
    )?;
    report::figure(&Figure {
        name: &format!("among {MANY}, against among {FEW}"),
        ours: Quantity::Seconds(ours / QUERIES as f64),
        baseline: Some(Quantity::Seconds(baseline / QUERIES as f64)),
        bar: Bar::Within(2.0),
    });
    Ok(())
}

/// A repository with so many associations.
struct World {
    associations: u64,
    wmi: Wmi,
    services: Arc<dyn Services>,
    _directory: TempDir,
}

impl World {
    fn new(associations: u64) -> Result<World> {
        let directory = scratch::directory()?;
        declare(directory.path())?;
        fill(directory.path(), associations / EACH)?;
        let wmi = scratch::wmi(directory.path())?;
        let services = wmi.connect(r"root\cimv2")?;
        Ok(World { associations, wmi, services, _directory: directory })
    }

    fn sources(&self) -> u64 {
        self.associations / EACH
    }

    fn associators(&self, source: u64) -> Result<Vec<Object>> {
        let query = format!("ASSOCIATORS OF {{{}}}", path("Bench_Source", source));
        let (flags, context) = (Flags::default(), self.wmi.context());
        Ok(wbem::collect(|sink| self.services.exec_query("WQL", &query, flags, &context, sink))?)
    }

    /// Whether the answer is the parts of the source.
    fn check(&self, source: u64) -> Result<()> {
        let found = self.associators(source)?;
        let id_of = |part: &Object| Some(part.as_instance()?.get("Id")?.as_str()?.to_owned());
        let ids = found.iter().map(|part| id_of(part).context("a part has no key"));
        let mut ids: Vec<String> = ids.collect::<Result<_>>()?;
        ids.sort();
        let expected: Vec<String> = (source * EACH..(source + 1) * EACH).map(id).collect();
        ensure!(ids == expected, "{ids:?} are not the parts of source {source}");
        Ok(())
    }

    fn ask(&self, order: &mut Random) -> Result<()> {
        for _ in 0..QUERIES {
            let source = order.below(self.sources() as usize) as u64;
            ensure!(black_box(self.associators(source)?).len() as u64 == EACH, "not all parts");
        }
        Ok(())
    }
}

fn id(n: u64) -> String {
    format!("part-{n:07}")
}

fn path(class: &str, n: u64) -> String {
    format!("{class}.Id=\"{}\"", id(n))
}

/// Makes a repository with the classes.
fn declare(directory: &Path) -> Result<()> {
    let wmi = scratch::wmi(directory)?;
    let file = directory.with_extension("mof");
    std::fs::write(&file, MOF).with_context(|| format!("cannot write {}", file.display()))?;
    let compiled = wmi.compiler().compile_files(
        std::slice::from_ref(&file),
        &instances::options(Namespace::cimv2()),
        &wmi.context(),
        &mut |_, _| (),
    );
    std::fs::remove_file(&file)?;
    let report = compiled?;
    ensure!(report.is_complete(), "it does not compile: {report:?}");
    Ok(())
}

/// Stores so many sources, each with its parts and associations.
fn fill(directory: &Path, sources: u64) -> Result<()> {
    let wmi = scratch::wmi(directory)?;
    let services = wmi.connect(r"root\cimv2")?;
    let class = |name: &str| -> Result<Arc<Class>> {
        Ok(services.get_object(name, Flags::default(), &wmi.context())?.class().clone())
    };
    let classes = [class("Bench_Source")?, class("Bench_Part")?, class("Bench_Link")?];
    drop((services, wmi));
    let repository = Repository::create_or_open(directory)?;
    for start in (0..sources).step_by(CHUNK as usize) {
        repository.write(|writer| {
            let cimv2 = writer.view().namespace(&Namespace::cimv2())?.expect("a usual namespace");
            for source in start..sources.min(start + CHUNK) {
                for instance in with_all(&classes, source) {
                    writer.put_instance(cimv2, &instance, PutMode::Create)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A source, its parts, and what links them.
fn with_all([source, part, link]: &[Arc<Class>; 3], n: u64) -> Vec<Instance> {
    let mut made = vec![instance(source, [id(n).into(), format!("source {n}").into()])];
    for (place, at) in (n * EACH..(n + 1) * EACH).enumerate() {
        let values = [id(at).into(), format!("part {place} of {n}").into(), Value::UInt64(at)];
        made.push(instance(part, values));
        let ends = [path("Bench_Source", n), path("Bench_Part", at)];
        let [from, to] = ends.map(|path| Value::Reference(path.into()));
        made.push(instance(link, [from, to, Value::UInt32(place as u32)]));
    }
    made
}

fn instance<const N: usize>(class: &Arc<Class>, values: [Value; N]) -> Instance {
    Instance::from_values(class.clone(), values.into())
}
