//! The objects of an operation as a client fetches them (IEnumWbemClassObject), while the
//! operation still runs.
//!
//! A thread runs the operation and is held up by what it has delivered and nobody has fetched: a
//! client that stops early costs two batches of work, and one that fetches many at a time finds
//! more waiting for it. Where the client may come back to an object
//! (no `FORWARD_ONLY`) what was delivered is kept as long as the enumerator. Semantics:
//! behaviour.md F.3, windows-in-practice.md "Queries".

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Object, Result, WbemStatus};

use crate::flags::Flags;
use crate::sink::{Completion, ObjectSink, Sink};

/// So many objects may wait to be fetched before the operation is held up; where the client
/// fetches many at a time, so many fetches, up to a limit. It goes on when half are left, so that
/// the two threads do not wake each other for every batch.
const WAITING: usize = 128;
const WAITING_FETCHES: usize = 8;
const MOST_WAITING: usize = 1 << 14;

/// A position among the objects of an operation. Dropping the last one ends the operation.
#[derive(Debug)]
pub struct Enumerator {
    position: usize,
    /// Whether the final status, where it tells more than success, was told here.
    is_told: bool,
    shared: Arc<Shared>,
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

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// What somebody waits for was delivered, or the operation has come to its end.
    is_delivered: Condvar,
    /// More may be delivered, or nobody wants more.
    is_wanted: Condvar,
    /// Whether objects stay when they were fetched.
    keeps: bool,
}

#[derive(Debug, Default)]
struct State {
    objects: VecDeque<Object>,
    /// The position of the first of them.
    first: usize,
    /// The furthest position of any enumerator.
    furthest: usize,
    /// The nearest position that somebody waits for.
    awaited: Option<usize>,
    /// How many may wait.
    ahead: usize,
    completion: Option<Completion>,
    is_abandoned: bool,
    /// Whether the operation has let go of all it had.
    is_over: bool,
}

/// Held by every enumerator of an operation.
#[derive(Debug)]
struct Interest(Arc<Shared>);

