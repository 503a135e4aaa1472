//! Makes a new repository from the entries of a damaged one.
//!
//! All valid entries are copied. Then entries that are useless without lost ones are removed and
//! reported: classes without namespace, definition or superclass, instances without class or
//! layout. The locator and the references are computed from the instances; those of the damaged
//! file show which instances are lost. Memory is proportional to the number of classes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use cim::security::Descriptor;
use cim::{Name, Namespace};
use heed::RwTxn;

use super::lost::Lost;
use super::source::Source;
use crate::data_file::check::Entry;
use crate::encoding::bytes::Input;
use crate::encoding::ids::{ClassId, NamespaceId, layout_key};
use crate::encoding::layout::Layout;
use crate::encoding::schema_entries::NamespaceSecurity;
use crate::encoding::schema_entries::{ClassEntry, NamespaceEntry};
use crate::environment::entries::Entries;
use crate::environment::hashed_keys;
use crate::environment::open::{self, Databases, Opened};
use crate::error::Fault;
use crate::format::{
    CLASSES, COMMITS, FORMAT_VERSION, INSTANCES, LOCATOR, META, META_FORMAT, META_NEXT_CLASS,
    META_NEXT_NAMESPACE, META_USER, NAMESPACES, REFERENCES,
};
use crate::transaction::references::{self, Target};
use crate::verify::{self, Layouts, Verification, definition_agrees, shown};

/// How many entries are written in one transaction.
const BATCH: u64 = 20_000;
/// The maximum length of a key.
const LONGEST: usize = 511;
/// The number that the namespace root has in every repository.
const ROOT: NamespaceId = NamespaceId(1);

/// The new repository, and what it could not keep.
pub(super) struct Rebuilt {
    pub(super) kept: Verification,
    pub(super) lost: Lost,
    pub(super) damage: Vec<String>,
}

/// Makes a repository in `new`, which is empty, from what can be read of `file`.
pub(super) fn rebuild(file: &File, new: &Path) -> Result<Rebuilt, Fault> {
    let source = Source::new(file)?;
    let opened = open::create(new, open::map_for(file.metadata()?.len()))?;
    let damage = copy(&source, &opened)?;
    let mut rebuild = Rebuild::new(&opened);
    rebuild.namespaces()?;
    rebuild.classes()?;
    rebuild.layouts()?;
    rebuild.instances()?;
    rebuild.notes()?;
    source.read(&mut |found| rebuild.name(found))?;
    let lost = rebuild.lost;
    let kept = verify::entries(&opened, new)?;
    match kept.problems.first() {
        None => Ok(Rebuilt { kept, lost, damage }),
        Some(problem) => Err(Fault::damaged(format!("it cannot be salvaged: {problem}"))),
    }
}

/// The databases that are copied, by number: all but those that are computed.
fn copied(dbs: &Databases) -> [Entries; 6] {
    [dbs.meta, dbs.namespaces.0, dbs.classes.0, dbs.definitions, dbs.layouts, dbs.instances.0]
}

/// Copies the entries; returns what is damaged.
fn copy(source: &Source<'_>, opened: &Opened) -> Result<Vec<String>, Fault> {
    let databases = copied(&opened.dbs);
    let mut batch = Batch::new(opened);
    let damage = source.read(&mut |found| {
        let Entry::Valid(number, key, value) = found else { return Ok(()) };
        let Some(database) = databases.get(usize::from(number)) else { return Ok(()) };
        let txn = batch.txn()?;
        if !database.has(txn, key)? {
            database.put(txn, key, value)?;
        }
        Ok(())
    })?;
    batch.commit()?;
    Ok(damage)
}

/// Writes in transactions of a bounded size.
struct Batch<'o> {
    opened: &'o Opened,
    /// `None` between two transactions.
    txn: Option<RwTxn<'o>>,
    used: u64,
}

impl<'o> Batch<'o> {
    fn new(opened: &'o Opened) -> Self {
        Batch { opened, txn: None, used: 0 }
    }

