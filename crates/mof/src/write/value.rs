//! Values as literals that parse back to the same values in the same types.

use std::fmt::Write;

use cim::Value;

use super::Writer;

impl Writer {
    pub(super) fn value(&mut self, value: &Value) {
        let written = match value {
            Value::Null => self.out.write_str("NULL"),
            Value::Boolean(v) => self.out.write_str(if *v { "TRUE" } else { "FALSE" }),
            Value::SInt8(v) => write!(self.out, "{v}"),
            Value::UInt8(v) => write!(self.out, "{v}"),
            Value::SInt16(v) => write!(self.out, "{v}"),
            Value::UInt16(v) => write!(self.out, "{v}"),
            Value::SInt32(v) => write!(self.out, "{v}"),
            Value::UInt32(v) => write!(self.out, "{v}"),
            Value::SInt64(v) => write!(self.out, "{v}"),
            Value::UInt64(v) => write!(self.out, "{v}"),
            Value::Real32(v) => self.real32(*v),
            Value::Real64(v) => self.real64(*v),
            Value::Char16(unit) => self.character(*unit),
            Value::String(text) | Value::Reference(text) => self.text(text),
            Value::DateTime(v) => write!(self.out, "\"{v}\""),
            Value::Object(object) => {
                self.object(object);
                Ok(())
            }
            Value::Array(elements) => {
                self.array(elements);
                Ok(())
            }
        };
        written.expect("a String takes all text");
    }

    fn array(&mut self, elements: &[Value]) {
        self.push("{");
        for (i, element) in elements.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.value(element);
        }
        self.push("}");
    }

    /// The shortest text that leads back to `v`.
    fn real64(&mut self, v: f64) -> std::fmt::Result {
        match v.is_finite() {
            true => write!(self.out, "{v:?}"),
            false => self.out.write_str("NULL"),
        }
    }

    /// A literal is read as a real64 and rounded to a real32, so the shortest text of a real32 may
    /// lead to its neighbour; then the real64's text is written.
    fn real32(&mut self, v: f32) -> std::fmt::Result {
        let short = format!("{v:?}");
        let leads_back = short.parse::<f64>().is_ok_and(|wide| wide as f32 == v);
        if leads_back { self.out.write_str(&short) } else { self.real64(v.into()) }
    }

    fn character(&mut self, unit: u16) -> std::fmt::Result {
        match char::from_u32(unit.into()) {
            Some(c @ ('\'' | '\\')) => write!(self.out, "'\\{c}'"),
            Some(c) if !c.is_control() => write!(self.out, "'{c}'"),
            _ => write!(self.out, "'\\x{unit:04X}'"),
        }
    }

    fn text(&mut self, text: &str) -> std::fmt::Result {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_control() || matches!(c, '"' | '\\')) {
            self.out.push_str(&rest[..at]);
            let c = rest[at..].chars().next().unwrap_or_default();
            match c {
                '"' | '\\' => write!(self.out, "\\{c}")?,
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                // Four digits, so that a digit after it is not taken for one of its own. All
                // control characters are below U+00A0.
                c => write!(self.out, "\\x{:04X}", u32::from(c))?,
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.out.push_str(rest);
        self.out.push('"');
        Ok(())
    }
}
