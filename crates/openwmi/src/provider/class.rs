//! A struct as a CIM class: the declaration by `#[derive(CimClass)]`, and the conversions that
//! follow from it.

use std::sync::{Arc, OnceLock};

use cim::status::WBEM_E_NO_KEY;
use cim::{
    Class, ClassDeclaration, Flavor, Instance, Name, ObjectPath, PathKeys, PropertyDeclaration,
    Qualifier, Qualifiers, Result, Value,
};
use wbem::Wanted;

use super::convert::{Layout, Values};
use super::property::CimProperty;

/// A struct that is a CIM class; implemented by `#[derive(CimClass)]`.
pub trait CimClass: Sized {
    /// The name of the class.
    const NAME: &'static str;
    /// The namespace of the class.
    const NAMESPACE: &'static str;
    /// Its superclass.
    const SUPERCLASS: Option<&'static str>;
    /// The name of the provider of its instances.
    const PROVIDER: Option<&'static str>;

    /// The key of its instances: the type of the one key field, a tuple where there are several, in
    /// the order of the fields, `()` if there is none.
    type Key;

    /// Its own qualifiers, without those of its provider.
    fn qualifiers() -> Qualifiers;

    /// Its properties, in the order of the fields.
    fn properties() -> Vec<Declared>;

    /// The value of the field at this place among the properties; NULL past the last.
    fn value(&self, at: usize) -> Result<Value>;

    /// The struct of which these are the values.
    /// Errors: `WBEM_E_TYPE_MISMATCH`, `WBEM_E_ILLEGAL_NULL`.
    fn read(values: &Values<'_>) -> Result<Self>;

    /// The key among these values. Errors: as [`CimClass::read`].
    fn read_key(values: &Values<'_>) -> Result<Self::Key>;

    /// The class outside every namespace, for objects that are embedded.
    /// Errors: the rule of classes that the declaration breaks.
    fn detached() -> Result<Arc<Class>>;

    /// The declaration of the class.
    fn declaration() -> ClassDeclaration {
        let mut qualifiers = Self::qualifiers();
        if let Some(provider) = Self::PROVIDER {
            qualifiers.set(Qualifier::new("Dynamic", true, Flavor::default()));
            qualifiers.set(Qualifier::new("Provider", provider, Flavor::default()));
        }
        let own = Self::properties().into_iter().filter(|property| !property.is_inherited);
        ClassDeclaration {
            name: Name::from_static(Self::NAME),
            superclass: Self::SUPERCLASS.map(Name::from_static),
            qualifiers,
            properties: own.map(|property| property.declaration).collect(),
            ..ClassDeclaration::default()
        }
    }

    /// The MOF of the class, after that of the classes that it embeds.
    fn mof() -> String {
        let mut classes = Vec::new();
        Self::with_embedded(&mut classes);
        classes.iter().map(mof::write_class).collect()
    }

    /// Adds the class to `classes`, after those that it embeds, if it is not among them.
    fn with_embedded(classes: &mut Vec<ClassDeclaration>) {
        let declaration = Self::declaration();
        if classes.iter().any(|known| known.name == declaration.name) {
            return;
        }
        // Marked as known before its properties are followed: a class may embed itself.
        let at = classes.len();
        classes.push(declaration);
        for property in Self::properties() {
            (property.embedded)(classes);
        }
        classes[at..].rotate_left(1);
    }

    /// Converts the struct to an instance of `class`, which is this class as declared in a
    /// namespace, or one derived from it. Errors: `WBEM_E_INVALID_CLASS` if `class` lacks
    /// properties of this struct.
    fn to_instance(&self, class: &Arc<Class>) -> Result<Instance> {
        Layout::of::<Self>(class)?.instance(self, &Wanted::All)
    }

    /// Converts `instance` to the struct. Errors: `WBEM_E_INVALID_CLASS` if its class lacks
    /// properties of this struct; `WBEM_E_TYPE_MISMATCH`, `WBEM_E_ILLEGAL_NULL`.
    fn from_instance(instance: &Instance) -> Result<Self> {
        let layout = Layout::of::<Self>(instance.class())?;
        Self::read(&layout.values(instance))
    }

    /// The path of the object within its namespace.
    /// Errors: `WBEM_E_NO_KEY` if it has no key or one that is NULL, and is not a singleton.
    fn path(&self) -> Result<ObjectPath> {
        let mut keys = Vec::new();
        for (at, property) in Self::properties().iter().enumerate().filter(|(_, p)| p.is_key) {
            let name = property.declaration.name.clone();
            let value = cim::key::path_value(&self.value(at)?);
            let value = value.ok_or_else(|| {
                WBEM_E_NO_KEY.with(format!("{}.{name} cannot be a key in a path", Self::NAME))
            })?;
            keys.push((name, value));
        }
        keys.sort_by(|(a, _), (b, _)| a.cmp(b));
        let keys = match keys.is_empty() {
            false => PathKeys::Named(keys),
            true if Self::qualifiers().is_true("Singleton") => PathKeys::Singleton,
            true => {
                return Err(WBEM_E_NO_KEY.with(format!("class {} has no key", Self::NAME)));
            }
        };
        let class = Name::from_static(Self::NAME);
        Ok(ObjectPath { server: None, namespace: None, class, keys })
    }
}

/// A field as a property.
pub struct Declared {
    /// The property.
    pub declaration: PropertyDeclaration,
    /// Whether it is a key.
    pub is_key: bool,
    /// Whether it is the superclass that declares it.
    pub is_inherited: bool,
    embedded: fn(&mut Vec<ClassDeclaration>),
}

impl Declared {
    /// The property of a field of type `T`.
    pub fn new<T: CimProperty>(
        name: &'static str,
        is_key: bool,
        is_inherited: bool,
        qualifiers: Qualifiers,
    ) -> Self {
        let name = Name::from_static(name);
        let declaration =
            PropertyDeclaration { name, ty: T::property_type(), default: None, qualifiers };
        Declared { declaration, is_key, is_inherited, embedded: T::embedded }
    }
}

/// Holds a class outside every namespace, made on first use.
pub struct Detached(OnceLock<Result<Arc<Class>>>);

impl Detached {
    /// No class yet.
    #[allow(clippy::new_without_default)] // Used in statics only.
    pub const fn new() -> Self {
        Detached(OnceLock::new())
    }

    /// The class of `T`. Errors: the rule that its declaration breaks.
    pub fn of<T: CimClass>(&self) -> Result<Arc<Class>> {
        self.0.get_or_init(|| Class::derive(Arc::new(T::declaration()), None, None)).clone()
    }
}
