//! Join views: combines instances of several sources, by the conditions of JoinOn.
//!
//! A hash join. One source is streamed; the others are read first, into memory (at most
//! [`MOST_BYTES`]), and indexed by the properties that must be equal. Without an equality every
//! instance is compared with every other.
//!
//! The streamed source is the first one that the request does not narrow. If the instances read
//! before have few values for the equality, the query for the streamed source is restricted to these
//! values, so that a key of one source finds the instances of the other without an enumeration.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use cim::key::reference_identity;
use cim::status::WBEM_E_QUOTA_VIOLATION;
use cim::{Class, DateTime, Instance, Name, Object, Result, Value};
use parking_lot::Mutex;
use wbem::{Completion, ProviderContext};
use wql::{BoundSelect, Comparison, Conjunct};

use crate::definition::{Definition, Join, Kind};
use crate::join_on::{Condition, Side};
use crate::place::{Column, Place};
use crate::question;
use crate::read::{Asked, each_source, in_order};
use crate::view::View;

/// The maximum memory for instances held during one call, in bytes, estimated.
const MOST_BYTES: usize = 64 << 20;

/// The maximum number of values in the condition of a query for the streamed source.
const FEW: usize = 16;

/// The number of instances passed on at a time.
const BATCH: usize = 128;

/// Passes the instances of the join view `view` to `take`.
/// Errors: those of the sources; `WBEM_E_QUOTA_VIOLATION` if they are too large to be joined.
pub(crate) fn each(
    view: &Arc<View>,
    asked: Asked,
    context: &ProviderContext,
    take: impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
) -> Completion {
    let Kind::Join(join) = &view.definition.kind else { return wbem::COMPLETE };
    let filter = join.filter.as_ref();
    let of_filter = filter.iter().flat_map(|f| f.conjuncts()).flat_map(Conjunct::slots).copied();
    let slots = in_order(asked.slots.iter().copied().chain(of_filter));
    let also = filter.iter().flat_map(|f| f.conjuncts()).filter_map(Conjunct::predicate).cloned();
    let predicates = asked.predicates.iter().cloned().chain(also).collect();
    let asked = Asked { slots, predicates, only: asked.only };
    let needs = Needs::new(&view.definition, join, &asked.slots);
    let order = order(view, join, &asked);
    let mut joined = Joined {
        view: view.clone(),
        fields: asked
            .slots
            .iter()
            .map(|&slot| (slot, needs.field(&view.definition, slot)))
            .collect(),
        slots: asked.slots.clone(),
        filter: join.filter.clone(),
        first: order[0],
        held: Vec::new(),
    };
    let mut budget = MOST_BYTES;
    for (level, &source) in order.iter().enumerate().skip(1) {
        let held = Held::new(join, &needs, source, &order[..level]);
        joined.held.push(held.read(view, &needs, &asked, context, &mut budget)?);
    }
    joined.stream(&needs, &asked, join, context, take)
}

/// The properties of each source that a call needs, without duplicates.
struct Needs(Vec<Vec<Name>>);

impl Needs {
    fn new(view: &Definition, join: &Join, slots: &[usize]) -> Self {
        let mut needs = Needs(vec![Vec::new(); view.sources.len()]);
        for &slot in slots {
            for (source, name) in view.properties[slot].names.iter().enumerate() {
                if let Some(name) = name {
                    needs.add(source, name);
                }
            }
        }
        for Condition { left, right, .. } in &join.conditions {
            needs.add(left.source, &left.property);
            needs.add(right.source, &right.property);
        }
        needs
    }

    fn add(&mut self, source: usize, name: &Name) {
        if !self.0[source].contains(name) {
            self.0[source].push(name.clone());
        }
    }

    /// The position of the property among those of its source.
    fn at(&self, source: usize, name: &Name) -> usize {
        let found = self.0[source].iter().position(|n| n == name);
        found.expect("`new` adds all properties")
    }

    fn side(&self, side: &Side) -> Field {
        Field { source: side.source, at: self.at(side.source, &side.property) }
    }

    /// The field for the view's property in `slot`; `None` if no source has it.
    fn field(&self, view: &Definition, slot: usize) -> Option<Field> {
        let names = view.properties[slot].names.iter().enumerate();
        let mut named = names.filter_map(|(source, name)| Some((source, name.as_ref()?)));
        named.next().map(|(source, name)| Field { source, at: self.at(source, name) })
    }

    /// The needed columns of `place`, in the order of [`Needs::at`].
    fn columns(&self, view: &Definition, place: &Place) -> Vec<Option<Column>> {
        let column = |name: &Name| place.column(view, name).map(|(column, _)| column);
        self.0[place.source].iter().map(column).collect()
    }
}