    /// The transaction for the next entry.
    fn txn(&mut self) -> Result<&mut RwTxn<'o>, Fault> {
        self.used += 1;
        if self.used.is_multiple_of(BATCH) {
            self.commit()?;
        }
        match &mut self.txn {
            Some(txn) => Ok(txn),
            none => Ok(none.insert(self.opened.env.write_txn()?)),
        }
    }

    fn commit(&mut self) -> Result<(), Fault> {
        match self.txn.take() {
            Some(txn) => Ok(txn.commit()?),
            None => Ok(()),
        }
    }
}

/// A class that is kept.
struct Kept {
    namespace: NamespaceId,
    root: ClassId,
    name: Name,
    superclass: Option<Name>,
    /// Whether the damaged file has its entry; otherwise the entry was made for the keys of the
    /// instances of its family.
    has_entry: bool,
    layouts: Layouts,
}

struct Rebuild<'o> {
    opened: &'o Opened,
    lost: Lost,
    namespaces: BTreeMap<NamespaceId, Namespace>,
    classes: BTreeMap<ClassId, Kept>,
    /// The paths of lost classes, or only their names.
    gone: BTreeMap<ClassId, String>,
    /// The highest numbers found of namespaces and classes.
    highest: (u32, u32),
}

/// A copy of an entry and its key, which outlives the transaction that read it.
type Owned = (Vec<u8>, Vec<u8>);

impl<'o> Rebuild<'o> {
    fn new(opened: &'o Opened) -> Self {
        let (lost, namespaces, classes, gone, highest) = Default::default();
        Rebuild { opened, lost, namespaces, classes, gone, highest }
    }

    fn all(&self, database: Entries) -> Result<Vec<Owned>, Fault> {
        let txn = self.opened.env.read_txn()?;
        let entries = database.scan(&txn, &[])?;
        entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
    }

    /// Deletes these entries.
    fn delete(&self, database: Entries, keys: &[Vec<u8>]) -> Result<(), Fault> {
        let mut txn = self.opened.env.write_txn()?;
        for key in keys {
            database.delete(&mut txn, key)?;
        }
        Ok(txn.commit()?)
    }

    /// Reads the namespaces. A lost parent of one that is kept is created again, empty.
    fn namespaces(&mut self) -> Result<(), Fault> {
        let database = self.opened.dbs.namespaces;
        let mut bad = Vec::new();
        for (key, value) in self.all(database.0)? {
            let (_, folded, value) = hashed_keys::split(&key, &value, 0)?;
            let read = NamespaceEntry::read(value).and_then(|e| Ok((e.id, e.namespace()?)));
            match read {
                Ok((id, path)) if !self.namespaces.contains_key(&id) => {
                    self.highest.0 = self.highest.0.max(id.0);
                    self.namespaces.insert(id, path);
                }
                _ => {
                    self.lost.add(format!("namespace {}", String::from_utf8_lossy(folded)));
                    bad.push(key);
                }
            }
        }
        self.delete(database.0, &bad)?;
        let counter = self.counter(META_NEXT_NAMESPACE)?;
        let in_classes = self.all(self.opened.dbs.classes.0)?;
        let in_classes = in_classes.iter().filter_map(|(key, _)| number(key)).max();
        let highest = self.highest.0.max(in_classes.unwrap_or(0)).max(ROOT.0);
        self.highest.0 = highest.max(counter.saturating_sub(1));
        for path in self.missing() {
            let id = match path == Namespace::root() && !self.namespaces.contains_key(&ROOT) {
                true => ROOT,
                false => {
                    self.highest.0 += 1;
                    NamespaceId(self.highest.0)
                }
            };
            // Its access rules are lost: only administrators have access until they set others.
            let descriptor = administrators_alone()?;
            let security =
                NamespaceSecurity { descriptor: Some(&descriptor), requires_encryption: true };
            let entry = NamespaceEntry { id, generation: 1, path: path.as_str(), security };
            let mut txn = self.opened.env.write_txn()?;
            let folded = path.as_name().folded();
            database.put(&mut txn, &[], folded.as_bytes(), &entry.to_bytes()?)?;
            txn.commit()?;
            self.lost.add(format!(
                "namespace {path}: created again, with access for administrators only"
            ));
            self.namespaces.insert(id, path);
        }
        Ok(())
    }

