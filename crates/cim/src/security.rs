//! The identity of a caller and the rights that a namespace's descriptor grants.
//!
//! Identities, rights, access-control lists and the one decision over them. Where descriptors
//! are stored and which right an operation requires is decided in `cimom::access`. Rights and defaults:
//! behaviour.md G.11; SIDs of Linux users and groups: as Samba maps them. A descriptor in
//! its external form, bytes or SDDL, is a [`Descriptor`]; [`SecurityDescriptor`] is the part of it
//! that the decision uses.

mod descriptor;
mod sddl;
mod sid;

use std::fmt;

use bitflags::bitflags;

pub use descriptor::{AceFlags, AceKind, Control, Descriptor, DescriptorAce};
pub use sid::Sid;

/// What a caller may do in a namespace. Bits without a name are kept.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(pub u32);

bitflags! {
    impl Rights: u32 {
        /// Open the namespace and read.
        const ENABLE = 0x1;
        /// Execute methods.
        const METHOD_EXECUTE = 0x2;
        /// Write static classes, namespaces and instances of system classes.
        const FULL_WRITE_REP = 0x4;
        /// Write static instances.
        const PARTIAL_WRITE_REP = 0x8;
        /// Write what providers supply.
        const WRITE_PROVIDER = 0x10;
        /// Connect from another machine.
        const REMOTE_ACCESS = 0x20;
        /// Receive events.
        const SUBSCRIBE = 0x40;
        /// Raise events.
        const PUBLISH = 0x80;
        /// Read the descriptor.
        const READ_CONTROL = 0x20000;
        /// Write the descriptor.
        const WRITE_DAC = 0x40000;
        /// Every right above.
        const ALL = 0x600FF;
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({:#x})", self.0)
    }
}

/// The identity of a caller: a user and their groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The user.
    pub user: Sid,
    /// The groups, including well-known ones.
    pub groups: Vec<Sid>,
}

impl Identity {
    /// A user of this machine by uid, with the gids of their groups. The kernel has authenticated
    /// them; `administrator` adds the group of administrators.
    pub fn unix(uid: u32, gids: &[u32], administrator: bool) -> Self {
        let mut groups: Vec<Sid> = gids.iter().map(|&gid| Sid::unix_group(gid)).collect();
        groups.push(Sid::authenticated_users());
        if administrator {
            groups.push(Sid::administrators());
        }
        Identity { user: Sid::unix_user(uid), groups }
    }

    /// Whether the caller is `sid` or belongs to it. Every caller belongs to everyone.
    pub fn is(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.contains(sid) || sid.is_everyone()
    }
}

/// An entry of an access-control list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ace {
    /// Whether it grants or denies the rights.
    pub allow: bool,
    /// The user or group that it applies to.
    pub sid: Sid,
    /// The rights that it grants or denies.
    pub rights: Rights,
}

/// The rights in a namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecurityDescriptor {
    /// The owner, who may read and write the descriptor regardless of the entries (MS-DTYP 2.5.3.2).
    pub owner: Option<Sid>,
    /// The entries in order: for each right the first entry with it decides.
    pub dacl: Vec<Ace>,
}

impl SecurityDescriptor {
    /// The rights of `caller`.
    pub fn granted(&self, caller: &Identity) -> Rights {
        let (mut granted, mut denied) = (Rights::empty(), Rights::empty());
        if self.owner.as_ref().is_some_and(|owner| caller.is(owner)) {
            granted = Rights::READ_CONTROL | Rights::WRITE_DAC;
        }
        for ace in self.dacl.iter().filter(|ace| caller.is(&ace.sid)) {
            match ace.allow {
                true => granted |= ace.rights - denied,
                false => denied |= ace.rights - granted,
            }
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g11_defaults_let_users_write_but_not_come_from_afar() {
        let sd = SecurityDescriptor::from(&Descriptor::default_namespace());
        let user = sd.granted(&Identity::unix(1000, &[1000], false));
        assert!(user.contains(Rights::ENABLE | Rights::FULL_WRITE_REP));
        assert!(!user.contains(Rights::REMOTE_ACCESS));
        assert!(!user.contains(Rights::WRITE_DAC));
        assert_eq!(sd.granted(&Identity::unix(0, &[], true)), Rights::ALL);
        let stranger = Identity { user: Sid::unix_user(1), groups: vec![] };
        assert_eq!(sd.granted(&stranger), Rights::default());
    }

    #[test]
    fn the_first_entry_that_speaks_of_a_right_decides() {
        let user = Identity::unix(1000, &[], false);
        let ace = |allow| Ace { allow, sid: user.user.clone(), rights: Rights::ENABLE };
        let descriptor = |dacl| SecurityDescriptor { owner: None, dacl };
        let denied = descriptor(vec![ace(false), ace(true)]);
        assert_eq!(denied.granted(&user), Rights::default());
        let allowed = descriptor(vec![ace(true), ace(false)]);
        assert_eq!(allowed.granted(&user), Rights::ENABLE);
    }

    #[test]
    fn what_everyone_may_do_a_stranger_may() {
        let everyone = Ace { allow: true, sid: Sid::everyone(), rights: Rights::ENABLE };
        let stranger = Identity { user: Sid::unix_user(1), groups: vec![] };
        let descriptor = SecurityDescriptor { owner: None, dacl: vec![everyone] };
        assert_eq!(descriptor.granted(&stranger), Rights::ENABLE);
    }

    #[test]
    fn an_owner_reads_and_changes_the_descriptor_whatever_it_says() {
        let owner = Identity::unix(1000, &[], false);
        let denied = Ace { allow: false, sid: Sid::everyone(), rights: Rights::ALL };
        let descriptor = SecurityDescriptor { owner: Some(owner.user.clone()), dacl: vec![denied] };
        assert_eq!(descriptor.granted(&owner), Rights::READ_CONTROL | Rights::WRITE_DAC);
        let other = Identity::unix(1001, &[], false);
        assert_eq!(descriptor.granted(&other), Rights::default());
    }
}
