//! The walk from an object over its associations to the objects at the other ends.
//!
//! The snapshot is released while a provider is called.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Weak};

use cim::status::*;
use cim::{Class, Instance, Object, Result, WbemStatus};
use parking_lot::Mutex;
use smol_str::SmolStr;
use wbem::{CallContext, Completion, Sink};

use super::output::{Delivery, Output};
use super::question::{AssociationQuery, is_reference, own_qualifiers};
use crate::call::NamespaceRef;
use crate::providers::{Runtime, shutting_down};
use crate::read::execute::{self, Seen, SharedSink, first_significant_status};
use crate::read::get;
use crate::read::plan::{Plan, Referent};
use crate::read::stored::{Cursor, Room};
use crate::schema::reference;
use crate::source::properties;
use crate::view::View;

/// A prepared walk.
pub struct Walk {
    pub(super) question: AssociationQuery,
    pub(super) source: Arc<Referent>,
    /// Each association class and the request for it.
    pub(in crate::query) steps: Vec<(Arc<Class>, Plan)>,
    /// What the providers of related association classes have delivered.
    pub(super) seen: Arc<Seen>,
    pub(super) context: CallContext,
}

/// The state of a walk, from which it can be continued.
struct Progress {
    walk: Arc<Walk>,
    output: Arc<Output>,
    client: Arc<SharedSink>,
    /// The current association class, and the step of its plan.
    class: usize,
    step: usize,
    /// How far that step has been read, where the associations are stored.
    cursor: Cursor,
    /// Associations that were read and not processed, because the client is slow.
    unprocessed: VecDeque<Instance>,
    /// The first success of a source that tells something.
    outcome: WbemStatus,
}

impl Progress {
    fn go_on(mut self, mut view: View<'_>) {
        let walk = self.walk.clone();
        while let Some((class, plan)) = walk.steps.get(self.class) {
            let walked = match plan.has_provider() {
                true => self.over_provided(&view, class, plan).map(|status| {
                    self.outcome = first_significant_status(self.outcome, status);
                    self.step = plan.steps.len();
                    (view, false)
                }),
                false => self.over_stored(view, class, plan),
            };
            let is_later;
            (view, is_later) = match walked {
                Ok(walked) => walked,
                Err(e) => return self.client.complete(Err(e)),
            };
            if is_later {
                return self.suspend(view);
            }
            if self.client.is_gone() {
                break;
            }
            if self.step >= plan.steps.len() {
                (self.class, self.step) = (self.class + 1, 0);
            }
        }
        // Nothing more is read. A client that has the end finds the snapshot released.
        drop(view);
        self.client.complete(Ok(self.outcome));
    }

