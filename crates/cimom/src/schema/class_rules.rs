//! What may be put as a class by a client: names, flags, existing classes, subclasses and
//! instances.
//!
//! Decides, changes nothing: returns the classes that must be written. This file has the order of
//! the checks (behaviour.md F.2, PutClass); the rules of names, derivation and change are `cim`'s.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::*;
use cim::update::{self, UpdateMode, allowed, change};
use cim::{Class, ClassDeclaration, Name, Result};
use wbem::Flags;

use crate::schema::classes::{Declarations, Schema};
use crate::schema::reference;

/// The flags that PutClass takes.
const PUT_CLASS: Flags = Flags::CREATE_ONLY
    .union(Flags::UPDATE_ONLY)
    .union(Flags::RETURN_IMMEDIATELY)
    .union(Flags::UPDATE_SAFE_MODE)
    .union(Flags::UPDATE_FORCE_MODE)
    .union(Flags::OWNER_UPDATE)
    .union(Flags::USE_AMENDED_QUALIFIERS);

/// The target of a put: the current schema, the store of declarations, and whether a class has
/// instances of its own.
pub struct SchemaContext<'a> {
    pub schema: &'a Schema,
    pub store: &'a dyn Declarations,
    pub has_instances: &'a dyn Fn(&Name) -> Result<bool>,
}

/// Whose rules hold for a class (architecture, "What is true where documents differ").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    Wmi,
    /// An abstract class may derive from one that is not, and an association may have more or fewer
    /// than two references.
    Dmtf,
}

impl Rules {
    /// Errors: those of the rules that DMTF's dialect does not have.
    fn check(self, class: &Class) -> Result<()> {
        match self {
            Rules::Wmi => class.check_abstract().and_then(|()| class.check_references()),
            Rules::Dmtf => Ok(()),
        }
    }
}

/// The classes to write so that `declaration` is put: itself, and in force mode the subclasses
/// from which a conflicting qualifier is taken.
pub fn put(
    declaration: &Arc<ClassDeclaration>,
    flags: Flags,
    rules: Rules,
    ground: &SchemaContext<'_>,
) -> Result<Vec<Arc<Class>>> {
    check_flags(flags)?;
    declaration.check_names()?;
    declaration.check_default_objects()?;
    let name = &declaration.name;
    let schema = ground.schema;
    let existing = schema.class(name, ground.store)?;
    let mode = check_mode(name, existing.is_some(), flags)?;
    let superclass = match &declaration.superclass {
        Some(above) => Some(superclass(name, above, ground)?),
        None => None,
    };
    let class = Class::derive(declaration.clone(), superclass, Some(schema.origin().clone()))?;
    rules.check(&class)?;
    reference::check(&class)?;
    check_narrowing(&class, ground)?;
    let Some(existing) = existing else { return Ok(vec![class]) };
    let below = schema.descendants(name);
    let mut has_instances = (ground.has_instances)(name)?;
    if has_instances && class.is_abstract() && !existing.is_abstract() {
        return Err(WBEM_E_CANNOT_BE_ABSTRACT
            .with(format!("class {name} has instances; delete them before it becomes abstract")));
    }
    for class in &below {
        has_instances = has_instances || (ground.has_instances)(class)?;
    }
    let weight = change(existing.declaration(), declaration);
    allowed(name, weight, mode, !below.is_empty(), has_instances)?;
    if !below.is_empty() && keys(&existing) != keys(&class) {
        return Err(WBEM_E_CLASS_HAS_CHILDREN.with(format!(
            "class {name} has subclasses, whose keys would change with its own; delete them first"
        )));
    }
    rederive(class, &below, mode, rules, ground)
}

/// Errors: those of the flags of PutClass; `WBEM_E_ALREADY_EXISTS`, `WBEM_E_NOT_FOUND` where they
/// ask for the class to be new, or not to be.
pub fn check_mode(name: &Name, exists: bool, flags: Flags) -> Result<UpdateMode> {
    let mode = check_flags(flags)?;
    match exists {
        true if flags.has(Flags::CREATE_ONLY) => {
            Err(WBEM_E_ALREADY_EXISTS.with(format!("class {name} exists already")))
        }
        false if flags.has(Flags::UPDATE_ONLY) => {
            Err(WBEM_E_NOT_FOUND.with(format!("class {name} does not exist")))
        }
        _ => Ok(mode),
    }
}

/// The class that was looked for; `None` also where what it derives from is nowhere, so that it
/// has no instances that could be read.
pub fn ok_if_superclass_missing(found: Result<Option<Arc<Class>>>) -> Result<Option<Arc<Class>>> {
    match found {
        Err(e) if e.status() == WBEM_E_INVALID_SUPERCLASS => Ok(None),
        other => other,
    }
}

