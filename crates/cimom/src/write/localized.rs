//! Classes with their localized qualifiers (behaviour.md G.8): how they are read and written.
//!
//! A read with the flag for them sees a schema of its own, in which each class is the neutral one
//! merged with the first localized one that the caller's locales have; everything after that
//! goes the way of any read. A read without the flag never comes here. What belongs to which part
//! of a class, and how the parts become one, is `cim::amendment`'s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cim::amendment::{self, Parts};
use cim::status::*;
use cim::{Class, ClassDeclaration, Instance, InstanceQualifiers, Locale, Name, Namespace, Result};
use repository::NamespaceId;
use wbem::{CallContext, Flags};

use crate::call::access::{self, Call, Policy};
use crate::schema::class_rules::Rules;
use crate::schema::classes::Schema;
use crate::store::core::View;
use crate::view::provided::Provided;
use crate::write::edit::{Edit, NamespaceRef};

/// Past this number of schemas in memory all are dropped, and made again as they are needed.
const MOST_SCHEMAS: usize = 64;

/// The states of the namespaces that a merged schema was made from: the neutral one, and the
/// localized ones in the order of preference.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    neutral: (NamespaceId, u64),
    localized: Vec<(NamespaceId, u64)>,
}

/// Merged schemas by what they were made from.
#[derive(Default)]
pub struct Schemas(Mutex<HashMap<State, Arc<Schema>>>);

impl Schemas {
    /// The schema for `state`, whose neutral part is `neutral`.
    fn get(&self, state: State, neutral: &Schema) -> Arc<Schema> {
        let mut schemas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = schemas.get(&state) {
            return known.clone();
        }
        // What was made from another state of the namespace will hardly be asked for again.
        schemas.retain(|s, _| s.neutral.0 != state.neutral.0 || s.neutral.1 == state.neutral.1);
        if schemas.len() >= MOST_SCHEMAS {
            schemas.clear();
        }
        schemas.entry(state).or_insert_with(|| Arc::new(neutral.clone_unresolved())).clone()
    }
}

impl View<'_> {
    /// The same state of the namespace, with the qualifiers in the languages that the caller
    /// prefers.
    pub fn amended(mut self) -> Result<Self> {
        let places = self.localized_places()?;
        self.localized = Some(places.iter().map(|(id, _)| *id).collect());
        if !places.is_empty() {
            let neutral = (self.id, self.schema.generation());
            let state = State { neutral, localized: places };
            self.schema = self.cimom.amended.get(state, &self.schema);
            self.provided = Provided::default();
        }
        Ok(self)
    }

    /// The namespaces of the caller's locales, and then of the default one, that exist and that
    /// the caller may open.
    fn localized_places(&self) -> Result<Vec<(NamespaceId, u64)>> {
        let mut locales = self.context.locales().to_vec();
        if !locales.contains(&Locale::DEFAULT) {
            locales.push(Locale::DEFAULT);
        }
        let mut found = Vec::new();
        for locale in locales {
            // Of a namespace whose path is as long as it may be there are none below.
            let Ok(place) = self.schema.origin().namespace.child(&locale.namespace_name()) else {
                continue;
            };
            let snapshot = self.snapshot()?;
            let Some(state) = snapshot.view().state(&place)? else { continue };
            let call = Call { operation: (), namespace: &place, context: self.context };
            if call.authorize(&Policy::new(state.security)?).is_ok() {
                found.push((state.id, state.generation));
            }
        }
        Ok(found)
    }
}

/// The declaration of a class of the merged schema: with the localized one in the first of
/// `places` that has one.
pub fn declaration(
    stored: repository::View<'_>,
    places: &[NamespaceId],
    neutral: &ClassDeclaration,
    superclass: Option<&Class>,
) -> Result<Arc<ClassDeclaration>> {
    let mut localized = None;
    for place in places {
        localized = stored.class(*place, &neutral.name)?;
        if localized.is_some() {
            break;
        }
    }
    Ok(Arc::new(amendment::merge(neutral, localized.as_ref(), superclass)))
}

