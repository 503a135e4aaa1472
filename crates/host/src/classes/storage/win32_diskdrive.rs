//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is the block devices of the kernel, by way of `crate::readers::block_devices`; output goes
//! through `crate::classes::property`.
//!
#![doc = include_str!("win32_diskdrive.md")]

use std::cell::OnceCell;

use cim::status::WBEM_E_FAILED;
use cim::{Result, Value};

use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::storage::block_device::{Interface, ScsiAddress};
use crate::facts::storage::{disk_links, unit_serial};
use crate::readers::block_devices::{self, BlockDevice};
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::root::Root;
use crate::readers::source::Source::{self, Directory, File};

/// The class Win32_DiskDrive.
pub(crate) struct Win32DiskDrive;

/// A disk, and the machine that it is in.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    disk: &'a BlockDevice,
    index: usize,
    partition_names: &'a OnceCell<Links>,
}

/// Names of links, and the texts of the links.
type Links = Vec<(Vec<u8>, Vec<u8>)>;

/// The capabilities of a disk: values of Capabilities and their names.
const RANDOM_ACCESS: (u16, &str) = (3, "Random Access");
const WRITING: (u16, &str) = (4, "Supports Writing");
const REMOVABLE_MEDIA: (u16, &str) = (7, "Supports Removable Media");

impl HostClass for Win32DiskDrive {
    const MOF: &'static str = include_str!("win32_diskdrive.mof");

