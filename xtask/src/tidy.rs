//! `cargo xtask tidy`: the rules that no compiler checks.
//!
//! This file reads the checkout once and hands it to the rules, each a small function over text in
//! memory; they do no I/O. What the compiler, clippy or rustfmt can check is left to them.

mod fuzz;
mod gaps;
mod source;
mod tokens;
mod unsafety;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::finding::{Finding, report};
use crate::layers::{self, Layers};

/// What `cargo metadata` calls the targets that are neither libraries nor programs.
const NOT_SHIPPED: [&str; 4] = ["test", "bench", "example", "custom-build"];

/// A text file of the checkout.
pub(crate) struct Source {
    /// Relative to the root, with slashes.
    path: String,
    text: String,
}

/// Checks the whole checkout, prints what is wrong, fails if anything is.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut sources = Vec::new();
    read(&workspace.root, "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
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

/// Every text file under `folder`; not git's, and not what cargo or the fuzzer produced.
fn read(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let produced = entry.path().join("CACHEDIR.TAG").exists()
                || matches!(
                    &*path,
                    ".git" | "target" | "fuzz/target" | "fuzz/corpus" | "fuzz/artifacts"
                );
            if !produced {
                read(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            // Captured inputs need not be text; no rule has anything to say of those that are not.
            if let Ok(text) = String::from_utf8(bytes) {
                sources.push(Source { path, text });
            }
        }
    }
    Ok(())
}

/// Files in memory for the tests of the rules.
#[cfg(test)]
fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |&(path, text): &(&str, &str)| Source { path: path.into(), text: text.into() };
    files.iter().map(source).collect()
}
