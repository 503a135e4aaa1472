//! Instances, at the level of the file and embedded.

use cim::status::*;

use super::{Failed, MAX_NESTING, Parsed, Parser};
use crate::ast::*;
use crate::lexer::Kind;
use crate::source::Span;

impl Parser<'_> {
    /// `instance of X as $A { ... };` from the keyword on.
    pub(super) fn instance(&mut self, qualifiers: Vec<Qualifier>, start: Span) -> Parsed<Instance> {
        let (instance, closed) = self.instance_body(qualifiers, start)?;
        if closed {
            self.semicolon("the instance");
        }
        Ok(instance)
    }

    /// An embedded instance with its qualifiers. It has no `;` of its own.
    pub(super) fn embedded_instance(&mut self) -> Parsed<Instance> {
        if self.depth >= MAX_NESTING {
            return Err(self.fail(
                WBEM_E_QUOTA_VIOLATION,
                format!("embedded instances are nested deeper than {MAX_NESTING}"),
            ));
        }
        let start = self.token.span;
        let qualifiers = self.optional_qualifiers()?;
        if !self.at_keyword("instance") {
            let what = "instance of after the qualifiers";
            return Err(self.expected(WBEMMOF_E_INVALID_INSTANCE_DECLARATION, what));
        }
        self.depth += 1;
        let instance = self.instance_body(qualifiers, start);
        self.depth -= 1;
        instance.map(|(instance, _)| instance)
    }

    fn instance_body(
        &mut self,
        qualifiers: Vec<Qualifier>,
        start: Span,
    ) -> Parsed<(Instance, bool)> {
        self.bump();
        if !self.eat_keyword("of") {
            return Err(self.expected(WBEMMOF_E_INVALID_INSTANCE_DECLARATION, "of after instance"));
        }
        let class = self.ident(WBEMMOF_E_EXPECTED_CLASS_NAME, "the instance's class")?;
        let alias = self.alias()?;
        self.expect(b'{', WBEMMOF_E_EXPECTED_OPEN_BRACE, "'{' before the instance's values")?;
        let mut properties = Vec::new();
        let closed = loop {
            if self.eat(b'}') {
                break true;
            }
            if self.eat(b';') {
                continue;
            }
            if self.at_end_of_instance() {
                self.expected(WBEMMOF_E_EXPECTED_CLOSE_BRACE, "'}' at the instance's end");
                break false;
            }
            match self.assignment() {
                Ok(assignment) => properties.push(assignment),
                Err(Failed) => self.skip_member(),
            }
        };
        let span = self.since(start);
        Ok((Instance { qualifiers, class, alias, properties, span }, closed))
    }

    /// Whether something follows that no instance contains.
    fn at_end_of_instance(&self) -> bool {
        self.token.kind == Kind::End
            || self.at(b'#')
            || self.begins_object()
            || self.reporter.diagnostics.is_full()
    }

    fn assignment(&mut self) -> Parsed<Assignment> {
        let qualifiers = self.optional_qualifiers()?;
        let name = self.ident(WBEMMOF_E_EXPECTED_PROPERTY_NAME, "a property's name")?;
        // Without a value a name says nothing, but its qualifiers may: those of a property whose
        // value a provider supplies.
        if self.eat(b';') {
            return Ok(Assignment { qualifiers, name, init: None });
        }
        self.expect(b'=', WBEMMOF_E_EXPECTED_SEMI, "'=' after the property's name")?;
        let init = Some(self.init()?);
        self.end_of_member("';'")?;
        Ok(Assignment { qualifiers, name, init })
    }
}
