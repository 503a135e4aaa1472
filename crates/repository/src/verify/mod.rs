//! Looks whether everything stored is whole: every page, every entry, every way from one to the
//! other.
//!
//! Reads one snapshot, first as a file ([`crate::data_file::check`]) and, where that is sound, through
//! LMDB. Repairs nothing.

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

/// After so many problems the rest is not told.
const MOST_PROBLEMS: usize = 100;
/// How often a snapshot is taken anew where others commit faster than its start is read.
const ATTEMPTS: usize = 100;

/// What [`Repository::verify`] found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Verification {
    /// How many pages of the file are in use.
    pub pages: u64,
    /// How many namespaces there are.
    pub namespaces: u64,
    /// How many classes are declared.
    pub classes: u64,
    /// How many instances are stored.
    pub instances: u64,
    /// What is wrong, each with the object that it is about; a hundred at most.
    pub problems: Vec<String>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Repository {
    /// What is wrong with the file of the repository in `dir`, a hundred problems at most; nobody
    /// may have it open. Also of one that is too damaged to be opened: it is read as a file.
    /// Errors: `WBEM_E_BACKUP_RESTORE_WINMGMT_RUNNING` where it is open anywhere;
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

    /// Looks whether everything stored is whole, as of one moment, while others read and write.
    /// Errors: only where it cannot be read at all; what is damaged is told in the result.
    pub fn verify(&self) -> cim::Result<Verification> {
        self.look().map_err(|fault| fault.at(self.directory()))
    }

    pub(crate) fn look(&self) -> Result<Verification, Fault> {
        let file = File::open(self.directory().join(DATA_FILE))?;
        let (snapshot, checked) = self.check_file(&file)?;
        let found =
            Verification { pages: checked.pages, problems: checked.problems, ..Default::default() };
        if !found.is_clean() {
            return Ok(found); // LMDB is not asked to follow what leads astray.
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
        Err(Fault::damaged("its data file was replaced, or others write without a pause"))
    }
}

/// Looks at the entries of an environment that nobody else has open.
pub(crate) fn entries(opened: &Opened, dir: &Path) -> Result<Verification, Fault> {
    let (txn, bindings) = (opened.env.read_txn()?, Bindings::default());
    let view = View { txn: &txn, dbs: &opened.dbs, bindings: &bindings, dir, classes: NO_CLASSES };
    let mut verifier = Verifier::new(view, Verification::default());
    verifier.run()?;
    Ok(verifier.found)
}

/// A class, for what refers to it.
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
                self.problem(format!("{}: its security descriptor is none", of()));
            }
            let id = entry.id;
            self.found.namespaces += 1;
            if path.as_name().folded().as_bytes() != folded {
                self.problem(format!("{}: its entry is that of {path}", of()));
            }
            if id.0 >= next {
                self.problem(format!("{}: its number was never given", of()));
            }
            if let Some(other) = known.insert(id, path) {
                self.problem(format!("{}: it has the number of {other}", of()));
            }
        }
        let orphans: Vec<Namespace> = known
            .values()
            .filter(|path| path.parent().is_some_and(|p| !known.values().any(|other| *other == p)))
            .cloned()
            .collect();
        orphans.iter().for_each(|path| self.problem(format!("namespace {path}: it lies in none")));
        if !known.values().any(|path| *path == Namespace::root()) {
            self.problem("namespace root is not there".to_owned());
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
            self.problem("there are classes that are in no namespace".to_owned());
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
                self.problem(format!("{}: its entry is that of {}", of(), entry.name));
            }
            if entry.id.0 >= next {
                self.problem(format!("{}: its number was never given", of()));
            }
            self.found.classes += u64::from(entry.is_stored);
            // What is known by its name alone has no superclass that anybody could look for.
            above.insert(entry.name.into(), entry.superclass.map(Name::from));
            let body = self.definition(&entry);
            self.check(of, body);
            let path = format!("{path}:{}", entry.name);
            let root = entry.root;
            let known = Known { namespace: ns, root, path, layouts: Layouts::new() };
            if let Some(other) = self.classes.insert(entry.id, known) {
                self.problem(format!("{}: it has the number of {}", of(), other.path));
            }
        }
        self.derivation(path, &above);
        Ok(listed)
    }

    /// Whether the definition of a class can be read and agrees with its entry.
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
                        // Told once, at the class that derives from it directly.
                        if !up.is_system() && seen.len() == 2 {
                            let problem = format!("its superclass {up} is not there");
                            self.problem(format!("class {path}:{name}: {problem}"));
                        }
                        break;
                    }
                };
            }
        }
    }

    /// The class to which an entry belongs whose key begins with the number of one.
    fn class_of<'k>(&mut self, what: &str, key: &'k [u8]) -> Option<(ClassId, &'k [u8])> {
        let split = key.split_first_chunk::<4>();
        let (id, rest) = split.map(|(id, rest)| (ClassId(u32::from_be_bytes(*id)), rest))?;
        if self.classes.contains_key(&id) {
            return Some((id, rest));
        }
        self.problem(format!("{what} {key:02x?}: there is no class with its number"));
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
                _ => self.problem(format!("{of}: its number is none")),
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
                let read = self.is_whole(id, key, bytes);
                let of = || format!("instance {} {}", self.path(id), shown(key));
                let of = read.is_err().then(of).unwrap_or_default();
                self.check(|| of, read);
            }
        }
        self.found.instances = counted;
        self.check_all_belong("instances", self.view.dbs.instances.0, counted)
    }

    /// Whether the record can be read, and all that has to leads to the instance.
    fn is_whole(&self, id: ClassId, key: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let Some(known) = self.classes.get(&id) else { return Ok(()) };
        read_record(&known.layouts, bytes)?;
        self.is_located(id, key)?;
        for target in targets(&known.layouts, bytes)? {
            let prefix = target.of_class(known.namespace, id);
            if self.view.dbs.references.get(self.view.txn, &prefix, key)?.is_none() {
                return Err(Fault::damaged("a reference that it holds does not lead back to it"));
            }
        }
        Ok(())
    }

    /// Whether the locator leads to the instance, if it has to, and no other has its identity.
    fn is_located(&self, id: ClassId, key: &[u8]) -> Result<(), Fault> {
        let root = self.classes.get(&id).map_or(id, |known| known.root);
        if root == id {
            return Ok(());
        }
        let (view, prefix) = (&self.view, root.prefix());
        let located = view.dbs.locator.get(view.txn, &prefix, key)?;
        match located.map(|bytes| Input::new(bytes).u32()).transpose()? {
            Some(exact) if exact == id.0 => {}
            Some(_) => return Err(Fault::damaged("the locator leads to another class")),
            None => return Err(Fault::damaged("the locator does not lead to it")),
        }
        match view.dbs.instances.get(view.txn, &prefix, key)? {
            None => Ok(()),
            Some(_) => Err(Fault::damaged("an instance of a superclass has its identity too")),
        }
    }

    fn locator(&mut self) -> Result<(), Fault> {
        let ids: Vec<ClassId> = self.classes.keys().copied().collect();
        let mut counted = 0;
        for root in ids {
            for entry in self.view.dbs.locator.scan(self.view.txn, &root.prefix())? {
                let (key, bytes) = entry?;
                counted += 1;
                let read = self.leads_to_instance(root, key, bytes);
                let of = || format!("locator of {} {}", self.path(root), shown(key));
                let of = read.is_err().then(of).unwrap_or_default();
                self.check(|| of, read);
            }
        }
        self.check_all_belong("entries of the locator", self.view.dbs.locator.0, counted)
    }

    fn leads_to_instance(&self, root: ClassId, key: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let mut input = Input::new(bytes);
        let exact = ClassId(input.u32()?);
        input.finish()?;
        if self.classes.get(&exact).is_none_or(|known| known.root != root) {
            return Err(Fault::damaged("it leads to a class that is not of the family"));
        }
        match self.view.dbs.instances.get(self.view.txn, &exact.prefix(), key)? {
            Some(_) => Ok(()),
            None => Err(Fault::damaged("it leads to an instance that is not there")),
        }
    }

    fn references(&mut self) -> Result<(), Fault> {
        for entry in self.view.dbs.references.0.scan(self.view.txn, &[])? {
            let (entry, value) = entry?;
            let read = self.is_held(entry, value);
            let of = || format!("reference {entry:02x?}");
            let of = read.is_err().then(of).unwrap_or_default();
            self.check(|| of, read);
        }
        Ok(())
    }

    /// Whether the entry of a reference is that of one that an instance holds.
    fn is_held(&self, entry: &[u8], value: &[u8]) -> Result<(), Fault> {
        let (prefix, key, rest) = hashed_keys::split(entry, value, references::PREFIX)?;
        Input::new(rest).finish()?;
        let prefix = prefix.try_into().map_err(|_| Fault::damaged("its key is cut off"))?;
        let (namespace, target, class) = references::split(prefix);
        let known = self.classes.get(&class).filter(|known| known.namespace == namespace);
        let known = known.ok_or_else(|| Fault::damaged("it is from a class that is not there"))?;
        let of = |what| Fault::damaged(format!("it is from {} {}, {what}", known.path, shown(key)));
        let record = self.view.dbs.instances.get(self.view.txn, &class.prefix(), key)?;
        let record = record.ok_or_else(|| of("which is not there"))?;
        // One that cannot be read was told of already.
        let Ok(targets) = targets(&known.layouts, record) else { return Ok(()) };
        if targets.contains(&target) { Ok(()) } else { Err(of("which does not hold it")) }
    }

    fn check_all_belong(
        &mut self,
        what: &str,
        database: Entries,
        counted: u64,
    ) -> Result<(), Fault> {
        if database.len(self.view.txn)? != counted {
            self.problem(format!("there are {what} that belong to no class"));
        }
        Ok(())
    }
}

