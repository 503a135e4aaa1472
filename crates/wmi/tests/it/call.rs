//! `wmi call`: methods of this machine's classes, on processes that the test itself has started.

use crate::program::Program;

/// The process that a Create has started, ended with the test.
struct Sleeper<'a> {
    program: &'a Program,
    path: String,
}

impl<'a> Sleeper<'a> {
    fn new(program: &'a Program) -> Self {
        let made = program.json(&["call", "Win32_Process", "create", "CommandLine=sleep 1000"]);
        assert_eq!(made["ReturnValue"], 0);
        let id = made["ProcessId"].as_u64().expect("a pid");
        Sleeper { program, path: format!("Win32_Process.Handle=\"{id}\"") }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        // It may have been terminated already.
        self.program.run(&["call", &self.path, "Terminate"]);
    }
}

#[test]
fn a_process_is_started_and_terminated() {
    let program = Program::new();
    let sleeper = Sleeper::new(&program);
    let found = program.json(&["get", &sleeper.path, "-p", "CommandLine,Name"]);
    assert_eq!(found["CommandLine"], "sleep 1000");
    let owner = program.json(&["call", &sleeper.path, "GetOwner"]);
    assert_eq!(owner["ReturnValue"], 0);
    let sid = program.json(&["call", &sleeper.path, "GetOwnerSid"]);
    assert!(sid["Sid"].as_str().is_some_and(|sid| sid.starts_with("S-1-22-1-")), "{sid}");
    let out = program.ok(&["call", &sleeper.path, "SetPriority", "Priority=64"]);
    assert_eq!(out, "ReturnValue\n          0\n");
    let out = program.ok(&["call", &sleeper.path, "Terminate", "Reason=0", "--check-return"]);
    assert_eq!(out, "ReturnValue\n          0\n");
    // The kernel ends it some time later, and then its new parent reaps it.
    while is_running(&program, &sleeper.path) {
        std::thread::yield_now();
    }
}

fn is_running(program: &Program, path: &str) -> bool {
    let run = program.run(&["get", path, "-p", "ExecutionState", "-o", "json"]);
    let terminated = run.out.contains("\"ExecutionState\":7") || run.out.contains(": 7");
    run.code == 0 && !terminated
}

#[test]
fn a_return_value_is_a_failure_only_where_asked() {
    let program = Program::new();
    let create = ["call", "Win32_Process", "Create"];
    assert_eq!(program.json(&create)["ReturnValue"], 21);
    let run = program
        .run(&[&create[..], &["CommandLine=no-such-program-here", "--check-return"]].concat());
    assert_eq!(run.code, 8, "{}", run.err);
    assert_eq!(run.err, "warning: Win32_Process.Create returned 9 (Path not found)\n");
    assert_eq!(run.out, "ProcessId  ReturnValue\n     NULL            9\n");
}

#[test]
fn what_cannot_be_called_is_told_with_a_remedy() {
    let program = Program::new();
    for (arguments, code, said) in [
        (vec!["Win32_Proces", "Create"], 3, "did you mean Win32_Process?"),
        (vec!["Win32_Process", "Creat"], 3, "did you mean Create?"),
        (vec!["Win32_Process", "Create", "ComandLine=x"], 2, "did you mean CommandLine?"),
        (vec!["Win32_Process", "Create", "CommandLine"], 2, "write PROPERTY=VALUE"),
        (vec!["Win32_Process", "Create", "ProcessId=1"], 2, "takes no parameter ProcessId"),
        (vec!["Win32_Process", "Terminate"], 2, "call it on an instance, not on the class"),
        (vec!["Win32_Process.Handle=\"-1\"", "Terminate"], 3, "WBEM_E_NOT_FOUND"),
        (vec!["Win32_Process.Handle=\"1\"", "AttachDebugger"], 1, "WBEM_E_METHOD_NOT_IMPLEMENTED"),
        (
            vec!["Win32_Process.Handle=\"1\"", "Terminate", "Reason=x"],
            2,
            "parameter Reason is uint32: 'x' is no whole number",
        ),
    ] {
        let run = program.run(&[&["call"], &arguments[..]].concat());
        assert_eq!(run.code, code, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
    }
}
