//! Qualifier lists: values in their types, flavors, scope.
//!
//! In WMI's dialect a qualifier's type is that of its value: string, sint32, boolean, real64 or
//! an array of one of them. In DMTF's dialect a declared qualifier has the declared type, value,
//! flavors and scope; one that no file declares follows WMI's rules there too.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::*;
use cim::{CimType, Flavor, Name, PropertyType, Qualifier, Qualifiers, Value};

use super::{Lowering, division};
use crate::action::Dialect;
use crate::ast::{
    self, Arguments, FlavorKeywords, Flavors, Ident, Init, Item, Literal, Scope, Unit,
};
use crate::convert::{convert, null_element, unexpected_array};
use crate::declarations::Declared;
use crate::source::Span;

/// The most qualifiers of one element, so that looking for duplicates stays cheap.
const MAX_QUALIFIERS: usize = 1024;

impl Lowering<'_> {
    /// Takes up DMTF's declarations of all files, which decide the dialect of all.
    pub(super) fn declare_qualifiers(&mut self, unit: &Unit) {
        let outer = std::mem::replace(&mut self.source, unit.source.clone());
        for item in &unit.items {
            match item {
                Item::Declaration(declaration) => self.declare_qualifier(declaration),
                Item::Include(include) => {
                    if let Some(unit) = &include.unit {
                        self.declare_qualifiers(unit);
                    }
                }
                _ => {}
            }
        }
        self.source = outer;
    }

    fn declare_qualifier(&mut self, declaration: &ast::Declaration) {
        self.dialect = Dialect::Dmtf;
        let ast::Declaration { name, ty, default, scope, flavors } = declaration;
        // Some files also declare CIMTYPE, which has no effect unless it is written.
        self.check_member_name(name);
        let default = match default {
            None => Value::Null,
            Some(init) => self.declared_default(init, ty).unwrap_or_default(),
        };
        let declared = Declared {
            ty: ty.clone(),
            default,
            scope: *scope,
            // DSP0004: unless said otherwise a qualifier passes to subclasses and may change.
            flavor: with_flavors(Flavor::TO_DERIVED, flavors.set),
            place: self.place(name.span),
        };
        match self.declared.0.get(&name.name) {
            Some(first) if !first.says_the_same(&declared) => {
                let related = (first.place.clone(), "first declared here");
                self.report_with(
                    WBEMMOF_E_DUPLICATE_QUALIFIER,
                    format!("qualifier {} is declared twice, and differently", name.name),
                    name.span,
                    related,
                );
            }
            Some(_) => {}
            None => {
                self.declared.0.insert(name.name.clone(), Arc::new(declared));
            }
        }
    }

    fn declared_default(&mut self, init: &Init, ty: &PropertyType) -> Option<Value> {
        let value = match init {
            Init::Literal(literal) => literal.value.clone(),
            Init::Array(elements, _) => {
                let literal = |init: &Init| match init {
                    Init::Literal(literal) => Some(literal.value.clone()),
                    _ => None,
                };
                match elements.iter().map(literal).collect::<Option<Vec<_>>>() {
                    Some(elements) => Value::array(elements),
                    None => {
                        self.report_qualifier_value(init.span());
                        return None;
                    }
                }
            }
            Init::Alias(_) | Init::Instance(_) => {
                self.report_qualifier_value(init.span());
                return None;
            }
        };
        convert(&value, ty).map_err(|error| self.report_error(&error, init.span())).ok()
    }

    fn report_qualifier_value(&mut self, span: Span) {
        self.report(
            WBEMMOF_E_UNSUPPORTED_CIMV22_QUAL_VALUE,
            "a qualifier's value is a literal or an array of literals",
            span,
        );
    }

    /// `Qualifier Name : Flavor ...;`
    pub(super) fn default_flavors(&mut self, name: Ident, flavors: Flavors) {
        self.check_qualifier_name(&name);
        self.check_override(&name, with_flavors(Flavor::default(), flavors.set), flavors);
        self.flavors.insert(name.name, flavors);
    }

    /// The qualifiers of a class or of what it declares. Where the file is split, it is divided
    /// here.
    pub(super) fn own_qualifiers(
        &mut self,
        list: Vec<ast::Qualifier>,
        element: Scope,
    ) -> Qualifiers {
        let written = self.division.is_some().then(|| division::written(&list));
        let lowered = self.qualifiers(list, element);
        if let (Some(division), Some(written)) = (&mut self.division, written) {
            division.qualifiers(&self.source, &written, &lowered);
        }
        lowered
    }

    /// The qualifiers of an element of the kind `element`.
    pub(super) fn qualifiers(&mut self, list: Vec<ast::Qualifier>, element: Scope) -> Qualifiers {
        let (mut seen, mut set) = std::mem::take(&mut self.scratch);
        seen.clear();
        for qualifier in list {
            if let Some(first) = seen.iter().find(|s| s.name == qualifier.name.name) {
                let related = (self.place(first.span), "first given here");
                self.report_with(
                    WBEMMOF_E_DUPLICATE_QUALIFIER,
                    format!("qualifier {} is given twice", qualifier.name.name),
                    qualifier.name.span,
                    related,
                );
                continue;
            }
            if seen.len() >= MAX_QUALIFIERS {
                let message = format!("an element has at most {MAX_QUALIFIERS} qualifiers");
                self.report(WBEM_E_QUOTA_VIOLATION, message, qualifier.name.span);
                break;
            }
            seen.push(qualifier.name.clone());
            set.extend(self.qualifier(qualifier, element));
        }
        let lowered = Qualifiers::from_distinct(set.drain(..));
        self.scratch = (seen, set);
        lowered
    }

    fn qualifier(&mut self, qualifier: ast::Qualifier, element: Scope) -> Option<Qualifier> {
        let ast::Qualifier { name, arguments, flavors, .. } = qualifier;
        let span = name.span;
        self.check_qualifier_name(&name);
        let lowered = match self.declared.0.get(&name.name).cloned() {
            Some(declared) => {
                self.declared_qualifier(&name, arguments, flavors, element, &declared)
            }
            None => self.plain_qualifier(name, arguments, flavors),
        };
        lowered.filter(|q| self.check_direction(q, span))
    }

    /// The two qualifiers for the direction of a parameter are TRUE or FALSE in spite of their
    /// declaration.
    fn check_direction(&mut self, qualifier: &Qualifier, span: Span) -> bool {
        let is_direction = qualifier.name.is("in") || qualifier.name.is("out");
        if is_direction && qualifier.value.as_bool().is_none() {
            let message = format!("qualifier {} is TRUE or FALSE", qualifier.name);
            self.report(WBEMMOF_E_TYPE_MISMATCH, message, span);
            return false;
        }
        true
    }

    fn declared_qualifier(
        &mut self,
        name: &Ident,
        arguments: Arguments,
        flavors: Option<Flavors>,
        element: Scope,
        declared: &Declared,
    ) -> Option<Qualifier> {
        if !declared.scope.intersects(element) {
            let related = (declared.place.clone(), "its scope is declared here");
            self.report_with(
                WBEMMOF_E_QUALIFIER_USED_OUTSIDE_SCOPE,
                format!("qualifier {} is not allowed on a {}", name.name, element.keyword()),
                name.span,
                related,
            );
        }
        let value = match declared_value(arguments, declared) {
            Ok(value) => value,
            Err((error, span)) => {
                self.report_error(&error, span.unwrap_or(name.span));
                return None;
            }
        };
        let flavor = with_flavors(declared.flavor, flavors.unwrap_or_default().set);
        Some(Qualifier::new(name.name.clone(), value, flavor))
    }

    fn plain_qualifier(
        &mut self,
        name: Ident,
        arguments: Arguments,
        flavors: Option<Flavors>,
    ) -> Option<Qualifier> {
        let flavors = flavors.or_else(|| self.flavors.get(&name.name).copied());
        let flavor = with_flavors(Flavor::default(), flavors.unwrap_or_default().set);
        if let Some(flavors) = flavors {
            self.check_override(&name, flavor, flavors);
        }
        let value = match plain_value(arguments) {
            // Since Windows 8 these two always count as TRUE (G.9).
            Ok(_) if name.name.is("key") || name.name.is("static") => true.into(),
            Ok(value) => value,
            Err((error, span)) => {
                self.report_error(&error, span.unwrap_or(name.span));
                return None;
            }
        };
        Some(Qualifier::new(name.name, value, flavor))
    }

    fn check_qualifier_name(&mut self, name: &Ident) {
        if name.name.is("cimtype") {
            self.report(
                WBEMMOF_E_CIMTYPE_QUALIFIER,
                "CIMTYPE is made from the declared type and cannot be written",
                name.span,
            );
        }
        self.check_member_name(name);
    }

    /// A say about overriding has a meaning only for what propagates (G.6).
    fn check_override(&mut self, name: &Ident, flavor: Flavor, written: Flavors) {
        let overriding = FlavorKeywords::ENABLE_OVERRIDE | FlavorKeywords::DISABLE_OVERRIDE;
        if !written.set.intersects(overriding) {
            return;
        }
        let propagates = flavor | Flavor::implied(name.name.as_str());
        if !propagates.intersects(Flavor::TO_DERIVED | Flavor::TO_INSTANCE) {
            self.report(
                WBEMMOF_E_INCOMPATIBLE_FLAVOR_TYPES,
                format!(
                    "qualifier {}: EnableOverride and DisableOverride need ToSubclass or ToInstance",
                    name.name
                ),
                written.span,
            );
        }
    }

    /// The qualifier MAX that an array's size is kept as. It has the type that DMTF's dialect
    /// declares for it, so that one name has one type in a class.
    pub(super) fn max_qualifier(&self, size: i32) -> cim::Result<Qualifier> {
        const MAX: Name = Name::from_static("MAX");
        let size = Value::SInt32(size);
        let Some(max) = self.declared.0.get(&MAX) else {
            return Ok(Qualifier::new(MAX, size, Flavor::default()));
        };
        let size = if max.ty.is_array { Value::array([size]) } else { size };
        Ok(Qualifier::new(MAX, convert(&size, &max.ty)?, max.flavor))
    }

    /// The `In` that an unmarked parameter has in DMTF's dialect.
    pub(super) fn in_qualifier(&self) -> Qualifier {
        const IN: Name = Name::from_static("In");
        let flavor = self.declared.0.get(&IN).map_or(Flavor::default(), |d| d.flavor);
        Qualifier::new(IN, true, flavor)
    }
}

