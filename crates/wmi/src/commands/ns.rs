//! `wmi ns`: lists a namespace, by default root, and all namespaces below it.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use cim::status::WBEM_E_ACCESS_DENIED;
use wbem::{Flags, Services};

use crate::failure::{Failure, warn};
use crate::output::Form;
use crate::session::Options;
use crate::target::{Outcome, Target};

/// The class whose instances are the namespaces in a namespace.
const NAMESPACE_CLASS: &str = "__NAMESPACE";

/// Prints the paths of the namespaces.
pub(crate) fn run(options: &Options) -> Result<Outcome, Failure> {
    let start = options.namespace.as_deref().unwrap_or("root");
    let found = below(&options.connect(start)?)?;
    print(&found.paths, options.settings.form)?;
    for path in &found.denied {
        warn(&format!("access to {path} is denied; namespaces below it are not listed"));
    }
    Ok(if found.denied.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// The namespaces found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Their paths in alphabetical order, including the start of the search.
    pub(crate) paths: Vec<String>,
    denied: Vec<String>,
}

/// The namespace of `start` and all below it.
pub(crate) fn below(start: &Target) -> cim::Result<Found> {
    let mut found = Found::default();
    let mut open: Vec<Arc<dyn Services>> = vec![start.services.clone()];
    while let Some(services) = open.pop() {
        let namespace = services.namespace();
        found.paths.push(namespace.as_str().to_owned());
        for leaf in children(&*services, start)? {
            match services.open_namespace(&leaf, &start.context) {
                Ok(child) => open.push(child),
                Err(error) if error.status() == WBEM_E_ACCESS_DENIED => {
                    let path = format!("{namespace}\\{leaf}");
                    found.paths.push(path.clone());
                    found.denied.push(path);
                }
                Err(error) => return Err(error),
            }
        }
    }
    found.paths.sort_by(|a, b| cim::name::cmp(a, b));
    Ok(found)
}

fn children(services: &dyn Services, start: &Target) -> cim::Result<Vec<String>> {
    let instances = wbem::collect(|sink| {
        services.create_instance_enum(NAMESPACE_CLASS, Flags::DEEP, &start.context, sink)
    })?;
    let name = |object: &cim::Object| object.get("Name").ok()?.as_str().map(str::to_owned);
    Ok(instances.iter().filter_map(name).collect())
}

fn print(paths: &[String], form: Form) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout());
    match form {
        Form::Json => writeln!(out, "{}", serde_json::json!(paths))?,
        Form::JsonLines => {
            for path in paths {
                writeln!(out, "{}", serde_json::json!({ "path": path }))?;
            }
        }
        Form::Auto | Form::Table | Form::List | Form::Pairs => {
            paths.iter().try_for_each(|path| writeln!(out, "{path}"))?;
        }
        Form::Csv | Form::Xml | Form::Mof => {
            let why = "namespaces are printed as text or JSON only; use -o json or -o jsonl";
            return Err(Failure::Usage(why.to_owned()));
        }
    }
    Ok(out.flush()?)
}
