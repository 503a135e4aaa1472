//! The providers of one object manager: the registrations, the loaded providers, and the state of
//! push providers.
//!
//! The folders above obtain a provider with a view of the store and the context of their call. How
//! a provider calls back is not decided here: the owner of the runtime supplies the services that a
//! provider receives.

use std::sync::{Arc, Weak};

use cim::security::Sid;
use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_SHUTTING_DOWN};
use cim::{Name, Namespace, Result};
use repository::NamespaceId;
use wbem::{CallContext, Services};

use super::idle::IdleWatch;
use super::push::Pushed;
use super::registry::Registry;
use super::table::{LoadedProvider, ProviderTable};
use crate::call::NamespaceRef;
use crate::store::Core;

/// Makes the services that a provider of a namespace receives.
type ServicesFor = Box<dyn Fn(NamespaceRef) -> Arc<dyn Services> + Send + Sync>;

/// The store, and the providers over it.
pub struct Runtime {
    me: Weak<Runtime>,
    core: Core,
    pub(super) table: Arc<ProviderTable>,
    pub(super) registry: Registry,
    pub(super) pushed: Pushed,
    pub(super) idle: IdleWatch,
    pub(super) services_for: ServicesFor,
}

impl Runtime {
    /// A runtime over `core`, with no provider loaded.
    pub fn new(core: Core, services_for: ServicesFor) -> Arc<Self> {
        let table = Arc::new(ProviderTable::default());
        Arc::new_cyclic(|me| Runtime {
            me: me.clone(),
            core,
            idle: IdleWatch::new(table.clone()),
            table,
            registry: Registry::default(),
            pushed: Pushed::default(),
            services_for,
        })
    }

    /// A reference that does not keep the store open.
    pub fn downgrade(&self) -> Weak<Runtime> {
        self.me.clone()
    }

    /// The store.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Unloads the providers of deleted namespaces, and drops the schemas of these.
    pub fn forget_namespaces(&self, gone: &[NamespaceId]) {
        if gone.is_empty() {
            return;
        }
        self.core.forget(gone);
        self.table.unload(|provider| gone.contains(&provider.id));
    }

    /// Whether the code of the provider with this CLSID is in this program.
    pub fn has_provider_code(&self, clsid: &str) -> bool {
        self.core.environment().providers.get(clsid).is_some()
    }

    /// The providers that are loaded now, by namespace and name.
    pub fn loaded_providers(&self) -> Vec<LoadedProvider> {
        self.table.list(self.core.now())
    }

    /// Unloads the providers that have been idle for the time that the cache controls in root set;
    /// returns how many. A thread calls this as long as providers are loaded.
    pub fn unload_idle_providers(&self) -> usize {
        self.idle.unload(&self.core)
    }

    /// Unloads the provider `name` of a namespace, if it has no call in flight; returns how many
    /// were unloaded, one for each user and language.
    /// Errors: `WBEM_E_ACCESS_DENIED` if the caller is no administrator;
    /// `WBEM_E_INVALID_NAMESPACE`.
    pub fn unload(
        &self,
        namespace: &Namespace,
        name: &Name,
        context: &CallContext,
    ) -> Result<usize> {
        if !context.caller().is(&Sid::administrators()) {
            return Err(WBEM_E_ACCESS_DENIED
                .with(format!("only administrators unload providers, {name} among them")));
        }
        let id = self.core.namespace(namespace)?.id;
        Ok(self.table.unload(|provider| provider.id == id && provider.name == name))
    }
}

/// The error of a call that a provider makes after the object manager is closed.
pub fn shutting_down() -> cim::Error {
    WBEM_E_SHUTTING_DOWN.with("the object manager is closed")
}
