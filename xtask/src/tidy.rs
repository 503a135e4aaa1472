//! `cargo xtask tidy`: the rules that no compiler checks.
//!
//! This file reads the checkout once and hands it to the rules, each a small function over text in
//! memory; they do no I/O. What the compiler, clippy or rustfmt can check is left to them.

mod fuzz;
mod gaps;
mod source;
mod unsafety;
mod wording;

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::checkout::{self, Source};
use crate::finding::{Finding, report};
use crate::layers::{self, Layers};
use crate::structure;

/// The targets of `cargo metadata` that are neither libraries nor programs.
const NOT_SHIPPED: [&str; 4] = ["test", "bench", "example", "custom-build"];

/// Checks the whole checkout, prints what is wrong, fails if anything is.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sources = checkout::read(&workspace.root)?;
    let text = sources.iter().find(|it| it.path == layers::PATH).map(|it| it.text.as_str());
    let layers = Layers::parse(text.with_context(|| format!("{} is missing", layers::PATH))?)?;

    let mut found = layers.check(&layers::members(workspace)?);
    found.extend(check(&sources, &layers, &roots(workspace)));
    report("tidy", found)
}

fn check(sources: &[Source], layers: &Layers, roots: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        source::check(source, &mut found);
    }
    unsafety::check(sources, layers, roots, &mut found);
    fuzz::check(sources, &mut found);
    gaps::check(sources, &mut found);
    wording::check(sources, &mut found);
    structure::check(sources, layers, &mut found);
    found
}

/// The files at which the compiler starts to read the members' libraries and programs.
fn roots(workspace: &Workspace) -> Vec<String> {
    let targets = workspace.packages.iter().flat_map(|package| &package.targets);
    targets
        .filter(|it| !it.kind.iter().any(|kind| NOT_SHIPPED.contains(&kind.as_str())))
        .map(|it| workspace.relative(&it.src_path))
        .collect()
}
