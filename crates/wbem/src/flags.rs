//! The flags of WMI's operations, by their documented names and numbers.
//!
//! A flag's meaning depends on the operation (0x20 is FORWARD_ONLY for a query and SAFE_MODE
//! for PutClass), so each operation checks for itself what it takes, by [`Flags::only`].
//! Source: MS-WMI 2.2.6, behaviour.md part F.

use std::fmt;
use std::ops::BitOr;

use cim::Result;
use cim::status::WBEM_E_INVALID_PARAMETER;

/// A set of WBEM_FLAG_ values.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub u32);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Flags = Flags($value);)*
        }
    };
}

flags! {
    /// Enumerate the class named and all below it; the default.
    DEEP = 0;
    /// Enumerate the class named alone, or its direct subclasses.
    SHALLOW = 0x1;
    /// Put: the object must be there already.
    UPDATE_ONLY = 0x1;
    /// Put: the object must not be there yet.
    CREATE_ONLY = 0x2;
    /// Query: one object that shows the result's shape, and no data.
    PROTOTYPE = 0x2;
    /// Return at once; errors come with the first result.
    RETURN_IMMEDIATELY = 0x10;
    /// An enumerator that cannot be reset or cloned.
    FORWARD_ONLY = 0x20;
    /// PutClass: subclasses may exist where nothing conflicts.
    UPDATE_SAFE_MODE = 0x20;
    /// PutClass: conflicts are resolved in the subclasses.
    UPDATE_FORCE_MODE = 0x40;
    /// No `__ExtendedStatus` on failure.
    NO_ERROR_OBJECT = 0x40;
    /// Report progress to the sink.
    SEND_STATUS = 0x80;
    /// Query: keys and path are among the result's properties.
    ENSURE_LOCATABLE = 0x100;
    /// Only the class named is asked, no class above or below it.
    DIRECT_READ = 0x200;
    /// A push provider writes what it owns.
    OWNER_UPDATE = 0x10000;
    /// Localized qualifiers are read or written too.
    USE_AMENDED_QUALIFIERS = 0x20000;
}

impl Flags {
    /// What every operation takes: how failures and progress are told is the affair of who calls it
    /// for a client, and nothing to the operation itself.
    const EVERYWHERE: Flags = Flags(Flags::NO_ERROR_OBJECT.0 | Flags::SEND_STATUS.0);

    /// Whether all bits of `flag` are set.
    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 == flag.0 && flag.0 != 0
    }

    /// `self`, if it has no bit that is not in `allowed` or taken by every operation.
    /// Errors: `WBEM_E_INVALID_PARAMETER`.
    pub fn only(self, operation: &str, allowed: Flags) -> Result<Flags> {
        match self.0 & !(allowed | Flags::EVERYWHERE).0 {
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

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#x})", self.0)
    }
}
