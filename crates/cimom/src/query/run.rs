//! Queries and enumerations: from the text to the operation to run.
//!
//! A data query passes through [`crate::read::resolve`], [`crate::read::plan`],
//! [`crate::read::execute`]; schema queries run over the names of the schema. Parsing and binding
//! are `wql`'s.

use std::sync::Arc;

use cim::status::*;
use cim::{Class, Error, Name, Object, Result};
use wbem::{CallContext, EXPLAIN, Flags, Sink};
use wql::{BoundSchema, Query, Select};

use super::associations::{self, Answer, AssociationQuery, Walk};
use crate::call::AuthorizedCall;
use crate::call::partial::PartialRead;
use crate::read::classes;
use crate::read::execute;
use crate::read::explain;
use crate::read::plan;
use crate::read::plan::Plan;
use crate::read::resolve;
use crate::read::{InstanceQuery, QueryScope};
use crate::view::Listing;
use crate::view::View;

/// A prepared operation that delivers objects, to be run with a sink.
pub enum Run {
    /// Deliver these objects.
    Objects(Vec<Object>),
    /// Deliver these classes, those that match.
    Classes { listing: Listing, filter: Option<BoundSchema> },
    /// SourceRequest these sources.
    Plan(Plan),
    /// Follow these associations.
    Walk(Arc<Walk>),
}

impl Run {
    /// Delivers to `sink` and completes it.
    pub fn deliver(self, view: View<'_>, mut sink: Sink) {
        match self {
            Run::Plan(plan) => execute::run(plan, view, sink),
            Run::Walk(walk) => walk.deliver(view, sink),
            Run::Objects(objects) => {
                drop(view);
                let _ = sink.indicate(objects);
                sink.complete(wbem::COMPLETE);
            }
            Run::Classes { listing, filter } => classes::deliver(view, listing, filter, sink),
        }
    }
}

/// The query that `text` is. Errors: `WBEM_E_INVALID_PARAMETER` for an empty text,
/// `WBEM_E_INVALID_QUERY_TYPE` for another language than WQL, the parser's.
pub fn parse(language: &str, text: &str) -> Result<Query> {
    wbem::client::check_query(language, text)?;
    Ok(wql::parse(text)?)
}

/// What answers `call`'s query.
pub fn run(
    view: &View<'_>,
    call: AuthorizedCall<'_, Query>,
    text: &str,
    partial: PartialRead,
    flags: Flags,
) -> Result<Run> {
    let explain = explains(call.context());
    let (query, call) = call.split();
    match query {
        Query::Select(select) if select.has_event_clause() => Err(WBEM_E_INVALID_QUERY.with(
            "WITHIN and GROUP belong to event queries, which are subscribed to, not executed",
        )),
        Query::Select(select) if select.is_schema() => {
            if explain {
                BoundSchema::bind(&select)?;
                let condition = select.condition.as_ref().map(ToString::to_string);
                return Ok(Run::Objects(explain::schema(condition)?));
            }
            let (listing, filter) = classes::query(view, &select)?;
            Ok(Run::Classes { listing, filter: Some(filter) })
        }
        Query::Select(select) => {
            let class = view.class(&select.class, WBEM_E_INVALID_CLASS)?;
            let locatable = flags.has(Flags::ENSURE_LOCATABLE);
            if flags.has(Flags::PROTOTYPE) {
                return prototype(view, &select, &class, locatable);
            }
            let reach = QueryScope::new(flags);
            let (select, text) = (Some(select), text.into());
            let query = InstanceQuery { class, select, text, partial, reach, locatable };
            let plan = plan::plan(view, resolve::resolve(view, call.with(query))?)?;
            explained_or_run(plan, explain)
        }
        Query::Associators(query) => walk(view, query.into(), call, explain),
        Query::References(query) => walk(view, query.into(), call, explain),
    }
}

/// Prepares a text that is not WQL: it goes to the provider of the class in FROM, if that is
/// registered for texts beyond WQL. The core does not parse it (behaviour.md B.3).
/// Errors: `refusal`, the parser's error, if no provider accepts the text; those of binding the
/// providers.
pub fn beyond(
    view: &View<'_>,
    call: AuthorizedCall<'_, ()>,
    text: &str,
    flags: Flags,
    refusal: Error,
) -> Result<Run> {
    let is_explained = explains(call.context());
    let name = match refusal.status() {
        WBEM_E_INVALID_QUERY => wql::class_in_from(text),
        _ => None,
    };
    let class = name.and_then(|name| view.find_class(&name).ok().flatten());
    let takes = |class: &Arc<Class>| {
        let registration = view.runtime().registration_of(view.stored_view(), class).ok();
        let supports = registration.and_then(|registration| registration.instances);
        class.is_dynamic() && supports.is_some_and(|supports| supports.query_beyond)
    };
    let Some(class) = class.filter(takes) else { return Err(refusal) };
    let reach = QueryScope::new(flags);
    let all = InstanceQuery::all(class, reach, PartialRead::Whole);
    match Plan::beyond(resolve::resolve(view, call.with(all))?, &text.into()) {
        Some(plan) => explained_or_run(plan, is_explained),
        None => Err(refusal),
    }
}

fn explained_or_run(plan: Plan, explain: bool) -> Result<Run> {
    match explain {
        true => Ok(Run::Objects(explain::steps(&plan.steps)?)),
        false => Ok(Run::Plan(plan)),
    }
}

fn explains(context: &CallContext) -> bool {
    context.value(EXPLAIN).and_then(|v| v.as_bool()) == Some(true)
}

fn walk(
    view: &View<'_>,
    question: AssociationQuery,
    call: AuthorizedCall<'_, ()>,
    explain: bool,
) -> Result<Run> {
    match associations::prepare(view, question, call)? {
        Answer::Walk(walk) if explain => {
            let steps = walk.steps.iter().flat_map(|(_, plan)| &plan.steps);
            Ok(Run::Objects(explain::steps(steps)?))
        }
        Answer::Walk(walk) => Ok(Run::Walk(walk)),
        Answer::Classes(classes) => {
            Ok(Run::Objects(classes.into_iter().map(Object::Class).collect()))
        }
    }
}

/// The subclasses that an enumeration asks for.
pub fn subclasses(
    view: &View<'_>,
    call: &AuthorizedCall<'_, ()>,
    superclass: Option<Name>,
    shallow: bool,
) -> Result<Run> {
    Ok(Run::Classes { listing: classes::enumerate(view, call, superclass, shallow)?, filter: None })
}

/// All instances that an enumeration asks for.
pub fn instances(view: &View<'_>, call: AuthorizedCall<'_, InstanceQuery>) -> Result<Run> {
    Ok(Run::Plan(plan::plan(view, resolve::resolve(view, call)?)?))
}

/// One object that shows the shape of the result.
fn prototype(view: &View<'_>, select: &Select, class: &Arc<Class>, locatable: bool) -> Result<Run> {
    let bound = wql::BoundSelect::bind(select, class, view.local_offset())?;
    Ok(Run::Objects(vec![Object::Class(Arc::new(bound.prototype(locatable)))]))
}
