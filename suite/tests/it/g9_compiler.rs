//! The MOF compiler as its callers see it: files, includes, encodings, its report (behaviour.md
//! G.9, mistake J15).

use std::path::PathBuf;

use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::world::compile_options;
use tempfile::TempDir;
use wbem::{CompileOptions, CompileReport, Flags};

struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Files {
        let files_ = Files(TempDir::new().unwrap());
        for (name, bytes) in files {
            let path = files_.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        files_
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn compile(&self, world: &World, names: &[&str]) -> CompileReport {
        self.compile_with(world, names, &compile_options(Flags::default()))
    }

    fn compile_with(
        &self,
        world: &World,
        names: &[&str],
        options: &CompileOptions,
    ) -> CompileReport {
        let files: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        world.compile_files(&files, options).unwrap()
    }
}

fn in_root(world: &World, path: &str) -> bool {
    let root = world.connect("root").unwrap();
    root.get_object(path, Flags::default(), world.administrator()).is_ok()
}

#[test]
fn g43_an_included_file_goes_where_the_including_one_says() {
    let world = World::new();
    let files = Files::new(&[
        (
            "mymof.mof",
            br#"#pragma namespace("\\\\.\\root")
                class myclass1 { [key] string K; };
                #include ("mymof2.mof")
                instance of myclass2 { K = "after"; };"#,
        ),
        (
            "mymof2.mof",
            br#"class myclass2 { [key] string K; }; instance of myclass2 { K = "in"; };"#,
        ),
    ]);
    let report = files.compile(&world, &["mymof.mof"]);
    assert_eq!((report.syntax.len(), report.storage.len()), (0, 0));
    assert_eq!((report.classes, report.instances), (2, 2));
    for path in ["myclass1", "myclass2", "myclass2.K=\"in\"", "myclass2.K=\"after\""] {
        assert!(in_root(&world, path), "{path} in root");
        assert!(world.get(path).is_err(), "{path} in another namespace");
    }
}

#[test]
fn g43_a_missing_include_stores_nothing() {
    let world = World::new();
    let files = Files::new(&[(
        "mymof.mof",
        b"class myclass1 { [key] string K; };\n#include (\"nope.mof\")\n",
    )]);
    let report = files.compile(&world, &["mymof.mof"]);
    let [error] = &report.syntax[..] else { panic!("{report:?}") };
    assert_eq!(error.status, WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE);
    assert_eq!(error.status.0, 0x8004_4030);
    assert_eq!(error.line, 2);
    assert!(world.get("myclass1").is_err());
}

#[test]
fn g43_a_pragma_of_an_included_file_holds_on() {
    let world = World::new();
    let files = Files::new(&[
        ("a.mof", b"#include (\"sub/b.mof\")\nclass Test_After { [key] string K; };"),
        (
            "sub/b.mof",
            b"#pragma namespace(\"\\\\\\\\.\\\\root\")\nclass Test_Within { [key] string K; };\n#include (\"c.mof\")",
        ),
        ("sub/c.mof", b"class Test_Deep { [key] string K; };"),
    ]);
    let report = files.compile(&world, &["a.mof"]);
    assert!(report.is_complete(), "{report:?}");
    for class in ["Test_Within", "Test_Deep", "Test_After"] {
        assert!(in_root(&world, class), "{class}");
    }
}

#[test]
fn g9_a_file_that_includes_itself_is_an_error() {
    let world = World::new();
    let files = Files::new(&[
        ("a.mof", b"#include (\"b.mof\")".as_slice()),
        ("b.mof", b"#include (\"a.mof\")"),
    ]);
    let report = files.compile(&world, &["a.mof"]);
    assert_eq!(report.syntax[0].status, WBEMMOF_E_ERROR_INVALID_INCLUDE_FILE, "{report:?}");
}

#[test]
fn g22_files_in_order_and_nothing_after_a_failure() {
    let world = World::new();
    let files = Files::new(&[
        ("1.mof", b"class Test_One { [key] string K; };".as_slice()),
        ("2.mof", b"class Test_Two : Test_Absent { };"),
        ("3.mof", b"class Test_Three { [key] string K; };"),
    ]);
    let report = files.compile(&world, &["1.mof", "2.mof", "3.mof"]);
    let error = report.storage.into_iter().next().expect("the second file fails");
    assert_eq!(error.status, WBEM_E_NOT_FOUND);
    assert!(error.file.ends_with("2.mof"), "{error:?}");
    assert!(world.get("Test_One").is_ok());
    assert!(world.get("Test_Three").is_err());
}

#[test]
fn g9_encodings() {
    let text =
        "class Test_Text { [key] string K; };\ninstance of Test_Text { K = \"Größe 中 𝄞\"; };";
    let utf16 = |big: bool, mark: bool| {
        let mark = mark.then_some(0xfeff_u16);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect::<Vec<u8>>()
    };
    for (what, bytes) in [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16 little-endian with a mark", utf16(false, true)),
        ("UTF-16 big-endian with a mark", utf16(true, true)),
        ("UTF-16 little-endian", utf16(false, false)),
        ("UTF-16 big-endian", utf16(true, false)),
    ] {
        let world = World::new();
        let files = Files::new(&[("a.mof", &bytes)]);
        let report = files.compile(&world, &["a.mof"]);
        assert!(report.is_complete(), "{what}: {report:?}");
        let found = world.query("SELECT * FROM Test_Text").unwrap();
        assert_eq!(found, ["Test_Text{K=\"Größe 中 𝄞\"}"], "{what}");
    }
}

#[test]
fn j15_success_without_autorecover_warns() {
    let world = World::new();
    let files = Files::new(&[
        ("without.mof", b"class Test_A { [key] string K; };".as_slice()),
        ("with.mof", b"#pragma autorecover\nclass Test_B { [key] string K; };"),
        ("wrong.mof", b"class Test_C : Test_Absent { };"),
    ]);
    let warned = files.compile(&world, &["without.mof"]).warnings;
    let [warning] = &warned[..] else { panic!("{warned:?}") };
    assert!(warning.file.ends_with("without.mof"), "{warning:?}");
    assert!(warning.message.contains("#pragma autorecover"), "{warning:?}");
    assert!(world.get("Test_A").is_ok());
    assert!(files.compile(&world, &["with.mof"]).warnings.is_empty());
    // It is a warning on success.
    assert!(files.compile(&world, &["wrong.mof"]).warnings.is_empty());
}

#[test]
fn g9_check_only_stores_nothing() {
    let world = World::new();
    let files = Files::new(&[
        ("right.mof", b"class Test_A { [key] string K; };".as_slice()),
        ("wrong.mof", b"class Test_B { [key] string K }"),
    ]);
    let options = CompileOptions { check_only: true, ..compile_options(Flags::default()) };
    let report = files.compile_with(&world, &["right.mof"], &options);
    assert!(report.syntax.is_empty(), "{report:?}");
    assert_eq!((report.classes, report.instances), (0, 0));
    assert!(world.get("Test_A").is_err());
    assert!(!files.compile_with(&world, &["wrong.mof"], &options).syntax.is_empty());
}

#[test]
fn g9_errors_name_file_line_and_column_and_picture_the_line() {
    let world = World::new();
    let files = Files::new(&[("dir/a.mof", b"class Test_A\n{\n\tuint8 \xc3\xbcber x;\n};")]);
    let report = files.compile(&world, &["dir/a.mof"]);
    let [error] = &report.syntax[..] else { panic!("{report:?}") };
    assert_eq!(error.status, WBEMMOF_E_EXPECTED_SEMI);
    assert!(error.file.ends_with("dir/a.mof"), "{}", error.file);
    assert_eq!((error.line, error.column), (3, 13));
    assert!(error.picture.contains("uint8 über x;"), "{}", error.picture);
}

#[test]
fn g9_a_file_that_cannot_be_read() {
    let world = World::new();
    let files = Files::new(&[]);
    let report = files.compile(&world, &["nope.mof"]);
    assert_eq!(report.syntax[0].status, WBEMMOF_E_INVALID_FILE, "{report:?}");
}

/// What failed in the middle of many objects: all others are there.
#[test]
fn j15_all_but_the_failed_object_are_stored() {
    for broken in [0, 1, 999, 1000, 1001, 1500] {
        let world = World::new();
        let mut mof = String::from("class Test_A { [key] uint32 K; };\n");
        for i in 0..1600 {
            let class = if i == broken { "Test_Absent" } else { "Test_A" };
            mof.push_str(&format!("instance of {class} {{ K = {i}; }};\n"));
        }
        let report = world.try_compile(&mof, Flags::default());
        let error = report.storage.into_iter().next().expect("an unknown class");
        assert_eq!((error.status, error.line), (WBEM_E_INVALID_CLASS, broken + 2));
        assert_eq!((report.classes, report.instances, report.failed), (1, 1599, 1));
        let found = world.query("SELECT * FROM Test_A").unwrap();
        let mut expected: Vec<String> =
            (0..1600).filter(|i| *i != broken).map(|i| format!("Test_A{{K={i}}}")).collect();
        expected.sort();
        assert_eq!(found, expected, "broken at {broken}");
    }
}

/// Aliases and default flavors are those of one text; a provider's registration ends no
/// transaction where no class can come from a provider; an error names its text.
#[test]
fn texts_compiled_together_share_a_transaction_only() {
    let world = World::new();
    let registered = |class: &str| {
        format!(
            "[Dynamic, Provider(\"{class}\")]\nclass {class} {{ [Key] uint8 k; }};\n\
             instance of __Win32Provider as $P {{ Name = \"{class}\"; }};\n\
             instance of __InstanceProviderRegistration {{ Provider = $P; SupportsGet = TRUE; }};\n"
        )
    };
    let first = format!("Qualifier Mark : ToSubClass;\n{}", registered("First"));
    let second = format!("{}[Mark]\nclass Marked {{ [Key] uint8 k; }};\n", registered("Second"));
    let options = compile_options(Flags::default());
    let compile = |texts: &[(&str, &[u8])]| {
        world.manager().compile_texts(texts, &options, world.administrator()).unwrap()
    };
    let version = || world.manager().repository().read().unwrap().view().version();

    let before = version();
    let report = compile(&[("first", first.as_bytes()), ("second", second.as_bytes())]);
    assert_eq!((report.storage.first(), report.classes, report.instances), (None, 3, 4));
    assert_eq!(version(), before + 1);
    let marked = world.get("Marked").unwrap();
    assert!(!marked.contains("ToSubClass"), "the flavor of the other text: {marked}");

    let report = compile(&[("first", b"class A {};"), ("second", b"\n  class B : Missing {};")]);
    let error = report.storage.into_iter().next().unwrap();
    assert_eq!((error.file.as_str(), error.line), ("second", 2));
    let report = compile(&[("first", b"class C {};"), ("second", b"class D {")]);
    assert_eq!(report.syntax[0].file, "second");
    assert!(world.get("C").is_err());
}
