//! `wmi doctor`: what it finds, and that it finds nothing where nothing is.

use std::fs::{self, File};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Program, Run, text};
use crate::repository::damage;

/// An address at which there is no bus.
const NO_BUS: &str = "unix:path=/nonexistent/bus";
/// What is none.
const NO_ADDRESS: &str = "no address";

/// Looks, on a system whose bus is at `bus`.
fn look(program: &Program, bus: &str, arguments: &[&str]) -> Run {
    let mut command: Command = program.command(&[&["doctor", "-o", "json"], arguments].concat());
    Run::of(command.env("DBUS_SYSTEM_BUS_ADDRESS", bus))
}

/// All that is found on a machine without a bus, which must end with `code`.
#[track_caller]
fn found(program: &Program, code: i32) -> Vec<Value> {
    let run = look(program, NO_BUS, &[]);
    assert_eq!((run.code, run.err.as_str()), (code, ""), "{}", run.out);
    serde_json::from_str(&run.out).unwrap()
}

/// What does not work.
fn errors(found: &[Value]) -> Vec<&Value> {
    found.iter().filter(|line| line["Status"] == "error").collect()
}

fn says(line: &Value, property: &str, said: &str) -> bool {
    line[property].as_str().is_some_and(|text| text.contains(said))
}

#[test]
fn where_nothing_is_wrong_each_check_says_so() {
    let program = Program::with_shop();
    let found = found(&program, 0);
    let lines: Vec<(&str, &str)> = found
        .iter()
        .map(|line| (line["Status"].as_str().unwrap(), line["Subject"].as_str().unwrap()))
        .collect();
    let expected = [
        ("ok", "repository"),
        ("ok", "repository"),
        ("ok", "autorecover"),
        ("ok", "providers"),
        ("warning", "services"),
    ];
    assert_eq!(lines, expected, "{found:?}");
    assert_eq!(found[0]["Place"], text(&program.repository()));
    assert!(says(&found[0], "Finding", "format 3, "), "{}", found[0]);
    assert!(says(&found[2], "Finding", "all 1 files"), "{}", found[2]);
    assert!(found[..4].iter().all(|line| line["Remedy"].is_null()), "{found:?}");
    let verified = program.json(&["repo", "verify"]);
    let counts = format!(
        "{} namespaces, {} classes, {} instances",
        verified["namespaces"], verified["classes"], verified["instances"]
    );
    assert!(says(&found[1], "Finding", &counts), "{} {verified}", found[1]);
    let providers = program.json(&["provider", "list", "--all"]);
    let count = format!("{} in ", providers.as_array().unwrap().len());
    assert!(says(&found[3], "Finding", &count), "{}", found[3]);
}

/// A captured machine has no bus that could be asked.
#[test]
fn each_format_has_a_line_a_check() {
    let program = Program::new();
    let machine = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/tests/fixtures/server");
    let table = program.ok(&["doctor", "--machine", machine]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("Status  Subject"), "{table}");
    assert!(lines.len() == 5 && lines[1..].iter().all(|line| line.starts_with("ok")), "{table}");
    let csv = program.ok(&["doctor", "--machine", machine, "-o", "csv"]);
    assert!(csv.starts_with("Status,Subject,Place,Finding,Remedy\r\n"), "{csv}");
}

