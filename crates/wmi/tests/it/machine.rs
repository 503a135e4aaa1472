//! The program on captured machines: host data is read from files.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Program, text};

/// The directory of the captured machine `name`.
fn machine(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../host/tests/fixtures")).join(name)
}

/// What a run over the machine `name` prints as JSON.
#[track_caller]
fn json_of(program: &Program, name: &str, arguments: &[&str]) -> Value {
    program.json(&[&["--machine", text(&machine(name))], arguments].concat())
}

#[test]
fn g25_from_a_logical_disk_over_its_partition_to_the_drive() {
    let program = Program::new();
    let ids = |machine: &str, path: &str, class: &str| {
        let arguments = ["assoc", path, "--result-class", class, "-p", "DeviceID"];
        json_of(&program, machine, &arguments)
    };
    let partition = "Win32_DiskPartition";
    let found = ids("gpt", "Win32_LogicalDisk.DeviceID=\"/\"", partition);
    assert_eq!(found, json!([{ "__CLASS": partition, "DeviceID": "/dev/vda2" }]));
    let found = ids("gpt", "Win32_DiskPartition.DeviceID=\"/dev/vda2\"", "Win32_DiskDrive");
    assert_eq!(found, json!([{ "__CLASS": "Win32_DiskDrive", "DeviceID": "/dev/vda" }]));
    // A volume over two disks, and the way back.
    let found = ids("lvm", "Win32_LogicalDisk.DeviceID=\"/\"", partition);
    let found: Vec<&Value> = found.as_array().unwrap().iter().map(|p| &p["DeviceID"]).collect();
    assert_eq!(found, ["/dev/nvme0n1p2", "/dev/sdb1"]);
    let found = ids("lvm", "Win32_DiskPartition.DeviceID=\"/dev/sdb1\"", "Win32_LogicalDisk");
    assert_eq!(found, json!([{ "__CLASS": "Win32_LogicalDisk", "DeviceID": "/" }]));
    // A name with a blank in it.
    let found = ids("server", "Win32_LogicalDisk.DeviceID=\"/mnt/My Disk\"", partition);
    assert_eq!(found, json!([{ "__CLASS": partition, "DeviceID": "/dev/sdc1" }]));
}

#[test]
fn g25_the_ends_of_a_membership_and_the_members_of_a_group() {
    let program = Program::new();
    let memberships = json_of(
        &program,
        "server",
        &["ref", "Win32_UserAccount.Domain=\"kestrel\",Name=\"ann\"", "--system"],
    );
    let groups: Vec<&str> = memberships
        .as_array()
        .unwrap()
        .iter()
        .map(|membership| membership["GroupComponent"].as_str().unwrap())
        .collect();
    assert!(groups.iter().any(|group| group.ends_with("Name=\"sudo\"")), "{groups:?}");
    // The path of a Win32_GroupUser has paths in its keys, and so quotes within quotes.
    let path = memberships[0]["__RELPATH"].as_str().unwrap();
    assert!(path.starts_with("Win32_GroupUser.") && path.contains("\\\""), "{path}");
    let membership = json_of(&program, "server", &["get", path]);
    assert_eq!(membership["GroupComponent"], memberships[0]["GroupComponent"]);
    assert_eq!(json_of(&program, "server", &["assoc", path]), json!([]));
    let members = json_of(
        &program,
        "server",
        &["assoc", "Win32_Group.Domain=\"kestrel\",Name=\"sudo\"", "-p", "Name"],
    );
    assert_eq!(members, json!([{ "__CLASS": "Win32_UserAccount", "Name": "ann" }]));
    let ends = json_of(
        &program,
        "server",
        &[
            "assoc",
            "Win32_UserAccount.Domain=\"kestrel\",Name=\"ann\"",
            "--assoc-class",
            "Win32_GroupUser",
            "--result-role",
            "GroupComponent",
            "-p",
            "Name",
        ],
    );
    assert_eq!(ends.as_array().unwrap().len(), groups.len());
}
