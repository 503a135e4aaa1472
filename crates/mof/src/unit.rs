//! A file with all it includes, as one tree.
//!
//! Reads files through [`Sources`], parses each and follows its includes, whose names are
//! relative to the including file. The meaning of the files is determined by `lower`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cim::status::*;

use crate::ast::{Include, Item, Unit};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::parser;
use crate::source::{Place, Source, Sources, Span, Unusual};

/// The deepest nesting of includes.
pub const MAX_INCLUDES: usize = 64;
/// The most files of one compilation, an included file counted each time it is.
pub const MAX_FILES: usize = 10_000;

/// Loads `main` and what it includes.
pub(crate) fn load(sources: &mut dyn Sources, main: &Path, diagnostics: &mut Diagnostics) -> Unit {
    let mut loader = Loader { sources, diagnostics, open: Vec::new(), files: 0 };
    match loader.sources.read(main) {
        Ok(bytes) => loader.unit(main, bytes),
        Err(error) => {
            let source = Arc::new(Source::new(main, ""));
            let message = format!("{} cannot be read: {error}", main.display());
            let place = Place { source: source.clone(), span: Span::default() };
            diagnostics.push(Diagnostic::new(WBEMMOF_E_INVALID_FILE, message, place));
            Unit { source, items: Vec::new() }
        }
    }
}

struct Loader<'a> {
    sources: &'a mut dyn Sources,
    diagnostics: &'a mut Diagnostics,
    /// The files that are being loaded, each included by the one before it.
    open: Vec<PathBuf>,
    files: usize,
}

impl Loader<'_> {
    fn unit(&mut self, path: &Path, bytes: Vec<u8>) -> Unit {
        self.files += 1;
        let (source, error, unusual) = Source::decode(path, bytes);
        let source = Arc::new(source);
        let place = |start: usize| {
            let span = Span { start: start as u32, end: start as u32 };
            Place { source: source.clone(), span }
        };
        if let Some(error) = error {
            let end = source.text().len();
            self.diagnostics.push(Diagnostic::from_error(&error, place(end)));
            return Unit { source, items: Vec::new() };
        }
        if let Some(Unusual { at, message }) = unusual {
            self.diagnostics.warn(Diagnostic::new(WBEM_S_NO_ERROR, message, place(at)));
        }
        let mut items = parser::parse(&source, self.diagnostics);
        self.open.push(path.to_owned());
        for item in &mut items {
            if let Item::Include(include) = item {
                include.unit = self.include(&source, include);
            }
        }
        self.open.pop();
        Unit { source, items }
    }

    fn include(&mut self, source: &Arc<Source>, include: &Include) -> Option<Unit> {
        match self.included(source.path(), include) {
            Ok((path, bytes)) => Some(self.unit(&path, bytes)),
            Err(message) => {
                let place = Place { source: source.clone(), span: include.file.span };
                let status = WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE;
                self.diagnostics.push(Diagnostic::new(status, message, place));
                None
            }
        }
    }

    fn included(&mut self, from: &Path, include: &Include) -> Result<(PathBuf, Vec<u8>), String> {
        // Files written for Windows separate folders with backslashes.
        let name = include.file.text.replace('\\', "/");
        let path = from.parent().unwrap_or(Path::new("")).join(name);
        if self.open.contains(&path) {
            return Err(format!("{} includes itself", path.display()));
        }
        if self.open.len() > MAX_INCLUDES {
            return Err(format!("includes are nested deeper than {MAX_INCLUDES}"));
        }
        if self.files >= MAX_FILES {
            return Err(format!("more than {MAX_FILES} files are included"));
        }
        let bytes = self
            .sources
            .read(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok((path, bytes))
    }
}
