//! The object cimom: the repository, the native providers, and the schemas of namespaces.
//!
//! Hands out sessions and, to each operation, a `View`: one state of a namespace, data and
//! schema of the same moment. What an operation does with it is in the modules of the operations.

use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use cim::path::{Connection, is_local_server};
use cim::security::{Identity, Sid};
use cim::status::*;
use cim::{
    Class, ClassDeclaration, Instance, InstanceKey, Name, Namespace, Object, ObjectPath, Origin,
    Result,
};
use repository::{NamespaceId, Repository, Snapshot};
use smol_str::SmolStr;
use wbem::{CallContext, NativeProviders, Services};

use crate::call::access::{self, Call};
use crate::front::connections::Connections;
use crate::front::extended_status::Told;
use crate::front::session::Session;
use crate::providers::{Providers, Pushed, Registrations};
use crate::read::get::{self, Get};
use crate::schema::classes::{Declarations, Schema};
use crate::view::provided::Provided;
use crate::write::edit::NamespaceRef;
use crate::write::localized;

/// Past this number of namespaces in memory all are dropped, and read again as they are needed.
const MOST_SCHEMAS: usize = 1024;

/// What the object manager is told of the world.
pub struct Environment {
    /// The name of this server, as `__SERVER` gives it.
    pub server: SmolStr,
    /// The providers in this program.
    pub providers: NativeProviders,
    /// A source of random bytes.
    pub random: fn() -> [u8; 16],
    /// Minutes east of UTC now, for dates in queries that name no offset.
    pub local_offset: fn() -> i16,
    /// As whom WMI itself acts: providers that do not impersonate their clients call back as this.
    pub identity: Arc<Identity>,
    /// The time since some moment in the past, by which idle providers are unloaded.
    pub clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

/// The object manager of one repository.
pub struct Cimom {
    me: Weak<Cimom>,
    pub providers: Arc<Providers>,
    pub registrations: Registrations,
    pub pushed: Pushed,
    pub repository: Repository,
    pub environment: Environment,
    connections: Arc<Connections>,
    schemas: ArcSwap<HashMap<NamespaceId, CachedSchema>>,
    /// Schemas with localized qualifiers that were made.
    pub amended: localized::Schemas,
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

impl Cimom {
    /// The object manager of `repository`.
    pub fn new(repository: Repository, environment: Environment) -> Arc<Self> {
        Arc::new_cyclic(|me| Cimom {
            me: me.clone(),
            providers: Arc::default(),
            registrations: Registrations::default(),
            pushed: Pushed::default(),
            repository,
            environment,
            connections: Arc::default(),
            schemas: ArcSwap::default(),
            amended: localized::Schemas::default(),
        })
    }

    /// For whoever must not keep it.
    pub fn me(&self) -> Weak<Cimom> {
        self.me.clone()
    }

    pub fn now(&self) -> Duration {
        (self.environment.clock)()
    }

