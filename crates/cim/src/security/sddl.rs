//! Security descriptors as text: SDDL, as `O:BAG:BAD:(A;CI;0x60003;;;WD)`.
//!
//! Text in, a [`Descriptor`] out and back. Case counts, as it does for mofcomp (behaviour.md
//! G.11). Aliases that need a domain to mean someone are refused, and so are entries for single
//! objects and under conditions, which WMI has no use for. Grammar: MS-DTYP 2.5.1.

use std::fmt;
use std::str::FromStr;

use super::{AceFlags, AceKind, Control, Descriptor, DescriptorAce, Rights, Sid};
use crate::status::{Error, Result, WBEM_E_INVALID_PARAMETER};

/// The longest text of a descriptor, in bytes.
const MAX_SDDL: usize = 1 << 16;

/// The aliases of accounts that are the same on all machines.
const ALIASES: [(&str, u64, &[u32]); 22] = [
    ("WD", 1, &[0]),
    ("CO", 3, &[0]),
    ("CG", 3, &[1]),
    ("OW", 3, &[4]),
    ("NU", 5, &[2]),
    ("IU", 5, &[4]),
    ("SU", 5, &[6]),
    ("AN", 5, &[7]),
    ("PS", 5, &[10]),
    ("AU", 5, &[11]),
    ("RC", 5, &[12]),
    ("SY", 5, &[18]),
    ("LS", 5, &[19]),
    ("NS", 5, &[20]),
    ("BA", 5, &[32, 544]),
    ("BU", 5, &[32, 545]),
    ("BG", 5, &[32, 546]),
    ("PU", 5, &[32, 547]),
    ("BO", 5, &[32, 551]),
    ("RD", 5, &[32, 555]),
    ("MU", 5, &[32, 558]),
    ("RM", 5, &[32, 580]),
];

const KINDS: [(&str, AceKind); 3] =
    [("A", AceKind::Allow), ("D", AceKind::Deny), ("AU", AceKind::Audit)];

const ACE_FLAGS: [(&str, AceFlags); 7] = [
    ("OI", AceFlags::OBJECT_INHERIT),
    ("CI", AceFlags::CONTAINER_INHERIT),
    ("NP", AceFlags::NO_PROPAGATE),
    ("IO", AceFlags::INHERIT_ONLY),
    ("ID", AceFlags::INHERITED),
    ("SA", AceFlags::SUCCESSFUL_ACCESS),
    ("FA", AceFlags::FAILED_ACCESS),
];

/// The bits of a mask by the names they have for any kind of object: the first eight are
/// WMI's ENABLE to PUBLISH.
const RIGHTS: [(&str, u32); 17] = [
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
];

/// The flags of a list: for rights, for audits.
const LIST_FLAGS: [(&str, Control, Control); 3] = [
    ("P", Control::DACL_PROTECTED, Control::SACL_PROTECTED),
    ("AR", Control::DACL_AUTO_INHERIT_REQ, Control::SACL_AUTO_INHERIT_REQ),
    ("AI", Control::DACL_AUTO_INHERITED, Control::SACL_AUTO_INHERITED),
];

/// A list that lets everyone do all.
const NULL_LIST: &str = "NO_ACCESS_CONTROL";

impl FromStr for Descriptor {
    type Err = Error;

    /// Parses SDDL.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_PARAMETER` with the place.
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > MAX_SDDL {
            return Err(WBEM_E_INVALID_PARAMETER
                .with(format!("a security descriptor in SDDL has at most {MAX_SDDL} characters")));
        }
        Parser { text, at: 0 }.descriptor()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn descriptor(mut self) -> Result<Descriptor> {
        let mut descriptor = Descriptor::default();
        // The parts have this order, each at most once.
        if self.eat("O:") {
            descriptor.owner = Some(self.sid()?);
        }
        if self.eat("G:") {
            descriptor.group = Some(self.sid()?);
        }
        if self.eat("D:") {
            descriptor.control |= self.flags(&LIST_FLAGS.map(|(name, dacl, _)| (name, dacl)));
            if self.eat(NULL_LIST) {
                descriptor.control |= Control::DACL_PRESENT;
            } else {
                descriptor.dacl = Some(self.list()?);
            }
        }
        if self.eat("S:") {
            descriptor.control |= self.flags(&LIST_FLAGS.map(|(name, _, sacl)| (name, sacl)));
            descriptor.sacl = Some(self.list()?);
        }
        if self.at < self.text.len() {
            return Err(self.error("O:, G:, D: or S: in this order, or nothing more"));
        }
        Ok(descriptor)
    }

    fn list(&mut self) -> Result<Vec<DescriptorAce>> {
        let mut entries = Vec::new();
        while self.eat("(") {
            entries.push(self.ace()?);
        }
        Ok(entries)
    }

