//! A security descriptor as it is stored and exchanged: owner, group and both lists, with all
//! flags, and its self-relative bytes.
//!
//! Bytes in, parts out and back; and what a namespace made in another takes over from it
//! (behaviour.md G.11). Decides nothing. Form: MS-DTYP 2.4.4 to 2.4.6, of the entries those that
//! allow, deny and audit. Its text is in [`super::sddl`].

use bitflags::bitflags;

use super::{Ace, Rights, SecurityDescriptor, Sid};
use crate::status::{
    Result, WBEM_E_INVALID_OBJECT, WBEM_E_INVALID_PARAMETER, WBEM_E_QUOTA_VIOLATION,
};

/// The length of a descriptor's fixed part, and of a list's and an entry's.
const HEADER: usize = 20;
const LIST_HEADER: usize = 8;
const ACE_HEADER: usize = 8;

/// The control bits of a descriptor (MS-DTYP 2.4.6, Control).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Control(pub u16);

bitflags! {
    impl Control: u16 {
        /// The descriptor has a list of rights, even if it is a NULL one, which grants everything
        /// to everyone.
        const DACL_PRESENT = 0x0004;
        /// The descriptor has a list of audits.
        const SACL_PRESENT = 0x0010;
        /// Objects below are to inherit the list of rights.
        const DACL_AUTO_INHERIT_REQ = 0x0100;
        /// Objects below are to inherit the list of audits.
        const SACL_AUTO_INHERIT_REQ = 0x0200;
        /// The list of rights was made by inheritance.
        const DACL_AUTO_INHERITED = 0x0400;
        /// The list of audits was made by inheritance.
        const SACL_AUTO_INHERITED = 0x0800;
        /// Nothing of the list of rights is inherited below.
        const DACL_PROTECTED = 0x1000;
        /// Nothing of the list of audits is inherited below.
        const SACL_PROTECTED = 0x2000;
        /// The parts follow each other in one block of bytes.
        const SELF_RELATIVE = 0x8000;
    }
}

/// How an entry is inherited, and what it audits (MS-DTYP 2.4.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AceFlags(pub u8);

bitflags! {
    impl AceFlags: u8 {
        /// Objects below that are not containers inherit it.
        const OBJECT_INHERIT = 0x01;
        /// Containers below, such as namespaces, inherit it.
        const CONTAINER_INHERIT = 0x02;
        /// Only the next level inherits it.
        const NO_PROPAGATE = 0x04;
        /// It does not apply to this object, only to those below.
        const INHERIT_ONLY = 0x08;
        /// It was inherited.
        const INHERITED = 0x10;
        /// Audits successful access.
        const SUCCESSFUL_ACCESS = 0x40;
        /// Audits refused access.
        const FAILED_ACCESS = 0x80;
    }
}

/// What an entry does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AceKind {
    /// Grants.
    Allow,
    /// Refuses.
    Deny,
    /// Has it recorded.
    Audit,
}

impl AceKind {
    const ALL: [AceKind; 3] = [AceKind::Allow, AceKind::Deny, AceKind::Audit];
}

/// An entry of a list with all it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DescriptorAce {
    /// What it does.
    pub kind: AceKind,
    /// How it is inherited and what it audits.
    pub flags: AceFlags,
    /// The rights that it concerns; bits that WMI does not define are kept.
    pub rights: Rights,
    /// The user or group that it applies to.
    pub sid: Sid,
}

/// A whole security descriptor.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Descriptor {
    /// What it says of itself. `SELF_RELATIVE` and the bit of a list that is there are implied.
    pub control: Control,
    /// Its owner.
    pub owner: Option<Sid>,
    /// Its primary group.
    pub group: Option<Sid>,
    /// What to audit.
    pub sacl: Option<Vec<DescriptorAce>>,
    /// Who may do what; `None` lets everyone do all.
    pub dacl: Option<Vec<DescriptorAce>>,
}

impl Descriptor {
    /// The descriptor of a namespace to which none was given: administrators everything;
    /// services and authenticated users execute methods, write and read, not from afar; and so
    /// in the namespaces below.
    pub fn default_namespace() -> Self {
        let local = Rights::ENABLE
            | Rights::METHOD_EXECUTE
            | Rights::FULL_WRITE_REP
            | Rights::PARTIAL_WRITE_REP
            | Rights::WRITE_PROVIDER;
        let allow = |sid, rights| DescriptorAce {
            kind: AceKind::Allow,
            flags: AceFlags::CONTAINER_INHERIT,
            rights,
            sid,
        };
        let dacl = vec![
            allow(Sid::administrators(), Rights::ALL),
            allow(Sid::local_service(), local),
            allow(Sid::network_service(), local),
            allow(Sid::authenticated_users(), local),
        ];
        Descriptor {
            owner: Some(Sid::administrators()),
            group: Some(Sid::administrators()),
            dacl: Some(dacl),
            ..Descriptor::default()
        }
    }

