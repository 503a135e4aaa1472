//! Users and groups, and what their classes share: the files, the names, references, and how
//! instances are enumerated and found.
//!
//! The domain of an account is the machine itself. Input is `/etc/passwd` and `/etc/group`; the
//! classes are [`win32_useraccount`], [`win32_group`] and [`win32_groupuser`].

pub mod win32_group;
pub mod win32_groupuser;
pub mod win32_useraccount;

use cim::status::WBEM_E_FAILED;
use cim::{Result, Value};

use crate::classes::property::{Each, Find, HostClass};
use crate::classes::reference;
use crate::facts::scan;
use crate::readers::machine::Machine;
use crate::readers::root::Root;

/// The file of users.
const USERS: &str = "etc/passwd";
/// The file of groups.
const GROUPS: &str = "etc/group";

/// The class of users.
const USER: &str = "Win32_UserAccount";
/// The class of groups.
const GROUP: &str = "Win32_Group";

/// A class whose instances are the entries of one of the files, with the keys Domain and Name.
trait AccountClass: HostClass {
    /// An entry of the file.
    type Account<'a>;

    /// The file.
    const FILE: &'static str;

    /// The entries of the file.
    fn accounts(file: &[u8]) -> Vec<Self::Account<'_>>;

    /// The name of an account.
    fn name<'a>(account: &Self::Account<'a>) -> &'a [u8];

    /// What an instance is made from.
    fn facts<'a>(machine: &'a Machine<'a>, account: Self::Account<'a>) -> Self::Facts<'a>;
}

/// Calls `each` for the accounts whose name is wanted, until it breaks.
/// Errors: `WBEM_E_FAILED` where the file cannot be read.
fn each_where<C: AccountClass>(
    machine: &Machine<'_>,
    is_wanted: impl Fn(&[u8]) -> bool,
    each: Each<'_, C>,
) -> Result<()> {
    let file = read(machine.root(), C::FILE)?;
    for account in C::accounts(&file) {
        if is_wanted(C::name(&account)) && each(&C::facts(machine, account)).is_break() {
            break;
        }
    }
    Ok(())
}

/// The ways to find accounts by one of their keys.
const fn find<C: AccountClass>() -> [Find<C>; 2] {
    [
        Find {
            property: "Name",
            find: |machine, wanted, _, each| {
                each_where(machine, |name| is_called(wanted, name), each)
            },
        },
        Find {
            property: "Domain",
            find: |machine, domain, _, each| {
                let is_here = is_here(machine, domain);
                each_where(machine, |_| is_here, each)
            },
        },
    ]
}

/// One of the files.
fn read(root: &Root, file: &str) -> Result<Vec<u8>> {
    root.read(file).ok_or_else(|| WBEM_E_FAILED.with(format!("the file /{file} cannot be read")))
}

/// The name of an account.
fn name(name: &[u8]) -> Value {
    Value::string(scan::text(name))
}

/// The name of an account with its domain.
fn caption(machine: &Machine<'_>, name: &[u8]) -> Value {
    let host_name = machine.host_name();
    host_name.as_str().map(|domain| format!("{domain}\\{}", scan::text(name))).into()
}

/// Whether a value of Name is this name.
fn is_called(wanted: &Value, name: &[u8]) -> bool {
    wanted.as_str().is_some_and(|wanted| cim::name::eq(wanted, &scan::text(name)))
}

/// Whether a value of Domain is the name of the machine.
fn is_here(machine: &Machine<'_>, domain: &Value) -> bool {
    let host_name = machine.host_name();
    domain.as_str().zip(host_name.as_str()).is_some_and(|(a, b)| cim::name::eq(a, b))
}

/// The reference to an account of `class`.
fn reference(machine: &Machine<'_>, class: &'static str, name: &[u8]) -> Value {
    let host_name = machine.host_name();
    let domain = host_name.as_str().unwrap_or_default();
    reference::to(machine, class, &[("Domain", domain), ("Name", &scan::text(name))])
}

/// The value of Name of the account of `class` that a reference leads to.
fn referred_to(account: &Value, class: &str) -> Option<Value> {
    reference::key(account, class, "Name").map(Value::string)
}
