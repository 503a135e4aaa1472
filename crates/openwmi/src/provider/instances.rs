//! A provider of instances as its author writes it.

use cim::status::WBEM_E_PROVIDER_NOT_CAPABLE;
use cim::{Class, Result};
use wbem::{Flags, ProviderContext, Wanted};

use super::class::CimClass;
use super::convert::is_key;

/// A provider of the instances of one class. Called from many threads at once.
///
/// Only [`Instances::all`] has to be written; what else is written must agree with it. Keys compare
/// as WMI's do: texts without regard to case.
pub trait Instances: Send + Sync + Sized + 'static {
    /// The class.
    type Class: CimClass;

    /// The CLSID by which the registration finds this code; a new GUID for each provider.
    const CLSID: &'static str;

    /// Whether [`Instances::put`] is written: what the registration says of it.
    const SUPPORTS_PUT: bool = false;

    /// Whether [`Instances::delete`] is written: what the registration says of it.
    const SUPPORTS_DELETE: bool = false;

    /// All instances. They are taken one after the other as the client takes them, and no further
    /// than it wants. An error ends the result, after what came before it.
    fn all(
        &self,
        wants: &Wants<'_>,
        context: &ProviderContext,
    ) -> Result<impl Iterator<Item = Result<Self::Class>>>;

    /// The instance with this key, if there is one. Written where that costs less than looking
    /// through [`Instances::all`], which is done instead where this is
    /// `WBEM_E_PROVIDER_NOT_CAPABLE`.
    fn get(
        &self,
        _key: &<Self::Class as CimClass>::Key,
        _wants: &Wants<'_>,
        _context: &ProviderContext,
    ) -> Result<Option<Self::Class>> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Creates or changes an instance. With `Flags::CREATE_ONLY` there was none, with
    /// `Flags::UPDATE_ONLY` there was one when it was looked for just before.
    fn put(&self, _object: Self::Class, _flags: Flags, _context: &ProviderContext) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Deletes an instance. Errors: `WBEM_E_NOT_FOUND` where there is none.
    fn delete(
        &self,
        _key: &<Self::Class as CimClass>::Key,
        _context: &ProviderContext,
    ) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}

/// Which properties somebody wants. What is not wanted need not be found out: whatever the struct
/// has there is left out.
pub struct Wants<'a> {
    pub(super) class: &'a Class,
    pub(super) wanted: &'a Wanted,
}

impl Wants<'_> {
    /// Whether the property of this name is wanted. Keys always are.
    pub fn contains(&self, property: &str) -> bool {
        let slot = self.class.slot(property);
        slot.is_some_and(|slot| self.wanted.contains(slot) || is_key(self.class, slot))
    }
}
