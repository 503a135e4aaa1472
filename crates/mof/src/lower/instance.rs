//! Instances, and values whose type is not known yet.

use std::collections::HashMap;

use cim::status::*;
use cim::{Flavor, Name, Qualifier, Qualifiers, Value};

use super::Lowering;
use crate::action::{ActionKind, InitialValue, InstanceDeclaration, PropertyValue};
use crate::ast::{self, FlavorKeywords, Init, Scope};

impl Lowering<'_> {
    pub(super) fn instance(&mut self, instance: ast::Instance) {
        self.owner = instance.alias.as_ref().map(|a| a.name.clone());
        if let Some(alias) = &instance.alias {
            self.declare_alias(alias);
        }
        let span = instance.span;
        let declaration = self.instance_declaration(instance);
        let flags = self.instance_flags;
        self.owner = None;
        self.act(span, ActionKind::PutInstance { declaration, flags });
    }

    fn instance_declaration(&mut self, instance: ast::Instance) -> InstanceDeclaration {
        let qualifiers = self.instance_qualifiers(instance.qualifiers, Scope::INSTANCE);
        let mut seen = HashMap::with_capacity(instance.properties.len());
        let mut properties = Vec::with_capacity(instance.properties.len());
        for ast::Assignment { qualifiers, name, init } in instance.properties {
            if let Some(first) = seen.insert(name.name.clone(), name.span) {
                let related = (self.place(first), "first given here");
                let message = format!("property {} is given twice", name.name);
                self.report_with(WBEMMOF_E_DUPLICATE_PROPERTY, message, name.span, related);
                continue;
            }
            let span = init.as_ref().map_or(name.span, |init| name.span.to(init.span()));
            let qualifiers = self.instance_qualifiers(qualifiers, Scope::PROPERTY);
            let value = init.map(|init| self.initial_value(init));
            properties.push(PropertyValue { name: name.name, value, qualifiers, span });
        }
        InstanceDeclaration {
            class: instance.class.name,
            alias: instance.alias.map(|a| a.name),
            qualifiers,
            properties,
            place: self.place(instance.span),
        }
    }

    /// The qualifiers of an instance or of one of its properties. Of the flavors that a declaration or
    /// the file gives to every qualifier of a name, ToSubClass means nothing here; where it is written at
    /// the qualifier it stays, and the put refuses it.
    fn instance_qualifiers(&mut self, list: Vec<ast::Qualifier>, element: Scope) -> Qualifiers {
        let to_subclass = |q: &&ast::Qualifier| {
            q.flavors.is_some_and(|flavors| flavors.set.contains(FlavorKeywords::TO_SUBCLASS))
        };
        let written: Vec<Name> =
            list.iter().filter(to_subclass).map(|q| q.name.name.clone()).collect();
        let lowered = self.qualifiers(list, element);
        let own = lowered.iter().map(|q| match written.contains(&q.name) {
            true => q.clone(),
            false => {
                let flavor = q.flavor.difference(Flavor::TO_DERIVED);
                Qualifier::new(q.name.clone(), q.value.clone(), flavor)
            }
        });
        own.collect()
    }

    pub(super) fn initial_value(&mut self, init: Init) -> InitialValue {
        match init {
            Init::Literal(literal) => InitialValue::Value(literal.value),
            Init::Alias(alias) => {
                self.use_alias(&alias);
                InitialValue::Alias(alias.name)
            }
            Init::Instance(instance) => {
                if let Some(alias) = &instance.alias {
                    self.report(
                        WBEMMOF_E_ALIASES_IN_EMBEDDED,
                        "an embedded instance has no path of its own and so no alias",
                        alias.span,
                    );
                }
                InitialValue::Instance(Box::new(self.instance_declaration(*instance)))
            }
            Init::Array(elements, _) => self.array(elements),
        }
    }

    fn array(&mut self, elements: Vec<Init>) -> InitialValue {
        let is_null = |e: &Init| matches!(e, Init::Literal(literal) if literal.value.is_null());
        if let Some(null) = elements.iter().find(|e| is_null(e)) {
            self.report_error(&crate::convert::null_element(), null.span());
            return InitialValue::Value(Value::Null);
        }
        if !elements.iter().all(|e| matches!(e, Init::Literal(_))) {
            return InitialValue::Array(
                elements.into_iter().map(|e| self.initial_value(e)).collect(),
            );
        }
        let literal = |e| match e {
            Init::Literal(literal) => literal.value,
            _ => Value::Null,
        };
        InitialValue::Value(Value::Array(elements.into_iter().map(literal).collect()))
    }
}