type ValueError = (cim::Error, Option<Span>);

/// The value in the declared type; the declared default where none is written.
fn declared_value(arguments: Arguments, declared: &Declared) -> Result<Value, ValueError> {
    let ty = &declared.ty;
    match arguments {
        Arguments::None if *ty == PropertyType::scalar(CimType::Boolean) => Ok(true.into()),
        Arguments::None => Ok(declared.default.clone()),
        // A single value is accepted for an array of one element.
        Arguments::One(Literal { value, span }) if ty.is_array && !value.is_null() => {
            convert(&Value::array([value]), ty).map_err(|e| (e, Some(span)))
        }
        Arguments::One(Literal { value, span }) => convert(&value, ty).map_err(|e| (e, Some(span))),
        Arguments::Many(_, span) if !ty.is_array => Err((unexpected_array(), Some(span))),
        Arguments::Many(list, span) => {
            let array = Value::array(list.into_iter().map(|l| l.value));
            convert(&array, ty).map_err(|e| (e, Some(span)))
        }
    }
}

/// The value in the type that WMI infers from it.
fn plain_value(arguments: Arguments) -> Result<Value, ValueError> {
    match arguments {
        Arguments::None => Ok(true.into()),
        Arguments::One(literal) => plain_literal(literal),
        Arguments::Many(list, span) => {
            let mut elements = Vec::with_capacity(list.len());
            for literal in list {
                if literal.value.is_null() {
                    return Err((null_element(), Some(literal.span)));
                }
                elements.push(plain_literal(literal)?);
            }
            let first = elements.first().and_then(Value::cim_type);
            if elements.iter().any(|e| e.cim_type() != first) {
                let error = WBEMMOF_E_TYPE_MISMATCH
                    .with("the elements of a qualifier's array are all of one type");
                return Err((error, Some(span)));
            }
            Ok(Value::Array(elements.into()))
        }
    }
}

