//! Puts and deletions of stored instances: the value that says what is written, and the write.
//!
//! [`InstancePut`] and [`InstanceDelete`] are made of an authorized call and of nothing else, so
//! that no instance is written for a caller whose rights were not asked. The write itself asks
//! again, of the class and the descriptor that the transaction finds: either may have changed since.

use std::borrow::Cow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, Instance, InstanceKey, Name, Object, ObjectPath, Result};
use wbem::{CallContext, ChangeKind, Flags, PartialPut, PendingPut, PutMode};

use super::edit::Edit;
use super::instance_rules;
use super::namespaces::HookTransaction;
use crate::call::{AuthorizedCall, NamespaceRef, partial};
use crate::system;

/// A put of a stored instance, of an authorized call.
pub struct InstancePut<'a> {
    call: AuthorizedCall<'a, ()>,
    namespace: NamespaceRef,
    instance: Cow<'a, Instance>,
    flags: Flags,
    partial: Option<PartialPut>,
    /// The classes above that are not stored.
    provided: Vec<Arc<Class>>,
}

impl<'a> InstancePut<'a> {
    /// What a call puts, as its view of the namespace has found it to be.
    pub(super) fn resolved(
        call: AuthorizedCall<'a, ()>,
        namespace: NamespaceRef,
        instance: Cow<'a, Instance>,
        flags: Flags,
        partial: Option<PartialPut>,
        provided: Vec<Arc<Class>>,
    ) -> Self {
        InstancePut { call, namespace, instance, flags, partial, provided }
    }

    /// What a call puts that an edit has authorized, whose classes the edit knows.
    pub fn in_edit(
        call: AuthorizedCall<'a, ()>,
        namespace: NamespaceRef,
        instance: &'a Instance,
        flags: Flags,
    ) -> Self {
        let (instance, provided) = (Cow::Borrowed(instance), Vec::new());
        InstancePut { call, namespace, instance, flags, partial: None, provided }
    }
}

/// The deletion of a stored instance, of an authorized call.
pub struct InstanceDelete<'a> {
    call: AuthorizedCall<'a, ()>,
    namespace: NamespaceRef,
    /// The class by which the instance is named: its own, or one above it.
    class: Name,
    key: InstanceKey,
    /// The classes above that are not stored.
    provided: Vec<Arc<Class>>,
}

impl<'a> InstanceDelete<'a> {
    /// The deletion of the instance with `key` of `class` or below it.
    pub fn new(
        call: AuthorizedCall<'a, ()>,
        namespace: NamespaceRef,
        class: Name,
        key: InstanceKey,
        provided: Vec<Arc<Class>>,
    ) -> Self {
        InstanceDelete { call, namespace, class, key, provided }
    }
}

impl Edit<'_, '_> {
    /// Puts an instance of a class that is not dynamic; returns its path.
    /// Errors: `WBEM_E_ACCESS_DENIED`; those of the rules for instances, of their keys, and of the
    /// hooks of the class.
    pub fn put_instance(&mut self, put: &InstancePut<'_>) -> Result<ObjectPath> {
        let InstancePut { namespace, flags, partial, .. } = put;
        self.add_provided_classes(namespace.id, &put.provided);
        let call = self.authorize_again(namespace, &put.call)?;
        instance_rules::check_flags(*flags)?;
        let class = self.class(namespace, put.instance.class().name())?;
        call.require_to_write(&class, "write this instance")?;
        instance_rules::check_instances_of(&class, &namespace.namespace)?;
        if !self.schema(namespace).contains(class.name()) {
            return Err(WBEM_E_PROVIDER_NOT_CAPABLE.with(format!(
                "class {} is supplied by a provider but is not dynamic, so it cannot have instances",
                class.name()
            )));
        }
        let mut instance = match partial {
            Some(partial) => {
                let given = instance_rules::of_class(&put.instance, &class, *flags)?;
                self.merge(namespace, &given, partial)?
            }
            None => {
                let random = &self.core.environment().random;
                instance_rules::prepare(&put.instance, &class, *flags, random)?
            }
        };
        let mut mode = match () {
            () if flags.has(Flags::CREATE_ONLY) => PutMode::Create,
            () if flags.has(Flags::UPDATE_ONLY) => PutMode::Update,
            () => PutMode::CreateOrUpdate,
        };
        self.before_put(namespace, call.context(), &mut instance, &mut mode)?;
        let previous = match self.collects(namespace, &class) {
            true => Some(self.writer.view().instance(namespace.id, &class, &instance.key()?)?),
            false => None,
        };
        self.writer.put_instance(namespace.id, &instance, stored_mode(mode))?;
        let path = instance.relative_path().ok_or(WBEM_E_NO_KEY)?;
        if let Some(previous) = previous {
            let kind = match (system::is_namespace(&class), &previous) {
                (false, None) => ChangeKind::InstanceCreated,
                (false, Some(_)) => ChangeKind::InstanceModified,
                (true, None) => ChangeKind::NamespaceCreated,
                (true, Some(_)) => ChangeKind::NamespaceModified,
            };
            let (previous, current) = (previous.map(Object::Instance), Object::Instance(instance));
            self.record(kind, namespace, class.name(), previous, Some(current));
        }
        Ok(path)
    }

