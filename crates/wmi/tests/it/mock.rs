//! `--mock`: a repository in memory that a MOF file fills.

use crate::program::{Program, text};

const DISKS: &str = r#"
class Win32_LogicalDisk { [key] string DeviceID; uint64 Size; };
instance of Win32_LogicalDisk { DeviceID = "/"; Size = 18446744073709551615; };
#pragma namespace("\\\\.\\root\\default")
class Other { [key] string Id; };
instance of Other { Id = "1"; };
"#;

#[test]
fn queries_see_the_file_and_nothing_of_this_machine() {
    let program = Program::new();
    let file = program.file("disks.mof", DISKS);
    // No directory of a repository: these runs must not need one.
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wmi"));
        let output = command.args(["--mock", text(&file)]).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let found = run(&["query", "SELECT * FROM Win32_LogicalDisk", "-o", "json"]);
    let expected = serde_json::json!([{ "DeviceID": "/", "Size": u64::MAX }]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&found.1).unwrap(), expected);
    assert_eq!((found.0, found.2.as_str()), (0, ""));
    assert_eq!(run(&["-n", "root/default", "get", "Other"]).1, "Id\n1\n");
    let (code, _, error) = run(&["query", "SELECT * FROM Win32_Process"]);
    assert_eq!(code, 3, "{error}");
    let (code, _, error) = run(&["repo", "verify"]);
    assert_eq!(code, 2, "{error}");
}

#[test]
fn the_namespace_named_is_the_file_s_too() {
    let program = Program::new();
    let file =
        program.file("c.mof", "class C { [key] string Id; }; instance of C { Id = \"x\"; };");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wmi"));
    command.args(["--mock", text(&file), "-n", "root/new", "get", "C"]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Id\nx\n");
}

#[test]
fn a_file_that_cannot_be_compiled_is_told_with_its_place() {
    let program = Program::new();
    let file = program.file("bad.mof", "class C {\n  string\n};");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wmi"));
    let output = command.args(["--mock", text(&file), "get", "C"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{error}");
    assert!(error.contains("bad.mof:3:1: "), "{error}");
    let both = program.run(&["--mock", text(&file), "get", "C"]);
    assert_eq!(both.code, 2, "{}", both.err);
}

#[test]
fn the_place_of_an_error_in_the_file_is_in_its_json() {
    let program = Program::new();
    let file = program.file("bad.mof", "class C {\n  string\n};");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wmi"));
    let output = command.args(["--mock", text(&file), "get", "C", "-o", "json"]).output().unwrap();
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!((&error["line"], &error["column"]), (&3.into(), &1.into()), "{error}");
    assert_eq!(error["file"], text(&file));
}
