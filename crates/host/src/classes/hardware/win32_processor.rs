//! Provides the class: the value of each property. Does not evaluate queries. Input is the kernel's
//! and the firmware's records of processors, by way of `crate::readers::processors` and
//! `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_processor.md")]

use std::cell::OnceCell;

use cim::status::WBEM_E_FAILED;
use cim::{Result, Value};

use crate::classes::property::{Each, Find, HostClass, Property};
use crate::facts::hardware::architecture;
use crate::facts::hardware::cpuinfo::{self, Cpu};
use crate::facts::hardware::smbios::{PROCESSOR, Structure};
use crate::facts::scan;
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::processors::{self, Socket};
use crate::readers::source::Source::{self, File};

/// The class Win32_Processor.
pub(crate) struct Win32Processor;

/// A socket, and the file about all sockets.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    socket: &'a Socket,
    /// Its place among the sockets, and how many there are.
    place: (usize, usize),
    cpuinfo: &'a OnceCell<Vec<u8>>,
}

/// ProcessorType's value for a processor that runs programs, which SMBIOS shares.
const CENTRAL: u8 = 3;

impl HostClass for Win32Processor {
    const MOF: &'static str = include_str!("win32_processor.mof");

    const READS: &'static [Source] = &[
        File("/proc/cpuinfo"),
        File("/proc/sys/kernel/hostname"),
        File("/sys/devices/system/cpu/cpu*/cache/index*/level"),
        File("/sys/devices/system/cpu/cpu*/cache/index*/shared_cpu_list"),
        File("/sys/devices/system/cpu/cpu*/cache/index*/size"),
        File("/sys/devices/system/cpu/cpu*/cache/index*/type"),
        File("/sys/devices/system/cpu/cpu*/cpufreq/cpuinfo_max_freq"),
        File("/sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq"),
        File("/sys/devices/system/cpu/cpu*/topology/core_cpus_list"),
        File("/sys/devices/system/cpu/cpu*/topology/core_siblings_list"),
        File("/sys/devices/system/cpu/cpu*/topology/package_cpus_list"),
        File("/sys/devices/system/cpu/cpu*/topology/physical_package_id"),
        File("/sys/devices/system/cpu/cpu*/topology/thread_siblings_list"),
        File("/sys/devices/system/cpu/online"),
        File("/sys/firmware/dmi/tables/DMI"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("AddressWidth", |f| f.address_width().into()),
        Property::free("Architecture", |f| kind(&f.architecture()).into()),
        Property::free("AssetTag", |f| f.record_text(0x21).into()),
        Property::free("Availability", |_| 3u16.into()),
        Property::free("Caption", |f| f.name().into()),
        Property::free("Characteristics", |f| f.record(|r| r.word(0x26).map(u32::from))),
        Property::free("CpuStatus", |f| f.record(|r| Some(u16::from(r.byte(0x18)? & 7)))),
        Property::free("CreationClassName", |_| "Win32_Processor".into()),
        Property::free("CurrentClockSpeed", |f| f.current_clock().into()),
        Property::free("CurrentVoltage", |f| f.record(|r| voltage(r.byte(0x11)?))),
        Property::free("DataWidth", |f| f.data_width().into()),
        Property::free("Description", |f| f.description().into()),
        Property::free("DeviceID", |f| device_id(f.socket).into()),
        Property::free("ExtClock", |f| f.record(|r| known(r.word(0x12)?))),
        Property::free("Family", |f| f.record(family)),
        Property::free("L2CacheSize", |f| f.cache_kilobytes(2).into()),
        Property::free("L3CacheSize", |f| f.cache_kilobytes(3).into()),
        Property::free("Level", |f| f.number(b"cpu family").into()),
        Property::free("Manufacturer", |f| {
            f.text(b"vendor_id").or_else(|| f.record_text(0x07)).into()
        }),
        Property::free("MaxClockSpeed", |f| f.max_clock()),
        Property::free("Name", |f| f.name().into()),
        Property::free("NumberOfCores", |f| f.cores().into()),
        Property::free("NumberOfEnabledCore", |f| f.cores().into()),
        Property::free("NumberOfLogicalProcessors", |f| f.threads().into()),
        Property::free("PartNumber", |f| f.record_text(0x22).into()),
        Property::free("ProcessorId", |f| f.record(|r| Some(format!("{:016X}", r.quad(0x08)?)))),
        Property::free("ProcessorType", |_| u16::from(CENTRAL).into()),
        Property::free("Revision", |f| f.revision().into()),
        Property::free("Role", |_| "Central Processor".into()),
        Property::free("SecondLevelAddressTranslationExtensions", |f| {
            let has = |flag| cpuinfo::has_virtualization_flag(f.cpuinfo(), flag);
            has(b"ept").zip(has(b"npt")).map(|(ept, npt)| ept || npt).into()
        }),
        Property::free("SerialNumber", |f| f.record_text(0x20).into()),
        Property::free("SocketDesignation", |f| f.record_text(0x04).into()),
        Property::free("StatusInfo", |_| 3u16.into()),
        Property::free("Stepping", |f| f.text(b"stepping").into()),
        Property::free("SystemCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("SystemName", |f| f.machine.host_name()),
        Property::free("ThreadCount", |f| f.threads().into()),
        Property::free("UpgradeMethod", |f| f.record(|r| r.byte(0x19).map(u16::from))),
        Property::free("Version", |f| f.version().into()),
        Property::free("VMMonitorModeExtensions", |f| {
            let has = |flag| cpuinfo::has_flag(f.cpuinfo(), flag);
            has(b"vmx").zip(has(b"svm")).map(|(vmx, svm)| vmx || svm).into()
        }),
        Property::free("VoltageCaps", |f| f.record(|r| voltage_capabilities(r.byte(0x11)?))),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        each_where(machine, |_| true, each)
    }

    const FIND: &'static [Find<Self>] = &[Find {
        property: "DeviceID",
        find: |machine, id, _, each| {
            let is_wanted = |socket: &Socket| {
                id.as_str().is_some_and(|id| cim::name::eq(id, &device_id(socket)))
            };
            each_where(machine, is_wanted, each)
        },
    }];
}

