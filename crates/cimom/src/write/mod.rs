//! Writes: puts and deletions of classes and instances.
//!
//! A write is resolved against a view of the namespace into a value that only an authorized call
//! can make, then done in one transaction, which asks for the rights again. Sessions, the MOF
//! compiler and hooks go the same way.
//!
//! | module | what |
//! |---|---|
//! | `resolve` | whose an instance is, and writing it there |
//! | `class` | whose a class is, and writing it there; stored classes |
//! | `instance` | stored instances |
//! | `provided`, `properties` | what providers have of an instance |
//! | `localized` | classes in their neutral and localized parts |
//! | `instance_rules` | what may be put as an instance |
//! | `namespaces` | namespaces and their descriptors; what hooks may do |
//! | `edit` | the transaction |

pub mod class;
mod edit;
mod instance;
mod instance_rules;
mod localized;
mod namespaces;
mod properties;
mod provided;
mod resolve;

pub use edit::{Edit, edit};
pub use instance::{InstanceDelete, InstancePut};
pub use instance_rules::{check_amended, generate_key};
pub use resolve::{delete_instance, put_instance};
