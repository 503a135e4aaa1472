//! Provides the class: its two references. Does not evaluate queries. Input is `/etc/group` and
//! `/etc/passwd`, by way of `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_groupuser.md")]

use std::collections::{HashMap, HashSet};

use cim::{Result, Value};

use crate::classes::account::{self, GROUP, GROUPS, USER, USERS};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::account::accounts::{self, Group, User};
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, File};

/// The class Win32_GroupUser.
pub(crate) struct Win32GroupUser;

/// A group, a member of it, and the machine.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    group: &'a Group<'a>,
    user: &'a User<'a>,
}

impl HostClass for Win32GroupUser {
    const MOF: &'static str = include_str!("win32_groupuser.mof");

    const READS: &'static [Source] =
        &[File("/etc/group"), File("/etc/passwd"), File("/proc/sys/kernel/hostname")];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("GroupComponent", |f| account::reference(f.machine, GROUP, f.group.name)),
        Property::free("PartComponent", |f| account::reference(f.machine, USER, f.user.name)),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_where(machine, |_| true, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &[
        Find { property: "PartComponent", find: of_user },
        Find { property: "GroupComponent", find: of_group },
    ];
}

fn of_user(
    machine: &Machine<'_>,
    user: &Value,
    _: Needs,
    each: Each<'_, Win32GroupUser>,
) -> Result<()> {
    let Some(name) = account::referred_to(user, USER) else { return Ok(()) };
    each_where(machine, |_| true, |user| account::is_called(&name, user.name), each)
}

fn of_group(
    machine: &Machine<'_>,
    group: &Value,
    _: Needs,
    each: Each<'_, Win32GroupUser>,
) -> Result<()> {
    let Some(name) = account::referred_to(group, GROUP) else { return Ok(()) };
    each_where(machine, |group| account::is_called(&name, group.name), |_| true, each)
}

/// Calls `each` for the members among these users of each of these groups, until it breaks.
fn each_where(
    machine: &Machine<'_>,
    is_group: impl Fn(&Group<'_>) -> bool,
    is_user: impl Fn(&User<'_>) -> bool,
    each: Each<'_, Win32GroupUser>,
) -> Result<()> {
    let (users, groups) =
        (account::read(machine.root(), USERS)?, account::read(machine.root(), GROUPS)?);
    let mut users = accounts::users(&users);
    users.retain(is_user);
    let members = Members::new(&users);
    let mut numbers = HashSet::new();
    for group in &accounts::groups(&groups) {
        // Of several groups with one number the first is the primary one.
        let is_first = numbers.insert(group.id);
        if !is_group(group) {
            continue;
        }
        for user in members.of(group, is_first) {
            if each(&Facts { machine, group, user }).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Users by what makes them members of a group.
struct Members<'a> {
    by_name: HashMap<&'a [u8], &'a User<'a>>,
    by_primary_group: HashMap<u32, Vec<&'a User<'a>>>,
}

impl<'a> Members<'a> {
    fn new(users: &'a [User<'a>]) -> Self {
        let mut by_primary_group: HashMap<u32, Vec<&User<'_>>> = HashMap::new();
        for user in users {
            by_primary_group.entry(user.group).or_default().push(user);
        }
        let by_name = users.iter().map(|user| (user.name, user)).collect();
        Members { by_name, by_primary_group }
    }

    /// The members of a group: the users with it as their primary group, if it can be one, then the
    /// users that it lists, without duplicates.
    fn of(&self, group: &Group<'_>, is_primary: bool) -> Vec<&'a User<'a>> {
        let primary = self.by_primary_group.get(&group.id).filter(|_| is_primary);
        let listed = group.members().filter_map(|name| self.by_name.get(name));
        let mut names = HashSet::new();
        let all = primary.into_iter().flatten().chain(listed).copied();
        all.filter(|user| names.insert(user.name)).collect()
    }
}
