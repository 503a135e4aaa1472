//! Instances: identity, families, and what a change of the class does to them.

use cim::status::*;
use cim::{CimType, Instance, Name, Namespace, Value};
use repository::{Position, PutMode, Writer};

use crate::support::*;

#[test]
fn an_instance_put_is_read_after_reopening() {
    let (dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let mut instance = named(&thing, "A b");
    instance.put("Count", &Value::UInt32(7)).unwrap();
    repository.write(|w| w.put_instance(root, &instance, PutMode::Create)).unwrap();
    drop(repository);
    let repository = repository::Repository::create_or_open(dir.path().join("repository")).unwrap();
    let snapshot = repository.read().unwrap();
    let view = snapshot.view();
    assert_eq!(view.namespace(&Namespace::root()).unwrap(), Some(root));
    assert_eq!(
        view.class(root, &name("TEST_thing")).unwrap().as_ref(),
        Some(&**thing.declaration())
    );
    let read = view.instance(root, &thing, &key(&thing, "a B")).unwrap().unwrap();
    assert_eq!(read, instance);
    assert_eq!(read.get("Note"), Some(&Value::string("none")));
    assert!(!read.is_supplied(2));
    assert_eq!(view.instance(root, &thing, &key(&thing, "other")).unwrap(), None);
}

#[test]
fn put_modes_say_what_may_be_there() {
    let (_dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let put = |id: &str, mode| {
        let put = repository.write(|w| w.put_instance(root, &named(&thing, id), mode));
        put.map_err(|e| e.status())
    };
    assert_eq!(put("a", PutMode::Update), Err(WBEM_E_NOT_FOUND));
    assert_eq!(put("a", PutMode::Create), Ok(false));
    assert_eq!(put("A", PutMode::Create), Err(WBEM_E_ALREADY_EXISTS));
    assert_eq!(put("A", PutMode::Update), Ok(true));
    assert_eq!(put("b", PutMode::CreateOrUpdate), Ok(false));
    assert_eq!(put("b", PutMode::CreateOrUpdate), Ok(true));
}

#[test]
fn a_family_shares_its_identities() {
    let (_dir, repository) = repository();
    let base = thing();
    let left = class("Test_Left", Some(&base), vec![property("L", CimType::Boolean)]);
    let right = class("Test_Right", Some(&base), vec![]);
    let root = fill(&repository, &[&base, &left, &right]);
    let put = |class: &_, id: &str| {
        let put =
            repository.write(|w| w.put_instance(root, &named(class, id), PutMode::CreateOrUpdate));
        put.map_err(|e| e.status())
    };
    assert_eq!(put(&base, "b"), Ok(false));
    assert_eq!(put(&left, "l"), Ok(false));
    assert_eq!(put(&left, "l"), Ok(true));
    for (class, id) in [(&left, "b"), (&right, "b"), (&right, "L"), (&base, "l")] {
        assert_eq!(put(class, id), Err(WBEM_E_ALREADY_EXISTS), "{} {id}", class.name());
    }
    let located = |class: &std::sync::Arc<cim::Class>, id: &str| {
        repository.read().unwrap().view().locate(root, class, &key(&base, id)).unwrap()
    };
    for from in [&base, &left, &right] {
        assert_eq!(located(from, "L"), Some(name("Test_Left")));
        assert_eq!(located(from, "b"), Some(name("Test_Thing")));
        assert_eq!(located(from, "c"), None);
    }
    let delete = |class: &_, id: &str| {
        repository.write(|w| w.delete_instance(root, class, &key(&base, id))).unwrap()
    };
    assert!(!delete(&right, "l"));
    assert!(delete(&left, "l"));
    assert!(!delete(&left, "l"));
    assert_eq!(located(&base, "l"), None);
    assert_eq!(put(&right, "l"), Ok(false));
}

#[test]
fn records_survive_a_change_of_their_class() {
    let (_dir, repository) = repository();
    let old = class(
        "C",
        None,
        vec![
            key_property("Id", CimType::String),
            property("Gone", CimType::String),
            property("Number", CimType::UInt8),
            property("Text", CimType::String),
        ],
    );
    let root = fill(&repository, &[&old]);
    let mut instance = named(&old, "x");
    for (name, value) in
        [("Gone", "g".into()), ("Number", Value::UInt8(5)), ("Text", Value::string("keep"))]
    {
        instance.put(name, &value).unwrap();
    }
    repository.write(|w| w.put_instance(root, &instance, PutMode::Create)).unwrap();
    let new = class(
        "C",
        None,
        vec![
            property("Text", CimType::String),
            key_property("Id", CimType::String),
            property("Number", CimType::UInt64),
            property("New", CimType::Boolean),
        ],
    );
    fill(&repository, &[&new]);
    repository.write(|w| w.put_instance(root, &named(&new, "y"), PutMode::Create)).unwrap();
    let read: Vec<_> = {
        let snapshot = repository.read().unwrap();
        snapshot.view().instances(root, &new).unwrap().map(Result::unwrap).collect()
    };
    let [x, y] = &read[..] else { panic!("{read:?}") };
    assert_eq!(x.get("Text"), Some(&Value::string("keep")));
    assert_eq!(x.get("Number"), Some(&Value::UInt64(5)));
    assert_eq!((x.get("New"), x.is_supplied(3)), (Some(&Value::Null), false));
    assert_eq!(y, &named(&new, "y"));
}

#[test]
fn g1_system_classes_need_no_declaration() {
    let (_dir, repository) = repository();
    let provider = class("__Win32Provider", None, vec![key_property("Id", CimType::String)]);
    let other = class("Unknown", None, vec![key_property("Id", CimType::String)]);
    let root = fill(&repository, &[]);
    let put = |class| {
        let put = repository.write(|w| w.put_instance(root, &named(class, "p"), PutMode::Create));
        put.map_err(|e| e.status())
    };
    assert_eq!(put(&provider), Ok(false));
    assert_eq!(put(&other), Err(WBEM_E_INVALID_CLASS));
    let snapshot = repository.read().unwrap();
    let view = snapshot.view();
    assert!(view.classes(root).unwrap().is_empty());
    assert!(view.has_instances(root, provider.name()).unwrap());
    assert_eq!(view.class(root, &Name::from("__Win32Provider")).unwrap(), None);
    assert_eq!(view.instances(root, &provider).unwrap().count(), 1);
}

/// In batches, each in a snapshot of its own, while instances are put and deleted between them.
#[test]
fn an_instance_that_exists_in_every_snapshot_is_read_exactly_once() {
    let (_dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    // Short keys, keys as long as LMDB allows, and keys that are cut.
    let id = |n: u32| match n % 3 {
        0 => format!("{n:05}"),
        1 => format!("{n:05}{}", "m".repeat(500)),
        _ => format!("{}{n:05}", "l".repeat(700)),
    };
    let put = |n: u32| {
        let put = |w: &mut repository::Writer<'_>| {
            w.put_instance(root, &named(&thing, &id(n)), PutMode::CreateOrUpdate)
        };
        repository.write(put).unwrap();
    };
    let delete = |n: u32| {
        let key = key(&thing, &id(n));
        repository.write(|w| w.delete_instance(root, &thing, &key)).unwrap();
    };
    // Multiples of 4 exist all the time, those that leave 1 are deleted at some time, those that
    // leave 2 are put at some time, and those that leave 3 are deleted and put again.
    (0..120).filter(|n| n % 4 != 2).for_each(put);
    let (mut position, mut read, mut changed) = (Position::default(), Vec::new(), 0);
    for size in (1..6).cycle() {
        let snapshot = repository.read().unwrap();
        let mut all = snapshot.view().instances_after(root, &thing, &position).unwrap();
        let batch: Vec<Instance> = all.by_ref().take(size).map(Result::unwrap).collect();
        all.advance(&mut position);
        read.extend(batch.iter().map(|it| it.get("Id").unwrap().as_str().unwrap().to_owned()));
        if batch.len() < size {
            break;
        }
        for n in (0..4).map(|step| (changed + step) * 7 % 120) {
            match n % 4 {
                1 => delete(n),
                2 => put(n),
                3 => {
                    delete(n);
                    put(n);
                }
                _ => {}
            }
        }
        changed += 4;
    }
    let count = |n: u32| read.iter().filter(|it| **it == id(n)).count();
    for n in 0..120 {
        let expected = if n % 4 == 0 || n % 4 == 3 { 1..=1 } else { 0..=1 };
        assert!(expected.contains(&count(n)), "{n}: {}", count(n));
    }
    assert!(changed > 100, "{changed}");
}

#[test]
fn a_position_counts_in_a_class_that_was_made_again() {
    let (_dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let put = |w: &mut Writer<'_>| {
        let put = |id| w.put_instance(root, &named(&thing, id), PutMode::Create).map(drop);
        ["a", "b"].into_iter().try_for_each(put)
    };
    repository.write(put).unwrap();
    let mut position = Position::default();
    let snapshot = repository.read().unwrap();
    let mut all = snapshot.view().instances_after(root, &thing, &position).unwrap();
    assert_eq!(all.by_ref().take(1).count(), 1);
    all.advance(&mut position);
    let made_again = repository.write(|w| {
        w.delete_class(root, thing.name())?;
        w.put_class(root, thing.declaration())?;
        put(w)
    });
    made_again.unwrap();
    let snapshot = repository.read().unwrap();
    let rest = snapshot.view().instances_after(root, &thing, &position).unwrap();
    let rest: Vec<_> = rest.map(|it| it.unwrap().get("Id").cloned()).collect();
    assert_eq!(rest, [Some(Value::string("b"))]);
}
