//! Properties of stored instances whose values a property provider has (behaviour.md C.1).
//!
//! A property marked `Dynamic` names its provider and says by `PropertyContext` what is meant;
//! `DynProps`, on a class or an instance, says the same of all. The texts of the qualifiers reach
//! the provider as they stand. Every read of a stored instance passes through [`complete`], every put
//! through [`put`].

use std::borrow::Cow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, Instance, Name, Qualifiers, Result, Value};
use wbem::{CallContext, Flags, PartialPut, PropertyCall, PropertyProvider, Wanted};

use crate::providers::{Provider, Supports};
use crate::read::get;
use crate::store::core::View;
use crate::write::instance_rules;

/// Whether any value of `instance`, which is stored, is a provider's.
pub fn has_dynamic(instance: &Instance) -> bool {
    !instance.class().dynamic_properties().is_empty()
        || instance.qualifiers().is_some_and(|own| own.instance.is_true("dynprops"))
}

/// `instance`, which is stored, with the values that property providers have, as far as they are
/// wanted. Errors: those of binding a provider, and its own;
/// `WBEM_E_PROVIDER_NOT_CAPABLE` where it is registered with SupportsGet FALSE.
pub fn complete(view: &View<'_>, mut instance: Instance, wanted: &Wanted) -> Result<Instance> {
    if !has_dynamic(&instance) {
        return Ok(instance);
    }
    for slot in slots(&instance).into_iter().filter(|&slot| wanted.contains(slot)) {
        let source = PropertySource::of(view, &instance, slot)?;
        source.check(source.supports.get, "SupportsGet")?;
        let locale = locale(view.context);
        let call = call(&instance, slot, locale.as_deref());
        let get = |context: &CallContext| source.properties.get_property(&call, context);
        let value = view.without_snapshot(|| source.provider.call(view.context, get))?;
        if !value.has_type(&instance.class().properties()[slot].ty) {
            return Err(WBEM_E_PROVIDER_FAILURE.with(format!(
                "provider {} gave a value of another type than {}.{} has",
                source.provider.name(),
                instance.class().name(),
                instance.class().properties()[slot].name
            )));
        }
        instance.set(slot, value);
    }
    Ok(instance)
}

/// Hands the values of `given` that are providers', and among what is put, to them, and gives the
/// instance without them, which is what is stored. A provider that takes no values is only told to where
/// the client gives another one than it has.
/// Errors: those of binding a provider, and its own; `WBEM_E_PROVIDER_NOT_CAPABLE` for another value
/// where it is registered with SupportsPut FALSE; `WBEM_E_UNSUPPORTED_PUT_EXTENSION` where all or
/// nothing is to be written and more than one value is.
pub fn put<'i>(
    view: &View<'_>,
    class: &Arc<Class>,
    given: &'i Instance,
    flags: Flags,
    partial: Option<&PartialPut>,
    context: &CallContext,
) -> Result<Cow<'i, Instance>> {
    instance_rules::check_flags(given, flags)?;
    if partial.is_none() && !has_dynamic(given) {
        return Ok(Cow::Borrowed(given));
    }
    let mut instance = instance_rules::of_class(given, class, flags)?;
    if partial.is_some() {
        // A partial put leaves the qualifiers of the instance as they are.
        let stored = get::stored(view, class, &instance.key()?, true)?;
        let kept = stored.and_then(|stored| stored.qualifiers().cloned());
        instance.set_qualifiers(kept.unwrap_or_default());
        if !has_dynamic(&instance) {
            return Ok(Cow::Borrowed(given));
        }
    }
    check_mode(view, &instance, flags)?;
    let is_written = |slot: usize, value: &Value| match partial {
        Some(partial) => {
            partial.slots.contains(&slot) && (partial.strict_nulls || !value.is_null())
        }
        None => !value.is_null(),
    };
    let mut written = Vec::new();
    for slot in slots(&instance) {
        let value = instance.value(slot).clone();
        instance.reset(slot);
        if is_written(slot, &value) {
            written.push((slot, value));
        }
    }
    if partial.is_some_and(|partial| partial.atomic) && !written.is_empty() {
        let stored = (0..instance.values().len())
            .filter(|&slot| !is_key(class, slot) && is_written(slot, instance.value(slot)));
        if written.len() + stored.count() > 1 {
            return Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.with(format!(
                "values of an instance of {} are property providers', which cannot be written with \
                 others all or none",
                class.name()
            )));
        }
    }
    let locale = locale(context);
    for (slot, value) in written {
        let source = PropertySource::of(view, &instance, slot)?;
        let call = call(&instance, slot, locale.as_deref());
        let put = |context: &CallContext| match source.supports.put {
            true => source.properties.put_property(&call, &value, context),
            false => match source.properties.get_property(&call, context)? == value {
                true => Ok(()),
                false => source.check(false, "SupportsPut"),
            },
        };
        view.without_snapshot(|| source.provider.call(context, put))?;
    }
    Ok(Cow::Owned(instance))
}

