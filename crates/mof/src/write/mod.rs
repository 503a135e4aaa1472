//! Objects to MOF that parses back to equal ones.
//!
//! The form is that of `GetObjectText` (windows-in-practice.md "Objects"): a line end first, tabs,
//! qualifiers and property on one line, flavors after a colon, nothing inherited. The caller
//! decides where the text goes.
//!
//! What MOF has no spelling for: a real that is infinite or no number (written as NULL), a class as
//! the value of an embedded object (written as a class, which no value is), a parameter that
//! is marked neither in nor out (it comes back as in), and one qualifier name with values of
//! several types of which WMI's dialect does not have all (they come back as one type). None of
//! these comes from parsed MOF.

mod class;
mod localized;
mod prelude;
mod value;

use cim::{Class, ClassDeclaration, Flavor, Instance, Object, Qualifier, Qualifiers, Value};

pub(crate) use localized::{LocalizedClass, write_localized};
use prelude::Prelude;

/// The MOF of a class: what it declares itself.
///
/// A class whose qualifiers WMI's dialect cannot spell (a uint32 from DMTF's schema, a value of
/// NULL, a fixed flavor on what does not propagate) begins with declarations of these qualifiers
/// in DMTF's form, which put the text into DMTF's dialect. So each text is a file of its own.
pub fn write_class(class: &ClassDeclaration) -> String {
    let prelude = Prelude::of(&[class]);
    let mut writer = Writer { out: String::from("\n"), prelude, depth: 0 };
    writer.declarations();
    writer.class(class);
    writer.out
}

/// The MOF of an instance: the values and qualifiers that it supplies itself. The class's
/// defaults are left out, a NULL that was supplied is not.
pub fn write_instance(instance: &Instance) -> String {
    let mut writer = Writer { out: String::from("\n"), prelude: Prelude::default(), depth: 0 };
    writer.instance(instance);
    writer.out.push_str(";\n");
    writer.out
}

struct Writer {
    out: String,
    prelude: Prelude,
    /// How many braces are open.
    depth: usize,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push('\t');
        }
    }

    /// Qualifiers of the element's own in brackets; nothing where there are none.
    fn qualifiers(&mut self, qualifiers: &Qualifiers, after: &str) {
        let mut separator = "[";
        for qualifier in qualifiers.local() {
            self.push(separator);
            separator = ", ";
            self.qualifier(qualifier);
        }
        if separator != "[" {
            self.push("]");
            self.push(after);
        }
    }

    fn qualifier(&mut self, qualifier: &Qualifier) {
        self.push(qualifier.name.as_str());
        match &qualifier.value {
            Value::Boolean(true) => {}
            array @ Value::Array(_) => self.value(array),
            value => {
                self.push("(");
                self.value(value);
                self.push(")");
            }
        }
        self.flavor(qualifier);
    }

    fn flavor(&mut self, qualifier: &Qualifier) {
        let words: Vec<&str> = match self.prelude.flavor(&qualifier.name) {
            Some(declared) if declared == qualifier.flavor => return,
            Some(_) => prelude::words_in_full(qualifier.flavor).collect(),
            None => {
                let implied = Flavor::implied(qualifier.name.as_str());
                words(qualifier.flavor - implied).collect()
            }
        };
        if !words.is_empty() {
            self.push(": ");
            self.push(&words.join(" "));
        }
    }

    /// An instance without the `;` after it, which an embedded one does not have.
    fn instance(&mut self, instance: &Instance) {
        if let Some(qualifiers) = instance.qualifiers() {
            self.qualifiers(&qualifiers.instance, " ");
        }
        self.push("instance of ");
        self.push(instance.class().name().as_str());
        self.line();
        self.push("{");
        self.depth += 1;
        for slot in 0..instance.values().len() {
            let qualifiers = property_qualifiers(instance, slot);
            let is_supplied = instance.is_supplied(slot);
            if !is_supplied && qualifiers.is_none() {
                continue;
            }
            self.line();
            if let Some(qualifiers) = qualifiers {
                self.qualifiers(qualifiers, " ");
            }
            self.push(instance.class().properties()[slot].name.as_str());
            if is_supplied {
                self.push(" = ");
                self.value(instance.value(slot));
            }
            self.push(";");
        }
        self.depth -= 1;
        self.line();
        self.push("}");
    }

    fn object(&mut self, object: &Object) {
        match object {
            Object::Instance(instance) => self.instance(instance),
            Object::Class(class) => self.embedded_class(class),
        }
    }

    fn embedded_class(&mut self, class: &Class) {
        self.class_without_end(class.declaration());
    }
}

fn property_qualifiers(instance: &Instance, slot: usize) -> Option<&Qualifiers> {
    let all = &instance.qualifiers()?.properties;
    all.iter().find(|(s, _)| usize::from(*s) == slot).map(|(_, qualifiers)| qualifiers)
}

/// The words of WMI's dialect for what a flavor has.
fn words(flavor: Flavor) -> impl Iterator<Item = &'static str> {
    const WORDS: [(Flavor, &str); 4] = [
        (Flavor::TO_INSTANCE, "ToInstance"),
        (Flavor::TO_DERIVED, "ToSubClass"),
        (Flavor::NOT_OVERRIDABLE, "DisableOverride"),
        (Flavor::AMENDED, "Amended"),
    ];
    WORDS.into_iter().filter(move |(bit, _)| flavor.contains(*bit)).map(|(_, word)| word)
}
