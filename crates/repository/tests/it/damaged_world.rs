//! A repository worth damaging: namespaces, classes and instances of all shapes, with a past of
//! changes and deletions. What is in it is known without reading it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cim::{CimType, Class, Instance, Name, Namespace, Value};
use repository::{PutMode, Repository, Writer};

use crate::support::*;

/// How many classes each namespace has.
const CLASSES: usize = 50;

/// What is in the repository.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) namespaces: Vec<Namespace>,
    /// By namespace and name.
    pub(crate) classes: BTreeMap<(String, Name), Arc<Class>>,
    /// By namespace, class and key.
    pub(crate) instances: BTreeMap<(String, Name, Vec<u8>), Instance>,
}

/// What was found of a world.
#[derive(Default, Debug)]
pub(crate) struct Seen {
    pub(crate) namespaces: usize,
    pub(crate) classes: usize,
    pub(crate) instances: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = World::default();
        for path in [r"root", r"root\plant", r"root\plant\line", r"root\office"] {
            world.namespaces.push(Namespace::new(path).unwrap());
            if path != "root" {
                world.fill(path);
            }
        }
        world
    }

    fn fill(&mut self, namespace: &str) {
        let place = |name: &Name| (namespace.to_owned(), name.clone());
        let base = class(
            "Plant_Base",
            None,
            vec![
                key_property("Id", CimType::String),
                property("Count", CimType::UInt32),
                property("Note", CimType::String),
                property("Next", CimType::Reference),
            ],
        );
        let mut above = base.clone();
        self.classes.insert(place(base.name()), base.clone());
        for n in 0..CLASSES {
            let own = vec![
                property(&format!("Size{n}"), CimType::UInt64),
                property(&format!("Text{n}"), CimType::String),
            ];
            let superclass = if n % 5 == 0 { &base } else { &above };
            let class = class(&format!("Plant_Class{n:03}"), Some(superclass), own);
            for at in 0..4 {
                let instance = filled(&class, n, at);
                let key = instance.key().unwrap().as_bytes().to_vec();
                self.instances.insert((namespace.to_owned(), class.name().clone(), key), instance);
            }
            self.classes.insert(place(class.name()), class.clone());
            above = class;
        }
    }

    /// Makes the repository in `dir`, by detours.
    pub(crate) fn make(&self, dir: &Path) {
        let repository = Repository::create_or_open(dir).unwrap();
        for namespace in &self.namespaces[1..] {
            repository.write(|w| w.create_namespace(namespace)).unwrap();
            repository.write(|w| self.classes(w, namespace)).unwrap();
        }
        for round in 0..3 {
            for namespace in &self.namespaces[1..] {
                repository.write(|w| self.instances(w, namespace, round)).unwrap();
            }
        }
        repository.write(|w| w.put_meta("files", Some("/a.mof\n/b.mof"))).unwrap();
        assert!(repository.verify().unwrap().is_clean());
    }

    fn classes(&self, w: &mut Writer<'_>, namespace: &Namespace) -> cim::Result<()> {
        let ns = w.view().namespace(namespace)?.unwrap();
        for ((path, _), class) in &self.classes {
            if path == namespace.as_str() {
                w.put_class(ns, class.declaration())?;
            }
        }
        Ok(())
    }

    /// In the first rounds other values, and instances that are deleted in the last.
    fn instances(&self, w: &mut Writer<'_>, namespace: &Namespace, round: u32) -> cim::Result<()> {
        let ns = w.view().namespace(namespace)?.unwrap();
        for ((path, _, _), instance) in &self.instances {
            if path != namespace.as_str() {
                continue;
            }
            let class = instance.class();
            let old = named(class, &format!("old {}", instance.relative_path().unwrap()));
            if round == 0 {
                w.put_instance(ns, &old, PutMode::Create)?;
            }
            let mut other = instance.clone();
            if round < 2 {
                other.put("Count", &Value::UInt32(round))?;
                other.put("Note", &Value::string(format!("not yet {round}")))?;
            } else {
                assert!(w.delete_instance(ns, class, &old.key()?)?);
            }
            w.put_instance(ns, &other, PutMode::CreateOrUpdate)?;
        }
        Ok(())
    }

    /// Reads all that is in `repository`. Each thing has to be as it was.
    pub(crate) fn compare(&self, repository: &Repository) -> Seen {
        let snapshot = repository.read().unwrap();
        let view = snapshot.view();
        let mut seen = Seen::default();
        for namespace in view.namespaces().unwrap() {
            assert!(self.namespaces.contains(&namespace), "{namespace}");
            seen.namespaces += 1;
            let ns = view.namespace(&namespace).unwrap().unwrap();
            for listed in view.classes(ns).unwrap() {
                let class = &self.classes[&(namespace.as_str().to_owned(), listed.name.clone())];
                let declared = view.class(ns, &listed.name).unwrap().unwrap();
                assert_eq!(&declared, class.declaration().as_ref(), "{namespace}:{}", listed.name);
                seen.classes += 1;
                for found in view.instances(ns, class).unwrap() {
                    let found = found.unwrap();
                    let key = found.key().unwrap();
                    let path = namespace.as_str().to_owned();
                    let at = (path, listed.name.clone(), key.as_bytes().to_vec());
                    let original = &self.instances[&at];
                    assert_eq!(found.values(), original.values(), "{at:?}");
                    if seen.instances % 4 > 0 {
                        seen.instances += 1;
                        continue;
                    }
                    assert_eq!(view.instance(ns, class, &key).unwrap().as_ref(), Some(&found));
                    let located = view.locate(ns, class, &key).unwrap();
                    assert_eq!(located.as_ref(), Some(class.name()), "{at:?}");
                    seen.instances += 1;
                }
            }
        }
        seen
    }
}

/// The instance number `at` of the class number `n`: some with a long key or a value on pages of
/// its own.
fn filled(class: &Arc<Class>, n: usize, at: usize) -> Instance {
    let id = match at {
        3 if n.is_multiple_of(7) => format!("{n} {at} {}", "long".repeat(300)),
        _ => format!("{n} {at}"),
    };
    let note = match at {
        2 if n.is_multiple_of(9) => "a value on pages of its own ".repeat(600 + n),
        _ => format!("note {n} {at}"),
    };
    let mut instance = named(class, &id);
    instance.put("Count", &Value::UInt32((n * 1000 + at) as u32)).unwrap();
    instance.put("Note", &Value::string(note)).unwrap();
    instance.put(&format!("Size{n}"), &Value::UInt64(u64::MAX - n as u64)).unwrap();
    if at == 1 {
        let next = format!("Plant_Class{n:03}.Id=\"{n} 0\"");
        instance.put("Next", &Value::string(next)).unwrap();
    }
    instance
}
