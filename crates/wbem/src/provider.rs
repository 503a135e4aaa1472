//! What a native provider of instances is.
//!
//! MOF binds a class to it as to any provider: by the class's `Provider` qualifier,
//! `__Win32Provider.CLSID` and `__InstanceProviderRegistration`, which also says which operations
//! it supports (behaviour.md B). Beyond the documented contract a native provider says for each
//! predicate of a WHERE clause what it does with it, and learns which properties are wanted. It
//! never sees the object manager: what it needs of WMI it gets with the call.

use std::sync::Arc;

use cim::status::{WBEM_E_PROVIDER_NOT_CAPABLE, WBEM_E_UNSUPPORTED_PUT_EXTENSION};
use cim::{Class, Instance, ObjectPath, Result, Value};

use crate::context::ProviderContext;
use crate::flags::Flags;
use crate::sink::Sink;

pub use wql::{Comparison, Predicate};

/// What a provider does with a predicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Pushdown {
    /// It takes no notice of it: the core filters.
    Unsupported,
    /// It leaves out some that do not match: the core filters what comes.
    Inexact,
    /// It gives exactly those that match: the core does not look again.
    Exact,
}

/// The slots of a class whose values somebody wants.
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

    /// Whether the value of `slot` is wanted.
    pub fn contains(&self, slot: usize) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Slots(slots) => slots.contains(&slot),
        }
    }
}

/// What an enumeration is asked for.
#[derive(Debug)]
pub struct EnumerationRequest<'a> {
    /// The class whose instances are asked for. Each instance that is delivered must be of this very
    /// class, and not of one that is equal to it: slots are compared no more. A provider whose
    /// instances come with classes of their own moves them here by [`Instance::rebind`].
    pub class: &'a Arc<Class>,
    /// The properties that are wanted.
    pub wanted: &'a Wanted,
    /// The predicates, joined by AND, that the provider said it takes note of. Slots are those
    /// of `class`.
    pub predicates: &'a [Predicate],
}

/// A query as the client wrote it.
#[derive(Debug)]
pub struct QueryText<'a> {
    /// The text, in WQL; where the registration names `WQL:V1ProviderDefined`, in whatever begins
    /// as a SELECT does.
    pub text: &'a str,
    /// The class whose instances are asked for: the one in FROM, or one below it. Each instance
    /// must be of it.
    pub class: &'a Arc<Class>,
}

/// Which properties a partial put is about, and how (behaviour.md B.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialPut {
    /// The slots to write; every other keeps its value.
    pub slots: Arc<[usize]>,
    /// Whether NULL is a value to write; else it says nothing of its property.
    pub strict_nulls: bool,
    /// Whether all must be written or none.
    pub atomic: bool,
}

/// A provider of instances. Called from many threads at once.
pub trait InstanceProvider: Send + Sync {
    /// What it does with `predicate` over `class`.
    fn pushdown(&self, _class: &Class, _predicate: &Predicate) -> Pushdown {
        Pushdown::Unsupported
    }

    /// The instance with these keys, which stand in the order of [`Class::keys`].
    /// Errors: `WBEM_E_NOT_FOUND` where there is none.
    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance>;

    /// Delivers the instances to `sink` and completes it. On `Break` it stops and completes.
    fn enumerate(&self, request: &EnumerationRequest<'_>, context: &ProviderContext, sink: Sink);

    /// Delivers what a query asks for, and completes `sink`. It is asked so where its
    /// registration's QuerySupportLevels names `WQL:UnarySelect` or `WQL:V1ProviderDefined`; what it
    /// delivers is not filtered, unless it asks for it. With
    /// `WBEM_E_PROVIDER_NOT_CAPABLE` or `WBEM_E_QUOTA_VIOLATION` before any instance it hands the
    /// query back, and is enumerated.
    fn query(&self, _query: &QueryText<'_>, _context: &ProviderContext, sink: Sink) {
        sink.complete(Err(WBEM_E_PROVIDER_NOT_CAPABLE.into()));
    }

    /// Creates or changes an instance. Gives the path of what was put, where that is not the path of
    /// `instance`: of an object to which the provider gives a key.
    fn put(
        &self,
        _instance: &Instance,
        _flags: Flags,
        _context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Changes some properties of an instance that is there: exactly as `partial` says, or not at
    /// all. Gives what [`InstanceProvider::put`] gives.
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
