//! WQL: text to query, query to class, instances in or out.
//!
//! A query passes three stages, each a type: [`parse`] makes a [`Query`] of text;
//! [`BoundSelect::bind`] resolves a [`Select`] against a class and refuses what the class cannot
//! answer; [`BoundSelect::matches`] and [`Projection::apply`] run once an instance. A schema
//! query is bound by [`BoundSchema::bind`] and asked class by class.
//!
//! No I/O, no clock, no time zone (the local offset is a parameter), no provider, no
//! repository: what a bound query tells of itself (predicates, slots, keys) is for those who
//! plan its execution. `ASSOCIATORS OF` and `REFERENCES OF` are parsed here and walked
//! elsewhere; so are the clauses of event queries.
//!
//! | module | what |
//! |---|---|
//! | [`query`] | the queries as the parser makes them |
//! | `token`, `parse` | text to query |
//! | `print` | query to text |
//! | [`error`] | a refused text, with its place |
//! | [`bind`], [`conjunct`], [`projection`] | a SELECT over a class |
//! | [`schema`] | a SELECT over classes |
//! | `check`, `like`, `date` | a constant made ready for one type, patterns, spellings of dates |
//! | `tree` | AND, OR and NOT over whatever stands at the leaves |

#![forbid(unsafe_code)]

pub mod bind;
mod check;
pub mod conjunct;
mod date;
pub mod error;
mod like;
mod parse;
mod print;
pub mod projection;
pub mod query;
pub mod schema;
mod token;
mod tree;

pub use bind::BoundSelect;
pub use conjunct::{Conjunct, Predicate};
pub use error::ParseError;
pub use parse::{MAX_DEPTH, MAX_QUERY, parse};
pub use projection::Projection;
pub use query::{
    Associators, Comparison, Constant, Expr, Group, PropertyPath, Query, References, Select,
    SelectList,
};
pub use schema::BoundSchema;
