//! An object path as XML: `VALUE.REFERENCE` with the path's parts as elements.
//!
//! A stored reference is any text; one that is no object path is text here too.

use cim::{KeyValue, Namespace, ObjectPath, PathKeys};

use super::element::Element;

/// The element of a reference.
pub(super) fn write_reference(path: &str, text: &mut Element) {
    let Ok(parsed) = path.parse::<ObjectPath>() else {
        return text.leaf("VALUE", &[], path);
    };
    text.open("VALUE.REFERENCE", &[]);
    let kind = if parsed.is_class() { "CLASS" } else { "INSTANCE" };
    let wrapper = match (&parsed.server, &parsed.namespace) {
        (Some(_), Some(_)) => format!("{kind}PATH"),
        (None, Some(_)) => format!("LOCAL{kind}PATH"),
        _ => String::new(),
    };
    if !wrapper.is_empty() {
        text.open(&wrapper, &[]);
        write_namespace(parsed.server.as_deref(), parsed.namespace.as_ref(), text);
    }
    write_name(&parsed, text);
    if !wrapper.is_empty() {
        text.close(&wrapper);
    }
    text.close("VALUE.REFERENCE");
}

fn write_namespace(server: Option<&str>, namespace: Option<&Namespace>, text: &mut Element) {
    if let Some(server) = server {
        text.open("NAMESPACEPATH", &[]);
        text.leaf("HOST", &[], server);
    }
    text.open("LOCALNAMESPACEPATH", &[]);
    for part in namespace.map_or("", Namespace::as_str).split('\\') {
        text.empty("NAMESPACE", &[("NAME", part)]);
    }
    text.close("LOCALNAMESPACEPATH");
    if server.is_some() {
        text.close("NAMESPACEPATH");
    }
}

fn write_name(path: &ObjectPath, text: &mut Element) {
    let class = path.class.as_str();
    if path.is_class() {
        return text.empty("CLASSNAME", &[("NAME", class)]);
    }
    text.open("INSTANCENAME", &[("CLASSNAME", class)]);
    match &path.keys {
        PathKeys::Class | PathKeys::Singleton => {}
        PathKeys::Unnamed(value) => write_key(value, text),
        PathKeys::Named(keys) => {
            for (name, value) in keys {
                text.open("KEYBINDING", &[("NAME", name.as_str())]);
                write_key(value, text);
                text.close("KEYBINDING");
            }
        }
    }
    text.close("INSTANCENAME");
}

fn write_key(value: &KeyValue, text: &mut Element) {
    let kind = match value {
        KeyValue::Text(_) => "string",
        KeyValue::Integer(_) => "numeric",
        KeyValue::Boolean(_) => "boolean",
    };
    text.leaf("KEYVALUE", &[("VALUETYPE", kind)], &value.text());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_path() {
        for (path, expected) in [
            ("A", r#"<VALUE.REFERENCE><CLASSNAME NAME="A"/></VALUE.REFERENCE>"#),
            (
                "A=@",
                r#"<VALUE.REFERENCE><INSTANCENAME CLASSNAME="A"></INSTANCENAME></VALUE.REFERENCE>"#,
            ),
            (
                r#"root\x:A.K=4,L="b""#,
                "<VALUE.REFERENCE><LOCALINSTANCEPATH><LOCALNAMESPACEPATH>\
                 <NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"x\"/>\
                 </LOCALNAMESPACEPATH><INSTANCENAME CLASSNAME=\"A\">\
                 <KEYBINDING NAME=\"K\"><KEYVALUE VALUETYPE=\"numeric\">4</KEYVALUE></KEYBINDING>\
                 <KEYBINDING NAME=\"L\"><KEYVALUE VALUETYPE=\"string\">b</KEYVALUE></KEYBINDING>\
                 </INSTANCENAME></LOCALINSTANCEPATH></VALUE.REFERENCE>",
            ),
            ("no path", "<VALUE>no path</VALUE>"),
        ] {
            let mut text = Element::default();
            write_reference(path, &mut text);
            assert_eq!(text.as_str(), expected);
        }
    }
}
