//! The trait that authors of instance providers implement.

use cim::status::WBEM_E_PROVIDER_NOT_CAPABLE;
use cim::{Class, Result};
use wbem::{Flags, ProviderContext, Wanted};

use super::class::CimClass;
use super::convert::is_key;

/// A provider of the instances of one class. Called from many threads at once.
///
/// Only [`Instances::all`] is required; other methods must be consistent with it. Keys compare as
/// in WMI: strings without regard to case.
pub trait Instances: Send + Sync + Sized + 'static {
    /// The class.
    type Class: CimClass;

    /// The CLSID by which the registration finds this code; a new GUID for each provider.
    const CLSID: &'static str;

    /// Whether [`Instances::put`] is implemented: SupportsPut in the registration.
    const SUPPORTS_PUT: bool = false;

    /// Whether [`Instances::delete`] is implemented: SupportsDelete in the registration.
    const SUPPORTS_DELETE: bool = false;

    /// All instances. They are read one after the other as the client fetches them, and no further
    /// than it needs. An error ends the result, after the instances before it.
    fn all(
        &self,
        wants: &Wants<'_>,
        context: &ProviderContext,
    ) -> Result<impl Iterator<Item = Result<Self::Class>>>;

    /// The instance with this key, if there is one. Implement it if that costs less than searching
    /// [`Instances::all`], which is the fallback for `WBEM_E_PROVIDER_NOT_CAPABLE`.
    fn get(
        &self,
        _key: &<Self::Class as CimClass>::Key,
        _wants: &Wants<'_>,
        _context: &ProviderContext,
    ) -> Result<Option<Self::Class>> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Creates or changes an instance. The caller has just searched for the instance: with
    /// `Flags::CREATE_ONLY` it did not exist, with `Flags::UPDATE_ONLY` it did.
    fn put(&self, _object: Self::Class, _flags: Flags, _context: &ProviderContext) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Deletes an instance. Errors: `WBEM_E_NOT_FOUND` if there is none.
    fn delete(
        &self,
        _key: &<Self::Class as CimClass>::Key,
        _context: &ProviderContext,
    ) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}

/// The properties that the caller requests. A provider need not compute others: their values in the
/// struct are ignored.
pub struct Wants<'a> {
    pub(super) class: &'a Class,
    pub(super) wanted: &'a Wanted,
}

impl Wants<'_> {
    /// Whether the property of this name is requested. Keys always are.
    pub fn contains(&self, property: &str) -> bool {
        let slot = self.class.slot(property);
        slot.is_some_and(|slot| self.wanted.contains(slot) || is_key(self.class, slot))
    }
}
