//! Which instances refer to an object: found by its path, kept through every write.

use std::sync::Arc;

use cim::{CimType, Class, Instance, Name, Namespace, ObjectPath, Value};
use repository::{NamespaceId, Position, PutMode, Repository};

use crate::support::*;

fn link() -> Arc<Class> {
    class(
        "Test_Link",
        None,
        vec![
            key_property("Id", CimType::String),
            property("From", CimType::Reference),
            property("To", CimType::Reference),
        ],
    )
}

fn linked(class: &Arc<Class>, id: &str, from: &str, to: &str) -> Instance {
    let mut instance = named(class, id);
    instance.put("From", &Value::string(from)).unwrap();
    instance.put("To", &Value::string(to)).unwrap();
    instance
}

fn path(text: &str) -> ObjectPath {
    text.parse().unwrap()
}

/// The ids of the instances of `class` that refer to `target`.
fn ids(repository: &Repository, ns: NamespaceId, class: &Arc<Class>, target: &str) -> Vec<String> {
    let snapshot = repository.read().unwrap();
    let found = snapshot.view().referring(ns, class, &path(target)).unwrap();
    let id = |i: cim::Result<Instance>| i.unwrap().get("Id").unwrap().as_str().unwrap().to_owned();
    found.map(id).collect()
}

fn classes(repository: &Repository, ns: NamespaceId, target: &str) -> Vec<Name> {
    repository.read().unwrap().view().referring_classes(ns, &path(target)).unwrap()
}

fn check_whole(repository: &Repository) {
    assert_eq!(repository.verify().unwrap().problems, [""; 0]);
}

