//! `P=V` on the command line: a property and the value it gets, read by the property's type.
//!
//! The class decides how a value is read, never the value: `P=12` is text for a string and a number
//! for a uint32. Each element of an array has its own `P=V`. `P=null` is NULL, `P=` the empty
//! string. Embedded objects have no such form; MOF has one.

use cim::datetime::Point;
use cim::signature::PARAMETERS;
use cim::status::{WBEM_E_NOT_FOUND, WBEM_E_READ_ONLY};
use cim::{
    CimType, Class, DateTime, Instance, Name, ObjectPath, PropertyType, SystemProperty, Value,
};
use jiff::fmt::temporal::Pieces;

use crate::failure::Failure;

/// One `P=V`, split.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    /// P.
    pub(crate) property: Name,
    value: String,
}

/// The parts of each of `arguments`.
/// Errors: usage, where one has no `=` or no name before it.
pub(crate) fn split(arguments: &[String]) -> Result<Vec<Assignment>, Failure> {
    let part = |argument: &String| match argument.split_once('=') {
        Some((name, value)) if Name::is_identifier(name) => {
            Ok(Assignment { property: name.into(), value: value.to_owned() })
        }
        _ => Err(Failure::Usage(format!(
            "'{argument}' is no assignment; write PROPERTY=VALUE, as Name=sshd"
        ))),
    };
    arguments.iter().map(part).collect()
}

/// Gives `instance` the values of `assignments`.
/// Errors: `WBEM_E_NOT_FOUND` for a property that the class lacks; `WBEM_E_READ_ONLY` for a
/// system property, and for a key where `keys` are not open; usage for a value that is none of
/// the property's type.
pub(crate) fn apply(
    assignments: &[Assignment],
    instance: &mut Instance,
    keys: Keys,
) -> Result<(), Failure> {
    let class = instance.class().clone();
    for (i, Assignment { property, .. }) in assignments.iter().enumerate() {
        if assignments[..i].iter().any(|a| a.property == *property) {
            continue;
        }
        let slot = slot(&class, property, keys)?;
        let ty = &class.properties()[slot].ty;
        let texts: Vec<&str> = assignments
            .iter()
            .filter(|a| a.property == *property)
            .map(|a| a.value.as_str())
            .collect();
        let value = value(&texts, ty).map_err(|reason| {
            let of = match *class.name() == PARAMETERS {
                true => "parameter ".to_owned(),
                false => format!("{}.", class.name()),
            };
            Failure::Usage(format!("{of}{property} is {ty}: {reason}"))
        })?;
        instance.set(slot, value);
    }
    Ok(())
}

/// Whether keys may be assigned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keys {
    /// They may: the instance is new.
    Open,
    /// They may not: they name the instance.
    Fixed,
}

fn slot(class: &Class, property: &Name, keys: Keys) -> Result<usize, Failure> {
    let name = property.as_str();
    if SystemProperty::from_name(name).is_some() {
        let why = format!("{name} is a system property, which cannot be set");
        return Err(WBEM_E_READ_ONLY.with(why).into());
    }
    let Some(slot) = class.slot(name) else {
        let why = format!("class {} has no property {name}", class.name());
        return Err(WBEM_E_NOT_FOUND.with(why).into());
    };
    let is_key = class.is_key(slot);
    if is_key && keys == Keys::Fixed {
        let why =
            format!("{}.{name} is a key and names the instance; make a new one", class.name());
        return Err(WBEM_E_READ_ONLY.with(why).into());
    }
    Ok(slot)
}

