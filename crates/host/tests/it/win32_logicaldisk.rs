//! Win32_LogicalDisk on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances};

/// In order: an ext4 root with quotas; a FAT without label; a btrfs subvolume; a bind mount; a
/// read-only FAT on USB with a space in its name; a CD; NFS; a server that does not answer; a
/// file system in compressed memory; an image. Overlay, tmpfs and a disk that tmpfs hides are
/// not among them.
const RULES: &str = "
Access | 3 | 3 | 3 | 3 | 1 | 1 | 3 | 3 | 3 | 1
Availability | -
BlockSize | 4096 | 4096 | 4096 | 4096 | 8192 | 2048 | 1048576 | - | 4096 | 131072
Caption | / | /boot/efi | /home | /srv/data | /mnt/My Disk | /media/cdrom | /mnt/export | /mnt/gone | /var/tmp | /snap/core/1
Compressed | FALSE | FALSE | FALSE | FALSE | FALSE | FALSE | - | - | FALSE | TRUE
ConfigManagerErrorCode | -
ConfigManagerUserConfig | -
CreationClassName | Win32_LogicalDisk
Description | Local Disk | Local Disk | Local Disk | Local Disk | Removable Disk | Compact Disc | Network Drive | Network Drive | RAM Disk | Local Disk
DeviceID | / | /boot/efi | /home | /srv/data | /mnt/My Disk | /media/cdrom | /mnt/export | /mnt/gone | /var/tmp | /snap/core/1
DriveType | 3 | 3 | 3 | 3 | 2 | 5 | 4 | 4 | 6 | 3
ErrorCleared | -
ErrorDescription | -
ErrorMethodology | -
FileSystem | ext4 | vfat | btrfs | ext4 | vfat | iso9660 | nfs4 | cifs | xfs | squashfs
FreeSpace | 31457280000 | 528384000 | 204800000000 | 31457280000 | 2048000000 | 0 | 1048576000000 | - | 819200000 | 0
InstallDate | -
LastErrorCode | -
MaximumComponentLength | 255 | 255 | 255 | 255 | 1530 | 255 | 255 | - | 255 | 256
MediaType | 12 | 12 | 12 | 12 | 11 | 11 | - | - | - | 12
Name | / | /boot/efi | /home | /srv/data | /mnt/My Disk | /media/cdrom | /mnt/export | /mnt/gone | /var/tmp | /snap/core/1
NumberOfBlocks | 15360000 | 130812 | 122096640 | 15360000 | 1000000 | 340000 | 4000000 | - | 262144 | 500
PNPDeviceID | -
PowerManagementCapabilities | -
PowerManagementSupported | -
ProviderName | - | - | - | - | - | - | files.example.org:/export | //files.example.org/gone | - | -
Purpose | -
QuotasDisabled | FALSE | - | - | FALSE | - | - | - | - | TRUE | -
QuotasIncomplete | -
QuotasRebuilding | -
Size | 62914560000 | 535805952 | 500107837440 | 62914560000 | 8192000000 | 696320000 | 4194304000000 | - | 1073741824 | 65536000
Status | -
StatusInfo | -
SupportsDiskQuotas | TRUE | FALSE | TRUE | TRUE | FALSE | FALSE | - | - | TRUE | FALSE
SupportsFileBasedCompression | FALSE | FALSE | TRUE | FALSE | FALSE | FALSE | - | - | FALSE | FALSE
SystemCreationClassName | Win32_ComputerSystem
SystemName | kestrel
VolumeDirty | -
VolumeName | system | - | home | system | My Disk | - | - | - | - | -
VolumeSerialNumber | - | 7B77-95E7 | - | - | A8C3-D032 | - | - | - | - | -
";

#[test]
fn every_property_has_its_value() {
    check(
        "Win32_LogicalDisk",
        include_str!("../../src/classes/storage/win32_logicaldisk.md"),
        RULES,
    );
}

#[test]
fn a_machine_without_disks_has_none() {
    assert_eq!(instances(&class("Win32_LogicalDisk"), "bare", &Wanted::All), []);
}
