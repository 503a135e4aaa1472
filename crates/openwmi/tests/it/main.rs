//! The library as a program that embeds it sees it: an in-memory WMI, filled by MOF or by a
//! provider, asked through connections.

mod connection;
mod derive;
mod examples;
mod guide;
mod instances;
mod memory;
mod provider;
mod recover;
mod typed;

use openwmi::{WMIConnection, Wmi};

/// A WMI in memory with the tests' schema in `root\shop`.
fn shop() -> WMIConnection {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    wmi.compile(r"root\shop", include_str!("shop.mof")).unwrap();
    wmi.connection(r"root\shop").unwrap()
}
