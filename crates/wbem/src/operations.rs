//! The operations that run on threads of their own: how many there may be, and the threads.
//!
//! An operation is admitted or refused, never queued: the caller knows at once. An admitted one
//! runs on a thread that is kept for the next one for a while. An operation that has returned its
//! thread ([`crate::Sink::suspend`]) does not count until it continues. What runs on its caller's
//! thread does not count.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::Result;
use cim::status::{WBEM_E_OUT_OF_MEMORY, WBEM_E_SERVER_TOO_BUSY};
use parking_lot::{Condvar, Mutex};

use crate::context::SessionId;

/// How many operations there may be at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationLimits {
    /// In all.
    pub operations: usize,
    /// Of one client, which is known by the session of its contexts.
    pub operations_per_client: usize,
}

impl Default for OperationLimits {
    fn default() -> Self {
        OperationLimits { operations: 1024, operations_per_client: 64 }
    }
}

/// How long a thread waits for the next operation.
const KEPT: Duration = Duration::from_secs(10);

/// The operations of a process, or of a part of it that has limits of its own. Clones are the same.
#[derive(Clone, Debug)]
pub struct Operations(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: OperationLimits,
    kept: Duration,
    state: Mutex<State>,
    has_work: Condvar,
}

#[derive(Default)]
struct State {
    admitted: usize,
    of_clients: HashMap<SessionId, usize>,
    threads: usize,
    /// How many threads wait for work and have none assigned.
    idle: usize,
    work: VecDeque<Work>,
    /// Whether no thread can be had, for tests of what happens then.
    #[cfg(test)]
    refuses_threads: bool,
}

type Work = Box<dyn FnOnce() + Send>;

impl Default for Operations {
    fn default() -> Self {
        Operations::new(OperationLimits::default())
    }
}

impl Operations {
    /// With these limits.
    pub fn new(limits: OperationLimits) -> Self {
        Operations::keeping(limits, KEPT)
    }

    fn keeping(limits: OperationLimits, kept: Duration) -> Self {
        let (state, has_work) = Default::default();
        Operations(Arc::new(Shared { limits, kept, state, has_work }))
    }

    /// How many operations are admitted now.
    pub fn admitted(&self) -> usize {
        self.0.state.lock().admitted
    }

    /// How many threads there are now: for each operation that runs one, and those that are kept.
    pub fn threads(&self) -> usize {
        self.0.state.lock().threads
    }

    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.0.state.lock().idle
    }

    /// From now on no thread can be had.
    #[cfg(test)]
    pub(crate) fn refuse_threads(&self) {
        self.0.state.lock().refuses_threads = true;
    }

    /// Runs `work`, which is an operation of the client `session`, on a thread. It counts until it
    /// drops what it is given.
    /// Errors: `WBEM_E_SERVER_TOO_BUSY` where there are as many as there may be;
    /// `WBEM_E_OUT_OF_MEMORY` where there can be no thread.
    pub(crate) fn run(
        &self,
        session: SessionId,
        work: impl FnOnce(Admission) + Send + 'static,
    ) -> Result<()> {
        let mut state = self.0.state.lock();
        let OperationLimits { operations, operations_per_client } = self.0.limits;
        let of_client = state.of_clients.get(&session).copied().unwrap_or_default();
        let refused = |whose: &str, limit: &str, allowed: usize, measured: usize| {
            WBEM_E_SERVER_TOO_BUSY.with(format!(
                "{whose} {measured} operations under way, and {limit} is {allowed}; wait for one to \
                 end, fetch its objects, or cancel it"
            ))
        };
        if of_client >= operations_per_client {
            let limit = "operations_per_client";
            return Err(refused("the client has", limit, operations_per_client, of_client));
        }
        if state.admitted >= operations {
            return Err(refused("there are", "operations", operations, state.admitted));
        }
        let admission = self.count(&mut state, session);
        drop(state);
        self.hand_over(Box::new(move || work(admission)))
    }

    /// Continues an operation that had returned its thread. It counts again, and is not refused.
    /// Errors: `WBEM_E_OUT_OF_MEMORY`.
    pub(crate) fn resume(
        &self,
        session: SessionId,
        work: impl FnOnce(Admission) + Send + 'static,
    ) -> Result<()> {
        let admission = self.count(&mut self.0.state.lock(), session);
        self.hand_over(Box::new(move || work(admission)))
    }

    /// Runs `work`, which is no operation and has an end that does not depend on any, on a thread.
    /// Errors: `WBEM_E_OUT_OF_MEMORY`.
    pub(crate) fn run_beside(&self, work: impl FnOnce() + Send + 'static) -> Result<()> {
        self.hand_over(Box::new(work))
    }

    fn count(&self, state: &mut State, session: SessionId) -> Admission {
        state.admitted += 1;
        *state.of_clients.entry(session).or_default() += 1;
        Admission { operations: self.0.clone(), session }
    }

    fn hand_over(&self, work: Work) -> Result<()> {
        let mut state = self.0.state.lock();
        #[cfg(test)]
        if state.refuses_threads {
            return Err(WBEM_E_OUT_OF_MEMORY.into());
        }
        if state.idle > 0 {
            // One idle thread is reserved for this work, which therefore does not wait.
            state.idle -= 1;
            state.work.push_back(work);
            drop(state);
            self.0.has_work.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        let shared = self.0.clone();
        let thread = std::thread::Builder::new().name("openwmi-call".into());
        let spawned = thread.spawn(move || shared.work(work));
        spawned.map(drop).map_err(|e| {
            self.0.state.lock().threads -= 1;
            WBEM_E_OUT_OF_MEMORY.with(format!("no thread can be started for the call: {e}"))
        })
    }
}

