//! The instances of system classes that exist without being stored, as far as a read sees them
//! (behaviour.md G.1, G.2, G.11, G.12).

use std::sync::Arc;

use cim::security::{Descriptor, Sid};
use cim::{Class, Instance, Result, Value};
use wbem::CallContext;

use super::operation_view::View;
use crate::call::access;
use crate::call::namespace::unknown;
use crate::system::{self, IDENTIFICATION_CLASS, THIS_NAMESPACE};

/// The instance of a class of which none is stored, if it exists all the same. The right to read
/// it is asked before.
pub fn instance(view: &View<'_>, class: &Arc<Class>) -> Result<Option<Instance>> {
    if !system::is_always_there(class) {
        return Ok(None);
    }
    let mut instance = Instance::new(class.clone());
    if class.name().is(THIS_NAMESPACE) {
        instance.put("SECURITY_DESCRIPTOR", &bytes(&readable_descriptor(view)?)?)?;
    }
    if class.name().is(IDENTIFICATION_CLASS) {
        identify(view, &mut instance)?;
    }
    Ok(Some(instance))
}

/// When the repository was made, and by which version, is not recorded: both are NULL.
fn identify(view: &View<'_>, instance: &mut Instance) -> Result<()> {
    let directory = view.core().repository().directory().to_string_lossy();
    instance.put("VersionCurrentlyRunning", &env!("CARGO_PKG_VERSION").into())?;
    instance.put("WorkingDirectory", &(*directory).into())
}

/// The descriptor of the namespace as far as a caller may read it who may read it at all: audit
/// entries are for administrators.
pub fn readable_descriptor(view: &View<'_>) -> Result<Descriptor> {
    let namespace = view.namespace();
    let mut descriptor = view.stored(|stored| {
        let state = stored.state(namespace)?.ok_or_else(|| unknown(namespace))?;
        access::descriptor(state.security)
    })?;
    if !may_audit(view.context()) {
        descriptor.sacl = None;
    }
    Ok(descriptor)
}

/// Whether the caller may read and write audit entries.
pub fn may_audit(context: &CallContext) -> bool {
    context.caller().is(&Sid::administrators())
}

/// The bytes of a descriptor as a value.
pub fn bytes(descriptor: &Descriptor) -> Result<Value> {
    Ok(Value::array(descriptor.to_bytes()?.into_iter().map(Value::UInt8)))
}
