//! Dynamic classes: which provider a class is bound to, and asking it.
//!
//! A class names its provider; the namespace's `__Win32Provider` of that name gives the CLSID,
//! `__InstanceProviderRegistration` says what it supports (`__MethodProviderRegistration`, that
//! it runs methods), the table of native providers has the code (architecture, decision 4). Registrations are read with every call, so that a change
//! holds from the next call on. Errors: behaviour.md B.1.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use cim::path::PathKeys;
use cim::status::*;
use cim::{Class, Instance, Name, ObjectPath, Result, Value};
use wbem::{CallContext, Flags, InstanceProvider, MethodProvider, Native, Wanted};

use crate::cimom::View;
use crate::get::{self, key_values};

/// The provider of a class, and what it is registered for.
#[derive(Clone)]
pub(crate) struct Binding {
    /// The name in `__Win32Provider`.
    pub(crate) name: Name,
    pub(crate) provider: Arc<dyn InstanceProvider>,
    supports_get: bool,
    supports_put: bool,
    supports_delete: bool,
    supports_enumeration: bool,
}

impl Binding {
    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for enumeration.
    pub(crate) fn check_enumeration(&self) -> Result<()> {
        self.check(self.supports_enumeration, "SupportsEnumeration")
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where it is not registered for gets.
    pub(crate) fn check_get(&self) -> Result<()> {
        self.check(self.supports_get, "SupportsGet")
    }

    fn check(&self, supports: bool, flag: &str) -> Result<()> {
        if supports {
            return Ok(());
        }
        Err(WBEM_E_PROVIDER_NOT_CAPABLE
            .with(format!("provider {} is registered with {flag} FALSE", self.name)))
    }
}

/// The provider of the instances of `class`. Errors: those of [`provider`], and
/// `WBEM_E_INVALID_PROVIDER_REGISTRATION` where it is not registered for instances,
/// `WBEM_E_PROVIDER_NOT_CAPABLE` where its code knows none.
pub(crate) fn bind(view: &View<'_>, class: &Class) -> Result<Binding> {
    let (name, registered) = provider(view, class)?;
    let registration = registration(view, &name, &registered, INSTANCES)?;
    let supports = |flag: &str| registration.get(flag) == Some(&Value::Boolean(true));
    let provider = load(view, &name, &registered)?.instances;
    Ok(Binding {
        provider: provider.ok_or_else(|| not_capable(&name, "instances"))?,
        name,
        supports_get: supports("SupportsGet"),
        supports_put: supports("SupportsPut"),
        supports_delete: supports("SupportsDelete"),
        supports_enumeration: supports("SupportsEnumeration"),
    })
}

/// The provider of the methods that `class` implements, and its name. Errors: as [`bind`], for
/// methods.
pub(crate) fn bind_methods(
    view: &View<'_>,
    class: &Class,
) -> Result<(Name, Arc<dyn MethodProvider>)> {
    let (name, registered) = provider(view, class)?;
    registration(view, &name, &registered, METHODS)?;
    let provider = load(view, &name, &registered)?.methods;
    let provider = provider.ok_or_else(|| not_capable(&name, "methods"))?;
    Ok((name, provider))
}

fn not_capable(name: &Name, what: &str) -> cim::Error {
    WBEM_E_PROVIDER_NOT_CAPABLE.with(format!("the code of provider {name} provides no {what}"))
}

/// The name of the provider of `class`, and its registration in the namespace.
/// Errors: `WBEM_E_PROVIDER_NOT_FOUND` where it is not registered,
/// `WBEM_E_INVALID_PROVIDER_REGISTRATION` where the class names none or the registration cannot
/// be meant, `WBEM_E_PROVIDER_DISABLED`. When it is loaded: `WBEM_E_PROVIDER_LOAD_FAILURE` where
/// no code has the CLSID, `WBEM_E_INITIALIZATION_FAILURE`.
fn provider(view: &View<'_>, class: &Class) -> Result<(Name, Instance)> {
    let name: Name = class
        .provider()
        .ok_or_else(|| {
            WBEM_E_INVALID_PROVIDER_REGISTRATION
                .with(format!("class {} is to be provided but names no provider", class.name()))
        })?
        .into();
    let registered =
        registered(view, PROVIDER, Value::string(name.as_str()))?.ok_or_else(|| {
            let namespace = &view.schema.origin().namespace;
            WBEM_E_PROVIDER_NOT_FOUND.with(format!(
                "provider {name} of class {} is not registered in {namespace}",
                class.name()
            ))
        })?;
    if registered.get("Enabled") == Some(&Value::Boolean(false)) {
        return Err(WBEM_E_PROVIDER_DISABLED.with(format!("provider {name} is disabled")));
    }
    check_hosting(&name, &registered)?;
    Ok((name, registered))
}

/// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` for a HostingModel that is none (G.14). A
/// native provider runs in this process whichever it is.
fn check_hosting(name: &Name, registered: &Instance) -> Result<()> {
    const MODELS: [&str; 9] = [
        "WmiCore",
        "NetworkServiceHost",
        "NetworkServiceHostOrSelfHost",
        "LocalServiceHost",
        "LocalSystemHost",
        "LocalSystemHostOrSelfHost",
        "SelfHost",
        "Decoupled:Com",
        "Decoupled:NonCom",
    ];
    let Some(model) = registered.get("HostingModel").and_then(Value::as_str) else { return Ok(()) };
    let is_model = |known: &&str| {
        let rest = model.get(known.len()..).filter(|_| cim::name::eq(&model[..known.len()], known));
        // After a colon comes the name of a host's group, or an option.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    if MODELS.iter().any(is_model) {
        return Ok(());
    }
    Err(WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!(
        "provider {name} is registered with the HostingModel {model}, which is none; \
         NetworkServiceHost is the usual one"
    )))
}

