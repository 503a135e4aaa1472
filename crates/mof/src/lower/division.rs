//! Where a master file is divided: which of its text the neutral part does not have.
//!
//! Lowering says as it goes along what it found; [`Division::neutral`] gives the text that is left.
//! What is written in the localized part is not known here.

use std::collections::HashMap;
use std::sync::Arc;

use cim::amendment::is_localized;
use cim::{Locale, Name, Qualifiers};

use crate::ast::{self, Arguments};
use crate::source::{Place, Source, Span};

/// What becomes of the text of a master file and of all that it includes.
#[derive(Default)]
pub(crate) struct Division {
    /// The locale that `#pragma amendment` names, and where.
    pub amendment: Option<(Locale, Place)>,
    /// The changes of each file's text, by the file's address: one that is included twice is two.
    edits: HashMap<*const Source, Vec<Edit>>,
}

struct Edit {
    span: Span,
    with: Replacement,
}

enum Replacement {
    Text(String),
    /// The whole text of a file, with its own changes.
    File(Arc<Source>),
}

/// A qualifier as it was written.
pub(super) struct Written {
    name: Name,
    span: Span,
    list: Span,
    /// Its one argument, if it is a whole number.
    number: Option<(i64, Span)>,
}

/// What must be remembered of a list that is about to be lowered.
pub(super) fn written(list: &[ast::Qualifier]) -> Vec<Written> {
    let number = |arguments: &Arguments| match arguments {
        Arguments::One(literal) => Some((literal.value.as_integer()?, literal.span)),
        _ => None,
    };
    let written = |q: &ast::Qualifier| Written {
        name: q.name.name.clone(),
        span: q.span,
        list: q.list,
        number: number(&q.arguments).and_then(|(n, span)| Some((i64::try_from(n).ok()?, span))),
    };
    list.iter().map(written).collect()
}

impl Division {
    /// Takes `#pragma amendment` out.
    pub(super) fn amendment(&mut self, place: Place, whole: Span, locale: Locale) {
        self.edit(&place.source, whole, Replacement::Text(String::new()));
        self.amendment = Some((locale, place));
    }

    /// Puts the file `included` where it is included: its text is divided too.
    pub(super) fn include(&mut self, source: &Arc<Source>, span: Span, included: &Arc<Source>) {
        self.edit(source, span, Replacement::File(included.clone()));
    }

    /// Takes the localized ones of a list out, and writes the number of a locale as mofcomp does,
    /// in decimal.
    pub(super) fn qualifiers(
        &mut self,
        source: &Arc<Source>,
        written: &[Written],
        lowered: &Qualifiers,
    ) {
        let Some(first) = written.first() else { return };
        let stays = |w: &&Written| !lowered.get(w.name.as_str()).is_some_and(is_localized);
        let kept: Vec<&Written> = written.iter().filter(stays).collect();
        let is_locale = |w: &&Written| w.name.is("locale") && w.number.is_some();
        if kept.len() == written.len() && !kept.iter().any(is_locale) {
            return;
        }
        if kept.is_empty() {
            let after = &source.text()[first.list.end as usize..];
            let blanks = after.len() - after.trim_start().len();
            let span = Span { start: first.list.start, end: first.list.end + blanks as u32 };
            return self.edit(source, span, Replacement::Text(String::new()));
        }
        let texts: Vec<String> = kept.iter().map(|w| w.text(source)).collect();
        let list = format!("[{}]", texts.join(", "));
        self.edit(source, first.list, Replacement::Text(list));
    }

    fn edit(&mut self, source: &Arc<Source>, span: Span, with: Replacement) {
        self.edits.entry(Arc::as_ptr(source)).or_default().push(Edit { span, with });
    }

    /// The text of `source`, and of what it includes, without what belongs to the localized part.
    pub(crate) fn neutral(&self, source: &Arc<Source>) -> String {
        let mut out = String::with_capacity(source.text().len());
        self.write(source, &mut out);
        out
    }

    fn write(&self, source: &Arc<Source>, out: &mut String) {
        let text = source.text();
        let mut edits: Vec<&Edit> =
            self.edits.get(&Arc::as_ptr(source)).into_iter().flatten().collect();
        edits.sort_by_key(|edit| edit.span.start);
        let mut done = 0;
        for Edit { span, with } in edits {
            out.push_str(&text[done..span.start as usize]);
            match with {
                Replacement::Text(text) => out.push_str(text),
                Replacement::File(included) => {
                    self.write(included, out);
                    // Its last line may be a comment.
                    out.push('\n');
                }
            }
            done = span.end as usize;
        }
        out.push_str(&text[done..]);
    }
}

impl Written {
    /// As it was, but for a locale's number.
    fn text(&self, source: &Source) -> String {
        let text = |start: u32, end: u32| &source.text()[start as usize..end as usize];
        match self.number {
            Some((number, at)) if self.name.is("locale") => {
                let (before, after) =
                    (text(self.span.start, at.start), text(at.end, self.span.end));
                format!("{before}{number}{after}")
            }
            _ => text(self.span.start, self.span.end).to_owned(),
        }
    }
}
