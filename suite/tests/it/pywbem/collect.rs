//! A class with all that it inherits, in the form in which `dump.py` prints those of pywbem.

use cim::{
    Class, ClassDeclaration, Flavor, Method, Name, Property, PropertyType, Qualifiers, Value,
};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
pub(super) struct CollectedClass {
    pub name: String,
    pub superclass: Option<String>,
    pub qualifiers: Vec<CollectedQualifier>,
    pub properties: Vec<CollectedElement>,
    pub methods: Vec<CollectedElement>,
    /// What the class itself declares, in order. Only ours say.
    #[serde(skip)]
    pub own: Own,
}

/// The names of what a class itself declares.
#[derive(Default)]
pub(super) struct Own {
    pub qualifiers: Vec<String>,
    pub properties: Vec<String>,
    pub methods: Vec<String>,
}

/// A property, a method or a parameter.
#[derive(Deserialize, Default)]
pub(super) struct CollectedElement {
    pub name: String,
    pub r#type: Option<String>,
    pub qualifiers: Vec<CollectedQualifier>,
    #[serde(default)]
    pub is_array: bool,
    pub array_size: Option<u32>,
    pub class: Option<String>,
    #[serde(default)]
    pub value: Json,
    /// The class that it comes from; parameters have none.
    pub origin: Option<String>,
    #[serde(default)]
    pub propagated: bool,
    #[serde(default)]
    pub parameters: Vec<CollectedElement>,
    /// The qualifiers that the class itself gives it, in order. Only ours say.
    #[serde(skip)]
    pub own_qualifiers: Vec<String>,
}

#[derive(Deserialize, Clone)]
pub(super) struct CollectedQualifier {
    pub name: String,
    pub r#type: Option<String>,
    pub value: Json,
    pub to_subclass: bool,
    pub overridable: bool,
    pub translatable: bool,
    pub to_instance: bool,
    pub propagated: bool,
}

impl CollectedClass {
    pub(super) fn of(class: &Class) -> Self {
        CollectedClass {
            name: class.name().to_string(),
            superclass: class.superclass().map(|s| s.name().to_string()),
            qualifiers: qualifiers(class.qualifiers()),
            properties: class.properties().iter().map(|p| property(class, p)).collect(),
            methods: class.methods().iter().map(|m| method(class, m)).collect(),
            own: Own::of(class.declaration()),
        }
    }
}

impl Own {
    fn of(class: &ClassDeclaration) -> Self {
        Own {
            qualifiers: names(&class.qualifiers),
            properties: class.properties.iter().map(|p| p.name.to_string()).collect(),
            methods: class.methods.iter().map(|m| m.name.to_string()).collect(),
        }
    }
}

fn property(class: &Class, property: &Property) -> CollectedElement {
    let Property { name, ty, default, qualifiers, declared_in } = property;
    let declared = class.declaration().properties.iter().find(|p| p.name == *name);
    CollectedElement {
        origin: Some(declared_in.to_string()),
        propagated: declared_in != class.name(),
        own_qualifiers: declared.map_or(Vec::new(), |p| names(&p.qualifiers)),
        ..typed(name, ty, default, qualifiers)
    }
}

fn method(class: &Class, method: &Method) -> CollectedElement {
    let declared = class.declaration().methods.iter().find(|m| m.name == method.name);
    let parameter = |p: &cim::Parameter| CollectedElement {
        own_qualifiers: names(&p.qualifiers),
        ..typed(&p.name, &p.ty, &p.default, &p.qualifiers)
    };
    CollectedElement {
        name: method.name.to_string(),
        r#type: method.return_type.as_ref().map(|ty| type_name(ty.cim).to_owned()),
        qualifiers: qualifiers(&method.qualifiers),
        origin: Some(method.declared_in.to_string()),
        propagated: method.declared_in != *class.name(),
        parameters: method.parameters.iter().map(parameter).collect(),
        own_qualifiers: declared.map_or(Vec::new(), |m| names(&m.qualifiers)),
        ..CollectedElement::default()
    }
}

fn typed(name: &Name, ty: &PropertyType, default: &Value, set: &Qualifiers) -> CollectedElement {
    // What `X[4]` says is kept as a qualifier, which pywbem keeps as a size.
    let mut all = qualifiers(set);
    let size = all.iter().position(|q| ty.is_array && cim::name::eq(&q.name, "max"));
    let size = size.map(|at| all.remove(at).value);
    CollectedElement {
        name: name.to_string(),
        r#type: Some(type_name(ty.cim).to_owned()),
        qualifiers: all,
        is_array: ty.is_array,
        array_size: size.and_then(|size| size.as_u64()?.try_into().ok()),
        class: ty.class.as_ref().map(Name::to_string),
        value: json(default),
        ..CollectedElement::default()
    }
}

fn type_name(cim: cim::CimType) -> &'static str {
    if cim == cim::CimType::Reference { "reference" } else { cim.keyword() }
}

fn names(set: &Qualifiers) -> Vec<String> {
    set.iter().map(|q| q.name.to_string()).collect()
}

fn qualifiers(set: &Qualifiers) -> Vec<CollectedQualifier> {
    let tell = |q: &cim::Qualifier| CollectedQualifier {
        name: q.name.to_string(),
        r#type: match &q.value {
            Value::Array(elements) => elements.first().and_then(Value::cim_type),
            value => value.cim_type(),
        }
        .map(|cim| type_name(cim).to_owned()),
        value: json(&q.value),
        to_subclass: q.flavor.contains(Flavor::TO_DERIVED),
        overridable: !q.flavor.contains(Flavor::NOT_OVERRIDABLE),
        translatable: q.flavor.contains(Flavor::AMENDED),
        to_instance: q.flavor.contains(Flavor::TO_INSTANCE),
        propagated: q.is_propagated(),
    };
    set.iter().map(tell).collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(v) => (*v).into(),
        Value::UInt64(v) => (*v).into(),
        Value::Real32(v) => (*v).into(),
        Value::Real64(v) => (*v).into(),
        Value::Array(elements) => elements.iter().map(json).collect(),
        Value::String(text) | Value::Reference(text) => text.as_str().into(),
        Value::DateTime(v) => v.to_string().into(),
        Value::Char16(v) => String::from_utf16_lossy(&[*v]).into(),
        Value::Object(_) => panic!("no schema has a default that is an object"),
        integer => {
            let number = integer.as_integer().and_then(|n| i64::try_from(n).ok());
            number.expect("all other whole numbers fit").into()
        }
    }
}
