//! Operations with one result for calls that do not wait for it (IWbemCallResult).
//!
//! The operation runs on a thread of its own; the client asks for the outcome when it likes, and
//! as often (behaviour.md F.4).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::status::*;
use cim::{ClassDeclaration, Instance, Object, ObjectPath, Result, WbemStatus};

use crate::client::{panicked, spawn};
use crate::context::CallContext;
use crate::deadline::Deadline;
use crate::flags::Flags;
use crate::services::Services;
use crate::sink::Completion;

/// An operation with one result, for a call that does not wait for it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the arguments are those of the operations of Services")]
pub enum Operation {
    OpenNamespace { relative: String },
    GetObject { path: String, flags: Flags },
    PutClass { class: ClassDeclaration, flags: Flags },
    DeleteClass { class: String, flags: Flags },
    PutInstance { instance: Instance, flags: Flags },
    DeleteInstance { path: String, flags: Flags },
    ExecMethod { path: String, method: String, flags: Flags, in_parameters: Option<Instance> },
}

/// What an operation gives.
#[derive(Clone)]
pub(crate) enum Outcome {
    Nothing,
    Services(Arc<dyn Services>),
    /// With the success of the call.
    Object(Object, WbemStatus),
    OutParameters(Option<Instance>),
    Path(ObjectPath),
}

impl Outcome {
    pub(crate) fn success(&self) -> WbemStatus {
        match self {
            Outcome::Object(_, success) => *success,
            _ => WBEM_S_NO_ERROR,
        }
    }
}

impl Operation {
    pub(crate) fn run(self, services: &dyn Services, context: &CallContext) -> Result<Outcome> {
        Ok(match self {
            Operation::OpenNamespace { relative } => {
                Outcome::Services(services.open_namespace(&relative, context)?)
            }
            Operation::GetObject { path, flags } => {
                let (object, success) = services.get(&path, flags, context)?;
                Outcome::Object(object, success)
            }
            Operation::PutClass { class, flags } => {
                services.put_class(&class, flags, context)?;
                Outcome::Nothing
            }
            Operation::DeleteClass { class, flags } => {
                services.delete_class(&class, flags, context)?;
                Outcome::Nothing
            }
            Operation::PutInstance { instance, flags } => {
                Outcome::Path(services.put_instance(&instance, flags, context)?)
            }
            Operation::DeleteInstance { path, flags } => {
                services.delete_instance(&path, flags, context)?;
                Outcome::Nothing
            }
            Operation::ExecMethod { path, method, flags, in_parameters } => {
                let given = in_parameters.as_ref();
                Outcome::OutParameters(services.exec_method(&path, &method, flags, context, given)?)
            }
        })
    }
}

/// The result of a call that has not waited for it (IWbemCallResult). Each question may be asked
/// again.
#[derive(Clone)]
pub struct CallResult(Arc<Pending>);

#[derive(Default)]
struct Pending {
    outcome: Mutex<Option<Result<Outcome>>>,
    arrived: Condvar,
}

impl CallResult {
    pub(crate) fn start(
        operation: Operation,
        services: Arc<dyn Services>,
        context: CallContext,
    ) -> Result<Self> {
        let call = CallResult(Arc::default());
        let ending = Ending(call.0.clone());
        spawn(move || {
            let outcome = operation.run(&*services, &context);
            ending.0.set(outcome);
        })?;
        Ok(call)
    }

    /// How the call ended; `None` (`WBEM_S_TIMEDOUT`) where it has not in the time that `wait`
    /// says, `None` for ever.
    pub fn call_status(&self, wait: Option<Duration>) -> Option<Completion> {
        self.0.wait(wait).map(|outcome| outcome.map(|it| it.success()))
    }

    /// The object of GetObject, or what ExecMethod hands out. `None` as for
    /// [`CallResult::call_status`]. Errors: the call's; `WBEM_E_INVALID_OPERATION` of a call that
    /// gives no object.
    pub fn result_object(&self, wait: Option<Duration>) -> Result<Option<Object>> {
        self.result(wait, |outcome| match outcome {
            Outcome::Object(object, _) => Some(object),
            Outcome::OutParameters(Some(out)) => Some(Object::Instance(out)),
            _ => None,
        })
    }

    /// The path of what PutInstance has put. `None` and errors as of [`CallResult::result_object`].
    pub fn result_path(&self, wait: Option<Duration>) -> Result<Option<ObjectPath>> {
        self.result(wait, |outcome| match outcome {
            Outcome::Path(path) => Some(path),
            _ => None,
        })
    }

    /// The connection of OpenNamespace. `None` and errors as of [`CallResult::result_object`].
    pub fn result_services(&self, wait: Option<Duration>) -> Result<Option<Arc<dyn Services>>> {
        self.result(wait, |outcome| match outcome {
            Outcome::Services(services) => Some(services),
            _ => None,
        })
    }

    fn result<T>(
        &self,
        wait: Option<Duration>,
        take: impl FnOnce(Outcome) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(outcome) = self.0.wait(wait) else { return Ok(None) };
        let result = take(outcome?).ok_or_else(|| {
            WBEM_E_INVALID_OPERATION.with("the call gives no result of the kind that is asked for")
        })?;
        Ok(Some(result))
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Option<Result<Outcome>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, outcome: Result<Outcome>) {
        self.lock().get_or_insert(outcome);
        self.arrived.notify_all();
    }

    fn wait(&self, wait: Option<Duration>) -> Option<Result<Outcome>> {
        let deadline = Deadline::after(wait);
        let mut outcome = self.lock();
        while outcome.is_none() {
            if deadline.is_past() {
                return None;
            }
            outcome = deadline.wait(&self.arrived, outcome);
        }
        outcome.clone()
    }
}

/// Sees to it that a call has an outcome whose operation panics.
struct Ending(Arc<Pending>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Where there is an outcome, that one counts.
        self.0.set(Err(panicked()));
    }
}
