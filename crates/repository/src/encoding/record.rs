//! Instances as bytes (FORMAT.md, "Records").
//!
//! A record has a bit for each field of its layout: whether the instance supplied a value. A field
//! without one has the class's default at the time when the record is read.

use std::sync::Arc;

use cim::{Class, Instance, InstanceQualifiers, Qualifiers, Value};

use crate::encoding::bytes::{Input, put_length};
use crate::encoding::declaration::{put_qualifiers, qualifiers};
use crate::encoding::layout::Mapping;
use crate::encoding::object::ClassLookup;
use crate::encoding::value::{Kind, push_bare, put_bare};
use crate::error::Fault;

/// The bit of the first byte that is set where qualifiers follow the values.
const QUALIFIERS: u8 = 1;

/// What is written of the slots that the instance did not supply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defaults {
    /// Nothing: the class has the defaults.
    Omitted,
    /// Their values: the class may have other defaults when they are read.
    Kept,
}

/// A record as it was read, by field of its layout.
pub(crate) struct Record<'a> {
    pub(crate) values: Vec<Value>,
    supplied: &'a [u8],
    qualifiers: Option<(Qualifiers, Vec<(usize, Qualifiers)>)>,
}

/// Writes what an instance holds, in the layout of its class.
pub(crate) fn put(
    out: &mut Vec<u8>,
    instance: &Instance,
    defaults: Defaults,
    depth: u8,
) -> Result<(), Fault> {
    let own = instance.qualifiers();
    out.push(if own.is_some() { QUALIFIERS } else { 0 });
    let values = instance.values();
    let is_written = |slot: usize| {
        !values[slot].is_null() && (defaults == Defaults::Kept || instance.is_supplied(slot))
    };
    put_bits(out, values.len(), |slot| instance.is_supplied(slot));
    put_bits(out, values.len(), is_written);
    for (slot, property) in instance.class().properties().iter().enumerate() {
        if is_written(slot) {
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

/// Writes a bit for each of `len` numbers, the first in the lowest bit of the first byte.
pub(super) fn put_bits(out: &mut Vec<u8>, len: usize, bit: impl Fn(usize) -> bool) {
    let byte = |at: usize| {
        (at..len.min(at + 8)).fold(0, |byte, slot| byte | u8::from(bit(slot)) << (slot - at))
    };
    out.extend((0..len).step_by(8).map(byte));
}

/// The bit of a number in what [`put_bits`] wrote.
pub(super) fn bit(bits: &[u8], at: usize) -> bool {
    bits[at / 8] >> (at % 8) & 1 == 1
}

/// Reads what [`put`] wrote.
pub(crate) fn read<'a>(
    input: &mut Input<'a>,
    kinds: &[Kind],
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Record<'a>, Fault> {
    let flags = input.u8()?;
    if flags & !QUALIFIERS != 0 {
        return Err(Fault::damaged("a record has an unknown flag"));
    }
    let width = kinds.len().div_ceil(8);
    let supplied = input.take(width)?;
    let present = input.take(width)?;
    let mut values = Vec::with_capacity(kinds.len());
    for (at, &kind) in kinds.iter().enumerate() {
        match bit(present, at) {
            true => push_bare(&mut values, input, kind, classes, depth)?,
            false => values.push(Value::Null),
        }
    }
    let qualifiers = match flags & QUALIFIERS != 0 {
        true => Some(own_qualifiers(input, kinds.len(), classes, depth)?),
        false => None,
    };
    Ok(Record { values, supplied, qualifiers })
}

fn own_qualifiers(
    input: &mut Input<'_>,
    fields: usize,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<(Qualifiers, Vec<(usize, Qualifiers)>), Fault> {
    let instance = qualifiers(input, classes, depth)?;
    let mut properties = Vec::new();
    for _ in 0..input.count()? {
        let field = input.length()?;
        if field >= fields {
            return Err(Fault::damaged(
                "a record has qualifiers of a property that does not exist",
            ));
        }
        properties.push((field, qualifiers(input, classes, depth)?));
    }
    Ok((instance, properties))
}

impl Record<'_> {
    /// Whether the instance supplied the value of this field.
    pub(crate) fn is_supplied(&self, field: usize) -> bool {
        bit(self.supplied, field)
    }

    /// The instance of `class`, whose slots `mapping` gives. A property that it did not supply has
    /// the class's default.
    pub(crate) fn into_instance(self, class: &Arc<Class>, mapping: &Mapping) -> Instance {
        let Record { values, supplied, qualifiers } = self;
        let mut instance = match mapping.is_identity {
            true => same_slots(values, supplied, class),
            false => other_slots(values, supplied, class, mapping),
        };
        if let Some((own, of_properties)) = qualifiers {
            let slot = |(field, set): (usize, _)| mapping.slots[field].map(|slot| (slot, set));
            instance.set_qualifiers(InstanceQualifiers {
                instance: own,
                properties: of_properties.into_iter().filter_map(slot).collect(),
            });
        }
        instance
    }
}

/// The fast path: field and slot are the same.
fn same_slots(values: Vec<Value>, supplied: &[u8], class: &Arc<Class>) -> Instance {
    let fields = values.len();
    let mut instance = Instance::from_values(class.clone(), values.into());
    for field in 0..fields {
        if !bit(supplied, field) {
            instance.reset(field);
        }
    }
    instance
}

/// The path for a record that is older than its class: properties that the class no longer has are
/// left out; values of another type are converted, or left out where that is not possible.
fn other_slots(
    values: Vec<Value>,
    supplied: &[u8],
    class: &Arc<Class>,
    mapping: &Mapping,
) -> Instance {
    let mut instance = Instance::new(class.clone());
    for (field, (value, slot)) in values.into_iter().zip(&mapping.slots).enumerate() {
        let Some(slot) = slot.filter(|_| bit(supplied, field)).map(usize::from) else { continue };
        if let Some(value) = value.convert(&class.properties()[slot].ty) {
            instance.set(slot, value);
        }
    }
    instance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::declaration::declaration;
    use crate::encoding::layout::Layout;
    use crate::encoding::object;
    use crate::encoding::object::NO_CLASSES;
    use proptest::prelude::*;

    /// Reads bytes with every reader; it returns whatever they are.
    fn read_as_everything(bytes: &[u8]) {
        let _ = declaration(&mut Input::new(bytes), NO_CLASSES, 0);
        let _ = object::read(&mut Input::new(bytes), NO_CLASSES, 0);
        let mut input = Input::new(bytes);
        if let Ok(layout) = Layout::read(&mut input) {
            let kinds: Vec<Kind> = layout.fields().iter().map(|f| f.kind).collect();
            let _ = read(&mut input, &kinds, NO_CLASSES, 0);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(prop_oneof![0..4u8, any::<u8>()], 0..300),
        ) {
            read_as_everything(&bytes);
        }
    }

    #[test]
    fn nested_objects_do_not_overflow_the_stack() {
        // An instance without a name whose one field, x, is an object: and so on.
        let one = [1, 0, 1, 13, 1, b'x', 0, 0, 1, 1];
        read_as_everything(&one.repeat(100_000));
        // A list of lists cannot be; a count that promises more than follows is refused.
        read_as_everything(&[1, 0, 1, 0x8d, 1, b'x', 0, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    }
}
