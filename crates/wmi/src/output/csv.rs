//! CSV by RFC 4180: a header, a line an object, CR LF at the ends of lines.
//!
//! NULL is an empty field, the empty string a quoted one. Arrays and embedded objects are
//! JSON. What a header covers is said in `columns`.

use std::io::{self, Write};

use cim::Object;

use super::columns::Columns;
use super::fields::Selection;
use super::text::{self, Style};
use super::{Format, LOOK_AHEAD};

/// Fields with commas between.
pub(super) struct Csv {
    selection: Selection,
    style: Style,
    waiting: Vec<Object>,
    columns: Option<Columns>,
}

impl Csv {
    pub(super) fn new(selection: Selection, style: Style) -> Self {
        Csv { selection, style, waiting: Vec::new(), columns: None }
    }

    fn header(&mut self, columns: Columns, out: &mut dyn Write) -> io::Result<()> {
        let names = columns.names().iter().map(|(name, _)| Some(name.as_str().to_owned()));
        line(names, out)?;
        self.columns = Some(columns);
        Ok(())
    }

    fn write(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        if !self.columns.as_mut().is_some_and(|columns| columns.fit(&object)) {
            out.write_all(b"\r\n")?;
            self.header(Columns::new(&object, &self.selection), out)?;
        }
        let style = self.style;
        let Some(columns) = &mut self.columns else { return Ok(()) };
        let values = columns.values(&object, |value| text::for_csv(value, style));
        line(values.into_iter().map(Option::flatten), out)
    }
}

impl Format for Csv {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        if self.columns.is_some() {
            return self.write(object, out);
        }
        self.waiting.push(object);
        if self.waiting.len() < LOOK_AHEAD { Ok(()) } else { self.finish(out) }
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        self.header(Columns::over(&waiting, &self.selection), out)?;
        waiting.into_iter().try_for_each(|object| self.write(object, out))
    }
}

fn line(fields: impl Iterator<Item = Option<String>>, out: &mut dyn Write) -> io::Result<()> {
    for (i, field) in fields.enumerate() {
        out.write_all(if i == 0 { b"" } else { b"," })?;
        match field {
            None => {}
            Some(text) if text.is_empty() || text.contains(['"', ',', '\r', '\n']) => {
                write!(out, "\"{}\"", text.replace('"', "\"\""))?;
            }
            Some(text) => out.write_all(text.as_bytes())?,
        }
    }
    out.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Form, fixture, printed};

    #[test]
    fn every_type_in_csv() {
        let golden = include_str!("../../tests/golden/everything.csv");
        let selection = Selection::default();
        assert_eq!(printed(Form::Csv, selection, vec![fixture::everything()]), golden);
    }

    #[test]
    fn one_header_covers_the_classes_that_mix() {
        let objects = vec![fixture::disk_named("a", Some("x,y")), fixture::fan()];
        assert_eq!(
            printed(Form::Csv, Selection::default(), objects),
            "__CLASS,Id,Label,Size,Used,Speed\r\n\
             Test_Disk,a,\"x,y\",18446744073709551615,0.5,\r\n\
             Test_Fan,f0,,,,-3\r\n"
        );
    }

    #[test]
    fn a_property_that_comes_late_gets_a_new_header() {
        let mut objects: Vec<Object> = (0..LOOK_AHEAD).map(|_| fixture::disk()).collect();
        objects.push(fixture::fan());
        let text = printed(Form::Csv, Selection::default(), objects);
        assert!(text.ends_with("0.5\r\n\r\n__CLASS,Id,Speed\r\nTest_Fan,f0,-3\r\n"), "{text}");
    }
}
