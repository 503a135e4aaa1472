//! Every value that can be put is read as it was: all types, arrays, qualifiers and objects in
//! objects.

use std::sync::Arc;

use cim::{
    CimType, Class, ClassDeclaration, DateTime, Flavor, Instance, InstanceQualifiers,
    MethodDeclaration, Object, Parameter, PropertyType, Qualifier, Qualifiers, Value,
};
use proptest::prelude::*;
use repository::PutMode;

use crate::support::*;

const TYPES: [CimType; 15] = [
    CimType::Boolean,
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
    CimType::Char16,
    CimType::String,
    CimType::DateTime,
    CimType::Reference,
];

fn datetime() -> impl Strategy<Value = DateTime> {
    let text = prop_oneof![
        (0..=9999u16, 1..=12u8, 1..=28u8, 0..=23u8, 0..1_000_000u32, -720..=720i16).prop_map(
            |(y, m, d, h, us, o)| format!(
                "{y:04}{m:02}{d:02}{h:02}3059.{us:06}{}{:03}",
                if o < 0 { '-' } else { '+' },
                o.abs()
            )
        ),
        (0..=99_999_999u32, 0..=23u8, 0..1_000_000u32)
            .prop_map(|(days, h, us)| format!("{days:08}{h:02}5901.{us:06}:000")),
        Just("19980416******.000000+***".to_owned()),
        Just("**************.******-000".to_owned()),
    ];
    text.prop_map(|text| text.parse().unwrap())
}

fn scalar(cim: CimType) -> BoxedStrategy<Value> {
    match cim {
        CimType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        CimType::SInt8 => any::<i8>().prop_map(Value::SInt8).boxed(),
        CimType::UInt8 => any::<u8>().prop_map(Value::UInt8).boxed(),
        CimType::SInt16 => any::<i16>().prop_map(Value::SInt16).boxed(),
        CimType::UInt16 => any::<u16>().prop_map(Value::UInt16).boxed(),
        CimType::SInt32 => any::<i32>().prop_map(Value::SInt32).boxed(),
        CimType::UInt32 => any::<u32>().prop_map(Value::UInt32).boxed(),
        CimType::SInt64 => any::<i64>().prop_map(Value::SInt64).boxed(),
        CimType::UInt64 => any::<u64>().prop_map(Value::UInt64).boxed(),
        CimType::Real32 => any::<f32>().prop_map(Value::Real32).boxed(),
        CimType::Real64 => any::<f64>().prop_map(Value::Real64).boxed(),
        CimType::Char16 => any::<u16>().prop_map(Value::Char16).boxed(),
        CimType::String => ".{0,60}".prop_map(Value::string).boxed(),
        CimType::DateTime => datetime().prop_map(Value::DateTime).boxed(),
        CimType::Reference => ".{0,60}".prop_map(|t| Value::Reference(t.into())).boxed(),
        CimType::Object => unreachable!("made by hand below"),
    }
}

fn value(ty: &PropertyType) -> BoxedStrategy<Value> {
    let some = match ty.is_array {
        true => prop::collection::vec(scalar(ty.cim), 0..5).prop_map(Value::array).boxed(),
        false => scalar(ty.cim),
    };
    prop_oneof![1 => Just(Value::Null), 6 => some].boxed()
}

/// Of each type a property, and of each an array.
fn all_types() -> Vec<PropertyType> {
    let scalars = TYPES.into_iter().map(PropertyType::scalar);
    scalars.chain(TYPES.into_iter().map(PropertyType::array)).collect()
}

fn everything() -> Arc<Class> {
    let mut properties = vec![key_property("Id", CimType::String)];
    let named = |(at, ty): (usize, _)| property(&format!("P{at}"), ty);
    properties.extend(all_types().into_iter().enumerate().map(named));
    class("Test_Everything", None, properties)
}

fn qualifier_set() -> impl Strategy<Value = Qualifiers> {
    let values = prop::sample::select(all_types()).prop_flat_map(|ty| value(&ty));
    let one = ("[A-Za-z]{1,8}", values, any::<u8>());
    let made = one.prop_map(|(name, value, flavor)| Qualifier::new(name, value, Flavor(flavor)));
    prop::collection::vec(made, 0..4).prop_map(|all| all.into_iter().collect())
}

/// An instance that supplied some of its values, with qualifiers of its own or without.
fn instance() -> impl Strategy<Value = Instance> {
    let values: Vec<_> = all_types().iter().map(|ty| prop::option::of(value(ty))).collect();
    let qualifiers = (qualifier_set(), prop::option::of((0..30u16, qualifier_set())));
    ("[a-z]{1,12}", values, qualifiers).prop_map(|(id, values, (own, of_property))| {
        let mut instance = named(&everything(), &id);
        for (at, value) in values.into_iter().enumerate() {
            if let Some(value) = value {
                instance.set(at + 1, value);
            }
        }
        let properties = of_property.into_iter().filter(|(_, set)| !set.is_empty()).collect();
        instance.set_qualifiers(InstanceQualifiers { instance: own, properties });
        instance
    })
}

