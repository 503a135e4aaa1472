//! Walks over associations and to endpoints that providers have: as they come, to the end that a
//! source says, with nothing of the repository held.

use openwmi_suite::provider::Gate;

use super::*;

/// Associations from S to D: stored, stored with a reference that is the class's own, provided.
const LINKS: &str = r#"
    class S { [key] string K; };
    instance of S { K = "s"; };
    instance of S { K = "other"; };
    [association] class Test_Stored { [key] S ref A; [key] D ref B; };
    instance of Test_Stored { A = "S='s'"; B = "D='b'"; };
    [association] class Test_Default { [key] uint32 Id; S ref A = "S='s'"; D ref B; };
    instance of Test_Default { Id = 1; B = "D='b'"; };
    [association, dynamic, provider("Q")] class Test_Provided { [key] S ref A; [key] D ref B; };"#;

fn link(a: &str, b: &str) -> Values {
    vec![("A", Value::string(format!("S='{a}'"))), ("B", Value::string(format!("D='{b}'")))]
}

/// Three associations with `s`, the second with another.
fn links() -> TestProvider {
    TestProvider::new(vec![link("s", "a"), link("other", "b"), link("s", "c"), link("s", "b")])
}

/// A world in which P has the endpoints and Q associations.
fn linked(endpoints: TestProvider, associations: TestProvider) -> (World, Log) {
    let log = associations.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, endpoints.factory());
    providers.register(OTHER, associations.factory());
    let world = World::with_small_map(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(&registration("Q", OTHER, &[INSTANCES]));
    world.compile(CLASS);
    world.compile(LINKS);
    (world, log)
}

const PROVIDED: [&str; 2] = [
    "ASSOCIATORS OF {S='s'} WHERE AssocClass = Test_Provided",
    "REFERENCES OF {S='s'} WHERE ResultClass = Test_Provided",
];

fn start(world: &World, query: &str) -> wbem::Enumerator {
    let flags = Flags::RETURN_IMMEDIATELY | Flags::FORWARD_ONLY;
    let client = world.client(world.administrator());
    client.exec_query("WQL", query, flags).unwrap()
}

#[test]
fn nothing_of_the_repository_is_held_while_an_endpoint_hangs() {
    for class in ["Test_Stored", "Test_Default", "Test_Provided"] {
        let gate = Gate::default();
        let endpoints = three().conduct(Conduct::WaitAt(gate.clone()));
        let (world, _) = linked(endpoints, TestProvider::new(vec![link("s", "b")]));
        let query = format!("ASSOCIATORS OF {{S='s'}} WHERE AssocClass = {class}");
        let mut found = start(&world, &query);
        gate.wait_for(1);
        world.outgrow_its_map();
        gate.open();
        assert_eq!(found.next(None, 5).unwrap().objects.len(), 1, "{class}");
    }
}

/// The walk's own snapshot is released, too, while the provider of another namespace is asked.
#[test]
fn nothing_of_the_repository_is_held_while_an_endpoint_of_another_namespace_hangs() {
    let gate = Gate::default();
    let endpoints = three().conduct(Conduct::WaitAt(gate.clone()));
    let (world, _) = linked(endpoints, links());
    world.create_namespace(r"root\far");
    let far = |mof: &str| world.compile(&format!("#pragma namespace(\"root\\\\far\")\n{mof}"));
    far(&registration("P", CLSID, &[INSTANCES]));
    far(CLASS);
    world.compile(
        r#"[association] class Test_Far { [key] S ref A; [key] object ref B; };
           instance of Test_Far { A = "S='s'"; B = "root\\far:D='b'"; };"#,
    );
    let query = "ASSOCIATORS OF {S='s'} WHERE AssocClass = Test_Far";
    let mut found = start(&world, query);
    gate.wait_for(1);
    world.outgrow_its_map();
    gate.open();
    assert_eq!(found.next(None, 5).unwrap().objects.len(), 1);
}

#[test]
fn provided_associations_are_walked_as_they_come() {
    for query in PROVIDED {
        let gate = Gate::default();
        let (world, _) = linked(three(), links().conduct(Conduct::EndAt(gate.clone())));
        let mut found = start(&world, query);
        assert_eq!(found.next(None, 3).unwrap().objects.len(), 3, "{query}");
        gate.open();
        let fetched = found.next(None, 1).unwrap();
        assert_eq!((fetched.objects.len(), fetched.status), (0, WBEM_S_FALSE), "{query}");
    }
}

#[test]
fn a_client_that_wants_no_more_stops_the_provider_of_associations() {
    for query in PROVIDED {
        let (world, log) = linked(three(), links());
        let services = world.services();
        let run = |sink: Sink| {
            services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
        };
        assert_eq!(wbem::for_each(run, |_| ControlFlow::Break(())), wbem::COMPLETE);
        assert!(log.take().contains(&"stopped at instance 1".to_owned()), "{query}");
    }
}

