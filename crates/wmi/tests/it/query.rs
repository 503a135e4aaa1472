//! `wmi query` and `wmi get` over this machine and over stored instances, in each format.

use std::process::Stdio;

use crate::program::Program;

#[test]
fn a_query_finds_the_process_that_asks() {
    let program = Program::new();
    let pid = std::process::id();
    let query =
        format!("SELECT ProcessId, Name, Handle FROM Win32_Process WHERE ProcessId = {pid}");
    let found = program.json(&["query", &query]);
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["ProcessId"], pid);
    assert_eq!(found[0]["Handle"], pid.to_string());
    assert!(found[0]["Name"].is_string());
    assert_eq!(found[0].get("__CLASS"), None);
}

#[test]
fn filter_and_properties_of_get_reach_the_plan_of_the_same_query() {
    let program = Program::new();
    let pid = std::process::id();
    let condition = format!("ProcessId = {pid}");
    let arguments =
        ["get", "win32_process", "-f", &condition, "-p", "Handle,ProcessId", "-o", "csv"];
    assert_eq!(program.ok(&arguments), format!("Handle,ProcessId\r\n{pid},{pid}\r\n"));
}

#[test]
fn one_instance_by_its_path_is_one_object() {
    let program = Program::new();
    let path = format!("Win32_Process={}", std::process::id());
    let found = program.json(&["get", &path, "-p", "ProcessId,__CLASS"]);
    let expected = serde_json::json!({
        "ProcessId": std::process::id(),
        "__CLASS": "Win32_Process",
    });
    assert_eq!(found, expected);
}

#[test]
fn the_operating_system_is_a_list_where_it_does_not_fit() {
    let out = Program::new().ok(&["query", "SELECT * FROM Win32_OperatingSystem"]);
    assert!(out.starts_with("BootDevice "), "{out}");
    assert!(out.lines().any(|line| line.starts_with("Caption ")), "{out}");
    assert!(out.lines().all(|line| line.contains(" : ")), "{out}");
}

#[test]
fn an_explained_query_gives_the_steps_of_its_plan() {
    let program = Program::new();
    let query = "SELECT Name FROM Win32_Process WHERE Name LIKE 'b%'";
    let steps = program.json(&["query", query, "--explain"]);
    assert_eq!(steps[0]["__CLASS"], "OpenWMI_PlanStep");
    assert_eq!(steps[0]["Step"], 1);
    assert_eq!(steps[0]["Class"], "Win32_Process");
    let out = program.ok(&["query", query, "--explain", "-o", "csv"]);
    assert!(out.starts_with("Step,"), "{out}");
}

#[test]
fn classes_that_mix_are_told_apart() {
    let program = Program::with_shop();
    assert_eq!(
        program.shop(&["query", "SELECT Id, Label FROM Shop_Item"]),
        "__CLASS    Id  Label\n\
         Shop_Item  a   none\n\
         Shop_Book  b   none\n"
    );
    assert_eq!(
        program.shop(&["query", "SELECT Id FROM Shop_Item", "-o", "jsonl"]),
        "{\"Id\":\"a\"}\n{\"__CLASS\":\"Shop_Book\",\"Id\":\"b\"}\n"
    );
    assert_eq!(
        program.shop(&["get", "Shop_Book", "-p", "Id,Author", "-o", "csv"]),
        "Id,Author\r\nb,Ann\r\n"
    );
}

#[test]
fn the_format_does_not_change_what_is_found() {
    let program = Program::with_shop();
    for (format, mark) in [
        ("table", "\nShop_Book "),
        ("list", "__CLASS : Shop_Book"),
        ("json", "\n    \"__CLASS\": \"Shop_Book\""),
        ("jsonl", "\n{\"__CLASS\":\"Shop_Book\""),
        ("csv", "\r\nShop_Book,"),
        ("xml", "\n<VALUE.OBJECT><INSTANCE CLASSNAME=\"Shop_Book\">"),
        ("mof", "\ninstance of Shop_Book"),
    ] {
        let out = program.shop(&["get", "Shop_Item", "-o", format]);
        assert_eq!(out.matches(mark).count(), 1, "{format}: {out}");
        assert!(out.contains("-9223372036854775808"), "{format}: {out}");
        assert!(out.contains("y,z"), "{format}: {out}");
    }
}

