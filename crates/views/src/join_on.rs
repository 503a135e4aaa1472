//! JoinOn: the conditions that connect the sources of a join.
//!
//! Parses the text, and checks the properties of the view against the conditions. WQL has no
//! comparison of two properties; the language of JoinOn has: `A.P = B.Q`, `<>` or `!=`, and AND
//! between several.

use cim::{Name, Result};

use crate::definition::Definition;

/// The maximum number of conditions of a join.
const MOST_CONDITIONS: usize = 256;

/// A condition of a join.
#[derive(Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) left: Side,
    pub(crate) right: Side,
    /// Whether the two must be equal; otherwise they must differ.
    pub(crate) is_equal: bool,
}

/// A property of a source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Side {
    /// Which of the view's sources.
    pub(crate) source: usize,
    pub(crate) property: Name,
}

/// The conditions in `text` over sources that select from `classes`.
/// Errors: the mistake in it.
pub(crate) fn parse(text: &str, classes: &[&Name]) -> std::result::Result<Vec<Condition>, String> {
    let mut words = words(text)?.into_iter();
    let mut conditions = Vec::new();
    loop {
        let left = side(&mut words, classes)?;
        let is_equal = match words.next().as_deref() {
            Some("=") => true,
            Some("<>" | "!=") => false,
            other => return Err(expected("= or <>", other)),
        };
        let right = side(&mut words, classes)?;
        if left.source == right.source {
            return Err("a condition is about two different sources".to_owned());
        }
        conditions.push(Condition { left, right, is_equal });
        if conditions.len() > MOST_CONDITIONS {
            return Err(format!("there are more than {MOST_CONDITIONS} conditions"));
        }
        match words.next() {
            None => return Ok(conditions),
            Some(word) if word.eq_ignore_ascii_case("and") => {}
            other => return Err(expected("AND", other.as_deref())),
        }
    }
}

fn expected(what: &str, found: Option<&str>) -> String {
    format!("{what} is expected, not {}", found.unwrap_or("the end"))
}

fn side(
    words: &mut impl Iterator<Item = String>,
    classes: &[&Name],
) -> std::result::Result<Side, String> {
    let class = name(words, "a class")?;
    let mut sources = (0..classes.len()).filter(|&i| *classes[i] == class);
    let source = sources.next().ok_or_else(|| format!("no source selects from {class}"))?;
    if sources.next().is_some() {
        return Err(format!("several sources select from {class}, so the name is ambiguous"));
    }
    match words.next().as_deref() {
        Some(".") => Ok(Side { source, property: name(words, "a property")? }),
        other => Err(expected("a dot", other)),
    }
}

fn name(words: &mut impl Iterator<Item = String>, what: &str) -> std::result::Result<Name, String> {
    match words.next() {
        Some(word) if Name::is_identifier(&word) => Ok(word.into()),
        other => Err(expected(what, other.as_deref())),
    }
}

/// Names, dots and operators.
fn words(text: &str) -> std::result::Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '.' | '=' => 1,
            _ if rest.starts_with("<>") || rest.starts_with("!=") => 2,
            _ => rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()),
        };
        if length == 0 {
            return Err(format!("{first} has no meaning there"));
        }
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

/// Checks the view's properties against the conditions: properties that are equal are one property
/// of the view, others are not, and every source is joined to the others.
/// Errors: `WBEM_E_INVALID_QUALIFIER`.
pub(crate) fn check(view: &Definition, conditions: &[Condition]) -> Result<()> {
    check_connected(view, conditions)?;
    for (property, mapping) in view.class.properties().iter().zip(&view.properties) {
        let mapped: Vec<Side> = mapping
            .names
            .iter()
            .enumerate()
            .filter_map(|(source, name)| Some(Side { source, property: name.clone()? }))
            .collect();
        let Some((first, others)) = mapped.split_first() else { continue };
        let equal = equal_to(first, conditions);
        if let Some(other) = others.iter().find(|other| !equal.contains(other)) {
            return Err(view.wrong(format!(
                "property {} comes from {} and {}, which JoinOn does not make equal",
                property.name, first.property, other.property
            )));
        }
        if others.is_empty() && equal.len() > 1 {
            return Err(view.wrong(format!(
                "property {} comes from {}, which JoinOn makes equal to a property of another \
                 source: name both in its PropertySources",
                property.name, first.property
            )));
        }
    }
    Ok(())
}

/// The sides that the conditions make equal to `side`, itself first.
fn equal_to(side: &Side, conditions: &[Condition]) -> Vec<Side> {
    let mut equal = vec![side.clone()];
    let mut at = 0;
    while at < equal.len() {
        for condition in conditions.iter().filter(|c| c.is_equal) {
            let Condition { left, right, .. } = condition;
            for (this, other) in [(left, right), (right, left)] {
                if *this == equal[at] && !equal.contains(other) {
                    equal.push(other.clone());
                }
            }
        }
        at += 1;
    }
    equal
}

fn check_connected(view: &Definition, conditions: &[Condition]) -> Result<()> {
    let mut reached = vec![0];
    let mut at = 0;
    while at < reached.len() {
        for Condition { left, right, .. } in conditions {
            for (this, other) in [(left, right), (right, left)] {
                if this.source == reached[at] && !reached.contains(&other.source) {
                    reached.push(other.source);
                }
            }
        }
        at += 1;
    }
    match (0..view.sources.len()).find(|source| !reached.contains(source)) {
        None => Ok(()),
        Some(apart) => Err(view.wrong(format!(
            "JoinOn does not connect {}, the class of source {}, with the first",
            view.sources[apart].query.class,
            apart + 1
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> std::result::Result<Vec<Condition>, String> {
        let names = [Name::from("A"), Name::from("B"), Name::from("C"), Name::from("C")];
        parse(text, &names.iter().collect::<Vec<_>>())
    }

    #[test]
    fn b8_join_on_compares_properties_of_two_sources() {
        let side = |source, property: &str| Side { source, property: property.into() };
        let condition = |is_equal| Condition { left: side(0, "p"), right: side(1, "q"), is_equal };
        assert_eq!(parsed("A.p = B.q"), Ok(vec![condition(true)]));
        assert_eq!(parsed("a . P\n<>\tb.Q"), Ok(vec![condition(false)]));
        assert_eq!(parsed("A.p=B.q AND A.p!=B.q"), Ok(vec![condition(true), condition(false)]));
    }

    #[test]
    fn b8_join_on_says_what_is_wrong() {
        for (text, message) in [
            ("", "a class is expected, not the end"),
            ("A.p", "= or <> is expected, not the end"),
            ("A.p < B.q", "< has no meaning there"),
            ("A = B", "a dot is expected, not ="),
            ("A.p = X.q", "no source selects from X"),
            ("A.p = C.q", "several sources select from C"),
            ("A.p = A.q", "two different sources"),
            ("A.p = B.q OR A.p = B.r", "AND is expected, not OR"),
            ("A.p = B.", "a property is expected, not the end"),
        ] {
            let found = parsed(text).unwrap_err();
            assert!(found.contains(message), "{text}: {found}");
        }
    }
}
