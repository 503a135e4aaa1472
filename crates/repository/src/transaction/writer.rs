//! A write transaction: namespaces, classes and notes. Instances are in [`crate::transaction::put`].
//!
//! [`crate::Repository::write`] creates a [`Writer`] and commits it. It keeps what is stored
//! consistent: a class's superclass exists, deletion leaves nothing behind, an identity names one
//! instance. All other rules are the object manager's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cim::status::*;
use cim::{ClassDeclaration, Name, Namespace};
use heed::RwTxn;

use crate::encoding::bytes::{Input, put_text};
use crate::encoding::declaration::put_declaration;
use crate::encoding::ids::{ClassId, NamespaceId, user_key};
use crate::encoding::object::NO_CLASSES;
use crate::encoding::schema_entries::NamespaceSecurity;
use crate::encoding::schema_entries::{ClassEntry, NamespaceEntry};
use crate::environment::open::Databases;
use crate::error::Fault;
use crate::format::{COMMITS, META_NEXT_CLASS, META_NEXT_NAMESPACE};
use crate::transaction::bindings::Bindings;
use crate::transaction::view::View;

/// A write transaction. Its changes become visible to others all at once when it is committed.
pub struct Writer<'r> {
    pub(crate) txn: RwTxn<'r>,
    pub(crate) dbs: &'r Databases,
    /// Not the repository's, because what it sees may never be committed.
    pub(super) bindings: Bindings,
    pub(super) dir: &'r Path,
    /// The namespaces whose classes or access rules were changed.
    touched: BTreeSet<NamespaceId>,
    /// The paths of the namespaces, read when first needed.
    paths: Option<BTreeMap<NamespaceId, Namespace>>,
}

impl<'r> Writer<'r> {
    pub(crate) fn new(txn: RwTxn<'r>, dbs: &'r Databases, dir: &'r Path) -> Self {
        let (bindings, touched) = (Bindings::default(), BTreeSet::new());
        Writer { txn, dbs, bindings, dir, touched, paths: None }
    }

