//! Descriptors as instances of `__SecurityDescriptor`, with `__ACE` and `__Trustee`.
//!
//! A trustee is identified by its SID, in bytes or as text. Its name and domain are neither
//! resolved nor looked up, and are NULL in returned objects.

use std::sync::Arc;

use cim::security::{AceFlags, AceKind, Control, Descriptor, DescriptorAce, Rights, Sid};
use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_INVALID_PARAMETER};
use cim::{Error, Instance, Name, Object, Result, Value};

use crate::view::View;

/// The parts of a descriptor that a caller sets; the rest is unchanged.
pub(super) struct Parts {
    /// Its flags of the lists.
    pub(super) control: Control,
    pub(super) owner: Option<Sid>,
    pub(super) group: Option<Sid>,
    pub(super) dacl: Option<Vec<DescriptorAce>>,
    pub(super) sacl: Option<Vec<DescriptorAce>>,
}

impl Parts {
    /// `now` with these parts replaced, and in each list that is replaced the entries that a
    /// namespace below one with `parent` inherits.
    /// Errors: `WBEM_E_INVALID_PARAMETER` if a list is invalid for a namespace.
    pub(super) fn apply(
        &self,
        now: &Descriptor,
        parent: Option<&Descriptor>,
    ) -> Result<Descriptor> {
        let mut next = now.clone();
        if let Some(dacl) = &self.dacl {
            next.dacl = Some(super::checked_rights(dacl, parent)?);
            next.control = take(next.control, self.control, DACL_BITS);
        }
        if let Some(sacl) = &self.sacl {
            if sacl.iter().any(|entry| entry.kind != AceKind::Audit) {
                return Err(invalid("an entry of SACL does not audit"));
            }
            let inherited = parent.map(Descriptor::inherited_audits).unwrap_or_default();
            next.sacl = Some(super::with_inherited(sacl, inherited));
            next.control = take(next.control, self.control, SACL_BITS);
        }
        next.owner = self.owner.clone().or(next.owner);
        next.group = self.group.clone().or(next.group);
        Ok(next)
    }
}

/// The flags of a descriptor for each of its lists, except for its presence.
const DACL_BITS: Control = Control::DACL_AUTO_INHERIT_REQ
    .union(Control::DACL_AUTO_INHERITED)
    .union(Control::DACL_PROTECTED);
const SACL_BITS: Control = Control::SACL_AUTO_INHERIT_REQ
    .union(Control::SACL_AUTO_INHERITED)
    .union(Control::SACL_PROTECTED);

/// `now` with those of `bits` that `given` has.
fn take(now: Control, given: Control, bits: Control) -> Control {
    now.difference(bits).union(Control(given.0 & bits.0))
}

/// The descriptor as an object of `view`'s namespace.
pub(super) fn from_descriptor(descriptor: &Descriptor, view: &View<'_>) -> Result<Value> {
    let mut object = new("__SecurityDescriptor", view)?;
    let control = descriptor.control().difference(Control::SELF_RELATIVE);
    object.put("ControlFlags", &Value::UInt32(control.0.into()))?;
    for (name, sid) in [("Owner", &descriptor.owner), ("Group", &descriptor.group)] {
        if let Some(sid) = sid {
            object.put(name, &trustee(sid, view)?)?;
        }
    }
    for (name, list) in [("DACL", &descriptor.dacl), ("SACL", &descriptor.sacl)] {
        if let Some(list) = list {
            let entries = list.iter().map(|entry| ace(entry, view));
            object.put(name, &Value::array(entries.collect::<Result<Vec<_>>>()?))?;
        }
    }
    Ok(embedded(object))
}

fn ace(entry: &DescriptorAce, view: &View<'_>) -> Result<Value> {
    let mut object = new("__ACE", view)?;
    object.put("AccessMask", &Value::UInt32(entry.rights.0))?;
    object.put("AceFlags", &Value::UInt32(entry.flags.0.into()))?;
    object.put("AceType", &Value::UInt32(entry.kind as u32))?;
    object.put("Trustee", &trustee(&entry.sid, view)?)?;
    Ok(embedded(object))
}

