//! The classes of a namespace in one operation: the stored classes joined with those of class
//! providers.
//!
//! Class providers are called when an operation needs a class that is not stored, each at most once
//! for the same request in one operation. Provided classes are derived like stored ones, from
//! stored or provided classes, and stored classes may derive from them. A stored class has priority
//! over a provided one of its name, the first provider's definition over another's. The result is
//! dropped with the operation (behaviour.md A.1, A.3-A.5; ruling I-4).

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use cim::derivation::MAX_DERIVATION;
use cim::naming::check_class_length;
use cim::status::*;
use cim::{Class, ClassDeclaration, Error, Name, Result, SystemProperty, Value};
use wbem::{ClassProvider, ProviderContext};

use super::operation_view::View;
use crate::providers::{ClassSource, Interaction, PartialClassInfo};
use crate::schema::reference;

/// The provided classes that an operation has read.
#[derive(Default)]
pub(super) struct Provided {
    /// The providers that may be asked, once they were needed.
    sources: OnceCell<Vec<Arc<ClassSource>>>,
    /// Made when it is first needed: most operations concern stored classes alone.
    /// INVARIANT: not borrowed while a provider is called.
    learned: OnceCell<Box<RefCell<Learned>>>,
}

impl Provided {
    fn learned(&self) -> &RefCell<Learned> {
        self.learned.get_or_init(Box::default)
    }
}

#[derive(Default)]
struct Learned {
    declared: HashMap<Name, Declared>,
    /// The direct subclasses of each class among those declared.
    subclasses: HashMap<Name, Vec<Name>>,
    /// The classes made of the declarations and of the stored classes below them; `None` for a name
    /// that no provider declares.
    made: HashMap<Name, Option<Arc<Class>>>,
    /// Those that are being made.
    making: Vec<Name>,
    asked: HashSet<(usize, ClassRequest)>,
    /// Why a provider, by its place among the sources, is not asked again.
    failed: HashMap<usize, Error>,
}

/// A class as a provider declared it.
struct Declared {
    declaration: Arc<ClassDeclaration>,
    /// Which of the sources.
    source: usize,
    /// How others declare it, in the order in which they were asked.
    others: VecDeque<(usize, Arc<ClassDeclaration>)>,
}

/// What a provider can be asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
enum ClassRequest {
    Get(Name),
    DirectlyBelow(Name),
    Below(Name),
    TopLevel,
    All,
}

/// Which classes are to be listed.
pub enum Scope {
    All,
    TopLevel,
    /// One, as every provider defines it.
    One(Name),
    DirectlyBelow(Name),
    Below(Name),
    /// A class and all below it.
    Family(Name),
}

/// Classes that were looked for.
pub struct Listing {
    pub names: Vec<Name>,
    /// Why there may be more of them: what a provider failed with.
    pub failure: Option<Error>,
}

