//! The program under other names: `mofcomp`, `winmgmt`, `wmic`.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::program::{Program, Run, text};
use crate::repository::damage;

/// A run of the program under `name`, with its own repository of `program`.
fn run(program: &Program, name: &str, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wmi"));
    command.arg0(name).args(arguments).env("XDG_DATA_HOME", program.data()).stdin(Stdio::null());
    Run::of(&mut command)
}

/// What `wmi` prints of the same repository.
#[track_caller]
fn wmi(program: &Program, arguments: &[&str]) -> Run {
    run(program, "wmi", arguments)
}

#[test]
fn g22_a_an_error_of_syntax_in_the_last_line_stores_nothing() {
    let program = Program::new();
    let file =
        program.file("a.mof", "#pragma autorecover\nclass A { [key] uint8 K; };\nclass B {\n");
    let run = run(&program, "mofcomp", &[text(&file)]);
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.out.contains(&format!("Parsing MOF file: {}\n", text(&file))), "{}", run.out);
    assert!(run.out.contains("a.mof (4,"), "{}", run.out);
    assert!(run.out.contains("error WBEMMOF_E_EXPECTED_BRACE_OR_BAD_TYPE"), "{}", run.out);
    assert!(!run.out.contains("successfully parsed"), "{}", run.out);
    assert_eq!(wmi(&program, &["-n", "root/default", "class", "show", "A"]).code, 3);
}

#[test]
fn g22_b_what_stands_before_an_object_that_cannot_be_stored_stays() {
    let program = Program::new();
    let file = program
        .file("b.mof", "#pragma autorecover\nclass A { [key] uint8 K; };\nclass B : No {};\n");
    let run = run(&program, "mofcomp", &[text(&file)]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.out.contains("MOF file has been successfully parsed\n"), "{}", run.out);
    assert!(run.out.contains("Storing data in the repository...\n"), "{}", run.out);
    assert!(run.out.contains("b.mof (3,"), "{}", run.out);
    assert!(!run.out.contains("Done!"), "{}", run.out);
    assert_eq!(wmi(&program, &["-n", "root/default", "class", "show", "A"]).code, 0);
}

#[test]
fn g22_c_an_unknown_switch_ends_with_2() {
    let program = Program::new();
    let file = program.file("c.mof", "class A { [key] uint8 K; };\n");
    for arguments in [
        &["-nonsense"][..],
        &["/nonsense:x", text(&file)],
        &["-check", "-N:root", text(&file)],
        &[],
    ] {
        let run = run(&program, "mofcomp", arguments);
        assert_eq!(run.code, 2, "{arguments:?} {}", run.out);
    }
}

#[test]
fn g23_a_file_is_listed_or_its_missing_autorecover_is_a_warning() {
    let program = Program::new();
    let without = program.file("d.mof", "class A { [key] uint8 K; };\n");
    let compiled = run(&program, "mofcomp", &["-N:root/cimv2", text(&without)]);
    assert_eq!(compiled.code, 0, "{}", compiled.out);
    let expected = format!("warning: {} (1,1): ", text(&without));
    let warning = compiled.out.lines().find(|line| line.starts_with(&expected));
    assert!(warning.is_some_and(|line| line.contains("#pragma autorecover")), "{}", compiled.out);
    assert!(compiled.out.ends_with("Done!\n"), "{}", compiled.out);
    assert_eq!(wmi(&program, &["-n", "root/cimv2", "class", "show", "A"]).code, 0);
    let listed = || wmi(&program, &["repo", "autorecover"]).out;
    assert_eq!(listed(), "");
    let with = program.file("e.mof", "#pragma autorecover\nclass B { [key] uint8 K; };\n");
    let compiled = run(&program, "mofcomp", &[text(&with)]);
    assert_eq!(compiled.code, 0, "{}", compiled.out);
    assert!(!compiled.out.contains("warning"), "{}", compiled.out);
    assert_eq!(listed(), format!("{}\n", text(&with)));
    let compiled = run(&program, "mofcomp", &["-check", text(&without)]);
    assert!(!compiled.out.contains("warning"), "{}", compiled.out);
    // The switch does what the pragma does.
    let compiled = run(&program, "mofcomp", &["-autorecover", text(&without)]);
    assert_eq!(compiled.code, 0, "{}", compiled.out);
    assert!(!compiled.out.contains("warning"), "{}", compiled.out);
    let both = [text(&with), text(&without)];
    assert_eq!(listed(), both.map(|file| format!("{file}\n")).concat());
    let json = wmi(&program, &["repo", "autorecover", "-o", "json"]).out;
    assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), both);
    let refused = run(&program, "mofcomp", &["-autorecover", "-N:root", text(&without)]);
    assert_eq!(refused.code, 2, "{}", refused.out);
}

