//! A value as a field.

use cim::{Object, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::de::{IntoDeserializer, value::StrDeserializer};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::object;

/// A value to read from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) value: &'a Value,
    /// How many objects it is embedded in.
    pub(super) depth: usize,
}

impl<'a> Source<'a> {
    fn object(&self, object: &'a Object) -> Result<object::Source<'a>, Fault> {
        match object {
            Object::Instance(instance) => object::Source::embedded(instance, self.depth + 1),
            Object::Class(class) => Err(Fault::custom(format!(
                "class {} is embedded; only instances can be read",
                class.name()
            ))),
        }
    }
}

impl<'de> Deserializer<'de> for Source<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor
                .visit_unit()
                .map_err(|_: Fault| Fault::custom("it is NULL; an Option can take that")),
            Value::Boolean(v) => visitor.visit_bool(*v),
            Value::SInt8(v) => visitor.visit_i8(*v),
            Value::UInt8(v) => visitor.visit_u8(*v),
            Value::SInt16(v) => visitor.visit_i16(*v),
            Value::UInt16(v) => visitor.visit_u16(*v),
            Value::SInt32(v) => visitor.visit_i32(*v),
            Value::UInt32(v) => visitor.visit_u32(*v),
            Value::SInt64(v) => visitor.visit_i64(*v),
            Value::UInt64(v) => visitor.visit_u64(*v),
            Value::Real32(v) => visitor.visit_f32(*v),
            Value::Real64(v) => visitor.visit_f64(*v),
            // Half of a pair is no character, but still a number.
            Value::Char16(v) => match char::from_u32((*v).into()) {
                Some(c) => visitor.visit_char(c),
                None => visitor.visit_u16(*v),
            },
            Value::String(text) | Value::Reference(text) => visitor.visit_str(text),
            Value::DateTime(v) => visitor.visit_str(&v.to_string()),
            Value::Object(object) => self.object(object)?.deserialize_any(visitor),
            Value::Array(elements) => {
                visitor.visit_seq(Elements { elements, at: 0, depth: self.depth })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Value::Object(object) => self.object(object)?.deserialize_struct(name, fields, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Value::Object(object) => self.object(object)?.deserialize_enum(name, variants, visitor),
            Value::String(text) => {
                let text: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The elements of an array, one after the other.
struct Elements<'a> {
    elements: &'a [Value],
    at: usize,
    depth: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(value) = self.elements.get(self.at) else { return Ok(None) };
        let index = self.at;
        self.at += 1;
        let element = Source { value, depth: self.depth };
        seed.deserialize(element).map(Some).map_err(|fault| fault.at(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len() - self.at)
    }
}
