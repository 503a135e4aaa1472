//! PutClass and DeleteClass where providers have classes: to whom they go, and what they take
//! (behaviour.md A.5; acceptance H.A; ruling I-2; MS-WMI 3.1.4.3.6, 3.1.4.3.8).

use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::class_provider::declarations;
use wbem::{CallContext, Flags};

use super::classes::{list, world};
use super::status;

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
