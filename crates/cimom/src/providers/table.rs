//! The table of loaded providers: one entry for each namespace, and one more for each user or
//! language where the registration says so.
//!
//! Says which initializations exclude or wait for each other, and which providers are idle. What a
//! provider is initialized with is [`super::load`]'s.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cim::security::Sid;
use cim::status::WBEM_E_INITIALIZATION_FAILURE;
use cim::{Name, Namespace, Result};
use parking_lot::Mutex;
use repository::NamespaceId;
use smol_str::SmolStr;
use wbem::ProviderInterfaces;

use super::entry::{ProviderEntry, guard};
use super::registration::Registration;

/// The loaded providers.
#[derive(Default)]
pub(super) struct ProviderTable {
    entries: Mutex<HashMap<Key, Arc<ProviderEntry>>>,
    /// Which provider that is being initialized waits for which other one to be.
    waits: Mutex<HashMap<Initialized, Initialized>>,
    /// Held while a provider is initialized that excludes other initializations.
    initialization_locks: Mutex<HashMap<LockScope, Arc<Mutex<()>>>>,
}

/// What makes two loaded providers different ones.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) namespace: NamespaceId,
    pub(super) name: Name,
    pub(super) user: Option<Sid>,
    pub(super) locale: Option<Name>,
}

/// A provider that is being initialized, by its namespace and name.
pub(super) type Initialized = (Namespace, Name);

/// Which initializations exclude each other: those of a CLSID, or those in one namespace.
type LockScope = (Name, Option<NamespaceId>);

/// A provider that is being initialized waits for another one, until this is dropped.
pub(super) struct Wait<'t> {
    table: &'t ProviderTable,
    who: Initialized,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.table.waits.lock().remove(&self.who);
    }
}

/// A loaded provider, as shown to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProvider {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// The CLSID under which its code was found.
    pub clsid: SmolStr,
    /// The only user that it serves, if it is registered with PerUserInitialization.
    pub user: Option<Sid>,
    /// The only language that it serves, if it is registered with PerLocaleInitialization.
    pub locale: Option<Name>,
    /// Calls that it has not answered yet.
    pub in_flight: u32,
    /// The time since its last call ended.
    pub idle: Duration,
}

/// A loaded provider that may be unloaded.
pub(super) struct IdleCandidate<'a> {
    pub(super) id: NamespaceId,
    pub(super) name: &'a Name,
    /// When its last call ended, on the environment's clock.
    pub(super) last_used: Duration,
    /// Whether it provides properties and nothing else.
    pub(super) is_of_properties: bool,
}

impl ProviderTable {
    /// Records that the provider `who`, itself being initialized, waits for the initialization of
    /// the other one.
    /// Errors: `WBEM_E_INITIALIZATION_FAILURE` if the other one waits for `who`.
    pub(super) fn wait_for(&self, who: Initialized, whom: Initialized) -> Result<Wait<'_>> {
        let mut waits = self.waits.lock();
        let mut next = Some(&whom);
        while let Some(waiting) = next {
            if *waiting == who {
                return Err(WBEM_E_INITIALIZATION_FAILURE.with(format!(
                    "providers {} and {} need each other to be initialized",
                    who.1, whom.1
                )));
            }
            next = waits.get(waiting);
        }
        waits.insert(who.clone(), whom);
        Ok(Wait { table: self, who })
    }

    /// The lock under which a provider of this registration is initialized, if it excludes others.
    pub(super) fn initialization_lock(
        &self,
        registration: &Registration,
        namespace: NamespaceId,
    ) -> Option<Arc<Mutex<()>>> {
        let scope = match registration.reentrancy {
            0 => None,
            1 => Some(namespace),
            _ => return None,
        };
        let scope = (Name::from(registration.clsid.clone()), scope);
        let mut locks = self.initialization_locks.lock();
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Some(locks.entry(scope).or_default().clone())
    }

    /// The entry of `key`, made by `new` if there is none. Entries of the same provider that were
    /// loaded under another CLSID than `clsid` are removed.
    pub(super) fn entry(
        &self,
        key: &Key,
        new: impl FnOnce() -> ProviderEntry,
        clsid: &str,
    ) -> Arc<ProviderEntry> {
        let is_current = |entry: &ProviderEntry| cim::name::eq(&entry.clsid, clsid);
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.get(key).filter(|entry| is_current(entry)) {
            return entry.clone();
        }
        let is_of_provider = |k: &Key| k.namespace == key.namespace && k.name == key.name;
        let replaced: Vec<_> =
            entries.extract_if(|k, entry| is_of_provider(k) && !is_current(entry)).collect();
        let entry = Arc::new(new());
        entries.insert(key.clone(), entry.clone());
        drop(entries);
        // Dropping a provider runs its code: under no lock.
        drop_providers(replaced);
        entry
    }

    /// Removes an entry whose initialization failed, so that the next call tries again.
    pub(super) fn remove_entry(&self, key: &Key, entry: &Arc<ProviderEntry>) {
        let mut entries = self.entries.lock();
        if entries.get(key).is_some_and(|kept| Arc::ptr_eq(kept, entry)) {
            entries.remove(key);
        }
    }

    /// The providers that are loaded, by namespace and name.
    pub(super) fn list(&self, now: Duration) -> Vec<LoadedProvider> {
        let entries = self.entries.lock();
        let mut list: Vec<LoadedProvider> = entries
            .iter()
            .filter(|(_, entry)| entry.ready().is_some())
            .map(|(key, entry)| LoadedProvider {
                namespace: entry.namespace.clone(),
                name: key.name.clone(),
                clsid: entry.clsid.clone(),
                user: key.user.clone(),
                locale: key.locale.clone(),
                in_flight: entry.in_flight(),
                idle: now.saturating_sub(entry.last_used()),
            })
            .collect();
        drop(entries);
        list.sort_by(|a, b| {
            (a.namespace.as_name(), &a.name).cmp(&(b.namespace.as_name(), &b.name))
        });
        list
    }

    /// Unloads those for which `is_over` holds and that have no call in flight; returns how many.
    pub(super) fn unload(&self, is_over: impl Fn(&IdleCandidate<'_>) -> bool) -> usize {
        let all: Vec<(Key, Arc<ProviderEntry>)> =
            self.entries.lock().iter().map(|(key, entry)| (key.clone(), entry.clone())).collect();
        let goes = |(key, entry): &(Key, Arc<ProviderEntry>)| {
            let candidate = IdleCandidate {
                id: key.namespace,
                name: &key.name,
                last_used: entry.last_used(),
                is_of_properties: is_of_properties(&*entry.ready()?),
            };
            Some(entry.in_flight() == 0 && is_over(&candidate))
        };
        let over: Vec<_> = all.into_iter().filter(|one| goes(one) == Some(true)).collect();
        for (key, entry) in &over {
            self.remove_entry(key, entry);
        }
        let count = over.len();
        drop_providers(over);
        count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.lock().is_empty()
    }
}

fn is_of_properties(native: &ProviderInterfaces) -> bool {
    let ProviderInterfaces { classes, instances, methods, properties } = native;
    properties.is_some() && classes.is_none() && instances.is_none() && methods.is_none()
}

/// Drops providers, each guarded against a panic of its own.
fn drop_providers(over: Vec<(Key, Arc<ProviderEntry>)>) {
    for (key, entry) in over {
        let _ = guard(&key.name, || {
            drop(entry);
            Ok(())
        });
    }
}
