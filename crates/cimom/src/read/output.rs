//! What becomes of the instances that sources deliver: filtered, projected, handed to the client.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Class, Instance, InstanceKey, Name, Object, Projection, Result, Value};
use parking_lot::Mutex;
use wbem::channel::WAITING_BYTES;
use wbem::sink::Requirement;
use wbem::{CallContext, Completion, ObjectSink, Promise, Sink, Wanted};
use wql::BoundSelect;

use crate::providers::Provider;
use crate::read::plan::{Plan, Step};
use crate::read::resolve::Source;
use crate::read::stored::{BATCH, Room};
use crate::source::layered::{self, Part};

/// How long objects wait for others that are handed over with them.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// The instances that were delivered by steps of related classes, by their family and key.
#[derive(Default)]
pub struct Seen(Mutex<HashSet<(Name, InstanceKey)>>);

impl Seen {
    /// Whether an instance has not been there before. Of one without a key nothing is known.
    fn is_new(&self, instance: &Instance) -> bool {
        let (Some(family), Ok(key)) = (instance.class().key_root(), instance.key()) else {
            return true;
        };
        self.0.lock().insert((family.clone(), key))
    }
}

/// The client's sink, shared by the sinks of the steps.
pub struct SharedSink(Mutex<Option<Sink>>);

impl SharedSink {
    pub fn new(sink: Sink) -> Arc<Self> {
        Arc::new(SharedSink(Mutex::new(Some(sink))))
    }

    /// Delivers a batch, and waits for the client where it is slow.
    pub fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        self.deliver(|sink| sink.indicate(batch))
    }

    /// Delivers a batch to a client that takes it without waiting, unless it is a function.
    pub fn offer(&self, batch: Vec<Object>) -> ControlFlow<()> {
        self.deliver(|sink| sink.offer(batch))
    }

    fn deliver(&self, deliver: impl FnOnce(&mut Sink) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut sink = self.0.lock();
        let flow = sink.as_mut().map_or(ControlFlow::Break(()), deliver);
        if flow.is_break()
            && let Some(sink) = sink.take()
        {
            // A client that wants no more ends the result like any other end.
            sink.complete(wbem::COMPLETE);
        }
        flow
    }

    /// Whether the client wants no more.
    pub fn is_gone(&self) -> bool {
        !self.0.lock().as_ref().is_some_and(Sink::is_wanted)
    }

    /// Whether no other batch may wait for the client.
    pub fn is_full(&self) -> bool {
        self.0.lock().as_ref().is_some_and(Sink::is_full)
    }

    /// Whether the client takes what it is offered at once.
    pub fn takes_at_once(&self) -> bool {
        self.0.lock().as_ref().is_some_and(Sink::takes_at_once)
    }

    /// The sink itself, if the result has not ended.
    pub fn take(&self) -> Option<Sink> {
        self.0.lock().take()
    }

    pub fn complete(&self, completion: Completion) {
        if let Some(sink) = self.take() {
            sink.complete(completion);
        }
    }
}

/// Objects that wait to be handed over together. A result within the bound of [`BATCH`] objects or
/// [`WAITING_BYTES`] is read to its end before its client can hold it up, and so is of one moment.
pub(super) struct Gathered {
    objects: Vec<Object>,
    bytes: usize,
    since: Option<Instant>,
    /// What is left of the bound of the whole result.
    bound: Room,
}

impl Default for Gathered {
    fn default() -> Self {
        Gathered { objects: Vec::new(), bytes: 0, since: None, bound: Room::WHOLE }
    }
}

impl Gathered {
    pub(super) fn push(&mut self, object: Object) {
        let bytes = object.memory();
        self.bytes += bytes;
        self.bound.objects = self.bound.objects.saturating_sub(1);
        self.bound.bytes = self.bound.bytes.saturating_sub(bytes);
        self.since.get_or_insert_with(Instant::now);
        self.objects.push(object);
    }

    /// Whether the result is longer than the bound.
    pub(super) fn is_past_bound(&self) -> bool {
        self.bound.is_none()
    }

    /// How much is read before it is handed over. Past the bound half of what may wait, so that it
    /// has a place when the client has taken the other half.
    pub(super) fn room(&self) -> Room {
        match self.is_past_bound() {
            true => Room {
                objects: BATCH.saturating_sub(self.objects.len()),
                bytes: (WAITING_BYTES / 2).saturating_sub(self.bytes),
            },
            false => self.bound,
        }
    }

    /// Whether there are enough of them, or they have waited for long enough.
    pub(super) fn is_due(&self, client: &SharedSink) -> bool {
        let has_waited = || self.since.is_some_and(|since| since.elapsed() > LONGEST_WAIT);
        // A function may hold up the rest of what is to be of one moment.
        self.room().is_none() || has_waited() && (self.is_past_bound() || client.takes_at_once())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn hand_over(&mut self, client: &SharedSink) -> ControlFlow<()> {
        (self.since, self.bytes) = (None, 0);
        match self.objects.is_empty() {
            true => ControlFlow::Continue(()),
            false => client.offer(std::mem::take(&mut self.objects)),
        }
    }
}

/// Does to the instances of one source what the source did not do.
pub(super) struct Shaper {
    /// What was asked for: filter and projection know the slots of no other class.
    class: Arc<Class>,
    /// What the plan leaves to the core.
    planned: Option<BoundSelect>,
    /// The whole condition.
    whole: Option<BoundSelect>,
    /// Whether the source has asked to be filtered by the whole condition.
    is_asked: bool,
    projection: Option<Projection>,
    left_out: Arc<[usize]>,
    parts: Vec<Part>,
    wanted: Wanted,
    context: CallContext,
    /// Whether nothing is delivered.
    is_left_out: bool,
    /// Where another step may have delivered the same instances.
    seen: Option<Arc<Seen>>,
}

impl Shaper {
    pub(super) fn new(plan: &Plan, step: &Step, seen: &Arc<Seen>) -> Self {
        Shaper {
            class: step.class.clone(),
            planned: step.filter.clone(),
            whole: step.condition.clone(),
            is_asked: false,
            projection: step.projection.clone(),
            left_out: step.left_out.clone(),
            parts: step.parts.clone(),
            wanted: step.wanted.clone(),
            context: plan.context.clone(),
            is_left_out: step.is_left_out,
            seen: step.is_related.then(|| seen.clone()),
        }
    }