fn declaration() -> impl Strategy<Value = ClassDeclaration> {
    let types = || prop::sample::select(all_types());
    let typed = types().prop_flat_map(|ty| (Just(ty.clone()), prop::option::of(value(&ty))));
    let properties = prop::collection::vec((".{1,12}", typed, qualifier_set()), 0..5);
    let properties = properties.prop_map(|all| {
        let made = all.into_iter().map(|(name, (ty, default), qualifiers)| {
            cim::PropertyDeclaration { name: name.into(), ty, default, qualifiers }
        });
        made.collect::<Vec<_>>()
    });
    let parameter = (".{1,12}", types(), qualifier_set()).prop_map(|(name, ty, qualifiers)| {
        Parameter { name: name.into(), ty, default: Value::Null, qualifiers }
    });
    let method = (".{1,12}", prop::option::of(types()), prop::collection::vec(parameter, 0..3));
    let method = method.prop_map(|(name, return_type, parameters)| MethodDeclaration {
        name: name.into(),
        return_type,
        parameters,
        qualifiers: qualifiers(&["static"]),
    });
    (".{1,20}", qualifier_set(), properties, prop::collection::vec(method, 0..3)).prop_map(
        |(name, qualifiers, properties, methods)| ClassDeclaration {
            name: name.into(),
            qualifiers,
            properties,
            methods,
            ..ClassDeclaration::default()
        },
    )
}

#[test]
fn g5_values_of_every_type_are_read_as_they_were_put() {
    let (_dir, repository) = repository();
    let class = everything();
    let root = fill(&repository, &[&class]);
    proptest!(ProptestConfig::with_cases(200), |(put in instance())| {
        repository.write(|w| w.put_instance(root, &put, PutMode::CreateOrUpdate)).unwrap();
        let snapshot = repository.read().unwrap();
        let read = snapshot.view().instance(root, &class, &put.key().unwrap()).unwrap().unwrap();
        prop_assert_eq!(&read, &put);
    });
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn declarations_are_read_as_they_were_put() {
    let (_dir, repository) = repository();
    let root = fill(&repository, &[]);
    proptest!(ProptestConfig::with_cases(200), |(put in declaration())| {
        repository.write(|w| w.put_class(root, &put)).unwrap();
        let read = repository.read().unwrap().view().class(root, &put.name).unwrap();
        prop_assert_eq!(read.as_ref(), Some(&put));
    });
    assert!(repository.verify().unwrap().is_clean());
}

fn holder() -> Arc<Class> {
    class(
        "Test_Holder",
        None,
        vec![
            key_property("Id", CimType::String),
            property("One", CimType::Object),
            property("Many", PropertyType::array(CimType::Object)),
        ],
    )
}

fn object(object: impl Into<Object>) -> Value {
    Value::Object(Arc::new(object.into()))
}

#[test]
fn g5_embedded_objects_come_back_with_their_classes() {
    let (_dir, repository) = repository();
    let (thing, holder) = (thing(), holder());
    let derived = class("Test_Derived", Some(&thing), vec![property("More", CimType::Real64)]);
    let root = fill(&repository, &[&thing, &holder]);
    let mut inner = named(&holder, "inner");
    inner.put("One", &object(named(&thing, "innermost"))).unwrap();
    let mut outer = named(&holder, "outer");
    outer.put("One", &object(inner)).unwrap();
    let many = [object(named(&derived, "x")), object(derived.clone()), object(thing.clone())];
    outer.put("Many", &Value::array(many)).unwrap();
    repository.write(|w| w.put_instance(root, &outer, PutMode::Create)).unwrap();

    let snapshot = repository.read().unwrap();
    let read = |view: repository::View<'_>| {
        view.instance(root, &holder, &key(&holder, "outer")).unwrap().unwrap()
    };
    assert_eq!(read(snapshot.view()), outer);
    let lookup = |name: &cim::Name| (*name == *derived.name()).then(|| derived.clone());
    let resolved = read(snapshot.view().resolving(&lookup));
    assert_eq!(resolved, outer);
    let class_of = |instance: &Instance| match instance.get("Many").unwrap().as_array().unwrap() {
        [Value::Object(first), ..] => first.class().clone(),
        other => panic!("{other:?}"),
    };
    assert!(Arc::ptr_eq(&class_of(&resolved), &derived));
    let unresolved = class_of(&read(snapshot.view()));
    assert_eq!((unresolved.name(), unresolved.superclass()), (derived.name(), None));
    assert!(repository.verify().unwrap().is_clean());
}

#[test]
fn objects_embedded_without_end_are_refused() {
    let (_dir, repository) = repository();
    let holder = holder();
    let root = fill(&repository, &[&holder]);
    let mut instance = named(&holder, "x");
    let mut depths = Vec::new();
    for depth in 0..20 {
        let put = repository.write(|w| w.put_instance(root, &instance, PutMode::CreateOrUpdate));
        match put {
            Ok(_) => depths.push(depth),
            Err(error) => assert_eq!(error.status(), cim::status::WBEM_E_TOO_MUCH_DATA),
        }
        let mut outer = named(&holder, "x");
        outer.put("One", &object(instance)).unwrap();
        instance = outer;
    }
    assert_eq!(depths, (0..=16).collect::<Vec<_>>());
    let snapshot = repository.read().unwrap();
    assert!(snapshot.view().instance(root, &holder, &key(&holder, "x")).unwrap().is_some());
}
