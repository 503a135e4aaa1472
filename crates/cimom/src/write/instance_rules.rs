//! What may be put as an instance: its class, its keys, its required values.
//!
//! Makes of the instance that a client gives the one that is stored: of the class as it is
//! now, with a key. Rules: behaviour.md F.2 (PutInstance), G.6, architecture "What is true
//! where documents differ".

use std::sync::Arc;

use cim::amendment;
use cim::status::*;
use cim::{CimType, Class, Instance, InstanceQualifiers, Name, Namespace, Result, SlotSet, Value};
use wbem::Flags;

use crate::schema::localized::is_localized;

/// The flags that PutInstance takes.
const PUT_INSTANCE: Flags = Flags::CREATE_ONLY
    .union(Flags::UPDATE_ONLY)
    .union(Flags::RETURN_IMMEDIATELY)
    .union(Flags::USE_AMENDED_QUALIFIERS)
    .union(Flags::OWNER_UPDATE);

/// Errors: `WBEM_E_INVALID_PARAMETER` for flags that PutInstance does not take together.
pub(super) fn check_flags(flags: Flags) -> Result<()> {
    flags.only("PutInstance", PUT_INSTANCE)?.one_put_mode().map(drop)
}

/// Checks that nothing of `given`, which is to be put whole, was left out by the query that found
/// it, which selected these slots: it would be lost.
/// Errors: `WBEM_E_INVALID_OBJECT`.
pub(super) fn check_whole(
    given: &Instance,
    selected: Option<&SlotSet>,
    class: &Class,
) -> Result<()> {
    let Some(selected) = selected else { return Ok(()) };
    let is_left_out =
        |name: &str| given.class().slot(name).is_none_or(|slot| !selected.contains(slot));
    match class.properties().iter().find(|p| is_left_out(p.name.as_str())) {
        None => Ok(()),
        Some(property) => Err(WBEM_E_INVALID_OBJECT.with(format!(
            "the query that found this instance of {} did not select {}, which a put would lose; \
             get the whole instance, or put what was selected alone",
            class.name(),
            property.name
        ))),
    }
}

/// The instance to store: `given` with the values moved to `class`, which is its class as it
/// is now, and a GUID from `random` for a single string key that is NULL.
/// Errors: `WBEM_E_INVALID_OBJECT` where the client's class has properties that the class
/// lacks, `WBEM_E_NO_KEY`, those of [`Instance::check`].
pub(super) fn prepare(
    given: &Instance,
    class: &Arc<Class>,
    flags: Flags,
    random: &dyn Fn() -> [u8; 16],
) -> Result<Instance> {
    let mut instance = of_class(given, class, flags)?;
    generate_key(&mut instance, random);
    instance.check()?;
    if class.key_root().is_none() {
        return Err(WBEM_E_NO_KEY.with(format!(
            "class {} has no key; only abstract and singleton classes go without",
            class.name()
        )));
    }
    Ok(instance)
}

/// `given` with its values moved to `class`, which is its class as it is now. With the flag for
/// localized qualifiers those that it has itself are left out.
/// Errors: `WBEM_E_INVALID_OBJECT` where the client's class has properties that the class lacks.
pub(super) fn of_class(given: &Instance, class: &Arc<Class>, flags: Flags) -> Result<Instance> {
    let mut instance = moved(given, class)?;
    if flags.has(Flags::USE_AMENDED_QUALIFIERS) {
        strip(&mut instance);
    }
    Ok(instance)
}

fn moved(given: &Instance, class: &Arc<Class>) -> Result<Instance> {
    if Arc::ptr_eq(given.class(), class) {
        return Ok(given.clone());
    }
    let mut instance = Instance::new(class.clone());
    for (slot, property) in given.class().properties().iter().enumerate() {
        if !given.is_supplied(slot) {
            continue;
        }
        instance.put(property.name.as_str(), given.value(slot)).map_err(|e| {
            WBEM_E_INVALID_OBJECT
                .with(format!("the instance does not fit its class: {}", e.message()))
        })?;
    }
    if let Some(qualifiers) = given.qualifiers() {
        let slot_now =
            |slot: u16| class.slot(given.class().properties()[usize::from(slot)].name.as_str());
        let moved = qualifiers
            .properties
            .iter()
            .filter_map(|(slot, q)| Some((slot_now(*slot)? as u16, q.clone())));
        instance.set_qualifiers(InstanceQualifiers {
            instance: qualifiers.instance.clone(),
            properties: moved.collect(),
        });
    }
    Ok(instance)
}

/// Errors: `WBEM_E_AMENDED_OBJECT` where what is put was read with localized qualifiers, and the
/// flag that says what is to become of them is missing.
pub fn check_amended(is_amended: bool, class: &Name, flags: Flags) -> Result<()> {
    if !is_amended || flags.has(Flags::USE_AMENDED_QUALIFIERS) {
        return Ok(());
    }
    Err(WBEM_E_AMENDED_OBJECT.with(format!(
        "{class} was read with localized qualifiers; put it with \
         WBEM_FLAG_USE_AMENDED_QUALIFIERS, or read it without"
    )))
}

/// Takes the localized qualifiers of its own from an instance.
fn strip(instance: &mut Instance) {
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
pub(super) fn check_instances_of(class: &Class, namespace: &Namespace) -> Result<()> {
    let is_system = class.name().is_system() || class.ancestors().any(|c| c.name().is_system());
    if is_system || !is_localized(namespace) {
        return Ok(());
    }
    Err(WBEM_E_INVALID_OPERATION.with(format!(
        "class {} of {namespace} is the localized part of a class and has no instances",
        class.name()
    )))
}

/// Gives an instance whose single key is a string that is NULL a GUID from `random`.
pub fn generate_key(instance: &mut Instance, random: &dyn Fn() -> [u8; 16]) {
    let class = instance.class();
    if let &[key] = class.keys()
        && instance.value(key.into()).is_null()
        && class.properties()[usize::from(key)].ty.cim == CimType::String
    {
        instance.set(key.into(), Value::string(guid(random())));
    }
}

/// A random GUID as text in braces.
fn guid(random: [u8; 16]) -> String {
    let guid = uuid::Builder::from_random_bytes(random).into_uuid();
    format!("{{{:X}}}", guid.hyphenated())
}
