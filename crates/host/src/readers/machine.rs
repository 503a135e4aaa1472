//! Values of the machine as a whole that several classes use, read at most once a query and only
//! when used.

use std::cell::OnceCell;

use cim::datetime::Point;
use cim::{Class, DateTime, Origin, Value};
use jiff::tz::TimeZone;

use crate::facts::hardware::smbios::{self, Structure};
use crate::facts::system::os_release::OsRelease;
use crate::facts::system::{kernel_stat, time_zone};
use crate::readers::root::Root;

/// The class of the computer system, by definition.
pub(crate) const COMPUTER_SYSTEM: &str = "Win32_ComputerSystem";
/// The class of the operating system, by definition.
pub(crate) const OPERATING_SYSTEM: &str = "Win32_OperatingSystem";

/// A machine as one query sees it: what was read once does not change.
pub(crate) struct Machine<'a> {
    root: &'a Root,
    class: Option<&'a Class>,
    host_name: OnceCell<Value>,
    release: OnceCell<OsRelease>,
    os_name: OnceCell<Value>,
    zone: OnceCell<TimeZone>,
    boot_micros: OnceCell<Option<i64>>,
    smbios: OnceCell<Vec<u8>>,
    page_size: u64,
    ticks_per_second: u64,
}

impl<'a> Machine<'a> {
    /// The machine that `root` describes.
    pub(crate) fn new(root: &'a Root) -> Self {
        Machine {
            root,
            class: None,
            host_name: OnceCell::new(),
            release: OnceCell::new(),
            os_name: OnceCell::new(),
            zone: OnceCell::new(),
            boot_micros: OnceCell::new(),
            smbios: OnceCell::new(),
            page_size: root.page_size(),
            ticks_per_second: root.ticks_per_second().max(1),
        }
    }

    /// The same, for instances of `class`: references are relative to its namespace.
    pub(crate) fn for_class(self, class: &'a Class) -> Self {
        Machine { class: Some(class), ..self }
    }

    /// The class being populated.
    pub(crate) fn class(&self) -> Option<&'a Class> {
        self.class
    }

    /// The server and namespace of the class, if it is in one.
    pub(crate) fn origin(&self) -> Option<&'a Origin> {
        self.class?.origin().map(|origin| &**origin)
    }

    /// The machine that is read.
    pub(crate) fn root(&self) -> &'a Root {
        self.root
    }

    /// Its name: `/proc/sys/kernel/hostname`.
    pub(crate) fn host_name(&self) -> Value {
        self.host_name
            .get_or_init(|| self.root.read_text("proc/sys/kernel/hostname").into())
            .clone()
    }

    /// Its distribution: `/etc/os-release`.
    pub(crate) fn release(&self) -> &OsRelease {
        self.release.get_or_init(|| {
            self.root
                .read("etc/os-release")
                .map(|bytes| OsRelease::parse(&bytes))
                .unwrap_or_default()
        })
    }

    /// The name of its operating system: the distribution's name to be shown, else its name,
    /// else the kernel's (`/proc/sys/kernel/ostype`).
    pub(crate) fn os_name(&self) -> Value {
        let name = || {
            let release = self.release();
            let name = release.pretty_name.as_ref().or(release.name.as_ref()).cloned();
            name.or_else(|| self.root.read_text("proc/sys/kernel/ostype")).into()
        };
        self.os_name.get_or_init(name).clone()
    }

    /// When it was started, in microseconds since 1970 UTC: `btime` in `/proc/stat`.
    pub(crate) fn boot_micros(&self) -> Option<i64> {
        *self.boot_micros.get_or_init(|| {
            let seconds = kernel_stat::boot_time(&self.root.read("proc/stat")?)?;
            i64::try_from(seconds).ok()?.checked_mul(1_000_000)
        })
    }

    /// How many minutes its local time is ahead of UTC then: `/etc/localtime`; without that
    /// file local time is UTC, as it is for the C library.
    pub(crate) fn offset_minutes(&self, unix_micros: i64) -> Option<i16> {
        time_zone::offset_minutes(self.zone(), unix_micros)
    }

    /// The rules of its local time: `/etc/localtime`, else those of UTC.
    pub(crate) fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(|| {
            let rules = self.root.read("etc/localtime");
            rules.and_then(|bytes| time_zone::parse(&bytes)).unwrap_or(TimeZone::UTC)
        })
    }

    /// The first SMBIOS structure of one type:
    /// `/sys/firmware/dmi/tables/DMI`, which only root may read.
    pub(crate) fn smbios(&self, kind: u8) -> Option<Structure<'_>> {
        self.all_smbios(kind).next()
    }

    /// All structures of one type.
    pub(crate) fn all_smbios(&self, kind: u8) -> impl Iterator<Item = Structure<'_>> {
        let tables = || self.root.read("sys/firmware/dmi/tables/DMI").unwrap_or_default();
        smbios::structures(self.smbios.get_or_init(tables), kind)
    }

    /// A time as the machine's local time.
    pub(crate) fn local_time(&self, unix_micros: i64) -> Option<DateTime> {
        let offset = self.offset_minutes(unix_micros)?;
        Point::from_unix_micros(unix_micros, offset).map(DateTime::Point)
    }

    /// The time at which `ticks` had passed since the start.
    pub(crate) fn time_of_ticks(&self, ticks: u64) -> Option<DateTime> {
        let since_start = u128::from(ticks) * 1_000_000 / u128::from(self.ticks_per_second);
        self.local_time(self.boot_micros()?.checked_add(i64::try_from(since_start).ok()?)?)
    }

    /// `ticks` in units of 100 nanoseconds.
    pub(crate) fn hundred_nanoseconds(&self, ticks: u64) -> Option<u64> {
        (u128::from(ticks) * 10_000_000 / u128::from(self.ticks_per_second)).try_into().ok()
    }

    /// Bytes of a page of memory.
    pub(crate) fn page_size(&self) -> u64 {
        self.page_size
    }
}
