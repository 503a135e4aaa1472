//! Verifies everything that is stored: every page, every entry, and every relation between entries.
//!
//! Reads one snapshot, first as a file ([`crate::data_file::check`]) and, if that has no problems,
//! through LMDB. Repairs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use cim::security::Descriptor;
use cim::{Name, Namespace};

use crate::data_file::check::{self, Checked};
use crate::encoding::bytes::Input;
use crate::encoding::declaration::declaration;
use crate::encoding::ids::{ClassId, NamespaceId};
use crate::encoding::layout::Layout;
use crate::encoding::object::NO_CLASSES;
use crate::encoding::record;
use crate::encoding::schema_entries::{ClassEntry, NamespaceEntry};
use crate::encoding::value::Kind;
use crate::environment::entries::Entries;
use crate::environment::hashed_keys;
use crate::environment::lock::DirectoryLock;
use crate::environment::open::Opened;
use crate::error::Fault;
use crate::format::{DATA_FILE, META_NEXT_CLASS, META_NEXT_NAMESPACE};
use crate::repository::{Repository, Snapshot};
use crate::transaction::bindings::Bindings;
use crate::transaction::references::{self, Target};
use crate::transaction::view::View;

/// The number of problems after which further ones are not reported.
const MOST_PROBLEMS: usize = 100;
/// The number of snapshots that are tried while others commit faster than the file is opened.
const ATTEMPTS: usize = 100;

/// The result of [`Repository::verify`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Verification {
    /// The number of pages of the file in use.
    pub pages: u64,
    /// The number of namespaces.
    pub namespaces: u64,
    /// The number of stored classes.
    pub classes: u64,
    /// The number of stored instances.
    pub instances: u64,
    /// The problems, each with the object that it is about; at most a hundred.
    pub problems: Vec<String>,
}

impl Verification {
    /// Whether there is no problem.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Repository {
    /// The problems of the data file in `dir`, at most a hundred. The file is read without LMDB, so
    /// it may be too damaged to be opened. No process may have the repository open.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where a process has it open;
    /// `WBEM_E_NOT_FOUND`; `WBEM_E_DATABASE_VER_MISMATCH`.
    pub fn examine(dir: impl AsRef<Path>) -> cim::Result<Vec<String>> {
        let dir = dir.as_ref();
        let file = File::open(dir.join(DATA_FILE)).map_err(|error| Fault::from(error).at(dir))?;
        let _lock = DirectoryLock::alone(dir)?;
        match check::check_newest(&file) {
            Ok(checked) => Ok(checked.problems),
            Err(fault) => fault.damage().map(|what| vec![what]).ok_or_else(|| fault.at(dir)),
        }
    }

    /// Verifies everything that is stored at one moment, while others read and write.
    /// Errors: only where the repository cannot be read at all; damage is part of the result.
    pub fn verify(&self) -> cim::Result<Verification> {
        self.look().map_err(|fault| fault.at(self.directory()))
    }

    pub(crate) fn look(&self) -> Result<Verification, Fault> {
        let file = File::open(self.directory().join(DATA_FILE))?;
        let (snapshot, checked) = self.check_file(&file)?;
        let found =
            Verification { pages: checked.pages, problems: checked.problems, ..Default::default() };
        if !found.is_clean() {
            return Ok(found); // LMDB must not follow damaged pages.
        }
        let mut verifier = Verifier::new(snapshot.view(), found);
        verifier.run()?;
        Ok(verifier.found)
    }

    fn check_file(&self, file: &File) -> Result<(Snapshot, Checked), Fault> {
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot()?;
            if let Some(checked) = check::check_version(file, snapshot.view().version())? {
                return Ok((snapshot, checked));
            }
        }
        Err(Fault::damaged("its data file was replaced, or others write without pause"))
    }
}

/// Verifies the entries of an environment that no other process has open.
pub(crate) fn entries(opened: &Opened, dir: &Path) -> Result<Verification, Fault> {
    let (txn, bindings) = (opened.env.read_txn()?, Bindings::default());
    let view = View { txn: &txn, dbs: &opened.dbs, bindings: &bindings, dir, classes: NO_CLASSES };
    let mut verifier = Verifier::new(view, Verification::default());
    verifier.run()?;
    Ok(verifier.found)
}

/// What the checks of other entries need of a class.
struct Known {
    namespace: NamespaceId,
    root: ClassId,
    /// As `root\cimv2:CIM_X`.
    path: String,
    layouts: Layouts,
}

/// The kinds of the fields of a class's layouts, by number.
pub(crate) type Layouts = BTreeMap<u16, Vec<Kind>>;

struct Verifier<'t> {
    view: View<'t>,
    found: Verification,
    classes: BTreeMap<ClassId, Known>,
}

