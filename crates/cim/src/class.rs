//! Classes: what a class declares itself, and the class as it is with all it inherits.
//!
//! A [`ClassDeclaration`] is what MOF says and the repository stores. A [`Class`] is made
//! from it and its superclass by [`Class::derive`] (in [`crate::derivation`]), is immutable and
//! shared by `Arc`; instances hold one. A property is a slot number in it, found once per
//! query by [`Class::slot`].

use std::sync::Arc;

use crate::datetime::DateTime;
use crate::name::Name;
use crate::namespace::Namespace;
use crate::path::{Connection, Origin};
use crate::qualifier::Qualifiers;
use crate::signature::Signatures;
use crate::types::PropertyType;
use crate::value::Value;

/// The qualifier of a reference that says in which namespace its object is.
pub const TARGET_NAMESPACE: &str = "MSFT_TargetNamespace";

/// What a class declares itself: the form that is written in MOF and stored.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClassDeclaration {
    /// Its name.
    pub name: Name,
    /// The name of its superclass.
    pub superclass: Option<Name>,
    /// Its own qualifiers.
    pub qualifiers: Qualifiers,
    /// The properties it declares or declares again, in order.
    pub properties: Vec<PropertyDeclaration>,
    /// The methods it declares or declares again, in order.
    pub methods: Vec<MethodDeclaration>,
    /// Whether qualifiers of a localized class were merged into it, so that it is not what is
    /// stored ([`crate::amendment::merge`]). Never stored itself, and not a part of any text.
    pub is_amended: bool,
}

/// A property as a class declares it.
#[derive(Clone, PartialEq, Debug)]
pub struct PropertyDeclaration {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: PropertyType,
    /// The default written; `None` where none is written, so that an inherited one holds.
    pub default: Option<Value>,
    /// Its own qualifiers.
    pub qualifiers: Qualifiers,
}

/// A method as a class declares it.
#[derive(Clone, PartialEq, Debug)]
pub struct MethodDeclaration {
    /// Its name.
    pub name: Name,
    /// The type of `ReturnValue`; `None` for void.
    pub return_type: Option<PropertyType>,
    /// The parameters; the place in this list is the parameter's ID.
    pub parameters: Vec<Parameter>,
    /// Its own qualifiers.
    pub qualifiers: Qualifiers,
}

/// A parameter of a method. `In` and `Out` among its qualifiers tell the direction.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: PropertyType,
    /// The value it has where the caller gives none.
    pub default: Value,
    /// Its qualifiers.
    pub qualifiers: Qualifiers,
}

impl Parameter {
    /// Whether the caller passes it in.
    pub fn is_in(&self) -> bool {
        self.qualifiers.is_true("in")
    }

    /// Whether the method hands it out.
    pub fn is_out(&self) -> bool {
        self.qualifiers.is_true("out")
    }
}

/// A property of a class, inherited or not.
#[derive(Clone, PartialEq, Debug)]
pub struct Property {
    /// Its name, as the nearest class that declares it spells it.
    pub name: Name,
    /// Its type.
    pub ty: PropertyType,
    /// The value of an instance that supplies none.
    pub default: Value,
    /// Its qualifiers, inherited ones marked as propagated.
    pub qualifiers: Qualifiers,
    /// The nearest class that declares it.
    pub declared_in: Name,
}

impl Property {
    /// Whether `value` is a point in time and the property holds intervals alone, as it says by
    /// `SubType("interval")`.
    pub(crate) fn refuses_point(&self, value: &Value) -> bool {
        let is_point = match value {
            Value::DateTime(DateTime::Point(_)) => true,
            Value::Array(elements) => {
                elements.iter().any(|e| matches!(e, Value::DateTime(DateTime::Point(_))))
            }
            _ => false,
        };
        is_point && self.qualifiers.text("subtype").is_some_and(|t| crate::name::eq(t, "interval"))
    }
}

