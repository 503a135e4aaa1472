//! Reads the instances of a view from its sources.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::{WBEM_E_QUOTA_VIOLATION, WBEM_S_NO_ERROR};
use cim::{Error, Instance, Namespace, Result, Value};
use parking_lot::Mutex;
use wbem::{Completion, ProviderContext};
use wql::{Comparison, Predicate};

use crate::definition::Kind;
use crate::place::{Column, Place};
use crate::question::Question;
use crate::view::View;
use crate::{association, join, question};

/// A request to a view.
#[derive(Default)]
pub(crate) struct Asked {
    /// The slots whose values are needed.
    pub(crate) slots: Vec<usize>,
    /// Conditions on the requested instances; the result is not filtered by them.
    pub(crate) predicates: Vec<Predicate>,
    /// Restricts the result to what is made of one instance of a source.
    pub(crate) only: Option<Only>,
}

/// An instance of a source.
pub(crate) struct Only {
    pub(crate) source: usize,
    pub(crate) namespace: Namespace,
    /// The identity of its path.
    pub(crate) identity: String,
    /// WQL terms that narrow the search for it.
    pub(crate) terms: Vec<String>,
}

impl Asked {
    /// The request for the instance of `view` with these keys, in the order of `Class::keys`, and
    /// for the values of `slots`.
    pub(crate) fn key(view: &View, keys: &[Value], slots: impl Iterator<Item = usize>) -> Self {
        let key_slots = || view.class().keys().iter().map(|&slot| usize::from(slot));
        let equal = |(slot, value): (usize, &Value)| Predicate {
            slot,
            comparison: Comparison::Equal,
            value: value.clone(),
        };
        Asked {
            slots: in_order(key_slots().chain(slots)),
            predicates: key_slots().zip(keys).map(equal).collect(),
            only: None,
        }
    }

    /// The terms that narrow the query of `place`; `None` if it has no part of the result.
    pub(crate) fn terms(&self, view: &View, place: &Place) -> Option<Vec<String>> {
        let mut terms = question::terms(&view.definition, place, &self.predicates)?;
        match &self.only {
            Some(only) if only.source == place.source => {
                terms.extend(only.terms.iter().cloned());
                (only.namespace == *place.namespace()).then_some(terms)
            }
            // The other sources of a join supply the rest of the instance.
            Some(_) if !view.definition.is_join() => None,
            _ => Some(terms),
        }
    }

    /// The query for each place; `None` for a place that is not queried.
    pub(crate) fn questions(&self, view: &View) -> Vec<Option<Question>> {
        let question = |place: &Place| {
            let columns: Vec<&Column> =
                self.slots.iter().filter_map(|&slot| place.columns[slot].as_ref()).collect();
            self.question(view, place, &columns, &[])
        };
        view.places.iter().map(question).collect()
    }

    /// The query for these columns of `place`, restricted also by the terms `also`; `None` if the
    /// place has no part of the result.
    pub(crate) fn question(
        &self,
        view: &View,
        place: &Place,
        columns: &[&Column],
        also: &[String],
    ) -> Option<Question> {
        let mut terms = self.terms(view, place)?;
        terms.extend_from_slice(also);
        let only = self.only.as_ref().filter(|only| only.source == place.source);
        Some(Question {
            text: question::query(&view.definition, place, columns, &terms),
            only: only.map(|only| only.identity.clone()),
        })
    }
}

/// Slots in order, each once.
pub(crate) fn in_order(slots: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut slots: Vec<usize> = slots.collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// Passes the instances of `view` to `take` as they arrive.
/// Errors: those of the sources, and of `take`.
pub(crate) fn each(
    view: &Arc<View>,
    asked: Asked,
    context: &ProviderContext,
    mut take: impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
) -> Completion {
    match view.definition.kind {
        Kind::Join(_) => join::each(view, asked, context, take),
        Kind::Association => association::each(view, asked, context, take),
        Kind::Union => {
            let questions = asked.questions(view);
            let shared = view.clone();
            each_source(view, &questions, context, move |place, instances| {
                let union =
                    instances.iter().map(|source| of_one(&shared, place, &asked.slots, source));
                take(union.collect())
            })
        }
    }
}

/// Runs these queries in the places of `view` and passes the results to `take`, with the number of
/// the place.
pub(crate) fn each_source(
    view: &View,
    questions: &[Option<Question>],
    context: &ProviderContext,
    take: impl FnMut(usize, Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
) -> Completion {
    let take = Arc::new(Mutex::new(take));
    let mut outcome = WBEM_S_NO_ERROR;
    for (at, (place, question)) in view.places.iter().zip(questions).enumerate() {
        let Some(question) = question else { continue };
        let take = take.clone();
        let only = question.only.clone();
        let receive = move |mut batch: Vec<Instance>| {
            if let Some(only) = &only {
                let is_meant =
                    |i: &Instance| i.relative_path().is_some_and(|p| p.identity(None) == *only);
                batch.retain(is_meant);
            }
            take.lock()(at, batch)
        };
        let (status, more) = place.each(&question.text, context, receive)?;
        // A success code other than `WBEM_S_NO_ERROR` has priority.
        if outcome == WBEM_S_NO_ERROR {
            outcome = status;
        }
        if more.is_break() {
            break;
        }
    }
    Ok(outcome)
}

/// Makes an instance of a view from one instance of the place number `place`.
pub(crate) fn of_one(view: &View, place: usize, slots: &[usize], source: &Instance) -> Instance {
    let place = &view.places[place];
    view.instance(slots, |slot| {
        place.columns[slot].as_ref().map_or(Value::Null, |column| place.value(column, source))
    })
}

/// All instances that `each` delivers.
/// Errors: `WBEM_E_QUOTA_VIOLATION` if there are more than `most`.
pub(crate) fn collect(
    view: &Arc<View>,
    asked: Asked,
    most: usize,
    context: &ProviderContext,
) -> Result<Vec<Instance>> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let (taken, shared) = (found.clone(), view.clone());
    each(view, asked, context, move |mut batch| {
        let mut taken = taken.lock();
        taken.append(&mut batch);
        match taken.len() <= most {
            true => Ok(ControlFlow::Continue(())),
            false => Err(too_many(&shared, most)),
        }
    })?;
    let found = std::mem::take(&mut *found.lock());
    Ok(found)
}

/// The error for an object that has too many instances in `view`.
pub(crate) fn too_many(view: &View, most: usize) -> Error {
    WBEM_E_QUOTA_VIOLATION
        .with(format!("view {}: one object has more than {most} instances", view.class().name()))
}

/// The first instance for which `is_meant` holds.
pub(crate) fn first(
    view: &Arc<View>,
    asked: Asked,
    context: &ProviderContext,
    is_meant: impl Fn(&Instance) -> bool + Send + 'static,
) -> Result<Option<Instance>> {
    let found = Arc::new(Mutex::new(None));
    let taken = found.clone();
    each(view, asked, context, move |batch| {
        let Some(meant) = batch.into_iter().find(&is_meant) else {
            return Ok(ControlFlow::Continue(()));
        };
        *taken.lock() = Some(meant);
        Ok(ControlFlow::Break(()))
    })?;
    let found = found.lock().take();
    Ok(found)
}
