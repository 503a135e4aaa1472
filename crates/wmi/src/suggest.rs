//! "Did you mean": the nearest existing name, looked up only after an operation failed.
//!
//! Input is the names that a request mentions and the class and property names that
//! `wbem::Services` returns; output is a suggestion for the error message. For options and commands
//! clap makes its own suggestions.

use std::ops::Range;

use cim::status::*;
use cim::{Class, Name, SystemProperty, WbemStatus};
use wql::{Expr, PropertyPath, Query, SelectList};

use crate::target::Target;

/// The names that a request mentions.
#[derive(Clone, Debug)]
pub(crate) struct Mentioned {
    class: Name,
    properties: Vec<Mention>,
}

/// A property that is mentioned.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    name: Name,
    /// Its offset in a query, in bytes.
    offset: Option<usize>,
}

impl Mention {
    fn of(path: &PropertyPath) -> Self {
        Mention { name: path.head().clone(), offset: Some(path.offset()) }
    }

    /// Its range in its query, in bytes.
    pub(crate) fn place(&self) -> Option<Range<usize>> {
        self.offset.map(|start| start..start + self.name.as_str().len())
    }
}

impl Mentioned {
    /// A class, and properties of it.
    pub(crate) fn new(class: Name, properties: impl IntoIterator<Item = Name>) -> Self {
        let mention = |name| Mention { name, offset: None };
        Mentioned { class, properties: properties.into_iter().map(mention).collect() }
    }

    /// What `query` mentions; `None` where it names no one class.
    pub(crate) fn in_query(query: &Query) -> Option<Self> {
        let Query::Select(select) = query else { return None };
        let mut properties = Vec::new();
        if let SelectList::Properties(list) = &select.list {
            properties.extend(list.iter().map(Mention::of));
        }
        if let Some(condition) = &select.condition {
            visit(condition, &mut properties);
        }
        Some(Mentioned { class: select.class.clone(), properties })
    }

    /// The existing name nearest to the one that does not exist.
    pub(crate) fn suggestion(&self, status: WbemStatus, target: &Target) -> Option<String> {
        let is_about_names = matches!(
            status,
            WBEM_E_INVALID_CLASS
                | WBEM_E_NOT_FOUND
                | WBEM_E_INVALID_QUERY
                | WBEM_E_INVALID_PROPERTY
                | WBEM_E_INVALID_OBJECT_PATH
        );
        if !is_about_names {
            return None;
        }
        let Ok(class) = target.class(self.class.as_str()) else {
            let names = target.class_names().ok()?;
            return nearest(self.class.as_str(), names.iter().map(Name::as_str));
        };
        let wrong = self.unknown(&class)?;
        nearest(wrong.name.as_str(), class.properties().iter().map(|p| p.name.as_str()))
    }

    /// The first property that the class lacks, where `status` may be about one.
    pub(crate) fn unknown_property(&self, status: WbemStatus, target: &Target) -> Option<&Mention> {
        match status {
            WBEM_E_INVALID_QUERY => self.unknown(&*target.class(self.class.as_str()).ok()?),
            _ => None,
        }
    }

    fn unknown(&self, class: &Class) -> Option<&Mention> {
        self.properties.iter().find(|Mention { name, .. }| {
            class.slot(name.as_str()).is_none()
                && SystemProperty::from_name(name.as_str()).is_none()
        })
    }
}

/// The properties that a condition compares. The parser bounds its depth.
fn visit(condition: &Expr, properties: &mut Vec<Mention>) {
    match condition {
        Expr::And(terms) | Expr::Or(terms) => terms.iter().for_each(|e| visit(e, properties)),
        Expr::Not(inner) => visit(inner, properties),
        Expr::Compare { property, .. }
        | Expr::Null { property, .. }
        | Expr::Isa { property, .. } => properties.push(Mention::of(property)),
    }
}

/// The one of `names` with the smallest edit distance from `wanted`, if that is small.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted = cim::name::fold(wanted);
    let length = wanted.chars().count();
    let limit = (length / 3).max(1);
    let measured = names.filter_map(|name| {
        let folded = cim::name::fold(name);
        let is_near = length.abs_diff(folded.chars().count()) <= limit;
        let distance = is_near.then(|| strsim::osa_distance(&wanted, &folded))?;
        (distance <= limit).then_some((distance, name))
    });
    measured.min().map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_if_it_is_near() {
        let names = ["Win32_Process", "Win32_Fan", "Win32_LogicalDisk", "CIM_Process"];
        for (wanted, expected) in [
            ("Win32_Foo", Some("Win32_Fan")),
            ("win32_porcess", Some("Win32_Process")),
            ("Win32_Proces", Some("Win32_Process")),
            ("LogicalDisk", None),
            ("Zebra", None),
        ] {
            assert_eq!(nearest(wanted, names.into_iter()).as_deref(), expected, "{wanted}");
        }
    }

    #[test]
    fn a_query_mentions_its_class_and_properties() {
        let query =
            wql::parse("SELECT A, B.C FROM X WHERE NOT (D = 1 OR E IS NULL) AND F LIKE 'a%'");
        let mentioned = Mentioned::in_query(&query.unwrap()).unwrap();
        assert_eq!(mentioned.class, "x");
        let names: Vec<&str> = mentioned.properties.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "D", "E", "F"]);
    }
}
