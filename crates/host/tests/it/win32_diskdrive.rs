//! Win32_DiskDrive on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// In order: an ATA disk with the new kind of partition table; one of sectors of 4096 bytes,
/// without partitions and without a number of its own; a USB stick with the old kind of partition
/// table. Partitions, a DVD drive, compressed memory and a file as a disk are not among them.
const RULES: &str = "
Availability | -
BytesPerSector | 512 | 4096 | 512
Capabilities | {3, 4} | {3, 4} | {3, 4, 7}
CapabilityDescriptions | {Random Access, Supports Writing} | {Random Access, Supports Writing} | {Random Access, Supports Writing, Supports Removable Media}
Caption | EXAMPLE SSD 64 | EXAMPLE HDD 500 | Memory Stick
CompressionMethod | -
ConfigManagerErrorCode | -
ConfigManagerUserConfig | -
CreationClassName | Win32_DiskDrive
DefaultBlockSize | -
Description | Disk drive
DeviceID | /dev/sda | /dev/sdb | /dev/sdc
ErrorCleared | -
ErrorDescription | -
ErrorMethodology | -
FirmwareRevision | 1.07 | CC32 | PMAP
Index | 0 | 1 | 2
InstallDate | -
InterfaceType | IDE | IDE | USB
LastErrorCode | -
Manufacturer | - | - | Example
MaxBlockSize | -
MaxMediaSize | -
MediaLoaded | TRUE
MediaType | Fixed hard disk media | Fixed hard disk media | Removable media other than floppy
MinBlockSize | -
Model | EXAMPLE SSD 64 | EXAMPLE HDD 500 | Memory Stick
Name | /dev/sda | /dev/sdb | /dev/sdc
NeedsCleaning | -
NumberOfMediaSupported | -
Partitions | 2 | 0 | 1
PNPDeviceID | -
PowerManagementCapabilities | -
PowerManagementSupported | -
SCSIBus | 0
SCSILogicalUnit | 0
SCSIPort | 0 | 1 | 6
SCSITargetId | 0
SectorsPerTrack | -
SerialNumber | S2X1NYAG00001 | - | -
Signature | - | - | 1595878268
Size | 65498251264 | 500107862016 | 8194097152
Status | -
StatusInfo | -
SystemCreationClassName | Win32_ComputerSystem
SystemName | kestrel
TotalCylinders | -
TotalHeads | -
TotalSectors | 127926272 | 122096646 | 16004096
TotalTracks | -
TracksPerCylinder | -
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/storage/win32_diskdrive.md");
    check("Win32_DiskDrive", sources, RULES);
}

#[test]
fn disks_by_what_they_are_connected_by() {
    let class = class("Win32_DiskDrive");
    let names = [
        "DeviceID",
        "Index",
        "InterfaceType",
        "MediaType",
        "Model",
        "Manufacturer",
        "SerialNumber",
        "FirmwareRevision",
        "Partitions",
    ];
    for (machine, disks) in [
        // Virtio has no model, and a number instead of a vendor.
        ("gpt", "/dev/vda|0|-|Fixed hard disk media|-|-|EXAMPLE-0001|-|3"),
        // An address of SCSI in which all numbers differ; NVMe by several paths.
        (
            "lvm",
            "/dev/sdb|0|SCSI|Fixed hard disk media|QEMU HARDDISK|QEMU|-|2.5+|1\n\
             /dev/nvme0n1|1|-|Fixed hard disk media|EXAMPLE NVMe 512|-|S0000000000001|1.2.3|2",
        ),
        // The boot partition of an MMC card is a disk below the disk, and no partition of it.
        (
            "bind",
            "/dev/mmcblk0|0|-|Fixed hard disk media|DG4032|-|0x0a1b2c3d|0x3734313000000000|2\n\
             /dev/mmcblk0boot0|1|-|Fixed hard disk media|-|-|-|-|0",
        ),
        (
            "btrfs",
            "/dev/sda|0|IDE|Fixed hard disk media|EXAMPLE SSD 256|-|-|-|3\n\
             /dev/sdb|1|IDE|Fixed hard disk media|EXAMPLE SSD 256|-|-|-|0\n\
             /dev/sdc|2|1394|External hard disk media|Archive|Example|-|-|1",
        ),
    ] {
        let found = instances(&class, machine, &Wanted::All);
        let told = found.iter().map(|disk| names.map(|n| spelled(disk.get(n).unwrap())).join("|"));
        assert_eq!(told.collect::<Vec<_>>().join("\n"), disks, "{machine}");
    }
}

#[test]
fn what_is_not_there_is_null() {
    let class = class("Win32_DiskDrive");
    let told = |machine: &str, at: usize, names: &[&str]| {
        let disks = instances(&class, machine, &Wanted::All);
        names.iter().map(|n| spelled(disks[at].get(n).unwrap())).collect::<Vec<_>>().join("|")
    };
    // A card reader without a card.
    let size = ["Size", "TotalSectors", "MediaLoaded", "MediaType"];
    assert_eq!(told("whole", 0, &size), "0|0|FALSE|Removable media other than floppy");
    let address = ["SCSIPort", "SCSIBus", "SCSITargetId", "SCSILogicalUnit"];
    assert_eq!(told("whole", 1, &address), "-|-|-|-");
    assert_eq!(told("lvm", 0, &address), "2|0|1|3");
    assert_eq!(told("bind", 1, &["Capabilities", "Caption"]), "{3}|/dev/mmcblk0boot0");
}