    /// Walks over the stored associations of one class, a step of its plan. With `true` where the
    /// client has to take some of what waits for it first.
    fn over_stored<'v>(
        &mut self,
        mut view: View<'v>,
        class: &Arc<Class>,
        plan: &Plan,
    ) -> Result<(View<'v>, bool)> {
        let Some(step) = plan.steps.get(self.step) else { return Ok((view, false)) };
        let walk = self.walk.clone();
        loop {
            view.context().cancel().check()?;
            if self.client.is_full() {
                return Ok((view, true));
            }
            if self.unprocessed.is_empty() && self.cursor.is_at_end() {
                break;
            }
            view = view.for_reading_on(class)?;
            if self.unprocessed.is_empty() {
                let batch = self.cursor.next(&view, step, Room::WHOLE, &|_| true)?;
                self.unprocessed = batch.unwrap_or_default().into();
            }
            let delivery = Delivery {
                view: &view,
                question: &walk.question,
                output: &self.output,
                client: &self.client,
                blocks_source: false,
            };
            // What an association leads to may be larger than itself.
            while let Some(instance) = self.unprocessed.pop_front() {
                let led = properties::complete(&view, instance, &step.wanted)
                    .and_then(|association| walk.lead(&delivery, class, &association));
                match led {
                    Ok(ControlFlow::Continue(())) if !self.client.is_full() => {}
                    Ok(_) => break,
                    Err(e) => {
                        // What came before a failure is delivered.
                        let _ = delivery.flush();
                        return Err(e);
                    }
                }
            }
            if delivery.flush().is_break() {
                break;
            }
        }
        (self.step, self.cursor) = (self.step + 1, Cursor::default());
        Ok((view, false))
    }

    /// Gives the thread back until the client has taken some of what waits for it.
    fn suspend(self, view: View<'_>) {
        let Some(sink) = self.client.take() else { return };
        let runtime = view.runtime().downgrade();
        let suspended = view.suspend();
        sink.suspend(suspended.on_fetch(), move |sink| match runtime.upgrade() {
            Some(runtime) => {
                let context = self.walk.context.clone();
                let resumed = Progress { client: SharedSink::new(sink), ..self };
                resumed.go_on(View::resume(suspended, &runtime, &context));
            }
            None => sink.complete(Err(shutting_down())),
        });
    }

    /// Walks over the associations that a provider has: each batch is processed as it comes, on
    /// whichever thread.
    fn over_provided(&self, view: &View<'_>, class: &Arc<Class>, plan: &Plan) -> Completion {
        let walk = self.walk.clone();
        let (output, client) = (self.output.clone(), self.client.clone());
        let (from, class) = (Standpoint::of(view), class.clone());
        let failure = Arc::<Mutex<Option<cim::Error>>>::default();
        let failed = failure.clone();
        let take = move |mut batch: Vec<Object>| {
            batch.retain(|association| walk.refers(&class, association));
            if batch.is_empty() {
                return match client.is_gone() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                };
            }
            let taken = from.with_view(&walk.context, |view| {
                let (question, output, client) = (&walk.question, &*output, &*client);
                let delivery = Delivery { view, question, output, client, blocks_source: true };
                walk.take(&delivery, &class, batch)
            });
            taken.unwrap_or_else(|error| {
                *failed.lock() = Some(error);
                ControlFlow::Break(())
            })
        };
        let run = |sink| {
            execute::run_after(plan, view, sink, &self.walk.seen);
            Ok(())
        };
        let completion = wbem::for_each(run, take);
        let failure = failure.lock().take();
        failure.map_or(completion, Err)
    }
}

impl Walk {
    /// Makes the walk, and completes `sink`.
    pub(in crate::query) fn deliver(self: &Arc<Self>, view: View<'_>, sink: Sink) {
        let (walk, output, client) = (self.clone(), Arc::default(), SharedSink::new(sink));
        let (class, step, cursor, unprocessed) = Default::default();
        let outcome = WBEM_S_NO_ERROR;
        Progress { walk, output, client, class, step, cursor, unprocessed, outcome }.go_on(view);
    }

    /// Whether an association of `class` is to the source.
    fn refers(&self, class: &Class, association: &Object) -> bool {
        let association = association.as_instance();
        association.is_some_and(|a| self.source_among(&references(a), class).is_some())
    }

    /// Delivers what some associations of a class lead to.
    fn take(
        &self,
        delivery: &Delivery<'_>,
        class: &Class,
        associations: Vec<Object>,
    ) -> Result<ControlFlow<()>> {
        let mut associations = associations.iter().filter_map(Object::as_instance);
        let led =
            associations.try_fold(ControlFlow::Continue(()), |flow, association| match flow {
                ControlFlow::Continue(()) => self.lead(delivery, class, association),
                ControlFlow::Break(()) => Ok(flow),
            });
        // What came before a failure is delivered.
        let flushed = delivery.flush();
        led.map(|led| if led.is_break() { led } else { flushed })
    }

    /// Delivers what an association leads to.
    fn lead(
        &self,
        delivery: &Delivery<'_>,
        class: &Class,
        association: &Instance,
    ) -> Result<ControlFlow<()>> {
        if !self.question.accepts_association(class, own_qualifiers(association)) {
            return Ok(ControlFlow::Continue(()));
        }
        let references = references(association);
        match self.source_among(&references, class) {
            None => Ok(ControlFlow::Continue(())),
            Some(at) if self.question.wants_endpoints => {
                self.endpoints(delivery, class, &references, at)
            }
            Some(_) => Ok(delivery.push(Object::Instance(association.clone()))),
        }
    }

