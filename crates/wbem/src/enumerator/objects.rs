//! The objects of an operation between the thread that runs it and those who fetch them.
//!
//! The operation is held up by what it has delivered and nobody has fetched, unless somebody
//! waits for more than that.

use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::status::*;
use cim::{Object, Result};

use super::Fetched;
use crate::deadline::Deadline;
use crate::sink::{Completion, ObjectSink};

/// So many objects may wait to be fetched before the operation is held up; where the client has
/// fetched more than that, as many again, up to a limit: who goes on finds more waiting, and who
/// stops has cost no more than was used. It goes on when half are left, so that the two threads
/// do not wake each other for every batch.
const WAITING: usize = 128;
const MOST_WAITING: usize = 1 << 14;

#[derive(Debug)]
pub(super) struct Objects {
    state: Mutex<State>,
    /// What somebody waits for was delivered, or the operation has come to its end.
    is_delivered: Condvar,
    /// More may be delivered, or nobody wants more.
    is_wanted: Condvar,
    /// Whether objects stay when they were fetched.
    pub(super) keeps: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Those that were delivered and may still be fetched; `None` where one was fetched before
    /// those in front of it.
    objects: VecDeque<Option<Object>>,
    /// The position of the first of them.
    first: usize,
    /// The furthest position of any enumerator.
    furthest: usize,
    /// The position from which a NextAsync is still to be served: what comes before it nobody can
    /// fetch any more, where objects do not stay.
    reserved: Option<usize>,
    /// For each who waits, how many objects have to be delivered.
    awaited: Vec<usize>,
    pub(super) completion: Option<Completion>,
    is_abandoned: bool,
    /// Whether the operation has let go of all it had.
    is_over: bool,
}

/// Held by everyone who may still fetch objects of an operation.
#[derive(Debug)]
pub(super) struct Interest(pub(super) Arc<Objects>);

impl Objects {
    pub(super) fn new(keeps: bool) -> Self {
        Objects {
            state: Mutex::default(),
            is_delivered: Condvar::new(),
            is_wanted: Condvar::new(),
            keeps,
        }
    }

