//! Results of stored instances whose clients stop taking objects: what they see of later writes, what
//! they hold of the repository, and for how long.
//!
//! The clock of the world stands still unless a test advances it, so that a second passes where a test
//! says so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use cim::security::Descriptor;
use cim::status::*;
use cim::{Instance, Object, Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::world::user;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use wbem::{CallContext, Enumerator, Flags, NativeProviders, Sink};

/// As many objects are read at once, where there are no more.
const BOUND: usize = 128;
/// So many results hold a snapshot at a time.
const MOST_HELD: usize = 256;
const FORWARD: Flags = Flags::RETURN_IMMEDIATELY.union(Flags::FORWARD_ONLY);

const CLASSES: &str = "
    class A { [key] string K; uint32 V; };
    class B : A { };
    class C : B { };
    class Other { [key] uint32 K; };";

/// A world with so many instances of the classes A, B below it and C below that, whose map is small.
fn world(counts: [usize; 3]) -> World {
    let world = World::with_small_map(NativeProviders::default());
    let mut mof = CLASSES.to_owned();
    for (class, count) in ["A", "B", "C"].into_iter().zip(counts) {
        for n in 0..count {
            let key = key(class, n);
            mof.push_str(&format!("instance of {class} {{ K = \"{key}\"; V = 0; }};\n"));
        }
    }
    world.compile(&mof);
    world
}

fn key(class: &str, n: usize) -> String {
    format!("{}{n:04}", class.to_lowercase())
}

fn put(world: &World, class: &str, key: &str, value: u32) {
    let instance = world.instance(class, &[("K", key.into()), ("V", Value::UInt32(value))]);
    let put = world.services().put_instance(&instance, Flags::default(), world.administrator());
    put.expect("an instance that suits its class");
}

fn delete(world: &World, class: &str, key: &str) {
    let path = format!("{class}.K=\"{key}\"");
    let deleted = world.services().delete_instance(&path, Flags::default(), world.administrator());
    deleted.expect("an instance that exists");
}

/// Changes, creates and deletes instances of every class.
fn write(world: &World) {
    put(world, "A", &key("a", 5), 9);
    put(world, "C", &key("c", 5), 9);
    put(world, "C", "c-new", 9);
    put(world, "A", "a-new", 9);
    delete(world, "A", &key("a", 7));
    delete(world, "C", &key("c", 7));
}

/// The class, the key and the value of an instance.
type Found = (String, String, u32);

fn found(object: &Object) -> Found {
    let Value::UInt32(value) = object.get("V").unwrap() else { panic!("no value: {object:?}") };
    let key = object.get("K").unwrap().as_str().unwrap().to_owned();
    (object.class().name().to_string(), key, value)
}

fn all(world: &World, query: &str) -> Vec<Found> {
    world.objects(query, Flags::default()).unwrap().iter().map(found).collect()
}

/// Waits until every operation has ended or given its thread back.
fn settle(world: &World) {
    while world.operations().admitted() > 0 {
        std::thread::yield_now();
    }
}

/// Lets a second pass.
fn pass_a_second(world: &World) {
    world.advance(1);
    world.manager().release_idle_snapshots();
}

/// An enumeration of which one object was fetched, and which goes on no further by itself.
fn half_read(world: &World, class: &str, context: &CallContext) -> (Enumerator, Found) {
    let mut objects = world.client(context).create_instance_enum(class, FORWARD).unwrap();
    let first = objects.next(None, 1).unwrap().objects.remove(0);
    settle(world);
    (objects, found(&first))
}

/// What comes up to the end, and the error that is the end.
fn rest(objects: &mut Enumerator) -> (Vec<Found>, Option<WbemStatus>) {
    let mut all = Vec::new();
    loop {
        match objects.next(None, 10) {
            Ok(fetched) => {
                all.extend(fetched.objects.iter().map(found));
                if fetched.status == WBEM_S_FALSE {
                    return (all, None);
                }
            }
            Err(error) => return (all, Some(error.status())),
        }
    }
}

/// Whether another client's writes of so many transactions make the data file grow: they do while a
/// snapshot is held, whose pages are not used again.
fn does_file_grow(world: &World) -> bool {
    let file = world.manager().repository().directory().join("data.mdb");
    let length = || std::fs::metadata(&file).unwrap().len();
    let other = |n: u32| {
        let instance = world.instance("Other", &[("K", Value::UInt32(n % 4))]);
        world.services().put_instance(&instance, Flags::default(), world.administrator()).unwrap();
    };
    (0..20).for_each(other);
    let before = length();
    (0..60).for_each(other);
    length() > before
}

/// The function that a stalled sink runs when it gets the first batch; then it takes the rest.
fn through_a_sink(
    world: &Arc<World>,
    query: &'static str,
    stall: impl Fn(&World) + Send + 'static,
) -> Vec<Object> {
    let (taken, stalling) = (Arc::new(Mutex::new(Vec::new())), world.clone());
    let (taking, mut is_first) = (taken.clone(), true);
    let services = world.services();
    let run = |sink: Sink| {
        services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
    };
    let done = wbem::for_each(run, move |mut batch| {
        if std::mem::take(&mut is_first) {
            stall(&stalling);
        }
        taking.lock().unwrap().append(&mut batch);
        ControlFlow::Continue(())
    });
    assert_eq!(done, wbem::COMPLETE);
    std::mem::take(&mut *taken.lock().unwrap())
}

#[test]
fn a_result_that_fits_the_bound_is_of_one_moment() {
    for counts in [[BOUND, 0, 0], [100, 20, 8]] {
        let world = world(counts);
        let expected = all(&world, "SELECT * FROM A");
        let (mut objects, first) = half_read(&world, "A", world.administrator());
        // It has come to its end, and holds nothing.
        world.outgrow_its_map();
        put(&world, "A", &key("a", 5), 9);
        put(&world, "C", "c-new", 9);
        delete(&world, "A", &key("a", 7));
        pass_a_second(&world);
        let (read, end) = rest(&mut objects);
        assert_eq!(end, None);
        assert_eq!([vec![first], read].concat(), expected);
    }
}

/// The bound is 64 KiB where 128 objects are larger, with what the operation itself takes.
#[test]
fn large_instances_are_bounded_in_bytes() {
    for (count, fits) in [(40, true), (80, false)] {
        let world = World::with_small_map(NativeProviders::default());
        let (mut mof, pad) = (CLASSES.to_owned(), "x".repeat(1000));
        for n in 0..count {
            mof.push_str(&format!("instance of A {{ K = \"{n:04}{pad}\"; V = 0; }};\n"));
        }
        world.compile(&mof);
        let (mut objects, _) = half_read(&world, "A", world.administrator());
        pass_a_second(&world);
        put(&world, "A", "new", 9);
        let (read, end) = rest(&mut objects);
        assert_eq!((read.len(), end), (if fits { count - 1 } else { count }, None));
    }
}

/// The same bound holds for what associations lead to, each of which may be small.
#[test]
fn large_endpoints_are_bounded_in_bytes() {
    for (count, fits) in [(40, true), (80, false)] {
        let world = World::with_small_map(NativeProviders::default());
        let pad = "x".repeat(1000);
        let mut mof = CLASSES.to_owned();
        mof.push_str(
            "[association] class Leads { [key] A ref From; [key] A ref To; };
             instance of A { K = \"source\"; V = 0; };",
        );
        for n in 0..count {
            mof.push_str(&format!(
                "class T{n:04} : A {{ string Text; }};
                 instance of T{n:04} {{ K = \"{n:04}\"; V = 0; Text = \"{pad}\"; }};
                 instance of Leads {{ From = \"A.K='source'\"; To = \"A.K='{n:04}'\"; }};"
            ));
        }
        world.compile(&mof);
        let query = "ASSOCIATORS OF {A.K='source'}";
        let mut objects =
            world.client(world.administrator()).exec_query("WQL", query, FORWARD).unwrap();
        objects.next(None, 1).unwrap();
        settle(&world);
        pass_a_second(&world);
        // Of the last endpoint the new value is read if the walk has not come to it.
        let last = format!("{:04}", count - 1);
        let text = ("Text", Value::from(pad.as_str()));
        let values = [("K", last.as_str().into()), ("V", Value::UInt32(9)), text];
        let instance = world.instance(&format!("T{last}"), &values);
        let put = world.services().put_instance(&instance, Flags::default(), world.administrator());
        put.unwrap();
        let (read, end) = rest(&mut objects);
        assert_eq!((read.len(), end), (count - 1, None));
        assert_eq!(read.iter().any(|(_, _, value)| *value == 9), !fits);
    }
}

/// Of what a condition leaves, too, however many instances are read for it.
#[test]
fn a_filtered_result_that_fits_the_bound_is_of_one_moment() {
    let world = world([300, 300, 20]);
    for n in (0..300).step_by(5) {
        put(&world, "A", &key("a", n), 1);
        put(&world, "B", &key("b", n), 1);
    }
    let query = "SELECT * FROM A WHERE V = 1";
    let expected = all(&world, query);
    assert_eq!(expected.len(), 120);
    let mut objects =
        world.client(world.administrator()).exec_query("WQL", query, FORWARD).unwrap();
    let first = found(&objects.next(None, 1).unwrap().objects[0]);
    settle(&world);
    put(&world, "C", &key("c", 5), 1);
    put(&world, "B", &key("b", 295), 0);
    pass_a_second(&world);
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    assert_eq!([vec![first], read].concat(), expected);
}

#[test]
fn a_sink_that_stalls_gets_a_result_that_fits_of_one_moment() {
    let world = Arc::new(world([100, 20, 8]));
    let expected = all(&world, "SELECT * FROM A");
    let read = through_a_sink(&world, "SELECT * FROM A", |world| {
        write(world);
        pass_a_second(world);
        world.outgrow_its_map();
    });
    assert_eq!(read.iter().map(found).collect::<Vec<_>>(), expected);
}

#[test]
fn a_longer_result_keeps_its_snapshot_for_a_second() {
    let world = world([500, 20, 20]);
    let expected = all(&world, "SELECT * FROM A");
    let (mut objects, first) = half_read(&world, "A", world.administrator());
    write(&world);
    assert!(does_file_grow(&world));
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    assert_eq!([vec![first], read].concat(), expected);
    // The end releases it.
    settle(&world);
    world.outgrow_its_map();
}

/// The same of a condition, for which more is read: no more objects wait, and the snapshot is held as
/// long.
#[test]
fn a_longer_filtered_result_is_bounded_and_keeps_its_snapshot_for_a_second() {
    const QUERY: &str = "SELECT * FROM A WHERE V = 0";
    let half_read = |world: &World| {
        let client = world.client(world.administrator());
        let mut objects = client.exec_query("WQL", QUERY, FORWARD).unwrap();
        let first = found(&objects.next(None, 1).unwrap().objects[0]);
        settle(world);
        (objects, first)
    };
    let world = || {
        let world = world([500, 20, 20]);
        (0..500).step_by(5).for_each(|n| put(&world, "A", &key("a", n), 1));
        world
    };
    let kept = world();
    let expected = all(&kept, QUERY);
    let (mut objects, first) = half_read(&kept);
    write(&kept);
    assert!(does_file_grow(&kept));
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    assert_eq!([vec![first], read].concat(), expected);

    let released = world();
    let (mut objects, first) = half_read(&released);
    pass_a_second(&released);
    put(&released, "C", "c-new", 0);
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    assert_eq!([vec![first], read].concat(), all(&released, QUERY));

    // Only what waits for the client comes after the end of the object manager.
    let closed = world();
    let (mut objects, _) = half_read(&closed);
    let _closed = closed.reopen(NativeProviders::default());
    let (read, end) = rest(&mut objects);
    assert_eq!((read.len(), end), (BOUND - 1, Some(WBEM_E_SHUTTING_DOWN)));
}

/// The second begins again with each fetch, also of objects that were read before.
#[test]
fn a_client_that_takes_objects_keeps_its_snapshot() {
    let world = world([500, 20, 20]);
    let expected = all(&world, "SELECT * FROM A");
    let (mut objects, first) = half_read(&world, "A", world.administrator());
    write(&world);
    let mut read = vec![first];
    for _ in 0..10 {
        world.advance_milliseconds(900);
        assert_eq!(world.manager().release_idle_snapshots(), 0);
        read.extend(objects.next(None, 1).unwrap().objects.iter().map(found));
        assert_eq!(world.operations().admitted(), 0, "nothing is read meanwhile");
    }
    let (rest, end) = rest(&mut objects);
    assert_eq!(end, None);
    read.extend(rest);
    assert_eq!(read, expected);
}

#[test]
fn a_second_after_the_last_fetch_the_snapshot_is_released() {
    let world = world([500, 20, 20]);
    let (mut objects, first) = half_read(&world, "A", world.administrator());
    world.advance_milliseconds(900);
    let second = found(&objects.next(None, 1).unwrap().objects[0]);
    world.advance_milliseconds(999);
    assert_eq!(world.manager().release_idle_snapshots(), 0);
    assert!(does_file_grow(&world));
    world.advance_milliseconds(1);
    world.manager().release_idle_snapshots();
    assert!(!does_file_grow(&world));
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    assert_eq!([vec![first, second], read].concat(), all(&world, "SELECT * FROM A"));
}

#[test]
fn after_a_second_it_is_released_and_reading_goes_on_after_the_last_key() {
    let world = world([500, 20, 20]);
    let before: BTreeSet<Found> = all(&world, "SELECT * FROM A").into_iter().collect();
    let (mut objects, first) = half_read(&world, "A", world.administrator());
    pass_a_second(&world);
    assert!(!does_file_grow(&world));
    world.outgrow_its_map();
    put(&world, "C", &key("c", 5), 9);
    put(&world, "C", "c-new", 9);
    delete(&world, "C", &key("c", 7));
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    let read = [vec![first], read].concat();
    let after: BTreeSet<Found> = all(&world, "SELECT * FROM A").into_iter().collect();
    assert_eq!(read.iter().cloned().collect::<BTreeSet<_>>(), after);
    assert_eq!(read.len(), after.len());
    assert_ne!(before, after);
}

/// The same of a function: while it runs, nothing is taken.
#[test]
fn a_sink_that_stalls_keeps_its_snapshot_for_a_second() {
    let world = Arc::new(world([500, 20, 20]));
    let before = all(&world, "SELECT * FROM A");
    let read = through_a_sink(&world, "SELECT * FROM A", |world| {
        put(world, "C", "c-new", 9);
        assert!(does_file_grow(world));
    });
    assert_eq!(read.iter().map(found).collect::<Vec<_>>(), before);
    let before = all(&world, "SELECT * FROM A");
    let read = through_a_sink(&world, "SELECT * FROM A", |world| {
        pass_a_second(world);
        world.outgrow_its_map();
        put(world, "C", "c-newer", 9);
    });
    assert_eq!(read.len(), before.len() + 1);
}

#[test]
fn at_most_256_snapshots_are_held() {
    let world = world([BOUND * 4, 1, 1]);
    let mut all: Vec<_> =
        (0..=MOST_HELD).map(|_| half_read(&world, "A", world.administrator()).0).collect();
    put(&world, "C", "c-new", 9);
    // The last one has none, and sees what was written; the others do not.
    let sees = |objects: &mut Enumerator| {
        let (read, end) = rest(objects);
        assert_eq!(end, None);
        read.iter().any(|(_, key, _)| key == "c-new")
    };
    assert!(sees(&mut all[MOST_HELD]));
    assert!(!sees(&mut all[0]));
    assert!(!sees(&mut all[MOST_HELD - 1]));
    // Where one has ended, another one may hold its snapshot.
    let (mut next, _) = half_read(&world, "A", world.administrator());
    delete(&world, "C", "c-new");
    assert!(sees(&mut next));
}

/// What happens to an instance while others are read.
#[derive(Clone, Debug)]
enum Step {
    /// It is put with a new value, into the class in which it is, or into this one.
    Put(usize, usize),
    Delete(usize),
    /// It is deleted and put again under another class of its family.
    Move(usize, usize),
    /// So many objects are fetched.
    Fetch(usize),
    PassASecond,
}

const FAMILY: [&str; 3] = ["A", "B", "C"];
const KEYS: usize = 420;

/// Short ones and ones that the repository has to cut, which differ in their last characters.
fn any_key(n: usize) -> String {
    match n % 3 {
        0 => format!("{}{n}", "long".repeat(200)),
        _ => format!("{n}"),
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..KEYS, 0..3usize).prop_map(|(key, class)| Step::Put(key, class)),
        3 => (0..KEYS).prop_map(Step::Delete),
        3 => (0..KEYS, 0..3usize).prop_map(|(key, class)| Step::Move(key, class)),
        3 => (1..90usize).prop_map(Step::Fetch),
        2 => Just(Step::PassASecond),
    ]
}

/// An instance that exists from the beginning to the end comes exactly once, in a state that it had
/// meanwhile. One that is created or deleted meanwhile may come or not; one that is deleted and put
/// again under another class of its family may come once for each class.
#[test]
fn what_exists_throughout_comes_exactly_once() {
    let config = Config { cases: 20, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(step(), 40..120);
    TestRunner::new(config)
        .run(&steps, |steps| {
            let world = World::new();
            world.compile(CLASSES);
            // By key, the class and the value.
            let mut stored: BTreeMap<String, (usize, u32)> = BTreeMap::new();
            let mut mof = String::new();
            for n in (0..KEYS).filter(|n| n % 7 > 0) {
                let (class, key) = (n % 3 * n % 3, any_key(n));
                mof.push_str(&format!(
                    "instance of {} {{ K = \"{key}\"; V = 0; }};\n",
                    FAMILY[class]
                ));
                stored.insert(key, (class, 0));
            }
            world.compile(&mof);
            // What each instance was at any time, and whether it was there all the time.
            let mut states: BTreeMap<(usize, String), BTreeSet<u32>> = BTreeMap::new();
            for (key, (class, value)) in &stored {
                states.entry((*class, key.clone())).or_default().insert(*value);
            }
            let mut throughout: BTreeMap<String, usize> =
                stored.iter().map(|(key, (class, _))| (key.clone(), *class)).collect();
            let (mut objects, first) = half_read(&world, "A", world.administrator());
            let mut read = vec![first];
            for (number, step) in (1..).zip(steps) {
                match step {
                    Step::Put(key, class) => {
                        let key = any_key(key);
                        let class = stored.get(&key).map_or(class, |(class, _)| *class);
                        put(&world, FAMILY[class], &key, number);
                        stored.insert(key.clone(), (class, number));
                        states.entry((class, key)).or_default().insert(number);
                    }
                    Step::Delete(key) | Step::Move(key, _)
                        if !stored.contains_key(&any_key(key)) => {}
                    Step::Delete(key) => {
                        let key = any_key(key);
                        let (class, _) = stored.remove(&key).unwrap();
                        delete(&world, FAMILY[class], &key);
                        throughout.remove(&key);
                    }
                    Step::Move(key, class) => {
                        let key = any_key(key);
                        let (from, _) = stored[&key];
                        delete(&world, FAMILY[from], &key);
                        put(&world, FAMILY[class], &key, number);
                        stored.insert(key.clone(), (class, number));
                        states.entry((class, key.clone())).or_default().insert(number);
                        throughout.remove(&key);
                    }
                    Step::Fetch(count) => {
                        let fetched = objects.next(None, count).unwrap();
                        read.extend(fetched.objects.iter().map(found));
                        settle(&world);
                    }
                    Step::PassASecond => pass_a_second(&world),
                }
            }
            let (last, end) = rest(&mut objects);
            prop_assert_eq!(end, None);
            read.extend(last);
            let mut counts: BTreeMap<(usize, String), usize> = BTreeMap::new();
            for (class, key, value) in read {
                let class = FAMILY.iter().position(|name| *name == class).unwrap();
                let had = states.get(&(class, key.clone()));
                prop_assert!(had.is_some_and(|had| had.contains(&value)), "{class} {key} {value}");
                *counts.entry((class, key)).or_default() += 1;
            }
            prop_assert!(counts.values().all(|count| *count == 1), "one came twice");
            for (key, class) in throughout {
                let of_any = (0..3).filter(|class| counts.contains_key(&(*class, key.clone())));
                prop_assert_eq!(of_any.collect::<Vec<_>>(), [class], "{}", key);
            }
            Ok(())
        })
        .unwrap();
}

/// Runs `change` while a result is half read and its snapshot released; gives how the result ends,
/// and checks that what came before the change came to the client.
fn changed(class: &str, context: &CallContext, change: impl Fn(&World)) -> Option<WbemStatus> {
    let world = world([10, 600, 0]);
    world.compile("class Unrelated { [key] uint32 K; };");
    let (mut objects, first) = half_read(&world, class, context);
    pass_a_second(&world);
    change(&world);
    let (read, end) = rest(&mut objects);
    let mut keys: Vec<String> = read.into_iter().map(|(_, key, _)| key).chain([first.1]).collect();
    keys.sort();
    keys.dedup();
    match end {
        None => assert_eq!(keys.len(), 600 + if class == "A" { 10 } else { 0 }),
        Some(status) => {
            assert!(keys.len() >= BOUND, "what came before the change");
            for _ in 0..3 {
                let again = objects.next(None, 1).map_err(|e| e.status());
                assert_eq!(again, Err(status), "at every later fetch");
            }
        }
    }
    end
}

/// Puts a class with another description.
fn describe(world: &World, class: &str) {
    let object = world.object(class).unwrap();
    let mut declaration = (**object.class().declaration()).clone();
    let text = cim::Qualifier::new("Description", "other", cim::Flavor::default());
    declaration.qualifiers.set(text);
    let put =
        world.services().put_class(&declaration, Flags::UPDATE_FORCE_MODE, world.administrator());
    put.unwrap();
}

fn delete_class(world: &World, class: &str) {
    world.services().delete_class(class, Flags::default(), world.administrator()).unwrap();
}

fn set_descriptor(world: &World, sddl: &str) {
    let (services, context) = (world.services(), world.administrator());
    let class = services.get_object("__SystemSecurity", Flags::default(), context).unwrap();
    let signature = class.class().method("SetSD").unwrap().in_signature().unwrap();
    let descriptor: Descriptor = sddl.parse().unwrap();
    let bytes = descriptor.to_bytes().unwrap().into_iter().map(Value::UInt8);
    let mut given = Instance::new(signature);
    given.put("SD", &Value::array(bytes)).unwrap();
    let (path, flags) = ("__SystemSecurity=@", Flags::default());
    services.exec_method(path, "SetSD", flags, context, Some(&given)).unwrap();
}

#[test]
fn reading_goes_on_where_other_classes_change() {
    type Change = fn(&World);
    let changes: [(&str, Change); 6] = [
        ("another class is added", |world| world.compile("class New { [key] uint32 K; };")),
        ("a class is added below", |world| world.compile("class BelowB : B { };")),
        ("another class is changed", |world| describe(world, "Unrelated")),
        ("a class below is changed", |world| describe(world, "C")),
        ("an unrelated class is deleted", |world| delete_class(world, "Unrelated")),
        ("the descriptor leaves the right", |world| {
            set_descriptor(world, "O:BAG:BAD:(A;CI;0x600ff;;;BA)(A;CI;0x3;;;AU)");
        }),
    ];
    for (name, change) in changes {
        for context in [user(), World::new().administrator().clone()] {
            // Of the class B alone, so that what is below it is not read.
            assert_eq!(changed("B", &context, change), None, "{name}");
        }
    }
}

/// Instances that are deleted with their class and put again come at most once.
#[test]
fn reading_goes_on_in_a_class_that_is_deleted_and_made_again() {
    let world = world([0, 600, 0]);
    let (mut objects, first) = half_read(&world, "B", world.administrator());
    pass_a_second(&world);
    delete_class(&world, "B");
    let instance = |n| format!("instance of B {{ K = \"{}\"; V = 1; }};", key("b", n));
    world.compile(&format!("class B : A {{ }}; {}", (0..600).map(instance).collect::<String>()));
    let (read, end) = rest(&mut objects);
    assert_eq!(end, None);
    let mut keys: Vec<&String> = read.iter().chain([&first]).map(|(_, key, _)| key).collect();
    assert_eq!(keys.len(), 600);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 600, "each once");
    assert!(read.iter().any(|(_, _, value)| *value == 1), "read after the change");
}

#[test]
fn a_class_that_changed_ends_what_reads_it() {
    type Change = fn(&World);
    let changes: [(&str, Change); 4] = [
        ("the class", |world| describe(world, "B")),
        ("one above it", |world| describe(world, "A")),
        ("it is deleted", |world| delete_class(world, "B")),
        ("it is another one of the same name", |world| {
            delete_class(world, "B");
            world.compile("class B : A { uint32 More; };");
        }),
    ];
    for (name, change) in changes {
        let end = changed("B", &user(), change);
        assert_eq!(end, Some(WBEM_E_TRANSACTION_CONFLICT), "{name}");
    }
}

#[test]
fn a_right_that_is_taken_away_ends_what_needs_it() {
    let deny: fn(&World) =
        |world| set_descriptor(world, "O:BAG:BAD:(A;CI;0x600ff;;;BA)(D;;0x1;;;AU)");
    assert_eq!(changed("B", &user(), deny), Some(WBEM_E_ACCESS_DENIED));
    assert_eq!(changed("A", &user(), deny), Some(WBEM_E_ACCESS_DENIED));
    assert_eq!(changed("B", World::new().administrator(), deny), None);
}

#[test]
fn half_read_results_hold_no_threads_and_do_not_count() {
    let world = world([BOUND * 4, 0, 0]);
    let all: Vec<_> = (0..200).map(|_| half_read(&world, "A", world.administrator()).0).collect();
    assert_eq!(world.operations().admitted(), 0);
    assert!(world.operations().threads() <= 3, "{:?}", world.operations());
    for mut objects in all {
        assert_eq!(rest(&mut objects).0.len(), BOUND * 4 - 1);
    }
}

#[test]
fn dropping_an_enumerator_releases_its_snapshot_at_once() {
    let world = world([BOUND * 4, 0, 0]);
    let (objects, _) = half_read(&world, "A", world.administrator());
    assert!(does_file_grow(&world));
    drop(objects);
    assert!(!does_file_grow(&world));
    world.outgrow_its_map();
}

#[test]
fn closing_the_object_manager_ends_what_is_half_read() {
    let world = world([BOUND * 4, 0, 0]);
    let (mut objects, _) = half_read(&world, "A", world.administrator());
    // Opening it again fails while anything of the repository is held.
    let world = world.reopen(NativeProviders::default());
    let (read, end) = rest(&mut objects);
    assert!(read.len() >= BOUND - 1);
    assert_eq!(end, Some(WBEM_E_SHUTTING_DOWN));
    assert_eq!(all(&world, "SELECT * FROM A").len(), BOUND * 4);
}

/// A client that stalls in the middle of a walk or of an enumeration of classes: its snapshot is
/// released after a second, and what is left comes all the same.
#[test]
fn walks_and_class_enumerations_release_their_snapshots() {
    let world = Arc::new(World::with_small_map(NativeProviders::default()));
    let mut mof = String::from(
        "class N { [key] uint32 K; }; [association] class L { [key] N ref X; [key] N ref Y; };\n",
    );
    let count = BOUND * 3;
    for n in 0..=count {
        mof.push_str(&format!("instance of N {{ K = {n}; }};\n"));
    }
    for n in 1..=count {
        mof.push_str(&format!("instance of L {{ X = \"N.K=0\"; Y = \"N.K={n}\"; }};\n"));
        mof.push_str(&format!("class Below{n} : N {{ }};\n"));
    }
    world.compile(&mof);
    for query in [
        "ASSOCIATORS OF {N.K=0}",
        "REFERENCES OF {N.K=0}",
        "SELECT * FROM meta_class WHERE __Superclass = \"N\"",
    ] {
        let read = through_a_sink(&world, query, |world| {
            pass_a_second(world);
            world.outgrow_its_map();
        });
        assert_eq!(read.len(), count, "{query}");
    }
}