/// decisions.md: the first success code other than zero is the query's.
#[test]
fn a_walk_ends_with_what_a_source_of_associations_says() {
    for end in [WBEM_S_PARTIAL_RESULTS, WBEM_S_ACCESS_DENIED] {
        for query in PROVIDED.into_iter().chain(["ASSOCIATORS OF {S='s'}"]) {
            let (world, _) = linked(three(), links().conduct(Conduct::End(Ok(end))));
            let services = world.services();
            let run = |sink: Sink| {
                services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
            };
            let count = Arc::new(Mutex::new(0));
            let counted = count.clone();
            let completion = wbem::for_each(run, move |batch| {
                *counted.lock().unwrap() += batch.len();
                ControlFlow::Continue(())
            });
            assert_eq!(completion, Ok(end), "{query}");
            assert!(*count.lock().unwrap() >= 3, "{query}");
        }
    }
}

/// What does not fit into one batch is read on from the last of it.
#[test]
fn however_many_associations_are_stored_each_is_walked_once() {
    let (world, _) = linked(three(), links());
    let more =
        (0..300).map(|n| format!("instance of Test_Default {{ Id = 2{n:03}; B = \"D='a'\"; }};"));
    let more = more.chain((0..299).map(|n| {
        format!("instance of S {{ K = \"{n}\"; }}; instance of Test_Stored {{ A = \"S='{n}'\"; B = \"D='c'\"; }};")
    }));
    world.compile(&more.collect::<String>());
    let count = |query: &str| {
        let mut found = world.query(query).unwrap();
        found.dedup();
        found.len()
    };
    assert_eq!(count("REFERENCES OF {S='s'} WHERE ResultClass = Test_Default"), 301);
    assert_eq!(count("REFERENCES OF {D='c'} WHERE ResultClass = Test_Stored"), 299);
    assert_eq!(count("ASSOCIATORS OF {D='c'} WHERE AssocClass = Test_Stored"), 299);
}

/// The source is what it really is (E.2), and a provider may refer to it as one of a class above.
#[test]
fn e2_a_provided_reference_names_a_class_above_that_of_the_source() {
    for (spelled, levels) in
        [("Test_A='x'", "NULL"), ("Test_B='x'", "NULL"), ("Test_A='x'", r#"{"WQL:UnarySelect"}"#)]
    {
        let to = |b: &str| vec![("A", Value::string(b)), ("B", Value::string("S='s'"))];
        let links = TestProvider::new(vec![to(spelled), to("Test_A='other'")]);
        let (world, log) = linked(three(), links.says("A", wbem::Pushdown::Inexact));
        world.compile(
            r#"class Test_A { [key] string K; };
               class Test_B : Test_A { };
               instance of Test_B { K = "x"; };
               [association, dynamic, provider("Q")] class Test_L
               { [key] Test_A ref A; [key] S ref B; };"#,
        );
        world.compile(
            &registration("Q", OTHER, &[INSTANCES])
                .replace("SupportsGet", &format!("QuerySupportLevels = {levels}; SupportsGet")),
        );
        for source in ["Test_A='x'", "Test_B='x'"] {
            let query = format!("ASSOCIATORS OF {{{source}}} WHERE AssocClass = Test_L");
            assert_eq!(world.query(&query).unwrap(), [r#"S{K="s"}"#], "{spelled} {levels}");
            let asked = log.take().pop().unwrap();
            assert!(asked.contains(r#"A = "#) && asked.contains("Test_B.K="), "{asked}");
        }
    }
}

/// What holds of any instance holds of associations: one that the providers of classes above each
/// other have is one, of the lowest class (behaviour.md B.4), and leads somewhere once (E.2).
#[test]
fn e2_an_association_of_several_classes_comes_once_as_the_lowest() {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let upper = vec![link("s", "a"), link("s", "b")];
    providers.register(CLSID, TestProvider::new(upper).logging_as("P", &log).factory());
    let lower = TestProvider::new(vec![link("s", "b")]).logging_as("Q", &log);
    providers.register(OTHER, lower.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(&registration("Q", OTHER, &[INSTANCES]));
    world.compile(
        r#"class S { [key] string K; };
           class D { [key] string K; };
           instance of S { K = "s"; };
           instance of D { K = "a"; };
           instance of D { K = "b"; };
           [association, dynamic, provider("P")] class Test_A { [key] S ref A; [key] D ref B; };
           [association, dynamic, provider("Q")] class Test_B : Test_A { };"#,
    );
    let both = [r#"D{K="a"}"#, r#"D{K="b"}"#];
    assert_eq!(world.query("ASSOCIATORS OF {S='s'}").unwrap(), both);
    let expected =
        [r#"Test_A{A=ref "S='s'", B=ref "D='a'"}"#, r#"Test_B{A=ref "S='s'", B=ref "D='b'"}"#];
    assert_eq!(world.query("REFERENCES OF {S='s'}").unwrap(), expected);
    assert_eq!(world.query("REFERENCES OF {D='b'}").unwrap(), expected[1..]);
    log.take();
    world.query("REFERENCES OF {S='s'}").unwrap();
    assert_eq!(log.take(), ["Q enumerate Test_B wanted all", "P enumerate Test_A wanted all"]);
}
