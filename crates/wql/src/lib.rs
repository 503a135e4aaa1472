//! WQL: parses queries, binds them to classes, evaluates them for instances.
//!
//! A query passes three stages, each a type: [`parse`] makes a [`Query`] of text;
//! [`BoundSelect::bind`] resolves a [`Select`] against a class and refuses what the class cannot
//! answer; [`BoundSelect::matches`] and [`cim::Projection::apply`] run once per instance. A schema
//! query is bound by [`BoundSchema::bind`] and evaluated for each class.
//!
//! No I/O, no clock, no time zone (the local offset is a parameter), no provider, no
//! repository: the properties of a bound query (predicates, slots, keys) serve the planning of
//! its execution. `ASSOCIATORS OF`, `REFERENCES OF` and the clauses of event queries are only parsed
//! here.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::sync::Arc;
//! # use cim::{Class, ClassDeclaration, CimType, Instance, PropertyDeclaration, Value};
//! # let property = |name: &str, cim: CimType| PropertyDeclaration {
//! #     name: name.into(), ty: cim.into(), default: None, qualifiers: Default::default(),
//! # };
//! # let properties = vec![property("Name", CimType::String), property("Size", CimType::UInt64)];
//! # let declaration = ClassDeclaration { name: "Disk".into(), properties, ..Default::default() };
//! # let class = Class::derive(Arc::new(declaration), None, None)?;
//! # let mut disk = Instance::new(class.clone());
//! # disk.put("Name", &Value::string("C:"))?;
//! # disk.put("Size", &Value::UInt64(5000))?;
//! let text = "SELECT Name FROM Disk WHERE Size > 1000 AND NOT Name LIKE 'D%'";
//! let wql::Query::Select(select) = wql::parse(text)? else { return Ok(()) };
//! let bound = wql::BoundSelect::bind(&select, &class, 0)?;
//! assert!(bound.matches(&disk));
//! let projection = bound.projection(false).expect("not SELECT *");
//! assert_eq!(projection.apply(disk).values(), [Value::string("C:")]);
//! # Ok(())
//! # }
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`query`] | the queries as the parser makes them |
//! | `token`, `parse` | text to query |
//! | `print` | query to text |
//! | [`error`] | a refused text, with its place |
//! | [`bind`], [`conjunct`] | a SELECT over a class |
//! | [`schema`] | a SELECT over classes |
//! | `check`, `like`, `date` | constants prepared for one type, patterns, spellings of dates |
//! | `tree` | AND, OR and NOT over leaves of any type |

#![forbid(unsafe_code)]

pub mod bind;
mod check;
pub mod conjunct;
mod date;
pub mod error;
mod like;
mod parse;
mod print;
pub mod query;
pub mod schema;
mod token;
mod tree;

pub use bind::BoundSelect;
pub use conjunct::{Conjunct, Predicate};
pub use error::ParseError;
pub use parse::{MAX_DEPTH, MAX_QUERY, class_in_from, parse};
pub use query::{
    Associators, Comparison, Constant, Expr, Group, PropertyPath, Query, References, Select,
    SelectList,
};
pub use schema::BoundSchema;
