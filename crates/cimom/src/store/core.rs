//! The repository, the environment, and the schemas that were made of what is stored.
//!
//! A schema is made on the first access to a namespace, shared by all readers, and replaced by the
//! one that a commit publishes. The repository's generation of a namespace says whether a schema is
//! still current, also where another process writes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use cim::path::is_local_server;
use cim::security::Identity;
use cim::status::WBEM_E_TRANSPORT_FAILURE;
use cim::{Namespace, Origin, Result};
use repository::{NamespaceId, Repository};
use smol_str::SmolStr;
use wbem::{Change, ChangeLog, LogRecord, MemoryLog, NativeProviders, ProviderResolver, WriteHook};

use super::held::HeldSnapshots;
use super::stored_view::StoredView;
use crate::call::NamespaceRef;
use crate::call::namespace::unknown;
use crate::schema::{Schema, localized};

/// Above this number of namespaces in memory all are dropped, and read again on demand.
const MOST_SCHEMAS: usize = 1024;

/// What the object manager needs from its environment.
pub struct Environment {
    /// The name of this server, as in `__SERVER`.
    pub server: SmolStr,
    /// The providers in this program.
    pub providers: NativeProviders,
    /// Resolvers for the code of providers outside this program, in the order in which they are
    /// tried.
    pub resolvers: Vec<Arc<dyn ProviderResolver>>,
    /// A source of random bytes.
    pub random: fn() -> [u8; 16],
    /// Minutes east of UTC now, for dates in queries that name no offset.
    pub local_offset: fn() -> i16,
    /// The identity of WMI itself: providers that do not impersonate their clients call back under
    /// it.
    pub identity: Arc<Identity>,
    /// The time since some moment in the past, by which idle providers are unloaded.
    pub clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// The store of one object manager. Dropping it releases the snapshots of suspended results, whose
/// clients may keep them for longer.
pub struct Core {
    repository: Repository,
    environment: Environment,
    schemas: ArcSwap<HashMap<NamespaceId, CachedSchema>>,
    localized: localized::Schemas,
    hooks: WriteHooks,
    held: Arc<HeldSnapshots>,
}

/// What takes part in every write.
pub struct WriteHooks {
    /// Called in this order.
    pub hooks: Vec<Arc<dyn WriteHook>>,
    /// Where the records go that hooks make of changes.
    pub log: Arc<dyn ChangeLog>,
}

/// How many records the default log keeps.
const LOG_RECORDS: usize = 1024;

impl Default for WriteHooks {
    fn default() -> Self {
        WriteHooks { hooks: Vec::new(), log: Arc::new(MemoryLog::new(LOG_RECORDS)) }
    }
}

/// A schema that was made, and when it was current.
#[derive(Clone)]
struct CachedSchema {
    schema: Arc<Schema>,
    /// The version of the repository at which it was last found to be current, so that a call
    /// that follows no write need not ask; 0, which no version is, before.
    version: Arc<AtomicUsize>,
}

impl CachedSchema {
    fn new(schema: Arc<Schema>) -> Self {
        CachedSchema { schema, version: Arc::default() }
    }
}

impl Core {
    /// The store over `repository`, in whose writes `hooks` take part.
    pub fn new(repository: Repository, environment: Environment, hooks: WriteHooks) -> Self {
        Core {
            held: HeldSnapshots::new(environment.clock.clone()),
            repository,
            environment,
            schemas: ArcSwap::default(),
            localized: localized::Schemas::default(),
            hooks,
        }
    }

    /// What takes part in every write.
    pub fn hooks(&self) -> &[Arc<dyn WriteHook>] {
        &self.hooks.hooks
    }

    /// What the hooks make of the changes of a transaction that is about to be committed.
    /// Errors: those with which a hook refuses it.
    pub fn before_commit(&self, changes: &[Change]) -> Result<Vec<LogRecord>> {
        let mut records = Vec::new();
        if !changes.is_empty() {
            self.hooks().iter().try_for_each(|hook| hook.before_commit(changes, &mut records))?;
        }
        Ok(records)
    }

    /// Appends what the hooks made of a committed transaction to the log. The transaction is not
    /// undone if that fails, so the failure is no error of the write.
    pub fn append(&self, records: &[LogRecord]) {
        if records.is_empty() {
            return;
        }
        if let Err(error) = self.hooks.log.append(records) {
            tracing::error!(%error, "changes are committed, but are missing in the change log");
        }
    }

    /// Tells the hooks of the changes of a transaction that was committed.
    pub fn after_commit(&self, changes: &[Change]) {
        if !changes.is_empty() {
            self.hooks().iter().for_each(|hook| hook.after_commit(changes));
        }
    }

    /// The repository itself.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    pub fn now(&self) -> Duration {
        (self.environment.clock)()
    }