fn each_where(
    machine: &Machine<'_>,
    is_wanted: impl Fn(&Socket) -> bool,
    each: Each<'_, Win32Processor>,
) -> Result<()> {
    let sockets = processors::sockets(machine.root()).ok_or_else(|| {
        WBEM_E_FAILED.with("the list of processors, /sys/devices/system/cpu/online, cannot be read")
    })?;
    let cpuinfo = OnceCell::new();
    for (at, socket) in sockets.iter().enumerate().filter(|(_, socket)| is_wanted(socket)) {
        let facts = Facts { machine, socket, place: (at, sockets.len()), cpuinfo: &cpuinfo };
        if each(&facts).is_break() {
            break;
        }
    }
    Ok(())
}

fn device_id(socket: &Socket) -> String {
    format!("CPU{}", socket.id)
}

impl Facts<'_> {
    fn architecture(&self) -> String {
        self.machine.root().architecture()
    }

    fn cpuinfo(&self) -> &[u8] {
        self.cpuinfo.get_or_init(|| self.machine.root().read("proc/cpuinfo").unwrap_or_default())
    }

    fn cpu(&self) -> Option<Cpu<'_>> {
        Cpu::find(self.cpuinfo(), self.socket.first())
    }

    fn text(&self, label: &[u8]) -> Option<String> {
        Some(scan::text(self.cpu()?.value(label)?).into_owned())
    }

    fn number(&self, label: &[u8]) -> Option<u16> {
        self.cpu()?.number(label)?.try_into().ok()
    }

    /// A frequency that the file `name` has in kHz, in MHz.
    fn frequency(&self, name: &str) -> Option<u32> {
        let path = processors::path(self.socket.first());
        let kilohertz = self.machine.root().read_number(&format!("{path}/cpufreq/{name}"))?;
        (kilohertz / 1000).try_into().ok()
    }

    /// What the firmware's record of this socket says.
    fn record<V: Into<Value>>(&self, value: impl FnOnce(Structure<'_>) -> Option<V>) -> Value {
        let (at, count) = self.place;
        let records: Vec<Structure<'_>> =
            self.machine.all_smbios(PROCESSOR).filter(is_central_and_there).collect();
        let record = records.get(at).filter(|_| records.len() == count);
        record.and_then(|record| value(*record)).into()
    }

    fn record_text(&self, at: usize) -> Option<String> {
        let text = self.record(|record| record.text(at));
        text.as_str().map(str::to_owned)
    }

    fn name(&self) -> Option<String> {
        self.text(b"model name").or_else(|| self.record_text(0x10))
    }

    fn description(&self) -> Option<String> {
        let family = self.number(b"cpu family")?;
        let (model, stepping) = (self.number(b"model")?, self.number(b"stepping")?);
        Some(format!("Family {family} Model {model} Stepping {stepping}"))
    }

    fn version(&self) -> Option<String> {
        let (model, stepping) = (self.number(b"model")?, self.number(b"stepping")?);
        Some(format!("Model {model}, Stepping {stepping}"))
    }

    fn revision(&self) -> Option<u16> {
        let model = u8::try_from(self.number(b"model")?).ok()?;
        let stepping = u8::try_from(self.number(b"stepping")?).ok()?;
        Some(u16::from_be_bytes([model, stepping]))
    }

    fn address_width(&self) -> Option<u16> {
        architecture::address_width(&self.architecture())
    }

    fn data_width(&self) -> Option<u16> {
        match cpuinfo::has_flag(self.cpuinfo(), b"lm") {
            Some(has_long_mode) => Some(if has_long_mode { 64 } else { 32 }),
            None => self.address_width(),
        }
    }

    fn current_clock(&self) -> Option<u32> {
        let listed = || self.cpu()?.megahertz()?.try_into().ok();
        self.frequency("scaling_cur_freq").or_else(listed)
    }

    fn max_clock(&self) -> Value {
        match self.frequency("cpuinfo_max_freq") {
            Some(megahertz) => megahertz.into(),
            None => self.record(|record| known(record.word(0x14)?)),
        }
    }

    fn cores(&self) -> Option<u32> {
        self.socket.cores(self.machine.root())?.try_into().ok()
    }

    fn threads(&self) -> Option<u32> {
        self.socket.threads().try_into().ok()
    }

    fn cache_kilobytes(&self, level: u64) -> Option<u32> {
        let bytes = self.socket.cache_bytes(self.machine.root(), level)?;
        (bytes / 1024).try_into().ok()
    }
}

