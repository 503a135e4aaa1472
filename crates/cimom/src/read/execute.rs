//! Runs a plan: calls each source, filters and projects the instances, delivers them to the client.
//!
//! The sources are called one after another, those of the repository first. While stored instances
//! are read and the client's buffer is full, the execution returns its thread and continues later
//! from its position; its snapshot is held meanwhile until the client has fetched nothing for a
//! second. An instance that exists from beginning to end is delivered exactly once, in a state that it
//! had during the execution.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cim::status::*;
use cim::{Instance, Object, Result, WbemStatus};
use wbem::{Completion, EnumerationRequest, Promise, QueryText, Sink};

use super::output::{Gathered, Shaper, StepSink};
pub use super::output::{Seen, SharedSink};
use super::plan::{Plan, SourceRequest, Step};
use super::resolve::Source;
use super::stored::Cursor;
use crate::providers::shutting_down;
use crate::source::binding::{self, Binding};
use crate::source::properties;
use crate::system;
use crate::view::View;

/// Calls the sources of `plan` in its order and completes `sink`. No repository transaction is open
/// while a provider runs.
pub fn run(plan: Plan, view: View<'_>, sink: Sink) {
    let (step, outcome) = (0, WBEM_S_NO_ERROR);
    let (cursor, seen, gathered) = Default::default();
    Execution { plan, step, cursor, seen, outcome, gathered }.go_on(view, sink);
}

