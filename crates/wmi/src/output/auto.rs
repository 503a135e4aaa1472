//! The default format: a table if it fits, otherwise a list.
//!
//! On a terminal a table fits if it is not wider than the terminal. Elsewhere there is no width, and
//! a table fits if it has few columns. The first objects decide for all. Classes are always printed
//! as a table, because each has only a few fields.

use std::io::{self, Write};

use cim::Object;

use super::columns::Columns;
use super::fields::Selection;
use super::list::List;
use super::table::Table;
use super::text::Style;
use super::{Format, LOOK_AHEAD};
use crate::screen::Screen;

/// The maximum number of columns of a table if there is no width.
const FEW: usize = 8;

/// A table or a list.
pub(super) struct Auto {
    selection: Selection,
    style: Style,
    screen: Screen,
    waiting: Vec<Object>,
    chosen: Option<Box<dyn Format>>,
}

impl Auto {
    pub(super) fn new(selection: Selection, style: Style, screen: Screen) -> Self {
        Auto { selection, style, screen, waiting: Vec::new(), chosen: None }
    }

    fn choose(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let (selection, style) = (self.selection.clone(), self.style);
        let are_classes = waiting.iter().all(|object| object.as_class().is_some());
        let fits = are_classes
            || match self.screen.width {
                Some(width) => {
                    Table::natural_width(&waiting, &selection, style) <= usize::from(width)
                }
                None => Columns::over(&waiting, &selection).names().len() <= FEW,
            };
        let mut chosen: Box<dyn Format> = match fits {
            true => Box::new(Table::new(selection, style, self.screen)),
            false => Box::new(List::new(selection, style)),
        };
        waiting.into_iter().try_for_each(|object| chosen.object(object, out))?;
        self.chosen = Some(chosen);
        Ok(())
    }
}

impl Format for Auto {
    fn object(&mut self, object: Object, out: &mut dyn Write) -> io::Result<()> {
        if let Some(chosen) = &mut self.chosen {
            return chosen.object(object, out);
        }
        self.waiting.push(object);
        if self.waiting.len() < LOOK_AHEAD { Ok(()) } else { self.choose(out) }
    }

    fn pause(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.chosen.as_mut().map_or(Ok(()), |chosen| chosen.pause(out))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.chosen.is_none() && !self.waiting.is_empty() {
            self.choose(out)?;
        }
        self.chosen.as_mut().map_or(Ok(()), |chosen| chosen.finish(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Form, fixture, printed, printed_on};

    #[test]
    fn a_table_where_it_fits_the_terminal() {
        let print = |width| {
            let selection = Selection { class: Some("Test_Disk".into()), ..Selection::default() };
            printed_on(Some(width), Form::Auto, selection, vec![fixture::disk()])
        };
        assert!(print(37).starts_with("Id  Label"), "{}", print(37));
        assert!(print(36).starts_with("Id    : d0\n"), "{}", print(36));
        let class = vec![fixture::disk_class().into()];
        let text = printed_on(Some(36), Form::Auto, Selection::default(), class);
        assert!(text.starts_with("Class"), "{text}");
        assert!(text.contains("Test_"), "{text}");
    }

    #[test]
    fn a_table_of_few_columns_where_there_is_no_width() {
        let print = |object| printed(Form::Auto, Selection::default(), vec![object]);
        assert!(print(fixture::disk()).starts_with("Id  Label"));
        assert!(print(fixture::everything()).starts_with("__CLASS : Test_Everything\n"));
        assert_eq!(printed(Form::Auto, Selection::default(), vec![]), "");
    }
}
