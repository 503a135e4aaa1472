//! The registration of a class, from its Rust declaration and its MOF.
//!
//! Makes a [`Class`] of a [`HostClass`] at compile time; its name and CLSID are found in its MOF.
//! Does not run queries: the provider that a class makes does. Output goes to the list in
//! [`super`].

use std::sync::Arc;

use wbem::{InstanceProvider, MethodProvider, ProviderInterfaces};

use super::mof;
use super::property::{HostClass, Methods, Provider};
use crate::readers::root::Root;
use crate::readers::source::Source;

/// A class that this crate provides.
#[derive(Clone, Copy)]
pub struct Class {
    /// The name of the class.
    pub name: &'static str,
    /// MOF text: the class, its provider and the provider's registrations.
    pub mof: &'static str,
    /// The CLSID under which the MOF registers the provider of instances and methods.
    pub clsid: &'static str,
    /// All that its instances and methods are read from.
    pub reads: &'static [Source],
    provider: fn(Arc<Root>) -> Arc<dyn InstanceProvider>,
    methods: Option<Methods>,
}

/// The registration of a class.
pub(super) const fn class<C: HostClass>() -> Class {
    Class {
        name: mof::class_name(C::MOF),
        mof: C::MOF,
        clsid: mof::clsid(C::MOF),
        reads: C::READS,
        provider: |root| Arc::new(Provider::<C>::new(root)),
        methods: C::METHODS,
    }
}

impl Class {
    /// The provider of its instances, for the machine of `root`.
    pub fn provider(&self, root: Arc<Root>) -> Arc<dyn InstanceProvider> {
        (self.provider)(root)
    }

    /// The provider of its methods, if any has code.
    pub fn methods(&self, root: Arc<Root>) -> Option<Arc<dyn MethodProvider>> {
        self.methods.map(|methods| methods(root))
    }

    pub(super) fn native(&self, root: Arc<Root>) -> ProviderInterfaces {
        let instances = Some(self.provider(root.clone()));
        ProviderInterfaces {
            instances,
            methods: self.methods(root),
            ..ProviderInterfaces::default()
        }
    }
}
