//! Where results go: batches of objects, then one status.
//!
//! A [`Sink`] is handed to an operation and consumed by `complete`, so that the final status
//! comes exactly once; one that is dropped without it says `WBEM_E_PROVIDER_FAILURE`, so
//! that nobody waits for a provider that went away. Sinks wrap sinks: filter and projection are
//! [`ObjectSink`]s around the client's.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use cim::status::{WBEM_E_PROVIDER_FAILURE, WBEM_S_NO_ERROR};
use cim::{Object, Result, WbemStatus};

/// What a source asks of the core in the middle of a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// From here on the core filters by the WHERE clause.
    StartPostfilter,
    /// From here on it does not.
    StopPostfilter,
}

/// How far a long operation is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is being done.
    pub activity: String,
}

/// The outcome of an operation: a success code (not only zero), or an error.
pub type Completion = Result<WbemStatus>;

/// The receiving side (IWbemObjectSink).
pub trait ObjectSink: Send {
    /// Takes a batch. `Break` asks the source to stop: nobody wants more.
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()>;

    /// Whether anybody still wants objects: for who finds none to deliver, and so hears no `Break`.
    fn is_wanted(&self) -> bool {
        true
    }

    /// Takes a requirement that holds for what follows.
    fn requirements(&mut self, _requirement: Requirement) {}

    /// Takes news of progress.
    fn progress(&mut self, _progress: Progress) {}

    /// Takes the final status, once.
    fn complete(self: Box<Self>, completion: Completion);
}

/// The sending side: owns an [`ObjectSink`] and sees to it that it is completed.
pub struct Sink {
    /// `None` when it was completed.
    receiver: Option<Box<dyn ObjectSink>>,
    /// The operation whose result it takes, and what that was given.
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

    /// Whether anybody still wants objects: for who finds none to deliver, and so hears no `Break`.
    pub fn is_wanted(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| receiver.is_wanted())
    }

    /// Asks for filtering from here on, or for none.
    pub fn requirements(&mut self, requirement: Requirement) {
        if let Some(receiver) = &mut self.receiver {
            receiver.requirements(requirement);
        }
    }

    /// Tells how far it is.
    pub fn progress(&mut self, progress: Progress) {
        if let Some(receiver) = &mut self.receiver {
            receiver.progress(progress);
        }
    }

    /// Ends the result.
    pub fn complete(mut self, completion: Completion) {
        self.end(completion);
    }

    /// Gives the sink up without a word, because the call itself returns the error: then the
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
                .with("the provider let go of its sink without a final status")));
        }
    }
}

/// Runs an operation and waits for its end; `take` gets each batch as it comes.
/// Errors: those of the call and those of the final status.
pub fn for_each(
    operation: impl FnOnce(Sink) -> Result<()>,
    take: impl FnMut(Vec<Object>) -> ControlFlow<()> + Send + 'static,
) -> Completion {
    let done = Arc::new(Done::default());
    operation(Sink::new(Receiver { take, done: done.clone() }))?;
    done.wait()
}

/// Runs an operation and gives the objects that came before its end, and the end.
pub fn gather(operation: impl FnOnce(Sink) -> Result<()>) -> (Vec<Object>, Completion) {
    let objects = Arc::new(Mutex::new(Vec::new()));
    let taken = objects.clone();
    let completion = for_each(operation, move |mut batch| {
        lock(&taken).append(&mut batch);
        ControlFlow::Continue(())
    });
    let objects = std::mem::take(&mut *lock(&objects));
    (objects, completion)
}

/// Runs an operation and gives all its objects. Errors: as of [`for_each`].
pub fn collect(operation: impl FnOnce(Sink) -> Result<()>) -> Result<Vec<Object>> {
    let (objects, completion) = gather(operation);
    completion.map(|_| objects)
}

/// A final status that another thread may deliver.
#[derive(Default)]
pub struct Done {
    completion: Mutex<Option<Completion>>,
    arrived: Condvar,
}

impl Done {
    /// Delivers the status; the first one counts.
    pub fn set(&self, completion: Completion) {
        lock(&self.completion).get_or_insert(completion);
        self.arrived.notify_all();
    }

    /// Waits for it.
    pub fn wait(&self) -> Completion {
        let mut guard = lock(&self.completion);
        loop {
            if let Some(completion) = &*guard {
                return completion.clone();
            }
            guard = self.arrived.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Receiver<F> {
    take: F,
    done: Arc<Done>,
}

impl<F: FnMut(Vec<Object>) -> ControlFlow<()> + Send> ObjectSink for Receiver<F> {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        (self.take)(batch)
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.done.set(completion);
    }
}

/// A panic of another holder leaves these values whole: they are only moved in and out.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The completion of an operation with nothing more to say.
pub const COMPLETE: Completion = Ok(WBEM_S_NO_ERROR);

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_FAILED, WBEM_S_FALSE};

    #[test]
    fn a_sink_let_go_is_a_provider_failure() {
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
