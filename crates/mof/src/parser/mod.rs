//! A recursive descent parser from tokens to items. After an error it continues after the next `;`,
//! so that one run finds all errors of a file.
//!
//! Input is the text of one file, output its items; included files are not read. Whatever depends on
//! the dialect, the declared qualifiers or a class is left to lowering.

mod class;
mod instance;
mod pragma;
mod qualifier;
mod value;

use std::sync::Arc;

use cim::status::*;
use cim::{Name, WbemStatus};

use crate::ast::{Ident, Item};
use crate::diagnostic::{Diagnostics, Reporter};
use crate::lexer::{Bad, Kind, Lexer, Token};
use crate::literal::shown;
use crate::source::{Source, Span};

/// The deepest nesting of embedded instances.
pub const MAX_NESTING: u32 = 64;

/// An error was reported; the caller recovers or returns it.
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// The items of a file. Errors are added to `diagnostics`.
pub(crate) fn parse(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Vec<Item> {
    let mut lexer = Lexer::new(source.text());
    let token = lexer.next();
    let parser = Parser {
        text: source.text(),
        lexer,
        token,
        end: 0,
        depth: 0,
        is_comment_reported: false,
        scratch: String::new(),
        reporter: Reporter { source, diagnostics },
    };
    parser.items()
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The current token.
    token: Token,
    /// The end of the token before it.
    end: u32,
    /// How many embedded instances are open.
    depth: u32,
    /// Whether a comment without end has been reported. There is at most one.
    is_comment_reported: bool,
    scratch: String,
    reporter: Reporter<'a>,
}

impl<'a> Parser<'a> {
    fn items(mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while self.token.kind != Kind::End && !self.reporter.diagnostics.is_full() {
            // `};` may be written `} ;` or with one `;` too many.
            if self.eat(b';') {
                continue;
            }
            let is_command = self.at(b'#');
            match self.item() {
                Ok(item) => items.push(item),
                Err(Failed) if is_command => self.skip_line(),
                Err(Failed) => self.skip_item(),
            }
        }
        items
    }

    fn item(&mut self) -> Parsed<Item> {
        if self.at(b'#') {
            return self.command();
        }
        let start = self.token.span;
        if self.at(b'[') {
            let qualifiers = self.qualifiers()?;
            return match () {
                () if self.at_keyword("class") => self.class(qualifiers, start).map(Item::Class),
                () if self.at_keyword("instance") => {
                    self.instance(qualifiers, start).map(Item::Instance)
                }
                () => Err(self.expected(
                    WBEMMOF_E_INVALID_CLASS_DECLARATION,
                    "class or instance of after the qualifiers",
                )),
            };
        }
        if self.at_keyword("class") {
            return self.class(Vec::new(), start).map(Item::Class);
        }
        if self.at_keyword("instance") {
            return self.instance(Vec::new(), start).map(Item::Instance);
        }
        if self.at_keyword("qualifier") {
            return self.qualifier_declaration();
        }
        if self.at_keyword("typedef") || self.at_keyword("enum") {
            return Err(self.fail(
                WBEMMOF_E_TYPEDEF_NOT_SUPPORTED,
                "MOF has no typedef and no enum; declare a property with ValueMap and Values",
            ));
        }
        Err(self.expected(
            WBEMMOF_E_UNRECOGNIZED_TOKEN,
            "class, instance of, qualifier, #pragma or #include",
        ))
    }

    // Tokens.

    fn bump(&mut self) -> Token {
        let token = self.token;
        self.end = token.span.end;
        self.token = self.lexer.next();
        token
    }

    fn at(&self, sign: u8) -> bool {
        self.token.kind == Kind::Sign(sign)
    }

    fn eat(&mut self, sign: u8) -> bool {
        let found = self.at(sign);
        if found {
            self.bump();
        }
        found
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        self.is_keyword(self.token, keyword)
    }

    fn is_keyword(&self, token: Token, keyword: &str) -> bool {
        token.kind == Kind::Ident && self.text_of(token.span).eq_ignore_ascii_case(keyword)
    }

    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.bump();
        }
        found
    }

    /// The token after the current one.
    fn peek(&self) -> Token {
        self.lexer.clone().next()
    }

    fn text_of(&self, span: Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// From `start` to the last token taken.
    fn since(&self, start: Span) -> Span {
        start.to(Span { start: self.end, end: self.end })
    }

    fn ident(&mut self, status: WbemStatus, what: &str) -> Parsed<Ident> {
        if self.token.kind != Kind::Ident {
            return Err(self.expected(status, what));
        }
        let span = self.bump().span;
        Ok(Ident { name: Name::from(self.text_of(span)), span })
    }

    fn expect(&mut self, sign: u8, status: WbemStatus, what: &str) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.expected(status, what)) }
    }

    /// The `;` that ends a declaration. A declaration without it is kept.
    fn semicolon(&mut self, after: &str) {
        if self.eat(b';') {
            return;
        }
        // The error is at the end of the declaration, not at the next token.
        let at = Span { start: self.end, end: self.end };
        self.reporter.report(WBEMMOF_E_EXPECTED_SEMI, format!("expected ';' after {after}"), at);
    }

    /// The alias after `as`.
    fn alias(&mut self) -> Parsed<Option<Ident>> {
        if !self.eat_keyword("as") {
            return Ok(None);
        }
        if self.token.kind != Kind::Alias {
            return Err(self.expected(WBEMMOF_E_EXPECTED_DOLLAR, "an alias, as in: as $Name"));
        }
        Ok(Some(self.alias_name()))
    }

    /// The alias that is the current token.
    fn alias_name(&mut self) -> Ident {
        let span = self.bump().span;
        Ident { name: Name::from(&self.text_of(span)[1..]), span }
    }

    // Errors.

    fn fail(&mut self, status: WbemStatus, message: impl Into<String>) -> Failed {
        self.reporter.report(status, message, self.token.span);
        Failed
    }

    /// Reports that `what` was expected, or why the token found is none.
    fn expected(&mut self, status: WbemStatus, what: &str) -> Failed {
        let (status, message) = match self.token.kind {
            Kind::Bad(bad) => return self.bad(bad),
            Kind::End => (status, format!("expected {what}, found the end of the file")),
            _ => {
                let found = shown(self.text_of(self.token.span));
                (status, format!("expected {what}, found {found}"))
            }
        };
        self.fail(status, message)
    }

    fn bad(&mut self, bad: Bad) -> Failed {
        let (status, message) = match bad {
            Bad::Character => {
                let found = shown(self.text_of(self.token.span));
                return self.fail(
                    WBEMMOF_E_UNRECOGNIZED_TOKEN,
                    format!("the character {found} has no meaning here"),
                );
            }
            Bad::Dollar => (WBEMMOF_E_EXPECTED_ALIAS_NAME, "expected the alias's name after $"),
            Bad::Text => (
                WBEMMOF_E_ILLEGAL_CONSTANT_VALUE,
                "the text is not closed on its line; close it with \" and go on with another text",
            ),
            Bad::Char => {
                (WBEMMOF_E_ILLEGAL_CONSTANT_VALUE, "the character is not closed on its line")
            }
            Bad::Comment => {
                self.is_comment_reported = true;
                (WBEMMOF_E_UNRECOGNIZED_TOKEN, "the comment is not closed with */")
            }
        };
        self.fail(status, message)
    }

    // Recovery.

    /// Goes on after the `;` that ends the item, at a `#`, or where a line begins an item.
    fn skip_item(&mut self) {
        let mut depth = 0u32;
        let start = self.token.span.start;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::Sign(b'{') => depth += 1,
                Kind::Sign(b'}') => depth = depth.saturating_sub(1),
                Kind::Sign(b';') if depth == 0 => {
                    self.bump();
                    return;
                }
                _ if self.token.span.start > start && self.begins_item() => return,
                _ => {}
            }
            self.skip();
        }
    }

    /// Goes on after the `;` that ends a member, or at the `}` that ends the members.
    fn skip_member(&mut self) {
        let mut depth = 0u32;
        loop {
            match self.token.kind {
                Kind::End => return,
                Kind::Sign(b'{') => depth += 1,
                Kind::Sign(b'}') if depth == 0 => return,
                Kind::Sign(b'}') => depth -= 1,
                Kind::Sign(b';') if depth == 0 => {
                    self.bump();
                    return;
                }
                _ if self.begins_item() => return,
                _ => {}
            }
            self.skip();
        }
    }

    /// Goes on after the line of the last token taken.
    fn skip_line(&mut self) {
        let start = self.end as usize;
        let end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        while self.token.kind != Kind::End && (self.token.span.start as usize) < end {
            self.skip();
        }
    }

    /// Skips a token. A comment without end is still reported, because it hides the rest of the file.
    fn skip(&mut self) {
        if self.token.kind == Kind::Bad(Bad::Comment) && !self.is_comment_reported {
            self.bad(Bad::Comment);
        }
        self.bump();
    }

    /// Whether the token is the first of its line and begins an item, so that the item before it
    /// lacks its end.
    fn begins_item(&self) -> bool {
        let starts = match self.token.kind {
            Kind::Sign(b'#') => true,
            Kind::Ident => self.begins_object() || self.at_keyword("qualifier"),
            _ => false,
        };
        let before = self.text[..self.token.span.start as usize].bytes();
        starts && before.rev().find(|b| !matches!(b, b' ' | b'\t')).is_none_or(|b| b == b'\n')
    }

    /// Whether `class X` or `instance of X` follows.
    fn begins_object(&self) -> bool {
        if !self.at_keyword("class") && !self.at_keyword("instance") {
            return false;
        }
        let mut lexer = self.lexer.clone();
        let next = lexer.next();
        if next.kind != Kind::Ident {
            return false;
        }
        self.at_keyword("class")
            || self.at_keyword("instance")
                && self.is_keyword(next, "of")
                && lexer.next().kind == Kind::Ident
    }
}
