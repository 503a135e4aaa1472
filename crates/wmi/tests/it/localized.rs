//! `--locale`, `--amended`, and `wmi compile --amendment` (behaviour.md G.8, G.9; check G25).

use crate::program::{Program, text};

const MASTER: &str = r#"#pragma autorecover
[Description("All that is sold") : Amended, LOCALE(0x409)] class Shop_Thing
{
    [key, Description("Its number") : Amended ToSubclass] string Id;
    uint32 Price;
};
"#;

/// The two files that the master is split into, by the pragma or the option.
fn split(program: &Program, name: &str, master: &str, arguments: &[&str]) -> (String, String) {
    let master = program.file(name, master);
    let (mof, mfl) = (master.with_extension("a"), master.with_extension("b"));
    let line = ["compile", text(&master), "--mof", text(&mof), "--mfl", text(&mfl)];
    let out = program.ok(&[&line[..], &["-n", "root/shop"], arguments].concat());
    assert!(out.contains(", for MS_409, ") && out.contains(text(&mfl)), "{out}");
    let read = |path| std::fs::read_to_string(path).unwrap();
    (read(&mof), read(&mfl))
}

#[test]
fn g25_a_master_is_split_and_nothing_is_stored() {
    let program = Program::with_missing_repository();
    let (mof, mfl) = split(&program, "m.mof", MASTER, &["--amendment", "MS_409"]);
    assert!(mof.starts_with("#pragma autorecover\n[LOCALE(1033)] class Shop_Thing\n"), "{mof}");
    assert!(!mof.contains("Amended"), "{mof}");
    assert!(mfl.contains("[AMENDMENT, LOCALE(0x409), Description(\"All that is sold\"): Amended]"));
    assert!(mfl.contains("instance of __namespace{ name=\"ms_409\";};"), "{mfl}");
    assert!(mfl.contains(r#"#pragma namespace("\\\\.\\root\\shop\\ms_409")"#), "{mfl}");
    assert!(!program.repository().exists(), "the repository is untouched");
    let with_pragma = format!("#pragma amendment(\"MS_409\")\n{MASTER}");
    let (again, localized) = split(&program, "p.mof", &with_pragma, &[]);
    assert_eq!((again.trim_start(), localized), (&*mof, mfl));
}

#[test]
fn g25_without_both_outputs_nothing_is_written() {
    let program = Program::new();
    let master = program.file("m.mof", &format!("#pragma amendment(\"MS_409\")\n{MASTER}"));
    let mof = master.with_extension("a");
    for arguments in [
        &["--amendment", "MS_409"][..],
        &["--amendment", "MS_409", "--mof", text(&mof)],
        &["--mof", text(&mof)],
        &["--amendment", "English", "--mof", text(&mof), "--mfl", "x"],
        &["--mof", text(&mof), "--mfl", text(&mof)],
        &["--mof", text(&mof), "--mfl", text(&master)],
    ] {
        let run = program.run(&[&["compile", text(&master)][..], arguments].concat());
        assert!([2, 7].contains(&run.code), "{arguments:?}: {} {}", run.code, run.err);
        assert!(!mof.exists(), "{arguments:?}");
    }
    let run = program.run(&["compile", text(&master)]);
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(run.err.contains("name both files"), "{}", run.err);
}

#[test]
fn errors_of_a_master_are_told_as_those_of_a_file() {
    let program = Program::new();
    let master = program.file("m.mof", "class A { [key] string K }");
    let (mof, mfl) = (master.with_extension("a"), master.with_extension("b"));
    let line = ["compile", text(&master), "--mof", text(&mof), "--mfl", text(&mfl)];
    let line = [&line[..], &["--amendment", "MS_409"]].concat();
    let run = program.run(&line);
    assert_eq!(run.code, 7, "{}", run.err);
    assert!(run.err.contains("WBEMMOF_E_EXPECTED_SEMI"), "{}", run.err);
    let run = program.run(&[&line[..], &["-o", "json"]].concat());
    let error: serde_json::Value = serde_json::from_str(run.err.lines().next().unwrap()).unwrap();
    assert_eq!(error["error"], "WBEMMOF_E_EXPECTED_SEMI");
    let missing = ["compile", "no such file", "--mof", "a", "--mfl", "b", "--amendment", "MS_409"];
    assert_eq!(program.run(&missing).code, 1);
    assert!(!mof.exists() && !mfl.exists());
}

#[test]
fn g26_amended_shows_what_the_locale_says() {
    let program = Program::with_shop();
    split(&program, "m.mof", MASTER, &["--amendment", "MS_409"]);
    let at = |name: &str| program.file("m.mof", MASTER).with_extension(name);
    program.ok(&["compile", text(&at("a")), "-n", "root/shop"]);
    program.ok(&["compile", text(&at("b"))]);
    let german = program.file(
        "german.mof",
        "#pragma autorecover\n#pragma namespace(\"root\\\\shop\")\ninstance of __namespace { name = \"ms_407\"; };\n\
         #pragma namespace(\"root\\\\shop\\\\ms_407\")\n\
         [AMENDMENT, LOCALE(0x407), Description(\"Ware\") : Amended] class Shop_Thing { [key] string Id; };\n",
    );
    program.ok(&["compile", text(&german)]);

    let show = |arguments: &[&str]| {
        program.shop(&[&["class", "show", "Shop_Thing"][..], arguments].concat())
    };
    assert!(!show(&[]).contains("Description"));
    assert!(!show(&["--locale", "MS_407"]).contains("Description"));
    let english = show(&["--amended"]);
    assert!(english.contains("All that is sold") && english.contains("Its number"), "{english}");
    assert_eq!(show(&["--amended", "--locale", "MS_40C"]), english);
    let german = show(&["--amended", "--locale", "MS_40C,ms_407"]);
    assert!(german.contains("Ware") && !german.contains("All that is sold"), "{german}");
    assert_eq!(program.run(&["--locale", "German", "ns"]).code, 2);

    // What is read with the option is put with it.
    program.shop(&["new", "Shop_Thing", "Id=x", "Price=1", "--amended"]);
    program.shop(&["set", "Shop_Thing.Id=\"x\"", "Price=2", "--amended"]);
    let read = program.json(&["get", "Shop_Thing.Id=\"x\"", "--amended", "-n", "root/shop"]);
    assert_eq!(read["Price"], 2);
    let found =
        program.json(&["query", "SELECT * FROM Shop_Thing", "--amended", "-n", "root/shop"]);
    assert_eq!(found[0]["Price"], 2);
    let listed = program.shop(&["class", "list", "Shop_Thing", "--amended", "-o", "mof"]);
    assert!(listed.contains("All that is sold"), "{listed}");
}
