//! The methods of Win32_Process: what each does to the machine, and what it returns.
//!
//! Reading the owner works on a captured machine as well; a method that changes something works
//! only on the machine that the program runs on. The system calls are in `crate::control`; what is
//! different from Windows is documented in `win32_process.md`.

use std::io;
use std::sync::Arc;

use cim::security::Sid;
use cim::status::{WBEM_E_METHOD_NOT_IMPLEMENTED, WBEM_E_NOT_FOUND, WBEM_E_NOT_SUPPORTED};
use cim::{Instance, Object, Result, Value};
use rustix::io::Errno;
use wbem::{MethodCall, MethodProvider, ProviderContext};

use super::win32_process::pid;
use crate::control::{self, Start};
use crate::facts::process::owner;
use crate::facts::scan;
use crate::readers::machine::Machine;
use crate::readers::processes::{STAT, STATUS};
use crate::readers::root::Root;

/// What the methods return, as documented for all of them.
const SUCCESS: u32 = 0;
const ACCESS_DENIED: u32 = 2;
const INSUFFICIENT_PRIVILEGE: u32 = 3;
const UNKNOWN_FAILURE: u32 = 8;
const PATH_NOT_FOUND: u32 = 9;
const INVALID_PARAMETER: u32 = 21;

/// The priority classes and their nice values: those whose `Priority` (`win32_process.md`) is the
/// documented one of the class, 4, 6, 8, 10 and 13; for Realtime the most urgent there is.
const PRIORITIES: [(i128, i32); 6] =
    [(64, 10), (16384, 5), (32, 0), (32768, -6), (128, -15), (256, -20)];

/// Bits of Win32_ProcessStartup.CreateFlags that ask for what cannot be done here: to be debugged
/// by this program, and to be created without running.
const REFUSED_FLAGS: i128 = 0x1 | 0x2 | 0x4;

/// The methods of Win32_Process.
pub(crate) struct Win32ProcessMethods {
    root: Arc<Root>,
}

/// The out parameters of a method, or its return value where it fails.
type Outcome = std::result::Result<Vec<(&'static str, Value)>, u32>;

impl Win32ProcessMethods {
    /// For the machine that `root` describes.
    pub(crate) fn new(root: Arc<Root>) -> Self {
        Win32ProcessMethods { root }
    }

    fn must_be_live(&self) -> Result<()> {
        match self.root.is_live() {
            true => Ok(()),
            false => Err(WBEM_E_NOT_SUPPORTED
                .with("this machine is a captured one, on which nothing can be changed")),
        }
    }

    fn owner(&self, id: u32) -> Option<u32> {
        owner::effective_user(&self.root.read(&format!("proc/{id}/status"))?)
    }

    fn get_owner(&self, id: u32) -> Outcome {
        let uid = self.owner(id).ok_or(UNKNOWN_FAILURE)?;
        let passwd = self.root.read("etc/passwd").unwrap_or_default();
        let user = match owner::user_name(&passwd, uid) {
            Some(name) => Value::string(scan::text(name)),
            None => Value::string(uid.to_string()),
        };
        Ok(vec![("User", user), ("Domain", Machine::new(&self.root).host_name())])
    }

    fn get_owner_sid(&self, id: u32) -> Outcome {
        let uid = self.owner(id).ok_or(UNKNOWN_FAILURE)?;
        Ok(vec![("Sid", Value::string(Sid::unix_user(uid).to_string()))])
    }

    /// Whether a signal would have no effect, which must not be reported as success: so
    /// it is with the kernel's own threads and with the first process.
    fn cannot_be_ended(&self, id: u32) -> bool {
        let Ok(mut processes) = self.root.processes() else { return false };
        let is_kernels = processes.read(id, STAT | STATUS).is_some_and(|process| {
            let has_ended = process.stat.is_some_and(|stat| stat.state == b'Z');
            process.status.peak_virtual.is_none() && !has_ended
        });
        id == 1 || is_kernels
    }

    fn terminate(&self, id: u32) -> Result<Outcome> {
        self.must_be_live()?;
        if self.cannot_be_ended(id) {
            return Ok(Err(ACCESS_DENIED));
        }
        acted(id, control::end(id))
    }

    fn set_priority(&self, id: u32, class: &Value) -> Result<Outcome> {
        self.must_be_live()?;
        match nice(class) {
            Some(nice) => acted(id, control::set_nice(id, nice)),
            None => Ok(Err(INVALID_PARAMETER)),
        }
    }

    fn create(&self, call: &MethodCall<'_>) -> Result<Outcome> {
        self.must_be_live()?;
        let started = request(call)
            .ok_or(INVALID_PARAMETER)
            .and_then(|request| control::start(&request).map_err(|error| failure(&error)));
        Ok(started.map(|id| vec![("ProcessId", id.into())]))
    }
}

impl MethodProvider for Win32ProcessMethods {
    fn exec_method(&self, call: &MethodCall<'_>, _: &ProviderContext) -> Result<Option<Instance>> {
        let method = call.method.name.as_str().to_ascii_lowercase();
        let outcome = match (method.as_str(), process(call)?) {
            ("create", _) => self.create(call)?,
            ("terminate", Some(id)) => self.terminate(id)?,
            ("setpriority", Some(id)) => self.set_priority(id, call.argument("Priority"))?,
            ("getowner", Some(id)) => self.get_owner(id),
            ("getownersid", Some(id)) => self.get_owner_sid(id),
            _ => {
                return Err(WBEM_E_METHOD_NOT_IMPLEMENTED
                    .with(format!("Win32_Process has no code for {}", call.method.name)));
            }
        };
        match outcome {
            Ok(parameters) => call.outcome(SUCCESS, &parameters),
            Err(code) => call.outcome(code, &[]),
        }
    }
}

/// The process on which the method is called.
/// Errors: `WBEM_E_NOT_FOUND` where the key spells no process.
fn process(call: &MethodCall<'_>) -> Result<Option<u32>> {
    let Some(keys) = call.keys else { return Ok(None) };
    let handle = keys.first().and_then(Value::as_str).unwrap_or_default();
    match pid(handle) {
        Some(id) => Ok(Some(id)),
        None => Err(WBEM_E_NOT_FOUND.with(format!("there is no process {handle}"))),
    }
}

/// The outcome of something done to process `id`.
/// Errors: `WBEM_E_NOT_FOUND` where it has ended meanwhile.
fn acted(id: u32, done: io::Result<()>) -> Result<Outcome> {
    match done.map_err(|error| Errno::from_io_error(&error)) {
        Ok(()) => Ok(Ok(Vec::new())),
        Err(Some(Errno::SRCH | Errno::NOENT)) => {
            Err(WBEM_E_NOT_FOUND.with(format!("process {id} has ended")))
        }
        // It is one's own, but to make it more urgent takes more than that.
        Err(Some(Errno::ACCESS)) => Ok(Err(INSUFFICIENT_PRIVILEGE)),
        Err(Some(Errno::PERM)) => Ok(Err(ACCESS_DENIED)),
        Err(_) => Ok(Err(UNKNOWN_FAILURE)),
    }
}

/// The return value of Create where no process could be started.
fn failure(error: &io::Error) -> u32 {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => PATH_NOT_FOUND,
        io::ErrorKind::PermissionDenied => ACCESS_DENIED,
        // A NUL, which no argument of a program can have.
        io::ErrorKind::InvalidInput => INVALID_PARAMETER,
        _ => UNKNOWN_FAILURE,
    }
}

