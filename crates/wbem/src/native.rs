//! What a native provider is and how it comes to be: code in this program, registered under a
//! CLSID, initialized when a client first needs it.
//!
//! MOF binds classes to it as to any provider, by `__Win32Provider.CLSID` and the registrations.
//! Its kinds are traits of their own; who initializes it when, and for whom, is the object
//! manager's affair (behaviour.md A.4, G.14).

use std::collections::HashMap;
use std::sync::Arc;

use cim::security::Identity;
use cim::status::WBEM_E_FAILED;
use cim::{Instance, Name, Namespace, Result};

use crate::class_provider::ClassProvider;
use crate::context::CallContext;
use crate::method::MethodProvider;
use crate::property::PropertyProvider;
use crate::provider::InstanceProvider;

/// What one provider is: any of these, and what it is asked for it must be.
#[derive(Clone, Default)]
pub struct Native {
    /// Its classes. A push provider has none: it has written them when it is initialized.
    pub classes: Option<Arc<dyn ClassProvider>>,
    /// Its instances.
    pub instances: Option<Arc<dyn InstanceProvider>>,
    /// Its methods.
    pub methods: Option<Arc<dyn MethodProvider>>,
    /// Its values for properties of stored instances.
    pub properties: Option<Arc<dyn PropertyProvider>>,
}

impl Native {
    /// One of classes alone.
    pub fn classes(provider: Arc<dyn ClassProvider>) -> Self {
        Native { classes: Some(provider), ..Native::default() }
    }

    /// One of instances alone.
    pub fn instances(provider: Arc<dyn InstanceProvider>) -> Self {
        Native { instances: Some(provider), ..Native::default() }
    }

    /// One of methods alone.
    pub fn methods(provider: Arc<dyn MethodProvider>) -> Self {
        Native { methods: Some(provider), ..Native::default() }
    }

    /// One of properties alone.
    pub fn properties(provider: Arc<dyn PropertyProvider>) -> Self {
        Native { properties: Some(provider), ..Native::default() }
    }
}

/// What a provider is told when it is initialized (IWbemProviderInit, IWbemProviderIdentity).
#[derive(Clone, Debug)]
pub struct Initialization {
    /// Its instance of `__Win32Provider`, which tells several providers of one CLSID apart.
    pub registration: Instance,
    /// The namespace in which it is to work.
    pub namespace: Namespace,
    /// For whom, where it is registered with PerUserInitialization.
    pub user: Option<Arc<Identity>>,
    /// In which language, as `MS_409`, where it is registered with PerLocaleInitialization.
    pub locale: Option<Name>,
    /// The context of the call that needs it. Its services are the provider's way into WMI, also
    /// later on.
    pub context: CallContext,
}

/// Where a provider says that it is initialized (IWbemProviderInitSink). One that is let go
/// says that it failed.
pub struct InitializationSink(Option<Tell>);

type Tell = Box<dyn FnOnce(Result<Native>) + Send>;

impl InitializationSink {
    /// A sink that passes the outcome to `tell`.
    pub fn new(tell: impl FnOnce(Result<Native>) + Send + 'static) -> Self {
        InitializationSink(Some(Box::new(tell)))
    }

    /// Says that the provider is ready, or why it is not. May come from another thread and after
    /// the factory has returned: whoever needs the provider waits.
    pub fn set_status(mut self, outcome: Result<Native>) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for InitializationSink {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(WBEM_E_FAILED.with("it let go of its sink without a status")));
        }
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
        make: impl Fn(&Initialization) -> Result<Native> + Send + Sync + 'static,
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
