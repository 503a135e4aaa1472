//! Conditions of a filtered query, and the queries that are made from a struct.
//!
//! A shape and values in, the text of a query out. Nothing in a value can be taken for a part of
//! the query; names are checked, as they cannot be quoted.

use std::collections::HashMap;
use std::fmt::Write;

use cim::status::WBEM_E_INVALID_PARAMETER;
use cim::{Name, Result};

use crate::de::Shape;

/// What a property is compared with.
#[derive(Clone, PartialEq, Debug)]
pub enum FilterValue {
    /// It is this boolean.
    Bool(bool),
    /// It is this number.
    Number(i64),
    /// It is this number, which may be greater than `i64` holds.
    Unsigned(u64),
    /// It is this text.
    Str(&'static str),
    /// It is this text.
    String(String),
    /// The class of the embedded object is this one or below it.
    IsA(&'static str),
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        FilterValue::Bool(value)
    }
}

impl From<i64> for FilterValue {
    fn from(value: i64) -> Self {
        FilterValue::Number(value)
    }
}

impl From<u64> for FilterValue {
    fn from(value: u64) -> Self {
        FilterValue::Unsigned(value)
    }
}

impl From<&'static str> for FilterValue {
    fn from(value: &'static str) -> Self {
        FilterValue::Str(value)
    }
}

impl From<String> for FilterValue {
    fn from(value: String) -> Self {
        FilterValue::String(value)
    }
}

/// The query for the fields of a struct, where all of `filters` hold.
/// Errors: `WBEM_E_INVALID_PARAMETER` for what cannot be a name.
pub(crate) fn select(shape: &Shape, filters: &HashMap<String, FilterValue>) -> Result<String> {
    let list = match &shape.properties {
        None => "*".to_owned(),
        // A list may not be empty; the class's name costs a provider nothing.
        Some(fields) if fields.is_empty() => "__CLASS".to_owned(),
        Some(fields) => {
            fields.iter().try_for_each(|field| path(field))?;
            fields.join(", ")
        }
    };
    let mut query = format!("SELECT {list} FROM {}", name(shape.class)?);
    let mut filters: Vec<_> = filters.iter().collect();
    filters.sort_by_key(|(property, _)| *property);
    for (i, (property, value)) in filters.into_iter().enumerate() {
        query.push_str(if i == 0 { " WHERE " } else { " AND " });
        condition(&mut query, property, value)?;
    }
    Ok(query)
}

fn condition(query: &mut String, property: &str, value: &FilterValue) -> Result<()> {
    path(property)?;
    let text = match value {
        FilterValue::Bool(true) => "TRUE".to_owned(),
        FilterValue::Bool(false) => "FALSE".to_owned(),
        FilterValue::Number(n) => n.to_string(),
        FilterValue::Unsigned(n) => n.to_string(),
        FilterValue::Str(text) => quoted(text),
        FilterValue::String(text) => quoted(text),
        FilterValue::IsA(class) => {
            write!(query, "{property} ISA {}", quoted(name(class)?)).expect("a String takes all");
            return Ok(());
        }
    };
    write!(query, "{property} = {text}").expect("a String takes all");
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Errors: `text` is no property, and none of an embedded object.
fn path(text: &str) -> Result<()> {
    text.split('.').try_for_each(|part| name(part).map(drop))
}

/// `text`, if a class or a property can be called so.
pub(crate) fn name(text: &str) -> Result<&str> {
    Name::is_identifier(text).then_some(text).ok_or_else(|| {
        WBEM_E_INVALID_PARAMETER.with(format!(
            "\"{text}\" is no name of a class or property; name it with #[serde(rename = \"...\")]"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(class: &'static str) -> Shape {
        Shape { class, properties: Some(vec!["A".into(), "b.C".into()]) }
    }

    #[test]
    fn values_stay_values() {
        let filters = HashMap::from([
            ("Z".to_owned(), FilterValue::Unsigned(u64::MAX)),
            ("N".to_owned(), "a\"b\\c' OR 1 = 1".into()),
            ("T.X".to_owned(), true.into()),
            ("T".to_owned(), FilterValue::IsA("D")),
        ]);
        assert_eq!(
            select(&shape("C"), &filters).unwrap(),
            r#"SELECT A, b.C FROM C WHERE N = "a\"b\\c' OR 1 = 1" AND T ISA "D" AND T.X = TRUE AND Z = 18446744073709551615"#
        );
    }

    #[test]
    fn names_are_checked() {
        let filters = HashMap::from([("A = 1 OR B".to_owned(), FilterValue::Number(1))]);
        assert_eq!(select(&shape("C"), &filters).unwrap_err().status(), WBEM_E_INVALID_PARAMETER);
        assert!(select(&shape("C WHERE 1 = 1"), &HashMap::new()).is_err());
        assert!(select(&Shape { class: "C", properties: None }, &HashMap::new()).is_ok());
    }
}
