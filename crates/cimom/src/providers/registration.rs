//! Registrations: the instance of `__Win32Provider` of a given name, and the instances of
//! `__ProviderRegistration` that refer to it (behaviour.md A.2, B.1, C).
//!
//! Read from the namespace of the provided class. Registrations are cached until the next write to
//! the repository, so that a change applies from the next call on.

use cim::status::*;
use cim::{Instance, Name, ObjectPath, Result, Value};
use smol_str::SmolStr;
use wbem::HostingModel;

use crate::store::StoredView;

const PROVIDER: Name = Name::from_static("__Win32Provider");
const INSTANCES: Name = Name::from_static("__InstanceProviderRegistration");
const METHODS: Name = Name::from_static("__MethodProviderRegistration");
const PROPERTIES: Name = Name::from_static("__PropertyProviderRegistration");

/// The complete registration of a provider in a namespace.
#[derive(Debug)]
pub struct Registration {
    pub(super) name: Name,
    /// The instance of `__Win32Provider` or of a class derived from it.
    pub(crate) instance: Instance,
    pub(crate) clsid: SmolStr,
    pub(crate) hosting: HostingModel,
    pub(crate) per_user: bool,
    pub(crate) per_locale: bool,
    /// Whether it calls back as the client and not as WMI (A.7).
    pub(super) impersonates: bool,
    /// InitializeAsAdminFirst: whether it runs as WMI nevertheless while it is initialized.
    pub(super) is_initialized_as_wmi: bool,
    /// InitializationReentrancy: 0 one at a time, 1 one at a time in a namespace, else any.
    pub(super) reentrancy: i32,
    /// From `__InstanceProviderRegistration`.
    pub instances: Option<Supports>,
    /// Whether it has a `__MethodProviderRegistration`.
    pub methods: bool,
    /// From `__PropertyProviderRegistration`.
    pub properties: Option<Supports>,
}

/// What a provider is registered to support.
#[derive(Clone, Copy, Debug, Default)]
pub struct Supports {
    pub get: bool,
    pub put: bool,
    pub delete: bool,
    pub enumeration: bool,
    /// Whether it accepts the text of queries.
    pub query: bool,
    /// Whether it accepts texts that go beyond WQL.
    pub query_beyond: bool,
}

impl Supports {
    pub(super) fn new(registration: &Instance) -> Self {
        let says = |flag| is_true(registration, flag);
        Supports {
            get: says("SupportsGet"),
            put: says("SupportsPut"),
            delete: says("SupportsDelete"),
            enumeration: says("SupportsEnumeration"),
            query: has_level(registration, &["WQL:UnarySelect", BEYOND]),
            query_beyond: has_level(registration, &[BEYOND]),
        }
    }
}

/// The level of queries that the core does not parse.
const BEYOND: &str = "WQL:V1ProviderDefined";

/// Whether a provider is registered for one of these levels at which it gets the text of a query
/// (B.3). `WQL:References` and `WQL:Associators` are separate levels, which no operation uses:
/// associations are queried by SELECT.
fn has_level(registration: &Instance, meant: &[&str]) -> bool {
    let levels = match registration.get("QuerySupportLevels") {
        Some(Value::Array(levels)) => levels,
        _ => return false,
    };
    let is_level = |level: &Value| {
        let level = level.as_str().unwrap_or_default().trim();
        meant.iter().any(|l| cim::name::eq(l, level))
    };
    levels.iter().any(is_level)
}

fn is_true(instance: &Instance, property: &str) -> bool {
    instance.get(property) == Some(&Value::Boolean(true))
}

