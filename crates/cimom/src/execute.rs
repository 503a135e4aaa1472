//! Runs a plan: asks each source, filters and projects what comes, hands it to the client.
//!
//! The sources are asked one after another. What they deliver passes through a [`StepSink`],
//! which does what the source did not; the client's sink is completed once, here.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cim::status::*;
use cim::{Class, Instance, InstanceKey, Name, Object, Result, Value};
use wbem::sink::{Done, Requirement};
use wbem::{CallContext, Completion, ObjectSink, QueryText, Request, Sink, Wanted};
use wql::BoundSelect;

use crate::cimom::View;
use crate::dynamic::{self, Binding};
use crate::hierarchy::{self, Part};
use crate::plan::{Ask, Plan, Referring, Step};
use crate::properties;
use crate::providers::Provider;
use crate::resolve::Source;

/// How many objects travel together: enough that the cost of a hand-over does not count, few
/// enough that a client which stops early has cost little.
pub(crate) const BATCH: usize = 128;

/// Asks the sources of `plan` in its order and completes `sink`. Nothing of the repository is held
/// while a provider is asked.
pub(crate) fn run(plan: &Plan, view: &View<'_>, sink: Sink) {
    let client = Arc::new(Client(Mutex::new(Some(sink))));
    let mut outcome = WBEM_S_NO_ERROR;
    let seen = Arc::new(Seen::default());
    for step in &plan.steps {
        match ask(plan, step, view, &client, &seen) {
            // A success that tells something outlives those that do not.
            Ok(status) if outcome == WBEM_S_NO_ERROR => outcome = status,
            Ok(_) => {}
            Err(e) => return client.complete(Err(e)),
        }
        if client.is_gone() {
            break;
        }
    }
    client.complete(Ok(outcome));
}

fn ask(
    plan: &Plan,
    step: &Step,
    view: &View<'_>,
    client: &Arc<Client>,
    seen: &Arc<Seen>,
) -> Completion {
    let done = Arc::new(Done::default());
    let mut sink = StepSink::new(plan, step, client, seen, &done);
    match (&step.source, &step.ask) {
        (Source::Repository, Ask::Get(keys)) => {
            let key = Instance::with_keys(&step.class, keys).key()?;
            let found = view.instance(&step.class, &key)?;
            let found = found.map(|found| completed(view, step, found)).transpose()?;
            sink.take_one(found)
        }
        (Source::Repository, Ask::Enumerate) if !step.class.dynamic_properties().is_empty() => {
            // Read before a provider is asked, as nothing of the repository is held then.
            let all: Vec<Instance> = view
                .stored(|stored| stored.instances(view.id, &step.class)?.collect::<Result<_>>())?;
            let all = all.into_iter().map(|instance| completed(view, step, instance));
            let _ = pass_on(all, &mut |batch| Ok(sink.indicate(batch)))?;
            wbem::COMPLETE
        }
        (Source::Repository, Ask::Enumerate) => view.stored(|stored| {
            let all = stored.instances(view.id, &step.class)?;
            let all = all.map(|instance| completed(view, step, instance?));
            let _ = pass_on(all, &mut |batch| Ok(sink.indicate(batch)))?;
            wbem::COMPLETE
        }),
        (Source::Repository, Ask::Referring(asked)) => {
            let _ = referring(&step.class, asked, view, &mut |batch| Ok(sink.indicate(batch)))?;
            wbem::COMPLETE
        }
        (Source::System(instance), _) => sink.take_one(Some((**instance).clone())),
        (Source::Provider(binding), Ask::Get(keys)) => {
            let get =
                || dynamic::get_bound(binding, &step.class, keys, &step.wanted, &plan.context);
            match view.outside(get) {
                Ok(instance) => view.outside(|| sink.take_one(Some(instance))),
                Err(e) if e.status() == WBEM_E_NOT_FOUND => wbem::COMPLETE,
                Err(e) => Err(e),
            }
        }
        (Source::Provider(binding), Ask::Query(text)) => {
            view.outside(|| queried(plan, step, binding, text, sink, &done)).unwrap_or_else(|| {
                binding.check_enumeration()?;
                let done = Arc::new(Done::default());
                let sink = StepSink::new(plan, step, client, seen, &done);
                view.outside(|| provided(plan, step, binding, sink, &done))
            })
        }
        // A provider is told what is looked for by predicates.
        (Source::Provider(binding), Ask::Enumerate | Ask::Referring(_)) => {
            view.outside(|| provided(plan, step, binding, sink, &done))
        }
        (Source::Repository, Ask::Query(_)) => {
            Err(WBEM_E_CRITICAL_ERROR.with("the repository does not take the text of queries"))
        }
    }
}

/// A stored instance with what property providers have of it.
fn completed(view: &View<'_>, step: &Step, instance: Instance) -> Result<Instance> {
    properties::complete(view, instance, &step.wanted)
}

/// Takes a batch of what is stored; says whether more is wanted.
pub(crate) type Take<'a> = &'a mut dyn FnMut(Vec<Object>) -> Result<ControlFlow<()>>;

/// Reads the stored instances of `class` that refer to an object, each once, whichever of the
/// object's paths it uses.
pub(crate) fn referring(
    class: &Arc<Class>,
    asked: &Referring,
    view: &View<'_>,
    take: Take<'_>,
) -> Result<ControlFlow<()>> {
    view.stored(|stored| {
        for (at, path) in asked.referent.paths.iter().enumerate() {
            let found = stored.referring(view.id, class, path)?;
            let is_meant = |i: &Result<Instance>| match i {
                Ok(instance) => asked.path_used(instance) == Some(at),
                Err(_) => true,
            };
            let found =
                found.filter(is_meant).map(|i| properties::complete(view, i?, &Wanted::All));
            if pass_on(found, take)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Passes instances on in batches as they are read.
fn pass_on(
    instances: impl Iterator<Item = Result<Instance>>,
    take: Take<'_>,
) -> Result<ControlFlow<()>> {
    let mut batch = Vec::with_capacity(BATCH);
    for instance in instances {
        batch.push(Object::Instance(instance?));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if take(full)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    if batch.is_empty() { Ok(ControlFlow::Continue(())) } else { take(batch) }
}

fn provided(
    plan: &Plan,
    step: &Step,
    binding: &Binding,
    sink: StepSink,
    done: &Done,
) -> Completion {
    let request = Request { class: &step.class, wanted: &step.wanted, predicates: &step.pushed };
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
struct Seen(Mutex<HashSet<(Name, InstanceKey)>>);

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
struct Client(Mutex<Option<Sink>>);

impl Client {
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
        self.sink().is_none()
    }

    fn complete(&self, completion: Completion) {
        if let Some(sink) = self.sink().take() {
            sink.complete(completion);
        }
    }
}

/// Does to what one source delivers what the source did not do.
struct StepSink {
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
    client: Arc<Client>,
    done: Arc<Done>,
}

impl StepSink {
    fn new(
        plan: &Plan,
        step: &Step,
        client: &Arc<Client>,
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
            false => hierarchy::join(instance, &self.parts, &self.wanted, &self.context)?,
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
                Some(provider) => provider.aside(|| self.client.indicate(batch)),
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
