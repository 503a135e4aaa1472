//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is the block devices of the kernel, by way of `crate::readers::block_devices`; output goes
//! through `crate::classes::property`.
//!
#![doc = include_str!("win32_diskpartition.md")]

use std::ops::ControlFlow;

use cim::{Result, Value};

use super::win32_diskdrive::{block_size, disks};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::storage::uevent;
use crate::readers::block_devices::BlockDevice;
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::root::Root;
use crate::readers::source::Source::{self, Directory, File};

/// The class Win32_DiskPartition.
pub(crate) struct Win32DiskPartition;

/// A partition, and the machine that it is in.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    partition: Partition<'a>,
}

/// A partition and its disk.
#[derive(Clone, Copy)]
pub(super) struct Partition<'a> {
    /// The place of the disk among the disks.
    disk_index: usize,
    pub(super) disk: &'a BlockDevice,
    pub(super) device: &'a BlockDevice,
}

impl HostClass for Win32DiskPartition {
    const MOF: &'static str = include_str!("win32_diskpartition.mof");

    const READS: &'static [Source] = &[
        Directory("/sys/dev/block"),
        Directory("/sys/devices/**"),
        File("/proc/sys/kernel/hostname"),
        File("/sys/dev/block/*"),
        File("/sys/devices/**/partition"),
        File("/sys/devices/**/queue/logical_block_size"),
        File("/sys/devices/**/ro"),
        File("/sys/devices/**/size"),
        File("/sys/devices/**/start"),
        File("/sys/devices/**/uevent"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("Access", |f| f.access().into()),
        Property::free("BlockSize", |f| f.block_size().into()),
        Property::free("Caption", |f| f.device().id().into()),
        Property::free("CreationClassName", |_| "Win32_DiskPartition".into()),
        Property::free("Description", |f| f.label().into()),
        Property::free("DeviceID", |f| f.device().id().into()),
        Property::free("DiskIndex", |f| u32::try_from(f.partition.disk_index).ok().into()),
        Property::free("Index", |f| f.device().partition_number(f.root()).into()),
        Property::free("Name", |f| f.device().id().into()),
        Property::free("NumberOfBlocks", |f| {
            let blocks = f.device().bytes(f.root()).zip(f.block_size());
            blocks.and_then(|(all, one)| all.checked_div(one)).into()
        }),
        Property::free("Size", |f| f.device().bytes(f.root()).into()),
        Property::free("StartingOffset", |f| f.device().start(f.root()).into()),
        Property::free("SystemCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("SystemName", |f| f.machine.host_name()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_partition(machine.root(), |_| true, |partition| each(&Facts { machine, partition }))
    }

    const FIND: &'static [Find<Self>] = &[Find { property: "DeviceID", find }];
}

fn find(
    machine: &Machine<'_>,
    id: &Value,
    _: Needs,
    each: Each<'_, Win32DiskPartition>,
) -> Result<()> {
    let id = id.as_str().unwrap_or_default();
    each_partition(
        machine.root(),
        |disk| may_have(disk, id),
        |partition| match cim::name::eq(id, &partition.device.id()) {
            true => each(&Facts { machine, partition }),
            false => ControlFlow::Continue(()),
        },
    )
}

/// Whether a partition of this DeviceID can be one of the disk's: its name begins with the disk's.
pub(super) fn may_have(disk: &BlockDevice, id: &str) -> bool {
    cim::name::fold(id).starts_with(&*cim::name::fold(&disk.id()))
}

/// Calls `each` for every partition of the disks that are wanted, until it breaks.
pub(super) fn each_partition(
    root: &Root,
    is_wanted: impl Fn(&BlockDevice) -> bool,
    mut each: impl FnMut(Partition<'_>) -> ControlFlow<()>,
) -> Result<()> {
    let disks = disks(root)?;
    for (disk_index, disk) in disks.iter().enumerate().filter(|(_, disk)| is_wanted(disk)) {
        for device in &disk.partitions(root) {
            if each(Partition { disk_index, disk, device }).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Facts<'_> {
    fn root(&self) -> &Root {
        self.machine.root()
    }

    fn device(&self) -> &BlockDevice {
        self.partition.device
    }

    fn access(&self) -> Option<u16> {
        const READABLE: u16 = 1;
        const READ_WRITE: u16 = 3;
        let read_only = self.device().text(self.root(), "ro")? == "1";
        Some(if read_only { READABLE } else { READ_WRITE })
    }

    fn block_size(&self) -> Option<u64> {
        block_size(self.root(), self.partition.disk).map(u64::from)
    }

    fn label(&self) -> Option<String> {
        uevent::value(&self.root().read(&self.device().file("uevent"))?, "PARTNAME")
    }
}
