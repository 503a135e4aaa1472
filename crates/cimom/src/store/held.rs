//! Snapshots that results hold while their clients take objects.
//!
//! A snapshot keeps the pages of its moment from being used again, so that a client that stalls
//! would have the file grow. A result therefore lets its snapshot be held here while it waits for
//! its client: until the client has fetched nothing for one second, and no more than 256 of them at
//! once; past either the snapshot is released, and the result goes on in a new one. A thread releases
//! those that are due, at most a tenth of a second late.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use repository::Snapshot;

/// How long a snapshot is held for a client that takes nothing.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// How many snapshots are held at once.
const MOST_HELD: usize = 256;
/// How often the thread that releases them looks for those that are due. It is not woken for each: most
/// are held for as long as a client takes to fetch a batch.
const INTERVAL: Duration = Duration::from_millis(100);
/// After how many intervals without any the thread ends.
const IDLE_INTERVALS: u32 = 100;

type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The snapshots that are held.
pub(super) struct HeldSnapshots {
    state: Mutex<State>,
    clock: Clock,
}

#[derive(Default)]
struct State {
    next: u64,
    held: BTreeMap<u64, (Arc<LastFetch>, Snapshot)>,
    has_thread: bool,
}

/// When the client of a result has fetched last, or else the result began to wait for it.
struct LastFetch {
    milliseconds: AtomicU64,
    clock: Clock,
}

/// A snapshot that may be held still. It is released when this is dropped.
pub(super) struct Held {
    number: u64,
    last_fetch: Arc<LastFetch>,
    all: Arc<HeldSnapshots>,
}

impl LastFetch {
    fn now(clock: &Clock) -> Arc<Self> {
        let (milliseconds, clock) = (AtomicU64::new(milliseconds(clock)), clock.clone());
        Arc::new(LastFetch { milliseconds, clock })
    }

    fn renew(&self) {
        self.milliseconds.store(milliseconds(&self.clock), Ordering::Relaxed);
    }

    fn is_expired(&self, now: u64) -> bool {
        let since = self.milliseconds.load(Ordering::Relaxed);
        u128::from(now.saturating_sub(since)) >= LONGEST_HOLD.as_millis()
    }
}

fn milliseconds(clock: &Clock) -> u64 {
    clock().as_millis() as u64
}

impl HeldSnapshots {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(HeldSnapshots { state: Mutex::default(), clock })
    }

    /// Holds a snapshot. `None` where as many are held as may: then it is released.
    pub(super) fn hold(self: &Arc<Self>, snapshot: Snapshot) -> Option<Held> {
        let last_fetch = LastFetch::now(&self.clock);
        let mut state = self.state.lock();
        if state.held.len() >= MOST_HELD {
            drop(state);
            drop(snapshot);
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.held.insert(number, (last_fetch.clone(), snapshot));
        if !state.has_thread {
            state.has_thread = self.start_thread();
        }
        Some(Held { number, last_fetch, all: self.clone() })
    }

    /// Releases the snapshots of clients that have fetched nothing for a second; returns how many.
    pub(super) fn release_expired(&self) -> usize {
        let now = milliseconds(&self.clock);
        let mut state = self.state.lock();
        let is_expired = |(last_fetch, _): &(Arc<LastFetch>, _)| last_fetch.is_expired(now);
        let released: Vec<_> = state.held.extract_if(.., |_, held| is_expired(held)).collect();
        drop(state);
        released.len()
    }

    /// Releases all of them: what is still suspended keeps no closed repository open.
    pub(super) fn release_all(&self) {
        let held = std::mem::take(&mut self.state.lock().held);
        // Without the lock, as where one is released.
        drop(held);
    }

    /// Without a thread they are held until their clients go on.
    fn start_thread(self: &Arc<Self>) -> bool {
        let all = Arc::downgrade(self);
        let release = move || while_held(&all);
        std::thread::Builder::new().name("openwmi-snapshots".into()).spawn(release).is_ok()
    }
}

/// Releases snapshots as their time comes, until there are none for a while.
fn while_held(all: &Weak<HeldSnapshots>) {
    let mut idle = 0;
    while let Some(all) = all.upgrade() {
        all.release_expired();
        let mut state = all.state.lock();
        idle = if state.held.is_empty() { idle + 1 } else { 0 };
        if idle > IDLE_INTERVALS {
            state.has_thread = false;
            return;
        }
        drop(state);
        drop(all);
        std::thread::sleep(INTERVAL);
    }
}

impl Held {
    /// What is to be called when the client fetches objects.
    pub(super) fn on_fetch(&self) -> impl Fn() + Send + 'static {
        let last_fetch = self.last_fetch.clone();
        move || last_fetch.renew()
    }

    /// The snapshot, if it was not released meanwhile.
    pub(super) fn take(self) -> Option<Snapshot> {
        self.all.state.lock().held.remove(&self.number).map(|(_, snapshot)| snapshot)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let held = self.all.state.lock().held.remove(&self.number);
        // Ending the transaction takes a lock of the environment: under no other one.
        drop(held);
    }
}