    /// The namespaces that must exist and do not.
    fn missing(&self) -> Vec<Namespace> {
        let is_there = |path: &Namespace| self.namespaces.values().any(|known| known == path);
        let mut missing: Vec<Namespace> = Vec::new();
        for path in self.namespaces.values() {
            let above = std::iter::successors(path.parent(), Namespace::parent);
            missing.extend(above.filter(|path| !is_there(path)));
        }
        let root = Namespace::root();
        if !is_there(&root) {
            missing.push(root);
        }
        missing.sort_by_key(|path| path.as_name().folded().into_owned());
        missing.dedup();
        missing
    }

    fn counter(&self, name: &[u8]) -> Result<u32, Fault> {
        let txn = self.opened.env.read_txn()?;
        let bytes = self.opened.dbs.meta.get(&txn, name)?;
        Ok(bytes.and_then(|bytes| Input::new(bytes).u32().ok()).unwrap_or(0))
    }

    fn classes(&mut self) -> Result<(), Fault> {
        let mut bad = Vec::new();
        for (key, value) in self.all(self.opened.dbs.classes.0)? {
            match self.class(&key, &value)? {
                Ok((id, class)) => drop(self.classes.insert(id, class)),
                Err(name) => {
                    self.lost.add(name);
                    bad.push(key);
                }
            }
        }
        self.delete(self.opened.dbs.classes.0, &bad)?;
        self.highest.1 = self.highest.1.max(self.counter(META_NEXT_CLASS)?.saturating_sub(1));
        self.without_entry()?;
        self.roots()?;
        loop {
            let without = self.without_superclass();
            if without.is_empty() {
                break;
            }
            without.into_iter().try_for_each(|id| self.drop_class(id))?;
        }
        self.clear_definitions()
    }

    /// The class of an entry that is kept, or the name of a lost one.
    #[allow(clippy::type_complexity)] // Kept, or the name of what is lost.
    fn class(
        &mut self,
        key: &[u8],
        value: &[u8],
    ) -> Result<Result<(ClassId, Kept), String>, Fault> {
        let (prefix, folded, value) = hashed_keys::split(key, value, 4)?;
        let namespace = NamespaceId(number(prefix).unwrap_or(0));
        let folded = String::from_utf8_lossy(folded).into_owned();
        let Ok(entry) = ClassEntry::read(value) else { return Ok(Err(format!("class {folded}"))) };
        self.highest.1 = self.highest.1.max(entry.id.0).max(entry.root.0);
        let Some(path) = self.namespaces.get(&namespace) else {
            self.gone.insert(entry.id, entry.name.to_owned());
            let name = entry.name;
            return Ok(Err(format!("class {name}, in a namespace whose path is lost")));
        };
        let path = format!("{path}:{}", entry.name);
        let txn = self.opened.env.read_txn()?;
        let definition = self.opened.dbs.definitions.get(&txn, &entry.id.prefix())?;
        if definition_agrees(&entry, definition).is_err() || self.classes.contains_key(&entry.id) {
            self.gone.insert(entry.id, path.clone());
            return Ok(Err(format!("class {path}")));
        }
        let kept = Kept {
            namespace,
            root: entry.root,
            name: entry.name.into(),
            superclass: entry.superclass.map(Name::from),
            has_entry: true,
            layouts: Layouts::new(),
        };
        Ok(Ok((entry.id, kept)))
    }

