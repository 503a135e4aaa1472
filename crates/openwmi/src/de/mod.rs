//! Instances as structs: serde's data model over `cim::Instance`.
//!
//! Reads only; nothing is asked of WMI. A field takes the property of its name, without regard
//! to case; `#[serde(rename = "...")]` gives it another one. What becomes of a property:
//!
//! | property | field |
//! |---|---|
//! | NULL | `None` of an `Option`; an error in any other field |
//! | integers | any integer type that holds the value; 64 bits exactly |
//! | real32, real64 | `f32`, `f64` |
//! | boolean | `bool` |
//! | string, reference | `String`, or an enum whose variants are the texts |
//! | char16 | `char` or `String` |
//! | datetime | [`crate::WMIDateTime`], or `String` |
//! | embedded object | a struct, or an enum whose variants are classes |
//! | array | `Vec` |
//! | system properties | as their types: `#[serde(rename = "__PATH")] path: String` |
//!
//! Maps get all properties but those of the system.

mod fault;
mod object;
mod shape;
mod value;

use cim::Instance;
use cim::status::WBEM_E_TYPE_MISMATCH;
use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::error::{WMIResult, at};

pub(crate) use fault::Fault;
pub(crate) use shape::Shape;

/// How deep embedded objects may nest. Structs end by themselves; recursive types do not.
const MAX_DEPTH: usize = 64;

/// The instance as a `T`: a struct, a map, or an enum whose variants are classes.
/// Errors: `WBEM_E_TYPE_MISMATCH` with the property.
pub fn from_instance<T: DeserializeOwned>(instance: &Instance) -> WMIResult<T> {
    T::deserialize(object::Source::new(instance)).map_err(|fault: Fault| {
        let class = instance.class().name().as_str();
        at("read", class)(WBEM_E_TYPE_MISMATCH.with(fault.to_string()))
    })
}

/// What a call that hands nothing out is as a `T`: `()`, or `None`.
pub(crate) fn from_nothing<T: DeserializeOwned>(call: &str) -> WMIResult<T> {
    let nothing: UnitDeserializer<Fault> = ().into_deserializer();
    T::deserialize(nothing)
        .map_err(|fault| at("read", call)(WBEM_E_TYPE_MISMATCH.with(fault.to_string())))
}
