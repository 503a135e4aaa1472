//! Win32_Processor on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// Two sockets of three: one with two cores of two threads each, one with a single core, whose
/// clock no driver controls.
const RULES: &str = "
AddressWidth | 64
Architecture | 9
AssetTag | ASSET-A | ASSET-B
Availability | 3
Caption | Example CPU 9000
Characteristics | 252
ConfigManagerErrorCode | -
ConfigManagerUserConfig | -
CpuStatus | 1
CreationClassName | Win32_Processor
CurrentClockSpeed | 2400 | 2199
CurrentVoltage | 11 | -
DataWidth | 64
Description | Family 6 Model 85 Stepping 7
DeviceID | CPU0 | CPU1
ErrorCleared | -
ErrorDescription | -
ExtClock | 100
Family | 107
InstallDate | -
L2CacheSize | 1024 | 512
L2CacheSpeed | -
L3CacheSize | 16384 | 8192
L3CacheSpeed | -
LastErrorCode | -
Level | 6
LoadPercentage | -
Manufacturer | GenuineIntel
MaxClockSpeed | 3700 | 3800
Name | Example CPU 9000
NumberOfCores | 2 | 1
NumberOfEnabledCore | 2 | 1
NumberOfLogicalProcessors | 4 | 1
OtherFamilyDescription | -
PartNumber | PART-A | PART-B
PNPDeviceID | -
PowerManagementCapabilities | -
PowerManagementSupported | -
ProcessorId | 178BFBFF00A10F11
ProcessorType | 3
Revision | 21767
Role | Central Processor
SecondLevelAddressTranslationExtensions | TRUE
SerialNumber | SER-A | SER-B
SocketDesignation | CPU0 | CPU1
Status | -
StatusInfo | 3
Stepping | 7
SystemCreationClassName | Win32_ComputerSystem
SystemName | kestrel
ThreadCount | 4 | 1
UniqueId | -
UpgradeMethod | 50
Version | Model 85, Stepping 7
VirtualizationFirmwareEnabled | -
VMMonitorModeExtensions | TRUE
VoltageCaps | - | 3
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/hardware/win32_processor.md");
    check("Win32_Processor", sources, RULES);
}

#[test]
fn where_sockets_are_not_told_there_is_one() {
    let class = class("Win32_Processor");
    let found = instances(&class, "bare", &Wanted::All);
    let [processor] = &found[..] else { panic!("{found:?}") };
    for (name, value) in [
        ("DeviceID", "CPU0"),
        ("Name", "ARMv7 Processor rev 4 (v7l)"),
        ("NumberOfLogicalProcessors", "2"),
        ("NumberOfCores", "-"),
        ("Architecture", "5"),
        ("AddressWidth", "32"),
        ("DataWidth", "32"),
        ("Manufacturer", "-"),
        ("Level", "-"),
        ("Version", "-"),
        ("L2CacheSize", "-"),
        ("MaxClockSpeed", "-"),
        ("CurrentClockSpeed", "-"),
        ("VMMonitorModeExtensions", "-"),
        ("SerialNumber", "-"),
    ] {
        assert_eq!(spelled(processor.get(name).unwrap()), value, "{name}");
    }
}
