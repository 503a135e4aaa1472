//! Win32_OperatingSystem on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// NumberOfProcesses counts the process that ends before it can be read, as the kernel's
/// listing does.
const RULES: &str = "
BootDevice | -
BuildNumber | 1
BuildType | SMP PREEMPT_DYNAMIC
Caption | Debian GNU/Linux 13 (trixie)
CodeSet | -
CountryCode | -
CreationClassName | Win32_OperatingSystem
CSCreationClassName | Win32_ComputerSystem
CSDVersion | -
CSName | kestrel
CurrentTimeZone | 120
DataExecutionPrevention_32BitApplications | -
DataExecutionPrevention_Available | TRUE
DataExecutionPrevention_Drivers | -
DataExecutionPrevention_SupportPolicy | -
Debug | -
Description | -
Distributed | FALSE
EncryptionLevel | -
ForegroundApplicationBoost | -
FreePhysicalMemory | 5123456
FreeSpaceInPagingFiles | 2096000
FreeVirtualMemory | 7219456
InstallDate | -
LargeSystemCache | -
LastBootUpTime | 20260609121320.000000+120
LocalDateTime | 20260610121320.250000+120
Locale | -
Manufacturer | Debian Project
MaxNumberOfProcesses | 62345
MaxProcessMemorySize | -
MUILanguages | -
Name | Debian GNU/Linux 13 (trixie)
NumberOfLicensedUsers | 0
NumberOfProcesses | 8
NumberOfUsers | -
OperatingSystemSKU | -
Organization | -
OSArchitecture | 64-bit
OSLanguage | -
OSProductSuite | -
OSType | 36
OtherTypeDescription | -
PAEEnabled | -
PlusProductID | -
PlusVersionNumber | -
PortableOperatingSystem | FALSE
Primary | TRUE
ProductType | 3
QuantumLength | -
QuantumType | -
RegisteredUser | -
SerialNumber | -
ServicePackMajorVersion | 0
ServicePackMinorVersion | 0
SizeStoredInPagingFiles | 2097148
Status | -
SuiteMask | -
SystemDevice | /dev/sda2
SystemDirectory | -
SystemDrive | /
TotalSwapSpaceSize | 2097148
TotalVirtualMemorySize | 10220604
TotalVisibleMemorySize | 8123456
Version | 6.12.9-amd64
WindowsDirectory | -
";

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/system/win32_operatingsystem.md");
    check("Win32_OperatingSystem", sources, RULES);
}

#[test]
fn what_is_not_there_is_null() {
    let class = class("Win32_OperatingSystem");
    let found = instances(&class, "bare", &Wanted::All);
    let [system] = &found[..] else { panic!("{found:?}") };
    for (name, value) in [
        ("Name", "Linux"),
        ("CSName", "bare.example.org"),
        ("OSArchitecture", "32-bit"),
        // No zone is UTC.
        ("LocalDateTime", "20260610101320.000000+000"),
        ("LastBootUpTime", "-"),
        ("Version", "-"),
        ("Manufacturer", "-"),
        ("FreePhysicalMemory", "-"),
        ("TotalVisibleMemorySize", "512000"),
        ("TotalVirtualMemorySize", "-"),
        // The root is no disk's.
        ("SystemDevice", "-"),
        ("SystemDrive", "/"),
        ("PortableOperatingSystem", "-"),
        ("DataExecutionPrevention_Available", "-"),
    ] {
        assert_eq!(spelled(system.get(name).unwrap()), value, "{name}");
    }
}
