//! `ASSOCIATORS OF` and `REFERENCES OF`: from an object over associations to other objects.
//!
//! The source is resolved to a real object first, so that the path of a superclass finds it
//! (behaviour.md E.2). Stored associations that refer to it are found by the repository's index
//! of references. Each association class with a provider that can refer to it is asked like by
//! any query with the reference in its WHERE. Then the objects at the other ends are fetched.
//! Nothing of the repository is held while a provider is asked.
//! With SchemaOnly the same is asked of classes (E.3).

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cim::path::{PathKeys, Quoted};
use cim::status::*;
use cim::{CimType, Class, Instance, Name, Object, ObjectPath, Result, Value};
use smol_str::SmolStr;
use wbem::{CallContext, Completion, Sink};
use wql::{Associators, BoundSelect, References, Select};

use crate::call::access::AuthorizedCall;
use crate::call::partial::PartialRead;
use crate::front::session::Session;
use crate::read::execute::{self, BATCH, Seen, first_significant_status};
use crate::read::plan::{self, Plan, Referent, Referring};
use crate::read::query::{InstanceQuery, QueryScope};
use crate::read::resolve::{self, Source};
use crate::schema::reference;
use crate::source::layered;
use crate::store::core::{Cimom, View};
use crate::write::edit::NamespaceRef;

/// What is asked, of either statement.
#[derive(Default)]
pub struct AssociationQuery {
    source: Option<ObjectPath>,
    /// Whether the endpoints are wanted; else the associations themselves.
    wants_endpoints: bool,
    assoc_class: Option<Name>,
    role: Option<Name>,
    result_role: Option<Name>,
    result_class: Option<Name>,
    required_qualifier: Option<Name>,
    required_assoc_qualifier: Option<Name>,
    class_defs_only: bool,
    schema_only: bool,
    keys_only: bool,
}

impl From<Associators> for AssociationQuery {
    fn from(q: Associators) -> Self {
        AssociationQuery {
            source: Some(q.source),
            wants_endpoints: true,
            assoc_class: q.assoc_class,
            role: q.role,
            result_role: q.result_role,
            result_class: q.result_class,
            required_qualifier: q.required_qualifier,
            required_assoc_qualifier: q.required_assoc_qualifier,
            class_defs_only: q.class_defs_only,
            schema_only: q.schema_only,
            keys_only: q.keys_only,
        }
    }
}

impl From<References> for AssociationQuery {
    fn from(q: References) -> Self {
        AssociationQuery {
            source: Some(q.source),
            // What a REFERENCES OF asks of its result it asks of the association.
            assoc_class: q.result_class,
            required_assoc_qualifier: q.required_qualifier,
            role: q.role,
            class_defs_only: q.class_defs_only,
            schema_only: q.schema_only,
            keys_only: q.keys_only,
            ..AssociationQuery::default()
        }
    }
}

/// A walk that is ready to be made.
pub struct Walk {
    question: AssociationQuery,
    source: Arc<Referent>,
    /// Each association class and how it is asked.
    pub steps: Vec<(Arc<Class>, Plan)>,
    /// What the providers of related association classes have delivered.
    seen: Arc<Seen>,
    context: CallContext,
}

/// What answers the question.
pub enum Answer {
    Walk(Arc<Walk>),
    /// Of SchemaOnly.
    Classes(Vec<Arc<Class>>),
}

