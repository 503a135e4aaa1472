//! Classes, instances and queries written as text.
//!
//! ```text
//! class Sub : Base            # a class and its superclass; before it may stand "abstract"
//!   key string Name           # its properties, indented
//!   uint32[] Numbers
//!   object:Inner Embedded
//! instance a Sub              # an instance by a label
//!   Name = "C:"
//!   Embedded = @b             # the instance labelled b
//! query SELECT * FROM Base    # a query, and the labels it gives in order
//!   a b
//! query SELECT X FROM Base    # or the status it is refused with, and part of the message
//!   ! WBEM_E_INVALID_QUERY no property X
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use cim::{
    CimType, Class, ClassDeclaration, Flavor, Instance, Name, Namespace, Object, Origin,
    PropertyDeclaration, PropertyType, Qualifier, Value,
};

/// What a fixture defines.
#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) classes: Vec<Arc<Class>>,
    /// In the order written.
    pub(crate) instances: Vec<(String, Instance)>,
    /// Query and expected outcome.
    pub(crate) queries: Vec<(String, String)>,
}

impl Fixture {
    pub(crate) fn new(text: &str) -> Self {
        let mut fixture = Fixture::default();
        let lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
        let mut lines = lines.peekable();
        while let Some(head) = lines.next() {
            let mut body = Vec::new();
            while let Some(line) = lines.next_if(|l| l.starts_with(' ')) {
                body.push(line.trim());
            }
            match head.split_once(' ') {
                Some(("class", rest)) => fixture.class(rest, &body, false),
                Some(("abstract", rest)) => {
                    fixture.class(rest.trim_start_matches("class "), &body, true);
                }
                Some(("instance", rest)) => fixture.instance(rest, &body),
                Some(("query", rest)) => fixture.queries.push((rest.to_owned(), body.join(" "))),
                _ => panic!("{head}"),
            }
        }
        fixture
    }

    pub(crate) fn find_class(&self, name: &str) -> &Arc<Class> {
        self.classes.iter().find(|c| c.name().is(name)).unwrap_or_else(|| panic!("class {name}"))
    }

    pub(crate) fn find_instance(&self, label: &str) -> &Instance {
        let found = self.instances.iter().find(|(l, _)| l == label);
        &found.unwrap_or_else(|| panic!("instance {label}")).1
    }

    fn class(&mut self, head: &str, properties: &[&str], is_abstract: bool) {
        let (name, superclass) = match head.split_once(" : ") {
            Some((name, superclass)) => (name, Some(self.find_class(superclass).clone())),
            None => (head, None),
        };
        let mut declaration = ClassDeclaration {
            name: name.into(),
            superclass: superclass.as_ref().map(|s| s.name().clone()),
            properties: properties.iter().map(|p| property(p)).collect(),
            ..ClassDeclaration::default()
        };
        if is_abstract {
            declaration.qualifiers.set(Qualifier::new("abstract", true, Flavor::default()));
        }
        let origin =
            Origin { server: "HOST".into(), namespace: Namespace::new("root\\cimv2").unwrap() };
        let class = Class::derive(Arc::new(declaration), superclass, Some(Arc::new(origin)));
        self.classes.push(class.unwrap());
    }

    fn instance(&mut self, head: &str, values: &[&str]) {
        let (label, class) = head.split_once(' ').expect("a label and a class");
        let mut instance = Instance::new(self.find_class(class).clone());
        for line in values {
            let (name, text) = line.split_once(" = ").expect("a property and a value");
            let slot = instance.class().slot(name).unwrap_or_else(|| panic!("property {name}"));
            let ty = instance.class().properties()[slot].ty.clone();
            let value = self.value(text);
            let value = value.convert(&ty).unwrap_or_else(|| panic!("{line} as {ty}"));
            instance.set(slot, value);
        }
        self.instances.push((label.to_owned(), instance));
    }

    fn value(&self, text: &str) -> Value {
        if let Some(label) = text.strip_prefix('@') {
            let instance = self.find_instance(label).clone();
            return Value::Object(Arc::new(Object::Instance(instance)));
        }
        if let Some(elements) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            return Value::array(elements.split(", ").map(|e| self.value(e)));
        }
        if let Some(text) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            return Value::string(text);
        }
        match text {
            "TRUE" => Value::Boolean(true),
            "FALSE" => Value::Boolean(false),
            "NULL" => Value::Null,
            _ => match text.parse::<i64>() {
                Ok(n) => Value::SInt64(n),
                Err(_) => match text.parse::<u64>() {
                    Ok(n) => Value::UInt64(n),
                    Err(_) => Value::Real64(text.parse().expect("a number")),
                },
            },
        }
    }
}

fn property(text: &str) -> PropertyDeclaration {
    let (is_key, text) = match text.strip_prefix("key ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (ty, name) = text.split_once(' ').expect("a type and a name");
    let (ty, is_array) = ty.strip_suffix("[]").map_or((ty, false), |ty| (ty, true));
    let (cim, class) = match ty.split_once(':') {
        Some((cim, class)) => (cim, Some(Name::from(class))),
        None => (ty, None),
    };
    let cim = CimType::from_keyword(cim).unwrap_or_else(|| panic!("type {cim}"));
    let mut property = PropertyDeclaration {
        name: name.into(),
        ty: PropertyType { cim, is_array, class },
        default: None,
        qualifiers: Default::default(),
    };
    if is_key {
        property.qualifiers.set(Qualifier::new("key", true, Flavor::default()));
    }
    property
}

/// The fixtures in `tests/data/eval`, by file name.
pub(crate) fn files() -> HashMap<String, String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/eval");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    });
    files.collect()
}
