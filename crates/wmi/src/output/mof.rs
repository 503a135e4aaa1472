//! MOF: classes and instances as the compiler takes them.
//!
//! The text is `mof`'s; it has one spelling for each value, so that the options for numbers
//! and datetimes do not apply.

use std::io::{self, Write};

use cim::Object;

use super::Format;

/// Declarations, an empty line between.
#[derive(Default)]
pub(super) struct Mof {
    is_next: bool,
}

impl Format for Mof {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.is_next, true) {
            writeln!(out)?;
        }
        let text = match &object {
            Object::Class(class) => mof::write_class(class.declaration()),
            Object::Instance(instance) => mof::write_instance(instance),
        };
        writeln!(out, "{}", text.trim_matches('\n'))
    }
}

#[cfg(test)]
mod tests {
    use crate::output::{Form, Selection, fixture, printed};

    #[test]
    fn classes_and_instances_are_declarations() {
        let objects = vec![fixture::disk_class().into(), fixture::disk()];
        let text = printed(Form::Mof, Selection::default(), objects);
        assert!(text.contains("class Test_Disk"), "{text}");
        assert!(text.contains("\n\ninstance of Test_Disk"), "{text}");
        assert!(text.ends_with("};\n"), "{text}");
    }
}
