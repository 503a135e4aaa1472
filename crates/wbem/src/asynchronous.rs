//! Asynchronous calls: a sink receives the objects and the final status, on a thread of the call.
//!
//! A sink receives exactly one status of each call that uses it, and nothing afterwards, also if
//! the call is cancelled while a provider runs (behaviour.md F.2, F.8, J 23).

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};
use std::thread::ThreadId;

use cim::status::*;
use cim::{Object, ObjectPath, Result, WbemStatus};
use parking_lot::{Mutex, MutexGuard};

use crate::cancel::{CancelToken, OnCancel, cancelled};
use crate::client::{Client, panicked};
use crate::flags::Flags;
use crate::operations::Admission;
use crate::request::{Reply, Request};
use crate::sink::{COMPLETE, Completion, ObjectSink, Progress, Sink};

/// The receiver of an asynchronous call (IWbemObjectSink): batches of objects, then exactly one
/// status, and nothing after it. One sink may serve several calls.
pub trait ResponseSink: Send + Sync {
    /// Receives a batch. `Break` stops the delivery; the final status of the call follows.
    fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()>;

    /// Receives the final status, and after a put the path of the object.
    fn set_status(&self, completion: Completion, path: Option<ObjectPath>);

    /// Receives progress reports of a call with `SEND_STATUS`.
    fn progress(&self, _progress: Progress) {}
}

/// The asynchronous calls of a client that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Outstanding(Mutex<Vec<Weak<Call>>>);

/// An asynchronous call.
pub(crate) struct Call {
    state: Mutex<State>,
    /// Identifies its sink, also after the end of the call.
    identity: usize,
    sends_status: bool,
    /// Cancels the call.
    cancel: CancelToken,
    _on_cancel: OnCancel,
}

struct State {
    /// `None` when the call has ended.
    sink: Option<Arc<dyn ResponseSink>>,
    /// The thread in which the sink is being given something.
    giving: Option<ThreadId>,
    /// The end, which came from another thread meanwhile: that thread tells it when it is done.
    ending: Option<(Completion, Option<ObjectPath>)>,
}

impl Outstanding {
    /// Starts `request`, whose outcome `sink` hears.
    pub(crate) fn start(
        &self,
        client: &Client,
        request: Request<'static>,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<()> {
        // Before it runs, so that a cancel finds it.
        let call = self.call(client.context().cancel(), request.flags(), sink);
        let context = client.context().child(call.cancel.clone());
        let services = client.services().clone();
        client.operations().run(context.session(), move |admission| {
            let ending = Ending(call);
            if request.is_enumerating() {
                let delivery = Delivery { call: ending.0.clone(), admission: Some(admission) };
                let started = services.call(&request, &context, Some(Sink::new(delivery)));
                if let Err(error) = started.and_then(Reply::nothing) {
                    ending.0.end(Err(error), None);
                }
            } else {
                let outcome = services.call(&request, &context, None);
                drop(admission);
                ending.0.conclude(outcome);
            }
        })
    }

    /// A call that is outstanding as long as it is held, and ends with `cancel`.
    pub(crate) fn call(
        &self,
        cancel: &CancelToken,
        flags: Flags,
        sink: &Arc<dyn ResponseSink>,
    ) -> Arc<Call> {
        let cancel = cancel.of_one_call();
        let call = Arc::new_cyclic(|call: &Weak<Call>| {
            let ended = call.clone();
            let _on_cancel = cancel.on_cancel(move |why| {
                if let Some(call) = ended.upgrade() {
                    call.end(Err(cancelled(why)), None);
                }
            });
            Call {
                state: Mutex::new(State { sink: Some(sink.clone()), giving: None, ending: None }),
                identity: identity(sink),
                sends_status: flags.has(Flags::SEND_STATUS),
                cancel,
                _on_cancel,
            }
        });
        let mut calls = self.0.lock();
        calls.retain(|call| call.strong_count() > 0);
        calls.push(Arc::downgrade(&call));
        call
    }

    /// Ends every call that uses `sink`.
    pub(crate) fn cancel(&self, sink: &Arc<dyn ResponseSink>) {
        let calls: Vec<Arc<Call>> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        for call in calls.iter().filter(|call| call.identity == identity(sink)) {
            call.cancel.cancel();
        }
    }
}

fn identity(sink: &Arc<dyn ResponseSink>) -> usize {
    Arc::as_ptr(sink).cast::<()>() as usize
}

impl Call {
    /// Tells the outcome of an operation with one result.
    pub(crate) fn conclude(&self, outcome: Result<Reply>) {
        match outcome {
            Ok(Reply::Object(object, success)) => self.deliver(object, success),
            Ok(Reply::OutParameters(Some(out))) => {
                self.deliver(Object::Instance(out), WBEM_S_NO_ERROR);
            }
            Ok(Reply::Path(path)) => self.end(COMPLETE, Some(path)),
            Ok(_) => self.end(COMPLETE, None),
            Err(error) => self.end(Err(error), None),
        }
    }

    /// Tells the end, once. Where another thread is giving the sink something, that comes first, and
    /// that thread tells the end; a sink that cancels its own call while it is given something hears
    /// it at once.
    pub(crate) fn end(&self, completion: Completion, path: Option<ObjectPath>) {
        let mut state = self.state();
        if state.giving.is_some_and(|thread| thread != std::thread::current().id()) {
            state.ending.get_or_insert((completion, path));
            return;
        }
        let sink = state.sink.take();
        drop(state);
        if let Some(sink) = sink {
            sink.set_status(completion, path);
        }
    }

    /// Whether its sink has heard the end.
    pub(crate) fn has_ended(&self) -> bool {
        self.state().sink.is_none()
    }

    /// Gives the sink objects. `Break` where it wants no more, or has heard the end.
    pub(crate) fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        self.give(|sink| sink.indicate(batch))
    }

    fn deliver(&self, object: Object, success: WbemStatus) {
        let _ = self.indicate(vec![object]);
        self.end(Ok(success), None);
    }

    /// Gives the sink something, unless the call has ended.
    fn give(&self, give: impl FnOnce(&dyn ResponseSink) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut state = self.state();
        let Some(sink) = state.sink.clone() else { return ControlFlow::Break(()) };
        state.giving = Some(std::thread::current().id());
        drop(state);
        let flow = give(&*sink);
        let mut state = self.state();
        state.giving = None;
        let Some((completion, path)) = state.ending.take() else { return flow };
        drop(state);
        self.end(completion, path);
        ControlFlow::Break(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("sink", &self.identity).finish_non_exhaustive()
    }
}

/// Ensures that a call ends if its operation panics.
pub(crate) struct Ending(pub(crate) Arc<Call>);

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().giving = None;
            self.0.end(Err(panicked()), None);
        }
    }
}

/// Passes on what an enumerating operation delivers.
struct Delivery {
    call: Arc<Call>,
    /// By what the operation counts.
    admission: Option<Admission>,
}

impl ObjectSink for Delivery {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        self.call.indicate(batch)
    }

    fn is_wanted(&self) -> bool {
        !self.call.has_ended()
    }

    fn progress(&mut self, progress: Progress) {
        if self.call.sends_status {
            let _ = self.call.give(|sink| {
                sink.progress(progress);
                ControlFlow::Continue(())
            });
        }
    }

    fn complete(mut self: Box<Self>, completion: Completion) {
        self.admission = None;
        self.call.end(completion, None);
    }
}
