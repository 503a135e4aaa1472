//! The declarations in DMTF's form that a text begins with where WMI's dialect has no
//! spelling for its qualifiers.
//!
//! Only the qualifiers that need it are declared; all others follow WMI's rules in both
//! dialects.

use cim::{CimType, ClassDeclaration, Flavor, Name, PropertyType, Qualifier, Qualifiers, Value};

use super::{Writer, words};

/// The qualifiers that are declared, in the order of their first use.
#[derive(Default)]
pub(super) struct Prelude {
    declared: Vec<Declared>,
}

struct Declared {
    name: Name,
    ty: PropertyType,
    flavor: Flavor,
}

impl Prelude {
    /// The declarations that `classes`, written in one text, need; none for most.
    pub(super) fn of(classes: &[&ClassDeclaration]) -> Self {
        let mut names: Vec<Name> = Vec::new();
        let mut need = |name: &Name| {
            if !names.contains(name) {
                names.push(name.clone());
            }
        };
        for set in sets(classes) {
            set.local().filter(|q| !is_plain(q)).for_each(|q| need(&q.name));
        }
        let methods = classes.iter().flat_map(|class| &class.methods);
        let mut parameters = methods.flat_map(|m| &m.parameters);
        if parameters.any(|p| !p.is_in() && !p.is_out()) {
            // Only DMTF's dialect has such parameters, and it takes a declaration to be in it.
            need(&Name::from_static("In"));
        }
        Prelude { declared: names.into_iter().map(|name| declare(name, classes)).collect() }
    }

    /// The flavor that `name` is declared with.
    pub(super) fn flavor(&self, name: &Name) -> Option<Flavor> {
        self.declared.iter().find(|d| d.name == *name).map(|d| d.flavor)
    }
}

impl Writer {
    pub(super) fn declarations(&mut self) {
        for Declared { name, ty, flavor } in std::mem::take(&mut self.prelude.declared) {
            let words: Vec<_> = declared_words(flavor).collect();
            let text = format!(
                "Qualifier {name} : {ty} = NULL, Scope(any), Flavor({});\n",
                words.join(", ")
            );
            self.push(&text);
            self.prelude.declared.push(Declared { name, ty, flavor });
        }
    }
}

/// The qualifier sets of classes and their elements.
fn sets<'a>(classes: &'a [&ClassDeclaration]) -> impl Iterator<Item = &'a Qualifiers> {
    classes.iter().flat_map(|class| {
        let methods = class.methods.iter().flat_map(|m| {
            std::iter::once(&m.qualifiers).chain(m.parameters.iter().map(|p| &p.qualifiers))
        });
        std::iter::once(&class.qualifiers)
            .chain(class.properties.iter().map(|p| &p.qualifiers))
            .chain(methods)
    })
}

/// Whether WMI's dialect can spell it.
fn is_plain(qualifier: &Qualifier) -> bool {
    let Qualifier { name, value, flavor } = qualifier;
    // These two are always TRUE in WMI's dialect.
    let would_be_true = (name.is("key") || name.is("static")) && *value != Value::Boolean(true);
    let propagates = flavor.intersects(Flavor::TO_DERIVED | Flavor::TO_INSTANCE);
    let is_fixed_for_nothing = flavor.contains(Flavor::NOT_OVERRIDABLE) && !propagates;
    has_plain_type(value) && !would_be_true && !is_fixed_for_nothing
}

fn has_plain_type(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().all(|e| !is_array(e) && has_plain_type(e)),
        value => matches!(
            value.cim_type(),
            Some(CimType::String | CimType::SInt32 | CimType::Boolean | CimType::Real64)
        ),
    }
}

fn is_array(value: &Value) -> bool {
    matches!(value, Value::Array(_))
}

fn declare(name: Name, classes: &[&ClassDeclaration]) -> Declared {
    let uses = || sets(classes).filter_map(|set| set.get(name.as_str()));
    let types = |is_plain: bool| {
        let of_kind = move |q: &&Qualifier| has_plain_type(&q.value) == is_plain;
        uses().filter(of_kind).find_map(|q| type_of(&q.value))
    };
    let is_array = uses().any(|q| is_array(&q.value));
    // A type that WMI's dialect lacks is more precise than a type that converts to it.
    let ty = types(false).or_else(|| types(true));
    let fallback = if name.is("in") { CimType::Boolean } else { CimType::String };
    let mut flavor = uses().next().map_or(Flavor::default(), |q| q.flavor);
    // No word takes this flavor away again, so it is declared only where all uses have it.
    if !uses().all(|q| q.flavor.contains(Flavor::AMENDED)) {
        flavor -= Flavor::AMENDED;
    }
    let ty = ty.unwrap_or(PropertyType { is_array, ..fallback.into() });
    Declared { ty, flavor, name }
}

/// The type of a value that shows one: NULL and an empty array do not.
fn type_of(value: &Value) -> Option<PropertyType> {
    match value {
        Value::Array(elements) => Some(PropertyType::array(elements.first()?.cim_type()?)),
        scalar => Some(PropertyType::scalar(scalar.cim_type()?)),
    }
}

/// DMTF's words for a declared flavor, whose defaults are ToSubclass and EnableOverride.
fn declared_words(flavor: Flavor) -> impl Iterator<Item = &'static str> {
    let (to_derived, to_instance) =
        (flavor.contains(Flavor::TO_DERIVED), flavor.contains(Flavor::TO_INSTANCE));
    let propagation = match (to_derived, to_instance) {
        (true, false) => ["ToSubclass", ""],
        (true, true) => ["ToSubclass", "ToInstance"],
        (false, false) => ["Restricted", ""],
        // DMTF has no word for this one.
        (false, true) => ["NotToSubclass", "ToInstance"],
    };
    let is_fixed = flavor.contains(Flavor::NOT_OVERRIDABLE);
    let overriding = if is_fixed { "DisableOverride" } else { "EnableOverride" };
    let localizable = if flavor.contains(Flavor::AMENDED) { "Translatable" } else { "" };
    let words = [propagation[0], propagation[1], overriding, localizable];
    words.into_iter().filter(|w| !w.is_empty())
}

/// Words for all that a flavor has and has not, so that they hold against any declaration.
pub(super) fn words_in_full(flavor: Flavor) -> impl Iterator<Item = &'static str> {
    let not = |bit: Flavor, word: &'static str| (!flavor.contains(bit)).then_some(word);
    let absent = [
        not(Flavor::TO_INSTANCE, "NotToInstance"),
        not(Flavor::TO_DERIVED, "NotToSubClass"),
        not(Flavor::NOT_OVERRIDABLE, "EnableOverride"),
    ];
    words(flavor).chain(absent.into_iter().flatten())
}
