//! Runs a plan: asks each source, filters and projects what comes, hands it to the client.
//!
//! The sources are asked one after another. What they deliver passes through a [`StepSink`],
//! which does what the source did not; the client's sink is completed once, here.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cim::status::*;
use cim::{Class, Instance, InstanceKey, Name, Object, Result, Value, WbemStatus};
use repository::Position;
use wbem::sink::{Done, Requirement};
use wbem::{CallContext, Completion, EnumerationRequest, ObjectSink, QueryText, Sink, Wanted};
use wql::BoundSelect;

use crate::providers::Provider;
use crate::read::plan::{Plan, Referring, SourceRequest, Step};
use crate::read::resolve::Source;
use crate::source::binding::{self, Binding};
use crate::source::layered::{self, Part};
use crate::source::properties;
use crate::view::View;

/// How many objects travel together: enough that the cost of a hand-over does not count, few
/// enough that a client which stops early has cost little.
pub const BATCH: usize = 128;

/// Asks the sources of `plan` in its order and completes `sink`. Nothing of the repository is held
/// while a provider is asked.
pub fn run(plan: &Plan, view: &View<'_>, sink: Sink) {
    run_after(plan, view, sink, &Arc::default());
}

/// The same of a plan that may have instances which others before it have delivered.
pub fn run_after(plan: &Plan, view: &View<'_>, sink: Sink, seen: &Arc<Seen>) {
    let client = Arc::new(SharedSink(Mutex::new(Some(sink))));
    let mut outcome = WBEM_S_NO_ERROR;
    for step in &plan.steps {
        match ask(plan, step, view, &client, seen) {
            Ok(status) => outcome = first_significant_status(outcome, status),
            Err(e) => return client.complete(Err(e)),
        }
        if client.is_gone() {
            break;
        }
    }
    client.complete(Ok(outcome));
}

/// Of the successes of several sources the first that tells something is that of all.
pub fn first_significant_status(so_far: WbemStatus, next: WbemStatus) -> WbemStatus {
    if so_far == WBEM_S_NO_ERROR { next } else { so_far }
}

fn ask(
    plan: &Plan,
    step: &Step,
    view: &View<'_>,
    client: &Arc<SharedSink>,
    seen: &Arc<Seen>,
) -> Completion {
    let done = Arc::new(Done::default());
    let mut sink = StepSink::new(plan, step, client, seen, &done);
    match (&step.source, &step.ask) {
        (Source::Repository | Source::System(_), _) => {
            let _ = read_internal_source(step, view, &mut |batch| Ok(sink.indicate(batch)))?;
            sink.failure.map_or(wbem::COMPLETE, Err)
        }
        (Source::Provider(binding), SourceRequest::Get(keys)) => {
            let get =
                || binding::get_bound(binding, &step.class, keys, &step.wanted, &plan.context);
            match view.without_snapshot(get) {
                Ok(instance) => view.without_snapshot(|| sink.take_one(Some(instance))),
                Err(e) if e.status() == WBEM_E_NOT_FOUND => wbem::COMPLETE,
                Err(e) => Err(e),
            }
        }
        (Source::Provider(binding), SourceRequest::Query(text)) => view
            .without_snapshot(|| queried(plan, step, binding, text, sink, &done))
            .unwrap_or_else(|| {
                binding.check_enumeration()?;
                let done = Arc::new(Done::default());
                let sink = StepSink::new(plan, step, client, seen, &done);
                view.without_snapshot(|| provided(plan, step, binding, sink, &done))
            }),
        (Source::Provider(binding), SourceRequest::Beyond(text)) => view
            .without_snapshot(|| queried(plan, step, binding, text, sink, &done))
            .unwrap_or_else(|| {
                Err(WBEM_E_INVALID_QUERY.with(format!(
                    "the query is more than WQL, and provider {} does not take it",
                    binding.name()
                )))
            }),
        // A provider is told what is looked for by predicates.
        (Source::Provider(binding), SourceRequest::Enumerate | SourceRequest::Referring(_)) => {
            view.without_snapshot(|| provided(plan, step, binding, sink, &done))
        }
    }
}

