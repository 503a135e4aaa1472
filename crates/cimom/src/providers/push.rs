//! Push providers: initialized once, at the first call in a namespace in which one is registered.
//! They put their classes then and are not called again (behaviour.md A.1, mistake J17).
//!
//! They put and delete through the services of their context like any client. The documentation
//! names the flag OWNER_UPDATE for them, but no rule that refuses it to others.

use std::collections::HashMap;

use cim::{Error, Name, Namespace, Result};
use parking_lot::Mutex;
use repository::NamespaceId;
use smol_str::SmolStr;
use wbem::CallContext;

use super::class_registration::{ClassSource, Interaction};
use super::runtime::Runtime;
use crate::call::architecture;
use crate::store::StoredView;

/// The push providers whose initialization has begun.
#[derive(Default)]
pub(super) struct Pushed(Mutex<HashMap<(NamespaceId, Name), Progress>>);

struct Progress {
    namespace: Namespace,
    /// Of the code that puts the classes.
    clsid: SmolStr,
    /// Set once the initialization has ended.
    outcome: Option<Result<()>>,
}

/// A push provider that could not put its classes.
#[derive(Clone, Debug)]
pub struct FailedPush {
    /// Where it is registered.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// The error.
    pub error: Error,
}

impl Pushed {
    /// Whether the initialization of the code `clsid` has ended; `None` if it had not begun, and
    /// begins now.
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

    /// Removes those of the namespace that are no longer registered.
    fn retain(&self, namespace: NamespaceId, registered: &[&ClassSource]) {
        self.0.lock().retain(|(id, name), _| {
            *id != namespace || registered.iter().any(|source| source.name == *name)
        });
    }
}

impl Runtime {
    /// Initializes the push providers of the namespace of `view` that are not initialized yet, or
    /// waits for those that are being initialized. Returns whether there were any: the classes of
    /// the namespace may have changed then. A provider that fails leaves the stored classes
    /// unchanged; it is not initialized again before the next start or a new registration.
    /// Errors: `WBEM_E_CALL_CANCELLED`, `WBEM_E_TIMED_OUT` if the call ends while it waits.
    pub fn push_classes(&self, view: &StoredView<'_>, context: &CallContext) -> Result<bool> {
        let sources = self.class_sources(view)?;
        let is_push = |source: &&ClassSource| source.interaction == Interaction::Push;
        let push: Vec<&ClassSource> = sources.iter().map(|s| &**s).filter(is_push).collect();
        self.pushed.retain(view.id(), &push);
        let mut has_pushed = false;
        // The classes are put for all clients.
        let context = &*architecture::any(context);
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
            let outcome = self.load(view, context, registration).map(|_| ());
            if outcome.is_err() {
                // A call that is not wanted any more has not waited for the outcome.
                context.cancel().check()?;
            }
            // Its failure does not concern the call that happens to come first.
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