/// A value of a source in a joined instance.
#[derive(Clone, Copy)]
struct Field {
    source: usize,
    at: usize,
}

/// The needed values of an instance of a source.
type Row = Box<[Value]>;

/// The sources in the order in which they are joined: the first is streamed, and each other one is
/// connected with one before it, by an equality if possible.
fn order(view: &View, join: &Join, asked: &Asked) -> Vec<usize> {
    let sources = view.definition.sources.len();
    let is_whole = |&source: &usize| {
        let narrows =
            |place: &Place| asked.terms(view, place).is_none_or(|terms| !terms.is_empty());
        !view.places_of(source).any(narrows)
            && view.definition.sources[source].query.condition.is_none()
    };
    let mut order = vec![(0..sources).find(is_whole).unwrap_or(0)];
    while order.len() < sources {
        let links = |wants_equal: bool| {
            let order = &order;
            (0..sources).filter(|source| !order.contains(source)).find(move |&source| {
                join.conditions
                    .iter()
                    .any(|c| (c.is_equal || !wants_equal) && other_side(c, source, order).is_some())
            })
        };
        // The check of the definition ensures that all are connected.
        match links(true).or_else(|| links(false)) {
            Some(next) => order.push(next),
            None => break,
        }
    }
    order
}

/// The sides of `condition`, that of `source` first, if the other one is among `before`.
fn other_side<'a>(
    condition: &'a Condition,
    source: usize,
    before: &[usize],
) -> Option<(&'a Side, &'a Side)> {
    let Condition { left, right, .. } = condition;
    [(left, right), (right, left)]
        .into_iter()
        .find(|(own, other)| own.source == source && before.contains(&other.source))
}

/// The instances of a source, indexed by the properties that must be equal.
struct Held {
    source: usize,
    /// The fields that must be equal: that of an earlier source, and its own.
    equal: Vec<(Field, Field)>,
    /// The fields that must differ, in the same order.
    different: Vec<(Field, Field)>,
    found: Rows,
}

/// The rows read from a source.
#[derive(Default)]
struct Rows {
    all: Vec<Row>,
    /// The rows by the values that must be equal.
    index: HashMap<Box<[Key]>, Vec<u32>>,
}

impl Rows {
    /// Adds `row`, indexed by the values at `keys`.
    fn add(
        &mut self,
        view: &View,
        source: usize,
        keys: &[usize],
        row: Row,
        budget: &mut usize,
    ) -> Result<()> {
        // NULL equals no value.
        let key = keys.iter().map(|&at| key(&row[at], view.class())).collect();
        let Some(key): Option<Box<[Key]>> = key else { return Ok(()) };
        let size = 2 * key.len() * size_of::<Key>() + row.iter().map(size).sum::<usize>() + 64;
        *budget = budget.checked_sub(size).ok_or_else(|| {
            WBEM_E_QUOTA_VIOLATION.with(format!(
                "view {}: the instances of {} to be joined exceed {} MiB; narrow its query in \
                 ViewSources",
                view.class().name(),
                view.definition.sources[source].query.class,
                MOST_BYTES >> 20
            ))
        })?;
        self.index.entry(key).or_default().push(self.all.len() as u32);
        self.all.push(row);
        Ok(())
    }
}

impl Held {
    fn new(join: &Join, needs: &Needs, source: usize, before: &[usize]) -> Self {
        let fields = |is_equal: bool| {
            let conditions = join.conditions.iter().filter(move |c| c.is_equal == is_equal);
            conditions
                .filter_map(|c| other_side(c, source, before))
                .map(|(own, other)| (needs.side(other), needs.side(own)))
                .collect()
        };
        let (equal, different) = (fields(true), fields(false));
        Held { source, equal, different, found: Rows::default() }
    }