/// The documented value for an architecture.
fn kind(architecture: &str) -> Option<u16> {
    Some(match architecture {
        "i386" | "i486" | "i586" | "i686" => 0,
        "alpha" => 2,
        "ia64" => 6,
        "x86_64" => 9,
        "aarch64" => 12,
        name if name.starts_with("mips") => 1,
        name if name.starts_with("ppc") => 3,
        name if name.starts_with("arm") => 5,
        _ => return None,
    })
}

/// Whether a record is of a socket that is not empty, and made for a processor that runs programs.
fn is_central_and_there(record: &Structure<'_>) -> bool {
    const POPULATED: u8 = 1 << 6;
    record.byte(0x05) == Some(CENTRAL) && record.byte(0x18).is_some_and(|s| s & POPULATED != 0)
}

/// A speed in MHz, where 0 means unknown.
fn known(megahertz: u16) -> Option<u32> {
    (megahertz != 0).then_some(megahertz.into())
}

/// The documented values are SMBIOS's. Those that do not fit a byte are in a second field.
fn family(record: Structure<'_>) -> Option<u16> {
    const IN_SECOND_FIELD: u8 = 0xfe;
    match record.byte(0x06)? {
        IN_SECOND_FIELD => record.word(0x28),
        family => Some(family.into()),
    }
}

/// Tenths of volts, where the field holds them.
fn voltage(field: u8) -> Option<u16> {
    (field & 0x80 != 0).then_some(u16::from(field & 0x7f))
}

/// The voltages that the socket takes, where the field holds them.
fn voltage_capabilities(field: u8) -> Option<u32> {
    let bits = field & 7;
    (field & 0x80 == 0 && bits != 0).then_some(bits.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_by_their_documented_numbers() {
        let names = ["i686", "mips64", "alpha", "ppc64le", "armv7l", "ia64", "x86_64", "aarch64"];
        let numbers = [0, 1, 2, 3, 5, 6, 9, 12].map(Some);
        assert_eq!(names.map(kind), numbers);
        assert_eq!(kind("riscv64"), None);
    }

    #[test]
    fn one_field_holds_a_voltage_or_several() {
        assert_eq!((voltage(0x8b), voltage_capabilities(0x8b)), (Some(11), None));
        assert_eq!((voltage(0x03), voltage_capabilities(0x03)), (None, Some(3)));
        assert_eq!((voltage(0), voltage_capabilities(0)), (None, None));
    }
}
