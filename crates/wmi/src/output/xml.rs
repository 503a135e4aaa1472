//! XML: CIM's elements (DSP0201) with those that WMI's DTD 2.0 adds for embedded objects.
//!
//! One `CIM` document, its objects in a `DECLGROUP`; it is written as objects arrive. Values
//! are spelled as in CIM: TRUE, a DATETIME in 25 characters. A NULL is a property without a
//! value. Characters that XML 1.0 has no way to write become U+FFFD.

mod class;
mod element;
mod path;

use std::io::{self, Write};

use cim::{CimType, Class, Instance, Object, Property, SystemProperty, Value};

use super::Format;
use super::fields::Selection;
use super::text::{Style, for_csv};
use class::{write_class, write_qualifier};
use element::Element;
use path::write_reference;

/// One document.
pub(super) struct Xml {
    selection: Selection,
    is_open: bool,
}

impl Xml {
    pub(super) fn new(selection: Selection) -> Self {
        Xml { selection, is_open: false }
    }

    fn open(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.is_open, true) {
            return Ok(());
        }
        out.write_all(
            b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
              <CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">\n<DECLARATION>\n<DECLGROUP>\n",
        )
    }
}

impl Format for Xml {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        self.open(out)?;
        let mut text = Element::default();
        text.open("VALUE.OBJECT", &[]);
        match &object {
            Object::Class(class) => write_class(class, &mut text),
            Object::Instance(instance) => self.write_selected(&object, instance, &mut text),
        }
        text.close("VALUE.OBJECT");
        writeln!(out, "{}", text.as_str())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.open(out)?;
        out.write_all(b"</DECLGROUP>\n</DECLARATION>\n</CIM>\n")
    }
}

impl Xml {
    fn write_selected(&self, object: &Object, instance: &Instance, text: &mut Element) {
        let class = instance.class();
        text.open("INSTANCE", &[("CLASSNAME", class.name().as_str())]);
        for field in self.selection.fields(object) {
            match class.property(field.name.as_str()) {
                Some(property) => write_property(property, None, &field.value(object), text),
                None => write_system(field.name.as_str(), &field.value(object), text),
            }
        }
        text.close("INSTANCE");
    }
}

/// A property with its value, in the element that its type asks for; as a property of
/// `class` with its qualifiers, else as one of an instance.
fn write_property(property: &Property, class: Option<&Class>, value: &Value, text: &mut Element) {
    let mut attributes = vec![("NAME", property.name.as_str())];
    if let Some(class) = class {
        attributes.push(("CLASSORIGIN", property.declared_in.as_str()));
        if !class.declares(property) {
            attributes.push(("PROPAGATED", "true"));
        }
    }
    let element = match (property.ty.cim, property.ty.is_array) {
        (CimType::Reference, false) => "PROPERTY.REFERENCE",
        (CimType::Object, false) => "PROPERTY.OBJECT",
        (CimType::Object, true) => "PROPERTY.OBJECTARRAY",
        (cim, is_array) => {
            attributes.push(("TYPE", type_name(cim)));
            if is_array { "PROPERTY.ARRAY" } else { "PROPERTY" }
        }
    };
    if let (CimType::Reference, Some(class)) = (property.ty.cim, &property.ty.class) {
        attributes.push(("REFERENCECLASS", class.as_str()));
    }
    text.open(element, &attributes);
    if class.is_some() {
        property.qualifiers.local().for_each(|q| write_qualifier(q, text));
    }
    write_value(value, text);
    text.close(element);
}

fn write_system(name: &str, value: &Value, text: &mut Element) {
    let Some(ty) = SystemProperty::from_name(name).map(SystemProperty::ty) else { return };
    let element = if ty.is_array { "PROPERTY.ARRAY" } else { "PROPERTY" };
    text.open(
        element,
        &[("NAME", name), ("CLASSORIGIN", "___SYSTEM"), ("TYPE", type_name(ty.cim))],
    );
    write_value(value, text);
    text.close(element);
}

/// The type as XML calls it. It knows no arrays of references: they are arrays of text.
fn type_name(cim: CimType) -> &'static str {
    match cim {
        CimType::Reference => CimType::String.keyword(),
        other => other.keyword(),
    }
}

/// A value in its element; nothing for NULL.
fn write_value(value: &Value, text: &mut Element) {
    match value {
        Value::Null => {}
        Value::Object(object) => write_object(object, text),
        Value::Reference(path) => write_reference(path, text),
        Value::Array(elements) => {
            let objects = matches!(elements.first(), Some(Value::Object(_)));
            let name = if objects { "VALUE.OBJECTARRAY" } else { "VALUE.ARRAY" };
            text.open(name, &[]);
            for element in elements.iter() {
                match element {
                    Value::Reference(path) => text.leaf("VALUE", &[], path),
                    other => write_value(other, text),
                }
            }
            text.close(name);
        }
        scalar => {
            let style = Style { cim_datetime: true, ..Style::default() };
            text.leaf("VALUE", &[], &for_csv(scalar, style).unwrap_or_default());
        }
    }
}

fn write_object(object: &Object, text: &mut Element) {
    text.open("VALUE.OBJECT", &[]);
    match object {
        Object::Class(class) => write_class(class, text),
        Object::Instance(instance) => {
            let class = instance.class();
            text.open("INSTANCE", &[("CLASSNAME", class.name().as_str())]);
            for &slot in class.slots_by_name() {
                let slot = usize::from(slot);
                write_property(&class.properties()[slot], None, instance.value(slot), text);
            }
            text.close("INSTANCE");
        }
    }
    text.close("VALUE.OBJECT");
}

#[cfg(test)]
mod tests {
    use crate::output::{Form, Selection, fixture, printed};

    #[test]
    fn every_type_in_xml() {
        let golden = include_str!("../../tests/golden/everything.xml");
        let text = printed(Form::Xml, Selection::default(), vec![fixture::everything()]);
        assert_eq!(text.replace("><", ">\n<"), golden);
    }

    #[test]
    fn a_class_in_xml() {
        let golden = include_str!("../../tests/golden/class.xml");
        let class = fixture::disk_class().into();
        let text = printed(Form::Xml, Selection::default(), vec![class]);
        assert_eq!(text.replace("><", ">\n<"), golden);
    }

    #[test]
    fn system_properties_are_marked_and_an_empty_result_is_a_document() {
        let selection = Selection { system: true, ..Selection::default() };
        let text = printed(Form::Xml, selection, vec![fixture::disk()]);
        assert!(text.contains(
            r#"<PROPERTY NAME="__GENUS" CLASSORIGIN="___SYSTEM" TYPE="sint32"><VALUE>2</VALUE>"#
        ));
        let text = printed(Form::Xml, Selection::default(), vec![]);
        assert!(text.starts_with("<?xml") && text.ends_with("</CIM>\n"), "{text}");
    }
}
