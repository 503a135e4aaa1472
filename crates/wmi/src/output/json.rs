//! JSON: one array of objects, or one object a line.
//!
//! Numbers are numbers, 64 bits too; NULL is null; a DATETIME, a reference and a char16 are
//! strings; embedded objects nest and say their class. Reals that JSON lacks are the strings
//! "NaN", "Infinity" and "-Infinity". Properties keep their order.

use std::io::{self, Write};

use cim::{Object, Value};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::Format;
use super::class_json::ClassJson;
use super::fields::{Field, Fields, Selection, put_class_first};
use super::text::{Style, character};

/// One object a line.
pub(super) struct JsonLines {
    selection: Selection,
    style: Style,
    fields: Fields,
}

impl JsonLines {
    pub(super) fn new(selection: Selection, style: Style) -> Self {
        JsonLines { selection, style, fields: Fields::default() }
    }
}

impl Format for JsonLines {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        let fields = self.fields.of(&object, |o| self.selection.fields_with_class(o));
        let json = ObjectJson { object: &object, fields: &fields, style: self.style };
        serde_json::to_writer(&mut *out, &json)?;
        out.write_all(b"\n")
    }
}

/// One array; or one object alone, where the request names one.
pub(super) struct Json {
    selection: Selection,
    style: Style,
    fields: Fields,
    is_first: bool,
}

impl Json {
    pub(super) fn new(selection: Selection, style: Style) -> Self {
        Json { selection, style, fields: Fields::default(), is_first: true }
    }
}

impl Format for Json {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        let fields = self.fields.of(&object, |o| self.selection.fields_with_class(o));
        let json = ObjectJson { object: &object, fields: &fields, style: self.style };
        let text = serde_json::to_string_pretty(&json)?;
        if self.selection.single {
            return writeln!(out, "{text}");
        }
        // Texts hold no line ends of their own: JSON escapes them.
        let opening = if self.is_first { "[\n  " } else { ",\n  " };
        self.is_first = false;
        write!(out, "{opening}{}", text.replace('\n', "\n  "))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match (self.selection.single, self.is_first) {
            (true, _) => Ok(()),
            (false, true) => writeln!(out, "[]"),
            (false, false) => writeln!(out, "\n]"),
        }
    }
}

/// One value as JSON on one line.
pub(super) fn value(value: &Value, style: Style) -> String {
    // Serializing to memory fails on maps with keys that are no strings; ours are.
    serde_json::to_string(&ValueJson { value, style }).unwrap_or_default()
}

/// An object as JSON.
struct ObjectJson<'a> {
    object: &'a Object,
    fields: &'a [Field],
    style: Style,
}

impl Serialize for ObjectJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Object::Class(class) = self.object {
            return ClassJson { class, style: self.style }.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for field in self.fields {
            let value = field.value(self.object);
            map.serialize_entry(
                field.name.as_str(),
                &ValueJson { value: &value, style: self.style },
            )?;
        }
        map.end()
    }
}

/// A value as JSON.
pub(super) struct ValueJson<'a> {
    pub(super) value: &'a Value,
    pub(super) style: Style,
}

impl Serialize for ValueJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Null => to.serialize_unit(),
            Value::Boolean(v) => to.serialize_bool(*v),
            Value::SInt64(v) if self.style.int64_as_string => to.collect_str(v),
            Value::UInt64(v) if self.style.int64_as_string => to.collect_str(v),
            Value::UInt64(v) => to.serialize_u64(*v),
            Value::SInt64(v) => to.serialize_i64(*v),
            Value::SInt8(v) => to.serialize_i8(*v),
            Value::UInt8(v) => to.serialize_u8(*v),
            Value::SInt16(v) => to.serialize_i16(*v),
            Value::UInt16(v) => to.serialize_u16(*v),
            Value::SInt32(v) => to.serialize_i32(*v),
            Value::UInt32(v) => to.serialize_u32(*v),
            Value::Real32(v) if v.is_finite() => to.serialize_f32(*v),
            Value::Real32(v) => to.serialize_str(not_finite((*v).into())),
            Value::Real64(v) if v.is_finite() => to.serialize_f64(*v),
            Value::Real64(v) => to.serialize_str(not_finite(*v)),
            Value::Char16(unit) => to.serialize_char(character(*unit)),
            Value::String(text) | Value::Reference(text) => to.serialize_str(text),
            Value::DateTime(datetime) => to.serialize_str(&self.style.datetime(datetime)),
            Value::Object(object) => embedded(object, self.style).serialize(to),
            Value::Array(elements) => {
                let mut seq = to.serialize_seq(Some(elements.len()))?;
                for value in elements.iter() {
                    seq.serialize_element(&ValueJson { value, style: self.style })?;
                }
                seq.end()
            }
        }
    }
}

/// An embedded object: all properties, and the class, because the property may not declare it.
fn embedded(object: &Object, style: Style) -> impl Serialize + '_ {
    struct Embedded<'a>(&'a Object, Style);

    impl Serialize for Embedded<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut fields = Selection::default().fields(self.0);
            put_class_first(&mut fields);
            ObjectJson { object: self.0, fields: &fields, style: self.1 }.serialize(to)
        }
    }

    Embedded(object, style)
}

fn not_finite(v: f64) -> &'static str {
    match v {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Form, fixture, printed};

    #[test]
    fn every_type_in_json() {
        let golden = include_str!("../../tests/golden/everything.json");
        let selection = Selection { single: true, ..asked("Test_Everything") };
        assert_eq!(printed(Form::Json, selection, vec![fixture::everything()]), golden);
    }

    #[test]
    fn integers_of_64_bits_become_strings_on_request() {
        let style = Style { int64_as_string: true, ..Style::default() };
        assert_eq!(value(&Value::UInt64(u64::MAX), style), "\"18446744073709551615\"");
        assert_eq!(value(&Value::SInt64(-1), style), "\"-1\"");
        assert_eq!(value(&Value::UInt32(1), style), "1");
    }

    #[test]
    fn lines_and_arrays_say_the_class_where_it_is_another_than_asked() {
        let objects = || vec![fixture::disk_named("a", Some("x")), fixture::fan()];
        assert_eq!(
            printed(Form::JsonLines, asked("test_disk"), objects()),
            "{\"Id\":\"a\",\"Label\":\"x\",\"Size\":18446744073709551615,\"Used\":0.5}\n\
             {\"__CLASS\":\"Test_Fan\",\"Id\":\"f0\",\"Speed\":-3}\n"
        );
        let array: serde_json::Value =
            serde_json::from_str(&printed(Form::Json, asked("test_disk"), objects())).unwrap();
        assert_eq!(array[1]["__CLASS"], "Test_Fan");
        assert_eq!(array[0].get("__CLASS"), None);
        assert_eq!(printed(Form::Json, asked("test_disk"), vec![]), "[]\n");
    }

    fn asked(class: &str) -> Selection {
        Selection { class: Some(class.into()), ..Selection::default() }
    }
}
