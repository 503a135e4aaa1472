//! Win32_Service, read from a mock of systemd on a private D-Bus.

use std::sync::Arc;

use cim::status::*;
use cim::{Instance, Result, Value};
use host::{Bus, Root};
use wbem::{Pushdown, Wanted};
use wql::{Comparison, Predicate};

use crate::captured::{check_instances, class, context, enumerate, host_class, root, spelled};
use crate::mock_systemd::{Answer, MockSystemd, MockUnit};

/// In order: one that failed; one that runs; one whose processes are suspended; an instance of a
/// template; one that cannot be started; one that has done its work; one that starts; one that stops
/// after it was killed; one that was not needed yet.
fn units() -> Vec<(&'static str, MockUnit)> {
    vec![
        (
            "broken",
            MockUnit::new("Breaks", "failed")
                .file("enabled")
                .command("/opt/My App/run", &["run", "--now"])
                .service("Result", "exit-code".to_owned())
                .service("ExecMainCode", 1_i32)
                .service("ExecMainStatus", 3_i32),
        ),
        (
            "cron",
            MockUnit::new("Regular background program processing daemon", "active")
                .file("enabled")
                .unit("CanFreeze", true)
                .command("/usr/sbin/cron", &["/usr/sbin/cron", "-f", "-P"])
                .service("MainPID", 812_u32),
        ),
        (
            "frozen",
            MockUnit::new("Frozen", "active")
                .file("disabled")
                .unit("CanFreeze", true)
                .unit("FreezerState", "frozen".to_owned())
                .service("User", "www-data".to_owned())
                .service("MainPID", 900_u32),
        ),
        ("getty@tty1", MockUnit::new("Getty on tty1", "active").service("MainPID", 700_u32)),
        (
            "masked",
            MockUnit::new("masked.service", "inactive")
                .file("masked")
                .unit("LoadState", "masked".to_owned())
                .unit("InactiveExitTimestamp", 0_u64),
        ),
        (
            "oneshot",
            MockUnit::new("Does it once", "active")
                .file("static")
                .unit("CanFreeze", false)
                .service("DynamicUser", true),
        ),
        ("starting", MockUnit::new("Starts", "activating").service("MainPID", 44_u32)),
        ("stopping", MockUnit::new("Stops", "deactivating").service("Result", "signal".to_owned())),
        (
            "unloaded",
            MockUnit::new("Sleeps", "inactive")
                .file("disabled")
                .unit("InactiveExitTimestamp", 0_u64)
                .not_loaded(),
        ),
    ]
}

const RULES: &str = r"
AcceptPause | - | TRUE | TRUE | - | - | FALSE | - | - | -
AcceptStop | FALSE | TRUE | TRUE | TRUE | FALSE | TRUE | FALSE | FALSE | FALSE
Caption | Breaks | Regular background program processing daemon | Frozen | Getty on tty1 | masked.service | Does it once | Starts | Stops | Sleeps
CheckPoint | 0 | 0 | 0 | 0 | 0 | 0 | - | - | 0
CreationClassName | Win32_Service
DelayedAutoStart | -
Description | Breaks | Regular background program processing daemon | Frozen | Getty on tty1 | masked.service | Does it once | Starts | Stops | Sleeps
DesktopInteract | -
DisplayName | Breaks | Regular background program processing daemon | Frozen | Getty on tty1 | masked.service | Does it once | Starts | Stops | Sleeps
ErrorControl | -
ExitCode | 1066 | 0 | 0 | 0 | - | 0 | 0 | 1067 | -
InstallDate | -
Name | broken | cron | frozen | getty@tty1 | masked | oneshot | starting | stopping | unloaded
PathName | /opt/My App/run --now | /usr/sbin/cron -f -P | - | - | - | - | - | - | -
ProcessId | 0 | 812 | 900 | 700 | 0 | 0 | 44 | 0 | 0
ServiceSpecificExitCode | 3 | - | - | - | - | - | - | - | -
ServiceType | Own Process
Started | FALSE | TRUE | TRUE | TRUE | FALSE | TRUE | FALSE | TRUE | FALSE
StartMode | Auto | Auto | Manual | - | Disabled | Manual | - | - | Manual
StartName | root | root | www-data | root | root | - | root | root | root
State | Stopped | Running | Paused | Running | Stopped | Running | Start Pending | Stop Pending | Stopped
Status | Error | OK | OK | OK | OK | OK | Starting | Stopping | OK
SystemCreationClassName | Win32_ComputerSystem
SystemName | kestrel
TagId | 0
WaitHint | 0 | 0 | 0 | 0 | 0 | 0 | - | - | 0
";

