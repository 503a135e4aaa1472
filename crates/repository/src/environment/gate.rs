//! Who is inside the environment, and its replacement by one with a larger map.
//!
//! LMDB can change the size of its map only while this process has no transaction open. The
//! map is address space, so a large one is reserved at the start ([`RESERVED`]) and the
//! case is rare: a repository of tens of gigabytes, or a process with little address space.
//! When it comes, newcomers wait at the gate until everybody inside has left, and the
//! environment is opened again. Nobody waits longer than [`PATIENCE`]: who holds a snapshot and
//! asks for another must not wait for himself forever.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cim::status::WBEM_E_RETRY_LATER;

use crate::environment::open::{self, Opened};
use crate::fault::Fault;

/// The address space reserved for the map at first. It costs neither memory nor disk.
pub(crate) const RESERVED: usize = 64 << 30;
/// The least map worth trying where the process may not have that much.
const LEAST: usize = 64 << 20;
/// How long a replacement waits for those inside.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 5000 });

/// The gate before an environment.
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None` only between a failed replacement and the next attempt to enter.
    opened: Option<Opened>,
    inside: usize,
    closed: bool,
    map_size: usize,
}

/// Somebody is inside until this is dropped. It must outlive every use of the environment.
struct Pass(Arc<Gate>);

/// The environment, and the right to use it.
pub(crate) struct Inside {
    // INVARIANT: dropped in this order.
    pub(crate) opened: Opened,
    _pass: Pass,
}

impl Gate {
    pub(crate) fn new(opened: Opened) -> Arc<Gate> {
        let map_size = opened.env.info().map_size;
        let state = State { opened: Some(opened), inside: 0, closed: false, map_size };
        Arc::new(Gate { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Enters, after a replacement that is under way.
    pub(crate) fn enter(self: &Arc<Self>, dir: &Path) -> Result<Inside, Fault> {
        let mut state = self.lock();
        while state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let opened = match &state.opened {
            Some(opened) => opened.clone(),
            None => {
                let opened = open_largest(dir, state.map_size)?;
                state.opened.insert(opened).clone()
            }
        };
        state.inside += 1;
        Ok(Inside { opened, _pass: Pass(self.clone()) })
    }

    /// Opens the environment again with a map of at least `map_size` bytes. The caller is not
    /// inside. Errors: `WBEM_E_RETRY_LATER` where somebody stays inside too long.
    pub(crate) fn grow(&self, dir: &Path, map_size: usize) -> Result<(), Fault> {
        let mut state = self.lock();
        while state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.map_size >= map_size && state.opened.is_some() {
            return Ok(()); // Somebody else has done it.
        }
        state.closed = true;
        let (mut state, emptied) = self.wait_until_empty(state);
        let grown = match emptied {
            true => reopen(&mut state, dir, map_size),
            false => Err(Fault::refused(WBEM_E_RETRY_LATER.with(
                "the repository has to grow, and a snapshot that is still open prevents it",
            ))),
        };
        state.closed = false;
        self.changed.notify_all();
        grown
    }

    fn wait_until_empty<'g>(
        &self,
        mut state: MutexGuard<'g, State>,
    ) -> (MutexGuard<'g, State>, bool) {
        let deadline = Instant::now() + PATIENCE;
        while state.inside > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (state, false);
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        (state, true)
    }

    // A panic elsewhere leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reopen(state: &mut State, dir: &Path, map_size: usize) -> Result<(), Fault> {
    // Nobody is inside, so this is the last reference: dropping it closes the environment.
    state.opened = None;
    match open::open(dir, map_size) {
        Ok(reopened) => {
            state.map_size = reopened.env.info().map_size;
            state.opened = Some(reopened);
            Ok(())
        }
        Err(error) => {
            // The one that fitted before fits again; the caller still learns why it is no larger.
            state.opened = open::open(dir, state.map_size).ok();
            Err(error)
        }
    }
}

/// Opens with a map of `wanted` bytes, or as much of it as the process may have.
pub(crate) fn open_largest(dir: &Path, wanted: usize) -> Result<Opened, Fault> {
    let mut map_size = wanted;
    loop {
        match open::open(dir, map_size) {
            Err(error) if error.is_out_of_memory() && map_size > LEAST => {
                map_size = (map_size / 2).max(LEAST);
            }
            opened => return opened,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.inside -= 1;
        if state.closed && state.inside == 0 {
            self.0.changed.notify_all();
        }
    }
}
