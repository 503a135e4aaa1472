//! What a change of a stored class may do to its subclasses and instances.
//!
//! Compares two declarations of one class and applies the three modes of PutClass
//! (behaviour.md G.7, ruling I-37): [`change`] weighs, [`allowed`] decides by what depends on the
//! class, [`rederive`] carries the change to a subclass. Which subclasses and instances there are
//! is the caller's knowledge.

use std::sync::Arc;

use crate::class::{Class, ClassDeclaration, MethodDeclaration, PropertyDeclaration};
use crate::derivation::is_indexed;
use crate::name::Name;
use crate::qualifier::{Flavor, Qualifier, Qualifiers};
use crate::status::{Result, WBEM_E_CLASS_HAS_CHILDREN, WBEM_E_CLASS_HAS_INSTANCES};
use crate::value::Value;

/// How PutClass treats subclasses when it changes a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UpdateMode {
    /// Only where there are neither subclasses nor instances, or nothing of weight changes.
    #[default]
    Compatible,
    /// Subclasses may exist where the change conflicts with none of them.
    Safe,
    /// Conflicts with subclasses are resolved by deleting the conflicting qualifiers there.
    Force,
}

/// The weight of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Change {
    /// The declarations are equal.
    None,
    /// Only qualifiers differ that the core does not act upon.
    Unimportant,
    /// Anything else.
    Important,
}

/// Qualifiers whose change is a change of the class itself: those that the core acts upon (G.6).
const IMPORTANT: [&str; 15] = [
    "key",
    "indexed",
    "not_null",
    "singleton",
    "dynamic",
    "dynprops",
    "provider",
    "abstract",
    "amendment",
    "association",
    "hasclassrefs",
    "terminal",
    "static",
    "implemented",
    "bypass_getobject",
];

/// Whether a change of the qualifier `name` is a change of the class itself.
pub(crate) fn is_important(name: &Name) -> bool {
    IMPORTANT.iter().any(|important| name.is(important))
}

/// How much `new` differs from `old`, two declarations of one class. The order of properties and
/// methods counts: instances hold their values in it.
pub fn change(old: &ClassDeclaration, new: &ClassDeclaration) -> Change {
    if old == new {
        return Change::None;
    }
    let same = old.superclass == new.superclass
        && same_important(&old.qualifiers, &new.qualifiers)
        && same_properties(&old.properties, &new.properties)
        && same_methods(&old.methods, &new.methods);
    if same { Change::Unimportant } else { Change::Important }
}

/// Whether `mode` lets a change of this weight happen, given what depends on `class`.
///
/// # Errors
///
/// `WBEM_E_CLASS_HAS_INSTANCES`, `WBEM_E_CLASS_HAS_CHILDREN`.
pub fn allowed(
    class: &Name,
    change: Change,
    mode: UpdateMode,
    has_subclasses: bool,
    has_instances: bool,
) -> Result<()> {
    if change <= Change::Unimportant {
        return Ok(());
    }
    if has_instances {
        return Err(WBEM_E_CLASS_HAS_INSTANCES.with(format!(
            "class {class} or a class below it has instances; delete them before its definition changes"
        )));
    }
    if has_subclasses && mode == UpdateMode::Compatible {
        return Err(WBEM_E_CLASS_HAS_CHILDREN
            .with(format!("class {class} has subclasses; change it with safe or force update")));
    }
    Ok(())
}

fn same_important(old: &Qualifiers, new: &Qualifiers) -> bool {
    IMPORTANT.iter().all(|name| {
        let weigh = |q: &Qualifiers| match q.value(name) {
            // Written as FALSE is the same as not written.
            None | Some(Value::Boolean(false)) => Value::Null,
            Some(value) => value.clone(),
        };
        weigh(old) == weigh(new)
    })
}

fn same_properties(old: &[PropertyDeclaration], new: &[PropertyDeclaration]) -> bool {
    let same = |(o, n): (&PropertyDeclaration, &PropertyDeclaration)| {
        o.name == n.name
            && o.ty == n.ty
            && o.default == n.default
            && same_important(&o.qualifiers, &n.qualifiers)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

fn same_methods(old: &[MethodDeclaration], new: &[MethodDeclaration]) -> bool {
    let same = |(o, n): (&MethodDeclaration, &MethodDeclaration)| {
        o.name == n.name
            && o.return_type == n.return_type
            && same_parameters(o, n)
            && same_important(&o.qualifiers, &n.qualifiers)
    };
    old.len() == new.len() && old.iter().zip(new).all(same)
}

fn same_parameters(old: &MethodDeclaration, new: &MethodDeclaration) -> bool {
    old.parameters.len() == new.parameters.len()
        && old.parameters.iter().zip(&new.parameters).all(|(o, n)| {
            o.name == n.name
                && o.ty == n.ty
                && o.default == n.default
                && (o.is_in(), o.is_out()) == (n.is_in(), n.is_out())
        })
}

/// `subclass` as it is below `parent`, the new definition of its superclass. With
/// [`UpdateMode::Force`] the subclass loses the qualifiers that the new superclass forbids; the
/// class that comes back tells with its declaration what to store.
///
/// # Errors
///
/// `WBEM_E_CLASS_HAS_CHILDREN` with the conflict, if there is one that stays.
pub fn rederive(subclass: &Class, parent: Arc<Class>, mode: UpdateMode) -> Result<Arc<Class>> {
    let declaration = match mode {
        UpdateMode::Force => Arc::new(without_conflicts(subclass.declaration(), &parent)),
        _ => subclass.declaration().clone(),
    };
    let above = parent.name().clone();
    Class::derive(declaration, Some(parent), subclass.origin().cloned()).map_err(|error| {
        WBEM_E_CLASS_HAS_CHILDREN.with(format!(
            "the change of class {above} conflicts with its subclass {}: {error}",
            subclass.name()
        ))
    })
}

/// The declaration without the qualifiers that keep it from standing below `parent`.
pub(crate) fn without_conflicts(
    declaration: &ClassDeclaration,
    parent: &Class,
) -> ClassDeclaration {
    let mut kept = declaration.clone();
    kept.qualifiers = without_fixed(&declaration.qualifiers, parent.qualifiers());
    if !parent.allows_singletons_below() && !parent.is_singleton() {
        kept.qualifiers.remove("singleton");
    }
    for property in &mut kept.properties {
        let name = property.name.as_str();
        let above = parent.property(name);
        if let Some(above) = above {
            property.qualifiers = without_fixed(&property.qualifiers, &above.qualifiers);
            if property.qualifiers.is_true("indexed") != is_indexed(parent, name) {
                property.qualifiers.remove("indexed");
            }
        }
        if !parent.allows_keys_below() && !above.is_some_and(|p| p.qualifiers.is_true("key")) {
            property.qualifiers.remove("key");
        }
    }
    for method in &mut kept.methods {
        if let Some(above) = parent.method(method.name.as_str()) {
            method.qualifiers = without_fixed(&method.qualifiers, &above.qualifiers);
        }
    }
    kept
}

/// Those of `own` that give no fixed qualifier of `above` another value.
fn without_fixed(own: &Qualifiers, above: &Qualifiers) -> Qualifiers {
    let inherited = above.propagated(Flavor::TO_DERIVED);
    let conflicts = |q: &Qualifier| {
        inherited
            .get(q.name.as_str())
            .is_some_and(|i| i.flavor.contains(Flavor::NOT_OVERRIDABLE) && i.value != q.value)
    };
    own.iter().filter(|q| !conflicts(q)).cloned().collect()
}
