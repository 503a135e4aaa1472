//! Providers: how they are registered, loaded, called and unloaded.
//!
//! Which requests a provider receives, and how its answers are used, is decided by the folders
//! above. This folder has what applies to every call of every provider: which registration is used,
//! when and under which identity the provider is initialized, under which identity it calls back,
//! how many calls it may have in flight, and that its failures do not affect other calls.
//!
//! | module | what |
//! |---|---|
//! | `registration` | `__Win32Provider` and the registrations that refer to it, read |
//! | `class_registration` | which classes a provider can supply |
//! | `registry` | the registrations that were read |
//! | `runtime` | all providers of one object manager |
//! | `load` | initializing a provider when it is first needed |
//! | `push` | those that put their classes when they are initialized |
//! | `entry` | one loaded provider: initialized, calls in flight |
//! | `table` | the loaded providers |
//! | `idle` | unloading what is not used |
//! | `provider` | one loaded provider, called |

mod class_registration;
mod entry;
mod idle;
mod load;
mod provider;
mod push;
mod registration;
mod registry;
mod runtime;
mod table;

pub use class_registration::{ClassSource, Interaction, PartialClassInfo};
pub use entry::guard;
pub use provider::Provider;
pub use push::FailedPush;
pub use registration::Supports;
pub use runtime::{Runtime, shutting_down};
pub use table::LoadedProvider;
