//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is files of the kernel and the firmware, by way of
//! `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_computersystem.md")]

use cim::{Result, Value};

use crate::classes::property::{Each, HostClass, Property};
use crate::facts::hardware::cpuinfo;
use crate::facts::hardware::smbios::{
    BOOT_STATUS, CHASSIS, HARDWARE_SECURITY, OEM_STRINGS, SYSTEM, SYSTEM_RESET,
};
use crate::facts::system::meminfo::MemInfo;
use crate::facts::system::time_zone;
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::processors;
use crate::readers::source::Source::{self, File};

/// The class Win32_ComputerSystem.
pub(crate) struct Win32ComputerSystem;

/// The machine, which is all that there is to know.
pub(crate) struct Facts<'a>(&'a Machine<'a>);

impl HostClass for Win32ComputerSystem {
    const MOF: &'static str = include_str!("win32_computersystem.mof");

    const READS: &'static [Source] = &[
        File("/etc/localtime"),
        File("/etc/os-release"),
        File("/proc/cpuinfo"),
        File("/proc/device-tree/model"),
        File("/proc/meminfo"),
        File("/proc/sys/kernel/domainname"),
        File("/proc/sys/kernel/hostname"),
        File("/proc/sys/kernel/panic"),
        File("/sys/class/dmi/id/product_family"),
        File("/sys/class/dmi/id/product_name"),
        File("/sys/class/dmi/id/product_sku"),
        File("/sys/class/dmi/id/sys_vendor"),
        File("/sys/devices/system/cpu/cpu*/topology/core_siblings_list"),
        File("/sys/devices/system/cpu/cpu*/topology/package_cpus_list"),
        File("/sys/devices/system/cpu/cpu*/topology/physical_package_id"),
        File("/sys/devices/system/cpu/online"),
        File("/sys/firmware/acpi/pm_profile"),
        File("/sys/firmware/dmi/tables/DMI"),
        File("/sys/power/state"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("AdminPasswordStatus", |f| f.security(2).into()),
        Property::free("AutomaticResetBootOption", |f| f.restarts_after_panic().into()),
        Property::free("AutomaticResetCapability", |f| f.reset(|bits| bits & 1 != 0)),
        Property::free("BootOptionOnLimit", |f| f.reset(|bits| u16::from(bits >> 3 & 3))),
        Property::free("BootOptionOnWatchDog", |f| f.reset(|bits| u16::from(bits >> 1 & 3))),
        Property::free("BootStatus", |f| f.boot_status()),
        Property::free("Caption", |f| f.0.host_name()),
        Property::free("ChassisBootupState", |f| f.chassis(0x09).into()),
        Property::free("ChassisSKUNumber", |f| f.chassis_sku().into()),
        Property::free("CreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("CurrentTimeZone", |f| f.0.offset_minutes(f.now()).into()),
        Property::free("DaylightInEffect", |f| {
            time_zone::is_summer_time(f.0.zone(), f.now()).into()
        }),
        Property::free("DNSHostName", |f| f.dns_name().into()),
        Property::free("Domain", |f| f.domain().into()),
        Property::free("EnableDaylightSavingsTime", |f| {
            time_zone::changes_to_summer_time(f.0.zone(), f.now()).into()
        }),
        Property::free("FrontPanelResetStatus", |f| f.security(0).into()),
        Property::free("HypervisorPresent", |f| f.has_hypervisor().into()),
        Property::free("KeyboardPasswordStatus", |f| f.security(4).into()),
        Property::free("Manufacturer", |f| f.dmi("sys_vendor").into()),
        Property::free("Model", |f| f.model().into()),
        Property::free("Name", |f| f.0.host_name()),
        Property::free("NumberOfLogicalProcessors", |f| {
            count(processors::online(f.0.root()).map(|cpus| cpus.len()))
        }),
        Property::free("NumberOfProcessors", |f| {
            count(processors::sockets(f.0.root()).map(|sockets| sockets.len()))
        }),
        Property::free("OEMStringArray", |f| f.oem_strings()),
        Property::free("PartOfDomain", |f| f.domain().map(|_| true).into()),
        Property::free("PauseAfterReset", |f| f.pause_after_reset().into()),
        Property::free("PCSystemType", |f| f.profile(7).into()),
        Property::free("PCSystemTypeEx", |f| f.profile(8).into()),
        Property::free("PowerManagementCapabilities", |f| f.power_capabilities()),
        Property::free("PowerManagementSupported", |f| f.can_sleep().into()),
        Property::free("PowerOnPasswordStatus", |f| f.security(6).into()),
        Property::free("PowerSupplyState", |f| f.chassis(0x0a).into()),
        Property::free("ResetCapability", |f| f.security(0).map(reset_capability).into()),
        Property::free("ResetCount", |f| f.reset_number(0x05).into()),
        Property::free("ResetLimit", |f| f.reset_number(0x07).into()),
        Property::free("Status", |_| "OK".into()),
        Property::free("SupportContactDescription", |f| f.support()),
        Property::free("SystemFamily", |f| f.dmi("product_family").into()),
        Property::free("SystemSKUNumber", |f| f.dmi("product_sku").into()),
        Property::free("SystemType", |f| system_type(&f.0.root().architecture()).into()),
        Property::free("ThermalState", |f| f.chassis(0x0b).into()),
        Property::free("TotalPhysicalMemory", |f| f.memory_bytes().into()),
        Property::free("WakeUpType", |f| f.wake_up_type().into()),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        // There is no second one to break off before.
        let _ = each(&Facts(machine));
        Ok(())
    }
}

impl Facts<'_> {
    fn now(&self) -> i64 {
        self.0.root().now_micros()
    }

