//! A literal's value in the type that was declared, or the status that says why not.
//!
//! Used where the type is known with the literal (defaults, qualifiers) and where a class supplies it
//! later (instances). The conversions themselves are in `cim::Value::convert`.

use cim::status::*;
use cim::{CimType, PropertyType, Value};

/// `value` as `ty`.
///
/// # Errors
///
/// `WBEMMOF_E_UNEXPECTED_ARRAY_INIT`, `WBEMMOF_E_TYPE_MISMATCH`, `WBEMMOF_E_OUT_OF_RANGE`,
/// `WBEMMOF_E_NULL_ARRAY_ELEM`.
pub(crate) fn convert(value: &Value, ty: &PropertyType) -> Result<Value> {
    match value {
        Value::Array(_) if !ty.is_array => Err(unexpected_array()),
        Value::Array(elements) => {
            if elements.iter().any(Value::is_null) {
                return Err(null_element());
            }
            let element = PropertyType { is_array: false, ..ty.clone() };
            let converted =
                |e: &Value| checked(scalar_as(e, &element)).ok_or_else(|| mismatch(e, &element));
            elements.iter().map(converted).collect::<Result<_>>().map(Value::Array)
        }
        Value::Null => Ok(Value::Null),
        _ if ty.is_array => Err(WBEMMOF_E_TYPE_MISMATCH
            .with(format!("a value of type {ty} is written in braces, as in {{1, 2}}"))),
        scalar => checked(scalar_as(scalar, ty)).ok_or_else(|| mismatch(scalar, ty)),
    }
}

/// A scalar as `ty`. A 64-bit number may be a hexadecimal text, which only MOF takes.
fn scalar_as(value: &Value, ty: &PropertyType) -> Option<Value> {
    let number = match (ty.cim, value.as_str()) {
        (CimType::SInt64 | CimType::UInt64, Some(text)) => crate::literal::hexadecimal(text),
        _ => None,
    };
    number.as_ref().unwrap_or(value).convert(ty)
}

/// Braces where no array was declared.
pub(crate) fn unexpected_array() -> cim::Error {
    WBEMMOF_E_UNEXPECTED_ARRAY_INIT.with("an array needs a declaration with []")
}

/// NULL within an array.
pub(crate) fn null_element() -> cim::Error {
    WBEMMOF_E_NULL_ARRAY_ELEM.with("an array has no NULL elements; the whole array can be NULL")
}

/// Refuses a real that became infinite because its new type is too small.
fn checked(value: Option<Value>) -> Option<Value> {
    value.filter(|value| value.as_real().is_none_or(f64::is_finite))
}

fn mismatch(value: &Value, ty: &PropertyType) -> cim::Error {
    if let (CimType::DateTime, Some(text)) = (ty.cim, value.as_str())
        && let Err(error) = text.parse::<cim::DateTime>()
    {
        return WBEMMOF_E_TYPE_MISMATCH.with(error.message().to_owned());
    }
    let is_number = value.as_integer().is_some() || value.as_real().is_some();
    let takes_number = ty.cim.is_integer() || ty.cim.is_real() || ty.cim == CimType::Char16;
    let shown = value.convert(&CimType::String.into());
    let shown = match shown.as_ref().and_then(Value::as_str) {
        Some(text) => crate::literal::shown(text),
        None => "this value".to_owned(),
    };
    if is_number && takes_number {
        return WBEMMOF_E_OUT_OF_RANGE.with(format!("{shown} is out of the range of {ty}"));
    }
    WBEMMOF_E_TYPE_MISMATCH.with(format!("{shown} cannot be a value of type {ty}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g5_values_convert_or_say_why_not() {
        let int = Value::SInt32;
        let text = |t: &str| Value::string(t);
        let scalar = |c: CimType| PropertyType::scalar(c);
        for (value, ty, expected) in [
            (Value::Real64(1000.4), scalar(CimType::SInt32), Ok(int(1000))),
            (int(23), scalar(CimType::String), Ok(text("23"))),
            (text("1"), scalar(CimType::UInt16), Ok(Value::UInt16(1))),
            (int(70000), scalar(CimType::UInt16), Err(WBEMMOF_E_OUT_OF_RANGE)),
            (int(-1), scalar(CimType::UInt64), Err(WBEMMOF_E_OUT_OF_RANGE)),
            (Value::Real64(1e300), scalar(CimType::Real32), Err(WBEMMOF_E_OUT_OF_RANGE)),
            (text("x"), scalar(CimType::UInt16), Err(WBEMMOF_E_TYPE_MISMATCH)),
            (text("x"), scalar(CimType::DateTime), Err(WBEMMOF_E_TYPE_MISMATCH)),
            (int(1), PropertyType::array(CimType::UInt8), Err(WBEMMOF_E_TYPE_MISMATCH)),
            (Value::array([int(1)]), scalar(CimType::UInt8), Err(WBEMMOF_E_UNEXPECTED_ARRAY_INIT)),
            (
                Value::array([int(1), Value::Null]),
                PropertyType::array(CimType::UInt8),
                Err(WBEMMOF_E_NULL_ARRAY_ELEM),
            ),
            (
                Value::array([int(1), int(256)]),
                PropertyType::array(CimType::UInt8),
                Err(WBEMMOF_E_OUT_OF_RANGE),
            ),
            (Value::Null, PropertyType::array(CimType::UInt8), Ok(Value::Null)),
        ] {
            let converted = convert(&value, &ty).map_err(|e| e.status());
            assert_eq!(converted, expected, "{value:?} as {ty}");
        }
    }
}
