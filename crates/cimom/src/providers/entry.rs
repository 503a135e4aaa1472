//! One loaded provider: its initialization, its calls in flight, the end of its last call.
//!
//! A call of a provider that is being initialized waits here. It holds no lock and no transaction
//! that another call needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use cim::status::{WBEM_E_PROVIDER_FAILURE, WBEM_E_SERVER_TOO_BUSY};
use cim::{Name, Namespace, Result};
use smol_str::SmolStr;
use wbem::{CancelToken, Promise, ProviderInterfaces, Services};

/// The maximum number of calls of one loaded provider in flight, including those that wait for its
/// initialization. Further calls fail at once.
const MOST_CALLS: i32 = 64;

/// A provider that is loaded, or is being loaded.
pub(super) struct ProviderEntry {
    pub(super) namespace: Namespace,
    pub(super) clsid: SmolStr,
    /// The provider's way into WMI.
    pub(super) services: Arc<dyn Services>,
    has_begun: AtomicBool,
    outcome: Promise<Result<Arc<ProviderInterfaces>>>,
    /// Negative for a moment if a call has ended while its provider still delivers, see
    /// [`ProviderEntry::while_blocked_on_client`].
    in_flight: AtomicI32,
    /// The end of its last call, in milliseconds of the environment's clock.
    last_used: AtomicU64,
    clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// A call in flight.
pub(super) struct InFlight<'e>(&'e ProviderEntry);

impl ProviderEntry {
    /// A provider whose initialization has not begun.
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

    /// Counts a call until the returned value is dropped.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY`.
    pub(super) fn enter(&self, name: &Name) -> Result<InFlight<'_>> {
        let in_flight = InFlight(self);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < MOST_CALLS {
            return Ok(in_flight);
        }
        Err(WBEM_E_SERVER_TOO_BUSY.with(format!(
            "provider {name} has {MOST_CALLS} unanswered calls in flight; try again, or check \
             the provider"
        )))
    }

    /// Runs `wait` during a call, which does not count as in flight meanwhile.
    pub(super) fn while_blocked_on_client<T>(&self, wait: impl FnOnce() -> T) -> T {
        /// Counts the call again, also if the client panics.
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

    /// Ends the initialization with `outcome`.
    pub(super) fn decide(&self, outcome: Result<ProviderInterfaces>) {
        self.outcome.set(outcome.map(Arc::new));
    }

    /// Whether this call must initialize it: `true` for the first caller only.
    pub(super) fn begin(&self) -> bool {
        !self.has_begun.swap(true, Ordering::AcqRel)
    }

    /// Waits for the end of the initialization, or until the call is cancelled.
    /// Errors: those of the initialization; `WBEM_E_CALL_CANCELLED`, `WBEM_E_TIMED_OUT`.
    pub(super) fn wait(&self, cancel: &CancelToken) -> Result<Arc<ProviderInterfaces>> {
        self.outcome.wait_for(cancel)?
    }

    /// Its interfaces; `None` unless it is initialized.
    pub(super) fn ready(&self) -> Option<Arc<ProviderInterfaces>> {
        self.outcome.get()?.ok()
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed).try_into().unwrap_or_default()
    }

    /// The end of its last call, on the clock of the environment.
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

/// Runs a call of the provider `name`. A panic fails only that call.
pub fn guard<T>(name: &Name, call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(WBEM_E_PROVIDER_FAILURE.with(format!("provider {name} panicked"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wbem::services_from;

    /// A call that ends at its deadline while its provider waits for a slow client does not count
    /// against the limit any more.
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
