//! A master file split in two, as mofcomp does it: the neutral MOF file, and the MFL file with the
//! qualifiers of one language (behaviour.md G.8, G.9 `#pragma amendment`).
//!
//! The neutral part is the master's own text without the qualifiers of flavor Amended, what it
//! includes set in. The localized part is new text: for each namespace the namespace of the
//! locale, then the classes that have such qualifiers. Both compile by themselves, in this order.
//! Nothing is stored here; [`split_file`] alone writes files.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use cim::amendment;
use cim::status::{
    WBEM_E_INVALID_PARAMETER, WBEMMOF_E_INVALID_AMENDMENT_SYNTAX,
    WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT, WBEMMOF_E_INVALID_FILE,
};
use cim::{Locale, Name, Namespace, WbemStatus};

use crate::action::{Action, ActionKind, Compilation, Options};
use crate::diagnostic::Diagnostic;
use crate::lower;
use crate::source::{Disk, Place, Source, Sources, Span};
use crate::write::{LocalizedClass, write_localized};

/// The two parts of a master file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// The locale of the localized part.
    pub locale: Locale,
    /// The text of the neutral part.
    pub mof: String,
    /// The text of the localized part.
    pub mfl: String,
}

/// The two files that a master file becomes.
#[derive(Clone, Copy, Debug)]
pub struct SplitFiles<'a> {
    /// The neutral one.
    pub mof: &'a Path,
    /// The localized one.
    pub mfl: &'a Path,
}

/// Splits the file `main`. The locale is the one given, or that of the file's
/// `#pragma amendment`; where there are both they are the same.
///
/// # Errors
///
/// All that is wrong with the file; `WBEMMOF_E_INVALID_AMENDMENT_SYNTAX` if no locale is named,
/// `WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT` if two are.
pub fn split(
    sources: &mut dyn Sources,
    main: &Path,
    locale: Option<Locale>,
    options: &Options,
) -> Result<Split, Vec<Diagnostic>> {
    let (compilation, division, source) = lower::divide(sources, main, options);
    if !compilation.diagnostics.is_empty() {
        return Err(compilation.diagnostics);
    }
    let locale = match (locale, &division.amendment) {
        (Some(given), Some((named, place))) if given != *named => {
            let message = format!("the file is for {named}, and {given} was asked for");
            let status = WBEMMOF_E_INVALID_DUPLICATE_AMENDMENT;
            return Err(vec![Diagnostic::new(status, message, place.clone())]);
        }
        (Some(locale), _) => locale,
        (None, Some((locale, _))) => *locale,
        (None, None) => {
            let message =
                "no locale is named; the file may begin with #pragma amendment(\"MS_409\")";
            return Err(vec![at_start(WBEMMOF_E_INVALID_AMENDMENT_SYNTAX, message, &source)]);
        }
    };
    let mof = division.neutral(&source);
    let mfl = localized(&compilation, locale).map_err(|error| vec![error])?;
    Ok(Split { locale, mof, mfl })
}

/// Splits the file `master` and writes both parts; gives the locale. Where anything is wrong
/// neither is written.
///
/// # Errors
///
/// As for [`split`]; `WBEM_E_INVALID_PARAMETER` if two of the three files are one;
/// `WBEMMOF_E_INVALID_FILE` if a part cannot be written.
pub fn split_file(
    master: &Path,
    into: SplitFiles<'_>,
    locale: Option<Locale>,
    options: &Options,
) -> Result<Locale, Vec<Diagnostic>> {
    let wrong = |status: WbemStatus, file: &Path, message: String| {
        vec![at_start(status, message, &Arc::new(Source::new(file, "")))]
    };
    for (file, other) in [(into.mof, master), (into.mfl, master), (into.mfl, into.mof)] {
        if is_same(file, other) {
            let message = format!("{} would be overwritten by another part", other.display());
            return Err(wrong(WBEM_E_INVALID_PARAMETER, file, message));
        }
    }
    let Split { locale, mof, mfl } = split(&mut Disk, master, locale, options)?;
    for (file, text) in [(into.mof, mof), (into.mfl, mfl)] {
        std::fs::write(file, text).map_err(|error| {
            let message = format!("{} cannot be written: {error}", file.display());
            wrong(WBEMMOF_E_INVALID_FILE, file, message)
        })?;
    }
    Ok(locale)
}

/// Whether two paths are spelled the same, or lead to one file that is there.
fn is_same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    a == b || real(a).is_some_and(|a| Some(a) == real(b))
}

fn at_start(status: WbemStatus, message: impl Into<String>, source: &Arc<Source>) -> Diagnostic {
    Diagnostic::new(status, message, Place { source: source.clone(), span: Span::default() })
}

/// The text of the localized part.
fn localized(compilation: &Compilation, locale: Locale) -> Result<String, Diagnostic> {
    let mut classes: Vec<LocalizedClass> = Vec::new();
    let mut written: HashSet<(&Namespace, Name)> = HashSet::new();
    for Action { namespace, kind, place } in &compilation.actions {
        let ActionKind::PutClass { declaration, .. } = kind else { continue };
        let Some(mut class) = amendment::split(declaration, locale).localized else { continue };
        // One above it that says nothing in this language is not there to derive from.
        class.superclass = class.superclass.filter(|s| written.contains(&(namespace, s.clone())));
        written.insert((namespace, class.name.clone()));
        let below = namespace.child(&locale.namespace_name());
        let below = below.map_err(|error| Diagnostic::from_error(&error, place.clone()))?;
        classes.push(LocalizedClass { namespace: namespace.clone(), below, class });
    }
    Ok(write_localized(&classes, locale, compilation.autorecover))
}
