//! Conditions: NOT before AND before OR, parentheses, and the tests they join.
//!
//! Only parentheses recurse, [`MAX_DEPTH`] deep.

use cim::status::WBEM_E_QUOTA_VIOLATION;

use super::{MAX_DEPTH, Parsed, Parser};
use crate::query::{Comparison, Constant, Expr, PropertyPath};
use crate::token::Kind;

const OPERATORS: &str = "= <> < <= > >= LIKE, IS or ISA";

/// The operand of an operator other than the property.
enum Operand {
    Null,
    Constant(Constant),
}

impl Parser<'_> {
    /// What follows WHERE or HAVING.
    pub(super) fn condition(&mut self) -> Parsed<Expr> {
        let mut terms = vec![self.conjunction()?];
        while self.eat("OR")? {
            terms.push(self.conjunction()?);
        }
        Ok(Expr::any(terms))
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let mut terms = vec![self.negation()?];
        while self.eat("AND")? {
            terms.push(self.negation()?);
        }
        Ok(Expr::all(terms))
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let mut negated = false;
        while self.eat("NOT")? {
            negated = !negated;
        }
        let term = self.term()?;
        Ok(if negated { term.negated() } else { term })
    }

    fn term(&mut self) -> Parsed<Expr> {
        match self.token.kind {
            Kind::Symbol('(') => self.parenthesized(),
            Kind::Word(_) if self.at_property() => self.test(),
            _ => self.turned_test(),
        }
    }

    fn parenthesized(&mut self) -> Parsed<Expr> {
        if self.depth == MAX_DEPTH {
            let message = format!("parentheses nest at most {MAX_DEPTH} deep");
            return Err(self.error(WBEM_E_QUOTA_VIOLATION, message));
        }
        self.advance()?;
        self.depth += 1;
        let inner = self.condition()?;
        self.depth -= 1;
        if !self.eat_symbol(')')? {
            return Err(self.expected("AND, OR or a closing parenthesis"));
        }
        Ok(inner)
    }

    /// `property operator constant`, `property IS [NOT] NULL`, `property ISA class`.
    fn test(&mut self) -> Parsed<Expr> {
        let property = self.property("a property")?;
        if self.eat("IS")? {
            let is_null = !self.eat("NOT")?;
            if !self.eat("NULL")? {
                return Err(self.expected("NULL; IS and IS NOT accept nothing else"));
            }
            return Ok(Expr::Null { property, is_null });
        }
        if self.eat("ISA")? {
            return self.isa(property);
        }
        let operator = self.operator().ok_or_else(|| match self.at("NOT") {
            true => self.expected("an operator (NOT precedes the property)"),
            false => self.expected(OPERATORS),
        })?;
        self.advance()?;
        match self.null_operand(operator)? {
            Operand::Null => Ok(null_test(property, operator)),
            Operand::Constant(constant) => Ok(Expr::Compare { property, operator, constant }),
        }
    }

    fn isa(&mut self, property: PropertyPath) -> Parsed<Expr> {
        let class = match &self.token.kind {
            Kind::Text(text) => text.clone().into(),
            _ => return Ok(Expr::Isa { property, class: self.name("the name of a class")? }),
        };
        self.advance()?;
        Ok(Expr::Isa { property, class })
    }

    /// `constant operator property`.
    fn turned_test(&mut self) -> Parsed<Expr> {
        let left = self.operand("a property, a constant, NOT or a parenthesis")?;
        let operator = match self.operator() {
            Some(Comparison::Like) | None => return Err(self.expected("= <> < <= > or >=")),
            Some(operator) => operator,
        };
        if matches!(left, Operand::Null) && operator.is_order() {
            return Err(self.expected("= or <>, the operators for NULL"));
        }
        self.advance()?;
        let property = self.property("a property, because the other side is a constant")?;
        Ok(match left {
            Operand::Null => null_test(property, operator),
            Operand::Constant(constant) => {
                Expr::Compare { property, operator: operator.turned(), constant }
            }
        })
    }

    /// The operand right of `operator`; NULL only where it is allowed.
    fn null_operand(&mut self, operator: Comparison) -> Parsed<Operand> {
        if self.at("NULL") && !matches!(operator, Comparison::Equal | Comparison::NotEqual) {
            let what =
                format!("a constant, because NULL cannot be compared with {}", operator.symbol());
            return Err(self.expected(&what));
        }
        self.operand("a constant (a number, a text in quotes, TRUE, FALSE or NULL)")
    }

    fn operand(&mut self, what: &str) -> Parsed<Operand> {
        let constant = match &self.token.kind {
            Kind::Integer(n) => Constant::Integer(*n),
            Kind::Real(v) => Constant::Real(*v),
            Kind::Text(text) => Constant::Text(text.clone()),
            _ if self.at("TRUE") => Constant::Boolean(true),
            _ if self.at("FALSE") => Constant::Boolean(false),
            _ if self.at("NULL") => {
                self.advance()?;
                return Ok(Operand::Null);
            }
            _ => return Err(self.expected(what)),
        };
        self.advance()?;
        Ok(Operand::Constant(constant))
    }

    /// Whether the token is a word that is no constant; a keyword among them is refused where
    /// the property is read.
    fn at_property(&self) -> bool {
        !["TRUE", "FALSE", "NULL"].iter().any(|k| self.at(k))
    }
}

fn null_test(property: PropertyPath, operator: Comparison) -> Expr {
    Expr::Null { property, is_null: operator == Comparison::Equal }
}