    /// A panic of another holder leaves the state whole: values are only moved in and out.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the operation has delivered something or has ended.
    /// Errors: its own, where nothing came before.
    pub(super) fn begun(&self) -> Result<()> {
        let mut state = self.state();
        loop {
            match &state.completion {
                _ if state.delivered() > 0 => return Ok(()),
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(_)) => return Ok(()),
                None => (state, _) = self.wait(state, 1, Deadline::NEVER),
            }
        }
    }

    /// Waits until `wanted` objects were delivered, the operation has ended, or something else
    /// has happened. With `false` at once where the deadline is past.
    pub(super) fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        wanted: usize,
        deadline: Deadline,
    ) -> (MutexGuard<'a, State>, bool) {
        if deadline.is_past() {
            return (state, false);
        }
        // The operation goes on for who wants more than is waiting.
        state.furthest = state.furthest.max(state.delivered());
        state.awaited.push(wanted);
        self.is_wanted.notify_all();
        state = deadline.wait(&self.is_delivered, state);
        if let Some(own) = state.awaited.iter().position(|it| *it == wanted) {
            state.awaited.swap_remove(own);
        }
        (state, true)
    }

    /// Passes over the objects at these positions, which were delivered; gives them where `wants`
    /// says so.
    pub(super) fn pass(&self, state: &mut State, range: Range<usize>, wants: bool) -> Vec<Object> {
        let here = range.start - state.first..range.end - state.first;
        let mut objects = Vec::new();
        match (self.keeps, state.reserved) {
            (true, _) if wants => objects.extend(state.objects.range(here).flatten().cloned()),
            (true, _) => {}
            (false, None) => {
                state.first = range.end;
                objects.extend(state.objects.drain(..here.end).skip(here.start).flatten());
            }
            (false, Some(_)) => {
                objects.extend(state.objects.range_mut(here).filter_map(Option::take));
            }
        }
        if !wants {
            objects.clear();
        }
        state.furthest = state.furthest.max(range.end);
        if state.may_go_on() {
            self.is_wanted.notify_all();
        }
        objects
    }

    /// What there is from `range.start` on, as soon as there is something and no further than
    /// `range.end`; nothing at the end of the operation, with its status.
    /// Errors: the operation's.
    pub(super) fn some(&self, range: Range<usize>) -> Result<Fetched> {
        let mut state = self.state();
        loop {
            let delivered = state.delivered();
            if delivered > range.start {
                let end = range.end.min(delivered).min(range.start.saturating_add(WAITING));
                let objects = self.pass(&mut state, range.start..end, true);
                return Ok(Fetched { objects, status: WBEM_S_NO_ERROR });
            }
            let status = match &state.completion {
                Some(Err(error)) => return Err(error.clone()),
                Some(Ok(WBEM_S_NO_ERROR)) => WBEM_S_FALSE,
                Some(Ok(status)) => *status,
                None => {
                    (state, _) = self.wait(state, range.start.saturating_add(1), Deadline::NEVER);
                    continue;
                }
            };
            return Ok(Fetched { objects: Vec::new(), status });
        }
    }

    /// Waits until the operation, which nobody wants any more, has let go of everything; no longer
    /// than `limit`. Returns at once where somebody wants it.
    pub(super) fn wait_until_over(&self, limit: Duration) {
        let deadline = Deadline::after(Some(limit));
        let mut state = self.state();
        while state.is_abandoned && !state.is_over && !deadline.is_past() {
            state = deadline.wait(&self.is_delivered, state);
        }
    }

    /// Says from which position on a NextAsync is still to be served.
    pub(super) fn reserve(&self, from: Option<usize>) {
        let mut state = self.state();
        state.reserved = from;
        let gone = from.unwrap_or(0).min(state.delivered()).saturating_sub(state.first);
        if !self.keeps {
            state.objects.drain(..gone);
            state.first += gone;
        }
    }

    pub(super) fn complete(&self, completion: Completion) {
        self.state().completion.get_or_insert(completion);
        self.is_delivered.notify_all();
    }
}

impl State {
    /// The position after the last object that was delivered.
    pub(super) fn delivered(&self) -> usize {
        self.first + self.objects.len()
    }

    /// How many may wait.
    fn ahead(&self) -> usize {
        self.furthest.clamp(WAITING, MOST_WAITING)
    }

    /// How many objects nobody has fetched.
    fn waiting(&self) -> usize {
        self.delivered().saturating_sub(self.furthest)
    }

    /// Whether the operation has delivered enough for now.
    fn is_enough(&self) -> bool {
        self.awaited.is_empty() && self.waiting() >= self.ahead()
    }

    /// Whether an operation that was held up may go on.
    fn may_go_on(&self) -> bool {
        self.waiting() <= self.ahead() / 2
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
pub(super) struct Over(pub(super) Arc<Objects>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.is_delivered.notify_all();
    }
}

/// The operation's side.
pub(super) struct Delivery(pub(super) Arc<Objects>);

impl ObjectSink for Delivery {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        let mut state = self.0.state();
        if state.is_abandoned {
            return ControlFlow::Break(());
        }
        state.objects.extend(batch.into_iter().map(Some));
        let delivered = state.delivered();
        let waiting = state.awaited.len();
        state.awaited.retain(|awaited| delivered < *awaited);
        if state.awaited.len() < waiting {
            self.0.is_delivered.notify_all();
        }
        if state.is_enough() {
            while !state.may_go_on() && !state.is_abandoned {
                state = self.0.is_wanted.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        match state.is_abandoned {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn is_wanted(&self) -> bool {
        !self.0.state().is_abandoned
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.0.complete(completion);
    }
}
