//! A write: one transaction of the repository and the schemas as they will be after it.
//!
//! A session makes one for each put or delete; the compiler puts many objects into one. Where the
//! work fails, everything is as it was. The four writes are in the files named after what they
//! write; each takes a value that only an authorized call can make, and asks again for the rights
//! to it, of the class and the descriptor that the transaction finds.

use std::collections::HashMap;
use std::sync::Arc;

use cim::security::Sid;
use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_FAILED, WBEM_E_INVALID_CLASS};
use cim::{Class, ClassDeclaration, Instance, Name, Namespace, Object, Result};
use repository::{NamespaceId, Writer};
use wbem::{CallContext, Change, ChangeKind, LogRecord};

use crate::call::access;
use crate::call::namespace::unknown;
use crate::call::{AuthorizedCall, Call, NamespaceRef};
use crate::providers::Runtime;
use crate::schema::{Declarations, Schema};
use crate::store::Core;

/// A write in progress.
pub struct Edit<'e, 'w> {
    pub(super) core: &'e Core,
    pub(super) writer: &'e mut Writer<'w>,
    /// A write has to do with few namespaces.
    schemas: &'e mut Vec<(NamespaceId, EditedSchema)>,
    /// Classes that are not stored and that providers have declared: a write asks no provider.
    provided: HashMap<(NamespaceId, Name), Arc<Class>>,
    /// The namespaces that it deleted.
    pub(super) deleted_namespaces: &'e mut Vec<NamespaceId>,
    changes: &'e mut Vec<Change>,
}

/// What a write changes, for what follows its commit.
#[derive(Default)]
struct Effects {
    schemas: Vec<(NamespaceId, EditedSchema)>,
    deleted_namespaces: Vec<NamespaceId>,
    changes: Vec<Change>,
}

/// A schema that a write has to do with.
struct EditedSchema {
    /// Shared with the readers until it is changed: most writes change no class.
    schema: Arc<Schema>,
    is_changed: bool,
}

/// Runs `work` in a write that is durable, and seen by every later call, when this returns; or,
/// where `work` fails, never happened. A call that is cancelled before it commits changes nothing; a
/// later cancel comes too late.
/// Errors: `WBEM_E_CALL_CANCELLED`, `WBEM_E_TIMED_OUT`; those of `work` and of the hooks.
pub fn edit<T>(
    runtime: &Runtime,
    context: &CallContext,
    work: impl FnOnce(&mut Edit<'_, '_>) -> Result<T>,
) -> Result<T> {
    let core = runtime.core();
    let (mut effects, mut committing) = (Effects::default(), None);
    let work = |writer: &mut Writer<'_>| {
        let done = run(core, writer, context, &mut effects, work)?;
        committing = Some(context.cancel().begin_commit()?);
        Ok(done)
    };
    // In the order of the commits: a reader of the log finds an object created before it is deleted.
    let (done, _) = core.repository().write_then(work, |(_, records)| core.append(records))?;
    let Effects { schemas, deleted_namespaces, changes } = effects;
    runtime.forget_namespaces(&deleted_namespaces);
    let changed = schemas.into_iter().filter(|(_, edited): &(_, EditedSchema)| edited.is_changed);
    core.publish(changed.map(|(id, EditedSchema { mut schema, .. })| {
        // A transaction that changes classes is one step further, whatever it changes.
        let generation = schema.generation() + 1;
        Arc::make_mut(&mut schema).set_generation(generation);
        (id, schema)
    }));
    // From here on a cancel reaches the client again, which may run its code.
    drop(committing);
    core.after_commit(&changes);
    Ok(done)
}

/// Runs `work` in a write that is dropped at its end.
/// Errors: those with which the write itself would fail before its commit.
pub fn rehearse(
    runtime: &Runtime,
    context: &CallContext,
    work: impl FnOnce(&mut Edit<'_, '_>) -> Result<()>,
) -> Result<()> {
    let core = runtime.core();
    let mut is_good = false;
    let dropped = core.repository().write(|writer| {
        run(core, writer, context, &mut Effects::default(), work)?;
        is_good = true;
        // What fails is dropped.
        Err::<(), _>(WBEM_E_FAILED.into())
    });
    if is_good { Ok(()) } else { dropped }
}

