//! What `__ClassProviderRegistration` says: which classes a provider can supply, and what it can do
//! with them (behaviour.md A.2, A.3).
//!
//! A registration is used as written: whether the provider supports it shows when the provider is
//! called. Invalid queries are ignored one by one (mistake J12).

use std::sync::Arc;

use cim::status::WBEM_E_INVALID_PROVIDER_REGISTRATION;
use cim::{Class, Instance, Name, Result, SystemProperty, Value};
use wql::{BoundSchema, Query};

use super::registration::{Registration, Supports};

/// A provider that is registered for classes in a namespace.
#[derive(Debug)]
pub struct ClassSource {
    /// The name in `__Win32Provider`.
    pub name: Name,
    pub interaction: Interaction,
    pub supports: Supports,
    /// How it is registered as a provider. An error in that registration is reported when the
    /// provider is needed.
    pub(super) registration: Result<Arc<Registration>>,
    result_set: Vec<BoundSchema>,
    referenced_set: Vec<BoundSchema>,
    unsupported: Vec<BoundSchema>,
}

/// How a provider of classes works together with the core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interaction {
    /// The core calls it.
    Pull,
    /// It puts its classes when it is initialized.
    Push,
    /// Documented as not supported; also used for undocumented values.
    Other,
}

impl ClassSource {
    /// What `registered`, an instance of `__ClassProviderRegistration`, says of the provider `name`.
    pub(super) fn new(
        name: Name,
        registered: &Instance,
        registration: Result<Arc<Registration>>,
    ) -> Self {
        let queries = |property| queries(registered.get(property));
        ClassSource {
            name,
            interaction: match registered.get("InteractionType") {
                Some(Value::SInt32(0) | Value::Null) | None => Interaction::Pull,
                Some(Value::SInt32(1)) => Interaction::Push,
                _ => Interaction::Other,
            },
            supports: Supports::new(registered),
            registration,
            result_set: queries("ResultSetQueries"),
            referenced_set: queries("ReferencedSetQueries"),
            unsupported: queries("UnsupportedQueries"),
        }
    }

    /// Whether it supplies the class that `known` describes; `None` if what is known does not
    /// decide that.
    pub fn may_supply(&self, known: &PartialClassInfo<'_>) -> Option<bool> {
        let any = |queries: &[BoundSchema]| {
            let says = |query: &BoundSchema| query.decide(known.isa, known.value);
            match queries.iter().any(|query| says(query) == Some(true)) {
                true => Some(true),
                false => queries.iter().all(|query| says(query).is_some()).then_some(false),
            }
        };
        match (any(&self.result_set), any(&self.unsupported)) {
            (Some(false), _) | (_, Some(true)) => Some(false),
            (Some(true), Some(false)) => Some(true),
            _ => None,
        }
    }

    /// Whether `class` is one of those that it is registered to supply.
    pub fn supplies(&self, class: &Arc<Class>) -> bool {
        let any = |queries: &[BoundSchema]| queries.iter().any(|query| query.matches(class));
        any(&self.result_set) && !any(&self.unsupported)
    }

    /// Whether it may supply associations that refer to objects of `class`.
    pub fn may_refer_to(&self, class: &Arc<Class>) -> bool {
        let is_meant = |class: &Arc<Class>| self.referenced_set.iter().any(|q| q.matches(class));
        is_meant(class) || class.ancestors().any(is_meant)
    }

    /// How it is registered, if it may be called.
    /// Errors: those of its registration; `WBEM_E_INVALID_PROVIDER_REGISTRATION` if that does not
    /// have SupportsEnumeration, which class providers require.
    pub fn usable(&self) -> Result<&Arc<Registration>> {
        if !self.supports.enumeration {
            return Err(WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!(
                "provider {} is registered for classes with SupportsEnumeration FALSE; a provider \
                 of classes has to support it",
                self.name
            )));
        }
        self.registration.as_ref().map_err(Clone::clone)
    }
}

/// What is known of a class that is not loaded yet.
pub struct PartialClassInfo<'a> {
    /// Whether it is of a class.
    pub isa: &'a dyn Fn(&Name) -> Option<bool>,
    /// The value of a system property of it.
    pub value: &'a dyn Fn(SystemProperty) -> Option<Value>,
}

/// The schema queries among the texts of an array.
fn queries(texts: Option<&Value>) -> Vec<BoundSchema> {
    let Some(Value::Array(texts)) = texts else { return Vec::new() };
    let query = |text: &Value| match wql::parse(text.as_str()?) {
        Ok(Query::Select(select)) => BoundSchema::bind(&select).ok(),
        _ => None,
    };
    texts.iter().filter_map(query).collect()
}
