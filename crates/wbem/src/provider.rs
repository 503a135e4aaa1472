//! What a native provider is, of instances above all, and how one is found.
//!
//! A provider is a factory registered in code under a CLSID; MOF binds a class to it as to any
//! provider: by the class's `Provider` qualifier, `__Win32Provider.CLSID` and
//! `__InstanceProviderRegistration`. Beyond the documented contract a native provider says for
//! each predicate of a WHERE clause what it does with it, and is told which properties are
//! wanted. It never sees the object manager: what it needs of WMI it gets with the call.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::WBEM_E_PROVIDER_NOT_CAPABLE;
use cim::{Class, Instance, Name, Namespace, Result, Value};

use crate::context::CallContext;
use crate::flags::Flags;
use crate::method::MethodProvider;
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
pub struct Request<'a> {
    /// The class whose instances are asked for; each instance must be of it.
    pub class: &'a Arc<Class>,
    /// The properties that are wanted.
    pub wanted: &'a Wanted,
    /// The predicates, joined by AND, that the provider said it takes note of. Slots are those
    /// of `class`.
    pub predicates: &'a [Predicate],
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
        context: &CallContext,
    ) -> Result<Instance>;

    /// Delivers the instances to `sink` and completes it. On `Break` it stops and completes.
    fn enumerate(&self, request: &Request<'_>, context: &CallContext, sink: Sink);

    /// Creates or changes an instance.
    fn put(&self, _instance: &Instance, _flags: Flags, _context: &CallContext) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Deletes the instance with these keys.
    fn delete(&self, _class: &Arc<Class>, _keys: &[Value], _context: &CallContext) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}

/// What one provider is: any of these, and what it is asked for it must be.
#[derive(Clone, Default)]
pub struct Native {
    /// Its instances.
    pub instances: Option<Arc<dyn InstanceProvider>>,
    /// Its methods.
    pub methods: Option<Arc<dyn MethodProvider>>,
}

impl Native {
    /// One of instances alone.
    pub fn instances(provider: Arc<dyn InstanceProvider>) -> Self {
        Native { instances: Some(provider), ..Native::default() }
    }

    /// One of methods alone.
    pub fn methods(provider: Arc<dyn MethodProvider>) -> Self {
        Native { methods: Some(provider), ..Native::default() }
    }
}

/// Makes a provider for a namespace, when a client first needs it.
/// Errors: any; the client gets `WBEM_E_INITIALIZATION_FAILURE`.
pub type Factory = Arc<dyn Fn(&Namespace) -> Result<Native> + Send + Sync>;

/// The native providers that exist in this program, by CLSID.
#[derive(Clone, Default)]
pub struct NativeProviders(HashMap<Name, Factory>);

impl NativeProviders {
    /// Registers `factory` under `clsid`, written with or without braces.
    pub fn register(&mut self, clsid: &str, factory: Factory) {
        self.0.insert(bare(clsid), factory);
    }

    /// The factory of `clsid`.
    pub fn get(&self, clsid: &str) -> Option<&Factory> {
        self.0.get(&bare(clsid))
    }
}

fn bare(clsid: &str) -> Name {
    Name::from(clsid.trim().trim_start_matches('{').trim_end_matches('}'))
}