/// A method of a class, inherited or not.
#[derive(Clone, PartialEq, Debug)]
pub struct Method {
    /// Its name.
    pub name: Name,
    /// The type of `ReturnValue`; `None` for void.
    pub return_type: Option<PropertyType>,
    /// The parameters by ID.
    pub parameters: Vec<Parameter>,
    /// Its qualifiers, inherited ones marked as propagated.
    pub qualifiers: Qualifiers,
    /// The nearest class that declares it.
    pub declared_in: Name,
    pub(crate) signatures: Signatures,
}

/// A class with all that it inherits. Immutable.
#[derive(Clone, Debug)]
pub struct Class {
    pub(crate) declaration: Arc<ClassDeclaration>,
    pub(crate) superclass: Option<Arc<Class>>,
    pub(crate) qualifiers: Qualifiers,
    /// Inherited ones first, in the superclass's order, then its own.
    pub(crate) properties: Box<[Arc<Property>]>,
    pub(crate) methods: Box<[Arc<Method>]>,
    /// INVARIANT: all slots, ordered by name without case.
    pub(crate) by_name: Box<[u16]>,
    /// INVARIANT: the slots of the keys, ordered by name without case.
    pub(crate) keys: Box<[u16]>,
    /// INVARIANT: the slots that an instance may not leave NULL, in order.
    pub(crate) required: Box<[u16]>,
    /// INVARIANT: the slots whose values come from property providers, in order.
    pub(crate) dynamic: Box<[u16]>,
    pub(crate) defaults: Box<[Value]>,
    pub(crate) origin: Option<Arc<Origin>>,
    /// Whether it or a class above it is marked as a singleton.
    pub(crate) is_singleton: bool,
    /// Whether it is the shape of a projected query's result, not a class of a namespace.
    pub(crate) is_projection: bool,
}

impl Class {
    /// Its name.
    pub fn name(&self) -> &Name {
        &self.declaration.name
    }

    /// What it declares itself.
    pub fn declaration(&self) -> &Arc<ClassDeclaration> {
        &self.declaration
    }

    /// Its superclass.
    pub fn superclass(&self) -> Option<&Arc<Class>> {
        self.superclass.as_ref()
    }

