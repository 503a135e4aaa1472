//! `/sys/dev/block/<major>:<minor>`: a link into the tree of devices that tells which device
//! it is and on what it sits.

/// A block device, told from the path that the link leads to, as in
/// `../../devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb/sdb1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDevice<'a> {
    /// The kernel's name of it, as in `/dev`.
    pub name: &'a [u8],
    /// Whether it is reached through USB; `None` where it is made of other devices or of
    /// memory, so that the path does not tell.
    pub on_usb: Option<bool>,
}

/// What holds the medium, as far as the kernel's name of the device tells it.
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
    /// Parses the text of the link; `None` where it is not in the form that sysfs writes.
    pub fn parse(link: &'a [u8]) -> Option<Self> {
        let mut parts = link.split(|&b| b == b'/').skip_while(|part| *part != b"devices").skip(1);
        let bus = parts.next()?;
        let mut on_usb = false;
        let name = parts.inspect(|part| on_usb |= is_numbered(part, b"usb")).last()?;
        if name.is_empty() {
            return None;
        }
        let is_virtual = bus == b"virtual";
        Some(BlockDevice { name, on_usb: (!is_virtual).then_some(on_usb) })
    }

    /// What its name tells of the medium.
    pub fn medium(&self) -> Medium {
        match self.name {
            name if is_numbered(name, b"sr") => Medium::Optical,
            name if is_numbered(name, b"fd") => Medium::Diskette,
            name if is_numbered(name, b"ram") || is_numbered(name, b"zram") => Medium::Memory,
            _ => Medium::Disk,
        }
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
        for (link, name, on_usb, medium) in [
            (
                "../../devices/pci0000:00/0000:00:1f.2/ata1/host0/block/sda/sda1",
                "sda1",
                Some(false),
                Medium::Disk,
            ),
            (
                "../../devices/pci0000:00/0000:00:14.0/usb2/2-1/block/sdb/sdb1",
                "sdb1",
                Some(true),
                Medium::Disk,
            ),
            (
                "../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p2",
                "nvme0n1p2",
                Some(false),
                Medium::Disk,
            ),
            ("../../devices/virtual/block/dm-0", "dm-0", None, Medium::Disk),
            ("../../devices/virtual/block/zram0", "zram0", None, Medium::Memory),
            ("../../devices/platform/floppy.0/block/fd0", "fd0", Some(false), Medium::Diskette),
            ("../../devices/pci0000:00/usbx/ata2/block/sr0", "sr0", Some(false), Medium::Optical),
        ] {
            let device = BlockDevice::parse(link.as_bytes()).unwrap();
            assert_eq!(device, BlockDevice { name: name.as_bytes(), on_usb }, "{link}");
            assert_eq!(device.medium(), medium, "{link}");
        }
        for bad in ["", "../../devices", "../../devices/", "a/b"] {
            assert_eq!(BlockDevice::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
