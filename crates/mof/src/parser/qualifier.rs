//! Qualifier lists, and both forms of qualifier declarations.

use cim::status::*;
use cim::{CimType, PropertyType};

use super::{Failed, Parsed, Parser};
use crate::ast::*;
use crate::lexer::{Kind, Token};

/// The most tokens that are looked through for the `]` of a list with an error in it, so that
/// many such lists do not each cost the rest of the file.
const MAX_LOOKAHEAD: usize = 4096;

impl Parser<'_> {
    pub(super) fn optional_qualifiers(&mut self) -> Parsed<Vec<Qualifier>> {
        if self.at(b'[') { self.qualifiers() } else { Ok(Vec::new()) }
    }

    /// `[A, B("x"), C{1, 2} : ToSubclass]`. A list with an error in it is left at its `]`, so that
    /// the declaration after it is read.
    pub(super) fn qualifiers(&mut self) -> Parsed<Vec<Qualifier>> {
        let start = self.bump().span;
        let mut list = Vec::new();
        while !self.at(b']') {
            match self.qualifier() {
                Ok(qualifier) => list.push(qualifier),
                Err(Failed) => {
                    self.skip_to_bracket()?;
                    break;
                }
            }
            if !self.eat(b',') && !self.at(b']') {
                self.expected(WBEMMOF_E_EXPECTED_CLOSE_BRACKET, "',' or ']' after a qualifier");
                self.skip_to_bracket()?;
                break;
            }
        }
        self.bump();
        let brackets = self.since(start);
        list.iter_mut().for_each(|qualifier| qualifier.list = brackets);
        Ok(list)
    }

    /// Goes to the `]` that closes the list, if one does before the next declaration.
    fn skip_to_bracket(&mut self) -> Parsed<()> {
        let mut lexer = self.lexer.clone();
        let mut token = self.token;
        let mut depth = 0u32;
        for _ in 0..MAX_LOOKAHEAD {
            match token.kind {
                Kind::Sign(b'[' | b'(' | b'{') => depth += 1,
                Kind::Sign(b']') if depth == 0 => {
                    while self.token.span.start < token.span.start {
                        self.bump();
                    }
                    return Ok(());
                }
                Kind::Sign(b']' | b')' | b'}') => depth = depth.saturating_sub(1),
                Kind::Sign(b';' | b'#') | Kind::End => break,
                _ => {}
            }
            token = lexer.next();
        }
        Err(Failed)
    }

    fn qualifier(&mut self) -> Parsed<Qualifier> {
        let name = self.ident(WBEMMOF_E_EXPECTED_QUALIFIER_NAME, "a qualifier's name")?;
        let arguments = match self.token.kind {
            Kind::Sign(b'(') => self.arguments(b')')?,
            Kind::Sign(b'{') => self.arguments(b'}')?,
            _ => Arguments::None,
        };
        let flavors = if self.eat(b':') { Some(self.flavors(false)?) } else { None };
        let span = self.since(name.span);
        Ok(Qualifier { name, arguments, flavors, span, list: span })
    }

    fn arguments(&mut self, close: u8) -> Parsed<Arguments> {
        let start = self.bump().span;
        let mut list = Vec::new();
        while !self.at(close) {
            if self.token.kind == Kind::Alias {
                return Err(self.fail(
                    WBEMMOF_E_UNEXPECTED_ALIAS,
                    "a qualifier's value cannot be an alias; only a reference can",
                ));
            }
            let literal = self.literal()?;
            // Most have one value, which needs no list.
            if close == b')' && list.is_empty() && self.eat(close) {
                return Ok(Arguments::One(literal));
            }
            list.push(literal);
            if !self.eat(b',') {
                break;
            }
        }
        match close {
            b')' => {
                self.expect(close, WBEMMOF_E_EXPECTED_CLOSE_PAREN, "',' or ')' after a value")?
            }
            _ => self.expect(close, WBEMMOF_E_EXPECTED_CLOSE_BRACE, "',' or '}' after a value")?,
        }
        if close == b')' && list.len() == 1 {
            return Ok(list.pop().map_or(Arguments::None, Arguments::One));
        }
        Ok(Arguments::Many(list, self.since(start)))
    }

    /// One or more flavors. At the level of the file they can be separated by commas.
    fn flavors(&mut self, commas: bool) -> Parsed<Flavors> {
        let start = self.token.span;
        let mut set = FlavorKeywords::empty();
        loop {
            set |= self.flavor()?;
            if commas {
                self.eat(b',');
            }
            if self.token.kind != Kind::Ident {
                break;
            }
        }
        let flavors = Flavors { set, span: self.since(start) };
        self.check_flavors(flavors);
        Ok(flavors)
    }

    fn flavor(&mut self) -> Parsed<FlavorKeywords> {
        let flavor = match self.token.kind {
            Kind::Ident => FlavorKeywords::from_keyword(self.text_of(self.token.span)),
            _ => None,
        };
        let Some(flavor) = flavor else {
            return Err(self.expected(
                WBEMMOF_E_EXPECTED_FLAVOR_TYPE,
                "a flavor (ToSubclass, ToInstance, EnableOverride, DisableOverride, Restricted, \
                 NotToSubclass, NotToInstance, Amended)",
            ));
        };
        self.bump();
        Ok(flavor)
    }

    /// Flavors that exclude each other whatever the dialect.
    fn check_flavors(&mut self, flavors: Flavors) {
        let both = |a, b| flavors.set.intersects(a) && flavors.set.intersects(b);
        if both(FlavorKeywords::ENABLE_OVERRIDE, FlavorKeywords::DISABLE_OVERRIDE) {
            self.reporter.report(
                WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES,
                "EnableOverride and DisableOverride exclude each other",
                flavors.span,
            );
        }
        let to = FlavorKeywords::TO_INSTANCE | FlavorKeywords::TO_SUBCLASS;
        if both(FlavorKeywords::RESTRICTED, to)
            || both(FlavorKeywords::TO_INSTANCE, FlavorKeywords::NOT_TO_INSTANCE)
            || both(FlavorKeywords::TO_SUBCLASS, FlavorKeywords::NOT_TO_SUBCLASS)
        {
            self.reporter.report(
                WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES2,
                "Restricted and the Not... flavors exclude ToInstance and ToSubclass",
                flavors.span,
            );
        }
    }

    /// `Qualifier Name : ...;` in either form, from the keyword on.
    pub(super) fn qualifier_declaration(&mut self) -> Parsed<Item> {
        self.bump();
        let name = self.ident(WBEMMOF_E_EXPECTED_QUALIFIER_NAME, "the qualifier's name")?;
        self.expect(b':', WBEMMOF_E_INVALID_QUALIFIER_SYNTAX, "':' after the qualifier's name")?;
        let word = match self.token.kind {
            Kind::Ident => self.text_of(self.token.span),
            _ => {
                return Err(self.expected(
                    WBEMMOF_E_INVALID_QUALIFIER_SYNTAX,
                    "flavors, or a type, a scope and flavors",
                ));
            }
        };
        let is_typed = FlavorKeywords::from_keyword(word).is_none()
            && (CimType::from_keyword(word).is_some() || after_a_type(self.peek()));
        if is_typed {
            return self.typed_declaration(name).map(Item::Declaration);
        }
        let flavors = self.flavors(true)?;
        self.semicolon("the qualifier's flavors");
        Ok(Item::DefaultFlavors(name, flavors))
    }

    /// `type[] = default, Scope(...), Flavor(...);`
    fn typed_declaration(&mut self, name: Ident) -> Parsed<Declaration> {
        let ty = self.qualifier_type()?;
        let default = if self.eat(b'=') { Some(self.init()?) } else { None };
        let mut scope = None;
        let mut flavors = Flavors::default();
        while self.eat(b',') {
            if self.eat_keyword("scope") {
                scope = Some(self.scope()?);
            } else if self.eat_keyword("flavor") {
                flavors = self.declared_flavors()?;
            } else {
                return Err(
                    self.expected(WBEMMOF_E_INVALID_QUALIFIER_SYNTAX, "Scope(...) or Flavor(...)")
                );
            }
        }
        let Some(scope) = scope else {
            return Err(self.expected(
                WBEMMOF_E_INVALID_QUALIFIER_SYNTAX,
                "Scope(...), which a declaration with a type has",
            ));
        };
        self.semicolon("the qualifier's declaration");
        Ok(Declaration { name, ty, default, scope, flavors })
    }

    fn qualifier_type(&mut self) -> Parsed<PropertyType> {
        let word = self.text_of(self.token.span);
        let cim = match CimType::from_keyword(word) {
            Some(cim @ (CimType::Object | CimType::Reference)) => {
                return Err(self.fail(
                    WBEMMOF_E_UNSUPPORTED_CIMV22_DATA_TYPE,
                    format!("a qualifier cannot be of type {}", cim.keyword()),
                ));
            }
            Some(cim) => cim,
            None => {
                let word = crate::literal::shown(word);
                return Err(self.fail(
                    WBEMMOF_E_UNRECOGNIZED_TYPE,
                    format!("{word} is no type of qualifiers"),
                ));
            }
        };
        self.bump();
        let mut ty = PropertyType::scalar(cim);
        if self.eat(b'[') {
            if self.token.kind == Kind::Number {
                self.bump();
            }
            self.expect(b']', WBEMMOF_E_EXPECTED_CLOSE_BRACKET, "']'")?;
            ty.is_array = true;
        }
        Ok(ty)
    }

    fn scope(&mut self) -> Parsed<Scope> {
        self.expect(b'(', WBEMMOF_E_EXPECTED_OPEN_PAREN, "'(' after Scope")?;
        let mut scope = Scope::empty();
        loop {
            let element = match self.token.kind {
                Kind::Ident => Scope::from_keyword(self.text_of(self.token.span)),
                _ => None,
            };
            let Some(element) = element else {
                return Err(self.expected(
                    WBEMMOF_E_INVALID_QUALIFIER_SYNTAX,
                    "an element (any, class, association, indication, property, reference, \
                     method, parameter)",
                ));
            };
            self.bump();
            scope |= element;
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')', WBEMMOF_E_EXPECTED_CLOSE_PAREN, "',' or ')' in the scope")?;
        Ok(scope)
    }

    fn declared_flavors(&mut self) -> Parsed<Flavors> {
        let start = self.token.span;
        self.expect(b'(', WBEMMOF_E_EXPECTED_OPEN_PAREN, "'(' after Flavor")?;
        let mut set = self.flavor()?;
        while self.eat(b',') {
            set |= self.flavor()?;
        }
        self.expect(b')', WBEMMOF_E_EXPECTED_CLOSE_PAREN, "',' or ')' after a flavor")?;
        let flavors = Flavors { set, span: self.since(start) };
        self.check_flavors(flavors);
        Ok(flavors)
    }
}

/// Whether `token` can follow a type in a qualifier's declaration.
fn after_a_type(token: Token) -> bool {
    matches!(token.kind, Kind::Sign(b'=' | b'[' | b','))
}