    /// Connects to a namespace (`root\cimv2`, `\\.\root\cimv2`, slashes as backslashes).
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_INVALID_PARAMETER`,
    /// `WBEM_E_TRANSPORT_FAILURE` for another server, `WBEM_E_ACCESS_DENIED`,
    /// `WBEM_E_QUOTA_VIOLATION` where too many are connected to it.
    pub fn connect(
        self: &Arc<Self>,
        path: &str,
        context: &CallContext,
    ) -> Result<Arc<dyn Services>> {
        self.connected(path, context).map_err(|e| e.during("ConnectServer", path))
    }

    fn connected(self: &Arc<Self>, path: &str, context: &CallContext) -> Result<Arc<dyn Services>> {
        let Connection { server, namespace } = path.parse()?;
        self.check_server(server.as_deref())?;
        let view = self.view_of(&namespace, context)?;
        Call { operation: (), namespace: &namespace, context }.authorize(view.schema.policy())?;
        let id = view.id;
        let _connected = Some(self.connections.connect(id)?);
        Ok(Arc::new(Told(Session { cimom: self.clone(), namespace, id, _connected })))
    }

    /// The repository, for what concerns it as a whole: verify, backup.
    pub fn repository(&self) -> &Repository {
        &self.repository
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

    /// Makes `namespace` and those it lies in, where they are missing.
    /// Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn ensure_namespace(&self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        self.edit(|edit| edit.ensure_namespace(namespace, context))
    }

    /// The note that was kept under `key` beside the objects, if any.
    pub fn note(&self, key: &str) -> Result<Option<String>> {
        self.repository.read()?.view().meta(key)
    }

    /// Keeps a note. Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn set_note(&self, key: &str, note: &str, context: &CallContext) -> Result<()> {
        self.edit(|edit| {
            let root = edit.place(&Namespace::root())?;
            let call = edit.authorize(&root, context)?;
            call.require(access::to_write_class(), "keep a note in the repository")?;
            if !context.caller().is(&Sid::administrators()) {
                return Err(WBEM_E_ACCESS_DENIED
                    .with("only administrators keep notes about the repository as a whole"));
            }
            edit.put_meta(key, note)
        })
    }

    pub fn origin(&self, namespace: &Namespace) -> Arc<Origin> {
        let server = self.environment.server.clone();
        Arc::new(Origin { server, namespace: namespace.clone() })
    }

    /// The state of `namespace` now. Errors: `WBEM_E_INVALID_NAMESPACE` where it was deleted,
    /// be it that another one has its name now.
    pub fn view<'m>(
        &'m self,
        namespace: &Namespace,
        id: NamespaceId,
        context: &'m CallContext,
    ) -> Result<View<'m>> {
        let snapshot = self.repository.read()?;
        let version = snapshot.view().version();
        let current = self.current(id, version);
        let is_current = current.is_some();
        let schema = match current {
            Some(schema) => schema,
            None => self.schema(namespace, id, snapshot.view())?,
        };
        let snapshot = RefCell::new(Some(snapshot));
        let (localized, provided) = (None, Provided::default());
        let view =
            View { cimom: self, id, context, version, schema, localized, provided, snapshot };
        // Who is being initialized sees what is there, and does not wait for others.
        if is_current || context.providers().any(|hop| hop.is_initialized) {
            return Ok(view);
        }
        if self.push_classes(&view)? {
            return self.view(namespace, id, context);
        }
        self.found_current(&view);
        Ok(view)
    }

    /// The object at `path`, in whichever namespace: the one it names, else `place`, else that of
    /// `view`.
    pub fn follow(
        &self,
        view: &View<'_>,
        path: ObjectPath,
        place: Option<&Namespace>,
        context: &CallContext,
    ) -> Result<Object> {
        self.check_server(path.server.as_deref())?;
        let here = &view.schema.origin().namespace;
        let namespace = path.namespace.clone().or(place.cloned()).unwrap_or_else(|| here.clone());
        let there = match namespace == *here {
            true => None,
            false if view.localized.is_some() => {
                Some(self.view_of(&namespace, context)?.amended()?)
            }
            false => Some(self.view_of(&namespace, context)?),
        };
        let view = there.as_ref().unwrap_or(view);
        let operation = Get::whole(path);
        let call = Call { operation, namespace: &namespace, context };
        get::object(view, &call.authorize(view.schema.policy())?)
    }

    /// The state of `namespace` now, for one that is not connected to.
    pub fn view_of<'m>(
        &'m self,
        namespace: &Namespace,
        context: &'m CallContext,
    ) -> Result<View<'m>> {
        let id = self.repository.read()?.view().namespace(namespace)?;
        self.view(namespace, id.ok_or_else(|| unknown(namespace))?, context)
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
    fn found_current(&self, view: &View<'_>) {
        if let Some(known) = self.schemas.load().get(&view.id)
            && Arc::ptr_eq(&known.schema, &view.schema)
        {
            known.version.store(view.version, Ordering::Relaxed);
        }
    }

    /// The schema of a namespace in the state `generation`, if it was made already.
    pub fn known(&self, id: NamespaceId, generation: u64) -> Option<Arc<Schema>> {
        let known = self.schemas.load();
        known.get(&id).map(|k| k.schema.clone()).filter(|s| s.generation() == generation)
    }

    /// Drops what was made for namespaces that are gone.
    pub fn forget(&self, gone: &[NamespaceId]) {
        if gone.is_empty() {
            return;
        }
        self.schemas.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.retain(|id, _| !gone.contains(id));
            next
        });
        self.providers.unload(|place| gone.contains(&place.id));
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

pub fn unknown(namespace: &Namespace) -> cim::Error {
    WBEM_E_INVALID_NAMESPACE.with(format!("namespace {namespace} does not exist"))
}

/// One state of a namespace: what one operation reads. Its classes are in [`crate::view::provided`].
pub struct View<'m> {
    pub cimom: &'m Cimom,
    pub id: NamespaceId,
    /// Of the call that reads.
    pub context: &'m CallContext,
    /// The version of the repository at the beginning.
    pub version: usize,
    pub schema: Arc<Schema>,
    /// The namespaces with the localized classes that the caller prefers, the most preferred
    /// first; `None` where classes are read exactly as stored.
    pub localized: Option<Box<[NamespaceId]>>,
    pub provided: Provided,
    /// `None` while the code of a provider runs, and until something is read after it.
    snapshot: RefCell<Option<Snapshot>>,
}

impl View<'_> {
    /// The namespace that it shows.
    pub fn place(&self) -> NamespaceRef {
        NamespaceRef { namespace: self.schema.origin().namespace.clone(), id: self.id }
    }

    /// Minutes east of UTC, for dates that name no offset.
    pub fn local_offset(&self) -> i16 {
        (self.cimom.environment.local_offset)()
    }

    /// Reads what is stored. Embedded instances get the classes of this namespace.
    pub fn stored<T>(&self, read: impl FnOnce(repository::View<'_>) -> Result<T>) -> Result<T> {
        let class = |name: &Name| self.find_class(name).ok().flatten();
        read(self.snapshot()?.view().resolving(&class))
    }

    /// Runs what may take as long as it likes, and holds nothing of the repository meanwhile: a
    /// snapshot that stays open keeps the file growing.
    pub fn without_snapshot<T>(&self, run: impl FnOnce() -> T) -> T {
        // While stored objects are being read, their snapshot has to stay.
        if let Ok(mut snapshot) = self.snapshot.try_borrow_mut() {
            *snapshot = None;
        }
        run()
    }

    pub fn snapshot(&self) -> Result<Ref<'_, Snapshot>> {
        if self.snapshot.borrow().is_none() {
            let again = self.cimom.repository.read()?;
            self.check_unchanged(&again)?;
            *self.snapshot.borrow_mut() = Some(again);
        }
        Ok(Ref::map(self.snapshot.borrow(), |s| s.as_ref().expect("made where it was missing")))
    }

    /// Errors: where the namespace has gone, or has other classes than at the beginning.
    fn check_unchanged(&self, snapshot: &Snapshot) -> Result<()> {
        let namespace = &self.schema.origin().namespace;
        match snapshot.view().state(namespace)? {
            Some(state) if state.id != self.id => Err(unknown(namespace)),
            Some(state) if state.generation == self.schema.generation() => Ok(()),
            Some(_) => Err(WBEM_E_TRANSACTION_CONFLICT.with(format!(
                "the classes of {namespace}, or who may be in it, changed while a provider was \
                 asked; ask again"
            ))),
            None => Err(unknown(namespace)),
        }
    }

    /// The stored instance of exactly `class` with this key.
    pub fn instance(&self, class: &Arc<Class>, key: &InstanceKey) -> Result<Option<Instance>> {
        self.stored(|view| view.instance(self.id, class, key))
    }
}

impl Declarations for View<'_> {
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>> {
        self.snapshot()?.view().class(self.id, class)
    }

    fn amended(
        &self,
        declaration: Arc<ClassDeclaration>,
        superclass: Option<&Class>,
    ) -> Result<Arc<ClassDeclaration>> {
        match &self.localized {
            Some(places) if !places.is_empty() => {
                localized::declaration(self.snapshot()?.view(), places, &declaration, superclass)
            }
            _ => Ok(declaration),
        }
    }

    fn external_class(&self, class: &Name) -> Result<Option<Arc<Class>>> {
        self.find_class(class)
    }
}
