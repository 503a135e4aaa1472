//! The aliases of `wmic`: short names of classes, each with the key that a word after it selects
//! and the properties of the brief list.

/// A short name of a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alias {
    /// The name.
    pub(super) name: &'static str,
    /// The class.
    pub(super) class: &'static str,
    /// The property that a word right after the alias is compared with.
    pub(super) key: &'static str,
    /// The properties that `list brief` prints; empty for all.
    pub(super) brief: &'static [&'static str],
}

/// The alias `name`, in any case.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name.eq_ignore_ascii_case(name))
}

const fn alias(
    name: &'static str,
    class: &'static str,
    key: &'static str,
    brief: &'static [&'static str],
) -> Alias {
    Alias { name, class, key, brief }
}

/// The well-known ones, in alphabetical order.
pub(super) const ALIASES: [Alias; 34] = [
    alias(
        "baseboard",
        "Win32_BaseBoard",
        "Tag",
        &["Manufacturer", "Model", "Name", "SerialNumber"],
    ),
    alias("bios", "Win32_BIOS", "Name", &["Manufacturer", "Name", "SerialNumber", "Version"]),
    alias("cdrom", "Win32_CDROMDrive", "DeviceID", &["Drive", "Manufacturer", "VolumeName"]),
    alias(
        "computersystem",
        "Win32_ComputerSystem",
        "Name",
        &["Domain", "Manufacturer", "Model", "Name", "PrimaryOwnerName", "TotalPhysicalMemory"],
    ),
    alias(
        "cpu",
        "Win32_Processor",
        "DeviceID",
        &["Caption", "DeviceID", "Manufacturer", "MaxClockSpeed", "Name", "SocketDesignation"],
    ),
    alias(
        "csproduct",
        "Win32_ComputerSystemProduct",
        "Name",
        &["Name", "UUID", "Vendor", "Version"],
    ),
    alias("datafile", "CIM_DataFile", "Name", &[]),
    alias(
        "diskdrive",
        "Win32_DiskDrive",
        "DeviceID",
        &["Caption", "DeviceID", "Model", "Partitions", "Size"],
    ),
    alias("environment", "Win32_Environment", "Name", &["Name", "UserName", "VariableValue"]),
    alias("fsdir", "Win32_Directory", "Name", &[]),
    alias("group", "Win32_Group", "Name", &["Caption", "Domain", "Name", "SID"]),
    alias(
        "logicaldisk",
        "Win32_LogicalDisk",
        "DeviceID",
        &["DeviceID", "DriveType", "FreeSpace", "ProviderName", "Size", "VolumeName"],
    ),
    alias("memorychip", "Win32_PhysicalMemory", "Tag", &["Capacity", "DeviceLocator", "Tag"]),
    alias("memphysical", "Win32_PhysicalMemoryArray", "Tag", &[]),
    alias("netlogin", "Win32_NetworkLoginProfile", "Name", &[]),
    alias("nic", "Win32_NetworkAdapter", "DeviceID", &["DeviceID", "MACAddress", "Name", "Speed"]),
    alias(
        "nicconfig",
        "Win32_NetworkAdapterConfiguration",
        "Index",
        &["DHCPEnabled", "Index", "IPAddress", "MACAddress"],
    ),
    alias("ntdomain", "Win32_NTDomain", "Name", &[]),
    alias("ntevent", "Win32_NTLogEvent", "RecordNumber", &["EventIdentifier", "Message"]),
    alias(
        "os",
        "Win32_OperatingSystem",
        "Name",
        &[
            "BuildNumber",
            "Organization",
            "RegisteredUser",
            "SerialNumber",
            "SystemDirectory",
            "Version",
        ],
    ),
    alias("pagefile", "Win32_PageFileUsage", "Name", &["CurrentUsage", "Name"]),
    alias(
        "partition",
        "Win32_DiskPartition",
        "DeviceID",
        &["BootPartition", "DeviceID", "Name", "PrimaryPartition", "Size"],
    ),
    alias("printer", "Win32_Printer", "DeviceID", &["DeviceID", "DriverName", "Name"]),
    alias(
        "process",
        "Win32_Process",
        "Handle",
        &["HandleCount", "Name", "Priority", "ProcessId", "ThreadCount", "WorkingSetSize"],
    ),
    alias("product", "Win32_Product", "Name", &["Name", "Vendor", "Version"]),
    alias("qfe", "Win32_QuickFixEngineering", "HotFixID", &["Description", "HotFixID"]),
    alias(
        "service",
        "Win32_Service",
        "Name",
        &["ExitCode", "Name", "ProcessId", "StartMode", "State", "Status"],
    ),
    alias("share", "Win32_Share", "Name", &["Name", "Path"]),
    alias("startup", "Win32_StartupCommand", "Name", &["Caption", "Command", "User"]),
    alias("sysaccount", "Win32_SystemAccount", "Name", &["Domain", "Name", "SID"]),
    alias("systemenclosure", "Win32_SystemEnclosure", "Tag", &["Manufacturer", "SerialNumber"]),
    alias("timezone", "Win32_TimeZone", "StandardName", &["Bias", "Caption"]),
    alias("useraccount", "Win32_UserAccount", "Name", &["Caption", "FullName", "Name", "SID"]),
    alias("volume", "Win32_Volume", "DeviceID", &["Capacity", "DriveLetter", "FreeSpace", "Label"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_once_and_in_any_case() {
        assert!(ALIASES.is_sorted_by_key(|alias| alias.name));
        assert_eq!(find("OS").map(|alias| alias.class), Some("Win32_OperatingSystem"));
        assert!(find("oss").is_none());
    }
}
