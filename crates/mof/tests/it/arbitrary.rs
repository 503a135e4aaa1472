//! Classes and instances at random, of the kind that MOF can say.

use std::sync::Arc;

use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, InstanceQualifiers, MethodDeclaration,
    Name, Object, Parameter, PropertyDeclaration, PropertyType, Qualifier, Qualifiers, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Every type that has literals.
const TYPES: [CimType; 15] = [
    CimType::SInt8,
    CimType::UInt8,
    CimType::SInt16,
    CimType::UInt16,
    CimType::SInt32,
    CimType::UInt32,
    CimType::SInt64,
    CimType::UInt64,
    CimType::Real32,
    CimType::Real64,
    CimType::Boolean,
    CimType::String,
    CimType::Char16,
    CimType::DateTime,
    CimType::Reference,
];

/// Names of qualifiers with the one type that each has.
const QUALIFIERS: [(&str, CimType, bool); 16] = [
    ("Description", CimType::String, false),
    ("Values", CimType::String, true),
    ("Key", CimType::Boolean, false),
    ("Static", CimType::Boolean, false),
    ("Association", CimType::Boolean, false),
    ("MAX", CimType::SInt32, false),
    ("Locale", CimType::SInt32, true),
    ("Weight", CimType::Real64, false),
    ("Weights", CimType::Real64, true),
    ("Flags", CimType::Boolean, true),
    ("MaxLen", CimType::UInt32, false),
    ("MinValue", CimType::SInt64, false),
    ("MaxValues", CimType::UInt64, true),
    ("Letter", CimType::Char16, false),
    ("Narrow", CimType::Real32, false),
    ("Since", CimType::DateTime, false),
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[A-Za-z][A-Za-z0-9_]{0,30}[A-Za-z0-9]",
        // Words that mean something elsewhere.
        1 => prop::sample::select(vec!["ref", "of", "as", "Größe", "NULL", "pragma", "object"])
            .prop_map(String::from),
    ]
}

fn class_name() -> impl Strategy<Value = Name> {
    "CIM_[A-Za-z0-9ä]{1,30}".prop_map(Name::from)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,20}", "[\\x00-\\x7f\\u{80}-\\u{a0}\"\\\\ux0-9😀]{0,12}"]
}

fn datetime() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        "19980401135809.000000+000",
        "19980416******.000000+***",
        "20240229235959.999999-720",
        "20240229235959.999999-000",
        "00000001120032.000000:000",
    ])
    .prop_map(|t| Value::DateTime(t.parse().unwrap()))
}

fn scalar(cim: CimType) -> BoxedStrategy<Value> {
    match cim {
        CimType::SInt8 => any::<i8>().prop_map(Value::SInt8).boxed(),
        CimType::UInt8 => any::<u8>().prop_map(Value::UInt8).boxed(),
        CimType::SInt16 => any::<i16>().prop_map(Value::SInt16).boxed(),
        CimType::UInt16 => any::<u16>().prop_map(Value::UInt16).boxed(),
        CimType::SInt32 => any::<i32>().prop_map(Value::SInt32).boxed(),
        CimType::UInt32 => any::<u32>().prop_map(Value::UInt32).boxed(),
        CimType::SInt64 => any::<i64>().prop_map(Value::SInt64).boxed(),
        CimType::UInt64 => any::<u64>().prop_map(Value::UInt64).boxed(),
        CimType::Real32 => {
            let finite = any::<u32>().prop_map(f32::from_bits).prop_filter("", |v| v.is_finite());
            // A value whose shortest text, read as a real64, rounds to its neighbour.
            prop_oneof![20 => finite, 1 => Just(7.038531e-26f32)].prop_map(Value::Real32).boxed()
        }
        CimType::Real64 => any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("finite", |v| v.is_finite())
            .prop_map(Value::Real64)
            .boxed(),
        CimType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        CimType::Char16 => any::<u16>().prop_map(Value::Char16).boxed(),
        CimType::DateTime => datetime().boxed(),
        CimType::Reference => text().prop_map(|t| Value::Reference(t.into())).boxed(),
        CimType::String => text().prop_map(Value::string).boxed(),
        CimType::Object => Just(Value::Null).boxed(),
    }
}

