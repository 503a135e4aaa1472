//! What a native provider of classes is.
//!
//! A pull provider is asked for definitions when they are needed and registers, by
//! `__ClassProviderRegistration`, which classes it can supply; the core joins them to the stored
//! ones. A push provider implements nothing of this: it puts its classes when it is initialized, with
//! `Flags::OWNER_UPDATE`, through the services of its context (behaviour.md A).

use cim::status::WBEM_E_PROVIDER_NOT_CAPABLE;
use cim::{ClassDeclaration, Name, Result};

use crate::context::ProviderContext;
use crate::flags::Flags;

/// A pull provider of classes. Called from many threads at once.
///
/// What it hands out is what a class declares itself: its own properties, methods and qualifiers
/// and the name of its superclass, which may be a stored class. The core applies inheritance.
pub trait ClassProvider: Send + Sync {
    /// The class `name`. Errors: `WBEM_E_NOT_FOUND` where it has none.
    fn get(&self, name: &Name, context: &ProviderContext) -> Result<ClassDeclaration>;

    /// Its subclasses of `superclass`, without that one itself: all, or the direct ones alone. With
    /// no superclass all its classes, or those that have none themselves. It need know no classes
    /// but its own: where others may lie between, it is asked for all.
    fn enumerate(
        &self,
        superclass: Option<&Name>,
        shallow: bool,
        context: &ProviderContext,
    ) -> Result<Vec<ClassDeclaration>>;

    /// Creates or changes a class.
    fn put(
        &self,
        _class: &ClassDeclaration,
        _flags: Flags,
        _context: &ProviderContext,
    ) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }

    /// Deletes a class.
    fn delete(&self, _name: &Name, _context: &ProviderContext) -> Result<()> {
        Err(WBEM_E_PROVIDER_NOT_CAPABLE.into())
    }
}
