//! Reading what the object manager has itself: stored instances, those that refer to an object, and
//! the instances of system classes.
//!
//! They are read batch by batch, each from where the one before ended, so that reading can stop
//! between two and go on later, also in another snapshot. A batch is completed with the values of
//! property providers and consumed after it was read: either may run a provider, which must find
//! nothing of the repository held.

use cim::status::WBEM_E_CRITICAL_ERROR;
use cim::{Instance, Object, Result, Value};
use repository::Position;
use wbem::channel::WAITING_BYTES;

use super::plan::{Referring, SourceRequest, Step};
use super::resolve::Source;
use crate::view::View;

/// How many objects travel together: enough that the cost of a hand-over does not count, few
/// enough that a client which stops early has cost little.
pub const BATCH: usize = 128;

/// The most bytes of stored instances that are read at once, but for one that is longer.
const BATCH_BYTES: usize = 64 << 10;

/// How much is to be read at once.
#[derive(Clone, Copy)]
pub struct Room {
    pub(super) objects: usize,
    /// In memory, as [`Object::memory`] says.
    pub(super) bytes: usize,
}

impl Room {
    /// What may wait for a client.
    pub const WHOLE: Room = Room { objects: BATCH, bytes: WAITING_BYTES };

    /// Whether there is none that is worth a read.
    pub(super) fn is_none(self) -> bool {
        self.objects == 0 || self.bytes < WAITING_BYTES / 16
    }
}

/// How far a step has been read.
#[derive(Default)]
pub struct Cursor {
    /// The instance after which reading goes on.
    position: Position,
    /// Which of the paths of a referent is looked for.
    path: usize,
    is_at_end: bool,
}

impl Cursor {
    /// Whether there is nothing more to read.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// The next instances of a step whose source is the object manager's own, as far as they are
    /// `wanted`; `None` at the end. A batch may be empty before it. An enumeration returns no more
    /// than there is `room` for.
    pub fn next(
        &mut self,
        view: &View<'_>,
        step: &Step,
        room: Room,
        wanted: &dyn Fn(&Instance) -> bool,
    ) -> Result<Option<Vec<Instance>>> {
        if self.is_at_end {
            return Ok(None);
        }
        let mut batch = match (&step.source, &step.ask) {
            (Source::System(instance), _) => {
                self.is_at_end = true;
                vec![(**instance).clone()]
            }
            (Source::Repository, SourceRequest::Get(keys)) => {
                self.is_at_end = true;
                one(view, step, keys)?
            }
            (Source::Repository, SourceRequest::Enumerate) => {
                return self.instances(view, step, room, wanted).map(Some);
            }
            (Source::Repository, SourceRequest::Referring(asked)) => {
                self.referring(view, step, asked)?
            }
            (Source::Repository, SourceRequest::Query(_) | SourceRequest::Beyond(_)) => {
                return Err(
                    WBEM_E_CRITICAL_ERROR.with("the repository does not take the text of queries")
                );
            }
            (Source::Provider(_), _) => {
                return Err(WBEM_E_CRITICAL_ERROR.with("a provider's instances are not stored"));
            }
        };
        batch.retain(wanted);
        Ok(Some(batch))
    }

    fn instances(
        &mut self,
        view: &View<'_>,
        step: &Step,
        room: Room,
        wanted: &dyn Fn(&Instance) -> bool,
    ) -> Result<Vec<Instance>> {
        let values = size_of::<Object>() + step.class.properties().len() * size_of::<Value>();
        let (batch, position) = view.stored(|stored| {
            let mut all = stored.instances_after(view.id(), &step.class, &self.position)?;
            let (mut batch, mut bytes) = (Vec::with_capacity(room.objects), 0);
            let (mut read, mut stored_bytes) = (0, 0);
            while read < BATCH
                && stored_bytes < BATCH_BYTES
                && batch.len() < room.objects
                && bytes < room.bytes
            {
                let Some(instance) = all.next() else { return Ok((batch, None)) };
                let instance = instance?;
                read += 1;
                stored_bytes += all.last_len();
                if wanted(&instance) {
                    bytes += values + all.last_len();
                    batch.push(instance);
                }
            }
            let mut position = self.position.clone();
            all.advance(&mut position);
            Ok((batch, (!all.is_over()).then_some(position)))
        })?;
        match position {
            Some(position) => self.position = position,
            None => self.is_at_end = true,
        }
        Ok(batch)
    }

    /// Those that refer to an object, each once, whichever of the object's paths it uses.
    fn referring(
        &mut self,
        view: &View<'_>,
        step: &Step,
        asked: &Referring,
    ) -> Result<Vec<Instance>> {
        let Some(path) = asked.referent.paths.get(self.path) else {
            self.is_at_end = true;
            return Ok(Vec::new());
        };
        let at = self.path;
        let (batch, position, is_over) = view.stored(|stored| {
            let mut all = stored.referring_after(view.id(), &step.class, path, &self.position)?;
            let (mut batch, mut bytes) = (Vec::new(), 0);
            let is_over = loop {
                if batch.len() == BATCH || bytes >= BATCH_BYTES {
                    break false;
                }
                let Some(instance) = all.next() else { break true };
                let instance = instance?;
                if asked.path_used(&instance) == Some(at) {
                    bytes += instance.memory();
                    batch.push(instance);
                }
            };
            let mut position = self.position.clone();
            all.advance(&mut position);
            Ok((batch, position, is_over))
        })?;
        self.position = position;
        if is_over {
            (self.path, self.position) = (at + 1, Position::default());
            self.is_at_end = self.path == asked.referent.paths.len();
        }
        Ok(batch)
    }
}

/// The stored instance of the class of `step` with these keys, if there is one.
fn one(view: &View<'_>, step: &Step, keys: &[Value]) -> Result<Vec<Instance>> {
    let key = Instance::with_keys(&step.class, keys).key()?;
    Ok(view.instance(&step.class, &key)?.into_iter().collect())
}