    /// The same for a source that answers the whole query, unless it says otherwise.
    fn unfiltered(self) -> Self {
        Shaper { planned: None, ..self }
    }

    fn filter(&self) -> Option<&BoundSelect> {
        if self.is_asked { self.whole.as_ref() } else { self.planned.as_ref() }
    }

    /// Whether what the source delivers can be passed on as it is.
    fn passes_on(&self) -> bool {
        self.filter().is_none()
            && self.projection.is_none()
            && self.left_out.is_empty()
            && self.parts.is_empty()
            && self.seen.is_none()
    }

    /// What the client gets for an instance, if anything.
    /// Errors: those of the providers of the classes above.
    fn shape(&self, instance: Instance) -> Result<Option<Instance>> {
        if self.seen.as_ref().is_some_and(|seen| !seen.is_new(&instance)) {
            return Ok(None);
        }
        if self.is_left_out {
            return Ok(None);
        }
        let instance = match self.parts.is_empty() {
            true => instance,
            false => layered::join(instance, &self.parts, &self.wanted, &self.context)?,
        };
        Ok(self.accepts(&instance).then(|| self.finish(instance)))
    }

    /// Whether the client is to get a whole instance.
    pub(super) fn accepts(&self, instance: &Instance) -> bool {
        self.filter().is_none_or(|filter| filter.matches(instance))
    }

    /// What the client gets of a whole instance.
    pub(super) fn finish(&self, mut instance: Instance) -> Instance {
        for &slot in self.left_out.iter() {
            instance.set(slot, Value::Null);
        }
        match &self.projection {
            Some(projection) => projection.apply(instance),
            None => instance,
        }
    }
}

/// The sink of a provider: shapes what it delivers, and passes it on.
pub(super) struct StepSink {
    shaper: Shaper,
    /// Why nothing more is taken: the source delivered something else, or a part was not to be had.
    failure: Option<cim::Error>,
    pub(super) has_delivered: Arc<AtomicBool>,
    provider: Option<Provider>,
    client: Arc<SharedSink>,
    done: Promise<Completion>,
}

impl StepSink {
    pub(super) fn new(
        plan: &Plan,
        step: &Step,
        client: &Arc<SharedSink>,
        seen: &Arc<Seen>,
        done: &Promise<Completion>,
    ) -> Self {
        StepSink {
            shaper: Shaper::new(plan, step, seen),
            failure: None,
            has_delivered: Arc::default(),
            provider: match &step.source {
                Source::Provider(binding) => Some(binding.provider.clone()),
                _ => None,
            },
            client: client.clone(),
            done: done.clone(),
        }
    }

    /// The same for a source that answers the whole query, unless it says otherwise.
    pub(super) fn unfiltered(self) -> Self {
        StepSink { shaper: self.shaper.unfiltered(), ..self }
    }

    /// Takes what a get has found.
    pub(super) fn take_one(mut self, found: Instance) -> Completion {
        let _ = self.indicate(vec![Object::Instance(found)]);
        self.failure.map_or(wbem::COMPLETE, Err)
    }

    /// The batch as the client gets it, as far as there is no failure.
    fn shaped(&mut self, batch: Vec<Object>) -> Vec<Object> {
        if self.shaper.passes_on() {
            return batch;
        }
        let mut shaped = Vec::with_capacity(batch.len());
        for object in batch {
            let Object::Instance(instance) = object else { continue };
            match self.shaper.shape(instance) {
                Ok(instance) => shaped.extend(instance.map(Object::Instance)),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        shaped
    }
}

impl ObjectSink for StepSink {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        let class = &self.shaper.class;
        let is_asked_for =
            |o: &Object| o.as_instance().is_some_and(|i| Arc::ptr_eq(i.class(), class));
        if let Some(other) = batch.iter().find(|o| !is_asked_for(o)) {
            self.failure = Some(WBEM_E_PROVIDER_FAILURE.with(format!(
                "the provider was asked for instances of {} and delivered something of {}",
                class.name(),
                other.class().name()
            )));
            return ControlFlow::Break(());
        }
        self.has_delivered.store(true, Ordering::Relaxed);
        let batch = self.shaped(batch);
        let flow = match batch.is_empty() {
            true if self.client.is_gone() => ControlFlow::Break(()),
            true => ControlFlow::Continue(()),
            false => match &self.provider {
                Some(provider) => provider.while_blocked_on_client(|| self.client.indicate(batch)),
                None => self.client.indicate(batch),
            },
        };
        if self.failure.is_some() { ControlFlow::Break(()) } else { flow }
    }

    fn requirements(&mut self, requirement: Requirement) {
        self.shaper.is_asked = requirement == Requirement::StartPostfilter;
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.done.set(self.failure.map_or(completion, Err));
    }
}