/// The same for a plan that calls only providers, and may return instances that plans before it
/// have delivered.
pub fn run_after(plan: &Plan, view: &View<'_>, sink: Sink, seen: &Arc<Seen>) {
    let client = SharedSink::new(sink);
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

/// The state of an execution, from which it can be continued.
struct Execution {
    plan: Plan,
    /// The current step.
    step: usize,
    /// How far that step has been read, where its source is the object manager's own.
    cursor: Cursor,
    seen: Arc<Seen>,
    outcome: WbemStatus,
    gathered: Gathered,
}

/// What comes after some stored instances.
enum Next {
    /// The step that follows.
    Step,
    /// The same step, when the client has taken some of what waits for it.
    Later,
}

impl Execution {
    fn go_on(mut self, mut view: View<'_>, sink: Sink) {
        let client = SharedSink::new(sink);
        while self.step < self.plan.steps.len() && !client.is_gone() {
            let asked = match &self.plan.steps[self.step].source {
                Source::Provider(_) => self.ask_provider(&view, &client),
                Source::System(_) | Source::Repository => match self.read_stored(view, &client) {
                    Ok((read, Next::Step)) => {
                        view = read;
                        Ok(())
                    }
                    Ok((read, Next::Later)) => return self.suspend(read, &client),
                    Err(e) => return self.end(&client, Err(e)),
                },
            };
            if let Err(e) = asked {
                drop(view);
                return self.end(&client, Err(e));
            }
            self.step += 1;
            self.cursor = Cursor::default();
        }
        // Nothing more is read. A client that has the end finds the snapshot released.
        drop(view);
        let outcome = Ok(self.outcome);
        self.end(&client, outcome);
    }

    /// Ends the result, with what came before a failure.
    fn end(&mut self, client: &SharedSink, completion: Completion) {
        let _ = self.gathered.hand_over(client);
        client.complete(completion);
    }

    fn ask_provider(&mut self, view: &View<'_>, client: &Arc<SharedSink>) -> Result<()> {
        let _ = view.while_client_takes(|| self.gathered.hand_over(client));
        let step = &self.plan.steps[self.step];
        let status = ask(&self.plan, step, view, client, &self.seen)?;
        self.outcome = first_significant_status(self.outcome, status);
        Ok(())
    }

    /// Reads what the object manager has itself for the step, with what property providers have.
    fn read_stored<'v>(
        &mut self,
        mut view: View<'v>,
        client: &SharedSink,
    ) -> Result<(View<'v>, Next)> {
        let step = &self.plan.steps[self.step];
        let shaper = Shaper::new(&self.plan, step, &self.seen);
        let is_namespace = system::is_namespace(&step.class);
        let is_partial = |instance: &Instance| is_namespace || properties::has_dynamic(instance);
        // What is not stored may decide.
        let may_be_wanted = |instance: &Instance| is_partial(instance) || shaper.accepts(instance);
        loop {
            view.context().cancel().check()?;
            if self.gathered.is_past_bound() && client.is_full() {
                return Ok((view, Next::Later));
            }
            view = view.for_reading_on(&step.class)?;
            let room = self.gathered.room();
            let Some(batch) = self.cursor.next(&view, step, room, &may_be_wanted)? else {
                return Ok((view, Next::Step));
            };
            for mut instance in batch {
                if is_partial(&instance) {
                    instance = properties::complete(&view, instance, &step.wanted)?;
                    if !shaper.accepts(&instance) {
                        continue;
                    }
                }
                self.gathered.push(Object::Instance(shaper.finish(instance)));
            }
            let flow = match self.gathered.is_due(client) {
                true if client.takes_at_once() => self.gathered.hand_over(client),
                true => view.while_client_takes(|| self.gathered.hand_over(client)),
                false if self.gathered.is_empty() && client.is_gone() => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            if flow.is_break() || self.cursor.is_at_end() {
                return Ok((view, Next::Step));
            }
        }
    }

    /// Gives the thread back until the client has taken some of what waits for it.
    fn suspend(self, view: View<'_>, client: &SharedSink) {
        let Some(sink) = client.take() else { return };
        let runtime = view.runtime().downgrade();
        let suspended = view.suspend();
        sink.suspend(suspended.on_fetch(), move |sink| match runtime.upgrade() {
            Some(runtime) => {
                let context = self.plan.context.clone();
                self.go_on(View::resume(suspended, &runtime, &context), sink);
            }
            None => sink.complete(Err(shutting_down())),
        });
    }
}

/// Asks the provider of a step.
fn ask(
    plan: &Plan,
    step: &Step,
    view: &View<'_>,
    client: &Arc<SharedSink>,
    seen: &Arc<Seen>,
) -> Completion {
    let Source::Provider(binding) = &step.source else {
        return Err(WBEM_E_CRITICAL_ERROR.with("a source of the core's own is no provider"));
    };
    let done = Promise::default();
    let sink = StepSink::new(plan, step, client, seen, &done);
    match &step.ask {
        SourceRequest::Get(keys) => {
            let get =
                || binding::get_bound(binding, &step.class, keys, &step.wanted, &plan.context);
            match view.without_snapshot(get) {
                Ok(instance) => view.without_snapshot(|| sink.take_one(instance)),
                Err(e) if e.status() == WBEM_E_NOT_FOUND => wbem::COMPLETE,
                Err(e) => Err(e),
            }
        }
        SourceRequest::Query(text) => view
            .without_snapshot(|| queried(plan, step, binding, text, sink, &done))
            .unwrap_or_else(|| {
                binding.check_enumeration()?;
                let done = Promise::default();
                let sink = StepSink::new(plan, step, client, seen, &done);
                view.without_snapshot(|| provided(plan, step, binding, sink, &done))
            }),
        SourceRequest::Beyond(text) => view
            .without_snapshot(|| queried(plan, step, binding, text, sink, &done))
            .unwrap_or_else(|| {
                Err(WBEM_E_INVALID_QUERY.with(format!(
                    "the query is more than WQL, and provider {} does not take it",
                    binding.name()
                )))
            }),
        // The provider receives the condition as predicates.
        SourceRequest::Enumerate | SourceRequest::Referring(_) => {
            view.without_snapshot(|| provided(plan, step, binding, sink, &done))
        }
    }
}

fn provided(
    plan: &Plan,
    step: &Step,
    binding: &Binding,
    sink: StepSink,
    done: &Promise<Completion>,
) -> Completion {
    let request =
        EnumerationRequest { class: &step.class, wanted: &step.wanted, predicates: &step.pushed };
    let cancel = plan.context.cancel();
    binding.read(&step.class, &plan.context, |context| {
        binding.instances.enumerate(&request, context, Sink::new(sink));
        done.wait_for(cancel)?
    })
}

/// Hands the provider the text of the query; `None` where it hands that back (I-24).
fn queried(
    plan: &Plan,
    step: &Step,
    binding: &Binding,
    text: &str,
    sink: StepSink,
    done: &Promise<Completion>,
) -> Option<Completion> {
    let has_delivered = sink.has_delivered.clone();
    let query = QueryText { text, class: &step.class };
    let sink = sink.unfiltered();
    let cancel = plan.context.cancel();
    let completion = binding.read(&step.class, &plan.context, |context| {
        binding.instances.query(&query, context, Sink::new(sink));
        done.wait_for(cancel)?
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
