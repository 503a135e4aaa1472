//! Every kind of damage is reported, with the object that it is about.

use cim::{CimType, Class, ClassDeclaration, Flavor, Instance, Name, PropertyDeclaration};
use cim::{Qualifier, Value};
use heed::RwTxn;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::PutMode;
use crate::environment::open::{self, Databases};

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

fn link() -> Arc<Class> {
    let to = PropertyDeclaration {
        name: "To".into(),
        ty: CimType::Reference.into(),
        default: None,
        qualifiers: Default::default(),
    };
    let mut declaration = ClassDeclaration::clone(class("Link", None).declaration());
    declaration.properties.push(to);
    Class::derive(declaration.into(), None, None).unwrap()
}

/// root and root\a; in the latter class 1, Top, and class 2, Low, below it, with the instances
/// t and l; and class 3, Link, whose instance k refers to t.
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
        let link = link();
        w.put_class(ns, link.declaration())?;
        let mut instance = Instance::new(link);
        instance.put("Id", &Value::string("k"))?;
        instance.put("To", &Value::string("Top='t'"))?;
        w.put_instance(ns, &instance, PutMode::Create)?;
        Ok(())
    });
    filled.unwrap();
}

const TOP: [u8; 4] = [0, 0, 0, 1];
const LOW: [u8; 4] = [0, 0, 0, 2];
const NAMESPACE: [u8; 4] = [0, 0, 0, 2];

/// Replaces the entry of a class of the namespace.
fn put_class(dbs: &Databases, txn: &mut RwTxn<'_>, name: &str, entry: ClassEntry<'_>) {
    dbs.classes.put(txn, &NAMESPACE, name.as_bytes(), &entry.to_bytes().unwrap()).unwrap();
}

fn entry<'t>(id: u32, name: &'t str, superclass: Option<&'t str>) -> ClassEntry<'t> {
    ClassEntry { id: ClassId(id), root: ClassId(1), is_stored: true, name, superclass }
}

/// The prefix of the entry of a reference from an instance of a class to t.
fn from(class: [u8; 4]) -> [u8; references::PREFIX] {
    Target::of_text("Top='t'").of_class(NamespaceId(2), ClassId(u32::from_be_bytes(class)))
}

fn from_link() -> [u8; references::PREFIX] {
    from([0, 0, 0, 3])
}

type Damage = fn(&Databases, &mut RwTxn<'_>);

const DAMAGES: &[(Damage, &str)] = &[
    (
        |dbs, txn| drop(dbs.definitions.delete(txn, &LOW)),
        r"class root\a:low: its definition is missing",
    ),
    (
        |dbs, txn| drop(dbs.definitions.put(txn, &LOW, b"\x03Low\x07")),
        r"class root\a:low: a presence byte is neither 0 nor 1",
    ),
    (
        |dbs, txn| drop(dbs.classes.delete(txn, &NAMESPACE, b"top")),
        r"class root\a:Low: its superclass Top does not exist",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "top", entry(1, "Top", Some("Low"))),
        r"class root\a:Top: it derives from itself",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "top", entry(1, "Other", None)),
        r"class root\a:top: its entry belongs to Other",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "more", entry(7, "More", None)),
        r"class root\a:more: its number was never assigned",
    ),
    (
        |dbs, txn| put_class(dbs, txn, "more", entry(2, "More", None)),
        r"class root\a:more: it has the same number as root\a:Low",
    ),
    (
        |dbs, txn| drop(dbs.layouts.delete(txn, &[0, 0, 0, 2, 0, 0])),
        r"instance root\a:Low l: its layout is missing",
    ),
    (
        |dbs, txn| drop(dbs.layouts.put(txn, &[0, 0, 0, 2, 0, 0], b"\x05")),
        r"class root\a:Low: layout [00, 00]: a record is truncated",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"t\0", b"\0\0\0\x01\x01\x09t")),
        r"instance root\a:Top t: a record is truncated",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"t\0", b"\0\0\0\x01\x01\x01t\0")),
        r"instance root\a:Top t: a record is followed by extra bytes",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &[0, 0, 0, 9], b"t\0", b"\0\0\0\0\0")),
        "there are instances of unknown classes",
    ),
    (
        |dbs, txn| drop(dbs.locator.delete(txn, &TOP, b"l\0")),
        r"instance root\a:Low l: its entry in the locator is missing",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &TOP, b"l\0", b"\x01\0\0\0")),
        r"instance root\a:Low l: the locator leads to another class",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &TOP, b"x\0", b"\x02\0\0\0")),
        r"locator of root\a:Top x: it leads to an instance that does not exist",
    ),
    (
        |dbs, txn| drop(dbs.locator.put(txn, &LOW, b"x\0", b"\x01\0\0\0")),
        r"locator of root\a:Low x: it leads to a class outside the family",
    ),
    (
        |dbs, txn| drop(dbs.instances.put(txn, &TOP, b"l\0", b"\0\0\0\x01\x01\x01l")),
        r"instance root\a:Low l: an instance of a superclass has the same identity",
    ),
    (
        |dbs, txn| drop(dbs.references.delete(txn, &from_link(), b"k\0")),
        r"instance root\a:Link k: the entry of one of its references is missing",
    ),
    (
        |dbs, txn| drop(dbs.references.put(txn, &from_link(), b"x\0", b"")),
        r"it is from root\a:Link x, which does not exist",
    ),
    (
        |dbs, txn| drop(dbs.references.put(txn, &from(TOP), b"t\0", b"")),
        r"it is from root\a:Top t, which does not have it",
    ),
    (
        |dbs, txn| drop(dbs.references.put(txn, &from([0, 0, 0, 9]), b"t\0", b"")),
        "its class does not exist",
    ),
    (
        |dbs, txn| drop(dbs.references.0.put(txn, b"short", b"")),
        "reference [73, 68, 6f, 72, 74]: a key is truncated",
    ),
    (
        |dbs, txn| drop(dbs.namespaces.delete(txn, &[], b"root")),
        r"namespace root\a: its parent does not exist",
    ),
    (
        |dbs, txn| drop(dbs.namespaces.delete(txn, &[], b"root\\a")),
        "there are classes of unknown namespaces",
    ),
    (
        |dbs, txn| drop(dbs.meta.delete(txn, META_NEXT_NAMESPACE)),
        r"namespace root\a: its number was never assigned",
    ),
];

#[test]
fn g13_every_kind_of_damage_is_reported() {
    for (damage, expected) in DAMAGES {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let opened = open::open(dir.path(), MAP).unwrap();
        let mut txn = opened.env.write_txn().unwrap();
        damage(&opened.dbs, &mut txn);
        txn.commit().unwrap();
        drop(opened);
        let found = Repository::create_or_open(dir.path()).unwrap().verify().unwrap();
        assert!(
            found.problems.iter().any(|p| p.ends_with(expected)),
            "{expected}: {:?}",
            found.problems
        );
    }
}

#[test]
fn everything_valid_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let found = Repository::create_or_open(dir.path()).unwrap().verify().unwrap();
    assert_eq!((found.namespaces, found.classes, found.instances), (2, 3, 3));
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
