//! What a change of a stored class may do to its subclasses and instances.
//!
//! Compares two declarations of one class and applies the three modes of PutClass
//! (behaviour.md G.7, ruling I-37). Whether each subclass can still be derived from the new
//! definition is asked by the caller with `Class::derive`.

use crate::class::{ClassDeclaration, PropertyDeclaration};
use crate::name::Name;
use crate::qualifier::Qualifiers;
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

/// Qualifiers whose change is a change of the class itself.
const IMPORTANT: [&str; 10] = [
    "key",
    "indexed",
    "not_null",
    "singleton",
    "dynamic",
    "provider",
    "abstract",
    "association",
    "terminal",
    "static",
];

/// How much `new` differs from `old`, two declarations of one class.
pub fn change(old: &ClassDeclaration, new: &ClassDeclaration) -> Change {
    if old == new {
        return Change::None;
    }
    let same = old.superclass == new.superclass
        && same_important(&old.qualifiers, &new.qualifiers)
        && same_properties(&old.properties, &new.properties)
        && same_methods(old, new);
    if same { Change::Unimportant } else { Change::Important }
}

/// Whether `mode` lets a change of this weight happen, given what depends on `class`.
/// Errors: `WBEM_E_CLASS_HAS_INSTANCES`, `WBEM_E_CLASS_HAS_CHILDREN`.
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
    old.len() == new.len()
        && old.iter().all(|o| {
            new.iter().find(|n| n.name == o.name).is_some_and(|n| {
                n.ty == o.ty
                    && n.default == o.default
                    && same_important(&o.qualifiers, &n.qualifiers)
            })
        })
}

fn same_methods(old: &ClassDeclaration, new: &ClassDeclaration) -> bool {
    old.methods.len() == new.methods.len()
        && old.methods.iter().all(|o| {
            new.methods.iter().find(|n| n.name == o.name).is_some_and(|n| {
                let shape = |p: &crate::class::Parameter| {
                    (p.name.clone(), p.ty.clone(), p.is_in(), p.is_out())
                };
                n.return_type == o.return_type
                    && n.parameters.iter().map(shape).eq(o.parameters.iter().map(shape))
                    && same_important(&o.qualifiers, &n.qualifiers)
            })
        })
}
