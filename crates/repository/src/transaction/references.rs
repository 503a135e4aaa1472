//! Which stored instances refer to which object (FORMAT.md, "references").
//!
//! Each reference of a stored instance has an entry, written and deleted in the transaction that
//! puts or deletes the instance. Its key has a hash of the path of the target without server and
//! namespace: whether two spellings mean the same place depends on the name of the server, so the
//! caller compares the values. Whether the target exists does not matter.

use std::sync::Arc;

use cim::{CimType, Class, Instance, Name, ObjectPath, Value};

use crate::encoding::bytes::Input;
use crate::encoding::ids::{ClassId, NamespaceId};
use crate::encoding::object::NO_CLASSES;
use crate::encoding::record;
use crate::encoding::value::Kind;
use crate::environment::hashed_keys::{Position, Scan};
use crate::error::Fault;
use crate::transaction::bindings::Binding;
use crate::transaction::view::View;
use crate::transaction::writer::Writer;

/// The length of what precedes the instance key: namespace, target, class.
pub(crate) const PREFIX: usize = 4 + TARGET + 4;
const TARGET: usize = 16;
/// The number of instances of a deleted class that are held in memory at a time.
const CHUNK: usize = 1024;

/// The target of a reference, as a hash of its class and keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Target([u8; TARGET]);

impl Target {
    /// The target of the text of a reference. A text that is not a path is hashed as it is.
    pub(crate) fn of_text(text: &str) -> Self {
        match text.parse::<ObjectPath>() {
            Ok(path) => Target::of(&path),
            Err(_) => Target::of_identity(&cim::name::fold(text)),
        }
    }

    fn of(path: &ObjectPath) -> Self {
        let bare = ObjectPath { server: None, namespace: None, ..path.clone() };
        Target::of_identity(&bare.identity(None))
    }

    fn of_identity(identity: &str) -> Self {
        Target(hash(identity.as_bytes()).to_be_bytes())
    }

    fn under(self, namespace: NamespaceId) -> [u8; PREFIX - 4] {
        let mut prefix = [0; PREFIX - 4];
        prefix[..4].copy_from_slice(&namespace.prefix());
        prefix[4..].copy_from_slice(&self.0);
        prefix
    }

    /// The prefix of the entries of references from a class.
    pub(crate) fn of_class(self, namespace: NamespaceId, class: ClassId) -> [u8; PREFIX] {
        let mut prefix = [0; PREFIX];
        prefix[..PREFIX - 4].copy_from_slice(&self.under(namespace));
        prefix[PREFIX - 4..].copy_from_slice(&class.prefix());
        prefix
    }
}

