//! Cancellation of a call: by its caller, or at its deadline.
//!
//! A [`CancelToken`] travels with the context of a call. Code that works for the call checks it
//! ([`CancelToken::check`]), and code that waits on behalf of the call is woken by it
//! ([`CancelToken::on_cancel`]). A token that is derived from another one is cancelled with it. A
//! call that cannot be cancelled has a token that costs nothing.
//!
//! A deadline is a cancellation with the status `WBEM_E_TIMED_OUT`. While code waits to be woken by
//! the token, the deadline is a timer of the process; a check compares it with the clock.
//!
//! A change is committed behind a barrier, [`CancelToken::begin_commit`]: a call that was cancelled
//! before commits nothing, and a call that has begun to commit can no longer be cancelled. So no
//! call reports a cancellation whose change was committed nevertheless.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use cim::status::{WBEM_E_CALL_CANCELLED, WBEM_E_TIMED_OUT};
use cim::{Error, Result, WbemStatus};
use parking_lot::Mutex;

use crate::deadline::is_past;
use crate::timer::{self, Timeout};

/// Whether a call is still wanted. Clones are the same token.
#[derive(Clone, Default)]
pub struct CancelToken {
    /// `None` of a call that cannot be cancelled.
    shared: Option<Arc<Shared>>,
    /// Its own or that of the token that it is derived from.
    deadline: Option<Instant>,
}

struct Shared {
    /// Whether `State::ended` is set: read without the lock.
    has_ended: AtomicBool,
    state: Mutex<State>,
    /// Whether it is the token of one call, which is finished with its first commit: a later
    /// cancellation has no effect.
    is_of_one_call: bool,
    /// When it ends by itself. Tokens that are derived from it end with it.
    deadline: Option<Instant>,
    /// The token that it is derived from, and the number of the listener there.
    parent: OnceLock<(Arc<Shared>, u64)>,
}

#[derive(Default)]
struct State {
    ended: Option<WbemStatus>,
    commit: Commit,
    /// A cancellation during a commit, for a token of many calls: it applies to the next call.
    postponed: Option<WbemStatus>,
    next_listener: u64,
    listeners: Vec<(u64, Listener)>,
    /// INVARIANT: set only while there are listeners.
    timeout: Option<Timeout>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Commit {
    #[default]
    None,
    /// The number of commits in progress.
    UnderWay(u32),
    /// The call has committed and is finished.
    Done,
}

type Listener = Box<dyn FnOnce(WbemStatus) + Send>;

impl CancelToken {
    /// A token that can be cancelled.
    pub fn new() -> Self {
        CancelToken { shared: Some(Shared::below(None, false, None)), deadline: None }
    }

    /// A token that is cancelled with this one at the latest.
    pub fn child(&self) -> Self {
        let shared = self.shared.as_ref().map(|parent| Shared::below(Some(parent), false, None));
        CancelToken { shared, deadline: self.deadline }
    }

    /// The token of one call, whose caller waits on another thread than that of the call.
    pub(crate) fn of_one_call(&self) -> Self {
        let shared = Some(Shared::below(self.shared.as_ref(), true, None));
        CancelToken { shared, deadline: self.deadline }
    }

    /// A token that is cancelled with this one, and at `deadline` at the latest.
    pub fn until(&self, deadline: Instant) -> Self {
        if self.deadline.is_some_and(|own| own <= deadline) {
            return self.clone();
        }
        let shared = Some(Shared::below(self.shared.as_ref(), false, Some(deadline)));
        CancelToken { shared, deadline: Some(deadline) }
    }

    /// Whether it can neither be cancelled nor end by itself.
    pub fn is_endless(&self) -> bool {
        self.shared.is_none()
    }

    /// When it ends by itself, if it does.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ends the call, and all that is done on its behalf, unless it has begun to commit. Does nothing
    /// to a token that cannot be cancelled.
    pub fn cancel(&self) {
        self.end(WBEM_E_CALL_CANCELLED);
    }

