//! What is wrong with a MOF file: a documented status, the place, and a picture of it.
//!
//! Parser and lowering collect diagnostics here; the caller prints them. Which status a rule
//! gives is decided where the rule is.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use cim::WbemStatus;
use cim::status::WBEM_S_NO_ERROR;

use crate::source::{Place, Source, Span};

/// The most diagnostics of one run; what follows is not reported.
pub const MAX_DIAGNOSTICS: usize = 1000;

/// The most bytes of a source line that are pictured on either side of a place.
const PICTURED: usize = 120;

/// Something wrong at a place of a file.
#[derive(Clone)]
pub struct Diagnostic {
    /// The documented status.
    pub status: WbemStatus,
    /// What is wrong and what to do about it.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Another place that matters, and why.
    pub related: Option<(Place, &'static str)>,
}

impl Diagnostic {
    /// A diagnostic at `place`.
    pub fn new(status: WbemStatus, message: impl Into<String>, place: Place) -> Self {
        let message = cim::visible(&message.into()).into_owned();
        Diagnostic { status, message, place, related: None }
    }

    /// An error of the object model or of a store, reported at the place that caused it.
    pub fn from_error(error: &cim::Error, place: Place) -> Self {
        let message =
            if error.message().is_empty() { error.status().text() } else { error.message() };
        Diagnostic::new(error.status(), message, place)
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.place.source.path()
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.place.line_column().0
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> u32 {
        self.place.line_column().1
    }

    /// The message with a picture of the source line, in several lines without a last line end.
    pub fn render(&self, colours: bool) -> String {
        let title = match self.status {
            WBEM_S_NO_ERROR => Level::WARNING.primary_title(&self.message),
            status => Level::ERROR.primary_title(format!("{status}: {}", self.message)),
        };
        let mut group = Group::with_title(title);
        group = picture(group, &self.place, AnnotationKind::Primary, None);
        if let Some((place, why)) = &self.related {
            group = picture(group, place, AnnotationKind::Context, Some(why));
        }
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

/// Adds the line of `place` to `group`. Of a long line only the surroundings are shown, so that
/// a file of one line of a megabyte does not become the message.
fn picture<'a>(
    group: Group<'a>,
    place: &'a Place,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Group<'a> {
    let text = place.source.text();
    let start = text.floor_char_boundary(place.span.start as usize);
    let (_, line_start) = place.source.line(start);
    let from = text.ceil_char_boundary(line_start.max(start.saturating_sub(PICTURED)));
    let far = text.floor_char_boundary((start + PICTURED).min(text.len()));
    let to = text[start..far].find(['\n', '\r']).map_or(far, |i| start + i);
    let end = text.ceil_char_boundary(place.span.end as usize).clamp(start, to.max(start));
    let (line, column) = place.line_column();
    let path = place.source.path().to_string_lossy();
    let annotation = kind.span(start - from..end - from).label(label);
    let snippet = Snippet::source(&text[from..to]).line_start(line as usize).annotation(annotation);
    if from == line_start {
        return group.element(snippet.path(path));
    }
    // Where the line's beginning is cut off, the column is not that of the picture.
    let origin = Origin::path(path).line(line as usize).char_column(column as usize);
    group.element(origin).element(snippet)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.place.line_column();
        write!(f, "{}:{line}:{column}: {}: {}", self.file().display(), self.status, self.message)
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostic {}

/// The diagnostics of a run as they are found.
#[derive(Default)]
pub(crate) struct Diagnostics {
    list: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Escapes that do not exist, which are errors in WMI's dialect and warnings in DMTF's.
    unknown_escapes: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < MAX_DIAGNOSTICS {
            self.list.push(diagnostic);
        }
    }

    /// Adds a warning, which has no status of its own.
    pub(crate) fn warn(&mut self, warning: Diagnostic) {
        if self.warnings.len() < MAX_DIAGNOSTICS {
            self.warnings.push(Diagnostic { status: WBEM_S_NO_ERROR, ..warning });
        }
    }

    pub(crate) fn unknown_escape(&mut self, diagnostic: Diagnostic) {
        if self.unknown_escapes.len() < MAX_DIAGNOSTICS {
            self.unknown_escapes.push(diagnostic);
        }
    }

    /// Makes errors of the unknown escapes, or warnings, now that the dialect is known.
    pub(crate) fn judge_escapes(&mut self, are_errors: bool) {
        for diagnostic in std::mem::take(&mut self.unknown_escapes) {
            match are_errors {
                true => self.push(diagnostic),
                false => self.warn(diagnostic),
            }
        }
    }

    /// Whether nothing more will be reported.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MAX_DIAGNOSTICS
    }

    /// How many errors were found.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// All errors and all warnings, each file's in the order of its text, files in the order in which
    /// they were found wrong.
    pub(crate) fn into_sorted(self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        (Self::sorted(self.list), Self::sorted(self.warnings))
    }

    fn sorted(list: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut files: Vec<Arc<Source>> = Vec::new();
        let mut keyed: Vec<(usize, u32, Diagnostic)> = Vec::with_capacity(list.len());
        for diagnostic in list {
            let source = &diagnostic.place.source;
            let file = files.iter().position(|f| Arc::ptr_eq(f, source)).unwrap_or_else(|| {
                files.push(source.clone());
                files.len() - 1
            });
            keyed.push((file, diagnostic.place.span.start, diagnostic));
        }
        keyed.sort_by_key(|&(file, start, _)| (file, start));
        keyed.into_iter().map(|(_, _, diagnostic)| diagnostic).collect()
    }
}

/// Reports into a file's diagnostics.
pub(crate) struct Reporter<'a> {
    pub source: &'a Arc<Source>,
    pub diagnostics: &'a mut Diagnostics,
}

impl Reporter<'_> {
    pub(crate) fn report(&mut self, status: WbemStatus, message: impl Into<String>, span: Span) {
        let place = Place { source: self.source.clone(), span };
        self.diagnostics.push(Diagnostic::new(status, message, place));
    }

