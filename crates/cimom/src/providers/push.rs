//! Push providers: initialized once, when somebody first asks anything of a namespace in which one
//! is registered; then they have put their classes and are asked no more (behaviour.md A.1,
//! mistake J17).
//!
//! What they put and delete goes through the services of their context like anybody's; the
//! documentation gives the flag OWNER_UPDATE to them and no rule by which others are refused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cim::{Name, Result};
use repository::NamespaceId;
use smol_str::SmolStr;

use super::class_registration::{ClassSource, Interaction};
use crate::cimom::{Cimom, View};

/// The push providers that were initialized, each with the CLSID of its code.
#[derive(Default)]
pub(crate) struct Pushed(Mutex<HashMap<(NamespaceId, Name), SmolStr>>);

impl Pushed {
    /// Whether this code has put its classes in this namespace.
    fn has(&self, namespace: NamespaceId, name: &Name, clsid: &str) -> bool {
        let pushed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pushed.get(&(namespace, name.clone()));
        known.is_some_and(|known| cim::name::eq(known, clsid))
    }

    fn insert(&self, namespace: NamespaceId, name: &Name, clsid: &SmolStr) {
        let mut pushed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.insert((namespace, name.clone()), clsid.clone());
    }

    /// Forgets those of the namespace that are registered no more.
    fn retain(&self, namespace: NamespaceId, registered: &[&ClassSource]) {
        let mut pushed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pushed.retain(|(id, name), _| {
            *id != namespace || registered.iter().any(|source| source.name == *name)
        });
    }
}

impl Cimom {
    /// Initializes the push providers of the namespace of `view` that were not yet, and says
    /// whether there were any: then its classes may be others now. One that fails leaves what is
    /// stored as it is, and is tried again when the repository has changed.
    pub(crate) fn push_classes(&self, view: &View<'_>) -> Result<bool> {
        let sources = self.registrations.class_sources(view)?;
        let is_push = |source: &&ClassSource| source.interaction == Interaction::Push;
        let push: Vec<&ClassSource> = sources.iter().map(|s| &**s).filter(is_push).collect();
        self.pushed.retain(view.id, &push);
        let mut has_pushed = false;
        for source in push {
            let Ok(registration) = &source.registration else { continue };
            if self.pushed.has(view.id, &source.name, &registration.clsid) {
                continue;
            }
            if self.load(view, registration).is_ok() {
                self.pushed.insert(view.id, &source.name, &registration.clsid);
                has_pushed = true;
            }
        }
        Ok(has_pushed)
    }
}
