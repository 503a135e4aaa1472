//! The entries by which namespaces and classes are found (FORMAT.md, "namespaces" and
//! "classes"): small, so that a namespace's names are read in one sweep.

use cim::Namespace;

use crate::encoding::bytes::{Input, put_counted, put_optional_text, put_text};
use crate::encoding::ids::{ClassId, NamespaceId};
use crate::error::Fault;

/// The bit of a namespace that takes no remote calls in the clear.
const REQUIRES_ENCRYPTION: u8 = 1;

/// Who may be in a namespace, as it is kept. What the bytes mean is not known here.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NamespaceSecurity<'t> {
    /// The self-relative bytes of its security descriptor; `None` where it was never given one.
    pub descriptor: Option<&'t [u8]>,
    /// Whether remote calls must be encrypted.
    pub requires_encryption: bool,
}

/// A namespace as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamespaceEntry<'t> {
    pub(crate) id: NamespaceId,
    pub(crate) generation: u64,
    /// As it was written when it was made.
    pub(crate) path: &'t str,
    /// Who may be in it, where it was told.
    pub(crate) security: NamespaceSecurity<'t>,
}

impl<'t> NamespaceEntry<'t> {
    pub(crate) fn read(bytes: &'t [u8]) -> Result<Self, Fault> {
        let mut input = Input::new(bytes);
        let (id, generation) = (NamespaceId(input.u32()?), input.u64()?);
        let path = input.text()?;
        // An entry without it ends here.
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
            .map_err(|_| Fault::damaged(format!("\"{}\" is no namespace", self.path)))
    }
}

/// A class as its namespace knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassEntry<'t> {
    pub(crate) id: ClassId,
    /// The class under which its instances are unique together with those of others: itself,
    /// or a superclass. Itself until the first instance is put.
    pub(crate) root: ClassId,
    /// Whether its declaration is stored. It is not for system classes, which are known here
    /// only because they have instances, nor for others from which stored ones derive.
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
