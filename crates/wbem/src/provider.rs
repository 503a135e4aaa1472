//! The contract of native instance providers.
//!
//! MOF binds a class to a native provider as to any other: by the class's `Provider` qualifier,
//! `__Win32Provider.CLSID` and `__InstanceProviderRegistration`, which also says which operations
//! it supports (behaviour.md B). Beyond the documented contract a native provider declares how it
//! evaluates each predicate of a WHERE clause, and receives the set of requested properties. It has
//! no access to the object manager except through the context of a call.

use std::sync::Arc;

use cim::status::{WBEM_E_PROVIDER_NOT_CAPABLE, WBEM_E_UNSUPPORTED_PUT_EXTENSION};
use cim::{Class, Instance, ObjectPath, Result, Value};

use crate::context::ProviderContext;
use crate::flags::Flags;
use crate::sink::Sink;

pub use wql::{Comparison, Predicate};

/// How a provider evaluates a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Pushdown {
    /// The provider ignores it: the core filters.
    Unsupported,
    /// The provider omits some instances that do not match: the core filters the others.
    Inexact,
    /// The provider returns exactly the matching instances: the core does not filter.
    Exact,
}

/// The slots of a class whose values are requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of them.
    All,
    /// These; every other may be left NULL.
    Slots(Arc<[usize]>),
}

impl Wanted {
    /// These slots, each once.
    pub fn slots(slots: impl IntoIterator<Item = usize>) -> Self {
        let mut slots: Vec<usize> = slots.into_iter().collect();
        slots.sort_unstable();
        slots.dedup();
        Wanted::Slots(slots.into())
    }

    /// Whether the value of `slot` is requested.
    pub fn contains(&self, slot: usize) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Slots(slots) => slots.contains(&slot),
        }
    }
}

/// The arguments of an enumeration.
#[derive(Debug)]
pub struct EnumerationRequest<'a> {
    /// The class whose instances are requested. Each delivered instance must be of this class
    /// object, not of an equal one: slots are not compared again. A provider whose instances have
    /// other class objects moves them to this one by [`Instance::rebind`].
    pub class: &'a Arc<Class>,
    /// The requested properties.
    pub wanted: &'a Wanted,
    /// The predicates, joined by AND, that the provider declared to evaluate. Slots are those of
    /// `class`.
    pub predicates: &'a [Predicate],
}

/// A query as the client wrote it.
#[derive(Debug)]
pub struct QueryText<'a> {
    /// The text, in WQL; where the registration names `WQL:V1ProviderDefined`, in any language
    /// whose texts begin like a SELECT.
    pub text: &'a str,
    /// The class whose instances are requested: the one in FROM, or one below it. Each instance
    /// must be of it.
    pub class: &'a Arc<Class>,
}

/// The properties that a partial put writes, and how (behaviour.md B.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPut {
    /// The slots to write; every other keeps its value.
    pub slots: Arc<[usize]>,
    /// Whether NULL is a value to write; otherwise a property that is NULL is left unchanged.
    pub strict_nulls: bool,
    /// Whether all must be written or none.
    pub atomic: bool,
}

/// A provider of instances. Called from many threads at once.
pub trait InstanceProvider: Send + Sync {
    /// How it evaluates `predicate` over `class`.
    fn pushdown(&self, _class: &Class, _predicate: &Predicate) -> Pushdown {
        Pushdown::Unsupported
    }

    /// Returns the instance with these keys, in the order of [`Class::keys`].
    /// Errors: `WBEM_E_NOT_FOUND` if there is none.
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance>;

    /// Delivers the instances to `sink` and completes it. On `Break` it stops and completes.
    fn enumerate(&self, request: &EnumerationRequest<'_>, context: &ProviderContext, sink: Sink);

    /// Delivers the result of a query, and completes `sink`. Called if the registration's
    /// QuerySupportLevels names `WQL:UnarySelect` or `WQL:V1ProviderDefined`; the result is not
    /// filtered, unless the provider requests it. With `WBEM_E_PROVIDER_NOT_CAPABLE` or
    /// `WBEM_E_QUOTA_VIOLATION` before any instance it rejects the query, and is enumerated
    /// instead.
    fn query(&self, _query: &QueryText<'_>, _context: &ProviderContext, sink: Sink) {
        sink.complete(Err(WBEM_E_PROVIDER_NOT_CAPABLE.into()));
    }

    /// Creates or changes an instance. Returns the path of the object if it differs from the path
    /// of `instance`, as when the provider assigns a key.
    fn put(
        &self,
        _instance: &Instance,
        _flags: Flags,
        _context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Changes some properties of an existing instance: exactly as `partial` says, or not at all.
    /// Returns the same as [`InstanceProvider::put`].
    fn put_partial(
        &self,
        _instance: &Instance,
        _partial: &PartialPut,
        _flags: Flags,
        _context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.with("the provider has no partial puts"))
    }

    /// Deletes the instance with these keys.
    fn delete(
        &self,
        _class: &Arc<Class>,
        _keys: &[Value],
        _context: &ProviderContext,
    ) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}
