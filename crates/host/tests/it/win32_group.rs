//! Win32_Group on captured machines.

use crate::captured::check;

const RULES: &str = r"
Caption | kestrel\root | kestrel\daemon | kestrel\sudo | kestrel\www-data | kestrel\users | kestrel\ann | kestrel\ann-too
Description | -
Domain | kestrel
InstallDate | -
LocalAccount | TRUE
Name | root | daemon | sudo | www-data | users | ann | ann-too
SID | S-1-22-2-0 | S-1-22-2-1 | S-1-22-2-27 | S-1-22-2-33 | S-1-22-2-100 | S-1-22-2-1000 | S-1-22-2-1000
SIDType | 4
Status | -
";

#[test]
fn every_property_has_its_value() {
    check("Win32_Group", include_str!("../../src/classes/account/win32_group.md"), RULES);
}
