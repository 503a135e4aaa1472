//! What users and groups have in common: where they are read, how they are called, and how they are
//! referred to.
//!
//! Their domain is the machine itself. Input is `/etc/passwd` and `/etc/group`; the classes are in
//! [`win32_useraccount`], [`win32_group`] and [`win32_groupuser`].

pub mod win32_group;
pub mod win32_groupuser;
pub mod win32_useraccount;

use cim::status::WBEM_E_FAILED;
use cim::{Result, Value};

use crate::classes::reference;
use crate::facts::scan;
use crate::readers::machine::Machine;
use crate::readers::root::Root;

/// The file of all users.
pub(super) const USERS: &str = "etc/passwd";
/// The file of all groups.
pub(super) const GROUPS: &str = "etc/group";

/// The class of users.
pub(super) const USER: &str = "Win32_UserAccount";
/// The class of groups.
pub(super) const GROUP: &str = "Win32_Group";

/// One of the files.
pub(super) fn read(root: &Root, file: &str) -> Result<Vec<u8>> {
    root.read(file).ok_or_else(|| WBEM_E_FAILED.with(format!("the file /{file} cannot be read")))
}

/// The name of an account.
pub(super) fn name(name: &[u8]) -> Value {
    Value::string(scan::text(name))
}

/// The name of an account with its domain.
pub(super) fn caption(machine: &Machine<'_>, name: &[u8]) -> Value {
    let host_name = machine.host_name();
    host_name.as_str().map(|domain| format!("{domain}\\{}", scan::text(name))).into()
}

/// Whether a value of Name is this one.
pub(super) fn is_called(wanted: &Value, name: &[u8]) -> bool {
    wanted.as_str().is_some_and(|wanted| cim::name::eq(wanted, &scan::text(name)))
}

/// Whether a value of Domain is the machine.
pub(super) fn is_here(machine: &Machine<'_>, domain: &Value) -> bool {
    let host_name = machine.host_name();
    domain.as_str().zip(host_name.as_str()).is_some_and(|(a, b)| cim::name::eq(a, b))
}

/// The reference to an account of `class`.
pub(super) fn reference(machine: &Machine<'_>, class: &'static str, name: &[u8]) -> Value {
    let host_name = machine.host_name();
    let domain = host_name.as_str().unwrap_or_default();
    reference::to(machine, class, &[("Domain", domain), ("Name", &scan::text(name))])
}

/// The value of Name of the account of `class` that a reference leads to.
pub(super) fn referred_to(account: &Value, class: &str) -> Option<Value> {
    reference::key(account, class, "Name").map(Value::string)
}
