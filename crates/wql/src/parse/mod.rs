//! Text to [`Query`], by recursive descent.
//!
//! The grammar is that of behaviour.md G.10, D.7 and E.2, keywords in any case (rulings I-19,
//! I-20). The first wrong token ends the parse; the error names it, its place and what could
//! have stood there. Nothing is looked up: a query over a class that does not exist parses.
//!
//! `mod.rs` has what all statements share; `select` and `condition` read SELECT,
//! `association` reads ASSOCIATORS OF and REFERENCES OF.

mod association;
mod condition;
mod select;

use cim::status::{WBEM_E_INVALID_QUERY, WBEM_E_QUOTA_VIOLATION};
use cim::{Name, WbemStatus};

use crate::error::ParseError;
use crate::query::{Comparison, PropertyPath, Query};
use crate::token::{BadToken, Kind, Lexer, Token};

/// The longest query, in characters (behaviour.md F.2a).
pub const MAX_QUERY: usize = 16384;
/// The maximum depth of parentheses, and of embedded objects around a property. The length
/// bounds all else: no query has more than some 2,700 comparisons.
pub const MAX_DEPTH: usize = 128;

/// Words that cannot name a property or a class (behaviour.md G.10).
const KEYWORDS: [&str; 20] = [
    "AND",
    "ASSOCIATORS",
    "BY",
    "FALSE",
    "FROM",
    "GROUP",
    "HAVING",
    "IS",
    "ISA",
    "KEYSONLY",
    "LIKE",
    "NOT",
    "NULL",
    "OF",
    "OR",
    "REFERENCES",
    "SELECT",
    "TRUE",
    "WHERE",
    "WITHIN",
];

/// The query that `text` is.
///
/// # Errors
///
/// `WBEM_E_INVALID_QUERY` if it is none; `WBEM_E_QUOTA_VIOLATION` past [`MAX_QUERY`] or
/// [`MAX_DEPTH`]; `WBEM_E_MISSING_GROUP_WITHIN` and `WBEM_E_MISSING_AGGREGATION_LIST` for a GROUP
/// clause that lacks its parts.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    // A character has one byte at least, so few texts need be counted.
    if text.len() > MAX_QUERY && text.chars().count() > MAX_QUERY {
        let message = format!("a query has at most {MAX_QUERY} characters");
        let shown: String = text.chars().take(100).collect();
        return Err(ParseError::new(WBEM_E_QUOTA_VIOLATION, message, &shown, 0..shown.len()));
    }
    let mut parser = Parser::new(text)?;
    let query = if parser.eat("SELECT")? {
        Query::Select(parser.select()?)
    } else if parser.eat("ASSOCIATORS")? {
        Query::Associators(parser.associators()?)
    } else if parser.eat("REFERENCES")? {
        Query::References(parser.references()?)
    } else {
        return Err(parser.expected("SELECT, ASSOCIATORS OF or REFERENCES OF"));
    };
    match parser.token.kind {
        Kind::End => Ok(query),
        _ => Err(parser.expected(parser.may_follow)),
    }
}

/// The class in FROM of a text that begins with SELECT; the rest need not be valid WQL, because some
/// providers accept extensions.
pub fn class_in_from(text: &str) -> Option<Name> {
    let mut parser = Parser::new(text).ok()?;
    if !parser.eat("SELECT").ok()? {
        return None;
    }
    while !parser.eat("FROM").ok()? {
        if parser.token.kind == Kind::End {
            return None;
        }
        parser.advance().ok()?;
    }
    parser.name("the name of a class").ok()
}

