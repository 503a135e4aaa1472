//! One state of a namespace as it is stored: a snapshot of the repository and the schema of the
//! same moment.
//!
//! Providers are unknown here. A class that derives from one that is not stored is therefore found
//! by [`crate::view`] alone; the system classes and what derives from them never do.

use std::cell::{Ref, RefCell};
use std::sync::Arc;

use cim::path::PathKeys;
use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_TRANSACTION_CONFLICT};
use cim::{Class, ClassDeclaration, Instance, InstanceKey, Name, Result};
use repository::{NamespaceId, Snapshot};

use super::core::Core;
use super::held::Held;
use crate::call::NamespaceRef;
use crate::call::namespace::unknown;
use crate::schema::{Declarations, Schema, localized};
use crate::system;

/// What one operation reads of the store.
pub struct StoredView<'c> {
    core: &'c Core,
    id: NamespaceId,
    /// The version of the repository at the beginning.
    version: usize,
    /// Whether the schema was known to be current at this version.
    was_current: bool,
    schema: Arc<Schema>,
    /// The namespaces with the localized classes that the caller prefers, the most preferred
    /// first; `None` where classes are read exactly as stored.
    localized: Option<Box<[NamespaceId]>>,
    /// `None` while the code of a provider runs, and until something is read after it.
    /// INVARIANT: not borrowed while a provider is called or the client is waited for.
    snapshot: RefCell<Option<Snapshot>>,
    /// The view of another namespace that this one is read for.
    outer: Option<&'c StoredView<'c>>,
}

impl<'c> StoredView<'c> {
    pub(super) fn new(
        core: &'c Core,
        id: NamespaceId,
        version: usize,
        schema: Arc<Schema>,
        was_current: bool,
        snapshot: Snapshot,
    ) -> Self {
        let snapshot = RefCell::new(Some(snapshot));
        StoredView {
            core,
            id,
            version,
            was_current,
            schema,
            localized: None,
            snapshot,
            outer: None,
        }
    }

    pub fn id(&self) -> NamespaceId {
        self.id
    }

    pub fn version(&self) -> usize {
        self.version
    }

