//! Push providers: initialized once, when somebody first asks anything of a namespace in which one
//! is registered; then they have put their classes and are asked no more (behaviour.md A.1,
//! mistake J17).
//!
//! What they put and delete goes through the services of their context like anybody's; the
//! documentation gives the flag OWNER_UPDATE to them and no rule by which others are refused.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cim::{Name, Result};
use repository::NamespaceId;
use smol_str::SmolStr;

use super::class_registration::{ClassSource, Interaction};
use crate::cimom::{Cimom, View};

/// The push providers whose initialization has begun.
#[derive(Default)]
pub(crate) struct Pushed(Mutex<HashMap<(NamespaceId, Name), Progress>>);

struct Progress {
    /// Of the code that puts the classes.
    clsid: SmolStr,
    is_done: bool,
}

impl Pushed {
    fn lock(&self) -> MutexGuard<'_, HashMap<(NamespaceId, Name), Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the code `clsid` is: `None` where its initialization has not begun, and does now.
    fn begin(&self, place: &(NamespaceId, Name), clsid: &SmolStr) -> Option<bool> {
        let mut pushed = self.lock();
        match pushed.get(place) {
            Some(known) if cim::name::eq(&known.clsid, clsid) => Some(known.is_done),
            _ => {
                let progress = Progress { clsid: clsid.clone(), is_done: false };
                pushed.insert(place.clone(), progress);
                None
            }
        }
    }

    fn end(&self, place: &(NamespaceId, Name)) {
        if let Some(progress) = self.lock().get_mut(place) {
            progress.is_done = true;
        }
    }

    /// Forgets those of the namespace that are registered no more.
    fn retain(&self, namespace: NamespaceId, registered: &[&ClassSource]) {
        self.lock().retain(|(id, name), _| {
            *id != namespace || registered.iter().any(|source| source.name == *name)
        });
    }
}

impl Cimom {
    /// Initializes the push providers of the namespace of `view` that were not yet, or waits for
    /// those that are at it, and says whether there were any: then its classes may be others now.
    /// One that fails leaves what is stored as it is; it is not tried again before the next start,
    /// or before it is registered anew.
    pub(crate) fn push_classes(&self, view: &View<'_>) -> Result<bool> {
        let sources = self.registrations.class_sources(view)?;
        let is_push = |source: &&ClassSource| source.interaction == Interaction::Push;
        let push: Vec<&ClassSource> = sources.iter().map(|s| &**s).filter(is_push).collect();
        self.pushed.retain(view.id, &push);
        let mut has_pushed = false;
        for source in push {
            let Ok(registration) = &source.registration else { continue };
            let place = (view.id, source.name.clone());
            match self.pushed.begin(&place, &registration.clsid) {
                Some(true) => continue,
                Some(false) => {}
                // One that is loaded already, for something else or from before, begins again.
                None => {
                    self.providers.unload(|p| p.id == view.id && *p.name == source.name);
                }
            }
            // What it fails with has nothing to do with the call that happens to come first.
            let _ = self.load(view, registration);
            self.pushed.end(&place);
            has_pushed = true;
        }
        Ok(has_pushed)
    }
}
