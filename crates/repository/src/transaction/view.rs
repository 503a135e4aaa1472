//! What can be read: namespaces, classes and instances as one transaction sees them.
//!
//! A [`View`] is borrowed from a [`crate::Snapshot`] or from a [`crate::Writer`], which sees
//! its own writes. Classes are returned as declarations; to read instances, the caller passes the
//! complete [`Class`]. Access is not checked here.

use std::path::Path;
use std::sync::Arc;

use cim::{Class, ClassDeclaration, Instance, InstanceKey, Name, Namespace};
use heed::{RoTxn, WithoutTls};

use crate::encoding::bytes::Input;
use crate::encoding::declaration::declaration;
use crate::encoding::ids::{ClassId, NamespaceId, layout_key, user_key};
use crate::encoding::layout::{Layout, Mapping};
use crate::encoding::object::ClassLookup;
use crate::encoding::record;
use crate::encoding::schema_entries::{ClassEntry, NamespaceEntry, NamespaceSecurity};
use crate::encoding::value::Kind;
use crate::environment::hashed_keys::{Position, Scan};
use crate::environment::open::Databases;
use crate::error::Fault;
use crate::transaction::bindings::{Binding, Bindings};

/// A namespace as a transaction sees it.
#[derive(Clone, Copy, Debug)]
pub struct NamespaceState<'t> {
    /// Its number.
    pub id: NamespaceId,
    /// A number that changes whenever a class or the access rules of the namespace change, but not
    /// when instances do.
    pub generation: u64,
    /// Its access rules.
    pub security: NamespaceSecurity<'t>,
}

/// What one transaction sees.
#[derive(Clone, Copy)]
pub struct View<'t> {
    pub(crate) txn: &'t RoTxn<'t, WithoutTls>,
    pub(crate) dbs: &'t Databases,
    pub(crate) bindings: &'t Bindings,
    pub(crate) dir: &'t Path,
    pub(crate) classes: &'t ClassLookup<'t>,
}

/// A class as a namespace lists it.
#[derive(Clone, PartialEq, Debug)]
pub struct ClassListing {
    /// Its name.
    pub name: Name,
    /// The name of its superclass.
    pub superclass: Option<Name>,
    /// Its number.
    pub id: ClassId,
}

impl<'t> View<'t> {
    /// The same view, in which `classes` finds the classes of embedded instances. Without it, an
    /// embedded instance has a class made from what is stored with it: the name, the properties
    /// and the keys, no other qualifiers and no superclass.
    pub fn resolving(self, classes: &'t ClassLookup<'t>) -> Self {
        View { classes, ..self }
    }

    /// The version of the repository: two snapshots of the same version see the same. The version
    /// that a writer sees may never be committed.
    pub fn version(&self) -> usize {
        self.txn.id()
    }

    /// The text stored under `key` by [`crate::Writer::put_meta`].
    /// Errors: as for every read, `WBEM_E_CRITICAL_ERROR` where the repository is damaged.
    pub fn meta(&self, key: &str) -> cim::Result<Option<String>> {
        self.at(self.read_meta(key))
    }

    /// All namespaces, ordered by path.
    pub fn namespaces(&self) -> cim::Result<Vec<Namespace>> {
        let entries = self.dbs.namespaces.scan(self.txn, &[]);
        let read = entries.and_then(|entries| {
            entries.map(|entry| NamespaceEntry::read(entry?.1)?.namespace()).collect()
        });
        self.at(read)
    }

    /// The number of a namespace; `None` where it does not exist.
    pub fn namespace(&self, namespace: &Namespace) -> cim::Result<Option<NamespaceId>> {
        self.at(self.find_namespace(namespace).map(|entry| entry.map(|e| e.id)))
    }

