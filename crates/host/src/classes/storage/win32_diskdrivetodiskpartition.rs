//! Provides the class: its two references. Does not evaluate queries. Input is the kernel's list
//! of block devices, as `super::win32_diskpartition` finds them; output goes through
//! `crate::classes::property`.
//!
#![doc = include_str!("win32_diskdrivetodiskpartition.md")]

use std::ops::ControlFlow;

use cim::{Result, Value};

use super::win32_diskpartition::{Partition, each_partition, may_have};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::classes::reference;
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, Directory, File};

/// The class Win32_DiskDriveToDiskPartition.
pub(crate) struct Win32DiskDriveToDiskPartition;

/// A partition with its disk, and the machine that they are in.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    partition: Partition<'a>,
}

impl HostClass for Win32DiskDriveToDiskPartition {
    const MOF: &'static str = include_str!("win32_diskdrivetodiskpartition.mof");

    const READS: &'static [Source] = &[
        Directory("/sys/dev/block"),
        Directory("/sys/devices/**"),
        File("/sys/dev/block/*"),
        File("/sys/devices/**/partition"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("Antecedent", |f| {
            reference::to(f.machine, "Win32_DiskDrive", &[("DeviceID", &f.partition.disk.id())])
        }),
        Property::free("Dependent", |f| {
            let id = f.partition.device.id();
            reference::to(f.machine, "Win32_DiskPartition", &[("DeviceID", &id)])
        }),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_partition(machine.root(), |_| true, |partition| each(&Facts { machine, partition }))
    }

    const FIND: &'static [Find<Self>] = &[
        Find { property: "Dependent", find: of_partition },
        Find { property: "Antecedent", find: of_disk },
    ];
}

fn of_disk(
    machine: &Machine<'_>,
    disk: &Value,
    _: Needs,
    each: Each<'_, Win32DiskDriveToDiskPartition>,
) -> Result<()> {
    let Some(id) = reference::key(disk, "Win32_DiskDrive", "DeviceID") else { return Ok(()) };
    each_partition(
        machine.root(),
        |disk| cim::name::eq(&disk.id(), &id),
        |partition| each(&Facts { machine, partition }),
    )
}

fn of_partition(
    machine: &Machine<'_>,
    partition: &Value,
    _: Needs,
    each: Each<'_, Win32DiskDriveToDiskPartition>,
) -> Result<()> {
    let id = reference::key(partition, "Win32_DiskPartition", "DeviceID");
    let Some(id) = id else { return Ok(()) };
    each_partition(
        machine.root(),
        |disk| may_have(disk, &id),
        |partition| match cim::name::eq(&partition.device.id(), &id) {
            true => each(&Facts { machine, partition }),
            false => ControlFlow::Continue(()),
        },
    )
}