fn value(cim: CimType, is_array: bool) -> BoxedStrategy<Value> {
    if is_array { vec(scalar(cim), 0..4).prop_map(Value::array).boxed() } else { scalar(cim) }
}

fn flavor() -> impl Strategy<Value = Flavor> {
    any::<u8>().prop_map(|bits| Flavor(bits & 0x93))
}

fn qualifiers() -> impl Strategy<Value = Qualifiers> {
    let one = prop::sample::select(QUALIFIERS.to_vec()).prop_flat_map(|(name, cim, is_array)| {
        let value = prop_oneof![9 => value(cim, is_array), 1 => Just(Value::Null)];
        (Just(name), value, flavor()).prop_map(|(n, v, f)| Qualifier::new(n, v, f))
    });
    // Names are unique in a `Qualifiers`.
    vec(one, 0..4).prop_map(Qualifiers::from_iter)
}

/// Qualifiers that WMI's dialect can spell, as instances have them.
fn plain_qualifiers() -> impl Strategy<Value = Qualifiers> {
    let one =
        ("(Note|Units|Hidden)", any::<i32>(), any::<bool>()).prop_map(|(n, v, to_instance)| {
            Qualifier::new(n, Value::SInt32(v), Flavor(u8::from(to_instance)))
        });
    vec(one, 0..3).prop_map(Qualifiers::from_iter)
}

fn ty() -> impl Strategy<Value = PropertyType> {
    let cim = prop::sample::select(TYPES.to_vec());
    (cim, any::<bool>(), option::of(class_name())).prop_map(|(cim, is_array, class)| {
        let class = class.filter(|_| cim == CimType::Reference);
        PropertyType { cim, is_array, class }
    })
}

fn property() -> impl Strategy<Value = (PropertyType, Option<Value>, Qualifiers)> {
    let embedded = (any::<bool>(), option::of(class_name())).prop_map(|(is_array, class)| {
        (PropertyType { cim: CimType::Object, is_array, class }, None)
    });
    let plain = ty().prop_flat_map(|ty| {
        let default = prop_oneof![1 => Just(Value::Null), 5 => value(ty.cim, ty.is_array)];
        (Just(ty), option::of(default))
    });
    (prop_oneof![1 => embedded, 9 => plain], qualifiers()).prop_map(|((t, d), q)| (t, d, q))
}

fn parameter() -> impl Strategy<Value = (PropertyType, Value, Qualifiers)> {
    let directions: Vec<&[(&str, bool)]> = vec![
        &[("in", true)],
        &[("Out", true)],
        &[("IN", true), ("OUT", true)],
        &[("In", false), ("Out", true)],
        &[("In", false)],
    ];
    let marks = (prop::sample::select(directions), flavor()).prop_map(|(marks, flavor)| {
        marks.iter().map(|&(n, v)| Qualifier::new(n, v, flavor)).collect::<Vec<_>>()
    });
    let typed = ty().prop_flat_map(|ty| {
        let default = prop_oneof![1 => Just(Value::Null), 1 => value(ty.cim, ty.is_array)];
        (Just(ty), default)
    });
    (typed, marks, qualifiers()).prop_map(|((ty, default), marks, rest)| {
        let all = marks.into_iter().chain(rest.iter().cloned());
        (ty, default, all.collect())
    })
}

fn method() -> impl Strategy<Value = (Option<PropertyType>, Vec<Parameter>, Qualifiers)> {
    let returns = option::of(ty().prop_map(|ty| PropertyType { is_array: false, ..ty }));
    let parameters = btree_map(name().prop_map(Name::from), parameter(), 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(name, (ty, default, qualifiers))| Parameter { name, ty, default, qualifiers })
            .collect()
    });
    (returns, parameters, qualifiers())
}

