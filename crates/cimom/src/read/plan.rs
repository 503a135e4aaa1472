//! The request to each source, what the source evaluates itself, and what the core does with the
//! answer.
//!
//! A key in a WHERE becomes a get, for stored classes and for native providers that declare the
//! key's predicates exact. A provider that takes queries gets the text as the client wrote it and
//! is not filtered (behaviour.md B.3, J 6). Any other declares how it evaluates each predicate; the
//! core filters by the predicates that are not exact (architecture, decision 4).

use std::collections::HashSet;
use std::sync::Arc;

use cim::{Class, Instance, ObjectPath, Origin, Projection, Result, Value};
use wbem::{CallContext, Pushdown, Wanted};
use wql::{BoundSelect, Comparison, Conjunct, Expr, Predicate};

use crate::read::request::{InstanceQuery, QueryScope};
use crate::read::resolve::{ResolvedCall, Source};
use crate::source::binding::Binding;
use crate::source::layered::{self, Part};
use crate::view::View;

/// All requests that answer a call.
pub struct Plan {
    pub steps: Vec<Step>,
    pub(super) context: CallContext,
}

/// One request: the instances of one class from one source.
pub struct Step {
    pub(super) class: Arc<Class>,
    pub(super) source: Source,
    pub(super) ask: SourceRequest,
    /// The properties that the source must fill.
    pub wanted: Wanted,
    /// The predicates that the source takes note of.
    pub(super) pushed: Vec<Predicate>,
    /// Those of them that the source answers exactly, as text.
    pub(super) exact: Option<String>,
    /// What the core filters by.
    pub filter: Option<BoundSelect>,
    /// The whole condition, for a source that asks midway to be filtered.
    pub condition: Option<BoundSelect>,
    /// What of an instance is delivered.
    pub(super) projection: Option<Projection>,
    /// The slots that are NULL in what is delivered, whatever the source says.
    pub(super) left_out: Arc<[usize]>,
    /// The classes above whose providers have parts of the instances.
    pub(super) parts: Vec<Part>,
    /// Whether another step may have the same instances, of a class above or below. The one
    /// furthest below comes first and counts.
    pub is_related: bool,
    /// Whether nothing of it is delivered: what is in it, later steps leave out.
    pub(super) is_left_out: bool,
}

/// The kind of a request to a source.
pub enum SourceRequest {
    /// For the instance with these keys, in the order of `Class::keys`.
    Get(Vec<Value>),
    /// For all.
    Enumerate,
    /// For what the query says, as the client wrote it; if it hands that back, for all.
    Query(Arc<str>),
    /// For what a text says that is more than WQL, which the provider alone understands.
    Beyond(Arc<str>),
    /// For those that refer to an object.
    Referring(Referring),
}

/// Those instances of an association class that refer to an object.
pub struct Referring {
    pub referent: Arc<Referent>,
    /// The slots of the properties by which they may.
    pub roles: Vec<usize>,
}

/// An object that is referred to.
pub struct Referent {
    /// The paths by which it may be referred to: of its own class first, then of those above it.
    pub paths: Vec<ObjectPath>,
    /// The same as identities, seen from where it is.
    pub identities: Vec<String>,
    /// Where it is.
    pub origin: Arc<Origin>,
}

impl Referent {
    /// Which of its paths `text` is, as the reference in `slot` of the association class.
    pub fn position(&self, class: &Class, slot: usize, text: &str) -> Option<usize> {
        let Ok(mut path) = text.parse::<ObjectPath>() else { return None };
        // What names no namespace is in the one to which the reference leads.
        path.namespace = path.namespace.or_else(|| class.target_namespace(slot));
        let identity = path.identity(Some(&self.origin));
        self.identities.iter().position(|i| *i == identity)
    }
}

impl Referring {
    /// The first of the object's paths by which `association` refers to it.
    pub(super) fn path_used(&self, association: &Instance) -> Option<usize> {
        let position = |&slot: &usize| {
            let text = association.value(slot).as_str()?;
            self.referent.position(association.class(), slot, text)
        };
        self.roles.iter().filter_map(position).min()
    }
}

