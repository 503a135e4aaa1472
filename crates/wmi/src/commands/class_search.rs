//! `wmi class search`: finds a word in the names and descriptions of classes, properties and methods.
//!
//! Each property and method is searched in the class that declares it. Output is text or JSON.

use std::io::{self, BufWriter, Write};

use cim::{Class, Qualifiers};
use serde::Serialize;

use super::class::visible;
use crate::failure::Failure;
use crate::output::Form;
use crate::session::Options;
use crate::target::Outcome;

/// The qualifier with the description.
const DESCRIPTION: &str = "Description";

/// A match.
#[derive(Serialize, Debug)]
struct Found {
    class: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    description: Option<String>,
}

/// Prints the elements with `word` in their name or description.
pub(crate) fn run(options: &Options, word: &str) -> Result<Outcome, Failure> {
    let target = options.target()?;
    let word = cim::name::fold(word);
    let mut found: Vec<Found> =
        visible(&target, options.settings.system)?.flat_map(|class| findings(&class)).collect();
    found.retain(|it| it.has(&word));
    found.sort_by_key(Found::place);
    let mut out = BufWriter::new(io::stdout());
    match options.settings.form {
        Form::Auto | Form::Table | Form::List | Form::Pairs => {
            let width = found.iter().map(|it| it.place().chars().count()).max().unwrap_or(0);
            for it in &found {
                let line =
                    format!("{:width$}  {}", it.place(), it.description.as_deref().unwrap_or(""));
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        Form::Json => writeln!(out, "{}", serde_json::to_string(&found).map_err(io::Error::from)?)?,
        Form::JsonLines => {
            for it in &found {
                writeln!(out, "{}", serde_json::to_string(it).map_err(io::Error::from)?)?;
            }
        }
        Form::Csv | Form::Xml | Form::Mof => {
            let why = "search results are printed as text or JSON only; use -o json or -o jsonl";
            return Err(Failure::Usage(why.to_owned()));
        }
    }
    out.flush()?;
    Ok(if found.is_empty() { Outcome::Empty } else { Outcome::Done })
}

/// The class and its own properties and methods.
fn findings(class: &Class) -> Vec<Found> {
    let name = class.name();
    let found = |kind, member: Option<&cim::Name>, qualifiers: &Qualifiers| Found {
        class: name.to_string(),
        kind,
        member: member.map(|member| member.to_string()),
        // One line each: line breaks in a description come from its MOF.
        description: qualifiers
            .text(DESCRIPTION)
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")),
    };
    let declaration = class.declaration();
    let properties = declaration.properties.iter();
    let methods = declaration.methods.iter();
    std::iter::once(found("class", None, class.qualifiers()))
        .chain(properties.map(|p| found("property", Some(&p.name), &p.qualifiers)))
        .chain(methods.map(|m| found("method", Some(&m.name), &m.qualifiers)))
        .collect()
}

impl Found {
    /// `Class`, `Class.Property` or `Class.Method()`.
    fn place(&self) -> String {
        match (&self.member, self.kind) {
            (None, _) => self.class.clone(),
            (Some(member), "method") => format!("{}.{member}()", self.class),
            (Some(member), _) => format!("{}.{member}", self.class),
        }
    }

    /// Whether `word`, in lower case, is in its own name or description; not in those of its class.
    fn has(&self, word: &str) -> bool {
        let own = self.member.as_ref().unwrap_or(&self.class);
        let described = self.description.as_deref().unwrap_or_default();
        [own, described].iter().any(|text| cim::name::fold(text).contains(word))
    }
}
