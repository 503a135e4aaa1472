//! Unloads idle providers, as the cache controls in root configure it (behaviour.md G.2): between
//! one and two times ClearAfter after their last call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use cim::{DateTime, Instance, Name, Namespace, Value};
use parking_lot::Mutex;

use super::table::{IdleCandidate, ProviderTable};
use crate::store::Core;

/// The default of a cache control.
const CLEAR_AFTER: Duration = Duration::from_secs(30);

/// The minimum time between two checks for idle providers.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Unloads idle providers of a table, on a thread that runs while any provider is loaded.
pub(super) struct IdleWatch(Arc<Watch>);

struct Watch {
    table: Arc<ProviderTable>,
    /// The last values of the cache controls.
    clear_after: Mutex<ClearAfter>,
    /// Whether a thread checks for idle providers.
    is_watched: AtomicBool,
}

/// The time after which idle providers are unloaded.
#[derive(Clone, Copy)]
struct ClearAfter {
    objects: Duration,
    properties: Duration,
}

impl IdleWatch {
    pub(super) fn new(table: Arc<ProviderTable>) -> Self {
        let clear_after = Mutex::new(ClearAfter { objects: CLEAR_AFTER, properties: CLEAR_AFTER });
        IdleWatch(Arc::new(Watch { table, clear_after, is_watched: AtomicBool::new(false) }))
    }

    /// Unloads the providers that have been idle for the configured time, and returns their number.
    pub(super) fn unload(&self, core: &Core) -> usize {
        *self.0.clear_after.lock() = clear_after(core);
        self.0.unload(core.now())
    }

    /// Ensures that a thread checks for idle providers while any provider is loaded. The thread does
    /// not hold the repository, which can be closed at any time.
    pub(super) fn watch(&self, core: &Core) {
        let watch = &self.0;
        *watch.clear_after.lock() = clear_after(core);
        if watch.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (watched, clock) = (Arc::downgrade(watch), core.environment().clock.clone());
        let run = move || while_loaded(&watched, &*clock);
        // Without a thread idle providers stay loaded; nothing else depends on it.
        if std::thread::Builder::new().name("openwmi-idle".into()).spawn(run).is_err() {
            watch.is_watched.store(false, Ordering::Relaxed);
        }
    }
}

/// Reads the cache controls in root.
fn clear_after(core: &Core) -> ClearAfter {
    let root = core.namespace(&Namespace::root());
    let view = root.and_then(|root| core.view(&root.namespace, root.id));
    let configured = |class: &'static str| {
        let control = view.as_ref().ok()?.singleton(&Name::from_static(class)).ok()??;
        interval(&control)
    };
    ClearAfter {
        objects: configured("__ObjectProviderCacheControl").unwrap_or(CLEAR_AFTER),
        properties: configured("__PropertyProviderCacheControl").unwrap_or(CLEAR_AFTER),
    }
}

impl Watch {
    fn unload(&self, now: Duration) -> usize {
        let clear_after = *self.clear_after.lock();
        self.table.unload(|provider: &IdleCandidate<'_>| {
            let limit = match provider.is_of_properties {
                true => clear_after.properties,
                false => clear_after.objects,
            };
            now.saturating_sub(provider.last_used) >= limit
        })
    }
}

/// Checks for idle providers once per unload time, until no provider is loaded.
fn while_loaded(watch: &Weak<Watch>, clock: &dyn Fn() -> Duration) {
    let mut wait = CLEAR_AFTER;
    loop {
        if let Some(watch) = watch.upgrade() {
            let ClearAfter { objects, properties } = *watch.clear_after.lock();
            wait = objects.min(properties).max(SHORTEST_WAIT);
        }
        std::thread::park_timeout(wait);
        let Some(watch) = watch.upgrade() else { return };
        watch.unload(clock());
        if watch.table.is_empty() {
            // From here on, the next load starts another thread.
            watch.is_watched.store(false, Ordering::Relaxed);
            if watch.table.is_empty() || watch.is_watched.swap(true, Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// The interval of a cache control.
fn interval(control: &Instance) -> Option<Duration> {
    match control.get("ClearAfter") {
        Some(Value::DateTime(DateTime::Interval(interval))) => {
            Some(Duration::from_micros(interval.total_micros()))
        }
        _ => None,
    }
}
