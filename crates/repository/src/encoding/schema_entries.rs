//! The entries of namespaces and classes (FORMAT.md, "namespaces" and "classes"). They are small,
//! so that all names of a namespace are read in one scan.

use cim::Namespace;

use crate::encoding::bytes::{Input, put_counted, put_optional_text, put_text};
use crate::encoding::ids::{ClassId, NamespaceId};
use crate::error::Fault;

/// The bit of a namespace for which remote calls must be encrypted.
const REQUIRES_ENCRYPTION: u8 = 1;

/// The access rules of a namespace, as they are stored. This crate does not interpret them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NamespaceSecurity<'t> {
    /// The self-relative bytes of its security descriptor; `None` where none was set.
    pub descriptor: Option<&'t [u8]>,
    /// Whether remote calls must be encrypted.
    pub requires_encryption: bool,
}

/// A namespace as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamespaceEntry<'t> {
    pub(crate) id: NamespaceId,
    pub(crate) generation: u64,
    /// The path as it was written when the namespace was created.
    pub(crate) path: &'t str,
    /// Its access rules.
    pub(crate) security: NamespaceSecurity<'t>,
}

impl<'t> NamespaceEntry<'t> {
    pub(crate) fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let mut input = Input::new(bytes);
        let (id, generation) = (NamespaceId(input.u32()?), input.u64()?);
        let path = input.text()?;
        // An entry without access rules ends here.
        if input.is_empty() {
            return Ok(NamespaceEntry { id, generation, path, security: Default::default() });
        }
        let requires_encryption = input.u8()? & REQUIRES_ENCRYPTION != 0;
        let descriptor = Some(input.counted()?).filter(|bytes| !bytes.is_empty());
        input.finish()?;
        let security = NamespaceSecurity { descriptor, requires_encryption };
        Ok(NamespaceEntry { id, generation, path, security })
    }

    pub(crate) fn to_bytes(self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(16 + self.path.len());
        out.extend_from_slice(&self.id.0.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        put_text(&mut out, self.path)?;
        if self.security != NamespaceSecurity::default() {
            let NamespaceSecurity { descriptor, requires_encryption } = self.security;
            out.push(if requires_encryption { REQUIRES_ENCRYPTION } else { 0 });
            put_counted(&mut out, descriptor.unwrap_or_default())?;
        }
        Ok(out)
    }

    pub(crate) fn namespace(&self) -> Result<Namespace, Fault> {
        Namespace::new(self.path)
            .map_err(|_| Fault::damaged(format!("\"{}\" is not a namespace", self.path)))
    }
}

/// The entry of a class in its namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassEntry<'t> {
    pub(crate) id: ClassId,
    /// The class in whose family the keys of its instances are unique: itself or a superclass.
    /// Itself until the first instance is put.
    pub(crate) root: ClassId,
    /// Whether its declaration is stored. Only the names are stored of system classes, which have
    /// an entry because they have instances, and of provided classes from which stored ones
    /// derive.
    pub(crate) is_stored: bool,
    pub(crate) name: &'t str,
    pub(crate) superclass: Option<&'t str>,
}

impl<'t> ClassEntry<'t> {
    pub(crate) fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let mut input = Input::new(bytes);
        let entry = ClassEntry {
            id: ClassId(input.u32()?),
            root: ClassId(input.u32()?),
            is_stored: input.u8()? != 0,
            name: input.text()?,
            superclass: input.optional_text()?,
        };
        input.finish()?;
        Ok(entry)
    }

    pub(crate) fn to_bytes(self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(64);
        out.extend_from_slice(&self.id.0.to_le_bytes());
        out.extend_from_slice(&self.root.0.to_le_bytes());
        out.push(self.is_stored.into());
        put_text(&mut out, self.name)?;
        put_optional_text(&mut out, self.superclass)?;
        Ok(out)
    }
}
