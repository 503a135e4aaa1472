//! `cargo xtask new-class NAME [--area AREA]`: the files of a new host class, and its registration.
//!
//! Writes MOF, Rust, table and test from templates, and inserts the lines that list them. The files
//! compile and pass tidy; the new test fails until the table and the rules are filled in. Reads and
//! writes `crates/host` only. What a class is made from is for its author to write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::Workspace;

const USAGE: &str =
    "usage: cargo xtask new-class NAME [--area AREA], as in Win32_Fan --area hardware";
const DEFAULT_AREA: &str = "system";

const MOF: &str = r#"// FILL: what an instance is. What each property is read from: @file@.md.

#pragma namespace("\\\\.\\root\\cimv2")

Qualifier Description : ToSubClass;
Qualifier Override : ToSubClass;
Qualifier Read : ToSubClass;

[Dynamic, Provider("OpenWMI|@name@|1"),
 Description("FILL: what an instance is.")]
class @name@ : CIM_LogicalElement
{
    [Read, Key, Override("Name"), Description("FILL: what identifies an instance.")]
    string Name;
};

instance of __Win32Provider as $Provider
{
    Name = "OpenWMI|@name@|1";
    CLSID = "@clsid@";
    HostingModel = "WmiCore";
};

instance of __InstanceProviderRegistration
{
    Provider = $Provider;
    SupportsGet = TRUE;
    SupportsEnumeration = TRUE;
    SupportsPut = FALSE;
    SupportsDelete = FALSE;
    QuerySupportLevels = NULL;
};
"#;

const RUST: &str = r#"//! Provides the class: the value of each property. Does not evaluate queries. Input comes from
//! `crate::readers`; output goes through `crate::classes::property`.
//!
#![doc = include_str!("@file@.md")]

use cim::Result;

use crate::classes::property::{Each, HostClass, Property};
use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::source::Source;

/// The class @name@.
pub(crate) struct @type@;

impl HostClass for @type@ {
    const MOF: &'static str = include_str!("@file@.mof");

    const READS: &'static [Source] = &[];

    type Facts<'a> = ();

    const PROPERTIES: &'static [Property<Self>] = &[];

    fn each(_: &Machine<'_>, _: Needs, _: Each<'_, Self>) -> Result<()> {
        Ok(())
    }
}
"#;

const TABLE: &str = "@name@: FILL: what an instance is.

| property | source, or why it is NULL |
|---|---|
| Caption | FILL |
| Description | FILL |
| InstallDate | FILL |
| Name | FILL |
| Status | FILL |
";

const TEST: &str = r#"//! @name@ on captured machines.

use crate::captured::{check, class, key_names};

const RULES: &str = r"
Caption | FILL
Description | FILL
InstallDate | FILL
Name | FILL
Status | FILL
";

#[test]
fn its_keys_are_the_documented_ones() {
    assert_eq!(key_names(&class("@name@")), ["Name"]);
}

#[test]
fn every_property_has_its_value() {
    let sources = include_str!("../../src/classes/@area@/@file@.md");
    check("@name@", sources, RULES);
}
"#;

const AREA: &str = "//! FILL: what the classes of this area have in common.

";

/// Writes the files into the checkout and prints what is left to do.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    let (name, area) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [name] => (name, DEFAULT_AREA),
        [name, "--area", area] | ["--area", area, name] => (name, area),
        _ => bail!("{USAGE}"),
    };
    let host = workspace.root.join("crates/host");
    for path in write(&host, name, area)? {
        println!("{}", workspace.relative(&path));
    }
    println!(
        "write what is marked FILL, then READS and the properties; `cargo test -p openwmi-host`"
    );
    Ok(())
}

