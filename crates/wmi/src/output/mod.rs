//! How objects are printed: one file a format, and the [`Printer`] that feeds them.
//!
//! Objects come in batches from a call's sink, in the order in which they arrive, and leave as
//! bytes on standard output; what a batch brought is flushed before the next one is taken. The
//! format never changes the request: nothing here asks WMI anything. Errors of WMI are not
//! printed here (`crate::failure`).
//!
//! | module | what |
//! |---|---|
//! | [`fields`] | which properties of an object are shown, and their values |
//! | [`text`], [`timestamp`] | a value as text, a DATETIME as RFC 3339 |
//! | [`auto`], [`table`], [`list`] | for people |
//! | [`json`], [`class_json`], [`csv`], [`xml`], [`mof`] | for programs |
//! | [`columns`] | what `table` and `csv` have in common: a header over many objects |

mod auto;
mod class_json;
mod columns;
mod csv;
mod fields;
mod json;
mod list;
mod mof;
mod table;
pub(crate) mod text;
mod timestamp;
mod xml;

#[cfg(test)]
mod fixture;

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use cim::{Name, Object, SystemProperty};

pub(crate) use fields::Selection;
pub(crate) use text::Style;

use crate::screen::Screen;

/// How many objects the formats with one header look at before they print it.
const LOOK_AHEAD: usize = 256;

/// A format of the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A table where it fits, else a list.
    Auto,
    /// One line an object, under a header.
    Table,
    /// A line for each property, objects separated by an empty line.
    List,
    /// `property=value` for each property, objects separated by an empty line, as in `wmic`.
    Pairs,
    /// One JSON array; of one object asked for by its path, that object.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// RFC 4180, with a header.
    Csv,
    /// CIM's XML with WMI's elements for embedded objects.
    Xml,
    /// MOF.
    Mof,
}

impl Form {
    /// Whether it is for people.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Form::Auto | Form::Table | Form::List | Form::Pairs)
    }

    /// Whether errors are printed as JSON too.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Form::Json | Form::JsonLines)
    }
}

/// What holds for all output of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// The format.
    pub(crate) form: Form,
    /// How values are spelled.
    pub(crate) style: Style,
    /// Whether system properties are shown.
    pub(crate) system: bool,
    /// Where standard output goes.
    pub(crate) screen: Screen,
}

/// A format at work. What it holds back it writes in `finish`.
trait Format: Send {
    /// Takes the next object.
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()>;

    /// Hears that no more has arrived for now.
    fn pause(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Hears that nothing more comes.
    fn finish(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Prints objects in a format.
pub(crate) struct Printer {
    format: Box<dyn Format>,
    out: Box<dyn Write + Send>,
    count: u64,
    failed: Option<io::Error>,
    /// The properties that the request names and that no object had so far.
    unfound: Vec<Name>,
}

impl Printer {
    /// A printer to standard output.
    pub(crate) fn stdout(settings: &Settings, selection: Selection) -> Self {
        Printer::new(settings, selection, BufWriter::new(io::stdout()))
    }

    /// A printer to `out`.
    pub(crate) fn new(
        settings: &Settings,
        selection: Selection,
        out: impl Write + Send + 'static,
    ) -> Self {
        let mut unfound = selection.named.clone().unwrap_or_default();
        unfound.retain(|name| SystemProperty::from_name(name.as_str()).is_none());
        let format = format(settings, selection);
        Printer { format, out: Box::new(out), count: 0, failed: None, unfound }
    }

    /// The properties that the request names and that none of the objects had, where there were
    /// any.
    pub(crate) fn unfound(&self) -> &[Name] {
        if self.is_untouched() { &[] } else { &self.unfound }
    }

    /// Prints a batch. `Break` if the reader has closed the output, or it cannot be written.
    pub(crate) fn batch(&mut self, objects: Vec<Object>) -> ControlFlow<()> {
        match self.print(objects) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed.get_or_insert(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Whether no object has come yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.count == 0
    }

    /// Prints what is left, and gives the number of objects.
    /// Errors: the first that writing gave.
    pub(crate) fn finish(&mut self) -> io::Result<u64> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.format.finish(&mut self.out)?;
        self.out.flush()?;
        Ok(self.count)
    }

    fn print(&mut self, objects: Vec<Object>) -> io::Result<()> {
        for object in objects {
            self.count += 1;
            self.unfound.retain(|name| object.class().slot(name.as_str()).is_none());
            self.format.object(object, &mut self.out)?;
        }
        self.format.pause(&mut self.out)?;
        self.out.flush()
    }
}

fn format(settings: &Settings, selection: Selection) -> Box<dyn Format> {
    let Settings { style, screen, .. } = *settings;
    match settings.form {
        Form::Auto => Box::new(auto::Auto::new(selection, style, screen)),
        Form::Table => Box::new(table::Table::new(selection, style, screen)),
        Form::List => Box::new(list::List::new(selection, style)),
        Form::Pairs => Box::new(list::List::of_pairs(selection, style)),
        Form::Json => Box::new(json::Json::new(selection, style)),
        Form::JsonLines => Box::new(json::JsonLines::new(selection, style)),
        Form::Csv => Box::new(csv::Csv::new(selection, style)),
        Form::Xml => Box::new(xml::Xml::new(selection)),
        Form::Mof => Box::new(mof::Mof::default()),
    }
}

/// What printing `objects` writes where there is no terminal.
#[cfg(test)]
fn printed(form: Form, selection: Selection, objects: Vec<Object>) -> String {
    printed_on(None, form, selection, objects)
}

/// What printing `objects` writes on a terminal of `width`.
#[cfg(test)]
fn printed_on(
    width: Option<u16>,
    form: Form,
    selection: Selection,
    objects: Vec<Object>,
) -> String {
    let screen = Screen { width, emphasis: false };
    let settings = Settings { form, style: Style::default(), system: false, screen };
    let mut format = format(&settings, selection);
    let mut out = Vec::new();
    for object in objects {
        format.object(object, &mut out).unwrap();
        format.pause(&mut out).unwrap();
    }
    format.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}
