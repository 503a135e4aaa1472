//! Methods: directions and numbers of their parameters (behaviour.md C.3).

use cim::derivation::MAX_PROPERTIES;
use cim::status::*;
use cim::{MethodDeclaration, Parameter, Qualifiers};

use super::Lowering;
use super::qualifier::without;
use crate::action::{Dialect, InitialValue};
use crate::ast::{self, Scope, TypeKind};
use crate::source::Span;

const DIRECTIONS: [&str; 2] = ["in", "out"];

/// A parameter before its place is known.
struct Draft {
    parameter: Parameter,
    id: Option<usize>,
    span: Span,
}

impl Lowering<'_> {
    pub(super) fn method(&mut self, method: ast::Method) -> Option<MethodDeclaration> {
        self.check_member_name(&method.name);
        if method.parameters.len() > MAX_PROPERTIES {
            let message = format!(
                "method {} has {} parameters; the limit is {MAX_PROPERTIES}",
                method.name.name,
                method.parameters.len()
            );
            self.report(WBEM_E_TOO_MANY_PROPERTIES, message, method.name.span);
            return None;
        }
        let mut drafts: Vec<Draft> = Vec::with_capacity(method.parameters.len());
        for variable in method.parameters {
            let Some(draft) = self.parameter(variable) else { continue };
            let Some(first) = drafts.iter_mut().find(|d| d.parameter.name == draft.parameter.name)
            else {
                drafts.push(draft);
                continue;
            };
            if !join(first, &draft) {
                let related = (self.place(first.span), "first declared here");
                let message = format!(
                    "parameter {} is declared twice, which it may be only once in and once out, \
                     with one type and equal qualifiers",
                    draft.parameter.name
                );
                let status = WBEM_E_INVALID_DUPLICATE_PARAMETER;
                self.report_with(status, message, draft.span, related);
            }
        }
        let parameters = self.in_sequence(drafts, &method.name);
        let qualifiers = self.own_qualifiers(method.qualifiers, Scope::METHOD);
        let return_type = match method.returns.kind {
            TypeKind::Void => None,
            TypeKind::Scalar(ty) => Some(ty),
        };
        Some(MethodDeclaration { name: method.name.name, return_type, parameters, qualifiers })
    }

    fn parameter(&mut self, variable: ast::Variable) -> Option<Draft> {
        self.check_member_name(&variable.name);
        let ty = self.variable_type(&variable)?;
        let span = variable.name.span;
        let mut qualifiers = self.own_qualifiers(variable.qualifiers, Scope::PARAMETER);
        self.add_size(variable.array, &mut qualifiers);
        let id = self.parameter_id(&mut qualifiers, &variable.name);
        let is_marked = qualifiers.get("in").is_some() || qualifiers.get("out").is_some();
        match self.dialect {
            // In front, where it would have been written.
            Dialect::Dmtf if !is_marked => {
                let marked = [self.in_qualifier()].into_iter().chain(qualifiers.iter().cloned());
                qualifiers = marked.collect();
            }
            Dialect::Wmi if !qualifiers.is_true("in") && !qualifiers.is_true("out") => self.report(
                WBEMMOF_E_MUST_BE_IN_OR_OUT,
                format!("parameter {} is neither [in] nor [out]", variable.name.name),
                span,
            ),
            _ => {}
        }
        let default = variable.init.and_then(|init| {
            let at = init.span();
            match self.initial_value(init) {
                InitialValue::Value(value) => self.typed(&value, &ty, at),
                _ => {
                    let message = "a parameter's default is a literal or an array of literals";
                    self.report(WBEMMOF_E_UNEXPECTED_ALIAS, message, at);
                    None
                }
            }
        });
        let default = default.unwrap_or_default();
        let parameter = Parameter { name: variable.name.name, ty, default, qualifiers };
        Some(Draft { parameter, id, span })
    }

    /// The number that is written, which is not kept as a qualifier.
    fn parameter_id(&mut self, qualifiers: &mut Qualifiers, name: &ast::Ident) -> Option<usize> {
        let id = qualifiers.remove("id")?;
        let number = id.value.as_integer().and_then(|n| usize::try_from(n).ok());
        if number.is_none() {
            let message = format!("the Id of parameter {} is a whole number from 0", name.name);
            self.report(WBEM_E_INVALID_PARAMETER_ID, message, name.span);
        }
        number
    }

    /// The parameters in the order of their numbers. Those without one get the numbers that are
    /// left, in their own order.
    fn in_sequence(&mut self, drafts: Vec<Draft>, method: &ast::Ident) -> Vec<Parameter> {
        let count = drafts.len();
        let mut places: Vec<Option<Parameter>> = Vec::new();
        places.resize_with(count, || None);
        let mut unnumbered = Vec::new();
        for draft in drafts {
            match draft.id {
                None => unnumbered.push(draft.parameter),
                Some(id) if id < count && places[id].is_none() => {
                    places[id] = Some(draft.parameter);
                }
                Some(id) => {
                    let message = format!(
                        "parameter {} of {} has Id {id}; the Ids of its parameters are 0 to {}, \
                         each once",
                        draft.parameter.name,
                        method.name,
                        count - 1
                    );
                    self.report(WBEM_E_NONCONSECUTIVE_PARAMETER_IDS, message, draft.span);
                }
            }
        }
        let mut unnumbered = unnumbered.into_iter();
        places.into_iter().filter_map(|place| place.or_else(|| unnumbered.next())).collect()
    }
}

/// Makes `first` in and out if the two declare one parameter, once in and once out.
fn join(first: &mut Draft, second: &Draft) -> bool {
    let (a, b) = (&first.parameter, &second.parameter);
    let (inward, outward) = match (a.is_in(), a.is_out(), b.is_in(), b.is_out()) {
        (true, false, false, true) => (&a.qualifiers, &b.qualifiers),
        (false, true, true, false) => (&b.qualifiers, &a.qualifiers),
        _ => return false,
    };
    let ids_agree = first.id.is_none() || second.id.is_none() || first.id == second.id;
    let defaults_agree = a.default == b.default || a.default.is_null() || b.default.is_null();
    let same = ids_agree
        && defaults_agree
        && a.ty == b.ty
        && without(inward, &DIRECTIONS) == without(outward, &DIRECTIONS);
    if !same {
        return false;
    }
    let mut merged = Vec::with_capacity(inward.len() + 1);
    for qualifier in inward.iter().filter(|q| !q.name.is("out")) {
        merged.push(qualifier.clone());
        if qualifier.name.is("in") {
            merged.extend(outward.get("out").cloned());
        }
    }
    first.parameter.qualifiers = merged.into_iter().collect();
    if first.parameter.default.is_null() {
        first.parameter.default = second.parameter.default.clone();
    }
    first.id = first.id.or(second.id);
    true
}