fn services(machine: Arc<Root>, wanted: &Wanted) -> Result<Vec<Instance>> {
    enumerate(machine, &class("Win32_Service"), wanted, &[])
}

fn names(services: &[Instance]) -> Vec<String> {
    services.iter().map(|service| spelled(service.get("Name").unwrap())).collect()
}

fn get(machine: Arc<Root>, name: &str) -> Result<Instance> {
    let provider = host_class("Win32_Service").provider(machine);
    provider.get(&class("Win32_Service"), &[Value::string(name)], &Wanted::All, &context())
}

/// The services that a query with `Name = ...` gives.
fn named(machine: Arc<Root>, name: &str) -> Result<Vec<Instance>> {
    let class = class("Win32_Service");
    let slot = class.slot("Name").unwrap();
    let predicate = Predicate { slot, comparison: Comparison::Equal, value: Value::string(name) };
    let provider = host_class("Win32_Service").provider(machine.clone());
    assert_eq!(provider.pushdown(&class, &predicate), Pushdown::Exact);
    enumerate(machine, &class, &Wanted::All, &[predicate])
}

#[test]
fn every_property_has_its_value() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    let services = services(systemd.machine(), &Wanted::All).unwrap();
    let sources = include_str!("../../src/classes/service/win32_service.md");
    check_instances(&class("Win32_Service"), &services, sources, RULES);
}

#[test]
fn templates_aliases_and_what_is_only_mentioned_are_no_services() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    systemd.alias("syslog", "cron");
    let all = services(systemd.machine(), &Wanted::All).unwrap();
    assert_eq!(all.len(), 9);
    for name in ["syslog", "mentioned", "getty@", "nothing", "cron.service", "a b", "../cron", ""] {
        let found = get(systemd.machine(), name);
        assert_eq!(found.unwrap_err().status(), WBEM_E_NOT_FOUND, "{name:?}");
        assert_eq!(named(systemd.machine(), name), Ok(vec![]), "{name:?}");
    }
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    let slots = |names: &[&str]| {
        let class = class("Win32_Service");
        Wanted::Slots(names.iter().map(|name| class.slot(name).unwrap()).collect())
    };
    let asked = |wanted: Wanted| {
        assert_eq!(services(systemd.machine(), &wanted).unwrap().len(), 9);
        let calls = systemd.calls();
        let of = |start: &str| calls.iter().filter(|call| call.starts_with(start)).count();
        (of("List"), of("LoadUnit"), of("GetAll"))
    };
    assert_eq!(asked(slots(&["Name", "SystemName"])), (2, 0, 0));
    // One of the nine is not loaded yet.
    assert_eq!(asked(slots(&["Name", "State"])), (2, 1, 9));
    assert_eq!(asked(slots(&["ProcessId"])), (2, 1, 18));
}