/// Takes a batch of what the core has itself, and holds nothing of the repository by it; says
/// whether more is wanted.
type BatchConsumer<'a> = &'a mut dyn FnMut(Vec<Object>) -> Result<ControlFlow<()>>;

/// Reads what a step asks of the core's own sources.
pub fn read_internal_source(
    step: &Step,
    view: &View<'_>,
    take: BatchConsumer<'_>,
) -> Result<ControlFlow<()>> {
    let class = &step.class;
    match (&step.source, &step.ask) {
        (Source::System(instance), _) => take(vec![Object::Instance((**instance).clone())]),
        (Source::Repository, SourceRequest::Get(keys)) => {
            let key = Instance::with_keys(class, keys).key()?;
            let found = view.instance(class, &key)?;
            pass_on(view, step, found.into_iter().collect(), take)
        }
        (Source::Repository, SourceRequest::Enumerate) => {
            let read = |stored: repository::View<'_>, position: &mut Position| {
                let mut all = stored.instances_after(view.id(), class, position)?;
                let batch = all.by_ref().take(BATCH).collect();
                all.advance(position);
                batch
            };
            in_batches(step, view, &read, take)
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
        let read = |stored: repository::View<'_>, position: &mut Position| {
            let mut all = stored.referring_after(view.id(), &step.class, path, position)?;
            let batch = all.by_ref().filter(is_meant).take(BATCH).collect();
            all.advance(position);
            batch
        };
        if in_batches(step, view, &read, take)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads up to [`BATCH`] of the stored instances that come after a position, and moves it on.
type Read<'a> = &'a dyn Fn(repository::View<'_>, &mut Position) -> Result<Vec<Instance>>;

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
        let batch = view.stored(|stored| read(stored, &mut position))?;
        let is_last = batch.len() < BATCH;
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

fn provided(
    plan: &Plan,
    step: &Step,
    binding: &Binding,
    sink: StepSink,
    done: &Done,
) -> Completion {
    let request =
        EnumerationRequest { class: &step.class, wanted: &step.wanted, predicates: &step.pushed };
    binding.provider.call(&plan.context, |context| {
        binding.instances.enumerate(&request, context, Sink::new(sink));
        done.wait()
    })
}

/// Hands the provider the text of the query; `None` where it hands that back (I-24).
fn queried(
    plan: &Plan,
    step: &Step,
    binding: &Binding,
    text: &str,
    sink: StepSink,
    done: &Done,
) -> Option<Completion> {
    let has_delivered = sink.has_delivered.clone();
    let query = QueryText { text, class: &step.class };
    // What it delivers is what it was asked for, unless it says otherwise.
    let sink = StepSink { planned: None, ..sink };
    let completion = binding.provider.call(&plan.context, |context| {
        binding.instances.query(&query, context, Sink::new(sink));
        done.wait()
    });
    match &completion {
        Err(e)
            if [WBEM_E_PROVIDER_NOT_CAPABLE, WBEM_E_QUOTA_VIOLATION].contains(&e.status())
                && !has_delivered.load(Ordering::Relaxed) =>
        {
            None
        }
        _ => Some(completion),
    }
}

/// The instances that were delivered by steps of related classes, by their family and key.
#[derive(Default)]
pub struct Seen(Mutex<HashSet<(Name, InstanceKey)>>);

impl Seen {
    /// Whether an instance has not been there before. Of one without a key nothing is known.
    fn is_new(&self, instance: &Instance) -> bool {
        let (Some(family), Ok(key)) = (instance.class().key_root(), instance.key()) else {
            return true;
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((family.clone(), key))
    }
}

/// The client's sink, shared by the sinks of the steps.
struct SharedSink(Mutex<Option<Sink>>);

impl SharedSink {
    fn sink(&self) -> MutexGuard<'_, Option<Sink>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        let mut sink = self.sink();
        let flow = sink.as_mut().map_or(ControlFlow::Break(()), |s| s.indicate(batch));
        if flow.is_break()
            && let Some(sink) = sink.take()
        {
            // Nobody wants more: that is an end like any other.
            sink.complete(wbem::COMPLETE);
        }
        flow
    }

    fn is_gone(&self) -> bool {
        !self.sink().as_ref().is_some_and(Sink::is_wanted)
    }

    fn complete(&self, completion: Completion) {
        if let Some(sink) = self.sink().take() {
            sink.complete(completion);
        }
    }
}

/// Does to what one source delivers what the source did not do.
pub struct StepSink {
    /// What was asked for: filter and projection know the slots of no other class.
    class: Arc<Class>,
    /// Why nothing more is taken: the source delivered something else, or a part was not to be had.
    failure: Option<cim::Error>,
    /// What the plan leaves to the core.
    planned: Option<BoundSelect>,
    /// The whole condition.
    whole: Option<BoundSelect>,
    /// Whether the source has asked to be filtered by the whole condition.
    is_asked: bool,
    projection: Option<wql::Projection>,
    left_out: Arc<[usize]>,
    parts: Vec<Part>,
    wanted: Wanted,
    context: CallContext,
    /// Where another step may have delivered the same instances.
    seen: Option<Arc<Seen>>,
    has_delivered: Arc<AtomicBool>,
    /// Who delivers, if it is a provider.
    provider: Option<Provider>,
    client: Arc<SharedSink>,
    done: Arc<Done>,
}

impl StepSink {
    fn new(
        plan: &Plan,
        step: &Step,
        client: &Arc<SharedSink>,
        seen: &Arc<Seen>,
        done: &Arc<Done>,
    ) -> Self {
        StepSink {
            class: step.class.clone(),
            failure: None,
            planned: step.filter.clone(),
            whole: step.condition.clone(),
            is_asked: false,
            projection: step.projection.clone(),
            left_out: step.left_out.clone(),
            parts: step.parts.clone(),
            wanted: step.wanted.clone(),
            context: plan.context.clone(),
            seen: step.is_related.then(|| seen.clone()),
            has_delivered: Arc::default(),
            provider: match &step.source {
                Source::Provider(binding) => Some(binding.provider.clone()),
                _ => None,
            },
            client: client.clone(),
            done: done.clone(),
        }
    }

    /// Takes what a get has found.
    fn take_one(mut self, found: Option<Instance>) -> Completion {
        let _ = self.indicate(found.into_iter().map(Object::Instance).collect());
        self.failure.map_or(wbem::COMPLETE, Err)
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
        let mut instance = match self.parts.is_empty() {
            true => instance,
            false => layered::join(instance, &self.parts, &self.wanted, &self.context)?,
        };
        if self.filter().is_some_and(|filter| !filter.matches(&instance)) {
            return Ok(None);
        }
        for &slot in self.left_out.iter() {
            instance.set(slot, Value::Null);
        }
        Ok(Some(match &self.projection {
            Some(projection) => projection.apply(instance),
            None => instance,
        }))
    }

    /// The batch as the client gets it, as far as there is no failure.
    fn shaped(&mut self, batch: Vec<Object>) -> Vec<Object> {
        if self.passes_on() {
            return batch;
        }
        let mut shaped = Vec::with_capacity(batch.len());
        for object in batch {
            let Object::Instance(instance) = object else { continue };
            match self.shape(instance) {
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
        let is_asked_for =
            |o: &Object| o.as_instance().is_some_and(|i| Arc::ptr_eq(i.class(), &self.class));
        if let Some(other) = batch.iter().find(|o| !is_asked_for(o)) {
            self.failure = Some(WBEM_E_PROVIDER_FAILURE.with(format!(
                "the provider was asked for instances of {} and delivered something of {}",
                self.class.name(),
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
        self.is_asked = requirement == Requirement::StartPostfilter;
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.done.set(self.failure.map_or(completion, Err));
    }
}