    /// The state of a namespace; `None` where it does not exist.
    pub fn state(&self, namespace: &Namespace) -> cim::Result<Option<NamespaceState<'t>>> {
        let state = |e: NamespaceEntry<'t>| NamespaceState {
            id: e.id,
            generation: e.generation,
            security: e.security,
        };
        self.at(self.find_namespace(namespace).map(|entry| entry.map(state)))
    }

    /// The classes of a namespace, ordered by name. Does not read their declarations.
    pub fn classes(&self, namespace: NamespaceId) -> cim::Result<Vec<ClassListing>> {
        self.at(self.list_classes(namespace))
    }

    /// The declaration of a class; `None` where the namespace stores no class of this name.
    pub fn class(
        &self,
        namespace: NamespaceId,
        name: &Name,
    ) -> cim::Result<Option<ClassDeclaration>> {
        self.at(self.find_class(namespace, name).and_then(|entry| match entry {
            Some(entry) if entry.is_stored => self.class_by_id(entry.id).map(Some),
            _ => Ok(None),
        }))
    }

    /// Whether instances of exactly this class are stored, not counting those of subclasses.
    pub fn has_instances(&self, namespace: NamespaceId, name: &Name) -> cim::Result<bool> {
        self.at(self.find_class(namespace, name).and_then(|entry| match entry {
            Some(entry) => self.any_instance(entry.id),
            None => Ok(false),
        }))
    }

    /// The instance of exactly this class that has this key.
    pub fn instance(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> cim::Result<Option<Instance>> {
        self.at(self.read_instance(namespace, class, key))
    }

    /// The name of the exact class of the instance with this key among the instances of all classes
    /// with the same key root as `class`: where a path names a base class, this is the class for
    /// [`View::instance`]. `None` where there is no such instance.
    pub fn locate(
        &self,
        namespace: NamespaceId,
        class: &Class,
        key: &InstanceKey,
    ) -> cim::Result<Option<Name>> {
        self.at(self.read_location(namespace, class, key))
    }

    /// The instances of exactly this class, ordered by key. Each is read when the iterator is
    /// advanced.
    pub fn instances(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
    ) -> cim::Result<Instances<'t>> {
        self.instances_after(namespace, class, &Position::default())
    }

    /// The same after a position, which may be one of another snapshot ([`Position`]). Instances
    /// that were put before the position since then are not found.
    ///
    /// To release the snapshot between batches: take some instances, call
    /// [`Instances::advance`], drop the snapshot, and pass the position to this function in the next
    /// snapshot, with the class as it is there. `class` may have changed in between, or may have
    /// been deleted and created again.
    pub fn instances_after(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        position: &Position,
    ) -> cim::Result<Instances<'t>> {
        self.at(self.scan_instances(namespace, class, position))
    }

    pub(super) fn at<T>(&self, result: Result<T, Fault>) -> cim::Result<T> {
        result.map_err(|fault| fault.at(self.dir))
    }

    fn read_meta(&self, key: &str) -> Result<Option<String>, Fault> {
        let Some(bytes) = self.dbs.meta.get(self.txn, &user_key(key))? else { return Ok(None) };
        let text = std::str::from_utf8(bytes);
        text.map(|t| Some(t.to_owned())).map_err(|_| Fault::damaged("a user entry is not UTF-8"))
    }

    pub(super) fn find_namespace(
        &self,
        namespace: &Namespace,
    ) -> Result<Option<NamespaceEntry<'t>>, Fault> {
        let folded = namespace.as_name().folded();
        let value = self.dbs.namespaces.get(self.txn, &[], folded.as_bytes())?;
        value.map(NamespaceEntry::read).transpose()
    }

    pub(super) fn find_class(
        &self,
        namespace: NamespaceId,
        name: &Name,
    ) -> Result<Option<ClassEntry<'t>>, Fault> {
        let folded = name.folded();
        let value = self.dbs.classes.get(self.txn, &namespace.prefix(), folded.as_bytes())?;
        value.map(ClassEntry::read).transpose()
    }

    pub(super) fn list_classes(&self, ns: NamespaceId) -> Result<Vec<ClassListing>, Fault> {
        let mut listed = Vec::new();
        for entry in self.dbs.classes.scan(self.txn, &ns.prefix())? {
            let entry = ClassEntry::read(entry?.1)?;
            if entry.is_stored {
                listed.push(ClassListing {
                    name: entry.name.into(),
                    superclass: entry.superclass.map(Name::from),
                    id: entry.id,
                });
            }
        }
        Ok(listed)
    }

    fn class_by_id(&self, id: ClassId) -> Result<ClassDeclaration, Fault> {
        let bytes = self.dbs.definitions.get(self.txn, &id.prefix())?;
        let bytes = bytes.ok_or_else(|| Fault::damaged("the definition of a class is missing"))?;
        let mut input = Input::new(bytes);
        let class = declaration(&mut input, self.classes, 0)?;
        input.finish()?;
        Ok(class)
    }

    pub(super) fn any_instance(&self, id: ClassId) -> Result<bool, Fault> {
        Ok(self.dbs.instances.scan(self.txn, &id.prefix())?.next().transpose()?.is_some())
    }

    /// The binding of `class`, if it has an entry in the namespace.
    pub(super) fn bind(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
    ) -> Result<Option<Arc<Binding>>, Fault> {
        let version = self.version();
        let known = self.bindings.get(namespace, class);
        if let Some(known) = known.as_ref().filter(|b| b.is_checked_for(version)) {
            return Ok(Some(known.clone()));
        }
        let Some(entry) = self.find_class(namespace, class.name())? else { return Ok(None) };
        Ok(Some(match known {
            Some(known) if known.id == entry.id => {
                known.set_checked_for(version);
                known
            }
            _ => self.bindings.add(namespace, class, entry.id, version),
        }))
    }

    fn read_instance(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        key: &InstanceKey,
    ) -> Result<Option<Instance>, Fault> {
        let Some(binding) = self.bind(namespace, class)? else { return Ok(None) };
        self.read_by_key(&binding, key.as_bytes())
    }

    pub(super) fn read_by_key(
        &self,
        binding: &Binding,
        key: &[u8],
    ) -> Result<Option<Instance>, Fault> {
        let value = self.dbs.instances.get(self.txn, &binding.id.prefix(), key)?;
        value.map(|bytes| self.decode(binding, bytes)).transpose()
    }

    fn decode(&self, binding: &Binding, bytes: &[u8]) -> Result<Instance, Fault> {
        let mut input = Input::new(bytes);
        let mapping = self.mapping(binding, input.u16()?)?;
        let record = record::read(&mut input, &mapping.kinds, self.classes, 0)?;
        input.finish()?;
        Ok(record.into_instance(&binding.class, &mapping))
    }

    /// The mapping of the layout with this number to the bound class.
    #[inline]
    pub(super) fn mapping(&self, binding: &Binding, number: u16) -> Result<Arc<Mapping>, Fault> {
        match binding.mapping(number) {
            Some(mapping) => Ok(mapping),
            None => self.read_mapping(binding, number),
        }
    }

    fn read_mapping(&self, binding: &Binding, number: u16) -> Result<Arc<Mapping>, Fault> {
        let layout = self.layout(binding.id, number)?;
        let layout = layout.ok_or_else(|| Fault::damaged("the layout of a record is missing"))?;
        let mapping = Arc::new(Mapping::new(&layout, &binding.class));
        binding.add_mapping(number, mapping.clone());
        Ok(mapping)
    }

    pub(super) fn layout(&self, id: ClassId, number: u16) -> Result<Option<Layout>, Fault> {
        let bytes = self.dbs.layouts.get(self.txn, &layout_key(id, number))?;
        bytes.map(|bytes| Layout::read(&mut Input::new(bytes))).transpose()
    }

    /// The kinds of the fields of all layouts of a class, by number.
    pub(super) fn kinds(&self, id: ClassId) -> Result<Vec<Vec<Kind>>, Fault> {
        let mut kinds = Vec::new();
        while let Ok(number) = u16::try_from(kinds.len())
            && let Some(layout) = self.layout(id, number)?
        {
            kinds.push(layout.fields().iter().map(|f| f.kind).collect());
        }
        Ok(kinds)
    }

    fn read_location(
        &self,
        namespace: NamespaceId,
        class: &Class,
        key: &InstanceKey,
    ) -> Result<Option<Name>, Fault> {
        let Some(root) = class.key_root() else { return Ok(None) };
        let Some(root) = self.find_class(namespace, root)? else { return Ok(None) };
        match self.exact_class(class, root.id, key)? {
            Some(id) if id == root.id => Ok(Some(root.name.into())),
            Some(id) => self.class_name(id).map(Some),
            None => Ok(None),
        }
    }

    /// The exact class of the instance with this key among those under `root`, the key root of
    /// `class`.
    pub(super) fn exact_class(
        &self,
        class: &Class,
        root: ClassId,
        key: &InstanceKey,
    ) -> Result<Option<ClassId>, Fault> {
        if self.dbs.instances.get(self.txn, &root.prefix(), key.as_bytes())?.is_some() {
            return Ok(Some(root));
        }
        // An entry of the locator would be of a program that gave a family of singletons one
        // identity.
        if class.is_singleton() {
            return Ok(None);
        }
        let value = self.dbs.locator.get(self.txn, &root.prefix(), key.as_bytes())?;
        value.map(|bytes| Input::new(bytes).u32().map(ClassId)).transpose()
    }

    /// The name of the class with this number; every definition begins with it.
    pub(super) fn class_name(&self, id: ClassId) -> Result<Name, Fault> {
        let bytes = self.dbs.definitions.get(self.txn, &id.prefix())?;
        let bytes = bytes.ok_or_else(|| Fault::damaged("the class of an instance is missing"))?;
        Input::new(bytes).text().map(Name::from)
    }

    fn scan_instances(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        position: &Position,
    ) -> Result<Instances<'t>, Fault> {
        let bound = match self.bind(namespace, class)? {
            Some(binding) => {
                let prefix = binding.id.prefix();
                let scan = self.dbs.instances.scan_after(self.txn, &prefix, position)?;
                Some((binding, scan))
            }
            None => None,
        };
        Ok(Instances { view: *self, bound, last_len: 0 })
    }
}

/// The stored instances of a class; see [`View::instances`].
pub struct Instances<'t> {
    view: View<'t>,
    bound: Option<(Arc<Binding>, Scan<'t>)>,
    last_len: usize,
}

impl Instances<'_> {
    /// Moves `position` to the instance that was read last, if any was read.
    pub fn advance(&self, position: &mut Position) {
        if let Some((_, scan)) = &self.bound {
            scan.advance(position);
        }
    }

    /// Whether there are no more instances. Where there are, one of them is passed over.
    pub fn is_over(&mut self) -> bool {
        self.bound.as_mut().is_none_or(|(_, scan)| scan.next().is_none())
    }

    /// The length in bytes of the stored form of the instance that was read last.
    pub fn last_len(&self) -> usize {
        self.last_len
    }
}

impl Iterator for Instances<'_> {
    type Item = cim::Result<Instance>;

    fn next(&mut self) -> Option<Self::Item> {
        let (binding, scan) = self.bound.as_mut()?;
        let last_len = &mut self.last_len;
        let read = scan.next()?.and_then(|(_, bytes)| {
            *last_len = bytes.len();
            self.view.decode(binding, bytes)
        });
        Some(self.view.at(read))
    }
}
