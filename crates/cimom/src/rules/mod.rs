//! What the object manager adds to writes of system classes, and the methods that it runs itself.

pub mod namespace;
pub mod security;
pub mod singletons;

use std::sync::Arc;

use cim::status::WBEM_E_METHOD_NOT_IMPLEMENTED;
use cim::{Class, Instance, Result};
use repository::PutMode;
use wbem::{CallContext, MethodCall};

use crate::front::session::Session;
use crate::system::namespace_class;
use crate::write::edit::{Edit, NamespaceRef};

pub use security::is_open_to_all;
pub use singletons::instance;

/// What the put of an instance of a system class brings with it, before it is stored. Takes from
/// the instance what is not stored with it, and gives the mode in which it is stored.
pub fn before_put(
    edit: &mut Edit<'_, '_>,
    place: &NamespaceRef,
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
pub fn before_delete(
    edit: &mut Edit<'_, '_>,
    place: &NamespaceRef,
    instance: &Instance,
) -> Result<()> {
    if instance.class().is_a(namespace_class().as_str()) {
        namespace::before_delete(edit, place, instance)?;
    }
    singletons::before_delete(instance.class())
}

/// What the deletion of all instances of exactly this class brings with it.
pub fn before_delete_all(
    edit: &mut Edit<'_, '_>,
    place: &NamespaceRef,
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
pub fn exec_method(
    session: &Session,
    call: &MethodCall<'_>,
    context: &CallContext,
) -> Result<Option<Instance>> {
    if call.implemented_in.name().is(security::CLASS) {
        return security::exec_method(session, call, context);
    }
    Err(WBEM_E_METHOD_NOT_IMPLEMENTED.into())
}
