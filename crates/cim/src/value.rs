//! A value of a property, parameter or qualifier, and its conversion to another type.
//!
//! Numbers stay numbers: a uint64 is a `u64` all the way, never a float and never text.
//! Comparison in queries is defined in `wql`, the text form in `mof`.

use std::sync::Arc;

use smol_str::{SmolStr, ToSmolStr};

use crate::datetime::DateTime;
use crate::object::Object;
use crate::status::{Result, WBEM_E_TYPE_MISMATCH};
use crate::types::{CimType, PropertyType};

/// A typed value, or none.
#[derive(Clone, Debug, PartialEq, Default)]
#[allow(missing_docs)] // The variants are the types' own names.
pub enum Value {
    /// No value. Neither zero nor the empty string nor an empty array.
    #[default]
    Null,
    Boolean(bool),
    SInt8(i8),
    UInt8(u8),
    SInt16(i16),
    UInt16(u16),
    SInt32(i32),
    UInt32(u32),
    SInt64(i64),
    UInt64(u64),
    Real32(f32),
    Real64(f64),
    /// One UTF-16 code unit.
    Char16(u16),
    String(SmolStr),
    DateTime(DateTime),
    /// An object path as it was written.
    Reference(SmolStr),
    /// An embedded object. `Arc` because values are cloned far more often than changed.
    Object(Arc<Object>),
    /// All elements have the type that the property declares; none is NULL.
    Array(Arc<[Value]>),
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<SmolStr>) -> Self {
        Value::String(text.into())
    }

    /// An array of values.
    pub fn array(elements: impl IntoIterator<Item = Value>) -> Self {
        Value::Array(elements.into_iter().collect())
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// About how many bytes of memory it takes, with what it refers to.
    pub fn memory(&self) -> usize {
        /// What an allocation takes beside its content: two counters, and the allocator's own.
        const ALLOCATION: usize = 32;
        let elsewhere = match self {
            Value::String(text) | Value::Reference(text) if text.is_heap_allocated() => {
                ALLOCATION + text.len()
            }
            Value::Object(object) => ALLOCATION + object.memory(),
            Value::Array(elements) => {
                ALLOCATION + elements.iter().map(Value::memory).sum::<usize>()
            }
            _ => 0,
        };
        size_of::<Value>() + elsewhere
    }

    /// The data type of a single value; `None` for NULL and arrays.
    pub fn cim_type(&self) -> Option<CimType> {
        Some(match self {
            Value::Null | Value::Array(_) => return None,
            Value::Boolean(_) => CimType::Boolean,
            Value::SInt8(_) => CimType::SInt8,
            Value::UInt8(_) => CimType::UInt8,
            Value::SInt16(_) => CimType::SInt16,
            Value::UInt16(_) => CimType::UInt16,
            Value::SInt32(_) => CimType::SInt32,
            Value::UInt32(_) => CimType::UInt32,
            Value::SInt64(_) => CimType::SInt64,
            Value::UInt64(_) => CimType::UInt64,
            Value::Real32(_) => CimType::Real32,
            Value::Real64(_) => CimType::Real64,
            Value::Char16(_) => CimType::Char16,
            Value::String(_) => CimType::String,
            Value::DateTime(_) => CimType::DateTime,
            Value::Reference(_) => CimType::Reference,
            Value::Object(_) => CimType::Object,
        })
    }

    /// Whether a property of type `ty` can have the value without a conversion.
    pub fn has_type(&self, ty: &PropertyType) -> bool {
        match self {
            Value::Null => true,
            Value::Array(elements) => {
                ty.is_array && elements.iter().all(|e| e.cim_type() == Some(ty.cim))
            }
            scalar => !ty.is_array && scalar.cim_type() == Some(ty.cim),
        }
    }

    /// Whether each embedded object of the value is of the class that `ty` declares, and has itself
    /// values that may be put (behaviour.md G.5).
    ///
    /// # Errors
    ///
    /// `WBEM_E_TYPE_MISMATCH`.
    pub fn check_objects(&self, ty: &PropertyType) -> Result<()> {
        match self {
            Value::Array(elements) => elements.iter().try_for_each(|e| e.check_objects(ty)),
            Value::Object(object) => {
                let class = object.class();
                match &ty.class {
                    Some(declared) if !class.is_a(declared.as_str()) => Err(WBEM_E_TYPE_MISMATCH
                        .with(format!(
                            "an object of {} is not of {declared} or a subclass",
                            class.name()
                        ))),
                    _ => object.as_instance().map_or(Ok(()), |it| it.check_values(|_| true)),
                }
            }
            _ => Ok(()),
        }
    }

    /// The value as a whole number; `None` where it is none (char16 and boolean are none).
    pub fn as_integer(&self) -> Option<i128> {
        Some(match *self {
            Value::SInt8(v) => v.into(),
            Value::UInt8(v) => v.into(),
            Value::SInt16(v) => v.into(),
            Value::UInt16(v) => v.into(),
            Value::SInt32(v) => v.into(),
            Value::UInt32(v) => v.into(),
            Value::SInt64(v) => v.into(),
            Value::UInt64(v) => v.into(),
            _ => return None,
        })
    }

    /// The value as a real; `None` where it is none.
    pub fn as_real(&self) -> Option<f64> {
        match *self {
            Value::Real32(v) => Some(v.into()),
            Value::Real64(v) => Some(v),
            _ => None,
        }
    }

    /// The text of a string or a reference.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) | Value::Reference(text) => Some(text),
            _ => None,
        }
    }

    /// The value if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Value::Boolean(v) => Some(v),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The whole number `n` as a value of `cim`; `None` where it does not fit or `cim` is not
    /// an integer type.
    pub fn integer(cim: CimType, n: i128) -> Option<Value> {
        Some(match cim {
            CimType::SInt8 => Value::SInt8(n.try_into().ok()?),
            CimType::UInt8 => Value::UInt8(n.try_into().ok()?),
            CimType::SInt16 => Value::SInt16(n.try_into().ok()?),
            CimType::UInt16 => Value::UInt16(n.try_into().ok()?),
            CimType::SInt32 => Value::SInt32(n.try_into().ok()?),
            CimType::UInt32 => Value::UInt32(n.try_into().ok()?),
            CimType::SInt64 => Value::SInt64(n.try_into().ok()?),
            CimType::UInt64 => Value::UInt64(n.try_into().ok()?),
            _ => return None,
        })
    }

    /// The same value in type `ty`, where WMI converts: between numbers that hold it (a real
    /// is rounded for an integer, an integer to the nearest real), text that spells a decimal
    /// number, boolean, DATETIME or path, and numbers and booleans as text. `None` where the
    /// value cannot be had in that type.
    pub fn convert(&self, ty: &PropertyType) -> Option<Value> {
        if self.has_type(ty) {
            return Some(self.clone());
        }
        match self {
            Value::Array(elements) if ty.is_array => elements
                .iter()
                .map(|e| e.convert_scalar(ty.cim))
                .collect::<Option<_>>()
                .map(Value::Array),
            Value::Array(_) => None,
            _ if ty.is_array => None,
            scalar => scalar.convert_scalar(ty.cim),
        }
    }

    fn convert_scalar(&self, cim: CimType) -> Option<Value> {
        if self.cim_type() == Some(cim) {
            return Some(self.clone());
        }
        match cim {
            CimType::Boolean => self.to_boolean().map(Value::Boolean),
            CimType::Real32 => self.to_real32().map(Value::Real32),
            CimType::Real64 => self.to_real().map(Value::Real64),
            CimType::Char16 => self.to_char16().map(Value::Char16),
            CimType::String => self.to_text().map(Value::String),
            CimType::DateTime => self.as_str()?.parse().ok().map(Value::DateTime),
            CimType::Reference => self.as_str().map(|text| Value::Reference(text.into())),
            CimType::Object => None,
            integer => Value::integer(integer, self.to_integer()?),
        }
    }

    fn to_integer(&self) -> Option<i128> {
        match self {
            Value::Boolean(v) => Some((*v).into()),
            Value::Char16(v) => Some((*v).into()),
            Value::String(text) => text.trim().parse().ok(),
            _ => self.as_integer().or_else(|| {
                let real = self.as_real()?.round();
                (real.abs() < 2e19).then_some(real as i128)
            }),
        }
    }

    fn to_real(&self) -> Option<f64> {
        match self {
            // `parse` knows words for infinity and for no number at all; CIM knows neither.
            Value::String(text) => text.trim().parse().ok().filter(|v: &f64| v.is_finite()),
            _ => self.as_real().or_else(|| self.as_integer().map(|v| v as f64)),
        }
    }

    /// Rounded, but never to infinity.
    fn to_real32(&self) -> Option<f32> {
        let real = self.to_real()?;
        let rounded = real as f32;
        (rounded.is_finite() || !real.is_finite()).then_some(rounded)
    }

    /// TRUE is any number but 0 (the interfaces spell it 1 and -1), FALSE is 0.
    fn to_boolean(&self) -> Option<bool> {
        match self {
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Value::String(text) => text.trim().parse::<i128>().ok().map(|v| v != 0),
            _ => match self.as_real() {
                Some(real) => (!real.is_nan()).then_some(real != 0.0),
                None => self.as_integer().map(|v| v != 0),
            },
        }
    }

    fn to_char16(&self) -> Option<u16> {
        if let Value::String(text) = self {
            let mut units = text.encode_utf16();
            return units.next().filter(|_| units.next().is_none());
        }
        self.as_integer()?.try_into().ok()
    }

    /// A number, boolean, DATETIME or path as text.
    fn to_text(&self) -> Option<SmolStr> {
        Some(match self {
            Value::Boolean(true) => SmolStr::new_static("TRUE"),
            Value::Boolean(false) => SmolStr::new_static("FALSE"),
            Value::Real32(v) => v.to_smolstr(),
            Value::Real64(v) => v.to_smolstr(),
            Value::Char16(v) => char::from_u32((*v).into())?.to_smolstr(),
            Value::DateTime(v) => v.to_smolstr(),
            Value::Reference(v) => v.clone(),
            _ => self.as_integer()?.to_smolstr(),
        })
    }
}

