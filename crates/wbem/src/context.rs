//! What travels with a call: the caller, the origin, the language, named values, and the
//! cancellation token.
//!
//! Made by a door, passed through the object manager to the providers, and passed on by a provider
//! that calls back. It contains no global state: the door receives identity and locale from its
//! client.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cim::security::Identity;
use cim::status::WBEM_E_NOT_SUPPORTED;
use cim::{Locale, Name, Namespace, Value};

use crate::cancel::CancelToken;
use crate::layer::services_from;
use crate::services::Services;

/// The origin of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Transport {
    /// From this process.
    #[default]
    Local,
    /// From another process of this machine, identified by the kernel.
    Ipc {
        /// Its process id.
        pid: u32,
        /// Its user id.
        uid: u32,
    },
    /// From another machine.
    Remote {
        /// By which protocol.
        protocol: Protocol,
        /// Whether the call is encrypted: by DCOM at the level PKT_PRIVACY, else through TLS.
        encrypted: bool,
    },
}

/// A protocol between machines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// DCOM, MS-WMI.
    Dcom,
    /// WS-Management.
    WsManagement,
    /// CIM-XML.
    CimXml,
}

/// What tells an operation from all others of this process, and on whose behalf it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OperationId {
    number: u64,
    /// 0 where it is a client's own.
    parent: u64,
}

impl OperationId {
    fn new(parent: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        OperationId { number: NEXT.fetch_add(1, Ordering::Relaxed), parent }
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The number of the operation on whose behalf it is; `None` of a client's own.
    pub fn parent(self) -> Option<u64> {
        (self.parent != 0).then_some(self.parent)
    }
}

/// A client's connection, by which limits count. Whatever is done for the client has its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SessionId(u64);

impl SessionId {
    /// One that no other client of this process has.
    #[expect(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        SessionId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The context of one call (IWbemContext and the caller).
#[derive(Clone)]
pub struct CallContext {
    caller: Arc<Identity>,
    transport: Transport,
    locales: Arc<[Locale]>,
    values: Vec<(Name, Value)>,
    cancel: CancelToken,
    operation: OperationId,
    session: SessionId,
    /// The provider that makes the call, to answer one.
    provider: Option<Arc<ProviderFrame>>,
}

/// A provider on the way to a call, asked on behalf of the one before.
#[derive(Debug)]
pub struct ProviderFrame {
    /// Where it works.
    pub namespace: Namespace,
    /// Its name in `__Win32Provider`.
    pub name: Name,
    /// Whether it is being initialized, and not asked.
    pub is_initialized: bool,
    before: Option<Arc<ProviderFrame>>,
    depth: u32,
}

impl CallContext {
    /// A call of `caller` that has come in this way, of a session of its own.
    pub fn new(caller: Arc<Identity>, transport: Transport) -> Self {
        CallContext {
            caller,
            transport,
            locales: Arc::default(),
            values: Vec::new(),
            cancel: CancelToken::default(),
            operation: OperationId::new(0),
            session: SessionId::new(),
            provider: None,
        }
    }

    /// A call of `caller` in this process.
    pub fn local(caller: Arc<Identity>) -> Self {
        CallContext::new(caller, Transport::Local)
    }

    /// Who calls.
    pub fn caller(&self) -> &Arc<Identity> {
        &self.caller
    }

    /// How the call has come; also of what a provider calls to answer one.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether the call comes from another machine.
    pub fn is_remote(&self) -> bool {
        matches!(self.transport, Transport::Remote { .. })
    }

    /// Whether the call is unreadable on its way from another machine.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Remote { encrypted: true, .. })
    }

    /// By what the call is ended before its end.
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// Sets by what the call is ended before its end.
    pub fn set_cancel(&mut self, cancel: CancelToken) {
        self.cancel = cancel;
    }

    /// When the call ends by itself, if it does.
    pub fn deadline(&self) -> Option<Instant> {
        self.cancel.deadline()
    }

    /// Ends the call at `deadline` at the latest.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.cancel = self.cancel.until(deadline);
    }

    /// What tells the operation from others.
    pub fn operation(&self) -> OperationId {
        self.operation
    }

    /// Whose call it is.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Makes it a call of this session.
    pub fn set_session(&mut self, session: SessionId) {
        self.session = session;
    }

