//! IEnumWbemClassObject: what Next, Skip, Reset and Clone give (F.3, J 1, J 2).

use std::time::{Duration, Instant};

use cim::status::*;
use cim::{Value, WbemStatus};
use openwmi_suite::provider::Gate;
use wbem::{Enumerator, Fetched, Flags};

use super::*;

const NOW: Option<Duration> = Some(Duration::ZERO);
const SEMISYNCHRONOUS: Flags = Flags::RETURN_IMMEDIATELY.union(Flags::FORWARD_ONLY);

/// How many objects came, and the status.
fn next(enumerator: &mut Enumerator, count: usize) -> (usize, WbemStatus) {
    let Fetched { objects, status } = enumerator.next(None, count).unwrap();
    (objects.len(), status)
}

fn keys(fetched: &Fetched) -> Vec<u32> {
    let key = |object: &cim::Object| match object.get("K") {
        Ok(Value::UInt32(k)) => k,
        other => panic!("no key: {other:?}"),
    };
    fetched.objects.iter().map(key).collect()
}

#[test]
fn f3_the_end_comes_together_with_the_last_objects() {
    let (world, _) = world(5, 0, Conduct::Serve);
    for flags in [Flags::default(), Flags::FORWARD_ONLY, SEMISYNCHRONOUS] {
        let open = || client(&world).exec_query("WQL", "SELECT * FROM S", flags).unwrap();
        let mut all = open();
        assert_eq!(next(&mut all, 3), (3, WBEM_S_NO_ERROR));
        assert_eq!(next(&mut all, 3), (2, WBEM_S_FALSE), "one more than there are");
        assert_eq!(next(&mut all, 3), (0, WBEM_S_FALSE));
        let mut exact = open();
        assert_eq!(next(&mut exact, 5), (5, WBEM_S_NO_ERROR), "exactly what remains");
        assert_eq!(next(&mut exact, 1), (0, WBEM_S_FALSE));
        assert_eq!(next(&mut exact, 0), (0, WBEM_S_NO_ERROR), "nothing is asked for");
    }
    let none = client(&world).create_instance_enum("D", Flags::default());
    assert_eq!(next(&mut none.unwrap(), 1), (0, WBEM_S_FALSE), "an empty result is no error");
}

/// More at a time than an operation delivers ahead of its client.
#[test]
fn f3_a_fetch_of_very_many_comes_whole() {
    let (world, _) = world(0, 40_000, Conduct::Serve);
    for flags in [Flags::default(), SEMISYNCHRONOUS] {
        let mut found = client(&world).create_instance_enum("D", flags).unwrap();
        assert_eq!(next(&mut found, 39_999), (39_999, WBEM_S_NO_ERROR));
        assert_eq!(next(&mut found, 39_999), (1, WBEM_S_FALSE));
    }
}

#[test]
fn f3_skip_counts_as_next_does() {
    let (world, _) = world(5, 0, Conduct::Serve);
    for flags in [Flags::default(), SEMISYNCHRONOUS] {
        let mut found = client(&world).create_instance_enum("S", flags).unwrap();
        let all = client(&world).create_instance_enum("S", flags).unwrap().next(None, 5).unwrap();
        assert_eq!(found.skip(None, 3).unwrap(), WBEM_S_NO_ERROR);
        assert_eq!(keys(&found.next(None, 1).unwrap()), keys(&all)[3..4]);
        assert_eq!(found.skip(None, 1).unwrap(), WBEM_S_NO_ERROR, "exactly what remains");
        assert_eq!(found.skip(None, 1).unwrap(), WBEM_S_FALSE);
    }
}

