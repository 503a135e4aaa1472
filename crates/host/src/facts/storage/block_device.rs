//! `/sys/dev/block/<major>:<minor>`: a link into the tree of devices that identifies the device
//! and what it is attached to.

use crate::facts::scan::decimal;

/// A block device, from the path that the link leads to, as in
/// `../../devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/sdb1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDevice<'a> {
    /// The kernel's name of it, as in `/dev`; a slash there is an exclamation mark here.
    pub name: &'a [u8],
    /// Whether it is reached through USB; `None` where it is made of other devices or of
    /// memory, so that the path does not show it.
    pub on_usb: Option<bool>,
    /// Whether it is a piece of hardware. Otherwise it is made of other devices, of a file, or
    /// of memory.
    pub is_hardware: bool,
    /// What it is connected by, where that is one of these.
    pub interface: Option<Interface>,
    /// Where it is found, if it answers to the commands of SCSI.
    pub scsi: Option<ScsiAddress>,
}

/// What a disk is connected by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// USB, whatever is behind it.
    Usb,
    /// IEEE 1394.
    FireWire,
    /// ATA, parallel or serial.
    Ata,
    /// SCSI or what carries its commands, but none of those above.
    Scsi,
}

/// The address of a SCSI device: `6:0:0:0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScsiAddress {
    /// The number of the host adapter.
    pub host: u64,
    /// The channel, or bus, of the adapter.
    pub channel: u64,
    /// The target on the channel.
    pub target: u64,
    /// The logical unit of the target.
    pub unit: u64,
}

/// What holds the medium, as far as the kernel's name of the device shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A compact disc or its successors: `sr0`.
    Optical,
    /// A diskette: `fd0`.
    Diskette,
    /// Memory: `ram0`, `zram0`.
    Memory,
    /// Anything else.
    Disk,
}

impl<'a> BlockDevice<'a> {
    /// Parses the text of the link, or the path; `None` where it is not in the form that sysfs
    /// writes.
    pub fn parse(link: &'a [u8]) -> Option<Self> {
        let mut parts = link.split(|&b| b == b'/').skip_while(|part| *part != b"devices").skip(1);
        let bus = parts.next()?;
        let is_virtual = bus == b"virtual";
        // A disk that is reached by several paths is virtual too, but in a group of its own.
        let is_made = is_virtual && parts.clone().next()? == b"block";
        let name = parts.clone().last().filter(|name| !name.is_empty())?;
        let transport = parts.clone().find_map(Interface::of);
        let scsi = parts.find_map(ScsiAddress::parse);
        Some(BlockDevice {
            name,
            on_usb: (!is_virtual).then_some(transport == Some(Interface::Usb)),
            is_hardware: !is_made,
            interface: transport.or(scsi.map(|_| Interface::Scsi)),
            scsi,
        })
    }

    /// Whether it is a disk as a piece of hardware, or a part of one.
    pub fn is_on_disk(&self) -> bool {
        self.is_hardware && self.medium() == Medium::Disk
    }

    /// The medium, from its name.
    pub fn medium(&self) -> Medium {
        match self.name {
            name if is_numbered(name, b"sr") => Medium::Optical,
            name if is_numbered(name, b"fd") => Medium::Diskette,
            name if is_numbered(name, b"ram") || is_numbered(name, b"zram") => Medium::Memory,
            _ => Medium::Disk,
        }
    }
}

impl Interface {
    /// What a part of the path says of it.
    fn of(part: &[u8]) -> Option<Self> {
        match part {
            _ if is_numbered(part, b"usb") => Some(Interface::Usb),
            _ if is_numbered(part, b"fw") => Some(Interface::FireWire),
            _ if is_numbered(part, b"ata") => Some(Interface::Ata),
            _ => None,
        }
    }
}

impl ScsiAddress {
    /// The address that a part of the path is; `None` where it is none.
    fn parse(part: &[u8]) -> Option<Self> {
        let mut numbers = part.split(|&b| b == b':').map(decimal);
        let mut next = || numbers.next()?;
        let (host, channel, target, unit) = (next()?, next()?, next()?, next()?);
        numbers.next().is_none().then_some(ScsiAddress { host, channel, target, unit })
    }
}

fn is_numbered(name: &[u8], stem: &[u8]) -> bool {
    name.strip_prefix(stem).is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_busses() {
        use Medium::*;
        for (link, name, on_usb, medium, is_hardware) in [
            ("pci0000:00/0000:00:1f.2/ata1/host0/block/sda/sda1", "sda1", Some(false), Disk, true),
            ("pci0000:00/0000:00:14.0/usb2/2-1/block/sdb/sdb1", "sdb1", Some(true), Disk, true),
            ("pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1", "nvme0n1", Some(false), Disk, true),
            ("virtual/nvme-subsystem/nvme-subsys0/nvme1n1", "nvme1n1", None, Disk, true),
            ("virtual/block/dm-0", "dm-0", None, Disk, false),
            ("virtual/block/zram0", "zram0", None, Memory, false),
            ("platform/floppy.0/block/fd0", "fd0", Some(false), Diskette, true),
            ("pci0000:00/usbx/ata2/block/sr0", "sr0", Some(false), Optical, true),
        ] {
            for start in ["../../devices/", "sys/devices/"] {
                let link = format!("{start}{link}");
                let device = BlockDevice::parse(link.as_bytes()).unwrap();
                assert_eq!(device.name, name.as_bytes(), "{link}");
                assert_eq!(device.on_usb, on_usb, "{link}");
                assert_eq!(device.medium(), medium, "{link}");
                assert_eq!(device.is_hardware, is_hardware, "{link}");
                assert_eq!(device.is_on_disk(), is_hardware && medium == Disk, "{link}");
            }
        }
        for bad in ["", "../../devices", "../../devices/", "../../devices/virtual", "a/b"] {
            assert_eq!(BlockDevice::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn interfaces_and_addresses() {
        let at = |host, channel, target, unit| Some(ScsiAddress { host, channel, target, unit });
        for (path, interface, scsi) in [
            ("ata1/host0/target0:0:0/0:0:0:0/block/sda", Some(Interface::Ata), at(0, 0, 0, 0)),
            (
                "usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:1/block/sdb",
                Some(Interface::Usb),
                at(6, 0, 0, 1),
            ),
            (
                "fw1/fw1.0/host2/target2:0:0/2:0:0:0/block/sdc",
                Some(Interface::FireWire),
                at(2, 0, 0, 0),
            ),
            (
                "virtio2/host3/target3:0:7/3:1:7:255/block/sdd/sdd1",
                Some(Interface::Scsi),
                at(3, 1, 7, 255),
            ),
            ("virtio1/block/vda", None, None),
            ("mmc_host/mmc0/mmc0:0001/block/mmcblk0", None, None),
        ] {
            let link = format!("../../devices/pci0000:00/0000:00:14.0/{path}");
            let device = BlockDevice::parse(link.as_bytes()).unwrap();
            assert_eq!((device.interface, device.scsi), (interface, scsi), "{path}");
        }
        for bad in ["1:2:3", "1:2:3:4:5", "0000:00:14.0", "1:2:3:x", ""] {
            assert_eq!(ScsiAddress::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
