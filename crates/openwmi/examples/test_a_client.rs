//! Tests a small WMI client without a machine to ask: against a WMI in memory that a MOF text
//! fills. `cargo run -p openwmi --example test_a_client` runs the checks; a project of yours has
//! them as tests.

use openwmi::{WMIConnection, WMIResult, Wmi};
use serde::Deserialize;

/// What the client reads of a disk. Only these properties are asked for.
#[derive(Deserialize)]
#[serde(rename = "Win32_LogicalDisk")]
struct Disk {
    #[serde(rename = "DeviceID")]
    device: String,
    size: Option<u64>,
    #[serde(rename = "FreeSpace")]
    free: Option<u64>,
}

/// The client: the disks of which less than `percent` is free, the fullest first.
/// Production code passes `WMIConnection::new()?`.
fn nearly_full(wmi: &WMIConnection, percent: u64) -> WMIResult<Vec<String>> {
    let mut found: Vec<(u64, String)> = wmi
        .query::<Disk>()?
        .into_iter()
        .filter_map(|disk| {
            // A drive without a medium has no size.
            let size = disk.size.filter(|&size| size > 0)?;
            let free = u128::from(disk.free?) * 100 / u128::from(size);
            Some((u64::try_from(free).ok()?, disk.device))
        })
        .filter(|(free, _)| *free < percent)
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(_, device)| device).collect())
}

/// A machine as the tests want it. A class of the real one can be had with
/// `wmi class show Win32_LogicalDisk -o mof`.
const MACHINE: &str = r#"
class Win32_LogicalDisk
{
    [key] string DeviceID;
    uint64 Size;
    uint64 FreeSpace;
};
instance of Win32_LogicalDisk { DeviceID = "/"; Size = 1000; FreeSpace = 90; };
instance of Win32_LogicalDisk { DeviceID = "/home"; Size = 1000; FreeSpace = 900; };
instance of Win32_LogicalDisk { DeviceID = "/srv"; Size = 18446744073709551615; FreeSpace = 1; };
instance of Win32_LogicalDisk { DeviceID = "/cdrom"; };
"#;

fn main() -> WMIResult<()> {
    let wmi = Wmi::in_memory(Default::default())?;
    wmi.compile(r"root\cimv2", MACHINE)?;
    let cimv2 = wmi.connection(r"root\cimv2")?;

    assert_eq!(nearly_full(&cimv2, 10)?, ["/srv", "/"]);

    // The machine changes, and the client sees it.
    cimv2.delete_instance(r#"Win32_LogicalDisk.DeviceID="/srv""#)?;
    assert_eq!(nearly_full(&cimv2, 10)?, ["/"]);

    // What the client does where the class is missing.
    let empty = Wmi::in_memory(Default::default())?.connection(r"root\cimv2")?;
    let error = nearly_full(&empty, 10).expect_err("there is no such class");
    assert_eq!(error.symbol(), Some("WBEM_E_INVALID_CLASS"));

    println!("the client does what it should");
    Ok(())
}