/// Errors: what the put itself will fail with, so that no provider is written to for nothing:
/// `WBEM_E_ALREADY_EXISTS`, `WBEM_E_NOT_FOUND`.
fn check_mode(view: &View<'_>, given: &Instance, flags: Flags) -> Result<()> {
    // One without a key is given one, and is new.
    let is_there = match given.key() {
        Ok(key) => get::stored(view, given.class(), &key, true)?.is_some(),
        Err(_) => false,
    };
    let name = given.class().name();
    match is_there {
        true if flags.has(Flags::CREATE_ONLY) => {
            Err(WBEM_E_ALREADY_EXISTS.with(format!("the instance of {name} exists already")))
        }
        false if flags.has(Flags::UPDATE_ONLY) => {
            Err(WBEM_E_NOT_FOUND.with(format!("no such instance of class {name}")))
        }
        _ => Ok(()),
    }
}

/// The slots whose values are providers'.
fn slots(instance: &Instance) -> Vec<usize> {
    let class = instance.class();
    if instance.qualifiers().is_some_and(|own| own.instance.is_true("dynprops")) {
        return (0..class.properties().len()).filter(|&slot| !is_key(class, slot)).collect();
    }
    class.dynamic_properties().iter().map(|&slot| usize::from(slot)).collect()
}

fn is_key(class: &Class, slot: usize) -> bool {
    class.keys().iter().any(|&key| usize::from(key) == slot)
}

/// The provider of a property.
struct PropertySource {
    provider: Provider,
    properties: Arc<dyn PropertyProvider>,
    supports: Supports,
}

impl PropertySource {
    /// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` where no provider is named or the one named
    /// has no registration for properties; those of loading it.
    fn of(view: &View<'_>, instance: &Instance, slot: usize) -> Result<PropertySource> {
        let class = instance.class();
        let name: Name = told(instance, slot, "Provider")
            .or_else(|| own(instance)?.text("Provider"))
            .or_else(|| class.qualifiers().text("Provider"))
            .ok_or_else(|| {
                let property = &class.properties()[slot].name;
                WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!(
                    "{}.{property} is to be provided and names no provider",
                    class.name()
                ))
            })?
            .into();
        let registration = view.cimom.registrations.get(view, &name)?;
        let supports = registration
            .properties
            .ok_or_else(|| registration.lacks("__PropertyProviderRegistration"))?;
        let provider = view.cimom.load(view, &registration)?;
        let properties = provider
            .native()
            .properties
            .clone()
            .ok_or_else(|| provider.provides_no("properties"))?;
        Ok(PropertySource { provider, properties, supports })
    }

    fn check(&self, supported: bool, flag: &str) -> Result<()> {
        self.provider.registration.check(supported, flag)
    }
}

/// The language that the caller prefers most, as `MS_409`.
fn locale(context: &CallContext) -> Option<String> {
    context.locales().first().map(ToString::to_string)
}

fn call<'a>(instance: &'a Instance, slot: usize, locale: Option<&'a str>) -> PropertyCall<'a> {
    PropertyCall {
        locale,
        class_context: instance.class().qualifiers().text("ClassContext"),
        instance_context: own(instance).and_then(|own| own.text("InstanceContext")),
        property_context: told(instance, slot, "PropertyContext"),
        ty: &instance.class().properties()[slot].ty,
    }
}

fn own(instance: &Instance) -> Option<&Qualifiers> {
    instance.qualifiers().map(|own| &own.instance)
}

/// The text of a qualifier of a property: what the instance says of it goes before the class.
fn told<'a>(instance: &'a Instance, slot: usize, qualifier: &str) -> Option<&'a str> {
    let of_instance = instance.qualifiers().and_then(|own| {
        let own = own.properties.iter().find(|(at, _)| usize::from(*at) == slot)?;
        own.1.text(qualifier)
    });
    of_instance.or_else(|| instance.class().properties()[slot].qualifiers.text(qualifier))
}
