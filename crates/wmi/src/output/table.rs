//! A table: a header, then a line for each object, with values below their names.
//!
//! The first objects determine the widths of the columns; then lines are written as objects arrive.
//! On a terminal the widest columns are narrowed until the table fits, and longer values continue in
//! the next line. Elsewhere an object is one line, and a value wider than its column shifts the rest
//! of the line. Nothing is cut off.

use std::io::{self, Write};

use cim::Object;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, Width, presets};

use super::columns::Columns;
use super::fields::Selection;
use super::text::{self, Style};
use super::{Format, LOOK_AHEAD};
use crate::screen::Screen;

/// The space between two columns.
const GAP: u16 = 2;
/// The minimum width of a narrowed column.
const NARROW: u16 = 8;
/// The maximum width of a column without a terminal.
const WIDE: usize = 60;

/// Lines under a header.
pub(super) struct Table {
    selection: Selection,
    style: Style,
    screen: Screen,
    waiting: Vec<Object>,
    block: Option<Block>,
}

/// The lines under one header.
struct Block {
    columns: Columns,
    widths: Vec<u16>,
    lines: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(selection: Selection, style: Style, screen: Screen) -> Self {
        Table { selection, style, screen, waiting: Vec::new(), block: None }
    }

    /// How many characters wide the table of `objects` is where nothing gives way.
    pub(super) fn natural_width(objects: &[Object], selection: &Selection, style: Style) -> usize {
        let mut block = Block::new(Columns::over(objects, selection));
        objects.iter().for_each(|object| block.push(object, style));
        let widths = block.natural_widths();
        let gaps = usize::from(GAP) * widths.len().saturating_sub(1);
        widths.into_iter().map(usize::from).sum::<usize>() + gaps
    }

    fn start(
        &mut self,
        columns: Columns,
        objects: &[Object],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut block = Block::new(columns);
        objects.iter().for_each(|object| block.push(object, self.style));
        block.widths = match self.screen.width {
            Some(width) => fitted(block.natural_widths(), width),
            None => block.usual_widths(),
        };
        block.write_header(self.screen, out)?;
        self.block = Some(block);
        Ok(())
    }
}

impl Format for Table {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        let Some(block) = &mut self.block else {
            self.waiting.push(object);
            return if self.waiting.len() < LOOK_AHEAD { Ok(()) } else { self.finish(out) };
        };
        if block.columns.fit(&object) {
            block.push(&object, self.style);
            return Ok(());
        }
        block.write_lines(self.screen, out)?;
        writeln!(out)?;
        let columns = Columns::new(&object, &self.selection);
        self.start(columns, std::slice::from_ref(&object), out)
    }

    fn pause(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.block.as_mut().map_or(Ok(()), |block| block.write_lines(self.screen, out))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.start(Columns::over(&waiting, &self.selection), &waiting, out)?;
        }
        self.pause(out)
    }
}

impl Block {
    fn new(columns: Columns) -> Self {
        Block { columns, widths: Vec::new(), lines: Vec::new() }
    }

    fn push(&mut self, object: &Object, style: Style) {
        let values = self.columns.values(object, |value| text::for_people(value, style));
        self.lines.push(values.into_iter().map(Option::unwrap_or_default).collect());
    }

    fn names(&self) -> Vec<String> {
        self.columns.names().iter().map(|(name, _)| name.as_str().to_owned()).collect()
    }

    fn natural_widths(&self) -> Vec<u16> {
        let mut table = comfy_table::Table::new();
        table.add_row(self.names());
        table.add_rows(&self.lines);
        table.column_max_content_widths()
    }

    /// The widths that hold every name, and every value that is not very wide.
    fn usual_widths(&self) -> Vec<u16> {
        let names = self.names();
        let width = |i: usize| {
            let values = self.lines.iter().map(|line| line[i].chars().count());
            let widest = values.filter(|&w| w <= WIDE).max().unwrap_or(0);
            u16::try_from(widest.max(names[i].chars().count())).unwrap_or(u16::MAX)
        };
        (0..names.len()).map(width).collect()
    }

    fn write_header(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        for line in self.drawn(&[self.names()], screen) {
            writeln!(out, "{}", screen.bold(&line))?;
        }
        Ok(())
    }

