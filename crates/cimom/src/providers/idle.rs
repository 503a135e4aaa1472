//! Unloading: providers that were not asked for a while are unloaded, as the cache controls in root
//! say (behaviour.md G.2): between once and twice ClearAfter after their last call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use cim::{DateTime, Instance, Name, Namespace, Value};
use parking_lot::Mutex;

use super::table::{IdleCandidate, ProviderTable};
use crate::store::Core;

/// What holds where a cache control says nothing.
const CLEAR_AFTER: Duration = Duration::from_secs(30);

/// The shortest time between two looks at idle providers.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// Unloads idle providers of a table, on a thread that runs as long as there are any.
pub(super) struct IdleWatch(Arc<Watch>);

struct Watch {
    table: Arc<ProviderTable>,
    /// As the cache controls said last.
    clear_after: Mutex<ClearAfter>,
    /// Whether a thread looks after idle providers.
    is_watched: AtomicBool,
}

/// After how long idle providers are unloaded.
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

    /// Unloads the providers that have been idle for as long as the cache controls say; returns how
    /// many.
    pub(super) fn unload(&self, core: &Core) -> usize {
        *self.0.clear_after.lock() = clear_after(core);
        self.0.unload(core.now())
    }

    /// Makes sure that a thread looks after idle providers as long as there are any. It holds them
    /// and not the repository, which may be closed at any time.
    pub(super) fn watch(&self, core: &Core) {
        let watch = &self.0;
        *watch.clear_after.lock() = clear_after(core);
        if watch.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (watched, clock) = (Arc::downgrade(watch), core.environment().clock.clone());
        let run = move || while_loaded(&watched, &*clock);
        // Without a thread they stay loaded; everything else goes on.
        if std::thread::Builder::new().name("openwmi-idle".into()).spawn(run).is_err() {
            watch.is_watched.store(false, Ordering::Relaxed);
        }
    }
}

/// What the cache controls in root say.
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

/// Looks at idle providers once in the time after which they are unloaded.
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
            // A provider that is loaded from here on starts a thread of its own.
            watch.is_watched.store(false, Ordering::Relaxed);
            if watch.table.is_empty() || watch.is_watched.swap(true, Ordering::Relaxed) {
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
