//! A class as JSON: name, derivation, qualifiers, properties and methods, with all it inherits.
//!
//! `class list -o jsonl`, `class show -o json` and schema queries print it. Lists keep the
//! order of declaration; qualifiers are a map by name, each with its value, type and flavors.

use std::sync::Arc;

use cim::{Class, Flavor, Method, Parameter, Property, PropertyType, Qualifiers};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::json::ValueJson;
use super::text::Style;

/// A class as JSON.
pub(super) struct ClassJson<'a> {
    pub(super) class: &'a Class,
    pub(super) style: Style,
}

impl Serialize for ClassJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (class, style) = (self.class, self.style);
        let derivation: Vec<&str> = class.ancestors().map(|c| c.name().as_str()).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", class.name().as_str())?;
        map.serialize_entry("superclass", &class.superclass().map(|s| s.name().as_str()))?;
        map.serialize_entry("derivation", &derivation)?;
        map.serialize_entry("qualifiers", &QualifiersJson(class.qualifiers(), style))?;
        let properties = List(class.properties(), PropertyJson, style);
        map.serialize_entry("properties", &properties)?;
        let methods = List(class.methods(), MethodJson, style);
        map.serialize_entry("methods", &methods)?;
        map.end()
    }
}

/// A list whose elements are turned into JSON one by one.
struct List<'a, T, J>(&'a [T], fn(&'a T, Style) -> J, Style);

impl<T, J: Serialize> Serialize for List<'_, T, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for element in self.0 {
            seq.serialize_element(&(self.1)(element, self.2))?;
        }
        seq.end()
    }
}

struct PropertyJson<'a>(&'a Arc<Property>, Style);

impl Serialize for PropertyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PropertyJson(property, style) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", property.name.as_str())?;
        type_entries::<S>(&mut map, &property.ty)?;
        map.serialize_entry("default", &ValueJson { value: &property.default, style })?;
        map.serialize_entry("declared_in", property.declared_in.as_str())?;
        map.serialize_entry("qualifiers", &QualifiersJson(&property.qualifiers, style))?;
        map.end()
    }
}

struct MethodJson<'a>(&'a Arc<Method>, Style);

impl Serialize for MethodJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MethodJson(method, style) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", method.name.as_str())?;
        let returns = method.return_type.as_ref().map(ToString::to_string);
        map.serialize_entry("return_type", &returns)?;
        let parameters = List(&method.parameters, ParameterJson, style);
        map.serialize_entry("parameters", &parameters)?;
        map.serialize_entry("declared_in", method.declared_in.as_str())?;
        map.serialize_entry("qualifiers", &QualifiersJson(&method.qualifiers, style))?;
        map.end()
    }
}

struct ParameterJson<'a>(&'a Parameter, Style);

impl Serialize for ParameterJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ParameterJson(parameter, style) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", parameter.name.as_str())?;
        type_entries::<S>(&mut map, &parameter.ty)?;
        map.serialize_entry("in", &parameter.is_in())?;
        map.serialize_entry("out", &parameter.is_out())?;
        map.serialize_entry("default", &ValueJson { value: &parameter.default, style })?;
        map.serialize_entry("qualifiers", &QualifiersJson(&parameter.qualifiers, style))?;
        map.end()
    }
}

/// The type, whether it is an array, and the class that a reference or object is bound to.
fn type_entries<S: Serializer>(
    map: &mut S::SerializeMap,
    ty: &PropertyType,
) -> Result<(), S::Error> {
    map.serialize_entry("type", ty.cim.keyword())?;
    map.serialize_entry("array", &ty.is_array)?;
    if let Some(class) = &ty.class {
        map.serialize_entry("class", class.as_str())?;
    }
    Ok(())
}

struct QualifiersJson<'a>(&'a Qualifiers, Style);

impl Serialize for QualifiersJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for qualifier in self.0 {
            map.serialize_entry(qualifier.name.as_str(), &QualifierJson(qualifier, self.1))?;
        }
        map.end()
    }
}

struct QualifierJson<'a>(&'a cim::Qualifier, Style);

impl Serialize for QualifierJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let QualifierJson(qualifier, style) = *self;
        let value = &qualifier.value;
        let element = value.as_array().and_then(<[_]>::first).unwrap_or(value);
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("value", &ValueJson { value, style })?;
        map.serialize_entry("type", &element.cim_type().map(cim::CimType::keyword))?;
        map.serialize_entry("flavors", &flavors(qualifier.flavor))?;
        map.end()
    }
}

/// The flavors by the words of MOF, and `Propagated` for what is inherited.
pub(super) fn flavors(flavor: Flavor) -> Vec<&'static str> {
    let words = [
        (flavor.contains(Flavor::TO_INSTANCE), "ToInstance"),
        (flavor.contains(Flavor::TO_DERIVED), "ToSubClass"),
        (flavor.contains(Flavor::NOT_OVERRIDABLE), "DisableOverride"),
        (flavor.contains(Flavor::AMENDED), "Amended"),
        (flavor.contains(Flavor::PROPAGATED), "Propagated"),
    ];
    words.into_iter().filter(|w| w.0).map(|w| w.1).collect()
}

#[cfg(test)]
mod tests {
    use crate::output::{Form, Selection, fixture, printed};

    #[test]
    fn a_class_in_json() {
        let golden = include_str!("../../tests/golden/class.json");
        let class = fixture::disk_class().into();
        let selection = Selection { single: true, ..Selection::default() };
        assert_eq!(printed(Form::Json, selection, vec![class]), golden);
    }
}
