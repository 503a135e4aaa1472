//! What may be put as a class by a client: names, flags, existing classes, subclasses and
//! instances.
//!
//! Decides, changes nothing: gives the classes that must be written. Rules: behaviour.md F.2
//! (PutClass), G.2, G.7; the derivation itself is `cim`'s.

use std::sync::Arc;

use cim::derivation::MAX_PROPERTIES;
use cim::status::*;
use cim::update::{UpdateMode, allowed, change};
use cim::{Class, ClassDeclaration, Name, Result};
use wbem::Flags;

use crate::schema::{Declarations, Schema};

/// The longest name of a class, in characters.
pub(crate) const MAX_CLASS_NAME: usize = 4096;

/// The flags that PutClass takes.
const PUT_CLASS: Flags = Flags(
    Flags::CREATE_ONLY.0
        | Flags::UPDATE_ONLY.0
        | Flags::RETURN_IMMEDIATELY.0
        | Flags::UPDATE_SAFE_MODE.0
        | Flags::UPDATE_FORCE_MODE.0
        | Flags::OWNER_UPDATE.0
        | Flags::USE_AMENDED_QUALIFIERS.0,
);

/// What a class is put into: the schema as it is, where declarations come from, and whether a
/// class has instances of its own.
pub(crate) struct Ground<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) store: &'a dyn Declarations,
    pub(crate) has_instances: &'a dyn Fn(&Name) -> Result<bool>,
}

/// The classes to write so that `declaration` is put: itself, and in force mode the subclasses
/// from which a conflicting qualifier is taken.
pub(crate) fn put(
    declaration: &ClassDeclaration,
    flags: Flags,
    ground: &Ground<'_>,
) -> Result<Vec<Arc<Class>>> {
    let mode = check_flags(flags)?;
    check_names(declaration)?;
    let name = &declaration.name;
    let schema = ground.schema;
    let existing = schema.class(name, ground.store)?;
    match &existing {
        Some(_) if flags.has(Flags::CREATE_ONLY) => {
            return Err(WBEM_E_ALREADY_EXISTS.with(format!("class {name} exists already")));
        }
        None if flags.has(Flags::UPDATE_ONLY) => {
            return Err(WBEM_E_NOT_FOUND.with(format!("class {name} does not exist")));
        }
        _ => {}
    }
    let superclass = match &declaration.superclass {
        Some(above) => Some(superclass(name, above, ground)?),
        None => None,
    };
    let declaration = Arc::new(declaration.clone());
    let class = Class::derive(declaration.clone(), superclass, Some(schema.origin().clone()))?;
    let Some(existing) = existing else { return Ok(vec![class]) };
    let below = schema.descendants(name);
    let mut has_instances = (ground.has_instances)(name)?;
    for class in &below {
        has_instances = has_instances || (ground.has_instances)(class)?;
    }
    let weight = change(existing.declaration(), &declaration);
    allowed(name, weight, mode, !below.is_empty(), has_instances)?;
    rederive(class, &below, mode, ground)
}

fn superclass(name: &Name, above: &Name, ground: &Ground<'_>) -> Result<Arc<Class>> {
    let class = ground.schema.class(above, ground.store)?.ok_or_else(|| {
        WBEM_E_NOT_FOUND.with(format!("superclass {above} of class {name} does not exist"))
    })?;
    if class.is_a(name.as_str()) {
        return Err(WBEM_E_CIRCULAR_REFERENCE
            .with(format!("class {name} cannot derive from {above}, which derives from it")));
    }
    Ok(class)
}

/// Derives all that is `below` anew from the changed `class`; gives what must be written.
fn rederive(
    class: Arc<Class>,
    below: &[Name],
    mode: UpdateMode,
    ground: &Ground<'_>,
) -> Result<Vec<Arc<Class>>> {
    let origin = ground.schema.origin();
    let mut changed = vec![class.clone()];
    let mut derived = vec![class];
    for name in below {
        let Some(old) = ground.schema.class(name, ground.store)? else { continue };
        let parent = old.superclass().and_then(|s| derived.iter().find(|d| d.name() == s.name()));
        let parent = parent.or(old.superclass()).cloned();
        let declaration = old.declaration().clone();
        let again = Class::derive(declaration.clone(), parent.clone(), Some(origin.clone()));
        let again = match (again, mode) {
            (Ok(class), _) => class,
            (Err(_), UpdateMode::Force) => {
                let class = without_conflicts(&declaration, parent, origin)
                    .map_err(|e| has_children(name, &e))?;
                changed.push(class.clone());
                class
            }
            (Err(e), _) => return Err(has_children(name, &e)),
        };
        derived.push(again);
    }
    Ok(changed)
}

