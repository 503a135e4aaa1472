//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is files of the kernel and the distribution, by way of
//! `crate::readers::root`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_operatingsystem.md")]

use std::cell::OnceCell;

use cim::{DateTime, Result, Value};

use crate::classes::property::{Each, HostClass, Property};
use crate::facts::hardware::{architecture, cpuinfo};
use crate::facts::scan;
use crate::facts::storage::block_device::BlockDevice;
use crate::facts::storage::mountinfo::{self, Mount};
use crate::facts::system::kernel_version::KernelBuild;
use crate::facts::system::meminfo::MemInfo;
use crate::readers::machine::{COMPUTER_SYSTEM, Machine, OPERATING_SYSTEM};
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, Directory, File};

/// The class Win32_OperatingSystem.
pub(crate) struct Win32OperatingSystem;

/// The machine, and the files that more than one property is read from.
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    memory: OnceCell<MemInfo>,
    build: OnceCell<Option<KernelBuild>>,
    mounts: OnceCell<Vec<u8>>,
}

/// OSType's value for Linux.
const LINUX: u16 = 36;

impl HostClass for Win32OperatingSystem {
    const MOF: &'static str = include_str!("win32_operatingsystem.mof");

    const READS: &'static [Source] = &[
        Directory("/proc"),
        File("/etc/localtime"),
        File("/etc/os-release"),
        File("/proc/cpuinfo"),
        File("/proc/meminfo"),
        File("/proc/self/mountinfo"),
        File("/proc/stat"),
        File("/proc/sys/kernel/hostname"),
        File("/proc/sys/kernel/osrelease"),
        File("/proc/sys/kernel/ostype"),
        File("/proc/sys/kernel/pid_max"),
        File("/proc/sys/kernel/threads-max"),
        File("/proc/sys/kernel/version"),
        File("/sys/dev/block/*"),
    ];

    type Facts<'a> = Facts<'a>;

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::free("BuildNumber", |f| f.build(|build| Some(build.number.clone()))),
        Property::free("BuildType", |f| f.build(|build| build.configuration.clone())),
        Property::free("Caption", |f| f.machine.os_name()),
        Property::free("CreationClassName", |_| OPERATING_SYSTEM.into()),
        Property::free("CSCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("CSName", |f| f.machine.host_name()),
        Property::free("CurrentTimeZone", |f| f.offset_minutes().into()),
        Property::free("DataExecutionPrevention_Available", |f| {
            f.file("proc/cpuinfo").and_then(|bytes| cpuinfo::has_flag(&bytes, b"nx")).into()
        }),
        Property::free("Distributed", |_| false.into()),
        Property::free("FreePhysicalMemory", |f| f.memory().available.into()),
        Property::free("FreeSpaceInPagingFiles", |f| f.memory().swap_free.into()),
        Property::free("FreeVirtualMemory", |f| sum(f.memory().available, f.memory().swap_free)),
        Property::free("LastBootUpTime", |f| f.machine.time_of_ticks(0).into()),
        Property::free("LocalDateTime", |f| f.local_time().into()),
        Property::free("Manufacturer", |f| f.machine.release().vendor_name.clone().into()),
        Property::free("MaxNumberOfProcesses", |f| f.max_processes().into()),
        Property::free("Name", |f| f.machine.os_name()),
        Property::free("NumberOfLicensedUsers", |_| 0u32.into()),
        Property::free("NumberOfProcesses", |f| f.process_count().into()),
        Property::free("OSArchitecture", |f| {
            let width = architecture::address_width(&f.machine.root().architecture());
            width.map(|bits| format!("{bits}-bit")).into()
        }),
        Property::free("OSType", |f| f.os_type().into()),
        Property::free("PortableOperatingSystem", |f| f.is_portable()),
        Property::free("Primary", |_| true.into()),
        Property::free("ProductType", |f| f.product_type().into()),
        Property::free("ServicePackMajorVersion", |_| 0u16.into()),
        Property::free("ServicePackMinorVersion", |_| 0u16.into()),
        Property::free("SizeStoredInPagingFiles", |f| f.memory().swap_total.into()),
        Property::free("SystemDevice", |f| f.root_mount(system_device)),
        Property::free("SystemDrive", |f| f.root_mount(|_| Some("/"))),
        Property::free("TotalSwapSpaceSize", |f| f.memory().swap_total.into()),
        Property::free("TotalVirtualMemorySize", |f| sum(f.memory().total, f.memory().swap_total)),
        Property::free("TotalVisibleMemorySize", |f| f.memory().total.into()),
        Property::free("Version", |f| {
            f.machine.root().read_text("proc/sys/kernel/osrelease").into()
        }),
    ];

    fn each(machine: &Machine<'_>, _: Needs, each: Each<'_, Self>) -> Result<()> {
        let facts = Facts {
            machine,
            memory: OnceCell::new(),
            build: OnceCell::new(),
            mounts: OnceCell::new(),
        };
        // There is no second one to break off before.
        let _ = each(&facts);
        Ok(())
    }
}

