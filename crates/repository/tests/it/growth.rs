//! The map grows while others read, in this process and in another; and what happens where
//! neither address space nor disk is left.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cim::{Class, Namespace, Value};
use repository::{NamespaceId, PutMode, Repository};

use crate::support::*;

const SMALL: usize = 1 << 20;
const BATCHES: usize = 60;
const BATCH: usize = 100;

/// Batches of instances, ten times and more what the first map holds.
fn fill_up(repository: &Repository, root: NamespaceId, thing: &Arc<Class>) {
    let note = Value::string("n".repeat(2000));
    for batch in 0..BATCHES {
        repository
            .write(|w| {
                for at in 0..BATCH {
                    let mut instance = named(thing, &format!("{}", batch * BATCH + at));
                    instance.put("Note", &note)?;
                    w.put_instance(root, &instance, PutMode::Create)?;
                }
                Ok(())
            })
            .unwrap();
    }
}

fn count(repository: &Repository, root: NamespaceId, thing: &Arc<Class>) -> usize {
    let snapshot = repository.read().unwrap();
    snapshot.view().instances(root, thing).unwrap().map(Result::unwrap).count()
}

#[test]
fn it_grows_while_threads_read() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open_with_map(dir.path(), SMALL).unwrap();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let is_full = AtomicBool::new(false);
    thread::scope(|scope| {
        let read = || {
            let mut seen = 0;
            while !is_full.load(Ordering::Relaxed) {
                let now = count(&repository, root, &thing);
                assert!(now >= seen && now.is_multiple_of(BATCH), "{now} after {seen}");
                seen = now;
            }
        };
        let readers = [scope.spawn(read), scope.spawn(read)];
        fill_up(&repository, root, &thing);
        is_full.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    assert_eq!(count(&repository, root, &thing), BATCHES * BATCH);
    assert!(dir.path().join("data.mdb").metadata().unwrap().len() > 10 * SMALL as u64);
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn it_grows_while_another_process_reads() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open_with_map(dir.path(), SMALL).unwrap();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let mut reader = Running::start("growth::child_reads_until_all_is_there", dir.path());
    assert_eq!(reader.told().as_deref(), Some("open"));
    fill_up(&repository, root, &thing);
    assert_eq!(reader.told().as_deref(), Some("all"));
    reader.finish();
    // What the other wrote in its larger map is seen here.
    assert_eq!(repository.read().unwrap().view().meta("reader").unwrap().as_deref(), Some("done"));
}

#[test]
fn child_reads_until_all_is_there() {
    let Some(dir) = as_child() else { return };
    let repository = Repository::create_or_open_with_map(dir, SMALL).unwrap();
    let thing = thing();
    let root = repository.read().unwrap().view().namespace(&Namespace::root()).unwrap().unwrap();
    tell("open");
    while count(&repository, root, &thing) < BATCHES * BATCH {
        thread::yield_now();
    }
    repository.write(|w| w.put_meta("reader", Some("done"))).unwrap();
    tell("all");
}

/// Runs a child of this binary under a limit of the shell's `ulimit`.
fn under_limit(limit: &str, test: &str, dir: &Path) {
    let child = child(test, dir);
    let script = format!("trap '' XFSZ; ulimit {limit}; exec \"$0\" \"$@\"");
    let mut limited = Command::new("sh");
    limited.args(["-c", &script]).arg(child.get_program()).args(child.get_args());
    limited.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && printed.contains("\n> done"), "{printed}\n{errors}");
}

#[test]
fn little_address_space_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    under_limit("-v 2000000", "growth::child_fills_up", dir.path());
    let repository = Repository::create_or_open(dir.path()).unwrap();
    assert_eq!(repository.verify().unwrap().instances, (BATCHES * BATCH) as u64);
}

#[test]
fn child_fills_up() {
    let Some(dir) = as_child() else { return };
    let repository = Repository::create_or_open(dir).unwrap();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    fill_up(&repository, root, &thing);
    tell("done");
}

#[test]
fn a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    // In blocks of 512 or 1,024 bytes, as the shell will have it.
    under_limit("-f 4000", "growth::child_fills_the_disk", dir.path());
    let repository = Repository::create_or_open(dir.path()).unwrap();
    assert!(repository.verify().unwrap().is_clean());
    repository.write(|w| w.put_meta("more", Some(&"x".repeat(8 << 20)))).unwrap();
}

#[test]
fn child_fills_the_disk() {
    let Some(dir) = as_child() else { return };
    let repository = Repository::create_or_open(dir).unwrap();
    let note = "x".repeat(100_000);
    let put = |n: usize| repository.write(|w| w.put_meta(&n.to_string(), Some(&note)));
    let (fitted, error) = (0..).find_map(|n| Some((n, put(n).err()?))).unwrap();
    assert_eq!(error.status(), cim::status::WBEM_E_OUT_OF_DISK_SPACE, "{error}");
    for n in 0..=fitted {
        let read = repository.read().unwrap().view().meta(&n.to_string()).unwrap();
        assert_eq!(read.is_some(), n < fitted, "{n}");
    }
    assert!(repository.verify().unwrap().is_clean());
    tell("done");
}