    /// What this transaction sees, including its own writes.
    pub fn view(&self) -> View<'_> {
        View {
            txn: &self.txn,
            dbs: self.dbs,
            bindings: &self.bindings,
            dir: self.dir,
            classes: NO_CLASSES,
        }
    }

    /// Stores a text under `key`, for the caller's own use; `None` deletes it.
    /// Errors: as for every write, `WBEM_E_OUT_OF_DISK_SPACE`, and
    /// `WBEM_E_CRITICAL_ERROR` where the repository is damaged.
    pub fn put_meta(&mut self, key: &str, value: Option<&str>) -> cim::Result<()> {
        let key = user_key(key);
        let done = match value {
            Some(value) => self.dbs.meta.put(&mut self.txn, &key, value.as_bytes()),
            None => self.dbs.meta.delete(&mut self.txn, &key).map(drop),
        };
        self.at(done)
    }

    /// Creates a namespace, and returns its number.
    /// Errors: `WBEM_E_ALREADY_EXISTS`; `WBEM_E_INVALID_NAMESPACE` where its parent does not
    /// exist.
    pub fn create_namespace(&mut self, namespace: &Namespace) -> cim::Result<NamespaceId> {
        let made = self.make_namespace(namespace);
        self.at(made)
    }

    /// Stores the access rules of a namespace in place of the former ones.
    /// Errors: `WBEM_E_INVALID_NAMESPACE` where it does not exist.
    pub fn set_security(
        &mut self,
        namespace: &Namespace,
        security: NamespaceSecurity<'_>,
    ) -> cim::Result<()> {
        let set = self.keep_security(namespace, security);
        self.at(set)
    }

    /// Deletes a namespace with all namespaces, classes and instances in it. Returns the numbers of
    /// the deleted namespaces: none where it did not exist.
    /// Errors: `WBEM_E_INVALID_OPERATION` for the root.
    pub fn delete_namespace(&mut self, namespace: &Namespace) -> cim::Result<Vec<NamespaceId>> {
        let deleted = self.drop_namespace(namespace);
        self.at(deleted)
    }

    /// Stores the declaration of a class in place of a former one of this name; its instances
    /// stay. Returns whether it existed.
    /// Errors: `WBEM_E_INVALID_SUPERCLASS` where the superclass is neither stored nor a
    /// system class nor [known](Writer::know_class), or derives from the class itself;
    /// `WBEM_E_INVALID_NAMESPACE`.
    pub fn put_class(&mut self, ns: NamespaceId, class: &ClassDeclaration) -> cim::Result<bool> {
        let existed = self.store_class(ns, class);
        self.at(existed)
    }

    /// Stores the name of a class that a provider declares, so that stored classes may derive from
    /// it.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`.
    pub fn know_class(&mut self, ns: NamespaceId, name: &Name) -> cim::Result<()> {
        let known = self.view().find_class(ns, name).map(|entry| entry.is_some());
        if self.at(known)? {
            return Ok(());
        }
        let named = self.name_class(ns, name).map(drop);
        self.at(named)
    }

    /// Deletes a class and its instances. Returns whether it existed.
    /// Errors: `WBEM_E_CLASS_HAS_CHILDREN` where others derive from it.
    pub fn delete_class(&mut self, ns: NamespaceId, name: &Name) -> cim::Result<bool> {
        let deleted = self.drop_class(ns, name);
        self.at(deleted)
    }

    /// Returns when everything is on disk.
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        for id in std::mem::take(&mut self.touched) {
            // A namespace that was deleted since has no generation.
            let Some(path) = self.paths()?.get(&id).cloned() else { continue };
            let Some(entry) = self.view().find_namespace(&path)? else { continue };
            let bytes = NamespaceEntry { generation: entry.generation + 1, ..entry }.to_bytes()?;
            let folded = path.as_name().folded();
            self.dbs.namespaces.put(&mut self.txn, &[], folded.as_bytes(), &bytes)?;
        }
        self.count_commit()?;
        Ok(self.txn.commit()?)
    }

    /// LMDB writes the list of databases with every commit; the number in it shows which of several
    /// lists in a damaged file is the last one.
    fn count_commit(&mut self) -> Result<(), Fault> {
        let before = self.dbs.commits.get(&self.txn, COMMITS)?;
        let before = before.map_or(Ok(0), |bytes| Input::new(bytes).u64())?;
        self.dbs.commits.put(&mut self.txn, COMMITS, &before.wrapping_add(1).to_le_bytes())
    }

    pub(super) fn at<T>(&self, result: Result<T, Fault>) -> cim::Result<T> {
        result.map_err(|fault| fault.at(self.dir))
    }

    fn make_namespace(&mut self, namespace: &Namespace) -> Result<NamespaceId, Fault> {
        if self.view().find_namespace(namespace)?.is_some() {
            let message = format!("namespace {namespace} already exists");
            return Err(Fault::refused(WBEM_E_ALREADY_EXISTS.with(message)));
        }
        if let Some(parent) = namespace.parent()
            && self.view().find_namespace(&parent)?.is_none()
        {
            let message = format!("namespace {namespace}: its parent {parent} does not exist");
            return Err(Fault::refused(WBEM_E_INVALID_NAMESPACE.with(message)));
        }
        let id = NamespaceId(self.next(META_NEXT_NAMESPACE)?);
        let security = NamespaceSecurity::default();
        let entry = NamespaceEntry { id, generation: 1, path: namespace.as_str(), security };
        let folded = namespace.as_name().folded();
        self.dbs.namespaces.put(&mut self.txn, &[], folded.as_bytes(), &entry.to_bytes()?)?;
        self.paths = None;
        Ok(id)
    }

    fn keep_security(
        &mut self,
        namespace: &Namespace,
        security: NamespaceSecurity<'_>,
    ) -> Result<(), Fault> {
        let Some(entry) = self.view().find_namespace(namespace)? else {
            let message = format!("namespace {namespace} does not exist");
            return Err(Fault::refused(WBEM_E_INVALID_NAMESPACE.with(message)));
        };
        let bytes = NamespaceEntry { security, ..entry }.to_bytes()?;
        let id = entry.id;
        let folded = namespace.as_name().folded();
        self.dbs.namespaces.put(&mut self.txn, &[], folded.as_bytes(), &bytes)?;
        self.touch(id)
    }

    fn drop_namespace(&mut self, namespace: &Namespace) -> Result<Vec<NamespaceId>, Fault> {
        if namespace.parent().is_none() {
            let message =
                format!("namespace {namespace} is the root namespace and cannot be deleted");
            return Err(Fault::refused(WBEM_E_INVALID_OPERATION.with(message)));
        }
        let doomed: Vec<(NamespaceId, Namespace)> = {
            let paths = self.paths()?.iter();
            paths.filter(|(_, p)| p.is_within(namespace)).map(|(i, p)| (*i, p.clone())).collect()
        };
        for (id, path) in &doomed {
            let mut classes = Vec::new();
            for entry in self.dbs.classes.scan(&self.txn, &id.prefix())? {
                classes.push(ClassEntry::read(entry?.1)?.id);
            }
            classes.into_iter().try_for_each(|class| self.drop_contents(class))?;
            self.dbs.classes.delete_all(&mut self.txn, &id.prefix())?;
            self.dbs.references.delete_all(&mut self.txn, &id.prefix())?;
            let folded = path.as_name().folded();
            self.dbs.namespaces.delete(&mut self.txn, &[], folded.as_bytes())?;
        }
        self.paths = None;
        self.bindings.clear();
        Ok(doomed.into_iter().map(|(id, _)| id).collect())
    }

    /// Deletes everything stored under a class's number, except the entries of references.
    fn drop_contents(&mut self, id: ClassId) -> Result<(), Fault> {
        let prefix = id.prefix();
        self.dbs.instances.delete_all(&mut self.txn, &prefix)?;
        self.dbs.locator.delete_all(&mut self.txn, &prefix)?;
        self.dbs.layouts.delete_all(&mut self.txn, &prefix)?;
        self.dbs.definitions.delete(&mut self.txn, &prefix)?;
        Ok(())
    }

    fn store_class(&mut self, ns: NamespaceId, class: &ClassDeclaration) -> Result<bool, Fault> {
        self.touch(ns)?;
        let mut definition = Vec::with_capacity(1024);
        put_declaration(&mut definition, class, 0)?;
        let known = self.view().find_class(ns, &class.name)?;
        let known = known.map(|entry| (entry.id, entry.root, entry.is_stored));
        self.check_superclass(ns, class, known.is_some())?;
        let (id, root, existed) = match known {
            Some(known) => known,
            None => {
                let id = ClassId(self.next(META_NEXT_CLASS)?);
                (id, id, false)
            }
        };
        let entry = ClassEntry {
            id,
            root,
            is_stored: true,
            name: class.name.as_str(),
            superclass: class.superclass.as_ref().map(Name::as_str),
        };
        self.put_entry(ns, &entry)?;
        self.dbs.definitions.put(&mut self.txn, &id.prefix(), &definition)?;
        Ok(existed)
    }

    fn check_superclass(
        &self,
        ns: NamespaceId,
        class: &ClassDeclaration,
        is_known: bool,
    ) -> Result<(), Fault> {
        let refuse = |why: String| {
            let message = format!("class {}: {why}", class.name);
            Err(Fault::refused(WBEM_E_INVALID_SUPERCLASS.with(message)))
        };
        let mut above = class.superclass.clone();
        while let Some(name) = above {
            if name == class.name {
                return refuse(format!("superclass {name} would derive from itself"));
            }
            above = match self.view().find_class(ns, &name)? {
                // Only a class that existed before can be above itself.
                Some(entry) if is_known => entry.superclass.map(Name::from),
                Some(_) => None,
                None if name.is_system() => None,
                None => {
                    return refuse(format!("superclass {name} does not exist in the namespace"));
                }
            };
        }
        Ok(())
    }

    fn drop_class(&mut self, ns: NamespaceId, name: &Name) -> Result<bool, Fault> {
        let Some(entry) = self.view().find_class(ns, name)?.filter(|entry| entry.is_stored) else {
            return Ok(false);
        };
        let (id, root) = (entry.id, entry.root);
        let listed = self.view().list_classes(ns)?;
        if let Some(child) = listed.iter().find(|c| c.superclass.as_ref() == Some(name)) {
            let message = format!("class {name} has a subclass, {}", child.name);
            return Err(Fault::refused(WBEM_E_CLASS_HAS_CHILDREN.with(message)));
        }
        self.touch(ns)?;
        if root != id {
            let mut keys = Vec::new();
            for entry in self.dbs.instances.scan(&self.txn, &id.prefix())? {
                keys.push(entry?.0.to_vec());
            }
            for key in keys {
                self.dbs.locator.delete(&mut self.txn, &root.prefix(), &key)?;
            }
        }
        self.drop_references_of(ns, id)?;
        self.drop_contents(id)?;
        self.dbs.classes.delete(&mut self.txn, &ns.prefix(), name.folded().as_bytes())?;
        self.bindings.clear();
        Ok(true)
    }

    /// The id and the root of a class that may have instances: one that has an entry, or a system
    /// class, which gets one when its first instance is put.
    pub(super) fn class_with_id(
        &mut self,
        ns: NamespaceId,
        name: &Name,
    ) -> Result<(ClassId, ClassId), Fault> {
        if let Some(entry) = self.view().find_class(ns, name)? {
            return Ok((entry.id, entry.root));
        }
        if !name.is_system() {
            let message = format!("class {name} does not exist in the namespace");
            return Err(Fault::refused(WBEM_E_INVALID_CLASS.with(message)));
        }
        let id = self.name_class(ns, name)?;
        Ok((id, id))
    }

    /// Gives a number to a class of which only the name is stored.
    fn name_class(&mut self, ns: NamespaceId, name: &Name) -> Result<ClassId, Fault> {
        self.check_namespace(ns)?;
        let id = ClassId(self.next(META_NEXT_CLASS)?);
        let name = name.as_str();
        self.put_entry(ns, &ClassEntry { id, root: id, is_stored: false, name, superclass: None })?;
        let mut definition = Vec::new();
        put_text(&mut definition, name)?;
        self.dbs.definitions.put(&mut self.txn, &id.prefix(), &definition)?;
        Ok(id)
    }

    pub(super) fn put_entry(
        &mut self,
        ns: NamespaceId,
        entry: &ClassEntry<'_>,
    ) -> Result<(), Fault> {
        let folded = cim::name::fold(entry.name);
        let bytes = entry.to_bytes()?;
        self.dbs.classes.put(&mut self.txn, &ns.prefix(), folded.as_bytes(), &bytes)
    }

    /// Marks the classes of a namespace as changed.
    fn touch(&mut self, ns: NamespaceId) -> Result<(), Fault> {
        self.check_namespace(ns)?;
        self.touched.insert(ns);
        Ok(())
    }

    fn check_namespace(&mut self, ns: NamespaceId) -> Result<(), Fault> {
        if self.paths()?.contains_key(&ns) {
            return Ok(());
        }
        let message = "the namespace has been deleted";
        Err(Fault::refused(WBEM_E_INVALID_NAMESPACE.with(message)))
    }

    fn paths(&mut self) -> Result<&BTreeMap<NamespaceId, Namespace>, Fault> {
        if self.paths.is_none() {
            let mut paths = BTreeMap::new();
            for entry in self.dbs.namespaces.scan(&self.txn, &[])? {
                let entry = NamespaceEntry::read(entry?.1)?;
                paths.insert(entry.id, entry.namespace()?);
            }
            self.paths = Some(paths);
        }
        Ok(self.paths.as_ref().expect("just read"))
    }

    /// The next number of a kind. Numbers are never reused.
    fn next(&mut self, counter: &[u8]) -> Result<u32, Fault> {
        let next = match self.dbs.meta.get(&self.txn, counter)? {
            Some(bytes) => Input::new(bytes).u32()?,
            None => 1,
        };
        let after = next.checked_add(1).ok_or_else(Fault::too_long)?;
        self.dbs.meta.put(&mut self.txn, counter, &after.to_le_bytes())?;
        Ok(next)
    }
}