    /// Which of an association's references is to the source.
    fn source_among(&self, references: &[(usize, SmolStr)], class: &Class) -> Option<usize> {
        references.iter().position(|(slot, text)| {
            self.question.accepts_role(&class.properties()[*slot].name)
                && self.source.position(class, *slot, text).is_some()
        })
    }

    /// Delivers what is at the other ends of an association than `at`. What is referred to and
    /// does not exist is no endpoint, and no error.
    fn endpoints(
        &self,
        delivery: &Delivery<'_>,
        class: &Class,
        references: &[(usize, SmolStr)],
        at: usize,
    ) -> Result<ControlFlow<()>> {
        let view = delivery.view;
        for (i, (slot, text)) in references.iter().enumerate() {
            if i == at || !self.question.accepts_result_role(&class.properties()[*slot].name) {
                continue;
            }
            let Some(endpoint) = self.endpoint(view, class, *slot, text)? else { continue };
            if self.accepts(view, class, *slot, &endpoint)? && delivery.push(endpoint).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether an endpoint is asked for. One in another namespace, to which its reference does not
    /// say that it leads, is judged by the classes of this one (behaviour.md E.4).
    fn accepts(
        &self,
        view: &View<'_>,
        class: &Class,
        slot: usize,
        endpoint: &Object,
    ) -> Result<bool> {
        let own = endpoint.as_instance().and_then(own_qualifiers);
        let here = view.schema().origin();
        let is_here = endpoint.class().origin().is_none_or(|o| o.namespace == here.namespace);
        if is_here || reference::says_target(class, slot) || self.question.result_class.is_none() {
            return Ok(self.question.accepts_endpoint(endpoint.class(), own));
        }
        let known = view.find_class(endpoint.class().name())?;
        Ok(known.is_some_and(|known| self.question.accepts_endpoint(&known, own)))
    }

    fn endpoint(
        &self,
        view: &View<'_>,
        class: &Class,
        slot: usize,
        text: &str,
    ) -> Result<Option<Object>> {
        let namespace = class.target_namespace(slot);
        let found = text.parse().and_then(|path| get::follow(view, path, namespace.as_ref()));
        match found {
            Ok(object) => Ok(Some(object)),
            Err(e) if is_dangling(e.status()) => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// The references that an association holds, by their slots.
fn references(association: &Instance) -> Vec<(usize, SmolStr)> {
    let properties = association.class().properties().iter().zip(association.values()).enumerate();
    let references = properties.filter(|(_, (p, _))| is_reference(&p.ty));
    references.filter_map(|(slot, (_, v))| Some((slot, v.as_str()?.into()))).collect()
}

/// Whether a reference that fails so leads nowhere.
fn is_dangling(status: cim::WbemStatus) -> bool {
    [
        WBEM_E_NOT_FOUND,
        WBEM_E_INVALID_OBJECT_PATH,
        WBEM_E_INVALID_NAMESPACE,
        WBEM_E_TRANSPORT_FAILURE,
    ]
    .contains(&status)
}

/// Where a walk looks from, for the threads of providers: they have no view of their own.
struct Standpoint {
    runtime: Weak<Runtime>,
    namespace: NamespaceRef,
    is_localized: bool,
}

impl Standpoint {
    fn of(view: &View<'_>) -> Self {
        Standpoint {
            runtime: view.runtime().downgrade(),
            namespace: view.namespace_ref(),
            is_localized: view.stored_view().is_localized(),
        }
    }

    /// Does `work` with what is stored now. Errors: `WBEM_E_SHUTTING_DOWN`.
    fn with_view<T>(
        &self,
        context: &CallContext,
        work: impl FnOnce(&View<'_>) -> Result<T>,
    ) -> Result<T> {
        let runtime = self.runtime.upgrade().ok_or_else(shutting_down)?;
        let NamespaceRef { namespace, id } = &self.namespace;
        let view = View::open(&runtime, namespace, *id, context)?;
        work(&if self.is_localized { view.localized()? } else { view })
    }
}
