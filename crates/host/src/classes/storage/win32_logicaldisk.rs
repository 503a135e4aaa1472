//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is the list of mounts and the devices below them, by way of
//! `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_logicaldisk.md")]

use std::cell::OnceCell;

use cim::status::WBEM_E_FAILED;
use cim::{Result, Value};

use crate::classes::property::{Each, HostClass, Property};
use crate::facts::scan;
use crate::facts::storage::block_device::{BlockDevice, Medium};
use crate::facts::storage::disk_links;
use crate::facts::storage::file_system::{self, FileSystem, Place};
use crate::facts::storage::mountinfo::{self, Mount};
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::root::Root;
use crate::readers::source::Source::{self, Directory, File};
use crate::readers::sys::Volume;

/// The class Win32_LogicalDisk.
pub(crate) struct Win32LogicalDisk;

/// A mount, its machine, and what is read of the mount only if a property
/// needs it: asking a server how much it holds can take long.
pub(crate) struct Facts<'a> {
    mount: &'a Mount<'a>,
    machine: &'a Machine<'a>,
    names: &'a DiskNames,
    known: Option<&'static FileSystem>,
    device: OnceCell<Option<Device>>,
    volume: OnceCell<Option<Volume>>,
}

/// The block device that a mount is on.
struct Device {
    name: Vec<u8>,
    drive: Drive,
}

/// The kind of drive, as values of DriveType.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drive {
    Removable = 2,
    Local = 3,
    Network = 4,
    CompactDisc = 5,
    RamDisk = 6,
}

impl HostClass for Win32LogicalDisk {
    const MOF: &'static str = include_str!("win32_logicaldisk.mof");

