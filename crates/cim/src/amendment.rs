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
    qualifier.flavor.contains(Flavor::AMENDED) && !stays(&qualifier.name)
}

/// Qualifiers that say what a class is and belong to no language, beside the important ones.
const STAYING: [&str; 6] = ["in", "out", "id", "max", "indication", "locale"];

/// The parts of `class`, the localized one for `locale`. Both have the keys and the directions of
/// parameters, because these identify a class.
pub fn split(class: &ClassDeclaration, locale: Locale) -> Parts {
    Parts { neutral: neutral(class), localized: localized(class, locale) }
}

/// The parts of `class`, whose localized part was `before`: what that says where the neutral part
/// has a qualifier of the same name is not in what [`merge`] makes of them, and stays.
pub fn split_again(
    class: &ClassDeclaration,
    locale: Locale,
    before: Option<&ClassDeclaration>,
) -> Parts {
    let mut said = class.clone();
    if let Some(before) = before {
        for_each_set(&mut said, before, |set, before| {
            for hidden in before.iter().filter(|q| is_localized(q)) {
                if set.get(hidden.name.as_str()).is_some_and(|shown| !is_localized(shown)) {
                    set.set(hidden.clone());
                }
            }
        });
    }
    Parts { neutral: neutral(class), localized: localized(&said, locale) }
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
        let mut is_amended = false;
        for_each_set(&mut merged, localized, |set, from| is_amended |= add(set, from));
        merged.is_amended = is_amended;
    }
    match superclass {
        Some(superclass) => without_conflicts(&merged, superclass),
        None => merged,
    }
}

/// Calls `act` for each qualifier set of `class` with that of the same element of `other`.
fn for_each_set(
    class: &mut ClassDeclaration,
    other: &ClassDeclaration,
    mut act: impl FnMut(&mut Qualifiers, &Qualifiers),
) {
    act(&mut class.qualifiers, &other.qualifiers);
    for property in &mut class.properties {
        if let Some(other) = other.properties.iter().find(|p| p.name == property.name) {
            act(&mut property.qualifiers, &other.qualifiers);
        }
    }
    for method in &mut class.methods {
        let Some(other) = other.methods.iter().find(|m| m.name == method.name) else { continue };
        act(&mut method.qualifiers, &other.qualifiers);
        for parameter in &mut method.parameters {
            if let Some(other) = other.parameters.iter().find(|p| p.name == parameter.name) {
                act(&mut parameter.qualifiers, &other.qualifiers);
            }
        }
    }
}

/// Adds the localized ones of `from` that are not there. Whether there were any.
fn add(to: &mut Qualifiers, from: &Qualifiers) -> bool {
    let before = to.len();
    for qualifier in from.iter().filter(|q| is_localized(q)) {
        if to.get(qualifier.name.as_str()).is_none() {
            to.set(qualifier.clone());
        }
    }
    to.len() > before
}
