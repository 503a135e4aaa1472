//! Association views: the associations of other namespaces, between objects of the view's namespace
//! (behaviour.md E.5).
//!
//! A reference of the source names an object in the source's namespace. The view's reference names
//! the instance of that object in another view, unless it is marked as Direct: then it names the
//! object itself. An association is omitted if an end has no instance in its view.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use cim::namespace::is_local_server;
use cim::path::{ObjectPath, Quoted};
use cim::status::*;
use cim::{Instance, Name, Namespace, Object, PathKeys, Result, Value};
use wbem::{Completion, Flags, ProviderContext};
use wql::{Comparison, References};

use crate::definition::Definition;
use crate::place::{Column, Place};
use crate::question;
use crate::read::{self, Asked, Only, in_order};
use crate::update;
use crate::view::View;

/// How many instances an object may have in another view, and an association in its own.
const MOST_IMAGES: usize = 4096;

/// How many objects' instances in other views are remembered during one call.
const MOST_REMEMBERED: usize = 4096;

/// Passes the associations of `view` to `take`.
pub(crate) fn each(
    view: &Arc<View>,
    asked: Asked,
    context: &ProviderContext,
    mut take: impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
) -> Completion {
    let targets = Targets::open(view, context)?;
    let leading = targets.0.iter().map(|(slot, _)| *slot);
    let asked = Asked { slots: in_order(asked.slots.iter().copied().chain(leading)), ..asked };
    let mut questions = asked.questions(view);
    match narrow(view, &targets, &asked, context)? {
        Narrowed::Not => {}
        Narrowed::ToNothing => return wbem::COMPLETE,
        Narrowed::To { slot, object } => {
            for (place, question) in view.places.iter().zip(&mut questions) {
                let Some(question) = question else { continue };
                if let Some(text) = referring(view, place, slot, &object, context) {
                    question.text = text;
                }
            }
        }
    }
    let mut mapper = Mapper { targets, known: HashMap::new(), context: context.clone() };
    let shared = view.clone();
    read::each_source(view, &questions, context, move |place, associations| {
        let mut mapped = Vec::with_capacity(associations.len());
        for association in &associations {
            mapper.map(&shared, place, &asked.slots, association, &mut mapped)?;
        }
        take(mapped)
    })
}

/// The views to which references of a view lead, by slot.
struct Targets(Vec<(usize, Arc<View>)>);

impl Targets {
    /// Errors: `WBEM_E_INVALID_QUALIFIER` if a reference that is not Direct does not lead to a
    /// view.
    fn open(view: &View, context: &ProviderContext) -> Result<Self> {
        let slots = (0..view.class().properties().len())
            .filter(|&slot| view.definition.leads_to_view(slot));
        slots
            .map(|slot| Ok((slot, target(view, slot, context)?)))
            .collect::<Result<_>>()
            .map(Targets)
    }
}

fn target(view: &View, slot: usize, context: &ProviderContext) -> Result<Arc<View>> {
    let property = &view.class().properties()[slot];
    let wrong = |what: String| {
        view.definition.wrong(format!(
            "reference {} {what}; mark it as Direct where it is to lead to the source's object",
            property.name
        ))
    };
    let Some(name) = &property.ty.class else {
        return Err(wrong("does not name the view that it leads to".to_owned()));
    };
    let found = context.services().get_object(name.as_str(), Flags::default(), context);
    let class = match found {
        Ok(object) => object.class().clone(),
        Err(e) if e.status() == WBEM_E_NOT_FOUND => {
            return Err(wrong(format!("leads to {name}, which is not in the view's namespace")));
        }
        Err(e) => return Err(e),
    };
    if !Definition::is_view(&class) || class.is_association() {
        return Err(wrong(format!("leads to {name}, which is no union or join view")));
    }
    View::open(&class, context)
}