/// Writes the files below `host` and returns their paths, changed ones included.
fn write(host: &Path, name: &str, area: &str) -> Result<Vec<PathBuf>> {
    let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric()) && !text.is_empty();
    let parts: Vec<&str> = name.split('_').collect();
    ensure!(
        parts.len() > 1 && parts.iter().all(|part| is_word(part)),
        "`{name}` is no class name such as Win32_Fan\n{USAGE}"
    );
    ensure!(
        is_word(area) && area.bytes().all(|b| b.is_ascii_lowercase()),
        "`{area}` is no area: an area is one lower-case word\n{USAGE}"
    );
    let file = name.to_ascii_lowercase();
    let type_name = parts.concat();
    let fill = |template: &str| {
        template
            .replace("@name@", name)
            .replace("@type@", &type_name)
            .replace("@file@", &file)
            .replace("@area@", area)
            .replace("@clsid@", &clsid(name))
    };

    let classes = host.join("src/classes");
    let folder = classes.join(area);
    let created = [
        (folder.join(format!("{file}.mof")), MOF),
        (folder.join(format!("{file}.rs")), RUST),
        (folder.join(format!("{file}.md")), TABLE),
        (host.join(format!("tests/it/{file}.rs")), TEST),
    ];
    for (path, _) in &created {
        ensure!(!path.exists(), "{} exists already", path.display());
    }
    let (list, area_list) = (classes.join("mod.rs"), folder.join("mod.rs"));
    if !area_list.exists() {
        fs::create_dir_all(&folder)?;
        fs::write(&area_list, AREA)?;
        insert(&list, "pub mod ", &format!("pub mod {area};"))?;
    }
    for (path, template) in &created {
        fs::write(path, fill(template))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    // How long its lines are depends on the name.
    let rust = created.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "rs"));
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(rust.map(|(path, _)| path))
        .status()
        .context("cannot run rustfmt")?;
    ensure!(formatted.success(), "rustfmt refuses the new files");
    insert(&area_list, "pub mod ", &format!("pub mod {file};"))?;
    insert(&list, "    class::<", &format!("    class::<{area}::{file}::{type_name}>(),"))?;
    let tests = host.join("tests/it/main.rs");
    insert(&tests, "mod ", &format!("mod {file};"))?;
    Ok(created.into_iter().map(|(path, _)| path).chain([area_list, list, tests]).collect())
}

/// Inserts a line into the file's first run of lines that begin with `prefix`, which is sorted; at
/// the end of the file where there is none.
fn insert(path: &Path, prefix: &str, line: &str) -> Result<()> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|it| it.starts_with(prefix)).unwrap_or(lines.len());
    let run = lines[start..].iter().take_while(|it| it.starts_with(prefix));
    lines.insert(start + run.take_while(|it| **it < line).count(), line);
    fs::write(path, lines.join("\n") + "\n")
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A CLSID that follows from the name, so that classes added at the same time have different ones:
/// the prefix of this project's CLSIDs and a hash (FNV-1a) in the form of a random UUID.
fn clsid(name: &str) -> String {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let (variant, rest) = ((hash >> 48) & 0x3fff | 0x8000, hash & 0xffff_ffff_ffff);
    format!("{{5E0C8F52-6B1B-4C7A-{variant:04X}-{rest:012X}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &to),
                false => drop(fs::copy(entry.path(), to).unwrap()),
            }
        }
    }

    /// A copy of the host crate without its fixtures.
    fn host() -> tempfile::TempDir {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let host = tempfile::tempdir().unwrap();
        for folder in ["src", "tests/it"] {
            copy(&root.join("crates/host").join(folder), &host.path().join(folder));
        }
        fs::copy(root.join("rustfmt.toml"), host.path().join("rustfmt.toml")).unwrap();
        host
    }

    fn assert_formatted(host: &Path) {
        let checked = Command::new("rustfmt")
            .args(["--check", "--edition", "2024", "src/lib.rs", "tests/it/main.rs"])
            .current_dir(host)
            .output()
            .unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    }

    /// rustfmt follows the new `mod` lines, so it parses every new file.
    #[test]
    fn new_files_are_listed_and_formatted() {
        let host = host();
        for (name, area) in [
            ("Win32_Fan", "hardware"),
            ("Win32_AaaFirst", "storage"),
            ("Win32_PerfFormattedData_PerfOS_Memory", "performance"),
        ] {
            let paths = write(host.path(), name, area).unwrap();
            assert!(paths.iter().all(|path| path.exists()), "{paths:?}");
        }
        assert_formatted(host.path());
        let list = fs::read_to_string(host.path().join("src/classes/mod.rs")).unwrap();
        assert!(list.contains("    class::<hardware::win32_fan::Win32Fan>(),\n"), "{list}");
        assert!(list.contains("pub mod performance;\n"), "{list}");
        let error = write(host.path(), "win32_fan", "hardware").unwrap_err();
        assert!(error.to_string().ends_with("exists already"), "{error}");
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let host = tempfile::tempdir().unwrap();
        for (name, area) in [
            ("Fan", "hardware"),
            ("Win32_", "hardware"),
            ("Win32_Fan/x", "hardware"),
            ("Win32_Fan", "Hard ware"),
            ("Win32_Fan", ""),
        ] {
            assert!(write(host.path(), name, area).is_err(), "{name} {area}");
        }
    }

    #[test]
    fn clsids_follow_from_names() {
        assert_eq!(clsid("Win32_Fan"), clsid("Win32_Fan"));
        assert_ne!(clsid("Win32_Fan"), clsid("Win32_Fax"));
        assert_eq!(clsid("Win32_Fan").len(), "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C01}".len());
    }
}
