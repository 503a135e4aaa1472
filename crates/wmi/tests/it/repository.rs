//! `wmi repo`: check, copy, put back, salvage, reset.

use std::path::Path;

use crate::program::{Program, text};

#[test]
fn what_was_deleted_comes_back_from_a_copy() {
    let program = Program::with_shop();
    let copy = program.file("copy", "");
    std::fs::remove_file(&copy).unwrap();
    let out = program.ok(&["repo", "backup", text(&copy)]);
    assert!(out.contains(text(&copy)), "{out}");
    program.shop(&["rm", "Shop_Item", "--class"]);
    assert_eq!(program.run(&["-n", "root/shop", "get", "Shop_Item"]).code, 3);
    program.ok(&["repo", "restore", text(&copy)]);
    assert_eq!(program.shop(&["get", "Shop_Book", "-p", "Author"]), "Author\nAnn\n");
}

#[test]
fn a_copy_to_standard_output_can_be_put_back() {
    let program = Program::with_shop();
    let output = program.command(&["repo", "backup", "-"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!program.data().join("-").exists());
    let copy = program.data().join("copy");
    std::fs::write(&copy, output.stdout).unwrap();
    program.shop(&["rm", "Shop_Item", "--class"]);
    program.ok(&["repo", "restore", text(&copy)]);
    assert_eq!(program.shop(&["get", "Shop_Book", "-p", "Author"]), "Author\nAnn\n");
}

/// A command that only reads makes no repository where one is named.
#[test]
fn a_repository_that_is_only_read_must_exist() {
    let program = Program::with_missing_repository();
    let copy = program.data().join("copy");
    let commands: [&[&str]; 6] = [
        &["repo", "verify"],
        &["repo", "backup", text(&copy)],
        &["repo", "autorecover"],
        &["query", "SELECT * FROM Win32_OperatingSystem"],
        &["class", "list"],
        &["provider", "list"],
    ];
    for command in commands {
        let run = program.run(command);
        assert_eq!(run.code, 3, "{command:?}: {}", run.err);
        let repository = program.repository();
        let why = format!("there is no repository in {}", repository.display());
        assert!(run.err.contains(&why), "{command:?}: {}", run.err);
        assert!(!repository.exists() && !copy.exists(), "{command:?}");
    }
    assert_eq!(program.run(&["compile", text(&program.file("empty.mof", ""))]).code, 0);
    program.ok(&["repo", "verify"]);
}

#[test]
fn a_sound_repository_is_counted() {
    let program = Program::with_shop();
    let report = program.json(&["repo", "verify"]);
    assert_eq!(report["problems"], serde_json::json!([]));
    assert!(report["namespaces"].as_u64() >= Some(6), "{report}");
    assert!(report["instances"].as_u64() >= Some(2), "{report}");
    assert_eq!(report["repository"], text(&program.repository()));
}

#[test]
fn only_a_copy_can_be_put_back() {
    let program = Program::with_shop();
    let file = program.file("no-copy", "not a copy");
    let run = program.run(&["repo", "restore", text(&file)]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.starts_with("error: WBEM_E_"), "{}", run.err);
    assert_eq!(program.run(&["repo", "restore", "no-such-file"]).code, 3);
    program.shop(&["get", "Shop_Item=\"a\""]);
}

/// Changes a byte of the file of the repository in `directory` wherever `text` is.
pub(crate) fn damage(directory: &Path, text: &str) {
    let data = directory.join("data.mdb");
    let mut bytes = std::fs::read(&data).unwrap();
    let found = |bytes: &[u8]| bytes.windows(text.len()).position(|at| at == text.as_bytes());
    assert!(found(&bytes).is_some(), "{text}");
    while let Some(at) = found(&bytes) {
        bytes[at] ^= 1;
    }
    std::fs::write(data, bytes).unwrap();
}

#[test]
fn g13_a_damaged_repository_is_salvaged() {
    let program = Program::with_shop();
    program.shop(&["new", "Shop_Item", "Id=kept"]);
    program.shop(&["new", "Shop_Item", "Id=lost", "Label=needle"]);
    damage(&program.repository(), "needle");
    for command in [&["repo", "verify"][..], &["query", "SELECT * FROM Win32_OperatingSystem"]] {
        let run = program.run(command);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(run.err.contains("wmi repo salvage"), "{}", run.err);
    }
    let run = program.run(&["repo", "salvage"]);
    assert_eq!(run.code, 6, "{}", run.err);
    assert!(run.err.contains("lost: instance root\\shop:Shop_Item lost"), "{}", run.err);
    assert!(run.err.starts_with("problem: "), "{}", run.err);
    assert!(run.out.contains("compiled again: 1 of 1 files"), "{}", run.out);
    assert!(run.out.contains("replaced.mdb"), "{}", run.out);
    program.ok(&["repo", "verify"]);
    assert_eq!(program.shop(&["get", "Shop_Item=\"kept\"", "-p", "Id"]), "Id\nkept\n");
    assert_eq!(program.run(&["-n", "root/shop", "get", "Shop_Item=\"lost\""]).code, 3);
    let again = program.json(&["repo", "salvage"]);
    assert_eq!((&again["sound"], &again["lost_count"]), (&true.into(), &0.into()));
}

#[test]
fn g13_reset_asks_first_and_compiles_what_is_listed() {
    let program = Program::with_shop();
    let run = program.run(&["repo", "reset"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("--yes"), "{}", run.err);
    program.shop(&["get", "Shop_Item=\"a\""]);
    let report = program.json(&["repo", "reset", "--yes"]);
    assert!(report["replaced"].as_str().unwrap().ends_with("replaced.mdb"), "{report}");
    assert_eq!(report["compiled"][0]["error"], serde_json::Value::Null, "{report}");
    // What was said on the command line is not remembered: not the namespace either.
    assert_eq!(program.run(&["-n", "root/shop", "get", "Shop_Item=\"a\""]).code, 3);
    assert_eq!(program.ok(&["get", "Shop_Item=\"a\"", "-p", "Id"]), "Id\na\n");
    std::fs::remove_file(program.repository().with_file_name("shop.mof")).unwrap();
    let run = program.run(&["repo", "reset", "--yes"]);
    assert_eq!(run.code, 6, "{}", run.err);
    assert!(run.err.contains("shop.mof was not compiled again"), "{}", run.err);
}