/// Resolves the source and finds the associations that can refer to it.
/// Errors: `WBEM_E_NOT_FOUND` for a source that does not exist, `WBEM_E_INVALID_QUERY` for the
/// path of a class without SchemaOnly and the reverse.
pub fn prepare(
    view: &View<'_>,
    question: AssociationQuery,
    call: AuthorizedCall<'_, ()>,
) -> Result<Answer> {
    let path = question.source.clone().ok_or(WBEM_E_INVALID_QUERY)?;
    if question.schema_only != (path.keys == PathKeys::Class) {
        return Err(WBEM_E_INVALID_QUERY
            .with(format!("{path}: SchemaOnly goes with the path of a class, and only with it")));
    }
    reference::load_associations(view)?;
    if question.schema_only {
        let class = view.class(&path.class, WBEM_E_NOT_FOUND)?;
        return schema_associations(view, &question, &class).map(Answer::Classes);
    }
    let context = call.context();
    let source = match view.cimom.follow(view, path, None, context)? {
        Object::Instance(source) => source,
        Object::Class(class) => {
            return Err(WBEM_E_INVALID_QUERY.with(format!("{} is a class", class.name())));
        }
    };
    let referent = Arc::new(referent(&source).ok_or(WBEM_E_NOT_FOUND)?);
    let stored = stored_referring(view, &referent)?;
    let mut steps = Vec::new();
    for class in view.associations(source.class())?.iter() {
        let is_indexed = is_indexed(class);
        let may_refer = !is_indexed || stored.contains(class.name());
        if !may_refer || class.is_abstract() || !question.accepts_association(class) {
            continue;
        }
        let is_reached = |slot: &usize| reference::may_hold(class, *slot, &referent.origin);
        let mut roles = question.source_roles(class, source.class());
        roles.retain(is_reached);
        if roles.is_empty() {
            continue;
        }
        let plan = if is_indexed {
            let referring = Referring { referent: referent.clone(), roles };
            Plan::of_referring(class.clone(), referring, context.clone())
        } else {
            ask_for(view, class, &roles, &referent, call.clone())?
        };
        steps.push((class.clone(), plan));
    }
    relate(&mut steps);
    let (source, seen, context) = (referent, Arc::default(), context.clone());
    Ok(Answer::Walk(Arc::new(Walk { question, source, steps, seen, context })))
}

/// Sees to it that an association that providers of classes above each other have comes once, as
/// one of the lowest, which is asked first (behaviour.md B.4).
fn relate(steps: &mut [(Arc<Class>, Plan)]) {
    let provided: Vec<&Arc<Class>> =
        steps.iter().filter(|(_, plan)| is_provided(plan)).map(|(class, _)| class).collect();
    let related = layered::related(&provided);
    if related.is_empty() {
        return;
    }
    for (_, plan) in steps.iter_mut().filter(|(class, _)| related.contains(&Arc::as_ptr(class))) {
        plan.steps.iter_mut().for_each(|step| step.is_related = true);
    }
    steps.sort_by_key(|(class, _)| Reverse(class.ancestors().count()));
}

fn is_provided(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.source, Source::Provider(_)))
}

/// The classes of the stored instances that may refer to the object.
fn stored_referring(view: &View<'_>, referent: &Referent) -> Result<HashSet<Name>> {
    let mut found = HashSet::new();
    for path in &referent.paths {
        found.extend(view.stored(|stored| stored.referring_classes(view.id, path))?);
    }
    Ok(found)
}

/// Whether the repository's index of references has those of every instance of `class`: it does
/// not have what a provider has, nor a reference that is the class's own default.
fn is_indexed(class: &Class) -> bool {
    let mut properties = class.properties().iter().zip(class.defaults());
    !class.is_dynamic() && !properties.any(|(p, default)| is_reference(&p.ty) && !default.is_null())
}

impl AssociationQuery {
    fn accepts_association(&self, class: &Class) -> bool {
        self.assoc_class.as_ref().is_none_or(|a| class.is_a(a.as_str()))
            && self.required_assoc_qualifier.as_ref().is_none_or(|q| carries(class, q))
    }

    fn accepts_endpoint(&self, class: &Class) -> bool {
        self.result_class.as_ref().is_none_or(|r| class.is_a(r.as_str()))
            && self.required_qualifier.as_ref().is_none_or(|q| carries(class, q))
    }

    /// The slots of the properties of `association` that may hold a reference to an object of
    /// `source`.
    fn source_roles(&self, association: &Class, source: &Class) -> Vec<usize> {
        let holds = |of: Option<&Name>| match of {
            Some(class) => source.is_a(class.as_str()) && !cim::name::eq(class.as_str(), "object"),
            None => true,
        };
        let references = association.properties().iter().enumerate();
        references
            .filter(|(_, p)| is_reference(&p.ty) && holds(p.ty.class.as_ref()))
            .filter(|(_, p)| self.accepts_role(&p.name))
            .map(|(slot, _)| slot)
            .collect()
    }

