//! Runs a plan: asks each source, filters and projects what comes, hands it to the client.
//!
//! The sources are asked one after another. What they deliver passes through a [`StepSink`],
//! which does what the source did not; the client's sink is completed once, here.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cim::status::{WBEM_E_NOT_FOUND, WBEM_E_PROVIDER_FAILURE, WBEM_S_NO_ERROR};
use cim::{Class, Instance, Object, Result};
use wbem::sink::{Done, Requirement};
use wbem::{Completion, ObjectSink, Request, Sink};
use wql::BoundSelect;

use crate::cimom::View;
use crate::dynamic::{self, Binding};
use crate::plan::{Ask, Plan, Referring, Step};
use crate::resolve::Source;

/// How many objects travel together: enough that the cost of a hand-over does not count, few
/// enough that a client which stops early has cost little.
pub(crate) const BATCH: usize = 128;

/// Asks the sources of `plan` and completes `sink`: first the repository, then, with nothing of it
/// held, the providers.
pub(crate) fn run(plan: &Plan, view: &View<'_>, sink: Sink) {
    let client = Arc::new(Client(Mutex::new(Some(sink))));
    let mut outcome = WBEM_S_NO_ERROR;
    let is_stored = |step: &&Step| matches!(step.source, Source::Repository);
    let stored = plan.steps.iter().filter(is_stored);
    let provided = plan.steps.iter().filter(|step| !is_stored(step));
    for step in stored.chain(provided) {
        match ask(plan, step, view, &client) {
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

fn ask(plan: &Plan, step: &Step, view: &View<'_>, client: &Arc<Client>) -> Completion {
    let done = Arc::new(Done::default());
    let mut sink = StepSink {
        planned: step.filter.clone(),
        whole: step.condition.clone(),
        is_asked: false,
        projection: step.projection.clone(),
        class: step.class.clone(),
        misfit: None,
        client: client.clone(),
        done: done.clone(),
    };
    match (&step.source, &step.ask) {
        (Source::Repository, Ask::Get(keys)) => {
            let key = Instance::with_keys(&step.class, keys).key()?;
            let found = view.instance(&step.class, &key)?;
            let _ = sink.indicate(found.into_iter().map(Object::Instance).collect());
            wbem::COMPLETE
        }
        (Source::Repository, Ask::Enumerate) => view.stored(|stored| {
            let all = stored.instances(view.id, &step.class)?;
            let _ = pass_on(all, &mut |batch| Ok(sink.indicate(batch)))?;
            wbem::COMPLETE
        }),
        (Source::Repository, Ask::Referring(asked)) => {
            let _ = referring(&step.class, asked, view, &mut |batch| Ok(sink.indicate(batch)))?;
            wbem::COMPLETE
        }
        (Source::Provider(binding), Ask::Get(keys)) => {
            let get =
                || dynamic::get_bound(binding, &step.class, keys, &step.wanted, &plan.context);
            match view.outside(get) {
                Ok(instance) => {
                    let _ = sink.indicate(vec![Object::Instance(instance)]);
                    wbem::COMPLETE
                }
                Err(e) if e.status() == WBEM_E_NOT_FOUND => wbem::COMPLETE,
                Err(e) => Err(e),
            }
        }
        // A provider is told what is looked for by predicates.
        (Source::Provider(binding), Ask::Enumerate | Ask::Referring(_)) => {
            view.outside(|| provided(plan, step, binding, sink, &done))
        }
    }
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
            if pass_on(found.filter(is_meant), take)?.is_break() {
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
    /// Set where the source delivered something else.
    misfit: Option<cim::Error>,
    /// What the plan leaves to the core.
    planned: Option<BoundSelect>,
    /// The whole condition.
    whole: Option<BoundSelect>,
    /// Whether the source has asked to be filtered by the whole condition.
    is_asked: bool,
    projection: Option<wql::Projection>,
    client: Arc<Client>,
    done: Arc<Done>,
}

impl StepSink {
    fn filter(&self) -> Option<&BoundSelect> {
        if self.is_asked { self.whole.as_ref() } else { self.planned.as_ref() }
    }

    fn shape(&self, object: Object) -> Option<Object> {
        let Object::Instance(instance) = object else { return Some(object) };
        if self.filter().is_some_and(|f| !f.matches(&instance)) {
            return None;
        }
        Some(Object::Instance(self.project(instance)))
    }

    fn project(&self, instance: Instance) -> Instance {
        match &self.projection {
            Some(projection) => projection.apply(instance),
            None => instance,
        }
    }
}

impl ObjectSink for StepSink {
    fn indicate(&mut self, batch: Vec<Object>) -> ControlFlow<()> {
        let is_asked_for =
            |o: &Object| o.as_instance().is_some_and(|i| Arc::ptr_eq(i.class(), &self.class));
        if let Some(other) = batch.iter().find(|o| !is_asked_for(o)) {
            self.misfit = Some(WBEM_E_PROVIDER_FAILURE.with(format!(
                "the provider was asked for instances of {} and delivered something of {}",
                self.class.name(),
                other.class().name()
            )));
            return ControlFlow::Break(());
        }
        let batch = match (self.filter(), &self.projection) {
            (None, None) => batch,
            _ => batch.into_iter().filter_map(|object| self.shape(object)).collect(),
        };
        match batch.is_empty() {
            true if self.client.is_gone() => ControlFlow::Break(()),
            true => ControlFlow::Continue(()),
            false => self.client.indicate(batch),
        }
    }

    fn requirements(&mut self, requirement: Requirement) {
        self.is_asked = requirement == Requirement::StartPostfilter;
    }

    fn complete(self: Box<Self>, completion: Completion) {
        self.done.set(self.misfit.map_or(completion, Err));
    }
}