impl<'t> Verifier<'t> {
    fn new(view: View<'t>, found: Verification) -> Self {
        Verifier { view, found, classes: BTreeMap::new() }
    }

    fn run(&mut self) -> Result<(), Fault> {
        let namespaces = self.namespaces()?;
        self.all_classes(&namespaces)?;
        self.definitions()?;
        self.layouts()?;
        self.instances()?;
        self.locator()?;
        self.references()
    }

    fn problem(&mut self, problem: String) {
        if self.found.problems.len() < MOST_PROBLEMS {
            self.found.problems.push(problem);
        }
    }

    /// The value, or a problem with `of`.
    fn check<T>(&mut self, of: impl FnOnce() -> String, read: Result<T, Fault>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                self.problem(format!("{}: {}", of(), fault.message()));
                None
            }
        }
    }

    fn counter(&self, name: &[u8]) -> Result<u32, Fault> {
        let bytes = self.view.dbs.meta.get(self.view.txn, name)?;
        bytes.map_or(Ok(0), |bytes| Input::new(bytes).u32())
    }

    fn namespaces(&mut self) -> Result<BTreeMap<NamespaceId, Namespace>, Fault> {
        let next = self.counter(META_NEXT_NAMESPACE)?;
        let mut known: BTreeMap<NamespaceId, Namespace> = BTreeMap::new();
        for entry in self.view.dbs.namespaces.scan(self.view.txn, &[])? {
            let (folded, bytes) = entry?;
            let of = || format!("namespace {}", String::from_utf8_lossy(folded));
            let Some(entry) = self.check(of, NamespaceEntry::read(bytes)) else { continue };
            let Some(path) = self.check(of, entry.namespace()) else { continue };
            let descriptor = entry.security.descriptor.map(Descriptor::from_bytes).transpose();
            if descriptor.is_err() {
                self.problem(format!("{}: its security descriptor is invalid", of()));
            }
            let id = entry.id;
            self.found.namespaces += 1;
            if path.as_name().folded().as_bytes() != folded {
                self.problem(format!("{}: its entry belongs to {path}", of()));
            }
            if id.0 >= next {
                self.problem(format!("{}: its number was never assigned", of()));
            }
            if let Some(other) = known.insert(id, path) {
                self.problem(format!("{}: it has the same number as {other}", of()));
            }
        }
        let orphans: Vec<Namespace> = known
            .values()
            .filter(|path| path.parent().is_some_and(|p| !known.values().any(|other| *other == p)))
            .cloned()
            .collect();
        orphans
            .iter()
            .for_each(|path| self.problem(format!("namespace {path}: its parent does not exist")));
        if !known.values().any(|path| *path == Namespace::root()) {
            self.problem("namespace root does not exist".to_owned());
        }
        Ok(known)
    }

    fn all_classes(&mut self, namespaces: &BTreeMap<NamespaceId, Namespace>) -> Result<(), Fault> {
        let next = self.counter(META_NEXT_CLASS)?;
        let mut listed = 0;
        for (id, path) in namespaces {
            listed += self.classes_of(*id, path, next)?;
        }
        if self.view.dbs.classes.0.len(self.view.txn)? != listed {
            self.problem("there are classes of unknown namespaces".to_owned());
        }
        Ok(())
    }

    /// The number of entries.
    fn classes_of(&mut self, ns: NamespaceId, path: &Namespace, next: u32) -> Result<u64, Fault> {
        let mut above: BTreeMap<Name, Option<Name>> = BTreeMap::new();
        let mut listed = 0;
        for entry in self.view.dbs.classes.scan(self.view.txn, &ns.prefix())? {
            let (folded, bytes) = entry?;
            listed += 1;
            let of = || format!("class {path}:{}", String::from_utf8_lossy(folded));
            let Some(entry) = self.check(of, ClassEntry::read(bytes)) else { continue };
            if cim::name::fold(entry.name).as_bytes() != folded {
                self.problem(format!("{}: its entry belongs to {}", of(), entry.name));
            }
            if entry.id.0 >= next {
                self.problem(format!("{}: its number was never assigned", of()));
            }
            self.found.classes += u64::from(entry.is_stored);
            // A class of which only the name is stored has no superclass here.
            above.insert(entry.name.into(), entry.superclass.map(Name::from));
            let body = self.definition(&entry);
            self.check(of, body);
            let path = format!("{path}:{}", entry.name);
            let root = entry.root;
            let known = Known { namespace: ns, root, path, layouts: Layouts::new() };
            if let Some(other) = self.classes.insert(entry.id, known) {
                self.problem(format!("{}: it has the same number as {}", of(), other.path));
            }
        }
        self.derivation(path, &above);
        Ok(listed)
    }

    /// Checks that the definition of a class can be read and agrees with its entry.
    fn definition(&self, entry: &ClassEntry<'_>) -> Result<(), Fault> {
        let bytes = self.view.dbs.definitions.get(self.view.txn, &entry.id.prefix())?;
        definition_agrees(entry, bytes)
    }

    fn derivation(&mut self, path: &Namespace, above: &BTreeMap<Name, Option<Name>>) {
        for (name, superclass) in above {
            let mut seen = BTreeSet::from([name]);
            let mut next = superclass.as_ref();
            while let Some(up) = next {
                if !seen.insert(up) {
                    self.problem(format!("class {path}:{name}: it derives from itself"));
                    break;
                }
                next = match above.get(up) {
                    Some(further) => further.as_ref(),
                    None => {
                        // Reported once, for the class that derives from it directly.
                        if !up.is_system() && seen.len() == 2 {
                            let problem = format!("its superclass {up} does not exist");
                            self.problem(format!("class {path}:{name}: {problem}"));
                        }
                        break;
                    }
                };
            }
        }
    }

    /// The class of an entry whose key begins with the number of one.
    fn class_of<'k>(&mut self, what: &str, key: &'k [u8]) -> Option<(ClassId, &'k [u8])> {
        let split = key.split_first_chunk::<4>();
        let (id, rest) = split.map(|(id, rest)| (ClassId(u32::from_be_bytes(*id)), rest))?;
        if self.classes.contains_key(&id) {
            return Some((id, rest));
        }
        self.problem(format!("{what} {key:02x?}: no class has its number"));
        None
    }

    fn path(&self, id: ClassId) -> &str {
        self.classes.get(&id).map_or("?", |known| &known.path)
    }

    fn definitions(&mut self) -> Result<(), Fault> {
        for entry in self.view.dbs.definitions.scan(self.view.txn, &[])? {
            self.class_of("definition", entry?.0);
        }
        Ok(())
    }

    fn layouts(&mut self) -> Result<(), Fault> {
        for entry in self.view.dbs.layouts.scan(self.view.txn, &[])? {
            let (key, bytes) = entry?;
            let Some((id, number)) = self.class_of("layout", key) else { continue };
            let of = format!("class {}: layout {number:02x?}", self.path(id));
            let mut input = Input::new(bytes);
            let read = Layout::read(&mut input).and_then(|l| input.finish().map(|()| l));
            let Some(layout) = self.check(|| of.clone(), read) else { continue };
            match (<[u8; 2]>::try_from(number), self.classes.get_mut(&id)) {
                (Ok(number), Some(known)) => {
                    let kinds = layout.fields().iter().map(|f| f.kind).collect();
                    known.layouts.insert(u16::from_be_bytes(number), kinds);
                }
                _ => self.problem(format!("{of}: its number is invalid")),
            }
        }
        Ok(())
    }

    fn instances(&mut self) -> Result<(), Fault> {
        let ids: Vec<ClassId> = self.classes.keys().copied().collect();
        let mut counted = 0;
        for id in ids {
            for entry in self.view.dbs.instances.scan(self.view.txn, &id.prefix())? {
                let (key, bytes) = entry?;
                counted += 1;
                let read = self.check_instance(id, key, bytes);
                let of = || format!("instance {} {}", self.path(id), shown(key));
                let of = read.is_err().then(of).unwrap_or_default();
                self.check(|| of, read);
            }
        }
        self.found.instances = counted;
        self.check_all_belong("instances", self.view.dbs.instances.0, counted)
    }

    /// Checks that the record can be read, and that the locator and the references lead to it.
    fn check_instance(&self, id: ClassId, key: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let Some(known) = self.classes.get(&id) else { return Ok(()) };
        read_record(&known.layouts, bytes)?;
        self.check_locator(id, key)?;
        for target in targets(&known.layouts, bytes)? {
            let prefix = target.of_class(known.namespace, id);
            if self.view.dbs.references.get(self.view.txn, &prefix, key)?.is_none() {
                return Err(Fault::damaged("the entry of one of its references is missing"));
            }
        }
        Ok(())
    }

    /// Checks that the locator leads to the instance, if it is not under its root class, and that
    /// no other instance has its identity.
    fn check_locator(&self, id: ClassId, key: &[u8]) -> Result<(), Fault> {
        let root = self.classes.get(&id).map_or(id, |known| known.root);
        if root == id {
            return Ok(());
        }
        let (view, prefix) = (&self.view, root.prefix());
        let located = view.dbs.locator.get(view.txn, &prefix, key)?;
        match located.map(|bytes| Input::new(bytes).u32()).transpose()? {
            Some(exact) if exact == id.0 => {}
            Some(_) => return Err(Fault::damaged("the locator leads to another class")),
            None => return Err(Fault::damaged("its entry in the locator is missing")),
        }
        match view.dbs.instances.get(view.txn, &prefix, key)? {
            None => Ok(()),
            Some(_) => Err(Fault::damaged("an instance of a superclass has the same identity")),
        }
    }

    fn locator(&mut self) -> Result<(), Fault> {
        let ids: Vec<ClassId> = self.classes.keys().copied().collect();
        let mut counted = 0;
        for root in ids {
            for entry in self.view.dbs.locator.scan(self.view.txn, &root.prefix())? {
                let (key, bytes) = entry?;
                counted += 1;
                let read = self.check_located(root, key, bytes);
                let of = || format!("locator of {} {}", self.path(root), shown(key));
                let of = read.is_err().then(of).unwrap_or_default();
                self.check(|| of, read);
            }
        }
        self.check_all_belong("entries of the locator", self.view.dbs.locator.0, counted)
    }

    fn check_located(&self, root: ClassId, key: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let mut input = Input::new(bytes);
        let exact = ClassId(input.u32()?);
        input.finish()?;
        if self.classes.get(&exact).is_none_or(|known| known.root != root) {
            return Err(Fault::damaged("it leads to a class outside the family"));
        }
        match self.view.dbs.instances.get(self.view.txn, &exact.prefix(), key)? {
            Some(_) => Ok(()),
            None => Err(Fault::damaged("it leads to an instance that does not exist")),
        }
    }

    fn references(&mut self) -> Result<(), Fault> {
        for entry in self.view.dbs.references.0.scan(self.view.txn, &[])? {
            let (entry, value) = entry?;
            let read = self.check_reference(entry, value);
            let of = || format!("reference {entry:02x?}");
            let of = read.is_err().then(of).unwrap_or_default();
            self.check(|| of, read);
        }
        Ok(())
    }

    /// Checks that an instance has the reference of an entry.
    fn check_reference(&self, entry: &[u8], value: &[u8]) -> Result<(), Fault> {
        let (prefix, key, rest) = hashed_keys::split(entry, value, references::PREFIX)?;
        Input::new(rest).finish()?;
        let prefix = prefix.try_into().map_err(|_| Fault::damaged("its key is truncated"))?;
        let (namespace, target, class) = references::split(prefix);
        let known = self.classes.get(&class).filter(|known| known.namespace == namespace);
        let known = known.ok_or_else(|| Fault::damaged("its class does not exist"))?;
        let of = |what| Fault::damaged(format!("it is from {} {}, {what}", known.path, shown(key)));
        let record = self.view.dbs.instances.get(self.view.txn, &class.prefix(), key)?;
        let record = record.ok_or_else(|| of("which does not exist"))?;
        // A record that cannot be read was reported already.
        let Ok(targets) = targets(&known.layouts, record) else { return Ok(()) };
        if targets.contains(&target) { Ok(()) } else { Err(of("which does not have it")) }
    }

    fn check_all_belong(
        &mut self,
        what: &str,
        database: Entries,
        counted: u64,
    ) -> Result<(), Fault> {
        if database.len(self.view.txn)? != counted {
            self.problem(format!("there are {what} of unknown classes"));
        }
        Ok(())
    }
}

