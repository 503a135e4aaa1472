//! Calls of one loaded provider: every call of every provider passes through this file.
//!
//! Ensures that a provider affects its own calls only: the number of its calls in flight is
//! bounded, its panics are caught, and circles of providers that call each other are ended. The
//! provider receives the context in which it calls WMI, with the identity that its registration
//! requires (behaviour.md A.7).

use std::sync::Arc;

use cim::security::Identity;
use cim::status::*;
use cim::{Name, Result};
use wbem::{CallContext, ProviderContext, ProviderInterfaces};

use super::entry::{ProviderEntry, guard};
use super::registration::Registration;

/// The longest chain of providers, each called by the one before, that leads to one call.
const MOST_HOPS: u32 = 32;

/// A loaded provider, and the registration under which it is called.
#[derive(Clone)]
pub struct Provider {
    pub registration: Arc<Registration>,
    pub(super) entry: Arc<ProviderEntry>,
    pub(super) native: Arc<ProviderInterfaces>,
    /// The identity under which it calls back if it does not impersonate.
    pub(super) wmi: Arc<Identity>,
}

impl Provider {
    pub fn name(&self) -> &Name {
        &self.registration.name
    }

    /// What it is.
    pub fn native(&self) -> &ProviderInterfaces {
        &self.native
    }

    /// Runs what waits for the client during a call. The call does not count as in flight
    /// meanwhile: a client that fetches slowly must not block others from the provider.
    pub fn while_blocked_on_client<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.entry.while_blocked_on_client(wait)
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` for what its code is not.
    pub fn provides_no(&self, what: &str) -> cim::Error {
        WBEM_E_PROVIDER_NOT_CAPABLE
            .with(format!("the code of provider {} provides no {what}", self.name()))
    }

    /// Calls the provider: `ask` receives the context for it.
    /// Errors: its own; `WBEM_E_CALL_CANCELLED` and `WBEM_E_TIMED_OUT` if the call was cancelled,
    /// `WBEM_E_PROVIDER_FAILURE` if the provider panics, `WBEM_E_SERVER_TOO_BUSY` if it has too
    /// many calls in flight, `WBEM_E_CIRCULAR_REFERENCE` if providers call each other in a circle.
    pub fn call<T>(
        &self,
        context: &CallContext,
        ask: impl FnOnce(&ProviderContext) -> Result<T>,
    ) -> Result<T> {
        if context.depth() >= MOST_HOPS {
            // Not one of the codes by which a provider rejects a query: the core would call it
            // again.
            return Err(WBEM_E_CIRCULAR_REFERENCE.with(format!(
                "provider {} is asked on behalf of {MOST_HOPS} providers that ask each other",
                self.name()
            )));
        }
        context.cancel().check()?;
        let _call = self.entry.enter(self.name())?;
        let caller = if self.registration.impersonates { context.caller() } else { &self.wmi };
        let services = self.entry.services.clone();
        let context = context.for_provider(self.name(), false, services, caller.clone());
        let _span = tracing::debug_span!(
            "provider",
            name = self.name().as_str(),
            id = context.operation().number(),
            parent = context.operation().parent(),
        )
        .entered();
        guard(self.name(), || ask(&context)).map_err(|error| error.by(self.name()))
    }
}
