//! The scripts of `suite/tests/data`: a test a file, of the same name.

use std::collections::BTreeSet;
use std::path::PathBuf;

use openwmi_suite::script::{self, Door, Place};

use crate::{fetched, rebuilt};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn run(name: &str) {
    let path = data().join(format!("{name}.test"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for (way, place, door) in WAYS {
        script::run(&format!("{name}.test, {way}"), &text, place, door);
    }
}

/// The ways in which each script is run: the same questions have the same answers by all of them.
const WAYS: [(&str, Place, &Door); 4] = [
    ("in memory", Place::Memory, &script::directly),
    ("on disk", Place::Disk, &script::directly),
    ("fetched", Place::Memory, &fetched::through),
    ("rebuilt", Place::Memory, &rebuilt::through),
];

macro_rules! scripts {
    ($($name:ident)*) => {
        const SCRIPTS: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*
    };
}

scripts! {
    b8_join_views
    b8_union_views
    b8_wrong_views
    e1_association_classes
    e2_associators_and_references
    e5_association_views
    f2_operations
    g01_parentheses_bind_before_and
    g02_strings_compare_without_case
    g03_booleans_are_equal_or_not
    g05_neither_arithmetic_nor_two_properties
    g06_the_constant_may_stand_first
    g07_like_sets
    g09_embedded_properties
    g10_constants_convert
    g10_schema_queries
    g11_class_restricts_to_the_exact_class
    g13_datetimes
    g14_intervals
    g15_key_order_and_short_form
    g17_what_cannot_be_a_key
    g18_keys_are_frozen
    g19_qualifiers_propagate_by_flavor
    g21_terminal_classes
    g22_no_rollback_once_storing_has_begun
    g26_localized_classes
    g27_puts_of_amended_classes
    g35_update_modes
    g37_names_without_case
    g3_system_properties
    g4_identity_of_instances
    g5_types_and_literals
    g6_documented_qualifiers
    g6_enforced_qualifiers
    g7_derivation
    g7_embedded_values_stay_with_their_names
    g9_aliases
    g9_language
    g9_pragmas
    wins_projected_objects
}

#[test]
fn no_script_is_forgotten() {
    let files = std::fs::read_dir(data()).expect("the scripts");
    let names = files.map(|file| file.expect("an entry").file_name().into_string().expect("text"));
    let found: BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(".test").map(str::to_owned)).collect();
    let listed: BTreeSet<String> = SCRIPTS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, listed, "files, and the tests that run them");
}