    /// What a namespace made in one with this descriptor begins with: its owner and group, its
    /// entries for namespaces below, and where none of them is about rights, the default rights.
    pub fn inherited(&self) -> Self {
        let any = |entries: Vec<DescriptorAce>| (!entries.is_empty()).then_some(entries);
        Descriptor {
            control: Control::default(),
            owner: self.owner.clone(),
            group: self.group.clone(),
            sacl: any(self.inherited_audits()),
            dacl: any(self.inherited_rights()).or_else(|| Descriptor::default_namespace().dacl),
        }
    }

    /// The entries for rights that a namespace below inherits; none where the list is protected.
    pub fn inherited_rights(&self) -> Vec<DescriptorAce> {
        let passed = !self.control.contains(Control::DACL_PROTECTED);
        self.dacl.as_deref().filter(|_| passed).map(inherited).unwrap_or_default()
    }

    /// The entries for audits that a namespace below inherits; none where the list is protected.
    pub fn inherited_audits(&self) -> Vec<DescriptorAce> {
        let passed = !self.control.contains(Control::SACL_PROTECTED);
        self.sacl.as_deref().filter(|_| passed).map(inherited).unwrap_or_default()
    }

    /// The descriptor of these self-relative bytes.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_OBJECT` if they are none, `WBEM_E_INVALID_PARAMETER` if they have entries of
    /// another kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let descriptor = read(bytes).ok_or_else(|| {
            WBEM_E_INVALID_OBJECT.with("the bytes are no valid security descriptor")
        })?;
        descriptor.ok_or_else(|| {
            WBEM_E_INVALID_PARAMETER
                .with("an entry of the security descriptor neither allows nor denies nor audits")
        })
    }

    /// Its self-relative bytes.
    ///
    /// # Errors
    ///
    /// `WBEM_E_QUOTA_VIOLATION` if a list is longer than the form allows.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![1, 0];
        bytes.extend_from_slice(&self.control().0.to_le_bytes());
        bytes.resize(HEADER, 0);
        let parts = [
            self.owner.as_ref().map(Sid::to_bytes),
            self.group.as_ref().map(Sid::to_bytes),
            self.sacl.as_deref().map(write_list).transpose()?,
            self.dacl.as_deref().map(write_list).transpose()?,
        ];
        for (i, part) in parts.iter().enumerate() {
            let Some(part) = part else { continue };
            let offset = bytes.len() as u32;
            bytes[4 + 4 * i..8 + 4 * i].copy_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(part);
        }
        Ok(bytes)
    }

    /// What it says of itself, with the bits that its lists imply.
    pub fn control(&self) -> Control {
        self.control | self.implied() | Control::SELF_RELATIVE
    }

    /// The bits that its lists imply.
    fn implied(&self) -> Control {
        let mut implied = Control::empty();
        implied.set(Control::DACL_PRESENT, self.dacl.is_some());
        implied.set(Control::SACL_PRESENT, self.sacl.is_some());
        implied
    }
}

/// What decides here: entries for those below alone, and audits, do not.
impl From<&Descriptor> for SecurityDescriptor {
    fn from(descriptor: &Descriptor) -> Self {
        let owner = descriptor.owner.clone();
        let Some(dacl) = &descriptor.dacl else {
            let all = Ace { allow: true, sid: Sid::everyone(), rights: Rights::ALL };
            return SecurityDescriptor { owner, dacl: vec![all] };
        };
        let decides = |a: &&DescriptorAce| {
            a.kind != AceKind::Audit && !a.flags.contains(AceFlags::INHERIT_ONLY)
        };
        let dacl = dacl.iter().filter(decides).map(|a| Ace {
            allow: a.kind == AceKind::Allow,
            sid: a.sid.clone(),
            rights: a.rights,
        });
        SecurityDescriptor { owner, dacl: dacl.collect() }
    }
}

