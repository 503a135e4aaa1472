//! Objects of a small schema for the tests of the formats.
//!
//! Test_Disk derives from Test_Any; Test_Everything has a property of each type. Each golden
//! is next to the source of its format.

use std::sync::Arc;

use cim::class::{ClassDeclaration, MethodDeclaration, Parameter, PropertyDeclaration};
use cim::{
    CimType, Class, Flavor, Instance, Namespace, Object, Origin, PropertyType, Qualifier,
    Qualifiers, Value,
};

fn qualifiers(list: &[(&str, Value)]) -> Qualifiers {
    list.iter()
        .map(|(name, value)| Qualifier::new(*name, value.clone(), Flavor::default()))
        .collect()
}

fn property(name: &str, ty: impl Into<PropertyType>) -> PropertyDeclaration {
    PropertyDeclaration {
        name: name.into(),
        ty: ty.into(),
        default: None,
        qualifiers: Qualifiers::default(),
    }
}

fn derive(declaration: ClassDeclaration, superclass: Option<Arc<Class>>) -> Arc<Class> {
    let namespace = Namespace::new("root\\test").unwrap();
    let origin = Arc::new(Origin { server: "HOST".into(), namespace });
    Class::derive(Arc::new(declaration), superclass, Some(origin)).unwrap()
}

/// Test_Any: abstract, with a key, and a method that restarts.
pub(crate) fn any_class() -> Arc<Class> {
    let mut id = property("Id", CimType::String);
    id.qualifiers = qualifiers(&[("key", true.into())]);
    let force = Parameter {
        name: "Force".into(),
        ty: CimType::Boolean.into(),
        default: Value::Null,
        qualifiers: qualifiers(&[("in", true.into()), ("ID", Value::SInt32(0))]),
    };
    let restart = MethodDeclaration {
        name: "Restart".into(),
        return_type: Some(CimType::UInt32.into()),
        parameters: vec![force],
        qualifiers: qualifiers(&[("Implemented", true.into())]),
    };
    let declaration = ClassDeclaration {
        name: "Test_Any".into(),
        qualifiers: qualifiers(&[("abstract", true.into())]),
        properties: vec![id],
        methods: vec![restart],
        ..ClassDeclaration::default()
    };
    derive(declaration, None)
}

/// Test_Disk.
pub(crate) fn disk_class() -> Arc<Class> {
    let mut label = property("Label", CimType::String);
    let described = Qualifier::new("Description", "What <it> is called", Flavor::TO_DERIVED);
    label.qualifiers.set(described);
    let properties =
        vec![property("Size", CimType::UInt64), label, property("Used", CimType::Real64)];
    let declaration = ClassDeclaration {
        name: "Test_Disk".into(),
        superclass: Some("Test_Any".into()),
        properties,
        ..ClassDeclaration::default()
    };
    derive(declaration, Some(any_class()))
}

/// A disk without a label.
pub(crate) fn disk() -> Object {
    disk_named("d0", None)
}

/// A disk.
pub(crate) fn disk_named(id: &str, label: Option<&str>) -> Object {
    let values = [Value::string(id), Value::UInt64(u64::MAX), label.into(), Value::Real64(0.5)];
    Instance::from_values(disk_class(), values.into()).into()
}

/// An instance of another class with another property.
pub(crate) fn fan() -> Object {
    let declaration = ClassDeclaration {
        name: "Test_Fan".into(),
        superclass: Some("Test_Any".into()),
        properties: vec![property("Speed", CimType::SInt16)],
        ..ClassDeclaration::default()
    };
    let class = derive(declaration, Some(any_class()));
    Instance::from_values(class, [Value::string("f0"), Value::SInt16(-3)].into()).into()
}

/// An instance with a value of every type.
pub(crate) fn everything() -> Object {
    let mut id = property("Id", CimType::UInt8);
    id.qualifiers = qualifiers(&[("key", true.into())]);
    let (mut properties, mut values) = (vec![id], vec![Value::UInt8(7)]);
    for (name, ty, value) in every_type() {
        properties.push(property(name, ty));
        values.push(value);
    }
    let declaration = ClassDeclaration {
        name: "Test_Everything".into(),
        properties,
        ..ClassDeclaration::default()
    };
    Instance::from_values(derive(declaration, None), values.into()).into()
}

fn every_type() -> Vec<(&'static str, PropertyType, Value)> {
    let datetime = |text: &str| Value::DateTime(text.parse().unwrap());
    let disk = Value::Object(Arc::new(disk()));
    let path = Value::Reference(r#"\\HOST\root\test:Test_Disk.Id="d\"0""#.into());
    vec![
        ("S64", CimType::SInt64.into(), Value::SInt64(i64::MIN)),
        ("R32", CimType::Real32.into(), Value::Real32(0.1)),
        ("Nan", CimType::Real64.into(), Value::Real64(f64::NAN)),
        ("Flag", CimType::Boolean.into(), Value::Boolean(false)),
        ("Letter", CimType::Char16.into(), Value::Char16(0x20ac)),
        ("Text", CimType::String.into(), Value::string("a \"b\",\n<c> & ü")),
        ("Empty", CimType::String.into(), Value::string("")),
        ("Nothing", CimType::String.into(), Value::Null),
        ("Moment", CimType::DateTime.into(), datetime("20261120093000.000120+060")),
        ("Span", CimType::DateTime.into(), datetime("00000001120032.000000:000")),
        ("Path", PropertyType::reference("Test_Disk"), path),
        ("Inner", PropertyType::object("Test_Any"), disk.clone()),
        (
            "Words",
            PropertyType::array(CimType::String),
            Value::array(["a", "b,c"].map(Value::from)),
        ),
        ("Inners", PropertyType::array(CimType::Object), Value::array([disk])),
    ]
}
