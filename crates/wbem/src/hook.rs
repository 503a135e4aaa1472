//! Hooks: what other parts add to the writes of the object manager, inside the transaction and
//! after it.
//!
//! The rules of system classes are hooks, and so is what makes events of changes. A hook sees the
//! transaction through [`WriteTransaction`], which asks for the rights of the call that writes.
//! What it does in `before_put`, `before_delete` and `before_commit` is done with the write or not
//! at all. They may be called in a transaction that is dropped and then repeated: a put with values of
//! property providers is tried before these are called.

use std::sync::Arc;

use cim::security::Descriptor;
use cim::{Class, Instance, Name, Namespace, Object, Result};

use crate::change_log::LogRecord;
use crate::context::CallContext;

/// What has changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ChangeKind {
    NamespaceCreated,
    NamespaceModified,
    NamespaceDeleted,
    ClassCreated,
    ClassModified,
    ClassDeleted,
    InstanceCreated,
    InstanceModified,
    InstanceDeleted,
}

/// A change that a transaction makes to what is stored. Instances that are deleted with their class
/// or their namespace are no changes of their own, and neither are classes that are deleted with
/// their namespace.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// What has changed.
    pub kind: ChangeKind,
    /// Where the changed object is; of a namespace, its parent.
    pub namespace: Namespace,
    /// The class, or the class of the instance; of a namespace, the class of the instance that
    /// names it.
    pub class: Name,
    /// The object before; `None` of one that is created.
    pub previous: Option<Object>,
    /// The object after; `None` of one that is deleted.
    pub current: Option<Object>,
}

/// How an instance is put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PutMode {
    /// It must not exist.
    Create,
    /// It must exist.
    Update,
    /// Either.
    CreateOrUpdate,
}

/// An instance that is about to be stored.
#[derive(Debug)]
pub struct PendingPut<'a> {
    /// The namespace.
    pub namespace: &'a Namespace,
    /// The instance as it will be stored. A hook may take from it what is not stored with it.
    pub instance: &'a mut Instance,
    /// How it is put. A hook may change it.
    pub mode: &'a mut PutMode,
}

/// What a hook takes part in. Called on the thread that writes; what it does must be short, as
/// every other writer waits.
pub trait WriteHook: Send + Sync {
    /// Whether puts and deletions of instances of `class` are to be announced by
    /// [`WriteHook::before_put`] and [`WriteHook::before_delete`].
    fn guards(&self, _class: &Class) -> bool {
        false
    }

    /// Whether changes of `class`, or of its instances, in `namespace` are to be collected for
    /// [`WriteHook::before_commit`] and [`WriteHook::after_commit`]. A namespace is an instance of
    /// `__NAMESPACE` in its parent.
    fn collects(&self, _namespace: &Namespace, _class: &Class) -> bool {
        false
    }

    /// An instance of a guarded class is about to be stored. Errors: any; the write fails with it.
    fn before_put(
        &self,
        _transaction: &mut dyn WriteTransaction,
        _put: PendingPut<'_>,
    ) -> Result<()> {
        Ok(())
    }

    /// An instance of a guarded class is about to be deleted, by itself or with its class.
    /// Errors: any; the write fails with it.
    fn before_delete(
        &self,
        _transaction: &mut dyn WriteTransaction,
        _namespace: &Namespace,
        _instance: &Instance,
    ) -> Result<()> {
        Ok(())
    }

    /// The transaction is about to be committed with these changes, in their order: those that this
    /// hook or another one collects. Records added to `log` are appended to the change log
    /// once they are committed.
    /// Errors: any; the transaction is dropped.
    fn before_commit(&self, _changes: &[Change], _log: &mut Vec<LogRecord>) -> Result<()> {
        Ok(())
    }

    /// The changes are durable, and seen by every later call. Called without the write lock: the
    /// hook may write, and changes of another transaction may have come first; the change log has
    /// the order of the commits.
    fn after_commit(&self, _changes: &[Change]) {}
}

impl std::fmt::Debug for dyn WriteHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WriteHook")
    }
}

/// What a hook may do in the transaction that calls it. Rights are asked of the call that writes,
/// as the transaction sees them.
pub trait WriteTransaction {
    /// Of the call that writes.
    fn context(&self) -> &CallContext;

    /// The class `name` of a namespace, as the transaction leaves it.
    fn class(&mut self, namespace: &Namespace, name: &Name) -> Result<Option<Arc<Class>>>;

    /// The descriptor of a namespace, and whether remote calls must be encrypted there; `None`
    /// where it does not exist.
    fn namespace_security(&self, namespace: &Namespace) -> Result<Option<(Descriptor, bool)>>;

    /// Creates a namespace in one that exists. Errors: `WBEM_E_ALREADY_EXISTS`.
    fn create_namespace(
        &mut self,
        namespace: &Namespace,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()>;

    /// Changes who may do what in a namespace.
    /// Errors: `WBEM_E_ACCESS_DENIED` without the right WRITE_DAC.
    fn set_namespace_security(
        &mut self,
        namespace: &Namespace,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()>;

    /// Deletes a namespace with all that it holds.
    fn delete_namespace(&mut self, namespace: &Namespace) -> Result<()>;
}
