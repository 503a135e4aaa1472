//! Partial operations: reads and writes of some properties, requested by named values of the
//! context (behaviour.md B.5, J 7).
//!
//! A client requests one with the value `__GET_EXT_CLIENT_REQUEST` or `__PUT_EXT_CLIENT_REQUEST`,
//! which is removed before the context is passed to a provider. A call with the other values but
//! without that one is made by a provider during the client's call: it is not partial, and neither
//! are calls of providers that it causes. The values of reads are ignored in other operations, as
//! are those of puts.

use std::borrow::Cow;
use std::sync::Arc;

use cim::status::WBEM_E_INVALID_CONTEXT;
use cim::{Class, Instance, Name, Result, Value};
use wbem::{CallContext, Flags, PartialPut, Wanted};

const GET_EXTENSIONS: &str = "__GET_EXTENSIONS";
const GET_PROPERTIES: &str = "__GET_EXT_PROPERTIES";
const GET_KEYS_ONLY: &str = "__GET_EXT_KEYS_ONLY";
const GET_REQUEST: &str = "__GET_EXT_CLIENT_REQUEST";
const PUT_EXTENSIONS: &str = "__PUT_EXTENSIONS";
const PUT_PROPERTIES: &str = "__PUT_EXT_PROPERTIES";
const PUT_STRICT_NULLS: &str = "__PUT_EXT_STRICT_NULLS";
const PUT_ATOMIC: &str = "__PUT_EXT_ATOMIC";
const PUT_REQUEST: &str = "__PUT_EXT_CLIENT_REQUEST";

const OF_READS: [&str; 4] = [GET_EXTENSIONS, GET_PROPERTIES, GET_KEYS_ONLY, GET_REQUEST];
const OF_PUTS: [&str; 5] =
    [PUT_EXTENSIONS, PUT_PROPERTIES, PUT_STRICT_NULLS, PUT_ATOMIC, PUT_REQUEST];

/// The context for an operation that is never partial.
pub fn none(context: &CallContext) -> Cow<'_, CallContext> {
    match without(context, &OF_READS) {
        Cow::Borrowed(context) => without(context, &OF_PUTS),
        Cow::Owned(context) => Cow::Owned(without(&context, &OF_PUTS).into_owned()),
    }
}

/// The context for the provider of `class`: of the names of a partial read those that the class has.
pub fn of_class<'c>(context: &'c CallContext, class: &Class) -> Cow<'c, CallContext> {
    let Some(Value::Array(names)) = context.value(GET_PROPERTIES) else {
        return Cow::Borrowed(context);
    };
    let has = |name: &&Value| name.as_str().is_some_and(|name| class.slot(name).is_some());
    if names.iter().all(|name| has(&name)) {
        return Cow::Borrowed(context);
    }
    let mut next = context.clone();
    next.set(GET_PROPERTIES, Value::array(names.iter().filter(has).cloned()));
    Cow::Owned(next)
}

/// `context` without these named values.
pub(super) fn without<'c>(context: &'c CallContext, names: &[&str]) -> Cow<'c, CallContext> {
    let is_among = |name: &Name| names.iter().any(|n| name.is(n));
    if !context.values().any(|(name, _)| is_among(name)) {
        return Cow::Borrowed(context);
    }
    let mut next = context.clone();
    names.iter().for_each(|name| next.remove(name));
    Cow::Owned(next)
}

/// The properties that a read returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PartialRead {
    /// All.
    #[default]
    Whole,
    Keys,
    /// These, and the keys.
    Properties(Arc<[Name]>),
}

impl PartialRead {
    /// What a read is asked for, and the context with which it goes on.
    /// Errors: `WBEM_E_INVALID_CONTEXT` where the values do not make sense together.
    pub fn of(context: &CallContext) -> Result<(PartialRead, Cow<'_, CallContext>)> {
        if !is_set(context, GET_REQUEST) {
            return Ok((PartialRead::Whole, none(context)));
        }
        let mut next = without(context, &OF_PUTS).into_owned();
        next.remove(GET_REQUEST);
        if !is_set(context, GET_EXTENSIONS) {
            return Err(lacks(GET_REQUEST, GET_EXTENSIONS));
        }
        let partial = match context.value(GET_PROPERTIES) {
            _ if is_set(context, GET_KEYS_ONLY) => PartialRead::Keys,
            Some(list) => PartialRead::Properties(names(list, GET_PROPERTIES)?),
            None => return Err(lacks(GET_EXTENSIONS, "__GET_EXT_PROPERTIES or _KEYS_ONLY")),
        };
        Ok((partial, Cow::Owned(next)))
    }

