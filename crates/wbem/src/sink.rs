//! Where results go: batches of objects, then one status.
//!
//! A [`Sink`] is passed to an operation and consumed by `complete`, so that the final status is
//! delivered exactly once. A sink that is dropped without it reports `WBEM_E_PROVIDER_FAILURE`, so
//! that no client waits for a provider that has failed. Sinks wrap sinks: filter and projection are
//! [`ObjectSink`]s around the client's.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::{WBEM_E_PROVIDER_FAILURE, WBEM_S_NO_ERROR};
use cim::{Object, Result, WbemStatus};
use parking_lot::Mutex;

use crate::cancel::CancelToken;
use crate::promise::Promise;

/// A request of a source to the core during a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// From here on the core filters by the WHERE clause.
    StartPostfilter,
    /// From here on it does not.
    StopPostfilter,
}

/// The progress of a long operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// The current step, as text.
    pub activity: String,
}

/// The outcome of an operation: a success code (not only zero), or an error.
pub type Completion = Result<WbemStatus>;

/// A source that has returned its thread until its client needs more.
pub struct SuspendedSource {
    /// Continues the source; it receives its sink.
    pub resume: Box<dyn FnOnce(Sink) + Send>,
    /// Called when the client fetches objects that were delivered before. It must not block.
    pub on_fetch: Box<dyn Fn() + Send>,
}

/// The receiving side (IWbemObjectSink).
pub trait ObjectSink: Boxed + Send + 'static {
    /// Receives a batch. `Break` requests the source to stop: the client needs no more.
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()>;

    /// Whether the client still wants objects: for a source that finds none to deliver, and so gets no
    /// `Break`.
    fn is_wanted(&self) -> bool {
        true
    }

    /// Receives a batch without blocking the source, even if the queue is full: for a source that
    /// checks [`ObjectSink::is_full`].
    fn offer(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        self.indicate(batch)
    }

    /// Whether [`ObjectSink::offer`] returns at once, however slow the client is.
    fn takes_at_once(&self) -> bool {
        false
    }

    /// Whether the source should pause until the client has fetched some of the waiting objects.
    fn is_full(&self) -> bool {
        false
    }

    /// Suspends the source: it is resumed when the client needs more, possibly on another thread,
    /// and is dropped when the client needs no more. A sink that cannot wait resumes it immediately.
    fn suspend(self: Box<Self>, source: SuspendedSource) {
        (source.resume)(Sink { receiver: Some(self.boxed()), operation: None });
    }

    /// Receives a requirement that applies to the following objects.
    fn requirements(&mut self, _requirement: Requirement) {}

    /// Receives a progress report.
    fn progress(&mut self, _progress: Progress) {}

    /// Receives the final status, once.
    fn complete(self: Box<Self>, completion: Completion);
}

/// That a sink of any kind is one of none in particular; implemented by all.
pub trait Boxed {
    /// The same sink.
    fn boxed(self: Box<Self>) -> Box<dyn ObjectSink>;
}

impl<S: ObjectSink> Boxed for S {
    fn boxed(self: Box<Self>) -> Box<dyn ObjectSink> {
        self
    }
}

/// The sending side: owns an [`ObjectSink`] and ensures that it is completed.
pub struct Sink {
    /// `None` when it was completed.
    receiver: Option<Box<dyn ObjectSink>>,
    /// The operation whose result it receives, and its arguments.
    operation: Option<(&'static str, Box<str>)>,
}

impl Sink {
    /// A sink that delivers to `receiver`.
    pub fn new(receiver: impl ObjectSink + 'static) -> Self {
        Sink { receiver: Some(Box::new(receiver)), operation: None }
    }

    /// The same sink, where errors are those of this operation: see [`cim::Error::during`].
    pub fn during(mut self, operation: &'static str, parameter: &str) -> Self {
        self.operation = Some((operation, parameter.into()));
        self
    }

    /// Delivers a batch; an empty one is not passed on. On `Break` the source should stop and
    /// complete.
    pub fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        match &mut self.receiver {
            Some(receiver) if !batch.is_empty() => receiver.indicate(batch),
            _ => ControlFlow::Continue(()),
        }
    }

