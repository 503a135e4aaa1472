//! Semisynchronous calls with one result (IWbemCallResult).
//!
//! The operation is one of the client's [`crate::Operations`]; the client may read the outcome at
//! any time and repeatedly (behaviour.md F.4).

use std::sync::Arc;
use std::time::Duration;

use cim::status::*;
use cim::{Object, ObjectPath, Result};

use crate::cancel::{CancelToken, OnCancel, cancelled};
use crate::client::{Client, panicked};
use crate::deadline::{after, earlier, is_past};
use crate::promise::Promise;
use crate::request::{Reply, Request};
use crate::services::Services;
use crate::sink::Completion;

/// The result of a semisynchronous call (IWbemCallResult). Each method may be called repeatedly.
/// Cancelling the token of the call's context ends the call, and the result reports that.
#[derive(Clone)]
pub struct CallResult {
    outcome: Promise<Result<Reply>>,
    call: CancelToken,
    _on_cancel: Arc<OnCancel>,
}

impl CallResult {
    pub(crate) fn start(client: &Client, request: Request<'static>) -> Result<Self> {
        let call = client.context().cancel().of_one_call();
        let context = client.context().child(call.clone());
        let services = client.services().clone();
        let outcome = Promise::default();
        let ending = Ending(outcome.clone());
        client.operations().run(context.session(), move |admission| {
            let outcome = services.call(&request, &context, None);
            drop(admission);
            ending.0.set(outcome);
        })?;
        let ended = outcome.clone();
        let _on_cancel = Arc::new(call.on_cancel(move |why| {
            ended.set(Err(cancelled(why)));
        }));
        Ok(CallResult { outcome, call, _on_cancel })
    }

    /// How the call ended; `None` (`WBEM_S_TIMEDOUT`) if it has not ended within `wait`; a `wait`
    /// of `None` has no limit.
    pub fn call_status(&self, wait: Option<Duration>) -> Option<Completion> {
        self.wait(wait).map(|outcome| outcome.map(|it| it.success()))
    }

    /// The object of GetObject, or the out parameters of ExecMethod. `None` as for
    /// [`CallResult::call_status`]. Errors: the call's; `WBEM_E_INVALID_OPERATION` if the call
    /// returns no object.
    pub fn result_object(&self, wait: Option<Duration>) -> Result<Option<Object>> {
        self.result(wait, |outcome| match outcome {
            Reply::Object(object, _) => Some(object),
            Reply::OutParameters(Some(out)) => Some(Object::Instance(out)),
            _ => None,
        })
    }

    /// The path of the instance that PutInstance has written. `None` and errors as for
    /// [`CallResult::result_object`].
    pub fn result_path(&self, wait: Option<Duration>) -> Result<Option<ObjectPath>> {
        self.result(wait, |outcome| match outcome {
            Reply::Path(path) => Some(path),
            _ => None,
        })
    }

    /// The connection of OpenNamespace. `None` and errors as for [`CallResult::result_object`].
    pub fn result_services(&self, wait: Option<Duration>) -> Result<Option<Arc<dyn Services>>> {
        self.result(wait, |outcome| match outcome {
            Reply::Services(services) => Some(services),
            _ => None,
        })
    }

    /// The reply of the operation, of any kind. `None` as for [`CallResult::call_status`].
    /// Errors: the call's.
    pub fn reply(&self, wait: Option<Duration>) -> Result<Option<Reply>> {
        self.wait(wait).transpose()
    }

    fn result<T>(
        &self,
        wait: Option<Duration>,
        take: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(outcome) = self.wait(wait) else { return Ok(None) };
        let result = take(outcome?).ok_or_else(|| {
            WBEM_E_INVALID_OPERATION.with("the call returns no result of the requested kind")
        })?;
        Ok(Some(result))
    }

    fn wait(&self, wait: Option<Duration>) -> Option<Result<Reply>> {
        let deadline = self.call.deadline();
        let outcome = self.outcome.wait_until(earlier(after(wait), deadline));
        if outcome.is_some() || !is_past(deadline) {
            return outcome;
        }
        // Either the call has ended now, or it is committing and its outcome follows.
        self.call.end(WBEM_E_TIMED_OUT);
        Some(self.outcome.wait())
    }
}

/// Ensures that a call has an outcome if its operation panics.
struct Ending(Promise<Result<Reply>>);

impl Drop for Ending {
    fn drop(&mut self) {
        // An outcome that is already set is kept.
        self.0.set(Err(panicked()));
    }
}
