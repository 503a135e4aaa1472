//! IEnumWbemClassObject::NextAsync: what a sink hears, in which order, and what is left for the
//! enumerator (F.3, I-25).

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use cim::status::*;
use cim::{Object, ObjectPath};
use openwmi_suite::provider::Gate;
use openwmi_suite::text;
use wbem::{Completion, Enumerator, Flags, ResponseSink};

use super::asynchronous::sink;
use super::*;

const SEMISYNCHRONOUS: Flags = Flags::RETURN_IMMEDIATELY.union(Flags::FORWARD_ONLY);

/// What the next objects are, as a client that waits for them gets them.
fn next(objects: &mut Enumerator, count: usize) -> Vec<String> {
    objects.next(None, count).unwrap().objects.iter().map(text::object).collect()
}

#[test]
fn f3_next_async_gives_what_was_asked_for_in_order_and_one_status_each() {
    let (world, _) = world(5, 0, Conduct::Serve);
    let client = client(&world);
    for flags in [Flags::default(), SEMISYNCHRONOUS] {
        let (hearing, sink) = sink();
        let mut found = client.create_instance_enum("S", flags).unwrap();
        for _ in 0..3 {
            assert_eq!(client.next_async(&mut found, 2, &sink).unwrap(), WBEM_S_NO_ERROR);
        }
        let expected = [
            ["S{K=0}", "S{K=1}", "end WBEM_S_NO_ERROR"],
            ["S{K=2}", "S{K=3}", "end WBEM_S_NO_ERROR"],
        ];
        assert_eq!(hearing.after(3)[..6], expected.concat());
        assert_eq!(hearing.after(3)[6..], ["S{K=4}", "end WBEM_S_FALSE"]);
    }
}

/// I-25: a request for no objects, or at the end, is answered by the call; the sink is not called.
#[test]
fn f3_next_async_with_nothing_left_does_not_touch_the_sink() {
    let (world, _) = world(2, 0, Conduct::Serve);
    let client = client(&world);
    let (hearing, sink) = sink();
    let mut found = client.create_instance_enum("S", Flags::default()).unwrap();
    assert_eq!(client.next_async(&mut found, 0, &sink).unwrap(), WBEM_S_FALSE);
    assert_eq!(next(&mut found, 3).len(), 2);
    assert_eq!(client.next_async(&mut found, 1, &sink).unwrap(), WBEM_S_FALSE);
    found.reset().unwrap();
    assert_eq!(client.next_async(&mut found, 2, &sink).unwrap(), WBEM_S_NO_ERROR);
    assert_eq!(hearing.after(1), ["S{K=0}", "S{K=1}", "end WBEM_S_NO_ERROR"]);
}

#[test]
fn f3_reset_does_not_disturb_what_was_requested() {
    let gate = Gate::default();
    let (world, _) = world(0, 3, Conduct::WaitAt(gate.clone()));
    let client = client(&world);
    let (hearing, sink) = sink();
    let mut found = client.create_instance_enum("D", Flags::RETURN_IMMEDIATELY).unwrap();
    assert_eq!(client.next_async(&mut found, 2, &sink).unwrap(), WBEM_S_NO_ERROR);
    let mut other = found.try_clone().unwrap();
    found.reset().unwrap();
    assert_eq!(client.next_async(&mut found, 1, &sink).unwrap(), WBEM_S_NO_ERROR);
    gate.open();
    let expected = ["D{K=0}", "D{K=1}", "end WBEM_S_NO_ERROR", "D{K=0}", "end WBEM_S_NO_ERROR"];
    assert_eq!(hearing.after(2), expected);
    assert_eq!(next(&mut found, 1), ["D{K=1}"], "from the first object, past what was asked for");
    assert_eq!(next(&mut other, 1), ["D{K=2}"], "a clone stands where its original stood");
}

/// A slow sink delays only itself: further objects can be fetched meanwhile, even by the sink.
#[test]
fn f3_a_sink_may_fetch_what_comes_behind_its_own_objects() {
    struct Fetching {
        objects: Mutex<Option<Enumerator>>,
        hearing: Arc<dyn ResponseSink>,
    }
    impl ResponseSink for Fetching {
        fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
            if let Some(mut objects) = self.objects.lock().unwrap().take() {
                let behind = objects.next(None, 2).unwrap().objects;
                let _ = self.hearing.indicate(behind);
                assert_eq!(objects.skip(None, 1).unwrap(), WBEM_S_NO_ERROR);
                let _ = self.hearing.indicate(objects.next(None, 2).unwrap().objects);
            }
            self.hearing.indicate(batch)
        }

        fn set_status(&self, completion: Completion, path: Option<ObjectPath>) {
            self.hearing.set_status(completion, path);
        }
    }
    let (world, _) = world(0, 1000, Conduct::Serve);
    let client = client(&world);
    for flags in [Flags::default(), SEMISYNCHRONOUS] {
        let (hearing, sink) = sink();
        let fetching = Arc::new(Fetching { objects: Mutex::default(), hearing: sink });
        let sink: Arc<dyn ResponseSink> = fetching.clone();
        let mut found = client.create_instance_enum("D", flags).unwrap();
        // The sink takes the lock, and waits until the enumerator is there.
        let mut held = fetching.objects.lock().unwrap();
        assert_eq!(client.next_async(&mut found, 996, &sink).unwrap(), WBEM_S_NO_ERROR);
        *held = Some(found);
        drop(held);
        let heard = hearing.after(1);
        assert_eq!(heard[..3], ["D{K=996}", "D{K=997}", "D{K=999}"]);
        let first: Vec<String> = (0..996).map(|k| format!("D{{K={k}}}")).collect();
        assert_eq!(heard[3..999], first);
        assert_eq!(heard[999..], ["end WBEM_S_NO_ERROR"]);
    }
}