/// The process that Create is to start; `None` where the arguments are invalid.
fn request(call: &MethodCall<'_>) -> Option<Start> {
    let mut words = control::words(call.argument("CommandLine").as_str()?)?.into_iter();
    let mut request = Start {
        program: words.next().filter(|program| !program.is_empty())?,
        arguments: words.collect(),
        directory: call.argument("CurrentDirectory").as_str().map(Into::into),
        ..Start::default()
    };
    match call.argument("ProcessStartupInformation") {
        Value::Null => {}
        Value::Object(startup) => take_startup(startup, &mut request)?,
        _ => return None,
    }
    Some(request)
}

/// Takes what a Win32_ProcessStartup says that has a meaning here. What it says of windows has
/// none; that a process is detached or has a group of its own is so anyway.
fn take_startup(startup: &Object, request: &mut Start) -> Option<()> {
    let startup = startup.as_instance().filter(|s| s.class().is_a("Win32_ProcessStartup"))?;
    let value = |name| startup.get(name).unwrap_or(&Value::Null);
    if value("CreateFlags").as_integer().is_some_and(|flags| flags & REFUSED_FLAGS != 0) {
        return None;
    }
    if let class @ Value::UInt32(_) = value("PriorityClass") {
        request.nice = Some(nice(class)?);
    }
    if let Some(variables) = value("EnvironmentVariables").as_array() {
        request.environment = Some(variables.iter().map(variable).collect::<Option<_>>()?);
    }
    Some(())
}

/// A variable of the environment and its value.
fn variable(setting: &Value) -> Option<(String, String)> {
    let (name, value) = setting.as_str()?.split_once('=')?;
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// The nice value of a priority class.
fn nice(class: &Value) -> Option<i32> {
    let class = class.as_integer()?;
    PRIORITIES.iter().find(|(known, _)| *known == class).map(|(_, nice)| *nice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_documented_values() {
        let code = |errno: Errno| failure(&errno.into());
        assert_eq!(code(Errno::NOENT), PATH_NOT_FOUND);
        assert_eq!(code(Errno::NOTDIR), PATH_NOT_FOUND);
        assert_eq!(code(Errno::ACCESS), ACCESS_DENIED);
        assert_eq!(code(Errno::TOOBIG), UNKNOWN_FAILURE);
        let acted = |errno: Errno| acted(1, Err(errno.into()));
        assert_eq!(acted(Errno::PERM), Ok(Err(ACCESS_DENIED)));
        assert_eq!(acted(Errno::ACCESS), Ok(Err(INSUFFICIENT_PRIVILEGE)));
        assert_eq!(acted(Errno::IO), Ok(Err(UNKNOWN_FAILURE)));
        assert_eq!(acted(Errno::SRCH).unwrap_err().status(), WBEM_E_NOT_FOUND);
    }
}