    /// Reports the classes of which only the definition is left.
    fn without_entry(&mut self) -> Result<(), Fault> {
        for (key, value) in self.all(self.opened.dbs.definitions)? {
            let Some(id) = number(&key).map(ClassId) else { continue };
            self.highest.1 = self.highest.1.max(id.0);
            if self.classes.contains_key(&id) || self.gone.contains_key(&id) {
                continue;
            }
            let Ok(name) = Input::new(&value).text() else { continue };
            self.gone.insert(id, name.to_owned());
            if !Name::from(name).is_system() {
                self.lost.add(format!("class {name}, in an unknown namespace"));
            }
        }
        Ok(())
    }

    /// Makes the lost entries of system classes in whose families the keys of instances are unique.
    fn roots(&mut self) -> Result<(), Fault> {
        let dangling: Vec<(ClassId, NamespaceId)> = self
            .classes
            .values()
            .filter(|class| !self.classes.contains_key(&class.root))
            .map(|class| (class.root, class.namespace))
            .collect();
        for (root, namespace) in dangling {
            let Some(name) = self.gone.get(&root).map(|name| Name::from(name.as_str())) else {
                continue;
            };
            if !name.is_system() {
                continue;
            }
            let (id, name_text) = (root, name.as_str());
            let entry =
                ClassEntry { id, root, is_stored: false, name: name_text, superclass: None };
            let mut txn = self.opened.env.write_txn()?;
            let definition = self.opened.dbs.definitions.get(&txn, &id.prefix())?;
            if definition_agrees(&entry, definition).is_err() {
                continue;
            }
            let folded = name.folded();
            let (classes, bytes) = (self.opened.dbs.classes, entry.to_bytes()?);
            classes.put(&mut txn, &namespace.prefix(), folded.as_bytes(), &bytes)?;
            txn.commit()?;
            self.gone.remove(&root);
            let (superclass, layouts) = (None, Layouts::new());
            let kept = Kept { namespace, root, name, superclass, has_entry: false, layouts };
            self.classes.insert(id, kept);
        }
        Ok(())
    }

    /// The classes whose superclass or root class is lost.
    fn without_superclass(&self) -> Vec<ClassId> {
        let there: BTreeSet<(NamespaceId, &Name)> = self
            .classes
            .values()
            .filter(|class| class.has_entry)
            .map(|class| (class.namespace, &class.name))
            .collect();
        let holds = |class: &Kept| {
            let superclass = class.superclass.as_ref();
            let is_there = superclass
                .is_none_or(|name| name.is_system() || there.contains(&(class.namespace, name)));
            let root = self.classes.get(&class.root);
            is_there && root.is_some_and(|root| root.namespace == class.namespace)
        };
        self.classes.iter().filter(|(_, class)| !holds(class)).map(|(id, _)| *id).collect()
    }

    fn drop_class(&mut self, id: ClassId) -> Result<(), Fault> {
        let Some(class) = self.classes.remove(&id) else { return Ok(()) };
        let path = self.path(&class);
        self.lost.add(format!("class {path}: its superclass is lost"));
        let mut txn = self.opened.env.write_txn()?;
        let folded = class.name.folded();
        let classes = self.opened.dbs.classes;
        classes.delete(&mut txn, &class.namespace.prefix(), folded.as_bytes())?;
        txn.commit()?;
        self.gone.insert(id, path);
        Ok(())
    }

    fn path(&self, class: &Kept) -> String {
        match self.namespaces.get(&class.namespace) {
            Some(namespace) => format!("{namespace}:{}", class.name),
            None => class.name.to_string(),
        }
    }

    /// Deletes the definitions of unknown classes.
    fn clear_definitions(&mut self) -> Result<(), Fault> {
        let definitions = self.opened.dbs.definitions;
        let keys = self.all(definitions)?.into_iter().map(|(key, _)| key);
        let is_kept =
            |key: &Vec<u8>| number(key).is_some_and(|id| self.classes.contains_key(&ClassId(id)));
        let bad: Vec<Vec<u8>> = keys.filter(|key| !is_kept(key)).collect();
        self.delete(definitions, &bad)
    }

