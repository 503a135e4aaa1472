//! Provides the class: its properties by name, each with its source, and nothing of queries.
//! Input is `/etc/passwd`, by way of `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_useraccount.md")]

use cim::security::Sid;
use cim::{Result, Value};

use crate::classes::account;
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::account::accounts::{self, User};
use crate::facts::scan;
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, File};

/// The class Win32_UserAccount.
pub(crate) struct Win32UserAccount;

/// A user, and the machine that knows them.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    user: User<'a>,
}

/// AccountType's value for what is neither a computer nor another domain.
const NORMAL_ACCOUNT: u32 = 512;
/// SIDType's value for users.
const SID_TYPE_USER: u8 = 1;

impl HostClass for Win32UserAccount {
    const MOF: &'static str = include_str!("win32_useraccount.mof");

    const READS: &'static [Source] = &[File("/etc/passwd"), File("/proc/sys/kernel/hostname")];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("AccountType", |_| NORMAL_ACCOUNT.into()),
        Property::free("Caption", |f| account::caption(f.machine, f.user.name)),
        Property::free("Domain", |f| f.machine.host_name()),
        Property::free("FullName", |f| match f.user.full_name {
            b"" => Value::Null,
            name => Value::string(scan::text(name)),
        }),
        Property::free("LocalAccount", |_| true.into()),
        Property::free("Name", |f| account::name(f.user.name)),
        Property::free("PasswordRequired", |f| f.user.needs_no_password.then_some(false).into()),
        Property::free("SID", |f| Sid::unix_user(f.user.id).to_string().into()),
        Property::free("SIDType", |_| SID_TYPE_USER.into()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_where(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &[
        Find {
            property: "Name",
            find: |machine, name, _, each| {
                each_where(machine, |user| account::is_called(name, user.name), each)
            },
        },
        Find {
            property: "Domain",
            find: |machine, domain, _, each| {
                let is_here = account::is_here(machine, domain);
                if is_here { each_where(machine, |_| true, each) } else { Ok(()) }
            },
        },
    ];
}

fn each_where(
    machine: &Machine<'_>,
    is_wanted: impl Fn(&User<'_>) -> bool,
    each: Each<'_, Win32UserAccount>,
) -> Result<()> {
    let file = account::read(machine.root(), account::USERS)?;
    for user in accounts::users(&file).into_iter().filter(|user| is_wanted(user)) {
        if each(&Facts { machine, user }).is_break() {
            break;
        }
    }
    Ok(())
}
