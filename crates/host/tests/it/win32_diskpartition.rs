//! Win32_DiskPartition on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// In order: two of an ATA disk with the new kind of partition table, of which one has no name
/// there; one of a USB stick with the old kind, which cannot be written.
const RULES: &str = "
Access | 3 | 3 | 1
AdditionalAvailability | -
Availability | -
BlockSize | 512
Bootable | -
BootPartition | -
Caption | /dev/sda1 | /dev/sda2 | /dev/sdc1
ConfigManagerErrorCode | -
ConfigManagerUserConfig | -
CreationClassName | Win32_DiskPartition
Description | EFI System Partition | - | -
DeviceID | /dev/sda1 | /dev/sda2 | /dev/sdc1
DiskIndex | 0 | 0 | 2
ErrorCleared | -
ErrorDescription | -
ErrorMethodology | -
HiddenSectors | -
IdentifyingDescriptions | -
Index | 1 | 2 | 1
InstallDate | -
LastErrorCode | -
MaxQuiesceTime | -
Name | /dev/sda1 | /dev/sda2 | /dev/sdc1
NumberOfBlocks | 1048576 | 122880000 | 16004032
OtherIdentifyingInfo | -
PNPDeviceID | -
PowerManagementCapabilities | -
PowerManagementSupported | -
PowerOnHours | -
PrimaryPartition | -
Purpose | -
RewritePartition | -
Size | 536870912 | 62914560000 | 8194064384
StartingOffset | 1048576 | 537919488 | 32768
Status | -
StatusInfo | -
SystemCreationClassName | Win32_ComputerSystem
SystemName | kestrel
TotalPowerOnHours | -
Type | -
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/storage/win32_diskpartition.md");
    check("Win32_DiskPartition", sources, RULES);
}

#[test]
fn partitions_and_what_is_none() {
    let class = class("Win32_DiskPartition");
    for (machine, partitions) in [
        ("gpt", "0:/dev/vda1 0:/dev/vda2 0:/dev/vda3"),
        ("lvm", "0:/dev/sdb1 1:/dev/nvme0n1p1 1:/dev/nvme0n1p2"),
        ("bind", "0:/dev/mmcblk0p1 0:/dev/mmcblk0p2"),
        ("whole", ""),
    ] {
        let found = instances(&class, machine, &Wanted::All);
        let told = found.iter().map(|partition| {
            let [disk, id] = ["DiskIndex", "DeviceID"].map(|n| spelled(partition.get(n).unwrap()));
            format!("{disk}:{id}")
        });
        assert_eq!(told.collect::<Vec<_>>().join(" "), partitions, "{machine}");
    }
}
