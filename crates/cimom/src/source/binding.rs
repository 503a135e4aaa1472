//! The instances of dynamic classes: which provider a class is bound to, and calls of it.
//!
//! A class names its provider; [`crate::providers`] reads its registration, loads it and calls it.
//! Errors: behaviour.md B.1.

use std::sync::Arc;

use cim::status::*;
use cim::{Class, Instance, Name, Result, Value};
use wbem::{CallContext, InstanceProvider, ProviderContext, Pushdown, Wanted};

use crate::call::partial;
use crate::providers::{Provider, Supports};
use crate::view::View;

/// The provider of the instances of a class, and what it is registered for.
#[derive(Clone)]
pub struct Binding {
    pub provider: Provider,
    pub instances: Arc<dyn InstanceProvider>,
    pub supports: Supports,
}

impl Binding {
    /// The name in `__Win32Provider`.
    pub fn name(&self) -> &Name {
        self.provider.name()
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for enumeration.
    pub fn check_enumeration(&self) -> Result<()> {
        self.check(self.supports.enumeration, "SupportsEnumeration")
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for gets.
    pub fn check_get(&self) -> Result<()> {
        self.check(self.supports.get, "SupportsGet")
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for puts.
    pub fn check_put(&self) -> Result<()> {
        self.check(self.supports.put, "SupportsPut")
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for deletions.
    pub fn check_delete(&self) -> Result<()> {
        self.check(self.supports.delete, "SupportsDelete")
    }

    fn check(&self, supported: bool, flag: &str) -> Result<()> {
        self.provider.registration.check(supported, flag)
    }

    /// Calls the provider for a read of instances of `class`.
    pub fn read<T>(
        &self,
        class: &Class,
        context: &CallContext,
        call: impl FnOnce(&ProviderContext) -> Result<T>,
    ) -> Result<T> {
        self.provider.call(&partial::of_class(context, class), call)
    }

    /// What the provider does with `predicate`. A provider that does not declare it ignores the
    /// predicate.
    pub fn pushdown(&self, class: &Class, predicate: &wbem::provider::Predicate) -> Pushdown {
        let says = || Ok(self.instances.pushdown(class, predicate));
        crate::providers::guard(self.name(), says).unwrap_or(Pushdown::Unsupported)
    }
}

/// The provider of the instances of `class`, loaded. Errors: those of binding and loading it;
/// `WBEM_E_INVALID_PROVIDER_REGISTRATION` where it is not registered for instances,
/// `WBEM_E_PROVIDER_NOT_CAPABLE` if its code implements none.
pub fn bind(view: &View<'_>, class: &Class) -> Result<Binding> {
    let registration = view.runtime().registration_of(view.stored_view(), class)?;
    let supports = registration
        .instances
        .ok_or_else(|| registration.lacks("__InstanceProviderRegistration"))?;
    let provider = view.runtime().load(view.stored_view(), view.context(), &registration)?;
    let instances =
        provider.native().instances.clone().ok_or_else(|| provider.provides_no("instances"))?;
    Ok(Binding { provider, instances, supports })
}

/// The instance of `class` with these keys as one provider has it.
pub fn get_bound(
    binding: &Binding,
    class: &Arc<Class>,
    keys: &[Value],
    wanted: &Wanted,
    context: &CallContext,
) -> Result<Instance> {
    binding.check_get()?;
    let get = |context: &ProviderContext| binding.instances.get(class, keys, wanted, context);
    let found = binding.read(class, context, get)?;
    check_class(binding, class, &found)?;
    Ok(found)
}

/// Errors: `WBEM_E_PROVIDER_FAILURE` where what a provider gave for `class` is of another one.
pub(super) fn check_class(binding: &Binding, class: &Arc<Class>, found: &Instance) -> Result<()> {
    if Arc::ptr_eq(found.class(), class) {
        return Ok(());
    }
    Err(WBEM_E_PROVIDER_FAILURE.with(format!(
        "provider {} was asked for an instance of {} and gave one of {}",
        binding.name(),
        class.name(),
        found.class().name()
    )))
}
