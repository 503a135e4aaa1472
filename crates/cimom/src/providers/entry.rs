//! One loaded provider: its initialization, the calls that it has in flight, when it was last used.
//!
//! A call that needs a provider which is being initialized waits here, without a lock or a
//! transaction that another call needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use cim::status::{WBEM_E_PROVIDER_FAILURE, WBEM_E_SERVER_TOO_BUSY};
use cim::{Name, Namespace, Result};
use smol_str::SmolStr;
use wbem::{CancelToken, Promise, ProviderInterfaces, Services};

/// How many calls of one loaded provider may be in flight, those that wait for its
/// initialization among them. A call past it fails at once.
const MOST_CALLS: i32 = 64;

/// A provider that is loaded, or is being loaded.
pub(super) struct ProviderEntry {
    pub(super) namespace: Namespace,
    pub(super) clsid: SmolStr,
    /// The provider's way into WMI.
    pub(super) services: Arc<dyn Services>,
    has_begun: AtomicBool,
    outcome: Promise<Result<Arc<ProviderInterfaces>>>,
    /// Below zero for a moment where a call has ended whose provider still delivers, see
    /// [`ProviderEntry::while_blocked_on_client`].
    in_flight: AtomicI32,
    /// When its last call ended, in milliseconds of the environment's clock.
    last_used: AtomicU64,
    clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// A call in flight.
pub(super) struct InFlight<'e>(&'e ProviderEntry);

impl ProviderEntry {
    /// One whose initialization has not begun.
    pub(super) fn new(
        namespace: Namespace,
        clsid: SmolStr,
        services: Arc<dyn Services>,
        clock: Arc<dyn Fn() -> Duration + Send + Sync>,
    ) -> Self {
        ProviderEntry {
            namespace,
            clsid,
            services,
            has_begun: AtomicBool::new(false),
            outcome: Promise::default(),
            in_flight: AtomicI32::new(0),
            last_used: AtomicU64::new(clock().as_millis() as u64),
            clock,
        }
    }

    /// Counts a call in, until the value returned is dropped.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY`.
    pub(super) fn enter(&self, name: &Name) -> Result<InFlight<'_>> {
        let in_flight = InFlight(self);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < MOST_CALLS {
            return Ok(in_flight);
        }
        Err(WBEM_E_SERVER_TOO_BUSY.with(format!(
            "provider {name} has {MOST_CALLS} calls in flight that it has not answered; \
             wait until one is, or have a look at the provider"
        )))
    }

    /// Runs something in the middle of a call that is not counted as in flight meanwhile.
    pub(super) fn while_blocked_on_client<T>(&self, wait: impl FnOnce() -> T) -> T {
        /// Counts the call in again, also where the client panics.
        struct Again<'e>(&'e ProviderEntry);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                self.0.in_flight.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let _again = Again(self);
        wait()
    }

    /// Ends the initialization.
    pub(super) fn decide(&self, outcome: Result<ProviderInterfaces>) {
        self.outcome.set(outcome.map(Arc::new));
    }

    /// Whether this call has to initialize it.
    pub(super) fn begin(&self) -> bool {
        !self.has_begun.swap(true, Ordering::AcqRel)
    }

    /// Waits for the end of the initialization, as long as the call is wanted.
    /// Errors: those with which it failed; `WBEM_E_CALL_CANCELLED`, `WBEM_E_TIMED_OUT`.
    pub(super) fn wait(&self, cancel: &CancelToken) -> Result<Arc<ProviderInterfaces>> {
        self.outcome.wait_for(cancel)?
    }

    /// What it provides, once it is initialized.
    pub(super) fn ready(&self) -> Option<Arc<ProviderInterfaces>> {
        self.outcome.get()?.ok()
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed).try_into().unwrap_or_default()
    }

    /// When its last call ended, on the environment's clock.
    pub(super) fn last_used(&self) -> Duration {
        Duration::from_millis(self.last_used.load(Ordering::Relaxed))
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = (self.0.clock)().as_millis() as u64;
        self.0.last_used.store(now, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A provider that panics has failed its call and nothing else.
pub fn guard<T>(name: &Name, call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(WBEM_E_PROVIDER_FAILURE.with(format!("provider {name} panicked"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wbem::services_from;

    /// A call that ends at its deadline while its provider waits for a slow client does not keep
    /// others from the provider.
    #[test]
    fn a_call_that_ends_while_its_provider_waits_for_the_client_is_counted_out_once() {
        let services = services_from(Namespace::root(), |_, _, _| Ok(wbem::Reply::Nothing));
        let clock = Arc::new(|| Duration::ZERO);
        let entry = ProviderEntry::new(Namespace::root(), "X".into(), services, clock);
        let name = Name::from("P");
        let call = entry.enter(&name).unwrap();
        entry.while_blocked_on_client(|| {
            drop(call);
            assert_eq!(entry.in_flight(), 0);
            assert!(entry.enter(&name).is_ok());
        });
        assert_eq!(entry.in_flight(), 0);
    }
}