    pub fn was_current(&self) -> bool {
        self.was_current
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The namespace that it shows.
    pub fn namespace_ref(&self) -> NamespaceRef {
        NamespaceRef { namespace: self.schema.origin().namespace.clone(), id: self.id }
    }

    /// Whether classes are read with localized qualifiers.
    pub fn is_localized(&self) -> bool {
        self.localized.is_some()
    }

    /// The same state, with the classes of `localized` merged in.
    pub fn with_localized(mut self, localized: Vec<(NamespaceId, u64)>) -> Self {
        self.localized = Some(localized.iter().map(|(id, _)| *id).collect());
        if !localized.is_empty() {
            let neutral = (self.id, self.schema.generation());
            let state = localized::State { neutral, localized };
            self.schema = self.core.localized(state, &self.schema);
        }
        self
    }

    /// The same state, read for an operation on `outer`, a view of another namespace.
    pub fn read_for(self, outer: &'c StoredView<'c>) -> Self {
        StoredView { outer: Some(outer), ..self }
    }

    /// Runs code of a provider, which may take any time. Neither this view nor one that it is read
    /// for holds a snapshot meanwhile: one that stays open keeps the file growing.
    pub fn without_snapshot<T>(&self, run: impl FnOnce() -> T) -> T {
        for view in std::iter::successors(Some(self), |view| view.outer) {
            *view.snapshot.borrow_mut() = None;
        }
        run()
    }

    /// Runs what waits for the client. The snapshot is held meanwhile, for a second at most.
    pub fn while_client_takes<T>(&self, run: impl FnOnce() -> T) -> T {
        let snapshot = self.snapshot.take();
        let held = snapshot.and_then(|snapshot| self.core.held().hold(snapshot));
        let done = run();
        if let Some(held) = held {
            *self.snapshot.borrow_mut() = held.take();
        }
        done
    }

    /// The same state, to be gone on with later, perhaps on another thread. Its snapshot is held
    /// meanwhile, until the client has fetched nothing for a second.
    pub fn suspend(self) -> SuspendedView {
        let StoredView { core, id, version, schema, localized, snapshot, .. } = self;
        let held = snapshot.into_inner().and_then(|snapshot| core.held().hold(snapshot));
        SuspendedView { id, version, schema, localized, held }
    }

    /// Whether something was read since the snapshot was released, so that there is another one.
    pub fn has_snapshot(&self) -> bool {
        self.snapshot.borrow().is_some()
    }

    /// Whether the namespace has the classes and the descriptor of this view still; then there is a
    /// snapshot. Errors: `WBEM_E_INVALID_NAMESPACE` where it is gone.
    pub fn renew(&self) -> Result<bool> {
        match self.snapshot() {
            Ok(_) => Ok(true),
            Err(e) if e.status() == WBEM_E_TRANSACTION_CONFLICT => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The snapshot; a new one where the one before was released.
    /// Errors: `WBEM_E_TRANSACTION_CONFLICT` where the namespace has other classes or another
    /// descriptor since then; `WBEM_E_INVALID_NAMESPACE` where it is gone.
    pub fn snapshot(&self) -> Result<Ref<'_, Snapshot>> {
        if self.snapshot.borrow().is_none() {
            let again = self.core.repository().read()?;
            self.check_unchanged(&again)?;
            *self.snapshot.borrow_mut() = Some(again);
        }
        Ok(Ref::map(self.snapshot.borrow(), |s| s.as_ref().expect("made where it was missing")))
    }

    fn check_unchanged(&self, snapshot: &Snapshot) -> Result<()> {
        let namespace = &self.schema.origin().namespace;
        match snapshot.view().state(namespace)? {
            Some(state) if state.id != self.id => Err(unknown(namespace)),
            Some(state) if state.generation == self.schema.generation() => Ok(()),
            Some(_) => Err(WBEM_E_TRANSACTION_CONFLICT.with(format!(
                "the classes of {namespace}, or who may be in it, changed during the call; ask again"
            ))),
            None => Err(unknown(namespace)),
        }
    }

    /// The stored class `name`, or a built-in one. Errors: `WBEM_E_INVALID_CLASS` where there is
    /// none; what keeps it from being a class.
    pub fn class(&self, name: &Name) -> Result<Arc<Class>> {
        self.schema.class(name, self)?.ok_or_else(|| {
            let namespace = &self.schema.origin().namespace;
            WBEM_E_INVALID_CLASS.with(format!("class {name} not found in {namespace}"))
        })
    }

    /// Reads what is stored. Embedded instances get the classes of this namespace.
    pub(super) fn stored<T>(
        &self,
        read: impl FnOnce(repository::View<'_>) -> Result<T>,
    ) -> Result<T> {
        let class = |name: &Name| self.class(name).ok();
        read(self.snapshot()?.view().resolving(&class))
    }

    /// The stored instance with this key, of `class` or below it. The classes below it are stored
    /// ones: what providers have is not looked for.
    pub fn instance(&self, class: &Arc<Class>, key: &InstanceKey) -> Result<Option<Instance>> {
        let own = |class: &Arc<Class>| self.stored(|view| view.instance(self.id, class, key));
        if let Some(instance) = own(class)? {
            return Ok(Some(instance));
        }
        let Some(actual) = self.stored(|view| view.locate(self.id, class, key))? else {
            return Ok(None);
        };
        let actual = self.class(&actual)?;
        if actual.is_a(class.name().as_str()) { own(&actual) } else { Ok(None) }
    }

    /// The stored instances of `class` and of the classes below it.
    pub fn instances_of_family(&self, class: &Name) -> Result<Vec<Instance>> {
        let mut found = Vec::new();
        for name in std::iter::once(class.clone()).chain(self.schema.descendants(class)) {
            if self.stored(|view| view.has_instances(self.id, &name))? {
                let class = self.class(&name)?;
                let read = |view: repository::View<'_>| {
                    view.instances(self.id, &class)?.collect::<Result<Vec<_>>>()
                };
                found.extend(self.stored(read)?);
            }
        }
        Ok(found)
    }

    /// The values that hold now of a system singleton: those that are stored, else the defaults.
    /// `None` where `class` is none.
    pub fn singleton(&self, class: &Name) -> Result<Option<Instance>> {
        let class = self.class(class)?;
        if !system::is_always_there(&class) {
            return Ok(None);
        }
        let key = InstanceKey::from_path(&class, &PathKeys::Singleton)?;
        Ok(Some(self.instance(&class, &key)?.unwrap_or_else(|| Instance::new(class))))
    }
}

/// A state of a namespace whose operation waits for its client.
pub struct SuspendedView {
    id: NamespaceId,
    version: usize,
    schema: Arc<Schema>,
    localized: Option<Box<[NamespaceId]>>,
    held: Option<Held>,
}

impl SuspendedView {
    /// What is to be called when the client fetches objects.
    pub fn on_fetch(&self) -> impl Fn() + Send + 'static {
        let on_fetch = self.held.as_ref().map(Held::on_fetch);
        move || {
            if let Some(on_fetch) = &on_fetch {
                on_fetch();
            }
        }
    }

    /// The state again; with its snapshot, where that was not released meanwhile.
    pub fn resume(self, core: &Core) -> StoredView<'_> {
        let SuspendedView { id, version, schema, localized, held } = self;
        let snapshot = RefCell::new(held.and_then(Held::take));
        StoredView {
            core,
            id,
            version,
            was_current: false,
            schema,
            localized,
            snapshot,
            outer: None,
        }
    }
}

impl Declarations for StoredView<'_> {
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>> {
        self.snapshot()?.view().class(self.id, class)
    }

    fn amended(
        &self,
        declaration: Arc<ClassDeclaration>,
        superclass: Option<&Class>,
    ) -> Result<Arc<ClassDeclaration>> {
        match &self.localized {
            Some(namespaces) if !namespaces.is_empty() => localized::declaration(
                self.snapshot()?.view(),
                namespaces,
                &declaration,
                superclass,
            ),
            _ => Ok(declaration),
        }
    }

    fn external_class(&self, _class: &Name) -> Result<Option<Arc<Class>>> {
        Ok(None)
    }
}