    fn before_put(
        &mut self,
        namespace: &NamespaceRef,
        context: &CallContext,
        instance: &mut Instance,
        mode: &mut PutMode,
    ) -> Result<()> {
        let core = self.core;
        for hook in core.hooks() {
            if !hook.guards(instance.class()) {
                continue;
            }
            let pending = PendingPut {
                namespace: &namespace.namespace,
                instance: &mut *instance,
                mode: &mut *mode,
            };
            hook.before_put(&mut HookTransaction { edit: self, context }, pending)?;
        }
        Ok(())
    }

    /// The stored instance with those values of `given` that the put is about.
    fn merge(
        &self,
        namespace: &NamespaceRef,
        given: &Instance,
        partial: &PartialPut,
    ) -> Result<Instance> {
        let class = given.class();
        let stored = self.writer.view().instance(namespace.id, class, &given.key()?)?;
        let computed = || system::is_always_there(class).then(|| Instance::new(class.clone()));
        let stored = stored.or_else(computed).ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", class.name()))
        })?;
        let merged = partial::merge(&stored, given, partial);
        merged.check()?;
        Ok(merged)
    }

    /// Deletes a stored instance.
    /// Errors: `WBEM_E_NOT_FOUND`; `WBEM_E_ACCESS_DENIED`; those of the hooks of the class.
    pub fn delete_instance(&mut self, delete: &InstanceDelete<'_>) -> Result<()> {
        let InstanceDelete { namespace, key, .. } = delete;
        self.add_provided_classes(namespace.id, &delete.provided);
        let call = self.authorize_again(namespace, &delete.call)?;
        let missing =
            || WBEM_E_NOT_FOUND.with(format!("no such instance of class {}", delete.class));
        let class = self.find_class(namespace, &delete.class)?.ok_or_else(missing)?;
        call.require_to_write(&class, "delete this instance")?;
        let Some(actual) = self.writer.view().locate(namespace.id, &class, key)? else {
            // A system singleton of which nothing is stored has its defaults already.
            return match system::is_always_there(&class) {
                true => self.before_delete(namespace, call.context(), &Instance::new(class)),
                false => Err(missing()),
            };
        };
        let actual = self.find_class(namespace, &actual)?.ok_or_else(missing)?;
        if !actual.is_a(class.name().as_str()) {
            return Err(missing());
        }
        call.require_to_write(&actual, "delete this instance")?;
        let previous = self.writer.view().instance(namespace.id, &actual, key)?;
        if let Some(instance) = &previous {
            self.before_delete(namespace, call.context(), instance)?;
        }
        self.writer.delete_instance(namespace.id, &actual, key)?;
        if self.collects(namespace, &actual) {
            let kind = match system::is_namespace(&actual) {
                true => ChangeKind::NamespaceDeleted,
                false => ChangeKind::InstanceDeleted,
            };
            self.record(kind, namespace, actual.name(), previous.map(Object::Instance), None);
        }
        Ok(())
    }

    fn before_delete(
        &mut self,
        namespace: &NamespaceRef,
        context: &CallContext,
        instance: &Instance,
    ) -> Result<()> {
        let core = self.core;
        for hook in core.hooks().iter().filter(|hook| hook.guards(instance.class())) {
            let transaction = &mut HookTransaction { edit: self, context };
            hook.before_delete(transaction, &namespace.namespace, instance)?;
        }
        Ok(())
    }

    /// Announces to the hooks of `class` that all its instances are deleted with it.
    pub(super) fn before_delete_all(
        &mut self,
        namespace: &NamespaceRef,
        context: &CallContext,
        class: &Arc<Class>,
    ) -> Result<()> {
        if !self.core.hooks().iter().any(|hook| hook.guards(class)) {
            return Ok(());
        }
        let instances: Vec<Instance> =
            self.writer.view().instances(namespace.id, class)?.collect::<Result<_>>()?;
        instances.iter().try_for_each(|instance| self.before_delete(namespace, context, instance))
    }
}

fn stored_mode(mode: PutMode) -> repository::PutMode {
    match mode {
        PutMode::Create => repository::PutMode::Create,
        PutMode::Update => repository::PutMode::Update,
        PutMode::CreateOrUpdate => repository::PutMode::CreateOrUpdate,
    }
}
