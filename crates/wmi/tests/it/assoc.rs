//! `wmi assoc` and `wmi ref` over stored objects.

use serde_json::{Value, json};

use crate::program::{Program, text};

const SCHEMA: &str = r#"#pragma autorecover
class Net_Node { [key] string Name; uint32 Size; };
[Description("a node of its own kind")] class Net_Hub : Net_Node {};
[association] class Net_Link { [key] Net_Node ref From; [key] Net_Node ref To; };
[association, Description("a link with a speed")]
class Net_FastLink : Net_Link { uint32 Speed; };
instance of Net_Node { Name = "a"; Size = 1; };
instance of Net_Node { Name = "q\"uote\\and}brace"; Size = 2; };
instance of Net_Hub { Name = "hub"; Size = 3; };
instance of Net_Link { From = "Net_Node.Name=\"a\""; To = "Net_Hub.Name=\"hub\""; };
instance of Net_FastLink
{
    From = "Net_Hub.Name=\"hub\"";
    To = "Net_Node.Name=\"q\\\"uote\\\\and}brace\"";
    Speed = 10;
};
"#;

fn program() -> Program {
    let program = Program::new();
    let file = program.file("net.mof", SCHEMA);
    program.ok(&["compile", text(&file), "-n", "root/net"]);
    program
}

/// The names of what a run finds.
#[track_caller]
fn names(program: &Program, arguments: &[&str]) -> Vec<String> {
    let found = program.json(&[&["-n", "root/net"], arguments].concat());
    let name = |object: &Value| object["Name"].as_str().unwrap_or_default().to_owned();
    found.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn e2_each_keyword_is_an_option() {
    let program = program();
    let odd = "q\"uote\\and}brace";
    for (options, expected) in [
        (&[][..], &["a", odd][..]),
        (&["--assoc-class", "Net_FastLink"], &[odd]),
        (&["--result-class", "Net_Node"], &["a", odd]),
        (&["--result-class", "Net_Hub"], &[]),
        (&["--role", "From"], &[odd]),
        (&["--role", "To"], &["a"]),
        (&["--result-role", "From"], &["a"]),
        (&["--required-qualifier", "Description"], &[]),
        (&["--required-assoc-qualifier", "Description"], &[odd]),
        (&["--keys-only"], &["a", odd]),
        (&["--role", "From", "--result-class", "net_node", "--keys-only"], &[odd]),
    ] {
        let arguments = [&["assoc", "Net_Node.Name=\"hub\""], options].concat();
        let mut found = names(&program, &arguments);
        found.sort();
        assert_eq!(found, expected, "{options:?}");
    }
    let classes = program.ok(&["-n", "root/net", "assoc", "Net_Node=\"hub\"", "--class-defs-only"]);
    assert_eq!(classes, "Class     Superclass  Kind\nNet_Node\n");
}

#[test]
fn e2_references_and_their_keywords() {
    let program = program();
    let speeds = |options: &[&str]| {
        let arguments = [&["-n", "root/net", "ref", "Net_Hub.Name=\"hub\""], options].concat();
        let found = program.json(&arguments);
        found.as_array().unwrap().iter().map(|link| link["Speed"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(speeds(&[]).len(), 2);
    assert_eq!(speeds(&["--result-class", "Net_FastLink"]), [json!(10)]);
    assert_eq!(speeds(&["--required-qualifier", "Description"]), [json!(10)]);
    assert_eq!(speeds(&["--role", "To"]), [json!(null)]);
    assert_eq!(speeds(&["--keys-only", "--role", "From"]), [json!(null)]);
    let classes = program.ok(&["-n", "root/net", "ref", "Net_Node=\"a\"", "--class-defs-only"]);
    assert_eq!(classes, "Class     Superclass  Kind\nNet_Link              association\n");
}

#[test]
fn e3_a_class_asks_for_the_classes_that_could_be_found() {
    let program = program();
    let names = |command: &str| -> Vec<String> {
        let found = program.json(&["-n", "root/net", command, "Net_Hub"]);
        found.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names("assoc").contains(&"Net_Node".to_owned()), "{:?}", names("assoc"));
    assert!(names("ref").contains(&"Net_FastLink".to_owned()), "{:?}", names("ref"));
}

#[test]
fn keys_with_quotes_backslashes_and_braces_are_spelled_right() {
    let program = program();
    for path in [
        r#"Net_Node.Name="q\"uote\\and}brace""#,
        r#"Net_Node="q\"uote\\and}brace""#,
        r#"Net_Node.Name='q"uote\\and}brace'"#,
        r#"root\net:Net_Node.Name="q\"uote\\and}brace""#,
        r#"\\.\root\net:Net_Node.Name="q\"uote\\and}brace""#,
    ] {
        assert_eq!(names(&program, &["assoc", path]), ["hub"], "{path}");
    }
}

#[test]
fn mistakes_are_told_with_a_remedy() {
    let program = program();
    for (arguments, code, said) in [
        (&["assoc", "Net_Nod=\"a\""][..], 3, "did you mean Net_Node?"),
        (&["assoc", "Net_Node.Nam=\"a\""], 2, "did you mean Name?"),
        (&["assoc", "Net_Node=\"none\""], 3, "WBEM_E_NOT_FOUND"),
        (&["assoc", "Net_Node=\"a\"", "--assoc-class", "a b"], 2, "'a b' is not a valid name"),
        (
            &["ref", "Net_Node=\"a\"", "--class-defs-only", "--result-class", "Net_Link"],
            7,
            "ClassDefsOnly cannot be combined with ResultClass",
        ),
        (&["ref", "Net_Node=\"a\"", "--assoc-class", "X"], 2, "--assoc-class"),
    ] {
        let run = program.run(&[&["-n", "root/net"], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(said), "{arguments:?}: {}", run.err);
    }
    let run = program.run(&["-n", "root/net", "assoc", "Net_Node=\"a\"", "-p", "Nam,Size"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.err, "warning: nothing that was found has a property Nam\n");
    let empty =
        program.run(&["-n", "root/net", "--fail-empty", "assoc", "Net_Node=\"a\"", "--role", "To"]);
    assert_eq!((empty.code, empty.out.as_str()), (3, ""));
}
