//! The contract of a log of changes: what hooks add to it in a transaction is appended when that is
//! committed, in the order of the commits. Readers follow it from a sequence number on, also in
//! another process.
//!
//! [`MemoryLog`] is the log of a process alone, which ends with it.

use std::sync::Arc;
use std::time::Instant;

use cim::Result;
use parking_lot::{Condvar, Mutex};

/// What is appended: what kind of record it is, and its bytes, both the appending hook's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRecord {
    /// A number by which readers know their own records.
    pub kind: u16,
    /// The content.
    pub bytes: Arc<[u8]>,
}

/// A log of changes. Sequence numbers begin with 1 and grow by 1 with each record.
pub trait ChangeLog: Send + Sync {
    /// Appends the records of one transaction, in their order; returns the sequence number of the
    /// last record of the log. Called while other writers wait: it must be short.
    fn append(&self, records: &[LogRecord]) -> Result<u64>;

    /// Up to `count` records with sequence numbers above `sequence`, in their order.
    fn read_after(&self, sequence: u64, count: usize) -> Result<Vec<(u64, LogRecord)>>;

    /// Waits until there is a record with a sequence number above `sequence`, or until `deadline`,
    /// `None` being never; returns whether there is one.
    fn wait_after(&self, sequence: u64, deadline: Option<Instant>) -> Result<bool>;
}

/// A log in memory, that keeps the newest records up to a number.
pub struct MemoryLog {
    state: Mutex<State>,
    appended: Condvar,
    most_records: usize,
}

#[derive(Default)]
struct State {
    records: std::collections::VecDeque<LogRecord>,
    /// The sequence number of the last record.
    last: u64,
}

impl MemoryLog {
    /// A log that drops its oldest records past `most_records`.
    pub fn new(most_records: usize) -> Self {
        MemoryLog { state: Mutex::default(), appended: Condvar::new(), most_records }
    }
}

impl ChangeLog for MemoryLog {
    fn append(&self, records: &[LogRecord]) -> Result<u64> {
        let mut state = self.state.lock();
        state.records.extend(records.iter().cloned());
        state.last += records.len() as u64;
        let surplus = state.records.len().saturating_sub(self.most_records);
        state.records.drain(..surplus);
        self.appended.notify_all();
        Ok(state.last)
    }

    fn read_after(&self, sequence: u64, count: usize) -> Result<Vec<(u64, LogRecord)>> {
        let state = self.state.lock();
        let first = state.last + 1 - state.records.len() as u64;
        let skipped = sequence.saturating_add(1).saturating_sub(first) as usize;
        let numbered = (first..).zip(&state.records).skip(skipped).take(count);
        Ok(numbered.map(|(number, record)| (number, record.clone())).collect())
    }

    fn wait_after(&self, sequence: u64, deadline: Option<Instant>) -> Result<bool> {
        let mut state = self.state.lock();
        while state.last <= sequence {
            match deadline {
                None => self.appended.wait(&mut state),
                Some(deadline) => {
                    if self.appended.wait_until(&mut state, deadline).timed_out() {
                        return Ok(state.last > sequence);
                    }
                }
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16) -> LogRecord {
        LogRecord { kind, bytes: Arc::from([kind as u8]) }
    }

    fn kinds(log: &MemoryLog, after: u64, count: usize) -> Vec<(u64, u16)> {
        let read = log.read_after(after, count).unwrap();
        read.into_iter().map(|(number, record)| (number, record.kind)).collect()
    }

    #[test]
    fn records_are_read_after_a_sequence_number() {
        let log = MemoryLog::new(8);
        assert_eq!(kinds(&log, 0, 9), []);
        assert_eq!(log.append(&[record(1), record(2)]).unwrap(), 2);
        assert_eq!(log.append(&[]).unwrap(), 2);
        assert_eq!(log.append(&[record(3)]).unwrap(), 3);
        assert_eq!(kinds(&log, 0, 9), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(kinds(&log, 1, 1), [(2, 2)]);
        assert_eq!(kinds(&log, 3, 9), []);
    }

    #[test]
    fn past_its_limit_the_oldest_records_go() {
        let log = MemoryLog::new(2);
        log.append(&[record(1), record(2), record(3)]).unwrap();
        assert_eq!(kinds(&log, 0, 9), [(2, 2), (3, 3)]);
        assert_eq!(kinds(&log, 2, 9), [(3, 3)]);
    }

    #[test]
    fn a_reader_is_woken_by_a_record() {
        let log = Arc::new(MemoryLog::new(2));
        assert!(!log.wait_after(0, Some(Instant::now())).unwrap());
        let waiting = std::thread::spawn({
            let log = log.clone();
            move || log.wait_after(0, None)
        });
        log.append(&[record(1)]).unwrap();
        assert!(waiting.join().unwrap().unwrap());
        assert!(log.wait_after(0, Some(Instant::now())).unwrap());
    }
}
