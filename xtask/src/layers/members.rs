//! The members of the workspace and which of each other they use.
//!
//! Input is `cargo metadata`; the manifests are read only for the line of a dependency.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cargo::{Package, Workspace};

/// A member of the workspace and the other members that its manifest names.
pub(crate) struct Member {
    /// The folder's name, by which `layers.toml` knows it.
    pub(crate) name: String,
    pub(crate) manifest: String,
    pub(crate) edges: Vec<Edge>,
}

/// A dependency on another member.
pub(crate) struct Edge {
    pub(crate) to: String,
    pub(crate) dev: bool,
    /// Where the manifest names it.
    pub(crate) line: usize,
}

/// The members of the workspace with their edges.
pub(crate) fn members(workspace: &Workspace) -> Result<Vec<Member>> {
    workspace.packages.iter().map(|package| member(workspace, package)).collect()
}

fn member(workspace: &Workspace, package: &Package) -> Result<Member> {
    let text = std::fs::read_to_string(&package.manifest_path)
        .with_context(|| format!("cannot read {}", package.manifest_path.display()))?;
    let mut edges = Vec::new();
    for dependency in &package.dependencies {
        let Some(path) = &dependency.path else { continue };
        let key = dependency.rename.as_ref().unwrap_or(&dependency.name);
        edges.push(Edge {
            to: folder(path),
            dev: dependency.kind.as_deref() == Some("dev"),
            line: dependency_line(&text, key, dependency.kind.as_deref()),
        });
    }
    Ok(Member {
        name: package.manifest_path.parent().map(folder).unwrap_or_default(),
        manifest: workspace.relative(&package.manifest_path),
        edges,
    })
}

fn folder(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The line on which a manifest names a dependency of a kind; the first if it is not found.
fn dependency_line(manifest: &str, key: &str, kind: Option<&str>) -> usize {
    let section = kind.map_or("dependencies".to_owned(), |kind| format!("{kind}-dependencies"));
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        if let Some(header) = line.trim().strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            if header.ends_with(&format!("{section}.{key}")) {
                return index + 1;
            }
            inside = header == section || header.ends_with(&format!(".{section}"));
        } else if inside && line.split(['.', '=', ' ']).next() == Some(key) {
            return index + 1;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_found_in_its_section() {
        let manifest = "[package]\nname = \"cim\"\n[dependencies]\ncim.workspace = true\n\
                        mof = { path = \"x\" }\n[dev-dependencies]\ncim.workspace = true\n\
                        [target.'cfg(unix)'.build-dependencies]\nwql = \"1\"\n[dependencies.host]\n";
        assert_eq!(dependency_line(manifest, "cim", None), 4);
        assert_eq!(dependency_line(manifest, "mof", None), 5);
        assert_eq!(dependency_line(manifest, "cim", Some("dev")), 7);
        assert_eq!(dependency_line(manifest, "wql", Some("build")), 9);
        assert_eq!(dependency_line(manifest, "host", None), 10);
        assert_eq!(dependency_line(manifest, "absent", None), 1);
    }
}
