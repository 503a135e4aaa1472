//! What the tasks ask of cargo: where the workspace is, which packages it has, and running a command.
//!
//! It knows the part of `cargo metadata` that the tasks read and nothing of the rules they check.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The checkout that the tasks work on.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

/// A member of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

/// What a member's manifest asks for.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) rename: Option<String>,
    /// `None` for normal dependencies, else `build` or `dev`.
    pub(crate) kind: Option<String>,
    /// Set for dependencies within the workspace.
    pub(crate) path: Option<PathBuf>,
}

/// A library, program, test binary and so on of a member.
#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
}

impl Workspace {
    /// The workspace that this program belongs to, wherever in it `cargo xtask` was called.
    pub(crate) fn find() -> Result<Workspace> {
        // Set by `cargo run`, whatever the current folder is.
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").context("call this as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask has no folder above it")?;
        let output = cargo_in(root)
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("cargo metadata in an unknown form")?;
        Ok(Workspace {
            root: root.to_owned(),
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    /// `cargo`, to be run in the root.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// `path` relative to the root, with slashes, as findings show it.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().replace('\\', "/")
    }
}

fn cargo_in(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs `command` with this program's stdout and stderr; a failure names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot run `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The command as a reader would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c exit 3` failed (exit status: 3)");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("/nonexistent/program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot run `program`");
    }

    #[test]
    fn metadata_is_read_as_cargo_writes_it() {
        let text = r#"{"packages": [{"name": "openwmi-mof", "manifest_path": "/w/crates/mof/Cargo.toml",
            "dependencies": [{"name": "openwmi-cim", "rename": "cim", "kind": null, "path": "/w/crates/cim"},
                             {"name": "proptest", "rename": null, "kind": "dev"}],
            "targets": [{"kind": ["lib"], "src_path": "/w/crates/mof/src/lib.rs"}]}],
            "target_directory": "/w/target"}"#;
        let metadata: Metadata = serde_json::from_str(text).unwrap();
        let package = &metadata.packages[0];
        assert_eq!(package.dependencies[0].rename.as_deref(), Some("cim"));
        assert_eq!(package.dependencies[1].kind.as_deref(), Some("dev"));
        assert_eq!(package.targets[0].kind, ["lib"]);
    }
}
