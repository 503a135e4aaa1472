//! From a statement to a walk: the source resolved to a real object, the associations that can
//! refer to it, and the request for each.
//!
//! The source is resolved first, so that the path of a superclass finds it (behaviour.md E.2).
//! Stored associations that refer to it are found by the repository's index of references. An
//! association class of a provider is queried like by a client, with the reference in WHERE. With
//! SchemaOnly the same is done with classes (E.3).

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use cim::path::{PathKeys, Quoted};
use cim::status::*;
use cim::{Class, Instance, Name, Namespace, Object, ObjectPath, Result};
use wql::{BoundSelect, Select};

use super::question::{AssociationQuery, is_reference};
use super::walk::Walk;
use crate::call::AuthorizedCall;
use crate::call::partial::PartialRead;
use crate::read::get;
use crate::read::plan::{self, Plan, Referent, Referring};
use crate::read::resolve;
use crate::read::{InstanceQuery, QueryScope};
use crate::schema::reference;
use crate::source::{binding, layered};
use crate::view::View;

/// What answers the question.
pub(in crate::query) enum Answer {
    Walk(Arc<Walk>),
    /// Of SchemaOnly.
    Classes(Vec<Arc<Class>>),
}

/// Resolves the source and finds the associations that can refer to it.
/// Errors: `WBEM_E_NOT_FOUND` for a source that does not exist, `WBEM_E_INVALID_QUERY` for the
/// path of a class without SchemaOnly and the reverse, `WBEM_E_TRANSPORT_FAILURE` for a path to
/// another server.
pub(in crate::query) fn prepare(
    view: &View<'_>,
    question: AssociationQuery,
    call: AuthorizedCall<'_, ()>,
) -> Result<Answer> {
    let path = question.source.clone().ok_or(WBEM_E_INVALID_QUERY)?;
    view.core().check_server(path.server.as_deref())?;
    if question.schema_only != (path.keys == PathKeys::Class) {
        return Err(WBEM_E_INVALID_QUERY
            .with(format!("{path}: SchemaOnly goes with the path of a class, and only with it")));
    }
    load_associations(view)?;
    let context = call.context();
    let source = match get::follow(view, path, None)? {
        Object::Instance(source) => source,
        // With SchemaOnly, as checked above.
        Object::Class(class) => {
            return schema_associations(view, &question, &class).map(Answer::Classes);
        }
    };
    let referent = Arc::new(referent(&source).ok_or(WBEM_E_NOT_FOUND)?);
    let stored = stored_referring(view, &referent)?;
    let mut steps = Vec::new();
    for class in view.associations(source.class())?.iter() {
        let is_indexed = is_indexed(class);
        let may_refer = !is_indexed || stored.contains(class.name());
        if !may_refer || class.is_abstract() || !question.accepts_association_class(class) {
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
    mark_related_steps(&mut steps);
    let (source, seen, context) = (referent, Arc::default(), context.clone());
    Ok(Answer::Walk(Arc::new(Walk { question, source, steps, seen, context })))
}

/// Ensures that an association which providers of a class and of its superclass both supply is
/// delivered once, as an instance of the lowest class, which is queried first (behaviour.md B.4).
fn mark_related_steps(steps: &mut [(Arc<Class>, Plan)]) {
    let provided: Vec<&Arc<Class>> =
        steps.iter().filter(|(_, plan)| plan.has_provider()).map(|(class, _)| class).collect();
    let related = layered::related(&provided);
    if related.is_empty() {
        return;
    }
    for (_, plan) in steps.iter_mut().filter(|(class, _)| related.contains(&Arc::as_ptr(class))) {
        plan.steps.iter_mut().for_each(|step| step.is_related = true);
    }
    steps.sort_by_key(|(class, _)| Reverse(class.ancestors().count()));
}

/// The classes of the stored instances that may refer to the object.
fn stored_referring(view: &View<'_>, referent: &Referent) -> Result<HashSet<Name>> {
    let mut found = HashSet::new();
    for path in &referent.paths {
        found.extend(view.stored(|stored| stored.referring_classes(view.id(), path))?);
    }
    Ok(found)
}

/// Whether the repository's index of references has those of every instance of `class`: it lacks
/// the instances of providers, and references that are defaults of the class.
fn is_indexed(class: &Class) -> bool {
    let mut properties = class.properties().iter().zip(class.defaults());
    !class.is_dynamic() && !properties.any(|(p, default)| is_reference(&p.ty) && !default.is_null())
}

/// The request for instances of `association` that refer by one of `roles` to the object with these
/// paths.
fn ask_for(
    view: &View<'_>,
    association: &Arc<Class>,
    roles: &[usize],
    referent: &Referent,
    call: AuthorizedCall<'_, ()>,
) -> Result<Plan> {
    let paths = referent.paths.as_slice();
    let is_here = view.schema().origin().namespace == referent.origin.namespace;
    // A provider may search for a reference itself if the condition has nothing else: it receives
    // the object's own path only. The walk compares how it writes references into another
    // namespace.
    let asked = match association.is_dynamic() {
        _ if !is_here => &[],
        true => &paths[..1],
        false => paths,
    };
    let (text, select) = referring_to(association, roles, asked);
    let reach = QueryScope::One;
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

/// How `source` may be referred to: by its class and, but for a singleton, by any above it that has
/// its keys.
fn referent(source: &Instance) -> Option<Referent> {
    let own = source.relative_path()?;
    let root = source.class().key_root();
    let with_keys = source.class().ancestors().filter(|c| c.key_root() == root);
    let above = with_keys.map(|c| ObjectPath { class: c.name().clone(), ..own.clone() });
    let paths: Vec<ObjectPath> = std::iter::once(own.clone()).chain(above).collect();
    let origin = source.class().origin()?.clone();
    let identities = paths.iter().map(|path| path.identity(Some(&origin))).collect();
    Some(Referent { paths, identities, origin })
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
        if !question.accepts_association(association, None) {
            continue;
        }
        let mut roles = question.source_roles(association, source);
        if let Some(origin) = source.origin() {
            roles.retain(|slot| reference::may_hold(association, *slot, origin));
        }
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
            if let Some(class) =
                view.find_class(name)?.filter(|c| question.accepts_endpoint(c, None))
            {
                found.push(class);
            }
        }
    }
    Ok(found)
}

/// In root\\interop every association query loads the association providers, whether it needs them
/// or not; one that cannot be loaded matters where it is asked.
/// Errors: a damaged repository's.
fn load_associations(view: &View<'_>) -> Result<()> {
    let namespace = view.namespace();
    let is_interop =
        namespace.parent() == Some(Namespace::root()) && cim::name::eq(namespace.leaf(), "interop");
    if !is_interop {
        return Ok(());
    }
    for class in view.schema().associations(view)? {
        if layered::is_provided(class) {
            let _ = binding::bind(view, class);
        }
    }
    Ok(())
}
