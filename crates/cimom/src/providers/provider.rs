//! One loaded provider, called: the one place through which every call of every provider goes.
//!
//! Sees to it that a provider costs its own calls only: it may have a bounded number of calls in
//! flight, may panic, and may call back in circles that have an end. It is handed the context in
//! which it calls WMI, as whom its registration says (behaviour.md A.7).

use std::sync::Arc;

use cim::security::Identity;
use cim::status::*;
use cim::{Name, Result};
use wbem::{CallContext, ProviderContext, ProviderInterfaces};

use super::entry::{ProviderEntry, guard};
use super::registration::Registration;

/// How many providers may be asked, each by the one before, on the way to one call.
const MOST_HOPS: u32 = 32;

/// A provider that is loaded, and the registration by which it is asked.
#[derive(Clone)]
pub struct Provider {
    pub registration: Arc<Registration>,
    pub(super) entry: Arc<ProviderEntry>,
    pub(super) native: Arc<ProviderInterfaces>,
    /// As whom it calls back where it does not impersonate.
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

    /// Runs what waits for the client in the middle of a call, which does not count as in flight
    /// meanwhile: who fetches slowly must not keep others from the provider.
    pub fn while_blocked_on_client<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.entry.while_blocked_on_client(wait)
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` for what its code is not.
    pub fn provides_no(&self, what: &str) -> cim::Error {
        WBEM_E_PROVIDER_NOT_CAPABLE
            .with(format!("the code of provider {} provides no {what}", self.name()))
    }

    /// Asks it: `ask` gets the context that the provider is to have.
    /// Errors: its own; `WBEM_E_CALL_CANCELLED` and `WBEM_E_TIMED_OUT` where the call is not wanted any
    /// more, `WBEM_E_PROVIDER_FAILURE` where it panics, `WBEM_E_SERVER_TOO_BUSY` where it has too many
    /// calls in flight, `WBEM_E_CIRCULAR_REFERENCE` where providers ask each other
    /// in a circle.
    pub fn call<T>(
        &self,
        context: &CallContext,
        ask: impl FnOnce(&ProviderContext) -> Result<T>,
    ) -> Result<T> {
        if context.depth() >= MOST_HOPS {
            // Not one of the codes by which a provider hands a query back: it would be asked again.
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
