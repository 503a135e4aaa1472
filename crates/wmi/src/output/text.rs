//! A value as text: for people in tables and lists, and for fields of CSV.
//!
//! In tables and lists NULL is `NULL`, arrays and the values of embedded objects other than NULL are
//! in braces, and characters that would move the cursor of a terminal are escaped. In CSV text is
//! unchanged, and structured values are JSON.

use std::fmt::Write;

use cim::{DateTime, Object, Value};

use super::json;
use super::timestamp::rfc3339;

/// How values are spelled where there is a choice.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Style {
    /// Whether JSON has integers of 64 bits as strings, for readers that know only floats.
    pub(crate) int64_as_string: bool,
    /// Whether a DATETIME stays as CIM writes it.
    pub(crate) cim_datetime: bool,
}

impl Style {
    /// The text of a DATETIME.
    pub(super) fn datetime(self, datetime: &DateTime) -> String {
        let other = if self.cim_datetime { None } else { rfc3339(datetime) };
        other.unwrap_or_else(|| datetime.to_string())
    }
}

/// The character of a char16; one half of a pair has none of its own.
pub(super) fn character(unit: u16) -> char {
    char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The value on one line, for people.
pub(super) fn for_people(value: &Value, style: Style) -> String {
    let mut text = String::new();
    write_value(value, style, &mut text);
    text
}

/// The value as a field of CSV, before quoting; `None` for NULL.
pub(super) fn for_csv(value: &Value, style: Style) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => Some(json::value(value, style)),
        scalar => Some(scalar_text(scalar, style)),
    }
}

fn write_value(value: &Value, style: Style, text: &mut String) {
    match value {
        Value::Array(elements) => {
            text.push('{');
            for (i, element) in elements.iter().enumerate() {
                text.push_str(if i == 0 { "" } else { ", " });
                write_value(element, style, text);
            }
            text.push('}');
        }
        Value::Object(object) => write_object(object, style, text),
        scalar => push_visible(&scalar_text(scalar, style), text),
    }
}

fn write_object(object: &Object, style: Style, text: &mut String) {
    let class = object.class();
    push_visible(class.name().as_str(), text);
    let Object::Instance(instance) = object else { return };
    text.push_str(" {");
    let mut separator = "";
    for &slot in class.slots_by_name() {
        let (property, value) =
            (&class.properties()[usize::from(slot)], instance.value(slot.into()));
        if !value.is_null() {
            text.push_str(std::mem::replace(&mut separator, ", "));
            push_visible(property.name.as_str(), text);
            text.push_str(": ");
            write_value(value, style, text);
        }
    }
    text.push('}');
}

/// The text of a value that is neither array nor object.
fn scalar_text(value: &Value, style: Style) -> String {
    match value {
        Value::Boolean(true) => "TRUE".to_owned(),
        Value::Boolean(false) => "FALSE".to_owned(),
        Value::Real32(v) => v.to_string(),
        Value::Real64(v) => v.to_string(),
        Value::Char16(unit) => character(*unit).to_string(),
        Value::String(text) | Value::Reference(text) => text.to_string(),
        Value::DateTime(datetime) => style.datetime(datetime),
        other => other.as_integer().map_or_else(|| "NULL".to_owned(), |n| n.to_string()),
    }
}

/// Adds `from` with its control characters spelled out, so that no value can move the cursor
/// or forge a line.
fn push_visible(from: &str, text: &mut String) {
    for c in from.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // The second group turns the direction of what follows.
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    #[test]
    fn values_as_people_and_csv_get_them() {
        let person = Value::Object(std::sync::Arc::new(fixture::disk()));
        for (value, people, csv) in [
            (Value::Null, "NULL", None),
            (Value::Boolean(true), "TRUE", Some("TRUE")),
            (Value::UInt64(u64::MAX), "18446744073709551615", Some("18446744073709551615")),
            (Value::Real32(0.1), "0.1", Some("0.1")),
            (Value::Char16(0x20ac), "€", Some("€")),
            (Value::Char16(0xd800), "\u{fffd}", Some("\u{fffd}")),
            (Value::string("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J", Some("a\nb\u{1b}[2J")),
            (Value::string("C:\\x"), "C:\\x", Some("C:\\x")),
            (Value::array([1u8, 2].map(Value::UInt8)), "{1, 2}", Some("[1,2]")),
            (Value::array([]), "{}", Some("[]")),
            (
                person,
                "Test_Disk {Id: d0, Size: 18446744073709551615, Used: 0.5}",
                Some(
                    r#"{"__CLASS":"Test_Disk","Id":"d0","Label":null,"Size":18446744073709551615,"Used":0.5}"#,
                ),
            ),
        ] {
            let style = Style::default();
            assert_eq!(for_people(&value, style), people);
            assert_eq!(for_csv(&value, style).as_deref(), csv);
        }
    }
}
