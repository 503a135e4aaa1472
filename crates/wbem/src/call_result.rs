//! Operations with one result for calls that do not wait for it (IWbemCallResult).
//!
//! The operation runs on a thread of its own; the client asks for the outcome when it likes, and
//! as often (behaviour.md F.4).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::status::*;
use cim::{Object, ObjectPath, Result};

use crate::client::{panicked, spawn};
use crate::context::CallContext;
use crate::deadline::Deadline;
use crate::request::{Reply, Request};
use crate::services::Services;
use crate::sink::Completion;

/// The result of a call that has not waited for it (IWbemCallResult). Each question may be asked
/// again.
#[derive(Clone)]
pub struct CallResult(Arc<Pending>);

#[derive(Default)]
struct Pending {
    outcome: Mutex<Option<Result<Reply>>>,
    arrived: Condvar,
}

impl CallResult {
    pub(crate) fn start(
        request: Request<'static>,
        services: Arc<dyn Services>,
        context: CallContext,
    ) -> Result<Self> {
        let call = CallResult(Arc::default());
        let ending = Ending(call.0.clone());
        spawn(move || {
            let outcome = services.call(&request, &context, None);
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
            Reply::Object(object, _) => Some(object),
            Reply::OutParameters(Some(out)) => Some(Object::Instance(out)),
            _ => None,
        })
    }

    /// The path of what PutInstance has put. `None` and errors as of [`CallResult::result_object`].
    pub fn result_path(&self, wait: Option<Duration>) -> Result<Option<ObjectPath>> {
        self.result(wait, |outcome| match outcome {
            Reply::Path(path) => Some(path),
            _ => None,
        })
    }

    /// The connection of OpenNamespace. `None` and errors as of [`CallResult::result_object`].
    pub fn result_services(&self, wait: Option<Duration>) -> Result<Option<Arc<dyn Services>>> {
        self.result(wait, |outcome| match outcome {
            Reply::Services(services) => Some(services),
            _ => None,
        })
    }

    /// What the operation gives, of whatever kind. `None` as for [`CallResult::call_status`].
    /// Errors: the call's.
    pub fn reply(&self, wait: Option<Duration>) -> Result<Option<Reply>> {
        self.0.wait(wait).transpose()
    }

    fn result<T>(
        &self,
        wait: Option<Duration>,
        take: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(outcome) = self.0.wait(wait) else { return Ok(None) };
        let result = take(outcome?).ok_or_else(|| {
            WBEM_E_INVALID_OPERATION.with("the call gives no result of the kind that is asked for")
        })?;
        Ok(Some(result))
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Option<Result<Reply>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, outcome: Result<Reply>) {
        self.lock().get_or_insert(outcome);
        self.arrived.notify_all();
    }

    fn wait(&self, wait: Option<Duration>) -> Option<Result<Reply>> {
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