fn trustee(sid: &Sid, view: &View<'_>) -> Result<Value> {
    let mut object = new("__Trustee", view)?;
    let bytes = sid.to_bytes();
    object.put("SidLength", &Value::UInt32(bytes.len() as u32))?;
    object.put("SID", &Value::array(bytes.into_iter().map(Value::UInt8)))?;
    object.put("SIDString", &Value::string(sid.to_string()))?;
    Ok(embedded(object))
}

fn new(class: &'static str, view: &View<'_>) -> Result<Instance> {
    view.class(&Name::from_static(class), WBEM_E_INVALID_CLASS).map(Instance::new)
}

fn embedded(instance: Instance) -> Value {
    Value::Object(Arc::new(Object::Instance(instance)))
}

/// The parts of a descriptor that the object has: a list only if `ControlFlags` has its flag.
/// Errors: `WBEM_E_INVALID_PARAMETER`.
pub(super) fn to_parts(value: &Value) -> Result<Parts> {
    let object = object(value).ok_or_else(|| invalid("Descriptor is no object"))?;
    let control = number(object, "ControlFlags").unwrap_or_default();
    let control = u16::try_from(control).map(Control);
    let control = control.map_err(|_| invalid("ControlFlags has bits that do not exist"))?;
    let dacl = list(object, "DACL")?;
    if control.contains(Control::DACL_PRESENT) && dacl.is_none() {
        return Err(invalid("SE_DACL_PRESENT is set and DACL is NULL"));
    }
    Ok(Parts {
        control,
        owner: optional_sid(object, "Owner")?,
        group: optional_sid(object, "Group")?,
        dacl: dacl.filter(|_| control.contains(Control::DACL_PRESENT)),
        sacl: list(object, "SACL")?.filter(|_| control.contains(Control::SACL_PRESENT)),
    })
}

fn list(object: &Instance, name: &str) -> Result<Option<Vec<DescriptorAce>>> {
    let entries = object.get(name).and_then(Value::as_array);
    entries.map(|entries| entries.iter().map(to_ace).collect()).transpose()
}

fn to_ace(value: &Value) -> Result<DescriptorAce> {
    let object = object(value).ok_or_else(|| invalid("an entry of a list is no object"))?;
    let given = |name: &str| {
        number(object, name).ok_or_else(|| invalid(&format!("an entry of a list has no {name}")))
    };
    let kind = match given("AceType")? {
        0 => AceKind::Allow,
        1 => AceKind::Deny,
        2 => AceKind::Audit,
        _ => return Err(invalid("AceType is 0 (allow), 1 (deny) or 2 (audit)")),
    };
    let flags = u8::try_from(given("AceFlags")?);
    let flags = flags.map_err(|_| invalid("AceFlags has bits that do not exist"))?;
    let sid = optional_sid(object, "Trustee")?;
    Ok(DescriptorAce {
        kind,
        flags: AceFlags(flags),
        rights: Rights(given("AccessMask")?),
        sid: sid.ok_or_else(|| invalid("an entry of a list has no Trustee"))?,
    })
}

fn optional_sid(object: &Instance, name: &str) -> Result<Option<Sid>> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let trustee = self::object(value);
            let sid = trustee
                .and_then(sid)
                .ok_or_else(|| invalid(&format!("{name} has no valid SID in SID or SIDString")));
            sid.map(Some)
        }
    }
}

fn sid(trustee: &Instance) -> Option<Sid> {
    if let Some(bytes @ Value::Array(_)) = trustee.get("SID") {
        return Sid::from_bytes(&super::byte_array(bytes).ok()?).ok();
    }
    trustee.get("SIDString")?.as_str()?.parse().ok()
}

fn object(value: &Value) -> Option<&Instance> {
    match value {
        Value::Object(object) => object.as_instance(),
        _ => None,
    }
}

fn number(object: &Instance, name: &str) -> Option<u32> {
    u32::try_from(object.get(name)?.as_integer()?).ok()
}

fn invalid(why: &str) -> Error {
    WBEM_E_INVALID_PARAMETER.with(format!("__SecurityDescriptor: {why}"))
}
