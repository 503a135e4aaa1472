//! What the program says and how it ends where something is wrong.

use crate::program::{Program, text};

/// Arguments, the number, and what standard error has in it.
type Case = (&'static [&'static str], i32, &'static str);

const CASES: &[Case] = &[
    (
        &["query", "SELECT * FROM Win32_Proces"],
        3,
        "error: WBEM_E_INVALID_CLASS (0x80041010): class Win32_Proces not found in root\\cimv2; \
         did you mean Win32_Process?\n",
    ),
    (
        &["query", "SELECT Nam FROM Win32_Process"],
        7,
        "did you mean Name?\n  SELECT Nam FROM Win32_Process\n         ^^^\n",
    ),
    (&["get", "Win32_Process", "-f", "Nam = 'x'"], 7, "WHERE Nam = 'x'\n"),
    (&["query", "SELECT Name FROM Win32_Process WHERE Procesid = 1"], 7, "did you mean ProcessId?"),
    (
        &["query", "SELECT * FORM X"],
        7,
        "error: WBEM_E_INVALID_QUERY (0x80041017): expected FROM, found FORM\n  \
         SELECT * FORM X\n           ^^^^\n",
    ),
    (&["get", "Win32_Process", "-f", "Name ="], 7, "SELECT * FROM Win32_Process WHERE Name ="),
    (&["get", "Win32_Process.Handle=\"-1\""], 3, "error: WBEM_E_NOT_FOUND (0x80041002): "),
    (&["get", "Win32_Process.Hande=\"1\""], 2, "did you mean Handle?"),
    (&["get", "Win32_Process.Handle"], 2, "error: WBEM_E_INVALID_OBJECT_PATH (0x8004103A): "),
    (&["get", "Win32_Process=1", "-f", "Name = 'x'"], 2, "names one instance"),
    (
        &["get", "Win32_Process", "-p", "Name FROM X"],
        2,
        "'Name FROM X' is not a valid name of a property",
    ),
    (
        &["get", r"\\elsewhere\root\cimv2:Win32_Process=1"],
        5,
        "WBEM_E_TRANSPORT_FAILURE (0x80041015)",
    ),
    (&["get", r"\\elsewhere\root\cimv2:Win32_Process=1"], 5, "elsewhere is another machine"),
    (&["assoc", r"\\elsewhere\root\cimv2:Win32_Process=1"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (&["ref", r"\\elsewhere\root\cimv2:Win32_Process"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (
        &["call", r"\\elsewhere\root\cimv2:Win32_Process=1", "Terminate"],
        5,
        "WBEM_E_TRANSPORT_FAILURE",
    ),
    (&["set", r"\\elsewhere\root\cimv2:Win32_Process=1", "Name=x"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (&["rm", r"\\elsewhere\root\cimv2:Win32_Process=1"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (&["-n", r"\\elsewhere\root\cimv2", "ns"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (&["-n", r"\\elsewhere\root\cimv2", "query", "SELECT * FROM X"], 5, "WBEM_E_TRANSPORT_FAILURE"),
    (&["class", "show", "Win32_OperatingSytem"], 3, "did you mean Win32_OperatingSystem?"),
    (&["-n", "root/cimv3", "ns"], 3, "did you mean root\\cimv2?"),
    (&["-n", "root//x", "ns"], 3, "error: WBEM_E_INVALID_NAMESPACE (0x8004100E): "),
    (&["new", "Win32_Process", "Handle"], 2, "write PROPERTY=VALUE"),
    (&["new", "Win32_Process", "Handel=1"], 3, "did you mean Handle?"),
    (&["new", "Win32_Process", "Handle=1", "Handle=2"], 2, "it takes one value"),
    (&["new", "Win32_Process", "ProcessId=-1"], 2, "-1 is out of its range, 0 to 4294967295"),
    (&["new", "a b", "X=1"], 2, "'a b' is not a valid name of a class"),
    (&["set", "Win32_Process", "Name=x"], 2, "name an instance"),
    (&["set", "Win32_OperatingSystem=@", "__PATH=x"], 1, "is a system property"),
    (&["rm", "CIM_Process"], 2, "use --class to delete it"),
    (&["ns", "-o", "xml"], 2, "use -o json or -o jsonl"),
    (&["qury", "x"], 2, "a similar subcommand exists: 'query'"),
    (&["ns", "--repositry", "x"], 2, "a similar argument exists: '--repository'"),
];

#[test]
fn each_mistake_is_told_with_its_number_and_a_remedy() {
    let program = Program::new();
    for (arguments, code, said) in CASES {
        let run = program.run(arguments);
        assert_eq!(run.code, *code, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
        assert_eq!(run.out, "", "{arguments:?}");
    }
}

#[test]
fn errors_are_json_where_the_output_is() {
    let program = Program::new();
    for format in ["json", "jsonl"] {
        let run = program.run(&["query", "SELECT * FROM Win32_Proces", "-o", format]);
        let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
        let expected = serde_json::json!({
            "error": "WBEM_E_INVALID_CLASS",
            "number": "0x80041010",
            "message": "class Win32_Proces not found in root\\cimv2",
            "suggestion": "Win32_Process",
            "exit_code": 3,
        });
        assert_eq!((run.code, error), (3, expected));
        assert_eq!((run.err.lines().count(), run.out.as_str()), (1, ""));
    }
}

#[test]
fn arguments_that_cannot_be_meant_are_json_too() {
    let program = Program::new();
    for arguments in [
        &["qury", "x", "-o", "json"][..],
        &["--output=jsonl", "qury"],
        &["-ojson", "get"],
        &["shell", "--nonsense", "-o", "json"],
    ] {
        let run = program.run(arguments);
        let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
        assert_eq!((run.code, &error["exit_code"]), (2, &2.into()), "{error}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    }
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let program = Program::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = program.command(&["ns"]).stdout(full).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("error: cannot write the output: "), "{err}");
}

/// The exit code is the one of the command.
#[test]
fn messages_that_cannot_be_written_change_no_exit_code() {
    let program = Program::new();
    let mof = program.file("warned.mof", "class Warned { [key] uint32 Id; };");
    let cases: [(&[&str], i32); 7] = [
        (&["get", "No_Such_Class"], 3),
        (&["-o", "json", "get", "No_Such_Class"], 3),
        (&["query", "SELECT nonsense"], 7),
        (&["no-such-command"], 2),
        (&["compile", "no-such-file.mof"], 1),
        (&["compile", text(&mof)], 0),
        (&["repo", "restore", text(&mof)], 1),
    ];
    for (arguments, code) in cases {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = program.command(arguments).stderr(full).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let closed = program.command(arguments).stderr(std::process::Stdio::piped()).spawn();
        let mut closed = closed.unwrap();
        drop(closed.stderr.take());
        assert_eq!(closed.wait().unwrap().code(), Some(code), "{arguments:?}");
    }
}
