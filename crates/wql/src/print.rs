//! Query to text that parses to an equal query.
//!
//! Keywords in capitals, one space between tokens, texts in double quotes, parentheses only
//! where the order of AND, OR and NOT asks for them. The text may be longer than the one that
//! was parsed, and so longer than [`crate::MAX_QUERY`].

use std::fmt;

use cim::Name;
use cim::path::Quoted;

use crate::query::{
    Associators, Constant, Expr, Group, PropertyPath, Query, References, Select, SelectList,
};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::Select(query) => query.fmt(f),
            Query::Associators(query) => query.fmt(f),
            Query::References(query) => query.fmt(f),
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM {}", self.list, self.class)?;
        if let Some(within) = self.within {
            f.write_str(" WITHIN ")?;
            seconds(f, within)?;
        }
        if let Some(condition) = &self.condition {
            write!(f, " WHERE {condition}")?;
        }
        self.group.as_ref().map_or(Ok(()), |group| write!(f, " {group}"))
    }
}

impl fmt::Display for SelectList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelectList::All => f.write_str("*"),
            SelectList::Properties(properties) => separated(f, properties, ", "),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GROUP WITHIN ")?;
        seconds(f, self.within)?;
        if !self.by.is_empty() {
            f.write_str(" BY ")?;
            separated(f, &self.by, ", ")?;
        }
        self.having.as_ref().map_or(Ok(()), |having| write!(f, " HAVING {having}"))
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, self.names(), ".")
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::And(terms) => joined(f, terms, " AND ", |e| matches!(e, Expr::Or(_))),
            Expr::Or(terms) => joined(f, terms, " OR ", |_| false),
            Expr::Not(inner) if matches!(**inner, Expr::And(_) | Expr::Or(_)) => {
                write!(f, "NOT ({inner})")
            }
            Expr::Not(inner) => write!(f, "NOT {inner}"),
            Expr::Compare { property, operator, constant } => {
                write!(f, "{property} {} {constant}", operator.symbol())
            }
            Expr::Null { property, is_null: true } => write!(f, "{property} IS NULL"),
            Expr::Null { property, is_null: false } => write!(f, "{property} IS NOT NULL"),
            Expr::Isa { property, class } => {
                write!(f, "{property} ISA ")?;
                Quoted(class.as_str()).fmt(f)
            }
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Integer(n) => write!(f, "{n}"),
            // The shortest text that is the same number, and always with a point or exponent.
            Constant::Real(v) => write!(f, "{v:?}"),
            Constant::Text(text) => Quoted(text).fmt(f),
            Constant::Boolean(true) => f.write_str("TRUE"),
            Constant::Boolean(false) => f.write_str("FALSE"),
        }
    }
}

impl fmt::Display for Associators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ASSOCIATORS OF {{{}}}", self.source)?;
        let values = [
            ("AssocClass", &self.assoc_class),
            ("ResultClass", &self.result_class),
            ("ResultRole", &self.result_role),
            ("Role", &self.role),
            ("RequiredQualifier", &self.required_qualifier),
            ("RequiredAssocQualifier", &self.required_assoc_qualifier),
        ];
        clause(f, &values, [self.class_defs_only, self.schema_only, self.keys_only])
    }
}

impl fmt::Display for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "REFERENCES OF {{{}}}", self.source)?;
        let values = [
            ("ResultClass", &self.result_class),
            ("Role", &self.role),
            ("RequiredQualifier", &self.required_qualifier),
        ];
        clause(f, &values, [self.class_defs_only, self.schema_only, self.keys_only])
    }
}

/// The WHERE clause of an association query; nothing where it says nothing.
fn clause(
    f: &mut fmt::Formatter<'_>,
    values: &[(&str, &Option<Name>)],
    flags: [bool; 3],
) -> fmt::Result {
    let mut before = " WHERE ";
    for (keyword, value) in values {
        if let Some(value) = value {
            write!(f, "{before}{keyword} = {value}")?;
            before = " ";
        }
    }
    for (keyword, set) in ["ClassDefsOnly", "SchemaOnly", "KeysOnly"].into_iter().zip(flags) {
        if set {
            write!(f, "{before}{keyword}")?;
            before = " ";
        }
    }
    Ok(())
}

/// Seconds; a whole number without a point, if it is small enough.
fn seconds(f: &mut fmt::Formatter<'_>, seconds: f64) -> fmt::Result {
    match seconds.fract() == 0.0 && seconds < 1e15 {
        true => write!(f, "{}", seconds as u64),
        false => write!(f, "{seconds:?}"),
    }
}

fn separated(
    f: &mut fmt::Formatter<'_>,
    items: &[impl fmt::Display],
    separator: &str,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    terms: &[Expr],
    operator: &str,
    needs_parentheses: impl Fn(&Expr) -> bool,
) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            f.write_str(operator)?;
        }
        match needs_parentheses(term) {
            true => write!(f, "({term})")?,
            false => write!(f, "{term}")?,
        }
    }
    Ok(())
}
