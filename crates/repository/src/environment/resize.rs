//! An environment that can be replaced by one with a larger map.
//!
//! LMDB can change the size of its map only while this process has no transaction open. The map is
//! address space, so a large one is reserved at the start ([`INITIAL_MAP_SIZE`]) and the case is
//! rare: a repository of tens of gigabytes, or a process with little address space. When it
//! occurs, no new user enters until all users have left, and the environment is opened again. No
//! one waits longer than [`RESIZE_TIMEOUT`]: a thread that holds a snapshot and asks for another
//! one must not wait for itself forever.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::status::WBEM_E_RETRY_LATER;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::environment::open::{self, Opened};
use crate::error::Fault;

/// The address space reserved for the map at first, in bytes. It costs neither memory nor disk.
pub(crate) const INITIAL_MAP_SIZE: usize = 64 << 30;
/// The smallest map that is tried where the process may not have that much, in bytes.
const MIN_MAP_SIZE: usize = 64 << 20;
/// How long a replacement waits for the users of the environment.
const RESIZE_TIMEOUT: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 5000 });

/// An environment, and the number of its users.
pub(crate) struct ResizableEnvironment {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None` only between a failed replacement and the next attempt to enter.
    opened: Option<Opened>,
    users: usize,
    /// Whether a replacement is in progress, so that no new user may enter.
    is_closed: bool,
    map_size: usize,
}

/// Counts one user until it is dropped. It must outlive every use of the environment.
struct User(Arc<ResizableEnvironment>);

/// The environment, which stays as it is while this exists.
pub(crate) struct EnvironmentGuard {
    // INVARIANT: dropped in this order.
    pub(crate) opened: Opened,
    _user: User,
}

impl ResizableEnvironment {
    pub(crate) fn new(opened: Opened) -> Arc<ResizableEnvironment> {
        let map_size = opened.env.info().map_size;
        let state = State { opened: Some(opened), users: 0, is_closed: false, map_size };
        Arc::new(ResizableEnvironment { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Waits for a replacement in progress, and returns the environment.
    pub(crate) fn enter(self: &Arc<Self>, dir: &Path) -> Result<EnvironmentGuard, Fault> {
        let mut state = self.lock_open();
        let opened = match &state.opened {
            Some(opened) => opened.clone(),
            None => {
                let opened = open_with_largest_map(dir, state.map_size)?;
                state.opened.insert(opened).clone()
            }
        };
        state.users += 1;
        Ok(EnvironmentGuard { opened, _user: User(self.clone()) })
    }

    /// Opens the environment again with a map of at least `map_size` bytes. The caller is not one
    /// of its users. Errors: `WBEM_E_RETRY_LATER` where a user does not leave in time.
    pub(crate) fn grow(&self, dir: &Path, map_size: usize) -> Result<(), Fault> {
        let mut state = self.lock_open();
        if state.map_size >= map_size && state.opened.is_some() {
            return Ok(()); // Another thread has replaced it.
        }
        state.is_closed = true;
        let deadline = Instant::now() + RESIZE_TIMEOUT;
        self.changed.wait_while_until(&mut state, |state| state.users > 0, deadline);
        let grown = match state.users {
            0 => reopen(&mut state, dir, map_size),
            _ => Err(Fault::refused(WBEM_E_RETRY_LATER.with(
                "timed out waiting for open snapshots, which prevent the repository from growing; \
                 try again",
            ))),
        };
        state.is_closed = false;
        self.changed.notify_all();
        grown
    }

    /// The state while no replacement is in progress.
    fn lock_open(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.is_closed);
        state
    }
}

fn reopen(state: &mut State, dir: &Path, map_size: usize) -> Result<(), Fault> {
    // There is no user, so this is the last reference: dropping it closes the environment.
    state.opened = None;
    match open::open(dir, map_size) {
        Ok(reopened) => {
            state.map_size = reopened.env.info().map_size;
            state.opened = Some(reopened);
            Ok(())
        }
        Err(error) => {
            // The former size fits again; the caller still learns why the map is no larger.
            state.opened = open::open(dir, state.map_size).ok();
            Err(error)
        }
    }
}

/// Opens with a map of `map_size` bytes, or as much of it as the process may have.
pub(crate) fn open_with_largest_map(dir: &Path, mut map_size: usize) -> Result<Opened, Fault> {
    loop {
        match open::open(dir, map_size) {
            Err(error) if error.is_out_of_memory() && map_size > MIN_MAP_SIZE => {
                map_size = (map_size / 2).max(MIN_MAP_SIZE);
            }
            opened => return opened,
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.users -= 1;
        if state.is_closed && state.users == 0 {
            self.0.changed.notify_all();
        }
    }
}
