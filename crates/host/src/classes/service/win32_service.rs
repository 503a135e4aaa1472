//! Provides the class: the value of each property. Does not evaluate queries. Input is systemd's
//! properties over D-Bus, by way of `crate::readers::systemd`; output goes through
//! `crate::classes::property`.
//!
#![doc = include_str!("win32_service.md")]

use std::sync::Arc;

use cim::{Result, Value};

use super::win32_service_methods::Win32ServiceMethods;
use crate::classes::property::{Each, Find, HostClass, Methods, Property};
use crate::readers::machine::{COMPUTER_SYSTEM, Machine};
use crate::readers::needs::Needs;
use crate::readers::source::Source::{self, Bus, File};
use crate::readers::systemd::{self, Properties, SERVICE, Service, Systemd, UNIT};

/// The class of services, by definition.
pub(super) const CLASS: &str = "Win32_Service";

/// How many services are read before the first of them is delivered: at most so many calls are
/// wasted when the client cancels.
const BATCH: usize = 64;

/// The class Win32_Service.
pub(crate) struct Win32Service;

/// A service, and the machine that it is on.
pub(crate) struct Facts<'a> {
    service: Service,
    machine: &'a Machine<'a>,
}

impl HostClass for Win32Service {
    const MOF: &'static str = include_str!("win32_service.mof");

    const METHODS: Option<Methods> = Some(|root| Arc::new(Win32ServiceMethods::new(root)));

    const READS: &'static [Source] = &[Bus(systemd::NAME), File("/proc/sys/kernel/hostname")];

    type Facts<'a> = Facts<'a>;

    const FIND: &'static [Find<Self>] = &[Find { property: "Name", find }];

    const PROPERTIES: &'static [Property<Self>] = &[
        Property::new("AcceptPause", UNIT, |f| accepts(&f.service.unit, "CanFreeze")),
        Property::new("AcceptStop", UNIT, |f| accepts(&f.service.unit, "CanStop")),
        Property::new("Caption", UNIT, |f| f.service.unit.text("Description").into()),
        Property::new("CheckPoint", UNIT, |f| unless_pending(&f.service.unit)),
        Property::free("CreationClassName", |_| CLASS.into()),
        Property::new("Description", UNIT, |f| f.service.unit.text("Description").into()),
        Property::new("DisplayName", UNIT, |f| f.service.unit.text("Description").into()),
        Property::new("ExitCode", SERVICE, |f| exit_code(&f.service).into()),
        Property::free("Name", |f| f.service.name.as_str().into()),
        Property::new("PathName", SERVICE, |f| path_name(&f.service.service).into()),
        Property::new("ProcessId", SERVICE, |f| number(f.service.service.number("MainPID")).into()),
        Property::new("ServiceSpecificExitCode", SERVICE, |f| own_exit_code(&f.service).into()),
        Property::free("ServiceType", |_| "Own Process".into()),
        Property::new("Started", UNIT, |f| state(&f.service.unit).map(State::is_started).into()),
        Property::new("StartMode", UNIT, |f| start_mode(&f.service.unit).into()),
        Property::new("StartName", SERVICE, |f| start_name(&f.service.service).into()),
        Property::new("State", UNIT, |f| state(&f.service.unit).map(State::name).into()),
        Property::new("Status", UNIT, |f| status(&f.service.unit).into()),
        Property::free("SystemCreationClassName", |_| COMPUTER_SYSTEM.into()),
        Property::free("SystemName", |f| f.machine.host_name()),
        // There are no load order groups, so it has a place in none.
        Property::free("TagId", |_| 0u32.into()),
        Property::new("WaitHint", UNIT, |f| unless_pending(&f.service.unit)),
    ];

    fn each(machine: &Machine<'_>, needs: Needs, each: Each<'_, Self>) -> Result<()> {
        let Some(systemd) = connect(machine)? else { return Ok(()) };
        let names: Vec<_> = systemd.names()?.into_iter().collect();
        for names in names.chunks(BATCH) {
            for service in systemd.read(names, needs)? {
                if each(&Facts { service, machine }).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn find(
    machine: &Machine<'_>,
    name: &Value,
    needs: Needs,
    each: Each<'_, Win32Service>,
) -> Result<()> {
    let (Some(name), Some(systemd)) = (name.as_str(), connect(machine)?) else { return Ok(()) };
    if let Some(service) = systemd.find(name, needs)? {
        // There is no second one to break off before.
        let _ = each(&Facts { service, machine });
    }
    Ok(())
}

fn connect<'a>(machine: &Machine<'a>) -> Result<Option<Systemd<'a>>> {
    let Some(bus) = machine.root().bus(systemd::NAME) else { return Ok(None) };
    Ok(Systemd::connect(bus)?)
}

/// The state of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Stopped,
    StartPending,
    StopPending,
    Running,
    ContinuePending,
    PausePending,
    Paused,
    Unknown,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Stopped => "Stopped",
            State::StartPending => "Start Pending",
            State::StopPending => "Stop Pending",
            State::Running => "Running",
            State::ContinuePending => "Continue Pending",
            State::PausePending => "Pause Pending",
            State::Paused => "Paused",
            State::Unknown => "Unknown",
        }
    }

    fn is_started(self) -> bool {
        !matches!(self, State::Stopped | State::StartPending | State::Unknown)
    }

    fn is_pending(self) -> bool {
        use State::{ContinuePending, PausePending, StartPending, StopPending};
        matches!(self, StartPending | StopPending | ContinuePending | PausePending)
    }
}

