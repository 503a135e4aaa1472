//! PutClass and DeleteClass where providers have classes: which provider gets them, and what they require
//! (behaviour.md A.5; acceptance H.A; ruling I-2; MS-WMI 3.1.4.3.6, 3.1.4.3.8).

use cim::status::*;
use cimom::ExistingObjects;
use openwmi_suite::World;
use openwmi_suite::class_provider::{TestClasses, declarations};
use openwmi_suite::world::compile_options;
use wbem::{CallContext, Flags, NativeProviders};

use super::classes::{list, register, world};
use super::{CLSID, status};

const PCLASS: &str = "class Pclass { [key] string K; };";

fn lists(more: &str) -> String {
    let named = r#"SELECT * FROM meta_class WHERE __Class = "Pclass" OR __Class = "New""#;
    list("ResultSetQueries", &[named]) + more
}

fn put(world: &World, mof: &str, flags: Flags, context: &CallContext) -> cim::Result<()> {
    let services = world.services();
    declarations(mof).iter().try_for_each(|class| services.put_class(class, flags, context))
}

fn delete(world: &World, name: &str) -> cim::Result<()> {
    world.services().delete_class(name, Flags::default(), world.administrator())
}

#[test]
fn a9_a_provided_class_is_deleted_by_its_provider() {
    let (world, log) = world(PCLASS, &lists("SupportsDelete = TRUE;"));
    delete(&world, "Pclass").unwrap();
    assert_eq!(log.take(), [r"initialize root\test", "get Pclass", "delete Pclass"]);
    assert_eq!(status(world.get("Pclass")), WBEM_E_NOT_FOUND);
    log.take();
    assert_eq!(status(delete(&world, "Pclass")), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), ["get Pclass"]);
}

#[test]
fn a9_without_the_flag_the_core_refuses() {
    let (world, log) = world(PCLASS, &lists(""));
    let administrator = world.administrator();
    assert_eq!(status(delete(&world, "Pclass")), WBEM_E_PROVIDER_NOT_CAPABLE);
    let changed = "class Pclass { [key] string K; string More; };";
    let refused = put(&world, changed, Flags::default(), administrator);
    assert_eq!(status(refused), WBEM_E_PROVIDER_NOT_CAPABLE);
    assert_eq!(log.take(), [r"initialize root\test", "get Pclass", "get Pclass"]);
}

#[test]
fn a_5_a_class_is_put_by_whose_it_is() {
    let (world, log) = world(PCLASS, &lists("SupportsPut = TRUE;"));
    let administrator = world.administrator();
    let changed = "class Pclass { [key] string K; string More; };";
    put(&world, changed, Flags::UPDATE_ONLY, administrator).unwrap();
    assert!(world.object("Pclass").unwrap().class().property("More").is_some());
    put(&world, "class New { };", Flags::CREATE_ONLY, administrator).unwrap();
    let mut asked = log.take();
    asked.retain(|line| line.starts_with("put"));
    assert_eq!(asked, ["put Pclass flags 0x1", "put New flags 0x2"]);
    let again = put(&world, "class New { };", Flags::CREATE_ONLY, administrator);
    assert_eq!(status(again), WBEM_E_ALREADY_EXISTS);
    // What no query covers is the repository's, as ever.
    log.take();
    put(&world, "class Mine { };", Flags::default(), administrator).unwrap();
    delete(&world, "Mine").unwrap();
    let missing = put(&world, "class Missing { };", Flags::UPDATE_ONLY, administrator);
    assert_eq!(status(missing), WBEM_E_NOT_FOUND);
    assert_eq!(log.take(), [""; 0]);
}

/// A new class that a query covers is stored where no provider takes puts.
#[test]
fn decisions_a_new_class_that_nobody_takes_is_stored() {
    let (world, log) = world(PCLASS, &lists(""));
    put(&world, "class New { };", Flags::default(), world.administrator()).unwrap();
    log.take();
    assert_eq!(world.get("New").unwrap(), "class New");
    delete(&world, "New").unwrap();
    assert_eq!(status(world.get("New")), WBEM_E_NOT_FOUND);
}

