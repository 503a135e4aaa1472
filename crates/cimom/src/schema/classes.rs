//! The classes of one namespace at one moment: names are loaded eagerly, bodies on first use.
//!
//! A [`Schema`] is an immutable snapshot shared by `Arc`; readers never lock. It is made from the
//! stored classes that the repository lists and from the built-in system classes. Writers edit a
//! copy and publish it after their commit. Declarations are read from a [`Declarations`];
//! `cim::Class::derive` makes classes of them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use cim::derivation::MAX_DERIVATION;
use cim::status::{WBEM_E_CIRCULAR_REFERENCE, WBEM_E_CRITICAL_ERROR, WBEM_E_INVALID_SUPERCLASS};
use cim::{Class, ClassDeclaration, Name, Origin, Result};
use repository::NamespaceState;

use crate::call::access::Policy;
use crate::system;

/// A store of declarations: a snapshot or a writer of the repository.
pub trait Declarations {
    /// The declaration of a stored class; `None` if it is not stored.
    fn declaration(&self, class: &Name) -> Result<Option<ClassDeclaration>>;

    /// What the class is made of below `superclass`, where that is more than its declaration.
    fn amended(
        &self,
        declaration: Arc<ClassDeclaration>,
        _superclass: Option<&Class>,
    ) -> Result<Arc<ClassDeclaration>> {
        Ok(declaration)
    }

    /// A class from which a stored one derives and which is not stored itself: a provider has it.
    fn external_class(&self, class: &Name) -> Result<Option<Arc<Class>>>;
}

/// The classes of a namespace.
#[derive(Clone)]
pub struct Schema {
    origin: Arc<Origin>,
    /// The access policy of the namespace.
    policy: Arc<Policy>,
    /// The repository's number of the state this was made from.
    generation: u64,
    entries: HashMap<Name, Arc<Entry>>,
    /// The direct subclasses of each class that has any.
    subclasses: HashMap<Name, Vec<Name>>,
    /// The association classes, once they were asked for.
    associations: OnceLock<Vec<Arc<Class>>>,
    /// The names of the classes that derive from one which is not stored, once they were asked for.
    classes_with_external_superclass: OnceLock<Vec<Name>>,
}

struct Entry {
    name: Name,
    superclass: Option<Name>,
    /// For a class that is not stored.
    builtin: Option<Arc<ClassDeclaration>>,
    class: OnceLock<Arc<Class>>,
}

impl Schema {
    /// The schema of a namespace in this state with the `stored` classes (name and superclass)
    /// and the system classes it has. Errors: those of [`Policy::new`].
    pub fn new(
        origin: Arc<Origin>,
        state: &NamespaceState<'_>,
        stored: impl IntoIterator<Item = (Name, Option<Name>)>,
    ) -> Result<Self> {
        let mut schema = Schema {
            origin,
            policy: Arc::new(Policy::new(state.security)?),
            generation: state.generation,
            entries: HashMap::new(),
            subclasses: HashMap::new(),
            associations: OnceLock::new(),
            classes_with_external_superclass: OnceLock::new(),
        };
        let namespace = schema.origin.namespace.clone();
        for declaration in system::declarations(&namespace) {
            let superclass = declaration.superclass.clone();
            schema.list(declaration.name.clone(), superclass, Some(declaration));
        }
        for (name, superclass) in stored {
            schema.list(name, superclass, None);
        }
        Ok(schema)
    }

    /// The same classes, with the stored ones unresolved, so that they are made from another store.
    pub(super) fn clone_unresolved(&self) -> Self {
        let again = |entry: &Arc<Entry>| match entry.builtin {
            Some(_) => entry.clone(),
            None => Arc::new(Entry {
                name: entry.name.clone(),
                superclass: entry.superclass.clone(),
                builtin: None,
                class: OnceLock::new(),
            }),
        };
        Schema {
            entries: self.entries.iter().map(|(name, e)| (name.clone(), again(e))).collect(),
            associations: OnceLock::new(),
            ..self.clone()
        }
    }

