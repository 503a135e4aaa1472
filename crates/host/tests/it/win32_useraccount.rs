//! Win32_UserAccount on captured machines.

use crate::captured::check;

/// In order: the administrator, two services, a user of a whole name, one without a password.
const RULES: &str = r"
AccountType | 512
Caption | kestrel\root | kestrel\daemon | kestrel\www-data | kestrel\ann | kestrel\guest
Description | -
Disabled | -
Domain | kestrel
FullName | root | daemon | www-data | Ann Example | -
InstallDate | -
LocalAccount | TRUE
Lockout | -
Name | root | daemon | www-data | ann | guest
PasswordChangeable | -
PasswordExpires | -
PasswordRequired | - | - | - | - | FALSE
SID | S-1-22-1-0 | S-1-22-1-1 | S-1-22-1-33 | S-1-22-1-1000 | S-1-22-1-1001
SIDType | 1
Status | -
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/account/win32_useraccount.md");
    check("Win32_UserAccount", sources, RULES);
}
