//! The system classes: their declarations, built in, and the rules of their instances.
//!
//! The declarations are MOF beside this file. A class whose instances mean something to the
//! object manager has a file here and a line in [`before_put`] and [`before_delete`]; one whose
//! methods the object manager runs itself, a line in [`exec_method`]. The singletons that are
//! there without being stored are in `singletons`.

mod namespace;
mod security;
mod singletons;

use std::sync::{Arc, LazyLock};

use cim::status::WBEM_E_METHOD_NOT_IMPLEMENTED;
use cim::{Class, ClassDeclaration, Instance, Name, Namespace, Result};
use repository::PutMode;
use wbem::{CallContext, MethodCall};

use crate::edit::{Edit, Place};
use crate::session::Session;

pub(crate) use security::is_open_to_all;
pub(crate) use singletons::{instance, is_always_there};

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

/// What the put of an instance of a system class brings with it, before it is stored. Takes from
/// the instance what is not stored with it, and gives the mode in which it is stored.
pub(crate) fn before_put(
    edit: &mut Edit<'_, '_>,
    place: &Place,
    instance: &mut Instance,
    mode: PutMode,
    context: &CallContext,
) -> Result<PutMode> {
    if instance.class().is_a(namespace_class().as_str()) {
        namespace::before_put(edit, place, instance, context)?;
    }
    singletons::before_put(instance.class(), mode)
}

/// What the deletion of an instance of a system class brings with it.
pub(crate) fn before_delete(
    edit: &mut Edit<'_, '_>,
    place: &Place,
    instance: &Instance,
) -> Result<()> {
    if instance.class().is_a(namespace_class().as_str()) {
        namespace::before_delete(edit, place, instance)?;
    }
    singletons::before_delete(instance.class())
}

/// What the deletion of all instances of exactly this class brings with it.
pub(crate) fn before_delete_all(
    edit: &mut Edit<'_, '_>,
    place: &Place,
    class: &Arc<Class>,
) -> Result<()> {
    if !class.is_a(namespace_class().as_str()) {
        return Ok(());
    }
    for instance in edit.instances(place, class)? {
        before_delete(edit, place, &instance)?;
    }
    Ok(())
}

/// Runs a method that a built-in class implements.
pub(crate) fn exec_method(
    session: &Session,
    call: &MethodCall<'_>,
    context: &CallContext,
) -> Result<Option<Instance>> {
    if call.implemented_in.name().is(security::CLASS) {
        return security::exec_method(session, call, context);
    }
    Err(WBEM_E_METHOD_NOT_IMPLEMENTED.into())
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