    /// Where the classes of `namespace` live.
    pub fn origin(&self, namespace: &Namespace) -> Arc<Origin> {
        let server = self.environment.server.clone();
        Arc::new(Origin { server, namespace: namespace.clone() })
    }

    /// Errors: `WBEM_E_TRANSPORT_FAILURE` where `server` is another than this one.
    pub fn check_server(&self, server: Option<&str>) -> Result<()> {
        match server {
            Some(other) if !is_local_server(other, &self.environment.server) => {
                Err(WBEM_E_TRANSPORT_FAILURE.with(format!(
                    "server {other} is not this one; other servers cannot be reached"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The namespace of this name. Errors: `WBEM_E_INVALID_NAMESPACE`.
    pub fn namespace(&self, namespace: &Namespace) -> Result<NamespaceRef> {
        let id = self.repository.read()?.view().namespace(namespace)?;
        let id = id.ok_or_else(|| unknown(namespace))?;
        Ok(NamespaceRef { namespace: namespace.clone(), id })
    }

    /// The state of `namespace` now. Errors: `WBEM_E_INVALID_NAMESPACE` where it was deleted, even
    /// if another one has its name now.
    pub fn view(&self, namespace: &Namespace, id: NamespaceId) -> Result<StoredView<'_>> {
        let snapshot = self.repository.read()?;
        let version = snapshot.view().version();
        let (schema, is_current) = match self.current(id, version) {
            Some(schema) => (schema, true),
            None => (self.schema(namespace, id, snapshot.view())?, false),
        };
        Ok(StoredView::new(self, id, version, schema, is_current, snapshot))
    }

    /// The snapshots that results hold while their clients take objects.
    pub(super) fn held(&self) -> &Arc<HeldSnapshots> {
        &self.held
    }

    /// Releases the snapshots of results whose clients have taken nothing for a second; returns how
    /// many.
    pub fn release_idle_snapshots(&self) -> usize {
        self.held.release_expired()
    }

    /// The schema of a namespace, if it was current when the repository had this version.
    fn current(&self, id: NamespaceId, version: usize) -> Option<Arc<Schema>> {
        let known = self.schemas.load();
        let known = known.get(&id)?;
        (known.version.load(Ordering::Relaxed) == version).then(|| known.schema.clone())
    }

    /// The schema of `namespace` as `view` sees it.
    fn schema(
        &self,
        namespace: &Namespace,
        id: NamespaceId,
        view: repository::View<'_>,
    ) -> Result<Arc<Schema>> {
        let state = view.state(namespace)?.filter(|state| state.id == id);
        let Some(state) = state else {
            self.forget(&[id]);
            return Err(unknown(namespace));
        };
        if let Some(schema) = self.known(id, state.generation) {
            return Ok(schema);
        }
        let stored = view.classes(id)?.into_iter().map(|c| (c.name, c.superclass));
        let schema = Arc::new(Schema::new(self.origin(namespace), &state, stored)?);
        self.publish([(id, schema.clone())]);
        Ok(schema)
    }

    /// Notes that nothing has to be looked at again as long as the repository has the version of
    /// `view`.
    pub fn found_current(&self, view: &StoredView<'_>) {
        if let Some(known) = self.schemas.load().get(&view.id())
            && Arc::ptr_eq(&known.schema, view.schema())
        {
            known.version.store(view.version(), Ordering::Relaxed);
        }
    }

    /// The schema of a namespace in the state `generation`, if it was made already.
    pub fn known(&self, id: NamespaceId, generation: u64) -> Option<Arc<Schema>> {
        let known = self.schemas.load();
        known.get(&id).map(|k| k.schema.clone()).filter(|s| s.generation() == generation)
    }

    /// The schema of a namespace with localized qualifiers.
    pub fn localized(&self, state: localized::State, neutral: &Schema) -> Arc<Schema> {
        self.localized.get(state, neutral)
    }

    /// Drops what was made for namespaces that are gone.
    pub fn forget(&self, gone: &[NamespaceId]) {
        self.schemas.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.retain(|id, _| !gone.contains(id));
            next
        });
    }

    /// Makes `schemas` the ones that later calls see, unless newer ones are there.
    pub fn publish(&self, schemas: impl IntoIterator<Item = (NamespaceId, Arc<Schema>)>) {
        let schemas: Vec<_> = schemas.into_iter().collect();
        self.schemas.rcu(|known| {
            let mut next = HashMap::clone(known);
            // Namespaces come and go; those of the past must not pile up.
            if next.len() >= MOST_SCHEMAS {
                next.clear();
            }
            for (id, schema) in &schemas {
                let known = next.get(id).map(|known| known.schema.generation());
                if known.is_none_or(|generation| generation <= schema.generation()) {
                    next.insert(*id, CachedSchema::new(schema.clone()));
                }
            }
            next
        });
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.held.release_all();
    }
}