/// FNV-1a of 128 bits; as in [`crate::environment::hashed_keys`], collisions cost time and have no other effect.
fn hash(text: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = (1 << 88) + 0x13b;
    text.iter().fold(OFFSET, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// The parts of the prefix of an entry.
pub(crate) fn split(prefix: &[u8; PREFIX]) -> (NamespaceId, Target, ClassId) {
    let number = |at: usize| u32::from_be_bytes(std::array::from_fn(|i| prefix[at + i]));
    let target = Target(std::array::from_fn(|i| prefix[4 + i]));
    (NamespaceId(number(0)), target, ClassId(number(PREFIX - 4)))
}

fn is_reference(kind: Kind) -> bool {
    kind.cim == CimType::Reference && !kind.is_array
}

/// The targets of an instance, each once. A default of the class does not count.
fn of_instance(instance: &Instance) -> Vec<Target> {
    let properties = instance.class().properties().iter().enumerate();
    let held =
        properties.filter(|(slot, p)| is_reference(Kind::of(&p.ty)) && instance.is_supplied(*slot));
    once(held.map(|(slot, _)| &instance.values()[slot]))
}

/// The targets of the instance with this record, whose fields have these kinds.
pub(crate) fn of_record(kinds: &[Kind], input: &mut Input<'_>) -> Result<Vec<Target>, Fault> {
    if !kinds.iter().any(|&kind| is_reference(kind)) {
        return Ok(Vec::new());
    }
    let record = record::read(input, kinds, NO_CLASSES, 0)?;
    let fields = kinds.iter().zip(&record.values).enumerate();
    let held = fields.filter(|(at, (kind, _))| is_reference(**kind) && record.is_supplied(*at));
    Ok(once(held.map(|(_, (_, value))| value)))
}

fn once<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Target> {
    let mut targets: Vec<Target> = values.filter_map(Value::as_str).map(Target::of_text).collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

impl<'t> View<'t> {
    /// The exact classes of the stored instances that may refer to `target`, whether that exists or
    /// not. As in [`View::referring`], its server and namespace are ignored. Costs one look-up for
    /// each class, however many instances refer to it.
    pub fn referring_classes(
        &self,
        namespace: NamespaceId,
        target: &ObjectPath,
    ) -> cim::Result<Vec<Name>> {
        self.at(self.find_referring_classes(namespace, Target::of(target)))
    }

    /// The instances of exactly `class` that may refer to `target`. Each is read when the iterator
    /// is advanced. The server and namespace of `target` are ignored: the caller compares the
    /// values. Instances whose reference is a default of the class, or was stored when its property
    /// had another type, are not found.
    pub fn referring(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        target: &ObjectPath,
    ) -> cim::Result<Referring<'t>> {
        self.referring_after(namespace, class, target, &Position::default())
    }

    /// The same after a position, as [`View::instances_after`].
    pub fn referring_after(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        target: &ObjectPath,
        position: &Position,
    ) -> cim::Result<Referring<'t>> {
        self.at(self.scan_referring(namespace, class, Target::of(target), position))
    }

    fn find_referring_classes(
        &self,
        namespace: NamespaceId,
        target: Target,
    ) -> Result<Vec<Name>, Fault> {
        let under = target.under(namespace);
        let mut found = Vec::new();
        let mut next = Some(0);
        while let Some(id) = next {
            let from = target.of_class(namespace, ClassId(id));
            let entry = self.dbs.references.0.at_or_after(self.txn, &from)?;
            let prefix = entry.and_then(|(key, _)| key.first_chunk::<PREFIX>());
            let Some(prefix) = prefix.filter(|p| p.starts_with(&under)) else { break };
            let (_, _, class) = split(prefix);
            found.push(self.class_name(class)?);
            next = class.0.checked_add(1);
        }
        Ok(found)
    }

    fn scan_referring(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        target: Target,
        position: &Position,
    ) -> Result<Referring<'t>, Fault> {
        let bound = match self.bind(namespace, class)? {
            Some(binding) => {
                let prefix = target.of_class(namespace, binding.id);
                let scan = self.dbs.references.scan_after(self.txn, &prefix, position)?;
                Some((binding, scan))
            }
            None => None,
        };
        Ok(Referring { view: *self, bound })
    }

    /// The targets of the stored instance of the bound class with this key.
    fn references_held(&self, binding: &Binding, key: &[u8]) -> Result<Vec<Target>, Fault> {
        let value = self.dbs.instances.get(self.txn, &binding.id.prefix(), key)?;
        let Some(bytes) = value else { return Ok(Vec::new()) };
        let mut input = Input::new(bytes);
        let mapping = self.mapping(binding, input.u16()?)?;
        of_record(&mapping.kinds, &mut input)
    }
}

/// Stored instances that may refer to an object; see [`View::referring`].
pub struct Referring<'t> {
    view: View<'t>,
    bound: Option<(Arc<Binding>, Scan<'t>)>,
}

impl Referring<'_> {
    /// Moves `position` to the instance that was read last, if any was read.
    pub fn advance(&self, position: &mut Position) {
        if let Some((_, scan)) = &self.bound {
            scan.advance(position);
        }
    }
}

impl Iterator for Referring<'_> {
    type Item = cim::Result<Instance>;

    fn next(&mut self) -> Option<Self::Item> {
        let (binding, scan) = self.bound.as_mut()?;
        let entry = scan.next()?;
        let read = entry.and_then(|(key, _)| self.view.read_by_key(binding, key)).and_then(|i| {
            i.ok_or_else(|| Fault::damaged("the instance of a reference is missing"))
        });
        Some(self.view.at(read))
    }
}

