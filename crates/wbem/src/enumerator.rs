//! The objects of an operation as a client fetches them (IEnumWbemClassObject), while the
//! operation still runs.
//!
//! A thread runs the operation and is held up by what it has delivered and nobody has fetched: a
//! client that stops early costs two batches of work, and one that goes on finds more waiting for
//! it. Where the client may come back to an object
//! (no `FORWARD_ONLY`) what was delivered is kept as long as the enumerator. Semantics:
//! behaviour.md F.3, windows-in-practice.md "Queries".

mod objects;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use cim::status::*;
use cim::{Object, Result, WbemStatus};

use self::objects::{Delivery, Interest, Objects, Over};
use self::requests::{Request, Requests};
use crate::asynchronous::{Outstanding, ResponseSink};
use crate::deadline::Deadline;
use crate::flags::Flags;
use crate::sink::Sink;

/// A position among the objects of an operation. Dropping the last one ends the operation, when
/// nothing is left that was asked for by [`crate::Client::next_async`].
#[derive(Debug)]
pub struct Enumerator {
    position: usize,
    /// Whether the final status, where it tells more than success, was told here.
    is_told: bool,
    /// What is to be delivered before what this enumerator fetches next.
    requests: Arc<Requests>,
    interest: Arc<Interest>,
}

/// What a fetch gives.
#[derive(Debug, PartialEq)]
pub struct Fetched {
    /// The objects, no more than were asked for.
    pub objects: Vec<Object>,
    /// `WBEM_S_NO_ERROR` where there may be more; `WBEM_S_FALSE` at the end, also together with
    /// the last objects; `WBEM_S_TIMEDOUT` with what has come in time; at the end, once, the
    /// operation's own status where that tells more than success.
    pub status: WbemStatus,
}

impl Enumerator {
    /// Starts `operation` on a thread of its own. With `RETURN_IMMEDIATELY` among `flags` its
    /// errors come with the first fetch; else this waits for the first objects, and an error before
    /// them is this call's.
    /// Errors: the operation's; `WBEM_E_OUT_OF_MEMORY` where there can be no thread.
    pub fn start(
        flags: Flags,
        operation: impl FnOnce(Sink) -> Result<()> + Send + 'static,
    ) -> Result<Enumerator> {
        let objects = Arc::new(Objects::new(!flags.has(Flags::FORWARD_ONLY)));
        let delivering = objects.clone();
        crate::client::spawn(move || {
            let over = Over(delivering);
            if let Err(error) = operation(Sink::new(Delivery(over.0.clone()))) {
                over.0.complete(Err(error));
            }
        })?;
        let interest = Arc::new(Interest(objects));
        if !flags.has(Flags::RETURN_IMMEDIATELY) {
            interest.0.begun()?;
        }
        Ok(Enumerator { position: 0, is_told: false, requests: Arc::default(), interest })
    }

    /// Fetches `count` objects, and waits for them as long as `wait` says; `None` is for ever.
    /// Fewer come, with `WBEM_S_NO_ERROR`, where an error follows them, which the next fetch gives.
    /// Errors: the operation's, with no object, and again whenever it is asked.
    pub fn next(&mut self, wait: Option<Duration>, count: usize) -> Result<Fetched> {
        self.advance(wait, count, true)
    }

    /// Passes over `count` objects; the status is that of a fetch of as many.
    /// Errors: as [`Enumerator::next`].
    pub fn skip(&mut self, wait: Option<Duration>, count: usize) -> Result<WbemStatus> {
        Ok(self.advance(wait, count, false)?.status)
    }

    /// [`crate::Client::next_async`], whose calls are `outstanding`.
    pub(crate) fn next_async(
        &mut self,
        count: usize,
        outstanding: &Outstanding,
        sink: &Arc<dyn ResponseSink>,
    ) -> Result<WbemStatus> {
        if count == 0 || self.is_at_end() {
            return Ok(WBEM_S_FALSE);
        }
        let end = self.position.saturating_add(count);
        let call = outstanding.call(Flags::default(), sink);
        let request = Request { positions: self.position..end, call };
        self.requests.take(request, &self.interest)?;
        self.position = end;
        Ok(WBEM_S_NO_ERROR)
    }

    /// Whether nothing more can come, not even an error.
    fn is_at_end(&self) -> bool {
        let state = self.interest.0.state();
        state.delivered() <= self.position && matches!(state.completion, Some(Ok(_)))
    }

    /// Goes back to the first object. Errors: `WBEM_E_INVALID_OPERATION` of one that only goes
    /// forward.
    pub fn reset(&mut self) -> Result<()> {
        self.check_kept("be reset")?;
        (self.position, self.is_told) = (0, false);
        Ok(())
    }

    /// Another enumerator at the same position. Errors: `WBEM_E_INVALID_OPERATION` of one that
    /// only goes forward.
    pub fn try_clone(&self) -> Result<Enumerator> {
        self.check_kept("be cloned")?;
        Ok(Enumerator {
            position: self.position,
            is_told: self.is_told,
            requests: Arc::default(),
            interest: self.interest.clone(),
        })
    }

    /// Ends the operation, unless others enumerate it too, and waits until it has let go of the
    /// repository and of everything else; no longer than `limit`, as a provider may be at work that
    /// does not answer.
    pub fn close(self, limit: Duration) {
        let objects = self.interest.0.clone();
        drop(self);
        objects.wait_until_over(limit);
    }

    fn check_kept(&self, purpose: &str) -> Result<()> {
        if self.interest.0.keeps {
            return Ok(());
        }
        Err(WBEM_E_INVALID_OPERATION
            .with(format!("an enumerator that was made FORWARD_ONLY cannot {purpose}")))
    }

    fn advance(&mut self, wait: Option<Duration>, count: usize, wants: bool) -> Result<Fetched> {
        let deadline = Deadline::after(wait);
        let all = &self.interest.0;
        let mut state = all.state();
        let wanted = self.position.saturating_add(count);
        let status = loop {
            let delivered = state.delivered();
            if delivered >= wanted {
                break WBEM_S_NO_ERROR;
            }
            match &state.completion {
                Some(Err(error)) if delivered <= self.position => return Err(error.clone()),
                Some(Err(_)) => break WBEM_S_NO_ERROR,
                Some(Ok(status)) if *status != WBEM_S_NO_ERROR && !self.is_told => {
                    self.is_told = true;
                    break *status;
                }
                Some(Ok(_)) => break WBEM_S_FALSE,
                None => {}
            }
            let is_in_time;
            (state, is_in_time) = all.wait(state, wanted, deadline);
            if !is_in_time {
                break WBEM_S_TIMEDOUT;
            }
        };
        let end = wanted.min(state.delivered());
        let mut objects = Vec::new();
        // What was asked for by NextAsync may not have been delivered yet.
        if end > self.position {
            objects = all.pass(&mut state, self.position..end, wants);
            self.position = end;
        }
        Ok(Fetched { objects, status })
    }
}