    fn ace(&mut self) -> Result<DescriptorAce> {
        let kind = KINDS.iter().find(|(name, _)| self.rest().starts_with(&format!("{name};")));
        let &(name, kind) = kind.ok_or_else(|| self.error("A, D or AU"))?;
        self.at += name.len();
        self.expect(";")?;
        let flags = self.flags(&ACE_FLAGS);
        self.expect(";")?;
        let rights = Rights(self.mask()?);
        // Two fields for entries that speak of one kind of object: empty here.
        self.expect(";;;")?;
        let sid = self.sid()?;
        self.expect(")")?;
        Ok(DescriptorAce { kind, flags, rights, sid })
    }

    /// The bits of all the names that follow.
    fn flags<T: Copy + Default + std::ops::BitOr<Output = T>>(&mut self, names: &[(&str, T)]) -> T {
        let mut bits = T::default();
        while let Some((_, bit)) = names.iter().find(|(name, _)| self.eat(name)) {
            bits = bits | *bit;
        }
        bits
    }

    fn mask(&mut self) -> Result<u32> {
        if !self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(self.flags(&RIGHTS));
        }
        let word = self.word(|c| c.is_ascii_alphanumeric());
        let mask = match (word.strip_prefix("0x"), word.strip_prefix('0')) {
            (Some(hex), _) => u32::from_str_radix(hex, 16),
            (None, Some(octal)) if !octal.is_empty() => u32::from_str_radix(octal, 8),
            _ => word.parse(),
        };
        mask.map_err(|_| self.error("a mask of 32 bits"))
    }

    fn sid(&mut self) -> Result<Sid> {
        if !self.rest().starts_with("S-") {
            let alias = ALIASES.iter().find(|(name, ..)| self.eat(name));
            return match alias {
                Some((_, authority, parts)) => {
                    Ok(Sid { authority: *authority, sub_authorities: parts.to_vec() })
                }
                None => Err(self.error("a SID, or an alias that needs no domain")),
            };
        }
        // The letter of the next part may follow without a space: `O:S-1-5-18G:BA`.
        let word = self.word(|c| c.is_ascii_hexdigit() || matches!(c, 'S' | '-' | 'x'));
        let word = match self.rest().starts_with(':') {
            true => {
                self.at -= 1;
                &word[..word.len() - 1]
            }
            false => word,
        };
        word.parse().map_err(|_| self.error("a SID"))
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.eat(token) {
            true => Ok(()),
            false => Err(self.error(&format!("\"{token}\""))),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, expected: &str) -> Error {
        let shown: String = self.text.chars().take(120).collect();
        let place = self.text[..self.at].chars().count() + 1;
        WBEM_E_INVALID_PARAMETER
            .with(format!("security descriptor {shown}: expected {expected} at character {place}"))
    }
}

/// As SDDL; masks in hexadecimal.
impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = &self.owner {
            write!(f, "O:{}", Alias(owner))?;
        }
        if let Some(group) = &self.group {
            write!(f, "G:{}", Alias(group))?;
        }
        let dacl_flags = LIST_FLAGS.map(|(name, dacl, _)| (name, dacl));
        match &self.dacl {
            Some(dacl) => write_list(f, "D:", self.control, dacl_flags, dacl)?,
            None if self.control.contains(Control::DACL_PRESENT) => {
                write_list(f, "D:", self.control, dacl_flags, &[])?;
                f.write_str(NULL_LIST)?;
            }
            None => {}
        }
        match &self.sacl {
            Some(sacl) => {
                write_list(f, "S:", self.control, LIST_FLAGS.map(|(n, _, sacl)| (n, sacl)), sacl)
            }
            None => Ok(()),
        }
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    part: &str,
    control: Control,
    flags: [(&str, Control); 3],
    entries: &[DescriptorAce],
) -> fmt::Result {
    f.write_str(part)?;
    flags
        .iter()
        .filter(|(_, bit)| control.contains(*bit))
        .try_for_each(|(name, _)| f.write_str(name))?;
    entries.iter().try_for_each(|entry| write!(f, "{entry}"))
}

impl fmt::Display for DescriptorAce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name);
        write!(f, "({kind};")?;
        let flags = ACE_FLAGS.iter().filter(|(_, flag)| self.flags.contains(*flag));
        flags.into_iter().try_for_each(|(name, _)| f.write_str(name))?;
        write!(f, ";{:#x};;;{})", self.rights.0, Alias(&self.sid))
    }
}

/// A SID by its alias, where it has one.
struct Alias<'a>(&'a Sid);

impl fmt::Display for Alias<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sid = self.0;
        let is = |(_, authority, parts): &&(&str, u64, &[u32])| {
            *authority == sid.authority && **parts == sid.sub_authorities[..]
        };
        match ALIASES.iter().find(is) {
            Some((alias, ..)) => f.write_str(alias),
            None => sid.fmt(f),
        }
    }
}