/// The targets of the instance with a key.
struct Held {
    key: Vec<u8>,
    targets: Vec<Target>,
}

impl Writer<'_> {
    /// The changes when `instance` is put: the targets whose entries are deleted, and those whose
    /// entries are written. `key` is its key where it replaces a stored instance.
    pub(super) fn changed_references(
        &self,
        binding: &Binding,
        instance: &Instance,
        key: Option<&[u8]>,
    ) -> Result<[Vec<Target>; 2], Fault> {
        let mut new = of_instance(instance);
        let mut old = match key {
            Some(key) => self.view().references_held(binding, key)?,
            None => Vec::new(),
        };
        if !old.is_empty() {
            let kept: Vec<Target> = old.iter().filter(|t| new.contains(t)).copied().collect();
            old.retain(|target| !kept.contains(target));
            new.retain(|target| !kept.contains(target));
        }
        Ok([old, new])
    }

    /// Writes the entries of the instance of `class` with this key.
    pub(super) fn write_references(
        &mut self,
        namespace: NamespaceId,
        class: ClassId,
        key: &[u8],
        [old, new]: [Vec<Target>; 2],
    ) -> Result<(), Fault> {
        for target in old {
            let prefix = target.of_class(namespace, class);
            self.dbs.references.delete(&mut self.txn, &prefix, key)?;
        }
        for target in new {
            let prefix = target.of_class(namespace, class);
            self.dbs.references.put(&mut self.txn, &prefix, key, &[])?;
        }
        Ok(())
    }

    /// The targets of the stored instance of `class` with this key.
    pub(super) fn stored_references(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        key: &[u8],
    ) -> Result<Vec<Target>, Fault> {
        match self.view().bind(namespace, class)? {
            Some(binding) => self.view().references_held(&binding, key),
            None => Ok(Vec::new()),
        }
    }

    /// Deletes the entries of all instances of a class and, if there are any, the instances.
    pub(super) fn drop_references_of(
        &mut self,
        namespace: NamespaceId,
        class: ClassId,
    ) -> Result<(), Fault> {
        let layouts = self.view().kinds(class)?;
        if !layouts.iter().flatten().any(|&kind| is_reference(kind)) {
            return Ok(());
        }
        loop {
            let chunk = self.chunk_of(class, &layouts)?;
            let is_last = chunk.len() < CHUNK;
            for Held { key, targets } in chunk {
                self.write_references(namespace, class, &key, [targets, Vec::new()])?;
                self.dbs.instances.delete(&mut self.txn, &class.prefix(), &key)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The keys of some instances of a class, and what they refer to.
    fn chunk_of(&self, class: ClassId, layouts: &[Vec<Kind>]) -> Result<Vec<Held>, Fault> {
        let mut chunk = Vec::new();
        for entry in self.dbs.instances.scan(&self.txn, &class.prefix())?.take(CHUNK) {
            let (key, bytes) = entry?;
            let mut input = Input::new(bytes);
            let kinds = layouts.get(usize::from(input.u16()?));
            let kinds = kinds.ok_or_else(|| Fault::damaged("the layout of a record is missing"))?;
            chunk.push(Held { key: key.to_vec(), targets: of_record(kinds, &mut input)? });
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_the_format() {
        assert_eq!(hash(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(hash(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(hash(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn spellings_of_the_same_object_are_the_same_target() {
        let target = Target::of_text("C.Id=\"x\"");
        for text in ["c='X'", "C=\"x\"", r#"\\.\root\a:C.id="x""#, r#"root\b:C="X""#] {
            assert_eq!(Target::of_text(text), target, "{text}");
        }
        for text in ["C=\"y\"", "D=\"x\"", "C", "C=@"] {
            assert_ne!(Target::of_text(text), target, "{text}");
        }
        assert_eq!(Target::of_text("no Path"), Target::of_text("NO path"));
    }

    #[test]
    fn a_prefix_is_split_into_its_parts() {
        let target = Target::of_text("C=\"x\"");
        let parts = (NamespaceId(7), target, ClassId(9));
        assert_eq!(split(&target.of_class(parts.0, parts.2)), parts);
    }
}
