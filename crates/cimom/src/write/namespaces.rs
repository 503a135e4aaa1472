//! Namespaces in a write: created with those above them, protected, deleted; and what a hook may do
//! in a transaction.

use std::sync::Arc;

use cim::security::{AceFlags, Descriptor, DescriptorAce, Rights};
use cim::status::WBEM_E_INVALID_NAMESPACE;
use cim::{Class, Instance, Name, Namespace, Result};
use repository::NamespaceSecurity;
use wbem::{CallContext, Flags, WriteTransaction};

use super::edit::Edit;
use super::instance::InstancePut;
use crate::call::NamespaceRef;
use crate::call::access::{self, Policy};
use crate::call::namespace::unknown;
use crate::system;

impl Edit<'_, '_> {
    /// The descriptor of `namespace`, and whether remote calls must be encrypted there.
    pub(super) fn security(&self, namespace: &Namespace) -> Result<(Descriptor, bool)> {
        let state = self.writer.view().state(namespace)?;
        let security = state.ok_or_else(|| unknown(namespace))?.security;
        Ok((access::descriptor(security)?, security.requires_encryption))
    }

    /// Changes the descriptor of `namespace` to what `change` makes of it and of the parent's.
    /// Errors: `WBEM_E_ACCESS_DENIED` without WRITE_DAC; those of `change`.
    pub fn change_security(
        &mut self,
        namespace: &NamespaceRef,
        context: &CallContext,
        change: impl FnOnce(&Descriptor, Option<&Descriptor>) -> Result<Descriptor>,
    ) -> Result<()> {
        let call = self.authorize(namespace, context)?;
        call.require(Rights::WRITE_DAC, "change its descriptor")?;
        let (now, requires_encryption) = self.security(&namespace.namespace)?;
        let parent =
            namespace.namespace.parent().map(|parent| self.security(&parent)).transpose()?;
        let changed = change(&now, parent.as_ref().map(|(descriptor, _)| descriptor))?;
        log_inherited(&namespace.namespace, &now, &changed);
        self.set_security(namespace, &changed, requires_encryption)
    }

    fn set_security(
        &mut self,
        namespace: &NamespaceRef,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()> {
        self.load(namespace)?;
        let bytes = descriptor.to_bytes()?;
        let security = NamespaceSecurity { descriptor: Some(&bytes), requires_encryption };
        self.writer.set_security(&namespace.namespace, security)?;
        self.schema_mut(namespace).set_policy(Policy::new(security)?);
        Ok(())
    }

    /// Creates `namespace`, and those above it, where they are missing.
    /// Errors: `WBEM_E_ACCESS_DENIED`.
    pub fn ensure_namespace(&mut self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        let mut missing = Vec::new();
        let mut next = Some(namespace.clone());
        while let Some(namespace) = next {
            if self.writer.view().namespace(&namespace)?.is_some() {
                break;
            }
            next = namespace.parent();
            missing.push(namespace);
        }
        missing.iter().rev().try_for_each(|namespace| self.make_namespace(namespace, context))
    }

    /// Creates `namespace`, which is missing, in one that exists.
    fn make_namespace(&mut self, namespace: &Namespace, context: &CallContext) -> Result<()> {
        let Some(parent) = namespace.parent() else {
            self.writer.create_namespace(namespace)?;
            return Ok(());
        };
        let parent = self.namespace_ref(&parent)?;
        let call = self.authorize(&parent, context)?;
        let class = self.class(&parent, &system::namespace_class())?;
        let mut instance = Instance::new(class);
        instance.put("Name", &namespace.leaf().into())?;
        let put = InstancePut::in_edit(call, parent.clone(), &instance, Flags::CREATE_ONLY);
        self.put_instance(&put).map(drop)
    }
}

/// Logs what `namespace` inherits by a descriptor that replaces `now`: the caller may not know what
/// the parent adds.
fn log_inherited(namespace: &Namespace, now: &Descriptor, next: &Descriptor) {
    let there = now.dacl.as_deref().unwrap_or_default();
    let entries = next.dacl.iter().flatten();
    let is_added = |e: &&DescriptorAce| e.flags.contains(AceFlags::INHERITED) && !there.contains(e);
    let added: Vec<DescriptorAce> = entries.filter(is_added).cloned().collect();
    if !added.is_empty() {
        let added = Descriptor { dacl: Some(added), ..Descriptor::default() };
        tracing::info!(%namespace, %added, "the namespace inherits further entries");
    }
}

/// The transaction as the hooks of one write see it.
pub(super) struct HookTransaction<'t, 'e, 'w> {
    pub(super) edit: &'t mut Edit<'e, 'w>,
    pub(super) context: &'t CallContext,
}

impl WriteTransaction for HookTransaction<'_, '_, '_> {
    fn context(&self) -> &CallContext {
        self.context
    }

    fn class(&mut self, namespace: &Namespace, name: &Name) -> Result<Option<Arc<Class>>> {
        let namespace = self.edit.namespace_ref(namespace)?;
        self.edit.find_class(&namespace, name)
    }

    fn namespace_security(&self, namespace: &Namespace) -> Result<Option<(Descriptor, bool)>> {
        match self.edit.security(namespace) {
            Ok(security) => Ok(Some(security)),
            Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn create_namespace(
        &mut self,
        namespace: &Namespace,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()> {
        let id = self.edit.writer.create_namespace(namespace)?;
        let created = NamespaceRef { namespace: namespace.clone(), id };
        self.edit.set_security(&created, descriptor, requires_encryption)
    }

    fn set_namespace_security(
        &mut self,
        namespace: &Namespace,
        descriptor: &Descriptor,
        requires_encryption: bool,
    ) -> Result<()> {
        let namespace = self.edit.namespace_ref(namespace)?;
        let call = self.edit.authorize(&namespace, self.context)?;
        call.require(Rights::WRITE_DAC, "change its descriptor")?;
        let (now, _) = self.edit.security(&namespace.namespace)?;
        log_inherited(&namespace.namespace, &now, descriptor);
        self.edit.set_security(&namespace, descriptor, requires_encryption)
    }

    fn delete_namespace(&mut self, namespace: &Namespace) -> Result<()> {
        let deleted = self.edit.writer.delete_namespace(namespace)?;
        self.edit.forget(deleted);
        Ok(())
    }
}
