//! The object manager: WMI's operations over the repository and the providers.
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
//! | folder | what | lowest first |
//! |---|---|---|
//! | `call` | an authorized call: who may do what, what it is partial about | 1 |
//! | `system` | the built-in classes | 2 |
//! | `schema` | the classes of a namespace, their rules, their localized parts | 3 |
//! | `store` | what all operations share: repository, schemas, environment | 4 |
//! | `providers` | providers as such: registered, loaded, called, unloaded | 5 |
//! | `view` | what one operation sees: stored classes joined with provided ones | 6 |
//! | `source` | the instances and values that providers have | 7 |
//! | `read` | gets, and what queries come to: resolved, planned, executed | 8 |
//! | `write` | puts and deletions, in one transaction | 8 |
//! | `query` | queries and enumerations, walks over associations | 9 |
//! | `rules` | what writes of system classes mean, and the methods of these classes | 9 |
//! | `method` | ExecMethod | 9 |
//! | `front` | the object manager, sessions, the MOF compiler | 10 |
//!
//! A folder uses those above it in this table and no other; `cargo xtask tidy` checks it. Its
//! modules are private to the crate: `pub` is what a folder offers to the others, `pub(super)` what
//! it keeps to itself.

#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    reason = "the folders are private modules: `pub` means visible to the other folders"
)]

mod call;
mod front;
mod method;
mod providers;
mod query;
mod read;
mod rules;
mod schema;
mod source;
mod store;
mod system;
mod view;
mod write;

pub use front::{AUTORECOVER, Cimom, Recovered, There};
pub use providers::{FailedPush, LoadedProvider};
pub use store::{Environment, WriteHooks};