    /// Reads the source.
    fn read(
        mut self,
        view: &Arc<View>,
        needs: &Needs,
        asked: &Asked,
        context: &ProviderContext,
        budget: &mut usize,
    ) -> Result<Self> {
        let source = self.source;
        let keys: Vec<usize> = self.equal.iter().map(|(_, own)| own.at).collect();
        let filling = Arc::new(Mutex::new((Rows::default(), *budget)));
        let filled = filling.clone();
        each_row(view, needs, asked, source, &[], context, move |view, rows| {
            let mut filled = filled.lock();
            let (found, budget) = &mut *filled;
            for row in rows {
                found.add(view, source, &keys, row, budget)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        (self.found, *budget) = std::mem::take(&mut *filling.lock());
        Ok(self)
    }

    /// The rows that belong to `chosen`, the chosen row of each source.
    fn matching<'h, 'c>(
        &'h self,
        class: &'c Class,
        chosen: &'c [Option<&'h Row>],
    ) -> impl Iterator<Item = &'h Row> + use<'h, 'c> {
        let value =
            move |field: &Field| chosen[field.source].map_or(&Value::Null, |row| &row[field.at]);
        let wanted: Option<Box<[Key]>> =
            self.equal.iter().map(|(other, _)| key(value(other), class)).collect();
        let found = wanted.and_then(|wanted| self.found.index.get(&wanted));
        let differs = move |row: &&Row| {
            self.different.iter().all(|(other, own)| {
                match (key(value(other), class), key(&row[own.at], class)) {
                    (Some(other), Some(own)) => other != own,
                    _ => false,
                }
            })
        };
        found.into_iter().flatten().map(|&at| &self.found.all[at as usize]).filter(differs)
    }
}

/// The sources that were read first, and what is needed to join the streamed source.
struct Joined {
    view: Arc<View>,
    slots: Vec<usize>,
    fields: HashMap<usize, Option<Field>>,
    filter: Option<BoundSelect>,
    /// The streamed source.
    first: usize,
    held: Vec<Held>,
}

impl Joined {
    fn stream(
        self,
        needs: &Needs,
        asked: &Asked,
        join: &Join,
        context: &ProviderContext,
        mut take: impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>> + Send + 'static,
    ) -> Completion {
        let Some(terms) = self.few_values(join) else { return wbem::COMPLETE };
        let (view, first) = (self.view.clone(), self.first);
        each_row(&view, needs, asked, first, &terms, context, move |_, rows| {
            let mut batch = Vec::new();
            for row in &rows {
                let mut chosen = vec![None; self.view.definition.sources.len()];
                chosen[self.first] = Some(row);
                if self.extend(0, &mut chosen, &mut batch, &mut take)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if batch.is_empty() { Ok(ControlFlow::Continue(())) } else { take(batch) }
        })
    }

    /// Adds to `batch` all instances of the view that contain the rows in `chosen`.
    fn extend<'a>(
        &'a self,
        level: usize,
        chosen: &mut Vec<Option<&'a Row>>,
        batch: &mut Vec<Instance>,
        take: &mut impl FnMut(Vec<Instance>) -> Result<ControlFlow<()>>,
    ) -> Result<ControlFlow<()>> {
        let Some(held) = self.held.get(level) else {
            batch.extend(self.instance(chosen));
            return match batch.len() < BATCH {
                true => Ok(ControlFlow::Continue(())),
                false => take(std::mem::take(batch)),
            };
        };
        let before = chosen.clone();
        for row in held.matching(self.view.class(), &before) {
            chosen[held.source] = Some(row);
            if self.extend(level + 1, chosen, batch, take)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        chosen[held.source] = None;
        Ok(ControlFlow::Continue(()))
    }

    fn instance(&self, chosen: &[Option<&Row>]) -> Option<Instance> {
        let instance = self.view.instance(&self.slots, |slot| {
            let field = self.fields.get(&slot).copied().flatten();
            let value = field.and_then(|field| Some(chosen[field.source]?[field.at].clone()));
            value.unwrap_or_default()
        });
        let is_wanted = self.filter.as_ref().is_none_or(|filter| filter.matches(&instance));
        is_wanted.then_some(instance)
    }

    /// The terms that restrict the streamed source to the values of the first held one, if these are
    /// few; `None` if no instance can belong to it.
    fn few_values(&self, join: &Join) -> Option<Vec<String>> {
        let Some(held) = self.held.first() else { return Some(Vec::new()) };
        if held.found.all.is_empty() {
            return None;
        }
        let own =
            |c: &&Condition| c.is_equal && other_side(c, held.source, &[self.first]).is_some();
        let (Some(condition), Some((_, own_field))) =
            (join.conditions.iter().find(own), held.equal.first())
        else {
            return Some(Vec::new());
        };
        let (_, other) = other_side(condition, held.source, &[self.first])?;
        let mut terms: Vec<String> = Vec::new();
        for row in &held.found.all {
            let value = &row[own_field.at];
            let Some(term) = question::term(other.property.as_str(), Comparison::Equal, value)
            else {
                return Some(Vec::new());
            };
            if !terms.contains(&term) {
                terms.push(term);
            }
            if terms.len() > FEW {
                return Some(Vec::new());
            }
        }
        // A single term may be a key lookup, which parentheses would prevent.
        Some(vec![match terms.len() {
            1 => terms.remove(0),
            _ => format!("({})", terms.join(" OR ")),
        }])
    }
}

/// Passes the needed values of the instances of a source to `take`.
fn each_row(
    view: &Arc<View>,
    needs: &Needs,
    asked: &Asked,
    source: usize,
    also: &[String],
    context: &ProviderContext,
    take: impl FnMut(&View, Vec<Row>) -> Result<ControlFlow<()>> + Send + 'static,
) -> Completion {
    let columns: Vec<Vec<Option<Column>>> =
        view.places.iter().map(|place| needs.columns(&view.definition, place)).collect();
    let question = |(place, own): (&Place, &Vec<Option<Column>>)| {
        let wanted: Vec<&Column> = own.iter().flatten().collect();
        if place.source == source { asked.question(view, place, &wanted, also) } else { None }
    };
    let questions: Vec<_> = view.places.iter().zip(&columns).map(question).collect();
    let (shared, take) = (view.clone(), Mutex::new(take));
    each_source(view, &questions, context, move |at, instances| {
        let place = &shared.places[at];
        let row = |instance: &Instance| -> Row {
            let value = |column: &Option<Column>| {
                column.as_ref().map_or(Value::Null, |column| place.value(column, instance))
            };
            columns[at].iter().map(value).collect()
        };
        take.lock()(&shared, instances.iter().map(row).collect())
    })
}

/// A value in a form for equality: numbers of any width, texts without case, points in time in any
/// zone, references by the object that they name.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Boolean(bool),
    Integer(i128),
    Real(u64),
    Char(u16),
    Text(String),
    Moment(i64),
    Interval(u64),
    /// A point in time with wildcards.
    Vague([u8; 25]),
}

/// The form for equality; `None` for NULL, arrays and objects, which equal no value.
fn key(value: &Value, class: &Class) -> Option<Key> {
    Some(match value {
        Value::Boolean(v) => Key::Boolean(*v),
        Value::Char16(v) => Key::Char(*v),
        Value::String(text) => Key::Text(cim::name::fold(text).into_owned()),
        Value::Reference(text) => {
            Key::Text(reference_identity(text, class.origin().map(|origin| &**origin)))
        }
        Value::DateTime(DateTime::Interval(interval)) => Key::Interval(interval.total_micros()),
        Value::DateTime(time @ DateTime::Point(point)) => match point.unix_micros() {
            Some(micros) => Key::Moment(micros),
            None => Key::Vague(time.to_text()),
        },
        other => match other.as_real() {
            // Positive and negative zero are equal.
            Some(real) => Key::Real((real + 0.0).to_bits()),
            None => Key::Integer(other.as_integer()?),
        },
    })
}

/// The estimated size of a value in bytes.
fn size(value: &Value) -> usize {
    let heap = match value {
        Value::String(text) | Value::Reference(text) => text.len(),
        Value::Array(elements) => elements.iter().map(size).sum(),
        Value::Object(object) => match &**object {
            Object::Instance(instance) => instance.values().iter().map(size).sum::<usize>() + 64,
            Object::Class(_) => size_of::<Class>(),
        },
        _ => 0,
    };
    size_of::<Value>() + heap
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::ClassDeclaration;

    fn are_equal(a: &Value, b: &Value) -> bool {
        let class = Class::derive(Arc::new(ClassDeclaration::default()), None, None).unwrap();
        key(a, &class).is_some_and(|a| Some(a) == key(b, &class))
    }

    #[test]
    fn b8_values_are_equal_as_in_wql() {
        let time = |text: &str| Value::DateTime(text.parse().unwrap());
        for (a, b, expected) in [
            (Value::UInt8(7), Value::SInt64(7), true),
            (Value::UInt64(u64::MAX), Value::SInt64(-1), false),
            (Value::string("Straße"), Value::string("STRAßE"), true),
            (Value::string("a"), Value::string("a "), false),
            (Value::Real64(0.0), Value::Real64(-0.0), true),
            (Value::Real64(0.1), Value::Real64(0.2), false),
            (Value::Reference("C.K='x'".into()), Value::Reference("c=\"X\"".into()), true),
            (time("20240101120000.000000+000"), time("20240101130000.000000+060"), true),
            (time("20240101******.******+***"), time("20240101******.******+***"), true),
            (time("00000001000000.000000:000"), time("00000001000000.000000:000"), true),
            (Value::Null, Value::Null, false),
        ] {
            assert_eq!(are_equal(&a, &b), expected, "{a:?} and {b:?}");
        }
    }
}