impl Plan {
    /// Whether a provider is among the sources.
    pub fn has_provider(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.source, Source::Provider(_)))
    }

    /// Asks the repository for those instances of `class` that refer to an object.
    pub fn of_referring(class: Arc<Class>, referring: Referring, context: CallContext) -> Self {
        let step = Step::whole(class, Source::Repository, SourceRequest::Referring(referring));
        Plan { steps: vec![step], context }
    }

    /// Hands `text`, which is more than WQL, to all sources as it is; none where one of them does
    /// not take such texts. What they deliver is the answer.
    pub fn beyond(call: ResolvedCall<'_>, text: &Arc<str>) -> Option<Self> {
        let takes = |source: &Source| match source {
            Source::Provider(binding) => binding.supports.query_beyond,
            Source::Repository | Source::System(_) => false,
        };
        let ResolvedCall { sources, context, .. } = call;
        let steps = sources.into_iter().map(|(class, source)| {
            takes(&source).then(|| Step::whole(class, source, SourceRequest::Beyond(text.clone())))
        });
        Some(Plan { steps: steps.collect::<Option<_>>()?, context: context.clone() })
    }
}

impl Step {
    /// Asks so for whole instances, all of which are delivered.
    fn whole(class: Arc<Class>, source: Source, ask: SourceRequest) -> Self {
        Step {
            class,
            source,
            ask,
            wanted: Wanted::All,
            pushed: Vec::new(),
            exact: None,
            filter: None,
            condition: None,
            projection: None,
            left_out: Arc::default(),
            parts: Vec::new(),
            is_related: false,
            is_left_out: false,
        }
    }
}

/// Divides the work between the sources and the core.
/// Errors: those of binding the query (`WBEM_E_INVALID_QUERY`, `WBEM_E_INVALID_OPERATOR`) and the
/// providers of classes above; `WBEM_E_PROVIDER_NOT_CAPABLE` where a source cannot be asked as it
/// must.
pub fn plan(view: &View<'_>, call: ResolvedCall<'_>) -> Result<Plan> {
    let ResolvedCall { query, mut sources, context } = call;
    let local_offset = view.local_offset();
    if let Some(select) = &query.select {
        // The class in FROM decides what may be asked, also where it has no instances itself.
        BoundSelect::bind(select, &query.class, local_offset)?;
    }
    let is_provided = |source: &Source| matches!(source, Source::Provider(_));
    let provided: Vec<&Arc<Class>> =
        sources.iter().filter(|(_, source)| is_provided(source)).map(|(class, _)| class).collect();
    let is_direct = query.reach == QueryScope::Direct;
    let related = match is_direct {
        true => HashSet::new(),
        false => layered::related(&provided),
    };
    // The repository first, as nothing of it is held while providers are asked; of related classes
    // those furthest below first.
    sources.sort_by_key(|(class, source)| match is_provided(source) {
        true if related.is_empty() => (1, 0),
        true => (1, usize::MAX - class.ancestors().count()),
        false => (0, 0),
    });
    let bind = |class: &Arc<Class>| {
        let select = query.select.as_ref();
        select.map(|select| BoundSelect::bind(select, class, local_offset)).transpose()
    };
    let bound: Vec<Option<BoundSelect>> =
        sources.iter().map(|(class, _)| bind(class)).collect::<Result<_>>()?;
    let delivers = |class: &Arc<Class>, bound: &Option<BoundSelect>| {
        let is_asked_for = query.reach != QueryScope::Shallow || Arc::ptr_eq(class, &query.class);
        is_asked_for && !bound.as_ref().is_some_and(BoundSelect::never_matches)
    };
    let delivering: Vec<Arc<Class>> = match related.is_empty() {
        true => Vec::new(),
        false => {
            let all = sources.iter().zip(&bound);
            let delivering = all.filter(|((class, _), bound)| delivers(class, bound));
            delivering.map(|((class, _), _)| class.clone()).collect()
        }
    };
    let mut steps = Vec::with_capacity(sources.len());
    for ((class, source), bound) in sources.into_iter().zip(bound) {
        if !delivers(&class, &bound) {
            if let Source::Provider(binding) = source
                && delivering.iter().any(|above| has_part(above, &class))
            {
                steps.push(left_out(&query, class, binding, bound.as_ref())?);
            }
            continue;
        }
        let parts = match is_provided(&source) && !is_direct {
            true => layered::parts(view, &class)?,
            false => Vec::new(),
        };
        let is_related = related.contains(&Arc::as_ptr(&class));
        let family = Family { parts, is_related };
        steps.push(step(&query, class, source, family, bound)?);
    }
    Ok(Plan { steps, context: context.clone() })
}