    pub(crate) fn report_error(&mut self, error: &cim::Error, span: Span) {
        let place = Place { source: self.source.clone(), span };
        self.diagnostics.push(Diagnostic::from_error(error, place));
    }

    pub(crate) fn unknown_escape(&mut self, error: &cim::Error, span: Span) {
        let place = Place { source: self.source.clone(), span };
        self.diagnostics.unknown_escape(Diagnostic::from_error(error, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(text: &str, span: std::ops::Range<usize>) -> Diagnostic {
        let source = Arc::new(Source::new("dir/a.mof", text));
        let span = Span { start: span.start as u32, end: span.end as u32 };
        let place = Place { source, span };
        Diagnostic::new(cim::status::WBEMMOF_E_EXPECTED_SEMI, "expected ';'", place)
    }

    #[test]
    fn a_picture_shows_line_and_place() {
        let d = diagnostic("class A\n{\n\tuint8 über x;\n};", 23..24);
        assert_eq!(
            d.render(false),
            "error: WBEMMOF_E_EXPECTED_SEMI (0x80044002): expected ';'
 --> dir/a.mof:3:13
  |
3 |     uint8 über x;
  |                ^"
        );
    }

    #[test]
    fn a_huge_line_is_cut() {
        let text = format!("{}!{}", "é".repeat(100_000), "b".repeat(1_000_000));
        let rendered = diagnostic(&text, 200_000..1_200_001).render(false);
        assert!(rendered.len() < 2_000, "{}", rendered.len());
        assert!(rendered.contains("dir/a.mof:1:100001"), "{rendered}");
    }

    #[test]
    fn places_at_and_past_the_end_are_pictured() {
        for span in [0..0, 3..3, 3..90, 90..99] {
            assert!(diagnostic("abc", span.clone()).render(true).contains("abc"), "{span:?}");
        }
        assert!(diagnostic("", 0..0).render(false).contains("dir/a.mof:1:1"));
    }
}
