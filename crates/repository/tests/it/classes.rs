//! Namespaces and classes, transactions and what they see, names of any length.

use cim::security::Descriptor;
use cim::status::*;
use cim::{CimType, ClassDeclaration, Namespace, Value};
use repository::{NamespaceSecurity, PutMode, Repository};

use crate::support::*;

fn namespace(path: &str) -> Namespace {
    Namespace::new(path).unwrap()
}

fn declared(name: &str, superclass: Option<&str>) -> ClassDeclaration {
    ClassDeclaration {
        name: name.into(),
        superclass: superclass.map(Into::into),
        ..ClassDeclaration::default()
    }
}

#[test]
fn g1_namespaces_lie_in_each_other() {
    let (_dir, repository) = repository();
    let create = |path: &str| {
        repository.write(|w| w.create_namespace(&namespace(path))).map_err(|e| e.status())
    };
    let delete = |path: &str| {
        let deleted = repository.write(|w| w.delete_namespace(&namespace(path)));
        deleted.map(|gone| gone.len()).map_err(|e| e.status())
    };
    assert_eq!(create("root\\a\\b"), Err(WBEM_E_INVALID_NAMESPACE));
    let first = create("root\\A").unwrap();
    assert_eq!(create("ROOT\\a"), Err(WBEM_E_ALREADY_EXISTS));
    create("root\\a\\b").unwrap();
    create("root\\ab").unwrap();
    let paths = || repository.read().unwrap().view().namespaces().unwrap();
    assert_eq!(paths(), ["root", "root\\A", "root\\a\\b", "root\\ab"].map(namespace));
    assert_eq!(paths()[1].as_str(), "root\\A");
    assert_eq!(delete("root"), Err(WBEM_E_INVALID_OPERATION));
    assert_eq!(delete("root\\a"), Ok(2));
    assert_eq!(delete("root\\a"), Ok(0));
    assert_eq!(paths(), ["root", "root\\ab"].map(namespace));
    assert_ne!(create("root\\a").unwrap(), first);
    let stale = repository.write(|w| w.put_class(first, &declared("X", None)));
    assert_eq!(stale.unwrap_err().status(), WBEM_E_INVALID_NAMESPACE);
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn a_deleted_namespace_leaves_nothing_behind() {
    let (_dir, repository) = repository();
    let base = thing();
    let left = class("Test_Left", Some(&base), vec![]);
    let fill = || {
        repository.write(|w| {
            let ns = w.create_namespace(&namespace("root\\x"))?;
            w.put_class(ns, base.declaration())?;
            w.put_class(ns, left.declaration())?;
            for id in 0..100 {
                let class = if id % 2 == 0 { &base } else { &left };
                w.put_instance(ns, &named(class, &id.to_string()), PutMode::Create)?;
            }
            Ok(ns)
        })
    };
    let empty = repository.verify().unwrap();
    let old = fill().unwrap();
    repository.write(|w| w.delete_namespace(&namespace("root\\x"))).unwrap();
    let after = repository.verify().unwrap();
    assert_eq!((after.classes, after.instances, &after.problems), (0, 0, &vec![]));
    assert!(after.pages <= empty.pages + 2, "{after:?} {empty:?}");
    let new = fill().unwrap();
    let snapshot = repository.read().unwrap();
    assert_eq!(snapshot.view().instances(new, &left).unwrap().count(), 50);
    assert_eq!(snapshot.view().instances(old, &left).unwrap().count(), 0);
}

/// Of a class that is not stored only the name is kept. Classes that derive from it can have
/// instances, which are found by its keys.
#[test]
fn a_superclass_may_be_elsewhere() {
    let (_dir, repository) = repository();
    let root = fill(&repository, &[]);
    let put = |name: &str, superclass: Option<&str>| {
        repository.write(|w| w.put_class(root, &declared(name, superclass)))
    };
    repository.write(|w| w.know_class(root, &name("A"))).unwrap();
    assert_eq!(put("B", Some("a")).map_err(|e| e.status()), Ok(false));
    let snapshot = repository.read().unwrap();
    let listed = snapshot.view().classes(root).unwrap();
    let listed: Vec<_> = listed.iter().map(|c| (c.name.as_str(), c.superclass.clone())).collect();
    assert_eq!(listed, [("B", Some(name("a")))]);
    assert_eq!(snapshot.view().class(root, &name("A")).unwrap(), None);
    assert_eq!(repository.verify().unwrap().problems, Vec::<String>::new());
    assert_eq!(put("A", None).map_err(|e| e.status()), Ok(false), "it is stored from here on");
    repository.write(|w| w.know_class(root, &name("A"))).unwrap();
    assert!(repository.read().unwrap().view().class(root, &name("A")).unwrap().is_some());
}

#[test]
fn classes_need_their_superclass_and_keep_it() {
    let (_dir, repository) = repository();
    let root = fill(&repository, &[]);
    let put = |name: &str, superclass: Option<&str>| {
        let put = repository.write(|w| w.put_class(root, &declared(name, superclass)));
        put.map_err(|e| e.status())
    };
    let delete = |class: &str| {
        repository.write(|w| w.delete_class(root, &name(class))).map_err(|e| e.status())
    };
    assert_eq!(put("B", Some("A")), Err(WBEM_E_INVALID_SUPERCLASS));
    assert_eq!(put("A", Some("A")), Err(WBEM_E_INVALID_SUPERCLASS));
    assert_eq!(put("A", None), Ok(false));
    assert_eq!(put("B", Some("a")), Ok(false));
    assert_eq!(put("C", Some("b")), Ok(false));
    assert_eq!(put("A", Some("C")), Err(WBEM_E_INVALID_SUPERCLASS));
    assert_eq!(put("F", Some("__Event")), Ok(false));
    assert_eq!(put("A", None), Ok(true));
    assert_eq!(delete("B"), Err(WBEM_E_CLASS_HAS_CHILDREN));
    assert_eq!((delete("c"), delete("C"), delete("B")), (Ok(true), Ok(false), Ok(true)));
    let listed = repository.read().unwrap().view().classes(root).unwrap();
    let listed: Vec<_> = listed.iter().map(|c| (c.name.as_str(), c.superclass.clone())).collect();
    assert_eq!(listed, [("A", None), ("F", Some(name("__Event")))]);
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn a_deleted_class_takes_its_instances_along() {
    let (_dir, repository) = repository();
    let base = thing();
    let left = class("Test_Left", Some(&base), vec![]);
    let root = fill(&repository, &[&base, &left]);
    let put = |class| {
        repository.write(|w| w.put_instance(root, &named(class, "x"), PutMode::Create)).is_ok()
    };
    assert!(put(&left));
    assert!(!put(&base));
    let old = repository.read().unwrap();
    assert!(repository.write(|w| w.delete_class(root, left.name())).unwrap());
    assert!(put(&base));
    fill(&repository, &[&left]);
    let new = repository.read().unwrap();
    for (snapshot, count) in [(&old, 1), (&new, 0), (&old, 1)] {
        assert_eq!(snapshot.view().instances(root, &left).unwrap().count(), count);
        assert_eq!(snapshot.view().has_instances(root, left.name()).unwrap(), count == 1);
    }
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn a_class_with_instances_cannot_change_what_identifies_them() {
    let (_dir, repository) = repository();
    let (base, other) = (class("Base", None, vec![]), thing());
    let before = class("C", Some(&other), vec![]);
    let after = class("C", None, vec![key_property("Id", CimType::String)]);
    let root = fill(&repository, &[&base, &other, &before]);
    repository.write(|w| w.put_instance(root, &named(&before, "x"), PutMode::Create)).unwrap();
    fill(&repository, &[&after]);
    let put = || repository.write(|w| w.put_instance(root, &named(&after, "y"), PutMode::Create));
    assert_eq!(put().unwrap_err().status(), WBEM_E_CLASS_HAS_INSTANCES);
    repository.write(|w| w.delete_instance(root, &after, &key(&after, "x"))).unwrap();
    put().unwrap();
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn the_generation_tells_of_classes_and_the_version_of_everything() {
    let (_dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    repository.write(|w| w.create_namespace(&namespace("root\\other"))).unwrap();
    let seen = || {
        let snapshot = repository.read().unwrap();
        let view = snapshot.view();
        let generation = |path| view.state(&namespace(path)).unwrap().unwrap().generation;
        (generation("root"), generation("root\\other"), view.version())
    };
    let before = seen();
    assert_eq!(seen(), before);
    repository.write(|w| w.put_instance(root, &named(&thing, "x"), PutMode::Create)).unwrap();
    let after_instance = seen();
    assert_eq!((after_instance.0, after_instance.1), (before.0, before.1));
    assert_ne!(after_instance.2, before.2);
    repository.write(|w| w.put_class(root, thing.declaration())).unwrap();
    let after_class = seen();
    assert!(after_class.0 > before.0);
    assert_eq!(after_class.1, before.1);
    repository
        .write(|w| {
            w.delete_class(root, thing.name())?;
            w.create_namespace(&namespace("root\\third"))
        })
        .unwrap();
    assert!(seen().0 > after_class.0);
}

/// Behaviour.md G.11: descriptors are per namespace, and stored.
#[test]
fn g11_a_namespace_keeps_who_may_be_in_it() {
    let (_dir, repository) = repository();
    let bytes = "O:BAG:BAD:(A;CI;0x13;;;AU)".parse::<Descriptor>().unwrap().to_bytes().unwrap();
    let path = namespace("root\\x");
    let security =
        NamespaceSecurity { descriptor: Some(bytes.as_slice()), requires_encryption: true };
    let absent = repository.write(|w| w.set_security(&path, security)).unwrap_err();
    assert_eq!(absent.status(), WBEM_E_INVALID_NAMESPACE);
    repository.write(|w| w.create_namespace(&path)).unwrap();
    let seen = |repository: &Repository, expected: NamespaceSecurity<'_>| {
        let snapshot = repository.read().unwrap();
        let state = snapshot.view().state(&path).unwrap().unwrap();
        assert_eq!(state.security, expected);
        state.generation
    };
    let before = seen(&repository, NamespaceSecurity::default());
    repository.write(|w| w.set_security(&path, security)).unwrap();
    assert!(seen(&repository, security) > before, "what is known of the namespace is stale");
    assert!(repository.verify().unwrap().is_clean());
    let directory = repository.directory().to_owned();
    drop(repository);
    let repository = Repository::create_or_open(directory).unwrap();
    seen(&repository, security);
    // A change of classes leaves it.
    let id = repository.read().unwrap().view().namespace(&path).unwrap().unwrap();
    repository.write(|w| w.put_class(id, &declared("X", None))).unwrap();
    seen(&repository, security);
    let damaged = NamespaceSecurity { descriptor: Some(&bytes[1..]), requires_encryption: false };
    repository.write(|w| w.set_security(&path, damaged)).unwrap();
    let problems = repository.verify().unwrap().problems;
    assert_eq!(problems, ["namespace root\\x: its security descriptor is invalid"]);
    repository.write(|w| w.set_security(&path, NamespaceSecurity::default())).unwrap();
    seen(&repository, NamespaceSecurity::default());
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let (_dir, repository) = repository();
    let thing = thing();
    let root = fill(&repository, &[&thing]);
    let before = repository.read().unwrap();
    let failed = repository.write(|w| {
        w.put_instance(root, &named(&thing, "x"), PutMode::Create)?;
        assert!(w.view().instance(root, &thing, &key(&thing, "x"))?.is_some());
        assert_eq!(w.view().instances(root, &thing)?.count(), 1);
        assert!(repository.read()?.view().instance(root, &thing, &key(&thing, "x"))?.is_none());
        w.put_class(root, class("New", None, vec![]).declaration())?;
        Err::<(), _>(WBEM_E_FAILED.with("on purpose"))
    });
    assert_eq!(failed.unwrap_err().status(), WBEM_E_FAILED);
    let absent = |snapshot: &repository::Snapshot| {
        let view = snapshot.view();
        view.instance(root, &thing, &key(&thing, "x")).unwrap().is_none()
            && view.class(root, &name("New")).unwrap().is_none()
    };
    assert!(absent(&before) && absent(&repository.read().unwrap()));
    repository.write(|w| w.put_instance(root, &named(&thing, "x"), PutMode::Create)).unwrap();
    assert!(absent(&before) && !absent(&repository.read().unwrap()));
}

#[test]
fn a_transaction_within_another_is_refused() {
    let (_dir, repository) = repository();
    let nested = repository.write(|_| repository.write(|_| Ok(())));
    assert_eq!(nested.unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    repository.write(|_| Ok(())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| repository.write(|w| w.put_meta("x", Some("y"))).unwrap());
        }
    });
}

#[test]
fn notes_are_kept() {
    let (_dir, repository) = repository();
    let note = || repository.read().unwrap().view().meta("host mof").unwrap();
    assert_eq!(note(), None);
    repository.write(|w| w.put_meta("host mof", Some("1 ü"))).unwrap();
    assert_eq!(note().as_deref(), Some("1 ü"));
    repository.write(|w| w.put_meta("host mof", None)).unwrap();
    assert_eq!(note(), None);
}

#[test]
fn names_and_keys_of_any_length_are_told_apart() {
    let (_dir, repository) = repository();
    let long = |len: usize, end: &str| format!("{}{end}", "Abcdefgh".repeat(len / 8));
    for len in [8, 400, 496, 504, 512, 1000, 5000] {
        let [first, second] = [long(len, "x"), long(len, "y")];
        let path = |leaf: &str| Namespace::root().child(leaf).unwrap();
        let ns = repository.write(|w| w.create_namespace(&path(&first))).unwrap();
        let other = repository.write(|w| w.create_namespace(&path(&second))).unwrap();
        let base = class(&first, None, vec![key_property("Id", CimType::String)]);
        let derived = class(&second, Some(&base), vec![]);
        repository
            .write(|w| {
                w.put_class(ns, base.declaration())?;
                w.put_class(ns, derived.declaration())?;
                w.put_class(other, base.declaration())?;
                w.put_instance(ns, &named(&base, &first), PutMode::Create)?;
                w.put_instance(ns, &named(&derived, &second), PutMode::Create)
            })
            .unwrap();
        let snapshot = repository.read().unwrap();
        let view = snapshot.view();
        assert_eq!(view.namespace(&path(&first.to_uppercase())).unwrap(), Some(ns));
        assert_eq!(view.class(ns, &name(&first)).unwrap().as_ref(), Some(&**base.declaration()));
        assert_eq!(view.class(other, &name(&second)).unwrap(), None);
        let key = |id: &str| key(&base, &id.to_lowercase());
        assert_eq!(view.locate(ns, &base, &key(&second)).unwrap().as_ref(), Some(derived.name()));
        let read = view.instance(ns, &base, &key(&first)).unwrap().unwrap();
        assert_eq!(read.get("Id"), Some(&Value::string(&*first)));
        assert_eq!(view.instance(ns, &base, &key(&second)).unwrap(), None);
        assert_eq!(view.classes(ns).unwrap().len(), 2);
        assert_eq!(repository.verify().unwrap().problems, [""; 0]);
        repository
            .write(|w| {
                assert!(w.delete_instance(ns, &derived, &key(&second))?);
                assert!(w.delete_class(ns, derived.name())?);
                w.delete_namespace(&path(&second))
            })
            .unwrap();
    }
    assert_eq!(repository.verify().unwrap().problems, [""; 0]);
}