/// A class with what is said of it in English, and an enumeration.
const MASTER: &str = r#"[Description("What hangs in the stable") : Amended, LOCALE(0x409)]
class Stable_Lamp
{
    [key] uint32 Number;
    [ValueMap{"1", "2"}, Values{"lit", "out"} : Amended ToSubclass] uint8 State;
};
"#;

#[test]
fn g25_mofcomp_splits_a_master_and_stores_nothing() {
    let program = Program::new();
    let master = program.file("master.mof", MASTER);
    let at = |name: &str| program.data().join(name);
    let (a, b) = (at("a.mof"), at("b.mfl"));
    let (mof, mfl) = (format!("-MOF:{}", text(&a)), format!("-MFL:{}", text(&b)));
    let pragma = program.file("pragma.mof", &format!("#pragma amendment(\"MS_409\")\n{MASTER}"));
    for (arguments, code) in [
        (&["-AMENDMENT:MS_409", text(&master)][..], 2),
        (&["-AMENDMENT:MS_409", &mof, text(&master)], 2),
        (&[&mfl, text(&pragma)], 2),
        (&[&mof, &mfl, text(&master)], 3),
        (&["-AMENDMENT:MS_407", &mof, &mfl, text(&pragma)], 3),
        (&["-AMENDMENT:MS_409", &mof, &mfl, "no-such-file.mof"], 1),
    ] {
        let run = run(&program, "mofcomp", arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.out);
        assert!(!run.out.contains("Done!"), "{arguments:?}: {}", run.out);
        assert!(!a.exists() && !b.exists(), "{arguments:?}");
    }
    let read = |file| std::fs::read_to_string(file).unwrap();
    for arguments in [
        &["-AMENDMENT:MS_409", &mof, &mfl, "-N:root\\stable", text(&master)][..],
        &["/amendment:ms_409", &mof, &mfl, "/n:root/stable", text(&pragma)],
        &[&mof, &mfl, "-N:root\\stable", text(&pragma)],
    ] {
        let run = run(&program, "mofcomp", arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.out);
        assert!(run.out.ends_with("Done!\n"), "{}", run.out);
        let (neutral, localized) = (read(&a), read(&b));
        assert!(neutral.contains("[LOCALE(1033)]"), "{neutral}");
        assert!(neutral.contains("ValueMap"), "{neutral}");
        for gone in ["Amended", "Description", "Values{", "lit"] {
            assert!(!neutral.contains(gone), "{gone}: {neutral}");
        }
        for said in [
            r#"instance of __namespace{ name="ms_409";};"#,
            r#"#pragma namespace("\\\\.\\root\\stable\\ms_409")"#,
            "LOCALE(0x409)",
            "Description(\"What hangs in the stable\"): Amended",
            "Values{\"lit\", \"out\"}: ToSubClass Amended",
        ] {
            assert!(localized.contains(said), "{said}: {localized}");
        }
        std::fs::remove_file(&a).unwrap();
        std::fs::remove_file(&b).unwrap();
    }
    assert!(!program.data().join("openwmi").exists(), "the repository is untouched");
    // The pragma in the file requests a split, and no switch names the files to write.
    let unsaid = run(&program, "mofcomp", &[text(&pragma)]);
    assert_eq!(unsaid.code, 3, "{}", unsaid.out);
    assert!(unsaid.out.contains("name both files"), "{}", unsaid.out);
    let shown = wmi(&program, &["-n", "root/default", "class", "show", "Stable_Lamp"]);
    assert_eq!(shown.code, 3, "{}", shown.out);
}