    /// Reads the layouts. A lost one is replaced by one without fields, so that the numbers have no
    /// gaps.
    fn layouts(&mut self) -> Result<(), Fault> {
        let database = self.opened.dbs.layouts;
        let mut bad = Vec::new();
        for (key, value) in self.all(database)? {
            let mut input = Input::new(&value);
            let read = Layout::read(&mut input).and_then(|layout| input.finish().map(|()| layout));
            let class = number(&key).and_then(|id| self.classes.get_mut(&ClassId(id)));
            let at = key.get(4..).and_then(|rest| <[u8; 2]>::try_from(rest).ok());
            match (class, at, read) {
                (Some(class), Some(at), Ok(layout)) => {
                    let kinds = layout.fields().iter().map(|field| field.kind).collect();
                    class.layouts.insert(u16::from_be_bytes(at), kinds);
                }
                _ => bad.push(key),
            }
        }
        self.delete(database, &bad)?;
        let mut empty = Vec::new();
        Layout::EMPTY.put(&mut empty)?;
        let mut txn = self.opened.env.write_txn()?;
        for (id, class) in &self.classes {
            let last = class.layouts.last_key_value().map_or(0, |(last, _)| *last);
            for number in (0..last).filter(|number| !class.layouts.contains_key(number)) {
                database.put(&mut txn, &layout_key(*id, number), &empty)?;
            }
        }
        Ok(txn.commit()?)
    }

    /// Keeps the instances that can be read, and writes their entries in the locator and the
    /// references.
    fn instances(&mut self) -> Result<(), Fault> {
        let database = self.opened.dbs.instances.0;
        let mut batch = Batch::new(self.opened);
        let mut next = Some(vec![0]);
        while let Some(from) = next {
            let txn = batch.txn()?;
            let Some((key, value)) = database.at_or_after(txn, &from)? else { break };
            let (key, value) = (key.to_vec(), value.to_vec());
            if let Err(name) = self.instance(txn, &key, &value)? {
                database.delete(txn, &key)?;
                self.lost.add(name);
            }
            next = successor(key);
        }
        batch.commit()
    }

    fn instance(
        &self,
        txn: &mut RwTxn<'_>,
        entry: &[u8],
        value: &[u8],
    ) -> Result<Result<(), String>, Fault> {
        let (prefix, key, record) = hashed_keys::split(entry, value, 4)?;
        let id = ClassId(number(prefix).unwrap_or(0));
        let name = || format!("instance {} {}", self.named(id), shown(key));
        let Some(class) = self.classes.get(&id) else { return Ok(Err(name())) };
        if verify::read_record(&class.layouts, record).is_err() {
            return Ok(Err(name()));
        }
        let dbs = &self.opened.dbs;
        if class.root != id {
            if dbs.instances.get(txn, &class.root.prefix(), key)?.is_some() {
                return Ok(Err(name()));
            }
            dbs.locator.put(txn, &class.root.prefix(), key, &id.0.to_le_bytes())?;
        }
        for target in verify::targets(&class.layouts, record)? {
            let target: Target = target;
            dbs.references.put(txn, &target.of_class(class.namespace, id), key, &[])?;
        }
        Ok(Ok(()))
    }

    /// The path of a class, or what is known of it.
    fn named(&self, id: ClassId) -> String {
        match (self.classes.get(&id), self.gone.get(&id)) {
            (Some(class), _) => self.path(class),
            (None, Some(name)) => name.clone(),
            (None, None) => format!("of the class with the number {}", id.0),
        }
    }

