//! The schema that is compiled: DMTF's, where it is at hand, or one made up in its likeness.
//!
//! DMTF's is an archive in the folder `data` of `$OPENWMI_SHARED` or of `shared` beside the checkout.
//! The other has as many classes in as many files, about as much text, and DMTF's dialect; what it
//! says is nothing.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::item::Random;
use crate::scratch;

const ARCHIVE: &str = "data/cim_schema_2.49.0Final-MOFs.zip";
const CLASSES: usize = 1631;

/// Files of MOF in a directory of their own.
pub(crate) struct Schema {
    directory: TempDir,
    top: &'static str,
    name: &'static str,
}

impl Schema {
    /// DMTF's schema, or else the one in its likeness.
    pub(crate) fn get() -> Result<Schema> {
        let directory = scratch::directory()?;
        if let Some(archive) = archive() {
            unpack(&archive, directory.path())?;
            return Ok(Schema {
                directory,
                top: "cim_schema_2.49.0.mof",
                name: "the DMTF schema 2.49",
            });
        }
        make(directory.path())?;
        Ok(Schema {
            directory,
            top: "schema.mof",
            name: "a schema like DMTF's (that is not at hand)",
        })
    }

    /// The file that includes all others.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join(self.top)
    }

    /// What it is.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How many classes are in it.
    pub(crate) fn classes(&self) -> u64 {
        CLASSES as u64
    }
}

fn archive() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = env::var_os("OPENWMI_SHARED").map_or_else(beside, PathBuf::from);
    Some(shared.join(ARCHIVE)).filter(|archive| archive.exists())
}

fn unpack(archive: &Path, to: &Path) -> Result<()> {
    let mut unzip = Command::new("unzip");
    unzip.arg("-q").arg(archive).arg("-d").arg(to);
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-e"]).arg(archive).arg(to);
    let is_unpacked = [unzip, python].iter_mut().any(|command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    });
    ensure!(is_unpacked, "neither unzip nor python3 unpacks {}", archive.display());
    Ok(())
}

const QUALIFIERS: &str = r#"
Qualifier Abstract : boolean = false, Scope(class, association), Flavor(EnableOverride, Restricted);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier MaxLen : uint32 = null, Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass);
Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier ValueMap : string[], Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass);
Qualifier Values : string[], Scope(property, method, parameter), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier Version : string = null, Scope(class, association), Flavor(EnableOverride, Restricted, Translatable);
Qualifier Write : boolean = false, Scope(property), Flavor(EnableOverride, ToSubclass);
"#;

const TYPES: [&str; 6] = ["string", "uint16", "uint32", "uint64", "boolean", "datetime"];

/// Writes the files of a schema: one a class, and one that includes them in order.
fn make(directory: &Path) -> Result<()> {
    fs::write(directory.join("qualifiers.mof"), QUALIFIERS)?;
    let mut top = String::from("#pragma include (\"qualifiers.mof\")\n");
    for n in 0..CLASSES {
        let file = format!("Example_{n}.mof");
        writeln!(top, "#pragma include (\"{file}\")")?;
        fs::write(directory.join(&file), class(n)?)?;
    }
    fs::write(directory.join("schema.mof"), top).context("cannot write the schema")
}

fn class(n: usize) -> Result<String> {
    let mut random = Random(n as u64);
    let mut mof = String::new();
    // One tree of classes of several generations under each of a dozen roots.
    let superclass = match n {
        0..12 => String::new(),
        _ => format!(" : Example_{}", random.below(n / 2)),
    };
    writeln!(mof, "[Version ( \"2.{}.0\" ), Description (", random.below(50))?;
    describe(&mut mof, 4)?;
    writeln!(mof, ")]\nclass Example_{n}{superclass} {{\n")?;
    if superclass.is_empty() {
        writeln!(
            mof,
            "   [Key, MaxLen ( 256 ), Description ( \"What identifies it.\" )]\n   string Id;\n"
        )?;
    }
    for property in 0..3 + random.below(4) {
        writeln!(mof, "   [Description (")?;
        describe(&mut mof, 4)?;
        if property % 3 == 1 {
            writeln!(mof, "    ), ValueMap {{ \"0\", \"1\", \"2\", \"3\", \"4\" }},")?;
            writeln!(
                mof,
                "    Values {{ \"Unknown\", \"Other\", \"OK\", \"Degraded\", \"Failed\" }}]"
            )?;
            writeln!(mof, "   uint16 State{n}_{property};\n")?;
        } else {
            let ty = TYPES[random.below(TYPES.len())];
            writeln!(mof, "    ), Write]\n   {ty} Property{n}_{property};\n")?;
        }
    }
    if n.is_multiple_of(3) {
        writeln!(mof, "   [Description (")?;
        describe(&mut mof, 3)?;
        writeln!(mof, "    )]\n   uint32 Change{n}(")?;
        writeln!(mof, "      [In, Description ( \"What it is to become.\" )] uint16 State,")?;
        writeln!(
            mof,
            "      [In ( false ), Out, Description ( \"What it was.\" )] uint16 Before);\n"
        )?;
    }
    writeln!(mof, "}};")?;
    Ok(mof)
}

fn describe(mof: &mut String, lines: usize) -> Result<()> {
    for line in 0..lines {
        writeln!(
            mof,
            "       \"Line {line} of a description, as long as lines of descriptions. \""
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openwmi_suite::world::compile_options;
    use wbem::Flags;

    #[test]
    fn the_schema_that_is_made_compiles() {
        let _alone = crate::measure::WHOLE_PROCESS.lock();
        let directory = tempfile::tempdir().unwrap();
        make(directory.path()).unwrap();
        let files = [directory.path().join("schema.mof")];
        let world = openwmi_suite::World::new();
        let report = world.compile_files(&files, &compile_options(Flags::default())).unwrap();
        assert_eq!(report.syntax, []);
        assert_eq!(report.storage, []);
        assert_eq!(report.classes, CLASSES as u64);
    }
}