impl Registration {
    pub(super) fn read(view: &StoredView<'_>, name: &Name) -> Result<Self> {
        let instance =
            registered(view, PROVIDER, Value::string(name.as_str()))?.ok_or_else(|| {
                let namespace = &view.schema().origin().namespace;
                WBEM_E_PROVIDER_NOT_FOUND
                    .with(format!("provider {name} is not registered in {namespace}"))
            })?;
        if instance.get("Enabled") == Some(&Value::Boolean(false)) {
            return Err(WBEM_E_PROVIDER_DISABLED.with(format!("provider {name} is disabled")));
        }
        let hosting = hosting(name, &instance)?;
        let clsid = instance.get("CLSID").and_then(Value::as_str).ok_or_else(|| {
            WBEM_E_INVALID_PROVIDER_REGISTRATION
                .with(format!("provider {name} is registered without a CLSID"))
        })?;
        let number = |property| match instance.get(property) {
            Some(Value::SInt32(n)) => *n,
            _ => 0,
        };
        let (level, reentrancy) =
            (number("ImpersonationLevel"), number("InitializationReentrancy"));
        let is_strict = instance.get("Version") == Some(&Value::UInt32(2));
        if is_strict && !((0..=1).contains(&level) && (0..=2).contains(&reentrancy)) {
            return Err(WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!(
                "provider {name} is registered with Version 2, ImpersonationLevel {level} and \
                 InitializationReentrancy {reentrancy}; they may be 0 or 1, and 0, 1 or 2"
            )));
        }
        let impersonates = level == 1;
        let kind = |class| registration(view, &instance, class);
        Ok(Registration {
            name: name.clone(),
            clsid: clsid.into(),
            hosting,
            per_user: is_true(&instance, "PerUserInitialization"),
            per_locale: is_true(&instance, "PerLocaleInitialization"),
            impersonates,
            is_initialized_as_wmi: is_true(&instance, "InitializeAsAdminFirst"),
            reentrancy,
            instances: kind(INSTANCES)?.as_ref().map(Supports::new),
            methods: kind(METHODS)?.is_some(),
            properties: kind(PROPERTIES)?.as_ref().map(Supports::new),
            instance,
        })
    }

    /// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` for a provider that is not registered as
    /// what it is needed for.
    pub fn lacks(&self, class: &str) -> cim::Error {
        WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!("provider {} has no {class}", self.name))
    }

    /// Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` where `supported` is not set.
    pub fn check(&self, supported: bool, flag: &str) -> Result<()> {
        if supported {
            return Ok(());
        }
        Err(WBEM_E_PROVIDER_NOT_CAPABLE
            .with(format!("provider {} is registered with {flag} FALSE", self.name)))
    }
}

/// Errors: `WBEM_E_INVALID_PROVIDER_REGISTRATION` for a HostingModel that is none (G.14).
fn hosting(name: &Name, registered: &Instance) -> Result<HostingModel> {
    let Some(model) = registered.get("HostingModel").and_then(Value::as_str) else {
        return Ok(HostingModel::Unspecified);
    };
    HostingModel::parse(model).ok_or_else(|| {
        WBEM_E_INVALID_PROVIDER_REGISTRATION.with(format!(
            "provider {name} is registered with the HostingModel {model}, which is none; \
             NetworkServiceHost is the usual one"
        ))
    })
}

/// The instance of the class `class` of registrations that refers to `provider`: by its own class
/// or, where that is a derived one, by `__Win32Provider` or `__Provider`.
fn registration(
    view: &StoredView<'_>,
    provider: &Instance,
    class: Name,
) -> Result<Option<Instance>> {
    let Some(path) = provider.relative_path() else { return Ok(None) };
    let above = provider.class().ancestors().filter(|c| c.key_root().is_some());
    let classes = std::iter::once(provider.class()).chain(above).map(|c| c.name().clone());
    for named in classes {
        let path = ObjectPath { class: named, ..path.clone() };
        let reference = Value::Reference(path.to_string().into());
        if let Some(found) = registered(view, class.clone(), reference)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The instance of the system class `class`, or of one derived from it, whose one key is `key`.
fn registered(view: &StoredView<'_>, class: Name, key: Value) -> Result<Option<Instance>> {
    let class = view.class(&class)?;
    let key = Instance::with_keys(&class, &[key]).key()?;
    view.instance(&class, &key)
}
