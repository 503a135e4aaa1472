//! What identifies an instance: its keys in one canonical form.
//!
//! A path in any spelling and an instance's own values give the same [`InstanceKey`] when they
//! mean the same object: key order, letter case, quotes and the spelling of numbers do not
//! count (behaviour.md G.4). The repository stores instances under it.

use crate::class::Class;
use crate::name::Name;
use crate::path::{KeyValue, ObjectPath, Origin, PathKeys};
use crate::status::*;
use crate::types::{CimType, PropertyType};
use crate::value::Value;

/// The identity of an instance among those of its class's key root. The bytes are an order and
/// an equality, nothing to print.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct InstanceKey(Vec<u8>);

impl InstanceKey {
    /// The key of the instance with these values by slot.
    ///
    /// # Errors
    ///
    /// `WBEM_E_NO_KEY` if the class has no key, `WBEM_E_ILLEGAL_NULL` if a key is NULL,
    /// `WBEM_E_VALUE_OUT_OF_RANGE` if a text holds control characters.
    pub fn from_values(class: &Class, values: &[Value]) -> Result<Self> {
        if class.is_singleton() {
            return Ok(InstanceKey(b"@".to_vec()));
        }
        if class.keys().is_empty() {
            return Err(WBEM_E_NO_KEY.with(format!("class {} has no key", class.name())));
        }
        let mut bytes = Vec::with_capacity(32);
        for &slot in class.keys() {
            let slot = usize::from(slot);
            append(class, &class.properties()[slot].name, &values[slot], &mut bytes)?;
        }
        Ok(InstanceKey(bytes))
    }

    /// The key that a path names in `class`, which is the class of the path.
    ///
    /// # Errors
    ///
    /// As for [`path_values`].
    pub fn from_path(class: &Class, keys: &PathKeys) -> Result<Self> {
        let mut bytes = Vec::with_capacity(32);
        for_each_value(class, keys, |name, value| append(class, name, &value, &mut bytes))?;
        if class.is_singleton() {
            bytes.push(b'@');
        }
        Ok(InstanceKey(bytes))
    }

    /// The bytes under which it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn wanted_keys(class: &Class) -> String {
    let name = |&slot: &u16| class.properties()[usize::from(slot)].name.as_str();
    match class.keys().iter().map(name).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => "it has no key".to_owned(),
        names => format!("its keys are: {names}"),
    }
}

fn mismatch(class: &Class, why: &str) -> Error {
    WBEM_E_INVALID_OBJECT_PATH.with(format!("the path does not fit class {}: {why}", class.name()))
}