    /// Ends the call with this status. `false` if it is too late for that.
    pub(crate) fn end(&self, why: WbemStatus) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.end(why))
    }

    /// Whether it was cancelled, or its deadline is past.
    pub fn is_cancelled(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.has_ended.load(Ordering::Acquire))
            || is_past(self.deadline)
    }

    /// Errors: `WBEM_E_CALL_CANCELLED` where it was cancelled, `WBEM_E_TIMED_OUT` past its deadline.
    pub fn check(&self) -> Result<()> {
        match self.is_cancelled() {
            true => Err(self.error()),
            false => Ok(()),
        }
    }

    /// The error of a call that ended with this status.
    fn error(&self) -> Error {
        let ended = self.shared.as_ref().and_then(|shared| shared.state.lock().ended);
        cancelled(ended.unwrap_or(WBEM_E_TIMED_OUT))
    }

    /// Begins to make a change durable. While the guard is held the call can no longer be
    /// cancelled: its outcome is that of the change.
    /// Errors: as [`CancelToken::check`]; then nothing may be changed.
    pub fn begin_commit(&self) -> Result<CommitGuard> {
        if is_past(self.deadline) {
            return Err(self.error());
        }
        let Some(shared) = &self.shared else { return Ok(CommitGuard(None)) };
        let mut state = shared.state.lock();
        if let Some(why) = state.ended {
            return Err(cancelled(why));
        }
        state.commit = match state.commit {
            Commit::None => Commit::UnderWay(1),
            Commit::UnderWay(count) => Commit::UnderWay(count + 1),
            Commit::Done => Commit::Done,
        };
        Ok(CommitGuard(Some(shared.clone())))
    }

    /// Calls `listener` once when the token is cancelled or its deadline is past; immediately if it
    /// is already. At the deadline it runs on a thread of the process's timer. Dropping the returned
    /// value removes the listener.
    pub fn on_cancel(&self, listener: impl FnOnce(WbemStatus) + Send + 'static) -> OnCancel {
        OnCancel(self.shared.as_ref().and_then(|shared| {
            let number = shared.listen(Box::new(listener))?;
            Some((shared.clone(), number))
        }))
    }
}

/// The error of a call that was cancelled or has timed out.
pub(crate) fn cancelled(why: WbemStatus) -> Error {
    why.with(match why {
        WBEM_E_TIMED_OUT => "the call was not done by its deadline",
        _ => "the call was cancelled; what it had begun may still be done",
    })
}

impl Shared {
    fn below(
        parent: Option<&Arc<Shared>>,
        is_of_one_call: bool,
        deadline: Option<Instant>,
    ) -> Arc<Shared> {
        let made = Arc::new(Shared {
            has_ended: AtomicBool::new(false),
            state: Mutex::default(),
            is_of_one_call,
            deadline,
            parent: OnceLock::new(),
        });
        if let Some(parent) = parent {
            // It exists before it listens: an end of the parent that comes meanwhile reaches it.
            let me = Arc::downgrade(&made);
            let end = move |why| {
                if let Some(me) = me.upgrade() {
                    me.end(why);
                }
            };
            if let Some(number) = parent.listen(Box::new(end)) {
                made.parent.get_or_init(|| (parent.clone(), number));
            }
        }
        made
    }

    /// Adds a listener. Errors: the status and the listener, if the token has ended.
    fn listen_unless_ended(
        self: &Arc<Self>,
        listener: Listener,
    ) -> std::result::Result<u64, (WbemStatus, Listener)> {
        let mut state = self.state.lock();
        if let Some(why) = state.ended {
            return Err((why, listener));
        }
        let number = state.next_listener;
        state.next_listener += 1;
        state.listeners.push((number, listener));
        if let Some(deadline) = self.deadline
            && state.timeout.is_none()
        {
            let ending = Arc::downgrade(self);
            state.timeout = Some(timer::at(deadline, move || {
                if let Some(shared) = ending.upgrade() {
                    shared.end(WBEM_E_TIMED_OUT);
                }
            }));
        }
        Ok(number)
    }

    fn listen(self: &Arc<Self>, listener: Listener) -> Option<u64> {
        if is_past(self.deadline) {
            self.end(WBEM_E_TIMED_OUT);
        }
        match self.listen_unless_ended(listener) {
            Ok(number) => Some(number),
            Err((why, listener)) => {
                listener(why);
                None
            }
        }
    }

    fn forget(&self, number: u64) {
        let mut state = self.state.lock();
        let at = state.listeners.iter().position(|(other, _)| *other == number);
        let listener = at.map(|at| state.listeners.swap_remove(at));
        let timeout = match state.listeners.is_empty() {
            true => state.timeout.take(),
            false => None,
        };
        drop(state);
        // What it holds is dropped without the lock: it may be a token that listens here.
        drop((listener, timeout));
    }