    fn text(&self, path: &str) -> Option<String> {
        self.0.root().read_text(path).filter(|text| !text.is_empty())
    }

    fn dmi(&self, name: &str) -> Option<String> {
        self.text(&format!("sys/class/dmi/id/{name}"))
    }

    fn model(&self) -> Option<String> {
        // Texts of the device tree end in a zero.
        let in_device_tree = || Some(self.text("proc/device-tree/model")?.replace('\0', ""));
        self.dmi("product_name").or_else(in_device_tree)
    }

    fn dns_name(&self) -> Option<String> {
        let name = self.text("proc/sys/kernel/hostname")?;
        name.split('.').next().map(str::to_owned)
    }

    fn domain(&self) -> Option<String> {
        self.text("proc/sys/kernel/domainname").filter(|name| name != "(none)")
    }

    fn restarts_after_panic(&self) -> Option<bool> {
        // Seconds to wait, or a negative number not to wait at all.
        Some(self.text("proc/sys/kernel/panic")?.parse::<i64>().ok()? != 0)
    }

    fn has_hypervisor(&self) -> Option<bool> {
        cpuinfo::has_flag(&self.0.root().read("proc/cpuinfo")?, b"hypervisor")
    }

    fn memory_bytes(&self) -> Option<u64> {
        MemInfo::parse(&self.0.root().read("proc/meminfo")?).total?.checked_mul(1024)
    }

    fn can_sleep(&self) -> Option<bool> {
        Some(!self.0.root().read_text("sys/power/state")?.is_empty())
    }

    fn power_capabilities(&self) -> Value {
        const NOT_SUPPORTED: u16 = 1;
        match self.can_sleep() {
            Some(false) => Value::array([NOT_SUPPORTED.into()]),
            _ => Value::Null,
        }
    }

    /// The profile that the firmware has chosen for power management, where it is no greater
    /// than `last`; the documented values are ACPI's.
    fn profile(&self, last: u64) -> Option<u16> {
        let profile = self.0.root().read_number("sys/firmware/acpi/pm_profile")?;
        u16::try_from(profile).ok().filter(|_| profile <= last)
    }

    fn support(&self) -> Value {
        let address = self.0.release().support_url.as_deref();
        address.map_or(Value::Null, |address| Value::array([address.into()]))
    }