    /// The context of an operation on behalf of this one, which ends with `cancel`.
    pub(crate) fn child(&self, cancel: CancelToken) -> Self {
        let operation = OperationId::new(self.operation.number);
        CallContext { cancel, operation, ..self.clone() }
    }

    /// The languages that the caller prefers, the most preferred first; none where it named none.
    pub fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// Sets the languages that the caller prefers, the most preferred first.
    pub fn set_locales(&mut self, locales: &[Locale]) {
        self.locales = locales.into();
    }

    /// The named value, if it was set. Names disregard case.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|(n, _)| n.is(name)).map(|(_, v)| v)
    }

    /// All named values, in the order in which they were set first.
    pub fn values(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.values.iter().map(|(name, value)| (name, value))
    }

    /// Sets a named value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.values.iter_mut().find(|(n, _)| n.is(name)) {
            Some((_, old)) => *old = value,
            None => self.values.push((name.into(), value)),
        }
    }

    /// Takes a named value away.
    pub fn remove(&mut self, name: &str) {
        self.values.retain(|(n, _)| !n.is(name));
    }

    /// The providers on the way to this call, the nearest first; none of a client's call.
    pub fn providers(&self) -> impl Iterator<Item = &ProviderFrame> {
        std::iter::successors(self.provider.as_deref(), |hop| hop.before.as_deref())
    }

    /// How many providers are on the way to this call.
    pub fn depth(&self) -> u32 {
        self.provider.as_ref().map_or(0, |hop| hop.depth)
    }

    /// The context that the provider `name` gets, which may call `services` as `caller`, to be
    /// asked or, where `is_initialized`, to be initialized.
    pub fn for_provider(
        &self,
        name: &Name,
        is_initialized: bool,
        services: Arc<dyn Services>,
        caller: Arc<Identity>,
    ) -> ProviderContext {
        let frame = Arc::new(ProviderFrame {
            namespace: services.namespace().clone(),
            name: name.clone(),
            is_initialized,
            before: self.provider.clone(),
            depth: self.depth() + 1,
        });
        let call = CallContext {
            caller,
            transport: self.transport,
            locales: self.locales.clone(),
            values: self.values.clone(),
            cancel: self.cancel.child(),
            operation: OperationId::new(self.operation.number),
            session: self.session,
            provider: Some(frame.clone()),
        };
        ProviderContext { call, frame, services }
    }
}

/// What a provider is given with each call: the context of what it calls itself to answer, which
/// this stands for, and its way into WMI.
#[derive(Clone)]
pub struct ProviderContext {
    call: CallContext,
    frame: Arc<ProviderFrame>,
    services: Arc<dyn Services>,
}

impl ProviderContext {
    /// The context of a provider that is asked by itself, as a test asks it: every operation of WMI is
    /// `WBEM_E_NOT_SUPPORTED`.
    pub fn without_wmi(call: &CallContext) -> Self {
        let services = services_from(Namespace::root(), |request, _, sink| {
            if let Some(sink) = sink {
                sink.release();
            }
            Err(WBEM_E_NOT_SUPPORTED.with(format!("there is no WMI for {}", request.name())))
        });
        let name = Name::from_static("Provider");
        call.for_provider(&name, false, services, call.caller.clone())
    }

    /// The operations on the namespace in which the provider works. It passes this context on in each
    /// call that it makes to answer the one it got: so circles are found (behaviour.md A.4), and the
    /// call ends with the one that it is made for.
    pub fn services(&self) -> &Arc<dyn Services> {
        &self.services
    }

    /// The context of the calls that the provider makes.
    pub fn call(&self) -> &CallContext {
        &self.call
    }

    /// The provider itself, as it is registered.
    pub fn frame(&self) -> &ProviderFrame {
        &self.frame
    }
}

impl Deref for ProviderContext {
    type Target = CallContext;

    fn deref(&self) -> &CallContext {
        &self.call
    }
}

impl fmt::Debug for ProviderContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderContext").field("call", &self.call).finish_non_exhaustive()
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("caller", &self.caller)
            .field("transport", &self.transport)
            .field("locales", &self.locales)
            .field("values", &self.values)
            .field("cancel", &self.cancel)
            .field("operation", &self.operation)
            .field("session", &self.session)
            .field("provider", &self.provider)
            .finish()
    }
}