    /// Writes the entries of `meta` that do not belong to the user.
    fn notes(&mut self) -> Result<(), Fault> {
        let dbs = &self.opened.dbs;
        let mut txn = self.opened.env.write_txn()?;
        dbs.commits.put(&mut txn, COMMITS, &1_u64.to_le_bytes())?;
        let instances_of = self.gone.keys().map(|id| id.0).max().unwrap_or(0);
        let next_class = self.highest.1.max(instances_of).saturating_add(1);
        for (name, value) in [
            (META_FORMAT, FORMAT_VERSION),
            (META_NEXT_NAMESPACE, self.highest.0.saturating_add(1)),
            (META_NEXT_CLASS, next_class),
        ] {
            dbs.meta.put(&mut txn, name, &value.to_le_bytes())?;
        }
        Ok(txn.commit()?)
    }

    /// Reports the object of an entry of the damaged file, if that is lost.
    fn name(&mut self, found: Entry<'_>) -> Result<(), Fault> {
        let named = match found {
            Entry::Valid(LOCATOR, key, value) => {
                let (_, key, value) = hashed_keys::split(key, value, 4)?;
                Input::new(value).u32().ok().map(|id| (ClassId(id), key.to_vec()))
            }
            Entry::Valid(REFERENCES, key, value) => {
                let (prefix, key, _) = hashed_keys::split(key, value, references::PREFIX)?;
                let prefix = prefix.try_into().ok();
                prefix.map(|prefix| (references::split(prefix).2, key.to_vec()))
            }
            Entry::Valid(..) => None,
            Entry::Corrupt(number, key) => return self.name_bad(number, key),
        };
        let Some((id, key)) = named else { return Ok(()) };
        let txn = self.opened.env.read_txn()?;
        if self.opened.dbs.instances.get(&txn, &id.prefix(), &key)?.is_none() {
            self.lost.add(format!("instance {} {}", self.named(id), shown(&key)));
        }
        Ok(())
    }

    /// Reports an entry of which only the key is left.
    fn name_bad(&mut self, database: Option<u8>, key: &[u8]) -> Result<(), Fault> {
        let databases = copied(&self.opened.dbs);
        let Some((at, database)) =
            database.and_then(|at| Some((at, databases.get(usize::from(at))?)))
        else {
            return Ok(()); // It is computed, or belongs to LMDB.
        };
        let txn = self.opened.env.read_txn()?;
        if !key.is_empty() && key.len() <= LONGEST && database.has(&txn, key)? {
            return Ok(());
        }
        let text = |bytes: &[u8]| shown(bytes).escape_default().to_string();
        let (id, rest) = (number(key).unwrap_or(0), key.get(4..).unwrap_or_default());
        self.lost.add(match at {
            META => match key.strip_prefix(META_USER) {
                Some(name) => format!("user entry {}", text(name)),
                None => return Ok(()),
            },
            NAMESPACES => format!("namespace {}", text(key)),
            CLASSES => match self.namespaces.get(&NamespaceId(id)) {
                Some(namespace) => format!("class {namespace}:{}", text(rest)),
                None => format!("class {}, in a namespace whose path is lost", text(rest)),
            },
            INSTANCES => format!("instance {} {}", self.named(ClassId(id)), text(rest)),
            // Reported with the class or its instances, which are lost too.
            _ => return Ok(()),
        });
        Ok(())
    }
}

/// The number that a key begins with.
fn number(key: &[u8]) -> Option<u32> {
    key.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The least key above this one, if there is one.
fn successor(mut key: Vec<u8>) -> Option<Vec<u8>> {
    if key.len() < LONGEST {
        key.push(0);
        return Some(key);
    }
    let last = key.iter().rposition(|&byte| byte != u8::MAX)?;
    key[last] += 1;
    key.truncate(last + 1);
    Some(key)
}

/// A security descriptor that grants all access to administrators and none to others.
fn administrators_alone() -> Result<Vec<u8>, Fault> {
    let descriptor: Descriptor = "O:BAG:BAD:(A;CI;0x6003F;;;BA)".parse().map_err(Fault::refused)?;
    descriptor.to_bytes().map_err(Fault::refused)
}
