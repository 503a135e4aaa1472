//! The system classes: their declarations, built in, and the rules of their instances.
//!
//! The declarations are MOF beside this file. A class whose instances mean something to the
//! object manager has a file here and a line in [`before_put`] and [`before_delete`].

mod namespace;

use std::sync::{Arc, LazyLock};

use cim::{ClassDeclaration, Instance, Name, Namespace, Result};
use repository::Writer;

use crate::edit::Place;

static EVERY: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("every.mof")));
static ROOT: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("root.mof")));
static IDENTIFICATION: LazyLock<Vec<Arc<ClassDeclaration>>> =
    LazyLock::new(|| parse(include_str!("identification.mof")));

/// The declarations of the system classes that `namespace` has, superclasses first.
pub(crate) fn declarations(namespace: &Namespace) -> impl Iterator<Item = Arc<ClassDeclaration>> {
    let is_root = *namespace == Namespace::root();
    let is_default =
        namespace.parent() == Some(Namespace::root()) && cim::name::eq(namespace.leaf(), "default");
    let root = is_root.then_some(&*ROOT).into_iter().flatten();
    let identification = (is_root || is_default).then_some(&*IDENTIFICATION).into_iter().flatten();
    EVERY.iter().chain(root).chain(identification).cloned()
}

/// The name of the class of namespaces.
pub(crate) fn namespace_class() -> Name {
    Name::from_static("__NAMESPACE")
}

/// What the put of an instance of a system class brings with it, before it is stored.
pub(crate) fn before_put(
    writer: &mut Writer<'_>,
    place: &Place,
    instance: &Instance,
) -> Result<()> {
    if instance.class().is_a(namespace_class().as_str()) {
        return namespace::before_put(writer, place, instance);
    }
    Ok(())
}

/// What the deletion of an instance of a system class brings with it.
pub(crate) fn before_delete(
    writer: &mut Writer<'_>,
    place: &Place,
    instance: &Instance,
) -> Result<()> {
    if instance.class().is_a(namespace_class().as_str()) {
        return namespace::before_delete(writer, place, instance);
    }
    Ok(())
}

/// The classes of a text that is built in, so that a mistake in it is one of this program.
pub(crate) fn parse(text: &str) -> Vec<Arc<ClassDeclaration>> {
    let options = mof::Options { system_classes: true, ..mof::Options::new(Namespace::root()) };
    let name = std::path::Path::new("system classes");
    let compiled = mof::parse(&mut mof::Memory::file(name, text), name, &options);
    if let Some(wrong) = compiled.diagnostics.first() {
        panic!("{wrong}");
    }
    let declaration = |action: mof::Action| match action.kind {
        mof::ActionKind::PutClass { declaration, .. } => Some(Arc::new(declaration)),
        _ => None,
    };
    compiled.actions.into_iter().filter_map(declaration).collect()
}
