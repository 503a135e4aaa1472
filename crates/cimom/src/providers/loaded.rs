//! The table of loaded providers: initialized when first needed, unloaded when idle.
//!
//! A provider is loaded once for each namespace, and once more for each user or language where its
//! registration says so. Who needs one that is being initialized waits, without a lock or a
//! transaction that anybody else needs. How long an idle one stays is told by the cache controls
//! in root (behaviour.md A.4, G.2).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::security::Sid;
use cim::status::*;
use cim::{Name, Namespace, Result};
use repository::NamespaceId;
use smol_str::SmolStr;
use wbem::{CallContext, Hop, Initialization, InitializationSink, Native, Services};

use super::class_registration::Interaction;
use super::idle::ClearAfter;
use super::provider::{Provider, guard};
use super::registration::Registration;
use crate::call::access::Call;
use crate::front::for_provider::BackPointer;
use crate::store::core::{Cimom, View};

/// How many calls of one loaded provider may be in flight, those that wait for its
/// initialization among them. What is past it fails and holds nobody up.
const MOST_CALLS: u32 = 64;

/// The loaded providers.
#[derive(Default)]
pub struct Providers {
    slots: Mutex<HashMap<Key, Arc<ProviderEntry>>>,
    /// As the cache controls said last.
    pub(super) clear_after: Mutex<ClearAfter>,
    /// Whether a thread looks after idle providers.
    pub(super) is_watched: AtomicBool,
    /// Which provider that is being initialized waits for which other one to be.
    waits: Mutex<HashMap<Initialized, Initialized>>,
    /// Held while a provider is initialized that allows no other initialization beside its own.
    gates: Mutex<HashMap<Gate, Arc<Mutex<()>>>>,
}

/// What makes two loaded providers different ones.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    namespace: NamespaceId,
    name: Name,
    user: Option<Sid>,
    locale: Option<Name>,
}

/// A provider that is being initialized, by its namespace and name.
type Initialized = (Namespace, Name);

/// A provider that is being initialized waits for another one, until this is dropped.
struct Wait<'p> {
    providers: &'p Providers,
    who: Initialized,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.providers.waits.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.who);
    }
}

/// Lets providers go. One that panics over it harms nobody.
fn drop_providers(over: Vec<(Key, Arc<ProviderEntry>)>) {
    for (key, slot) in over {
        let _ = guard(&key.name, || {
            drop(slot);
            Ok(())
        });
    }
}

/// Which initializations exclude each other: those of a CLSID, or those in one namespace.
type Gate = (Name, Option<NamespaceId>);

/// A provider that is loaded, or is being loaded.
pub struct ProviderEntry {
    namespace: Namespace,
    clsid: SmolStr,
    /// The provider's way into WMI.
    services: Arc<dyn Services>,
    state: Mutex<State>,
    is_decided: Condvar,
    in_flight: AtomicU32,
    /// When its last call ended, in milliseconds of the environment's clock.
    last_used: AtomicU64,
    clock: Arc<dyn Fn() -> Duration + Send + Sync>,
}

enum State {
    /// Nobody has begun to initialize it.
    New,
    /// Somebody is at it.
    Initializing,
    Ready(Arc<Native>),
    Failed(cim::Error),
}

/// A call in flight.
pub struct InFlight<'s>(&'s ProviderEntry);

