//! ASSOCIATORS OF and REFERENCES OF.
//!
//! WHERE is followed by keywords separated by white space, each at most once, in any order;
//! `=` is the only operator and its value is a name, bare or in quotes (behaviour.md E.2, E.3).

use cim::status::{WBEM_E_INVALID_QUERY, WBEM_E_QUOTA_VIOLATION};
use cim::{Name, ObjectPath};

use super::{Parsed, Parser};
use crate::error::ParseError;
use crate::query::{Associators, Comparison, References};
use crate::token::Kind;

/// The keywords that take a value.
const VALUED: [&str; 6] = [
    "AssocClass",
    "ResultClass",
    "ResultRole",
    "Role",
    "RequiredQualifier",
    "RequiredAssocQualifier",
];
/// Which of them are for ASSOCIATORS OF alone.
const ASSOCIATORS_ONLY: [usize; 3] = [0, 2, 5];
const RESULT_CLASS: usize = 1;

/// The keywords without a value.
const FLAGS: [&str; 3] = ["ClassDefsOnly", "SchemaOnly", "KeysOnly"];
const CLASS_DEFS_ONLY: usize = 0;
const SCHEMA_ONLY: usize = 1;

const TWICE: &str = "each keyword can be used only once";
const EXCLUSIVE: &str = "ClassDefsOnly cannot be combined with ResultClass or SchemaOnly";
const NO_AND: &str = "keywords are separated by white space, without AND or OR";

/// The clause after WHERE, by the places of [`VALUED`] and [`FLAGS`].
#[derive(Default)]
struct Clause {
    values: [Option<Name>; VALUED.len()],
    flags: [bool; FLAGS.len()],
}

impl Clause {
    /// Whether this keyword cannot be combined with those read before.
    fn excludes(&self, valued: Option<usize>, flag: Option<usize>) -> bool {
        let defs = self.flags[CLASS_DEFS_ONLY];
        match (valued, flag) {
            (Some(RESULT_CLASS), _) | (_, Some(SCHEMA_ONLY)) => defs,
            (_, Some(CLASS_DEFS_ONLY)) => {
                self.values[RESULT_CLASS].is_some() || self.flags[SCHEMA_ONLY]
            }
            _ => false,
        }
    }
}

impl Parser<'_> {
    /// What follows ASSOCIATORS.
    pub(super) fn associators(&mut self) -> Parsed<Associators> {
        let source = self.source()?;
        let clause = self.clause(&[])?;
        let [assoc_class, result_class, result_role, role, required_qualifier, assoc_qualifier] =
            clause.values;
        let [class_defs_only, schema_only, keys_only] = clause.flags;
        Ok(Associators {
            source,
            assoc_class,
            result_class,
            result_role,
            role,
            required_qualifier,
            required_assoc_qualifier: assoc_qualifier,
            class_defs_only,
            schema_only,
            keys_only,
        })
    }

    /// What follows REFERENCES.
    pub(super) fn references(&mut self) -> Parsed<References> {
        let source = self.source()?;
        let clause = self.clause(&ASSOCIATORS_ONLY)?;
        let [_, result_class, _, role, required_qualifier, _] = clause.values;
        let [class_defs_only, schema_only, keys_only] = clause.flags;
        Ok(References {
            source,
            result_class,
            role,
            required_qualifier,
            class_defs_only,
            schema_only,
            keys_only,
        })
    }

    fn source(&mut self) -> Parsed<ObjectPath> {
        self.expect("OF")?;
        if self.token.kind != Kind::Symbol('{') {
            return Err(self.expected("{ and an object path"));
        }
        let (text, place) = match self.lexer.path() {
            Ok(found) => found,
            Err(bad) => return Err(self.bad_token(bad)),
        };
        // The current brace is consumed with the path.
        self.advance()?;
        self.may_follow = "WHERE or the end of the query";
        text.trim().parse().map_err(|e: cim::Error| {
            let status = match e.status() {
                WBEM_E_QUOTA_VIOLATION => WBEM_E_QUOTA_VIOLATION,
                _ => WBEM_E_INVALID_QUERY,
            };
            ParseError::new(status, e.message(), self.lexer.text(), place)
        })
    }

    fn clause(&mut self, refused: &[usize]) -> Parsed<Clause> {
        let mut clause = Clause::default();
        if !self.eat("WHERE")? {
            return Ok(clause);
        }
        self.may_follow = "a keyword with only white space before it, or the end of the query";
        self.item(&mut clause, refused)?;
        while matches!(self.token.kind, Kind::Word(_)) {
            self.item(&mut clause, refused)?;
        }
        Ok(clause)
    }

    /// One keyword and its value.
    fn item(&mut self, clause: &mut Clause, refused: &[usize]) -> Parsed<()> {
        let position = |list: &[&str]| list.iter().position(|keyword| self.at(keyword));
        let valued = position(&VALUED).filter(|i| !refused.contains(i));
        let flag = position(&FLAGS);
        let repeated = valued.is_some_and(|i| clause.values[i].is_some())
            || flag.is_some_and(|i| clause.flags[i]);
        if repeated {
            return Err(self.error(WBEM_E_INVALID_QUERY, TWICE));
        }
        if clause.excludes(valued, flag) {
            return Err(self.error(WBEM_E_INVALID_QUERY, EXCLUSIVE));
        }
        match (valued, flag) {
            (Some(i), _) => {
                self.advance()?;
                clause.values[i] = Some(self.value()?);
            }
            (_, Some(i)) => {
                self.advance()?;
                clause.flags[i] = true;
            }
            _ if self.at("AND") || self.at("OR") => {
                return Err(self.error(WBEM_E_INVALID_QUERY, NO_AND));
            }
            _ => {
                let valued = VALUED.iter().enumerate().filter(|(i, _)| !refused.contains(i));
                let known: Vec<_> = valued.map(|(_, k)| *k).chain(FLAGS).collect();
                return Err(self.expected(&format!("one of {}", known.join(", "))));
            }
        }
        Ok(())
    }

    /// `= name`.
    fn value(&mut self) -> Parsed<Name> {
        if self.token.kind != Kind::Operator(Comparison::Equal) {
            return Err(self.expected("="));
        }
        self.advance()?;
        match &self.token.kind {
            Kind::Text(text) if Name::is_identifier(text) => {
                let name = Name::from(text.as_str());
                self.advance()?;
                Ok(name)
            }
            // A keyword is a name here: nothing else can follow `=`.
            Kind::Word(word) => {
                let name = Name::from(*word);
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.expected("a name, bare or in quotes")),
        }
    }
}
