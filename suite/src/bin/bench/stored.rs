//! Stored instances, one at a time: found by their paths, and created durably.
//!
//! The baseline is LMDB alone with the same keys and values, in a transaction of its own for each,
//! as each call has one.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cim::{Class, Namespace};
use openwmi::Wmi;
use repository::{PutMode, Repository};
use wbem::{Flags, Services};

use crate::instances::options;
use crate::item::{ID, ITEM, Random, id};
use crate::lmdb::{self, Bare, Entry};
use crate::measure::{self, Clock};
use crate::report::{self, Bar, Figure, Quantity};
use crate::schema::Schema;
use crate::scratch;

/// How many gets a round has, and how many rounds there are.
const GETS: usize = 2_000;
const GET_ROUNDS: usize = 31;
const CREATES: usize = 400;
/// How many instances are stored in one transaction when a repository is filled.
const CHUNK: u64 = 50_000;

pub(crate) fn get() -> Result<()> {
    report::note("against LMDB alone: a read transaction, a get, and a copy of the same bytes");
    get_among(1_000)?;
    get_among(1_000_000)
}

fn get_among(count: u64) -> Result<()> {
    let (repository, bare_directory) = (scratch::directory()?, scratch::directory()?);
    fill(repository.path(), count)?;
    let bare = Bare::create(bare_directory.path())?;
    let keys = lmdb::copy(repository.path(), &bare)?;
    ensure!(keys.len() as u64 > count, "the instances and the registrations of providers");
    let keys = &keys[keys.len() - count as usize..];

    let wmi = scratch::wmi(repository.path())?;
    let (services, context) = (wmi.connect(r"root\cimv2")?, wmi.context());
    let mut random = Random(count);
    let order: Vec<usize> =
        (0..GETS * (GET_ROUNDS + 1)).map(|_| random.below(keys.len())).collect();
    let paths: Vec<String> = order.iter().map(|&n| path(n as u64)).collect();
    let keys: Vec<&[u8]> = order.iter().map(|&n| &*keys[n]).collect();

    let mut value = Vec::new();
    check_same(&*services, &wmi, &paths[0], &bare, keys[0])?;
    let part = |round: usize| round * GETS..(round + 1) * GETS;
    let [ours, theirs] = measure::by_turns(
        Clock::Processor,
        GET_ROUNDS,
        &mut |round| {
            for path in &paths[part(round)] {
                black_box(services.get_object(path, Flags::default(), &context)?);
            }
            Ok(())
        },
        &mut |round| {
            for key in &keys[part(round)] {
                bare.get(key, &mut value)?;
                black_box(&value);
            }
            Ok(())
        },
    )?;
    report::figure(&Figure {
        name: &format!("one of {count}"),
        ours: Quantity::Seconds(ours / GETS as f64),
        baseline: Some(Quantity::Seconds(theirs / GETS as f64)),
        bar: Bar::Over(1.5e-6),
    });
    Ok(())
}

/// Whether path and key lead to the same instance.
fn check_same(
    services: &dyn Services,
    wmi: &Wmi,
    path: &str,
    bare: &Bare,
    key: &[u8],
) -> Result<()> {
    let object = services.get_object(path, Flags::default(), &wmi.context())?;
    let instance = object.as_instance().context("not an instance")?;
    let id = instance.value(ID).as_str().context("its key is no text")?;
    let mut value = Vec::new();
    bare.get(key, &mut value)?;
    ensure!(value.windows(id.len()).any(|part| part == id.as_bytes()), "not the same instance");
    Ok(())
}

fn path(n: u64) -> String {
    format!("{}.Id=\"{}\"", ITEM.name, id(n))
}

/// Makes a repository with the class and the first `count` instances.
fn fill(directory: &Path, count: u64) -> Result<()> {
    let wmi = scratch::wmi(directory)?;
    wmi.connect(r"root\cimv2")?.put_class(&ITEM.declaration(), Flags::default(), &wmi.context())?;
    drop(wmi);
    let repository = Repository::create_or_open(directory)?;
    let class = ITEM.class();
    for start in (0..count).step_by(CHUNK as usize) {
        repository.write(|writer| {
            let cimv2 = writer.view().namespace(&Namespace::cimv2())?.expect("a usual namespace");
            for n in start..count.min(start + CHUNK) {
                writer.put_instance(cimv2, &ITEM.instance(&class, n), PutMode::Create)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

pub(crate) fn create() -> Result<()> {
    report::note("against LMDB alone: a transaction with a put of the same bytes, and its sync");
    let sample = scratch::directory()?;
    fill(sample.path(), CREATES as u64 + 1)?;
    let entries = lmdb::entries(sample.path())?;
    let entries = &entries[entries.len() - CREATES - 1..];
    create_in(r"root\cimv2", "PutInstance", entries, |_| Ok(()))?;
    let schema = Schema::get()?;
    let name = format!("in a namespace of {} classes", schema.classes());
    create_in(r"root\dmtf", &name, entries, |wmi| {
        let (files, options) = ([schema.file()], options(Namespace::new(r"root\dmtf")?));
        wmi.compiler().compile_files(&files, &options, &wmi.context(), &mut |_, _| {})?;
        Ok(())
    })
}

/// Creates instances in `namespace`, which `prepare` has made, by turns with putting `entries`.
fn create_in(
    namespace: &str,
    name: &str,
    entries: &[Entry],
    prepare: impl FnOnce(&Wmi) -> Result<()>,
) -> Result<()> {
    let (repository, bare_directory) = (scratch::directory()?, scratch::directory()?);
    let bare = Bare::create(bare_directory.path())?;
    let wmi = scratch::wmi(repository.path())?;
    prepare(&wmi)?;
    let (services, context) = (wmi.connect(namespace)?, wmi.context());
    services.put_class(&ITEM.declaration(), Flags::default(), &context)?;
    let class: Arc<Class> =
        services.get_object(ITEM.name, Flags::default(), &context)?.class().clone();
    let instances: Vec<_> = (0..entries.len()).map(|n| ITEM.instance(&class, n as u64)).collect();

    let [ours, theirs] = measure::by_turns(
        Clock::Wall,
        CREATES,
        &mut |n| {
            services.put_instance(&instances[n], Flags::CREATE_ONLY, &context)?;
            Ok(())
        },
        &mut |n| bare.put(&entries[n].0, &entries[n].1),
    )?;
    drop((services, wmi));
    let stored = lmdb::entries(repository.path())?;
    let stored = stored.iter().rev().zip(entries.iter().rev());
    // The number of the class, with which a key begins, is another in another namespace, and so is
    // the checksum of both, with which a value ends.
    let sum = |value: &[u8]| value.len().saturating_sub(4);
    ensure!(
        stored.len() == entries.len()
            && stored
                .clone()
                .all(|(a, b)| { (&a.0[4..], &a.1[..sum(&a.1)]) == (&b.0[4..], &b.1[..sum(&b.1)]) }),
        "not the same bytes were stored"
    );
    report::figure(&Figure {
        name,
        ours: Quantity::Seconds(ours),
        baseline: Some(Quantity::Seconds(theirs)),
        bar: Bar::Within(1.5),
    });
    Ok(())
}
