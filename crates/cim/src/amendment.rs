//! Classes in two parts: what holds in every language, and what one language says of it.
//!
//! The neutral class has everything but the qualifiers of flavor Amended; the localized class has
//! these alone, and lives in a namespace below (behaviour.md G.8). [`split`] makes the two of a
//! class, [`merge`] one of them again. Where the parts are stored, who may read them and which
//! language is asked for is not known here.

use crate::class::{Class, ClassDeclaration, MethodDeclaration, Parameter, PropertyDeclaration};
use crate::locale::Locale;
use crate::name::Name;
use crate::qualifier::{Flavor, Qualifier, Qualifiers};
use crate::update::{is_important, without_conflicts};
use crate::value::Value;

/// The two parts of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The class without what depends on the language.
    pub neutral: ClassDeclaration,
    /// What depends on it; `None` where nothing does. Its superclass is that of the class, which
    /// need not have a localized part.
    pub localized: Option<ClassDeclaration>,
}

/// Whether a qualifier belongs to the localized part of its class. What the object manager itself
/// acts upon is the same in every language, whatever its flavor.
pub fn is_localized(qualifier: &Qualifier) -> bool {
    let stays = |name: &Name| STAYING.iter().any(|n| name.is(n)) || is_important(name);
    qualifier.flavor.has(Flavor::AMENDED) && !stays(&qualifier.name)
}

/// Qualifiers that say what a class is and belong to no language, beside the important ones.
const STAYING: [&str; 6] = ["in", "out", "id", "max", "indication", "locale"];

/// The parts of `class`, the localized one for `locale`. Keys and the directions of parameters
/// stand in both: a class is known by them.
pub fn split(class: &ClassDeclaration, locale: Locale) -> Parts {
    Parts { neutral: neutral(class), localized: localized(class, locale) }
}

fn neutral(class: &ClassDeclaration) -> ClassDeclaration {
    let mut neutral = ClassDeclaration { is_amended: false, ..class.clone() };
    for set in sets(&mut neutral) {
        *set = without_localized(set);
    }
    neutral
}

/// `qualifiers` without those that belong to a localized part.
pub fn without_localized(qualifiers: &Qualifiers) -> Qualifiers {
    qualifiers.iter().filter(|q| !is_localized(q)).cloned().collect()
}

/// The qualifier sets of a class and its elements.
fn sets(class: &mut ClassDeclaration) -> impl Iterator<Item = &mut Qualifiers> {
    let methods = class.methods.iter_mut().flat_map(|m| {
        let parameters = m.parameters.iter_mut().map(|p| &mut p.qualifiers);
        std::iter::once(&mut m.qualifiers).chain(parameters)
    });
    std::iter::once(&mut class.qualifiers)
        .chain(class.properties.iter_mut().map(|p| &mut p.qualifiers))
        .chain(methods)
}

fn localized(class: &ClassDeclaration, locale: Locale) -> Option<ClassDeclaration> {
    let has_any = |set: &Qualifiers| set.iter().any(is_localized);
    let says = |m: &&MethodDeclaration| {
        has_any(&m.qualifiers) || m.parameters.iter().any(|p| has_any(&p.qualifiers))
    };
    let methods: Vec<_> = class.methods.iter().filter(says).map(localized_method).collect();
    let is_said = class.properties.iter().any(|p| has_any(&p.qualifiers));
    if methods.is_empty() && !is_said && !has_any(&class.qualifiers) {
        return None;
    }
    let is_key = |p: &PropertyDeclaration| p.qualifiers.is_true("key");
    let properties = class.properties.iter().filter(|p| is_key(p) || has_any(&p.qualifiers));
    let properties = properties.map(|p| PropertyDeclaration {
        default: None,
        qualifiers: kept(&p.qualifiers, &["key"]),
        ..p.clone()
    });
    let mark = [
        Qualifier::new("Amendment", true, Flavor::default()),
        Qualifier::new("Locale", Value::SInt32(locale.lcid() as i32), Flavor::default()),
    ];
    Some(ClassDeclaration {
        name: class.name.clone(),
        superclass: class.superclass.clone(),
        qualifiers: mark.into_iter().chain(kept(&class.qualifiers, &[]).iter().cloned()).collect(),
        properties: properties.collect(),
        methods,
        is_amended: false,
    })
}

fn localized_method(method: &MethodDeclaration) -> MethodDeclaration {
    let parameters = method.parameters.iter().map(|p| Parameter {
        default: Value::Null,
        qualifiers: kept(&p.qualifiers, &["in", "out"]),
        ..p.clone()
    });
    MethodDeclaration {
        parameters: parameters.collect(),
        qualifiers: kept(&method.qualifiers, &[]),
        ..method.clone()
    }
}

/// Those of `qualifiers` that are localized, and those of the names in `beside`.
fn kept(qualifiers: &Qualifiers, beside: &[&str]) -> Qualifiers {
    let is_beside = |q: &Qualifier| beside.iter().any(|name| q.name.is(name));
    qualifiers.iter().filter(|q| is_localized(q) || is_beside(q)).cloned().collect()
}

/// The class that `neutral` and `localized` are together, to be derived from `superclass`, which
/// is merged already. For each element of the neutral class the qualifiers that it declares
/// itself win, by their names; the localized ones go before what is inherited. What the
/// localized class says of anything that the neutral one does not declare is left out, and
/// a qualifier that `superclass` fixed otherwise too, so that what came is always a class.
pub fn merge(
    neutral: &ClassDeclaration,
    localized: Option<&ClassDeclaration>,
    superclass: Option<&Class>,
) -> ClassDeclaration {
    let mut merged = neutral.clone();
    if let Some(localized) = localized {
        merged.is_amended = add_all(&mut merged, localized);
    }
    match superclass {
        Some(superclass) => without_conflicts(&merged, superclass),
        None => merged,
    }
}

/// Whether anything was added.
fn add_all(merged: &mut ClassDeclaration, localized: &ClassDeclaration) -> bool {
    let mut added = add(&mut merged.qualifiers, &localized.qualifiers);
    for property in &mut merged.properties {
        if let Some(from) = localized.properties.iter().find(|p| p.name == property.name) {
            added |= add(&mut property.qualifiers, &from.qualifiers);
        }
    }
    for method in &mut merged.methods {
        let Some(from) = localized.methods.iter().find(|m| m.name == method.name) else { continue };
        added |= add(&mut method.qualifiers, &from.qualifiers);
        for parameter in &mut method.parameters {
            if let Some(from) = from.parameters.iter().find(|p| p.name == parameter.name) {
                added |= add(&mut parameter.qualifiers, &from.qualifiers);
            }
        }
    }
    added
}

fn add(to: &mut Qualifiers, from: &Qualifiers) -> bool {
    let before = to.len();
    for qualifier in from.iter().filter(|q| is_localized(q)) {
        if to.get(qualifier.name.as_str()).is_none() {
            to.set(qualifier.clone());
        }
    }
    to.len() > before
}
