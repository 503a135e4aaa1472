//! Provides the classes that say which instances conform to a profile: their two references. Does
//! not read the elements itself: their own classes find them. Output goes through
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
use crate::readers::source::Source::{self, Bus, Directory, File};
use crate::readers::systemd;

/// The class of our profiles, by definition.
const PROFILE: &str = "OpenWMI_RegisteredProfile";

/// The association of processes with their profile.
pub(crate) type Process = ElementConformsToProfile<Win32Process>;
/// The association of services with their profile.
pub(crate) type Service = ElementConformsToProfile<Win32Service>;
/// The association of disks with their profile.
pub(crate) type DiskDrive = ElementConformsToProfile<Win32DiskDrive>;

/// A class whose instances conform to a profile.
pub(crate) trait Element: HostClass {
    /// The MOF of its association with the profile.
    const MOF: &'static str;
    /// What its instances and their key are read from.
    const READS: &'static [Source];
    /// Its name.
    const CLASS: &'static str;
    /// Its only key, by which it finds instances.
    const KEY: &'static str;
    /// The InstanceID of the profile.
    const PROFILE: &'static str;
}

impl Element for Win32Process {
    const MOF: &'static str = include_str!("openwmi_process_elementconformstoprofile_v1.mof");
    const READS: &'static [Source] = &[Directory("/proc"), File("/proc/*/status")];
    const CLASS: &'static str = "Win32_Process";
    const KEY: &'static str = "Handle";
    const PROFILE: &'static str = "OpenWMI:Process";
}

impl Element for Win32Service {
    const MOF: &'static str = include_str!("openwmi_service_elementconformstoprofile_v1.mof");
    const READS: &'static [Source] = &[Bus(systemd::NAME)];
    const CLASS: &'static str = "Win32_Service";
    const KEY: &'static str = "Name";
    const PROFILE: &'static str = "OpenWMI:Service";
}

impl Element for Win32DiskDrive {
    const MOF: &'static str = include_str!("openwmi_diskdrive_elementconformstoprofile_v1.mof");
    const READS: &'static [Source] =
        &[Directory("/sys/dev/block"), File("/sys/dev/block/*"), File("/sys/devices/**/partition")];
    const CLASS: &'static str = "Win32_DiskDrive";
    const KEY: &'static str = "DeviceID";
    const PROFILE: &'static str = "OpenWMI:Disk Drive";
}

/// The class of the associations of `E` with its profile.
pub(crate) struct ElementConformsToProfile<E>(PhantomData<E>);

/// The key of an element, and the machine that has it.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    key: Value,
}

impl<E: Element> HostClass for ElementConformsToProfile<E> {
    const MOF: &'static str = <E as Element>::MOF;

    const READS: &'static [Source] = <E as Element>::READS;

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
        E::each(machine, Needs::empty(), &mut |element| {
            each(&Facts { machine, key: Property::<E>::value(E::KEY, element) })
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
    (way.find)(machine, &key.into(), Needs::empty(), &mut |element| {
        each(&Facts { machine, key: Property::<E>::value(E::KEY, element) })
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