    /// Whether the client still wants objects: for a source that finds none to deliver, and so gets no
    /// `Break`.
    pub fn is_wanted(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| receiver.is_wanted())
    }

    /// Delivers a batch without being held up, however much is waiting: for a source that asks
    /// [`Sink::is_full`] before it.
    pub fn offer(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        match &mut self.receiver {
            Some(receiver) if !batch.is_empty() => receiver.offer(batch),
            _ => ControlFlow::Continue(()),
        }
    }

    /// Whether [`Sink::offer`] returns at once, however slow the client is.
    pub fn takes_at_once(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| receiver.takes_at_once())
    }

    /// Whether no other batch may wait: a source that can go on later calls [`Sink::suspend`] now.
    pub fn is_full(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| receiver.is_full())
    }

    /// Returns the thread: the source returns, and `resume` continues with the sink when the client
    /// needs more, on another thread. Meanwhile `on_fetch` is called when the client fetches objects
    /// that were delivered before; it must not block. Both are dropped, with all they hold, when the
    /// client needs no more.
    pub fn suspend(
        mut self,
        on_fetch: impl Fn() + Send + 'static,
        resume: impl FnOnce(Sink) + Send + 'static,
    ) {
        let operation = self.operation.take();
        if let Some(receiver) = self.receiver.take() {
            let resume = Box::new(move |mut sink: Sink| {
                sink.operation = operation;
                resume(sink);
            });
            receiver.suspend(SuspendedSource { resume, on_fetch: Box::new(on_fetch) });
        }
    }

    /// Asks for filtering from here on, or for none.
    pub fn requirements(&mut self, requirement: Requirement) {
        if let Some(receiver) = &mut self.receiver {
            receiver.requirements(requirement);
        }
    }

    /// Reports progress.
    pub fn progress(&mut self, progress: Progress) {
        if let Some(receiver) = &mut self.receiver {
            receiver.progress(progress);
        }
    }

    /// Ends the result.
    pub fn complete(mut self, completion: Completion) {
        self.end(completion);
    }

    /// Drops the sink without a final status, because the call itself returns the error: then the
    /// sink is not used.
    pub fn release(mut self) {
        self.receiver = None;
    }

    fn end(&mut self, completion: Completion) {
        let Some(receiver) = self.receiver.take() else { return };
        receiver.complete(completion.map_err(|error| match &self.operation {
            Some((operation, parameter)) => error.during(operation, parameter),
            None => error,
        }));
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if self.receiver.is_some() {
            self.end(Err(WBEM_E_PROVIDER_FAILURE
                .with("the provider dropped its sink without a final status")));
        }
    }
}

/// Runs an operation and waits for its end; `take` gets each batch as it comes.
/// Errors: those of the call and those of the final status.
pub fn for_each(
    operation: impl FnOnce(Sink) -> Result<()>,
    take: impl FnMut(Vec<Object>) -> ControlFlow<()> + Send + 'static,
) -> Completion {
    for_each_until_cancelled(&CancelToken::default(), operation, take)
}

/// The same, which waits no longer than until `token` ends.
/// Errors: also those of [`CancelToken::check`].
pub fn for_each_until_cancelled(
    token: &CancelToken,
    operation: impl FnOnce(Sink) -> Result<()>,
    take: impl FnMut(Vec<Object>) -> ControlFlow<()> + Send + 'static,
) -> Completion {
    let done = Promise::default();
    operation(Sink::new(Receiver { take, done: done.clone() }))?;
    done.wait_for(token)?
}

/// Runs an operation; returns the objects that came before its end, and the end.
pub fn gather(operation: impl FnOnce(Sink) -> Result<()>) -> (Vec<Object>, Completion) {
    let objects = Arc::new(Mutex::new(Vec::new()));
    let taken = objects.clone();
    let completion = for_each(operation, move |mut batch| {
        taken.lock().append(&mut batch);
        ControlFlow::Continue(())
    });
    let objects = std::mem::take(&mut *objects.lock());
    (objects, completion)
}

/// Runs an operation and returns all its objects. Errors: as of [`for_each`].
pub fn collect(operation: impl FnOnce(Sink) -> Result<()>) -> Result<Vec<Object>> {
    let (objects, completion) = gather(operation);
    completion.map(|_| objects)
}

struct Receiver<F> {
    take: F,
    done: Promise<Completion>,
}

impl<F: FnMut(Vec<Object>) -> ControlFlow<()> + Send + 'static> ObjectSink for Receiver<F> {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        (self.take)(batch)
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.done.set(completion);
    }
}

/// The completion of an operation with nothing more to say.
pub const COMPLETE: Completion = Ok(WBEM_S_NO_ERROR);

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_FAILED, WBEM_S_FALSE};

    #[test]
    fn a_dropped_sink_is_a_provider_failure() {
        let result = collect(|sink| {
            drop(sink);
            Ok(())
        });
        assert_eq!(result.unwrap_err().status(), WBEM_E_PROVIDER_FAILURE);
    }

    #[test]
    fn a_released_sink_leaves_the_error_to_the_call() {
        let result = collect(|sink| {
            sink.release();
            Err(WBEM_E_FAILED.into())
        });
        assert_eq!(result.unwrap_err().status(), WBEM_E_FAILED);
    }

    #[test]
    fn success_codes_pass_through() {
        let run = |sink: Sink| {
            sink.complete(Ok(WBEM_S_FALSE));
            Ok(())
        };
        assert_eq!(for_each(run, |_| ControlFlow::Continue(())), Ok(WBEM_S_FALSE));
    }
}
