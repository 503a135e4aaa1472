//! The text files of a checkout, read once and handed to the rules as values.
//!
//! Input is a folder on disk; output is every text file below it, sorted by path. Files that git,
//! cargo or the fuzzer produced are left out, and so are files that are not UTF-8. This file knows
//! nothing of the rules.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A text file of the checkout.
pub(crate) struct Source {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file under `root`, sorted by path.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    read_folder(root, "", &mut sources)?;
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn read_folder(folder: &Path, prefix: &str, sources: &mut Vec<Source>) -> Result<()> {
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
                read_folder(&entry.path(), &format!("{path}/"), sources)?;
            }
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            // Captured inputs need not be text; no rule applies to those that are not.
            if let Ok(text) = String::from_utf8(bytes) {
                sources.push(Source { path, text });
            }
        }
    }
    Ok(())
}

/// Files in memory for the tests of the rules.
#[cfg(test)]
pub(crate) fn sources(files: &[(&str, &str)]) -> Vec<Source> {
    let source = |&(path, text): &(&str, &str)| Source { path: path.into(), text: text.into() };
    files.iter().map(source).collect()
}
