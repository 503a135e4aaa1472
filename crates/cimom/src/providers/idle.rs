//! Unloading: providers that were not asked for a while are let go, as the cache controls in root
//! say (behaviour.md G.2): between once and twice ClearAfter after their last call.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cim::{DateTime, Instance, Namespace, Value};
use wbem::CallContext;

use crate::cimom::Cimom;

/// What holds where a cache control says nothing.
const CLEAR_AFTER: Duration = Duration::from_secs(30);

/// No look at idle providers comes sooner than this after the one before.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// After how long idle providers are let go.
#[derive(Clone, Copy)]
struct ClearAfter {
    objects: Duration,
    properties: Duration,
}

impl Cimom {
    /// Unloads the providers that have been idle for as long as the cache controls say, and those
    /// whose namespace has gone. Gives how many. A thread calls it as long as providers are
    /// loaded; who keeps time by a clock of his own calls it too.
    pub fn unload_idle_providers(&self) -> usize {
        let (now, clear_after) = (self.now(), self.clear_after());
        let is_gone = |namespace: &Namespace, id| {
            let snapshot = self.repository.read();
            let found = snapshot.and_then(|snapshot| snapshot.view().namespace(namespace));
            found.is_ok_and(|found| found != Some(id))
        };
        self.providers.unload(|place| {
            let limit = match place.is_of_properties {
                true => clear_after.properties,
                false => clear_after.objects,
            };
            now.saturating_sub(place.last_used) >= limit || is_gone(place.namespace, place.id)
        })
    }

    /// Sees to it that a thread looks after idle providers as long as there are any.
    pub(crate) fn watch_idle(&self) {
        if self.is_watching.swap(true, Ordering::Relaxed) {
            return;
        }
        let me = self.me();
        let watch = move || while_loaded(&me);
        // Without a thread they stay loaded; everything else goes on.
        if std::thread::Builder::new().name("openwmi-idle".into()).spawn(watch).is_err() {
            self.is_watching.store(false, Ordering::Relaxed);
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

/// Looks at idle providers once in the time after which they go.
fn while_loaded(cimom: &Weak<Cimom>) {
    loop {
        let Some(at_work) = cimom.upgrade() else { return };
        at_work.unload_idle_providers();
        if at_work.providers.is_empty() {
            // One that is loaded from here on brings a thread of its own.
            at_work.is_watching.store(false, Ordering::Relaxed);
            if at_work.providers.is_empty() {
                return;
            }
            if at_work.is_watching.swap(true, Ordering::Relaxed) {
                return;
            }
        }
        let ClearAfter { objects, properties } = at_work.clear_after();
        drop(at_work);
        std::thread::park_timeout(objects.min(properties).max(SHORTEST_WAIT));
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
