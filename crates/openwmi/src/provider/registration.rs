//! Registers a provider: its code among the native providers of the program, its classes and its
//! registration in the repository.

use std::fmt::Write;

use cim::path::Quoted;
use wbem::{CompileReport, Initialization, NativeProviders, ProviderInterfaces};

use super::adapter::adapt;
use super::class::CimClass;
use super::instances::Instances;
use crate::error::WMIResult;
use crate::wmi::Wmi;

/// Registers the code of a provider under its CLSID. `make` creates the provider, when a client
/// first needs it and again after it was unloaded.
pub fn register<P: Instances>(
    providers: &mut NativeProviders,
    make: impl Fn(&Initialization) -> cim::Result<P> + Send + Sync + 'static,
) {
    let make = move |initialization: &Initialization| {
        Ok(ProviderInterfaces::instances(adapt(make(initialization)?)))
    };
    providers.register(P::CLSID, make);
}

/// Compiles [`mof()`] into the namespace of the provider's class, which is created if it is
/// missing. Existing objects that are equal are not changed.
/// Errors: as [`Wmi::compile`]; `WBEM_E_ACCESS_DENIED` if the user is no administrator.
pub fn install<P: Instances>(wmi: &Wmi) -> WMIResult<CompileReport> {
    wmi.compile(P::Class::NAMESPACE, &mof::<P>())
}

/// The MOF that binds the provider's class to its code: `__Win32Provider`,
/// `__InstanceProviderRegistration` and the class, with those that it embeds.
pub fn mof<P: Instances>() -> String {
    let provider = const {
        match P::Class::PROVIDER {
            Some(provider) => provider,
            None => panic!("the class has no #[cim(provider = \"...\")], so nothing provides it"),
        }
    };
    let mut text = String::new();
    let said = |supported| if supported { "TRUE" } else { "FALSE" };
    write!(
        text,
        "instance of __Win32Provider as $Provider
{{
    Name = {};
    CLSID = {};
    HostingModel = \"WmiCore\";
}};
instance of __InstanceProviderRegistration
{{
    Provider = $Provider;
    SupportsGet = TRUE;
    SupportsEnumeration = TRUE;
    SupportsPut = {};
    SupportsDelete = {};
}};
{}",
        Quoted(provider),
        Quoted(P::CLSID),
        said(P::SUPPORTS_PUT),
        said(P::SUPPORTS_DELETE),
        P::Class::mof()
    )
    .expect("a String takes all");
    text
}
