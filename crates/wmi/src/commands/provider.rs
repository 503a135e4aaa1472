//! `wmi provider`: the providers registered in a namespace, what they supply, and for which
//! classes.

use std::io::{self, BufWriter, Write};

use cim::{Name, Object, ObjectPath, PathKeys};
use serde::Serialize;
use wbem::Flags;

use crate::failure::Failure;
use crate::output::Form;
use crate::session::Options;
use crate::target::{Outcome, Target};

/// The class of all providers.
const PROVIDER: &str = "__Provider";
/// The class of all that says what a provider supplies.
const REGISTRATION: &str = "__ProviderRegistration";

/// A provider.
#[derive(Serialize, Debug)]
struct Provider {
    name: String,
    clsid: Option<String>,
    hosting_model: Option<String>,
    /// The classes of its registrations.
    registrations: Vec<String>,
    /// The classes that name it.
    classes: Vec<String>,
}

/// Prints the providers of the namespace.
pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let found = providers(&options.target()?)?;
    let mut out = BufWriter::new(io::stdout());
    match options.settings.form {
        Form::Auto | Form::Table | Form::List | Form::Pairs => {
            for (i, provider) in found.iter().enumerate() {
                writeln!(out, "{}{provider}", if i == 0 { "" } else { "\n" })?;
            }
        }
        Form::Json => writeln!(out, "{}", serde_json::to_string(&found).map_err(io::Error::from)?)?,
        Form::JsonLines => {
            for provider in &found {
                writeln!(out, "{}", serde_json::to_string(provider).map_err(io::Error::from)?)?;
            }
        }
        Form::Csv | Form::Xml | Form::Mof => {
            let why = "providers are printed as text or as JSON; use -o json or -o jsonl";
            return Err(Failure::Usage(why.to_owned()));
        }
    }
    out.flush()?;
    Ok(if found.is_empty() { Outcome::Empty } else { Outcome::Done })
}

fn providers(target: &Target) -> cim::Result<Vec<Provider>> {
    let registrations = instances(target, REGISTRATION)?;
    let classes = target.classes()?;
    let mut found = Vec::new();
    for provider in instances(target, PROVIDER)? {
        let Some(name) = text(&provider, "Name") else { continue };
        let own = registrations.iter().filter(|registration| is_of(registration, &name));
        let mut registrations: Vec<Name> = own.map(|r| r.class().name().clone()).collect();
        let served =
            classes.iter().filter(|c| c.provider().is_some_and(|p| cim::name::eq(p, &name)));
        let mut served: Vec<Name> = served.map(|class| class.name().clone()).collect();
        registrations.sort();
        registrations.dedup();
        served.sort();
        found.push(Provider {
            clsid: text(&provider, "CLSID"),
            hosting_model: text(&provider, "HostingModel"),
            registrations: registrations.iter().map(Name::to_string).collect(),
            classes: served.iter().map(Name::to_string).collect(),
            name,
        });
    }
    found.sort_by(|a, b| cim::name::cmp(&a.name, &b.name));
    Ok(found)
}

fn instances(target: &Target, class: &str) -> cim::Result<Vec<Object>> {
    wbem::collect(|sink| {
        target.services.create_instance_enum(class, Flags::DEEP, &target.context, sink)
    })
}

fn text(object: &Object, property: &str) -> Option<String> {
    object.get(property).ok()?.as_str().map(str::to_owned)
}

/// Whether `registration` refers to the provider `name`.
fn is_of(registration: &Object, name: &str) -> bool {
    let path = text(registration, "Provider").and_then(|path| path.parse::<ObjectPath>().ok());
    let key = path.and_then(|path| match path.keys {
        PathKeys::Unnamed(key) => Some(key.text()),
        PathKeys::Named(keys) => keys.first().map(|(_, key)| key.text()),
        _ => None,
    });
    key.is_some_and(|key| cim::name::eq(&key, name))
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)?;
        let one = [("CLSID", &self.clsid), ("HostingModel", &self.hosting_model)];
        for (name, value) in one {
            value.iter().try_for_each(|value| write!(f, "\n  {name}: {value}"))?;
        }
        let several = [("registered by", &self.registrations), ("classes", &self.classes)];
        for (name, values) in several {
            if !values.is_empty() {
                write!(f, "\n  {name}: {}", values.join(", "))?;
            }
        }
        Ok(())
    }
}
