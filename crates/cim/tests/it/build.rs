//! Makes classes for the tests in few words; it asserts nothing.

use std::sync::Arc;

use cim::{
    Class, ClassDeclaration, Flavor, MethodDeclaration, Name, Namespace, Origin, Parameter,
    PropertyDeclaration, PropertyType, Qualifier, Result, Value, WbemStatus,
};

/// A class in the making.
pub(crate) struct Builder {
    declaration: ClassDeclaration,
    parent: Option<Arc<Class>>,
}

/// Begins a class.
pub(crate) fn class(name: &str) -> Builder {
    let declaration = ClassDeclaration { name: name.into(), ..ClassDeclaration::default() };
    Builder { declaration, parent: None }
}

/// A qualifier with the value TRUE and no flavor but those its name implies.
pub(crate) fn mark(name: &str) -> Qualifier {
    Qualifier::new(name, true, Flavor::default())
}

/// A parameter with these boolean qualifiers.
pub(crate) fn parameter(name: &str, ty: impl Into<PropertyType>, marks: &[&str]) -> Parameter {
    let qualifiers = marks.iter().map(|m| mark(m)).collect();
    Parameter { name: name.into(), ty: ty.into(), default: Value::Null, qualifiers }
}

/// The place in which the classes of the tests live.
pub(crate) fn origin() -> Arc<Origin> {
    let namespace = Namespace::new(r"root\test").unwrap();
    Arc::new(Origin { server: "SRV".into(), namespace })
}

/// The status with which something fails.
pub(crate) fn status<T>(result: Result<T>) -> WbemStatus {
    result.map(drop).expect_err("it should fail").status()
}

impl Builder {
    pub(crate) fn under(mut self, parent: &Arc<Class>) -> Self {
        self.declaration.superclass = Some(parent.name().clone());
        self.parent = Some(parent.clone());
        self
    }

    /// Qualifies the class.
    pub(crate) fn with(mut self, qualifier: Qualifier) -> Self {
        self.declaration.qualifiers.set(qualifier);
        self
    }

    /// Qualifies the class with the value TRUE.
    pub(crate) fn is(self, name: &str) -> Self {
        self.with(mark(name))
    }

    pub(crate) fn property(mut self, name: &str, ty: impl Into<PropertyType>) -> Self {
        self.declaration.properties.push(PropertyDeclaration {
            name: name.into(),
            ty: ty.into(),
            default: None,
            qualifiers: Default::default(),
        });
        self
    }

    pub(crate) fn key(self, name: &str, ty: impl Into<PropertyType>) -> Self {
        self.property(name, ty).qualified(mark("key"))
    }

    /// Qualifies the property last named.
    pub(crate) fn qualified(mut self, qualifier: Qualifier) -> Self {
        self.last().qualifiers.set(qualifier);
        self
    }

    /// Gives the property last named a default.
    pub(crate) fn default(mut self, value: impl Into<Value>) -> Self {
        self.last().default = Some(value.into());
        self
    }

    /// A method that returns uint32.
    pub(crate) fn method(mut self, name: &str, parameters: Vec<Parameter>) -> Self {
        self.declaration.methods.push(MethodDeclaration {
            name: name.into(),
            return_type: Some(cim::CimType::UInt32.into()),
            parameters,
            qualifiers: Default::default(),
        });
        self
    }

    pub(crate) fn declaration(self) -> ClassDeclaration {
        self.declaration
    }

    /// The class, or the rule it breaks.
    pub(crate) fn build(self) -> Result<Arc<Class>> {
        Class::derive(Arc::new(self.declaration), self.parent, Some(origin()))
    }

    /// The class, which breaks no rule.
    pub(crate) fn make(self) -> Arc<Class> {
        self.build().unwrap()
    }

    fn last(&mut self) -> &mut PropertyDeclaration {
        self.declaration.properties.last_mut().expect("a property to qualify")
    }
}

/// The names of a class's keys, in order.
pub(crate) fn key_names(class: &Class) -> Vec<&str> {
    let name = |&slot: &u16| class.properties()[usize::from(slot)].name.as_str();
    class.keys().iter().map(name).collect()
}

/// The names of a class's properties by slot.
pub(crate) fn property_names(class: &Class) -> Vec<&str> {
    class.properties().iter().map(|p| Name::as_str(&p.name)).collect()
}
