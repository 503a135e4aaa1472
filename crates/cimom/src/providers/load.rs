//! Loading: the provider of a registration, initialized when a call first needs it (behaviour.md
//! A.4, G.14).

use std::sync::Arc;

use cim::Name;
use cim::Result;
use cim::status::{WBEM_E_INITIALIZATION_FAILURE, WBEM_E_PROVIDER_LOAD_FAILURE};
use repository::NamespaceId;
use wbem::{
    CallContext, CancelToken, Factory, Initialization, InitializationSink, ProviderFrame,
    ProviderRegistration,
};

use super::class_registration::Interaction;
use super::entry::{ProviderEntry, guard};
use super::provider::Provider;
use super::registration::Registration;
use super::runtime::Runtime;
use super::table::Key;
use crate::call::architecture;
use crate::store::{Environment, StoredView};

impl Runtime {
    /// The provider of this registration, loaded where it is not. The snapshot of `view` is
    /// released while code of the provider runs.
    /// Errors: `WBEM_E_PROVIDER_LOAD_FAILURE` where no code has the CLSID, or the client requires
    /// another architecture; `WBEM_E_INITIALIZATION_FAILURE`, `WBEM_E_SERVER_TOO_BUSY`.
    pub fn load(
        &self,
        view: &StoredView<'_>,
        context: &CallContext,
        registration: &Arc<Registration>,
    ) -> Result<Provider> {
        let name = &registration.name;
        architecture::check_available(context, name)?;
        let environment = self.core().environment();
        let user = registration.per_user.then(|| context.caller().clone());
        let locale = context.locales().first().filter(|_| registration.per_locale);
        let locale = locale.map(|locale| Name::from(locale.to_string()));
        let key = Key {
            namespace: view.id(),
            name: name.clone(),
            user: user.as_ref().map(|user| user.user.clone()),
            locale,
        };
        let namespace = &view.schema().origin().namespace;
        let new = || {
            let services = (self.services_for)(view.namespace_ref());
            let (clsid, clock) = (registration.clsid.clone(), environment.clock.clone());
            ProviderEntry::new(namespace.clone(), clsid, services, clock)
        };
        let entry = self.table.entry(&key, new, &registration.clsid);
        let provider = |native| Provider {
            registration: registration.clone(),
            entry: entry.clone(),
            native,
            wmi: environment.identity.clone(),
        };
        if let Some(native) = entry.ready() {
            return Ok(provider(native));
        }
        let _waiting = entry.enter(name)?;
        let waits_for_itself = |hop: &ProviderFrame| {
            hop.is_initialized && hop.name == *name && hop.namespace == *namespace
        };
        if context.providers().any(waits_for_itself) {
            return Err(WBEM_E_INITIALIZATION_FAILURE
                .with(format!("provider {name} needs itself to be initialized")));
        }
        let is_client = registration.impersonates && !registration.is_initialized_as_wmi;
        let caller = if is_client { context.caller() } else { &environment.identity };
        // Other calls wait for it too, and it lasts: it does not end with the call that comes first.
        let mut lasting = context.clone();
        lasting.set_cancel(CancelToken::default());
        let initialization = Initialization {
            registration: registration.instance.clone(),
            namespace: namespace.clone(),
            user,
            locale: key.locale.clone(),
            context: lasting.for_provider(name, true, entry.services.clone(), caller.clone()),
        };
        let waiting = context.providers().find(|hop| hop.is_initialized);
        let waiting = waiting.map(|hop| (hop.namespace.clone(), hop.name.clone()));
        let outcome = view.without_snapshot(|| {
            if entry.begin() {
                self.initialize(&entry, registration, view.id(), initialization);
            }
            let _wait = match waiting {
                Some(waiting) => {
                    Some(self.table.wait_for(waiting, (namespace.clone(), name.clone()))?)
                }
                None => None,
            };
            entry.wait(context.cancel())
        });
        match outcome {
            Ok(native) => {
                self.idle.watch(self.core());
                Ok(provider(native))
            }
            Err(error) => {
                // A call that is not wanted any more leaves the initialization to the next one.
                if !context.cancel().is_cancelled() {
                    self.table.remove_entry(&key, &entry);
                }
                Err(error)
            }
        }
    }

    /// Runs the provider's factory; its sink decides what comes of it, perhaps later.
    fn initialize(
        &self,
        entry: &Arc<ProviderEntry>,
        registration: &Registration,
        namespace: NamespaceId,
        initialization: Initialization,
    ) {
        let (name, clsid) = (registration.name.clone(), &registration.clsid);
        let Some(factory) = self.resolve(registration, &initialization) else {
            return entry.decide(Err(WBEM_E_PROVIDER_LOAD_FAILURE.with(format!(
                "provider {name}: no provider with the CLSID {clsid} is in this program"
            ))));
        };
        // A nested initialization must not take the lock that its parent holds.
        let is_nested = initialization.context.providers().skip(1).any(|hop| hop.is_initialized);
        let lock = self.table.initialization_lock(registration, namespace);
        let lock = lock.filter(|_| !is_nested);
        let lock = lock.as_ref().map(|lock| lock.lock());
        let decided = entry.clone();
        let sink = InitializationSink::new(move |outcome| {
            decided.decide(outcome.map_err(|e| {
                WBEM_E_INITIALIZATION_FAILURE
                    .with(format!("provider {name} could not be initialized: {e}"))
            }));
        });
        // A panic drops the sink, which reports the failure.
        let _ = guard(&registration.name, || {
            factory(initialization, sink);
            Ok(())
        });
        // The lock is held until the outcome is known.
        if lock.is_some() {
            let _ = entry.wait(&CancelToken::default());
        }
    }

    /// What begins to initialize the provider: code in this program, else of the first resolver that
    /// finds any.
    fn resolve(
        &self,
        registration: &Registration,
        initialization: &Initialization,
    ) -> Option<Factory> {
        let Environment { providers, resolvers, .. } = self.core().environment();
        if let Some(factory) = providers.get(&registration.clsid) {
            return Some(factory.clone());
        }
        let registration = ProviderRegistration {
            name: registration.name.clone(),
            namespace: initialization.namespace.clone(),
            clsid: registration.clsid.clone(),
            hosting: registration.hosting,
            instance: registration.instance.clone(),
        };
        resolvers.iter().find_map(|resolver| resolver.resolve(&registration))
    }

    /// Checks whether the provider `name` of the namespace of `view` can be used as it is
    /// registered, and loads it where it is not loaded; but for push providers, on which
    /// [`Runtime::failed_pushes`] reports. Errors: why it cannot be used.
    pub fn check(&self, view: &StoredView<'_>, name: &Name, context: &CallContext) -> Result<()> {
        let registration = self.registration(view, name)?;
        let sources = self.class_sources(view)?;
        for source in sources.iter().filter(|source| source.name == *name) {
            match source.interaction {
                Interaction::Push => return Ok(()),
                Interaction::Pull => {
                    source.usable()?;
                }
                Interaction::Other => {}
            }
        }
        self.load(view, context, &registration).map(drop)
    }
}