fn value(texts: &[&str], ty: &PropertyType) -> Result<Value, String> {
    match texts {
        [text] if is_null(text) => Ok(Value::Null),
        [""] if ty.is_array => Ok(Value::array([])),
        [text] if !ty.is_array => scalar(text, ty.cim),
        several if ty.is_array => several
            .iter()
            .map(|text| match is_null(text) {
                true => Err("an array has no NULL in it".to_owned()),
                false => scalar(text, ty.cim),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Value::array),
        _ => Err("it takes one value, and was given several".to_owned()),
    }
}

fn is_null(text: &str) -> bool {
    text.eq_ignore_ascii_case("null")
}

fn scalar(text: &str, cim: CimType) -> Result<Value, String> {
    let no_value = |wanted: &str| format!("'{text}' is no {wanted}");
    match cim {
        CimType::String if text.eq_ignore_ascii_case("\"null\"") => {
            Ok(Value::string(&text[1..text.len() - 1]))
        }
        CimType::String => Ok(Value::string(text)),
        CimType::Boolean => match text {
            "1" => Ok(Value::Boolean(true)),
            "0" => Ok(Value::Boolean(false)),
            _ if text.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
            _ if text.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
            _ => Err(no_value("boolean; write true or false")),
        },
        CimType::Real32 | CimType::Real64 => Value::string(text)
            .convert(&PropertyType::scalar(cim))
            .ok_or_else(|| no_value("number")),
        CimType::Char16 => character(text).ok_or_else(|| no_value("single character")),
        CimType::DateTime => datetime(text),
        CimType::Reference => match text.parse::<ObjectPath>() {
            Ok(_) => Ok(Value::Reference(text.into())),
            Err(error) => Err(error.message().to_owned()),
        },
        CimType::Object => {
            Err("an embedded object cannot be written here; use 'wmi compile' with MOF".to_owned())
        }
        integer => whole_number(text, integer),
    }
}

/// One UTF-16 unit, as the character or by its number.
fn character(text: &str) -> Option<Value> {
    let mut units = text.encode_utf16();
    match (units.next(), units.next()) {
        (Some(unit), None) => Some(Value::Char16(unit)),
        (Some(_), Some(_)) => text.parse().ok().map(Value::Char16),
        _ => None,
    }
}

fn whole_number(text: &str, cim: CimType) -> Result<Value, String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let parsed = match hex {
        Some(hex) if !hex.starts_with(['+', '-']) => i128::from_str_radix(hex, 16).ok(),
        None if !digits.starts_with(['+', '-']) => digits.parse().ok(),
        _ => None,
    };
    let n = parsed.ok_or_else(|| format!("'{text}' is no whole number"))? * sign;
    Value::integer(cim, n).ok_or_else(|| {
        let (least, most) = range(cim);
        format!("{text} is out of its range, {least} to {most}")
    })
}

fn range(cim: CimType) -> (i128, i128) {
    let fits = |n: i128| Value::integer(cim, n).is_some();
    let powers = || (0..=64).map(|bits| 1i128 << bits);
    let most = powers().map(|p| p - 1).filter(|&n| fits(n)).max().unwrap_or(0);
    let least = powers().map(|p| -p).filter(|&n| fits(n)).min().unwrap_or(0);
    (least, most)
}

/// A DATETIME or interval as CIM writes it, or a point in time in RFC 3339.
fn datetime(text: &str) -> Result<Value, String> {
    if let Ok(datetime) = text.parse::<DateTime>() {
        return Ok(Value::DateTime(datetime));
    }
    rfc3339(text).map(|point| Value::DateTime(DateTime::Point(point))).ok_or_else(|| {
        format!(
            "'{text}' is no date and time; write it as 2026-11-20T09:30:00+01:00, \
             20261120093000.000000+060 or, for an interval, ddddddddHHMMSS.mmmmmm:000"
        )
    })
}

