//! Queries as the parser makes them, before their class is known.
//!
//! Names are not resolved and constants not converted; [`crate::bind`] does both. Conditions
//! have a normal form, in which a text and its printed form agree: the constant is to the right of
//! its operator, `= NULL` is `IS NULL`, no AND is directly in an AND, no OR in an OR, no NOT under a
//! NOT.

use cim::{Name, ObjectPath};
use smol_str::SmolStr;

/// A query.
#[derive(Clone, PartialEq, Debug)]
pub enum Query {
    /// `SELECT`: of instances, classes or events.
    Select(Select),
    /// `ASSOCIATORS OF`.
    Associators(Associators),
    /// `REFERENCES OF`.
    References(References),
}

/// `SELECT list FROM class`, and what may follow.
#[derive(Clone, PartialEq, Debug)]
pub struct Select {
    /// The selected properties.
    pub list: SelectList,
    /// The class in FROM.
    pub class: Name,
    /// The polling interval of an event query, in seconds.
    pub within: Option<f64>,
    /// The condition after WHERE.
    pub condition: Option<Expr>,
    /// The GROUP clause of an event query.
    pub group: Option<Group>,
}

/// The class that makes a query one over classes.
const META_CLASS: &str = "meta_class";

impl Select {
    /// Whether it asks for classes (`FROM meta_class`).
    pub fn is_schema(&self) -> bool {
        self.class.is(META_CLASS)
    }

    /// Whether it has a clause that only an event query may have.
    pub fn has_event_clause(&self) -> bool {
        self.within.is_some() || self.group.is_some()
    }
}

/// What a SELECT asks of each object.
#[derive(Clone, PartialEq, Debug)]
pub enum SelectList {
    /// `*`.
    All,
    /// These properties, in the order written.
    Properties(Vec<PropertyPath>),
}

/// A property, or one of an embedded object: `TargetInstance.Name`.
#[derive(Clone, Debug)]
pub struct PropertyPath {
    /// INVARIANT: at least one.
    names: Vec<Name>,
    offset: usize,
}

impl PropertyPath {
    /// The path of `names`, which is not empty, at `offset` bytes into the query.
    pub(crate) fn new(names: Vec<Name>, offset: usize) -> Self {
        debug_assert!(!names.is_empty());
        PropertyPath { names, offset }
    }

    /// The property of the class in FROM.
    pub fn head(&self) -> &Name {
        &self.names[0]
    }

    /// The names after the first dot.
    pub fn rest(&self) -> &[Name] {
        &self.names[1..]
    }

