//! The class and the properties that a type reads: its name, and the names of its fields.
//!
//! A type's `Deserialize` requests a struct with its name and its fields. The probe is a
//! deserializer without data that records these requests. It visits nested structs one field at a
//! time: a query that selects an embedded object of a declared class returns it empty, so its
//! properties have to be named too.

use cim::status::WBEM_E_INVALID_PARAMETER;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;

/// The depth of nested structs to which properties are named; below that everything is selected.
const MAX_NAMED: usize = 4;

/// The parts of a struct that a query names.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Shape {
    /// The name of the struct and of the class.
    pub(crate) class: &'static str,
    /// The properties of its fields, those of embedded objects as `Owner.Name`. `None` if a field
    /// accepts any value (a map, an enum, an array of structs), so that all properties are needed.
    pub(crate) properties: Option<Vec<String>>,
}

impl Shape {
    /// The shape of `T`; `None` if it is not a struct.
    pub(crate) fn find<T: DeserializeOwned>() -> Option<Shape> {
        let Kind::Struct(class, fields) = kind_at::<T>(&[]) else { return None };
        let mut names = Vec::new();
        let properties = name_fields::<T>(fields, &mut Vec::new(), "", &mut names);
        Some(Shape { class, properties: properties.map(|()| names) })
    }

    /// The shape of `T`.
    /// Errors: `WBEM_E_INVALID_PARAMETER` if it is not a struct.
    pub(crate) fn of<T: DeserializeOwned>() -> cim::Result<Shape> {
        Shape::find::<T>().ok_or_else(|| {
            WBEM_E_INVALID_PARAMETER.with(format!(
                "{} names no class; take a struct without #[serde(flatten)], or a raw query",
                std::any::type_name::<T>()
            ))
        })
    }
}

/// Adds the names of `fields`, which are those of the struct at `path` in `T`. `None` if one
/// accepts any value.
fn name_fields<T: DeserializeOwned>(
    fields: &[&str],
    path: &mut Vec<usize>,
    prefix: &str,
    names: &mut Vec<String>,
) -> Option<()> {
    for (i, field) in fields.iter().enumerate() {
        let name = format!("{prefix}{field}");
        path.push(i);
        match kind_at::<T>(path) {
            Kind::Struct(_, []) => names.push(name),
            Kind::Struct(..) if path.len() >= MAX_NAMED => return None,
            Kind::Struct(_, inner) => name_fields::<T>(inner, path, &format!("{name}."), names)?,
            Kind::Simple => names.push(name),
            Kind::Anything => return None,
        }
        path.pop();
    }
    Some(())
}

/// The kind of value that a type reads.
#[derive(Clone, Copy)]
enum Kind {
    /// A value that has no parts, or an array of such.
    Simple,
    /// A struct of this name with these fields.
    Struct(&'static str, &'static [&'static str]),
    /// Any value; an array of structs.
    Anything,
}

/// What is read at `path`: the number of a field of `T`, of a field of that struct, and so on.
fn kind_at<T: DeserializeOwned>(path: &[usize]) -> Kind {
    let mut found = Kind::Simple;
    // The probe has no data, so this fails unless `T` needs none.
    let _ = T::deserialize(Probe { path, found: &mut found });
    found
}

struct Probe<'a> {
    path: &'a [usize],
    found: &'a mut Kind,
}

impl Probe<'_> {
    /// Takes down what is read here and reads nothing.
    fn note<T>(self, kind: Kind) -> Result<T, Fault> {
        *self.found = kind;
        Err(Fault::custom("there is nothing to read"))
    }
}

macro_rules! simple {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
            self.note(Kind::Simple)
        })*
    };
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        self.note(Kind::Anything)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.path.split_first() {
            None => self.note(Kind::Struct(name, fields)),
            Some((&field, path)) => visitor.visit_map(Inner {
                field: fields[field],
                probe: Some(Probe { path, found: self.found }),
            }),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Probe { path, found } = self;
        let probe = Probe { path, found: &mut *found };
        let read = visitor.visit_seq(Inner { field: "", probe: Some(probe) });
        // WQL has no way to name the properties of the objects in an array.
        if let Kind::Struct(..) = found {
            *found = Kind::Anything;
        }
        read
    }

    simple! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_ignored_any
    }

    forward_to_deserialize_any! { unit_struct tuple tuple_struct map enum identifier }
}

/// The one field, or the one element, that is probed.
struct Inner<'a> {
    field: &'static str,
    probe: Option<Probe<'a>>,
}

impl Inner<'_> {
    fn probe<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let probe = self.probe.take().ok_or_else(|| Fault::custom("probed already"))?;
        seed.deserialize(probe)
    }
}

impl<'de> MapAccess<'de> for Inner<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let name: StrDeserializer<'_, Fault> = self.field.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        self.probe(seed)
    }
}

impl<'de> SeqAccess<'de> for Inner<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.probe(seed).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::HashMap;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    #[serde(rename = "Win32_X")]
    struct Inside {
        #[serde(rename = "Name")]
        name: String,
        count: Option<u64>,
        #[serde(skip)]
        own: u8,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Outside {
        one: Option<Box<Inside>>,
        texts: Option<Vec<String>>,
        last: Vec<u8>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Chain {
        next: Option<Box<Chain>>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Many {
        all: Vec<Inside>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Open {
        name: String,
        rest: HashMap<String, String>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct Wrapped(Inside);

    #[test]
    fn structs_say_what_they_ask_for() {
        let shape = |class, names: &[&str]| {
            let properties = Some(names.iter().map(|&name| name.to_owned()).collect());
            Some(Shape { class, properties })
        };
        assert_eq!(Shape::find::<Inside>(), shape("Win32_X", &["Name", "count"]));
        assert_eq!(Shape::find::<Wrapped>(), shape("Win32_X", &["Name", "count"]));
        let names = ["one.Name", "one.count", "texts", "last"];
        assert_eq!(Shape::find::<Outside>(), shape("Outside", &names));
    }

    #[test]
    fn what_may_be_anything_takes_everything() {
        let shape = |class| Some(Shape { class, properties: None });
        assert_eq!(Shape::find::<Open>(), shape("Open"));
        assert_eq!(Shape::find::<Chain>(), shape("Chain"));
        assert_eq!(Shape::find::<Many>(), shape("Many"));
    }

    #[test]
    fn what_is_no_struct_names_no_class() {
        assert_eq!(Shape::find::<HashMap<String, String>>(), None);
        assert_eq!(Shape::of::<()>().unwrap_err().status(), WBEM_E_INVALID_PARAMETER);
    }
}
