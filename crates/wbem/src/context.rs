//! What travels with a call: who calls, from where, in which language, and named values.
//!
//! Made by a door, passed through the object manager to the providers, and passed on by a
//! provider that calls back. Nothing in it comes from a global: identity and locale are what
//! the door was told.

use std::fmt;
use std::sync::Arc;

use cim::security::Identity;
use cim::{Locale, Name, Namespace, Value};

use crate::services::Services;

/// The context of one call (IWbemContext and the caller).
#[derive(Clone)]
pub struct CallContext {
    caller: Arc<Identity>,
    is_remote: bool,
    locales: Arc<[Locale]>,
    is_encrypted: bool,
    values: Vec<(Name, Value)>,
    /// What a provider is given of WMI.
    services: Option<Arc<dyn Services>>,
    /// The provider that has this context.
    provider: Option<Arc<Hop>>,
}

/// A provider on the way to a call, asked on behalf of the one before.
#[derive(Debug)]
pub struct Hop {
    /// Where it works.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// Whether it is being initialized, and not asked.
    pub is_initialized: bool,
    before: Option<Arc<Hop>>,
    depth: u32,
}

impl CallContext {
    /// A call of `caller` on this machine.
    pub fn local(caller: Arc<Identity>) -> Self {
        CallContext {
            caller,
            is_remote: false,
            locales: Arc::default(),
            is_encrypted: false,
            values: Vec::new(),
            services: None,
            provider: None,
        }
    }

    /// A call of `caller` from another machine, in the clear.
    pub fn remote(caller: Arc<Identity>) -> Self {
        CallContext { is_remote: true, ..CallContext::local(caller) }
    }

    /// A call of `caller` from another machine that nobody on the way can read: by DCOM at the
    /// level PKT_PRIVACY, else through TLS.
    pub fn remote_encrypted(caller: Arc<Identity>) -> Self {
        CallContext { is_encrypted: true, ..CallContext::remote(caller) }
    }

    /// Who calls.
    pub fn caller(&self) -> &Arc<Identity> {
        &self.caller
    }

    /// Whether the call comes from another machine.
    pub fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// The languages that the caller prefers, the most preferred first; none where it named none.
    pub fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// Sets the languages that the caller prefers, the most preferred first.
    pub fn set_locales(&mut self, locales: &[Locale]) {
        self.locales = locales.into();
    }

    /// Whether nobody on the way from another machine can read the call.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The named value, if it was set. Names disregard case.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, _)| n.is(name)).map(|(_, v)| v)
    }

    /// All named values, in the order in which they were set first.
    pub fn values(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.values.iter().map(|(name, value)| (name, value))
    }

    /// Sets a named value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.values.iter_mut().find(|(n, _)| n.is(name)) {
            Some((_, old)) => *old = value,
            None => self.values.push((name.into(), value)),
        }
    }

    /// Takes a named value away.
    pub fn remove(&mut self, name: &str) {
        self.values.retain(|(n, _)| !n.is(name));
    }

    /// The namespace in which the provider that has this context works: its way to call WMI. It
    /// passes the context on in each call that it makes to answer the one it got, so that circles
    /// are found (behaviour.md A.4). `None` with a client.
    pub fn services(&self) -> Option<&Arc<dyn Services>> {
        self.services.as_ref()
    }

    /// The providers on the way to this call, the nearest first; none of a client's call.
    pub fn providers(&self) -> impl Iterator<Item = &Hop> {
        std::iter::successors(self.provider.as_deref(), |hop| hop.before.as_deref())
    }

    /// How many providers are on the way to this call.
    pub fn depth(&self) -> u32 {
        self.provider.as_ref().map_or(0, |hop| hop.depth)
    }

    /// The context that the provider `name` gets, which may call `services` as `caller`, to be
    /// asked or, where `is_initialized`, to be initialized.
    pub fn for_provider(
        &self,
        name: &Name,
        is_initialized: bool,
        services: Arc<dyn Services>,
        caller: Arc<Identity>,
    ) -> Self {
        let hop = Hop {
            namespace: services.namespace().clone(),
            name: name.clone(),
            is_initialized,
            before: self.provider.clone(),
            depth: self.depth() + 1,
        };
        CallContext {
            caller,
            is_remote: false,
            locales: self.locales.clone(),
            is_encrypted: false,
            values: self.values.clone(),
            services: Some(services),
            provider: Some(Arc::new(hop)),
        }
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("caller", &self.caller)
            .field("is_remote", &self.is_remote)
            .field("locales", &self.locales)
            .field("is_encrypted", &self.is_encrypted)
            .field("values", &self.values)
            .field("provider", &self.provider)
            .finish()
    }
}
