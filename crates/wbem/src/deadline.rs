//! How long is waited for what another thread signals; `None` is for ever.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

/// The moment after `wait`. A time that no clock reaches is for ever.
pub(crate) fn after(wait: Option<Duration>) -> Option<Instant> {
    wait.and_then(|wait| Instant::now().checked_add(wait))
}

/// Whether the moment is past.
pub(crate) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|moment| moment <= Instant::now())
}

/// The earlier of two.
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Waits for `signal`, or until the moment is past; as of any condition variable it may be for
/// nothing. `false` at once where the moment is past.
pub(crate) fn wait_until<T>(
    signal: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Option<Instant>,
) -> bool {
    match deadline {
        _ if is_past(deadline) => return false,
        None => signal.wait(guard),
        Some(moment) => drop(signal.wait_until(guard, moment)),
    }
    true
}