    /// The slots of `class` that are to be given.
    /// Errors: `WBEM_E_INVALID_CONTEXT` for a property that the class has not; `*` is none.
    pub fn wanted(&self, class: &Class) -> Result<Wanted> {
        let named = match self {
            PartialRead::Whole => return Ok(Wanted::All),
            PartialRead::Keys => Vec::new(),
            PartialRead::Properties(names) => slots(class, names)?,
        };
        let keys = class.keys().iter().map(|&key| usize::from(key));
        Ok(Wanted::slots(named.into_iter().chain(keys)))
    }
}

/// What a put is asked for, if it is a partial one, and the context with which it goes on.
/// Errors: `WBEM_E_INVALID_CONTEXT` where the values do not make sense together, and for a partial
/// put without UPDATE_ONLY.
pub fn put<'c>(
    class: &Class,
    flags: Flags,
    context: &'c CallContext,
) -> Result<(Option<PartialPut>, Cow<'c, CallContext>)> {
    if !is_set(context, PUT_REQUEST) {
        // What a client means to be partial must not become a whole put.
        let is_asked = OF_PUTS.iter().any(|n| *n != PUT_REQUEST && context.value(n).is_some());
        if is_asked && context.depth() == 0 {
            return Err(lacks(PUT_EXTENSIONS, PUT_REQUEST));
        }
        return Ok((None, none(context)));
    }
    let mut next = without(context, &OF_READS).into_owned();
    next.remove(PUT_REQUEST);
    if !is_set(context, PUT_EXTENSIONS) {
        return Err(lacks(PUT_REQUEST, PUT_EXTENSIONS));
    }
    if !flags.has(Flags::UPDATE_ONLY) {
        return Err(WBEM_E_INVALID_CONTEXT.with("a partial put needs the flag UPDATE_ONLY"));
    }
    let slots = match context.value(PUT_PROPERTIES) {
        Some(list) => slots(class, &names(list, PUT_PROPERTIES)?)?.into(),
        None => (0..class.properties().len()).collect(),
    };
    let partial = PartialPut {
        slots,
        strict_nulls: is_set(context, PUT_STRICT_NULLS),
        atomic: is_set(context, PUT_ATOMIC),
    };
    Ok((Some(partial), Cow::Owned(next)))
}

/// `stored` with those values of `given` that a partial put is about; keys stay as they are.
pub fn merge(stored: &Instance, given: &Instance, partial: &PartialPut) -> Instance {
    let mut merged = stored.clone();
    for &slot in partial.slots.iter() {
        let is_key = stored.class().is_key(slot);
        let value = given.value(slot);
        if !is_key && (partial.strict_nulls || !value.is_null()) {
            merged.set(slot, value.clone());
        }
    }
    merged
}

/// `instance` with nothing but what is wanted.
pub fn only(mut instance: Instance, wanted: &Wanted) -> Instance {
    for slot in 0..instance.values().len() {
        if !wanted.contains(slot) {
            instance.set(slot, Value::Null);
        }
    }
    instance
}

fn is_set(context: &CallContext, name: &str) -> bool {
    context.value(name).and_then(Value::as_bool) == Some(true)
}

fn lacks(given: &str, missing: &str) -> cim::Error {
    WBEM_E_INVALID_CONTEXT.with(format!("the context has {given} and lacks {missing}"))
}

fn names(list: &Value, value: &str) -> Result<Arc<[Name]>> {
    let Value::Array(list) = list else {
        return Err(WBEM_E_INVALID_CONTEXT.with(format!("{value} is no array of names")));
    };
    let name = |name: &Value| {
        name.as_str()
            .map(Name::from)
            .ok_or_else(|| WBEM_E_INVALID_CONTEXT.with(format!("{value} is no array of names")))
    };
    list.iter().map(name).collect()
}

fn slots(class: &Class, names: &[Name]) -> Result<Vec<usize>> {
    let slot = |name: &Name| {
        class.slot(name.as_str()).ok_or_else(|| {
            WBEM_E_INVALID_CONTEXT
                .with(format!("class {} has no property {name} to be partial about", class.name()))
        })
    };
    names.iter().map(slot).collect()
}
