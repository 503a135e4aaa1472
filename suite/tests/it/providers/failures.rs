//! How a result ends: with the provider's status, with its failure, or because the client has
//! enough.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use cim::status::*;
use openwmi_suite::provider::TestProvider;
use wbem::{Flags, Pushdown, Sink};

use super::*;

#[test]
fn a_provider_that_panics_fails_its_call_and_no_other() {
    let (world, _) = world(three().conduct(Conduct::Panic));
    all_fail_with(&world, WBEM_E_PROVIDER_FAILURE);
    world.compile("class Test_Stored { [key] uint32 K; };\ninstance of Test_Stored { K = 1; };");
    assert_eq!(world.query("SELECT * FROM Test_Stored").unwrap(), ["Test_Stored{K=1}"]);
}

#[test]
fn a_provider_that_lets_go_of_its_sink_has_failed() {
    let (world, _) = world(three().conduct(Conduct::DropSink));
    let (objects, outcome) = deliver(&world, "SELECT K FROM D");
    assert_eq!(objects, [r#"D{K="a"}"#, r#"D{K="b"}"#, r#"D{K="c"}"#]);
    assert_eq!(outcome, Err(WBEM_E_PROVIDER_FAILURE));
}

#[test]
fn a_provider_that_delivers_what_was_not_asked_for_has_failed() {
    let (world, _) = world(three().conduct(Conduct::OtherClass));
    let reads = outcomes(&world).into_iter().filter(|(name, _)| !["put", "delete"].contains(name));
    assert!(reads.map(|(_, outcome)| outcome).eq([WBEM_E_PROVIDER_FAILURE; 3]));
}

#[test]
fn statuses_of_the_provider_are_the_clients() {
    for success in [WBEM_S_PARTIAL_RESULTS, WBEM_S_ACCESS_DENIED, WBEM_S_FALSE] {
        let (world, _) = world(three().conduct(Conduct::End(Ok(success))));
        let (objects, outcome) = deliver(&world, "SELECT K FROM D");
        assert_eq!((objects.len(), outcome), (3, Ok(success)));
    }
    for failure in [WBEM_E_ACCESS_DENIED, WBEM_E_FAILED, WBEM_E_TIMED_OUT, WBEM_E_NOT_FOUND] {
        let conduct = Conduct::End(Err(failure.with("the test said so")));
        let (world, _) = world(three().conduct(conduct));
        all_fail_with(&world, failure);
    }
}

#[test]
fn a_provider_may_answer_from_another_thread() {
    let (world, _) = world(three().conduct(Conduct::OtherThread));
    assert_eq!(world.query("SELECT K FROM D WHERE V > 4").unwrap().len(), 2);
}

#[test]
fn a_client_that_has_enough_stops_the_provider() {
    let many = (0..1000).map(|i| values(&format!("{i:04}"), i, "")).collect();
    let (world, log) = world(TestProvider::new(many));
    let services = world.services();
    let run = |sink: Sink| {
        services.exec_query("WQL", "SELECT K FROM D", Flags::default(), world.administrator(), sink)
    };
    let taken = Arc::new(Mutex::new(0));
    let count = taken.clone();
    let status = wbem::for_each(run, move |batch| {
        *count.lock().unwrap() += batch.len();
        ControlFlow::Break(())
    });
    assert_eq!(status, Ok(WBEM_S_NO_ERROR));
    assert_eq!(*taken.lock().unwrap(), 1, "the provider delivers one by one");
    assert_eq!(log.take().last().map(String::as_str), Some("stopped at instance 1"));
}

/// B5, as far as it concerns native providers: filtering that is switched on and off midway.
#[test]
fn b5_a_provider_switches_the_filter_on_and_off() {
    let provider = three().says("V", Pushdown::Exact).conduct(Conduct::FilterFirstTwo);
    let (world, _) = world(provider);
    // All three fail; the first two while the core filters.
    let found = world.query("SELECT K FROM D WHERE V > 100").unwrap();
    assert_eq!(found, [r#"D{K="c"}"#]);
}

#[test]
fn decisions_one_source_that_fails_fails_the_query() {
    let (world, _) = world(three());
    world.compile(FAMILY);
    world.compile("[dynamic, provider(\"Absent\")] class Test_Unbound : Test_Base { };");
    let error = world.query("SELECT * FROM Test_Base").unwrap_err();
    assert_eq!(error.status(), WBEM_E_PROVIDER_NOT_FOUND);
    assert!(error.message().contains("Absent"), "{error}");
    let shallow =
        world.collect(|s, c, sink| s.create_instance_enum("Test_Base", Flags::SHALLOW, c, sink));
    assert_eq!(shallow.unwrap().len(), 1, "who is not asked cannot fail");
}

#[test]
fn decisions_what_came_before_a_failure_is_delivered() {
    let conduct = Conduct::End(Err(WBEM_E_FAILED.with("the test said so")));
    let (world, _) = world(three().conduct(conduct));
    world.compile(FAMILY);
    let (objects, outcome) = deliver(&world, "SELECT K FROM Test_Base");
    assert_eq!(outcome, Err(WBEM_E_FAILED));
    assert!(objects.contains(&r#"Test_Base{K="base"}"#.to_owned()), "{objects:?}");
}
