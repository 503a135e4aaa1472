//! A value that another thread sets once: the outcome of a call, the end of a result.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use cim::Result;
use parking_lot::{Condvar, Mutex};

use crate::cancel::CancelToken;
use crate::deadline::wait_until;

/// A value that is set once; the first one counts. Clones share it.
pub struct Promise<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    is_set: Condvar,
}

struct State<T> {
    value: Option<T>,
    wakers: Vec<Waker>,
}

impl<T: Clone> Promise<T> {
    /// Sets the value. `false` where there is one.
    pub fn set(&self, value: T) -> bool {
        let mut state = self.0.state.lock();
        if state.value.is_some() {
            return false;
        }
        state.value = Some(value);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        self.0.is_set.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        true
    }

    /// The value, where it is set.
    pub fn get(&self) -> Option<T> {
        self.0.state.lock().value.clone()
    }

    /// Waits for the value as long as it takes.
    pub fn wait(&self) -> T {
        self.wait_until(None).expect("without a deadline there is no end but the value")
    }

    /// Waits for the value until `deadline`, for ever without one.
    pub fn wait_until(&self, deadline: Option<Instant>) -> Option<T> {
        let mut state = self.0.state.lock();
        while state.value.is_none() {
            if !wait_until(&self.0.is_set, &mut state, deadline) {
                break;
            }
        }
        state.value.clone()
    }

    /// Waits for the value as long as `token` has not ended.
    /// Errors: as [`CancelToken::check`].
    pub fn wait_for(&self, token: &CancelToken) -> Result<T>
    where
        T: Send + 'static,
    {
        let shared = self.0.clone();
        let _listening = token.on_cancel(move |_| {
            // A thread that has found the token not cancelled is waiting once this is locked.
            drop(shared.state.lock());
            shared.is_set.notify_all();
        });
        let mut state = self.0.state.lock();
        loop {
            if let Some(value) = &state.value {
                return Ok(value.clone());
            }
            token.check()?;
            wait_until(&self.0.is_set, &mut state, token.deadline());
        }
    }

    /// The value, or the task is woken when it is set.
    pub fn poll(&self, task: &mut Context<'_>) -> Poll<T> {
        let mut state = self.0.state.lock();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(task.waker())) {
            state.wakers.push(task.waker().clone());
        }
        Poll::Pending
    }
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Promise(self.0.clone())
    }
}

impl<T> Default for Promise<T> {
    fn default() -> Self {
        let state = Mutex::new(State { value: None, wakers: Vec::new() });
        Promise(Arc::new(Shared { state, is_set: Condvar::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::status::{WBEM_E_CALL_CANCELLED, WBEM_E_TIMED_OUT};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    #[test]
    fn the_first_value_counts() {
        let promise = Promise::default();
        assert_eq!(promise.get(), None);
        assert!(promise.set(1) && !promise.set(2));
        assert_eq!((promise.wait(), promise.get()), (1, Some(1)));
    }

    #[test]
    fn a_wait_ends_with_the_value_the_token_or_the_deadline() {
        let promise = Promise::<u32>::default();
        let past = Instant::now();
        assert_eq!(promise.wait_until(Some(past)), None);
        let timed = promise.wait_for(&CancelToken::default().until(past));
        assert_eq!(timed.unwrap_err().status(), WBEM_E_TIMED_OUT);
        let (token, begun) = (CancelToken::new(), Barrier::new(2));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                begun.wait();
                promise.wait_for(&token)
            });
            begun.wait();
            token.cancel();
            let cancelled = waiting.join().unwrap();
            assert_eq!(cancelled.unwrap_err().status(), WBEM_E_CALL_CANCELLED);
            let token = CancelToken::new();
            let (waiting, token) = (scope.spawn(|| promise.wait()), token);
            promise.set(7);
            assert_eq!((waiting.join().unwrap(), promise.wait_for(&token)), (7, Ok(7)));
        });
    }

    struct Counted(AtomicU32);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_is_woken_once() {
        let (promise, counted) = (Promise::default(), Arc::new(Counted(AtomicU32::new(0))));
        let waker = Waker::from(counted.clone());
        let mut task = Context::from_waker(&waker);
        assert!(promise.poll(&mut task).is_pending() && promise.poll(&mut task).is_pending());
        promise.set(1);
        assert_eq!(counted.0.load(Ordering::SeqCst), 1);
        assert_eq!(promise.poll(&mut task), Poll::Ready(1));
    }
}