    /// Two of the bits about passwords and buttons; the documented values are SMBIOS's.
    fn security(&self, shift: u32) -> Option<u16> {
        Some(u16::from(self.0.smbios(HARDWARE_SECURITY)?.byte(0x04)? >> shift & 3))
    }

    /// What the bits about resets say.
    fn reset<V: Into<Value>>(&self, value: impl FnOnce(u8) -> V) -> Value {
        let bits = self.0.smbios(SYSTEM_RESET).and_then(|reset| reset.byte(0x04));
        bits.map(value).map_or(Value::Null, Into::into)
    }

    /// A number about resets: 0xffff, which is -1, where it is not known.
    fn reset_number(&self, at: usize) -> Option<i16> {
        self.0.smbios(SYSTEM_RESET)?.word(at).map(u16::cast_signed)
    }

    /// In milliseconds. The record has minutes, with 0xffff where they are not known.
    fn pause_after_reset(&self) -> Option<i64> {
        Some(match self.0.smbios(SYSTEM_RESET)?.word(0x0b)? {
            u16::MAX => -1,
            minutes => i64::from(minutes) * 60_000,
        })
    }

    fn chassis(&self, at: usize) -> Option<u16> {
        self.0.smbios(CHASSIS)?.byte(at).map(u16::from)
    }

    /// Stands behind a list of elements: their number, the length of each, then they.
    fn chassis_sku(&self) -> Option<String> {
        let chassis = self.0.smbios(CHASSIS)?;
        let elements = usize::from(chassis.byte(0x13)?) * usize::from(chassis.byte(0x14)?);
        chassis.text(0x15 + elements)
    }

    fn wake_up_type(&self) -> Option<u16> {
        self.0.smbios(SYSTEM)?.byte(0x18).map(u16::from)
    }

    fn boot_status(&self) -> Value {
        let Some(status) = self.0.smbios(BOOT_STATUS) else { return Value::Null };
        Value::array(status.rest(0x0a).iter().map(|&byte| u16::from(byte).into()))
    }

    fn oem_strings(&self) -> Value {
        let all = self.0.all_smbios(OEM_STRINGS).flat_map(|strings| strings.texts());
        let texts: Vec<Value> = all.filter(|text| !text.is_empty()).map(Value::string).collect();
        if texts.is_empty() { Value::Null } else { Value::array(texts) }
    }
}

fn count(number: Option<usize>) -> Value {
    number.and_then(|number| u32::try_from(number).ok()).into()
}

/// The value for what FrontPanelResetStatus says.
fn reset_capability(status: u16) -> u16 {
    const UNKNOWN: u16 = 2;
    const DISABLED: u16 = 3;
    const ENABLED: u16 = 4;
    const NOT_IMPLEMENTED: u16 = 5;
    match status {
        0 => DISABLED,
        1 => ENABLED,
        2 => NOT_IMPLEMENTED,
        _ => UNKNOWN,
    }
}

/// The name of a kind of processor, from the kernel's name of its architecture.
fn system_type(architecture: &str) -> &'static str {
    match architecture {
        "x86_64" => "x64-based PC",
        "i386" | "i486" | "i586" | "i686" => "X86-based PC",
        "aarch64" => "ARM64-based PC",
        "alpha" => "64-bit Alpha PC",
        "ia64" => "64-bit Intel PC",
        name if name.starts_with("mips") => "MIPS-based PC",
        name if name.starts_with("ppc") => "Power PC",
        name if name.starts_with("sh") => "SH-x PC",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_architectures() {
        for (architecture, name) in [
            ("x86_64", "x64-based PC"),
            ("i686", "X86-based PC"),
            ("aarch64", "ARM64-based PC"),
            ("mips64", "MIPS-based PC"),
            ("ppc64le", "Power PC"),
            ("sh4a", "SH-x PC"),
            ("riscv64", "Unknown"),
            ("", "Unknown"),
        ] {
            assert_eq!(system_type(architecture), name, "{architecture}");
        }
    }

    #[test]
    fn a_button_that_does_nothing_is_no_button_that_is_missing() {
        assert_eq!([0, 1, 2, 3].map(reset_capability), [3, 4, 5, 2]);
    }
}