/// Runs `work` and then the hooks, up to the commit; returns the records of the hooks, too.
fn run<T>(
    core: &Core,
    writer: &mut Writer<'_>,
    context: &CallContext,
    effects: &mut Effects,
    work: impl FnOnce(&mut Edit<'_, '_>) -> Result<T>,
) -> Result<(T, Vec<LogRecord>)> {
    // The caller may have given up while another writer was waited for.
    context.cancel().check()?;
    let done = work(&mut Edit {
        core,
        writer,
        schemas: &mut effects.schemas,
        provided: HashMap::new(),
        deleted_namespaces: &mut effects.deleted_namespaces,
        changes: &mut effects.changes,
    })?;
    Ok((done, core.before_commit(&effects.changes)?))
}

impl Edit<'_, '_> {
    /// The namespace, as this write sees it. Errors: `WBEM_E_INVALID_NAMESPACE`.
    pub fn namespace_ref(&self, namespace: &Namespace) -> Result<NamespaceRef> {
        // One whose schema is loaded exists, because a deletion drops the schema.
        let mut loaded = self.schemas.iter();
        let loaded = loaded.find(|(_, edited)| edited.schema.origin().namespace == *namespace);
        let id = match loaded {
            Some((id, _)) => *id,
            None => self.writer.view().namespace(namespace)?.ok_or_else(|| unknown(namespace))?,
        };
        Ok(NamespaceRef { namespace: namespace.clone(), id })
    }

    /// Adds classes of `namespace` that are not stored and that stored ones may derive from.
    pub fn add_provided_classes(&mut self, namespace: NamespaceId, classes: &[Arc<Class>]) {
        let named = classes.iter().map(|class| ((namespace, class.name().clone()), class.clone()));
        self.provided.extend(named);
    }