/// What the registered provider is registered for in the class `class` of registrations. The
/// registration may refer to it by its own class or, where that is a derived one, by
/// `__Win32Provider`.
/// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` where there is none.
fn registration(
    view: &View<'_>,
    name: &Name,
    registered: &Instance,
    class: Name,
) -> Result<Instance> {
    if let Some(path) = registered.relative_path() {
        let general = ObjectPath { class: PROVIDER, ..path.clone() };
        for path in [path, general] {
            let reference = Value::Reference(path.to_string().into());
            if let Some(found) = self::registered(view, class.clone(), reference)? {
                return Ok(found);
            }
        }
    }
    Err(WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!("provider {name} has no {class}")))
}

const PROVIDER: Name = Name::from_static("__Win32Provider");
const INSTANCES: Name = Name::from_static("__InstanceProviderRegistration");
const METHODS: Name = Name::from_static("__MethodProviderRegistration");

/// The instance of the system class `class`, or of one derived from it, whose one key is `key`.
fn registered(view: &View<'_>, class: Name, key: Value) -> Result<Option<Instance>> {
    let class = view.class(&class, WBEM_E_INVALID_CLASS)?;
    let key = Instance::with_keys(&class, &[key]).key()?;
    get::stored(view, &class, &key, false)
}

fn load(view: &View<'_>, name: &Name, registered: &Instance) -> Result<Native> {
    let clsid = registered.get("CLSID").and_then(Value::as_str).ok_or_else(|| {
        WBEM_E_INVALID_PROVIDER_REGISTRATION
            .with(format!("provider {name} is registered without a CLSID"))
    })?;
    let namespace = &view.schema.origin().namespace;
    let place = (namespace.clone(), Name::from(clsid));
    let loaded = || view.cimom.loaded.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(provider) = loaded().get(&place) {
        return Ok(provider.clone());
    }
    let factory = view.cimom.environment.providers.get(clsid).ok_or_else(|| {
        WBEM_E_PROVIDER_LOAD_FAILURE
            .with(format!("provider {name}: no provider with the CLSID {clsid} is in this program"))
    })?;
    let failed = |why: &str| {
        WBEM_E_INITIALIZATION_FAILURE
            .with(format!("provider {name} could not be initialized: {why}"))
    };
    let made = catch_unwind(AssertUnwindSafe(|| factory(namespace)))
        .map_err(|_| failed("it panicked"))?
        .map_err(|e| failed(&e.to_string()))?;
    // Where two calls made one at the same time, both use the first that was kept.
    Ok(loaded().entry(place).or_insert(made).clone())
}

/// The instance of `class` with these keys, from its provider.
pub(crate) fn get(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: &[Value],
    wanted: &Wanted,
    context: &CallContext,
) -> Result<Instance> {
    get_bound(&bind(view, class)?, class, keys, wanted, context)
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
    let found = guard(&binding.name, || binding.provider.get(class, keys, wanted, context))?;
    if Arc::ptr_eq(found.class(), class) {
        return Ok(found);
    }
    Err(WBEM_E_PROVIDER_FAILURE.with(format!(
        "provider {} was asked for an instance of {} and gave one of {}",
        binding.name,
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
    binding.check(binding.supports_put, "SupportsPut")?;
    let instance = crate::instance_rules::prepare(instance, class, &view.cimom.environment.random)?;
    guard(&binding.name, || binding.provider.put(&instance, flags, context))?;
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
    binding.check(binding.supports_delete, "SupportsDelete")?;
    guard(&binding.name, || binding.provider.delete(class, &keys, context))
}

/// A provider that panics has failed its call and nothing else.
pub(crate) fn guard<T>(name: &Name, call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(WBEM_E_PROVIDER_FAILURE.with(format!("provider {name} panicked"))))
}
