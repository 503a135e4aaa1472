//! The contracts of WMI: what clients call, what providers are asked, where results go.
//!
//! Traits, the types that travel through them, and the calling modes over them. Implemented
//! by `cimom` (services, compiler) and by providers; used by every door.
//!
//! | module | what |
//! |---|---|
//! | [`services`], [`request`], [`layer`](mod@layer) | the operations on a namespace, as values, seen through a function |
//! | [`flags`], [`context`] | what goes with a call |
//! | [`cancel`], [`cancellable`](mod@cancellable) | the end of a call before its end |
//! | [`client`], [`enumerator`], [`call_result`], [`asynchronous`] | the operations semisynchronous and asynchronous |
//! | [`operations`], [`channel`](mod@channel), [`promise`] | the threads they run on, and the way of their results |
//! | [`sink`] | where results go |
//! | [`native`] | a native provider: its kinds, its initialization, its CLSID |
//! | [`class_provider`], [`provider`], [`method`], [`property`] | what it is asked for: classes, instances, methods, properties |
//! | [`compiler`] | the MOF compiler |

#![forbid(unsafe_code)]

pub mod asynchronous;
pub mod call_result;
pub mod cancel;
pub mod cancellable;
pub mod change_log;
pub mod channel;
pub mod class_provider;
pub mod client;
pub mod compiler;
pub mod context;
mod deadline;
pub mod enumerator;
pub mod flags;
pub mod hook;
pub mod layer;
pub mod method;
pub mod native;
pub mod operations;
pub mod promise;
pub mod property;
pub mod provider;
pub mod request;
pub mod services;
pub mod sink;
mod timer;

pub use asynchronous::ResponseSink;
pub use call_result::CallResult;
pub use cancel::{CancelToken, CommitGuard, OnCancel};
pub use cancellable::cancellable;
pub use change_log::{ChangeLog, LogRecord, MemoryLog};
pub use channel::{Fetched, Objects, channel};
pub use class_provider::ClassProvider;
pub use client::Client;
pub use compiler::{CompileOptions, CompileReport, MofCompiler, MofDiagnostic, Stored};
pub use context::{
    CallContext, OperationId, Protocol, ProviderContext, ProviderFrame, SessionId, Transport,
};
pub use enumerator::Enumerator;
pub use flags::Flags;
pub use hook::{Change, ChangeKind, PendingPut, PutMode, WriteHook, WriteTransaction};
pub use layer::{layer, services_from};
pub use method::{MethodCall, MethodProvider};
pub use native::{
    Factory, HostingModel, Initialization, InitializationSink, NativeProviders, ProviderInterfaces,
    ProviderRegistration, ProviderResolver,
};
pub use operations::{OperationLimits, Operations};
pub use promise::Promise;
pub use property::{PropertyCall, PropertyProvider};
pub use provider::{EnumerationRequest, InstanceProvider, PartialPut, Pushdown, QueryText, Wanted};
pub use request::{PutAttributes, Reply, Request};
pub use services::{EXPLAIN, Services};
pub use sink::{
    COMPLETE, Completion, ObjectSink, Progress, Requirement, Sink, collect, for_each,
    for_each_until_cancelled, gather,
};
