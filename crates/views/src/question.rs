//! What a source is asked, as WQL: the query of the view's author, with the properties alone that
//! are needed, and narrowed by what the client looks for.
//!
//! A comparison with a property of a view is the same comparison with the property it comes from,
//! since both have one type; a system property stands for itself. What cannot be written so is
//! left to the object manager, which filters what a view delivers in any case.

use cim::path::Quoted;
use cim::{CimType, Class, SystemProperty, Value};
use wql::{Comparison, Predicate, SelectList};

use crate::definition::{Definition, has_hidden_default};
use crate::place::{Column, Place};

/// What a place is asked.
pub(crate) struct Question {
    /// The query.
    pub(crate) text: String,
    /// The identity of the path of the one instance that is meant, where one is.
    pub(crate) only: Option<String>,
}

/// The query for `place`: these of its properties, of the instances for which all `terms` hold, and
/// perhaps of others.
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
    // With fewer terms more comes than is needed, and what is needed is among it.
    let can_be_said = |term: &&str| is_query(&written("*", class, &[term]));
    let query = with("*", &terms.into_iter().filter(can_be_said).collect::<Vec<_>>());
    if is_query(&query) { query } else { with("*", &[]) }
}

/// Whether WQL can say so: a property may have the name of a keyword, and many terms may be too
/// long.
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

/// What is selected to have `columns`. The path comes with it, and what it is made of.
fn list(columns: &[&Column]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for column in columns {
        match column {
            Column::Property(name) if !names.contains(&name.as_str()) => names.push(name.as_str()),
            Column::Property(_) => {}
            Column::System(system) if comes_with_the_path(*system) => {}
            // A result that was narrowed does not tell it any more.
            Column::System(_) => return SelectList::All.to_string(),
        }
    }
    if names.is_empty() { SelectList::All.to_string() } else { names.join(", ") }
}

fn comes_with_the_path(system: SystemProperty) -> bool {
    use SystemProperty::*;
    matches!(system, Class | Genus | Namespace | Path | Relpath | Server)
}

/// What narrows the question to `place` so that all instances for which the predicates over the
/// view hold are among the answers; `None` where there can be none.
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
            // Another source may have it.
            None if view.is_join() => {}
            // It is NULL there, for which no comparison holds.
            None => return None,
        }
    }
    Some(terms)
}

/// Whether a predicate over the view `class` can be asked of its sources.
pub(crate) fn is_translated(class: &Class, predicate: &Predicate) -> bool {
    // A default of the view's own is nothing that a source could look for.
    !has_hidden_default(&class.properties()[predicate.slot]) && constant(&predicate.value).is_some()
}

/// `name comparison value`; nothing where the value cannot be written.
pub(crate) fn term(name: &str, comparison: Comparison, value: &Value) -> Option<String> {
    Some(format!("{name} {} {}", comparison.symbol(), constant(value)?))
}

/// A value as a constant of WQL that is the same in the value's own type. References are none:
/// which object they name depends on where they stand.
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

/// `name = value` for the key of a source, in its own namespace, where references are constants
/// as any other.
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
        // What a reference names depends on where it stands.
        assert_eq!(received(&Value::Reference("C.K=1".into())), None);
        assert_eq!(received(&Value::Char16(97)), None);
    }

    #[test]
    fn b8_properties_that_are_keywords_are_not_named() {
        assert!(is_query(&written("K, V", "C", &["K = 1", "V = 2"])));
        assert!(!is_query(&written("K, Group", "C", &[])));
    }
}
