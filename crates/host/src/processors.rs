//! The processors that are switched on, by the socket they sit in, as
//! `/sys/devices/system/cpu` tells it.
//!
//! A processor that software sees is one hardware thread of one core; a socket holds those of one
//! package. Only what a socket needs to be known is read: one processor of each tells which others
//! sit beside it.

use std::collections::BTreeSet;

use crate::facts::number_list;
use crate::root::Root;

/// The numbers of the processors that are switched on, ascending; `None` where that is not told.
pub(crate) fn online(root: &Root) -> Option<BTreeSet<u32>> {
    let list = root.read("sys/devices/system/cpu/online")?;
    Some(number_list::parse(&list)?.into_iter().collect())
}

/// The processors of each socket, ascending, the socket of the lowest first; `None` where it is
/// not told which there are.
pub(crate) fn sockets(root: &Root) -> Option<Vec<Vec<u32>>> {
    let mut left = online(root)?;
    let mut sockets = Vec::new();
    while let Some(first) = left.pop_first() {
        let beside = topology(root, first, &["package_cpus_list", "core_siblings_list"]);
        // Where nothing is told of sockets, there is one that holds all.
        let beside = beside.unwrap_or_else(|| left.iter().copied().collect());
        let mut cpus = vec![first];
        cpus.extend(beside.into_iter().filter(|cpu| left.remove(cpu)));
        sockets.push(cpus);
    }
    Some(sockets)
}

/// The directory of a processor.
fn path(cpu: u32) -> String {
    format!("sys/devices/system/cpu/cpu{cpu}")
}

/// The processors that the first of the files `names` that is there lists; the later ones are
/// older names of the same.
fn topology(root: &Root, cpu: u32, names: &[&str]) -> Option<Vec<u32>> {
    let read = |name: &&str| root.read(&format!("{}/topology/{name}", path(cpu)));
    number_list::parse(&names.iter().find_map(read)?)
}