#[test]
fn services_that_cannot_be_asked_are_found() {
    let program = Program::new();
    let run = look(&program, NO_ADDRESS, &[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
    let found: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let errors = errors(&found);
    assert_eq!(errors.len(), 1, "{found:?}");
    assert_eq!(errors[0]["Subject"], "services");
    assert_eq!(errors[0]["Place"], r"root\cimv2:Win32_Service");
    assert!(says(errors[0], "Finding", NO_ADDRESS), "{}", errors[0]);
    program.ok(&["rm", "Win32_Service", "--class"]);
    let found = self::found(&program, 1);
    let gone = found.iter().find(|line| line["Subject"] == "services").unwrap();
    assert!(says(gone, "Finding", "WBEM_E_INVALID_CLASS"), "{gone}");
}

#[test]
fn files_of_the_autorecover_list_that_are_gone_are_found() {
    let program = Program::with_shop();
    let kept = program.file("kept.mof", "#pragma autorecover\nclass Kept { [key] string K; };\n");
    program.ok(&["compile", text(&kept)]);
    let file = program.data().join("shop.mof");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    for said in ["not a file", "cannot be read"] {
        let found = found(&program, 1);
        let errors = errors(&found);
        assert_eq!(errors.len(), 1, "{found:?}");
        assert_eq!(errors[0]["Subject"], "autorecover");
        assert_eq!(errors[0]["Place"], text(&file));
        assert!(says(errors[0], "Finding", said), "{}", errors[0]);
        let _ = fs::remove_dir(&file);
    }
}

/// The CLSID of Win32_Process's provider, whose code is in the program, is `{0}`.
const BROKEN: &str = r#"#pragma autorecover
instance of __Win32Provider as $E { Name = "Elsewhere"; CLSID = "{1}"; };
instance of __InstanceProviderRegistration { Provider = $E; SupportsEnumeration = TRUE; };
[dynamic, provider("Elsewhere")] class Demo_Elsewhere { [key] string Id; };

instance of __Win32Provider { Name = "Hosted"; CLSID = "{0}"; HostingModel = "Nowhere"; };
[dynamic, provider("Hosted")] class Demo_Hosted { [key] string Id; };

instance of __Win32Provider as $P { Name = "Push"; CLSID = "{1}"; };
instance of __ClassProviderRegistration { Provider = $P; InteractionType = 1; };

instance of __Win32Provider { Name = "Bare"; CLSID = "{0}"; };
class Demo_Above { [key] string Id; };
[dynamic, provider("Bare")] class Demo_Bare : Demo_Above { };

instance of __Win32Provider as $S { Name = "Sound"; CLSID = "{0}"; };
instance of __InstanceProviderRegistration { Provider = $S; SupportsGet = TRUE; };
[dynamic, provider("Sound")] class Demo_GetOnly { [key] string Id; };

[dynamic, provider("Absent")] class Demo_Unprovided { [key] string Id; };
class Demo_Stored
{
    [key] string Id;
    [dynamic, provider("absent"), propertycontext("x")] uint32 Now;
};
"#;

#[test]
fn providers_and_classes_that_cannot_work_are_found_once_each() {
    let program = Program::new();
    let mof = BROKEN
        .replace("{0}", "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C01}")
        .replace("{1}", "{00000000-0000-0000-0000-000000000001}");
    let file = program.file("broken.mof", &mof);
    program.ok(&["compile", text(&file), "-n", "root/demo"]);
    let found = found(&program, 1);
    let errors = errors(&found);
    for (subject, place, said, remedy) in [
        (
            "provider",
            r#"root\demo:__Win32Provider="Elsewhere""#,
            "cannot be used: WBEM_E_PROVIDER_LOAD_FAILURE",
            "a program that contains its code",
        ),
        (
            "provider",
            r#"root\demo:__Win32Provider="Hosted""#,
            "cannot be used: WBEM_E_INVALID_PROVIDER_REGISTRATION",
            "correct its registration",
        ),
        (
            "provider",
            r#"root\demo:__Win32Provider="Push""#,
            "failed to put its classes: WBEM_E_PROVIDER_LOAD_FAILURE",
            "a program that contains its code",
        ),
        (
            "class",
            r"root\demo",
            "provider absent is not registered; named by Demo_Stored.Now, Demo_Unprovided",
            "register the provider",
        ),
        (
            "class",
            r"root\demo:Demo_Bare",
            "provider Bare has no __InstanceProviderRegistration",
            "correct the class",
        ),
    ] {
        let is_it = |line: &&&Value| {
            line["Subject"] == subject && line["Place"] == place && says(line, "Finding", said)
        };
        let line = errors.iter().find(is_it);
        assert!(line.is_some_and(|l| says(l, "Remedy", remedy)), "{place} {said}: {errors:?}");
    }
    assert_eq!(errors.len(), 5, "{errors:?}");
    assert!(found.iter().all(|line| line["Subject"] != "providers"), "{found:?}");
    // What it names can be asked for.
    program.ok(&["-n", "root/demo", "get", r#"__Win32Provider="Elsewhere""#]);
}

#[test]
fn g13_a_repository_that_cannot_be_opened_is_told_with_what_to_do() {
    let program = Program::with_shop();
    program.shop(&["new", "Shop_Item", "Id=lost", "Label=needle"]);
    damage(&program.repository(), "needle");
    let found = found(&program, 1);
    assert!(errors(&found).len() == found.len() && found.len() > 1, "{found:?}");
    assert!(says(&found[0], "Finding", "cannot be opened: WBEM_E_CRITICAL_ERROR"), "{found:?}");
    for line in &found {
        assert_eq!(line["Place"], text(&program.repository()));
        assert!(says(line, "Remedy", "wmi repo salvage"), "{line}");
    }
    let file = program.file("file", "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wmi"));
    let run = Run::of(command.args(["--repository", text(&file), "doctor", "-o", "jsonl"]));
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.out);
    let line: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&line["Status"], &line["Remedy"]), (&json!("error"), &Value::Null));
}

#[test]
fn the_shell_has_it_too() {
    let program = Program::new();
    let script = program.file("script", "use root/default\ndoctor -o jsonl\nget None\n");
    let mut command = program.command(&["shell"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", NO_BUS).stdin(File::open(script).unwrap());
    let run = Run::of(&mut command);
    assert_eq!((run.code, run.out.lines().count()), (3, 5), "{} {}", run.out, run.err);
}

#[test]
fn there_is_no_doctor_for_what_is_in_memory() {
    let program = Program::new();
    let file = program.file("c.mof", "class C { [key] string Id; };");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wmi"));
    let run = Run::of(command.args(["--mock", text(&file), "doctor"]));
    assert_eq!(run.code, 2, "{}", run.err);
}
