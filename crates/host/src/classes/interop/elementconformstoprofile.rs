//! Provides the classes that say what conforms to a profile: their two references, and nothing of
//! queries. Input is the elements as their own classes find them; output goes through
//! `crate::classes::property`.
//!
#![doc = include_str!("elementconformstoprofile.md")]

use std::marker::PhantomData;

use cim::{Result, Value};

use crate::classes::process::win32_process::Win32Process;
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::classes::reference;
use crate::classes::service::win32_service::Win32Service;
use crate::classes::storage::win32_diskdrive::Win32DiskDrive;
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;

/// The class of our profiles, by definition.
const PROFILE: &str = "OpenWMI_RegisteredProfile";

/// A class whose instances conform to a profile.
pub(crate) trait Element: HostClass {
    /// Its name.
    const CLASS: &'static str;
    /// Its only key, by which it finds instances.
    const KEY: &'static str;
    /// What identifies the profile.
    const PROFILE: &'static str;
}

impl Element for Win32Process {
    const CLASS: &'static str = "Win32_Process";
    const KEY: &'static str = "Handle";
    const PROFILE: &'static str = "OpenWMI:Process";
}

impl Element for Win32Service {
    const CLASS: &'static str = "Win32_Service";
    const KEY: &'static str = "Name";
    const PROFILE: &'static str = "OpenWMI:Service";
}

impl Element for Win32DiskDrive {
    const CLASS: &'static str = "Win32_DiskDrive";
    const KEY: &'static str = "DeviceID";
    const PROFILE: &'static str = "OpenWMI:Disk Drive";
}

/// The class of the associations of `E` with its profile.
pub(crate) struct ElementConformsToProfile<E>(PhantomData<E>);

/// The key of an element, and the machine that it is of.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    key: Value,
}

impl<E: Element> HostClass for ElementConformsToProfile<E> {
    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("ConformantStandard", |f| {
            let keys = [("InstanceID", E::PROFILE)];
            reference::to_target(f.machine, "ConformantStandard", PROFILE, &keys)
        }),
        Property::free("ManagedElement", |f| {
            let keys = [(E::KEY, f.key.as_str().unwrap_or_default())];
            reference::to_target(f.machine, "ManagedElement", E::CLASS, &keys)
        }),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        E::each(machine, Needs::NONE, &mut |element| {
            each(&Facts { machine, key: Property::<E>::tell(E::KEY, element) })
        })
    }

    const FIND: &'static [Find<Self>] = &[
        Find { property: "ManagedElement", find: of_element::<E> },
        Find { property: "ConformantStandard", find: of_profile::<E> },
    ];
}

fn of_element<E: Element>(
    machine: &Machine<'_>,
    element: &Value,
    _: Needs,
    each: Each<'_, ElementConformsToProfile<E>>,
) -> Result<()> {
    let Some(key) = reference::key(element, E::CLASS, E::KEY) else { return Ok(()) };
    let Some(way) = E::FIND.iter().find(|way| way.property == E::KEY) else { return Ok(()) };
    (way.find)(machine, &key.into(), Needs::NONE, &mut |element| {
        each(&Facts { machine, key: Property::<E>::tell(E::KEY, element) })
    })
}

fn of_profile<E: Element>(
    machine: &Machine<'_>,
    profile: &Value,
    needs: Needs,
    each: Each<'_, ElementConformsToProfile<E>>,
) -> Result<()> {
    let id = reference::key(profile, PROFILE, "InstanceID");
    if id.is_some_and(|id| cim::name::eq(&id, E::PROFILE)) {
        return ElementConformsToProfile::<E>::each(machine, needs, each);
    }
    Ok(())
}