impl Enumerator {
    /// Starts `operation` on a thread of its own. With `RETURN_IMMEDIATELY` among `flags` its
    /// errors come with the first fetch; else this waits for the first objects, and an error before them
    /// is this call's.
    /// Errors: the operation's; `WBEM_E_OUT_OF_MEMORY` where there can be no thread.
    pub fn start(
        flags: Flags,
        operation: impl FnOnce(Sink) -> Result<()> + Send + 'static,
    ) -> Result<Enumerator> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            is_delivered: Condvar::new(),
            is_wanted: Condvar::new(),
            keeps: !flags.has(Flags::FORWARD_ONLY),
        });
        let delivering = shared.clone();
        crate::client::spawn(move || {
            let over = Over(delivering);
            if let Err(error) = operation(Sink::new(Delivery(over.0.clone()))) {
                over.0.complete(Err(error));
            }
        })?;
        let interest = Arc::new(Interest(shared.clone()));
        let enumerator = Enumerator { position: 0, is_told: false, shared, interest };
        if !flags.has(Flags::RETURN_IMMEDIATELY) {
            enumerator.shared.begun()?;
        }
        Ok(enumerator)
    }

    /// Fetches `count` objects, and waits for them as long as `wait` says; `None` is for ever.
    /// Fewer come, with `WBEM_S_NO_ERROR`, where an error follows them, which the next fetch gives.
    /// Errors: the operation's, with no object, and again whenever it is asked.
    pub fn next(&mut self, wait: Option<Duration>, count: usize) -> Result<Fetched> {
        self.advance(wait, count, |shared, state, range| shared.take(state, range))
    }

    /// Passes over `count` objects; the status is that of a fetch of as many.
    /// Errors: as [`Enumerator::next`].
    pub fn skip(&mut self, wait: Option<Duration>, count: usize) -> Result<WbemStatus> {
        let passed = self.advance(wait, count, |shared, state, range| {
            shared.forget(state, range.end);
            Vec::new()
        })?;
        Ok(passed.status)
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
            shared: self.shared.clone(),
            interest: self.interest.clone(),
        })
    }

    /// Ends the operation, unless others enumerate it too, and waits until it has let go of the
    /// repository and of everything else; no longer than `limit`, as a provider may be at work that does not answer.
    pub fn close(self, limit: Duration) {
        let shared = self.shared.clone();
        drop(self);
        let mut state = shared.state();
        if !state.is_abandoned {
            return;
        }
        let deadline = Instant::now() + limit;
        while !state.is_over {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = shared.is_delivered.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn check_kept(&self, purpose: &str) -> Result<()> {
        if self.shared.keeps {
            return Ok(());
        }
        Err(WBEM_E_INVALID_OPERATION
            .with(format!("an enumerator that was made FORWARD_ONLY cannot {purpose}")))
    }

    fn advance(
        &mut self,
        wait: Option<Duration>,
        count: usize,
        pass: impl FnOnce(&Shared, &mut State, std::ops::Range<usize>) -> Vec<Object>,
    ) -> Result<Fetched> {
        // A time that no clock reaches is for ever.
        let deadline = wait.and_then(|wait| Instant::now().checked_add(wait));
        let shared = self.shared.clone();
        let mut state = shared.state();
        state.ahead = count.saturating_mul(WAITING_FETCHES).clamp(WAITING, MOST_WAITING);
        let wanted = self.position.saturating_add(count);
        let status = loop {
            let delivered = state.delivered();
            if delivered >= wanted {
                break WBEM_S_NO_ERROR;
            }
            match &state.completion {
                Some(Err(error)) if delivered == self.position => return Err(error.clone()),
                Some(Err(_)) => break WBEM_S_NO_ERROR,
                Some(Ok(status)) if *status != WBEM_S_NO_ERROR && !self.is_told => {
                    self.is_told = true;
                    break *status;
                }
                Some(Ok(_)) => break WBEM_S_FALSE,
                None => {}
            }
            // The operation goes on for who wants more than is waiting.
            state.furthest = state.furthest.max(delivered);
            state.awaited = Some(state.awaited.map_or(wanted, |nearest| nearest.min(wanted)));
            shared.is_wanted.notify_all();
            state = match deadline {
                None => shared.is_delivered.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break WBEM_S_TIMEDOUT;
                    }
                    let waited = shared.is_delivered.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        let end = wanted.min(state.delivered());
        let objects = pass(&shared, &mut state, self.position..end);
        self.position = end;
        state.furthest = state.furthest.max(end);
        if state.may_go_on() {
            shared.is_wanted.notify_all();
        }
        Ok(Fetched { objects, status })
    }
}

impl Shared {
    /// A panic of another holder leaves the state whole: values are only moved in and out.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the operation has delivered something or has ended.
    /// Errors: its own, where nothing came before.
    fn begun(&self) -> Result<()> {
        let mut state = self.state();
        loop {
            match &state.completion {
                _ if !state.objects.is_empty() => return Ok(()),
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(_)) => return Ok(()),
                None => {
                    state.awaited = Some(1);
                    state = self.is_delivered.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The objects at these positions.
    fn take(&self, state: &mut State, range: std::ops::Range<usize>) -> Vec<Object> {
        let here = range.start - state.first..range.end - state.first;
        if self.keeps {
            return state.objects.range(here).cloned().collect();
        }
        state.first = range.end;
        state.objects.drain(here).collect()
    }

    /// Lets go of what comes before a position, where nobody can come back to it.
    fn forget(&self, state: &mut State, end: usize) {
        if !self.keeps {
            state.objects.drain(..end - state.first);
            state.first = end;
        }
    }

    fn complete(&self, completion: Completion) {
        self.state().completion.get_or_insert(completion);
        self.is_delivered.notify_all();
    }
}

impl State {
    /// The position after the last object that was delivered.
    fn delivered(&self) -> usize {
        self.first + self.objects.len()
    }

    /// How many objects nobody has fetched.
    fn waiting(&self) -> usize {
        self.delivered().saturating_sub(self.furthest)
    }

    /// Whether an operation that was held up may go on.
    fn may_go_on(&self) -> bool {
        self.waiting() <= self.ahead / 2
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_abandoned = true;
        state.objects.clear();
        self.0.is_wanted.notify_all();
    }
}

/// Dropped when the operation's thread has nothing more to do.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.is_delivered.notify_all();
    }
}

/// The operation's side.
struct Delivery(Arc<Shared>);

impl ObjectSink for Delivery {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        let mut state = self.0.state();
        if state.is_abandoned {
            return ControlFlow::Break(());
        }
        state.objects.extend(batch);
        let delivered = state.delivered();
        if state.awaited.take_if(|awaited| delivered >= *awaited).is_some() {
            self.0.is_delivered.notify_all();
        }
        if state.waiting() >= state.ahead.max(WAITING) {
            while !state.may_go_on() && !state.is_abandoned {
                state = self.0.is_wanted.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        match state.is_abandoned {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.0.complete(completion);
    }
}
