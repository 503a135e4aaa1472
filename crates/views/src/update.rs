//! Writing to a union view: a write to one of its instances is a write to the corresponding
//! instance of the source. Instances cannot be created through a view, and join and association
//! views are read-only (behaviour.md B.8).

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, Error, Instance, Method, Name, Object, ObjectPath, Result, Value};
use parking_lot::Mutex;
use wbem::{Flags, MethodCall, ProviderContext};

use crate::place::{Column, Place};
use crate::read::{self, Asked};
use crate::view::View;

/// An instance of a source.
pub(crate) struct Located {
    /// The number of its place.
    pub(crate) place: usize,
    /// Its path there.
    pub(crate) path: ObjectPath,
}

/// The source instances that correspond to the instance of a union view with these keys. There is
/// one; there are two if the view's keys do not distinguish the instances of its sources.
pub(crate) fn locate(
    view: &Arc<View>,
    keys: &[Value],
    context: &ProviderContext,
) -> Result<Vec<Located>> {
    let key = Instance::with_keys(view.class(), keys).key()?;
    let asked = Asked::key(view, keys, std::iter::empty());
    let found: Arc<Mutex<Vec<Located>>> = Arc::default();
    let (taken, shared) = (found.clone(), view.clone());
    let questions = asked.questions(view);
    read::each_source(view, &questions, context, move |place, instances| {
        for source in instances {
            let instance = read::of_one(&shared, place, &asked.slots, &source);
            let Some(path) = source.relative_path() else { continue };
            let mut found = taken.lock();
            let is_same = |other: &Located| {
                let namespace = |at: usize| shared.places[at].namespace();
                namespace(other.place) == namespace(place)
                    && other.path.identity(None) == path.identity(None)
            };
            // Two sources may have the same instance.
            if instance.key().ok().as_ref() == Some(&key) && !found.iter().any(is_same) {
                found.push(Located { place, path });
            }
            // Two are enough to report the ambiguity.
            if found.len() > 1 {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let found = std::mem::take(&mut *found.lock());
    Ok(found)
}

/// The one source instance to write to.
/// Errors: `WBEM_E_NOT_FOUND`; `WBEM_E_AMBIGUOUS_OPERATION` if there are several.
fn locate_one(view: &Arc<View>, keys: &[Value], context: &ProviderContext) -> Result<Located> {
    let mut found = locate(view, keys, context)?;
    let name = view.class().name();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(WBEM_E_NOT_FOUND.with(format!("view {name} has no such instance"))),
        (Some(_), false) => Err(WBEM_E_AMBIGUOUS_OPERATION.with(format!(
            "view {name}: several instances of its sources have these keys, so the \
             instance is ambiguous"
        ))),
    }
}

/// The view of `class`, for writing.
/// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` for any but a union view.
fn open(class: &Arc<Class>, context: &ProviderContext) -> Result<Arc<View>> {
    let view = View::open(class, context)?;
    if view.definition.is_union() {
        return Ok(view);
    }
    Err(WBEM_E_PROVIDER_NOT_CAPABLE
        .with(format!("view {} is read-only; only union views can be written to", class.name())))
}

/// Writes the properties of `instance` for which `is_written` holds to its source.
/// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` for an instance that does not exist, or is to be created;
/// `WBEM_E_NOT_FOUND` for one that may only be updated; `WBEM_E_READ_ONLY` for a property that the
/// source does not have, or has of the system; the source's.
pub(crate) fn put(
    instance: &Instance,
    flags: Flags,
    is_written: impl Fn(usize) -> bool,
    context: &ProviderContext,
) -> Result<()> {
    let class = instance.class();
    let view = open(class, context)?;
    let refused = || {
        WBEM_E_PROVIDER_NOT_CAPABLE.with(format!(
            "view {}: no instance can be created through a view; create it in the source's class",
            class.name()
        ))
    };
    if flags.has(Flags::CREATE_ONLY) {
        return Err(refused());
    }
    let keys: Vec<Value> =
        class.keys().iter().map(|&slot| instance.value(slot.into()).clone()).collect();
    let located = locate_one(&view, &keys, context).map_err(|e| match e.status() {
        WBEM_E_NOT_FOUND if !flags.has(Flags::UPDATE_ONLY) => refused(),
        _ => e,
    })?;
    let place = &view.places[located.place];
    let path = located.path.to_string();
    let object = place.services.get_object(&path, Flags::default(), context)?;
    let Object::Instance(mut source) = object else { return Err(WBEM_E_NOT_FOUND.with(path)) };
    let keys = class.keys();
    let slots = (0..class.properties().len()).filter(|&slot| !keys.contains(&(slot as u16)));
    let mut is_changed = false;
    for slot in slots.filter(|&slot| is_written(slot)) {
        is_changed |= write(&view, place, slot, instance.value(slot), &mut source)?;
    }
    if is_changed {
        place.services.put_instance(&source, Flags::UPDATE_ONLY, context)?;
    }
    Ok(())
}

/// Writes one value to the source; returns whether that changed it.
fn write(
    view: &View,
    place: &Place,
    slot: usize,
    value: &Value,
    source: &mut Instance,
) -> Result<bool> {
    let column = place.columns[slot].as_ref();
    let is = column.map_or(Value::Null, |column| place.value(column, source));
    let is_default = view.definition.properties[slot].hidden_default
        && is.is_null()
        && *value == view.class().defaults()[slot];
    if is == *value || is_default {
        return Ok(false);
    }
    match column {
        Some(Column::Property(name)) => {
            source.put(name.as_str(), &place.value_there(value.clone()))?;
            Ok(true)
        }
        _ => Err(WBEM_E_READ_ONLY.with(format!(
            "property {}.{} comes from no property of {} that can be written",
            view.class().name(),
            view.class().properties()[slot].name,
            place.class.name()
        ))),
    }
}

/// Deletes the instance of the source.
pub(crate) fn delete(class: &Arc<Class>, keys: &[Value], context: &ProviderContext) -> Result<()> {
    let view = open(class, context)?;
    let located = locate_one(&view, keys, context)?;
    let services = &view.places[located.place].services;
    services.delete_instance(&located.path.to_string(), Flags::default(), context)
}

/// Runs the method of the source to which the view's method maps.
/// Errors: `WBEM_E_METHOD_NOT_IMPLEMENTED` if the source has none, `WBEM_E_INVALID_METHOD` if it
/// has another signature; the source's.
pub(crate) fn exec_method(
    call: &MethodCall<'_>,
    context: &ProviderContext,
) -> Result<Option<Instance>> {
    let view = View::open(call.class, context)?;
    let names = view.definition.method_sources(call.method)?;
    let (place, path) = match call.keys {
        Some(keys) => {
            let located = locate_one(&view, keys, context)?;
            (&view.places[located.place], located.path.to_string())
        }
        None => {
            let place = the_only_place(&view, &names, call.method)?;
            (place, place.class.name().to_string())
        }
    };
    let name = names[place.source].as_ref().ok_or_else(|| {
        WBEM_E_METHOD_NOT_IMPLEMENTED.with(format!(
            "method {}.{} has no counterpart in {}",
            view.class().name(),
            call.method.name,
            place.class.name()
        ))
    })?;
    let differs = |why: &str| {
        WBEM_E_INVALID_METHOD.with(format!(
            "method {}.{}: {}.{name} {why}; MethodSource takes a method of the same signature",
            view.class().name(),
            call.method.name,
            place.class.name()
        ))
    };
    let method = place.class.method(name.as_str()).ok_or_else(|| differs("does not exist"))?;
    if !is_same_signature(call.method, method) {
        return Err(differs("has another signature"));
    }
    let given = method.in_signature().map(|signature| moved(call.in_parameters, signature));
    let given = given.transpose()?;
    let out = place.services.exec_method(
        &path,
        name.as_str(),
        Flags::default(),
        context,
        given.as_ref(),
    )?;
    call.out_signature.map(|signature| moved(out.as_ref(), signature.clone())).transpose()
}

/// The place in which a method called on the view itself runs.
/// Errors: `WBEM_E_INVALID_METHOD_PARAMETERS` if several sources have the method.
fn the_only_place<'a>(
    view: &'a View,
    names: &[Option<Name>],
    method: &Method,
) -> Result<&'a Place> {
    let mut places = view.places.iter().filter(|place| names[place.source].is_some());
    match (places.next(), places.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ambiguous(view, method)),
    }
}

fn ambiguous(view: &View, method: &Method) -> Error {
    WBEM_E_INVALID_METHOD_PARAMETERS.with(format!(
        "method {}.{} has several sources; call it on an instance, which has one",
        view.class().name(),
        method.name
    ))
}

/// Whether the two have the same parameters, in the same order.
fn is_same_signature(a: &Method, b: &Method) -> bool {
    let kind = |ty: &cim::PropertyType| (ty.cim, ty.is_array);
    let returned = |m: &Method| m.return_type.as_ref().map(kind);
    let parameters = |m: &Method| -> Vec<_> {
        m.parameters.iter().map(|p| (p.name.clone(), kind(&p.ty), p.is_in(), p.is_out())).collect()
    };
    returned(a) == returned(b) && parameters(a) == parameters(b)
}

/// The values of `given` as an object of `signature`, which has the same parameters.
fn moved(given: Option<&Instance>, signature: Arc<Class>) -> Result<Instance> {
    let mut moved = Instance::new(signature);
    for (slot, property) in
        given.into_iter().flat_map(|g| g.class().properties().iter().enumerate())
    {
        let value = given.map_or(Value::Null, |given| given.value(slot).clone());
        moved.put(property.name.as_str(), &value)?;
    }
    Ok(moved)
}
