//! The instances of system classes that exist without being stored, as far as a read sees them
//! (behaviour.md G.1, G.2, G.11, G.12).

use std::sync::Arc;

use cim::security::{Descriptor, Rights, Sid};
use cim::{Class, Flavor, Instance, Qualifier, Result, Value};
use wbem::CallContext;

use super::operation_view::View;
use crate::call::namespace::unknown;
use crate::call::{Call, Policy, access};
use crate::system::{self, ENCRYPTION, IDENTIFICATION_CLASS, SDDL, THIS_NAMESPACE};

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

/// Gives an instance that names a namespace the qualifiers that say what protects it (MS-WMI
/// 3.1.4.18.2): the descriptor only to those who may read it there.
pub fn protect(view: &View<'_>, instance: &mut Instance) -> Result<()> {
    let name = instance.get("Name").and_then(Value::as_str).unwrap_or_default();
    let Ok(child) = view.namespace().child(name) else { return Ok(()) };
    let context = view.context();
    let found = view.stored(|stored| {
        let Some(state) = stored.state(&child)? else { return Ok(None) };
        let policy = Arc::new(Policy::new(state.security)?);
        let call = Call { operation: (), namespace: &child, context }.authorize(&policy);
        let may_read = call.and_then(|call| call.require(Rights::READ_CONTROL, "read it")).is_ok();
        let descriptor = may_read.then(|| access::descriptor(state.security)).transpose()?;
        Ok(Some((descriptor, state.security.requires_encryption)))
    })?;
    let Some((descriptor, encryption)) = found else { return Ok(()) };
    let mut qualifiers = instance.qualifiers().cloned().unwrap_or_default();
    let own = &mut qualifiers.instance;
    own.set(Qualifier::new(ENCRYPTION, encryption, Flavor::default()));
    if let Some(descriptor) = descriptor {
        let text = Value::string(readable(descriptor, context).to_string());
        own.set(Qualifier::new(SDDL, text, Flavor::default()));
    }
    instance.set_qualifiers(qualifiers);
    Ok(())
}

/// The descriptor of the namespace as far as a caller may read it who may read it at all: audit
/// entries are for administrators.
pub fn readable_descriptor(view: &View<'_>) -> Result<Descriptor> {
    let namespace = view.namespace();
    let descriptor = view.stored(|stored| {
        let state = stored.state(namespace)?.ok_or_else(|| unknown(namespace))?;
        access::descriptor(state.security)
    })?;
    Ok(readable(descriptor, view.context()))
}

fn readable(descriptor: Descriptor, context: &CallContext) -> Descriptor {
    match may_audit(context) {
        true => descriptor,
        false => Descriptor { sacl: None, ..descriptor },
    }
}

/// Whether the caller may read and write audit entries.
pub fn may_audit(context: &CallContext) -> bool {
    context.caller().is(&Sid::administrators())
}

/// The bytes of a descriptor as a value.
pub fn bytes(descriptor: &Descriptor) -> Result<Value> {
    Ok(Value::array(descriptor.to_bytes()?.into_iter().map(Value::UInt8)))
}
