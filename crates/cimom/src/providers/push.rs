//! Push providers: initialized once, when a call first asks anything of a namespace in which one
//! is registered; then they have put their classes and are asked no more (behaviour.md A.1,
//! mistake J17).
//!
//! What they put and delete goes through the services of their context like any client's; the
//! documentation gives the flag OWNER_UPDATE to them and no rule by which others are refused.

use std::collections::HashMap;

use cim::{Error, Name, Namespace, Result};
use parking_lot::Mutex;
use repository::NamespaceId;
use smol_str::SmolStr;
use wbem::CallContext;

use super::class_registration::{ClassSource, Interaction};
use super::runtime::Runtime;
use crate::store::StoredView;

/// The push providers whose initialization has begun.
#[derive(Default)]
pub(super) struct Pushed(Mutex<HashMap<(NamespaceId, Name), Progress>>);

struct Progress {
    namespace: Namespace,
    /// Of the code that puts the classes.
    clsid: SmolStr,
    /// Once it is done.
    outcome: Option<Result<()>>,
}

/// A push provider that could not put its classes.
#[derive(Clone, Debug)]
pub struct FailedPush {
    /// Where it is registered.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// What it failed with.
    pub error: Error,
}

impl Pushed {
    /// Whether the code `clsid` is done: `None` where its initialization has not begun, and begins
    /// now.
    fn begin(
        &self,
        key: &(NamespaceId, Name),
        namespace: &Namespace,
        clsid: &SmolStr,
    ) -> Option<bool> {
        let mut pushed = self.0.lock();
        match pushed.get(key) {
            Some(known) if cim::name::eq(&known.clsid, clsid) => Some(known.outcome.is_some()),
            _ => {
                let (namespace, clsid) = (namespace.clone(), clsid.clone());
                pushed.insert(key.clone(), Progress { namespace, clsid, outcome: None });
                None
            }
        }
    }

    fn end(&self, key: &(NamespaceId, Name), outcome: Result<()>) {
        if let Some(progress) = self.0.lock().get_mut(key) {
            progress.outcome = Some(outcome);
        }
    }

    /// Forgets those of the namespace that are registered no more.
    fn retain(&self, namespace: NamespaceId, registered: &[&ClassSource]) {
        self.0.lock().retain(|(id, name), _| {
            *id != namespace || registered.iter().any(|source| source.name == *name)
        });
    }
}

impl Runtime {
    /// Initializes the push providers of the namespace of `view` that were not yet, or waits for
    /// those that are being initialized, and returns whether there were any: then the namespace may
    /// have other classes now. One that fails leaves what is stored as it is; it is not tried again
    /// before the next start, or before it is registered anew.
    pub fn push_classes(&self, view: &StoredView<'_>, context: &CallContext) -> Result<bool> {
        let sources = self.class_sources(view)?;
        let is_push = |source: &&ClassSource| source.interaction == Interaction::Push;
        let push: Vec<&ClassSource> = sources.iter().map(|s| &**s).filter(is_push).collect();
        self.pushed.retain(view.id(), &push);
        let mut has_pushed = false;
        for source in push {
            let Ok(registration) = &source.registration else { continue };
            let key = (view.id(), source.name.clone());
            let namespace = &view.schema().origin().namespace;
            match self.pushed.begin(&key, namespace, &registration.clsid) {
                Some(true) => continue,
                Some(false) => {}
                // One that is loaded already, for another purpose or from before, begins again.
                None => {
                    self.table.unload(|p| p.id == view.id() && *p.name == source.name);
                }
            }
            // Its failure does not concern the call that happens to come first.
            let outcome = self.load(view, context, registration).map(|_| ());
            self.pushed.end(&key, outcome);
            has_pushed = true;
        }
        Ok(has_pushed)
    }

    /// The push providers that could not put their classes, by namespace and name.
    pub fn failed_pushes(&self) -> Vec<FailedPush> {
        let pushed = self.pushed.0.lock();
        let failed = pushed.iter().filter_map(|((_, name), progress)| {
            let error = progress.outcome.as_ref()?.as_ref().err()?.clone();
            Some(FailedPush { namespace: progress.namespace.clone(), name: name.clone(), error })
        });
        let mut failed: Vec<FailedPush> = failed.collect();
        drop(pushed);
        failed.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        failed
    }
}