/// The state of a service: systemd's state, and where that is active whether its processes are
/// suspended.
pub(super) fn state(unit: &Properties) -> Option<State> {
    let state = match unit.text("ActiveState")? {
        "active" | "reloading" | "refreshing" => match unit.text("FreezerState") {
            Some("frozen" | "frozen-by-parent") => State::Paused,
            Some("freezing" | "freezing-by-parent") => State::PausePending,
            Some("thawing") => State::ContinuePending,
            _ => State::Running,
        },
        "activating" => State::StartPending,
        "deactivating" => State::StopPending,
        "inactive" | "failed" | "maintenance" => State::Stopped,
        _ => State::Unknown,
    };
    Some(state)
}

/// Whether it accepts an operation of systemd in its current state.
fn accepts(unit: &Properties, ability: &str) -> Value {
    let can = unit.is_true(ability);
    let is_up = state(unit).map(|state| matches!(state, State::Running | State::Paused));
    can.zip(is_up).map(|(can, is_up)| can && is_up).into()
}

/// 0 where nothing is pending; progress and duration are unknown.
fn unless_pending(unit: &Properties) -> Value {
    state(unit).filter(|state| !state.is_pending()).map(|_| 0u32).into()
}

/// When it is started, by systemd's word for how its file is installed. What systemd calls disabled
/// is only not started automatically.
pub(super) fn start_mode(unit: &Properties) -> Option<&'static str> {
    match unit.text("UnitFileState")? {
        "enabled" => Some("Auto"),
        "enabled-runtime" | "linked" | "linked-runtime" | "static" | "disabled" | "indirect"
        | "transient" => Some("Manual"),
        "masked" | "masked-runtime" => Some("Disabled"),
        _ => None,
    }
}

/// The account that it runs as. systemd gives root where the unit says nothing, but for units that
/// get a user of their own when they start.
fn start_name(service: &Properties) -> Option<&str> {
    let is_made_up = service.is_true("DynamicUser") == Some(true);
    service.text("User").or_else(|| (!is_made_up && service.is_known("User")).then_some("root"))
}

fn path_name(service: &Properties) -> Option<String> {
    let (path, arguments) = service.command("ExecStart")?;
    let mut line = path.to_owned();
    for argument in arguments.iter().skip(1) {
        line.push(' ');
        line.push_str(argument);
    }
    Some(line)
}

fn status(unit: &Properties) -> Option<&'static str> {
    if matches!(unit.text("LoadState")?, "error" | "bad-setting") {
        return Some("Error");
    }
    match unit.text("ActiveState")? {
        "active" | "reloading" | "refreshing" | "inactive" => Some("OK"),
        "failed" => Some("Error"),
        "activating" => Some("Starting"),
        "deactivating" => Some("Stopping"),
        "maintenance" => Some("Service"),
        _ => Some("Unknown"),
    }
}

/// Windows' number for how it failed.
const ERROR_SERVICE_REQUEST_TIMEOUT: u32 = 1053;
const ERROR_SERVICE_SPECIFIC_ERROR: u32 = 1066;
const ERROR_PROCESS_ABORTED: u32 = 1067;

fn exit_code(service: &Service) -> Option<u32> {
    match service.service.text("Result")? {
        // It has not been started, or systemd has forgotten that it was.
        "success" if service.unit.number("InactiveExitTimestamp")? == 0 => None,
        "success" => Some(0),
        "exit-code" => Some(ERROR_SERVICE_SPECIFIC_ERROR),
        "signal" | "core-dump" | "watchdog" | "oom-kill" => Some(ERROR_PROCESS_ABORTED),
        "timeout" => Some(ERROR_SERVICE_REQUEST_TIMEOUT),
        _ => None,
    }
}

/// The exit code of its main process, if it failed with that one.
fn own_exit_code(service: &Service) -> Option<u32> {
    let code = exit_code(service).filter(|code| *code == ERROR_SERVICE_SPECIFIC_ERROR);
    code.and_then(|_| main_exit_code(&service.service)).filter(|own| *own != 0)
}

/// The exit code of its main process when it ran last; `None` where that did not exit by itself.
pub(super) fn main_exit_code(service: &Properties) -> Option<u32> {
    const CLD_EXITED: i128 = 1;
    let has_exited = service.number("ExecMainCode")? == CLD_EXITED;
    number(service.number("ExecMainStatus")).filter(|_| has_exited)
}

fn number(number: Option<i128>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}
