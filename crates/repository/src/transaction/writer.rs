//! A write transaction: namespaces, classes and notes. Instances are in [`crate::transaction::put`].
//!
//! A [`Writer`] comes from [`crate::Repository::write`], which commits it. It keeps what is
//! stored whole (a class's superclass exists, nothing is left of what was deleted, an identity
//! names one instance); what else may be put is for the object manager to say.

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

/// A write transaction. What it wrote is seen by nobody else until it is committed, and by
/// everybody all at once then.
pub struct Writer<'r> {
    pub(crate) txn: RwTxn<'r>,
    pub(crate) dbs: &'r Databases,
    /// Its own, because what it sees may never be committed.
    pub(super) bindings: Bindings,
    pub(super) dir: &'r Path,
    /// The namespaces whose classes, or descriptor, were changed.
    touched: BTreeSet<NamespaceId>,
    /// The paths of the namespaces, once they were needed.
    paths: Option<BTreeMap<NamespaceId, Namespace>>,
}

impl<'r> Writer<'r> {
    pub(crate) fn new(txn: RwTxn<'r>, dbs: &'r Databases, dir: &'r Path) -> Self {
        let (bindings, touched) = (Bindings::default(), BTreeSet::new());
        Writer { txn, dbs, bindings, dir, touched, paths: None }
    }

    /// What this transaction sees, its own writes among it.
    pub fn view(&self) -> View<'_> {
        View {
            txn: &self.txn,
            dbs: self.dbs,
            bindings: &self.bindings,
            dir: self.dir,
            classes: NO_CLASSES,
        }
    }

    /// Keeps a text under `key`, for the caller's own use; `None` takes it away.
    /// Errors: as for every write, `WBEM_E_OUT_OF_DISK_SPACE` where it does not fit, and
    /// `WBEM_E_CRITICAL_ERROR` where the repository is damaged.
    pub fn put_meta(&mut self, key: &str, value: Option<&str>) -> cim::Result<()> {
        let key = user_key(key);
        let done = match value {
            Some(value) => self.dbs.meta.put(&mut self.txn, &key, value.as_bytes()),
            None => self.dbs.meta.delete(&mut self.txn, &key).map(drop),
        };
        self.at(done)
    }

    /// Makes a namespace, and returns its number.
    /// Errors: `WBEM_E_ALREADY_EXISTS`; `WBEM_E_INVALID_NAMESPACE` where the one above it is
    /// not there.
    pub fn create_namespace(&mut self, namespace: &Namespace) -> cim::Result<NamespaceId> {
        let made = self.make_namespace(namespace);
        self.at(made)
    }

    /// Keeps who may be in a namespace, in place of what was kept before.
    /// Errors: `WBEM_E_INVALID_NAMESPACE` where it is not there.
    pub fn set_security(
        &mut self,
        namespace: &Namespace,
        security: NamespaceSecurity<'_>,
    ) -> cim::Result<()> {
        let set = self.keep_security(namespace, security);
        self.at(set)
    }

    /// Deletes a namespace with all the namespaces, classes and instances in it. Gives the numbers
    /// of all that are gone: none where it was not there.
    /// Errors: `WBEM_E_INVALID_OPERATION` for the root.
    pub fn delete_namespace(&mut self, namespace: &Namespace) -> cim::Result<Vec<NamespaceId>> {
        let deleted = self.drop_namespace(namespace);
        self.at(deleted)
    }

    /// Stores what a class declares, in place of what a class of this name declared before; its
    /// instances stay. Whether there was one.
    /// Errors: `WBEM_E_INVALID_SUPERCLASS` where the superclass is neither stored nor a
    /// system class nor [known](Writer::know_class), or derives from the class itself;
    /// `WBEM_E_INVALID_NAMESPACE`.
    pub fn put_class(&mut self, ns: NamespaceId, class: &ClassDeclaration) -> cim::Result<bool> {
        let existed = self.store_class(ns, class);
        self.at(existed)
    }

    /// Notes that there is a class of this name which is not stored, so that stored ones may derive
    /// from it. Nothing but its name is kept.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`.
    pub fn know_class(&mut self, ns: NamespaceId, name: &Name) -> cim::Result<()> {
        let known = self.view().find_class(ns, name).map(|entry| entry.is_some());
        if self.at(known)? {
            return Ok(());
        }
        let named = self.name_class(ns, name).map(drop);
        self.at(named)
    }

    /// Deletes a class and its instances. Whether it was there.
    /// Errors: `WBEM_E_CLASS_HAS_CHILDREN` where others derive from it.
    pub fn delete_class(&mut self, ns: NamespaceId, name: &Name) -> cim::Result<bool> {
        let deleted = self.drop_class(ns, name);
        self.at(deleted)
    }

    /// Returns when everything is on disk.
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        for id in std::mem::take(&mut self.touched) {
            // One that was deleted since has no generation any more.
            let Some(path) = self.paths()?.get(&id).cloned() else { continue };
            let Some(entry) = self.view().find_namespace(&path)? else { continue };
            let bytes = NamespaceEntry { generation: entry.generation + 1, ..entry }.to_bytes()?;
            let folded = path.as_name().folded();
            self.dbs.namespaces.put(&mut self.txn, &[], folded.as_bytes(), &bytes)?;
        }
        self.count_commit()?;
        Ok(self.txn.commit()?)
    }

    /// The list of databases is written with every commit anyway; the number in it tells which of
    /// several in a damaged file is the last.
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
            let message = format!("namespace {namespace} exists already");
            return Err(Fault::refused(WBEM_E_ALREADY_EXISTS.with(message)));
        }
        if let Some(parent) = namespace.parent()
            && self.view().find_namespace(&parent)?.is_none()
        {
            let message = format!("namespace {namespace}: there is no namespace {parent}");
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
            let message = format!("there is no namespace {namespace}");
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
            let message = format!("namespace {namespace} is the topmost and stays");
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

    /// Everything stored under a class's number; what its instances refer to is not.
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
                // Only a class that was there before can be above itself.
                Some(entry) if is_known => entry.superclass.map(Name::from),
                Some(_) => None,
                None if name.is_system() => None,
                None => return refuse(format!("superclass {name} is not in the namespace")),
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

    /// The entry of a class that may have instances: one that is stored or known, or a system
    /// class, which gets a number here when its first instance is put.
    pub(super) fn class_with_id(
        &mut self,
        ns: NamespaceId,
        name: &Name,
    ) -> Result<(ClassId, ClassId), Fault> {
        if let Some(entry) = self.view().find_class(ns, name)? {
            return Ok((entry.id, entry.root));
        }
        if !name.is_system() {
            let message = format!("class {name} is not in the namespace");
            return Err(Fault::refused(WBEM_E_INVALID_CLASS.with(message)));
        }
        let id = self.name_class(ns, name)?;
        Ok((id, id))
    }

    /// Gives a number to a class of which nothing but the name is kept.
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

    /// The next number of a kind. None is ever given twice.
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
