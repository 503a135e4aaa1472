//! A class as XML: `CLASS` with its qualifiers, properties and methods.
//!
//! Inherited elements are among them and say their class by CLASSORIGIN; inherited qualifiers
//! are left out, as their propagation makes them.

use cim::{Class, Flavor, Method, Parameter, Qualifier, Value};

use super::element::Element;
use super::{type_name, write_property, write_value};

/// The element of a class.
pub(super) fn write_class(class: &Class, text: &mut Element) {
    let mut attributes = vec![("NAME", class.name().as_str())];
    if let Some(superclass) = class.superclass() {
        attributes.push(("SUPERCLASS", superclass.name().as_str()));
    }
    text.open("CLASS", &attributes);
    class.qualifiers().local().for_each(|q| write_qualifier(q, text));
    class.properties().iter().for_each(|p| write_property(p, Some(class), &p.default, text));
    class.methods().iter().for_each(|m| write_method(m, class, text));
    text.close("CLASS");
}

/// The element of a qualifier; its flavors where they are not those that the DTD implies.
pub(super) fn write_qualifier(qualifier: &Qualifier, text: &mut Element) {
    let value = &qualifier.value;
    let element = value.as_array().and_then(<[Value]>::first).unwrap_or(value);
    let cim = element.cim_type().map_or("string", type_name);
    let has = |flavor| qualifier.flavor.contains(flavor);
    let mut attributes = vec![("NAME", qualifier.name.as_str()), ("TYPE", cim)];
    for (holds, name, word) in [
        (has(Flavor::NOT_OVERRIDABLE), "OVERRIDABLE", "false"),
        (!has(Flavor::TO_DERIVED), "TOSUBCLASS", "false"),
        (has(Flavor::TO_INSTANCE), "TOINSTANCE", "true"),
        (has(Flavor::AMENDED), "AMENDED", "true"),
    ] {
        if holds {
            attributes.push((name, word));
        }
    }
    text.open("QUALIFIER", &attributes);
    write_value(value, text);
    text.close("QUALIFIER");
}

fn write_method(method: &Method, class: &Class, text: &mut Element) {
    let mut attributes = vec![("NAME", method.name.as_str())];
    if let Some(ty) = &method.return_type {
        attributes.push(("TYPE", type_name(ty.cim)));
    }
    attributes.push(("CLASSORIGIN", method.declared_in.as_str()));
    if method.declared_in != *class.name() {
        attributes.push(("PROPAGATED", "true"));
    }
    text.open("METHOD", &attributes);
    method.qualifiers.local().for_each(|q| write_qualifier(q, text));
    method.parameters.iter().for_each(|p| write_parameter(p, text));
    text.close("METHOD");
}

fn write_parameter(parameter: &Parameter, text: &mut Element) {
    use cim::CimType::{Object, Reference};
    let ty = &parameter.ty;
    let element = match (ty.cim, ty.is_array) {
        (Reference, false) => "PARAMETER.REFERENCE",
        (Reference, true) => "PARAMETER.REFARRAY",
        (Object, false) => "PARAMETER.OBJECT",
        (Object, true) => "PARAMETER.OBJECTARRAY",
        (_, false) => "PARAMETER",
        (_, true) => "PARAMETER.ARRAY",
    };
    let mut attributes = vec![("NAME", parameter.name.as_str())];
    match (ty.cim, &ty.class) {
        (Object, _) | (Reference, None) => {}
        (Reference, Some(class)) => attributes.push(("REFERENCECLASS", class.as_str())),
        (cim, _) => attributes.push(("TYPE", type_name(cim))),
    }
    text.open(element, &attributes);
    parameter.qualifiers.iter().for_each(|q| write_qualifier(q, text));
    text.close(element);
}
