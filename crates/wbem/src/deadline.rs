//! How long a client waits for what another thread signals.

use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The moment until which something is waited for; `None` is for ever.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const NEVER: Deadline = Deadline(None);

    /// After `wait`, `None` being for ever. So is a time that no clock reaches.
    pub(crate) fn after(wait: Option<Duration>) -> Self {
        Deadline(wait.and_then(|wait| Instant::now().checked_add(wait)))
    }

    pub(crate) fn is_past(self) -> bool {
        self.0.is_some_and(|moment| moment <= Instant::now())
    }

    /// Waits for `signal`, or until it is past; as of any condition variable it may be for
    /// nothing. A panic of another holder of the lock is no concern of who waits.
    pub(crate) fn wait<'a, T>(
        self,
        signal: &Condvar,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        match self.0 {
            None => signal.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(moment) => {
                let left = moment.saturating_duration_since(Instant::now());
                signal.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