#[test]
fn every_spelling_of_a_path_finds_what_refers_to_the_object() {
    let (_dir, repository) = repository();
    let (link, thing) = (link(), thing());
    let low = class("Test_Low", Some(&link), vec![]);
    let root = fill(&repository, &[&link, &thing, &low]);
    let put = [
        linked(&link, "a", "Test_Thing.Id=\"x\"", "Test_Thing=\"y\""),
        linked(&link, "b", r#"\\.\root:test_thing='X'"#, "no path at all"),
        linked(&link, "c", "Test_Thing.Id=\"z\"", r#"root\other:Test_Thing.Id="x""#),
        linked(&link, "both", "Test_Thing=\"both\"", "Test_Thing.ID=\"BOTH\""),
        linked(&low, "l", "Test_Thing=\"x\"", "Test_Thing=\"x\""),
        named(&link, "null"),
    ];
    let put = |w: &mut repository::Writer<'_>| {
        put.iter().try_for_each(|i| w.put_instance(root, i, PutMode::Create).map(drop))
    };
    repository.write(put).unwrap();
    for target in ["Test_Thing=\"x\"", "test_thing.id='X'", r#"\\here\root\b:Test_Thing="x""#] {
        assert_eq!(ids(&repository, root, &link, target), ["a", "b", "c"], "{target}");
        assert_eq!(ids(&repository, root, &low, target), ["l"]);
        assert!(ids(&repository, root, &thing, target).is_empty());
        let expected = [link.name().clone(), low.name().clone()];
        assert_eq!(classes(&repository, root, target), expected);
    }
    assert_eq!(ids(&repository, root, &link, "Test_Thing=\"both\""), ["both"]);
    assert!(classes(&repository, root, "Test_Thing=\"absent\"").is_empty());
    check_whole(&repository);
}

#[test]
fn long_keys_and_paths_are_found() {
    let (_dir, repository) = repository();
    let link = link();
    let root = fill(&repository, &[&link]);
    let long = "k".repeat(3000);
    let target = format!("Test_Thing=\"{}\"", "t".repeat(3000));
    for end in ["a", "b"] {
        let instance = linked(&link, &format!("{long}{end}"), &target, "Test_Thing=\"x\"");
        repository.write(|w| w.put_instance(root, &instance, PutMode::Create)).unwrap();
    }
    let ends = |target: &str| {
        let ids = ids(&repository, root, &link, target);
        let mut ends: Vec<String> = ids.iter().map(|id| id[long.len()..].to_owned()).collect();
        ends.sort();
        ends
    };
    assert_eq!(ends(&target), ["a", "b"]);
    assert_eq!(ends("Test_Thing=\"x\""), ["a", "b"]);
    check_whole(&repository);
    let gone = key(&link, &format!("{long}a"));
    assert!(repository.write(|w| w.delete_instance(root, &link, &gone)).unwrap());
    assert_eq!(ends(&target), ["b"]);
    check_whole(&repository);
}

#[test]
fn what_is_replaced_or_deleted_refers_to_nothing() {
    let (_dir, repository) = repository();
    let link = link();
    let root = fill(&repository, &[&link]);
    let put = |from: &str, to: &str| {
        let instance = linked(&link, "a", from, to);
        repository.write(|w| w.put_instance(root, &instance, PutMode::CreateOrUpdate)).unwrap();
        check_whole(&repository);
    };
    let refer = |target: &str| ids(&repository, root, &link, target).len();
    put("T=\"1\"", "T=\"2\"");
    put("T=\"2\"", "T=\"3\"");
    assert_eq!(["T=\"1\"", "T=\"2\"", "T=\"3\""].map(refer), [0, 1, 1]);
    repository.write(|w| w.put_instance(root, &named(&link, "a"), PutMode::Update)).unwrap();
    assert_eq!(["T=\"2\"", "T=\"3\""].map(refer), [0, 0]);
    check_whole(&repository);
    put("T=\"1\"", "T=\"1\"");
    assert!(repository.write(|w| w.delete_instance(root, &link, &key(&link, "a"))).unwrap());
    assert_eq!(refer("T=\"1\""), 0);
    check_whole(&repository);
}

#[test]
fn a_class_that_no_longer_has_the_property_leaves_nothing_behind() {
    let (_dir, repository) = repository();
    let old = link();
    let root = fill(&repository, &[&old]);
    for id in ["a", "b"] {
        let instance = linked(&old, id, "T=\"1\"", "T=\"2\"");
        repository.write(|w| w.put_instance(root, &instance, PutMode::Create)).unwrap();
    }
    let new = class(
        "Test_Link",
        None,
        vec![key_property("Id", CimType::String), property("To", CimType::Reference)],
    );
    fill(&repository, &[&new]);
    check_whole(&repository);
    repository.write(|w| w.put_instance(root, &named(&new, "a"), PutMode::Update)).unwrap();
    check_whole(&repository);
    assert_eq!(ids(&repository, root, &new, "T=\"2\""), ["b"]);
    repository.write(|w| w.delete_instance(root, &new, &key(&new, "b"))).unwrap();
    check_whole(&repository);
    assert!(classes(&repository, root, "T=\"1\"").is_empty());
}

#[test]
fn a_class_or_a_namespace_takes_its_references_with_it() {
    let (_dir, repository) = repository();
    let base = link();
    let low = class("Test_Low", Some(&base), vec![]);
    let root = fill(&repository, &[&base, &low]);
    let inner = Namespace::new("root\\inner").unwrap();
    let in_inner = repository.write(|w| {
        let id = w.create_namespace(&inner)?;
        w.put_class(id, base.declaration())?;
        // More than are deleted at a time.
        for n in 0..2500 {
            let instance = linked(&low, &format!("l{n}"), "T=\"1\"", &format!("T=\"{n}\""));
            w.put_instance(root, &instance, PutMode::Create)?;
        }
        for ns in [root, id] {
            w.put_instance(ns, &linked(&base, "b", "T=\"1\"", "T=\"2\""), PutMode::Create)?;
        }
        Ok(id)
    });
    let in_inner = in_inner.unwrap();
    check_whole(&repository);
    assert_eq!(ids(&repository, root, &low, "T=\"1\"").len(), 2500);
    assert!(repository.write(|w| w.delete_class(root, low.name())).unwrap());
    check_whole(&repository);
    assert_eq!(classes(&repository, root, "T=\"1\""), [base.name().clone()]);
    assert_eq!(repository.write(|w| w.delete_namespace(&inner)).unwrap().len(), 1);
    check_whole(&repository);
    assert!(classes(&repository, in_inner, "T=\"1\"").is_empty());
    assert_eq!(ids(&repository, root, &base, "T=\"1\""), ["b"]);
}

/// One after another, each in a snapshot of its own; what was read last is deleted meanwhile.
#[test]
fn reading_goes_on_after_the_last_one_in_another_snapshot() {
    let (_dir, repository) = repository();
    let (link, thing) = (link(), thing());
    let root = fill(&repository, &[&link, &thing]);
    let long = "l".repeat(2000);
    let mut expected = ["a", "b", "c"].map(str::to_owned).to_vec();
    expected.extend(["x", "y", "z"].map(|end| format!("{long}{end}")));
    let put = |w: &mut repository::Writer<'_>| {
        let linked = |id: &String| linked(&link, id, "Test_Thing='x'", "Test_Thing='y'");
        expected
            .iter()
            .try_for_each(|id| w.put_instance(root, &linked(id), PutMode::Create).map(drop))
    };
    for by_reference in [true, false] {
        repository.write(put).unwrap();
        let (mut position, mut found) = (Position::default(), Vec::new());
        loop {
            let snapshot = repository.read().unwrap();
            let view = snapshot.view();
            let next = if by_reference {
                let target = path("Test_Thing='x'");
                let mut all = view.referring_after(root, &link, &target, &position).unwrap();
                let next = all.next();
                all.advance(&mut position);
                next
            } else {
                let mut all = view.instances_after(root, &link, &position).unwrap();
                let next = all.next();
                all.advance(&mut position);
                next
            };
            let Some(next) = next else { break };
            let next = next.unwrap();
            found.push(next.get("Id").unwrap().as_str().unwrap().to_owned());
            let key = next.key().unwrap();
            repository.write(|w| w.delete_instance(root, &link, &key)).unwrap();
        }
        found.sort();
        assert_eq!(found, expected);
    }
    check_whole(&repository);
}
