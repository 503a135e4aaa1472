//! `wmi provider`: registrations as the program shows them.

use serde_json::{Value, json};

use crate::program::{Program, text};

const MOF: &str = r#"#pragma autorecover
instance of __Win32Provider as $P
{
    Name = "Demo|Things|1";
    CLSID = "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C01}";
    HostingModel = "WmiCore";
};
instance of __InstanceProviderRegistration { Provider = $P; SupportsGet = TRUE; };
instance of __PropertyProviderRegistration { Provider = "__Provider='demo|things|1'"; };
instance of __Win32Provider { Name = "Elsewhere"; CLSID = "{00000000-0000-0000-0000-000000000001}"; };
[dynamic, provider("demo|Things|1")] class Demo_Thing { [key] string Id; };
class Demo_Stored
{
    [key] string Id;
    [dynamic, provider("Demo|Things|1"), propertycontext("x")] uint32 Now;
};
"#;

fn demo() -> Program {
    let program = Program::new();
    let file = program.file("demo.mof", MOF);
    program.ok(&["compile", text(&file), "-n", "root/demo"]);
    program
}

#[test]
fn providers_are_listed_with_what_they_provide() {
    let program = demo();
    let found = program.json(&["provider", "list", "-n", "root/demo"]);
    let expected = json!([
        {
            "Name": "Demo|Things|1",
            "Provides": ["instances", "properties"],
            "CLSID": "{5E0C8F52-6B1B-4C7A-9E57-2D5B0A5F7C01}",
            "HostingModel": "WmiCore",
            "InProgram": true,
            "Loaded": 0,
            "Calls": 0,
            "Failure": null,
        },
        {
            "Name": "Elsewhere",
            "Provides": [],
            "CLSID": "{00000000-0000-0000-0000-000000000001}",
            "HostingModel": null,
            "InProgram": false,
            "Loaded": 0,
            "Calls": 0,
            "Failure": null,
        },
    ]);
    assert_eq!(found, expected);
}

#[test]
fn all_namespaces_are_listed_with_their_names() {
    let program = demo();
    let found = program.json(&["provider", "list", "--all"]);
    let found = found.as_array().unwrap();
    let named = |name: &str| found.iter().find(|line| line["Name"] == name).unwrap();
    assert_eq!(named("Elsewhere")["Namespace"], r"root\demo");
    let process = named("OpenWMI|Win32_Process|1");
    assert_eq!(process["Namespace"], r"root\cimv2");
    assert_eq!(process["Provides"], json!(["instances", "methods"]));
    assert_eq!(process["InProgram"], true);
    let run = program.run(&["provider", "list", "-n", "root/default", "--fail-empty"]);
    assert_eq!(run.code, 3, "{}", run.err);
}

#[test]
fn a_provider_is_shown_as_one_would_register_it() {
    let program = demo();
    let shown = program.ok(&["provider", "show", "DEMO|things|1", "-n", "root/demo"]);
    let lines: Vec<&str> = shown.lines().take(4).collect();
    assert_eq!(
        lines,
        [
            "// code: in this program",
            "// loaded: 0, calls in flight: 0",
            "// provides: Demo_Stored.Now",
            "// provides: Demo_Thing",
        ]
    );
    // It can be compiled as it is.
    let file = program.file("shown.mof", &format!("#pragma autorecover\n{shown}"));
    program.ok(&["compile", text(&file), "-n", "root/copy"]);
    let copied = program.json(&["provider", "list", "-n", "root/copy"]);
    assert_eq!(copied[0]["Provides"], json!(["instances", "properties"]));

    let json = program.json(&["provider", "show", "Demo|Things|1", "-n", "root/demo"]);
    assert_eq!(json["Provider"]["HostingModel"], "WmiCore");
    assert_eq!(json["Classes"], json!(["Demo_Stored.Now", "Demo_Thing"]));
    let classes: Vec<&Value> =
        json["Registrations"].as_array().unwrap().iter().map(|r| &r["__CLASS"]).collect();
    let expected = ["__InstanceProviderRegistration", "__PropertyProviderRegistration"];
    assert_eq!(classes, expected.map(Value::from).iter().collect::<Vec<_>>());
}

/// The caller of the first call gets no error from it, so this is where it is visible.
#[test]
fn why_a_provider_could_not_put_its_classes_is_told() {
    let program = Program::new();
    let push = r#"#pragma autorecover
        instance of __Win32Provider as $P
        { Name = "Push"; CLSID = "{00000000-0000-0000-0000-000000000001}"; };
        instance of __ClassProviderRegistration { Provider = $P; InteractionType = 1; };"#;
    let file = program.file("push.mof", push);
    program.ok(&["compile", text(&file), "-n", "root/demo"]);
    let found = program.json(&["provider", "list", "-n", "root/demo"]);
    let failure = found[0]["Failure"].as_str().unwrap();
    assert!(failure.starts_with("WBEM_E_PROVIDER_LOAD_FAILURE"), "{failure}");
    let shown = program.ok(&["provider", "show", "Push", "-n", "root/demo"]);
    let expected = "// failed to put its classes: WBEM_E_PROVIDER_LOAD_FAILURE";
    assert!(shown.lines().any(|line| line.starts_with(expected)), "{shown}");
}

#[test]
fn what_is_not_registered_is_told_with_what_was_perhaps_meant() {
    let program = demo();
    for command in ["show", "unload"] {
        let run = program.run(&["provider", command, "Elswhere", "-n", "root/demo"]);
        assert_eq!(run.code, 3, "{}", run.err);
        assert!(run.err.contains("WBEM_E_NOT_FOUND"), "{}", run.err);
        assert!(run.err.contains("did you mean Elsewhere?"), "{}", run.err);
    }
}

#[test]
fn what_is_not_loaded_is_not_unloaded() {
    let program = demo();
    let unload = ["provider", "unload", "Elsewhere", "-n", "root/demo"];
    assert_eq!(program.ok(&unload), "Elsewhere is not loaded, or has calls in flight\n");
    assert_eq!(program.json(&unload), json!({ "unloaded": 0 }));
}

#[test]
fn the_command_lines_of_the_guide_run() {
    let program = Program::new();
    let guide = include_str!("../../../../docs/providers.md");
    let lines: Vec<&str> = guide.lines().filter(|line| line.starts_with("wmi ")).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let words: Vec<&str> = words.iter().map(|word| word.trim_matches('\'')).collect();
        assert!(program.ok(&words).contains("OpenWMI|Win32_Process|1"), "{line}");
    }
}
