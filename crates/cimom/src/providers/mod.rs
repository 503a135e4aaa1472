//! Providers: how they are registered, loaded, called and unloaded.
//!
//! What a provider is asked for, and what becomes of its answers, is decided elsewhere
//! ([`crate::source::binding`], [`crate::method::methods`], [`crate::read::execute`]). Here is what holds for every call
//! of every provider: which registration counts, who initializes it when, as whom it calls back,
//! how many calls it may have in flight, and that its failures are its own.
//!
//! | module | what |
//! |---|---|
//! | `registration` | `__Win32Provider` and the registrations that refer to it, read |
//! | `class_registration` | which classes a provider can supply |
//! | `push` | those that put their classes when they are initialized |
//! | `loaded` | the table of loaded providers: initialization, unloading |
//! | `idle` | unloading what is not used |
//! | `provider` | one loaded provider, called |

mod class_registration;
mod idle;
mod loaded;
mod provider;
mod push;
mod registration;

pub use class_registration::{ClassSource, Interaction, PartialClassInfo};
pub use loaded::LoadedProvider;
pub use loaded::Providers;
pub use provider::{Provider, guard};
pub use push::FailedPush;
pub use push::Pushed;
pub use registration::{Registrations, Supports};
