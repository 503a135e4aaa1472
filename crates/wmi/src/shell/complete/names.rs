//! Names of classes and properties, and what begins as an object path.

use std::collections::BTreeSet;

use cim::{CimType, Class, SystemProperty};

use super::super::schema::Schema;
use super::Completion;

/// The classes that begin with `prefix`: those of the system only where that does too.
pub(super) fn classes(schema: &Schema, start: usize, prefix: &str) -> Completion {
    chosen_classes(schema, start, prefix, |_| true)
}

/// Those of the classes that are associations.
pub(super) fn associations(schema: &Schema, start: usize, prefix: &str) -> Completion {
    chosen_classes(schema, start, prefix, Class::is_association)
}

fn chosen_classes(
    schema: &Schema,
    start: usize,
    prefix: &str,
    is_wanted: impl Fn(&Class) -> bool,
) -> Completion {
    let with_system = prefix.starts_with('_');
    let all = schema.classes();
    let wanted = all.iter().filter(|c| is_wanted(c) && c.name().is_system() == with_system);
    let mut names: Vec<&cim::Name> = wanted.map(|class| class.name()).collect();
    names.sort();
    Completion::of(start, prefix, names.iter().map(|name| name.as_str()))
}

/// The properties of `class` that begin with `prefix`, each with `suffix` behind it.
pub(super) fn properties(class: &Class, start: usize, prefix: &str, suffix: &str) -> Completion {
    let own = class.slots_by_name().iter().map(|&slot| &class.properties()[usize::from(slot)].name);
    let system = SystemProperty::ALL.into_iter().filter(|_| prefix.starts_with('_'));
    let names = own.map(|name| name.as_str()).chain(system.map(|property| property.name()));
    Completion::of(start, prefix, names.map(|name| format!("{name}{suffix}")))
}

/// The references of `association`, or of all associations, that begin with `prefix`.
pub(super) fn roles(
    schema: &Schema,
    association: Option<&str>,
    start: usize,
    prefix: &str,
) -> Completion {
    let classes = match association {
        Some(name) => schema.class(name).into_iter().collect(),
        None => schema.classes(),
    };
    let properties = classes.iter().flat_map(|class| class.properties());
    let references = properties.filter(|property| property.ty.cim == CimType::Reference);
    let names: BTreeSet<_> = references.map(|property| property.name.clone()).collect();
    Completion::of(start, prefix, names.iter().map(|name| name.as_str()))
}

/// The continuations of `path`, the beginning of an object path: a class, or a key.
pub(super) fn path(schema: &Schema, path: &str) -> Completion {
    let Some((class, keys)) = path.split_once('.') else {
        return match path.contains(['=', ':', '"', '\'']) {
            true => Completion::default(),
            false => classes(schema, 0, path),
        };
    };
    let start = keys.rfind(',').map_or(class.len() + 1, |comma| class.len() + 1 + comma + 1);
    let prefix = &path[start..];
    if prefix.contains(['=', '"', '\'']) {
        return Completion::default();
    }
    let Some(class) = schema.class(class) else { return Completion::default() };
    let keys = class.keys().iter().map(|&slot| &class.properties()[usize::from(slot)].name);
    Completion::of(start, prefix, keys.map(|name| format!("{name}=")))
}
