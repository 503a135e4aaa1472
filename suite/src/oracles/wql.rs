//! What holds of every text taken for a query.
//!
//! What parses prints to text that parses to an equal query; an error points into the text.
//! A SELECT that binds to the class below prints, bound, to text that binds again and says the
//! same of every instance of it; so do its conjuncts taken one by one.

use std::sync::{Arc, LazyLock};

use cim::status::WBEM_E_QUOTA_VIOLATION;
use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, Name, Object, PropertyDeclaration,
    PropertyType, Qualifier, Value,
};
use wql::{BoundSchema, BoundSelect, ParseError, Query, Select};

/// Checks `data` as a query.
///
/// # Panics
///
/// Where the parser or the binder does, or a rule above does not hold.
pub fn wql(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match wql::parse(text) {
        Ok(query) => prints_as_itself(&query),
        Err(error) => points_into(&error, text),
    }
}

fn points_into(error: &ParseError, text: &str) {
    assert!(text[error.offset()..].starts_with(error.token()), "{error}");
    assert!(error.render().contains('^'), "{error}");
    assert!(error.status().symbol().is_some(), "{error}");
}

fn prints_as_itself(query: &Query) {
    let printed = query.to_string();
    match wql::parse(&printed) {
        Err(error) if is_too_long(&error) => {}
        again => assert_eq!(again.as_ref(), Ok(query), "{printed}"),
    }
    let Query::Select(select) = query else { return };
    if select.is_schema() {
        let Ok(bound) = BoundSchema::bind(select) else { return };
        bound.matches(&SAMPLE.class);
    } else if let Ok(bound) = BoundSelect::bind(select, &SAMPLE.class, 60) {
        says_what_it_prints(&bound);
    }
}

/// Spaces, quotes and escapes are added in print, which may take a query or the path in it past
/// the limit.
fn is_too_long(error: &ParseError) -> bool {
    error.status() == WBEM_E_QUOTA_VIOLATION
}

fn says_what_it_prints(bound: &BoundSelect) {
    let printed = bound.to_string();
    let again = match wql::parse(&printed) {
        Ok(Query::Select(again)) => bind(&again),
        Err(error) if is_too_long(&error) => return,
        other => panic!("{printed}: {other:?}"),
    };
    for instance in &SAMPLE.instances {
        let matches = bound.matches(instance);
        assert_eq!(again.matches(instance), matches, "{printed}");
        assert_eq!(bound.conjuncts().iter().all(|c| c.matches(instance)), matches, "{printed}");
        assert!(!(matches && bound.never_matches()), "{printed}");
        if let Some(projection) = bound.projection(false) {
            projection.apply(instance.clone());
        }
    }
    bound.key_equalities();
    bound.needed_slots(true);
}

fn bind(select: &Select) -> BoundSelect {
    BoundSelect::bind(select, &SAMPLE.class, 60).expect("what was bound before")
}

/// A class with a property of every type, and instances of it.
struct Sample {
    class: Arc<Class>,
    instances: Vec<Instance>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(sample);

/// Names of one letter, so that a fuzzer finds them.
const PROPERTIES: [(&str, CimType); 16] = [
    ("a", CimType::SInt8),
    ("b", CimType::UInt8),
    ("c", CimType::SInt16),
    ("d", CimType::UInt16),
    ("e", CimType::SInt32),
    ("f", CimType::UInt32),
    ("g", CimType::SInt64),
    ("h", CimType::UInt64),
    ("i", CimType::Real32),
    ("j", CimType::Real64),
    ("k", CimType::Boolean),
    ("l", CimType::Char16),
    ("m", CimType::DateTime),
    ("n", CimType::Reference),
    ("o", CimType::Object),
    ("s", CimType::String),
];

fn sample() -> Sample {
    let mut properties: Vec<_> =
        PROPERTIES.iter().map(|&(name, cim)| property(name, cim.into())).collect();
    properties.push(property("p", PropertyType::object("C")));
    properties.push(property("q", PropertyType::array(CimType::String)));
    properties.push(property("r", PropertyType { is_array: true, ..PropertyType::object("C") }));
    let key = properties.iter_mut().find(|p| p.name.is("s")).expect("a string");
    key.qualifiers.set(Qualifier::new("key", true, Flavor::default()));
    let declaration =
        ClassDeclaration { name: Name::from("C"), properties, ..ClassDeclaration::default() };
    let class = Class::derive(Arc::new(declaration), None, None).expect("a class");
    let null = Instance::new(class.clone());
    let small = instance(&class, "1", &null);
    let large = instance(&class, "19980401135809.000000+000", &small);
    Sample { instances: vec![null, small, large], class }
}

/// An instance with `text` in every property that can hold it, and `embedded` in the others.
fn instance(class: &Arc<Class>, text: &str, embedded: &Instance) -> Instance {
    let mut instance = Instance::new(class.clone());
    let object = Value::Object(Arc::new(Object::Instance(embedded.clone())));
    for property in class.properties() {
        let value = match property.ty.cim {
            CimType::Object => object.clone(),
            _ => Value::string(text),
        };
        let value = if property.ty.is_array { Value::array([value]) } else { value };
        // What the text cannot be stays NULL.
        let _ = instance.put(property.name.as_str(), &value);
    }
    instance
}

fn property(name: &str, ty: PropertyType) -> PropertyDeclaration {
    PropertyDeclaration { name: name.into(), ty, default: None, qualifiers: Default::default() }
}