    /// Whether the source may be held in the property `name`: where the endpoint is asked for in
    /// one, the source is in another.
    fn accepts_role(&self, name: &Name) -> bool {
        self.role.as_ref().is_none_or(|role| role == name)
            && self.result_role.as_ref() != Some(name)
    }

    fn accepts_result_role(&self, name: &Name) -> bool {
        self.result_role.as_ref().is_none_or(|role| role == name)
    }
}

fn is_reference(ty: &cim::PropertyType) -> bool {
    ty.cim == CimType::Reference && !ty.is_array
}

fn carries(class: &Class, qualifier: &Name) -> bool {
    match class.qualifiers().value(qualifier.as_str()) {
        None | Some(Value::Boolean(false)) => false,
        Some(_) => true,
    }
}

/// How `association` is asked for its instances that refer by one of `roles` to the object that
/// has these paths.
fn ask_for(
    view: &View<'_>,
    association: &Arc<Class>,
    roles: &[usize],
    referent: &Referent,
    call: AuthorizedCall<'_, ()>,
) -> Result<Plan> {
    let paths = referent.paths.as_slice();
    let is_here = view.schema.origin().namespace == referent.origin.namespace;
    // A provider may look for a reference by itself where the condition is no more than that: it
    // is asked by the object's own path alone. How it writes one into another namespace is looked
    // at by the walk.
    let asked = match association.is_dynamic() {
        _ if !is_here => &[],
        true => &paths[..1],
        false => paths,
    };
    let (text, select) = referring_to(association, roles, asked);
    let reach = QueryScope { shallow: true, direct: false };
    let class = association.clone();
    let (text, partial) = (text.into(), PartialRead::Whole);
    let query = InstanceQuery { class, select, text, partial, reach, locatable: false };
    let mut plan = plan::plan(view, resolve::resolve(view, call.with(query))?)?;
    if asked.len() < paths.len() && is_here {
        // It writes its references as it likes, by the path of a class above too.
        let (_, select) = referring_to(association, roles, paths);
        let bind = |select| BoundSelect::bind(&select, association, view.local_offset());
        let by_all = select.map(bind).transpose()?;
        for step in &mut plan.steps {
            step.filter = step.filter.take().and_then(|_| by_all.clone());
            step.condition = by_all.clone();
        }
    }
    Ok(plan)
}

/// The query for those instances of `association` that refer by one of `roles` to one of `paths`,
/// and its text. Where there cannot be such a query it is for more: the walk looks at each
/// association anyway.
fn referring_to(
    association: &Class,
    roles: &[usize],
    paths: &[ObjectPath],
) -> (String, Option<Select>) {
    let mut terms = Vec::new();
    for path in paths {
        let path = path.to_string();
        let names = roles.iter().map(|&slot| &association.properties()[slot].name);
        terms.extend(names.map(|role| format!("{role} = {}", Quoted(&path))));
    }
    let all = format!("SELECT * FROM {}", association.name());
    let query = format!("{all} WHERE {}", terms.join(" OR "));
    let is_query = !terms.is_empty() && query.chars().count() <= wql::MAX_QUERY;
    let query = if is_query { query } else { all };
    // A role whose name is a word of WQL cannot be asked by.
    match wql::parse(&query) {
        Ok(wql::Query::Select(select)) => (query, Some(select)),
        _ => (String::new(), None),
    }
}

/// How `source` may be referred to: by its class and by any above it that has its keys.
fn referent(source: &Instance) -> Option<Referent> {
    let own = source.relative_path()?;
    let with_keys = source.class().ancestors().filter(|c| c.key_root().is_some());
    let above = with_keys.map(|c| ObjectPath { class: c.name().clone(), ..own.clone() });
    let paths: Vec<ObjectPath> = std::iter::once(own.clone()).chain(above).collect();
    let origin = source.class().origin()?.clone();
    let identities = paths.iter().map(|path| path.identity(Some(&origin))).collect();
    Some(Referent { paths, identities, origin })
}

impl Walk {
    /// Makes the walk, and completes `sink`.
    pub fn deliver(self: &Arc<Self>, view: &View<'_>, sink: Sink) {
        let out = Arc::new(Mutex::new(Out::new(sink)));
        let completion = self.walk(view, &out);
        if let Some(sink) = lock(&out).sink.take() {
            sink.complete(completion);
        }
    }