#[test]
fn g9_the_switches_of_mofcomp_reach_the_compiler() {
    let program = Program::new();
    let file = program.file("f.mof", "#pragma autorecover\nclass F { [key] uint8 K; };\n");
    let compile = |switch: &str| run(&program, "mofcomp", &[switch, text(&file)]).code;
    assert_eq!(compile("-check"), 0);
    assert_eq!(wmi(&program, &["-n", "root/default", "class", "show", "F"]).code, 3);
    // Rule: G.9, exit codes; the switch forbids it.
    assert_eq!(compile("/class:updateonly"), 4);
    assert_eq!(compile("-class:createonly"), 0);
    assert_eq!(compile("-class:createonly"), 4);
    assert_eq!(compile("-N:root/missing"), 1);
    assert_eq!(run(&program, "mofcomp", &["no-such-file.mof"]).code, 1);
}

/// Rule: G.9, exit codes
#[test]
fn g9_an_instance_that_a_switch_forbids_to_create_exits_with_4() {
    let program = Program::new();
    let class = program.file("c.mof", "#pragma autorecover\nclass F { [key] uint8 K; };\n");
    let instance = program.file("i.mof", "#pragma autorecover\ninstance of F { K = 1; };\n");
    let wrong = program.file("w.mof", "#pragma autorecover\ninstance of F { X = 1; };\n");
    assert_eq!(run(&program, "mofcomp", &[text(&class)]).code, 0);
    let refused = run(&program, "mofcomp", &["-instance:updateonly", text(&instance)]);
    assert_eq!(refused.code, 4, "{}", refused.out);
    assert!(refused.out.contains("WBEM_E_NOT_FOUND (0x80041002)"), "{}", refused.out);
    // Not found for another reason.
    let failed = run(&program, "mofcomp", &["-instance:updateonly", text(&wrong)]);
    assert_eq!(failed.code, 1, "{}", failed.out);
}

#[test]
fn g13_winmgmt_checks_copies_and_puts_back() {
    let program = Program::new();
    let copy = program.file("copy", "");
    let sound = run(&program, "winmgmt", &["/verifyrepository"]);
    assert_eq!((sound.code, sound.out.as_str()), (0, "WMI repository is consistent\n"));
    let file = program.file("g.mof", "#pragma autorecover\nclass G { [key] uint8 K; };\n");
    run(&program, "mofcomp", &[text(&file)]);
    assert_eq!(run(&program, "winmgmt", &["/backup", text(&copy)]).code, 0);
    wmi(&program, &["-n", "root/default", "rm", "G", "--class"]);
    assert_eq!(run(&program, "winmgmt", &["-restore", text(&copy), "0"]).code, 0);
    assert_eq!(wmi(&program, &["-n", "root/default", "class", "show", "G"]).code, 0);
    for (arguments, code) in [
        (&["/restore", "no-such-file"][..], 1),
        (&["/restore", text(&copy), "1"], 2),
        (&["/backup"], 2),
        (&["/verifyrepository", "/no/such/directory"], 1),
        (&["/salvagerepository", "directory"], 2),
        (&["/nonsense"], 2),
        (&[], 2),
        (&["/?"], 0),
    ] {
        let run = run(&program, "winmgmt", arguments);
        assert_eq!(run.code, code, "{arguments:?} {} {}", run.out, run.err);
    }
}

