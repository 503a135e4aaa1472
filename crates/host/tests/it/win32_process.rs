//! Win32_Process on captured machines.

use wbem::Wanted;

use crate::captured::{check, class, instances, spelled};

/// In order: init; a kernel thread; one of real time; a process whose kernel name holds spaces
/// and parentheses; one whose file has been removed; a zombie; one whose link and counters are
/// refused. The directory of a process that ends while it is read (5555) is not among them.
const RULES: &str = "
Caption | systemd | kthreadd | migration/0 | web | nginx | sleep | sshd
CommandLine | /sbin/init splash | - | - | /opt/My App/web --title two words | nginx: master process /usr/sbin/nginx -g daemon off; | - | sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
CreationClassName | Win32_Process
CreationDate | 20260609121320.310000+120 | 20260609121320.310000+120 | 20260609121320.330000+120 | 20260609122329.710000+120 | 20260609122500.000000+120 | 20260609123858.740000+120 | 20260609121329.000000+120
CSCreationClassName | Win32_ComputerSystem
CSName | kestrel
Description | systemd | kthreadd | migration/0 | web | nginx | sleep | sshd
ExecutablePath | /usr/lib/systemd/systemd | - | - | /opt/My App/web | /usr/sbin/nginx | - | -
ExecutionState | 4 | 4 | 4 | 3 | 4 | 7 | 4
Handle | 1 | 2 | 18 | 431 | 977 | 1204 | 1300
HandleCount | 4 | - | - | 2 | 1 | - | -
InstallDate | -
KernelModeTime | 31200000 | 0 | 4000000 | 6000000 | 900000 | 0 | 200000
MaximumWorkingSetSize | -
MinimumWorkingSetSize | -
Name | systemd | kthreadd | migration/0 | web | nginx | sleep | sshd
OSCreationClassName | Win32_OperatingSystem
OSName | Debian GNU/Linux 13 (trixie)
OtherOperationCount | -
OtherTransferCount | -
PageFaults | 8180 | 0 | 0 | 99 | 0 | 135 | 0
PageFileUsage | 128 | - | - | 8 | 0 | - | 0
ParentProcessId | 0 | 0 | 2 | 1 | 1 | 977 | 1
PeakPageFileUsage | -
PeakVirtualSize | 173260800 | - | - | 3137536 | 10485760 | - | 15806464
PeakWorkingSetSize | 13400 | - | - | 1720 | 4100 | - | 9216
Priority | 8 | 8 | 31 | 4 | 9 | 8 | 8
PrivatePageCount | 5379 | - | - | 123 | 258 | - | 333
ProcessId | 1 | 2 | 18 | 431 | 977 | 1204 | 1300
QuotaNonPagedPoolUsage | -
QuotaPagedPoolUsage | -
QuotaPeakNonPagedPoolUsage | -
QuotaPeakPagedPoolUsage | -
ReadOperationCount | 12345 | 0 | 0 | 10 | 30 | 10 | -
ReadTransferCount | 51234567 | 0 | 0 | 6976 | 100 | 6976 | -
SessionId | 1 | 0 | 0 | 431 | 977 | 977 | 1300
Status | -
TerminationDate | -
ThreadCount | 1 | 1 | 1 | 9 | 1 | 1 | 1
UserModeTime | 24500000 | 0 | 0 | 5000000 | 400000 | 0 | 100000
VirtualSize | 173248512 | 0 | 0 | 3133440 | 10485760 | 0 | 15806464
WindowsVersion | -
WorkingSetSize | 13631488 | 0 | 0 | 1757184 | 4194304 | 0 | 9437184
WriteOperationCount | 6789 | 0 | 0 | 3 | 40 | 0 | -
WriteTransferCount | 2345678 | 0 | 0 | 12 | 200 | 0 | -
";

#[test]
fn every_property_has_its_value() {
    check("Win32_Process", include_str!("../../src/classes/process/win32_process.md"), RULES);
}

#[test]
fn what_is_not_there_is_null_and_counters_begin_anew() {
    let class = class("Win32_Process");
    let found = instances(&class, "bare", &Wanted::All);
    let [process] = &found[..] else { panic!("{found:?}") };
    for (name, value) in [
        ("Name", "odd"),
        ("ExecutionState", "7"),
        // 4294967301 without reading and 2 with, modulo 2^32.
        ("PageFaults", "7"),
        // Pages of 16 KiB.
        ("WorkingSetSize", "32768"),
        // Neither a start of the system nor a zone is known, nor a distribution.
        ("CreationDate", "-"),
        ("OSName", "Linux"),
        ("CommandLine", "-"),
        ("ReadTransferCount", "-"),
        ("HandleCount", "-"),
    ] {
        assert_eq!(spelled(process.get(name).unwrap()), value, "{name}");
    }
}
