//! The CIM object model as WMI has it: names, types, values, qualifiers, classes, instances,
//! paths, and the rules between them.
//!
//! No I/O, no clock, no thread. Everything else stands on this crate; it stands on nothing.
//!
//! | module | what |
//! |---|---|
//! | [`status`] | `WbemStatus` with every code, and the error that carries one |
//! | [`name`] | names that compare without case |
//! | [`types`], [`datetime`], [`value`] | data types and values |
//! | [`qualifier`] | qualifiers, flavors, propagation |
//! | [`class`], [`naming`] | classes as declared and whole, names that users may give |
//! | [`derivation`], [`update`] | inheritance, what may change |
//! | [`amendment`], [`locale`] | classes in a neutral and a localized part, languages |
//! | [`signature`] | the parameters of a method as objects |
//! | [`instance`], [`object`], [`projection`] | instances, system properties, results of queries |
//! | [`namespace`], [`path`], [`key`] | where objects live, object paths, what identifies an instance |
//! | [`security`] | identities, rights, descriptors |
//! | [`visible()`] | text for messages |

#![forbid(unsafe_code)]

pub mod amendment;
pub mod class;
pub mod datetime;
pub mod derivation;
pub mod instance;
pub mod key;
pub mod locale;
pub mod name;
pub mod namespace;
pub mod naming;
pub mod object;
pub mod path;
pub mod projection;
pub mod qualifier;
pub mod security;
pub mod signature;
pub mod status;
pub mod types;
pub mod update;
pub mod value;
mod visible;

pub use class::{
    Class, ClassDeclaration, Method, MethodDeclaration, Parameter, Property, PropertyDeclaration,
};
pub use datetime::DateTime;
pub use instance::{Instance, InstanceQualifiers, SlotSet};
pub use key::InstanceKey;
pub use locale::Locale;
pub use name::Name;
pub use namespace::{Namespace, Origin};
pub use object::{Object, SystemProperty};
pub use path::{KeyValue, ObjectPath, PathKeys};
pub use projection::Projection;
pub use qualifier::{Flavor, Qualifier, Qualifiers};
pub use status::{Error, Result, WbemStatus};
pub use types::{CimType, PropertyType};
pub use update::UpdateMode;
pub use value::Value;
pub use visible::visible;
