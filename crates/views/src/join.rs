//! Join views: instances of several sources that belong together, as one.
//!
//! One source is read as it comes; what its instances may belong to was read before and is found
//! by the values that have to be equal, so that no pair is compared that does not belong together.
//! Only where nothing has to be equal is every instance compared with every other. What is read
//! before is held in memory, up to [`MOST_BYTES`].
//!
//! The source that is read as it comes is the first one that the question does not narrow. Where
//! what was read before has few values to be equal to, it is asked for these alone: then a key of
//! one source finds the instances of the other without reading all.

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

/// How much memory the instances take that are held during one call, in bytes, about.
const MOST_BYTES: usize = 64 << 20;

/// How many values another source is asked for by name.
const FEW: usize = 16;

/// How many instances travel together.
const BATCH: usize = 128;

/// Hands the instances of the join view `view` to `take`.
/// Errors: those of the sources; `WBEM_E_QUOTA_VIOLATION` where they are too large to be joined.
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

/// The properties of each source that a call needs, each once.
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

    /// Where the property is among those of its source.
    fn at(&self, source: usize, name: &Name) -> usize {
        let found = self.0[source].iter().position(|n| n == name);
        found.expect("what is looked for was added")
    }

    fn side(&self, side: &Side) -> Field {
        Field { source: side.source, at: self.at(side.source, &side.property) }
    }

    /// What the view's property in `slot` is; none of one that comes from nowhere.
    fn field(&self, view: &Definition, slot: usize) -> Option<Field> {
        let names = view.properties[slot].names.iter().enumerate();
        let mut named = names.filter_map(|(source, name)| Some((source, name.as_ref()?)));
        named.next().map(|(source, name)| Field { source, at: self.at(source, name) })
    }

    /// What is needed of an instance of `place`, by [`Needs::at`].
    fn columns(&self, view: &Definition, place: &Place) -> Vec<Option<Column>> {
        let column = |name: &Name| place.column(view, name).map(|(column, _)| column);
        self.0[place.source].iter().map(column).collect()
    }
}

/// A value of the instance that a source gives to a joined one.
#[derive(Clone, Copy)]
struct Field {
    source: usize,
    at: usize,
}

/// The needed values of an instance of a source.
type Row = Box<[Value]>;

/// The sources in the order in which they are joined: the first is read as it comes, and each
/// other one is connected with one before it, by an equality where there is one.
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
        // That all are connected was looked at with the definition.
        match links(true).or_else(|| links(false)) {
            Some(next) => order.push(next),
            None => break,
        }
    }
    order
}

/// The sides of `condition`, that of `source` first, where the other is among `before`.
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

/// The instances of a source, found by what has to be equal.
struct Held {
    source: usize,
    /// What has to be equal: of an instance before, and its own.
    equal: Vec<(Field, Field)>,
    /// What has to be different.
    different: Vec<(Field, Field)>,
    found: Rows,
}

/// What was read of a source.
#[derive(Default)]
struct Rows {
    all: Vec<Row>,
    /// By the values that have to be equal.
    index: HashMap<Box<[Key]>, Vec<u32>>,
}

impl Rows {
    /// Adds `row`, of which the values at `keys` have to be equal to others.
    fn add(
        &mut self,
        view: &View,
        source: usize,
        keys: &[usize],
        row: Row,
        budget: &mut usize,
    ) -> Result<()> {
        // What is NULL is equal to nothing.
        let key = keys.iter().map(|&at| key(&row[at], view.class())).collect();
        let Some(key): Option<Box<[Key]>> = key else { return Ok(()) };
        let size = 2 * key.len() * size_of::<Key>() + row.iter().map(size).sum::<usize>() + 64;
        *budget = budget.checked_sub(size).ok_or_else(|| {
            WBEM_E_QUOTA_VIOLATION.with(format!(
                "view {}: the instances of {} that are to be joined take more than {} MiB; narrow \
                 its query in ViewSources",
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

    /// The instances that belong to those in `chosen`, by source.
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

/// The sources that were read, ready for the first.
struct Joined {
    view: Arc<View>,
    slots: Vec<usize>,
    fields: HashMap<usize, Option<Field>>,
    filter: Option<BoundSelect>,
    /// The source that is read as it comes.
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

    /// Adds all instances of the view to `batch` in which those in `chosen` take part.
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

    /// What narrows the first source to what may belong to the one that was read first, where that
    /// has few values; `None` where nothing can belong to it.
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
        // One alone may find an instance by its key, for which it must stand by itself.
        Some(vec![match terms.len() {
            1 => terms.remove(0),
            _ => format!("({})", terms.join(" OR ")),
        }])
    }
}

/// Hands what is needed of the instances of a source to `take`.
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

/// A value as it is equal to others: numbers whatever their width, texts without case, moments
/// whatever their zone, references by what they name.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Boolean(bool),
    Integer(i128),
    Real(u64),
    Char(u16),
    Text(String),
    Moment(i64),
    Interval(u64),
    /// A point in time of which not all is known.
    Vague([u8; 25]),
}

/// `None` of NULL, and of what is equal to nothing.
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
            // Zero has two forms that are equal.
            Some(real) => Key::Real((real + 0.0).to_bits()),
            None => Key::Integer(other.as_integer()?),
        },
    })
}

/// About how many bytes a value takes.
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