fn rfc3339(text: &str) -> Option<Point> {
    let pieces = Pieces::parse(text).ok()?;
    let (date, time) = (pieces.date(), pieces.time()?);
    let offset = pieces.to_numeric_offset()?.seconds();
    // CIM knows offsets in minutes only.
    if offset % 60 != 0 || pieces.time_zone_annotation().is_some() {
        return None;
    }
    Point::new(
        u16::try_from(date.year()).ok()?,
        date.month().try_into().ok()?,
        date.day().try_into().ok()?,
        time.hour().try_into().ok()?,
        time.minute().try_into().ok()?,
        time.second().try_into().ok()?,
        (time.subsec_nanosecond() / 1000).try_into().ok()?,
        (offset / 60).try_into().ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str], ty: impl Into<PropertyType>) -> Result<String, String> {
        value(texts, &ty.into()).map(|value| format!("{value:?}"))
    }

    #[test]
    fn the_type_decides_what_a_value_is() {
        for (text, cim, expected) in [
            ("12", CimType::UInt8, Value::UInt8(12)),
            ("12", CimType::String, Value::string("12")),
            ("-0x80", CimType::SInt8, Value::SInt8(-128)),
            ("18446744073709551615", CimType::UInt64, Value::UInt64(u64::MAX)),
            ("1e3", CimType::Real64, Value::Real64(1000.0)),
            ("TRUE", CimType::Boolean, Value::Boolean(true)),
            ("0", CimType::Boolean, Value::Boolean(false)),
            ("7", CimType::Char16, Value::Char16(u16::from(b'7'))),
            ("8364", CimType::Char16, Value::Char16(0x20ac)),
            ("", CimType::String, Value::string("")),
            ("NULL", CimType::String, Value::Null),
            ("\"null\"", CimType::String, Value::string("null")),
            ("A.K=\"x\"", CimType::Reference, Value::Reference("A.K=\"x\"".into())),
        ] {
            assert_eq!(value(&[text], &cim.into()), Ok(expected), "{text} as {cim:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused_with_the_reason() {
        for (text, cim, reason) in [
            ("256", CimType::UInt8, "256 is out of its range, 0 to 255"),
            ("-129", CimType::SInt8, "-129 is out of its range, -128 to 127"),
            ("1.5", CimType::UInt32, "'1.5' is no whole number"),
            ("--1", CimType::SInt32, "'--1' is no whole number"),
            ("", CimType::UInt32, "'' is no whole number"),
            ("yes", CimType::Boolean, "'yes' is no boolean; write true or false"),
            ("x", CimType::Real32, "'x' is no number"),
        ] {
            assert_eq!(value(&[text], &cim.into()), Err(reason.to_owned()), "{text}");
        }
        assert!(read(&["a b"], CimType::Reference).unwrap_err().contains("object path"));
        assert!(read(&["1", "2"], CimType::UInt8).unwrap_err().contains("one value"));
    }

    #[test]
    fn an_array_takes_each_value_given() {
        let ty = PropertyType::array(CimType::UInt8);
        let bytes = |list: &[u8]| Ok(Value::array(list.iter().copied().map(Value::UInt8)));
        assert_eq!(value(&["1", "2"], &ty), bytes(&[1, 2]));
        assert_eq!(value(&["1"], &ty), bytes(&[1]));
        assert_eq!(value(&[""], &ty), bytes(&[]));
        assert_eq!(value(&["null"], &ty), Ok(Value::Null));
        assert!(value(&["1", "null"], &ty).is_err());
        assert!(value(&["1,2"], &ty).is_err());
    }

    #[test]
    fn datetimes_in_both_forms() {
        for (text, expected) in [
            ("2026-11-20T09:30:00+01:00", Some("20261120093000.000000+060")),
            ("2026-11-20 09:30:00.25Z", Some("20261120093000.250000+000")),
            ("2026-11-20T09:30:00-05:30", Some("20261120093000.000000-330")),
            ("20261120093000.000000+060", Some("20261120093000.000000+060")),
            ("00000001120032.000000:000", Some("00000001120032.000000:000")),
            ("2026-11-20T09:30:00", None),
            ("2026-11-20", None),
            ("2026-02-30T00:00:00Z", None),
            ("yesterday", None),
        ] {
            let read = datetime(text).ok().map(|value| match value {
                Value::DateTime(datetime) => datetime.to_string(),
                other => format!("{other:?}"),
            });
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn assignments_have_a_name_and_a_value() {
        let parts = split(&["Name=a=b".to_owned(), "X=".to_owned()]).unwrap();
        assert_eq!((parts[0].property.as_str(), parts[0].value.as_str()), ("Name", "a=b"));
        assert_eq!(parts[1].value, "");
        for bad in ["Name", "=x", "a b=c"] {
            assert!(split(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
