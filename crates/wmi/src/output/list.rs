//! A list: a line for each property, an empty line between objects.
//!
//! Names are padded to the longest of the object, so that values stand below each other.
//! Nothing is held back and nothing is cut off.

use std::io::{self, Write};

use cim::Object;

use super::Format;
use super::fields::{Fields, Selection};
use super::text::{self, Style};

/// One line a property.
pub(super) struct List {
    selection: Selection,
    style: Style,
    fields: Fields,
    is_first: bool,
}

impl List {
    pub(super) fn new(selection: Selection, style: Style) -> Self {
        List { selection, style, fields: Fields::default(), is_first: true }
    }
}

impl Format for List {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        let fields = self.fields.of(&object, |o| self.selection.fields_with_class(o));
        if !std::mem::take(&mut self.is_first) {
            writeln!(out)?;
        }
        let longest = fields.iter().map(|f| f.name.as_str().chars().count()).max().unwrap_or(0);
        for field in fields.iter() {
            let value = text::for_people(&field.value(&object), self.style);
            writeln!(out, "{:longest$} : {value}", field.name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Form, fixture, printed};

    #[test]
    fn a_line_for_each_property() {
        let selection = Selection { class: Some("Test_Disk".into()), ..Selection::default() };
        assert_eq!(
            printed(Form::List, selection, vec![fixture::disk(), fixture::fan()]),
            "Id    : d0\n\
             Label : NULL\n\
             Size  : 18446744073709551615\n\
             Used  : 0.5\n\
             \n\
             __CLASS : Test_Fan\n\
             Id      : f0\n\
             Speed   : -3\n"
        );
    }
}
