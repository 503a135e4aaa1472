//! The block devices below `/sys`: their list, and the properties of each.
//!
//! A device is its directory in the tree of devices, to which links by number and by name lead. Its
//! files there are read when they are used.

use crate::facts::scan::device_number;
use crate::facts::storage::block_device;
use crate::readers::root::Root;

/// The unit in which the kernel counts what a device holds, whatever the size of its blocks.
const SECTOR: u64 = 512;

/// A block device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockDevice {
    /// Its directory: `sys/devices/.../sda`.
    path: String,
}

impl BlockDevice {
    /// The device with this major and minor number.
    pub(crate) fn numbered(root: &Root, (major, minor): (u32, u32)) -> Option<Self> {
        Self::linked(root, &format!("sys/dev/block/{major}:{minor}"))
    }

    /// The device that the kernel calls so.
    pub(crate) fn named(root: &Root, name: &str) -> Option<Self> {
        Self::linked(root, &format!("sys/class/block/{name}"))
    }

    /// The device of this path in `/dev`; letter case does not count.
    pub(crate) fn with_id(root: &Root, id: &str) -> Option<Self> {
        let names = root.names("sys/class/block")?;
        let names = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
        let mut devices = names.filter(|name| cim::name::eq(&id_of(name), id));
        Self::named(root, &devices.next()?)
    }

    /// The device that the link `path` leads to.
    fn linked(root: &Root, path: &str) -> Option<Self> {
        let link = String::from_utf8(root.link(path)?).ok()?;
        let below = link.trim_start_matches("../");
        below.starts_with("devices/").then(|| BlockDevice { path: format!("sys/{below}") })
    }

    /// The kernel's name of it.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Its path in `/dev`.
    pub(crate) fn id(&self) -> String {
        id_of(self.name())
    }

    /// What its path among the devices shows.
    pub(crate) fn place(&self) -> Option<block_device::BlockDevice<'_>> {
        block_device::BlockDevice::parse(self.path.as_bytes())
    }

    /// The path of one of its files.
    pub(crate) fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The text of one of its files; none where it is blank.
    pub(crate) fn text(&self, root: &Root, name: &str) -> Option<String> {
        root.read_text(&self.file(name)).filter(|text| !text.is_empty())
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self, root: &Root) -> Option<u64> {
        root.read_number(&self.file("size"))?.checked_mul(SECTOR)
    }

    /// Where on its disk it begins, in bytes, if it is a partition.
    pub(crate) fn start(&self, root: &Root) -> Option<u64> {
        root.read_number(&self.file("start"))?.checked_mul(SECTOR)
    }

    /// The number that it has on its disk, if it is a partition.
    pub(crate) fn partition_number(&self, root: &Root) -> Option<u32> {
        root.read_number(&self.file("partition"))?.try_into().ok()
    }

    /// Its partitions, if it is a disk, by their numbers.
    pub(crate) fn partitions(&self, root: &Root) -> Vec<BlockDevice> {
        // A partition's name begins with its disk's.
        let names = root.names(&self.path).unwrap_or_default();
        let below = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
        let mut partitions: Vec<(u32, BlockDevice)> = below
            .filter(|name| name.starts_with(self.name()))
            .filter_map(|name| {
                let device = BlockDevice { path: self.file(&name) };
                Some((device.partition_number(root)?, device))
            })
            .collect();
        partitions.sort_unstable_by_key(|(number, _)| *number);
        partitions.into_iter().map(|(_, device)| device).collect()
    }

    /// Its major and minor number.
    pub(crate) fn number(&self, root: &Root) -> Option<(u32, u32)> {
        device_number(root.read(&self.file("dev"))?.trim_ascii())
    }

    /// The disk, if it is a partition.
    pub(crate) fn disk(&self) -> Option<BlockDevice> {
        let (path, _) = self.path.rsplit_once('/')?;
        Some(BlockDevice { path: path.to_owned() })
    }

    /// The devices that its directory `name` lists, by their names.
    pub(crate) fn listed(&self, root: &Root, name: &str) -> Vec<BlockDevice> {
        listed(root, &self.file(name))
    }

    /// Whether it is a disk as a piece of hardware.
    fn is_disk(&self, root: &Root) -> bool {
        self.place().is_some_and(|place| place.is_on_disk())
            && self.partition_number(root).is_none()
    }
}

/// The devices that a directory lists, by their names.
pub(crate) fn listed(root: &Root, path: &str) -> Vec<BlockDevice> {
    let mut names = root.names(path).unwrap_or_default();
    names.sort_unstable();
    let names = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
    names.filter_map(|name| BlockDevice::named(root, &name)).collect()
}

/// The path in `/dev` of the device that the kernel calls `name`.
fn id_of(name: &str) -> String {
    format!("/dev/{}", name.replace('!', "/"))
}

/// The disks that are pieces of hardware, by their device numbers; `None` where they cannot be
/// listed.
pub(crate) fn disks(root: &Root) -> Option<Vec<BlockDevice>> {
    let names = root.names("sys/dev/block")?;
    let mut numbers: Vec<(u32, u32)> =
        names.iter().filter_map(|name| device_number(name)).collect();
    numbers.sort_unstable();
    let devices = numbers.into_iter().filter_map(|number| BlockDevice::numbered(root, number));
    Some(devices.filter(|device| device.is_disk(root)).collect())
}
