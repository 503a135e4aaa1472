//! The instances of dynamic classes: which provider a class is bound to, and asking it.
//!
//! A class names its provider; how that is registered, loaded and called is
//! [`crate::providers`]' affair. Errors: behaviour.md B.1.

use std::sync::Arc;

use cim::path::PathKeys;
use cim::status::*;
use cim::{Class, Instance, Name, ObjectPath, Result, Value};
use wbem::{CallContext, Flags, InstanceProvider, Pushdown, Wanted};

use crate::cimom::View;
use crate::get::key_values;
use crate::providers::{Provider, Supports};

/// The provider of the instances of a class, and what it is registered for.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) provider: Provider,
    pub(crate) instances: Arc<dyn InstanceProvider>,
    pub(crate) supports: Supports,
}

impl Binding {
    /// The name in `__Win32Provider`.
    pub(crate) fn name(&self) -> &Name {
        self.provider.name()
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for enumeration.
    pub(crate) fn check_enumeration(&self) -> Result<()> {
        self.check(self.supports.enumeration, "SupportsEnumeration")
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for gets.
    pub(crate) fn check_get(&self) -> Result<()> {
        self.check(self.supports.get, "SupportsGet")
    }

    fn check(&self, supported: bool, flag: &str) -> Result<()> {
        self.provider.registration.check(supported, flag)
    }

    /// What the provider does with `predicate`. One that cannot say does nothing with it.
    pub(crate) fn pushdown(
        &self,
        class: &Class,
        predicate: &wbem::provider::Predicate,
    ) -> Pushdown {
        let says = || Ok(self.instances.pushdown(class, predicate));
        crate::providers::guard(self.name(), says).unwrap_or(Pushdown::Unsupported)
    }
}

/// The provider of the instances of `class`, loaded. Errors: those of binding and loading it;
/// `WBEM_E_INVALID_PROVIDER_REGISTRATION` where it is not registered for instances,
/// `WBEM_E_PROVIDER_NOT_CAPABLE` where its code knows none.
pub(crate) fn bind(view: &View<'_>, class: &Class) -> Result<Binding> {
    let registration = view.cimom.registrations.of_class(view, class)?;
    let supports = registration
        .instances
        .ok_or_else(|| registration.lacks("__InstanceProviderRegistration"))?;
    let provider = view.cimom.load(view, &registration)?;
    let instances =
        provider.native().instances.clone().ok_or_else(|| provider.provides_no("instances"))?;
    Ok(Binding { provider, instances, supports })
}

/// The instance of `class` with these keys, from its provider.
pub(crate) fn get(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: &[Value],
    wanted: &Wanted,
    context: &CallContext,
) -> Result<Instance> {
    let binding = bind(view, class)?;
    view.outside(|| get_bound(&binding, class, keys, wanted, context))
}

/// The same, where the binding is known already.
pub(crate) fn get_bound(
    binding: &Binding,
    class: &Arc<Class>,
    keys: &[Value],
    wanted: &Wanted,
    context: &CallContext,
) -> Result<Instance> {
    binding.check_get()?;
    let found = binding
        .provider
        .call(context, |context| binding.instances.get(class, keys, wanted, context))?;
    if Arc::ptr_eq(found.class(), class) {
        return Ok(found);
    }
    Err(WBEM_E_PROVIDER_FAILURE.with(format!(
        "provider {} was asked for an instance of {} and gave one of {}",
        binding.name(),
        class.name(),
        found.class().name()
    )))
}

/// Puts an instance of the dynamic class `class`.
pub(crate) fn put(
    view: &View<'_>,
    class: &Arc<Class>,
    instance: &Instance,
    flags: Flags,
    context: &CallContext,
) -> Result<ObjectPath> {
    crate::instance_rules::check_flags(flags)?;
    let binding = bind(view, class)?;
    binding.check(binding.supports.put, "SupportsPut")?;
    let instance = crate::instance_rules::prepare(instance, class, &view.cimom.environment.random)?;
    let put = |context: &CallContext| binding.instances.put(&instance, flags, context);
    view.outside(|| binding.provider.call(context, put))?;
    instance.relative_path().ok_or_else(|| WBEM_E_NO_KEY.into())
}

/// Deletes an instance of the dynamic class `class`.
pub(crate) fn delete(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: &PathKeys,
    context: &CallContext,
) -> Result<()> {
    let keys = key_values(class, keys)?;
    let binding = bind(view, class)?;
    binding.check(binding.supports.delete, "SupportsDelete")?;
    let delete = |context: &CallContext| binding.instances.delete(class, &keys, context);
    view.outside(|| binding.provider.call(context, delete))
}