impl View<'_> {
    /// The class `name`, if there is one. Errors: what keeps it from being a class; those of a
    /// provider that may have it.
    pub fn find_class(&self, name: &Name) -> Result<Option<Arc<Class>>> {
        if let Some(class) = self.schema().made(name) {
            return Ok(Some(class.clone()));
        }
        if let Some(made) = self.provided.learned().borrow().made.get(name) {
            return Ok(made.clone());
        }
        if !self.schema().contains(name) {
            return self.provided_class(name);
        }
        let class = self.schema().class(name, self)?;
        if self.schema().made(name).is_none() {
            // It derives from a provided one, and stays the same as long as the operation lasts.
            self.provided.learned().borrow_mut().made.insert(name.clone(), class.clone());
        }
        Ok(class)
    }

    /// The class `name` as far as no provider has to be called for it: `None` where one has to be.
    pub(super) fn class_without_call(&self, name: &Name) -> Option<Option<Arc<Class>>> {
        let schema = self.schema();
        if let Some(class) = schema.made(name) {
            return Some(Some(class.clone()));
        }
        if let Some(made) = self.provided.learned().borrow().made.get(name) {
            return Some(made.clone());
        }
        let takes_call = match schema.contains(name) {
            true => schema.has_external_superclass(name),
            false => self.class_sources().is_ok_and(|sources| !sources.is_empty()),
        };
        (!takes_call).then(|| self.find_class(name).ok().flatten())
    }

    /// The class `name`. Errors: `missing` where there is none; `WBEM_E_QUOTA_VIOLATION` where
    /// there cannot be one, because the name is too long; those of [`View::find_class`].
    pub fn class(&self, name: &Name, missing: cim::WbemStatus) -> Result<Arc<Class>> {
        if let Some(class) = self.find_class(name)? {
            return Ok(class);
        }
        check_class_length(name.as_str())?;
        let namespace = &self.schema().origin().namespace;
        Err(missing.with(format!("class {name} not found in {namespace}")))
    }

    /// All classes below `name`, each after its superclass.
    /// Errors: those of a provider that may have some.
    pub fn descendants(&self, name: &Name) -> Result<Vec<Name>> {
        if self.class_sources()?.is_empty() {
            return Ok(self.schema().descendants(name));
        }
        let Listing { names, failure } = self.list(&Scope::Below(name.clone()))?;
        failure.map_or(Ok(names), Err)
    }

    /// The classes in `scope`, those of providers that can be asked.
    pub fn list(&self, scope: &Scope) -> Result<Listing> {
        let failure = self.learn(scope)?;
        let learned = self.provided.learned().borrow();
        let declared = |is_meant: &dyn Fn(&ClassDeclaration) -> bool| {
            let meant = learned.declared.iter().filter(|(_, d)| is_meant(&d.declaration));
            meant.map(|(name, _)| name.clone()).collect::<Vec<Name>>()
        };
        let names = match scope {
            Scope::All => {
                let stored = self.schema().names().cloned();
                stored.chain(declared(&|_| true)).collect()
            }
            Scope::TopLevel => {
                let stored = self.schema().top_level().cloned();
                stored.chain(declared(&|d| d.superclass.is_none())).collect()
            }
            Scope::One(name) => vec![name.clone()],
            Scope::DirectlyBelow(name) => self.directly_below(&learned, name),
            Scope::Below(name) => self.below(&learned, name),
            Scope::Family(name) => {
                let below = self.below(&learned, name);
                std::iter::once(name.clone()).chain(below).collect()
            }
        };
        Ok(Listing { names, failure })
    }

    /// The association classes that may refer to objects of `class`, and others, in order of their
    /// names. Providers that are not registered to refer to it are not asked.
    pub fn associations(&self, class: &Arc<Class>) -> Result<Cow<'_, [Arc<Class>]>> {
        let stored = self.schema().associations(self)?;
        let classes_with_external_superclass = self.schema().classes_with_external_superclass();
        let sources = self.class_sources()?;
        let referring: Vec<usize> =
            (0..sources.len()).filter(|&at| sources[at].may_refer_to(class)).collect();
        if referring.is_empty() && classes_with_external_superclass.is_empty() {
            return Ok(Cow::Borrowed(stored));
        }
        for &at in &referring {
            self.ask(at, ClassRequest::All)?;
        }
        if let Some(failure) = self.settle() {
            return Err(failure);
        }
        let mut names: Vec<Name> = {
            let learned = self.provided.learned().borrow();
            let meant = learned.declared.iter().filter(|(_, d)| referring.contains(&d.source));
            meant.map(|(name, _)| name.clone()).collect()
        };
        names.extend_from_slice(classes_with_external_superclass);
        let mut found = stored.to_vec();
        for name in &names {
            // A stored class that has lost its superclass is no association any more.
            let class = self.find_class(name).ok().flatten();
            found.extend(class.filter(|class| class.is_association()));
        }
        found.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(Cow::Owned(found))
    }

    /// Whether a provider may supply the class `name`, as far as the registrations show without a
    /// call.
    pub fn may_be_provided(&self, name: &Name) -> Result<bool> {
        let sources = self.class_sources()?;
        let may = |known: &PartialClassInfo<'_>| {
            sources.iter().any(|s| s.may_supply(known) != Some(false))
        };
        Ok(!self.schema().contains(name) && !sources.is_empty() && by_name(name, may))
    }

    /// Whether several providers define the class `name`, according to every provider that may
    /// supply it. A provider that fails is ignored: the class exists without it.
    pub fn is_duplicate(&self, name: &Name) -> Result<bool> {
        if !self.schema().contains(name) {
            self.learn(&Scope::One(name.clone()))?;
        }
        Ok(self.has_several_definitions(name))
    }

    /// Whether several of the providers that were asked define the class `name`, each of them one
    /// that it is registered to supply.
    pub fn has_several_definitions(&self, name: &Name) -> bool {
        let others = match self.provided.learned().borrow().declared.get(name) {
            Some(declared) if !declared.others.is_empty() => declared.others.clone(),
            _ => return false,
        };
        let sources = self.provided.sources.get();
        others.into_iter().any(|(at, declaration)| {
            let source = sources.and_then(|sources| sources.get(at));
            let class = self.derive(declaration);
            source.zip(class.ok()).is_some_and(|(source, class)| source.supplies(&class))
        })
    }

    /// The provider that has the class `name`, if it is not stored.
    /// Errors: those of [`View::find_class`].
    pub fn provider_of(&self, name: &Name) -> Result<Option<&Arc<ClassSource>>> {
        self.find_class(name)?;
        let source = self.provided.learned().borrow().declared.get(name).map(|d| d.source);
        Ok(source.and_then(|at| self.provided.sources.get()?.get(at)))
    }

    /// `class` and those above it that are not stored.
    pub fn provided_among(&self, class: &Arc<Class>) -> Vec<Arc<Class>> {
        let all = std::iter::once(class).chain(class.ancestors());
        all.filter(|class| !self.schema().contains(class.name())).cloned().collect()
    }

    /// The pull providers of this namespace.
    pub fn class_sources(&self) -> Result<&[Arc<ClassSource>]> {
        if let Some(sources) = self.provided.sources.get() {
            return Ok(sources);
        }
        let read = self.runtime().class_sources(&self.stored)?;
        let is_pull = |source: &&Arc<ClassSource>| source.interaction == Interaction::Pull;
        let sources = read.iter().filter(is_pull).cloned().collect();
        Ok(self.provided.sources.get_or_init(|| sources))
    }

    /// Asks a provider of classes for anything. Nothing of the repository is held meanwhile.
    pub fn ask_class_provider<T>(
        &self,
        source: &ClassSource,
        ask: impl FnOnce(&dyn ClassProvider, &ProviderContext) -> Result<T>,
    ) -> Result<T> {
        let provider = self.runtime().load(&self.stored, self.context(), source.usable()?)?;
        let classes =
            provider.native().classes.clone().ok_or_else(|| provider.provides_no("classes"))?;
        self.without_snapshot(|| provider.call(self.context(), |context| ask(&*classes, context)))
    }

    fn directly_below(&self, learned: &Learned, name: &Name) -> Vec<Name> {
        let provided = learned.subclasses.get(name).into_iter().flatten();
        self.schema().subclasses(name).iter().chain(provided).cloned().collect()
    }

    fn below(&self, learned: &Learned, name: &Name) -> Vec<Name> {
        let mut found = self.directly_below(learned, name);
        let mut seen: HashSet<Name> = found.iter().cloned().chain([name.clone()]).collect();
        let mut next = 0;
        while let Some(at) = found.get(next).cloned() {
            let below = self.directly_below(learned, &at);
            found.extend(below.into_iter().filter(|name| seen.insert(name.clone())));
            next += 1;
        }
        found
    }

    /// Asks the providers that may have classes in `scope`, and gives what the first of those that
    /// fail fails with.
    fn learn(&self, scope: &Scope) -> Result<Option<Error>> {
        let sources = self.class_sources()?;
        if sources.is_empty() {
            return Ok(None);
        }
        let may_supply = |known: &PartialClassInfo<'_>| -> Vec<usize> {
            let may = |at: &usize| sources[*at].may_supply(known) != Some(false);
            (0..sources.len()).filter(may).collect()
        };
        let questions: Vec<(usize, ClassRequest)> = match scope {
            Scope::All => (0..sources.len()).map(|at| (at, ClassRequest::All)).collect(),
            Scope::TopLevel => (0..sources.len()).map(|at| (at, ClassRequest::TopLevel)).collect(),
            Scope::One(name) if self.schema().contains(name) => Vec::new(),
            Scope::One(name) => {
                let named = |at| (at, self.question_of(at, name));
                by_name(name, |known| may_supply(known).into_iter().map(named).collect())
            }
            Scope::DirectlyBelow(name) | Scope::Below(name) | Scope::Family(name) => {
                let Some(class) = self.find_class(name)? else { return Ok(None) };
                let may = self.below_class(&class, may_supply);
                let question = match scope {
                    Scope::DirectlyBelow(_) => ClassRequest::DirectlyBelow(name.clone()),
                    // Between the class and its own the provider knows no others.
                    _ if may.len() == 1 && self.schema().subclasses(name).is_empty() => {
                        ClassRequest::Below(name.clone())
                    }
                    _ => ClassRequest::All,
                };
                may.into_iter().map(|at| (at, question.clone())).collect()
            }
        };
        let mut failure = None;
        for (at, question) in questions {
            if let Err(e) = self.ask(at, question) {
                failure.get_or_insert(e);
            }
        }
        Ok(self.settle().or(failure))
    }

    /// Tells `decide` what is known of a class that is below `class`.
    fn below_class<T>(&self, class: &Arc<Class>, decide: impl Fn(&PartialClassInfo<'_>) -> T) -> T {
        let isa = |other: &Name| match class.is_a(other.as_str()) {
            true => Some(true),
            // It cannot be below a stored class that is neither above nor below the other.
            false if self.schema().contains(other) => match self.find_class(other) {
                Ok(Some(other)) if !other.is_a(class.name().as_str()) => Some(false),
                _ => None,
            },
            false => None,
        };
        let value = |property| match property {
            SystemProperty::Dynasty => Some(Value::string(class.dynasty().as_str())),
            _ => None,
        };
        decide(&PartialClassInfo { isa: &isa, value: &value })
    }

    /// The class `name`, which is not stored.
    fn provided_class(&self, name: &Name) -> Result<Option<Arc<Class>>> {
        let sources = self.class_sources()?;
        if sources.is_empty() || name.is_system() {
            return Ok(None);
        }
        let mut failure = None;
        for (at, source) in sources.iter().enumerate() {
            if let Some(class) = self.declared_class(name)? {
                return Ok(Some(class));
            }
            if by_name(name, |known| source.may_supply(known)) == Some(false) {
                continue;
            }
            if let Err(e) = self.ask(at, self.question_of(at, name)) {
                failure.get_or_insert(e);
            }
        }
        match (self.declared_class(name)?, failure) {
            (None, Some(failure)) => Err(failure),
            (class, _) => {
                self.provided.learned().borrow_mut().made.insert(name.clone(), class.clone());
                Ok(class)
            }
        }
    }

    /// How a provider is asked for one class: where it does not support that, for all.
    fn question_of(&self, at: usize, name: &Name) -> ClassRequest {
        let sources = self.provided.sources.get();
        match sources.is_some_and(|sources| sources[at].supports.get) {
            true => ClassRequest::Get(name.clone()),
            false => ClassRequest::All,
        }
    }

    /// The class made of what a provider declared.
    fn declared_class(&self, name: &Name) -> Result<Option<Arc<Class>>> {
        let (declaration, at) = {
            let mut learned = self.provided.learned().borrow_mut();
            if let Some(Some(class)) = learned.made.get(name) {
                return Ok(Some(class.clone()));
            }
            let Some(declared) = learned.declared.get(name) else { return Ok(None) };
            let found = (declared.declaration.clone(), declared.source);
            if learned.making.contains(name) || learned.making.len() >= MAX_DERIVATION {
                return Err(WBEM_E_CIRCULAR_REFERENCE.with(format!(
                    "class {name} is its own superclass or has more than {MAX_DERIVATION}"
                )));
            }
            learned.making.push(name.clone());
            found
        };
        let derived = self.derive(declaration);
        let source = &self.class_sources()?[at];
        let mut learned = self.provided.learned().borrow_mut();
        learned.making.pop();
        match derived {
            Ok(class) if source.supplies(&class) => {
                learned.made.insert(name.clone(), Some(class.clone()));
                Ok(Some(class))
            }
            // What it is not registered to supply it does not supply; another one may.
            Ok(_) => {
                learned.next(name);
                drop(learned);
                self.declared_class(name)
            }
            Err(e) => Err(e.by(&source.name)),
        }
    }

    fn derive(&self, declaration: Arc<ClassDeclaration>) -> Result<Arc<Class>> {
        let superclass = match &declaration.superclass {
            Some(above) => Some(self.find_class(above)?.ok_or_else(|| {
                WBEM_E_INVALID_SUPERCLASS.with(format!(
                    "superclass {above} of the provided class {} does not exist",
                    declaration.name
                ))
            })?),
            None => None,
        };
        let class = Class::derive(declaration, superclass, Some(self.schema().origin().clone()))?;
        reference::check(&class)?;
        Ok(class)
    }

    /// Makes classes of all that was declared; what cannot be made is left out, and the first
    /// reason for that given.
    fn settle(&self) -> Option<Error> {
        let names: Vec<Name> = {
            let learned = self.provided.learned().borrow();
            let is_open = |name: &&Name| !matches!(learned.made.get(*name), Some(Some(_)));
            learned.declared.keys().filter(is_open).cloned().collect()
        };
        let mut failure = None;
        for name in names {
            if let Err(e) = self.declared_class(&name) {
                self.provided.learned().borrow_mut().forget(&name);
                failure.get_or_insert(e);
            }
        }
        failure
    }

    /// Asks the provider at `at`, unless it was asked already, and takes down what it declares.
    fn ask(&self, at: usize, question: ClassRequest) -> Result<()> {
        let source = {
            let mut learned = self.provided.learned().borrow_mut();
            if let Some(failure) = learned.failed.get(&at) {
                return Err(failure.clone());
            }
            if learned.asked.contains(&(at, ClassRequest::All))
                || !learned.asked.insert((at, question.clone()))
            {
                return Ok(());
            }
            self.class_sources()?[at].clone()
        };
        let told = self.ask_class_provider(&source, |classes, context| match &question {
            ClassRequest::Get(name) => classes.get(name, context).map(|class| vec![class]),
            ClassRequest::DirectlyBelow(name) => classes.enumerate(Some(name), true, context),
            ClassRequest::Below(name) => classes.enumerate(Some(name), false, context),
            ClassRequest::TopLevel => classes.enumerate(None, true, context),
            ClassRequest::All => classes.enumerate(None, false, context),
        });
        let told = match (told, &question) {
            (Err(e), ClassRequest::Get(_)) if e.status() == WBEM_E_NOT_FOUND => Vec::new(),
            (Err(e), _) => {
                self.provided.learned().borrow_mut().failed.insert(at, e.clone());
                return Err(e);
            }
            (Ok(told), ClassRequest::Get(name)) if told.iter().any(|class| class.name != *name) => {
                return Err(WBEM_E_PROVIDER_FAILURE.with(format!(
                    "provider {} was asked for class {name} and gave another",
                    source.name
                )));
            }
            (Ok(told), _) => told,
        };
        told.into_iter().try_for_each(|class| self.declare(at, class))
    }

    fn declare(&self, at: usize, declaration: ClassDeclaration) -> Result<()> {
        declaration.check_names()?;
        let name = declaration.name.clone();
        if self.schema().contains(&name) {
            return Ok(());
        }
        let mut learned = self.provided.learned().borrow_mut();
        let declaration = Arc::new(declaration);
        if let Some(declared) = learned.declared.get_mut(&name) {
            let is_new =
                declared.source != at && declared.others.iter().all(|(other, _)| *other != at);
            if is_new {
                declared.others.push_back((at, declaration));
            }
            return Ok(());
        }
        // It may have been looked for and not found before.
        learned.made.remove(&name);
        learned.note(Declared { declaration, source: at, others: VecDeque::new() });
        Ok(())
    }
}