    fn end(&self, why: WbemStatus) -> bool {
        let mut state = self.state.lock();
        if state.ended.is_some() {
            return true;
        }
        match state.commit {
            Commit::None => {}
            Commit::Done => return false,
            Commit::UnderWay(_) => {
                state.postponed.get_or_insert(why);
                return false;
            }
        }
        state.ended = Some(why);
        self.has_ended.store(true, Ordering::Release);
        let listeners = std::mem::take(&mut state.listeners);
        let timeout = state.timeout.take();
        drop(state);
        drop(timeout);
        listeners.into_iter().for_each(|(_, listener)| listener(why));
        true
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some((parent, number)) = self.parent.take() {
            parent.forget(number);
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("can_be_cancelled", &self.shared.is_some())
            .field("is_cancelled", &self.is_cancelled())
            .field("deadline", &self.deadline)
            .finish()
    }
}

/// Held while a change is made durable.
#[must_use = "the call can be cancelled again when it is dropped"]
pub struct CommitGuard(Option<Arc<Shared>>);

impl Drop for CommitGuard {
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        let mut state = shared.state.lock();
        state.commit = match state.commit {
            _ if shared.is_of_one_call => Commit::Done,
            Commit::UnderWay(count) if count > 1 => Commit::UnderWay(count - 1),
            _ => Commit::None,
        };
        let postponed = match state.commit {
            Commit::None => state.postponed.take(),
            _ => None,
        };
        drop(state);
        if let Some(why) = postponed {
            shared.end(why);
        }
    }
}

/// A listener of a token, until it is dropped.
#[must_use = "the listener is taken out when it is dropped"]
pub struct OnCancel(Option<(Arc<Shared>, u64)>);

