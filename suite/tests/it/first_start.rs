//! The classes of the host in a repository that an older version created.

use std::path::Path;

use cim::Result;
use openwmi::{OpenOptions, Wmi};
use repository::Repository;
use tempfile::TempDir;
use wbem::Flags;

fn open(directory: &TempDir) -> Wmi {
    let machine =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/host/tests/fixtures/server");
    let repository = Some(directory.path().join("repository"));
    Wmi::open(OpenOptions { repository, captured_machine: Some(machine), ..OpenOptions::default() })
        .unwrap()
}

/// A new class, a class that has gained a property, and one with another registration are
/// installed; a class that a user derived, and its instances, are kept.
#[test]
fn an_existing_repository_takes_new_and_changed_classes() {
    let directory = TempDir::new().unwrap();
    let wmi = open(&directory);
    let older = r#"
        #pragma namespace("\\\\.\\root\\cimv2")
        #pragma deleteclass("Win32_Group", nofail)
        #pragma deleteclass("Win32_DiskPartition", nofail)
        [Dynamic, Provider("OpenWMI|Win32_DiskPartition|1")]
        class Win32_DiskPartition : CIM_DiskPartition { [Read] string OnlyBefore; };
        instance of __Win32Provider
        {
            Name = "OpenWMI|Win32_DiskPartition|1";
            CLSID = "{00000000-0000-0000-0000-000000000000}";
            HostingModel = "WmiCore";
        };
        class Acme_Account : Win32_Account { };
        instance of Acme_Account { Domain = "d"; Name = "n"; };"#;
    wmi.compile(r"root\cimv2", older).unwrap();
    drop(wmi);
    let repository = Repository::create_or_open(directory.path().join("repository")).unwrap();
    repository.write(|writer| writer.put_meta("host classes", Some("older"))).unwrap();
    drop(repository);

    let wmi = open(&directory);
    let services = wmi.connect(r"root\cimv2").unwrap();
    let has = |class: &str, property: &str| -> Result<bool> {
        let class = services.get_object(class, Flags::default(), &wmi.context())?;
        Ok(class.class().property(property).is_some())
    };
    assert!(has("Win32_Group", "SID").unwrap());
    assert!(has("Win32_DiskPartition", "StartingOffset").unwrap());
    assert!(!has("Win32_DiskPartition", "OnlyBefore").unwrap());
    for path in [
        "Win32_Group.Domain='kestrel',Name='sudo'",
        "Win32_DiskPartition.DeviceID='/dev/sda1'",
        "Acme_Account.Domain='d',Name='n'",
    ] {
        let found = services.get_object(path, Flags::default(), &wmi.context());
        assert!(found.is_ok(), "{path}: {found:?}");
    }
}
