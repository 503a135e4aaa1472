//! Native providers and their initialization. The code of a provider is found by its registration
//! ([`ProviderResolver`]), that of a native provider in this program by its CLSID, and is
//! initialized when a client first needs it.
//!
//! MOF binds classes to it by `__Win32Provider.CLSID` and the registrations. Each kind of provider
//! has its own trait; the object manager decides when a provider is initialized, and for which user
//! (behaviour.md A.4, G.14).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cim::security::Identity;
use cim::status::WBEM_E_FAILED;
use cim::{Instance, Name, Namespace, Result};
use smol_str::SmolStr;

use crate::class_provider::ClassProvider;
use crate::context::ProviderContext;
use crate::method::MethodProvider;
use crate::property::PropertyProvider;
use crate::provider::InstanceProvider;

/// The kinds that one provider implements; it is called only for these.
#[derive(Clone, Default)]
pub struct ProviderInterfaces {
    /// Its classes. A push provider has none: it writes them during its initialization.
    pub classes: Option<Arc<dyn ClassProvider>>,
    /// Its instances.
    pub instances: Option<Arc<dyn InstanceProvider>>,
    /// Its methods.
    pub methods: Option<Arc<dyn MethodProvider>>,
    /// Its values for properties of stored instances.
    pub properties: Option<Arc<dyn PropertyProvider>>,
}

impl ProviderInterfaces {
    /// A provider of classes only.
    pub fn classes(provider: Arc<dyn ClassProvider>) -> Self {
        ProviderInterfaces { classes: Some(provider), ..ProviderInterfaces::default() }
    }

    /// A provider of instances only.
    pub fn instances(provider: Arc<dyn InstanceProvider>) -> Self {
        ProviderInterfaces { instances: Some(provider), ..ProviderInterfaces::default() }
    }

    /// A provider of methods only.
    pub fn methods(provider: Arc<dyn MethodProvider>) -> Self {
        ProviderInterfaces { methods: Some(provider), ..ProviderInterfaces::default() }
    }

    /// A provider of properties only.
    pub fn properties(provider: Arc<dyn PropertyProvider>) -> Self {
        ProviderInterfaces { properties: Some(provider), ..ProviderInterfaces::default() }
    }
}

/// The input of a provider's initialization (IWbemProviderInit, IWbemProviderIdentity).
#[derive(Clone, Debug)]
pub struct Initialization {
    /// Its instance of `__Win32Provider`, which distinguishes several providers of one CLSID.
    pub registration: Instance,
    /// The namespace for which it is initialized.
    pub namespace: Namespace,
    /// The user that it serves, if it is registered with PerUserInitialization.
    pub user: Option<Arc<Identity>>,
    /// The language that it serves, as `MS_409`, if it is registered with PerLocaleInitialization.
    pub locale: Option<Name>,
    /// The context of the call that needs it. The provider calls WMI through its services, also
    /// after the initialization.
    pub context: ProviderContext,
}

/// The receiver of the status of an initialization (IWbemProviderInitSink). Dropping it without a
/// status reports a failure.
pub struct InitializationSink(Option<Tell>);

type Tell = Box<dyn FnOnce(Result<ProviderInterfaces>) + Send>;

impl InitializationSink {
    /// A sink that passes the outcome to `tell`.
    pub fn new(tell: impl FnOnce(Result<ProviderInterfaces>) + Send + 'static) -> Self {
        InitializationSink(Some(Box::new(tell)))
    }

    /// Says that the provider is ready, or why it is not. May come from another thread and after
    /// the factory has returned: calls that need the provider wait.
    pub fn set_status(mut self, outcome: Result<ProviderInterfaces>) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for InitializationSink {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(WBEM_E_FAILED.with("it dropped its sink without a status")));
        }
    }
}

/// Who runs the code of a provider, as its registration says (`__Win32Provider.HostingModel`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum HostingModel {
    /// Where none is registered.
    #[default]
    Unspecified,
    /// `WmiCore`: this process.
    WmiCore,
    /// `NetworkServiceHost`: a host of the network service.
    NetworkServiceHost,
    /// `NetworkServiceHostOrSelfHost`.
    NetworkServiceHostOrSelfHost,
    /// `LocalServiceHost`: a host of the local service.
    LocalServiceHost,
    /// `LocalSystemHost`: a host of the system.
    LocalSystemHost,
    /// `LocalSystemHostOrSelfHost`.
    LocalSystemHostOrSelfHost,
    /// `SelfHost`: a process of the provider's own.
    SelfHost,
    /// `Decoupled:Com`: an application that registers it while it runs.
    DecoupledCom,
    /// `Decoupled:NonCom`.
    DecoupledNonCom,
}