    fn list(
        &mut self,
        name: Name,
        superclass: Option<Name>,
        builtin: Option<Arc<ClassDeclaration>>,
    ) {
        if let Some(above) = &superclass {
            self.subclasses.entry(above.clone()).or_default().push(name.clone());
        }
        let entry = Entry { name: name.clone(), superclass, builtin, class: OnceLock::new() };
        self.entries.insert(name, Arc::new(entry));
    }

    /// The access policy of the namespace.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Sets the access policy of the namespace.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = Arc::new(policy);
    }

    /// The state of the repository it was made from.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Says that it is the state `generation` of the repository.
    pub fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// Where the classes live.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Whether there is a class of this name.
    pub fn contains(&self, name: &Name) -> bool {
        self.entries.contains_key(name)
    }

    /// Whether the class is built in.
    pub fn is_builtin(&self, name: &Name) -> bool {
        self.entries.get(name).is_some_and(|e| e.builtin.is_some())
    }

    /// All names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries.keys()
    }

    /// The names of the classes that have no superclass.
    pub fn top_level(&self) -> impl Iterator<Item = &Name> {
        self.entries.values().filter(|e| e.superclass.is_none()).map(|e| &e.name)
    }

    /// The direct subclasses of `name`.
    pub fn subclasses(&self, name: &Name) -> &[Name] {
        self.subclasses.get(name).map_or(&[], Vec::as_slice)
    }

    /// All classes below `name`, each after its superclass.
    pub fn descendants(&self, name: &Name) -> Vec<Name> {
        let mut found: Vec<Name> = self.subclasses(name).to_vec();
        if found.is_empty() {
            return found;
        }
        // A damaged store could hold a cycle; each class is taken once.
        let mut seen: HashSet<Name> = found.iter().cloned().chain([name.clone()]).collect();
        let mut next = 0;
        while let Some(at) = found.get(next).cloned() {
            let below = self.subclasses(&at).iter().filter(|n| seen.insert((*n).clone()));
            found.extend(below.cloned());
            next += 1;
        }
        found
    }

    /// The class `name`, if it was made already.
    pub fn made(&self, name: &Name) -> Option<&Arc<Class>> {
        self.entries.get(name)?.class.get()
    }

    /// The stored classes that derive, however far up, from one that is not stored.
    pub fn classes_with_external_superclass(&self) -> &[Name] {
        self.classes_with_external_superclass.get_or_init(|| {
            let has_external_superclass = |entry: &&Arc<Entry>| {
                let above = |entry: &Arc<Entry>| {
                    let superclass = entry.superclass.as_ref()?;
                    self.entries.get(superclass).cloned()
                };
                // A damaged store could hold a cycle, which has no end to be found.
                let chain = std::iter::successors(Some((*entry).clone()), above);
                chain.take(MAX_DERIVATION).last().is_some_and(|top| top.superclass.is_some())
            };
            let mut classes_with_external_superclass: Vec<Name> = self
                .entries
                .values()
                .filter(has_external_superclass)
                .map(|entry| entry.name.clone())
                .collect();
            classes_with_external_superclass.sort();
            classes_with_external_superclass
        })
    }

    /// Whether `name` is one of these.
    pub fn has_external_superclass(&self, name: &Name) -> bool {
        self.classes_with_external_superclass().binary_search(name).is_ok()
    }

    /// The class `name`, made when first asked for. One that derives from a class which is not
    /// stored is made each time, because that one may be another the next time.
    /// Errors: `WBEM_E_INVALID_SUPERCLASS` where a superclass is nowhere; what keeps a stored
    /// declaration from being a class (a damaged repository).
    pub fn class(&self, name: &Name, store: &dyn Declarations) -> Result<Option<Arc<Class>>> {
        let Some(entry) = self.entries.get(name) else { return Ok(None) };
        if let Some(class) = entry.class.get() {
            return Ok(Some(class.clone()));
        }
        // From the class upwards to the first that is made, then down again.
        let mut chain = vec![entry];
        let mut parent: Option<Arc<Class>> = None;
        let mut has_external_superclass = false;
        while let Some(above) = &chain[chain.len() - 1].superclass {
            let Some(entry) = self.entries.get(above) else {
                parent = store.external_class(above)?;
                has_external_superclass = true;
                if parent.is_none() {
                    return Err(nowhere(name, above));
                }
                break;
            };
            if let Some(class) = entry.class.get() {
                parent = Some(class.clone());
                break;
            }
            if chain.len() > MAX_DERIVATION {
                return Err(WBEM_E_CIRCULAR_REFERENCE.with(format!(
                    "class {name} is its own superclass or has more than {MAX_DERIVATION}"
                )));
            }
            chain.push(entry);
        }
        for entry in chain.into_iter().rev() {
            let declaration = store.amended(self.declaration(entry, store)?, parent.as_deref())?;
            let class = Class::derive(declaration, parent, Some(self.origin.clone()))?;
            parent = Some(match has_external_superclass {
                true => class,
                false => entry.class.get_or_init(|| class).clone(),
            });
        }
        Ok(parent)
    }

    /// All association classes in order of their names, but those among [`Schema::classes_with_external_superclass`]. To
    /// find them every class is made, once in the life of the schema.
    /// Errors: as [`Schema::class`].
    pub fn associations(&self, store: &dyn Declarations) -> Result<&[Arc<Class>]> {
        if let Some(found) = self.associations.get() {
            return Ok(found);
        }
        let classes_with_external_superclass = self.classes_with_external_superclass();
        let mut names: Vec<&Name> = self
            .names()
            .filter(|name| classes_with_external_superclass.binary_search(name).is_err())
            .collect();
        names.sort();
        let mut found = Vec::new();
        for name in names {
            found.extend(self.class(name, store)?.filter(|class| class.is_association()));
        }
        Ok(self.associations.get_or_init(|| found))
    }

    fn declaration(
        &self,
        entry: &Entry,
        store: &dyn Declarations,
    ) -> Result<Arc<ClassDeclaration>> {
        if let Some(builtin) = &entry.builtin {
            return Ok(builtin.clone());
        }
        let stored = store.declaration(&entry.name)?;
        stored.map(Arc::new).ok_or_else(|| {
            WBEM_E_CRITICAL_ERROR
                .with(format!("class {} is listed but not stored; run wmi repo verify", entry.name))
        })
    }

    /// Replaces the class of this name by `class`. Its subclasses are made again on their next use.
    pub fn put(&mut self, class: Arc<Class>) {
        let name = class.name().clone();
        let builtin = self.entries.get(&name).and_then(|e| e.builtin.clone());
        let stale = if self.contains(&name) { self.descendants(&name) } else { Vec::new() };
        self.unlist(&name);
        self.list(name.clone(), class.superclass().map(|s| s.name().clone()), builtin);
        if class.ancestors().all(|above| self.contains(above.name())) {
            // The entry is new and not shared, so it is empty.
            let _ = self.entries[&name].class.set(class);
        }
        for below in stale {
            let old = &self.entries[&below];
            let entry = Entry {
                name: old.name.clone(),
                superclass: old.superclass.clone(),
                builtin: old.builtin.clone(),
                class: OnceLock::new(),
            };
            self.entries.insert(below, Arc::new(entry));
        }
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &Name) {
        self.unlist(name);
        self.subclasses.remove(name);
    }

    fn unlist(&mut self, name: &Name) {
        self.associations = OnceLock::new();
        self.classes_with_external_superclass = OnceLock::new();
        let superclass = self.entries.remove(name).and_then(|e| e.superclass.clone());
        if let Some(siblings) = superclass.and_then(|above| self.subclasses.get_mut(&above)) {
            siblings.retain(|n| n != name);
        }
    }
}

/// That a stored class has lost what it derives from.
fn nowhere(name: &Name, above: &Name) -> cim::Error {
    WBEM_E_INVALID_SUPERCLASS.with(format!(
        "class {name} derives from {above}, which is not stored and which no provider has; register \
         the provider of {above} again, or delete class {name}"
    ))
}
