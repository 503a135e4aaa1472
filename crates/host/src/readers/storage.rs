//! The devices between a mounted file system and the partitions of disks: a volume of the device
//! mapper, a RAID, an encrypted device, several devices of one btrfs.
//!
//! The kernel lists for each block device what it is made of (`slaves`) and what is made of it
//! (`holders`). Both are followed step by step, each device once, so that a circle, which the
//! kernel does not make, would end as well.

use std::collections::BTreeSet;

use crate::facts::scan;
use crate::facts::storage::disk_links;
use crate::facts::storage::mountinfo::Mount;
use crate::readers::block_devices::{BlockDevice, listed};
use crate::readers::root::Root;

/// A partition below a mounted file system.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Below {
    /// The partition.
    pub(crate) partition: BlockDevice,
    /// Whether the file system is on it with no other device between.
    pub(crate) is_direct: bool,
}

/// The partitions of a mounted file system. There is none where it is on whole disks,
/// on another machine or in memory.
pub(crate) fn partitions_below(root: &Root, mount: &Mount<'_>) -> Vec<Below> {
    let devices = devices(root, mount);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<(BlockDevice, bool)> =
        devices.into_iter().rev().map(|device| (device, true)).collect();
    while let Some((device, is_direct)) = left.pop() {
        if !seen.insert(device.name().to_owned()) {
            continue;
        }
        if is_partition_of_disk(root, &device) {
            found.push(Below { partition: device, is_direct });
            continue;
        }
        // A partition of what is made of others is made of the same.
        let made = match device.partition_number(root) {
            Some(_) => device.disk(),
            None => Some(device),
        };
        let below = made.map(|device| device.listed(root, "slaves")).unwrap_or_default();
        left.extend(below.into_iter().rev().map(|device| (device, false)));
    }
    found
}

/// What is made of a partition.
pub(crate) struct Above {
    names: BTreeSet<String>,
    numbers: BTreeSet<(u32, u32)>,
}

impl Above {
    /// Finds what is made of the partition, itself included.
    pub(crate) fn new(root: &Root, partition: BlockDevice) -> Self {
        let mut above = Above { names: BTreeSet::new(), numbers: BTreeSet::new() };
        let mut left = vec![partition];
        while let Some(device) = left.pop() {
            if !above.names.insert(device.name().to_owned()) {
                continue;
            }
            above.numbers.extend(device.number(root));
            left.extend(device.listed(root, "holders"));
            left.extend(device.partitions(root));
        }
        above
    }

    /// Whether a mounted file system is on any of it.
    pub(crate) fn holds(&self, root: &Root, mount: &Mount<'_>) -> bool {
        match mount.device.0 {
            0 => devices(root, mount).iter().any(|device| self.names.contains(device.name())),
            _ => self.numbers.contains(&mount.device),
        }
    }
}

/// Whether it is a partition of a disk that is a piece of hardware.
pub(crate) fn is_partition_of_disk(root: &Root, device: &BlockDevice) -> bool {
    device.partition_number(root).is_some()
        && device.place().is_some_and(|place| place.is_on_disk())
}

/// The devices that a mounted file system is on. One that has no device number of its own names
/// one of them, and if it is a btrfs the kernel lists the others.
fn devices(root: &Root, mount: &Mount<'_>) -> Vec<BlockDevice> {
    if mount.device.0 != 0 {
        return BlockDevice::numbered(root, mount.device).into_iter().collect();
    }
    let Some(named) = source_device(root, &mount.source) else { return Vec::new() };
    if mount.fs_type != b"btrfs" {
        return vec![named];
    }
    let file_systems = root.names("sys/fs/btrfs").unwrap_or_default();
    let members = file_systems
        .iter()
        .map(|name| listed(root, &format!("sys/fs/btrfs/{}/devices", scan::text(name))));
    members.into_iter().find(|members| members.contains(&named)).unwrap_or_else(|| vec![named])
}

/// The device that a mount names as its source: `/dev/sda1`, or a link as in `/dev/mapper`.
fn source_device(root: &Root, source: &[u8]) -> Option<BlockDevice> {
    let path = std::str::from_utf8(source).ok()?.strip_prefix("/dev/")?;
    let name = match root.link(&format!("dev/{path}")) {
        Some(target) => String::from_utf8(disk_links::device(&target)?.to_vec()).ok()?,
        None => path.replace('/', "!"),
    };
    BlockDevice::named(root, &name)
}
