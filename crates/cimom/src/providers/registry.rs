//! The registrations of a namespace, read and cached as long as the repository has the same
//! version, so that a change applies from the next call on.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::{WBEM_E_INVALID_PROVIDER_REGISTRATION, WBEM_E_PROVIDER_NOT_FOUND};
use cim::{Class, Instance, Name, ObjectPath, PathKeys, Result};
use parking_lot::Mutex;
use repository::NamespaceId;

use super::class_registration::ClassSource;
use super::registration::Registration;
use super::runtime::Runtime;
use crate::store::StoredView;

const CLASSES: Name = Name::from_static("__ClassProviderRegistration");

/// Above this number of registrations in memory all are dropped, and read again on demand.
const MOST: usize = 4096;

/// The cached registrations, each with the version of the repository from which it was read.
#[derive(Default)]
pub(super) struct Registry {
    providers: Mutex<HashMap<(NamespaceId, Name), Read>>,
    /// The providers of classes of each namespace.
    class_sources: Mutex<HashMap<NamespaceId, (usize, ClassSources)>>,
}

type Read = (usize, Arc<Registration>);

/// The providers that are registered for classes in a namespace, in the order of their names.
type ClassSources = Arc<[Arc<ClassSource>]>;

impl Runtime {
    /// The registration of the provider `name` in the namespace of `view`.
    /// Errors: `WBEM_E_PROVIDER_NOT_FOUND` if there is none, `WBEM_E_INVALID_PROVIDER_REGISTRATION`
    /// if it is invalid, `WBEM_E_PROVIDER_DISABLED`.
    pub fn registration(&self, view: &StoredView<'_>, name: &Name) -> Result<Arc<Registration>> {
        let key = (view.id(), name.clone());
        if let Some((version, registration)) = self.registry.providers.lock().get(&key)
            && *version == view.version()
        {
            return Ok(registration.clone());
        }
        let registration = Arc::new(Registration::read(view, name)?);
        let mut kept = self.registry.providers.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, (view.version(), registration.clone()));
        Ok(registration)
    }

    /// The providers of classes of the namespace of `view`. A registration whose provider is not
    /// there registers nothing.
    pub fn class_sources(&self, view: &StoredView<'_>) -> Result<ClassSources> {
        if let Some((version, sources)) = self.registry.class_sources.lock().get(&view.id())
            && *version == view.version()
        {
            return Ok(sources.clone());
        }
        let mut sources = Vec::new();
        for registered in view.instances_of_family(&CLASSES)? {
            let Some(name) = provider_name(view, &registered) else { continue };
            let registration = self.registration(view, &name);
            if registration.as_ref().is_err_and(|e| e.status() == WBEM_E_PROVIDER_NOT_FOUND) {
                continue;
            }
            sources.push(Arc::new(ClassSource::new(name, &registered, registration)));
        }
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        let sources: ClassSources = sources.into();
        let mut kept = self.registry.class_sources.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(view.id(), (view.version(), sources.clone()));
        Ok(sources)
    }

    /// The registration of the provider that `class` names. Errors: as [`Runtime::registration`];
    /// `WBEM_E_INVALID_PROVIDER_REGISTRATION` where it names none.
    pub fn registration_of(
        &self,
        view: &StoredView<'_>,
        class: &Class,
    ) -> Result<Arc<Registration>> {
        let name = class.provider().ok_or_else(|| {
            WBEM_E_INVALID_PROVIDER_REGISTRATION
                .with(format!("class {} is to be provided but names no provider", class.name()))
        })?;
        self.registration(view, &name.into()).map_err(|e| match e.status() {
            WBEM_E_PROVIDER_NOT_FOUND => {
                e.status().with(format!("{}, which class {} names", e.message(), class.name()))
            }
            _ => e,
        })
    }
}

/// The name of the provider of this namespace to which a registration refers.
fn provider_name(view: &StoredView<'_>, registered: &Instance) -> Option<Name> {
    let path: ObjectPath = registered.get("provider")?.as_str()?.parse().ok()?;
    let here = &view.schema().origin().namespace;
    if path.namespace.is_some_and(|namespace| namespace != *here) {
        return None;
    }
    let value = match &path.keys {
        PathKeys::Unnamed(value) => value,
        PathKeys::Named(named) => &named.iter().find(|(name, _)| name.is("Name"))?.1,
        PathKeys::Class | PathKeys::Singleton => return None,
    };
    Some(Name::from(value.text()))
}