/// Puts a class. With the flag for localized qualifiers a class that exists is updated in both
/// its parts: the localized one in the language that the caller prefers most. A new class is
/// stored as it is, and so is one in a localized namespace.
/// Errors: `WBEM_E_AMENDED_OBJECT`; `WBEM_E_ACCESS_DENIED`; those of [`Edit::put_class`].
pub fn put_class(
    edit: &mut Edit<'_, '_>,
    place: &NamespaceRef,
    class: &ClassDeclaration,
    flags: Flags,
    context: &CallContext,
) -> Result<()> {
    check_flag(class.is_amended, &class.name, flags)?;
    let whole = ClassDeclaration { is_amended: false, ..class.clone() };
    let is_divided = flags.has(Flags::USE_AMENDED_QUALIFIERS)
        && !is_localized(&place.namespace)
        && edit.find_class(place, &class.name)?.is_some();
    if !is_divided {
        return edit.put_class(place, &whole, flags, Rules::Wmi);
    }
    let locale = context.locales().first().copied().unwrap_or(Locale::DEFAULT);
    let namespace = place.namespace.child(&locale.namespace_name())?;
    let before = match edit.place(&namespace) {
        Ok(localized) => edit.find_class(&localized, &class.name)?,
        Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => None,
        Err(e) => return Err(e),
    };
    let before = before.as_ref().map(|class| &**class.declaration());
    let Parts { neutral, localized } = amendment::split_again(&whole, locale, before);
    edit.put_class(place, &neutral, flags, Rules::Wmi)?;
    put_localized(edit, &namespace, &class.name, localized, context)
}

/// Makes `localized` the localized part of the class `name`; with none, takes away what it said.
fn put_localized(
    edit: &mut Edit<'_, '_>,
    namespace: &Namespace,
    name: &Name,
    localized: Option<ClassDeclaration>,
    context: &CallContext,
) -> Result<()> {
    if localized.is_some() {
        edit.ensure_namespace(namespace, context)?;
    }
    let place = match edit.place(namespace) {
        // Nothing is said there of the class, and nothing is to be.
        Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => return Ok(()),
        place => place?,
    };
    let call = edit.authorize(&place, context)?;
    call.require(access::to_write_class(), "write the localized part of a class")?;
    let Some(mut localized) = localized else { return silence(edit, &place, name) };
    if let Some(above) = &localized.superclass
        && edit.find_class(&place, above)?.is_none()
    {
        localized.superclass = None;
    }
    // Nothing depends on a localized class but those below it, which are merged one by one.
    edit.put_class(&place, &localized, Flags::UPDATE_FORCE_MODE, Rules::Dmtf)
}

/// Takes all localized qualifiers from a class, which others may derive from.
fn silence(edit: &mut Edit<'_, '_>, place: &NamespaceRef, name: &Name) -> Result<()> {
    let Some(class) = edit.find_class(place, name)? else { return Ok(()) };
    let silent = amendment::split(class.declaration(), Locale::DEFAULT).neutral;
    edit.put_class(place, &silent, Flags::UPDATE_FORCE_MODE, Rules::Dmtf)
}

/// Errors: `WBEM_E_AMENDED_OBJECT` where what is put was read with localized qualifiers, and the
/// flag that says what is to become of them is missing.
pub fn check_flag(is_amended: bool, class: &Name, flags: Flags) -> Result<()> {
    if !is_amended || flags.has(Flags::USE_AMENDED_QUALIFIERS) {
        return Ok(());
    }
    Err(WBEM_E_AMENDED_OBJECT.with(format!(
        "{class} was read with localized qualifiers; put it with \
         WBEM_FLAG_USE_AMENDED_QUALIFIERS, or read it without"
    )))
}

/// Takes the localized qualifiers of its own from an instance.
pub fn strip(instance: &mut Instance) {
    let Some(own) = instance.qualifiers() else { return };
    let properties = own.properties.iter();
    let stripped = InstanceQualifiers {
        instance: amendment::without_localized(&own.instance),
        properties: properties
            .map(|(slot, set)| (*slot, amendment::without_localized(set)))
            .filter(|(_, set)| !set.is_empty())
            .collect(),
    };
    instance.set_qualifiers(stripped);
}

/// Errors: `WBEM_E_INVALID_OPERATION` where `class` is the localized part of another and has no
/// instances: every class of a localized namespace is, but those of the system.
pub fn check_instances_of(class: &Class, namespace: &Namespace) -> Result<()> {
    let is_system = class.name().is_system() || class.ancestors().any(|c| c.name().is_system());
    if is_system || !is_localized(namespace) {
        return Ok(());
    }
    Err(WBEM_E_INVALID_OPERATION.with(format!(
        "class {} of {namespace} is the localized part of a class and has no instances",
        class.name()
    )))
}

/// Whether a namespace holds the localized parts of the classes of the one that it lies in.
fn is_localized(namespace: &Namespace) -> bool {
    namespace.leaf().parse::<Locale>().is_ok()
}
