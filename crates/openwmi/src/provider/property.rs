//! The Rust types that a property may have, and the conversions of their values.
//!
//! | Rust | CIM |
//! |---|---|
//! | `bool` | boolean |
//! | `i8` to `i64`, `u8` to `u64` | sint8 to sint64, uint8 to uint64 |
//! | `f32`, `f64` | real32, real64 |
//! | [`Char16`] | char16 |
//! | `String` | string |
//! | [`cim::DateTime`] | datetime, a point in time or an interval |
//! | [`Ref<T>`], [`cim::ObjectPath`] | `T ref`, `object ref` |
//! | a struct that is a class, [`cim::Instance`] | an embedded object of this class, of any class |
//! | `Vec<T>` | an array |
//! | `Option<T>` | may be NULL; the other types may not |

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use cim::status::{WBEM_E_ILLEGAL_NULL, WBEM_E_TYPE_MISMATCH};
use cim::{
    CimType, ClassDeclaration, DateTime, Instance, Object, ObjectPath, PropertyType, Result, Value,
};

use super::class::CimClass;

/// A Rust type that a property may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a CIM property",
    label = "no CIM type",
    note = "a property is a bool, an integer of 8 to 64 bits, f32, f64, Char16, String, DateTime, \
            Ref<Class>, ObjectPath, Instance or a struct with #[derive(CimClass)], or a Vec of one, \
            or an Option of either"
)]
pub trait CimProperty: Sized {
    /// Its type.
    fn property_type() -> PropertyType;

    /// Its value. Errors: if the class of an embedded struct is invalid.
    fn to_value(&self) -> Result<Value>;

    /// Makes the Rust value. Errors: `WBEM_E_TYPE_MISMATCH`, `WBEM_E_ILLEGAL_NULL`.
    fn from_value(value: &Value) -> Result<Self>;

    /// Adds the classes of embedded objects to `classes`, each after those that it embeds.
    fn embedded(classes: &mut Vec<ClassDeclaration>);
}

/// A Rust type of one value, which is never NULL: the element type of arrays.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a value in a CIM array or Option",
    note = "CIM has no arrays of arrays and no NULL in an array"
)]
pub trait CimScalar: Sized {
    /// Its type.
    fn scalar_type() -> PropertyType;

    /// Its value. Errors: if the class of an embedded struct is invalid.
    fn to_scalar(&self) -> Result<Value>;

    /// Makes the Rust value. Errors: `WBEM_E_TYPE_MISMATCH`.
    fn from_scalar(value: &Value) -> Result<Self>;

    /// Adds the classes of embedded objects to `classes`.
    fn embedded(_classes: &mut Vec<ClassDeclaration>) {}
}

impl<T: CimScalar> CimProperty for T {
    fn property_type() -> PropertyType {
        T::scalar_type()
    }

    fn to_value(&self) -> Result<Value> {
        self.to_scalar()
    }

    fn from_value(value: &Value) -> Result<Self> {
        match value {
            Value::Null => Err(WBEM_E_ILLEGAL_NULL.with("it is NULL and may not be")),
            value => T::from_scalar(value),
        }
    }

    fn embedded(classes: &mut Vec<ClassDeclaration>) {
        <T as CimScalar>::embedded(classes);
    }
}

impl<T: CimScalar> CimProperty for Vec<T> {
    fn property_type() -> PropertyType {
        PropertyType { is_array: true, ..T::scalar_type() }
    }

    fn to_value(&self) -> Result<Value> {
        Ok(Value::Array(self.iter().map(T::to_scalar).collect::<Result<_>>()?))
    }

    fn from_value(value: &Value) -> Result<Self> {
        match value {
            Value::Array(elements) => elements.iter().map(T::from_scalar).collect(),
            Value::Null => Err(WBEM_E_ILLEGAL_NULL.with("it is NULL and may not be")),
            other => Err(mismatch(&Self::property_type(), other)),
        }
    }

    fn embedded(classes: &mut Vec<ClassDeclaration>) {
        <T as CimScalar>::embedded(classes);
    }
}

macro_rules! nullable {
    ($($ty:ty),*) => {
        $(impl<T: CimScalar> CimProperty for Option<$ty> {
            fn property_type() -> PropertyType {
                <$ty>::property_type()
            }

            fn to_value(&self) -> Result<Value> {
                self.as_ref().map_or(Ok(Value::Null), CimProperty::to_value)
            }

            fn from_value(value: &Value) -> Result<Self> {
                if value.is_null() { Ok(None) } else { <$ty>::from_value(value).map(Some) }
            }

            fn embedded(classes: &mut Vec<ClassDeclaration>) {
                <T as CimScalar>::embedded(classes);
            }
        })*
    };
}

