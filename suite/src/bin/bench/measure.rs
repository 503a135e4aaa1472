//! Clocks, turns and medians.
//!
//! Two things are compared by running them by turns, so that whatever else the machine does meets
//! both, and by the medians of their rounds.

use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

/// What counts as time.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// The time that processors spent on this process, kernel and all threads: for work that
    /// waits for nothing.
    Processor,
    /// The time that passed.
    Wall,
}

impl Clock {
    /// Seconds since some moment.
    pub(crate) fn now(self) -> f64 {
        let id = match self {
            Clock::Processor => ClockId::ProcessCPUTime,
            Clock::Wall => ClockId::Monotonic,
        };
        let now = clock_gettime(id);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32).as_secs_f64()
    }

    /// The seconds that `work` takes, and what it gives.
    pub(crate) fn time<T>(self, work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
        let start = self.now();
        let done = work()?;
        Ok((self.now() - start, done))
    }
}

/// A piece of work that is done once a round; it is given the number of the round.
pub(crate) type Work<'a> = &'a mut dyn FnMut(usize) -> Result<()>;

/// Does both by turns, once to warm up and then `rounds` times. The medians of their seconds.
pub(crate) fn by_turns(
    clock: Clock,
    rounds: usize,
    ours: Work<'_>,
    other: Work<'_>,
) -> Result<[f64; 2]> {
    let mut times = [Vec::with_capacity(rounds), Vec::with_capacity(rounds)];
    for round in 0..=rounds {
        let taken = [clock.time(|| ours(round))?.0, clock.time(|| other(round))?.0];
        if round > 0 {
            times.iter_mut().zip(taken).for_each(|(times, taken)| times.push(taken));
        }
    }
    Ok(times.map(median))
}

/// Does it once to warm up and then `rounds` times. The median of the seconds.
pub(crate) fn repeated(clock: Clock, rounds: usize, work: Work<'_>) -> Result<f64> {
    work(0)?;
    let times: Result<_> = (1..=rounds).map(|round| Ok(clock.time(|| work(round))?.0)).collect();
    times.map(median)
}

/// The middle one, or the mean of the two in the middle. There is one at least.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

/// Held by tests that measure the process, and by those that would disturb them.
#[cfg(test)]
pub(crate) static WHOLE_PROCESS: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn turns_alternate_and_begin_with_a_warm_up() {
        let order = std::cell::RefCell::new(Vec::new());
        let mut ours = |round| {
            order.borrow_mut().push(('a', round));
            Ok(())
        };
        let mut other = |round| {
            order.borrow_mut().push(('b', round));
            Ok(())
        };
        by_turns(Clock::Wall, 1, &mut ours, &mut other).unwrap();
        assert_eq!(order.into_inner(), [('a', 0), ('b', 0), ('a', 1), ('b', 1)]);
    }
}
