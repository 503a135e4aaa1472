//! Instances as bytes (FORMAT.md, "Records").
//!
//! A record says for each field of its layout whether the instance supplied a value; a field
//! that it did not has the class's default, whatever that is when the record is read.

use std::sync::Arc;

use cim::{Class, Instance, InstanceQualifiers, Value};

use crate::bytes::{Input, put_length};
use crate::declaration::{put_qualifiers, qualifiers};
use crate::fault::Fault;
use crate::layout::Mapping;
use crate::object::ClassLookup;
use crate::value::{Kind, bare, put_bare};

/// The bit of the first byte that says that qualifiers follow the values.
const QUALIFIERS: u8 = 1;

/// Writes what an instance holds, in the layout of its class.
pub(crate) fn put_values(out: &mut Vec<u8>, instance: &Instance, depth: u8) -> Result<(), Fault> {
    let own = instance.qualifiers();
    out.push(if own.is_some() { QUALIFIERS } else { 0 });
    let values = instance.values();
    put_bits(out, values.len(), |slot| instance.is_supplied(slot));
    put_bits(out, values.len(), |slot| instance.is_supplied(slot) && !values[slot].is_null());
    for (slot, property) in instance.class().properties().iter().enumerate() {
        if instance.is_supplied(slot) && !values[slot].is_null() {
            put_bare(out, Kind::of(&property.ty), &values[slot], depth)?;
        }
    }
    let Some(own) = own else { return Ok(()) };
    put_qualifiers(out, &own.instance, depth)?;
    put_length(out, own.properties.len())?;
    for (slot, set) in &own.properties {
        put_length(out, (*slot).into())?;
        put_qualifiers(out, set, depth)?;
    }
    Ok(())
}

fn put_bits(out: &mut Vec<u8>, len: usize, bit: impl Fn(usize) -> bool) {
    let byte = |at: usize| {
        (at..len.min(at + 8)).fold(0, |byte, slot| byte | u8::from(bit(slot)) << (slot - at))
    };
    out.extend((0..len).step_by(8).map(byte));
}

fn bit(bits: &[u8], at: usize) -> bool {
    bits[at / 8] >> (at % 8) & 1 == 1
}

/// Reads what [`put_values`] wrote as an instance of `class`, to whose slots `mapping` leads.
pub(crate) fn values(
    input: &mut Input<'_>,
    class: &Arc<Class>,
    mapping: &Mapping,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Instance, Fault> {
    let flags = input.u8()?;
    if flags & !QUALIFIERS != 0 {
        return Err(Fault::damaged("a record has a mark that no version writes"));
    }
    let width = mapping.kinds.len().div_ceil(8);
    let supplied = input.take(width)?;
    let present = input.take(width)?;
    let mut instance = match mapping.is_identity {
        true => same_slots(input, class, mapping, [supplied, present], classes, depth)?,
        false => other_slots(input, class, mapping, [supplied, present], classes, depth)?,
    };
    if flags & QUALIFIERS != 0 {
        instance.set_qualifiers(own_qualifiers(input, mapping, classes, depth)?);
    }
    Ok(instance)
}

/// The fast way: field and slot are the same.
fn same_slots(
    input: &mut Input<'_>,
    class: &Arc<Class>,
    mapping: &Mapping,
    [supplied, present]: [&[u8]; 2],
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Instance, Fault> {
    let mut values = Vec::with_capacity(mapping.kinds.len());
    for (at, &kind) in mapping.kinds.iter().enumerate() {
        values.push(match bit(present, at) {
            true => bare(input, kind, classes, depth)?,
            false => Value::Null,
        });
    }
    let mut instance = Instance::from_values(class.clone(), values.into());
    for at in 0..mapping.kinds.len() {
        if !bit(supplied, at) {
            instance.reset(at);
        }
    }
    Ok(instance)
}

/// The way of a record that is older than its class: what the class no longer has is left
/// out, what has another type is converted or, where it cannot be, left out too.
fn other_slots(
    input: &mut Input<'_>,
    class: &Arc<Class>,
    mapping: &Mapping,
    [supplied, present]: [&[u8]; 2],
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Instance, Fault> {
    let mut instance = Instance::new(class.clone());
    for (at, (&kind, slot)) in mapping.kinds.iter().zip(&mapping.slots).enumerate() {
        let value = match bit(present, at) {
            true => bare(input, kind, classes, depth)?,
            false => Value::Null,
        };
        let Some(slot) = slot.filter(|_| bit(supplied, at)).map(usize::from) else { continue };
        if let Some(value) = value.convert(&class.properties()[slot].ty) {
            instance.set(slot, value);
        }
    }
    Ok(instance)
}

fn own_qualifiers(
    input: &mut Input<'_>,
    mapping: &Mapping,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<InstanceQualifiers, Fault> {
    let instance = qualifiers(input, classes, depth)?;
    let mut properties = Vec::new();
    for _ in 0..input.count()? {
        let field = input.length()?;
        let set = qualifiers(input, classes, depth)?;
        let slot = mapping.slots.get(field).ok_or_else(|| {
            Fault::damaged("qualifiers belong to a property that the layout lacks")
        })?;
        properties.extend(slot.map(|slot| (slot, set)));
    }
    Ok(InstanceQualifiers { instance, properties })
}
