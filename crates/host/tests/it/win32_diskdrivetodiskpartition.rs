//! Win32_DiskDriveToDiskPartition on captured machines.

use crate::captured::check;

const RULES: &str = r#"
Antecedent | Win32_DiskDrive.DeviceID="/dev/sda" | Win32_DiskDrive.DeviceID="/dev/sda" | Win32_DiskDrive.DeviceID="/dev/sdc"
Dependent | Win32_DiskPartition.DeviceID="/dev/sda1" | Win32_DiskPartition.DeviceID="/dev/sda2" | Win32_DiskPartition.DeviceID="/dev/sdc1"
"#;

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/storage/win32_diskdrivetodiskpartition.md");
    check("Win32_DiskDriveToDiskPartition", sources, RULES);
}
