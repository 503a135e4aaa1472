//! `wmi get`: one instance by its path, or the instances of a class.
//!
//! A filter and selected properties become a query, so that they reach the provider.

use cim::{Name, Object, ObjectPath, SystemProperty};

use super::query;
use crate::failure::Failure;
use crate::output::{Printer, Selection, Settings};
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::{Outcome, Target};

/// The objects and properties to get.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The path of an instance or of a class.
    pub(crate) path: String,
    /// A condition, as after WHERE.
    pub(crate) filter: Option<String>,
    /// The properties; empty for all.
    pub(crate) properties: Vec<String>,
}

/// Gets and prints the objects of `request`.
pub(crate) fn run(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let path: ObjectPath = request.path.parse().map_err(Failure::from)?;
    let names = names(&request.properties, "property")?;
    let settings = &options.settings;
    if path.is_class() {
        let text = query_text(&path.class, &names, request.filter.as_deref());
        let parsed = wql::parse(&text).map_err(|error| Failure::query(&error))?;
        return query::run_parsed(&options.target_of(&path)?, settings, &text, &parsed, false);
    }
    if request.filter.is_some() {
        let why = "names one instance, so --filter does not apply";
        return Err(Failure::Usage(format!("{} {why}", request.path)));
    }
    let target = options.target_of(&path)?;
    let keys = path_keys(&path);
    one(&target, settings, &path, names).map_err(|(failure, properties)| {
        let properties = if properties.is_empty() { keys } else { properties };
        let mentioned = Mentioned::new(path.class.clone(), properties);
        failure.suggesting(|status| mentioned.suggestion(status, &target))
    })
}

/// Prints the instance at `path`; an error is returned with the names for suggestions.
fn one(
    target: &Target,
    settings: &Settings,
    path: &ObjectPath,
    names: Vec<Name>,
) -> Result<Outcome, (Failure, Vec<Name>)> {
    let plain = |failure: Failure| (failure, Vec::new());
    let instance = target.instance(&path.relative().to_string()).map_err(|e| plain(e.into()))?;
    for name in &names {
        known(&instance, name).map_err(|failure| (failure, vec![name.clone()]))?;
    }
    let selection = Selection {
        system: settings.system,
        named: Some(names).filter(|names| !names.is_empty()),
        class: Some(path.class.clone()),
        single: true,
        ..Selection::default()
    };
    let mut printer = Printer::stdout(settings, selection);
    let _ = printer.batch(vec![Object::Instance(instance)]);
    printer.finish().map_err(|e| plain(e.into()))?;
    Ok(Outcome::Done)
}

fn known(instance: &cim::Instance, name: &Name) -> Result<(), Failure> {
    let class = instance.class();
    let is_known =
        class.slot(name.as_str()).is_some() || SystemProperty::from_name(name.as_str()).is_some();
    match is_known {
        true => Ok(()),
        false => Err(cim::status::WBEM_E_NOT_FOUND
            .with(format!("class {} has no property {name}", class.name()))
            .into()),
    }
}

pub(super) fn path_keys(path: &ObjectPath) -> Vec<Name> {
    match &path.keys {
        cim::PathKeys::Named(keys) => keys.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Parses the names in `given`; `what` says of what, for the message.
///
/// # Errors
///
/// A usage failure for text that is not a name.
pub(super) fn names(given: &[String], what: &str) -> Result<Vec<Name>, Failure> {
    let check = |name: &String| match Name::is_identifier(name) {
        true => Ok(Name::from(name.as_str())),
        false => Err(Failure::Usage(format!("'{name}' is not a valid name of a {what}"))),
    };
    given.iter().map(check).collect()
}

fn query_text(class: &Name, names: &[Name], filter: Option<&str>) -> String {
    let list = match names {
        [] => "*".to_owned(),
        names => names.iter().map(Name::as_str).collect::<Vec<_>>().join(", "),
    };
    let condition = filter.map_or(String::new(), |filter| format!(" WHERE {filter}"));
    format!("SELECT {list} FROM {class}{condition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_and_properties_become_a_query() {
        let names = ["ProcessId", "Name"].map(Name::from);
        let text = query_text(&"Win32_Process".into(), &names, Some("Name='sshd'"));
        assert_eq!(text, "SELECT ProcessId, Name FROM Win32_Process WHERE Name='sshd'");
        assert_eq!(query_text(&"X".into(), &[], None), "SELECT * FROM X");
    }

    #[test]
    fn only_names_are_properties() {
        assert!(super::names(&["Name".to_owned(), "* FROM Y".to_owned()], "property").is_err());
    }
}