#[test]
fn f3_next_async_hears_the_operations_error_and_its_own_success() {
    let (world, _) = world(0, 2, Conduct::End(Err(WBEM_E_FAILED.with("the test said so"))));
    world.compile(
        "class Above { [key] uint32 K; }; class Stored : Above { };
         [dynamic, provider(\"P\")] class Provided : Above { };
         instance of Stored { K = 7; };",
    );
    let failing = client(&world);
    let (hearing, sink) = sink();
    let mut found = failing.exec_query("WQL", "SELECT * FROM Above", SEMISYNCHRONOUS).unwrap();
    for _ in 0..2 {
        assert_eq!(failing.next_async(&mut found, 5, &sink).unwrap(), WBEM_S_NO_ERROR);
    }
    assert_eq!(hearing.after(2), ["Stored{K=7}", "end WBEM_E_FAILED", "end WBEM_E_FAILED"]);

    let (world, _) = self::world(0, 1, Conduct::End(Ok(WBEM_S_ACCESS_DENIED)));
    let denied = client(&world);
    let mut found = denied.create_instance_enum("D", SEMISYNCHRONOUS).unwrap();
    assert_eq!(denied.next_async(&mut found, 5, &sink).unwrap(), WBEM_S_NO_ERROR);
    assert_eq!(hearing.after(3)[3..], ["D{K=0}", "end WBEM_S_ACCESS_DENIED"]);
}

/// J 23, for requests that wait as for the one that is served; and what they reserved is not lost to
/// who asked later, nor given to them.
#[test]
fn f20_requests_of_a_cancelled_sink_end() {
    let gate = Gate::default();
    let (world, _) = world(0, 6, Conduct::WaitAt(gate.clone()));
    let client = client(&world);
    let ((hearing, one), (other_hearing, other)) = (sink(), sink());
    let mut found = client.create_instance_enum("D", SEMISYNCHRONOUS).unwrap();
    for sink in [&one, &one, &other] {
        assert_eq!(client.next_async(&mut found, 2, sink).unwrap(), WBEM_S_NO_ERROR);
    }
    client.cancel_async_call(&one);
    assert_eq!(hearing.after(2), ["end WBEM_E_CALL_CANCELLED", "end WBEM_E_CALL_CANCELLED"]);
    gate.open();
    assert_eq!(other_hearing.after(1), ["D{K=4}", "D{K=5}", "end WBEM_S_NO_ERROR"]);
    assert_eq!(hearing.after(2).len(), 2, "nothing comes after the end");
}

#[test]
fn f8_a_sink_that_panics_costs_its_own_request() {
    struct Panicking(Arc<dyn ResponseSink>);
    impl ResponseSink for Panicking {
        fn indicate(&self, _: Vec<Object>) -> ControlFlow<()> {
            panic!("the test wants it");
        }

        fn set_status(&self, completion: Completion, path: Option<ObjectPath>) {
            self.0.set_status(completion, path);
        }
    }
    let (world, _) = world(4, 0, Conduct::Serve);
    let client = client(&world);
    let (hearing, sink) = sink();
    let panicking: Arc<dyn ResponseSink> = Arc::new(Panicking(sink.clone()));
    let mut found = client.create_instance_enum("S", SEMISYNCHRONOUS).unwrap();
    for sink in [&panicking, &sink] {
        assert_eq!(client.next_async(&mut found, 2, sink).unwrap(), WBEM_S_NO_ERROR);
    }
    let expected = ["end WBEM_E_CRITICAL_ERROR", "S{K=2}", "S{K=3}", "end WBEM_S_NO_ERROR"];
    assert_eq!(hearing.after(2), expected);
    drop(found);
}

/// What was asked for is delivered although the enumerator is gone.
#[test]
fn f3_what_was_requested_outlives_the_enumerator() {
    let gate = Gate::default();
    let (world, _) = world(0, 3, Conduct::WaitAt(gate.clone()));
    let client = client(&world);
    let (hearing, sink) = sink();
    let mut found = client.create_instance_enum("D", SEMISYNCHRONOUS).unwrap();
    assert_eq!(client.next_async(&mut found, 2, &sink).unwrap(), WBEM_S_NO_ERROR);
    drop(found);
    gate.open();
    assert_eq!(hearing.after(1), ["D{K=0}", "D{K=1}", "end WBEM_S_NO_ERROR"]);
}