/// Converts associations of the sources to associations of the view.
struct Mapper {
    targets: Targets,
    /// The references of the view for an object, by target and object.
    known: HashMap<(usize, String), Arc<[Value]>>,
    context: ProviderContext,
}

impl Mapper {
    /// Adds to `mapped` the view's associations for `association`, of the place number `at`.
    fn map(
        &mut self,
        view: &View,
        at: usize,
        slots: &[usize],
        association: &Instance,
        mapped: &mut Vec<Instance>,
    ) -> Result<()> {
        let place = &view.places[at];
        let mut all = vec![read::of_one(view, at, slots, association)];
        for i in 0..self.targets.0.len() {
            let slot = self.targets.0[i].0;
            let Some(column) = &place.columns[slot] else { continue };
            let Value::Reference(text) = place.value(column, association) else { continue };
            let images = self.images(i, &text, view)?;
            if all.len() * images.len() > MOST_IMAGES {
                return Err(read::too_many(view, MOST_IMAGES));
            }
            // An object may be part of several instances of a join view.
            let mut multiplied = Vec::with_capacity(all.len() * images.len());
            for one in &all {
                for image in images.iter() {
                    let mut other = one.clone();
                    other.set(slot, image.clone());
                    multiplied.push(other);
                }
            }
            all = multiplied;
        }
        mapped.append(&mut all);
        Ok(())
    }

    /// The references, relative to the view, to the instances of the target number `i` for the
    /// object at `text`.
    fn images(&mut self, i: usize, text: &str, view: &View) -> Result<Arc<[Value]>> {
        let Some(object) = located(text, view) else { return Ok(Arc::default()) };
        let key = (i, format!("{}:{}", object.namespace, object.path));
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let images: Arc<[Value]> = images(&self.targets.0[i].1, &object, &self.context)?.into();
        if self.known.len() >= MOST_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(key, images.clone());
        Ok(images)
    }
}

/// An object of this server.
struct Located {
    namespace: Namespace,
    /// Without server and namespace.
    path: ObjectPath,
}

/// The object that `text` names in the namespace of `view`; `None` for another server or a path
/// that names no instance.
fn located(text: &str, view: &View) -> Option<Located> {
    let path: ObjectPath = text.parse().ok()?;
    let origin = view.class().origin()?;
    let is_here = path.server.as_ref().is_none_or(|s| is_local_server(s, &origin.server));
    let namespace = path.namespace.clone().unwrap_or_else(|| origin.namespace.clone());
    (is_here && path.keys != PathKeys::Class).then(|| Located { namespace, path: path.relative() })
}

/// The references to the instances that `target` has of an object.
fn images(target: &Arc<View>, object: &Located, context: &ProviderContext) -> Result<Vec<Value>> {
    let mut images: Vec<Value> = Vec::new();
    for place in target.places.iter().filter(|p| *p.namespace() == object.namespace) {
        let Some(instance) = get(place, object, context)? else { continue };
        if !instance.class().is_a(place.class.name().as_str()) {
            continue;
        }
        let Some(path) = instance.relative_path() else { continue };
        let only = Only {
            source: place.source,
            namespace: object.namespace.clone(),
            identity: path.identity(None),
            terms: terms_for(place, &instance, &path),
        };
        let slots = target.class().keys().iter().map(|&slot| usize::from(slot)).collect();
        let asked = Asked { slots, only: Some(only), ..Asked::default() };
        for image in read::collect(target, asked, MOST_IMAGES, context)? {
            let Some(path) = image.relative_path() else { continue };
            let reference = Value::Reference(path.to_string().into());
            if !images.contains(&reference) {
                images.push(reference);
            }
        }
    }
    Ok(images)
}

