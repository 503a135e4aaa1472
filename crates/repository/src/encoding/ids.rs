//! The numbers of namespaces and classes, and the keys that are made of them.

use crate::format::META_USER;

/// The number of a namespace in the repository. It is never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NamespaceId(pub(crate) u32);

/// The number of a class in the repository. It is never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassId(pub(crate) u32);

impl NamespaceId {
    pub(crate) fn prefix(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

impl ClassId {
    pub(crate) fn prefix(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }
}

pub(crate) fn layout_key(id: ClassId, number: u16) -> [u8; 6] {
    let mut key = [0; 6];
    key[..4].copy_from_slice(&id.prefix());
    key[4..].copy_from_slice(&number.to_be_bytes());
    key
}

pub(crate) fn user_key(key: &str) -> Vec<u8> {
    [META_USER, key.as_bytes()].concat()
}
