//! The fuzz crate is outside the workspace, so nothing builds it daily: its list of targets and the
//! files that they name are compared here.

use serde::Deserialize;

use crate::checkout::Source;
use crate::finding::Finding;

const MANIFEST: &str = "fuzz/Cargo.toml";
const FOLDER: &str = "fuzz/fuzz_targets/";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    path: String,
}

/// Every target's file exists, and every file is a target.
pub(super) fn check(sources: &[Source], found: &mut Vec<Finding>) {
    let Some(manifest) = sources.iter().find(|it| it.path == MANIFEST) else { return };
    let targets = match toml::from_str::<Manifest>(&manifest.text) {
        Ok(manifest) => manifest.bin,
        Err(error) => {
            found.push(Finding::new(
                MANIFEST,
                1,
                error.message(),
                "name and path of every [[bin]] are needed",
            ));
            return;
        }
    };
    let targets: Vec<String> = targets.into_iter().map(|it| format!("fuzz/{}", it.path)).collect();
    for missing in targets.iter().filter(|path| !sources.iter().any(|it| it.path == **path)) {
        let remedy = "write the file, or remove the target";
        found.push(Finding::new(
            MANIFEST,
            1,
            format!("the target {missing} does not exist"),
            remedy,
        ));
    }
    for source in
        sources.iter().filter(|it| it.path.starts_with(FOLDER) && !targets.contains(&it.path))
    {
        let message = format!("no target of {MANIFEST}");
        found.push(Finding::new(&source.path, 1, message, "add a [[bin]] for it"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::sources;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let mut found = Vec::new();
        check(&sources(files), &mut found);
        found.iter().map(Finding::to_string).collect()
    }

    const LISTED: (&str, &str) =
        (MANIFEST, "[[bin]]\nname = \"mof\"\npath = \"fuzz_targets/mof.rs\"\n");
    const FILE: (&str, &str) = ("fuzz/fuzz_targets/mof.rs", "");

    #[test]
    fn targets_and_files_that_agree_pass() {
        assert_eq!(found(&[LISTED, FILE]), Vec::<String>::new());
    }

    #[test]
    fn a_target_without_its_file_fails() {
        let expected = "the target fuzz/fuzz_targets/mof.rs does not exist; write the file, or remove the target";
        assert_eq!(found(&[LISTED]), [format!("fuzz/Cargo.toml:1: {expected}")]);
    }

    #[test]
    fn a_file_without_its_target_fails() {
        let found = found(&[LISTED, FILE, ("fuzz/fuzz_targets/wql.rs", "")]);
        assert_eq!(
            found,
            ["fuzz/fuzz_targets/wql.rs:1: no target of fuzz/Cargo.toml; add a [[bin]] for it"]
        );
    }

    #[test]
    fn a_manifest_that_cannot_be_read_fails() {
        assert_eq!(found(&[(MANIFEST, "[[bin]]\nname = \"mof\"\n")]).len(), 1);
    }
}
