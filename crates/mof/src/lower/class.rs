//! Classes: their qualifiers, properties and defaults.

use std::collections::HashMap;
use std::sync::Arc;

use cim::status::*;
use cim::{CimType, ClassDeclaration, PropertyDeclaration, PropertyType, Value};

use super::Lowering;
use crate::action::{ActionKind, InitialValue, PendingDefault};
use crate::ast::{self, Member, Scope, TypeKind};
use crate::convert::convert;
use crate::source::Span;

impl Lowering<'_> {
    pub(super) fn class(&mut self, class: ast::Class) {
        self.check_class_name(&class.name);
        self.owner = class.alias.as_ref().map(|a| a.name.clone());
        if let Some(alias) = &class.alias {
            self.declare_alias(alias);
        }
        let element = class_scope(&class.qualifiers);
        let qualifiers = self.own_qualifiers(class.qualifiers, element);
        let mut declaration = ClassDeclaration {
            name: class.name.name,
            superclass: class.superclass.map(|s| s.name),
            qualifiers,
            ..ClassDeclaration::default()
        };
        let mut pending = Vec::new();
        let mut seen = HashMap::with_capacity(class.members.len());
        for member in class.members {
            let (is_method, name) = match &member {
                Member::Property(property) => (false, &property.name),
                Member::Method(method) => (true, &method.name),
            };
            if let Some(first) = seen.insert((is_method, name.name.clone()), name.span) {
                self.report_duplicate(is_method, name, first);
                continue;
            }
            match member {
                Member::Property(property) => {
                    self.property(property, &mut declaration, &mut pending)
                }
                Member::Method(method) => {
                    let method = self.method(method);
                    declaration.methods.extend(method);
                }
            }
        }
        let flags = self.class_flags;
        let alias = self.owner.take();
        let declaration = Arc::new(declaration);
        self.act(class.span, ActionKind::PutClass { declaration, alias, pending, flags });
    }

    fn report_duplicate(&mut self, is_method: bool, name: &ast::Ident, first: Span) {
        let (status, what) = match is_method {
            true => (WBEM_E_INVALID_METHOD, "method"),
            false => (WBEMMOF_E_DUPLICATE_PROPERTY, "property"),
        };
        let related = (self.place(first), "first declared here");
        let message = format!("{what} {} is declared twice", name.name);
        self.report_with(status, message, name.span, related);
    }

    fn property(
        &mut self,
        property: ast::Variable,
        class: &mut ClassDeclaration,
        pending: &mut Vec<PendingDefault>,
    ) {
        self.check_member_name(&property.name);
        let Some(ty) = self.variable_type(&property) else { return };
        let element = match ty.cim {
            CimType::Reference => Scope::REFERENCE,
            _ => Scope::PROPERTY,
        };
        let mut qualifiers = self.own_qualifiers(property.qualifiers, element);
        self.add_size(property.array, &mut qualifiers);
        let default = property.init.and_then(|init| {
            let span = init.span();
            let value = self.initial_value(init);
            match value {
                InitialValue::Value(value) => self.typed(&value, &ty, span),
                value if self.may_be_pending(&value, &ty, span) => {
                    pending.push(PendingDefault { property: class.properties.len(), value, span });
                    None
                }
                _ => None,
            }
        });
        class.properties.push(PropertyDeclaration {
            name: property.name.name,
            ty,
            default,
            qualifiers,
        });
    }

    /// The whole type of a property or parameter. `None`, and reported, where it is `void`.
    pub(super) fn variable_type(&mut self, variable: &ast::Variable) -> Option<PropertyType> {
        match &variable.ty.kind {
            TypeKind::Scalar(ty) => {
                Some(PropertyType { is_array: variable.array.is_some(), ..ty.clone() })
            }
            TypeKind::Void => {
                let message = format!("{} cannot be void; only a method can", variable.name.name);
                self.report(WBEMMOF_E_UNRECOGNIZED_TYPE, message, variable.ty.span);
                None
            }
        }
    }

    /// Keeps the size of `X[10]` as the qualifier MAX.
    pub(super) fn add_size(
        &mut self,
        array: Option<ast::ArraySuffix>,
        qualifiers: &mut cim::Qualifiers,
    ) {
        let Some(ast::ArraySuffix { size: Some(size), span }) = array else { return };
        let max = match self.max_qualifier(size) {
            Ok(max) => max,
            Err(error) => return self.report_error(&error, span),
        };
        match qualifiers.value("max") {
            None => qualifiers.set(max),
            Some(value) if *value == max.value => {}
            Some(_) => self.report(
                WBEMMOF_E_DUPLICATE_QUALIFIER,
                "the size of the array conflicts with its qualifier MAX",
                span,
            ),
        }
    }

    /// A literal in the declared type, or its error reported.
    pub(super) fn typed(&mut self, value: &Value, ty: &PropertyType, span: Span) -> Option<Value> {
        convert(value, ty).map_err(|error| self.report_error(&error, span)).ok()
    }

    /// Whether a value with an alias or an embedded instance suits the type; reports if not.
    fn may_be_pending(&mut self, value: &InitialValue, ty: &PropertyType, span: Span) -> bool {
        match crate::instantiate::check_kind(value, ty) {
            Ok(()) => true,
            Err(error) => {
                self.report_error(&error, span);
                false
            }
        }
    }
}

/// What DMTF calls the kind of a class with these qualifiers.
fn class_scope(qualifiers: &[ast::Qualifier]) -> Scope {
    let has = |name: &str| qualifiers.iter().any(|q| q.name.name.is(name));
    match () {
        () if has("association") => Scope::ASSOCIATION,
        () if has("indication") => Scope::INDICATION,
        () => Scope::CLASS,
    }
}