macro_rules! from {
    ($($variant:ident: $ty:ty),*) => {
        $(impl From<$ty> for Value {
            fn from(v: $ty) -> Self { Value::$variant(v.into()) }
        })*
    };
}

from!(Boolean: bool, SInt8: i8, UInt8: u8, SInt16: i16, UInt16: u16, SInt32: i32, UInt32: u32,
      SInt64: i64, UInt64: u64, Real32: f32, Real64: f64, DateTime: DateTime,
      String: SmolStr, String: &str, String: String);

/// `None` is NULL.
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_small() {
        assert!(size_of::<Value>() <= 32, "{}", size_of::<Value>());
    }

    #[test]
    fn conversions_keep_the_value_or_refuse() {
        use Value::*;
        let max = u64::MAX;
        for (from, cim, to) in [
            (SInt32(5), CimType::UInt64, Some(UInt64(5))),
            (SInt32(-1), CimType::UInt32, None),
            (UInt64(max), CimType::String, Some(Value::string("18446744073709551615"))),
            (Value::string("18446744073709551615"), CimType::UInt64, Some(UInt64(max))),
            (Value::string("0x409"), CimType::UInt64, None),
            (Value::string("1"), CimType::UInt16, Some(UInt16(1))),
            (SInt32(23), CimType::String, Some(Value::string("23"))),
            (Real64(1000.4), CimType::UInt32, Some(UInt32(1000))),
            (Real64(f64::NAN), CimType::UInt32, None),
            (Value::string("true"), CimType::Boolean, Some(Boolean(true))),
            (SInt32(-1), CimType::Boolean, Some(Boolean(true))),
            (Value::string("maybe"), CimType::Boolean, None),
            (Value::string("A"), CimType::Char16, Some(Char16(65))),
            (Value::string("AB"), CimType::Char16, None),
            (Null, CimType::UInt8, Some(Null)),
        ] {
            assert_eq!(from.convert(&cim.into()), to, "{from:?} as {cim:?}");
        }
    }

    #[test]
    fn arrays_convert_by_element() {
        let array = Value::array([Value::SInt32(1), Value::string("2")]);
        let ty = PropertyType::array(CimType::UInt8);
        let expected = Value::array([Value::UInt8(1), Value::UInt8(2)]);
        assert_eq!(array.convert(&ty), Some(expected));
        assert_eq!(array.convert(&PropertyType::scalar(CimType::UInt8)), None);
        assert_eq!(Value::SInt32(1).convert(&ty), None);
    }
}
