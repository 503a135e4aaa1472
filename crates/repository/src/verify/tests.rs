//! Damage of every kind is told, with the object that it is about.

use cim::{CimType, Class, ClassDeclaration, Flavor, Instance, Name, PropertyDeclaration};
use cim::{Qualifier, Value};
use heed::RwTxn;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::PutMode;
use crate::open::{self, Databases};

const MAP: usize = 1 << 20;

fn class(name: &str, superclass: Option<&Arc<Class>>) -> Arc<Class> {
    let key = PropertyDeclaration {
        name: "Id".into(),
        ty: CimType::String.into(),
        default: None,
        qualifiers: [Qualifier::new("key", true, Flavor::default())].into_iter().collect(),
    };
    let declaration = ClassDeclaration {
        name: name.into(),
        superclass: superclass.map(|s| s.name().clone()),
        properties: if superclass.is_some() { vec![] } else { vec![key] },
        ..Default::default()
    };
    Class::derive(declaration.into(), superclass.cloned(), None).unwrap()
}

/// root and root\a; in the latter class 1, Top, and class 2, Low, below it, with the instances
/// t and l.
fn fill(dir: &Path) {
    let repository = Repository::create_or_open_with_map(dir, MAP).unwrap();
    let top = class("Top", None);
    let low = class("Low", Some(&top));
    let filled = repository.write(|w| {
        let ns = w.create_namespace(&Namespace::new("root\\a")?)?;
        for (class, id) in [(&top, "t"), (&low, "l")] {
            w.put_class(ns, class.declaration())?;
            let mut instance = Instance::new(class.clone());
            instance.put("Id", &Value::string(id))?;
            w.put_instance(ns, &instance, PutMode::Create)?;
        }
        Ok(())
    });
    filled.unwrap();
}

const TOP: [u8; 4] = [0, 0, 0, 1];
const LOW: [u8; 4] = [0, 0, 0, 2];
const NAMESPACE: [u8; 4] = [0, 0, 0, 2];

/// Puts another entry of a class of the namespace in the place of what `name` has.
fn put_class(dbs: &Databases, txn: &mut RwTxn<'_>, name: &str, entry: ClassEntry<'_>) {
    dbs.classes.put(txn, &NAMESPACE, name.as_bytes(), &entry.to_bytes().unwrap()).unwrap();
}

fn entry<'t>(id: u32, name: &'t str, superclass: Option<&'t str>) -> ClassEntry<'t> {
    ClassEntry { id: ClassId(id), root: ClassId(1), is_stored: true, name, superclass }
}

type Damage = fn(&Databases, &mut RwTxn<'_>);

const DAMAGES: &[(Damage, &str)] = &[
    (|dbs, txn| drop(dbs.definitions.delete(txn, &LOW)), r"class root\a:low: it has no definition"),
    (
        |dbs, txn| drop(dbs.definitions.put(txn, &LOW, b"\x03Low\x07")),
        r"class root\a:low: a mark is neither 0 nor 1",
    ),
    (
        |dbs, txn| drop(dbs.classes.delete(txn, &NAMESPACE, b"top")),
        r"class root\a:Low: its superclass Top is not there",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "top", entry(1, "Top", Some("Low"))),
        r"class root\a:Top: it derives from itself",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "top", entry(1, "Other", None)),
        r"class root\a:top: its entry is that of Other",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "more", entry(7, "More", None)),
        r"class root\a:more: its number was never given",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "more", entry(2, "More", None)),
        r"class root\a:more: it has the number of root\a:Low",
    ),
    (
        |dbs, txn| drop(dbs.layouts.delete(txn, &[0, 0, 0, 2, 0, 0])),
        r"instance root\a:Low l: its layout is not there",
    ),
    (
        |dbs, txn| drop(dbs.layouts.put(txn, &[0, 0, 0, 2, 0, 0], b"\x05")),
        r"class root\a:Low: layout [00, 00]: a record is cut off",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"t\0", b"\0\0\0\x01\x01\x09t")),
        r"instance root\a:Top t: a record is cut off",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"t\0", b"\0\0\0\x01\x01\x01t\0")),
        r"instance root\a:Top t: bytes are left over behind a record",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &[0, 0, 0, 9], b"t\0", b"\0\0\0\0\0")),
        "there are instances that belong to no class",
    ),
    (
        |dbs, txn| drop(dbs.locator.delete(txn, &TOP, b"l\0")),
        r"instance root\a:Low l: the locator does not lead to it",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &TOP, b"l\0", b"\x01\0\0\0")),
        r"instance root\a:Low l: the locator leads to another class",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &TOP, b"x\0", b"\x02\0\0\0")),
        r"locator of root\a:Top x: it leads to an instance that is not there",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &LOW, b"x\0", b"\x01\0\0\0")),
        r"locator of root\a:Low x: it leads to a class that is not of the family",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"l\0", b"\0\0\0\x01\x01\x01l")),
        r"instance root\a:Low l: an instance of a superclass has its identity too",
    ),
    (
        |dbs, txn| drop(dbs.namespaces.delete(txn, &[], b"root")),
        r"namespace root\a: it lies in none",
    ),
    (
        |dbs, txn| drop(dbs.namespaces.delete(txn, &[], b"root\\a")),
        "there are classes that are in no namespace",
    ),
    (
        |dbs, txn| drop(dbs.meta.delete(txn, META_NEXT_NAMESPACE)),
        r"namespace root\a: its number was never given",
    ),
];

#[test]
fn g13_every_kind_of_damage_is_told() {
    for (damage, expected) in DAMAGES {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let opened = open::open(dir.path(), MAP).unwrap();
        let mut txn = opened.env.write_txn().unwrap();
        damage(&opened.dbs, &mut txn);
        txn.commit().unwrap();
        drop(opened);
        let found = Repository::create_or_open(dir.path()).unwrap().verify().unwrap();
        assert!(found.problems.iter().any(|p| p == expected), "{expected}: {:?}", found.problems);
    }
}

#[test]
fn what_is_whole_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let found = Repository::create_or_open(dir.path()).unwrap().verify().unwrap();
    assert_eq!((found.namespaces, found.classes, found.instances), (2, 2, 2));
    assert!(found.is_clean() && found.pages > 8, "{found:?}");
}

#[test]
fn a_chain_of_superclasses_is_followed_by_name_without_case() {
    let names = BTreeMap::from([
        (Name::from("A"), None),
        (Name::from("B"), Some(Name::from("a"))),
        (Name::from("C"), Some(Name::from("__Event"))),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open(dir.path()).unwrap();
    let snapshot = repository.read().unwrap();
    let mut verifier = Verifier::new(snapshot.view(), Verification::default());
    verifier.derivation(&Namespace::root(), &names);
    assert!(verifier.found.is_clean(), "{:?}", verifier.found);
}
