//! What the tests share: a repository in a directory of its own, and classes to fill it with.

use std::sync::Arc;

use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, InstanceKey, Name, Namespace,
    PropertyDeclaration, PropertyType, Qualifier, Qualifiers, Value,
};
use repository::{NamespaceId, Repository};
use tempfile::TempDir;

pub(crate) fn repository() -> (TempDir, Repository) {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::create_or_open(dir.path().join("repository")).unwrap();
    (dir, repository)
}

/// The namespace root, with the declarations of these classes in it.
pub(crate) fn fill(repository: &Repository, classes: &[&Arc<Class>]) -> NamespaceId {
    repository
        .write(|w| {
            let root = w.view().namespace(&Namespace::root())?.unwrap();
            for class in classes {
                w.put_class(root, class.declaration())?;
            }
            Ok(root)
        })
        .unwrap()
}

pub(crate) fn qualifiers(names: &[&str]) -> Qualifiers {
    names.iter().map(|n| Qualifier::new(*n, true, Flavor::TO_DERIVED)).collect()
}

pub(crate) fn property(name: &str, ty: impl Into<PropertyType>) -> PropertyDeclaration {
    PropertyDeclaration {
        name: name.into(),
        ty: ty.into(),
        default: None,
        qualifiers: Qualifiers::default(),
    }
}

pub(crate) fn key_property(name: &str, ty: CimType) -> PropertyDeclaration {
    PropertyDeclaration { qualifiers: qualifiers(&["key"]), ..property(name, ty) }
}

pub(crate) fn class(
    name: &str,
    superclass: Option<&Arc<Class>>,
    properties: Vec<PropertyDeclaration>,
) -> Arc<Class> {
    let declaration = ClassDeclaration {
        name: name.into(),
        superclass: superclass.map(|s| s.name().clone()),
        properties,
        ..Default::default()
    };
    Class::derive(declaration.into(), superclass.cloned(), None).unwrap()
}

/// A class with a string key `Id` and a few other properties.
pub(crate) fn thing() -> Arc<Class> {
    class(
        "Test_Thing",
        None,
        vec![
            key_property("Id", CimType::String),
            property("Count", CimType::UInt32),
            PropertyDeclaration {
                default: Some(Value::string("none")),
                ..property("Note", CimType::String)
            },
        ],
    )
}

pub(crate) fn named(class: &Arc<Class>, id: &str) -> Instance {
    let mut instance = Instance::new(class.clone());
    instance.put("Id", &Value::string(id)).unwrap();
    instance
}

pub(crate) fn key(class: &Arc<Class>, id: &str) -> InstanceKey {
    named(class, id).key().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.into()
}