impl Learned {
    fn note(&mut self, declared: Declared) {
        let ClassDeclaration { name, superclass, .. } = &*declared.declaration;
        if let Some(above) = superclass {
            self.subclasses.entry(above.clone()).or_default().push(name.clone());
        }
        self.declared.insert(name.clone(), declared);
    }

    fn forget(&mut self, name: &Name) -> Option<Declared> {
        let declared = self.declared.remove(name)?;
        let above = declared.declaration.superclass.as_ref();
        if let Some(siblings) = above.and_then(|above| self.subclasses.get_mut(above)) {
            siblings.retain(|sibling| sibling != name);
        }
        Some(declared)
    }

    /// Passes over the declaration of `name` that counts, to that of the next provider.
    fn next(&mut self, name: &Name) {
        let Some(Declared { mut others, .. }) = self.forget(name) else { return };
        if let Some((source, declaration)) = others.pop_front() {
            self.note(Declared { declaration, source, others });
        }
    }
}

/// Tells `decide` what is known of a class of which nothing is known but its name.
fn by_name<T>(name: &Name, decide: impl FnOnce(&PartialClassInfo<'_>) -> T) -> T {
    let isa = |other: &Name| (other == name).then_some(true);
    let value =
        |property| (property == SystemProperty::Class).then(|| Value::string(name.as_str()));
    decide(&PartialClassInfo { isa: &isa, value: &value })
}
