//! `wmi repo`: check, copy, put back.

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
