//! One state of a namespace, as one operation sees it: what is stored, and the classes that
//! providers have.
//!
//! The classes are found by [`super::provided`]; here is what an operation reads and releases.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use cim::status::WBEM_E_TRANSACTION_CONFLICT;
use cim::{Class, ClassDeclaration, Instance, InstanceKey, Locale, Name, Namespace, Result};
use repository::NamespaceId;
use wbem::CallContext;

use super::provided::Provided;
use crate::call::{Call, NamespaceRef, Policy, access};
use crate::providers::Runtime;
use crate::schema::{Declarations, Schema};
use crate::store::{Core, StoredView, SuspendedView};

/// What one operation sees of a namespace.
pub struct View<'v> {
    pub(super) stored: StoredView<'v>,
    runtime: &'v Runtime,
    context: &'v CallContext,
    pub(super) provided: Provided,
}

impl<'v> View<'v> {
    /// The state of a namespace now, after its push providers have put their classes.
    /// Errors: `WBEM_E_INVALID_NAMESPACE` where it was deleted, even if another one has its name
    /// now.
    pub fn open(
        runtime: &'v Runtime,
        namespace: &Namespace,
        id: NamespaceId,
        context: &'v CallContext,
    ) -> Result<View<'v>> {
        let stored = runtime.core().view(namespace, id)?;
        // A provider that is being initialized sees what is there, and does not wait for others.
        let is_initialized = || context.providers().any(|hop| hop.is_initialized);
        if !stored.was_current() && !is_initialized() {
            if runtime.push_classes(&stored, context)? {
                return View::open(runtime, namespace, id, context);
            }
            runtime.core().found_current(&stored);
        }
        Ok(View { stored, runtime, context, provided: Provided::default() })
    }

    /// The same of a namespace that is known by its name alone.
    pub fn open_by_name(
        runtime: &'v Runtime,
        namespace: &Namespace,
        context: &'v CallContext,
    ) -> Result<View<'v>> {
        let id = runtime.core().namespace(namespace)?.id;
        View::open(runtime, namespace, id, context)
    }

    /// The state now of another namespace, for the same operation: the classes are localized as
    /// here, and while a provider runs the snapshots of both are released.
    pub fn of_other_namespace<'i>(&'i self, namespace: &Namespace) -> Result<View<'i>> {
        let other = View::open_by_name(self.runtime, namespace, self.context)?;
        let other = if self.stored.is_localized() { other.localized()? } else { other };
        Ok(View { stored: other.stored.read_for(&self.stored), ..other })
    }

    /// A view in which instances of `class` can be read further, after its snapshot was released:
    /// this one, where nothing has changed that concerns it. Errors: `WBEM_E_ACCESS_DENIED` where
    /// the caller may not read them any more; `WBEM_E_TRANSACTION_CONFLICT` where the class has
    /// changed.
    pub fn for_reading_on(self, class: &Arc<Class>) -> Result<View<'v>> {
        if self.stored.has_snapshot() || self.stored.renew()? {
            return Ok(self);
        }
        let NamespaceRef { namespace, id } = self.namespace_ref();
        let now = View::open(self.runtime, &namespace, id, self.context)?;
        let now = if self.stored.is_localized() { now.localized()? } else { now };
        let call = Call { operation: (), namespace: &namespace, context: self.context };
        let call = call.authorize(now.schema().policy())?;
        call.require(access::to_read_instance(class), "read these instances")?;
        match now.find_class(class.name())? {
            Some(found) if has_same_declarations(&found, class) => Ok(now),
            _ => Err(WBEM_E_TRANSACTION_CONFLICT.with(format!(
                "class {} changed while its instances were read; ask again",
                class.name()
            ))),
        }
    }

    /// The same state, to be gone on with later; see [`StoredView::suspend`].
    pub fn suspend(self) -> Suspended {
        Suspended { stored: self.stored.suspend(), provided: self.provided }
    }

    /// The state that was suspended, for the same call.
    pub fn resume(
        suspended: Suspended,
        runtime: &'v Runtime,
        context: &'v CallContext,
    ) -> View<'v> {
        let Suspended { stored, provided } = suspended;
        View { stored: stored.resume(runtime.core()), runtime, context, provided }
    }

    /// The same state, with the qualifiers in the languages that the caller prefers
    /// (behaviour.md G.8).
    pub fn localized(self) -> Result<Self> {
        let localized = self.localized_namespaces()?;
        let provided = match localized.is_empty() {
            true => self.provided,
            false => Provided::default(),
        };
        Ok(View { stored: self.stored.with_localized(localized), provided, ..self })
    }

    /// The namespaces of the caller's locales, and then of the default one, that exist and that
    /// the caller may open.
    fn localized_namespaces(&self) -> Result<Vec<(NamespaceId, u64)>> {
        let mut locales = self.context.locales().to_vec();
        if !locales.contains(&Locale::DEFAULT) {
            locales.push(Locale::DEFAULT);
        }
        let mut found = Vec::new();
        for locale in locales {
            // A namespace whose path has the greatest length has none below.
            let Ok(namespace) = self.namespace().child(&locale.namespace_name()) else { continue };
            let snapshot = self.stored.snapshot()?;
            let Some(state) = snapshot.view().state(&namespace)? else { continue };
            let call = Call { operation: (), namespace: &namespace, context: self.context };
            if call.authorize(&Arc::new(Policy::new(state.security)?)).is_ok() {
                found.push((state.id, state.generation));
            }
        }
        Ok(found)
    }

    pub fn runtime(&self) -> &'v Runtime {
        self.runtime
    }

    pub fn core(&self) -> &'v Core {
        self.runtime.core()
    }

    /// Of the call that reads.
    pub fn context(&self) -> &'v CallContext {
        self.context
    }

    /// What is stored, without the classes of providers.
    pub fn stored_view(&self) -> &StoredView<'v> {
        &self.stored
    }

    pub fn schema(&self) -> &Arc<Schema> {
        self.stored.schema()
    }

    pub fn id(&self) -> NamespaceId {
        self.stored.id()
    }

    pub fn namespace(&self) -> &Namespace {
        &self.schema().origin().namespace
    }

    pub fn namespace_ref(&self) -> NamespaceRef {
        self.stored.namespace_ref()
    }

    /// Minutes east of UTC, for dates that name no offset.
    pub fn local_offset(&self) -> i16 {
        (self.core().environment().local_offset)()
    }

    /// Reads what is stored. Embedded instances get the classes of this namespace. Where one has a
    /// class that a provider has to be asked for, the provider is called after `read` has returned
    /// and the snapshot is released, and `read` is called again.
    pub fn stored<T>(&self, mut read: impl FnMut(repository::View<'_>) -> Result<T>) -> Result<T> {
        let mut asked = HashSet::new();
        loop {
            let missing = RefCell::new(Vec::new());
            let class = |name: &Name| match self.class_without_call(name) {
                Some(found) => found,
                None => {
                    missing.borrow_mut().push(name.clone());
                    None
                }
            };
            let done = read(self.stored.snapshot()?.view().resolving(&class));
            let mut missing = missing.into_inner();
            // The class of an embedded instance may no longer exist, or its provider may fail: then
            // the instance has what is stored of its class.
            missing.retain(|name| !asked.contains(name));
            if missing.is_empty() {
                return done;
            }
            for name in missing {
                // Many instances may have one class.
                if asked.insert(name.clone()) {
                    let _ = self.find_class(&name);
                }
            }
        }
    }

    /// Runs code of a provider; see [`StoredView::without_snapshot`].
    pub fn without_snapshot<T>(&self, run: impl FnOnce() -> T) -> T {
        self.stored.without_snapshot(run)
    }

    /// Runs what waits for the client; see [`StoredView::while_client_takes`].
    pub fn while_client_takes<T>(&self, run: impl FnOnce() -> T) -> T {
        self.stored.while_client_takes(run)
    }

    /// The stored instance of exactly `class` with this key.
    pub fn instance(&self, class: &Arc<Class>, key: &InstanceKey) -> Result<Option<Instance>> {
        self.stored(|view| view.instance(self.id(), class, key))
    }

    /// The stored instance with this key, of `class` or, unless `direct`, below it.
    pub fn stored_instance(
        &self,
        class: &Arc<Class>,
        key: &InstanceKey,
        direct: bool,
    ) -> Result<Option<Instance>> {
        if class.is_dynamic() {
            return Ok(None);
        }
        if let Some(instance) = self.instance(class, key)? {
            return Ok(Some(instance));
        }
        if direct {
            return Ok(None);
        }
        let Some(actual) = self.stored(|view| view.locate(self.id(), class, key))? else {
            return Ok(None);
        };
        match self.find_class(&actual)? {
            Some(actual) if actual.is_a(class.name().as_str()) => self.instance(&actual, key),
            _ => Ok(None),
        }
    }
}

/// A view whose operation waits for its client.
pub struct Suspended {
    stored: SuspendedView,
    provided: Provided,
}

impl Suspended {
    /// What is to be called when the client fetches objects; see [`SuspendedView::on_fetch`].
    pub fn on_fetch(&self) -> impl Fn() + Send + 'static {
        self.stored.on_fetch()
    }
}

/// Whether both classes and all above them are declared in the same way.
fn has_same_declarations(one: &Arc<Class>, other: &Arc<Class>) -> bool {
    let chain = |class: &Arc<Class>| {
        let all = std::iter::once(class).chain(class.ancestors());
        all.map(|class| class.declaration().clone()).collect::<Vec<_>>()
    };
    Arc::ptr_eq(one, other) || chain(one) == chain(other)
}

impl Declarations for View<'_> {
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>> {
        self.stored.declaration(class)
    }

    fn amended(
        &self,
        declaration: Arc<ClassDeclaration>,
        superclass: Option<&Class>,
    ) -> Result<Arc<ClassDeclaration>> {
        self.stored.amended(declaration, superclass)
    }

    fn external_class(&self, class: &Name) -> Result<Option<Arc<Class>>> {
        self.find_class(class)
    }
}
