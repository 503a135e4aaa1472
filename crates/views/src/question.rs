//! The WQL query for a source: the query of the view's author, reduced to the needed properties and
//! narrowed by the predicates of the client.
//!
//! A comparison with a property of a view is translated to the same comparison with its source
//! property, which has the same type; system properties keep their names. Predicates without a
//! translation are left to the object manager, which filters the instances of a view in any case.

use cim::path::Quoted;
use cim::{CimType, Class, SystemProperty, Value};
use wql::{Comparison, Predicate, SelectList};

use crate::definition::{Definition, has_hidden_default};
use crate::place::{Column, Place};

/// The query for a place.
pub(crate) struct Question {
    /// The text of the query.
    pub(crate) text: String,
    /// The identity of the path of the requested instance, if only one is requested.
    pub(crate) only: Option<String>,
}

/// The query for `place`: selects `columns`, of at least the instances for which all `terms` hold.
pub(crate) fn query(
    view: &Definition,
    place: &Place,
    columns: &[&Column],
    terms: &[String],
) -> String {
    let select = &view.sources[place.source].query;
    let class = select.class.as_str();
    let own = select.condition.as_ref().map(|condition| format!("({condition})"));
    let with = |list: &str, terms: &[&str]| {
        let all: Vec<&str> = own.iter().map(String::as_str).chain(terms.iter().copied()).collect();
        written(list, class, &all)
    };
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let query = with(&list(columns), &terms);
    if is_query(&query) {
        return query;
    }
    // Fewer terms return more instances, which include the needed ones.
    let is_valid = |term: &&str| is_query(&written("*", class, &[term]));
    let query = with("*", &terms.into_iter().filter(is_valid).collect::<Vec<_>>());
    if is_query(&query) { query } else { with("*", &[]) }
}

/// Whether `text` is valid WQL: a property can have the name of a keyword, and many terms can exceed
/// the maximum length.
pub(crate) fn is_query(text: &str) -> bool {
    wql::parse(text).is_ok()
}

fn written(list: &str, class: &str, terms: &[&str]) -> String {
    let condition = match terms {
        [] => String::new(),
        terms => format!(" WHERE {}", terms.join(" AND ")),
    };
    format!("SELECT {list} FROM {class}{condition}")
}

/// The select list for `columns`. A result always includes the path and its parts.
fn list(columns: &[&Column]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for column in columns {
        match column {
            Column::Property(name) if !names.contains(&name.as_str()) => names.push(name.as_str()),
            Column::Property(_) => {}
            Column::System(system) if comes_with_the_path(*system) => {}
            // A projected result lacks it.
            Column::System(_) => return SelectList::All.to_string(),
        }
    }
    if names.is_empty() { SelectList::All.to_string() } else { names.join(", ") }
}

fn comes_with_the_path(system: SystemProperty) -> bool {
    use SystemProperty::*;
    matches!(system, Class | Genus | Namespace | Path | Relpath | Server)
}

/// The terms that narrow the query for `place` to at least the instances for which `predicates`, over
/// the view, hold; `None` if they can hold for none.
pub(crate) fn terms(
    view: &Definition,
    place: &Place,
    predicates: &[Predicate],
) -> Option<Vec<String>> {
    let mut terms = Vec::new();
    for predicate in predicates.iter().filter(|p| is_translated(&view.class, p)) {
        match &place.columns[predicate.slot] {
            Some(column) => {
                terms.extend(term(column.name(), predicate.comparison, &predicate.value));
            }
            // Another source supplies it.
            None if view.is_join() => {}
            // It is NULL, for which no comparison holds.
            None => return None,
        }
    }
    Some(terms)
}

/// Whether a predicate over the view `class` can be translated for its sources.
pub(crate) fn is_translated(class: &Class, predicate: &Predicate) -> bool {
    // The sources do not have the view's own defaults.
    !has_hidden_default(&class.properties()[predicate.slot]) && constant(&predicate.value).is_some()
}

/// `name comparison value`; `None` if the value has no literal.
pub(crate) fn term(name: &str, comparison: Comparison, value: &Value) -> Option<String> {
    Some(format!("{name} {} {}", comparison.symbol(), constant(value)?))
}

/// The WQL literal of a value. References have none, because the object that they name depends on
/// the namespace.
fn constant(value: &Value) -> Option<String> {
    Some(match value {
        Value::Boolean(true) => "TRUE".to_owned(),
        Value::Boolean(false) => "FALSE".to_owned(),
        Value::String(text) => Quoted(text).to_string(),
        Value::DateTime(time) => Quoted(&time.to_string()).to_string(),
        _ => match value.as_real() {
            Some(real) => format!("{real:?}"),
            None => value.as_integer()?.to_string(),
        },
    })
}

/// `name = value` for the key of a source, in its own namespace, in which references can be
/// compared as text.
pub(crate) fn key_term(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Reference(text) => Some(format!("{name} = {}", Quoted(text))),
        other if other.cim_type() == Some(CimType::DateTime) => None,
        other => term(name, Comparison::Equal, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::{ClassDeclaration, PropertyDeclaration, PropertyType};
    use std::sync::Arc;

    /// The value that a source compares with where a view compares with `value`.
    fn received(value: &Value) -> Option<Value> {
        let cim = value.cim_type().unwrap();
        let ty = PropertyType::scalar(cim);
        let property = PropertyDeclaration {
            name: "P".into(),
            ty,
            default: None,
            qualifiers: Default::default(),
        };
        let declaration = ClassDeclaration {
            name: "C".into(),
            properties: vec![property],
            ..ClassDeclaration::default()
        };
        let class = Class::derive(Arc::new(declaration), None, None).unwrap();
        let term = term("P", Comparison::Equal, value)?;
        let wql::Query::Select(select) = wql::parse(&written("*", "C", &[&term])).unwrap() else {
            panic!("{term}")
        };
        let bound = wql::BoundSelect::bind(&select, &class, 60).unwrap();
        Some(bound.conjuncts()[0].predicate().unwrap().value.clone())
    }

    #[test]
    fn b8_a_source_compares_with_what_the_view_compares_with() {
        for value in [
            Value::Boolean(true),
            Value::SInt8(-128),
            Value::UInt64(u64::MAX),
            Value::SInt64(i64::MIN),
            Value::Real32(0.1),
            Value::Real64(-1.5e300),
            Value::string(r#"it's "quoted" \ and %_[^a] 'too'"#),
            Value::string(""),
            Value::string("two\nlines"),
            Value::DateTime("20240229235959.000001-120".parse().unwrap()),
            Value::DateTime("00000012030405.000000:000".parse().unwrap()),
        ] {
            assert_eq!(received(&value), Some(value));
        }
        // The object that a reference names depends on the namespace.
        assert_eq!(received(&Value::Reference("C.K=1".into())), None);
        assert_eq!(received(&Value::Char16(97)), None);
    }

    #[test]
    fn b8_properties_that_are_keywords_are_not_named() {
        assert!(is_query(&written("K, V", "C", &["K = 1", "V = 2"])));
        assert!(!is_query(&written("K, Group", "C", &[])));
    }
}
