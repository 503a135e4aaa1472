//! The object manager: WMI's operations over the repository and the providers.
//!
//! Implements `wbem::Services` and `wbem::MofCompiler`. Every call goes one way, and each arrow
//! is a type, so that no stage can be skipped:
//!
//! ```text
//! session   Call             the operation and its caller
//! access    AuthorizedCall   whether the caller may do this
//! resolve   ResolvedCall     which classes, which sources
//! plan      Plan             the request to each source, what the core filters
//! execute                    sources -> filter -> projection -> the client's sink
//! ```
//!
//! | folder | what | lowest first |
//! |---|---|---|
//! | `call` | an authorized call: the caller's rights, the properties of a partial operation | 1 |
//! | `system` | the built-in classes | 2 |
//! | `schema` | the classes of a namespace, their rules, their localized parts | 3 |
//! | `store` | what all operations share: repository, schemas, environment | 4 |
//! | `providers` | providers as such: registered, loaded, called, unloaded | 5 |
//! | `view` | the classes of one operation: stored classes joined with provided ones | 6 |
//! | `source` | the instances and values that providers have | 7 |
//! | `read` | gets and data queries: resolved, planned, executed | 8 |
//! | `write` | puts and deletions, in one transaction | 8 |
//! | `query` | queries and enumerations, walks over associations | 9 |
//! | `rules` | what writes of system classes mean, and the methods of these classes | 9 |
//! | `method` | ExecMethod | 9 |
//! | `front` | the object manager, sessions, the MOF compiler | 10 |
//!
//! A folder uses only the folders above it in this table; `cargo xtask tidy` checks it. The modules
//! of a folder are private to the crate: `pub` items are visible to the other folders, `pub(super)`
//! items are not.

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

pub use front::{AUTORECOVER, Cimom, ExistingObjects, Recovered};
pub use providers::{FailedPush, LoadedProvider};
pub use store::{Environment, WriteHooks};

/// The types that seal the writes, for the tests that no write bypasses them. Code outside the
/// crate cannot make a value of any of them.
///
/// An authorized call is made by asking for the rights, and not otherwise:
///
/// ```compile_fail,E0451
/// # use cimom::sealed::AuthorizedCall;
/// # fn forge(namespace: &cim::Namespace, context: &wbem::CallContext) {
/// let granted = cim::security::Rights::ALL;
/// let call = AuthorizedCall { operation: (), namespace, context, granted };
/// # }
/// ```
///
/// A put of an instance takes the value that is made of an authorized call, not the instance:
///
/// ```
/// # use cimom::sealed::{Edit, InstancePut};
/// # fn write(edit: &mut Edit<'_, '_>, put: &InstancePut<'_>) -> cim::Result<cim::ObjectPath> {
/// edit.put_instance(put)
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use cimom::sealed::{Edit, InstancePut};
/// # fn write(edit: &mut Edit<'_, '_>, put: &cim::Instance) -> cim::Result<cim::ObjectPath> {
/// edit.put_instance(put)
/// # }
/// ```
///
/// ```compile_fail,E0451
/// # use cimom::sealed::InstancePut;
/// # fn forge(put: InstancePut<'_>, flags: wbem::Flags) -> InstancePut<'_> {
/// InstancePut { flags, ..put }
/// # }
/// ```
///
/// So does the deletion of an instance:
///
/// ```
/// # use cimom::sealed::{Edit, InstanceDelete};
/// # fn write(edit: &mut Edit<'_, '_>, delete: &InstanceDelete<'_>) -> cim::Result<()> {
/// edit.delete_instance(delete)
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use cimom::sealed::Edit;
/// # fn write(edit: &mut Edit<'_, '_>, delete: &cim::InstanceKey) -> cim::Result<()> {
/// edit.delete_instance(delete)
/// # }
/// ```
///
/// ```compile_fail,E0451
/// # use cimom::sealed::InstanceDelete;
/// # fn forge(delete: InstanceDelete<'_>, class: cim::Name) -> InstanceDelete<'_> {
/// InstanceDelete { class, ..delete }
/// # }
/// ```
///
/// A put of a class:
///
/// ```
/// # use cimom::sealed::{ClassPut, Edit};
/// # fn write(edit: &mut Edit<'_, '_>, put: &ClassPut<'_>) -> cim::Result<()> {
/// edit.put_class(put)
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use cimom::sealed::Edit;
/// # fn write(edit: &mut Edit<'_, '_>, put: &cim::ClassDeclaration) -> cim::Result<()> {
/// edit.put_class(put)
/// # }
/// ```
///
/// ```compile_fail,E0451
/// # use cimom::sealed::ClassPut;
/// # fn forge(put: ClassPut<'_>, flags: wbem::Flags) -> ClassPut<'_> {
/// ClassPut { flags, ..put }
/// # }
/// ```
///
/// And the deletion of a class:
///
/// ```
/// # use cimom::sealed::{ClassDelete, Edit};
/// # fn write(edit: &mut Edit<'_, '_>, delete: &ClassDelete<'_>) -> cim::Result<()> {
/// edit.delete_class(delete)
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # use cimom::sealed::Edit;
/// # fn write(edit: &mut Edit<'_, '_>, delete: &cim::Name) -> cim::Result<()> {
/// edit.delete_class(delete)
/// # }
/// ```
///
/// ```compile_fail,E0451
/// # use cimom::sealed::ClassDelete;
/// # fn forge(delete: ClassDelete<'_>, name: cim::Name) -> ClassDelete<'_> {
/// ClassDelete { name, ..delete }
/// # }
/// ```
#[doc(hidden)]
pub mod sealed {
    pub use crate::call::AuthorizedCall;
    pub use crate::write::class::{ClassDelete, ClassPut};
    pub use crate::write::{Edit, InstanceDelete, InstancePut};
}
