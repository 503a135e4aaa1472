//! What `mof` and `cim` make of DMTF's MOF, compared with what pywbem makes of the same files.
//!
//! `tests/pywbem/dump.py` has pywbem compile a file and prints every class with all that it inherits.
//! The same is collected here of our classes, and each difference must be explained by one of
//! [`rules::RULES`]; a rule that explains nothing fails the test too.
//!
//! - DMTF's schema 2.49 is compared where `OPENWMI_SHARED` names the folder that has it and
//!   `OPENWMI_PYTHON` a Python that has pywbem; else the test says that it was skipped.
//! - A small schema of our own, `tests/pywbem/acme.mof`, is always compared, with what pywbem
//!   gave when `acme.jsonl` was made. `UPDATE=1` with `OPENWMI_PYTHON` makes that file again.

mod collect;
mod compare;
mod rules;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cim::{Class, Name, Namespace};
use mof::{ActionKind, Compilation, Disk, Memory, Options};
use tempfile::TempDir;

use collect::CollectedClass;
use compare::Comparison;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pywbem")
}

/// The variable's value, or a note that `test` was skipped.
pub(crate) fn needed(variable: &str, test: &str) -> Option<PathBuf> {
    let value = std::env::var_os(variable).map(PathBuf::from);
    if value.is_none() {
        println!("{test}: skipped, {variable} is not set");
    }
    value
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stderr}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn dump(python: &Path, main: &Path) -> String {
    run(Command::new(python).arg(folder().join("dump.py")).arg(main))
}

/// DMTF's schema unpacked, and its main file.
pub(crate) fn dmtf(shared: &Path, python: &Path) -> (TempDir, PathBuf) {
    let to = tempfile::tempdir().expect("a folder");
    let zip = shared.join("data/cim_schema_2.49.0Final-MOFs.zip");
    run(Command::new(python).args(["-m", "zipfile", "-e"]).arg(zip).arg(to.path()));
    let main = to.path().join("cim_schema_2.49.0.mof");
    (to, main)
}

fn parse(main: &Path) -> Compilation {
    let options = Options::new(Namespace::new(r"root\dump").expect("a namespace"));
    let compilation = mof::parse(&mut Disk, main, &options);
    assert!(compilation.diagnostics.is_empty(), "{:?}", compilation.diagnostics);
    compilation
}

/// The classes of a file with all that they inherit.
fn compile(main: &Path) -> HashMap<Name, Arc<Class>> {
    let mut classes: HashMap<Name, Arc<Class>> = HashMap::new();
    for action in parse(main).actions {
        let ActionKind::PutClass { declaration, .. } = action.kind else { continue };
        let superclass = declaration.superclass.as_ref().map(|name| classes[name].clone());
        let class = Class::derive(declaration, superclass, None).expect("a class");
        classes.insert(class.name().clone(), class);
    }
    classes
}

/// Compares the classes of `main` with what pywbem said, a line of JSON a class.
fn agree(main: &Path, said: &str) -> Comparison {
    let ours = compile(main);
    let mut comparison = Comparison::default();
    let mut seen = 0;
    for line in said.lines() {
        let theirs: CollectedClass = serde_json::from_str(line).expect("a class");
        let Some(class) = ours.get(&Name::from(theirs.name.as_str())) else {
            panic!("only pywbem has class {}", theirs.name);
        };
        comparison.class(&CollectedClass::of(class), &theirs);
        seen += 1;
    }
    assert_eq!(seen, ours.len(), "classes that only we have");
    println!("{comparison}");
    comparison.assert_explained();
    comparison
}

#[test]
fn our_schema_agrees_with_pywbem() {
    let kept = folder().join("acme.jsonl");
    if std::env::var_os("UPDATE").is_some()
        && let Some(python) = needed("OPENWMI_PYTHON", "making acme.jsonl again")
    {
        std::fs::write(&kept, dump(&python, &folder().join("acme.mof"))).expect("written");
    }
    let said = std::fs::read_to_string(kept).expect("acme.jsonl");
    agree(&folder().join("acme.mof"), &said);
}

#[test]
fn what_pywbem_said_of_our_schema_is_what_it_says() {
    let name = "what_pywbem_said_of_our_schema_is_what_it_says";
    let Some(python) = needed("OPENWMI_PYTHON", name) else { return };
    let kept = std::fs::read_to_string(folder().join("acme.jsonl")).expect("acme.jsonl");
    assert_eq!(dump(&python, &folder().join("acme.mof")), kept);
}

#[test]
fn dmtf_2_49_agrees_with_pywbem() {
    let name = "dmtf_2_49_agrees_with_pywbem";
    let Some(shared) = needed("OPENWMI_SHARED", name) else { return };
    let Some(python) = needed("OPENWMI_PYTHON", name) else { return };
    let (_folder, main) = dmtf(&shared, &python);
    let comparison = agree(&main, &dump(&python, &main));
    assert_eq!(comparison.classes(), 1631);
}

/// Every class printed as MOF compiles again to an equal one.
fn comes_back(main: &Path) -> usize {
    let options = Options::new(Namespace::new(r"root\dump").expect("a namespace"));
    let classes = parse(main).actions.into_iter().filter_map(|action| match action.kind {
        ActionKind::PutClass { declaration, .. } => Some(declaration),
        _ => None,
    });
    let mut count = 0;
    for class in classes {
        let text = mof::write_class(&class);
        let path = Path::new("again.mof");
        let again = mof::parse(&mut Memory::file(path, text.as_str()), path, &options);
        assert!(again.diagnostics.is_empty(), "{text}\n{:?}", again.diagnostics);
        let [action] = &again.actions[..] else { panic!("{text}") };
        let ActionKind::PutClass { declaration, .. } = &action.kind else { panic!("{text}") };
        assert_eq!(*declaration, class, "{text}");
        count += 1;
    }
    count
}

#[test]
fn our_schema_comes_back_equal() {
    assert_eq!(comes_back(&folder().join("acme.mof")), 6);
}

#[test]
fn dmtf_2_49_comes_back_equal() {
    let Some(shared) = needed("OPENWMI_SHARED", "dmtf_2_49_comes_back_equal") else { return };
    // Only to unpack: any Python does.
    let python = std::env::var_os("OPENWMI_PYTHON").unwrap_or_else(|| "python3".into());
    let (_folder, main) = dmtf(&shared, Path::new(&python));
    assert_eq!(comes_back(&main), 1631);
}