/// Whether the provider of the class `above` may have parts of the instances of `class`.
fn has_part(above: &Class, class: &Class) -> bool {
    layered::is_provided(above)
        && class.ancestors().any(|c| c.name() == above.name())
        && !layered::same_provider(class, above)
}

/// The step that finds the instances of a class which a class above has parts of, and none of which
/// is delivered.
fn left_out(
    query: &InstanceQuery,
    class: Arc<Class>,
    binding: Binding,
    bound: Option<&BoundSelect>,
) -> Result<Step> {
    let family = Family { parts: Vec::new(), is_related: true };
    let (ask, pushed, exact) = match bound {
        None => {
            binding.check_enumeration()?;
            (SourceRequest::Enumerate, Vec::new(), None)
        }
        Some(bound) => {
            let (ask, pushed, exact, _) = push_down(query, &binding, &family, bound)?;
            (ask, pushed, exact)
        }
    };
    let step = Step::whole(class, Source::Provider(binding), ask);
    let wanted = Wanted::slots(std::iter::empty());
    let step = Step { wanted, pushed, exact, is_related: true, is_left_out: true, ..step };
    Ok(with_keys(step))
}

/// What a step has to do with other providers.
struct Family {
    parts: Vec<Part>,
    is_related: bool,
}

impl Family {
    /// Whether the source does not have all that a condition or a key needs.
    fn is_shared(&self) -> bool {
        self.is_related || !self.parts.is_empty()
    }
}

fn step(
    query: &InstanceQuery,
    class: Arc<Class>,
    source: Source,
    family: Family,
    bound: Option<BoundSelect>,
) -> Result<Step> {
    let step = match bound {
        None => {
            if let Source::Provider(binding) = &source {
                binding.check_enumeration()?;
            }
            Step::whole(class, source, SourceRequest::Enumerate)
        }
        Some(bound) => selecting(query, bound, class, source, &family)?,
    };
    limited(query, Step { parts: family.parts, is_related: family.is_related, ..step })
}

/// The step for a query with conditions or a list of properties.
fn selecting(
    query: &InstanceQuery,
    bound: BoundSelect,
    class: Arc<Class>,
    source: Source,
    family: &Family,
) -> Result<Step> {
    let projection = bound.projection(query.locatable);
    let wanted = match bound.needed_slots(query.locatable) {
        Some(slots) => Wanted::slots(slots),
        None => Wanted::All,
    };
    let (ask, pushed, exact, remainder) = match &source {
        Source::Repository => match keys(&bound) {
            Some(keys) => (SourceRequest::Get(keys), Vec::new(), None, bound.clone()),
            None => (SourceRequest::Enumerate, Vec::new(), None, bound.clone()),
        },
        Source::System(_) => (SourceRequest::Enumerate, Vec::new(), None, bound.clone()),
        Source::Provider(binding) => push_down(query, binding, family, &bound)?,
    };
    let has_terms = |select: &BoundSelect| !select.conjuncts().is_empty();
    let (filter, condition) = (Some(remainder).filter(has_terms), Some(bound).filter(has_terms));
    let step = Step::whole(class, source, ask);
    Ok(Step { wanted, pushed, exact, filter, condition, projection, ..step })
}

/// The values of all keys, where the condition fixes them.
fn keys(bound: &BoundSelect) -> Option<Vec<Value>> {
    bound.key_equalities().map(|keys| keys.into_iter().map(|(_, value)| value).collect())
}

/// The same step without the properties that the client did not request: those that a partial read
/// leaves out, and Lazy ones of a provider unless the query names them. Keys are kept if instances
/// of several sources are compared by them.
fn limited(query: &InstanceQuery, step: Step) -> Result<Step> {
    let class = &step.class;
    let partial = match step.wanted {
        Wanted::All => query.partial.wanted(class)?,
        Wanted::Slots(_) => return Ok(with_keys(step)),
    };
    let conditions = step.condition.iter().flat_map(|c| c.conjuncts());
    let named: HashSet<usize> = conditions.flat_map(|c| c.slots().iter().copied()).collect();
    let is_provided = matches!(step.source, Source::Provider(_));
    let is_lazy = |slot: usize| {
        let is_of_provider =
            is_provided || class.dynamic_properties().iter().any(|&at| usize::from(at) == slot);
        is_of_provider && class.properties()[slot].qualifiers.is_true("lazy")
    };
    // A provider may return more properties than requested.
    let is_left_out = |slot: &usize| is_lazy(*slot) || !is_provided && !partial.contains(*slot);
    let all = 0..class.properties().len();
    let left_out: Vec<usize> = all.clone().filter(is_left_out).collect();
    let is_wanted =
        |slot: &usize| named.contains(slot) || partial.contains(*slot) && !is_lazy(*slot);
    let wanted = match left_out.is_empty() && partial == Wanted::All {
        true => Wanted::All,
        false => Wanted::slots(all.filter(is_wanted)),
    };
    Ok(with_keys(Step { wanted, left_out: left_out.into(), ..step }))
}

