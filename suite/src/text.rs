//! Objects as one line of text each, the form in which tests expect them.
//!
//! `Class{A=1, B="x", C=NULL}`: properties in alphabetical order, so that a line does not change
//! with the order of declarations; every text identifies its type. It is for tests and cannot be
//! read back.

use cim::{Class, Flavor, Instance, Object, Qualifiers, SystemProperty, Value};

/// An instance with its properties; a class as `class Name : Superclass`.
pub fn object(object: &Object) -> String {
    match object {
        Object::Instance(instance) => self::instance(instance),
        Object::Class(class) => class_line(class),
    }
}

fn instance(instance: &Instance) -> String {
    let class = instance.class();
    let property = |&slot: &u16| {
        let slot = usize::from(slot);
        format!("{}={}", class.properties()[slot].name, value(instance.value(slot)))
    };
    let properties: Vec<String> = class.slots_by_name().iter().map(property).collect();
    format!("{}{{{}}}", class.name(), properties.join(", "))
}

fn class_line(class: &Class) -> String {
    match class.superclass() {
        Some(above) => format!("class {} : {}", class.name(), above.name()),
        None => format!("class {}", class.name()),
    }
}

/// A value as it would be written: strings in quotes, DATETIMEs bare, references after `ref`.
pub fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(true) => "TRUE".to_owned(),
        Value::Boolean(false) => "FALSE".to_owned(),
        Value::Real32(v) => format!("{v:?}"),
        Value::Real64(v) => format!("{v:?}"),
        Value::Char16(unit) => match char::from_u32(u32::from(*unit)) {
            Some(c) if !c.is_control() => format!("'{c}'"),
            _ => format!("'\\x{unit:04X}'"),
        },
        Value::String(text) => quoted(text),
        Value::DateTime(datetime) => datetime.to_string(),
        Value::Reference(path) => format!("ref {}", quoted(path)),
        Value::Object(embedded) => object(embedded),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(self::value).collect();
            format!("{{{}}}", elements.join(", "))
        }
        integer => integer.as_integer().map(|n| n.to_string()).unwrap_or_default(),
    }
}

fn quoted(text: &str) -> String {
    let mut line = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            c => line.push(c),
        }
    }
    line + "\""
}

/// All system properties of an object, in the order of enumerations.
pub fn system(object: &Object) -> String {
    let property = |p: SystemProperty| format!("{}={}", p.name(), value(&object.system(p)));
    SystemProperty::ALL.map(property).join(", ")
}

/// A class in several lines: itself, its properties by name, its methods; each with its
/// qualifiers and their flavors, with its default, and with the class that declares it.
pub fn class(class: &Class) -> String {
    let mut lines = vec![format!("{}{}", class_line(class), qualifiers(class.qualifiers()))];
    for &slot in class.slots_by_name() {
        let p = &class.properties()[usize::from(slot)];
        let origin = origin(class, &p.declared_in);
        let default = value(&p.default);
        let (ty, marks) = (p.ty.cimtype(), qualifiers(&p.qualifiers));
        let array = if p.ty.is_array { "[]" } else { "" };
        lines.push(format!("  {ty} {}{array} = {default}{origin}{marks}", p.name));
    }
    for method in class.methods() {
        let returns = method.return_type.as_ref().map_or("void".into(), |ty| ty.cimtype());
        let parameters: Vec<String> = method
            .parameters
            .iter()
            .map(|p| {
                let direction = match (p.is_in(), p.is_out()) {
                    (true, true) => "in,out ",
                    (true, false) => "in ",
                    (false, true) => "out ",
                    (false, false) => "",
                };
                format!("{direction}{} {}", p.ty.cimtype(), p.name)
            })
            .collect();
        let (origin, marks) = (origin(class, &method.declared_in), qualifiers(&method.qualifiers));
        let parameters = parameters.join(", ");
        lines.push(format!("  {returns} {}({parameters}){origin}{marks}", method.name));
    }
    lines.join("\n")
}

fn origin(class: &Class, declared_in: &cim::Name) -> String {
    match declared_in == class.name() {
        true => String::new(),
        false => format!(" from {declared_in}"),
    }
}

/// `[Key=TRUE 0x13]`, or nothing.
fn qualifiers(set: &Qualifiers) -> String {
    let one = |q: &cim::Qualifier| {
        let Flavor(bits) = q.flavor;
        format!("{}={} {bits:#04x}", q.name, value(&q.value))
    };
    let all: Vec<String> = set.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(" [{}]", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_identifies_its_type() {
        for (given, expected) in [
            (Value::Null, "NULL"),
            (Value::Boolean(true), "TRUE"),
            (Value::SInt8(-5), "-5"),
            (Value::UInt64(u64::MAX), "18446744073709551615"),
            (Value::Real64(1.0), "1.0"),
            (Value::Char16(65), "'A'"),
            (Value::Char16(7), "'\\x0007'"),
            (Value::string("a \"b\" \\ \n"), "\"a \\\"b\\\" \\\\ \\n\""),
            (Value::Reference("A.K=1".into()), "ref \"A.K=1\""),
            (Value::array([Value::UInt8(1), Value::UInt8(2)]), "{1, 2}"),
            (Value::array([]), "{}"),
        ] {
            assert_eq!(value(&given), expected);
        }
    }
}
