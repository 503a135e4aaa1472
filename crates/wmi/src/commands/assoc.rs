//! `wmi assoc` and `wmi ref`: the objects associated with an object, and the associations themselves.
//!
//! Input is a path and the options; they become a WQL query, printed from its parts so that keys with
//! quotes, backslashes or braces are escaped as the parser expects. The result is printed.

use cim::{Name, ObjectPath};
use wql::{Associators, Query, References};

use super::get::{names, path_keys};
use super::query;
use crate::failure::Failure;
use crate::output::Selection;
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::Outcome;

/// An association query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The path of an instance, or of a class for a schema query.
    pub(crate) path: String,
    /// The clauses after WHERE.
    pub(crate) clauses: Clauses,
    /// The properties; empty for all.
    pub(crate) properties: Vec<String>,
}

/// The clauses of both queries; each is a name, if given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clauses {
    /// ResultClass.
    pub(crate) result_class: Option<String>,
    /// Role.
    pub(crate) role: Option<String>,
    /// RequiredQualifier.
    pub(crate) required_qualifier: Option<String>,
    /// ClassDefsOnly.
    pub(crate) class_defs_only: bool,
    /// KeysOnly.
    pub(crate) keys_only: bool,
}

/// The clauses of ASSOCIATORS OF only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// AssocClass.
    pub(crate) assoc_class: Option<String>,
    /// ResultRole.
    pub(crate) result_role: Option<String>,
    /// RequiredAssocQualifier.
    pub(crate) required_assoc_qualifier: Option<String>,
}

/// Prints the objects associated with the object of `request` through `links`.
pub(crate) fn associators(
    options: &Options,
    request: &Request,
    links: &Links,
) -> Result<Outcome, Failure> {
    let path: ObjectPath = request.path.parse().map_err(Failure::from)?;
    let clauses = &request.clauses;
    let query = Query::Associators(Associators {
        source: path.relative(),
        assoc_class: name(&links.assoc_class)?,
        result_class: name(&clauses.result_class)?,
        result_role: name(&links.result_role)?,
        role: name(&clauses.role)?,
        required_qualifier: name(&clauses.required_qualifier)?,
        required_assoc_qualifier: name(&links.required_assoc_qualifier)?,
        class_defs_only: clauses.class_defs_only,
        schema_only: path.is_class(),
        keys_only: clauses.keys_only,
    });
    run(options, request, &path, &query)
}

/// Prints the associations that refer to the object of `request`.
pub(crate) fn references(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let path: ObjectPath = request.path.parse().map_err(Failure::from)?;
    let clauses = &request.clauses;
    let query = Query::References(References {
        source: path.relative(),
        result_class: name(&clauses.result_class)?,
        role: name(&clauses.role)?,
        required_qualifier: name(&clauses.required_qualifier)?,
        class_defs_only: clauses.class_defs_only,
        schema_only: path.is_class(),
        keys_only: clauses.keys_only,
    });
    run(options, request, &path, &query)
}

fn run(
    options: &Options,
    request: &Request,
    path: &ObjectPath,
    query: &Query,
) -> Result<Outcome, Failure> {
    let text = query.to_string();
    // Only the parser knows which clauses exclude each other.
    wql::parse(&text).map_err(|error| Failure::query(&error))?;
    let named = Some(names(&request.properties, "property")?).filter(|names| !names.is_empty());
    let target = options.target_of(path)?;
    let settings = &options.settings;
    let selection = Selection { system: settings.system, named, ..Selection::default() };
    query::print(&target, settings, selection, &text, &target.context).map_err(|failure| {
        failure.suggesting(|status| {
            let classes = [Some(&path.class)].into_iter().chain(classes(query));
            classes.flatten().find_map(|class| {
                let properties = path_keys(path);
                Mentioned::new(class.clone(), properties).suggestion(status, &target)
            })
        })
    })
}

/// The classes named in the clauses.
fn classes(query: &Query) -> [Option<&Name>; 2] {
    match query {
        Query::Associators(query) => [query.assoc_class.as_ref(), query.result_class.as_ref()],
        Query::References(query) => [query.result_class.as_ref(), None],
        Query::Select(_) => [None, None],
    }
}

fn name(given: &Option<String>) -> Result<Option<Name>, Failure> {
    Ok(names(given.as_slice(), "class, role or qualifier")?.pop())
}
