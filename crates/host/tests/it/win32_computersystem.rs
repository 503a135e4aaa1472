//! Win32_ComputerSystem on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

const RULES: &str = "
AdminPasswordStatus | 0
AutomaticManagedPagefile | -
AutomaticResetBootOption | TRUE
AutomaticResetCapability | TRUE
BootOptionOnLimit | 3
BootOptionOnWatchDog | 1
BootROMSupported | -
BootStatus | {0}
BootupState | -
Caption | kestrel
ChassisBootupState | 3
ChassisSKUNumber | SKU-C2
CreationClassName | Win32_ComputerSystem
CurrentTimeZone | 120
DaylightInEffect | TRUE
Description | -
DNSHostName | kestrel
Domain | example
DomainRole | -
EnableDaylightSavingsTime | TRUE
FrontPanelResetStatus | 1
HypervisorPresent | FALSE
InfraredSupported | -
InitialLoadInfo | -
InstallDate | -
KeyboardPasswordStatus | 2
LastLoadInfo | -
Manufacturer | Example Inc.
Model | Example Rack 2000
Name | kestrel
NameFormat | -
NetworkServerModeEnabled | -
NumberOfLogicalProcessors | 5
NumberOfProcessors | 2
OEMLogoBitmap | -
OEMStringArray | {First of the maker, second}
PartOfDomain | TRUE
PauseAfterReset | 120000
PCSystemType | 4
PCSystemTypeEx | 4
PowerManagementCapabilities | {1}
PowerManagementSupported | FALSE
PowerOnPasswordStatus | 1
PowerState | -
PowerSupplyState | 3
PrimaryOwnerContact | -
PrimaryOwnerName | -
ResetCapability | 4
ResetCount | -1
ResetLimit | 3
Roles | -
Status | OK
SupportContactDescription | {https://www.debian.org/support}
SystemFamily | Example Rack
SystemSKUNumber | ER-2000-16
SystemStartupDelay | -
SystemStartupOptions | -
SystemStartupSetting | -
SystemType | x64-based PC
ThermalState | 3
TotalPhysicalMemory | 8318418944
UserName | -
WakeUpType | 6
Workgroup | -
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/system/win32_computersystem.md");
    check("Win32_ComputerSystem", sources, RULES);
}

#[test]
fn what_is_not_there_is_null() {
    let class = class("Win32_ComputerSystem");
    let found = instances(&class, "bare", &Wanted::All);
    let [system] = &found[..] else { panic!("{found:?}") };
    for (name, value) in [
        ("PowerManagementCapabilities", "-"),
        ("PowerManagementSupported", "TRUE"),
        ("Model", "Example Board Rev 1.2"),
        ("Name", "bare.example.org"),
        ("DNSHostName", "bare"),
        ("Domain", "-"),
        ("PartOfDomain", "-"),
        ("AutomaticResetBootOption", "FALSE"),
        ("DaylightInEffect", "FALSE"),
        ("EnableDaylightSavingsTime", "FALSE"),
        ("HypervisorPresent", "-"),
        ("NumberOfProcessors", "1"),
        ("NumberOfLogicalProcessors", "2"),
        // A tablet, which the older list of kinds does not have.
        ("PCSystemType", "-"),
        ("PCSystemTypeEx", "8"),
        ("SystemType", "Unknown"),
        ("AdminPasswordStatus", "-"),
        ("PauseAfterReset", "-"),
        ("OEMStringArray", "-"),
        ("BootStatus", "-"),
    ] {
        assert_eq!(spelled(system.get(name).unwrap()), value, "{name}");
    }
}
