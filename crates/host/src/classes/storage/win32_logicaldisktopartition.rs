//! Provides the class: its references and addresses, and nothing of queries. Input is the list of
//! mounts and the devices below, by way of `crate::readers::storage`; output goes
//! through `crate::classes::property`.
//!
#![doc = include_str!("win32_logicaldisktopartition.md")]

use cim::{Result, Value};

use super::win32_logicaldisk::{logical_disks, read_mounts};
use crate::classes::property::{Each, Find, HostClass, Property};
use crate::classes::reference;
use crate::facts::scan;
use crate::facts::storage::mountinfo::Mount;
use crate::readers::block_devices::BlockDevice;
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, Directory, File};
use crate::readers::storage::{self, Above, Below};

/// The class Win32_LogicalDiskToPartition.
pub(crate) struct Win32LogicalDiskToPartition;

/// A mounted file system with a partition below it, and the machine that they are in.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    mount: &'a Mount<'a>,
    below: &'a Below,
}

impl HostClass for Win32LogicalDiskToPartition {
    const MOF: &'static str = include_str!("win32_logicaldisktopartition.mof");

    const READS: &'static [Source] = &[
        Directory("/sys/class/block"),
        Directory("/sys/devices/**"),
        Directory("/sys/devices/**/holders"),
        Directory("/sys/devices/**/slaves"),
        Directory("/sys/fs/btrfs"),
        Directory("/sys/fs/btrfs/*/devices"),
        File("/dev/*"),
        File("/dev/mapper/*"),
        File("/proc/self/mountinfo"),
        File("/sys/class/block/*"),
        File("/sys/dev/block/*"),
        File("/sys/devices/**/dev"),
        File("/sys/devices/**/partition"),
        File("/sys/devices/**/size"),
        File("/sys/devices/**/start"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("Antecedent", |f| {
            let id = f.below.partition.id();
            reference::to(f.machine, "Win32_DiskPartition", &[("DeviceID", &id)])
        }),
        Property::free("Dependent", |f| {
            let id = scan::text(&f.mount.mount_point);
            reference::to(f.machine, "Win32_LogicalDisk", &[("DeviceID", &id)])
        }),
        Property::free("EndingAddress", |f| f.last_byte().into()),
        Property::free("StartingAddress", |f| f.first_byte().into()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_where(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &[
        Find { property: "Dependent", find: of_logical_disk },
        Find { property: "Antecedent", find: of_partition },
    ];
}

fn of_logical_disk(
    machine: &Machine<'_>,
    logical_disk: &Value,
    _: Needs,
    each: Each<'_, Win32LogicalDiskToPartition>,
) -> Result<()> {
    let id = reference::key(logical_disk, "Win32_LogicalDisk", "DeviceID");
    let Some(id) = id else { return Ok(()) };
    each_where(machine, |mount| cim::name::eq(&scan::text(&mount.mount_point), &id), each)
}

fn of_partition(
    machine: &Machine<'_>,
    partition: &Value,
    _: Needs,
    each: Each<'_, Win32LogicalDiskToPartition>,
) -> Result<()> {
    let root = machine.root();
    let id = reference::key(partition, "Win32_DiskPartition", "DeviceID");
    let device = id.and_then(|id| BlockDevice::with_id(root, &id));
    let Some(device) = device.filter(|device| storage::is_partition_of_disk(root, device)) else {
        return Ok(());
    };
    let above = Above::new(root, device);
    each_where(machine, |mount| above.holds(root, mount), each)
}

/// Calls `each` for the partitions below each mounted file system that is wanted, until it breaks.
fn each_where(
    machine: &Machine<'_>,
    is_wanted: impl Fn(&Mount<'_>) -> bool,
    each: Each<'_, Win32LogicalDiskToPartition>,
) -> Result<()> {
    let mounts = read_mounts(machine.root())?;
    for mount in logical_disks(&mounts).filter(|mount| is_wanted(mount)) {
        for below in &storage::partitions_below(machine.root(), &mount) {
            if each(&Facts { machine, mount: &mount, below }).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Facts<'_> {
    fn first_byte(&self) -> Option<u64> {
        let partition = &self.below.partition;
        if self.below.is_direct { partition.start(self.machine.root()) } else { None }
    }

    fn last_byte(&self) -> Option<u64> {
        let bytes = self.below.partition.bytes(self.machine.root())?;
        self.first_byte()?.checked_add(bytes)?.checked_sub(1)
    }
}
