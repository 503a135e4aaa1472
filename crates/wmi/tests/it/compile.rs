//! `wmi compile`: what is stored, what is said, and how it ends.

use crate::program::{Program, text};

#[test]
fn a_file_is_stored_in_a_namespace_that_is_made_for_it() {
    let program = Program::new();
    let file = program.file("a.mof", "#pragma autorecover\nclass A { [key] uint8 K; };\n");
    let out = program.ok(&["compile", text(&file), "-n", "root/new"]);
    assert_eq!(out, "1 class and 0 instances stored in root\\new\n");
    let out = program.ok(&["compile", text(&file), "-n", "root/new", "-o", "json"]);
    assert_eq!(
        out,
        concat!(
            r#"{"namespace":"root\\new","classes":1,"instances":0,"errors":0,"complete":true,"#,
            r#""stored":[{"namespace":"root\\new","classes":1,"instances":0}]}"#,
            "\n"
        )
    );
}

#[test]
fn errors_of_syntax_are_all_drawn_and_nothing_is_stored() {
    let program = Program::with_shop();
    let file = program.file("b.mof", "class A { [key] string K }\nclass B { uint8 X; };\nx\n");
    let run = program.run(&["compile", text(&file), "-n", "root/shop"]);
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(run.err.contains("error: WBEMMOF_E_EXPECTED_SEMI (0x80044002): "), "{}", run.err);
    assert!(run.err.contains("1 | class A { [key] string K }\n"), "{}", run.err);
    assert!(run.err.contains("b.mof:3:1"), "{}", run.err);
    assert!(run.out.ends_with("errors; nothing was stored\n"), "{}", run.out);
    assert_eq!(program.run(&["-n", "root/shop", "class", "show", "B"]).code, 3);
}

#[test]
fn an_error_of_storing_keeps_what_came_before() {
    let program = Program::with_shop();
    let file = program.file("c.mof", "class A { [key] uint8 K; };\nclass B : Nothing {};\n");
    let run = program.run(&["compile", text(&file), "-n", "root/shop"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("2 | class B : Nothing {};"), "{}", run.err);
    assert_eq!(run.out, "1 error; 1 class and 0 instances stored in root\\shop\n");
    program.shop(&["class", "show", "A"]);
}

#[test]
fn errors_are_a_line_of_json_each() {
    let program = Program::new();
    let file = program.file("d.mof", "class A { string x }\nclass B { string y }\n");
    let run = program.run(&["compile", text(&file), "-o", "json"]);
    let errors: Vec<serde_json::Value> =
        run.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(errors[0]["error"], "WBEMMOF_E_EXPECTED_SEMI");
    assert_eq!((&errors[0]["line"], &errors[0]["column"]), (&1.into(), &19.into()));
    assert!(errors.iter().any(|error| error["line"] == 2), "{}", run.err);
    assert_eq!(run.code, 7);
}

#[test]
fn a_check_stores_nothing() {
    let program = Program::with_shop();
    let file = program.file("e.mof", "class A { [key] uint8 K; };\n");
    let out = program.ok(&["compile", text(&file), "--check", "-n", "root/shop"]);
    assert_eq!(out, "no errors of syntax\n");
    assert_eq!(program.run(&["-n", "root/shop", "class", "show", "A"]).code, 3);
}

#[test]
fn flags_hold_for_the_whole_compilation() {
    let program = Program::with_shop();
    let file =
        program.file("f.mof", "#pragma autorecover\nclass Shop_Item { [key] string Id; };\n");
    let compile = |flag: &str| {
        program.run(&["compile", text(&file), "-n", "root/shop", "--class-flags", flag])
    };
    let run = compile("create-only");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("WBEM_E_ALREADY_EXISTS"), "{}", run.err);
    assert_eq!(compile("creat-only").code, 2);
    let file =
        program.file("g.mof", "#pragma autorecover\ninstance of Shop_Item { Id = \"z\"; };\n");
    let run = program.run(&[
        "compile",
        text(&file),
        "-n",
        "root/shop",
        "--instance-flags",
        "update-only",
    ]);
    assert_eq!(run.code, 1, "{}", run.err);
}

#[test]
fn a_missing_autorecover_is_a_warning() {
    let program = Program::new();
    let file = program.file("h.mof", "class A { [key] uint8 K; };\n");
    let run = program.run(&["compile", text(&file), "-n", "root/new"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.starts_with("warning: "), "{}", run.err);
    assert!(run.err.contains("#pragma autorecover"), "{}", run.err);
}

#[test]
fn a_file_that_is_not_there_is_no_error_of_syntax() {
    let program = Program::new();
    let run = program.run(&["compile", "no-such-file.mof"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("no-such-file.mof"), "{}", run.err);
}

/// Rule: G.9, `#pragma namespace`
#[test]
fn a_summary_names_the_namespaces_that_pragmas_named() {
    let program = Program::new();
    let file = program.file(
        "moved.mof",
        "#pragma autorecover\nclass A { [key] uint8 K; };\n\
         #pragma namespace(\"\\\\\\\\.\\\\root\\\\default\")\n\
         class B { [key] uint8 K; };\ninstance of B { K = 1; };\n",
    );
    let out = program.ok(&["compile", text(&file), "-n", "root/new"]);
    assert_eq!(
        out,
        "2 classes and 1 instance stored: 1 class and 0 instances in root\\new, \
         1 class and 1 instance in root\\default\n"
    );
}

/// Rule: G.9, the switch -check
#[test]
fn a_check_opens_no_repository() {
    let program = Program::new();
    let file = program.file("h.mof", "class A : Unknown { uint8 X; };\n");
    let nowhere = program.file("no_directory", "");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wmi"));
    command.args(["--repository", text(&nowhere), "compile", "--check", text(&file)]);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "no errors of syntax\n");
    assert_eq!(output.status.code(), Some(0));
}