/// The names of a class's keys, in their order.
fn keys(class: &Class) -> Vec<&Name> {
    class.keys().iter().map(|&slot| &class.properties()[usize::from(slot)].name).collect()
}

fn superclass(name: &Name, above: &Name, ground: &SchemaContext<'_>) -> Result<Arc<Class>> {
    let stored = ground.schema.class(above, ground.store)?;
    let class =
        stored.map_or_else(|| ground.store.external_class(above), |class| Ok(Some(class)))?;
    let class = class.ok_or_else(|| {
        WBEM_E_NOT_FOUND.with(format!("superclass {above} of class {name} does not exist"))
    })?;
    if class.is_a(name.as_str()) {
        return Err(WBEM_E_CIRCULAR_REFERENCE
            .with(format!("class {name} cannot derive from {above}, which derives from it")));
    }
    Ok(class)
}

/// Derives the classes in `below` again from the changed `class`; returns those that must be
/// written.
fn rederive(
    class: Arc<Class>,
    below: &[Name],
    mode: UpdateMode,
    rules: Rules,
    ground: &SchemaContext<'_>,
) -> Result<Vec<Arc<Class>>> {
    let mut changed = vec![class.clone()];
    let mut derived = HashMap::from([(class.name().clone(), class)]);
    for name in below {
        let Some(old) = ground.schema.class(name, ground.store)? else { continue };
        let parent = old.superclass().and_then(|s| derived.get(s.name()));
        let Some(parent) = parent.cloned() else { continue };
        let mut again = update::rederive(&old, parent, mode)?;
        // A class that only DMTF's rules allowed before is still checked by these.
        let rules = if rules.check(&old).is_ok() { rules } else { Rules::Dmtf };
        if rules == Rules::Wmi && mode == UpdateMode::Force && again.check_abstract().is_err() {
            again = without_abstract(&again)?;
        }
        check_narrowing(&again, ground).and_then(|()| rules.check(&again)).map_err(|e| {
            let conflict = format!("the change conflicts with subclass {name}: {}", e.message());
            WBEM_E_CLASS_HAS_CHILDREN.with(conflict)
        })?;
        if again.declaration() != old.declaration() {
            changed.push(again.clone());
        }
        derived.insert(name.clone(), again);
    }
    Ok(changed)
}

fn without_abstract(class: &Class) -> Result<Arc<Class>> {
    let mut declaration = ClassDeclaration::clone(class.declaration());
    declaration.qualifiers.remove("abstract");
    Class::derive(Arc::new(declaration), class.superclass().cloned(), class.origin().cloned())
}

/// A reference or an embedded object that overrides one is of the same class or of one below it
/// (behaviour.md G.7). This is checked only if both classes exist: the class that a declaration
/// names may be created later, or be in another namespace.
fn check_narrowing(class: &Class, ground: &SchemaContext<'_>) -> Result<()> {
    let Some(superclass) = class.superclass() else { return Ok(()) };
    for property in &class.declaration().properties {
        let Some(own) = &property.ty.class else { continue };
        let name = property.name.as_str();
        let Some(inherited) = superclass.property(name) else { continue };
        let Some(above) = &inherited.ty.class else { continue };
        let is_elsewhere = class.slot(name).is_some_and(|slot| reference::says_target(class, slot));
        if own == above || is_elsewhere || !ground.schema.contains(above) {
            continue;
        }
        let is_narrower = match own == class.name() {
            true => class.is_a(above.as_str()),
            false => ok_if_superclass_missing(ground.schema.class(own, ground.store))?
                .is_none_or(|own| own.is_a(above.as_str())),
        };
        if !is_narrower {
            return Err(WBEM_E_UPDATE_TYPE_MISMATCH.with(format!(
                "property {}.{name} holds {own}, which does not derive from {above}, the class \
                 that {} declares for it",
                class.name(),
                inherited.declared_in
            )));
        }
    }
    Ok(())
}

fn check_flags(flags: Flags) -> Result<UpdateMode> {
    flags.only("PutClass", PUT_CLASS)?.one_put_mode()?;
    match (flags.has(Flags::UPDATE_SAFE_MODE), flags.has(Flags::UPDATE_FORCE_MODE)) {
        (true, true) => {
            Err(WBEM_E_INVALID_PARAMETER.with("safe and force mode exclude each other"))
        }
        (true, false) => Ok(UpdateMode::Safe),
        (false, true) => Ok(UpdateMode::Force),
        (false, false) => Ok(UpdateMode::Compatible),
    }
}