    const READS: &'static [Source] = &[
        Directory("/dev/disk/by-label"),
        Directory("/dev/disk/by-uuid"),
        File("/dev/disk/by-label/*"),
        File("/dev/disk/by-uuid/*"),
        File("/proc/self/mountinfo"),
        File("/proc/sys/kernel/hostname"),
        File("/sys/dev/block/*"),
        File("/sys/dev/block/*/../removable"),
        File("/sys/dev/block/*/removable"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("Access", |f| f.access().into()),
        Property::free("BlockSize", |f| f.volume(|v| Some(v.block_size))),
        Property::free("Caption", |f| text(&f.mount.mount_point)),
        Property::free("Compressed", |f| f.known(|kind| kind.is_compressed)),
        Property::free("CreationClassName", |_| "Win32_LogicalDisk".into()),
        Property::free("Description", |f| f.drive().map(Drive::name).into()),
        Property::free("DeviceID", |f| text(&f.mount.mount_point)),
        Property::free("DriveType", |f| f.drive().map(|drive| drive as u32).into()),
        Property::free("FileSystem", |f| text(f.mount.fs_type)),
        Property::free("FreeSpace", |f| f.volume(|v| v.available_blocks.checked_mul(v.block_size))),
        Property::free("MaximumComponentLength", |f| f.volume(|v| u32::try_from(v.name_max).ok())),
        Property::free("MediaType", |f| f.media_type().into()),
        Property::free("Name", |f| text(&f.mount.mount_point)),
        Property::free("NumberOfBlocks", |f| f.volume(|v| Some(v.blocks))),
        Property::free("ProviderName", |f| f.provider_name()),
        Property::free("QuotasDisabled", |f| f.quotas_disabled().into()),
        Property::free("Size", |f| f.volume(|v| v.blocks.checked_mul(v.block_size))),
        Property::free("SupportsDiskQuotas", |f| f.known(|kind| kind.has_quotas)),
        Property::free("SupportsFileBasedCompression", |f| f.known(|kind| kind.compresses_files)),
        Property::free("SystemCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("SystemName", |f| f.machine.host_name()),
        Property::free("VolumeName", |f| f.label().into()),
        Property::free("VolumeSerialNumber", |f| f.serial_number().into()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        let mounts = read_mounts(machine.root())?;
        let names = DiskNames::default();
        for mount in logical_disks(&mounts) {
            let known = file_system::known(mount.fs_type);
            let facts = Facts {
                mount: &mount,
                machine,
                names: &names,
                known,
                device: OnceCell::new(),
                volume: OnceCell::new(),
            };
            if each(&facts).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The list of mounts.
pub(super) fn read_mounts(root: &Root) -> Result<Vec<u8>> {
    root.read("proc/self/mountinfo").ok_or_else(|| {
        WBEM_E_FAILED.with("the list of mounts, /proc/self/mountinfo, cannot be read")
    })
}

/// The mounts that are logical disks. A file system without a device of its own is on disks only
/// if its kind says so.
pub(super) fn logical_disks(mounts: &[u8]) -> impl Iterator<Item = Mount<'_>> {
    let is_on_disk =
        |mount: &Mount<'_>| mount.device.0 != 0 || file_system::known(mount.fs_type).is_some();
    mountinfo::visible(mounts).into_iter().filter(is_on_disk)
}

impl Drive {
    /// The text of the value, as the class declares it.
    fn name(self) -> &'static str {
        match self {
            Drive::Removable => "Removable Disk",
            Drive::Local => "Local Disk",
            Drive::Network => "Network Drive",
            Drive::CompactDisc => "Compact Disc",
            Drive::RamDisk => "RAM Disk",
        }
    }
}

impl Facts<'_> {
    fn volume<V: Into<Value>>(&self, value: impl FnOnce(&Volume) -> Option<V>) -> Value {
        let ask = || self.machine.root().volume(&self.mount.mount_point);
        self.volume.get_or_init(ask).as_ref().and_then(value).into()
    }

    fn known(&self, value: impl FnOnce(&FileSystem) -> Option<bool>) -> Value {
        self.known.and_then(value).into()
    }

    fn is_network(&self) -> bool {
        self.known.is_some_and(|kind| kind.place == Place::Network)
    }

    fn access(&self) -> u16 {
        const READABLE: u16 = 1;
        const READ_WRITE: u16 = 3;
        if self.mount.is_read_only() { READABLE } else { READ_WRITE }
    }

    fn drive(&self) -> Option<Drive> {
        if self.is_network() {
            return Some(Drive::Network);
        }
        match self.device() {
            Some(device) => Some(device.drive),
            // Several disks behind a file system that has no device of its own.
            None if self.mount.device.0 == 0 => Some(Drive::Local),
            None => None,
        }
    }

    fn media_type(&self) -> Option<u32> {
        const REMOVABLE: u32 = 11;
        const FIXED: u32 = 12;
        match self.drive()? {
            Drive::Local => Some(FIXED),
            Drive::CompactDisc => Some(REMOVABLE),
            // The kernel does not report the format of a diskette.
            Drive::Removable => (self.device()?.name.get(..2) != Some(b"fd")).then_some(REMOVABLE),
            Drive::Network | Drive::RamDisk => None,
        }
    }

    fn provider_name(&self) -> Value {
        if self.is_network() { text(&self.mount.source) } else { Value::Null }
    }

    /// `None` for file systems that do not list their quota options: their absence has no meaning.
    fn quotas_disabled(&self) -> Option<bool> {
        const ON: [&[u8]; 6] =
            [b"usrquota", b"grpquota", b"prjquota", b"uquota", b"gquota", b"pquota"];
        if ON.iter().any(|option| self.mount.has_option(option)) {
            return Some(false);
        }
        self.mount.has_option(b"noquota").then_some(true)
    }

    fn device(&self) -> Option<&Device> {
        self.device.get_or_init(|| self.find_device()).as_ref()
    }

    fn find_device(&self) -> Option<Device> {
        let (major, minor) = self.mount.device;
        let root = self.machine.root();
        if major == 0 {
            return None;
        }
        let path = format!("sys/dev/block/{major}:{minor}");
        let link = root.link(&path)?;
        let device = BlockDevice::parse(&link)?;
        // The disk has it, not the partition.
        let own = root.read_text(&format!("{path}/removable"));
        let removable = own.or_else(|| root.read_text(&format!("{path}/../removable")))?;
        let drive = match device.medium() {
            Medium::Optical => Drive::CompactDisc,
            Medium::Memory => Drive::RamDisk,
            Medium::Diskette => Drive::Removable,
            Medium::Disk if removable == "1" => Drive::Removable,
            Medium::Disk => Drive::Local,
        };
        Some(Device { name: device.name.to_vec(), drive })
    }

    fn label(&self) -> Option<String> {
        self.disk_name(self.names.labels.get_or_init(|| self.links("dev/disk/by-label")))
    }

    /// FAT and its like have a number of this length; the identifiers of others are longer,
    /// and part of one would identify nothing.
    fn serial_number(&self) -> Option<String> {
        let uuid = self.disk_name(self.names.uuids.get_or_init(|| self.links("dev/disk/by-uuid")));
        uuid.filter(|name| name.len() <= 11)
    }

    fn links(&self, directory: &str) -> Links {
        self.machine.root().links(directory)
    }

    /// What the device that is mounted is called by one of `links`.
    fn disk_name(&self, links: &Links) -> Option<String> {
        let device = match self.device() {
            Some(device) => &device.name[..],
            None if self.is_network() => return None,
            None => self.mount.source.strip_prefix(b"/dev/")?,
        };
        let (name, _) = links.iter().find(|(_, to)| disk_links::device(to) == Some(device))?;
        Some(scan::text(&disk_links::name(name)).into_owned())
    }
}

/// The links by which udev names file systems, listed at most once a query.
#[derive(Default)]
struct DiskNames {
    labels: OnceCell<Links>,
    uuids: OnceCell<Links>,
}

/// Names of links, and the texts of the links.
type Links = Vec<(Vec<u8>, Vec<u8>)>;

fn text(bytes: &[u8]) -> Value {
    Value::string(scan::text(bytes))
}