impl HostingModel {
    /// The model that `text` names; after a colon may come the name of a host's group, or an option.
    pub fn parse(text: &str) -> Option<Self> {
        use HostingModel::*;
        let models = [
            ("WmiCore", WmiCore),
            ("NetworkServiceHost", NetworkServiceHost),
            ("NetworkServiceHostOrSelfHost", NetworkServiceHostOrSelfHost),
            ("LocalServiceHost", LocalServiceHost),
            ("LocalSystemHost", LocalSystemHost),
            ("LocalSystemHostOrSelfHost", LocalSystemHostOrSelfHost),
            ("SelfHost", SelfHost),
            ("Decoupled:Com", DecoupledCom),
            ("Decoupled:NonCom", DecoupledNonCom),
        ];
        let is_named = |known: &str| {
            let rest = text.get(known.len()..).unwrap_or_default();
            text.get(..known.len()).is_some_and(|head| cim::name::eq(head, known))
                && (rest.is_empty() || rest.starts_with(':'))
        };
        models.into_iter().find(|(name, _)| is_named(name)).map(|(_, model)| model)
    }
}

/// What is registered of a provider whose code is looked for.
#[derive(Clone, Debug)]
pub struct ProviderRegistration {
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// Where it is registered, and works.
    pub namespace: Namespace,
    /// The CLSID of its code, as it is written there.
    pub clsid: SmolStr,
    /// Who is to run it.
    pub hosting: HostingModel,
    /// Its instance of `__Win32Provider`, or of a class derived from it.
    pub instance: Instance,
}

/// Where the code of providers is found. Several are asked one after the other, the code in this
/// program first ([`NativeProviders`]).
pub trait ProviderResolver: Send + Sync {
    /// What begins to initialize the provider; `None` where its code is not to be found here, and
    /// the next one is asked. Called with nothing of the repository held.
    fn resolve(&self, registration: &ProviderRegistration) -> Option<Factory>;
}

impl fmt::Debug for dyn ProviderResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProviderResolver")
    }
}

impl ProviderResolver for NativeProviders {
    fn resolve(&self, registration: &ProviderRegistration) -> Option<Factory> {
        self.get(&registration.clsid).cloned()
    }
}

/// Begins to initialize a provider.
pub type Factory = Arc<dyn Fn(Initialization, InitializationSink) + Send + Sync>;

/// The native providers that exist in this program, by CLSID.
#[derive(Clone, Default)]
pub struct NativeProviders(HashMap<Name, Factory>);

impl NativeProviders {
    /// Registers under `clsid`, written with or without braces, a provider that is ready when
    /// `make` returns. Errors of `make` are `WBEM_E_INITIALIZATION_FAILURE` to the client.
    pub fn register(
        &mut self,
        clsid: &str,
        make: impl Fn(&Initialization) -> Result<ProviderInterfaces> + Send + Sync + 'static,
    ) {
        self.register_factory(
            clsid,
            Arc::new(move |initialization, sink| sink.set_status(make(&initialization))),
        );
    }

    /// Registers one that may say later, and from another thread, that it is ready.
    pub fn register_factory(&mut self, clsid: &str, factory: Factory) {
        self.0.insert(bare(clsid), factory);
    }

    /// The factory of `clsid`.
    pub fn get(&self, clsid: &str) -> Option<&Factory> {
        self.0.get(&bare(clsid))
    }
}

fn bare(clsid: &str) -> Name {
    Name::from(clsid.trim().trim_start_matches('{').trim_end_matches('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g14_hosting_models() {
        for (text, model) in [
            ("WmiCore", Some(HostingModel::WmiCore)),
            ("networkservicehost", Some(HostingModel::NetworkServiceHost)),
            ("NetworkServiceHost:group", Some(HostingModel::NetworkServiceHost)),
            ("NetworkServiceHostOrSelfHost", Some(HostingModel::NetworkServiceHostOrSelfHost)),
            ("Decoupled:Com:FoldIdentity(FALSE)", Some(HostingModel::DecoupledCom)),
            ("Decoupled:NonCom", Some(HostingModel::DecoupledNonCom)),
            ("Decoupled", None),
            ("SelfHosted", None),
            ("", None),
        ] {
            assert_eq!(HostingModel::parse(text), model, "{text}");
        }
    }
}