    const READS: &'static [Source] = &[
        Directory("/dev/disk/by-partuuid"),
        Directory("/sys/dev/block"),
        Directory("/sys/devices/**"),
        File("/dev/disk/by-partuuid/*"),
        File("/proc/sys/kernel/hostname"),
        File("/sys/dev/block/*"),
        File("/sys/devices/**/device/firmware_rev"),
        File("/sys/devices/**/device/fwrev"),
        File("/sys/devices/**/device/model"),
        File("/sys/devices/**/device/name"),
        File("/sys/devices/**/device/rev"),
        File("/sys/devices/**/device/serial"),
        File("/sys/devices/**/device/vendor"),
        File("/sys/devices/**/device/vpd_pg80"),
        File("/sys/devices/**/partition"),
        File("/sys/devices/**/queue/logical_block_size"),
        File("/sys/devices/**/removable"),
        File("/sys/devices/**/ro"),
        File("/sys/devices/**/serial"),
        File("/sys/devices/**/size"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("BytesPerSector", |f| f.sector_bytes().into()),
        Property::free("Capabilities", |f| f.capabilities(|(value, _)| value.into())),
        Property::free("CapabilityDescriptions", |f| f.capabilities(|(_, name)| name.into())),
        Property::free("Caption", |f| f.model().unwrap_or_else(|| f.disk.id()).into()),
        Property::free("CreationClassName", |_| "Win32_DiskDrive".into()),
        Property::free("Description", |_| "Disk drive".into()),
        Property::free("DeviceID", |f| f.disk.id().into()),
        Property::free("FirmwareRevision", |f| {
            f.first(&["device/firmware_rev", "device/fwrev", "device/rev"]).into()
        }),
        Property::free("Index", |f| u32::try_from(f.index).ok().into()),
        Property::free("InterfaceType", |f| f.interface().map(interface_type).into()),
        Property::free("Manufacturer", |f| f.vendor().into()),
        Property::free("MediaLoaded", |f| f.bytes().map(|bytes| bytes != 0).into()),
        Property::free("MediaType", |f| f.media_type().into()),
        Property::free("Model", |f| f.model().into()),
        Property::free("Name", |f| f.disk.id().into()),
        Property::free("Partitions", |f| {
            u32::try_from(f.disk.partitions(f.root()).len()).ok().into()
        }),
        Property::free("SCSIBus", |f| f.scsi(|at| u32::try_from(at.channel).ok())),
        Property::free("SCSILogicalUnit", |f| f.scsi(|at| u16::try_from(at.unit).ok())),
        Property::free("SCSIPort", |f| f.scsi(|at| u16::try_from(at.host).ok())),
        Property::free("SCSITargetId", |f| f.scsi(|at| u16::try_from(at.target).ok())),
        Property::free("SerialNumber", |f| f.serial_number().into()),
        Property::free("Signature", |f| f.signature().into()),
        Property::free("Size", |f| f.bytes().into()),
        Property::free("SystemCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("SystemName", |f| f.machine.host_name()),
        Property::free("TotalSectors", |f| {
            f.bytes()
                .zip(f.sector_bytes())
                .and_then(|(all, one)| all.checked_div(one.into()))
                .into()
        }),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_where(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &[Find {
        property: "DeviceID",
        find: |machine, id, _, each| {
            let is_wanted =
                |disk: &BlockDevice| id.as_str().is_some_and(|id| cim::name::eq(id, &disk.id()));
            each_where(machine, is_wanted, each)
        },
    }];
}

fn each_where(
    machine: &Machine<'_>,
    is_wanted: impl Fn(&BlockDevice) -> bool,
    each: Each<'_, Win32DiskDrive>,
) -> Result<()> {
    let disks = disks(machine.root())?;
    let partition_names = OnceCell::new();
    for (index, disk) in disks.iter().enumerate().filter(|(_, disk)| is_wanted(disk)) {
        let facts = Facts { machine, disk, index, partition_names: &partition_names };
        if each(&facts).is_break() {
            break;
        }
    }
    Ok(())
}

/// The disks, in the order of Index.
pub(super) fn disks(root: &Root) -> Result<Vec<BlockDevice>> {
    block_devices::disks(root).ok_or_else(|| {
        WBEM_E_FAILED.with("the list of block devices, /sys/dev/block, cannot be read")
    })
}

impl Facts<'_> {
    fn root(&self) -> &Root {
        self.machine.root()
    }

    fn text(&self, file: &str) -> Option<String> {
        self.disk.text(self.root(), file)
    }

    /// The text of the first of `files` that has one.
    fn first(&self, files: &[&str]) -> Option<String> {
        files.iter().find_map(|file| self.text(file))
    }

    fn is_set(&self, file: &str) -> Option<bool> {
        Some(self.text(file)? == "1")
    }

    fn bytes(&self) -> Option<u64> {
        self.disk.bytes(self.root())
    }

    fn sector_bytes(&self) -> Option<u32> {
        block_size(self.root(), self.disk)
    }

    fn interface(&self) -> Option<Interface> {
        self.disk.place()?.interface
    }

    fn scsi<V: Into<Value>>(&self, value: impl FnOnce(ScsiAddress) -> Option<V>) -> Value {
        self.disk.place().and_then(|place| value(place.scsi?)).into()
    }

    fn capabilities(&self, value: fn((u16, &'static str)) -> Value) -> Value {
        let Some((read_only, removable)) = self.is_set("ro").zip(self.is_set("removable")) else {
            return Value::Null;
        };
        let all = [(true, RANDOM_ACCESS), (!read_only, WRITING), (removable, REMOVABLE_MEDIA)];
        Value::array(all.into_iter().filter(|(has, _)| *has).map(|(_, what)| value(what)))
    }

    fn media_type(&self) -> Option<&'static str> {
        let is_external = matches!(self.interface(), Some(Interface::Usb | Interface::FireWire));
        Some(match self.is_set("removable")? {
            true => "Removable media other than floppy",
            false if is_external => "External hard disk media",
            false => "Fixed hard disk media",
        })
    }

    fn model(&self) -> Option<String> {
        self.first(&["device/model", "device/name"])
    }

    /// Devices that are no SCSI's have a number there that is no vendor's name, and of ATA disks
    /// it is said that their vendor is ATA.
    fn vendor(&self) -> Option<String> {
        self.disk.place()?.scsi?;
        self.text("device/vendor").filter(|vendor| vendor != "ATA")
    }

    fn serial_number(&self) -> Option<String> {
        let page = || self.root().read(&self.disk.file("device/vpd_pg80"));
        self.first(&["serial", "device/serial"]).or_else(|| unit_serial::parse(&page()?))
    }

    fn signature(&self) -> Option<u32> {
        let names = || self.root().links("dev/disk/by-partuuid");
        let names = self.partition_names.get_or_init(names);
        let partitions = self.disk.partitions(self.root());
        let is_here = |target: &[u8]| {
            let name = disk_links::device(target);
            partitions.iter().any(|one| name.is_some_and(|name| one.name().as_bytes() == name))
        };
        let mut here = names.iter().filter(|(_, target)| is_here(target));
        here.find_map(|(name, _)| disk_links::disk_signature(name))
    }
}

/// How many bytes a block of a disk has, as it is addressed.
pub(super) fn block_size(root: &Root, disk: &BlockDevice) -> Option<u32> {
    let bytes = root.read_number(&disk.file("queue/logical_block_size"))?;
    u32::try_from(bytes).ok().filter(|&bytes| bytes != 0)
}

fn interface_type(interface: Interface) -> &'static str {
    match interface {
        Interface::Usb => "USB",
        Interface::FireWire => "1394",
        Interface::Ata => "IDE",
        Interface::Scsi => "SCSI",
    }
}