    /// Ends with the first success of a source that tells something, as any query does.
    fn walk(self: &Arc<Self>, view: &View<'_>, out: &Arc<Mutex<Out>>) -> Completion {
        let mut outcome = WBEM_S_NO_ERROR;
        for (class, plan) in &self.steps {
            outcome = first_significant_status(outcome, self.over(view, class, plan, out)?);
            if lock(out).is_over {
                break;
            }
        }
        Ok(outcome)
    }

    /// Walks over the associations of one class.
    fn over(
        self: &Arc<Self>,
        view: &View<'_>,
        class: &Arc<Class>,
        plan: &Plan,
        out: &Arc<Mutex<Out>>,
    ) -> Completion {
        if is_provided(plan) {
            return self.over_provided(view, class, plan, out);
        }
        let take = &mut |batch| self.take(view, class, batch, &mut lock(out));
        for step in &plan.steps {
            if execute::read_internal_source(step, view, take)?.is_break() {
                break;
            }
        }
        wbem::COMPLETE
    }

    /// The same of what a provider has: each batch is looked at as it comes, on whichever thread.
    fn over_provided(
        self: &Arc<Self>,
        view: &View<'_>,
        class: &Arc<Class>,
        plan: &Plan,
        out: &Arc<Mutex<Out>>,
    ) -> Completion {
        let (walk, from) = (self.clone(), Standpoint::of(view));
        let (class, taking) = (class.clone(), out.clone());
        let take = move |mut batch: Vec<Object>| {
            batch.retain(|association| walk.refers(&class, association));
            let mut out = lock(&taking);
            if batch.is_empty() {
                return out.flush();
            }
            let taken =
                from.with_view(&walk.context, |view| walk.take(view, &class, batch, &mut out));
            taken.unwrap_or_else(|failure| {
                out.failure = Some(failure);
                ControlFlow::Break(())
            })
        };
        let run = |sink| {
            execute::run_after(plan, view, sink, &self.seen);
            Ok(())
        };
        let completion = wbem::for_each(run, take);
        lock(out).failure.take().map_or(completion, Err)
    }

    /// Whether an association of `class` is to the source.
    fn refers(&self, class: &Class, association: &Object) -> bool {
        let association = association.as_instance();
        association.is_some_and(|a| self.source_among(&references(a), class).is_some())
    }

    /// Delivers what some associations of a class lead to.
    fn take(
        &self,
        view: &View<'_>,
        class: &Class,
        associations: Vec<Object>,
        out: &mut Out,
    ) -> Result<ControlFlow<()>> {
        let taken = self.lead(view, class, associations, out);
        // What came before a failure is delivered.
        let flushed = out.flush();
        taken.map(|taken| if taken.is_break() { taken } else { flushed })
    }

