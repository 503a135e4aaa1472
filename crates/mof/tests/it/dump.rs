//! Actions as text, with everything that a golden should notice.

use std::fmt::Write;

use cim::{Flavor, Object, PropertyType, Qualifiers, Value};
use mof::{Action, ActionKind, Compilation, InitialValue, InstanceDeclaration, PutFlags};

/// All of a compilation that is right.
pub(crate) fn compilation(compilation: &Compilation) -> String {
    let mut out = format!("dialect {:?}", compilation.dialect);
    if compilation.autorecover {
        out.push_str(", autorecover");
    }
    out.push('\n');
    for (name, action) in &compilation.aliases {
        writeln!(out, "alias ${name} = action {action}").unwrap();
    }
    for one in &compilation.actions {
        action(&mut out, one);
    }
    out
}

fn action(out: &mut String, action: &Action) {
    let (first, last) = action.place.lines();
    let file = action.place.source.path().display();
    write!(out, "\n{file}:{first}-{last} in {}: ", action.namespace).unwrap();
    match &action.kind {
        ActionKind::PutClass { declaration, alias, pending, flags } => {
            write!(out, "class {}", declaration.name).unwrap();
            if let Some(superclass) = &declaration.superclass {
                write!(out, " : {superclass}").unwrap();
            }
            if let Some(alias) = alias {
                write!(out, " as ${alias}").unwrap();
            }
            put_flags(out, *flags);
            qualifiers(out, "    ", &declaration.qualifiers);
            for p in &declaration.properties {
                write!(out, "  {} {}", ty(&p.ty), p.name).unwrap();
                if let Some(default) = &p.default {
                    write!(out, " = {}", value(default)).unwrap();
                }
                out.push('\n');
                qualifiers(out, "      ", &p.qualifiers);
            }
            for p in pending {
                let name = &declaration.properties[p.property].name;
                writeln!(out, "  pending {name} = {}", initial(&p.value, "  ")).unwrap();
            }
            for m in &declaration.methods {
                let returns = m.return_type.as_ref().map_or("void".into(), ty);
                writeln!(out, "  {returns} {}()", m.name).unwrap();
                qualifiers(out, "      ", &m.qualifiers);
                for (id, p) in m.parameters.iter().enumerate() {
                    write!(out, "    {id}: {} {}", ty(&p.ty), p.name).unwrap();
                    if !p.default.is_null() {
                        write!(out, " = {}", value(&p.default)).unwrap();
                    }
                    out.push('\n');
                    qualifiers(out, "        ", &p.qualifiers);
                }
            }
        }
        ActionKind::PutInstance { declaration, flags } => {
            out.push_str("instance");
            put_flags(out, *flags);
            write!(out, "{}", instance(declaration, "")).unwrap();
        }
        ActionKind::DeleteClass { class, fail } => {
            writeln!(out, "delete class {class}, fail {fail}").unwrap();
        }
        ActionKind::DeleteInstance { path, fail } => {
            writeln!(out, "delete instance {path}, fail {fail}").unwrap();
        }
    }
}

fn put_flags(out: &mut String, flags: PutFlags) {
    if flags != PutFlags::default() {
        write!(out, " {flags:?}").unwrap();
    }
    out.push('\n');
}

fn instance(declaration: &InstanceDeclaration, indent: &str) -> String {
    let mut out = format!("{indent}instance of {}", declaration.class);
    if let Some(alias) = &declaration.alias {
        write!(out, " as ${alias}").unwrap();
    }
    out.push('\n');
    qualifiers(&mut out, &format!("{indent}    "), &declaration.qualifiers);
    for p in &declaration.properties {
        let inner = format!("{indent}  ");
        let value = p.value.as_ref().map_or("(none)".into(), |v| initial(v, &inner));
        writeln!(out, "{inner}{} = {value}", p.name).unwrap();
        qualifiers(&mut out, &format!("{indent}      "), &p.qualifiers);
    }
    out
}

fn initial(v: &InitialValue, indent: &str) -> String {
    match v {
        InitialValue::Value(v) => value(v),
        InitialValue::Alias(alias) => format!("${alias}"),
        InitialValue::Instance(i) => {
            let inner = format!("{indent}  ");
            format!("\n{}", instance(i, &inner).trim_end())
        }
        InitialValue::Array(elements) => {
            let all: Vec<_> = elements.iter().map(|e| initial(e, indent)).collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

fn qualifiers(out: &mut String, indent: &str, qualifiers: &Qualifiers) {
    for q in qualifiers {
        write!(out, "{indent}[{} = {}", q.name, value(&q.value)).unwrap();
        if q.flavor != Flavor::default() {
            write!(out, " : 0x{:02x}", q.flavor.0).unwrap();
        }
        out.push_str("]\n");
    }
}

fn ty(ty: &PropertyType) -> String {
    ty.to_string()
}

/// A value with its type: `uint8 5`.
fn value(v: &Value) -> String {
    match v {
        Value::Null => "NULL".into(),
        Value::Array(elements) => {
            let all: Vec<_> = elements.iter().map(value).collect();
            format!("{{{}}}", all.join(", "))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Reference(text) => format!("ref {text:?}"),
        Value::Object(object) => match &**object {
            Object::Class(class) => format!("class {}", class.name()),
            Object::Instance(instance) => {
                let all = instance.class().properties().iter().zip(instance.values());
                let all: Vec<_> = all.map(|(p, v)| format!("{} = {}", p.name, value(v))).collect();
                format!("instance of {} {{{}}}", instance.class().name(), all.join(", "))
            }
        },
        other => {
            let debug = format!("{other:?}");
            debug.replace('(', " ").trim_end_matches(')').to_lowercase()
        }
    }
}
