//! Classes with their properties and methods.

use cim::PropertyType;
use cim::status::*;

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::Kind;
use crate::source::Span;

impl Parser<'_> {
    /// `class X : Y as $A { ... };` from the keyword on.
    pub(super) fn class(&mut self, qualifiers: Vec<Qualifier>, start: Span) -> Parsed<Class> {
        self.bump();
        let name = self.ident(WBEMMOF_E_EXPECTED_CLASS_NAME, "the class's name")?;
        let mut alias = self.alias()?;
        let superclass = match self.eat(b':') {
            true => Some(self.ident(WBEMMOF_E_EXPECTED_CLASS_NAME, "the superclass's name")?),
            false => None,
        };
        if alias.is_none() {
            alias = self.alias()?;
        }
        self.expect(b'{', WBEMMOF_E_EXPECTED_OPEN_BRACE, "'{' before the class's members")?;
        let members = self.members();
        if members.1 {
            self.semicolon("the class");
        }
        let span = self.since(start);
        Ok(Class { qualifiers, name, alias, superclass, members: members.0, span })
    }

    /// The members, and whether the brace after them was there.
    fn members(&mut self) -> (Vec<Member>, bool) {
        let mut members = Vec::new();
        loop {
            if self.eat(b'}') {
                return (members, true);
            }
            if self.eat(b';') {
                continue;
            }
            if self.at_end_of_class() {
                self.expected(WBEMMOF_E_EXPECTED_BRACE_OR_BAD_TYPE, "'};' at the class's end");
                return (members, false);
            }
            match self.member() {
                Ok(member) => members.push(member),
                Err(Failed) if self.at_end_of_class() => {}
                Err(Failed) => self.skip_member(),
            }
        }
    }

    /// Whether something follows that no class contains.
    fn at_end_of_class(&self) -> bool {
        self.token.kind == Kind::End
            || self.at(b'#')
            || self.begins_object()
            || self.reporter.diagnostics.is_full()
    }

    fn member(&mut self) -> Parsed<Member> {
        let qualifiers = self.optional_qualifiers()?;
        if self.at_end_of_class() {
            // The qualifiers are those of the next class; `members` says that this one is open.
            return Err(Failed);
        }
        let ty = self.ty()?;
        let after_type = self.at(b'[').then(|| self.array_suffix()).transpose()?.flatten();
        let name =
            self.ident(WBEMMOF_E_EXPECTED_PROPERTY_NAME, "the name of a property or method")?;
        let after_name = self.array_suffix()?;
        if self.at(b'(') {
            if let Some(suffix) = after_type.or(after_name) {
                self.reporter.report(
                    WBEMMOF_E_NO_ARRAYS_RETURNED,
                    format!(
                        "method {} cannot return an array; make it an out parameter",
                        name.name
                    ),
                    suffix.span,
                );
            }
            return self.method(qualifiers, ty, name).map(Member::Method);
        }
        if let Some(suffix) = after_type {
            self.reporter.report(
                WBEMMOF_E_EXPECTED_PROPERTY_NAME,
                format!("the brackets of an array follow the name: {}[]", name.name),
                suffix.span,
            );
        }
        let init = if self.eat(b'=') { Some(self.init()?) } else { None };
        self.end_of_member(if init.is_some() { "';'" } else { "';', '=' or '('" })?;
        Ok(Member::Property(Variable { qualifiers, ty, name, array: after_name, init }))
    }

    /// The `;` after a member. If it is missing and the next line continues with a member, only that
    /// is reported; otherwise the following tokens are skipped.
    pub(super) fn end_of_member(&mut self, what: &str) -> Parsed<()> {
        if self.at(b';') || self.at(b'}') || self.is_on_next_line() && self.at_member() {
            self.semicolon("the declaration");
            return Ok(());
        }
        Err(self.expected(WBEMMOF_E_EXPECTED_SEMI, what))
    }

    fn is_on_next_line(&self) -> bool {
        self.text[self.end as usize..self.token.span.start as usize].contains('\n')
    }

    fn at_member(&self) -> bool {
        matches!(self.token.kind, Kind::Ident | Kind::Sign(b'['))
    }

    fn method(&mut self, qualifiers: Vec<Qualifier>, returns: Type, name: Ident) -> Parsed<Method> {
        self.bump();
        let mut parameters = Vec::new();
        while !self.at(b')') {
            parameters.push(self.parameter()?);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')', WBEMMOF_E_EXPECTED_CLOSE_PAREN, "',' or ')' after a parameter")?;
        self.end_of_member("';'")?;
        Ok(Method { qualifiers, returns, name, parameters })
    }

    fn parameter(&mut self) -> Parsed<Variable> {
        let qualifiers = self.optional_qualifiers()?;
        let ty = self.ty()?;
        let name = self.ident(WBEMMOF_E_EXPECTED_PROPERTY_NAME, "the parameter's name")?;
        let array = self.array_suffix()?;
        let init = if self.eat(b'=') { Some(self.init()?) } else { None };
        Ok(Variable { qualifiers, ty, name, array, init })
    }

    /// A type: a keyword, `void`, `X` for an embedded object, `X ref`, `object ref`.
    fn ty(&mut self) -> Parsed<Type> {
        let ident = self.ident(WBEMMOF_E_EXPECTED_TYPE_IDENTIFIER, "a type")?;
        let keyword = ident.name.as_str();
        let intrinsic = intrinsic(keyword);
        // A property may be called "ref".
        if self.at_keyword("ref") && self.peek().kind == Kind::Ident {
            self.bump();
            let class = (intrinsic != Some(cim::CimType::Object)).then_some(ident.name);
            let ty = PropertyType { class, ..cim::CimType::Reference.into() };
            return Ok(Type { kind: TypeKind::Scalar(ty), span: self.since(ident.span) });
        }
        let kind = match intrinsic {
            Some(cim) => TypeKind::Scalar(cim.into()),
            None if keyword.eq_ignore_ascii_case("void") => TypeKind::Void,
            None => TypeKind::Scalar(PropertyType::object(ident.name)),
        };
        Ok(Type { kind, span: ident.span })
    }

    /// `[]` or `[10]`, if it follows.
    fn array_suffix(&mut self) -> Parsed<Option<ArraySuffix>> {
        let start = self.token.span;
        if !self.eat(b'[') {
            return Ok(None);
        }
        let size = match self.token.kind {
            Kind::Number => Some(self.array_size()?),
            _ => None,
        };
        self.expect(b']', WBEMMOF_E_EXPECTED_CLOSE_BRACKET, "']' after the array's size")?;
        if self.at(b'[') {
            return Err(self.fail(WBEMMOF_E_EXPECTED_SEMI, "an array has one dimension"));
        }
        Ok(Some(ArraySuffix { size, span: self.since(start) }))
    }

    fn array_size(&mut self) -> Parsed<i32> {
        let literal = self.number()?;
        match literal.value {
            cim::Value::SInt32(size) if size > 0 => Ok(size),
            _ => {
                self.reporter.report(
                    WBEMMOF_E_OUT_OF_RANGE,
                    "the size of an array is a whole number from 1 to 2147483647",
                    literal.span,
                );
                Err(Failed)
            }
        }
    }
}
