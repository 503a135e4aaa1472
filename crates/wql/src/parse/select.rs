//! SELECT: the list, FROM, and the clauses of event queries.
//!
//! `SELECT list FROM class [WITHIN n] [WHERE condition] [GROUP WITHIN n [BY list] [HAVING
//! condition]]`. Whether a query with WITHIN or GROUP is asked for events is the caller's to
//! know.

use cim::status::{
    WBEM_E_INVALID_QUERY, WBEM_E_MISSING_AGGREGATION_LIST, WBEM_E_MISSING_GROUP_WITHIN,
};

use super::{Parsed, Parser};
use crate::error::ParseError;
use crate::query::{Group, PropertyPath, Select, SelectList};
use crate::token::Kind;

impl Parser<'_> {
    /// What follows SELECT.
    pub(super) fn select(&mut self) -> Parsed<Select> {
        let list = match self.eat_symbol('*')? {
            true => SelectList::All,
            false => SelectList::Properties(self.properties("* or a property")?),
        };
        self.may_follow = "WITHIN, WHERE, GROUP or the end of the query";
        self.expect("FROM")?;
        let class = self.name("the name of a class")?;
        let mut select = Select { list, class, within: None, condition: None, group: None };
        self.check_schema_list(&select)?;
        self.check_schema_clause(&select)?;
        if self.eat("WITHIN")? {
            select.within = Some(self.seconds()?);
            self.may_follow = "WHERE, GROUP or the end of the query";
        }
        if self.eat("WHERE")? {
            select.condition = Some(self.condition()?);
            self.may_follow = "AND, OR, GROUP or the end of the query";
        }
        self.check_schema_clause(&select)?;
        if self.eat("GROUP")? {
            select.group = Some(self.group()?);
        }
        Ok(select)
    }

    /// A query over classes takes whole classes only.
    fn check_schema_list(&self, select: &Select) -> Parsed<()> {
        match &select.list {
            SelectList::Properties(list) if select.is_schema() => {
                let place = list[0].offset()..list[0].offset() + list[0].head().as_str().len();
                let message = "a query over meta_class selects *, no properties";
                Err(ParseError::new(WBEM_E_INVALID_QUERY, message, self.lexer.text(), place))
            }
            _ => Ok(()),
        }
    }

    /// A query over classes is no event query.
    fn check_schema_clause(&self, select: &Select) -> Parsed<()> {
        if select.is_schema() && (self.at("WITHIN") || self.at("GROUP")) {
            let message = "a query over meta_class takes neither WITHIN nor GROUP";
            return Err(self.error(WBEM_E_INVALID_QUERY, message));
        }
        Ok(())
    }

    /// What follows GROUP.
    fn group(&mut self) -> Parsed<Group> {
        if !self.eat("WITHIN")? {
            return Err(self.error(WBEM_E_MISSING_GROUP_WITHIN, "expected WITHIN after GROUP"));
        }
        let within = self.seconds()?;
        self.may_follow = "BY, HAVING or the end of the query";
        let mut group = Group { within, by: Vec::new(), having: None };
        if self.eat("BY")? {
            group.by = self.by_list()?;
            self.may_follow = "a comma, HAVING or the end of the query";
        }
        if self.eat("HAVING")? {
            group.having = Some(self.condition()?);
            self.may_follow = "AND, OR or the end of the query";
        }
        Ok(group)
    }

    fn by_list(&mut self) -> Parsed<Vec<PropertyPath>> {
        if self.token.kind == Kind::End || self.at("HAVING") {
            let message = "expected a property after BY";
            return Err(self.error(WBEM_E_MISSING_AGGREGATION_LIST, message));
        }
        self.properties("a property after BY")
    }

    /// A number of seconds, not negative.
    fn seconds(&mut self) -> Parsed<f64> {
        let seconds = match self.token.kind {
            Kind::Integer(n) => n as f64,
            Kind::Real(v) => v,
            _ => -1.0,
        };
        if seconds < 0.0 {
            return Err(self.expected("a number of seconds"));
        }
        self.advance()?;
        Ok(seconds)
    }
}
