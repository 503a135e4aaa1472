//! What travels with a call: who calls, from where, in which language, and named values.
//!
//! Made by a door, passed through the object manager to the providers, and passed on by a
//! provider that calls back. Nothing in it comes from a global: identity and locale are what
//! the door was told.

use std::sync::Arc;

use cim::security::Identity;
use cim::{Name, Value};

/// The context of one call (IWbemContext and the caller).
#[derive(Clone, Debug)]
pub struct CallContext {
    caller: Arc<Identity>,
    is_remote: bool,
    values: Vec<(Name, Value)>,
}

impl CallContext {
    /// A call of `caller` on this machine.
    pub fn local(caller: Arc<Identity>) -> Self {
        CallContext { caller, is_remote: false, values: Vec::new() }
    }

    /// A call of `caller` from another machine.
    pub fn remote(caller: Arc<Identity>) -> Self {
        CallContext { caller, is_remote: true, values: Vec::new() }
    }

    /// Who calls.
    pub fn caller(&self) -> &Arc<Identity> {
        &self.caller
    }

    /// Whether the call comes from another machine.
    pub fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// The named value, if it was set. Names disregard case.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, _)| n.is(name)).map(|(_, v)| v)
    }

    /// Sets a named value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.values.iter_mut().find(|(n, _)| n.is(name)) {
            Some((_, old)) => *old = value,
            None => self.values.push((name.into(), value)),
        }
    }
}
