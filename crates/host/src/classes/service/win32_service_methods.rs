//! The methods of Win32_Service: what each asks of systemd, and what it returns.
//!
//! They act on the bus that the machine has, with the rights of the program; what is asked over
//! D-Bus is in `crate::readers::systemd`, what is different from Windows is documented in
//! `win32_service.md`.

use std::sync::Arc;

use cim::status::{WBEM_E_METHOD_NOT_IMPLEMENTED, WBEM_E_NOT_FOUND, WBEM_E_NOT_SUPPORTED};
use cim::{Instance, Result, Value};
use wbem::{MethodCall, MethodProvider, ProviderContext};

use super::win32_service::{State, main_exit_code, start_mode, state};
use crate::readers::bus::Failure;
use crate::readers::needs::Needs;
use crate::readers::root::Root;
use crate::readers::systemd::{
    self, Change, Enabling, NO_SUCH_UNIT, SERVICE, Service, Systemd, UNIT,
};

/// What the methods return, as documented for all of them.
const SUCCESS: u32 = 0;
const NOT_SUPPORTED: u32 = 1;
const ACCESS_DENIED: u32 = 2;
const DEPENDENT_SERVICES_RUNNING: u32 = 3;
const INVALID_SERVICE_CONTROL: u32 = 4;
const CANNOT_ACCEPT_CONTROL: u32 = 5;
const NOT_ACTIVE: u32 = 6;
const REQUEST_TIMEOUT: u32 = 7;
const UNKNOWN_FAILURE: u32 = 8;
const PATH_NOT_FOUND: u32 = 9;
const ALREADY_RUNNING: u32 = 10;
const DEPENDENCY_DELETED: u32 = 12;
const DEPENDENCY_FAILURE: u32 = 13;
const DISABLED: u32 = 14;
const CIRCULAR_DEPENDENCY: u32 = 18;
const INVALID_PARAMETER: u32 = 21;
const INVALID_ACCOUNT: u32 = 22;
const ALREADY_PAUSED: u32 = 24;

/// systemd's errors and the return values for them. Any other is an unknown failure.
const REFUSALS: [(&str, u32); 9] = [
    ("org.freedesktop.DBus.Error.NotSupported", NOT_SUPPORTED),
    // Its own files are where the new ones would be.
    ("org.freedesktop.DBus.Error.FileExists", NOT_SUPPORTED),
    ("org.freedesktop.systemd1.OnlyByDependency", INVALID_SERVICE_CONTROL),
    ("org.freedesktop.systemd1.JobTypeNotApplicable", INVALID_SERVICE_CONTROL),
    ("org.freedesktop.systemd1.UnitBusy", CANNOT_ACCEPT_CONTROL),
    ("org.freedesktop.systemd1.UnitInactive", NOT_ACTIVE),
    // The service itself is there, so it is one that it needs.
    (NO_SUCH_UNIT, DEPENDENCY_DELETED),
    ("org.freedesktop.systemd1.UnitMasked", DISABLED),
    ("org.freedesktop.systemd1.TransactionOrderIsCyclic", CIRCULAR_DEPENDENCY),
];

/// Exit codes by which systemd reports that it could not start the program.
const EXIT_EXEC: u32 = 203;
const EXIT_GROUP: u32 = 216;
const EXIT_USER: u32 = 217;

/// The methods of Win32_Service.
pub(crate) struct Win32ServiceMethods {
    root: Arc<Root>,
}

impl Win32ServiceMethods {
    /// For the machine that `root` describes.
    pub(crate) fn new(root: Arc<Root>) -> Self {
        Win32ServiceMethods { root }
    }
}

impl MethodProvider for Win32ServiceMethods {
    fn exec_method(&self, call: &MethodCall<'_>, _: &ProviderContext) -> Result<Option<Instance>> {
        let name = call.keys.and_then(|keys| keys.first()).and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let bus = self.root.bus(systemd::NAME).ok_or_else(|| {
            WBEM_E_NOT_SUPPORTED.with("this machine is a captured one that has no D-Bus")
        })?;
        let Some(systemd) = Systemd::connect(bus)? else { return Err(not_found(name)) };
        let method = call.method.name.as_str().to_ascii_lowercase();
        let service = |needs| get(&systemd, name, needs);
        let code = match method.as_str() {
            "startservice" => start(&systemd, &service(UNIT)?),
            "stopservice" => stop(&systemd, &service(UNIT)?),
            "interrogateservice" => Ok(interrogate(&service(UNIT)?)),
            "pauseservice" => pause(&systemd, &service(UNIT)?),
            "resumeservice" => resume(&systemd, &service(UNIT)?),
            "changestartmode" => change(&systemd, &service(UNIT)?, call.argument("StartMode")),
            _ => {
                return Err(WBEM_E_METHOD_NOT_IMPLEMENTED
                    .with(format!("Win32_Service has no code for {}", call.method.name)));
            }
        };
        call.outcome(code.or_else(returned)?, &[])
    }
}