/// The values that a path gives for the keys of `class`, which is the class of the path, in the
/// order of [`Class::keys`]; of a singleton none.
///
/// # Errors
///
/// `WBEM_E_INVALID_OBJECT_PATH` if the keys are not those of the class, `WBEM_E_VALUE_OUT_OF_RANGE`
/// for a text that no key may be.
pub fn path_values(class: &Class, keys: &PathKeys) -> Result<Vec<Value>> {
    let mut values = Vec::with_capacity(class.keys().len());
    for_each_value(class, keys, |name, value| {
        check(class, name, &value)?;
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

/// Gives `take` each key of `class` and its value in a path.
fn for_each_value(
    class: &Class,
    keys: &PathKeys,
    mut take: impl FnMut(&Name, Value) -> Result<()>,
) -> Result<()> {
    let mut take = |slot: u16, value: &KeyValue| {
        let property = &class.properties()[usize::from(slot)];
        let value = key_value(value, &property.ty).ok_or_else(|| {
            mismatch(class, &format!("{} is no {} for key {}", value, property.ty, property.name))
        })?;
        take(&property.name, value)
    };
    let wanted = class.keys();
    match keys {
        PathKeys::Singleton if class.is_singleton() => Ok(()),
        _ if class.is_singleton() => Err(mismatch(class, "it is a singleton; write =@")),
        PathKeys::Unnamed(value) if wanted.len() == 1 => take(wanted[0], value),
        PathKeys::Named(named) if !wanted.is_empty() && named.len() == wanted.len() => {
            wanted.iter().try_for_each(|&slot| {
                let name = &class.properties()[usize::from(slot)].name;
                let value = named.iter().find(|(n, _)| n == name);
                let (_, value) =
                    value.ok_or_else(|| mismatch(class, &format!("key {name} is missing")))?;
                take(slot, value)
            })
        }
        _ => Err(mismatch(class, &wanted_keys(class))),
    }
}

/// The value that a path gives for a key of type `ty`; `None` where it cannot be one.
pub fn key_value(value: &KeyValue, ty: &PropertyType) -> Option<Value> {
    let value = match value {
        KeyValue::Text(text) => Value::String(text.clone()),
        KeyValue::Integer(n) if ty.cim == CimType::String => {
            Value::String(KeyValue::Integer(*n).text())
        }
        KeyValue::Integer(n) => match i64::try_from(*n) {
            Ok(n) => Value::SInt64(n),
            Err(_) => Value::UInt64(u64::try_from(*n).ok()?),
        },
        KeyValue::Boolean(b) => Value::Boolean(*b),
    };
    value.convert(ty)
}

/// Whether the key `name` may have this value.
fn check(class: &Class, name: &Name, value: &Value) -> Result<()> {
    match value {
        Value::Null => {
            Err(WBEM_E_ILLEGAL_NULL.with(format!("key {}.{name} has no value", class.name())))
        }
        Value::String(text) | Value::Reference(text) if text.bytes().any(|b| b < 0x20) => {
            Err(WBEM_E_VALUE_OUT_OF_RANGE.with(format!(
                "key {}.{name} holds a control character, which no key may",
                class.name()
            )))
        }
        _ => Ok(()),
    }
}

fn append(class: &Class, name: &Name, value: &Value, bytes: &mut Vec<u8>) -> Result<()> {
    check(class, name, value)?;
    match value {
        Value::String(text) => bytes.extend_from_slice(crate::name::fold(text).as_bytes()),
        Value::Reference(text) => {
            bytes.extend_from_slice(
                reference_identity(text, class.origin().map(|o| &**o)).as_bytes(),
            );
        }
        // Marked off from texts by nothing: a class's keys have one type each.
        other => match other.convert(&PropertyType::scalar(CimType::String)) {
            Some(text) => bytes
                .extend_from_slice(crate::name::fold(text.as_str().unwrap_or_default()).as_bytes()),
            None => return Err(WBEM_E_CANNOT_BE_KEY.with(format!("key {}.{name}", class.name()))),
        },
    }
    // No key holds a zero, so no two lists of keys run into each other.
    bytes.push(0);
    Ok(())
}

/// The identity of a stored reference seen from `origin`; a text that is no path stands for
/// itself.
pub fn reference_identity(text: &str, origin: Option<&Origin>) -> String {
    match text.parse::<ObjectPath>() {
        Ok(path) => path.identity(origin),
        Err(_) => crate::name::fold(text).into_owned(),
    }
}

/// How a key's value is written in a path: numbers bare (64-bit ones past 32 bits quoted,
/// G.4), TRUE and FALSE bare, all else quoted. `None` for NULL and what cannot be a key.
pub fn path_value(value: &Value) -> Option<KeyValue> {
    Some(match value {
        Value::Boolean(b) => KeyValue::Boolean(*b),
        Value::String(text) | Value::Reference(text) => KeyValue::Text(text.clone()),
        Value::DateTime(d) => KeyValue::Text(smol_str::format_smolstr!("{d}")),
        other => {
            let n = other.as_integer()?;
            match (i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(&n) {
                true => KeyValue::Integer(n),
                false => KeyValue::Text(KeyValue::Integer(n).text()),
            }
        }
    })
}