impl Shared {
    /// Runs `work`, and what comes to this thread while it is kept.
    fn work(&self, mut work: Work) {
        loop {
            // What a panicking work drops reports the panic to its caller.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(work));
            let mut state = self.state.lock();
            state.idle += 1;
            let until = Instant::now() + self.kept;
            work = loop {
                if let Some(next) = state.work.pop_front() {
                    break next;
                }
                if self.has_work.wait_until(&mut state, until).timed_out() && state.work.is_empty()
                {
                    state.idle -= 1;
                    state.threads -= 1;
                    return;
                }
            };
        }
    }
}

/// An operation that counts, until this is dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    operations: Arc<Shared>,
    session: SessionId,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut state = self.operations.state.lock();
        state.admitted -= 1;
        if let Some(count) = state.of_clients.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                state.of_clients.remove(&self.session);
            }
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("admitted", &self.admitted)
            .field("threads", &self.threads)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// An operation that goes on until the sender is dropped, and says when it is done.
    fn hold(
        operations: &Operations,
        session: SessionId,
    ) -> Result<(mpsc::Sender<()>, mpsc::Receiver<std::thread::ThreadId>)> {
        let ((hold, held), (done, is_done)) = (mpsc::channel::<()>(), mpsc::channel());
        operations.run(session, move |_admission| {
            let _ = held.recv();
            let _ = done.send(std::thread::current().id());
        })?;
        Ok((hold, is_done))
    }

    /// Waits until all that has ended is counted out.
    fn settle(operations: &Operations, admitted: usize) {
        while operations.admitted() > admitted {
            std::thread::yield_now();
        }
    }

    #[test]
    fn past_a_limit_an_operation_is_refused_at_once() {
        let limits = OperationLimits { operations: 3, operations_per_client: 2 };
        let operations = Operations::new(limits);
        let (one, other) = (SessionId::new(), SessionId::new());
        let mut held: Vec<_> = (0..2).map(|_| hold(&operations, one).unwrap()).collect();
        let refused = hold(&operations, one).unwrap_err();
        assert_eq!(refused.status(), WBEM_E_SERVER_TOO_BUSY);
        assert_eq!(
            refused.message(),
            "the client has 2 operations under way, and operations_per_client is 2; wait for one to \
             end, fetch its objects, or cancel it"
        );
        held.push(hold(&operations, other).unwrap());
        let refused = hold(&operations, other).unwrap_err();
        assert!(
            refused.message().starts_with("there are 3 operations under way, and operations is 3")
        );
        // One less, and there is room for one.
        let (release, is_done) = held.remove(0);
        drop(release);
        is_done.recv().unwrap();
        settle(&operations, 2);
        held.push(hold(&operations, one).unwrap());
        assert!(hold(&operations, one).is_err());
        drop(held);
        settle(&operations, 0);
        assert!(operations.0.state.lock().of_clients.is_empty());
    }

    #[test]
    fn a_thread_is_kept_for_the_next_operation() {
        let operations = Operations::default();
        let mut threads = Vec::new();
        for _ in 0..10 {
            let (release, is_done) = hold(&operations, SessionId::new()).unwrap();
            drop(release);
            threads.push(is_done.recv().unwrap());
            while operations.idle() == 0 {
                std::thread::yield_now();
            }
        }
        assert!(threads.iter().all(|thread| *thread == threads[0]));
        assert_eq!(operations.threads(), 1);
    }

    #[test]
    fn a_thread_without_work_ends() {
        let operations = Operations::keeping(OperationLimits::default(), Duration::ZERO);
        drop(hold(&operations, SessionId::new()).unwrap());
        while operations.threads() > 0 {
            std::thread::yield_now();
        }
        assert_eq!(operations.admitted(), 0);
    }

    #[test]
    fn a_panic_costs_its_own_operation() {
        let operations = Operations::default();
        operations.run(SessionId::new(), |_| panic!("as the test wants it")).unwrap();
        settle(&operations, 0);
        let (release, is_done) = hold(&operations, SessionId::new()).unwrap();
        drop(release);
        is_done.recv().unwrap();
    }
}
