//! Queries and enumerations: from the text to what is to be run.
//!
//! The way of a data query is [`crate::read::resolve`], [`crate::read::plan`], [`crate::read::execute`]; schema
//! queries run over the names of the schema. Parsing and binding are `wql`'s.

use std::sync::Arc;

use cim::status::*;
use cim::{Class, Error, Object, Result};
use wbem::{CallContext, EXPLAIN, Flags, Sink};
use wql::{BoundSchema, Query, Select};

use crate::call::access::AuthorizedCall;
use crate::call::partial::PartialRead;
use crate::read::associations::walk::{self, Answer, AssociationQuery, Walk};
use crate::read::classes;
use crate::read::execute;
use crate::read::explain;
use crate::read::plan;
use crate::read::plan::Plan;
use crate::read::resolve;
use crate::store::core::View;
use crate::view::provided::Listing;

/// Which classes beside the one named are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueryScope {
    /// Only instances of exactly the class named.
    pub shallow: bool,
    /// Only the source of the class named.
    pub direct: bool,
}

impl QueryScope {
    pub fn new(flags: Flags) -> Self {
        QueryScope { shallow: flags.has(Flags::SHALLOW), direct: flags.has(Flags::DIRECT_READ) }
    }
}

/// A question for instances.
pub struct InstanceQuery {
    /// The class in FROM.
    pub class: Arc<Class>,
    /// The query; without one, all instances.
    pub select: Option<Select>,
    /// Its text, as the client wrote it.
    pub text: Arc<str>,
    /// Which properties are asked for where the query does not say.
    pub partial: PartialRead,
    pub reach: QueryScope,
    /// Whether keys and path must be in the result.
    pub locatable: bool,
}

impl InstanceQuery {
    /// All instances of `class`.
    pub fn all(class: Arc<Class>, reach: QueryScope, partial: PartialRead) -> Self {
        InstanceQuery { class, select: None, text: "".into(), partial, reach, locatable: false }
    }
}

/// What an operation that gives objects will do when it has a sink.
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
    pub fn deliver(self, view: &View<'_>, mut sink: Sink) {
        match self {
            Run::Plan(plan) => execute::run(&plan, view, sink),
            Run::Walk(walk) => walk.deliver(view, sink),
            Run::Objects(objects) => {
                let _ = sink.indicate(objects);
                sink.complete(wbem::COMPLETE);
            }
            Run::Classes { listing, filter } => {
                let completion = classes::deliver(view, listing, filter.as_ref(), &mut sink);
                sink.complete(completion);
            }
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
                return explain::schema(select.condition.as_ref().map(ToString::to_string));
            }
            classes::query(view, &select)
        }
        Query::Select(select) => {
            let class = view.class(&select.class, WBEM_E_INVALID_CLASS)?;
            let locatable = flags.has(Flags::ENSURE_LOCATABLE);
            if flags.has(Flags::PROTOTYPE) {
                return prototype(view, &select, &class, locatable);
            }
            let reach = QueryScope { shallow: false, direct: flags.has(Flags::DIRECT_READ) };
            let (select, text) = (Some(select), text.into());
            let query = InstanceQuery { class, select, text, partial, reach, locatable };
            let plan = plan::plan(view, resolve::resolve(view, call.with(query))?)?;
            if explain { explain::steps(&plan.steps) } else { Ok(Run::Plan(plan)) }
        }
        Query::Associators(query) => walk(view, query.into(), call, explain),
        Query::References(query) => walk(view, query.into(), call, explain),
    }
}

/// What answers a text that is no WQL: the provider of the class in FROM, where it is registered to
/// take more than that. The core does not look at what it means (behaviour.md B.3).
/// Errors: `refusal`, which the text has met with, where nobody takes it; those of binding the
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
        let registration = view.cimom.registrations.of_class(view, class).ok();
        let supports = registration.and_then(|registration| registration.instances);
        class.is_dynamic() && supports.is_some_and(|supports| supports.query_beyond)
    };
    let Some(class) = class.filter(takes) else { return Err(refusal) };
    let reach = QueryScope { shallow: false, direct: flags.has(Flags::DIRECT_READ) };
    let all = InstanceQuery::all(class, reach, PartialRead::Whole);
    match Plan::beyond(resolve::resolve(view, call.with(all))?, &text.into()) {
        Some(plan) if is_explained => explain::steps(&plan.steps),
        Some(plan) => Ok(Run::Plan(plan)),
        None => Err(refusal),
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
    match walk::prepare(view, question, call)? {
        Answer::Walk(walk) if explain => {
            let steps = walk.steps.iter().flat_map(|(_, plan)| &plan.steps);
            explain::steps(steps)
        }
        Answer::Walk(walk) => Ok(Run::Walk(walk)),
        Answer::Classes(classes) => {
            Ok(Run::Objects(classes.into_iter().map(Object::Class).collect()))
        }
    }
}

/// All instances that an enumeration asks for.
pub fn instances(view: &View<'_>, call: AuthorizedCall<'_, InstanceQuery>) -> Result<Run> {
    Ok(Run::Plan(plan::plan(view, resolve::resolve(view, call)?)?))
}

/// One object that shows the shape of the result.
fn prototype(view: &View<'_>, select: &Select, class: &Arc<Class>, locatable: bool) -> Result<Run> {
    let bound = wql::BoundSelect::bind(select, class, view.local_offset())?;
    let shape = match bound.projection(locatable) {
        Some(projection) => projection.class().clone(),
        None => class.clone(),
    };
    Ok(Run::Objects(vec![Object::Class(shape)]))
}