    fn lead(
        &self,
        view: &View<'_>,
        class: &Class,
        associations: Vec<Object>,
        out: &mut Out,
    ) -> Result<ControlFlow<()>> {
        for association in associations {
            let Object::Instance(association) = association else { continue };
            let references = references(&association);
            let Some(at) = self.source_among(&references, class) else { continue };
            let more = match self.question.wants_endpoints {
                true => self.endpoints(view, class, &references, at, out)?,
                false => out.push(&self.question, Object::Instance(association)),
            };
            if more.is_break() {
                return Ok(more);
            }
        }
        Ok(ControlFlow::Continue(()))
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
        view: &View<'_>,
        class: &Class,
        references: &[(usize, SmolStr)],
        at: usize,
        out: &mut Out,
    ) -> Result<ControlFlow<()>> {
        for (i, (slot, text)) in references.iter().enumerate() {
            if i == at || !self.question.accepts_result_role(&class.properties()[*slot].name) {
                continue;
            }
            let Some(endpoint) = self.endpoint(view, class, *slot, text)? else { continue };
            if self.accepts(view, class, *slot, &endpoint)?
                && out.push(&self.question, endpoint).is_break()
            {
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
        let here = view.schema.origin();
        let is_here = endpoint.class().origin().is_none_or(|o| o.namespace == here.namespace);
        if is_here || reference::says_target(class, slot) || self.question.result_class.is_none() {
            return Ok(self.question.accepts_endpoint(endpoint.class()));
        }
        let known = view.find_class(endpoint.class().name())?;
        Ok(known.is_some_and(|known| self.question.accepts_endpoint(&known)))
    }

    fn endpoint(
        &self,
        view: &View<'_>,
        class: &Class,
        slot: usize,
        text: &str,
    ) -> Result<Option<Object>> {
        let place = class.target_namespace(slot);
        let found = text
            .parse()
            .and_then(|path| view.cimom.follow(view, path, place.as_ref(), &self.context));
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
    cimom: Weak<Cimom>,
    place: NamespaceRef,
    is_localized: bool,
}

impl Standpoint {
    fn of(view: &View<'_>) -> Self {
        let is_localized = view.localized.is_some();
        Standpoint { cimom: view.cimom.me(), place: view.place(), is_localized }
    }

    /// Does `work` with what is there now.
    fn with_view<T>(
        &self,
        context: &CallContext,
        work: impl FnOnce(&View<'_>) -> Result<T>,
    ) -> Result<T> {
        let session = Session::inside(&self.cimom, self.place.clone())?;
        let view = session.view(context)?;
        work(&if self.is_localized { view.amended()? } else { view })
    }
}

/// Shapes results and hands them over in batches.
struct Out {
    /// `None` when the walk has ended.
    sink: Option<Sink>,
    batch: Vec<Object>,
    /// The classes delivered so far, where only classes are wanted.
    classes: Vec<Name>,
    /// Whether the client wants no more.
    is_over: bool,
    /// Why what a provider delivers is no longer taken.
    failure: Option<cim::Error>,
}

impl Out {
    fn new(sink: Sink) -> Self {
        let (batch, classes) = Default::default();
        Out { sink: Some(sink), batch, classes, is_over: false, failure: None }
    }

    fn push(&mut self, question: &AssociationQuery, object: Object) -> ControlFlow<()> {
        if question.class_defs_only {
            let class = object.class().clone();
            if self.classes.contains(class.name()) {
                return ControlFlow::Continue(());
            }
            self.classes.push(class.name().clone());
            self.batch.push(Object::Class(class));
        } else {
            self.batch.push(match object {
                Object::Instance(instance) if question.keys_only => {
                    Object::Instance(keys_of(instance))
                }
                object => object,
            });
        }
        if self.batch.len() < BATCH { ControlFlow::Continue(()) } else { self.flush() }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let batch = std::mem::take(&mut self.batch);
        let flow = match &mut self.sink {
            Some(sink) if !self.is_over => sink.indicate(batch),
            _ => ControlFlow::Break(()),
        };
        self.is_over |= flow.is_break();
        flow
    }
}

/// A panic of another holder leaves this whole: a result at most is missing.
fn lock(out: &Mutex<Out>) -> MutexGuard<'_, Out> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The instance with nothing but its keys.
fn keys_of(mut instance: Instance) -> Instance {
    let class = instance.class().clone();
    for slot in 0..class.properties().len() {
        if !class.keys().iter().any(|&key| usize::from(key) == slot) {
            instance.set(slot, Value::Null);
        }
    }
    instance
}

/// The classes that associations can lead to from `source`, or the associations themselves;
/// each once for every way (E.3).
fn schema_associations(
    view: &View<'_>,
    question: &AssociationQuery,
    source: &Arc<Class>,
) -> Result<Vec<Arc<Class>>> {
    let mut found = Vec::new();
    for association in view.associations(source)?.iter() {
        if !question.accepts_association(association) {
            continue;
        }
        let roles = question.source_roles(association, source);
        if roles.is_empty() {
            continue;
        }
        if !question.wants_endpoints {
            found.push(association.clone());
            continue;
        }
        let others = association.properties().iter().enumerate();
        let others = others.filter(|(_, p)| is_reference(&p.ty));
        for (slot, other) in others.filter(|(_, p)| question.accepts_result_role(&p.name)) {
            // The source's own property leads nowhere, unless another one holds it too.
            if roles == [slot] {
                continue;
            }
            let Some(name) = &other.ty.class else { continue };
            if let Some(class) = view.find_class(name)?.filter(|c| question.accepts_endpoint(c)) {
                found.push(class);
            }
        }
    }
    Ok(found)
}
