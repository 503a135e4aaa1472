//! The flags of WMI's operations, by their documented names and numbers.
//!
//! A flag's meaning depends on the operation (0x20 is FORWARD_ONLY for a query and SAFE_MODE for
//! PutClass), so each operation checks by [`Flags::only`] which flags it accepts. Source: MS-WMI
//! 2.2.6, behaviour.md part F.

use std::fmt;

use cim::Result;
use cim::status::WBEM_E_INVALID_PARAMETER;

bitflags::bitflags! {
    /// A set of WBEM_FLAG_ values.
    #[derive(Clone, Copy, PartialEq, Eq, Default)]
    pub struct Flags: u32 {
        /// Enumerate the class named and all below it; the default.
        const DEEP = 0;
        /// Enumerate only the class named, or its direct subclasses.
        const SHALLOW = 0x1;
        /// Put: the object must exist already.
        const UPDATE_ONLY = 0x1;
        /// Put: the object must not be there yet.
        const CREATE_ONLY = 0x2;
        /// Query: one object that shows the result's shape, and no data.
        const PROTOTYPE = 0x2;
        /// Return at once; errors come with the first result.
        const RETURN_IMMEDIATELY = 0x10;
        /// An enumerator that cannot be reset or cloned.
        const FORWARD_ONLY = 0x20;
        /// PutClass: subclasses may exist where nothing conflicts.
        const UPDATE_SAFE_MODE = 0x20;
        /// PutClass: conflicts are resolved in the subclasses.
        const UPDATE_FORCE_MODE = 0x40;
        /// No `__ExtendedStatus` on failure.
        const NO_ERROR_OBJECT = 0x40;
        /// Report progress to the sink.
        const SEND_STATUS = 0x80;
        /// Query: keys and path are among the result's properties.
        const ENSURE_LOCATABLE = 0x100;
        /// Only the class named is asked, no class above or below it.
        const DIRECT_READ = 0x200;
        /// A push provider writes what it owns.
        const OWNER_UPDATE = 0x10000;
        /// Localized qualifiers are read or written too.
        const USE_AMENDED_QUALIFIERS = 0x20000;
    }
}

impl Flags {
    /// What every operation takes: the calling modes report failures and progress, and not the
    /// operation itself.
    const EVERYWHERE: Flags = Flags::NO_ERROR_OBJECT.union(Flags::SEND_STATUS);

    /// Whether all bits of `flag` are set.
    pub fn has(self, flag: Flags) -> bool {
        self.contains(flag) && !flag.is_empty()
    }

    /// `self`, if it has no bit that is not in `allowed` or taken by every operation.
    /// Errors: `WBEM_E_INVALID_PARAMETER`.
    pub fn only(self, operation: &str, allowed: Flags) -> Result<Flags> {
        match self.bits() & !(allowed | Flags::EVERYWHERE).bits() {
            0 => Ok(self),
            other => Err(WBEM_E_INVALID_PARAMETER
                .with(format!("{operation} does not take the flags {other:#x}"))),
        }
    }

    /// `self`, if it does not ask a put both to create only and to update only.
    /// Errors: `WBEM_E_INVALID_PARAMETER`.
    pub fn one_put_mode(self) -> Result<Flags> {
        if self.has(Flags::CREATE_ONLY) && self.has(Flags::UPDATE_ONLY) {
            return Err(
                WBEM_E_INVALID_PARAMETER.with("CREATE_ONLY and UPDATE_ONLY exclude each other")
            );
        }
        Ok(self)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#x})", self.bits())
    }
}
