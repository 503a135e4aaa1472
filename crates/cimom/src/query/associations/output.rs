//! The output of a walk: results shaped and handed over in batches.

use std::ops::ControlFlow;

use cim::{Instance, Name, Object, Value};
use parking_lot::Mutex;
use wbem::channel::WAITING_BYTES;

use super::question::AssociationQuery;
use crate::read::execute::SharedSink;
use crate::read::stored::BATCH;
use crate::view::View;

/// What a walk has found, of all its sources.
/// INVARIANT: not locked while a provider is called or the client is waited for.
#[derive(Default)]
pub(super) struct Output(Mutex<Found>);

#[derive(Default)]
struct Found {
    /// What waits to be handed over.
    batch: Vec<Object>,
    bytes: usize,
    /// Whether the result is longer than the bound of [`BATCH`] objects or [`WAITING_BYTES`].
    is_past_bound: bool,
    /// The classes delivered so far, where only classes are wanted.
    classes: Vec<Name>,
}

/// Delivers to the client what one source leads to.
pub(super) struct Delivery<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) question: &'a AssociationQuery,
    pub(super) output: &'a Output,
    pub(super) client: &'a SharedSink,
    /// Whether a slow client blocks the source: a provider cannot be continued later.
    pub(super) blocks_source: bool,
}

impl Delivery<'_> {
    pub(super) fn push(&self, object: Object) -> ControlFlow<()> {
        let is_due = {
            let mut found = self.output.0.lock();
            let object = match object {
                object if self.question.class_defs_only => {
                    let class = object.class().clone();
                    if found.classes.contains(class.name()) {
                        return ControlFlow::Continue(());
                    }
                    found.classes.push(class.name().clone());
                    Object::Class(class)
                }
                Object::Instance(instance) if self.question.keys_only => {
                    Object::Instance(keys_of(instance))
                }
                object => object,
            };
            found.bytes += object.memory();
            found.batch.push(object);
            // A result within the bound is read to its end before its client can hold it up.
            let room = if found.is_past_bound { WAITING_BYTES / 2 } else { WAITING_BYTES };
            let is_due = found.batch.len() >= BATCH || found.bytes >= room;
            found.is_past_bound |= is_due;
            is_due
        };
        if is_due { self.flush() } else { ControlFlow::Continue(()) }
    }

    pub(super) fn flush(&self) -> ControlFlow<()> {
        let batch = {
            let mut found = self.output.0.lock();
            found.bytes = 0;
            std::mem::take(&mut found.batch)
        };
        self.view.while_client_takes(|| match self.blocks_source {
            true => self.client.indicate(batch),
            false => self.client.offer(batch),
        })
    }
}

/// The instance with nothing but its keys.
fn keys_of(mut instance: Instance) -> Instance {
    let class = instance.class().clone();
    for slot in 0..class.properties().len() {
        if !class.is_key(slot) {
            instance.set(slot, Value::Null);
        }
    }
    instance
}
