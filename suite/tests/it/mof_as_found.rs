//! MOF as published files have it, dates and paths as published queries have them
//! (`windows-in-practice.md`, "What files and queries in the wild contain").
//!
//! The files are in `tests/data/mof`: `found` has one for each kind that was found, `dmtf` a fragment
//! for each difference of an older schema of DMTF from 2.49. Each is compiled alone into a new
//! namespace, and nothing may be wrong with it.

use std::path::PathBuf;

use cim::WbemStatus;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::gaps;
use openwmi_suite::script::{self, Place};
use openwmi_suite::world::compile_options;
use tempfile::TempDir;
use wbem::{CompileReport, Flags};

fn in_memory(name: &str, text: &str) {
    script::run(name, text, Place::Memory, &script::directly);
}

/// Compiles each file of `folder` alone.
fn compile_each(folder: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mof").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "mof"));
    files.sort();
    assert!(!files.is_empty());
    let mut wrong = String::new();
    for file in files {
        let world = World::new();
        let report = world.compile_files(&[file], &compile_options(Flags::default())).unwrap();
        for error in report.syntax.iter().chain(&report.storage) {
            wrong.push_str(&format!("{}\n", error.picture));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Compiles files with these contents, in order, in one call.
fn compile_together(world: &World, texts: &[&[u8]]) -> CompileReport {
    let folder = TempDir::new().unwrap();
    let write = |(i, text): (usize, &&[u8])| {
        let path = folder.path().join(format!("{i}.mof"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let files: Vec<PathBuf> = texts.iter().enumerate().map(write).collect();
    world.compile_files(&files, &compile_options(Flags::default())).unwrap()
}

fn wrong(report: &CompileReport) -> Vec<WbemStatus> {
    report.syntax.iter().chain(&report.storage).map(|error| error.status).collect()
}

/// Rule: windows-in-practice, "What files and queries in the wild contain"
#[test]
fn wins_mof_files_as_found() {
    gaps::check("wins_mof_files_as_found", || compile_each("found"));
}

/// Rule: windows-in-practice, "What files and queries in the wild contain"
#[test]
fn wins_dmtf_schemas_before_2_49() {
    gaps::check("wins_dmtf_schemas_before_2_49", || compile_each("dmtf"));
}

/// Rule: G.6 as changed, windows-in-practice
#[test]
fn g6_a_key_below_a_keyless_class() {
    gaps::check("g6_a_key_below_a_keyless_class", || {
        in_memory(
            "keys",
            r#"
== put G.6 a key below a class without keys that is not abstract
class Base { string Caption; };
class Middle : Base { uint32 Size; };
class Keyed : Middle { [key] string K; };
class Other : Base { [key] uint32 N; };
instance of Keyed { K = "k"; Caption = "c"; Size = 1; };
instance of Other { N = 5; Caption = "d"; };

== query G.6 each family has its own keys
SELECT * FROM Base
--
Keyed{Caption="c", K="k", Size=1}
Other{Caption="d", N=5}

== get G.6 by the path of its class
Keyed.K="k"
--
Keyed{Caption="c", K="k", Size=1}

== put G.6 an inherited property may become the key
class Named : Base { [key] string Caption; };

== put G.6 not below a class with keys
class Second : Keyed { [key] string L; };
--
WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE

== put G.6 the keyless class has no instances itself
instance of Base { Caption = "e"; };
--
WBEM_E_NO_KEY

== put G.6 not below a singleton
[singleton] class Only { string S; };

== put G.6 where the instance is known by its class
class Below : Only { [key] string K; };
--
WBEM_E_CANNOT_BE_SINGLETON
"#,
        );
    });
}

/// Rule: G.9, aliases
#[test]
fn g9_an_alias_of_an_instance_whose_key_is_generated() {
    gaps::check("g9_an_alias_of_an_instance_whose_key_is_generated", || {
        let world = World::new();
        world.compile(
            r#"
            class Test_Thing { [key] string Id; string Name; };
            [association] class Test_Link { [key] Test_Thing ref A; [key] Test_Thing ref B; };
            instance of Test_Link { A = $First; B = $Second; };
            instance of Test_Thing as $First { Name = "first"; };
            instance of Test_Thing as $Second { Name = "second"; };
            "#,
        );
        assert_eq!(world.query("SELECT * FROM Test_Thing").unwrap().len(), 2);
        let first =
            world.objects("SELECT * FROM Test_Thing WHERE Name = \"first\"", Flags::default());
        let first = first.unwrap();
        let path = first[0].as_instance().unwrap().relative_path().unwrap();
        let found = world.query(&format!("ASSOCIATORS OF {{{path}}}")).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("second"), "{found:?}");
    });
}

/// Rule: MS-WMI 2.2.2, G.6
#[test]
fn g6_qualifiers_that_are_true_or_absent() {
    gaps::check("g6_qualifiers_that_are_true_or_absent", || {
        in_memory(
            "true",
            r#"
== mof G.6 a class can only be a singleton
[Singleton(FALSE)] class Not { [key] string K; };
--
WBEM_E_INVALID_QUALIFIER line 1

== mof G.6 as with Dynamic
[Dynamic(FALSE)] class Not { [key] string K; };
--
WBEM_E_INVALID_QUALIFIER line 1
"#,
        );
    });
}

/// Rule: G.6, flavors
#[test]
fn g6_flavors_of_an_instances_qualifiers() {
    gaps::check("g6_flavors_of_an_instances_qualifiers", || {
        in_memory(
            "flavors",
            r#"
== mof G.6 nothing derives from an instance
class A { [key] string K; };
[Description("d") : ToSubClass] instance of A { K = "a"; };
--
WBEM_E_INVALID_QUALIFIER line 2

== mof G.6 nor from one of its properties
instance of A { [Description("d") : ToSubClass] K = "b"; };
--
WBEM_E_INVALID_QUALIFIER line 1

== mof G.6 without the flavor it is stored
[Description("d")] instance of A { [Units("u") : ToInstance] K = "c"; };

== mof G.6 the flavors that a file or a declaration gives to all are no word about an instance
Qualifier Description : ToSubClass;
[Description("d")] instance of A { K = "d"; };
"#,
        );
    });
}

/// Rule: G.5, numbers
#[test]
fn g5_quoted_hexadecimal_for_64_bits() {
    gaps::check("g5_quoted_hexadecimal_for_64_bits", || {
        in_memory(
            "hexadecimal",
            r#"
== mof G.5 in MOF
class A { [key] uint64 K; sint64 S = "0x10"; uint64 L[]; };
instance of A { K = "0xFFFFFFFFFFFFFFFF"; S = "-0x8000000000000000"; L = {"0x1", "2"}; };

== query G.5 they are numbers
SELECT * FROM A
--
A{K=18446744073709551615, L={1, 2}, S=-9223372036854775808}

== mof G.5 not for others
class B { [key] uint32 K = "0x10"; };
--
WBEMMOF_E_TYPE_MISMATCH line 1
"#,
        );
    });
}

/// Rule: windows-in-practice, "What files and queries in the wild contain", the raw key
#[test]
fn wins_a_raw_key_keeps_its_backslashes() {
    gaps::check("wins_a_raw_key_keeps_its_backslashes", || {
        in_memory(
            "raw",
            r#"
== mof wins a disk and its partition
class Disk { [key] string DeviceID; };
class Partition { [key] string Name; };
[association] class On { [key] Disk ref A; [key] Partition ref B; };
instance of Disk as $D { DeviceID = "\\\\.\\PHYSICALDRIVE0"; };
instance of Partition as $P { Name = "p"; };
instance of On { A = $D; B = $P; };

== get wins as it is
Disk.DeviceID='\\.\PHYSICALDRIVE0'
--
Disk{DeviceID="\\\\.\\PHYSICALDRIVE0"}

== get wins escaped
Disk.DeviceID="\\\\.\\PHYSICALDRIVE0"
--
Disk{DeviceID="\\\\.\\PHYSICALDRIVE0"}

== query wins in ASSOCIATORS OF
ASSOCIATORS OF {Disk.DeviceID='\\.\PHYSICALDRIVE0'}
--
Partition{Name="p"}

== query wins in REFERENCES OF
REFERENCES OF {Disk="\\.\PHYSICALDRIVE0"} WHERE KeysOnly
--
On{A=ref "Disk.DeviceID=\"\\\\\\\\.\\\\PHYSICALDRIVE0\"", B=ref "Partition.Name=\"p\""}

== mof wins a reference and a pragma
instance of Partition { Name = "q"; };
instance of On { A = "Disk.DeviceID=\"\\\\.\\PHYSICALDRIVE0\""; B = "Partition.Name=\"q\""; };

== query wins the reference leads to it
ASSOCIATORS OF {Disk.DeviceID='\\.\PHYSICALDRIVE0'}
--
Partition{Name="p"}
Partition{Name="q"}

== delete wins and so does a deletion
Disk.DeviceID='\\.\PHYSICALDRIVE0'
"#,
        );
    });
}

/// Rule: windows-in-practice, "What files and queries in the wild contain", DATETIME constants
#[test]
fn wins_datetime_constants_shortened_or_rfc_3339() {
    gaps::check("wins_datetime_constants_shortened_or_rfc_3339", || {
        let world = World::new();
        world.compile(
            r#"class A { [key] uint8 K; datetime T; };
               instance of A { K = 1; T = "20241231235959.500000+540"; };"#,
        );
        for constant in [
            "20241231235959.5+540",
            "20241231235959.500000000+540",
            "20241231145959.500000+000",
            "2024-12-31T23:59:59.5+09:00",
            "2024-12-31T14:59:59.500Z",
            "2024-12-31t14:59:59.500000z",
        ] {
            let found = world.query(&format!("SELECT K FROM A WHERE T = '{constant}'"));
            assert_eq!(found.as_deref().unwrap_or_default(), ["A{K=1}"], "{constant}: {found:?}");
        }
        for constant in ["20241230235959", "20241230235959.0", "2024-12-30T23:59:59Z"] {
            let found = world.query(&format!("SELECT K FROM A WHERE T > '{constant}'"));
            assert_eq!(found.as_deref().unwrap_or_default(), ["A{K=1}"], "{constant}: {found:?}");
        }
        for constant in
            ["20241231235959.", "20241231235959.0+54", "2024-12-31T23:59", "20241331235959"]
        {
            assert!(world.query(&format!("SELECT K FROM A WHERE T > '{constant}'")).is_err());
        }
    });
}

/// Rule: windows-in-practice, "What files and queries in the wild contain", ANSI
#[test]
fn wins_an_ansi_file_is_windows_1252_with_one_warning() {
    gaps::check("wins_an_ansi_file_is_windows_1252_with_one_warning", || {
        let world = World::new();
        let text = b"#pragma autorecover\nclass A { [key] string K; };\n\
                     instance of A { K = \"\x80 Gr\xf6\xdfe \x99\"; };\n";
        let report = compile_together(&world, &[text]);
        assert_eq!(wrong(&report), []);
        let [warning] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
        assert_eq!((warning.line, warning.column), (3, 22), "{warning:?}");
        assert!(warning.message.contains("Windows-1252"), "{warning:?}");
        assert_eq!(world.query("SELECT * FROM A").unwrap(), ["A{K=\"€ Größe ™\"}"]);
    });
}

const DECLARATIONS: &[u8] = br#"
#pragma autorecover
Qualifier Max : uint32 = null, Scope(property, reference, method, parameter);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);
"#;
const SUPPOSES_THEM: &[u8] = br#"
#pragma autorecover
class Vendor { [Key] string K; uint32 Reset(uint32 Level); };
class Vendor_Link { [Key, Max(null)] Vendor ref A; [Key] Vendor ref B; };
"#;

/// Rule: windows-in-practice, "What files and queries in the wild contain", vendor files
#[test]
fn wins_the_dialect_of_files_compiled_together() {
    gaps::check("wins_the_dialect_of_files_compiled_together", || {
        let world = World::new();
        assert_eq!(wrong(&compile_together(&world, &[DECLARATIONS, SUPPOSES_THEM])), []);
    });
}

/// Rule: windows-in-practice, "What files and queries in the wild contain", vendor files
#[test]
fn wins_the_dialect_after_stored_declarations() {
    gaps::check("wins_the_dialect_after_stored_declarations", || {
        let world = World::new();
        assert_eq!(wrong(&compile_together(&world, &[DECLARATIONS])), []);
        assert_eq!(wrong(&compile_together(&world, &[SUPPOSES_THEM])), []);
    });
}

/// Rule: windows-in-practice, "What files and queries in the wild contain", unknown escapes
#[test]
fn wins_unknown_escapes_in_dmtfs_dialect() {
    gaps::check("wins_unknown_escapes_in_dmtfs_dialect", || {
        let world = World::new();
        let text = br#"#pragma autorecover
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);
class A { [Key] string K; };
instance of A { K = "C:\Config\q"; };"#;
        let report = compile_together(&world, &[text]);
        assert_eq!(wrong(&report), []);
        assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
        assert_eq!((report.warnings[0].line, report.warnings[0].column), (4, 24));
        assert_eq!(world.query("SELECT * FROM A").unwrap(), [r#"A{K="C:\\Config\\q"}"#]);
    });
}

/// Rule: G.9
#[test]
fn g9_invisible_characters_in_messages() {
    gaps::check("g9_invisible_characters_in_messages", || {
        let world = World::new();
        let report = compile_together(&world, &["\u{200b}class A { [key] string K; };".as_bytes()]);
        assert!(report.syntax[0].message.contains("U+200B"), "{:?}", report.syntax);
        let error = world.query("SELECT * FROM A\u{feff}").unwrap_err();
        assert!(error.message().contains("U+FEFF"), "{error:?}");
        let error = world.get("A.K=\u{200b}1").unwrap_err();
        assert!(error.message().contains("U+200B"), "{error:?}");
    });
}

/// Rule: G.9, J 15
#[test]
fn j15_storing_goes_on_after_a_failed_object() {
    gaps::check("j15_storing_goes_on_after_a_failed_object", || {
        let world = World::new();
        let text = br#"#pragma autorecover
class A { [key] string K; };
instance of Absent { K = "x"; };
instance of A { K = "a"; };
class B : Absent { };
instance of A { Nothing = 1; };
instance of A { K = "b"; };"#;
        let report = compile_together(&world, &[text]);
        let lines: Vec<usize> = report.storage.iter().map(|error| error.line).collect();
        assert_eq!(lines, [3, 5, 6]);
        assert_eq!((report.classes, report.instances), (1, 2));
        assert_eq!(world.query("SELECT * FROM A").unwrap(), ["A{K=\"a\"}", "A{K=\"b\"}"]);
    });
}

/// Rule: G.9
#[test]
fn g9_a_deletion_that_may_fail_ends_the_file_when_it_does() {
    let world = World::new();
    let text = br#"#pragma autorecover
class A { [key] string K; };
#pragma deleteclass("Absent", FAIL)
instance of A { K = "a"; };"#;
    assert_eq!(wrong(&compile_together(&world, &[text])), [WBEM_E_NOT_FOUND]);
    assert_eq!(world.query("SELECT * FROM A").unwrap(), Vec::<String>::new());
}