    /// Its superclasses, nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = &Arc<Class>> {
        std::iter::successors(self.superclass.as_ref(), |c| c.superclass.as_ref())
    }

    /// The topmost class of its derivation, which may be itself.
    pub fn dynasty(&self) -> &Name {
        self.ancestors().last().map_or(self.name(), |c| c.name())
    }

    /// Whether it is `name` or derived from it.
    pub fn is_a(&self, name: &str) -> bool {
        self.name().is(name) || self.ancestors().any(|c| c.name().is(name))
    }

    /// Its qualifiers, inherited ones marked as propagated.
    pub fn qualifiers(&self) -> &Qualifiers {
        &self.qualifiers
    }

    /// Its properties by slot: inherited ones first, then its own, each as declared.
    pub fn properties(&self) -> &[Arc<Property>] {
        &self.properties
    }

    /// The slots in alphabetical order of the names, as enumerations give them.
    pub fn slots_by_name(&self) -> &[u16] {
        &self.by_name
    }

    /// The slot of a property.
    pub fn slot(&self, name: &str) -> Option<usize> {
        let find =
            |&slot: &u16| crate::name::cmp(self.properties[usize::from(slot)].name.as_str(), name);
        self.by_name.binary_search_by(find).ok().map(|at| usize::from(self.by_name[at]))
    }

    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&Arc<Property>> {
        self.slot(name).map(|slot| &self.properties[slot])
    }

    /// Its methods: inherited ones first, then its own.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.methods
    }

    /// The method of this name.
    pub fn method(&self, name: &str) -> Option<&Arc<Method>> {
        self.methods.iter().find(|m| m.name.is(name))
    }

    /// The slots of its keys in alphabetical order of their names.
    pub fn keys(&self) -> &[u16] {
        &self.keys
    }

    /// Whether the property in `slot` is a key.
    pub fn is_key(&self, slot: usize) -> bool {
        self.keys.iter().any(|&key| usize::from(key) == slot)
    }

    /// The slots whose values come from property providers where an instance is stored: those
    /// marked `Dynamic` or, in a class marked `DynProps`, all but the keys.
    pub fn dynamic_properties(&self) -> &[u16] {
        &self.dynamic
    }

    /// The slots that must have a value in an instance that is put: those marked Key, Not_Null
    /// or Indexed here or in a superclass.
    pub fn required(&self) -> &[u16] {
        &self.required
    }

    /// The topmost class that has this class's keys: among its descendants a key names one
    /// instance. Of a singleton it is the class itself: each class has an instance of its own.
    /// `None` where instances cannot exist.
    pub fn key_root(&self) -> Option<&Name> {
        if self.is_singleton() {
            return Some(self.name());
        }
        let has_keys = |c: &Class| !c.keys.is_empty();
        has_keys(self).then(|| {
            let above = self.ancestors().take_while(|c| has_keys(c)).last();
            above.map_or(self.name(), |c| c.name())
        })
    }

    /// The values of an instance that supplies none, by slot.
    pub fn defaults(&self) -> &[Value] {
        &self.defaults
    }

    /// The server and namespace it lives in; `None` where it has none yet.
    pub fn origin(&self) -> Option<&Arc<Origin>> {
        self.origin.as_ref()
    }

    /// The namespace of what the reference in `slot` refers to by a path that names none: what its
    /// qualifier MSFT_TargetNamespace says, else the class's own; `None` where that is unknown.
    pub fn target_namespace(&self, slot: usize) -> Option<Namespace> {
        match self.properties[slot].qualifiers.text(TARGET_NAMESPACE) {
            Some(target) => target.parse::<Connection>().ok().map(|target| target.namespace),
            None => self.origin.as_ref().map(|own| own.namespace.clone()),
        }
    }

    /// Whether it cannot have instances of its own: it says so, or it is the localized part of
    /// another class.
    pub fn is_abstract(&self) -> bool {
        self.declares_abstract() || self.is_amendment()
    }

    /// Whether it is marked as abstract.
    pub(crate) fn declares_abstract(&self) -> bool {
        // Never inherited, whatever flavor was written: a subclass would be abstract for good.
        self.declaration.qualifiers.is_true("abstract")
    }

    /// Whether it is the localized part of another class. Some give the qualifier a text.
    fn is_amendment(&self) -> bool {
        self.qualifiers.value("amendment").is_some_and(|v| *v != Value::Boolean(false))
    }

    /// Whether localized qualifiers were merged into it or into a class above it.
    pub fn is_amended(&self) -> bool {
        self.declaration.is_amended || self.ancestors().any(|c| c.declaration.is_amended)
    }

    /// Whether it has one instance at most: so does every class below a singleton.
    pub fn is_singleton(&self) -> bool {
        self.is_singleton
    }

    /// Whether it is an association.
    pub fn is_association(&self) -> bool {
        self.flag("association")
    }

    /// Whether no class may derive from it.
    pub fn is_terminal(&self) -> bool {
        self.declaration.qualifiers.is_true("terminal")
    }

    /// Whether its instances come from a provider.
    pub fn is_dynamic(&self) -> bool {
        self.flag("dynamic")
    }

    /// The name of the provider of its instances or methods.
    pub fn provider(&self) -> Option<&str> {
        self.qualifiers.text("provider")
    }

    /// Whether the class declares `property` itself, for the first time or again.
    pub fn declares(&self, property: &Property) -> bool {
        property.declared_in == *self.name()
    }

    /// Whether it is the shape of a projected query's result.
    pub fn is_projection(&self) -> bool {
        self.is_projection
    }

    fn flag(&self, name: &str) -> bool {
        self.qualifiers.is_true(name)
    }
}

/// Equal are classes that declare the same under equal superclasses.
impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.declaration == other.declaration
            && self.qualifiers == other.qualifiers
            && self.properties == other.properties
            && self.methods == other.methods
    }
}