nullable!(T, Vec<T>);

macro_rules! scalar {
    ($($variant:ident: $ty:ty),* $(,)?) => {
        $(impl CimScalar for $ty {
            fn scalar_type() -> PropertyType {
                CimType::$variant.into()
            }

            fn to_scalar(&self) -> Result<Value> {
                Ok(Value::$variant(self.clone().into()))
            }

            fn from_scalar(value: &Value) -> Result<Self> {
                match value {
                    Value::$variant(value) => Ok(value.clone().into()),
                    other => Err(mismatch(&Self::scalar_type(), other)),
                }
            }
        })*
    };
}

scalar!(
    Boolean: bool, SInt8: i8, UInt8: u8, SInt16: i16, UInt16: u16, SInt32: i32, UInt32: u32,
    SInt64: i64, UInt64: u64, Real32: f32, Real64: f64, Char16: Char16, String: String,
    DateTime: DateTime,
);

/// One code unit of UTF-16, which may be half of a character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Char16(pub u16);

impl From<Char16> for u16 {
    fn from(unit: Char16) -> u16 {
        unit.0
    }
}

impl From<u16> for Char16 {
    fn from(unit: u16) -> Char16 {
        Char16(unit)
    }
}

/// A path that leads to an object of the class `T`, or of a class below it: a `T ref`.
pub struct Ref<T> {
    path: String,
    class: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// A reference to the object at `path`; whether it exists is not checked.
    pub fn new(path: impl Into<String>) -> Self {
        Ref { path: path.into(), class: PhantomData }
    }

    /// The path, as it was written.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<T: CimClass> Ref<T> {
    /// A reference to `object`, relative to its own namespace. Errors: as [`CimClass::path`].
    pub fn to(object: &T) -> Result<Self> {
        Ok(Ref::new(object.path()?.to_string()))
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Ref::new(self.path.clone())
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl<T: CimClass> CimScalar for Ref<T> {
    fn scalar_type() -> PropertyType {
        PropertyType::reference(T::NAME)
    }

    fn to_scalar(&self) -> Result<Value> {
        Ok(Value::Reference(self.path.as_str().into()))
    }

    fn from_scalar(value: &Value) -> Result<Self> {
        match value {
            Value::Reference(path) => Ok(Ref::new(path.as_str())),
            other => Err(mismatch(&Self::scalar_type(), other)),
        }
    }
}

impl CimScalar for ObjectPath {
    fn scalar_type() -> PropertyType {
        CimType::Reference.into()
    }

    fn to_scalar(&self) -> Result<Value> {
        Ok(Value::Reference(self.to_string().into()))
    }

    fn from_scalar(value: &Value) -> Result<Self> {
        match value {
            Value::Reference(path) => path.parse(),
            other => Err(mismatch(&Self::scalar_type(), other)),
        }
    }
}

impl CimScalar for Instance {
    fn scalar_type() -> PropertyType {
        CimType::Object.into()
    }

    fn to_scalar(&self) -> Result<Value> {
        Ok(Value::Object(Arc::new(Object::Instance(self.clone()))))
    }

    fn from_scalar(value: &Value) -> Result<Self> {
        embedded(value)
            .cloned()
            .ok_or_else(|| WBEM_E_TYPE_MISMATCH.with("it is no embedded instance"))
    }
}

impl<T: CimClass> CimScalar for T {
    fn scalar_type() -> PropertyType {
        PropertyType::object(T::NAME)
    }

    fn to_scalar(&self) -> Result<Value> {
        const {
            assert!(T::SUPERCLASS.is_none(), "a struct that is embedded has no superclass");
        }
        let instance = self.to_instance(&T::detached()?)?;
        Ok(Value::Object(Arc::new(Object::Instance(instance))))
    }

    fn from_scalar(value: &Value) -> Result<Self> {
        match embedded(value) {
            Some(instance) if instance.class().is_a(T::NAME) => T::from_instance(instance),
            _ => Err(WBEM_E_TYPE_MISMATCH.with(format!("it is no embedded {}", T::NAME))),
        }
    }

    fn embedded(classes: &mut Vec<ClassDeclaration>) {
        T::with_embedded(classes);
    }
}

fn embedded(value: &Value) -> Option<&Instance> {
    match value {
        Value::Object(object) => object.as_instance(),
        _ => None,
    }
}

fn mismatch(ty: &PropertyType, value: &Value) -> cim::Error {
    WBEM_E_TYPE_MISMATCH.with(format!("{value:?} is no {ty}"))
}
