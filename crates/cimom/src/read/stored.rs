//! Reading what the object manager has itself: stored instances, those that refer to an object, and
//! the instances of system classes.
//!
//! Instances are read batch by batch from a position on. A batch is completed and consumed after it
//! was read: either may run a provider, which must find nothing of the repository held.

use std::ops::ControlFlow;

use cim::status::WBEM_E_CRITICAL_ERROR;
use cim::{Instance, Object, Result, Value};
use repository::Position;

use crate::read::plan::{Referring, SourceRequest, Step};
use crate::read::resolve::Source;
use crate::source::properties;
use crate::view::View;

/// How many objects travel together: enough that the cost of a hand-over does not count, few
/// enough that a client which stops early has cost little.
pub const BATCH: usize = 128;

/// The most bytes of stored instances that are read at once, but for one that is longer.
const BATCH_BYTES: usize = 64 << 10;

/// Up to [`BATCH`] of the stored instances of the class of `step` that come after `position`, which
/// is moved on; and whether there are no more.
pub(super) fn next_batch(
    view: &View<'_>,
    step: &Step,
    position: &mut Position,
) -> Result<(Vec<Instance>, bool)> {
    view.stored(|stored| {
        let mut all = stored.instances_after(view.id(), &step.class, position)?;
        let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(instance) = all.next() else { return Ok((batch, true)) };
            batch.push(instance?);
            bytes += all.last_len();
        }
        all.advance(position);
        Ok((batch, all.next().is_none()))
    })
}

/// The stored instance of the class of `step` with these keys, if there is one.
pub(super) fn one(view: &View<'_>, step: &Step, keys: &[Value]) -> Result<Vec<Instance>> {
    let key = Instance::with_keys(&step.class, keys).key()?;
    Ok(view.instance(&step.class, &key)?.into_iter().collect())
}

/// Consumes a batch of what the object manager has itself; returns whether more is wanted.
type BatchConsumer<'a> = &'a mut dyn FnMut(Vec<Object>) -> Result<ControlFlow<()>>;

/// Reads what a step asks of the core's own sources.
pub fn read_internal_source(
    step: &Step,
    view: &View<'_>,
    take: BatchConsumer<'_>,
) -> Result<ControlFlow<()>> {
    match (&step.source, &step.ask) {
        (Source::System(instance), _) => take(vec![Object::Instance((**instance).clone())]),
        (Source::Repository, SourceRequest::Get(keys)) => {
            pass_on(view, step, one(view, step, keys)?, take)
        }
        (Source::Repository, SourceRequest::Enumerate) => {
            in_batches(step, view, &|position| next_batch(view, step, position), take)
        }
        (Source::Repository, SourceRequest::Referring(asked)) => referring(step, asked, view, take),
        (Source::Repository, SourceRequest::Query(_) | SourceRequest::Beyond(_)) => {
            Err(WBEM_E_CRITICAL_ERROR.with("the repository does not take the text of queries"))
        }
        (Source::Provider(_), _) => {
            Err(WBEM_E_CRITICAL_ERROR.with("what a provider has is not the core's own"))
        }
    }
}

/// Reads the stored instances that refer to an object, each once, whichever of the object's paths
/// it uses.
fn referring(
    step: &Step,
    asked: &Referring,
    view: &View<'_>,
    take: BatchConsumer<'_>,
) -> Result<ControlFlow<()>> {
    for (at, path) in asked.referent.paths.iter().enumerate() {
        let is_meant = |found: &Result<Instance>| match found {
            Ok(instance) => asked.path_used(instance) == Some(at),
            Err(_) => true,
        };
        let read = |position: &mut Position| {
            view.stored(|stored| {
                let mut all = stored.referring_after(view.id(), &step.class, path, position)?;
                let batch: Vec<Instance> =
                    all.by_ref().filter(is_meant).take(BATCH).collect::<Result<_>>()?;
                all.advance(position);
                let is_last = batch.len() < BATCH;
                Ok((batch, is_last))
            })
        };
        if in_batches(step, view, &read, take)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads up to [`BATCH`] of the stored instances that come after a position, and moves it on.
type Read<'a> = &'a dyn Fn(&mut Position) -> Result<(Vec<Instance>, bool)>;

/// Passes stored instances on, batch by batch. A batch is completed and taken after it was read:
/// either may run a provider, which must find nothing of the repository held.
fn in_batches(
    step: &Step,
    view: &View<'_>,
    read: Read<'_>,
    take: BatchConsumer<'_>,
) -> Result<ControlFlow<()>> {
    let mut position = Position::default();
    loop {
        view.context().cancel().check()?;
        let (batch, is_last) = read(&mut position)?;
        if pass_on(view, step, batch, take)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if is_last {
            return Ok(ControlFlow::Continue(()));
        }
    }
}

/// Passes stored instances on, with what property providers have of them.
/// Errors: those of property providers, after the instances before the one that fails.
fn pass_on(
    view: &View<'_>,
    step: &Step,
    batch: Vec<Instance>,
    take: BatchConsumer<'_>,
) -> Result<ControlFlow<()>> {
    let mut objects = Vec::with_capacity(batch.len());
    let mut failure = None;
    for instance in batch {
        match properties::complete(view, instance, &step.wanted) {
            Ok(instance) => objects.push(Object::Instance(instance)),
            Err(e) => {
                failure = Some(e);
                break;
            }
        }
    }
    let flow = match objects.is_empty() {
        true => ControlFlow::Continue(()),
        false => take(objects)?,
    };
    match failure {
        Some(failure) if flow.is_continue() => Err(failure),
        _ => Ok(flow),
    }
}
