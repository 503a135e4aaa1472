//! Asynchronous calls: a sink receives the objects and the final status, on a thread of the call.
//!
//! A sink receives exactly one status of each call that uses it, and nothing afterwards, also if
//! the call is cancelled while a provider runs (behaviour.md F.2, F.8, J 23).

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
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
    on_cancel: OnceLock<OnCancel>,
}

struct State {
    /// `None` when the call has ended.
    sink: Option<Arc<dyn ResponseSink>>,
    /// The thread that is calling the sink.
    called_by: Option<ThreadId>,
    /// The end, which came from another thread meanwhile: the calling thread reports it afterwards.
    ending: Option<(Completion, Option<ObjectPath>)>,
}

impl Outstanding {
    /// Starts `request`, whose outcome `sink` receives.
    pub(crate) fn start(
        &self,
        client: &Client,
        request: Request<'static>,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<()> {
        // Before it runs, so that a cancel finds it.
        let call = self.call(client.context().cancel(), request.flags(), sink);
        if call.has_ended() {
            return Ok(());
        }
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
        let call = Arc::new(Call {
            state: Mutex::new(State { sink: Some(sink.clone()), called_by: None, ending: None }),
            identity: identity(sink),
            sends_status: flags.has(Flags::SEND_STATUS),
            cancel,
            on_cancel: OnceLock::new(),
        });
        // When the call exists: a listener of a token that has ended is called at once.
        let ended = Arc::downgrade(&call);
        let on_cancel = call.cancel.on_cancel(move |why| {
            if let Some(call) = ended.upgrade() {
                call.end(Err(cancelled(why)), None);
            }
        });
        call.on_cancel.get_or_init(|| on_cancel);
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
    /// Reports the outcome of an operation with one result.
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

    /// Reports the end, once. While another thread is calling the sink, that thread reports the end
    /// afterwards. A sink that cancels its own call while it is called receives the end at once.
    pub(crate) fn end(&self, completion: Completion, path: Option<ObjectPath>) {
        let mut state = self.state();
        if state.called_by.is_some_and(|thread| thread != std::thread::current().id()) {
            state.ending.get_or_insert((completion, path));
            return;
        }
        let sink = state.sink.take();
        drop(state);
        if let Some(sink) = sink {
            // A panic may be unwinding, and a second one would end the process.
            let _ = catch_unwind(AssertUnwindSafe(|| sink.set_status(completion, path)));
        }
    }

    /// Whether its sink has received the end.
    pub(crate) fn has_ended(&self) -> bool {
        self.state().sink.is_none()
    }

    /// Delivers objects to the sink. `Break` if it wants no more, or has received the end.
    pub(crate) fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        self.call_sink(|sink| sink.indicate(batch))
    }

    fn deliver(&self, object: Object, success: WbemStatus) {
        let _ = self.indicate(vec![object]);
        self.end(Ok(success), None);
    }

    /// Calls the sink, unless the call has ended.
    fn call_sink(
        &self,
        call: impl FnOnce(&dyn ResponseSink) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = self.state();
        let Some(sink) = state.sink.clone() else { return ControlFlow::Break(()) };
        state.called_by = Some(std::thread::current().id());
        drop(state);
        let sink_call = SinkCall(self);
        let flow = call(&*sink);
        drop(sink_call);
        if self.has_ended() { ControlFlow::Break(()) } else { flow }
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

/// A call of the sink by this thread. Its end reports the end of the operation that came meanwhile,
/// even if the sink has panicked.
struct SinkCall<'c>(&'c Call);

impl Drop for SinkCall<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.called_by = None;
        let ending = state.ending.take();
        drop(state);
        if let Some((completion, path)) = ending {
            self.0.end(completion, path);
        }
    }
}

/// Ensures that a call ends if its operation panics.
pub(crate) struct Ending(pub(crate) Arc<Call>);

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
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
            let _ = self.call.call_sink(|sink| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::layer::services_from;
    use crate::operations::Operations;
    use crate::promise::Promise;
    use cim::security::Identity;
    use cim::{Class, ClassDeclaration, Instance, Namespace};
    use std::time::{Duration, Instant};

    fn object() -> Object {
        let declaration = ClassDeclaration { name: "X".into(), ..ClassDeclaration::default() };
        Instance::new(Class::derive(Arc::new(declaration), None, None).unwrap()).into()
    }

    /// A sink that panics whenever it is called.
    #[derive(Default)]
    struct Panicking {
        ends: Mutex<Vec<WbemStatus>>,
        has_ended: Promise<()>,
    }

    impl ResponseSink for Panicking {
        fn indicate(&self, _batch: Vec<Object>) -> ControlFlow<()> {
            panic!("as the test wants it");
        }

        fn set_status(&self, completion: Completion, _path: Option<ObjectPath>) {
            self.ends.lock().push(completion.unwrap_or_else(|e| e.status()));
            self.has_ended.set(());
            panic!("as the test wants it");
        }
    }

    fn start(context: CallContext, sink: &Arc<Panicking>) -> Result<()> {
        // Delivers on a thread of its own and completes on the one of the operation, as the object
        // manager does with what a provider delivers.
        let services = services_from(Namespace::root(), |request, _, sink| {
            let sink = Mutex::new(Some(request.sink(sink)?));
            std::thread::scope(|scope| {
                let deliver = || sink.lock().as_mut().unwrap().indicate(vec![object()]);
                assert!(scope.spawn(deliver).join().is_err());
            });
            sink.into_inner().unwrap().complete(COMPLETE);
            Ok(Reply::Nothing)
        });
        let client = Client::new(&Operations::default(), services, context);
        let request = Request::CreateInstanceEnum { class: "X".into(), flags: Flags::default() };
        client.start_async(request, &(sink.clone() as Arc<dyn ResponseSink>))
    }

    fn context() -> CallContext {
        CallContext::local(Arc::new(Identity::unix(0, &[0], true)))
    }

    #[test]
    fn a_sink_that_panics_on_the_thread_of_a_provider_receives_the_end_once() {
        let sink = Arc::new(Panicking::default());
        start(context(), &sink).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        assert_eq!(
            sink.has_ended.wait_until(Some(deadline)),
            Some(()),
            "it never received the end"
        );
        assert_eq!(*sink.ends.lock(), [WBEM_S_NO_ERROR]);
    }

    #[test]
    fn a_call_of_a_token_that_has_ended_is_not_begun() {
        let (sink, token) = (Arc::new(Panicking::default()), CancelToken::new());
        token.cancel();
        start(context().child(token), &sink).unwrap();
        assert_eq!(*sink.ends.lock(), [WBEM_E_CALL_CANCELLED]);
    }
}