#[test]
fn g13_winmgmt_salvages_and_resets() {
    let program = Program::new();
    let file = program.file(
        "h.mof",
        "#pragma autorecover\n#pragma namespace(\"root\\\\cimv2\")\n\
         class H { [key] string K; string V; };\n",
    );
    assert_eq!(run(&program, "mofcomp", &[text(&file)]).code, 0);
    for values in [&["K=kept"][..], &["K=lost", "V=needle"]] {
        let new = wmi(&program, &[&["new", "H"][..], values].concat());
        assert_eq!(new.code, 0, "{}", new.err);
    }
    let sound = run(&program, "winmgmt", &["/salvagerepository"]);
    assert_eq!(sound.out, "the repository is sound; nothing was done\n");
    damage(&program.data().join("openwmi"), "needle");

    let verified = run(&program, "winmgmt", &["/verifyrepository"]);
    assert_eq!(verified.code, 1, "{}", verified.out);
    assert_eq!(verified.out, "WMI repository is not consistent (1358)\n");
    assert!(verified.err.starts_with("problem: "), "{}", verified.err);
    let salvaged = run(&program, "winmgmt", &["/salvagerepository"]);
    assert_eq!(salvaged.code, 0, "{}", salvaged.err);
    assert!(salvaged.err.contains("lost: instance root\\cimv2:H lost"), "{}", salvaged.err);
    assert_eq!(run(&program, "winmgmt", &["/verifyrepository"]).code, 0);
    assert_eq!(wmi(&program, &["get", "H=\"kept\"", "-p", "K"]).out, "K\nkept\n");
    assert_eq!(wmi(&program, &["get", "H=\"lost\""]).code, 3);

    let reset = run(&program, "winmgmt", &["/RESETREPOSITORY"]);
    assert_eq!(reset.code, 0, "{}", reset.err);
    assert!(reset.out.contains("compiled again: 1 of 1 files"), "{}", reset.out);
    assert_eq!(wmi(&program, &["class", "show", "H"]).code, 0);
    assert_eq!(wmi(&program, &["get", "H=\"kept\""]).code, 3);
}

#[test]
fn wmic_asks_by_alias_or_path() {
    let program = Program::new();
    let own = std::process::id().to_string();
    let values = run(&program, "wmic", &["process", &own, "get", "Handle,", "ProcessId", "/value"]);
    assert_eq!(values.out, format!("Handle={own}\nProcessId={own}\n"));
    let condition = format!("ProcessId = {own}");
    let csv = ["path", "Win32_Process", "where", &condition, "get", "ProcessId", "/format:csv"];
    assert_eq!(run(&program, "wmic", &csv).out, format!("ProcessId\r\n{own}\r\n"));
    let listed = run(&program, "WMIC.exe", &["OS", "LIST", "BRIEF"]);
    assert!(listed.out.starts_with("BuildNumber"), "{}", listed.out);
    let condition = format!("Handle = \"{own}\"");
    let owner = run(&program, "wmic", &["process", "where", &condition, "call", "GetOwnerSid"]);
    assert!(owner.out.contains("S-1-22-1-"), "{} {}", owner.out, owner.err);
    let created = run(&program, "wmic", &["process", "call", "create", "no-such-program-here"]);
    assert_eq!(created.out, "ProcessId  ReturnValue\n     NULL            9\n");
    let elsewhere = run(&program, "wmic", &[r"/namespace:\\root\default", "os"]);
    assert_eq!(elsewhere.code, 3, "{}", elsewhere.err);
    for (arguments, said) in [
        (&["proces"][..], "did you mean process?"),
        (&["os", "get", "Captoin"], "did you mean Caption?"),
        (&["process", "where", "Name =", "get"], "Name ="),
    ] {
        let run = run(&program, "wmic", arguments);
        assert!(run.code != 0 && run.err.contains(said), "{arguments:?}: {}", run.err);
    }
}

