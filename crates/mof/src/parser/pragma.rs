//! `#pragma` and `#include`.

use cim::WbemStatus;
use cim::status::*;

use super::{Parsed, Parser};
use crate::ast::*;
use crate::lexer::Kind;

impl Parser<'_> {
    /// A line that begins with `#`.
    pub(super) fn command(&mut self) -> Parsed<Item> {
        let start = self.bump().span;
        if self.eat_keyword("include") {
            let file = self.single_text(WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE, "(\"file\")")?;
            let span = self.since(start);
            return Ok(Item::Include(Include { file, unit: None, span }));
        }
        if !self.eat_keyword("pragma") {
            return Err(self.expected(WBEMMOF_E_INVALID_PRAGMA, "pragma or include after #"));
        }
        let name = self.ident(WBEMMOF_E_INVALID_PRAGMA, "the pragma's name")?;
        if name.name.is("include") {
            let file = self.single_text(WBEMMOF_E_INVALID_PRAGMA, "(\"file\")")?;
            let span = self.since(start);
            return Ok(Item::Include(Include { file, unit: None, span }));
        }
        let pragma = self.pragma(name)?;
        Ok(Item::Pragma(pragma, self.since(start)))
    }

    fn pragma(&mut self, name: Ident) -> Parsed<Pragma> {
        let start = self.token.span;
        Ok(match name.name.folded().as_ref() {
            "namespace" => {
                let status = WBEMMOF_E_INVALID_NAMESPACE_SYNTAX;
                Pragma::Namespace(self.single_text(status, "(\"\\\\\\\\.\\\\root\\\\x\")")?)
            }
            "autorecover" => Pragma::Autorecover,
            "classflags" => Pragma::ClassFlags(self.flags()?, self.since(start)),
            "instanceflags" => Pragma::InstanceFlags(self.flags()?, self.since(start)),
            "deleteclass" => {
                let status = WBEMMOF_E_INVALID_DELETECLASS_SYNTAX;
                let (class, fail) = self.deletion(status, "(\"class\", FAIL|NOFAIL)")?;
                Pragma::DeleteClass(class, fail)
            }
            "deleteinstance" => {
                let status = WBEMMOF_E_INVALID_DELETEINSTANCE_SYNTAX;
                let (path, fail) = self.deletion(status, "(\"path\", FAIL|NOFAIL)")?;
                Pragma::DeleteInstance(path, fail)
            }
            "amendment" => {
                let status = WBEMMOF_E_INVALID_AMENDMENT_SYNTAX;
                Pragma::Amendment(self.single_text(status, "(\"MS_409\")")?)
            }
            _ => {
                self.skip_arguments();
                Pragma::Other(name)
            }
        })
    }

    /// `("text")`.
    fn single_text(&mut self, status: WbemStatus, form: &str) -> Parsed<Text> {
        self.expect(b'(', status, form)?;
        let text = self.text_or(status, form)?;
        self.expect(b')', status, form)?;
        Ok(text)
    }

    fn text_or(&mut self, status: WbemStatus, form: &str) -> Parsed<Text> {
        match self.token.kind {
            Kind::Text { .. } => Ok(self.text()),
            _ => Err(self.expected(status, form)),
        }
    }

    /// `("flag", "flag")`; flags can also be without quotes, or numbers.
    fn flags(&mut self) -> Parsed<Vec<Text>> {
        const FORM: &str = "(\"flag\", ...)";
        self.expect(b'(', WBEMMOF_E_INVALID_FLAGS_SYNTAX, FORM)?;
        let mut flags = Vec::new();
        loop {
            flags.push(self.word(WBEMMOF_E_INVALID_FLAGS_SYNTAX, FORM)?);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')', WBEMMOF_E_INVALID_FLAGS_SYNTAX, FORM)?;
        Ok(flags)
    }

    /// `("text", FAIL)` and whether it fails.
    fn deletion(&mut self, status: WbemStatus, form: &str) -> Parsed<(Text, bool)> {
        self.expect(b'(', status, form)?;
        let what = self.text_or(status, form)?;
        self.expect(b',', status, form)?;
        let place = self.token;
        let word = self.word(status, form)?;
        let fail = match () {
            () if word.text.eq_ignore_ascii_case("fail") => true,
            () if word.text.eq_ignore_ascii_case("nofail") => false,
            () => {
                self.reporter.report(status, format!("expected {form}"), place.span);
                false
            }
        };
        self.expect(b')', status, form)?;
        Ok((what, fail))
    }

    /// A text, a bare word or a number as it is written.
    fn word(&mut self, status: WbemStatus, form: &str) -> Parsed<Text> {
        if matches!(self.token.kind, Kind::Ident | Kind::Number) {
            let span = self.bump().span;
            return Ok(Text { text: self.text_of(span).to_owned(), span });
        }
        self.text_or(status, form)
    }

    /// Skips the arguments of a pragma without meaning here.
    fn skip_arguments(&mut self) {
        if !self.eat(b'(') {
            return;
        }
        while !self.at(b')') && self.token.kind != Kind::End && !self.at(b'#') {
            self.skip();
        }
        self.eat(b')');
    }
}
