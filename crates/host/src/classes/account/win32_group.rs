//! Provides the class: the value of each property. Does not evaluate queries. Input is
//! `/etc/group`, by way of `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_group.md")]

use cim::Result;
use cim::security::Sid;

use crate::classes::account::{self, AccountClass};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::account::accounts::{self, Group};
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, File};

/// The class Win32_Group.
pub(crate) struct Win32Group;

/// A group, and the machine.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    group: Group<'a>,
}

/// SIDType's value for groups of one machine.
const SID_TYPE_ALIAS: u8 = 4;

impl HostClass for Win32Group {
    const MOF: &'static str = include_str!("win32_group.mof");

    const READS: &'static [Source] = &[File("/etc/group"), File("/proc/sys/kernel/hostname")];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("Caption", |f| account::caption(f.machine, f.group.name)),
        Property::free("Domain", |f| f.machine.host_name()),
        Property::free("LocalAccount", |_| true.into()),
        Property::free("Name", |f| account::name(f.group.name)),
        Property::free("SID", |f| Sid::unix_group(f.group.id).to_string().into()),
        Property::free("SIDType", |_| SID_TYPE_ALIAS.into()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        account::each_where::<Self>(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &account::find();
}

impl AccountClass for Win32Group {
    type Account<'a> = Group<'a>;

    const FILE: &'static str = account::GROUPS;

    fn accounts(file: &[u8]) -> Vec<Group<'_>> {
        accounts::groups(file)
    }

    fn name<'a>(group: &Self::Account<'a>) -> &'a [u8] {
        group.name
    }

    fn facts<'a>(machine: &'a Machine<'a>, group: Group<'a>) -> Facts<'a> {
        Facts { machine, group }
    }
}
