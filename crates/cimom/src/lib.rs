//! The object cimom: WMI's operations over the repository and the providers.
//!
//! Implements `wbem::Services` and `wbem::MofCompiler`. Every call goes one way, and each arrow
//! is a type, so that no stage can be skipped:
//!
//! ```text
//! session   Call             what is asked, by whom
//! access    AuthorizedCall   who may do this
//! resolve   ResolvedCall     which classes, which sources
//! plan      Plan             what each source is asked, what the core filters
//! execute                    sources -> filter -> projection -> the client's sink
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`cimom`] | the object cimom, its environment, and the view that an operation has |
//! | `session`, `told` | the operations of a connection; what their failures say |
//! | `access` | who may do what |
//! | `connections` | how many are connected |
//! | `schema`, `system` | the classes of a namespace; the system classes and their rules |
//! | `provided` | the classes an operation sees: stored ones, joined with those of providers |
//! | `get`, `classes`, `query` | reads |
//! | `amended` | reads and writes of classes with their localized qualifiers |
//! | `associations`, `interop` | `ASSOCIATORS OF`, `REFERENCES OF`, also between namespaces |
//! | `resolve`, `plan`, `execute`, `explain` | the way of a query |
//! | `methods` | ExecMethod |
//! | `providers` | providers as such: registered, loaded, called, unloaded |
//! | `dynamic` | the instances of dynamic classes: binding a class to a provider, asking it |
//! | `hierarchy` | classes above and below each other with providers of their own |
//! | `properties` | properties of stored instances whose values a provider has |
//! | `partial` | reads and writes of some properties |
//! | `class_writes` | whether a class is written to the repository or by a provider |
//! | `edit`, `class_rules`, `instance_rules` | writes |
//! | `compile` | MOF actions, stored |
//! | `autorecover` | the files that are compiled again when the repository is rebuilt |

#![forbid(unsafe_code)]

mod access;
mod amended;
mod associations;
mod autorecover;
pub mod cimom;
mod class_rules;
mod class_writes;
mod classes;
mod compile;
mod connections;
mod dynamic;
mod edit;
mod execute;
mod explain;
mod get;
mod hierarchy;
mod instance_rules;
mod interop;
mod methods;
mod partial;
mod plan;
mod properties;
mod provided;
mod providers;
mod query;
mod resolve;
mod schema;
mod session;
mod system;
mod told;

pub use autorecover::{AUTORECOVER, Recovered};
pub use cimom::{Cimom, Environment};
pub use compile::There;
pub use providers::{FailedPush, LoadedProvider};
