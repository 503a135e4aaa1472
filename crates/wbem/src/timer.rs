//! The deadlines of the process: each has an action that runs at its moment.
//!
//! One thread waits for the earliest deadline. It exists while there are deadlines, and for a while
//! after the last one. An action runs on another thread, because it may call code of a client or of
//! a provider, which must not delay the other deadlines. A deadline is removed when its [`Timeout`]
//! is dropped, so that calls which end in time leave nothing.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::operations::Operations;

/// How long the thread waits for another deadline.
const KEPT: Duration = Duration::from_secs(10);

static TIMER: LazyLock<Arc<Timer>> = LazyLock::new(|| Timer::keeping(KEPT));

type Action = Arc<dyn Fn() + Send + Sync>;

struct Timer {
    kept: Duration,
    state: Mutex<State>,
    has_earlier: Condvar,
    /// The threads that run the actions.
    threads: Operations,
}

#[derive(Default)]
struct State {
    next: u64,
    actions: BTreeMap<Key, Action>,
    /// When the thread wakes up; `None` if there is no thread.
    wakes_at: Option<Instant>,
}

/// The moment of a deadline, and a number that no other one has.
type Key = (Instant, u64);

/// A deadline, which is removed when this is dropped.
#[must_use = "the deadline is removed when it is dropped"]
pub(crate) struct Timeout {
    timer: Arc<Timer>,
    key: Key,
}

/// Runs `action` at `moment`, on another thread. If the system has no thread for the timer, the
/// deadline passes unnoticed here; code that waits for the call still notices it.
pub(crate) fn at(moment: Instant, action: impl Fn() + Send + Sync + 'static) -> Timeout {
    TIMER.at(moment, action)
}

/// The number of deadlines at exactly this moment.
#[cfg(test)]
pub(crate) fn count_at(moment: Instant) -> usize {
    TIMER.state.lock().actions.range((moment, 0)..=(moment, u64::MAX)).count()
}

impl Timer {
    fn keeping(kept: Duration) -> Arc<Self> {
        let (state, has_earlier) = Default::default();
        Arc::new(Timer { kept, state, has_earlier, threads: Operations::default() })
    }

    fn at(self: &Arc<Self>, moment: Instant, action: impl Fn() + Send + Sync + 'static) -> Timeout {
        let mut state = self.state.lock();
        let key = (moment, state.next);
        state.next += 1;
        state.actions.insert(key, Arc::new(action));
        // A thread that wakes up before the moment finds the deadline then: a deadline that is
        // later than another one costs no wake-up.
        if state.wakes_at.is_none_or(|wakes_at| moment < wakes_at) {
            match state.wakes_at.replace(moment) {
                Some(_) => drop(self.has_earlier.notify_one()),
                None if self.start_thread() => {}
                None => state.wakes_at = None,
            }
        }
        Timeout { timer: self.clone(), key }
    }

    fn start_thread(self: &Arc<Self>) -> bool {
        let timer = self.clone();
        let thread = std::thread::Builder::new().name("openwmi-timer".into());
        thread.spawn(move || timer.run()).is_ok()
    }

    /// Starts actions as their moments come, until there are none for a while.
    fn run(&self) {
        let mut state = self.state.lock();
        loop {
            let now = Instant::now();
            while let Some(first) = state.actions.first_entry()
                && first.key().0 <= now
            {
                let action = first.remove();
                MutexGuard::unlocked(&mut state, || self.start(action));
            }
            let first = state.actions.keys().next().map(|(moment, _)| *moment);
            let latest = now + self.kept;
            let wakes_at = first.map_or(latest, |moment| moment.min(latest));
            state.wakes_at = Some(wakes_at);
            let waited = self.has_earlier.wait_until(&mut state, wakes_at);
            if waited.timed_out() && first.is_none() && state.actions.is_empty() {
                state.wakes_at = None;
                return;
            }
        }
    }

    fn start(&self, action: Action) {
        let started = action.clone();
        if self.threads.run_beside(move || started()).is_err() {
            // There is no other thread, and this one must survive the action.
            let _ = catch_unwind(AssertUnwindSafe(|| action()));
        }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        let action = self.timer.state.lock().actions.remove(&self.key);
        // What the action holds is dropped without the lock.
        drop(action);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(3600);

    /// Sends `name` at `moment`.
    fn sending(
        timer: &Arc<Timer>,
        moment: Instant,
        name: &'static str,
        send: &mpsc::Sender<&'static str>,
    ) -> Timeout {
        let send = send.clone();
        timer.at(moment, move || send.send(name).unwrap_or_default())
    }

    #[test]
    fn an_earlier_deadline_is_not_delayed_by_a_later_one() {
        let (timer, (send, receive)) = (Timer::keeping(KEPT), mpsc::channel());
        let now = Instant::now();
        let _late = sending(&timer, now + LONG, "late", &send);
        let _early = sending(&timer, now + Duration::from_millis(20), "early", &send);
        assert_eq!(receive.recv(), Ok("early"));
        assert!(now.elapsed() >= Duration::from_millis(20), "not before its moment");
        let _past = sending(&timer, now, "past", &send);
        assert_eq!(receive.recv(), Ok("past"));
        assert_eq!(timer.state.lock().actions.len(), 1, "the late one");
    }

    #[test]
    fn an_action_that_blocks_or_panics_delays_no_other() {
        let (timer, (send, receive)) = (Timer::keeping(KEPT), mpsc::channel());
        let (release, is_released) = mpsc::channel::<()>();
        let blocked = Mutex::new(is_released);
        let now = Instant::now();
        let _blocking = timer.at(now, move || blocked.lock().recv().unwrap_or_default());
        let _panicking = timer.at(now, || panic!("as the test wants it"));
        let _next = sending(&timer, now, "next", &send);
        assert_eq!(receive.recv(), Ok("next"));
        drop(release);
    }

    #[test]
    fn a_deadline_that_is_removed_does_nothing() {
        let (timer, (send, receive)) = (Timer::keeping(KEPT), mpsc::channel());
        let moment = Instant::now() + Duration::from_millis(20);
        drop(sending(&timer, moment, "removed", &send));
        let _kept = sending(&timer, moment + Duration::from_millis(1), "kept", &send);
        assert_eq!(receive.recv(), Ok("kept"));
        assert!(receive.try_recv().is_err());
    }

    #[test]
    fn the_thread_ends_without_deadlines_and_another_one_begins() {
        let (timer, (send, receive)) = (Timer::keeping(Duration::ZERO), mpsc::channel());
        for _ in 0..3 {
            let _due = sending(&timer, Instant::now(), "due", &send);
            assert_eq!(receive.recv(), Ok("due"));
            while timer.state.lock().wakes_at.is_some() {
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_million_deadlines_that_are_removed_leave_nothing_and_wake_no_thread() {
        let timer = Timer::keeping(KEPT);
        for _ in 0..1_000_000 {
            drop(timer.at(Instant::now() + LONG, || {}));
        }
        let state = timer.state.lock();
        assert!(state.actions.is_empty());
        assert!(state.wakes_at.is_some_and(|moment| moment < Instant::now() + LONG));
    }
}
