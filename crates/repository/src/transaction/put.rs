//! A write transaction: instances.
//!
//! An instance is stored under its exact class. If another class declares its keys, an entry in the
//! locator leads from that class to the exact one, so that the path of a base class finds the
//! instance and no two instances of a family have the same identity.

use std::sync::Arc;

use cim::status::*;
use cim::{Class, Instance, InstanceKey};

use crate::encoding::bytes::Input;
use crate::encoding::ids::{ClassId, NamespaceId, layout_key};
use crate::encoding::layout::{Layout, Mapping};
use crate::encoding::record::{self, Defaults};
use crate::encoding::schema_entries::ClassEntry;
use crate::error::Fault;
use crate::transaction::bindings::Binding;
use crate::transaction::writer::Writer;

/// What [`Writer::put_instance`] may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PutMode {
    /// Only create a new instance.
    Create,
    /// Only replace an existing instance.
    Update,
    /// Either.
    CreateOrUpdate,
}

impl Writer<'_> {
    /// Stores an instance under its exact class. Returns whether it existed.
    /// Errors: `WBEM_E_ALREADY_EXISTS` where it exists and `mode` is [`PutMode::Create`], or an
    /// instance of another class of the family has its identity; `WBEM_E_NOT_FOUND` where it does
    /// not exist and `mode` is [`PutMode::Update`]; `WBEM_E_INVALID_CLASS` where its class is
    /// neither stored nor a system class; `WBEM_E_CLASS_HAS_INSTANCES` where the class has other
    /// keys than its stored instances;
    /// those of [`Instance::key`]; `WBEM_E_TYPE_MISMATCH` where a value is not of its
    /// property's type; `WBEM_E_TOO_MUCH_DATA` where objects are embedded too deep.
    pub fn put_instance(
        &mut self,
        namespace: NamespaceId,
        instance: &Instance,
        mode: PutMode,
    ) -> cim::Result<bool> {
        let existed = self.store_instance(namespace, instance, mode);
        self.at(existed)
    }

    /// Deletes the instance of exactly this class with this key. Returns whether it existed.
    pub fn delete_instance(
        &mut self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> cim::Result<bool> {
        let deleted = self.drop_instance(namespace, class, key);
        self.at(deleted)
    }

    fn store_instance(
        &mut self,
        namespace: NamespaceId,
        instance: &Instance,
        mode: PutMode,
    ) -> Result<bool, Fault> {
        let key = instance.key()?;
        let (binding, root) = self.bind_with_root(namespace, instance.class())?;
        let existing = self.view().exact_class(instance.class(), root, &key)?;
        if let Some(refusal) =
            match existing {
                Some(id) if id != binding.id => {
                    let name = self.view().class_name(id)?;
                    Some(WBEM_E_ALREADY_EXISTS.with(format!(
                        "{} already exists as an instance of {name}",
                        shown(instance)
                    )))
                }
                Some(_) if mode == PutMode::Create => {
                    Some(WBEM_E_ALREADY_EXISTS.with(format!("{} already exists", shown(instance))))
                }
                None if mode == PutMode::Update => {
                    Some(WBEM_E_NOT_FOUND.with(format!("{} does not exist", shown(instance))))
                }
                _ => None,
            }
        {
            return Err(Fault::refused(refusal));
        }
        let layout = self.own_layout(&binding)?;
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&layout.to_le_bytes());
        record::put(&mut bytes, instance, Defaults::Omitted, 0)?;
        let (id, key) = (binding.id, key.as_bytes());
        let stored = existing.map(|_| key);
        let references = self.changed_references(&binding, instance, stored)?;
        self.dbs.instances.put(&mut self.txn, &id.prefix(), key, &bytes)?;
        if id != root && existing.is_none() {
            let exact = id.0.to_le_bytes();
            self.dbs.locator.put(&mut self.txn, &root.prefix(), key, &exact)?;
        }
        self.write_references(namespace, id, key, references)?;
        Ok(existing.is_some())
    }

    fn drop_instance(
        &mut self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> Result<bool, Fault> {
        let Some(entry) = self.view().find_class(namespace, class.name())? else {
            return Ok(false);
        };
        let (id, root, key) = (entry.id, entry.root, key.as_bytes());
        let references = self.stored_references(namespace, class, key)?;
        let existed = self.dbs.instances.delete(&mut self.txn, &id.prefix(), key)?;
        self.write_references(namespace, id, key, [references, Vec::new()])?;
        if existed && root != id {
            self.dbs.locator.delete(&mut self.txn, &root.prefix(), key)?;
        }
        Ok(existed)
    }

    /// The binding of the class of an instance that is put, and the number of the class in whose
    /// family the instance must be unique.
    fn bind_with_root(
        &mut self,
        namespace: NamespaceId,
        class: &Arc<Class>,
    ) -> Result<(Arc<Binding>, ClassId), Fault> {
        if let Some(binding) = self.view().bind(namespace, class)?
            && let Some(&root) = binding.root.get()
        {
            return Ok((binding, root));
        }
        let (id, known_root) = self.class_with_id(namespace, class.name())?;
        let root_name = class.key_root().unwrap_or(class.name());
        let root = match root_name == class.name() {
            true => id,
            false => self.class_with_id(namespace, root_name)?.0,
        };
        match class.is_singleton() {
            true => self.leave_family(namespace, class, id)?,
            false if root != known_root => self.set_root(namespace, class, root)?,
            false => {}
        }
        let version = self.view().version();
        let binding = self.bindings.add(namespace, class, id, version);
        binding.root.get_or_init(|| root);
        Ok((binding, root))
    }

    fn set_root(
        &mut self,
        namespace: NamespaceId,
        class: &Class,
        root: ClassId,
    ) -> Result<(), Fault> {
        let entry = self.view().find_class(namespace, class.name())?;
        let entry = entry.ok_or_else(|| Fault::damaged("a class has disappeared"))?;
        if self.view().any_instance(entry.id)? {
            return Err(Fault::refused(WBEM_E_CLASS_HAS_INSTANCES.with(format!(
                "class {}: its key class cannot change while it has instances",
                class.name()
            ))));
        }
        let (id, is_stored) = (entry.id, entry.is_stored);
        let (name, superclass) = (entry.name.to_owned(), entry.superclass.map(str::to_owned));
        let (name, superclass) = (name.as_str(), superclass.as_deref());
        self.put_entry(namespace, &ClassEntry { id, root, is_stored, name, superclass })
    }

    /// Gives the singleton `class` and the one below it to which the locator leads identities of
    /// their own, where a program has stored them that gave the singletons of a family one.
    fn leave_family(
        &mut self,
        namespace: NamespaceId,
        class: &Class,
        id: ClassId,
    ) -> Result<(), Fault> {
        // All singletons have this key.
        let key = InstanceKey::from_values(class, &[])?;
        let key = key.as_bytes();
        let located = self.dbs.locator.get(&self.txn, &id.prefix(), key)?;
        let located = located.map(|bytes| Input::new(bytes).u32().map(ClassId)).transpose()?;
        let below = located.map(|id| self.view().class_name(id)).transpose()?;
        for name in std::iter::once(class.name()).chain(&below) {
            let entry = self.view().find_class(namespace, name)?;
            let Some(entry) = entry.filter(|entry| entry.root != entry.id) else { continue };
            let (id, root, is_stored) = (entry.id, entry.root, entry.is_stored);
            let (name, superclass) = (entry.name.to_owned(), entry.superclass.map(str::to_owned));
            if self.view().any_instance(id)? {
                self.dbs.locator.delete(&mut self.txn, &root.prefix(), key)?;
            }
            let (name, superclass) = (name.as_str(), superclass.as_deref());
            self.put_entry(namespace, &ClassEntry { id, root: id, is_stored, name, superclass })?;
        }
        Ok(())
    }

    /// The number of the layout in which instances of the bound class are written.
    fn own_layout(&mut self, binding: &Binding) -> Result<u16, Fault> {
        if let Some(number) = binding.own_layout() {
            return Ok(number);
        }
        let own = Layout::of(&binding.class);
        let mut number = 0;
        let known = loop {
            match self.view().layout(binding.id, number)? {
                Some(layout) if layout == own => break true,
                Some(_) => number = number.checked_add(1).ok_or_else(Fault::too_long)?,
                None => break false,
            }
        };
        if !known {
            let mut bytes = Vec::new();
            own.put(&mut bytes)?;
            self.dbs.layouts.put(&mut self.txn, &layout_key(binding.id, number), &bytes)?;
        }
        binding.add_mapping(number, Mapping::new(&own, &binding.class).into());
        Ok(number)
    }
}

fn shown(instance: &Instance) -> String {
    match instance.relative_path() {
        Some(path) => path.to_string(),
        None => format!("an instance of {}", instance.class().name()),
    }
}
