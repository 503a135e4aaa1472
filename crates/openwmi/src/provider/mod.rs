//! Providers from structs: a struct is a class, a few functions are its provider.
//!
//! What a provider is, and what it may do beyond this, is said by [`wbem`]; here is the short way to
//! an ordinary one. `#[derive(CimClass)]` makes a struct a class with its MOF and converts instances;
//! [`Instances`] is what an author writes; [`register`] and [`install`] make it known. The guide is
//! `docs/providers.md`.
//!
//! ```
//! use openwmi::cim::Result;
//! use openwmi::provider::{self, CimClass, Instances, Wants};
//! use openwmi::wbem::{ProviderContext, NativeProviders};
//!
//! #[derive(CimClass)]
//! #[cim(name = "Demo_Planet", namespace = r"root\demo", provider = "Demo")]
//! struct Planet {
//!     #[cim(key)]
//!     name: String,
//!     moons: Option<u32>,
//! }
//!
//! struct Planets;
//!
//! impl Instances for Planets {
//!     type Class = Planet;
//!     const CLSID: &'static str = "{0A3B7C1E-4D5F-4E0A-8B1C-2D3E4F5A6B7C}";
//!
//!     fn all(
//!         &self,
//!         _: &Wants<'_>,
//!         _: &ProviderContext,
//!     ) -> Result<impl Iterator<Item = Result<Planet>>> {
//!         let planets = [("Venus", None), ("Earth", Some(1))];
//!         Ok(planets.into_iter().map(|(name, moons)| Ok(Planet { name: name.into(), moons })))
//!     }
//! }
//!
//! let mut providers = NativeProviders::default();
//! provider::register(&mut providers, |_| Ok(Planets));
//! let wmi = openwmi::Wmi::in_memory(providers)?;
//! provider::install::<Planets>(&wmi)?;
//!
//! let demo = wmi.connection(r"root\demo")?;
//! let earth = demo.get_object(r#"Demo_Planet.Name="earth""#)?;
//! assert_eq!(earth.get("Moons")?, 1u32.into());
//! # Ok::<(), openwmi::WMIError>(())
//! ```
//!
//! Mistakes in a struct are compile errors at their place:
//!
//! ```compile_fail
//! # use openwmi::provider::CimClass;
//! #[derive(CimClass)]
//! struct File {
//!     path: std::path::PathBuf, // cannot be the type of a CIM property
//! }
//! ```
//!
//! ```compile_fail
//! # use openwmi::provider::CimClass;
//! #[derive(CimClass)]
//! #[cim(provider = "Demo")]
//! struct File {
//!     #[cim(key)]
//!     path: Option<String>, // a key is never NULL, so it is no Option
//! }
//! ```
//!
//! | module | what |
//! |---|---|
//! | `class`, `convert` | a struct as a class; one value to and from each |
//! | `property` | which Rust types a property may have |
//! | `instances`, `adapter` | the provider as its author writes it, and as `wbem` has it |
//! | `registration` | its MOF and its place among the native providers |

mod adapter;
mod class;
mod convert;
mod instances;
mod property;
mod registration;

pub use adapter::adapt;
pub use class::{CimClass, Declared, Detached};
pub use convert::Values;
pub use derive::CimClass;
pub use instances::{Instances, Wants};
pub use property::{Char16, CimProperty, CimScalar, Ref};
pub use registration::{install, mof, register};
