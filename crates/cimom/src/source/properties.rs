//! Properties of stored instances whose values property providers supply (behaviour.md C.1).
//!
//! A property marked `Dynamic` names its provider, and identifies the value by `PropertyContext`;
//! `DynProps`, on a class or an instance, applies to all its properties. The provider receives the
//! texts of the qualifiers unchanged. Every read of a stored instance passes through [`complete`],
//! every put through [`put`].

use std::sync::Arc;

use cim::status::*;
use cim::{Instance, Name, Qualifiers, Result};
use wbem::{CallContext, PropertyCall, PropertyProvider, ProviderContext, Wanted};

use crate::providers::{Provider, Supports};
use crate::system;
use crate::view::{View, computed};

/// Whether any value of `instance`, which is stored, is a provider's.
pub fn has_dynamic(instance: &Instance) -> bool {
    !instance.class().dynamic_properties().is_empty()
        || instance.qualifiers().is_some_and(|own| own.instance.is_true("dynprops"))
}

/// `instance`, which is stored, with what is not stored of it: the values that property providers
/// have, as far as they are wanted, and what protects a namespace. Errors: those of binding a provider, and its own;
/// `WBEM_E_PROVIDER_NOT_CAPABLE` where it is registered with SupportsGet FALSE.
pub fn complete(view: &View<'_>, mut instance: Instance, wanted: &Wanted) -> Result<Instance> {
    if system::is_namespace(instance.class()) {
        computed::protect(view, &mut instance)?;
    }
    if !has_dynamic(&instance) {
        return Ok(instance);
    }
    for slot in slots(&instance).into_iter().filter(|&slot| wanted.contains(slot)) {
        let source = PropertySource::of(view, &instance, slot)?;
        source.check(source.supports.get, "SupportsGet")?;
        let locale = locale(view.context());
        let call = call(&instance, slot, locale.as_deref());
        let get = |context: &ProviderContext| source.properties.get_property(&call, context);
        let value = view.without_snapshot(|| source.provider.call(view.context(), get))?;
        let ty = &instance.class().properties()[slot].ty;
        if !value.has_type(ty) || value.check_objects(ty).is_err() {
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

/// The slots whose values are providers'.
pub fn slots(instance: &Instance) -> Vec<usize> {
    let class = instance.class();
    if instance.qualifiers().is_some_and(|own| own.instance.is_true("dynprops")) {
        return (0..class.properties().len()).filter(|&slot| !class.is_key(slot)).collect();
    }
    class.dynamic_properties().iter().map(|&slot| usize::from(slot)).collect()
}

/// The provider of a property.
pub struct PropertySource {
    pub provider: Provider,
    pub properties: Arc<dyn PropertyProvider>,
    pub supports: Supports,
}

impl PropertySource {
    /// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` where no provider is named or the one named
    /// has no registration for properties; those of loading it.
    pub fn of(view: &View<'_>, instance: &Instance, slot: usize) -> Result<PropertySource> {
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
        let registration = view.runtime().registration(view.stored_view(), &name)?;
        let supports = registration
            .properties
            .ok_or_else(|| registration.lacks("__PropertyProviderRegistration"))?;
        let provider = view.runtime().load(view.stored_view(), view.context(), &registration)?;
        let properties = provider
            .native()
            .properties
            .clone()
            .ok_or_else(|| provider.provides_no("properties"))?;
        Ok(PropertySource { provider, properties, supports })
    }

    pub fn check(&self, supported: bool, flag: &str) -> Result<()> {
        self.provider.registration.check(supported, flag)
    }
}

/// The language that the caller prefers most, as `MS_409`.
pub fn locale(context: &CallContext) -> Option<String> {
    context.locales().first().map(ToString::to_string)
}

pub fn call<'a>(instance: &'a Instance, slot: usize, locale: Option<&'a str>) -> PropertyCall<'a> {
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

/// The text of a qualifier of a property: the instance's qualifier has priority over the class's.
fn told<'a>(instance: &'a Instance, slot: usize, qualifier: &str) -> Option<&'a str> {
    let of_instance = instance.qualifiers().and_then(|own| {
        let own = own.properties.iter().find(|(at, _)| usize::from(*at) == slot)?;
        own.1.text(qualifier)
    });
    of_instance.or_else(|| instance.class().properties()[slot].qualifiers.text(qualifier))
}
