//! The localized part of a master file as text (MFL), in the form in which mofcomp writes it.

use cim::{ClassDeclaration, Locale, Namespace, Value};

use super::{Prelude, Writer};

/// The localized part of a class.
pub(crate) struct LocalizedClass {
    /// Where the neutral part is.
    pub namespace: Namespace,
    /// Where this part is to be.
    pub below: Namespace,
    /// The part, as `cim::amendment` makes it.
    pub class: ClassDeclaration,
}

/// The text that makes, below the namespace of each of `classes`, the namespace of `locale` and
/// the class in it.
pub(crate) fn write_localized(
    classes: &[LocalizedClass],
    locale: Locale,
    autorecover: bool,
) -> String {
    let all: Vec<&ClassDeclaration> = classes.iter().map(|c| &c.class).collect();
    let mut writer = Writer { out: String::new(), prelude: Prelude::of(&all), depth: 0 };
    if autorecover {
        writer.push("#pragma autorecover\n");
    }
    writer.declarations();
    let mut current = None;
    for LocalizedClass { namespace, below, class } in classes {
        if current != Some(namespace) {
            writer.localized_namespace(namespace, below);
            current = Some(namespace);
        }
        writer.localized_class(class, locale);
    }
    writer.out
}

impl Writer {
    fn localized_namespace(&mut self, namespace: &Namespace, below: &Namespace) {
        self.namespace(namespace);
        self.push(&format!("instance of __namespace{{ name=\"{}\";}};\n", below.leaf()));
        self.namespace(below);
    }

    fn namespace(&mut self, namespace: &Namespace) {
        self.push("#pragma namespace(");
        self.value(&Value::string(format!(r"\\.\{namespace}")));
        self.push(")\n");
    }

    fn localized_class(&mut self, class: &ClassDeclaration, locale: Locale) {
        self.push(&format!("\n[AMENDMENT, LOCALE(0x{:x})", locale.lcid()));
        let marks = ["amendment", "locale"];
        for qualifier in class.qualifiers.iter().filter(|q| !marks.iter().any(|m| q.name.is(m))) {
            self.push(", ");
            self.qualifier(qualifier);
        }
        self.push("]\n");
        self.class_after_qualifiers(class);
        self.push(";\n");
    }
}