/// Checks that this definition can be read and belongs to the class.
pub(crate) fn definition_agrees(
    entry: &ClassEntry<'_>,
    definition: Option<&[u8]>,
) -> Result<(), Fault> {
    let mut input =
        Input::new(definition.ok_or_else(|| Fault::damaged("its definition is missing"))?);
    let agrees = if entry.is_stored {
        let class = declaration(&mut input, NO_CLASSES, 0)?;
        class.name.as_str() == entry.name
            && class.superclass.as_ref().map(Name::as_str) == entry.superclass
    } else {
        input.text()? == entry.name
    };
    input.finish()?;
    match agrees {
        true => Ok(()),
        false => Err(Fault::damaged("its definition belongs to another class")),
    }
}

/// Checks that a record can be read, which does not depend on its class.
pub(crate) fn read_record(layouts: &Layouts, bytes: &[u8]) -> Result<(), Fault> {
    let mut input = Input::new(bytes);
    let kinds = kinds_of(layouts, &mut input)?;
    record::read(&mut input, kinds, NO_CLASSES, 0)?;
    input.finish()
}

/// The targets of the instance with this record.
pub(crate) fn targets(layouts: &Layouts, bytes: &[u8]) -> Result<Vec<Target>, Fault> {
    let mut input = Input::new(bytes);
    references::of_record(kinds_of(layouts, &mut input)?, &mut input)
}

fn kinds_of<'k>(layouts: &'k Layouts, input: &mut Input<'_>) -> Result<&'k [Kind], Fault> {
    let kinds = layouts.get(&input.u16()?).map(Vec::as_slice);
    kinds.ok_or_else(|| Fault::damaged("its layout is missing"))
}

/// The bytes of a key as text.
pub(crate) fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).trim_end_matches('\0').replace('\0', ", ")
}

#[cfg(test)]
mod tests;