    fn write_lines(&mut self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        self.drawn(&lines, screen).into_iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    fn drawn(&self, lines: &[Vec<String>], screen: Screen) -> Vec<String> {
        match screen.width {
            Some(_) => self.wrapped(lines),
            None => lines.iter().map(|line| self.unbroken(line)).collect(),
        }
    }

    /// Lines whose every value stays in its column.
    fn wrapped(&self, lines: &[Vec<String>]) -> Vec<String> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        for line in lines {
            let cells = line.iter().zip(self.columns.names()).map(|(text, (_, is_number))| {
                let side = if *is_number { CellAlignment::Right } else { CellAlignment::Left };
                Cell::new(text).set_alignment(side)
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
        let last = self.widths.len().saturating_sub(1);
        for (i, column) in table.column_iter_mut().enumerate() {
            let gap = if i == last { 0 } else { GAP };
            column.set_padding((0, gap));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(self.widths[i] + gap)));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// One line, in which a value may be wider than its column. Every character counts as one
    /// wide: what reads this is no terminal.
    fn unbroken(&self, values: &[String]) -> String {
        let mut line = String::new();
        for (i, (value, (_, is_number))) in values.iter().zip(self.columns.names()).enumerate() {
            let width = usize::from(self.widths[i]);
            line.push_str(if i == 0 { "" } else { "  " });
            line.push_str(&match is_number {
                true => format!("{value:>width$}"),
                false => format!("{value:<width$}"),
            });
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The widths, made to fit `screen`: the widest columns give way, none below [`NARROW`].
fn fitted(mut widths: Vec<u16>, screen: u16) -> Vec<u16> {
    let gaps = usize::from(GAP) * widths.len().saturating_sub(1);
    let total = |widths: &[u16]| widths.iter().map(|&w| usize::from(w)).sum::<usize>() + gaps;
    while total(&widths) > usize::from(screen) {
        let widest = widths.iter().copied().max().unwrap_or(0);
        let next = widths.iter().copied().filter(|&w| w < widest).max().unwrap_or(0).max(NARROW);
        if widest <= NARROW {
            break;
        }
        let count = widths.iter().filter(|&&w| w == widest).count();
        let excess = total(&widths) - usize::from(screen);
        let step = u16::try_from(excess.div_ceil(count)).unwrap_or(u16::MAX).min(widest - next);
        widths.iter_mut().filter(|w| **w == widest).for_each(|w| *w -= step.max(1));
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Form, fixture, printed, printed_on};

    #[test]
    fn values_stand_below_their_names() {
        let objects = vec![fixture::disk_named("a", Some("x")), fixture::fan()];
        assert_eq!(
            printed(Form::Table, Selection::default(), objects),
            "__CLASS    Id  Label                  Size  Used  Speed\n\
             Test_Disk  a   x      18446744073709551615   0.5\n\
             Test_Fan   f0                                        -3\n"
        );
    }

    #[test]
    fn wide_columns_give_way_on_a_terminal_only() {
        let wide = "word ".repeat(20);
        let objects = || vec![fixture::disk_named("a", Some(wide.trim()))];
        let text = printed_on(Some(60), Form::Table, Selection::default(), objects());
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert_eq!(text.matches("word").count(), 20, "{text}");
        let text = printed(Form::Table, Selection::default(), objects());
        let value = format!("a   {}  18446744073709551615   0.5", wide.trim());
        assert_eq!(text.lines().nth(1), Some(value.as_str()));
    }

    #[test]
    fn columns_give_way_from_the_widest_down() {
        assert_eq!(fitted(vec![4, 100, 50], 44), [4, 18, 18]);
        assert_eq!(fitted(vec![4, 100, 50], 120), [4, 62, 50]);
        assert_eq!(fitted(vec![9, 9], 2), [8, 8]);
    }

    #[test]
    fn lines_after_the_look_ahead_keep_the_columns() {
        let mut objects: Vec<Object> = (0..=LOOK_AHEAD).map(|_| fixture::disk()).collect();
        objects.push(fixture::fan());
        let text = printed(Form::Table, Selection::default(), objects);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], lines[LOOK_AHEAD + 1]);
        assert_eq!(lines[LOOK_AHEAD + 2..], ["", "__CLASS   Id  Speed", "Test_Fan  f0     -3"]);
    }
}
