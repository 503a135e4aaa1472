//! What a provider is asked for a query, a get and a write, as it says of the predicates.

use cim::Value;
use cim::status::*;
use openwmi_suite::World;
use openwmi_suite::provider::TestProvider;
use wbem::{Flags, NativeProviders, Pushdown};

use super::*;

#[test]
fn a_key_that_is_declared_exact_leads_to_exactly_one_get() {
    let (world, log) = world(three().says("K", Pushdown::Exact));
    let b = r#"D{K="b", S="y", V=5}"#;
    for (query, found, asked) in [
        (r#"SELECT * FROM D WHERE K = "b""#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE "b" = K"#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE K = "b" AND V = 5"#, vec![b], r#"get D K="b" wanted all"#),
        (r#"SELECT * FROM D WHERE V = 6 AND K = "b""#, vec![], r#"get D K="b" wanted all"#),
        (
            r#"SELECT * FROM D WHERE (K = "b") AND (V = 1 OR V = 5)"#,
            vec![b],
            r#"get D K="b" wanted all"#,
        ),
        (r#"SELECT * FROM D WHERE K = "absent""#, vec![], r#"get D K="absent" wanted all"#),
        (r#"SELECT V FROM D WHERE K = "b""#, vec!["D{V=5}"], r#"get D K="b" wanted K,V"#),
    ] {
        assert_eq!(ask(&world, &log, query), (owned(&found), owned(&[asked])), "{query}");
    }
}

#[test]
fn a_key_that_is_not_leads_to_an_enumeration() {
    for pushdown in [Pushdown::Inexact, Pushdown::Unsupported] {
        let (world, log) = world(three().says("K", pushdown));
        let narrowed = if pushdown == Pushdown::Inexact { r#" where K = "b""# } else { "" };
        let (found, asked) = ask(&world, &log, r#"SELECT * FROM D WHERE K = "b""#);
        assert_eq!(found, [r#"D{K="b", S="y", V=5}"#]);
        assert_eq!(asked, [format!("enumerate D{narrowed} wanted all")]);
    }
}

#[test]
fn a_key_that_does_not_fix_one_instance_leads_to_an_enumeration() {
    let (world, log) = world(three().says("K", Pushdown::Exact));
    for (query, found, asked) in [
        (r#"SELECT K FROM D WHERE K = "b" OR V = 1"#, 2, "enumerate D wanted K,V"),
        (r#"SELECT K FROM D WHERE NOT K = "b""#, 2, "enumerate D wanted K"),
        ("SELECT K FROM D", 3, "enumerate D wanted K"),
    ] {
        let (rows, log) = ask(&world, &log, query);
        assert_eq!((rows.len(), log), (found, owned(&[asked])), "{query}");
    }
    // An order over a key is a predicate like any other.
    let (_, asked) = ask(&world, &log, r#"SELECT K FROM D WHERE K > "b""#);
    assert_eq!(asked, [r#"enumerate D where K > "b" wanted K"#]);
}

#[test]
fn a_provider_that_is_not_registered_for_get_is_enumerated() {
    let provider = three().says("K", Pushdown::Exact);
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(
        &registration("P", CLSID, &[INSTANCES])
            .replace("SupportsGet = TRUE", "SupportsGet = FALSE"),
    );
    world.compile(CLASS);
    let (_, asked) = ask(&world, &log, r#"SELECT * FROM D WHERE K = "b""#);
    assert_eq!(asked, [r#"enumerate D where K = "b" wanted all"#]);
    assert_eq!(status(world.get(r#"D.K="b""#)), WBEM_E_PROVIDER_NOT_CAPABLE);
}

/// Mistake J6: what a provider says it answers exactly is not looked at again. This one lies.
#[test]
fn exact_is_not_filtered_again() {
    let (world, log) = world(three().says("V", Pushdown::Exact));
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE V > 100");
    assert_eq!(found, [r#"D{K="a"}"#, r#"D{K="b"}"#, r#"D{K="c"}"#]);
    assert_eq!(asked, ["enumerate D where V > 100 wanted K,V"]);
}

#[test]
fn inexact_is_pushed_down_and_filtered_again() {
    let (world, log) = world(three().says("V", Pushdown::Inexact));
    let (found, asked) = ask(&world, &log, "SELECT * FROM D WHERE V > 4");
    assert_eq!(found, [r#"D{K="b", S="y", V=5}"#, r#"D{K="c", S="x", V=9}"#]);
    assert_eq!(asked, ["enumerate D where V > 4 wanted all"]);
}

#[test]
fn unsupported_is_filtered_only() {
    let (world, log) = world(three());
    let (found, asked) = ask(&world, &log, "SELECT * FROM D WHERE V > 4");
    assert_eq!(found, [r#"D{K="b", S="y", V=5}"#, r#"D{K="c", S="x", V=9}"#]);
    assert_eq!(asked, ["enumerate D wanted all"]);
}

#[test]
fn each_predicate_is_treated_as_the_provider_says_of_it() {
    let provider = three().says("V", Pushdown::Exact).says("S", Pushdown::Inexact);
    let (world, log) = world(provider);
    let query = r#"SELECT K FROM D WHERE V > 100 AND S = "X" AND K <> "a""#;
    let (found, asked) = ask(&world, &log, query);
    assert_eq!(found, [r#"D{K="c"}"#]);
    assert_eq!(asked, [r#"enumerate D where V > 100 and S = "X" wanted K,S,V"#]);
}

#[test]
fn what_is_no_single_comparison_stays_with_the_core() {
    let provider = three().says("V", Pushdown::Exact).says("S", Pushdown::Exact);
    let (world, log) = world(provider);
    for (query, found) in [
        (r#"SELECT K FROM D WHERE V = 1 OR S = "y""#, vec![r#"D{K="a"}"#, r#"D{K="b"}"#]),
        ("SELECT K FROM D WHERE NOT V = 1", vec![r#"D{K="b"}"#, r#"D{K="c"}"#]),
        ("SELECT K FROM D WHERE V IS NULL", vec![]),
        (r#"SELECT K FROM D WHERE __CLASS = "D" AND NOT V > 4"#, vec![r#"D{K="a"}"#]),
    ] {
        let (rows, asked) = ask(&world, &log, query);
        assert_eq!(rows, found, "{query}");
        assert_eq!(asked.len(), 1, "{query}");
        assert!(!asked[0].contains(" where "), "{query}: {}", asked[0]);
    }
}

#[test]
fn constants_reach_the_provider_in_the_type_of_the_property() {
    let provider = three().says("V", Pushdown::Inexact).says("S", Pushdown::Inexact);
    let (world, log) = world(provider);
    for (condition, pushed) in [
        (r#"V = "5""#, "V = 5"),
        ("5 >= V", "V <= 5"),
        ("V != 5", "V <> 5"),
        ("S = 5", r#"S = "5""#),
        (r#"S LIKE "x%""#, r#"S LIKE "x%""#),
        // Without wildcards it is equality.
        (r#"S LIKE "x""#, r#"S = "x""#),
    ] {
        let (_, asked) = ask(&world, &log, &format!("SELECT K FROM D WHERE {condition}"));
        assert!(asked[0].contains(&format!(" where {pushed} wanted")), "{condition}: {asked:?}");
    }
}

#[test]
fn the_projection_reaches_the_provider() {
    let (world, log) = world(three());
    for (query, wanted) in [
        ("SELECT * FROM D", "all"),
        ("SELECT V FROM D", "V"),
        ("SELECT v, k FROM D", "K,V"),
        ("SELECT V FROM D WHERE S = \"x\"", "S,V"),
        ("SELECT V FROM D WHERE __CLASS = \"D\"", "V"),
    ] {
        let (_, asked) = ask(&world, &log, query);
        assert_eq!(asked, [format!("enumerate D wanted {wanted}")], "{query}");
    }
    log.take();
    world.query_with("SELECT V FROM D", Flags::ENSURE_LOCATABLE).unwrap();
    assert_eq!(log.take(), ["enumerate D wanted K,V"]);
    log.take();
    world.query_with("SELECT V FROM D", Flags::PROTOTYPE).unwrap();
    assert_eq!(log.take(), Vec::<String>::new(), "a prototype has no data");
}

#[test]
fn a_class_that_cannot_match_is_not_asked() {
    let (world, log) = world(three());
    world.compile("[dynamic, provider(\"P\")] class E : D { };");
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE __CLASS = \"E\"");
    assert_eq!((found.len(), asked), (3, owned(&["enumerate E wanted K"])));
    let (found, asked) = ask(&world, &log, "SELECT K FROM D WHERE __CLASS = \"Absent\"");
    assert_eq!((found.len(), asked), (0, vec![]));
}

#[test]
fn b2_get_put_and_delete_reach_the_provider() {
    let (world, log) = world(three());
    let services = world.services();
    let context = world.administrator();
    assert_eq!(world.get(r#"d.k='b'"#).unwrap(), r#"D{K="b", S="y", V=5}"#);
    assert_eq!(status(world.get(r#"D.K="absent""#)), WBEM_E_NOT_FOUND);
    let new = world.instance("D", &[("K", "new".into()), ("V", Value::UInt32(2))]);
    let path = services.put_instance(&new, Flags::CREATE_ONLY, context).unwrap();
    assert_eq!(path.to_string(), r#"D.K="new""#);
    services.delete_instance(r#"D="b""#, Flags::default(), context).unwrap();
    let expected = [
        r"initialize root\test",
        r#"get D K="b" wanted all"#,
        r#"get D K="absent" wanted all"#,
        r#"put D{K="new", S=NULL, V=2} flags 0x2"#,
        r#"delete D K="b""#,
    ];
    assert_eq!(log.take(), expected);
    // Nothing of it is stored: another program, without the provider, finds nothing.
    drop(services);
    let world = world.reopen(NativeProviders::default());
    assert_eq!(status(world.get(r#"D.K="new""#)), WBEM_E_PROVIDER_LOAD_FAILURE);
}

#[test]
fn b4_a_null_string_key_is_a_guid_before_the_provider_sees_it() {
    let (world, log) = world(three());
    let services = world.services();
    let nameless = world.instance("D", &[("V", Value::UInt32(2))]);
    log.take();
    services.put_instance(&nameless, Flags::default(), world.administrator()).unwrap();
    let put = r#"put D{K="{00000000-0000-4000-8000-000000000001}", S=NULL, V=2} flags 0x0"#;
    assert_eq!(log.take().last().map(String::as_str), Some(put));
}

#[test]
fn g3_provided_instances_have_the_system_properties_of_any() {
    let (world, _) = world(three());
    let object = world.object(r#"D.K="b""#).unwrap();
    let system = openwmi_suite::text::system(&object);
    let expected = r#"__GENUS=2, __CLASS="D", __SUPERCLASS=NULL, __DYNASTY="D", __RELPATH="D.K=\"b\"", __PROPERTY_COUNT=3, __DERIVATION={}, __SERVER="HOST", __NAMESPACE="root\\test", __PATH="\\\\HOST\\root\\test:D.K=\"b\"""#;
    assert_eq!(system, expected);
}

#[test]
fn compound_keys_and_other_types_reach_the_provider_in_order() {
    let provider = TestProvider::new(vec![vec![
        ("Zone", Value::string("z")),
        ("Id", Value::UInt64(u64::MAX)),
        ("On", Value::Boolean(true)),
    ]]);
    let provider =
        ["Zone", "Id", "On"].into_iter().fold(provider, |p, key| p.says(key, Pushdown::Exact));
    let (world, log) = world(provider);
    world.compile(
        r#"[dynamic, provider("P")] class Test_Keys
           { [key] string Zone; [key] uint64 Id; [key] boolean On; };"#,
    );
    let path = r#"Test_Keys.Zone="z",On=true,Id="18446744073709551615""#;
    log.take();
    assert!(world.get(path).is_ok());
    let query = "SELECT * FROM Test_Keys WHERE On = 1 AND Zone = 'z' AND Id = 18446744073709551615";
    assert_eq!(world.query(query).unwrap().len(), 1);
    let asked = r#"get Test_Keys Id=18446744073709551615,On=TRUE,Zone="z" wanted all"#;
    assert_eq!(log.take(), [r"initialize root\test", asked, asked]);
    // Two of three keys fix nothing.
    let (_, asked) = ask(&world, &log, "SELECT On FROM Test_Keys WHERE On = 1 AND Zone = 'z'");
    assert_eq!(asked, [r#"enumerate Test_Keys where On = TRUE and Zone = "z" wanted On,Zone"#]);
}

#[test]
fn a_provided_singleton() {
    let provider = TestProvider::new(vec![vec![("V", Value::UInt32(3))]]);
    let (world, log) = world(provider);
    world.compile(r#"[dynamic, provider("P"), singleton] class Test_One { uint32 V; string S; };"#);
    log.take();
    assert_eq!(world.get("Test_One=@").unwrap(), "Test_One{S=NULL, V=3}");
    assert_eq!(world.query("SELECT * FROM Test_One").unwrap(), ["Test_One{S=NULL, V=3}"]);
    let asked = ["get Test_One  wanted all", "enumerate Test_One wanted all"];
    assert_eq!(log.take()[1..], asked);
}

#[test]
fn the_compiler_puts_instances_of_dynamic_classes_to_their_provider() {
    let (world, log) = world(three());
    world.compile(
        r#"class Test_Stored { [key] string K; };
           instance of Test_Stored { K = "before"; };
           instance of D { K = "new"; V = 3; };
           instance of Test_Stored { K = "after"; };"#,
    );
    let asked = log.take();
    assert_eq!(asked[1..], [r#"put D{K="new", S=NULL, V=3} flags 0x0"#]);
    assert_eq!(world.query("SELECT * FROM Test_Stored").unwrap().len(), 2);
}
