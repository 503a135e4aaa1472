//! Provides the class: the value of each property. Does not evaluate queries. Input is
//! `/etc/passwd`, by way of `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_useraccount.md")]

use cim::security::Sid;
use cim::{Result, Value};

use crate::classes::account::{self, AccountClass};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::account::accounts::{self, User};
use crate::facts::scan;
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, File};

/// The class Win32_UserAccount.
pub(crate) struct Win32UserAccount;

/// A user, and the machine.
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
        account::each_where::<Self>(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &account::find();
}

impl AccountClass for Win32UserAccount {
    type Account<'a> = User<'a>;

    const FILE: &'static str = account::USERS;

    fn accounts(file: &[u8]) -> Vec<User<'_>> {
        accounts::users(file)
    }

    fn name<'a>(user: &Self::Account<'a>) -> &'a [u8] {
        user.name
    }

    fn facts<'a>(machine: &'a Machine<'a>, user: User<'a>) -> Facts<'a> {
        Facts { machine, user }
    }
}
