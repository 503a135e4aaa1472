//! What an operation yields: a class or an instance, and the properties both have from the
//! system.
//!
//! System properties are computed, never stored (behaviour.md G.3, windows-in-practice.md
//! "Objects"); their order here is the order in which enumerations give them.

use std::sync::Arc;

use crate::class::Class;
use crate::instance::Instance;
use crate::name::Name;
use crate::path::{ObjectPath, PathKeys};
use crate::status::{Result, WBEM_E_NOT_FOUND};
use crate::types::{CimType, PropertyType};
use crate::value::Value;

/// A class or an instance.
#[derive(Clone, PartialEq, Debug)]
pub enum Object {
    /// A class.
    Class(Arc<Class>),
    /// An instance.
    Instance(Instance),
}

/// A property that every object has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The variants are the properties' own names.
pub enum SystemProperty {
    Genus,
    Class,
    Superclass,
    Dynasty,
    Relpath,
    PropertyCount,
    Derivation,
    Server,
    Namespace,
    Path,
}

impl SystemProperty {
    /// All, in the order of enumerations.
    pub const ALL: [SystemProperty; 10] = {
        use SystemProperty::*;
        [
            Genus,
            Class,
            Superclass,
            Dynasty,
            Relpath,
            PropertyCount,
            Derivation,
            Server,
            Namespace,
            Path,
        ]
    };

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            SystemProperty::Genus => "__GENUS",
            SystemProperty::Class => "__CLASS",
            SystemProperty::Superclass => "__SUPERCLASS",
            SystemProperty::Dynasty => "__DYNASTY",
            SystemProperty::Relpath => "__RELPATH",
            SystemProperty::PropertyCount => "__PROPERTY_COUNT",
            SystemProperty::Derivation => "__DERIVATION",
            SystemProperty::Server => "__SERVER",
            SystemProperty::Namespace => "__NAMESPACE",
            SystemProperty::Path => "__PATH",
        }
    }

    /// The property of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        if !name.starts_with("__") {
            return None;
        }
        Self::ALL.into_iter().find(|p| crate::name::eq(p.name(), name))
    }

    /// Its type.
    pub fn ty(self) -> PropertyType {
        match self {
            SystemProperty::Genus | SystemProperty::PropertyCount => CimType::SInt32.into(),
            SystemProperty::Derivation => PropertyType::array(CimType::String),
            _ => CimType::String.into(),
        }
    }
}

impl Object {
    /// The object's class: itself, if it is one.
    pub fn class(&self) -> &Arc<Class> {
        match self {
            Object::Class(class) => class,
            Object::Instance(instance) => instance.class(),
        }
    }

    /// The instance, if it is one.
    pub fn as_instance(&self) -> Option<&Instance> {
        match self {
            Object::Instance(instance) => Some(instance),
            Object::Class(_) => None,
        }
    }

    /// The class, if it is one.
    pub fn as_class(&self) -> Option<&Arc<Class>> {
        match self {
            Object::Class(class) => Some(class),
            Object::Instance(_) => None,
        }
    }

    /// The value of any property, system properties among them; of a class, its default.
    ///
    /// # Errors
    ///
    /// `WBEM_E_NOT_FOUND` if the class has no such property.
    pub fn get(&self, name: &str) -> Result<Value> {
        if let Some(system) = SystemProperty::from_name(name) {
            return Ok(self.system(system));
        }
        let class = self.class();
        let slot = class.slot(name).ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("class {} has no property {name}", class.name()))
        })?;
        Ok(match self {
            Object::Class(class) => class.defaults()[slot].clone(),
            Object::Instance(instance) => instance.value(slot).clone(),
        })
    }

    /// About how many bytes of memory it takes, without its class, which others share.
    pub fn memory(&self) -> usize {
        match self {
            Object::Class(_) => size_of::<Object>(),
            Object::Instance(instance) => instance.memory(),
        }
    }

    /// The value of a system property.
    pub fn system(&self, property: SystemProperty) -> Value {
        match self {
            Object::Class(class) => class.system(property, 1, || class_path(class)),
            Object::Instance(instance) => instance.system(property),
        }
    }
}

/// The path of a class without server and namespace; `None` of one that has no name yet.
fn class_path(class: &Class) -> Option<ObjectPath> {
    let name = Some(class.name()).filter(|name| !name.as_str().is_empty())?;
    Some(ObjectPath { server: None, namespace: None, class: name.clone(), keys: PathKeys::Class })
}

impl Class {
    /// System properties of the class (`genus` 1) or of an instance of it (2).
    pub(crate) fn system(
        &self,
        property: SystemProperty,
        genus: i32,
        relpath: impl Fn() -> Option<ObjectPath>,
    ) -> Value {
        let shape = self.is_projection;
        let text = |name: &Name| Value::string(name.as_str());
        match property {
            SystemProperty::Genus => Value::SInt32(genus),
            SystemProperty::Class if self.name().as_str().is_empty() => Value::Null,
            SystemProperty::Class => text(self.name()),
            SystemProperty::Superclass => self.superclass().map_or(Value::Null, |s| text(s.name())),
            SystemProperty::Dynasty if shape || self.name().as_str().is_empty() => Value::Null,
            SystemProperty::Dynasty => text(self.dynasty()),
            SystemProperty::Relpath => {
                relpath().map_or(Value::Null, |p| Value::string(p.to_string()))
            }
            SystemProperty::PropertyCount => Value::SInt32(self.properties.len() as i32),
            SystemProperty::Derivation => Value::array(self.ancestors().map(|c| text(c.name()))),
            SystemProperty::Server => {
                self.origin.as_ref().map_or(Value::Null, |o| Value::String(o.server.clone()))
            }
            SystemProperty::Namespace => {
                self.origin.as_ref().map_or(Value::Null, |o| Value::string(o.namespace.as_str()))
            }
            SystemProperty::Path => {
                let path = self.origin.as_ref().and_then(|o| {
                    Some(ObjectPath {
                        server: Some(o.server.clone()),
                        namespace: Some(o.namespace.clone()),
                        ..relpath()?
                    })
                });
                path.map_or(Value::Null, |p| Value::string(p.to_string()))
            }
        }
    }
}

impl From<Instance> for Object {
    fn from(instance: Instance) -> Self {
        Object::Instance(instance)
    }
}

impl From<Arc<Class>> for Object {
    fn from(class: Arc<Class>) -> Self {
        Object::Class(class)
    }
}
