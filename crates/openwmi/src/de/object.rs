//! An instance as a struct, a map, or a variant named after its class.

use cim::{Instance, SystemProperty, Value};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, VariantAccess};
use serde::de::{IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::value;

/// An instance to read from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    instance: &'a Instance,
    depth: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        Source { instance, depth: 0 }
    }

    /// An embedded instance. Errors: it is nested too deep.
    pub(super) fn embedded(instance: &'a Instance, depth: usize) -> Result<Self, Fault> {
        if depth > super::MAX_DEPTH {
            let most = super::MAX_DEPTH;
            return Err(Fault::custom(format!("objects are embedded more than {most} deep")));
        }
        Ok(Source { instance, depth })
    }

    /// The value of a property, or of one of the system.
    fn value(&self, name: &str) -> Option<Value> {
        // A query that asks for a system property gets it among the others.
        let own = self.instance.get(name).cloned();
        own.or_else(|| SystemProperty::from_name(name).map(|p| self.instance.system(p)))
    }
}

impl<'de> Deserializer<'de> for Source<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let class = self.instance.class();
        let names = class.slots_by_name().iter().map(|&slot| {
            let slot = usize::from(slot);
            class.properties()[slot].name.as_str()
        });
        visitor.visit_map(Fields { source: self, names, next: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Fields { source: self, names: fields.iter().copied(), next: None })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let class = self.instance.class();
        let exactly = variants.iter().find(|variant| class.name().is(variant));
        let variant = exactly.or_else(|| variants.iter().find(|variant| class.is_a(variant)));
        let variant =
            variant.ok_or_else(|| Fault::unknown_variant(class.name().as_str(), variants))?;
        visitor.visit_enum(Variant { source: self, variant })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    /// Who asks for nothing gets it.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The properties of these names that there are, one after the other.
struct Fields<'a, N> {
    source: Source<'a>,
    names: N,
    next: Option<(&'a str, Value)>,
}

impl<'de, 'a, N: Iterator<Item = &'a str>> MapAccess<'de> for Fields<'a, N> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let source = self.source;
        let found = self.names.find_map(|name| Some((name, source.value(name)?)));
        let Some((name, value)) = found else { return Ok(None) };
        self.next = Some((name, value));
        seed.deserialize(text(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self.next.take().expect("serde asks for a key before its value");
        let source = value::Source { value: &value, depth: self.source.depth };
        seed.deserialize(source).map_err(|fault| fault.within(name))
    }
}

/// The variant for the class.
struct Variant<'a> {
    source: Source<'a>,
    variant: &'static str,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Source<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Source<'a>), Fault> {
        Ok((seed.deserialize(text(self.variant))?, self.source))
    }
}

impl<'de> VariantAccess<'de> for Source<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_struct("", fields, visitor)
    }
}

fn text(name: &str) -> StrDeserializer<'_, Fault> {
    name.into_deserializer()
}
