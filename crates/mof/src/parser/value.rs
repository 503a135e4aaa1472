//! Values: literals, arrays, aliases, embedded instances.

use cim::Value;
use cim::status::*;

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::{Kind, Token};
use crate::literal;
use crate::source::Span;

impl Parser<'_> {
    /// What follows `=`.
    pub(super) fn init(&mut self) -> Parsed<Init> {
        let start = self.token.span;
        if !self.eat(b'{') {
            return self.element();
        }
        match self.elements() {
            Ok(elements) => Ok(Init::Array(elements, self.since(start))),
            Err(Failed) => {
                self.skip_array();
                Err(Failed)
            }
        }
    }

    /// The elements of an array up to its `}`.
    fn elements(&mut self) -> Parsed<Vec<Init>> {
        let mut elements = Vec::new();
        while !self.at(b'}') {
            if self.at(b'{') {
                return Err(self.fail(
                    WBEMMOF_E_EXPECTED_CLOSE_BRACE,
                    "an array has one dimension; its elements are no arrays",
                ));
            }
            elements.push(self.element()?);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b'}', WBEMMOF_E_EXPECTED_CLOSE_BRACE, "',' or '}' after an element")?;
        Ok(elements)
    }

    /// Goes on after the `}` of an array with an error in it, or at the `;` where none comes.
    fn skip_array(&mut self) {
        let mut depth = 1u32;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::Sign(b';') if depth == 1 => return,
                Kind::Sign(b'{') => depth += 1,
                Kind::Sign(b'}') => depth -= 1,
                _ if self.begins_item() => return,
                _ => {}
            }
            self.skip();
            if depth == 0 {
                return;
            }
        }
    }

    fn element(&mut self) -> Parsed<Init> {
        if self.token.kind == Kind::Alias {
            return Ok(Init::Alias(self.alias_name()));
        }
        if self.at_keyword("instance") || self.at(b'[') {
            return self.embedded_instance().map(|i| Init::Instance(Box::new(i)));
        }
        self.literal().map(Init::Literal)
    }

    /// A literal: text, number, character, TRUE, FALSE or NULL.
    pub(super) fn literal(&mut self) -> Parsed<Literal> {
        let value = match self.token.kind {
            Kind::Text { .. } => return Ok(self.text_literal()),
            Kind::Number => return self.number(),
            Kind::Char => {
                let span = self.bump().span;
                let unit = literal::character(self.text_of(span));
                return self.checked(unit.map(Value::Char16), span);
            }
            Kind::Ident => match self.text_of(self.token.span) {
                word if word.eq_ignore_ascii_case("true") => Value::Boolean(true),
                word if word.eq_ignore_ascii_case("false") => Value::Boolean(false),
                word if word.eq_ignore_ascii_case("null") => Value::Null,
                word => {
                    let word = literal::shown(word);
                    return Err(self.fail(
                        WBEMMOF_E_ILLEGAL_CONSTANT_VALUE,
                        format!("{word} is no value; put a text in quotes"),
                    ));
                }
            },
            _ => return Err(self.expected(WBEMMOF_E_ILLEGAL_CONSTANT_VALUE, "a value")),
        };
        Ok(Literal { value, span: self.bump().span })
    }

    pub(super) fn number(&mut self) -> Parsed<Literal> {
        let span = self.bump().span;
        let value = literal::number(self.text_of(span));
        self.checked(value, span)
    }

    /// One or more texts, which are one text together. The parser is at the first.
    fn text_literal(&mut self) -> Literal {
        let first = self.bump();
        // Most are one text without escapes, which is copied from the file only once.
        if first.kind == (Kind::Text { escaped: false }) && !self.at_text() {
            let value = Value::string(literal::unquoted(self.text_of(first.span)));
            return Literal { value, span: first.span };
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let mut next = Some(first);
        while let Some(Token { kind: Kind::Text { escaped }, span }) = next {
            let token = self.text_of(span);
            let reporter = &mut self.reporter;
            let mut unknown = |at: usize, error: cim::Error| {
                let start = span.start + at as u32;
                let length = 1 + token[at + 1..].chars().next().map_or(0, char::len_utf8) as u32;
                reporter.unknown_escape(&error, Span { start, end: start + length });
            };
            if let Err(error) = literal::text(token, escaped, &mut scratch, &mut unknown) {
                self.reporter.report_error(&error, span);
            }
            next = self.at_text().then(|| self.bump());
        }
        let value = Value::string(scratch.as_str());
        self.scratch = scratch;
        Literal { value, span: self.since(first.span) }
    }

    fn at_text(&self) -> bool {
        matches!(self.token.kind, Kind::Text { .. })
    }

    /// The decoded text of one or more text tokens, as pragmas take it.
    pub(super) fn text(&mut self) -> Text {
        let literal = self.text_literal();
        let text = literal.value.as_str().unwrap_or_default().to_owned();
        Text { text, span: literal.span }
    }

    /// The literal, or its error reported.
    fn checked(&mut self, value: Result<Value, cim::Error>, span: Span) -> Parsed<Literal> {
        match value {
            Ok(value) => Ok(Literal { value, span }),
            Err(error) => {
                self.reporter.report_error(&error, span);
                Err(Failed)
            }
        }
    }
}
