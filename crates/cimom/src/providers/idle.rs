//! Unloading: providers that were not asked for a while are let go, as the cache controls in root
//! say (behaviour.md G.2): between once and twice ClearAfter after their last call.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use cim::{DateTime, Instance, Value};
use wbem::CallContext;

use super::loaded::{IdleCandidate, Providers};
use crate::store::core::Cimom;

/// What holds where a cache control says nothing.
const CLEAR_AFTER: Duration = Duration::from_secs(30);

/// No look at idle providers comes sooner than this after the one before.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// After how long idle providers are let go.
#[derive(Clone, Copy)]
pub(super) struct ClearAfter {
    objects: Duration,
    properties: Duration,
}

impl Default for ClearAfter {
    fn default() -> Self {
        ClearAfter { objects: CLEAR_AFTER, properties: CLEAR_AFTER }
    }
}

impl Cimom {
    /// Unloads the providers that have been idle for as long as the cache controls say. Gives how
    /// many. A thread does it as long as providers are loaded; who keeps time by a clock of his
    /// own calls it too.
    pub fn unload_idle_providers(&self) -> usize {
        self.providers.set_clear_after(self.clear_after());
        self.providers.unload_idle(self.now())
    }

    /// Sees to it that a thread looks after idle providers as long as there are any. It holds them
    /// and not the repository, which may be closed at any time.
    pub fn watch_idle(&self) {
        self.providers.set_clear_after(self.clear_after());
        if self.providers.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (providers, clock) = (Arc::downgrade(&self.providers), self.environment.clock.clone());
        let watch = move || while_loaded(&providers, &*clock);
        // Without a thread they stay loaded; everything else goes on.
        if std::thread::Builder::new().name("openwmi-idle".into()).spawn(watch).is_err() {
            self.providers.is_watched.store(false, Ordering::Relaxed);
        }
    }

    fn clear_after(&self) -> ClearAfter {
        let context = CallContext::local(self.environment.identity.clone());
        let told = |class| {
            let control = self.configuration(class, &context).ok();
            control.and_then(|control| interval(&control)).unwrap_or(CLEAR_AFTER)
        };
        ClearAfter {
            objects: told("__ObjectProviderCacheControl"),
            properties: told("__PropertyProviderCacheControl"),
        }
    }
}

impl Providers {
    fn set_clear_after(&self, clear_after: ClearAfter) {
        *self.clear_after.lock().unwrap_or_else(PoisonError::into_inner) = clear_after;
    }

    fn clear_after(&self) -> ClearAfter {
        *self.clear_after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unload_idle(&self, now: Duration) -> usize {
        let clear_after = self.clear_after();
        self.unload(|place: &IdleCandidate<'_>| {
            let limit = match place.is_of_properties {
                true => clear_after.properties,
                false => clear_after.objects,
            };
            now.saturating_sub(place.last_used) >= limit
        })
    }
}

/// Looks at idle providers once in the time after which they go.
fn while_loaded(providers: &Weak<Providers>, clock: &dyn Fn() -> Duration) {
    let mut wait = CLEAR_AFTER;
    loop {
        if let Some(providers) = providers.upgrade() {
            let ClearAfter { objects, properties } = providers.clear_after();
            wait = objects.min(properties).max(SHORTEST_WAIT);
        }
        std::thread::park_timeout(wait);
        let Some(providers) = providers.upgrade() else { return };
        providers.unload_idle(clock());
        if providers.is_empty() {
            // One that is loaded from here on brings a thread of its own.
            providers.is_watched.store(false, Ordering::Relaxed);
            if providers.is_empty() || providers.is_watched.swap(true, Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// The interval that a cache control names.
fn interval(control: &Instance) -> Option<Duration> {
    match control.get("ClearAfter") {
        Some(Value::DateTime(DateTime::Interval(interval))) => {
            Some(Duration::from_micros(interval.total_micros()))
        }
        _ => None,
    }
}
