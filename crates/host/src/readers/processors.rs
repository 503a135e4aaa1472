//! The processors that are switched on, by the socket they sit in, as
//! `/sys/devices/system/cpu` lists them.
//!
//! A processor that software sees is one hardware thread of one core; a socket holds those of one
//! package. Sockets are found from one processor of each, which lists the others. Everything else
//! of a socket is read when it is used.

use std::collections::BTreeSet;

use crate::facts::{number_list, scan};
use crate::readers::root::Root;

/// A socket with a processor in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The number that the kernel gives its package.
    pub(crate) id: u32,
    /// The processors in it that are switched on, ascending; there is at least one.
    cpus: Vec<u32>,
}

/// The numbers of the processors that are switched on, ascending; `None` where there is no list.
pub(crate) fn online(root: &Root) -> Option<BTreeSet<u32>> {
    let list = root.read("sys/devices/system/cpu/online")?;
    Some(number_list::parse(&list)?.into_iter().collect())
}

/// The sockets, by their first processor; `None` where there is no list of processors.
pub(crate) fn sockets(root: &Root) -> Option<Vec<Socket>> {
    let mut left = online(root)?;
    let mut sockets = Vec::new();
    while let Some(first) = left.pop_first() {
        let beside = topology(root, first, &["package_cpus_list", "core_siblings_list"]);
        // Without a topology all processors are in one socket.
        let beside = beside.unwrap_or_else(|| left.iter().copied().collect());
        let mut cpus = vec![first];
        cpus.extend(beside.into_iter().filter(|cpu| left.remove(cpu)));
        let id = root.read_text(&format!("{}/topology/physical_package_id", path(first)));
        // The kernel writes -1 where the firmware does not number the sockets.
        let id = id.and_then(|text| text.parse().ok()).unwrap_or(sockets.len() as u32);
        sockets.push(Socket { id, cpus });
    }
    Some(sockets)
}

impl Socket {
    /// The first of its processors, which represents all where they are alike.
    pub(crate) fn first(&self) -> u32 {
        self.cpus[0]
    }

    /// How many processors software sees in it.
    pub(crate) fn threads(&self) -> usize {
        self.cpus.len()
    }

    /// How many cores are switched on; `None` where the topology of any is missing.
    pub(crate) fn cores(&self, root: &Root) -> Option<usize> {
        let names = ["core_cpus_list", "thread_siblings_list"];
        self.groups(|cpu| topology(root, cpu, &names)).map(|groups| groups.len())
    }

    /// The bytes of all its caches of a level that hold data; `None` where there are none, or the
    /// list of sharing processors of any is missing.
    pub(crate) fn cache_bytes(&self, root: &Root, level: u64) -> Option<u64> {
        let shared = |cpu| {
            let cache = data_cache(root, cpu, level)?;
            number_list::parse(&root.read(&format!("{cache}/shared_cpu_list"))?)
        };
        let bytes = |cpu| {
            let cache = data_cache(root, cpu, level)?;
            size(root.read(&format!("{cache}/size"))?.trim_ascii())
        };
        let caches = self.groups(shared)?;
        caches.into_iter().try_fold(0u64, |sum, cpu| sum.checked_add(bytes(cpu)?))
    }

    /// The first processor of each group of those that belong together.
    fn groups(&self, group: impl Fn(u32) -> Option<Vec<u32>>) -> Option<Vec<u32>> {
        let mut left: BTreeSet<u32> = self.cpus.iter().copied().collect();
        let mut firsts = Vec::new();
        while let Some(first) = left.pop_first() {
            for cpu in group(first)? {
                left.remove(&cpu);
            }
            firsts.push(first);
        }
        Some(firsts)
    }
}

/// The directory of a processor.
pub(crate) fn path(cpu: u32) -> String {
    format!("sys/devices/system/cpu/cpu{cpu}")
}

/// The processors that the first of the files `names` that is there lists; the later ones are
/// older names of the same.
fn topology(root: &Root, cpu: u32, names: &[&str]) -> Option<Vec<u32>> {
    let read = |name: &&str| root.read(&format!("{}/topology/{name}", path(cpu)));
    number_list::parse(&names.iter().find_map(read)?)
}

/// The directory of a processor's cache of a level that holds data.
fn data_cache(root: &Root, cpu: u32, level: u64) -> Option<String> {
    // No processor has as many caches as this.
    const MOST: u32 = 16;
    for index in 0..MOST {
        let cache = format!("{}/cache/index{index}", path(cpu));
        let holds_data =
            || root.read_text(&format!("{cache}/type")).as_deref() != Some("Instruction");
        if root.read_number(&format!("{cache}/level"))? == level && holds_data() {
            return Some(cache);
        }
    }
    None
}

/// Bytes, from a size as the kernel writes it: `1024K`.
fn size(text: &[u8]) -> Option<u64> {
    scan::decimal(text.strip_suffix(b"K")?)?.checked_mul(1024)
}
