//! The object manager of one repository: hands out sessions, and what an administrator asks of it
//! as a whole.

use std::sync::{Arc, Weak};

use cim::path::Connection;
use cim::status::WBEM_E_NOT_FOUND;
use cim::{Instance, Name, Namespace, Result};
use repository::Repository;
use wbem::{CallContext, Services};

use super::connections::Connections;
use super::session::Session;
use super::{extended_status, for_provider};
use crate::call::{Call, NamespaceRef};
use crate::providers::{FailedPush, LoadedProvider, Runtime};
use crate::rules;
use crate::store::{Core, Environment, WriteHooks};
use crate::system;
use crate::view::{View, computed};
use crate::write;

/// The object manager of one repository.
pub struct Cimom {
    pub(super) runtime: Arc<Runtime>,
    connections: Arc<Connections>,
}

impl Cimom {
    /// The object manager of `repository`.
    pub fn new(repository: Repository, environment: Environment) -> Arc<Self> {
        Cimom::with_hooks(repository, environment, WriteHooks::default())
    }

    /// The same, where `hooks` take part in the writes after the rules of the system classes.
    pub fn with_hooks(
        repository: Repository,
        environment: Environment,
        mut hooks: WriteHooks,
    ) -> Arc<Self> {
        hooks.hooks.splice(0..0, rules::hooks());
        let core = Core::new(repository, environment, hooks);
        Arc::new_cyclic(|me: &Weak<Cimom>| {
            let cimom = me.clone();
            let services_for = move |namespace| for_provider::services(cimom.clone(), namespace);
            let runtime = Runtime::new(core, Box::new(services_for));
            Cimom { runtime, connections: Arc::default() }
        })
    }

    /// Connects to a namespace (`root\cimv2`, `\\.\root\cimv2`, slashes as backslashes).
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_INVALID_PARAMETER`,
    /// `WBEM_E_TRANSPORT_FAILURE` for another server, `WBEM_E_ACCESS_DENIED`,
    /// `WBEM_E_QUOTA_VIOLATION` where it has too many connections.
    pub fn connect(
        self: &Arc<Self>,
        path: &str,
        context: &CallContext,
    ) -> Result<Arc<dyn Services>> {
        let session = self.session(path, context).map_err(|e| e.during("ConnectServer", path))?;
        Ok(extended_status::layer(Arc::new(session)))
    }

    /// The session of a client, without its layers.
    pub(super) fn session(self: &Arc<Self>, path: &str, context: &CallContext) -> Result<Session> {
        let Connection { server, namespace } = path.parse()?;
        self.runtime.core().check_server(server.as_deref())?;
        let id = self.authorized_view(&namespace, context)?.id();
        let connection = Some(self.connections.connect(id)?);
        let namespace = NamespaceRef { namespace, id };
        Ok(Session::new(self.clone(), namespace, connection))
    }

    /// The state of a namespace, for a caller who may open it.
    fn authorized_view<'a>(
        &'a self,
        namespace: &Namespace,
        context: &'a CallContext,
    ) -> Result<View<'a>> {
        let view = View::open_by_name(&self.runtime, namespace, context)?;
        Call { operation: (), namespace, context }.authorize(view.schema().policy())?;
        Ok(view)
    }

    /// The repository, for what concerns it as a whole: verify, backup.
    pub fn repository(&self) -> &Repository {
        self.runtime.core().repository()
    }

    /// Creates `namespace` and those above it, where they are missing.
    /// Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn ensure_namespace(&self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        write::edit(&self.runtime, context, |edit| edit.ensure_namespace(namespace, context))
    }

    /// The note that is kept under `key` besides the objects, if any.
    pub fn note(&self, key: &str) -> Result<Option<String>> {
        self.repository().read()?.view().meta(key)
    }

    /// Keeps a note. Errors: `WBEM_E_ACCESS_DENIED` to callers that are no administrators.
    pub fn set_note(&self, key: &str, note: &str, context: &CallContext) -> Result<()> {
        write::edit(&self.runtime, context, |edit| edit.put_note(key, note, context))
    }

    /// The values that hold now of a singleton of the namespace root, such as
    /// `__ArbitratorConfiguration` (behaviour.md G.12): those that are stored, else the defaults.
    /// Errors: `WBEM_E_NOT_FOUND` where root has no such singleton.
    pub fn configuration(&self, class: &str, context: &CallContext) -> Result<Instance> {
        let view = View::open_by_name(&self.runtime, &Namespace::root(), context)?;
        let class = view.class(&Name::from(class), WBEM_E_NOT_FOUND)?;
        let missing = || WBEM_E_NOT_FOUND.with(format!("{} is no singleton", class.name()));
        if !system::is_always_there(&class) || system::is_computed(&class) {
            return computed::instance(&view, &class)?.ok_or_else(missing);
        }
        view.stored_view().singleton(class.name())?.ok_or_else(missing)
    }

    /// Checks whether the provider `name` of `namespace` can be used as it is registered, and loads
    /// it where it is not loaded; but for push providers, on which [`Cimom::failed_pushes`] reports.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`; why it cannot be used.
    pub fn check_provider(
        &self,
        namespace: &Namespace,
        name: &Name,
        context: &CallContext,
    ) -> Result<()> {
        let view = self.authorized_view(namespace, context)?;
        self.runtime.check(view.stored_view(), name, context)
    }

    /// Whether the code of the provider with this CLSID is in this program.
    pub fn has_provider_code(&self, clsid: &str) -> bool {
        self.runtime.has_provider_code(clsid)
    }

    /// The providers that are loaded now, by namespace and name.
    pub fn loaded_providers(&self) -> Vec<LoadedProvider> {
        self.runtime.loaded_providers()
    }

    /// The push providers that could not put their classes, by namespace and name.
    pub fn failed_pushes(&self) -> Vec<FailedPush> {
        self.runtime.failed_pushes()
    }

    /// Unloads the provider `name` of `namespace`, if it has no call in flight; the next call that
    /// needs it loads it again. Returns how many were unloaded, one for each user and language.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED` if the caller is no
    /// administrator.
    pub fn unload_provider(
        &self,
        namespace: &Namespace,
        name: &Name,
        context: &CallContext,
    ) -> Result<usize> {
        self.runtime.unload(namespace, name, context)
    }

    /// Releases the snapshots of results whose clients have taken nothing for a second; returns how
    /// many. A thread does it as long as there are any; a caller that keeps time by another clock
    /// calls it too.
    pub fn release_idle_snapshots(&self) -> usize {
        self.runtime.core().release_idle_snapshots()
    }

    /// Unloads the providers that have been idle for as long as the cache controls in root say;
    /// returns how many. A thread does it as long as providers are loaded; a caller that keeps time
    /// by another clock calls it too.
    pub fn unload_idle_providers(&self) -> usize {
        self.runtime.unload_idle_providers()
    }
}
