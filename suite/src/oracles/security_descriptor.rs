//! What holds of every input taken for a security descriptor, in bytes and as SDDL.
//!
//! Read from either, it is written and read again as an equal one; what a namespace below takes
//! over can be written too, passes on no further than it may, and grants what it says.

use cim::security::{AceFlags, Descriptor, Identity, Rights, SecurityDescriptor};
use cim::status::{WBEM_E_INVALID_OBJECT, WBEM_E_INVALID_PARAMETER, WBEM_E_QUOTA_VIOLATION};

/// Checks `data` as self-relative bytes and, where it is text, as SDDL.
///
/// # Panics
///
/// Where a parser does, or a rule above does not hold.
pub fn security_descriptor(data: &[u8]) {
    match Descriptor::from_bytes(data) {
        Ok(descriptor) => {
            comes_back(&descriptor);
            // Bits that have no name are in the bytes alone.
            let text = descriptor.to_string();
            if let Ok(named) = text.parse::<Descriptor>() {
                assert_eq!(named.to_string(), text);
            }
        }
        Err(e) => {
            let expected = [WBEM_E_INVALID_OBJECT, WBEM_E_INVALID_PARAMETER];
            assert!(expected.contains(&e.status()), "{e}");
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<Descriptor>() {
        Ok(descriptor) => {
            let printed = descriptor.to_string();
            assert_eq!(printed.parse::<Descriptor>().expect(text), descriptor, "{text}");
            comes_back(&descriptor);
        }
        Err(e) => assert_eq!(e.status(), WBEM_E_INVALID_PARAMETER, "{text}"),
    }
}

fn comes_back(descriptor: &Descriptor) {
    match descriptor.to_bytes() {
        Ok(bytes) => assert_eq!(Descriptor::from_bytes(&bytes).as_ref(), Ok(descriptor)),
        Err(e) => return assert_eq!(e.status(), WBEM_E_QUOTA_VIOLATION),
    }
    let below = descriptor.inherited();
    below.to_bytes().expect("no longer than what it was taken from");
    let entries = || below.dacl.iter().chain(&below.sacl).flatten();
    assert!(entries().all(|e| !e.flags.contains(AceFlags::INHERIT_ONLY)));
    assert!(entries().all(|e| !e.flags.contains(AceFlags::NO_PROPAGATE)));
    let anyone = Identity::unix(1000, &[1000], false);
    for seen in [descriptor, &below] {
        let decides = SecurityDescriptor::from(seen);
        let granted = decides.granted(&anyone);
        let spoken = decides.dacl.iter().filter(|ace| ace.allow).map(|ace| ace.rights);
        let implied = Rights::READ_CONTROL.union(Rights::WRITE_DAC);
        assert!(spoken.fold(implied, Rights::union).contains(granted));
    }
}