/// A class with elements of every kind.
pub(crate) fn class() -> impl Strategy<Value = ClassDeclaration> {
    let properties = btree_map(name().prop_map(Name::from), property(), 0..5).prop_map(|all| {
        let one = |(name, (ty, default, qualifiers))| PropertyDeclaration {
            name,
            ty,
            default,
            qualifiers,
        };
        all.into_iter().map(one).collect()
    });
    let methods = btree_map(name().prop_map(Name::from), method(), 0..3).prop_map(|all| {
        let one = |(name, (return_type, parameters, qualifiers))| MethodDeclaration {
            name,
            return_type,
            parameters,
            qualifiers,
        };
        all.into_iter().map(one).collect()
    });
    (class_name(), option::of(class_name()), qualifiers(), properties, methods).prop_map(
        |(name, superclass, qualifiers, properties, methods)| ClassDeclaration {
            name,
            superclass,
            qualifiers,
            properties,
            methods,
            ..ClassDeclaration::default()
        },
    )
}

/// The class of embedded instances.
pub(crate) fn inner() -> Arc<Class> {
    let property = |name: &str, ty: PropertyType| PropertyDeclaration {
        name: name.into(),
        ty,
        default: None,
        qualifiers: Qualifiers::default(),
    };
    let declaration = ClassDeclaration {
        name: "Inner".into(),
        properties: vec![
            property("Number", CimType::UInt64.into()),
            property("Deeper", CimType::Object.into()),
        ],
        ..ClassDeclaration::default()
    };
    Class::derive(Arc::new(declaration), None, None).unwrap()
}

fn embedded() -> impl Strategy<Value = Value> {
    let leaf = (option::of(any::<u64>()), plain_qualifiers()).prop_map(|(number, qualifiers)| {
        let mut instance = Instance::new(inner());
        if let Some(number) = number {
            instance.set(0, Value::UInt64(number));
        }
        instance
            .set_qualifiers(InstanceQualifiers { instance: qualifiers, properties: Vec::new() });
        instance
    });
    let leaf = leaf.boxed();
    (leaf.clone(), option::of(leaf)).prop_map(|(mut outer, deeper)| {
        if let Some(deeper) = deeper {
            outer.set(1, Value::Object(Arc::new(Object::Instance(deeper))));
        }
        Value::Object(Arc::new(Object::Instance(outer)))
    })
}

/// An instance of a class of its own, with embedded ones in it.
pub(crate) fn instance() -> impl Strategy<Value = Instance> {
    let embedded = (any::<bool>(), vec(embedded(), 1..3)).prop_map(|(is_array, mut values)| {
        let class = Some(Name::from("Inner"));
        let ty = PropertyType { cim: CimType::Object, is_array, class };
        (ty, if is_array { Value::array(values) } else { values.remove(0) })
    });
    let plain = ty().prop_flat_map(|ty| {
        let value = prop_oneof![1 => Just(Value::Null), 5 => value(ty.cim, ty.is_array)];
        (Just(ty), value)
    });
    let slot = (prop_oneof![1 => embedded, 4 => plain], any::<bool>(), plain_qualifiers());
    let slots = btree_map(name().prop_map(Name::from), slot, 0..6);
    (class_name(), slots, plain_qualifiers()).prop_map(|(name, slots, qualifiers)| {
        let properties = slots.iter().map(|(name, ((ty, _), _, _))| PropertyDeclaration {
            name: name.clone(),
            ty: ty.clone(),
            default: None,
            qualifiers: Qualifiers::default(),
        });
        let properties = properties.collect();
        let declaration = ClassDeclaration { name, properties, ..ClassDeclaration::default() };
        let class = Class::derive(Arc::new(declaration), None, None).unwrap();
        let mut instance = Instance::new(class);
        let mut all = InstanceQualifiers { instance: qualifiers, properties: Vec::new() };
        for (slot, ((_, value), is_supplied, qualifiers)) in slots.into_values().enumerate() {
            if is_supplied {
                instance.set(slot, value);
            }
            if !qualifiers.is_empty() {
                all.properties.push((slot as u16, qualifiers));
            }
        }
        instance.set_qualifiers(all);
        instance
    })
}
