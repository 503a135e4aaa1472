//! What each source is asked, what it does itself, and what the core does to the answer.
//!
//! A key in a WHERE becomes a get, for stored classes and for native providers that declare the
//! key's predicates exact. A native provider is asked of each predicate what it does with it;
//! what is not exact is filtered by the core (architecture, decision 4).

use std::sync::Arc;

use cim::key::reference_identity;
use cim::{Class, Instance, ObjectPath, Result, Value};
use wbem::{CallContext, Pushdown, Wanted};
use wql::{BoundSelect, Comparison, Conjunct, Expr, Predicate};

use crate::dynamic::Binding;
use crate::query::InstanceQuery;
use crate::resolve::{ResolvedCall, Source};

/// All that is asked to answer a call.
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) context: CallContext,
}

/// One source asked for the instances of one class.
pub(crate) struct Step {
    pub(crate) class: Arc<Class>,
    pub(crate) source: Source,
    pub(crate) ask: Ask,
    /// The properties that the source must fill.
    pub(crate) wanted: Wanted,
    /// The predicates that the source takes note of.
    pub(crate) pushed: Vec<Predicate>,
    /// Those of them that the source answers exactly, as text.
    pub(crate) exact: Option<String>,
    /// What the core filters by.
    pub(crate) filter: Option<BoundSelect>,
    /// The whole condition, for a source that asks midway to be filtered.
    pub(crate) condition: Option<BoundSelect>,
    /// What of an instance is delivered.
    pub(crate) projection: Option<wql::Projection>,
}

/// How a source is asked.
pub(crate) enum Ask {
    /// For the instance with these keys, in the order of `Class::keys`.
    Get(Vec<Value>),
    /// For all.
    Enumerate,
    /// For those that refer to an object.
    Referring(Referring),
}

/// Those instances of an association class that refer to an object.
pub(crate) struct Referring {
    pub(crate) referent: Arc<Referent>,
    /// The slots of the properties by which they may.
    pub(crate) roles: Vec<usize>,
}

/// An object that is referred to.
pub(crate) struct Referent {
    /// The paths by which it may be: of its own class first, then of those above it.
    pub(crate) paths: Vec<ObjectPath>,
    /// The same as identities.
    pub(crate) identities: Vec<String>,
}

impl Referring {
    /// The first of the object's paths by which `association` refers to it.
    pub(crate) fn path_used(&self, association: &Instance) -> Option<usize> {
        let origin = association.class().origin().map(|o| &**o);
        let path = |&slot: &usize| {
            let identity = reference_identity(association.value(slot).as_str()?, origin);
            self.referent.identities.iter().position(|i| *i == identity)
        };
        self.roles.iter().filter_map(path).min()
    }
}

impl Plan {
    /// Asks the repository for those instances of `class` that refer to an object.
    pub(crate) fn of_referring(
        class: Arc<Class>,
        referring: Referring,
        context: CallContext,
    ) -> Self {
        let step = Step::whole(class, Source::Repository, Ask::Referring(referring));
        Plan { steps: vec![step], context }
    }
}

impl Step {
    /// Asks so for whole instances, all of which are delivered.
    fn whole(class: Arc<Class>, source: Source, ask: Ask) -> Self {
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
        }
    }
}

/// Divides the work between the sources and the core.
/// Errors: those of binding the query (`WBEM_E_INVALID_QUERY`, `WBEM_E_INVALID_OPERATOR`);
/// `WBEM_E_PROVIDER_NOT_CAPABLE` where a source cannot be asked as it must.
pub(crate) fn plan(call: ResolvedCall<'_>, local_offset: i16) -> Result<Plan> {
    let ResolvedCall { query, sources, context } = call;
    if let Some(select) = &query.select {
        // The class in FROM decides what may be asked, also where it has no instances itself.
        BoundSelect::bind(select, &query.class, local_offset)?;
    }
    let mut steps = Vec::with_capacity(sources.len());
    for (class, source) in sources {
        steps.extend(step(&query, class, source, local_offset)?);
    }
    Ok(Plan { steps, context: context.clone() })
}

