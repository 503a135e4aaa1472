//! Several processes, and processes that die: what was acknowledged is there, and nothing of
//! what was not but whole.

use std::hint;
use std::sync::Arc;

use cim::{CimType, Class, Instance, Namespace, Value};
use repository::{NamespaceId, PutMode, Repository, View};

use crate::support::*;

const KILLS: u64 = 100;
/// Instances of each of two classes in a batch.
const EACH: usize = 4;

fn root_of(view: View<'_>) -> NamespaceId {
    view.namespace(&Namespace::root()).unwrap().unwrap()
}

/// Random numbers that are the same in every run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// The class that a batch adds, below the one that is there.
fn batch_class(base: &Arc<Class>, batch: u64) -> Arc<Class> {
    let properties = vec![property("Next", CimType::Reference)];
    class(&format!("Test_Batch{batch}"), Some(base), properties)
}

/// The instances of a batch: some of its own class, some of the base.
fn batch_instances(base: &Arc<Class>, own: &Arc<Class>, batch: u64) -> Vec<Instance> {
    let made = |(at, class): (usize, &Arc<Class>)| {
        let mut instance = named(class, &format!("{batch} {at}"));
        instance.put("Note", &Value::string("n".repeat(150 * (at + 1)))).unwrap();
        if instance.class().slot("Next").is_some() {
            let next = format!("Test_Thing.Id=\"{batch} {}\"", at + 1);
            instance.put("Next", &Value::Reference(next.into())).unwrap();
        }
        instance
    };
    [base, own].repeat(EACH).into_iter().enumerate().map(made).collect()
}

/// The number of batches that are said to be there, each of which must be; the next must not.
fn check_batches(repository: &Repository, base: &Arc<Class>, from: u64) -> u64 {
    let snapshot = repository.read().unwrap();
    let view = snapshot.view();
    let root = root_of(view);
    let said = view.meta("batches").unwrap().map_or(0, |n| n.parse().unwrap());
    for batch in from..=said {
        let own = batch_class(base, batch);
        let is_there = batch < said;
        assert_eq!(view.class(root, own.name()).unwrap().is_some(), is_there, "batch {batch}");
        for put in batch_instances(base, &own, batch) {
            let read = view.instance(root, put.class(), &put.key().unwrap()).unwrap();
            assert_eq!(read, is_there.then_some(put), "batch {batch}");
        }
    }
    said
}

#[test]
fn kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let dir = tempfile::tempdir().unwrap();
    let base = thing();
    fill(&Repository::create_or_open(dir.path()).unwrap(), &[&base]);
    let (mut state, mut before) = (2026, 0);
    for kill in 0..KILLS {
        let mut writer = Running::start("processes::child_puts_until_killed", dir.path());
        let mut acknowledged = None;
        for _ in 0..random(&mut state) % 6 {
            acknowledged = writer.told();
        }
        (0..random(&mut state) % 400_000).for_each(|_| hint::spin_loop());
        acknowledged = writer.kill().or(acknowledged);
        let repository = Repository::create_or_open(dir.path()).unwrap();
        let there = check_batches(&repository, &base, before);
        let acknowledged = acknowledged.map_or(before, |n| n.parse::<u64>().unwrap() + 1);
        assert!((acknowledged..=acknowledged + 1).contains(&there), "{acknowledged} {there}");
        let found = repository.verify().unwrap();
        assert_eq!(found.problems, [""; 0], "kill {kill}");
        assert_eq!(found.instances, there * 2 * EACH as u64);
        before = there;
    }
    check_batches(&Repository::create_or_open(dir.path()).unwrap(), &base, 0);
    assert!(before > KILLS, "{before} batches");
}

#[test]
fn child_puts_until_killed() {
    let Some(dir) = as_child() else { return };
    // A map that is soon too small, so that it grows among the writes.
    let size = dir.join("data.mdb").metadata().unwrap().len() as usize;
    let map = (size * 4 / 3 + (128 << 10)).next_multiple_of(64 << 10);
    let repository = Repository::create_or_open_with_map(dir, map).unwrap();
    let base = thing();
    let first = repository.read().unwrap().view().meta("batches").unwrap();
    for batch in first.map_or(0, |n| n.parse().unwrap()).. {
        let own = batch_class(&base, batch);
        repository
            .write(|w| {
                let root = root_of(w.view());
                w.put_class(root, own.declaration())?;
                for instance in batch_instances(&base, &own, batch) {
                    w.put_instance(root, &instance, PutMode::Create)?;
                }
                w.put_meta("batches", Some(&(batch + 1).to_string()))
            })
            .unwrap();
        tell(batch);
    }
}

#[test]
fn a_first_start_that_is_killed_can_be_made_again() {
    let mut state = 7;
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let starter = Running::start("processes::child_opens_and_waits", &dir.path().join("r"));
        (0..random(&mut state) % 1_000_000).for_each(|_| hint::spin_loop());
        let was_opened = starter.kill().is_some();
        assert!(!was_opened || dir.path().join("r/data.mdb").exists());
        let repository = Repository::create_or_open(dir.path().join("r")).unwrap();
        assert!(repository.verify().unwrap().is_clean());
    }
}

#[test]
fn first_starts_at_once_make_one_repository() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r");
    let mut starters: Vec<_> =
        (0..4).map(|_| Running::start("processes::child_opens_and_waits", &path)).collect();
    for starter in &mut starters {
        assert_eq!(starter.told().as_deref(), Some("open"));
    }
    let repository = Repository::create_or_open(&path).unwrap();
    repository.write(|w| w.put_meta("x", Some("y"))).unwrap();
    starters.into_iter().for_each(Running::finish);
}

#[test]
fn readers_left_behind_by_dead_processes_are_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open(dir.path()).unwrap();
    let note = "n".repeat(20_000);
    let update = || {
        for n in 0..100 {
            let note = format!("{note}{n}");
            repository.write(|w| w.put_meta("note", Some(&note))).unwrap();
        }
        dir.path().join("data.mdb").metadata().unwrap().len()
    };
    let start = update();
    assert_eq!(update(), start);
    let mut reader = Running::start("processes::child_opens_and_waits", dir.path());
    assert_eq!(reader.told().as_deref(), Some("open"));
    // The reader's snapshot keeps every page that is set free.
    let held = update();
    assert!(held > start + 100 * 20_000, "{start} {held}");
    reader.kill();
    assert_eq!(update(), held);
}

#[test]
fn child_opens_and_waits() {
    let Some(dir) = as_child() else { return };
    let repository = Repository::create_or_open(dir).unwrap();
    let snapshot = repository.read().unwrap();
    root_of(snapshot.view());
    tell("open");
    // Until the parent closes the pipe or kills this process.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

/// Only descriptors 0, 1 and 2 and the one of the listing itself are inherited.
#[test]
fn programs_that_are_started_inherit_nothing_of_the_repository() {
    let (dir, repository) = repository();
    let _snapshot = repository.read().unwrap();
    let listed = std::process::Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("/proc/"), "{listed}");
    assert!(!listed.contains(dir.path().to_str().unwrap()), "{listed}");
}