impl Facts<'_> {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.machine.root().read(path)
    }

    fn memory(&self) -> &MemInfo {
        self.memory.get_or_init(|| {
            self.file("proc/meminfo").map(|bytes| MemInfo::parse(&bytes)).unwrap_or_default()
        })
    }

    fn build(&self, value: impl FnOnce(&KernelBuild) -> Option<String>) -> Value {
        let read = || KernelBuild::parse(&self.file("proc/sys/kernel/version")?);
        self.build.get_or_init(read).as_ref().and_then(value).into()
    }

    fn offset_minutes(&self) -> Option<i16> {
        self.machine.offset_minutes(self.machine.root().now_micros())
    }

    fn local_time(&self) -> Option<DateTime> {
        self.machine.local_time(self.machine.root().now_micros())
    }

    /// Every process takes a pid and has a thread, so that both limits bound their number.
    fn max_processes(&self) -> Option<u32> {
        let pids = self.machine.root().read_number("proc/sys/kernel/pid_max")?;
        let threads = self.machine.root().read_number("proc/sys/kernel/threads-max")?;
        // No process has pid 0.
        pids.saturating_sub(1).min(threads).try_into().ok()
    }

    fn process_count(&self) -> Option<u32> {
        self.machine.root().processes().ok()?.ids().ok()?.len().try_into().ok()
    }

    fn os_type(&self) -> Option<u16> {
        let kernel = self.machine.root().read_text("proc/sys/kernel/ostype")?;
        (kernel == "Linux").then_some(LINUX)
    }

    fn product_type(&self) -> Option<u32> {
        const WORKSTATION: u32 = 1;
        const SERVER: u32 = 3;
        match self.machine.release().variant_id.as_deref()? {
            "workstation" | "desktop" => Some(WORKSTATION),
            "server" => Some(SERVER),
            _ => None,
        }
    }

    fn root_mount<V: Into<Value>>(&self, value: impl FnOnce(&Mount<'_>) -> Option<V>) -> Value {
        let mounts =
            self.mounts.get_or_init(|| self.file("proc/self/mountinfo").unwrap_or_default());
        let root = mountinfo::visible(mounts).into_iter().find(|m| &*m.mount_point == b"/");
        root.as_ref().and_then(value).into()
    }

    fn is_portable(&self) -> Value {
        self.root_mount(|mount| {
            let (major, minor) = mount.device;
            let link = self.machine.root().link(&format!("sys/dev/block/{major}:{minor}"))?;
            BlockDevice::parse(&link)?.on_usb
        })
    }
}

fn system_device(root: &Mount<'_>) -> Option<String> {
    root.source.starts_with(b"/dev/").then(|| scan::text(&root.source).into_owned())
}

fn sum(a: Option<u64>, b: Option<u64>) -> Value {
    a.zip(b).and_then(|(a, b)| a.checked_add(b)).into()
}