fn has_children(name: &Name, why: &cim::Error) -> cim::Error {
    WBEM_E_CLASS_HAS_CHILDREN.with(format!("the change conflicts with subclass {name}: {why}"))
}

/// The class without the qualifiers that its changed superclass does not let it have.
fn without_conflicts(
    declaration: &ClassDeclaration,
    parent: Option<Arc<Class>>,
    origin: &Arc<cim::Origin>,
) -> Result<Arc<Class>> {
    let mut mended = declaration.clone();
    let above = parent.as_deref();
    let strip = |own: &mut cim::Qualifiers, inherited: &cim::Qualifiers| {
        let inherited = inherited.propagated(cim::Flavor::TO_DERIVED);
        while let Err(q) = own.over(&inherited) {
            let name = q.name.clone();
            own.remove(name.as_str());
        }
    };
    if let Some(above) = above {
        strip(&mut mended.qualifiers, above.qualifiers());
        for property in &mut mended.properties {
            if let Some(p) = above.property(property.name.as_str()) {
                strip(&mut property.qualifiers, &p.qualifiers);
            }
        }
        for method in &mut mended.methods {
            if let Some(m) = above.method(method.name.as_str()) {
                strip(&mut method.qualifiers, &m.qualifiers);
            }
        }
    }
    Class::derive(Arc::new(mended), parent, Some(origin.clone()))
}

fn check_flags(flags: Flags) -> Result<UpdateMode> {
    flags.only("PutClass", PUT_CLASS)?;
    if flags.has(Flags::CREATE_ONLY) && flags.has(Flags::UPDATE_ONLY) {
        return Err(WBEM_E_INVALID_PARAMETER.with("CREATE_ONLY and UPDATE_ONLY exclude each other"));
    }
    match (flags.has(Flags::UPDATE_SAFE_MODE), flags.has(Flags::UPDATE_FORCE_MODE)) {
        (true, true) => Err(WBEM_E_INVALID_PARAMETER.with("safe and force mode exclude each other")),
        (true, false) => Ok(UpdateMode::Safe),
        (false, true) => Ok(UpdateMode::Force),
        (false, false) => Ok(UpdateMode::Compatible),
    }
}

fn check_names(declaration: &ClassDeclaration) -> Result<()> {
    let name = declaration.name.as_str();
    if name.is_empty() {
        return Err(WBEM_E_INCOMPLETE_CLASS.with("the class has no name"));
    }
    if name.chars().count() > MAX_CLASS_NAME {
        return Err(WBEM_E_QUOTA_VIOLATION
            .with(format!("a class name has at most {MAX_CLASS_NAME} characters")));
    }
    if name.starts_with('_') {
        return Err(WBEM_E_INVALID_OPERATION
            .with(format!("class {name}: names that begin with an underscore are the system's")));
    }
    if name.ends_with('_') || !Name::is_identifier(name) {
        return Err(WBEM_E_INVALID_OBJECT.with(format!(
            "class {name}: a name has letters, digits and underscores and does not end with one"
        )));
    }
    if declaration.properties.len() > MAX_PROPERTIES {
        return Err(WBEM_E_TOO_MANY_PROPERTIES
            .with(format!("class {name}: the limit is {MAX_PROPERTIES} properties")));
    }
    let elements = declaration.properties.iter().map(|p| &p.name);
    for element in elements.chain(declaration.methods.iter().map(|m| &m.name)) {
        let text = element.as_str();
        if text.starts_with('_') || text.ends_with('_') || !Name::is_identifier(text) {
            return Err(WBEM_E_INVALID_PARAMETER.with(format!(
                "{name}.{element}: names do not begin or end with an underscore"
            )));
        }
    }
    Ok(())
}