fn with_keys(step: Step) -> Step {
    match &step.wanted {
        Wanted::Slots(slots) if step.is_related || !step.parts.is_empty() => {
            let keys = step.class.keys().iter().map(|&key| usize::from(key));
            let wanted = Wanted::slots(slots.iter().copied().chain(keys));
            Step { wanted, ..step }
        }
        _ => step,
    }
}

/// How the provider is asked, which predicates it gets, those it answers exactly as text, and
/// what is left to the core.
fn push_down(
    query: &InstanceQuery,
    binding: &Binding,
    family: &Family,
    bound: &BoundSelect,
) -> Result<(SourceRequest, Vec<Predicate>, Option<String>, BoundSelect)> {
    let class = bound.class();
    // Of a term that is more than one comparison no provider is asked; nor of any but a key where
    // it does not have all values of an instance.
    let says = |c: &Conjunct| match c.predicate() {
        Some(predicate) if !family.is_shared() || fixes_key(class, c) => {
            binding.pushdown(class, predicate)
        }
        _ => Pushdown::Unsupported,
    };
    let is_exact = |c: &&Conjunct| says(c) == Pushdown::Exact;
    let terms = || bound.conjuncts().iter();
    if let Some(keys) = keys(bound)
        && binding.check_get().is_ok()
    {
        let made_of = |c: &&Conjunct| makes_get(class, &keys, c);
        if terms().filter(made_of).all(|c| is_exact(&c)) {
            let exact = texts(terms().filter(made_of));
            let remainder = bound.remainder(|c| !makes_get(class, &keys, c));
            return Ok((SourceRequest::Get(keys), Vec::new(), exact, remainder));
        }
    }
    // A text is about whole instances. A provider that has only parts of them, or whose values a class
    // below overrides (OverrideValue), cannot answer it.
    let ask = match binding.supports.query && !family.is_shared() {
        true => SourceRequest::Query(query.text.clone()),
        false => {
            binding.check_enumeration()?;
            SourceRequest::Enumerate
        }
    };
    let noted = terms().filter(|c| says(c) > Pushdown::Unsupported);
    let pushed = noted.filter_map(|c| c.predicate().cloned()).collect();
    let exact = texts(terms().filter(is_exact));
    Ok((ask, pushed, exact, bound.remainder(|c| !is_exact(&c))))
}

fn fixes_key(class: &Class, term: &Conjunct) -> bool {
    term.predicate().is_some_and(|p| p.comparison == Comparison::Equal && class.is_key(p.slot))
}

/// Whether the get with these keys says what `term` does. An equality with another value than the
/// get's, or with the same in another spelling, is not answered by it.
fn makes_get(class: &Class, keys: &[Value], term: &Conjunct) -> bool {
    let made_of = class.keys().iter().zip(keys);
    fixes_key(class, term)
        && term.predicate().is_some_and(|p| {
            made_of.clone().any(|(&key, value)| usize::from(key) == p.slot && *value == p.value)
        })
}

/// The terms as one text; `None` where there are none.
pub(super) fn texts<'a>(terms: impl Iterator<Item = &'a Conjunct>) -> Option<String> {
    let terms: Vec<&Conjunct> = terms.collect();
    // Beside another term an OR needs its parentheses, because AND binds before it.
    let text = |term: &&Conjunct| match term.expr() {
        Expr::Or(_) if terms.len() > 1 => format!("({term})"),
        _ => term.to_string(),
    };
    let texts: Vec<String> = terms.iter().map(text).collect();
    (!texts.is_empty()).then(|| texts.join(" AND "))
}