/// Whether this definition can be read and is that of the class.
pub(crate) fn definition_agrees(
    entry: &ClassEntry<'_>,
    definition: Option<&[u8]>,
) -> Result<(), Fault> {
    let mut input = Input::new(definition.ok_or_else(|| Fault::damaged("it has no definition"))?);
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
        false => Err(Fault::damaged("its definition is that of another")),
    }
}

/// Whether a record can be read; of which class it is does not matter for that.
pub(crate) fn read_record(layouts: &Layouts, bytes: &[u8]) -> Result<(), Fault> {
    let mut input = Input::new(bytes);
    let kinds = kinds_of(layouts, &mut input)?;
    record::read(&mut input, kinds, NO_CLASSES, 0)?;
    input.finish()
}

/// What the instance with this record refers to.
pub(crate) fn targets(layouts: &Layouts, bytes: &[u8]) -> Result<Vec<Target>, Fault> {
    let mut input = Input::new(bytes);
    references::of_record(kinds_of(layouts, &mut input)?, &mut input)
}

fn kinds_of<'k>(layouts: &'k Layouts, input: &mut Input<'_>) -> Result<&'k [Kind], Fault> {
    let kinds = layouts.get(&input.u16()?).map(Vec::as_slice);
    kinds.ok_or_else(|| Fault::damaged("its layout is not there"))
}

/// The bytes of a key as far as they are text.
pub(crate) fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).trim_end_matches('\0').replace('\0', ", ")
}

#[cfg(test)]
mod tests;
