//! The singletons of the system: they are there in every repository, with the class's defaults
//! until somebody stores other values, and again when what was stored is deleted.
//!
//! Nothing is written to make them. Some are told by the object manager and cannot be put at all.
//! Which classes there are: behaviour.md G.1, G.2, G.12.

use std::sync::Arc;

use cim::path::PathKeys;
use cim::status::*;
use cim::{Class, Instance, InstanceKey, Name, Namespace, Result};
use repository::PutMode;
use wbem::CallContext;

use super::security;
use crate::read::get;
use crate::store::core::{Cimom, View};
use crate::system::is_always_there;

/// Those that are told, not put.
const TOLD: [&str; 3] = [THIS_NAMESPACE, IDENTIFICATION, security::CLASS];
const THIS_NAMESPACE: &str = "__thisNAMESPACE";
const IDENTIFICATION: &str = "__CIMOMIdentification";

/// The instance of a class of which none is stored, if it is there all the same. Who may read it
/// is asked before.
pub fn instance(
    view: &View<'_>,
    class: &Arc<Class>,
    context: &CallContext,
) -> Result<Option<Instance>> {
    if !is_always_there(class) {
        return Ok(None);
    }
    let mut instance = Instance::new(class.clone());
    if class.name().is(THIS_NAMESPACE) {
        let namespace = &view.schema.origin().namespace;
        let descriptor = view.stored(|stored| security::readable(stored, namespace, context))?;
        instance.put("SECURITY_DESCRIPTOR", &security::bytes(&descriptor)?)?;
    }
    if class.name().is(IDENTIFICATION) {
        identify(view.cimom, &mut instance)?;
    }
    Ok(Some(instance))
}

/// The mode in which an instance of `class` is put, where `mode` was asked for: what is always
/// there can be changed, though it be stored for the first time, and cannot be made.
/// Errors: `WBEM_E_READ_ONLY`, `WBEM_E_ALREADY_EXISTS`.
pub(super) fn before_put(class: &Class, mode: PutMode) -> Result<PutMode> {
    let name = class.name();
    if is_told(class) {
        return Err(WBEM_E_READ_ONLY.with(format!("the instance of {name} cannot be changed")));
    }
    match mode {
        _ if !is_always_there(class) => Ok(mode),
        PutMode::Create => Err(WBEM_E_ALREADY_EXISTS
            .with(format!("the instance of {name} is always there; change it instead"))),
        PutMode::Update | PutMode::CreateOrUpdate => Ok(PutMode::CreateOrUpdate),
    }
}

/// Errors: `WBEM_E_INVALID_OPERATION` for what is told.
pub(super) fn before_delete(class: &Class) -> Result<()> {
    if is_told(class) {
        return Err(WBEM_E_INVALID_OPERATION
            .with(format!("the instance of {} cannot be deleted", class.name())));
    }
    Ok(())
}

fn is_told(class: &Class) -> bool {
    class.is_singleton() && TOLD.iter().any(|told| class.is_a(told))
}

/// When the repository was made, and by which version, nobody has noted: both are NULL.
fn identify(cimom: &Cimom, instance: &mut Instance) -> Result<()> {
    let directory = cimom.repository.directory().to_string_lossy();
    instance.put("VersionCurrentlyRunning", &env!("CARGO_PKG_VERSION").into())?;
    instance.put("WorkingDirectory", &(*directory).into())
}

impl Cimom {
    /// The values that hold now of a singleton of the namespace root, such as
    /// `__ArbitratorConfiguration` (behaviour.md G.12): those that are stored, else the defaults.
    /// Errors: `WBEM_E_NOT_FOUND` where root has no such singleton.
    pub fn configuration(&self, class: &str, context: &CallContext) -> Result<Instance> {
        let view = self.view_of(&Namespace::root(), context)?;
        let class = view.class(&Name::from(class), WBEM_E_NOT_FOUND)?;
        let missing = || WBEM_E_NOT_FOUND.with(format!("{} is no singleton", class.name()));
        if !is_always_there(&class) {
            return Err(missing());
        }
        let key = InstanceKey::from_path(&class, &PathKeys::Singleton)?;
        match get::stored(&view, &class, &key, false)? {
            Some(stored) => Ok(stored),
            None => instance(&view, &class, context)?.ok_or_else(missing),
        }
    }
}