/// The entries that pass on to a namespace below, as they stand there.
fn inherited(entries: &[DescriptorAce]) -> Vec<DescriptorAce> {
    let passed = entries.iter().filter(|e| e.flags.contains(AceFlags::CONTAINER_INHERIT));
    let there = |entry: &DescriptorAce| {
        let mut flags = (entry.flags - AceFlags::INHERIT_ONLY) | AceFlags::INHERITED;
        if flags.contains(AceFlags::NO_PROPAGATE) {
            flags -=
                AceFlags::CONTAINER_INHERIT | AceFlags::OBJECT_INHERIT | AceFlags::NO_PROPAGATE;
        }
        DescriptorAce { flags, ..entry.clone() }
    };
    passed.map(there).collect()
}

/// `None` where the bytes are none, `Some(None)` where an entry is of a kind that is not known.
fn read(bytes: &[u8]) -> Option<Option<Descriptor>> {
    let header = bytes.first_chunk::<HEADER>()?;
    let control = Control(u16_at(header, 2)?);
    if header[0] != 1 || !control.contains(Control::SELF_RELATIVE) {
        return None;
    }
    let part = |field: usize| -> Option<Option<&[u8]>> {
        match u32_at(header, field)? as usize {
            0 => Some(None),
            offset => bytes.get(offset..).filter(|_| offset >= HEADER).map(Some),
        }
    };
    let sid = |field: usize| part(field)?.map_or(Some(None), |b| Sid::from_bytes(b).ok().map(Some));
    let list = |field: usize, bit: Control| match part(field)?.filter(|_| control.contains(bit)) {
        Some(bytes) => read_list(bytes).map(Some),
        None => Some(None),
    };
    let (owner, group) = (sid(4)?, sid(8)?);
    let lists = (list(12, Control::SACL_PRESENT)?, list(16, Control::DACL_PRESENT)?);
    let (Some(sacl), Some(dacl)) = (known(lists.0), known(lists.1)) else { return Some(None) };
    let descriptor = Descriptor { control, owner, group, sacl, dacl };
    let implied = descriptor.implied() | Control::SELF_RELATIVE;
    Some(Some(Descriptor { control: control - implied, ..descriptor }))
}

/// The entries of a list, if there is one; `None` where the kind of one is not known.
fn known(list: Option<Vec<Option<DescriptorAce>>>) -> Option<Option<Vec<DescriptorAce>>> {
    list.map_or(Some(None), |entries| entries.into_iter().collect::<Option<_>>().map(Some))
}

fn read_list(bytes: &[u8]) -> Option<Vec<Option<DescriptorAce>>> {
    let header = bytes.first_chunk::<LIST_HEADER>()?;
    let size = usize::from(u16_at(header, 2)?);
    let mut rest = bytes.get(LIST_HEADER..size).filter(|_| matches!(header[0], 2 | 4))?;
    let mut entries = Vec::new();
    for _ in 0..u16_at(header, 4)? {
        let size = usize::from(u16_at(rest, 2)?);
        let (entry, after) = rest.split_at_checked(size)?;
        entries.push(read_ace(entry)?);
        rest = after;
    }
    Some(entries)
}

/// `Some(None)` where its kind is not known: what follows then may be anything.
fn read_ace(bytes: &[u8]) -> Option<Option<DescriptorAce>> {
    let sid = bytes.get(ACE_HEADER..)?;
    let Some(&kind) = AceKind::ALL.get(usize::from(bytes[0])) else { return Some(None) };
    Some(Some(DescriptorAce {
        kind,
        flags: AceFlags(bytes[1]),
        rights: Rights(u32_at(bytes, 4)?),
        sid: Sid::from_bytes(sid).ok()?,
    }))
}

fn write_list(entries: &[DescriptorAce]) -> Result<Vec<u8>> {
    let mut bytes = vec![2, 0, 0, 0, 0, 0, 0, 0];
    for entry in entries {
        let sid = entry.sid.to_bytes();
        bytes.extend_from_slice(&[entry.kind as u8, entry.flags.0]);
        // A SID has 68 bytes at most.
        bytes.extend_from_slice(&((ACE_HEADER + sid.len()) as u16).to_le_bytes());
        bytes.extend_from_slice(&entry.rights.0.to_le_bytes());
        bytes.extend_from_slice(&sid);
    }
    let size = u16::try_from(bytes.len()).map_err(|_| {
        WBEM_E_QUOTA_VIOLATION.with(format!(
            "an access-control list of {} entries is too long; the limit is 65535 bytes",
            entries.len()
        ))
    })?;
    bytes[2..4].copy_from_slice(&size.to_le_bytes());
    bytes[4..6].copy_from_slice(&(entries.len() as u16).to_le_bytes());
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}
