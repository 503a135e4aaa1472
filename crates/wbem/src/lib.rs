//! The contracts of WMI: what clients call, what providers are asked, where results go.
//!
//! Traits and the types that travel through them; no behaviour beyond a sink's. Implemented
//! by `cimom` (services, compiler) and by providers; used by every door.
//!
//! | module | what |
//! |---|---|
//! | [`services`] | the operations on a namespace |
//! | [`flags`], [`context`] | what goes with a call |
//! | [`sink`] | where results go |
//! | [`provider`], [`method`] | native providers: of instances, of methods |
//! | [`compiler`] | the MOF compiler |

#![forbid(unsafe_code)]

pub mod compiler;
pub mod context;
pub mod flags;
pub mod method;
pub mod provider;
pub mod services;
pub mod sink;

pub use compiler::{CompileOptions, CompileReport, MofCompiler, MofDiagnostic};
pub use context::CallContext;
pub use flags::Flags;
pub use method::{MethodCall, MethodProvider};
pub use provider::{InstanceProvider, Native, NativeProviders, Pushdown, Request, Wanted};
pub use services::{EXPLAIN, Services};
pub use sink::{COMPLETE, Completion, ObjectSink, Progress, Requirement, Sink, collect, for_each};