/// A stable of three lamps in `root\cimv2`.
fn stable() -> Program {
    let program = Program::new();
    let file = program.file(
        "stable.mof",
        "class Lamp { [key] uint32 Number; string Place; uint8 Watts; string Tags[]; };\n\
         class Lantern : Lamp { boolean Lit; };\n\
         instance of Lamp { Number = 1; Place = \"door\"; Watts = 5; };\n\
         instance of Lamp { Number = 2; Place = \"door\"; Watts = 7; };\n\
         instance of Lantern { Number = 3; Place = \"yard\"; Watts = 9; };\n",
    );
    assert_eq!(wmi(&program, &["compile", text(&file)]).code, 0);
    program
}

/// The lamps as lines of `Number,Place,Watts`.
#[track_caller]
fn lamps(program: &Program) -> Vec<String> {
    let get = wmi(program, &["get", "Lamp", "-p", "Number,Place,Watts", "-o", "csv"]);
    assert_eq!(get.code, 0, "{}", get.err);
    let line =
        |line: &str| line.trim_start_matches("Lamp,").trim_start_matches("Lantern,").to_owned();
    let mut lines: Vec<String> = get.out.lines().skip(1).map(line).collect();
    lines.sort();
    lines
}

#[test]
fn wmic_creates_instances() {
    let program = stable();
    let create = ["path", "Lamp", "create", "Number=4,", "Place=\"attic, left\"", "Tags=a,Tags=b"];
    let made = run(&program, "wmic", &create);
    assert_eq!((made.code, made.err.as_str()), (0, ""), "{}", made.out);
    let lines: Vec<&str> = made.out.lines().collect();
    assert_eq!(lines, ["Lamp.Number=4", "Instance creation successful."]);
    let got = wmi(&program, &["get", "Lamp=4", "-p", "Place,Tags", "-o", "json"]);
    let got: serde_json::Value = serde_json::from_str(&got.out).unwrap();
    assert_eq!(got, serde_json::json!({ "Place": "attic, left", "Tags": ["a", "b"] }));

    let twice = run(&program, "wmic", &create);
    assert_eq!((twice.code, twice.out.as_str()), (1, ""), "{}", twice.err);
    assert!(twice.err.contains("WBEM_E_ALREADY_EXISTS"), "{}", twice.err);
    for (arguments, said) in [
        (&["path", "Lamp=5", "create", "Number=5"][..], "no key"),
        (&["path", "Lamp", "where", "Number=1", "create", "Number=5"], "no condition"),
        (&["process", "17", "create", "Handle=18"], "no key"),
        (&["path", "Lamp", "create"], "name a property"),
        (&["path", "Lamp", "create", "Number=5,Place=x,y"], "'y' is no assignment"),
    ] {
        let refused = run(&program, "wmic", arguments);
        assert_eq!(refused.code, 2, "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
    }
    assert_eq!(lamps(&program).len(), 4);
}

#[test]
fn wmic_sets_each_instance_found() {
    let program = stable();
    let one = run(&program, "wmic", &["path", "Lamp.Number=1", "set", "Watts=60"]);
    assert_eq!(one.code, 0, "{}", one.err);
    let expected = "Updating property(s) of 'Lamp.Number=1'\nProperty(s) update successful.\n";
    assert_eq!(one.out, expected);
    let some = run(&program, "wmic", &["path", "Lamp", "where", "Watts<9", "set", "Place='a, b'"]);
    assert_eq!(some.code, 0, "{}", some.err);
    let path = r#"\root\cimv2:Lamp.Number=2'"#;
    assert!(some.out.lines().next().unwrap().ends_with(path), "{}", some.out);
    assert_eq!(lamps(&program), ["1,door,60", "2,\"a, b\",7", "3,yard,9"]);
    // Without a condition all, also those of classes below.
    let all = run(&program, "wmic", &["path", "Lamp", "set", "Watts=1"]);
    assert_eq!((all.code, all.out.lines().count()), (0, 6), "{} {}", all.out, all.err);
    assert_eq!(lamps(&program), ["1,door,1", "2,\"a, b\",1", "3,yard,1"]);
    let none = run(&program, "wmic", &["path", "Lamp", "where", "Watts=2", "set", "Watts=3"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (0, "", ""));
    for (arguments, code, said) in [
        (&["path", "Lamp", "set", "Watts=much"][..], 2, "is no whole number"),
        (&["path", "Lamp", "set", "Number=9"], 1, "is a key"),
        (&["path", "Lamp", "set", "Wats=1"], 3, "did you mean Watts?"),
        (&["path", "Lamp=9", "set", "Watts=1"], 3, "WBEM_E_NOT_FOUND"),
        (
            &["path", "Lamp=1", "where", "Watts=1", "set", "Watts=2"],
            2,
            "cannot be combined with where",
        ),
    ] {
        let refused = run(&program, "wmic", arguments);
        assert_eq!(refused.code, code, "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
        assert!(!refused.out.contains("successful"), "{arguments:?}: {}", refused.out);
    }
    assert_eq!(lamps(&program), ["1,door,1", "2,\"a, b\",1", "3,yard,1"]);
}

#[test]
fn wmic_deletes_each_instance_found_without_confirmation() {
    let program = stable();
    let some = run(&program, "wmic", &["path", "Lamp", "where", "Place='door'", "DELETE"]);
    assert_eq!((some.code, some.err.as_str()), (0, ""), "{}", some.out);
    let lines: Vec<&str> = some.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", some.out);
    assert!(lines[0].starts_with(r"Deleting instance \\"), "{}", some.out);
    assert_eq!(lines[1], "Instance deletion successful.");
    assert_eq!(lamps(&program), ["3,yard,9"]);
    let all = run(&program, "wmic", &["path", "Lamp", "delete", "/nointeractive"]);
    assert_eq!(all.code, 0, "{}", all.err);
    assert!(lamps(&program).is_empty());
    assert_eq!(wmi(&program, &["class", "show", "Lantern"]).code, 0);
    for (arguments, code, said) in [
        (&["path", "Lamp=1", "delete"][..], 3, "WBEM_E_NOT_FOUND"),
        (&["path", "Lam", "delete"], 3, "WBEM_E_INVALID_CLASS"),
        (&["path", "Lamp", "delete", "/interactive:on"], 2, "no confirmation"),
    ] {
        let refused = run(&program, "wmic", arguments);
        assert_eq!(refused.code, code, "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
    }
}

#[test]
fn wmic_goes_on_where_one_of_several_fails() {
    let program = stable();
    let set = run(&program, "wmic", &["path", "Lamp", "set", "Lit=TRUE"]);
    assert_eq!(set.code, 3, "{}", set.err);
    assert_eq!(set.err.matches("class Lamp has no property Lit").count(), 2, "{}", set.err);
    assert_eq!(set.out.matches("Property(s) update successful.").count(), 1, "{}", set.out);
    assert_eq!(wmi(&program, &["get", "Lantern=3", "-p", "Lit"]).out, "Lit\nTRUE\n");
}

#[test]
fn wmic_keeps_secrets_out_of_what_it_says() {
    let program = Program::new();
    let refused = run(&program, "wmic", &["/user:ann", "/password:hunter2", "os"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.starts_with("error: /user is not supported: "), "{}", refused.err);
    let refused = run(&program, "wmic", &["/PASSWORD:hunter2", "os"]);
    assert!(refused.err.starts_with("error: /password is not supported: "), "{}", refused.err);
    assert!(refused.err.contains("secrets in arguments can be read"), "{}", refused.err);
    assert!(!refused.err.contains("hunter2"), "{}", refused.err);
    assert!(!program.data().join("openwmi").exists(), "nothing was asked");
}
