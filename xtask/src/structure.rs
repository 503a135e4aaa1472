//! The folders inside a crate: `cargo xtask structure`, and the rules of `[[modules]]` in layers.toml.
//!
//! Input is the checkout's sources and the orders in `layers.toml`; output is a report for people, and
//! for `tidy` one finding for each import against the order and each measure exceeded. Edges between
//! crates are checked in [`layers`].

mod cycles;
mod figures;
mod imports;
mod order;
mod syntax;

use std::path::PathBuf;

use anyhow::{Context, Result};

use self::figures::describe;
use self::imports::Crate;
use self::order::Order;
use crate::cargo::Workspace;
use crate::checkout::{self, Source};
use crate::finding::Finding;
use crate::layers::{self, Layers};

/// `cargo xtask structure [--root DIR] [CRATE...]`.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let (root, names) = match args {
        [flag, root, names @ ..] if flag == "--root" => (PathBuf::from(root), names),
        names => (workspace.root.clone(), names),
    };
    let sources = checkout::read(&root)?;
    let text = sources.iter().find(|it| it.path == layers::PATH).map(|it| it.text.as_str());
    let layers = Layers::parse(text.with_context(|| format!("{} is missing", layers::PATH))?)?;
    let mut names = names.to_vec();
    if names.is_empty() {
        names.extend(layers.modules.iter().map(|it| it.krate.as_ref().clone()));
    }
    for name in names {
        let krate = find(&sources, &name).with_context(|| format!("no sources of {name}"))?;
        let table = layers.modules.iter().find(|it| *it.krate.as_ref() == name);
        print!("{}", describe(&name, &krate, table.map(Order::new).as_ref()));
    }
    Ok(())
}

/// The rules for every crate that has an order in `layers.toml`.
pub(crate) fn check(sources: &[Source], layers: &Layers, found: &mut Vec<Finding>) {
    for table in &layers.modules {
        let name = table.krate.as_ref();
        match find(sources, name) {
            Some(krate) => order::check(&krate, layers, table, found),
            None => {
                let message = format!("{name} has an order of folders and no sources");
                let line = layers.line(&table.krate);
                found.push(Finding::new(layers::PATH, line, message, "remove the table"));
            }
        }
    }
}

/// The crate in the folder `name`, in `crates` or beside it.
fn find(sources: &[Source], name: &str) -> Option<Crate> {
    let places = [format!("crates/{name}/src/"), format!("{name}/src/")];
    let src = places.iter().find(|src| sources.iter().any(|it| it.path.starts_with(*src)))?;
    Some(imports::read(sources, src))
}
