//! WMI for Linux as a library: opens a repository, starts the object manager and its providers, and
//! returns connections.
//!
//! This crate is the wiring, and a connection that returns structs. The rules of WMI are in the
//! crates below.
//!
//! ```no_run
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(rename = "Win32_Process")]
//! struct Process {
//!     name: String,
//!     #[serde(rename = "WorkingSetSize")]
//!     memory: Option<u64>,
//! }
//!
//! let wmi = openwmi::WMIConnection::new()?;
//! for process in wmi.query::<Process>()? {
//!     println!("{} {:?}", process.name, process.memory);
//! }
//! # Ok::<(), openwmi::WMIError>(())
//! ```
//!
//! A test can define its own machine:
//!
//! ```
//! # #[derive(serde::Deserialize)]
//! # #[serde(rename = "Win32_Process")]
//! # struct Process { name: String, #[serde(rename = "WorkingSetSize")] memory: Option<u64> }
//! let wmi = openwmi::Wmi::in_memory(Default::default())?;
//! wmi.compile(r"root\cimv2", r#"
//!     class Win32_Process { [key] string Handle; string Name; uint64 WorkingSetSize; };
//!     instance of Win32_Process { Handle = "1"; Name = "init"; WorkingSetSize = 4096; };
//! "#)?;
//! let found: Vec<Process> = wmi.connection(r"root\cimv2")?.query()?;
//! assert_eq!((found[0].name.as_str(), found[0].memory), ("init", Some(4096)));
//! # Ok::<(), openwmi::WMIError>(())
//! ```
//!
//! | module | what |
//! |---|---|
//! | `wmi`, `location`, `caller`, `first_start` | an open WMI: its repository, the caller, the contents of a new repository |
//! | `connection`, `objects`, `filter`, `method` | a connection to a namespace: results one by one, conditions, methods |
//! | [`de`], `datetime` | instances as structs |
//! | [`provider`] | providers from structs |
//! | `error` | errors, with the failed operation and its object |

#![forbid(unsafe_code)]

mod caller;
mod connection;
mod datetime;
pub mod de;
mod error;
mod filter;
mod first_start;
mod location;
mod method;
mod objects;
pub mod provider;
mod wmi;

pub use cimom::{FailedPush, LoadedProvider, Recovered};
pub use connection::WMIConnection;
pub use datetime::WMIDateTime;
pub use de::from_instance;
pub use error::{WMIError, WMIResult};
pub use filter::FilterValue;
pub use objects::Objects;
/// The version of the repository's format.
pub use repository::format::FORMAT_VERSION as REPOSITORY_FORMAT;
pub use repository::{Salvage, Verification};
pub use wmi::{OpenOptions, Reset, Salvaged, Wmi};

/// Names, values, classes and instances, as connections return them and providers make them.
pub use cim;
/// The operations of WMI, and the traits of native providers.
pub use wbem;

/// The guide for authors of providers, so that its code is tested.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/providers.md")]
mod guide {}

/// The guide for users of the library, so that its code is tested.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
mod library {}
