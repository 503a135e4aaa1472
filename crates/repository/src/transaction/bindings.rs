//! A cache of what is looked up for each class: its id and its mappings.
//!
//! A get must not look the class up by name and compare its properties with the layout each
//! time. So a [`Binding`] is kept for each `Arc<Class>` that a caller passes. It is valid for the
//! version of the repository for which it was checked; for a newer one, the id is looked up
//! again. A writer has its own bindings, because what it sees may never be committed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use cim::Class;
use parking_lot::RwLock;

use crate::encoding::ids::{ClassId, NamespaceId};
use crate::encoding::layout::Mapping;

/// The number of bindings at which all are dropped; they are made again when needed.
const MOST: usize = 8192;

/// A class that a caller passed, and its number in the repository.
pub(super) struct Binding {
    /// Held so that no other class is allocated at its address.
    pub(super) class: Arc<Class>,
    pub(super) id: ClassId,
    /// The version of the repository for which `id` was looked up last.
    checked: AtomicUsize,
    /// The class in whose family the keys of instances are unique; only in a writer's bindings.
    pub(super) root: OnceLock<ClassId>,
    mappings: RwLock<Vec<(u16, Arc<Mapping>)>>,
}

/// Bindings by the address of the class.
#[derive(Default)]
pub(crate) struct Bindings(RwLock<HashMap<(usize, NamespaceId), Arc<Binding>>>);

impl Binding {
    pub(super) fn is_checked_for(&self, version: usize) -> bool {
        self.checked.load(Ordering::Relaxed) == version
    }

    pub(super) fn set_checked_for(&self, version: usize) {
        self.checked.store(version, Ordering::Relaxed);
    }

    /// The mapping of the layout with this number, if it is cached.
    pub(super) fn mapping(&self, layout: u16) -> Option<Arc<Mapping>> {
        let mappings = self.mappings.read();
        mappings.iter().find(|(number, _)| *number == layout).map(|(_, mapping)| mapping.clone())
    }

    pub(super) fn add_mapping(&self, layout: u16, mapping: Arc<Mapping>) {
        let mut mappings = self.mappings.write();
        mappings.push((layout, mapping));
    }

    /// The number of the class's own layout, if a record with it was read or written.
    pub(super) fn own_layout(&self) -> Option<u16> {
        let mappings = self.mappings.read();
        mappings.iter().find(|(_, mapping)| mapping.is_identity).map(|(number, _)| *number)
    }
}

impl Bindings {
    pub(super) fn get(&self, namespace: NamespaceId, class: &Arc<Class>) -> Option<Arc<Binding>> {
        let bindings = self.0.read();
        bindings.get(&(address(class), namespace)).cloned()
    }

    pub(super) fn add(
        &self,
        namespace: NamespaceId,
        class: &Arc<Class>,
        id: ClassId,
        version: usize,
    ) -> Arc<Binding> {
        let binding = Arc::new(Binding {
            class: class.clone(),
            id,
            checked: AtomicUsize::new(version),
            root: OnceLock::new(),
            mappings: RwLock::default(),
        });
        let mut bindings = self.0.write();
        if bindings.len() >= MOST {
            bindings.clear();
        }
        bindings.insert((address(class), namespace), binding.clone());
        binding
    }

    pub(super) fn clear(&self) {
        self.0.write().clear();
    }
}

fn address(class: &Arc<Class>) -> usize {
    Arc::as_ptr(class).addr()
}