#[test]
fn numbers_and_datetimes_are_spelled_as_asked() {
    let program = Program::with_shop();
    program.shop(&[
        "new",
        "Shop_Item",
        "Id=c",
        "Big=9007199254740993",
        "Made=2026-11-20T09:30:00+01:00",
    ]);
    let get = |options: &[&str]| {
        let asked = ["get", "Shop_Item=\"c\"", "-p", "Big,Made", "-o", "jsonl"];
        program.shop(&[&asked[..], options].concat())
    };
    assert_eq!(get(&[]), "{\"Big\":9007199254740993,\"Made\":\"2026-11-20T09:30:00+01:00\"}\n");
    assert_eq!(
        get(&["--int64", "string", "--datetime", "cim"]),
        "{\"Big\":\"9007199254740993\",\"Made\":\"20261120093000.000000+060\"}\n"
    );
}

#[test]
fn system_properties_are_shown_on_request() {
    let program = Program::with_shop();
    let query = "SELECT Label FROM Shop_Item WHERE Id = 'a'";
    let all = program.json(&["query", query, "--system", "-n", r"root\shop"]);
    let names: Vec<&String> = all[0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 11, "{names:?}");
    assert_eq!(all[0]["__RELPATH"], "Shop_Item.Id=\"a\"");
    let path = all[0]["__PATH"].as_str().unwrap();
    assert!(path.ends_with(r#"\root\shop:Shop_Item.Id="a""#), "{path}");
    // The whole path finds the instance again, whatever the namespace.
    assert_eq!(program.ok(&["get", path, "-p", "Label"]), "Label\nnone\n");
    let named = "SELECT __CLASS, Id FROM Shop_Item WHERE Id = 'b'";
    assert_eq!(program.shop(&["query", named, "-o", "csv"]), "__CLASS,Id\r\nShop_Book,b\r\n");
}

#[test]
fn nothing_found_is_no_failure_unless_asked() {
    let program = Program::with_shop();
    let query = ["-n", "root/shop", "query", "SELECT Id FROM Shop_Item WHERE Id = 'z'"];
    let run = |more: &[&str]| {
        let run = program.run(&[&query[..], more].concat());
        (run.out, run.err, run.code)
    };
    assert_eq!(run(&[]), (String::new(), String::new(), 0));
    assert_eq!(run(&["-o", "json"]), ("[]\n".to_owned(), String::new(), 0));
    assert_eq!(run(&["-o", "jsonl", "--fail-empty"]), (String::new(), String::new(), 3));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let program = Program::new();
    program.ok(&["ns"]);
    let mut child = program
        .command(&["query", "SELECT * FROM Win32_Process", "-o", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()),
        (Some(0), "")
    );
}

#[test]
fn classes_answer_a_schema_query() {
    let program = Program::with_shop();
    let query = "SELECT * FROM meta_class WHERE __CLASS = 'Shop_Book'";
    assert_eq!(
        program.shop(&["query", query]),
        "Class      Superclass  Kind\n\
         Shop_Book  Shop_Item\n"
    );
}

/// A machine without systemd has no services; other instances below the same superclass are
/// returned.
#[test]
fn a_machine_without_systemd_is_told_all_the_same() {
    let program = Program::new();
    let run = |arguments: &[&str]| {
        let mut command = program.command(arguments);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus").output().unwrap()
    };
    let query = "SELECT __CLASS, Name FROM CIM_LogicalElement WHERE Name = 'root'";
    let found = run(&["query", query, "-o", "csv"]);
    let out = String::from_utf8(found.stdout).unwrap();
    assert_eq!((found.status.code(), found.stderr.as_slice()), (Some(0), &b""[..]), "{out}");
    assert!(out.contains("Win32_UserAccount"), "{out}");
    let services = run(&["query", "SELECT * FROM CIM_Service", "-o", "json"]);
    assert_eq!(services.status.code(), Some(0));
    assert_eq!(String::from_utf8(services.stdout).unwrap().trim(), "[]");
    let missing = run(&["call", "Win32_Service.Name='cron'", "StartService"]);
    let error = String::from_utf8(missing.stderr).unwrap();
    assert!(error.contains("WBEM_E_NOT_FOUND"), "{error}");
}