    /// All names.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Its offset in the query it was parsed from, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// Equal are paths of the same names; where they stood does not count.
impl PartialEq for PropertyPath {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

/// A condition.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// All of these, of which there are at least two.
    And(Vec<Expr>),
    /// Any of these, of which there are at least two.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// `property operator constant`.
    Compare {
        /// The property.
        property: PropertyPath,
        /// The operator, turned round where the constant stood left of it.
        operator: Comparison,
        /// The constant.
        constant: Constant,
    },
    /// `IS NULL`, `IS NOT NULL`, `= NULL`, `<> NULL`.
    Null {
        /// The property.
        property: PropertyPath,
        /// Whether it must be NULL, or must not.
        is_null: bool,
    },
    /// `property ISA "class"`.
    Isa {
        /// The property, or `__this`.
        property: PropertyPath,
        /// The class.
        class: Name,
    },
}

impl Expr {
    /// All of `terms` in the normal form; there is at least one.
    pub(crate) fn all(terms: Vec<Expr>) -> Expr {
        Self::joined(terms, Expr::And, |e| match e {
            Expr::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Any of `terms` in the normal form; there is at least one.
    pub(crate) fn any(terms: Vec<Expr>) -> Expr {
        Self::joined(terms, Expr::Or, |e| match e {
            Expr::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// The opposite in the normal form.
    pub(crate) fn negated(self) -> Expr {
        match self {
            Expr::Not(inner) => *inner,
            other => Expr::Not(Box::new(other)),
        }
    }

    /// The top-level terms of the conjunction that it is.
    pub fn conjuncts(&self) -> &[Expr] {
        match self {
            Expr::And(terms) => terms,
            other => std::slice::from_ref(other),
        }
    }

    fn joined(
        terms: Vec<Expr>,
        join: fn(Vec<Expr>) -> Expr,
        open: fn(Expr) -> Result<Vec<Expr>, Expr>,
    ) -> Expr {
        let mut flat = Vec::with_capacity(terms.len());
        for term in terms {
            match open(term) {
                Ok(inner) => flat.extend(inner),
                Err(other) => flat.push(other),
            }
        }
        match flat.len() {
            1 => flat.remove(0),
            _ => join(flat),
        }
    }
}

/// How a property and a constant are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>` and `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`
    Like,
}

impl Comparison {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Like => "LIKE",
        }
    }

    /// Whether it asks for an order, not for equality or a pattern.
    pub fn is_order(self) -> bool {
        use Comparison::*;
        matches!(self, Less | LessOrEqual | Greater | GreaterOrEqual)
    }

    /// The operator that says the same with its sides exchanged.
    pub(crate) fn turned(self) -> Self {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

/// A constant as it was written; NULL is no constant but a test of its own.
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    /// A whole number of 64 bits, signed or not.
    Integer(i128),
    /// A number with a point or an exponent, finite.
    Real(f64),
    /// A text in quotes, its escapes resolved.
    Text(SmolStr),
    /// TRUE or FALSE.
    Boolean(bool),
}

/// `GROUP WITHIN within [BY by] [HAVING having]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// How long a group is gathered, in seconds from its first event.
    pub within: f64,
    /// The properties whose values distinguish groups; may be empty.
    pub by: Vec<PropertyPath>,
    /// The condition on the aggregate event (`NumberOfEvents > 5`).
    pub having: Option<Expr>,
}

/// `ASSOCIATORS OF {source} WHERE ...`: the endpoints linked with the source.
#[derive(Clone, PartialEq, Debug)]
pub struct Associators {
    /// The object the links start from.
    pub source: ObjectPath,
    /// AssocClass: the association is of this class or derived from it.
    pub assoc_class: Option<Name>,
    /// ResultClass: the endpoint is of this class or derived from it.
    pub result_class: Option<Name>,
    /// ResultRole: the property of the association that holds the endpoint.
    pub result_role: Option<Name>,
    /// Role: the property of the association that holds the source.
    pub role: Option<Name>,
    /// RequiredQualifier: a qualifier that the endpoint has.
    pub required_qualifier: Option<Name>,
    /// RequiredAssocQualifier: a qualifier that the association's class has.
    pub required_assoc_qualifier: Option<Name>,
    /// ClassDefsOnly: the classes of the endpoints in their place.
    pub class_defs_only: bool,
    /// SchemaOnly: the classes that could be endpoints.
    pub schema_only: bool,
    /// KeysOnly: only the keys need be filled.
    pub keys_only: bool,
}

/// `REFERENCES OF {source} WHERE ...`: the associations that refer to the source.
#[derive(Clone, PartialEq, Debug)]
pub struct References {
    /// The object referred to.
    pub source: ObjectPath,
    /// ResultClass: the association is of this class or derived from it.
    pub result_class: Option<Name>,
    /// Role: the property of the association that holds the source.
    pub role: Option<Name>,
    /// RequiredQualifier: a qualifier that the association has.
    pub required_qualifier: Option<Name>,
    /// ClassDefsOnly: the classes of the associations in their place.
    pub class_defs_only: bool,
    /// SchemaOnly: the classes that could refer.
    pub schema_only: bool,
    /// KeysOnly: only the keys need be filled.
    pub keys_only: bool,
}
