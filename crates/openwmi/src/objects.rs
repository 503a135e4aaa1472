//! The result of a query, object by object, while the query still runs.
//!
//! A thread runs the query and waits with each batch until the one before was taken, so that a
//! client that stops early costs two batches at most, and a result need not fit in memory.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::vec;

use cim::Object;
use cim::status::{WBEM_E_FAILED, WBEM_E_OUT_OF_MEMORY};
use serde::de::DeserializeOwned;
use wbem::{Completion, ObjectSink, Sink};

use crate::connection::typed;
use crate::error::{WMIResult, at};

/// Objects as they come. After an error there is nothing more. Dropping it ends the query; as
/// long as it is there, the query holds the state of the repository of the moment it began.
#[derive(Debug)]
pub struct Objects {
    operation: &'static str,
    object: String,
    batch: vec::IntoIter<Object>,
    /// `None` after the end.
    messages: Option<Receiver<Message>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message {
    Batch(Vec<Object>),
    End(Completion),
}

impl Objects {
    /// Starts `run` and waits for its first batch.
    /// Errors: those of the call.
    pub(crate) fn start(
        operation: &'static str,
        object: &str,
        run: impl FnOnce(Sink) -> cim::Result<()> + Send + 'static,
    ) -> WMIResult<Objects> {
        let (sender, messages) = sync_channel(0);
        let work = move || {
            let sink = Sink::new(Sending(sender.clone()));
            if let Err(error) = run(sink) {
                // Nobody is there to be told, or the error arrives.
                let _ = sender.send(Message::End(Err(error)));
            }
        };
        let thread = thread::Builder::new().name("openwmi-query".into()).spawn(work);
        let thread = thread.map_err(|e| {
            let error = WBEM_E_OUT_OF_MEMORY.with(format!("a thread cannot be started: {e}"));
            at(operation, object)(error)
        })?;
        let mut objects = Objects {
            operation,
            object: object.to_owned(),
            batch: Vec::new().into_iter(),
            messages: Some(messages),
            thread: Some(thread),
        };
        objects.advance()?;
        Ok(objects)
    }

    /// The same as `T`s: structs, maps, or enums whose variants are classes.
    pub fn typed<T: DeserializeOwned>(self) -> impl Iterator<Item = WMIResult<T>> {
        self.map(|object| object.and_then(|object| typed(&object)))
    }

    /// Waits for the next batch, or finds that there is none.
    fn advance(&mut self) -> WMIResult<()> {
        let Some(messages) = &self.messages else { return Ok(()) };
        // A thread that ends without a last word has panicked.
        let panicked = |_| Message::End(Err(WBEM_E_FAILED.with("the query ended in a panic")));
        match messages.recv().unwrap_or_else(panicked) {
            Message::Batch(batch) => self.batch = batch.into_iter(),
            Message::End(completion) => {
                self.finish();
                completion.map_err(at(self.operation, &self.object))?;
            }
        }
        Ok(())
    }

    /// Lets the query know that nobody listens, and waits until it has let go of everything.
    fn finish(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            // A panic of its own was told, or nobody wants to know.
            let _ = thread.join();
        }
    }
}

impl Iterator for Objects {
    type Item = WMIResult<Object>;

    fn next(&mut self) -> Option<WMIResult<Object>> {
        loop {
            if let Some(object) = self.batch.next() {
                return Some(Ok(object));
            }
            self.messages.as_ref()?;
            if let Err(error) = self.advance() {
                return Some(Err(error));
            }
        }
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.finish();
    }
}

struct Sending(SyncSender<Message>);

impl ObjectSink for Sending {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        match self.0.send(Message::Batch(batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn complete(self: Box<Self>, completion: Completion) {
        // Nobody is there to be told, or it arrives.
        let _ = self.0.send(Message::End(completion));
    }
}