/// Acceptance F16 among it.
#[test]
fn f16_only_who_may_come_back_can_be_reset_and_cloned() {
    let (world, _) = world(300, 0, Conduct::Serve);
    let mut found = client(&world).create_instance_enum("S", Flags::default()).unwrap();
    assert_eq!(next(&mut found, 290), (290, WBEM_S_NO_ERROR));
    let mut other = found.try_clone().unwrap();
    let ahead = keys(&other.next(None, 2).unwrap());
    assert_eq!(keys(&found.next(None, 2).unwrap()), ahead, "each has its own position");
    found.reset().unwrap();
    assert_eq!(next(&mut found, 1000), (300, WBEM_S_FALSE));
    drop(found);
    assert_eq!(next(&mut other, 1000), (8, WBEM_S_FALSE), "the other one goes on");
    let mut forward = client(&world).create_instance_enum("S", SEMISYNCHRONOUS).unwrap();
    assert_eq!(forward.reset().unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    assert_eq!(forward.try_clone().unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    assert_eq!(next(&mut forward, 1000), (300, WBEM_S_FALSE), "and goes on");
}

#[test]
fn f3_at_the_deadline_comes_what_has_come() {
    let gate = Gate::default();
    let (world, _) = world(0, 3, Conduct::EndAt(gate.clone()));
    let mut found = client(&world).create_instance_enum("D", SEMISYNCHRONOUS).unwrap();
    gate.wait_for(1);
    let fetched = found.next(NOW, 10).unwrap();
    assert_eq!((fetched.objects.len(), fetched.status), (3, WBEM_S_TIMEDOUT));
    let fetched = found.next(NOW, 10).unwrap();
    assert_eq!((fetched.objects.len(), fetched.status), (0, WBEM_S_TIMEDOUT), "and again");
    assert_eq!(found.skip(NOW, 1).unwrap(), WBEM_S_TIMEDOUT);
    gate.open();
    assert_eq!(next(&mut found, 10), (0, WBEM_S_FALSE));
}

/// windows-in-practice.md: with RETURN_IMMEDIATELY any text is taken; what is wrong with it comes
/// from the first Next. Acceptance F21.
#[test]
fn f21_errors_come_at_once_or_with_the_first_next() {
    let (world, _) = world(1, 0, Conduct::Serve);
    let long = format!("SELECT * FROM S WHERE K = {}", "1".repeat(16385));
    for (query, expected) in [
        ("42", WBEM_E_INVALID_QUERY),
        ("SELECT * FROM Absent", WBEM_E_INVALID_CLASS),
        ("SELECT Nothing FROM S", WBEM_E_INVALID_QUERY),
        (long.as_str(), WBEM_E_QUOTA_VIOLATION),
    ] {
        let at_once = client(&world).exec_query("WQL", query, Flags::default());
        assert_eq!(at_once.unwrap_err().status(), expected);
        let mut later = client(&world).exec_query("WQL", query, SEMISYNCHRONOUS).unwrap();
        for _ in 0..2 {
            assert_eq!(later.next(None, 1).unwrap_err().status(), expected, "{query:.40}");
        }
        assert_eq!(later.skip(None, 1).unwrap_err().status(), expected);
    }
    for flags in [Flags::default(), SEMISYNCHRONOUS] {
        for (language, query, expected) in [
            ("WQL", "", WBEM_E_INVALID_PARAMETER),
            ("", "SELECT * FROM S", WBEM_E_INVALID_PARAMETER),
            ("SQL", "SELECT * FROM S", WBEM_E_INVALID_QUERY_TYPE),
        ] {
            let refused = client(&world).exec_query(language, query, flags);
            assert_eq!(refused.unwrap_err().status(), expected, "{language} {query}");
        }
        let taken = client(&world).exec_query("wql", "SELECT * FROM S", flags);
        assert_eq!(next(&mut taken.unwrap(), 9).0, 1);
    }
}

#[test]
fn f3_objects_and_an_error_do_not_come_together() {
    let conduct = Conduct::End(Err(WBEM_E_FAILED.with("the test said so")));
    let (world, _) = world(0, 2, conduct);
    world.compile(
        "class Above { [key] uint32 K; }; class Stored : Above { };
         [dynamic, provider(\"P\")] class Provided : Above { };
         instance of Stored { K = 7; };",
    );
    let query = "SELECT * FROM Above";
    let mut found = client(&world).exec_query("WQL", query, SEMISYNCHRONOUS).unwrap();
    // Fewer than were asked for, and not the end: the next fetch says why.
    assert_eq!(next(&mut found, 5), (1, WBEM_S_NO_ERROR));
    assert_eq!(found.next(None, 5).unwrap_err().status(), WBEM_E_FAILED);
}

/// J 2: a success other than zero is returned once, and is no failure.
#[test]
fn j2_the_operations_own_success_is_returned_at_the_end() {
    let (world, _) = world(0, 2, Conduct::End(Ok(WBEM_S_ACCESS_DENIED)));
    let mut found = client(&world).create_instance_enum("D", Flags::default()).unwrap();
    assert_eq!(next(&mut found, 2), (2, WBEM_S_NO_ERROR));
    assert_eq!(next(&mut found, 2), (0, WBEM_S_ACCESS_DENIED));
    assert_eq!(next(&mut found, 2), (0, WBEM_S_FALSE));
}

/// What the provider has delivered when a client has fetched ten and does not go on.
#[test]
fn f3_who_stops_early_costs_two_batches() {
    let (world, log) = world(0, 2000, Conduct::Serve);
    let mut found = client(&world).create_instance_enum("D", SEMISYNCHRONOUS).unwrap();
    assert_eq!(next(&mut found, 10), (10, WBEM_S_NO_ERROR));
    drop(found);
    // The provider is held up until the client has gone, and learns it with its next instance.
    let stopped = stopped(&log);
    assert!((10..=256).contains(&stopped), "{stopped} instances for a client that took ten");
}

/// The instance at which the provider learns that the client has stopped. It must stop: the limit
/// only ends a failed test.
fn stopped(log: &Log) -> u32 {
    let limit = Instant::now() + Duration::from_secs(60);
    while Instant::now() < limit {
        let number = |line: &String| line.strip_prefix("stopped at instance ")?.parse().ok();
        if let Some(number) = log.take().iter().find_map(number) {
            return number;
        }
        std::thread::yield_now();
    }
    panic!("the provider continues without a client");
}

/// Also where none of what the provider has is delivered.
#[test]
fn f3_who_stops_ends_a_query_that_finds_nothing() {
    let gate = Gate::default();
    let (world, log) = world(0, 2000, Conduct::WaitAt(gate.clone()));
    let text = "SELECT * FROM D WHERE K > 5000";
    let found = client(&world).exec_query("WQL", text, SEMISYNCHRONOUS).unwrap();
    gate.wait_for(1);
    drop(found);
    gate.open();
    assert_eq!(stopped(&log), 1);
}
