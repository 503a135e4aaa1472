//! A list: a line for each property, an empty line between objects.
//!
//! Names are padded to the longest of the object, so that values are aligned. Nothing is buffered
//! and nothing is cut off.

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
    /// Whether lines are for scripts: `name=value`, NULL as nothing.
    of_pairs: bool,
}

impl List {
    pub(super) fn new(selection: Selection, style: Style) -> Self {
        List { selection, style, fields: Fields::default(), is_first: true, of_pairs: false }
    }

    /// With lines as scripts want them that were written for `wmic`.
    pub(super) fn of_pairs(selection: Selection, style: Style) -> Self {
        List { of_pairs: true, ..List::new(selection, style) }
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
            let value = field.value(&object);
            let text = text::for_people(&value, self.style);
            match (self.of_pairs, value.is_null()) {
                (false, _) => writeln!(out, "{:longest$} : {text}", field.name)?,
                (true, false) => writeln!(out, "{}={text}", field.name)?,
                (true, true) => writeln!(out, "{}=", field.name)?,
            }
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

    #[test]
    fn pairs_are_for_scripts() {
        let selection = Selection { class: Some("Test_Disk".into()), ..Selection::default() };
        assert_eq!(
            printed(Form::Pairs, selection, vec![fixture::disk(), fixture::disk()]),
            "Id=d0\nLabel=\nSize=18446744073709551615\nUsed=0.5\n\n\
             Id=d0\nLabel=\nSize=18446744073709551615\nUsed=0.5\n"
        );
    }
}