type Parsed<T> = Result<T, ParseError>;

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The current token; all before it are consumed.
    token: Token<'a>,
    /// How many parentheses are open.
    depth: usize,
    /// What could continue the statement, which is complete.
    may_follow: &'static str,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<Self> {
        let token = Token { kind: Kind::End, place: 0..0 };
        let mut parser =
            Parser { lexer: Lexer::new(text), token, depth: 0, may_follow: "the end of the query" };
        parser.advance()?;
        Ok(parser)
    }

    /// Consumes the token.
    fn advance(&mut self) -> Parsed<Token<'a>> {
        let next = match self.lexer.next() {
            Ok(next) => next,
            Err(bad) => return Err(self.bad_token(bad)),
        };
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// Whether the token is this keyword.
    fn at(&self, keyword: &str) -> bool {
        matches!(self.token.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Consumes the token if it is this keyword.
    fn eat(&mut self, keyword: &str) -> Parsed<bool> {
        let found = self.at(keyword);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Consumes this keyword.
    fn expect(&mut self, keyword: &'static str) -> Parsed<()> {
        if self.eat(keyword)? { Ok(()) } else { Err(self.expected(keyword)) }
    }

    /// Consumes the token if it is this symbol.
    fn eat_symbol(&mut self, symbol: char) -> Parsed<bool> {
        let found = self.token.kind == Kind::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Consumes a name that is no keyword.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        match self.token.kind {
            Kind::Word(word) if !is_keyword(word) => {
                self.advance()?;
                Ok(word.into())
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Consumes a property, or a property of an embedded object.
    fn property(&mut self, what: &str) -> Parsed<PropertyPath> {
        let offset = self.token.place.start;
        let mut names = vec![self.name(what)?];
        while self.eat_symbol('.')? {
            if names.len() > MAX_DEPTH {
                let message = format!("a property is in at most {MAX_DEPTH} embedded objects");
                return Err(self.error(WBEM_E_QUOTA_VIOLATION, message));
            }
            names.push(self.name("a property of the embedded object")?);
        }
        Ok(PropertyPath::new(names, offset))
    }

    /// Consumes a list of properties with commas between them.
    fn properties(&mut self, what: &str) -> Parsed<Vec<PropertyPath>> {
        let mut properties = vec![self.property(what)?];
        while self.eat_symbol(',')? {
            properties.push(self.property("a property after the comma")?);
        }
        Ok(properties)
    }

    /// The error that something else was expected than the token.
    fn expected(&self, what: &str) -> ParseError {
        let found = self.lexer.text()[self.token.place.clone()].chars();
        let message = match self.token.kind {
            Kind::End => format!("expected {what}, but the query ends"),
            Kind::Word(word) if is_keyword(word) => {
                format!("expected {what}, found the keyword {word}")
            }
            _ => format!("expected {what}, found {}", found.take(40).collect::<String>()),
        };
        self.error(WBEM_E_INVALID_QUERY, message).unfinished(self.token.kind == Kind::End)
    }

    /// An error at the token.
    fn error(&self, status: WbemStatus, message: impl Into<String>) -> ParseError {
        ParseError::new(status, message, self.lexer.text(), self.token.place.clone())
    }

    fn bad_token(&self, bad: BadToken) -> ParseError {
        ParseError::new(WBEM_E_INVALID_QUERY, bad.message, self.lexer.text(), bad.place)
            .unfinished(bad.is_open)
    }

    /// The token as the operator that it is.
    fn operator(&self) -> Option<Comparison> {
        match self.token.kind {
            Kind::Operator(operator) => Some(operator),
            _ if self.at("LIKE") => Some(Comparison::Like),
            _ => None,
        }
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|k| k.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_breaks_off_is_told_from_one_that_is_wrong() {
        for (text, expected) in [
            ("", true),
            ("SELECT A FROM", true),
            ("SELECT A FROM X WHERE A = 'b", true),
            ("SELECT A FROM X WHERE (A = 1", true),
            ("ASSOCIATORS OF {X.K=\"}\"", true),
            ("SELECT A FORM X", false),
            ("SELECT A FROM X WHERE A = 'b\\c", false),
            ("SELECT A FROM X WHERE A = 1a", false),
            ("SELECT A FROM X WHERE A = 1)", false),
        ] {
            assert_eq!(parse(text).unwrap_err().is_unfinished(), expected, "{text}");
        }
    }
}
