//! Provides the class: the value of each property. Does not evaluate queries.
//! Input is the processes below `/proc`, each read file by file, by way of
//! `crate::readers::processes`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("win32_process.md")]

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::WBEM_E_FAILED;
use cim::{DateTime, Result, Value};

use super::win32_process_methods::Win32ProcessMethods;
use crate::classes::property::{Each, Find, HostClass, Methods, Property};
use crate::facts::process::stat::ProcessStat;
use crate::facts::scan;
use crate::readers::machine::{COMPUTER_SYSTEM, Machine, OPERATING_SYSTEM};
use crate::readers::needs::Needs;
use crate::readers::processes::{CMDLINE, EXE, HANDLES, IO, NAME, Process, STAT, STATUS};
use crate::readers::source::Source::{self, Directory, File};

/// The class Win32_Process.
pub(crate) struct Win32Process;

/// A process, and the machine that it runs on.
pub(crate) struct Facts<'a> {
    process: Process<'a>,
    machine: &'a Machine<'a>,
}

impl HostClass for Win32Process {
    const MOF: &'static str = include_str!("win32_process.mof");

    const METHODS: Option<Methods> = Some(|root| Arc::new(Win32ProcessMethods::new(root)));

    const READS: &'static [Source] = &[
        Directory("/proc"),
        Directory("/proc/*/fd"),
        File("/etc/localtime"),
        File("/etc/os-release"),
        File("/etc/passwd"),
        File("/proc/*/cmdline"),
        File("/proc/*/exe"),
        File("/proc/*/io"),
        File("/proc/*/stat"),
        File("/proc/*/status"),
        File("/proc/stat"),
        File("/proc/sys/kernel/hostname"),
        File("/proc/sys/kernel/ostype"),
    ];

    type Facts<'a> = Facts<'a>;

    const FIND: &'static [Find<Self>] = &[Find { property: "Handle", find }];

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::new("Caption", NAME, |f| text(f.process.name())),
        Property::new("CommandLine", CMDLINE, |f| text(f.process.command_line.map(|c| c.joined))),
        Property::free("CreationClassName", |_| "Win32_Process".into()),
        Property::new("CreationDate", STAT, |f| f.creation_date().into()),
        Property::free("CSCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("CSName", |f| f.machine.host_name()),
        Property::new("Description", NAME, |f| text(f.process.name())),
        Property::new("ExecutablePath", EXE, |f| text(f.process.executable)),
        Property::new("ExecutionState", STAT, |f| f.stat(|s| execution_state(s.state))),
        Property::free("Handle", |f| scan::digits(f.process.id, &mut [0; 10]).into()),
        Property::new("HandleCount", HANDLES, |f| f.process.handles.into()),
        Property::new("KernelModeTime", STAT, |f| f.time(|s| s.kernel_ticks)),
        Property::new("Name", NAME, |f| text(f.process.name())),
        Property::free("OSCreationClassName", |_| OPERATING_SYSTEM.into()),
        Property::free("OSName", |f| f.machine.os_name()),
        Property::new("PageFaults", STAT, |f| f.stat(page_faults)),
        Property::new("PageFileUsage", STATUS, |f| kilobytes(f.process.status.swap)),
        Property::new("ParentProcessId", STAT, |f| f.stat(|s| s.parent)),
        Property::new("PeakVirtualSize", STATUS, |f| bytes(f.process.status.peak_virtual)),
        Property::new("PeakWorkingSetSize", STATUS, |f| kilobytes(f.process.status.peak_resident)),
        Property::new("Priority", STAT, |f| f.stat(priority)),
        Property::new("PrivatePageCount", STATUS, |f| f.private_pages().into()),
        Property::free("ProcessId", |f| f.process.id.into()),
        Property::new("ReadOperationCount", IO, |f| f.process.io.map(|io| io.reads).into()),
        Property::new("ReadTransferCount", IO, |f| f.process.io.map(|io| io.read_bytes).into()),
        Property::new("SessionId", STAT, |f| f.stat_if(|s| u32::try_from(s.session).ok())),
        Property::new("ThreadCount", STAT, |f| f.stat_if(|s| u32::try_from(s.threads).ok())),
        Property::new("UserModeTime", STAT, |f| f.time(|s| s.user_ticks)),
        Property::new("VirtualSize", STAT, |f| f.stat(|s| s.virtual_bytes)),
        Property::new("WorkingSetSize", STAT, |f| {
            f.stat_if(|s| s.resident_pages.checked_mul(f.machine.page_size()))
        }),
        Property::new("WriteOperationCount", IO, |f| f.process.io.map(|io| io.writes).into()),
        Property::new("WriteTransferCount", IO, |f| f.process.io.map(|io| io.written_bytes).into()),
    ];

    fn each(machine: &Machine<'_>, needs: Needs, each: Each<'_, Self>) -> Result<()> {
        let (mut processes, ids) = machine
            .root()
            .processes()
            .and_then(|processes| processes.ids().map(|ids| (processes, ids)))
            .map_err(|error| WBEM_E_FAILED.with(format!("/proc cannot be listed: {error}")))?;
        for id in ids {
            let Some(process) = processes.read(id, needs) else { continue };
            if each(&Facts { process, machine }).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn find(
    machine: &Machine<'_>,
    handle: &Value,
    needs: Needs,
    each: Each<'_, Win32Process>,
) -> Result<()> {
    let Some(id) = handle.as_str().and_then(pid) else { return Ok(()) };
    let mut processes = machine
        .root()
        .processes()
        .map_err(|error| WBEM_E_FAILED.with(format!("/proc cannot be opened: {error}")))?;
    if processes.exists(id)
        && let Some(process) = processes.read(id, needs)
    {
        // There is no second one to break off before.
        let _: ControlFlow<()> = each(&Facts { process, machine });
    }
    Ok(())
}

/// The pid that a handle spells. Another spelling of the number, as `007`, is no handle.
pub(super) fn pid(handle: &str) -> Option<u32> {
    let id = handle.parse().ok()?;
    (scan::digits(id, &mut [0; 10]) == handle).then_some(id)
}

impl Facts<'_> {
    fn stat<V: Into<Value>>(&self, value: impl FnOnce(&ProcessStat<'_>) -> V) -> Value {
        self.stat_if(|stat| Some(value(stat)))
    }

    fn stat_if<V: Into<Value>>(&self, value: impl FnOnce(&ProcessStat<'_>) -> Option<V>) -> Value {
        self.process.stat.as_ref().and_then(value).into()
    }

    fn time(&self, ticks: impl FnOnce(&ProcessStat<'_>) -> u64) -> Value {
        self.stat_if(|stat| self.machine.hundred_nanoseconds(ticks(stat)))
    }

    fn creation_date(&self) -> Option<DateTime> {
        self.machine.time_of_ticks(self.process.stat.as_ref()?.start_ticks)
    }

    fn private_pages(&self) -> Option<u64> {
        let status = &self.process.status;
        let bytes = status.data?.checked_add(status.stack?)?.checked_mul(1024)?;
        bytes.checked_div(self.machine.page_size())
    }
}

fn text(bytes: Option<&[u8]>) -> Value {
    bytes.map_or(Value::Null, |bytes| Value::string(scan::text(bytes)))
}

/// Kilobytes in a property of 32 bits; a greater value is reported as the maximum.
fn kilobytes(kilobytes: Option<u64>) -> Value {
    kilobytes.map(|n| u32::try_from(n).unwrap_or(u32::MAX)).into()
}

fn bytes(kilobytes: Option<u64>) -> Value {
    kilobytes.and_then(|n| n.checked_mul(1024)).into()
}

/// A 32-bit counter that wraps, so that differences stay correct.
fn page_faults(stat: &ProcessStat<'_>) -> u32 {
    stat.minor_faults.wrapping_add(stat.major_faults) as u32
}

/// The kernel's letter as a value of CIM_Process.ExecutionState.
fn execution_state(letter: u8) -> u16 {
    const OTHER: u16 = 1;
    const RUNNING: u16 = 3;
    const BLOCKED: u16 = 4;
    const TERMINATED: u16 = 7;
    const STOPPED: u16 = 8;
    match letter {
        b'R' => RUNNING,
        b'S' | b'D' | b'I' => BLOCKED,
        b'T' | b't' => STOPPED,
        b'Z' | b'X' | b'x' => TERMINATED,
        _ => OTHER,
    }
}

/// How urgent it is on the documented scale from 0 to 31, where 8 is normal and 16 and above
/// is real time: the kernel's order of urgency, kept.
fn priority(stat: &ProcessStat<'_>) -> u32 {
    if stat.realtime_priority > 0 {
        return 16 + (stat.realtime_priority.min(99) * 15 / 99) as u32;
    }
    match stat.nice.clamp(-20, 19) {
        nice @ 1.. => 8 - ((nice * 7 + 18) / 19) as u32,
        nice => 8 + (-nice * 7 / 20) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_keeps_its_order() {
        let at = |nice, realtime_priority| {
            let (times, limits) = ("0 ".repeat(9), "0 ".repeat(19));
            let line =
                format!("1 (x) S 0 0 0 0 -1 {times}20 {nice} 1 {limits}{realtime_priority} 0");
            priority(&ProcessStat::parse(line.as_bytes()).unwrap())
        };
        assert_eq!([at(19, 0), at(1, 0), at(0, 0), at(-20, 0)], [1, 7, 8, 15]);
        assert_eq!([at(0, 1), at(0, 99), at(-20, 1000)], [16, 31, 31]);
        assert!((-20..19).all(|nice| at(nice, 0) >= at(nice + 1, 0)));
    }

    #[test]
    fn states_that_cim_has_no_word_for_are_other() {
        assert_eq!(execution_state(b'R'), 3);
        assert_eq!(execution_state(b'P'), 1);
    }
}