impl Drop for OnCancel {
    fn drop(&mut self) {
        if let Some((shared, number)) = &self.0 {
            shared.forget(*number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;
    use std::sync::{Barrier, mpsc};
    use std::time::Duration;

    fn status(outcome: Result<()>) -> Option<WbemStatus> {
        outcome.err().map(|e| e.status())
    }

    #[test]
    fn what_is_made_of_a_token_ends_with_it_and_not_the_other_way_round() {
        let parent = CancelToken::new();
        let (one, other) = (parent.child(), parent.child());
        let below = one.child();
        one.cancel();
        assert_eq!(status(below.check()), Some(WBEM_E_CALL_CANCELLED));
        assert_eq!((status(other.check()), status(parent.check())), (None, None));
        parent.cancel();
        assert!(other.is_cancelled());
        assert!(parent.child().is_cancelled(), "one that is made later too");
        assert!(parent.of_one_call().is_cancelled());
    }

    #[test]
    fn a_deadline_ends_a_call_as_a_cancel_does() {
        let past = CancelToken::default().until(Instant::now());
        assert_eq!(status(past.check()), Some(WBEM_E_TIMED_OUT));
        assert_eq!(past.begin_commit().err().map(|e| e.status()), Some(WBEM_E_TIMED_OUT));
        assert_eq!(status(past.child().check()), Some(WBEM_E_TIMED_OUT));
        let later = Instant::now() + Duration::from_secs(3600);
        assert!(past.until(later).is_cancelled(), "the earlier one holds");
        assert!(!CancelToken::default().until(later).is_cancelled());
        let session = CancelToken::new();
        let call = session.until(later);
        session.cancel();
        assert_eq!(status(call.check()), Some(WBEM_E_CALL_CANCELLED));
    }

    /// Of the token itself, of one that is derived from it, and of one whose deadline is past before.
    #[test]
    fn a_listener_is_called_at_the_deadline() {
        let derive: [fn(&CancelToken) -> CancelToken; 3] =
            [CancelToken::clone, CancelToken::child, CancelToken::of_one_call];
        for derive in derive {
            let session = CancelToken::new();
            let call = session.until(Instant::now() + Duration::from_millis(20));
            let (send, called) = mpsc::channel();
            let listening = derive(&call);
            let _listener = listening.on_cancel(move |why| send.send(why).unwrap());
            assert_eq!(called.recv(), Ok(WBEM_E_TIMED_OUT));
            assert_eq!(status(listening.check()), Some(WBEM_E_TIMED_OUT));
            assert!(!session.is_cancelled(), "the session has other calls");
        }
        let (send, called) = mpsc::channel();
        let past = CancelToken::default().until(Instant::now());
        let _listener = past.on_cancel(move |why| send.send(why).unwrap());
        assert_eq!(called.try_recv(), Ok(WBEM_E_TIMED_OUT), "at once");
    }

    /// As a cancel that comes too late.
    #[test]
    fn the_deadline_of_a_call_that_commits_calls_no_listener() {
        let deadline = Instant::now() + Duration::from_millis(200);
        let token = CancelToken::default().until(deadline);
        let call = token.of_one_call();
        let guard = call.begin_commit().unwrap();
        let (send, called) = mpsc::channel();
        let _listener = call.on_cancel(move |why| send.send(why).unwrap_or_default());
        // The end of the token, of which the call is not the only part.
        let (ended, has_ended) = mpsc::channel();
        let _other = token.on_cancel(move |_| ended.send(()).unwrap());
        has_ended.recv().unwrap();
        drop(guard);
        assert_eq!(called.try_recv(), Err(mpsc::TryRecvError::Empty));
        assert!(!call.end(WBEM_E_TIMED_OUT), "it has committed");
    }

    /// A timer runs only while code listens.
    #[test]
    fn calls_that_end_before_their_deadline_leave_no_timer() {
        let deadline = Instant::now() + Duration::from_secs(7200);
        for _ in 0..100_000 {
            let token = CancelToken::default().until(deadline);
            assert_eq!(timer::count_at(deadline), 0, "no code listens");
            let call = token.of_one_call();
            let listeners = [call.on_cancel(|_| ()), call.child().on_cancel(|_| ())];
            assert_eq!(timer::count_at(deadline), 1, "one for all that is derived");
            drop((call, listeners));
            assert_eq!(timer::count_at(deadline), 0, "the call is over");
        }
        let token = CancelToken::default().until(deadline);
        let _listener = token.on_cancel(|_| ());
        token.cancel();
        assert_eq!(timer::count_at(deadline), 0, "the call has ended");
    }

    #[test]
    fn a_listener_is_called_once_and_not_when_it_was_taken_out() {
        let calls = Arc::new(AtomicU32::new(0));
        let count = |token: &CancelToken| {
            let calls = calls.clone();
            token.on_cancel(move |_| {
                calls.fetch_add(1, Ordering::SeqCst);
            })
        };
        let token = CancelToken::new();
        let _kept = count(&token);
        drop(count(&token));
        token.cancel();
        token.cancel();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let _at_once = count(&token);
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        let _never = count(&CancelToken::default());
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }

    /// What a token keeps of those that are made of it goes with them.
    #[test]
    fn tokens_of_calls_that_are_over_leave_nothing() {
        let session = CancelToken::new();
        for _ in 0..1000 {
            drop(session.of_one_call().child());
        }
        assert!(session.shared.unwrap().state.lock().listeners.is_empty());
    }

    #[test]
    fn a_cancel_during_a_commit_is_for_the_next_call() {
        let (session, call) = (CancelToken::new(), CancelToken::new().of_one_call());
        let guards = [&session, &call].map(|token| token.begin_commit().unwrap());
        session.cancel();
        assert!(!call.end(WBEM_E_TIMED_OUT), "too late");
        assert!(!session.is_cancelled() && !call.is_cancelled());
        drop(guards);
        assert_eq!(status(session.check()), Some(WBEM_E_CALL_CANCELLED));
        assert!(!call.end(WBEM_E_TIMED_OUT), "the call has done what it was to do");
        assert!(!call.is_cancelled());
    }

    /// Either the cancel is reported to the caller and nothing is committed, or the other way round.
    #[test]
    fn no_call_is_both_cancelled_and_committed() {
        const ROUNDS: usize = 2000;
        let mut outcomes = [0; 2];
        for round in 0..ROUNDS {
            let session = CancelToken::new();
            let call = session.of_one_call();
            let start = Barrier::new(3);
            let (committed, reported) = std::thread::scope(|scope| {
                let commit = scope.spawn(|| {
                    start.wait();
                    // What a provider does on behalf of the call has a token of its own.
                    let inner = call.child();
                    (0..round % 64).for_each(|_| std::hint::spin_loop());
                    let _ = inner.begin_commit();
                    call.begin_commit().is_ok()
                });
                scope.spawn(|| {
                    start.wait();
                    session.cancel();
                });
                let caller = scope.spawn(|| {
                    start.wait();
                    call.end(WBEM_E_TIMED_OUT)
                });
                (commit.join().unwrap(), caller.join().unwrap())
            });
            assert_ne!(committed, reported, "in round {round}");
            assert_eq!(call.is_cancelled(), reported);
            outcomes[usize::from(committed)] += 1;
        }
        assert!(outcomes.iter().all(|&count| count > 0), "one has never come: {outcomes:?}");
    }
}