impl ProviderEntry {
    /// Counts a call in, until what this gives is dropped.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY`.
    pub(super) fn enter(&self, name: &Name) -> Result<InFlight<'_>> {
        let in_flight = InFlight(self);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) < MOST_CALLS {
            return Ok(in_flight);
        }
        Err(WBEM_E_SERVER_TOO_BUSY.with(format!(
            "provider {name} has {MOST_CALLS} calls in flight that it has not answered; \
             wait until one is, or have a look at the provider"
        )))
    }

    /// Runs something in the middle of a call that is not counted as in flight meanwhile.
    pub(super) fn while_blocked_on_client<T>(&self, wait: impl FnOnce() -> T) -> T {
        /// Counts the call in again, also where the client panics.
        struct Again<'s>(&'s ProviderEntry);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                self.0.in_flight.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let _again = Again(self);
        wait()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decide(&self, state: State) {
        *self.state() = state;
        self.is_decided.notify_all();
    }

    /// Whether it is this thread that has to initialize it.
    fn begin(&self) -> bool {
        let mut state = self.state();
        let is_new = matches!(*state, State::New);
        if is_new {
            *state = State::Initializing;
        }
        is_new
    }

    fn wait(&self) -> Result<Arc<Native>> {
        let mut state = self.state();
        loop {
            match &*state {
                State::Ready(native) => return Ok(native.clone()),
                State::Failed(error) => return Err(error.clone()),
                State::New | State::Initializing => {
                    state = self.is_decided.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn ready(&self) -> Option<Arc<Native>> {
        match &*self.state() {
            State::Ready(native) => Some(native.clone()),
            _ => None,
        }
    }

    fn last_used(&self) -> Duration {
        Duration::from_millis(self.last_used.load(Ordering::Relaxed))
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = (self.0.clock)().as_millis() as u64;
        self.0.last_used.store(now, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A loaded provider, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedProvider {
    /// Where it works.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// The CLSID under which its code was found.
    pub clsid: SmolStr,
    /// For whom alone it was loaded.
    pub user: Option<Sid>,
    /// For which language alone.
    pub locale: Option<Name>,
    /// Calls that it has not answered yet.
    pub in_flight: u32,
    /// Since its last call ended.
    pub idle: Duration,
}

impl Providers {
    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<ProviderEntry>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that `who`, which is being initialized, waits for `whom` to be.
    /// Errors: `WBEM_E_INITIALIZATION_FAILURE` where that one waits for it.
    fn waits(&self, who: Initialized, whom: Initialized) -> Result<Wait<'_>> {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
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
        Ok(Wait { providers: self, who })
    }

    fn gate(&self, registration: &Registration, namespace: NamespaceId) -> Option<Arc<Mutex<()>>> {
        let scope = match registration.reentrancy {
            0 => None,
            1 => Some(namespace),
            _ => return None,
        };
        let gate = (Name::from(registration.clsid.clone()), scope);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        // Gates that nobody stands at need not be kept.
        gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        Some(gates.entry(gate).or_default().clone())
    }

    /// The slot of `key`. Those in which another code was loaded for the provider, for whomever,
    /// make place.
    fn slot(
        &self,
        key: &Key,
        new: impl FnOnce() -> ProviderEntry,
        clsid: &str,
    ) -> Arc<ProviderEntry> {
        let is_current = |slot: &ProviderEntry| cim::name::eq(&slot.clsid, clsid);
        let mut slots = self.slots();
        if let Some(slot) = slots.get(key).filter(|slot| is_current(slot)) {
            return slot.clone();
        }
        let is_of_provider = |k: &Key| k.namespace == key.namespace && k.name == key.name;
        let replaced: Vec<_> =
            slots.extract_if(|k, slot| is_of_provider(k) && !is_current(slot)).collect();
        let slot = Arc::new(new());
        slots.insert(key.clone(), slot.clone());
        drop(slots);
        // The code of a provider runs when it is let go: under no lock.
        drop_providers(replaced);
        slot
    }

    /// Takes out `slot`, which came to nothing, so that the next call tries again.
    fn remove_entry(&self, key: &Key, slot: &Arc<ProviderEntry>) {
        let mut slots = self.slots();
        if slots.get(key).is_some_and(|kept| Arc::ptr_eq(kept, slot)) {
            slots.remove(key);
        }
    }

    /// The provider that is loaded.
    pub fn list(&self, now: Duration) -> Vec<LoadedProvider> {
        let slots = self.slots();
        let mut list: Vec<LoadedProvider> = slots
            .iter()
            .filter(|(_, slot)| slot.ready().is_some())
            .map(|(key, slot)| LoadedProvider {
                namespace: slot.namespace.clone(),
                name: key.name.clone(),
                clsid: slot.clsid.clone(),
                user: key.user.clone(),
                locale: key.locale.clone(),
                in_flight: slot.in_flight.load(Ordering::Relaxed),
                idle: now.saturating_sub(slot.last_used()),
            })
            .collect();
        list.sort_by(|a, b| {
            (a.namespace.as_name(), &a.name).cmp(&(b.namespace.as_name(), &b.name))
        });
        list
    }

    /// Lets go of those for which `is_over` holds and that have no call in flight. Gives how many
    /// there were.
    pub fn unload(&self, is_over: impl Fn(&IdleCandidate<'_>) -> bool) -> usize {
        let all: Vec<(Key, Arc<ProviderEntry>)> =
            self.slots().iter().map(|(key, slot)| (key.clone(), slot.clone())).collect();
        let goes = |(key, slot): &(Key, Arc<ProviderEntry>)| {
            let place = IdleCandidate {
                id: key.namespace,
                name: &key.name,
                last_used: slot.last_used(),
                is_of_properties: is_of_properties(&*slot.ready()?),
            };
            Some(slot.in_flight.load(Ordering::Relaxed) == 0 && is_over(&place))
        };
        // The code of a provider runs when it is let go: under no lock.
        let over: Vec<_> = all.into_iter().filter(|one| goes(one) == Some(true)).collect();
        for (key, slot) in &over {
            self.remove_entry(key, slot);
        }
        let count = over.len();
        drop_providers(over);
        count
    }

    pub fn is_empty(&self) -> bool {
        self.slots().is_empty()
    }
}

/// A loaded provider, as far as it counts whether it goes.
pub struct IdleCandidate<'a> {
    pub id: NamespaceId,
    pub name: &'a Name,
    /// When its last call ended, on the environment's clock.
    pub last_used: Duration,
    /// Whether it provides properties and nothing else.
    pub is_of_properties: bool,
}

fn is_of_properties(native: &Native) -> bool {
    let Native { classes, instances, methods, properties } = native;
    properties.is_some() && classes.is_none() && instances.is_none() && methods.is_none()
}

impl Cimom {
    /// The provider of this registration, loaded where it is not. The repository is let go while
    /// somebody else's code runs.
    /// Errors: `WBEM_E_PROVIDER_LOAD_FAILURE` where no code has the CLSID,
    /// `WBEM_E_INITIALIZATION_FAILURE`, `WBEM_E_SERVER_TOO_BUSY`.
    pub fn load(&self, view: &View<'_>, registration: &Arc<Registration>) -> Result<Provider> {
        let (name, context) = (&registration.name, view.context);
        let user = registration.per_user.then(|| context.caller().clone());
        let locale = context.locales().first().filter(|_| registration.per_locale);
        let locale = locale.map(|locale| Name::from(locale.to_string()));
        let key = Key {
            namespace: view.id,
            name: name.clone(),
            user: user.as_ref().map(|user| user.user.clone()),
            locale,
        };
        let namespace = &view.schema.origin().namespace;
        let services = || BackPointer { cimom: self.me(), place: view.place() };
        let new = || ProviderEntry {
            namespace: namespace.clone(),
            services: Arc::new(services()),
            clsid: registration.clsid.clone(),
            state: Mutex::new(State::New),
            is_decided: Condvar::new(),
            in_flight: AtomicU32::new(0),
            last_used: AtomicU64::new(self.now().as_millis() as u64),
            clock: self.environment.clock.clone(),
        };
        let slot = self.providers.slot(&key, new, &registration.clsid);
        let provider = |native| Provider {
            registration: registration.clone(),
            slot: slot.clone(),
            native,
            services: slot.services.clone(),
            wmi: self.environment.identity.clone(),
        };
        if let Some(native) = slot.ready() {
            return Ok(provider(native));
        }
        let _waiting = slot.enter(name)?;
        let waits_for_itself =
            |hop: &Hop| hop.is_initialized && hop.name == *name && hop.namespace == *namespace;
        if context.providers().any(waits_for_itself) {
            return Err(WBEM_E_INITIALIZATION_FAILURE
                .with(format!("provider {name} needs itself to be initialized")));
        }
        let wmi = &self.environment.identity;
        let is_client = registration.impersonates && !registration.is_initialized_as_wmi;
        let caller = if is_client { context.caller() } else { wmi };
        let initialization = Initialization {
            registration: registration.instance.clone(),
            namespace: namespace.clone(),
            user,
            locale: key.locale.clone(),
            context: context.for_provider(name, true, slot.services.clone(), caller.clone()),
        };
        let waiting = context.providers().find(|hop| hop.is_initialized);
        let waiting = waiting.map(|hop| (hop.namespace.clone(), hop.name.clone()));
        let outcome = view.without_snapshot(|| {
            if slot.begin() {
                self.initialize(&slot, registration, view.id, initialization);
            }
            let _wait = match waiting {
                Some(waiting) => {
                    Some(self.providers.waits(waiting, (namespace.clone(), name.clone()))?)
                }
                None => None,
            };
            slot.wait()
        });
        match outcome {
            Ok(native) => {
                self.watch_idle();
                Ok(provider(native))
            }
            Err(error) => {
                self.providers.remove_entry(&key, &slot);
                Err(error)
            }
        }
    }

    /// Runs the provider's factory; what comes of it is decided by its sink, perhaps later.
    fn initialize(
        &self,
        slot: &Arc<ProviderEntry>,
        registration: &Registration,
        namespace: NamespaceId,
        initialization: Initialization,
    ) {
        let (name, clsid) = (registration.name.clone(), &registration.clsid);
        let Some(factory) = self.environment.providers.get(clsid) else {
            return slot.decide(State::Failed(WBEM_E_PROVIDER_LOAD_FAILURE.with(format!(
                "provider {name}: no provider with the CLSID {clsid} is in this program"
            ))));
        };
        // Who is initialized on behalf of another one that is must not wait for it.
        let is_nested = initialization.context.providers().skip(1).any(|hop| hop.is_initialized);
        let gate = self.providers.gate(registration, namespace).filter(|_| !is_nested);
        let gate = gate.as_ref().map(|gate| gate.lock().unwrap_or_else(PoisonError::into_inner));
        let told = slot.clone();
        let sink = InitializationSink::new(move |outcome| {
            told.decide(match outcome {
                Ok(native) => State::Ready(Arc::new(native)),
                Err(e) => State::Failed(
                    WBEM_E_INITIALIZATION_FAILURE
                        .with(format!("provider {name} could not be initialized: {e}")),
                ),
            });
        });
        // A panic lets go of the sink, which says that it failed.
        let _ = guard(&registration.name, || {
            factory(initialization, sink);
            Ok(())
        });
        // Until it is decided, no other may begin.
        if gate.is_some() {
            let _ = slot.wait();
        }
    }

    /// Whether the code of the provider with this CLSID is in this program.
    pub fn has_provider_code(&self, clsid: &str) -> bool {
        self.environment.providers.get(clsid).is_some()
    }

    /// Looks whether the provider `name` of `namespace` can be used as it is registered, and loads it
    /// where it is not loaded; but for push providers, of which `Cimom::failed_pushes` tells.
    /// Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED`; why it cannot be used.
    pub fn check_provider(
        &self,
        namespace: &Namespace,
        name: &Name,
        context: &CallContext,
    ) -> Result<()> {
        let view = self.view_of(namespace, context)?;
        Call { operation: (), namespace, context }.authorize(view.schema.policy())?;
        let registration = self.registrations.get(&view, name)?;
        let sources = self.registrations.class_sources(&view)?;
        for source in sources.iter().filter(|source| source.name == *name) {
            match source.interaction {
                Interaction::Push => return Ok(()),
                Interaction::Pull => {
                    source.usable()?;
                }
                Interaction::Other => {}
            }
        }
        self.load(&view, &registration).map(drop)
    }

    /// The providers that are loaded now, by namespace and name.
    pub fn loaded_providers(&self) -> Vec<LoadedProvider> {
        self.providers.list(self.now())
    }

    /// Unloads the provider `name` of `namespace`, where it has no call in flight; the next call
    /// that needs it loads it again. Gives how many of them there were, one for each user and
    /// language. Errors: `WBEM_E_INVALID_NAMESPACE`, `WBEM_E_ACCESS_DENIED` to anybody but
    /// administrators.
    pub fn unload_provider(
        &self,
        namespace: &Namespace,
        name: &Name,
        context: &CallContext,
    ) -> Result<usize> {
        if !context.caller().is(&Sid::administrators()) {
            return Err(WBEM_E_ACCESS_DENIED
                .with(format!("only administrators unload providers, {name} among them")));
        }
        let id = self.view_of(namespace, context)?.id;
        Ok(self.providers.unload(|place| place.id == id && place.name == name))
    }
}
