//! Values as bytes.
//!
//! Two forms (FORMAT.md, "Values"): bare, where the layout or the property has the type; and
//! marked, where the value has its own. Embedded objects lead on to
//! [`crate::encoding::object`]. The depth of embedding is limited for writing and reading, so
//! that what was put can be read and reading cannot overflow the stack.

use cim::status::*;
use cim::{CimType, DateTime, Value};

use crate::encoding::bytes::{Input, put_length, put_text};
use crate::encoding::object::{self, ClassLookup};
use crate::error::Fault;

/// How deep objects may be embedded in objects.
pub(super) const MAX_DEPTH: u8 = 16;

/// The mark of an array, added to the number of its elements' type.
const ARRAY: u8 = 0x80;

/// The type of a value in a layout or a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kind {
    pub(crate) cim: CimType,
    pub(crate) is_array: bool,
}

impl Kind {
    pub(crate) fn of(ty: &cim::PropertyType) -> Self {
        Kind { cim: ty.cim, is_array: ty.is_array }
    }

    pub(super) fn mark(self) -> u8 {
        // Every number of a type is below 0x80 (`CimType::number` without the array bit).
        self.cim.number() as u8 | if self.is_array { ARRAY } else { 0 }
    }

    pub(super) fn from_mark(mark: u8) -> Result<Self, Fault> {
        let cim = CimType::from_number((mark & !ARRAY).into())
            .ok_or_else(|| Fault::damaged(format!("{mark:#04x} is not the mark of a type")))?;
        Ok(Kind { cim, is_array: mark & ARRAY != 0 })
    }
}

/// Writes a value that is not NULL bare.
/// Errors: `WBEM_E_TYPE_MISMATCH` where it is not of this kind.
pub(super) fn put_bare(
    out: &mut Vec<u8>,
    kind: Kind,
    value: &Value,
    depth: u8,
) -> Result<(), Fault> {
    if !kind.is_array {
        return put_scalar(out, kind.cim, value, depth);
    }
    let Value::Array(elements) = value else { return Err(mismatch(kind, value)) };
    put_length(out, elements.len())?;
    elements.iter().try_for_each(|element| put_scalar(out, kind.cim, element, depth))
}

fn put_scalar(out: &mut Vec<u8>, cim: CimType, value: &Value, depth: u8) -> Result<(), Fault> {
    if value.cim_type() != Some(cim) {
        return Err(mismatch(Kind { cim, is_array: false }, value));
    }
    match value {
        Value::Boolean(v) => out.push((*v).into()),
        Value::SInt8(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::UInt8(v) => out.push(*v),
        Value::SInt16(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::UInt16(v) | Value::Char16(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::SInt32(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::UInt32(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::SInt64(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::UInt64(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Real32(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Real64(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::String(text) | Value::Reference(text) => put_text(out, text)?,
        Value::DateTime(v) => out.extend_from_slice(&v.to_text()),
        Value::Object(v) => object::put(out, v, depth)?,
        Value::Null | Value::Array(_) => unreachable!("they have no scalar type"),
    }
    Ok(())
}

#[cold]
fn mismatch(kind: Kind, value: &Value) -> Fault {
    let array = if kind.is_array { "[]" } else { "" };
    let message = format!("{value:?} cannot be stored as {}{array}", kind.cim.keyword());
    Fault::refused(WBEM_E_TYPE_MISMATCH.with(message))
}

/// Reads a value written by [`put_bare`] to the end of `values`: it is made in its place, which
/// is measurably faster than to hand it up.
#[inline]
pub(super) fn push_bare(
    values: &mut Vec<Value>,
    input: &mut Input<'_>,
    kind: Kind,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<(), Fault> {
    if !kind.is_array {
        return push_scalar(values, input, kind.cim, classes, depth);
    }
    let count = input.count()?;
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        push_scalar(&mut elements, input, kind.cim, classes, depth)?;
    }
    values.push(Value::Array(elements.into()));
    Ok(())
}

#[inline]
fn push_scalar(
    values: &mut Vec<Value>,
    input: &mut Input<'_>,
    cim: CimType,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<(), Fault> {
    match cim {
        CimType::Boolean => values.push(Value::Boolean(input.u8()? != 0)),
        CimType::SInt8 => values.push(Value::SInt8(input.array().map(i8::from_le_bytes)?)),
        CimType::UInt8 => values.push(Value::UInt8(input.u8()?)),
        CimType::SInt16 => values.push(Value::SInt16(input.array().map(i16::from_le_bytes)?)),
        CimType::UInt16 => values.push(Value::UInt16(input.u16()?)),
        CimType::SInt32 => values.push(Value::SInt32(input.array().map(i32::from_le_bytes)?)),
        CimType::UInt32 => values.push(Value::UInt32(input.u32()?)),
        CimType::SInt64 => values.push(Value::SInt64(input.array().map(i64::from_le_bytes)?)),
        CimType::UInt64 => values.push(Value::UInt64(input.u64()?)),
        CimType::Real32 => values.push(Value::Real32(input.array().map(f32::from_le_bytes)?)),
        CimType::Real64 => values.push(Value::Real64(input.array().map(f64::from_le_bytes)?)),
        CimType::Char16 => values.push(Value::Char16(input.u16()?)),
        CimType::String => values.push(Value::String(input.text()?.into())),
        CimType::Reference => values.push(Value::Reference(input.text()?.into())),
        CimType::DateTime => values.push(Value::DateTime(datetime(input)?)),
        CimType::Object => values.push(Value::Object(object::read(input, classes, depth)?.into())),
    }
    Ok(())
}

fn datetime(input: &mut Input<'_>) -> Result<DateTime, Fault> {
    let text = std::str::from_utf8(input.take(25)?).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| Fault::damaged("a DATETIME is invalid"))
}

/// Writes a value with its own mark before it: 0 for NULL, else the kind.
pub(super) fn put_marked(out: &mut Vec<u8>, value: &Value, depth: u8) -> Result<(), Fault> {
    let kind = match value {
        Value::Null => {
            out.push(0);
            return Ok(());
        }
        // An empty array has no type of its own. It is stored as one of strings, and is read as empty.
        Value::Array(elements) => Kind {
            cim: elements.first().and_then(Value::cim_type).unwrap_or(CimType::String),
            is_array: true,
        },
        scalar => {
            Kind { cim: scalar.cim_type().expect("neither NULL nor an array"), is_array: false }
        }
    };
    out.push(kind.mark());
    put_bare(out, kind, value, depth)
}

/// Reads a value written by [`put_marked`].
pub(super) fn marked(
    input: &mut Input<'_>,
    classes: &ClassLookup<'_>,
    depth: u8,
) -> Result<Value, Fault> {
    match input.u8()? {
        0 => Ok(Value::Null),
        mark => {
            let mut value = Vec::with_capacity(1);
            push_bare(&mut value, input, Kind::from_mark(mark)?, classes, depth)?;
            Ok(value.pop().expect("just pushed"))
        }
    }
}

/// One level further into embedded objects.
/// Errors: `refused` where that is too deep.
pub(super) fn deeper(depth: u8, refused: impl FnOnce() -> Fault) -> Result<u8, Fault> {
    if depth >= MAX_DEPTH { Err(refused()) } else { Ok(depth + 1) }
}
