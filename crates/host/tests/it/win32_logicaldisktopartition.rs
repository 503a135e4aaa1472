//! Win32_LogicalDiskToPartition on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// In order: the root, the EFI system partition, a bind mount of the root, a USB stick. A btrfs on a
/// whole disk, a CD, servers, compressed memory and a file as a disk lie on no partition.
const RULES: &str = r#"
Antecedent | Win32_DiskPartition.DeviceID="/dev/sda2" | Win32_DiskPartition.DeviceID="/dev/sda1" | Win32_DiskPartition.DeviceID="/dev/sda2" | Win32_DiskPartition.DeviceID="/dev/sdc1"
Dependent | Win32_LogicalDisk.DeviceID="/" | Win32_LogicalDisk.DeviceID="/boot/efi" | Win32_LogicalDisk.DeviceID="/srv/data" | Win32_LogicalDisk.DeviceID="/mnt/My Disk"
EndingAddress | 63452479487 | 537919487 | 63452479487 | 8194097151
StartingAddress | 537919488 | 1048576 | 537919488 | 32768
"#;

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/storage/win32_logicaldisktopartition.md");
    check("Win32_LogicalDiskToPartition", sources, RULES);
}

/// The key of the instance that a reference without server and namespace leads to.
fn key(reference: &str) -> &str {
    reference.split('"').nth(1).unwrap()
}

#[test]
fn partitions_below_everything_that_may_lie_between() {
    let class = class("Win32_LogicalDiskToPartition");
    for (machine, expected) in [
        ("gpt", "/ on /dev/vda2 from 537919488, /boot/efi on /dev/vda1 from 1048576"),
        // A volume over two disks; one of two devices, the upper of which is encrypted.
        (
            "lvm",
            "/ on /dev/nvme0n1p2 from -, / on /dev/sdb1 from -, \
             /boot/efi on /dev/nvme0n1p1 from 1048576, /home on /dev/nvme0n1p2 from -",
        ),
        // One file system on a partition and a whole disk; another on an encrypted partition.
        (
            "btrfs",
            "/ on /dev/sda2 from 537919488, /boot/efi on /dev/sda1 from 1048576, \
             /home on /dev/sda2 from 537919488, /.snapshots on /dev/sda2 from 537919488, \
             /mnt/archive on /dev/sdc1 from -",
        ),
        ("overlay", "/ on /dev/vda1 from 1048576"),
        (
            "bind",
            "/ on /dev/mmcblk0p2 from 272629760, /boot on /dev/mmcblk0p1 from 4194304, \
             /srv/www on /dev/mmcblk0p2 from 272629760, /srv/a b on /dev/mmcblk0p2 from 272629760",
        ),
        ("whole", ""),
    ] {
        let found = instances(&class, machine, &Wanted::All);
        let told = found.iter().map(|instance| {
            let [partition, disk, start] = ["Antecedent", "Dependent", "StartingAddress"]
                .map(|name| spelled(instance.get(name).unwrap()));
            format!("{} on {} from {start}", key(&disk), key(&partition))
        });
        assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{machine}");
    }
}