/// MOF says the same as PutClass and DeleteClass.
#[test]
fn a_5_mof_goes_the_same_way() {
    let (world, log) = world(PCLASS, &lists("SupportsPut = TRUE; SupportsDelete = TRUE;"));
    world.compile(
        "class Own { [key] string K; };
         class Pclass { [key] string K; uint32 More; };
         class Below : Pclass { uint32 B; };
         instance of Below { K = \"a\"; B = 1; };
         class Last : Own { };",
    );
    let mut asked = log.take();
    asked.retain(|line| line.starts_with("put"));
    assert_eq!(asked, ["put Pclass flags 0x0"]);
    assert_eq!(world.query("SELECT * FROM Pclass").unwrap(), [r#"Below{B=1, K="a", More=NULL}"#]);
    world.compile("#pragma deleteclass(\"Pclass\", fail)\n");
    let mut asked = log.take();
    asked.retain(|line| line.starts_with("delete"));
    assert_eq!(asked, ["delete Pclass"]);
    assert_eq!(status(world.get("Below")), WBEM_E_NOT_FOUND, "what is below it goes with it");
    assert_eq!(world.get("Last").unwrap(), "class Last : Own");
}

/// What is stored below a class goes with it, also where a provided one is between the two.
#[test]
fn a_5_deletion_reaches_what_is_stored_below_provided_classes() {
    const PROVIDED: &str = "class Low : Base { }; class P { [key] string K; }; class Q : P { };";
    const STORED: &str = "class S : Low { }; class T : S { }; instance of T { K = \"t\"; };
        class U : Q { }; instance of U { K = \"u\"; };";
    let all = list("ResultSetQueries", &["SELECT * FROM meta_class"]) + "SupportsDelete = TRUE;";
    let by_call: fn(&World, &str) = |world, name| delete(world, name).unwrap();
    let by_mof: fn(&World, &str) =
        |world, name| world.compile(&format!("#pragma deleteclass(\"{name}\", fail)\n"));
    for delete in [by_call, by_mof] {
        let (world, log) = world(PROVIDED, &all);
        world.compile(STORED);
        log.take();
        delete(&world, "Base");
        let mut asked = log.take();
        asked.retain(|line| line.starts_with("delete"));
        assert_eq!(asked, [""; 0], "what a provider has below a stored class stays its own");
        for gone in ["Base", "S", "T", "T.K='t'"] {
            assert_eq!(status(world.get(gone)), WBEM_E_NOT_FOUND, "{gone}");
        }
        assert_eq!(world.get("U.K='u'").unwrap(), r#"U{K="u"}"#);
        delete(&world, "P");
        assert_eq!(status(world.get("U")), WBEM_E_NOT_FOUND);
        assert_eq!(world.manager().repository().verify().unwrap().problems, [""; 0]);
    }
}

/// A registration holds from the next action of the same text on.
#[test]
fn a_2_registrations_hold_within_a_file() {
    let provided = "class Top { [key] string K; };";
    let mut providers = NativeProviders::default();
    providers.register(CLSID, TestClasses::new(provided).factory());
    let world = World::with_providers(providers);
    let top = list("ResultSetQueries", &[r#"SELECT * FROM meta_class WHERE __Class = "Top""#]);
    let registered = register("P", CLSID, &top);
    world.compile(&format!(
        "class Before {{ }};
         {registered}
         class Child : Top {{ uint32 C; }};
         instance of Child {{ K = \"a\"; C = 1; }};"
    ));
    assert_eq!(world.query("SELECT * FROM Top").unwrap(), [r#"Child{C=1, K="a"}"#]);
    // So does the end of one.
    let report = world.try_compile(
        r#"#pragma deleteinstance("__ClassProviderRegistration.provider=\"__Win32Provider.Name=\\\"P\\\"\"", fail)
           class Other : Top { };"#,
        Flags::default(),
    );
    assert_eq!(report.syntax.len(), 0, "{:?}", report.syntax);
    assert_eq!(report.storage.into_iter().next().unwrap().status, WBEM_E_NOT_FOUND);
    assert_eq!(world.query("SELECT * FROM __ClassProviderRegistration").unwrap(), [""; 0]);
}

/// What is compiled again after a salvage only adds what is missing, and a provider's class is none
/// of that.
#[test]
fn g13_recovery_leaves_the_classes_of_providers() {
    let (world, log) = world(PCLASS, &lists("SupportsPut = TRUE; SupportsDelete = TRUE;"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("listed.mof");
    let text = "#pragma autorecover\n#pragma namespace(\"\\\\\\\\.\\\\root\\\\test\")
        class Pclass { [key] string K; uint32 More; };\n#pragma deleteclass(\"New\", nofail)\n";
    std::fs::write(&file, text).unwrap();
    let options = compile_options(Flags::default());
    let report = world.compile_files(&[file], &options).unwrap();
    assert!(report.is_complete(), "{report:?}");
    let administrator = world.administrator();
    put(&world, PCLASS, Flags::default(), administrator).unwrap();
    put(&world, "class New { };", Flags::default(), administrator).unwrap();
    log.take();
    for (existing, expected) in [
        (ExistingObjects::Keep, &[][..]),
        (ExistingObjects::Overwrite, &["put Pclass flags 0x0", "delete New"]),
    ] {
        let recovered = world.manager().recover(existing, administrator).unwrap();
        assert!(recovered.iter().all(cimom::Recovered::is_done), "{recovered:?}");
        let mut asked = log.take();
        asked.retain(|line| line.starts_with("put") || line.starts_with("delete"));
        assert_eq!(asked, expected, "{existing:?}");
    }
}