#[test]
fn one_service_is_asked_for_alone() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    assert_eq!(names(&named(systemd.machine(), "cron").unwrap()), ["cron"]);
    let service = "GetAll org.freedesktop.systemd1.Service";
    let unit = "GetAll org.freedesktop.systemd1.Unit";
    assert_eq!(systemd.calls(), ["LoadUnit cron.service", unit, service]);
    assert_eq!(
        spelled(get(systemd.machine(), "unloaded").unwrap().get("State").unwrap()),
        "Stopped"
    );
    assert_eq!(systemd.calls(), ["LoadUnit unloaded.service", unit, service]);
    // Names compare without case, systemd's with.
    assert_eq!(names(&named(systemd.machine(), "CRON").unwrap()), ["cron"]);
    assert_eq!(names(&[get(systemd.machine(), "Getty@TTY1").unwrap()]), ["getty@tty1"]);
}

#[test]
fn without_systemd_there_are_no_services_and_no_error() {
    let timer = || -> host::bus::Timer { Arc::new(|_| Box::pin(std::future::pending())) };
    let nowhere = Bus::at("unix:path=/nonexistent/bus", timer());
    for machine in [root("server"), root("server").with_bus(nowhere)] {
        let machine = Arc::new(machine);
        assert_eq!(services(machine.clone(), &Wanted::All), Ok(vec![]));
        assert_eq!(named(machine.clone(), "cron"), Ok(vec![]));
        assert_eq!(get(machine, "cron").unwrap_err().status(), WBEM_E_NOT_FOUND);
    }
    // A bus without a service named systemd.
    let Some(bus) = crate::private_bus::PrivateBus::start() else { return };
    let machine = Arc::new(root("server").with_bus(Bus::at(bus.address.clone(), timer())));
    assert_eq!(services(machine.clone(), &Wanted::All), Ok(vec![]));
    assert_eq!(get(machine, "cron").unwrap_err().status(), WBEM_E_NOT_FOUND);
}

#[test]
fn what_fails_is_an_error_and_not_an_empty_answer() {
    for (method, answer, status) in [
        (
            "ListUnitsByPatterns",
            Answer::Error("org.freedesktop.DBus.Error.AccessDenied"),
            WBEM_E_ACCESS_DENIED,
        ),
        ("ListUnitsByPatterns", Answer::Error("org.example.Other"), WBEM_E_FAILED),
        ("ListUnitFilesByPatterns", Answer::Late, WBEM_E_TIMED_OUT),
        ("ListUnitFilesByPatterns", Answer::Nonsense, WBEM_E_FAILED),
        ("ListUnitFilesByPatterns", Answer::Death, WBEM_E_FAILED),
        ("GetAll", Answer::Late, WBEM_E_TIMED_OUT),
        ("GetAll", Answer::Nonsense, WBEM_E_FAILED),
        ("LoadUnit", Answer::Death, WBEM_E_FAILED),
        ("LoadUnit", Answer::Error("org.freedesktop.systemd1.LoadFailed"), WBEM_E_FAILED),
    ] {
        let Some(systemd) = MockSystemd::start(units()) else { return };
        systemd.answers(method, answer);
        let failed = services(systemd.machine(), &Wanted::All).unwrap_err();
        assert_eq!(failed.status(), status, "{method}: {failed}");
    }
}

/// A service that ends while others are read is left out, as a process is.
#[test]
fn what_has_gone_meanwhile_is_left_out() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    systemd.answers("LoadUnit", Answer::Error("org.freedesktop.systemd1.NoSuchUnit"));
    let all = services(systemd.machine(), &Wanted::All).unwrap();
    assert!(!names(&all).contains(&"unloaded".to_owned()));
    assert_eq!(all.len(), 8);
}

/// A connection and what runs for it ends with its query.
#[test]
fn nothing_stays_open() {
    let Some(systemd) = MockSystemd::start(units()) else { return };
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    // Other tests open files meanwhile: a hundred connections would still be seen.
    let before = open();
    for _ in 0..100 {
        assert_eq!(names(&named(systemd.machine(), "cron").unwrap()), ["cron"]);
    }
    assert!(open() < before + 90, "{before} files were open, now {}", open());
}