fn plain_literal(literal: Literal) -> Result<Value, ValueError> {
    match literal.value {
        value @ (Value::String(_) | Value::SInt32(_) | Value::Boolean(_) | Value::Real64(_)) => {
            Ok(value)
        }
        value if value.as_integer().is_some() => Err((
            WBEMMOF_E_OUT_OF_RANGE.with("a qualifier's whole number is a sint32"),
            Some(literal.span),
        )),
        _ => Err((
            WBEMMOF_E_UNSUPPORTED_CIMV22_QUAL_VALUE.with(
                "a qualifier's value is a text, a number, TRUE or FALSE, or an array of them",
            ),
            Some(literal.span),
        )),
    }
}

/// `base` changed by what the keywords say.
fn with_flavors(base: Flavor, set: FlavorKeywords) -> Flavor {
    const RULES: [(FlavorKeywords, Flavor, bool); 7] = [
        (FlavorKeywords::RESTRICTED, Flavor::TO_INSTANCE.union(Flavor::TO_DERIVED), false),
        (FlavorKeywords::TO_SUBCLASS, Flavor::TO_DERIVED, true),
        (FlavorKeywords::NOT_TO_SUBCLASS, Flavor::TO_DERIVED, false),
        (FlavorKeywords::TO_INSTANCE, Flavor::TO_INSTANCE, true),
        (FlavorKeywords::NOT_TO_INSTANCE, Flavor::TO_INSTANCE, false),
        (FlavorKeywords::DISABLE_OVERRIDE, Flavor::NOT_OVERRIDABLE, true),
        (FlavorKeywords::ENABLE_OVERRIDE, Flavor::NOT_OVERRIDABLE, false),
    ];
    let mut flavor = base;
    for (keyword, bits, on) in RULES {
        if set.contains(keyword) {
            flavor.set(bits, on);
        }
    }
    if set.contains(FlavorKeywords::AMENDED) {
        flavor |= Flavor::AMENDED;
    }
    flavor
}

/// The qualifiers of `set` that are not among `names`, by name.
pub(super) fn without<'q>(set: &'q Qualifiers, names: &[&str]) -> HashMap<&'q Name, &'q Qualifier> {
    set.iter().filter(|q| !names.iter().any(|n| q.name.is(n))).map(|q| (&q.name, q)).collect()
}