    /// Asks whether the caller may open `namespace` as this write leaves it.
    /// Errors: those of [`Call::authorize`].
    pub fn authorize<'a>(
        &mut self,
        namespace: &'a NamespaceRef,
        context: &'a CallContext,
    ) -> Result<AuthorizedCall<'a, ()>> {
        self.load(namespace)?;
        let call = Call { operation: (), namespace: &namespace.namespace, context };
        call.authorize(self.schema(namespace).policy())
    }

    /// Asks the same question again that was answered for `call` outside of this write.
    pub(super) fn authorize_again<'a>(
        &mut self,
        namespace: &NamespaceRef,
        call: &AuthorizedCall<'a, ()>,
    ) -> Result<AuthorizedCall<'a, ()>> {
        self.load(namespace)?;
        call.again(self.schema(namespace).policy())
    }

    /// The class `name`, if there is one.
    pub fn find_class(
        &mut self,
        namespace: &NamespaceRef,
        name: &Name,
    ) -> Result<Option<Arc<Class>>> {
        self.load(namespace)?;
        let store = self.store(namespace);
        match self.schema(namespace).class(name, &store)? {
            Some(class) => Ok(Some(class)),
            None => store.external_class(name),
        }
    }

    /// The class `name`. Errors: `WBEM_E_INVALID_CLASS` where there is none.
    pub(super) fn class(&mut self, namespace: &NamespaceRef, name: &Name) -> Result<Arc<Class>> {
        self.find_class(namespace, name)?.ok_or_else(|| {
            WBEM_E_INVALID_CLASS.with(format!("class {name} not found in {}", namespace.namespace))
        })
    }

    /// Whether the class is stored, or built in.
    pub(super) fn is_stored(&mut self, namespace: &NamespaceRef, name: &Name) -> Result<bool> {
        self.load(namespace)?;
        Ok(self.schema(namespace).contains(name))
    }

    /// Whether an instance with the identity of this one is stored.
    pub fn has_instance(&self, namespace: &NamespaceRef, instance: &Instance) -> Result<bool> {
        let located =
            self.writer.view().locate(namespace.id, instance.class(), &instance.key()?)?;
        Ok(located.is_some())
    }

    /// The note that is kept under `key`, if any.
    pub fn note(&self, key: &str) -> Result<Option<String>> {
        self.writer.view().meta(key)
    }

    /// Keeps a small text about the repository as a whole.
    /// Errors: `WBEM_E_ACCESS_DENIED` to callers that are no administrators or may not write in
    /// root.
    pub fn put_note(&mut self, key: &str, note: &str, context: &CallContext) -> Result<()> {
        let root = self.namespace_ref(&Namespace::root())?;
        let call = self.authorize(&root, context)?;
        call.require(access::to_write_class(), "keep a note in the repository")?;
        if !context.caller().is(&Sid::administrators()) {
            return Err(WBEM_E_ACCESS_DENIED
                .with("only administrators keep notes about the repository as a whole"));
        }
        self.writer.put_meta(key, Some(note))
    }

    /// Loads the schema of `namespace` as this write sees it.
    pub(super) fn load(&mut self, namespace: &NamespaceRef) -> Result<()> {
        if self.schemas.iter().any(|(id, _)| *id == namespace.id) {
            return Ok(());
        }
        let view = self.writer.view();
        let state = view.state(&namespace.namespace)?.filter(|state| state.id == namespace.id);
        let state = state.ok_or_else(|| unknown(&namespace.namespace))?;
        let schema = match self.core.known(namespace.id, state.generation) {
            Some(known) => known,
            None => {
                let stored =
                    view.classes(namespace.id)?.into_iter().map(|c| (c.name, c.superclass));
                Arc::new(Schema::new(self.core.origin(&namespace.namespace), &state, stored)?)
            }
        };
        self.schemas.push((namespace.id, EditedSchema { schema, is_changed: false }));
        Ok(())
    }

    /// The schema of a namespace that was loaded.
    pub(super) fn schema(&self, namespace: &NamespaceRef) -> &Arc<Schema> {
        let mut schemas = self.schemas.iter();
        let edited = schemas.find(|(id, _)| *id == namespace.id);
        &edited.expect("loaded before it is read").1.schema
    }

    /// The same, to be changed.
    pub(super) fn schema_mut(&mut self, namespace: &NamespaceRef) -> &mut Schema {
        let mut schemas = self.schemas.iter_mut();
        let edited = schemas.find(|(id, _)| *id == namespace.id);
        let edited = &mut edited.expect("loaded before it is changed").1;
        edited.is_changed = true;
        Arc::make_mut(&mut edited.schema)
    }

    /// Drops the schemas of namespaces that are deleted.
    pub(super) fn forget(&mut self, deleted: Vec<NamespaceId>) {
        self.schemas.retain(|(id, _)| !deleted.contains(id));
        self.deleted_namespaces.extend(deleted);
    }

    pub(super) fn store<'s>(&'s self, namespace: &NamespaceRef) -> EditedStore<'s> {
        EditedStore { view: self.writer.view(), id: namespace.id, provided: &self.provided }
    }

    /// Whether a hook collects changes of `class` or of its instances.
    pub(super) fn collects(&self, namespace: &NamespaceRef, class: &Class) -> bool {
        self.core.hooks().iter().any(|hook| hook.collects(&namespace.namespace, class))
    }

    /// Records a change that a hook collects.
    pub(super) fn record(
        &mut self,
        kind: ChangeKind,
        namespace: &NamespaceRef,
        class: &Name,
        previous: Option<Object>,
        current: Option<Object>,
    ) {
        let (namespace, class) = (namespace.namespace.clone(), class.clone());
        self.changes.push(Change { kind, namespace, class, previous, current });
    }
}

/// The declarations that a write sees.
pub(super) struct EditedStore<'s> {
    view: repository::View<'s>,
    id: NamespaceId,
    provided: &'s HashMap<(NamespaceId, Name), Arc<Class>>,
}

impl Declarations for EditedStore<'_> {
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>> {
        self.view.class(self.id, class)
    }

    fn external_class(&self, class: &Name) -> Result<Option<Arc<Class>>> {
        Ok(self.provided.get(&(self.id, class.clone())).cloned())
    }
}