/// The instance at `object` in the namespace of `place`, if it exists.
fn get(place: &Place, object: &Located, context: &ProviderContext) -> Result<Option<Instance>> {
    let path = object.path.to_string();
    match place.services.get_object(&path, Flags::default(), context) {
        Ok(Object::Instance(instance)) => Ok(Some(instance)),
        Ok(Object::Class(_)) => Ok(None),
        Err(e) if [WBEM_E_NOT_FOUND, WBEM_E_INVALID_OBJECT_PATH].contains(&e.status()) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Identifies `instance`, which has this path, among all others of the class that `place` selects
/// from.
fn terms_for(place: &Place, instance: &Instance, path: &ObjectPath) -> Vec<String> {
    if place.class.is_singleton() {
        return Vec::new();
    }
    let term = |&slot: &u16| {
        let name = place.class.properties()[usize::from(slot)].name.as_str();
        question::key_term(name, instance.get(name)?)
    };
    let terms: Option<Vec<String>> = place.class.keys().iter().map(term).collect();
    // A class without keys may have instances of subclasses with keys.
    let by_path = || vec![format!("__RELPATH = {}", Quoted(&path.to_string()))];
    terms.filter(|terms| !terms.is_empty()).unwrap_or_else(by_path)
}

/// The object to which the requested associations refer, as far as the predicates determine it.
enum Narrowed {
    /// The predicates do not determine it.
    Not,
    /// The object does not exist.
    ToNothing,
    /// It is this object, in this role.
    To { slot: usize, object: Located },
}

/// Determines the object of the sources to which the requested associations refer.
fn narrow(
    view: &View,
    targets: &Targets,
    asked: &Asked,
    context: &ProviderContext,
) -> Result<Narrowed> {
    for predicate in &asked.predicates {
        let (slot, text) = (predicate.slot, predicate.value.as_str().unwrap_or_default());
        let is_reference = view.class().properties()[slot].ty.cim == cim::CimType::Reference;
        if !is_reference || predicate.comparison != Comparison::Equal {
            continue;
        }
        let Some(object) = located(text, view) else { continue };
        let Some((_, target)) = targets.0.iter().find(|(leading, _)| *leading == slot) else {
            return Ok(Narrowed::To { slot, object });
        };
        if !target.definition.is_union() {
            continue;
        }
        let home = context.services();
        if *home.namespace() != object.namespace {
            continue;
        }
        let found = home.get_object(&object.path.to_string(), Flags::default(), context);
        let keys: Vec<Value> = match found {
            Ok(Object::Instance(i)) if i.class().name() == target.class().name() => {
                i.class().keys().iter().map(|&key| i.value(key.into()).clone()).collect()
            }
            Ok(_) => continue,
            Err(e) if e.status() == WBEM_E_NOT_FOUND => return Ok(Narrowed::ToNothing),
            Err(e) => return Err(e),
        };
        let mut found = update::locate(target, &keys, context)?;
        match (found.pop(), found.is_empty()) {
            (None, _) => return Ok(Narrowed::ToNothing),
            (Some(source), true) => {
                let namespace = target.places[source.place].namespace().clone();
                return Ok(Narrowed::To { slot, object: Located { namespace, path: source.path } });
            }
            (Some(_), false) => {}
        }
    }
    Ok(Narrowed::Not)
}

/// The query for the associations of `place` that refer to `object`, if such a query is possible:
/// the object manager finds referring instances most efficiently.
fn referring(
    view: &View,
    place: &Place,
    slot: usize,
    object: &Located,
    context: &ProviderContext,
) -> Option<String> {
    let source = &view.definition.sources[place.source];
    let Some(Column::Property(role)) = &place.columns[slot] else { return None };
    if source.query.condition.is_some() || *place.namespace() != object.namespace {
        return None;
    }
    // REFERENCES OF requires an existing object; references to others are found one by one.
    get(place, object, context).ok().flatten()?;
    let query = wql::Query::References(References {
        source: object.path.clone(),
        result_class: Some(place.class.name().clone()),
        role: Some(Name::from(role.as_str())),
        required_qualifier: None,
        class_defs_only: false,
        schema_only: false,
        keys_only: false,
    });
    Some(query.to_string()).filter(|query| question::is_query(query))
}