/// The service on which the method is called.
fn get(systemd: &Systemd<'_>, name: &str, needs: Needs) -> Result<Service> {
    systemd.find(name, needs)?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> cim::Error {
    WBEM_E_NOT_FOUND.with(format!("there is no service {name}"))
}

/// The return value where systemd refuses an operation.
/// Errors: where the outcome is unknown.
fn returned(failure: Failure) -> Result<u32> {
    match &failure {
        failure if failure.is_denied() => Ok(ACCESS_DENIED),
        Failure::TimedOut(_) => Ok(REQUEST_TIMEOUT),
        Failure::Refused { .. } => {
            let refusal = REFUSALS.iter().find(|(error, _)| failure.is(error));
            Ok(refusal.map_or(UNKNOWN_FAILURE, |(_, code)| *code))
        }
        Failure::Absent(_) | Failure::Broken(_) => Err(failure.into()),
    }
}

type Code = std::result::Result<u32, Failure>;

fn start(systemd: &Systemd<'_>, service: &Service) -> Code {
    if state(&service.unit) != Some(State::Stopped) {
        return Ok(match state(&service.unit) {
            Some(State::StopPending) => CANNOT_ACCEPT_CONTROL,
            _ => ALREADY_RUNNING,
        });
    }
    if start_mode(&service.unit) == Some("Disabled") {
        return Ok(DISABLED);
    }
    let result = systemd.change(&service.name, Change::Start)?;
    Ok(match result.as_str() {
        "done" => SUCCESS,
        "timeout" => REQUEST_TIMEOUT,
        "dependency" => DEPENDENCY_FAILURE,
        "unsupported" => NOT_SUPPORTED,
        "failed" => match systemd.find(&service.name, SERVICE)? {
            Some(failed) => start_failure(&failed),
            None => UNKNOWN_FAILURE,
        },
        _ => UNKNOWN_FAILURE,
    })
}

/// How a service failed to start.
fn start_failure(service: &Service) -> u32 {
    if service.service.text("Result") == Some("timeout") {
        return REQUEST_TIMEOUT;
    }
    match main_exit_code(&service.service) {
        Some(EXIT_EXEC) => PATH_NOT_FOUND,
        Some(EXIT_GROUP | EXIT_USER) => INVALID_ACCOUNT,
        _ => UNKNOWN_FAILURE,
    }
}

fn stop(systemd: &Systemd<'_>, service: &Service) -> Code {
    if matches!(state(&service.unit), Some(State::Stopped | State::StopPending)) {
        return Ok(CANNOT_ACCEPT_CONTROL);
    }
    if has_running_dependents(systemd, service)? {
        return Ok(DEPENDENT_SERVICES_RUNNING);
    }
    let result = systemd.change(&service.name, Change::Stop)?;
    Ok(match result.as_str() {
        "done" => SUCCESS,
        "timeout" => REQUEST_TIMEOUT,
        _ => UNKNOWN_FAILURE,
    })
}

/// Whether services run that would be stopped with this one, as they cannot do without it.
fn has_running_dependents(
    systemd: &Systemd<'_>,
    service: &Service,
) -> std::result::Result<bool, Failure> {
    let needing = ["RequiredBy", "RequisiteOf", "BoundBy"];
    let names = needing.iter().flat_map(|property| service.unit.texts(property));
    let names: Vec<&str> = names.filter(|unit| unit.ends_with(".service")).collect();
    let dependents = systemd.units(&names)?;
    Ok(dependents.iter().any(|unit| state(unit) != Some(State::Stopped)))
}

/// systemd's state of a service is always current: there is nothing to refresh.
fn interrogate(service: &Service) -> u32 {
    match state(&service.unit) {
        Some(State::Stopped) => NOT_ACTIVE,
        _ => SUCCESS,
    }
}

fn pause(systemd: &Systemd<'_>, service: &Service) -> Code {
    match state(&service.unit) {
        Some(State::Running) => systemd.freeze(&service.name, true).map(|()| SUCCESS),
        Some(State::Paused) => Ok(ALREADY_PAUSED),
        Some(State::Stopped) => Ok(NOT_ACTIVE),
        _ => Ok(CANNOT_ACCEPT_CONTROL),
    }
}

fn resume(systemd: &Systemd<'_>, service: &Service) -> Code {
    match state(&service.unit) {
        Some(State::Paused) => systemd.freeze(&service.name, false).map(|()| SUCCESS),
        Some(State::Stopped) => Ok(NOT_ACTIVE),
        _ => Ok(CANNOT_ACCEPT_CONTROL),
    }
}

/// The modes that a caller can request: as the method spells them, as the property does, and what
/// makes it so. The two others are for drivers.
const MODES: [(&str, &str, Enabling); 3] = [
    ("Automatic", "Auto", Enabling::Enabled),
    ("Manual", "Manual", Enabling::Disabled),
    ("Disabled", "Disabled", Enabling::Masked),
];

fn change(systemd: &Systemd<'_>, service: &Service, wanted: &Value) -> Code {
    let asked = wanted.as_str().unwrap_or_default();
    let mode = MODES.iter().find(|(mode, ..)| cim::name::eq(mode, asked));
    let Some((_, mode, enabling)) = mode else { return Ok(INVALID_PARAMETER) };
    if start_mode(&service.unit) == Some(mode) {
        return Ok(SUCCESS);
    }
    systemd.enable(&service.name, *enabling)?;
    let changed = systemd.find(&service.name, UNIT)?;
    let is_so = changed.is_some_and(|service| start_mode(&service.unit) == Some(mode));
    // A unit that does not say what it would be enabled for cannot be.
    Ok(if is_so { SUCCESS } else { NOT_SUPPORTED })
}
