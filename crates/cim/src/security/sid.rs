//! Security identifiers: who is meant, as text and as bytes.
//!
//! Knows the well-known ones that WMI's defaults name; looks up no account. Forms: MS-DTYP 2.4.2.

use std::fmt;
use std::str::FromStr;

use crate::status::{Error, Result, WBEM_E_INVALID_OBJECT, WBEM_E_INVALID_PARAMETER};

/// The most sub-authorities a SID may have.
const MAX_SUB_AUTHORITIES: usize = 15;
/// The first identifier authority that is none.
const END_OF_AUTHORITIES: u64 = 1 << 48;

/// A security identifier.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Sid {
    /// The identifier authority, 48 bits.
    pub authority: u64,
    /// The sub-authorities, fifteen at most, the last of which names the account.
    pub sub_authorities: Vec<u32>,
}

impl Sid {
    /// `S-1-22-1-uid`: a user of this machine.
    pub fn unix_user(uid: u32) -> Self {
        Sid { authority: 22, sub_authorities: vec![1, uid] }
    }

    /// `S-1-22-2-gid`: a group of this machine.
    pub fn unix_group(gid: u32) -> Self {
        Sid { authority: 22, sub_authorities: vec![2, gid] }
    }

    /// `S-1-1-0`: every caller.
    pub fn everyone() -> Self {
        Sid { authority: 1, sub_authorities: vec![0] }
    }

    /// Whether it is [`Sid::everyone`]. Asked with every call.
    pub(crate) fn is_everyone(&self) -> bool {
        self.authority == 1 && self.sub_authorities == [0]
    }

    /// `S-1-5-32-544`: the administrators.
    pub fn administrators() -> Self {
        Sid { authority: 5, sub_authorities: vec![32, 544] }
    }

    /// `S-1-5-11`: everyone who has said who they are.
    pub fn authenticated_users() -> Self {
        Sid { authority: 5, sub_authorities: vec![11] }
    }

    /// `S-1-5-19`: services of this machine.
    pub fn local_service() -> Self {
        Sid { authority: 5, sub_authorities: vec![19] }
    }

    /// `S-1-5-20`: services that use the network.
    pub fn network_service() -> Self {
        Sid { authority: 5, sub_authorities: vec![20] }
    }

    /// The bytes of MS-DTYP 2.4.2.2, as `CreatorSID` holds them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sub_authorities =
            &self.sub_authorities[..self.sub_authorities.len().min(MAX_SUB_AUTHORITIES)];
        let mut bytes = vec![1, sub_authorities.len() as u8];
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        sub_authorities.iter().for_each(|s| bytes.extend_from_slice(&s.to_le_bytes()));
        bytes
    }

    /// The SID at the beginning of `bytes`, whatever follows it.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_OBJECT`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).ok_or_else(|| WBEM_E_INVALID_OBJECT.with("the bytes are no SID"))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let ([1, count, authority @ ..], rest) = bytes.split_first_chunk::<8>()? else {
            return None;
        };
        let count = usize::from(*count);
        let (words, _) = rest.as_chunks::<4>();
        let words = words.get(..count).filter(|_| count <= MAX_SUB_AUTHORITIES)?;
        Some(Sid {
            authority: authority.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
            sub_authorities: words.iter().map(|word| u32::from_le_bytes(*word)).collect(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("S-1-")?.split('-');
        let authority = parts.next()?;
        let authority = match authority.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(digits(hex, u8::is_ascii_hexdigit)?, 16),
            None => digits(authority, u8::is_ascii_digit)?.parse(),
        };
        let sub_authorities = parts
            .take(MAX_SUB_AUTHORITIES + 1)
            .map(|part| digits(part, u8::is_ascii_digit)?.parse().ok())
            .collect::<Option<Vec<u32>>>()?;
        let authority = authority.ok().filter(|&a| a < END_OF_AUTHORITIES)?;
        (sub_authorities.len() <= MAX_SUB_AUTHORITIES).then_some(Sid { authority, sub_authorities })
    }
}

/// `text` if it is made of such digits alone: no sign, no space.
fn digits(text: &str, is_digit: fn(&u8) -> bool) -> Option<&str> {
    text.bytes().all(|b| is_digit(&b)).then_some(text)
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.authority {
            small if small <= u32::MAX.into() => write!(f, "S-1-{small}")?,
            large => write!(f, "S-1-0x{large:012X}")?,
        }
        self.sub_authorities.iter().try_for_each(|s| write!(f, "-{s}"))
    }
}

impl FromStr for Sid {
    type Err = Error;

    /// Parses `S-1-5-32-544`.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_PARAMETER`.
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            WBEM_E_INVALID_PARAMETER
                .with(format!("\"{shown}\" is no SID; write it as S-1-5-32-544"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sids_print_as_samba_writes_them() {
        assert_eq!(Sid::unix_user(1000).to_string(), "S-1-22-1-1000");
        assert_eq!(Sid::administrators().to_string(), "S-1-5-32-544");
    }

    #[test]
    fn text_and_bytes_lead_back() {
        for text in
            ["S-1-5-32-544", "S-1-1-0", "S-1-5", "S-1-22-1-4294967295", "S-1-0x123456789ABC-1"]
        {
            let sid: Sid = text.parse().unwrap();
            assert_eq!(sid.to_string(), text);
            assert_eq!(Sid::from_bytes(&sid.to_bytes()).unwrap(), sid, "{text}");
        }
        // The default of CreatorSID: local system.
        let system = Sid::from_bytes(&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]).unwrap();
        assert_eq!(system.to_string(), "S-1-5-18");
        assert_eq!("S-1-0x20-1".parse::<Sid>().unwrap().to_string(), "S-1-32-1");
    }

    #[test]
    fn what_is_no_sid_is_refused() {
        let long = format!("S-1-5{}", "-1".repeat(16));
        for text in [
            "",
            "S-1-",
            "s-1-5",
            "S-2-5",
            "S-1-5-",
            "S-1-5-x",
            "S-1-5-+1",
            "S-1-5-4294967296",
            "S-1-281474976710656",
            "S-1-0x",
            "S-1--1",
            &long,
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        for bytes in [
            &[][..],
            &[1, 1, 0, 0, 0, 0, 0],
            &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 5],
            &[1, 16, 0, 0, 0, 0, 0, 5],
        ] {
            assert!(Sid::from_bytes(bytes).is_err(), "{bytes:?}");
        }
    }
}