fn step(
    query: &InstanceQuery,
    class: Arc<Class>,
    source: Source,
    local_offset: i16,
) -> Result<Option<Step>> {
    let Some(select) = &query.select else {
        if let Source::Provider(binding) = &source {
            binding.check_enumeration()?;
        }
        return Ok(Some(Step::whole(class, source, Ask::Enumerate)));
    };
    let bound = BoundSelect::bind(select, &class, local_offset)?;
    if bound.never_matches() {
        return Ok(None);
    }
    let keys =
        bound.key_equalities().map(|keys| keys.into_iter().map(|(_, value)| value).collect());
    let projection = bound.projection(query.locatable);
    let wanted = match bound.needed_slots(query.locatable) {
        Some(slots) => Wanted::Slots(slots.into()),
        None => Wanted::All,
    };
    let (ask, pushed, exact, remainder) = match &source {
        Source::Repository => match keys {
            Some(keys) => (Ask::Get(keys), Vec::new(), None, bound.clone()),
            None => (Ask::Enumerate, Vec::new(), None, bound.clone()),
        },
        Source::Provider(binding) => push_down(binding, &class, &bound, keys)?,
    };
    let has_terms = |select: &BoundSelect| !select.conjuncts().is_empty();
    let (filter, condition) = (Some(remainder).filter(has_terms), Some(bound).filter(has_terms));
    Ok(Some(Step { class, source, ask, wanted, pushed, exact, filter, condition, projection }))
}

/// How the provider is asked, which predicates it gets, those it answers exactly as text, and
/// what is left to the core.
fn push_down(
    binding: &Binding,
    class: &Arc<Class>,
    bound: &BoundSelect,
    keys: Option<Vec<Value>>,
) -> Result<(Ask, Vec<Predicate>, Option<String>, BoundSelect)> {
    // Of a term that is more than one comparison no provider is asked.
    let says = |c: &Conjunct| match c.predicate() {
        Some(predicate) => binding.pushdown(class, predicate),
        None => Pushdown::Unsupported,
    };
    let is_exact = |c: &&Conjunct| says(c) == Pushdown::Exact;
    let terms = || bound.conjuncts().iter();
    if let Some(keys) = keys
        && binding.check_get().is_ok()
        && terms().filter(|c| fixes_key(class, c)).all(|c| is_exact(&c))
    {
        let exact = texts(terms().filter(|c| fixes_key(class, c)));
        return Ok((Ask::Get(keys), Vec::new(), exact, bound.remainder(|c| !fixes_key(class, c))));
    }
    binding.check_enumeration()?;
    let noted = terms().filter(|c| says(c) > Pushdown::Unsupported);
    let pushed = noted.filter_map(|c| c.predicate().cloned()).collect();
    let exact = texts(terms().filter(is_exact));
    Ok((Ask::Enumerate, pushed, exact, bound.remainder(|c| !is_exact(&c))))
}

fn fixes_key(class: &Class, term: &Conjunct) -> bool {
    term.predicate().is_some_and(|p| {
        p.comparison == Comparison::Equal
            && class.keys().iter().any(|&key| usize::from(key) == p.slot)
    })
}

/// The terms as one text; `None` where there are none.
pub(crate) fn texts<'a>(terms: impl Iterator<Item = &'a Conjunct>) -> Option<String> {
    let terms: Vec<&Conjunct> = terms.collect();
    // Beside another term an OR needs its parentheses, because AND binds before it.
    let text = |term: &&Conjunct| match term.expr() {
        Expr::Or(_) if terms.len() > 1 => format!("({term})"),
        _ => term.to_string(),
    };
    let texts: Vec<String> = terms.iter().map(text).collect();
    (!texts.is_empty()).then(|| texts.join(" AND "))
}
