//! The output of a walk: results shaped and handed over in batches.

use std::ops::ControlFlow;

use cim::{Instance, Name, Object, Value};
use wbem::Sink;

use super::question::AssociationQuery;
use crate::read::stored::BATCH;
use crate::view::View;

/// What a walk has found and not handed over yet.
pub(super) struct Output {
    /// `None` when the walk has ended.
    pub(super) sink: Option<Sink>,
    batch: Vec<Object>,
    /// The classes delivered so far, where only classes are wanted.
    classes: Vec<Name>,
    /// Whether a slow client holds up the source: a provider cannot be gone on with later.
    pub(super) holds_up: bool,
    /// Whether the client wants no more.
    pub(super) is_over: bool,
    /// Why what a provider delivers is no longer taken.
    pub(super) failure: Option<cim::Error>,
}

impl Output {
    pub(super) fn new(sink: Sink) -> Self {
        let (batch, classes) = Default::default();
        Output { sink: Some(sink), batch, classes, holds_up: false, is_over: false, failure: None }
    }

    pub(super) fn push(
        &mut self,
        view: &View<'_>,
        question: &AssociationQuery,
        object: Object,
    ) -> ControlFlow<()> {
        if question.class_defs_only {
            let class = object.class().clone();
            if self.classes.contains(class.name()) {
                return ControlFlow::Continue(());
            }
            self.classes.push(class.name().clone());
            self.batch.push(Object::Class(class));
        } else {
            self.batch.push(match object {
                Object::Instance(instance) if question.keys_only => {
                    Object::Instance(keys_of(instance))
                }
                object => object,
            });
        }
        if self.batch.len() < BATCH { ControlFlow::Continue(()) } else { self.flush(view) }
    }

    /// Whether as much waits for the client as may.
    pub(super) fn is_full(&self) -> bool {
        self.sink.as_ref().is_some_and(Sink::is_full)
    }

    /// Whether the client wants more.
    pub(super) fn flow(&mut self) -> ControlFlow<()> {
        self.is_over |= !self.sink.as_ref().is_some_and(Sink::is_wanted);
        match self.is_over {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    pub(super) fn flush(&mut self, view: &View<'_>) -> ControlFlow<()> {
        let batch = std::mem::take(&mut self.batch);
        let flow = match &mut self.sink {
            Some(sink) if !self.is_over => view.while_client_takes(|| match self.holds_up {
                true => sink.indicate(batch),
                false => sink.offer(batch),
            }),
            _ => ControlFlow::Break(()),
        };
        self.is_over |= flow.is_break();
        flow
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
