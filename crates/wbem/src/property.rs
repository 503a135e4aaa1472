//! What a native provider of properties is: values for properties of instances that are stored.
//!
//! Nothing is known to it but three texts, copied as they stand from the qualifiers of the class,
//! the instance and the property (behaviour.md C.1).

use cim::status::WBEM_E_PROVIDER_NOT_CAPABLE;
use cim::{PropertyType, Result, Value};

use crate::context::ProviderContext;

/// Which property is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PropertyCall<'a> {
    /// The caller's first locale, as `MS_409`; `None` where the caller named none.
    pub locale: Option<&'a str>,
    /// The text of the class's qualifier `ClassContext`.
    pub class_context: Option<&'a str>,
    /// The text of the instance's qualifier `InstanceContext`.
    pub instance_context: Option<&'a str>,
    /// The text of the property's qualifier `PropertyContext`.
    pub property_context: Option<&'a str>,
    /// The type that the value must have.
    pub ty: &'a PropertyType,
}

/// A provider of properties. Called from many threads at once. While it is asked for a value it
/// must not write to WMI.
pub trait PropertyProvider: Send + Sync {
    /// The value. Errors: any; the client gets it.
    fn get_property(&self, call: &PropertyCall<'_>, context: &ProviderContext) -> Result<Value>;

    /// Takes a value.
    fn put_property(
        &self,
        _call: &PropertyCall<'_>,
        _value: &Value,
        _context: &ProviderContext,
    ) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}
