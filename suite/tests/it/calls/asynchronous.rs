//! Asynchronous calls to a sink, and their end (F.2, F.8, J 23).

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex};

use cim::status::*;
use cim::{Object, ObjectPath};
use openwmi_suite::provider::Gate;
use openwmi_suite::text;
use wbem::{Completion, Flags, Request, ResponseSink};

use super::*;

/// A sink that writes down what it hears.
#[derive(Default)]
pub(super) struct Hearing {
    heard: Mutex<Vec<String>>,
    is_heard: Condvar,
    /// The client that cancels the call when the first objects arrive.
    cancels: Mutex<Option<(Client, Arc<dyn ResponseSink>)>>,
}

impl Hearing {
    fn hear(&self, line: String) {
        self.heard.lock().unwrap().push(line);
        self.is_heard.notify_all();
    }

    /// What it has heard when so many calls have ended.
    pub(super) fn after(&self, ends: usize) -> Vec<String> {
        let mut heard = self.heard.lock().unwrap();
        while heard.iter().filter(|line| line.starts_with("end")).count() < ends {
            heard = self.is_heard.wait(heard).unwrap();
        }
        heard.clone()
    }
}

impl ResponseSink for Hearing {
    fn indicate(&self, batch: Vec<Object>) -> ControlFlow<()> {
        batch.iter().for_each(|object| self.hear(text::object(object)));
        if let Some((client, sink)) = self.cancels.lock().unwrap().take() {
            client.cancel_async_call(&sink);
        }
        ControlFlow::Continue(())
    }

    fn set_status(&self, completion: Completion, path: Option<ObjectPath>) {
        let status = completion.unwrap_or_else(|e| e.status());
        let path = path.map_or(String::new(), |path| format!(" {path}"));
        self.hear(format!("end {}{path}", status.symbol().unwrap_or_default()));
    }
}

pub(super) fn sink() -> (Arc<Hearing>, Arc<dyn ResponseSink>) {
    let hearing = Arc::new(Hearing::default());
    (hearing.clone(), hearing)
}

#[test]
fn f8_objects_then_one_status() {
    let (world, _) = world(2, 0, Conduct::Serve);
    let client = client(&world);
    let (hearing, sink) = sink();
    client.exec_query_async("WQL", "SELECT * FROM S", Flags::default(), &sink).unwrap();
    assert_eq!(hearing.after(1), ["S{K=0}", "S{K=1}", "end WBEM_S_NO_ERROR"]);
    let get =
        |path: &'static str| Request::GetObject { path: path.into(), flags: Flags::default() };
    client.start_async(get("S.K=1"), &sink).unwrap();
    assert_eq!(hearing.after(2)[3..], ["S{K=1}", "end WBEM_S_NO_ERROR"]);
    client.start_async(get("S.K=7"), &sink).unwrap();
    assert_eq!(hearing.after(3)[5..], ["end WBEM_E_NOT_FOUND"]);
    let instance = world.instance("S", &[("K", Value::UInt32(9))]);
    let put = Request::put_instance(Cow::Owned(instance), Flags::default());
    client.start_async(put, &sink).unwrap();
    assert_eq!(hearing.after(4)[6..], ["end WBEM_S_NO_ERROR S.K=9"]);
    client.exec_query_async("WQL", "42", Flags::default(), &sink).unwrap();
    assert_eq!(hearing.after(5)[7..], ["end WBEM_E_INVALID_QUERY"]);
    // A call that is refused does not use its sink.
    let refused = client.exec_query_async("SQL", "SELECT * FROM S", Flags::default(), &sink);
    assert_eq!(refused.unwrap_err().status(), WBEM_E_INVALID_QUERY_TYPE);
    assert_eq!(hearing.after(5).len(), 8);
}

/// F, "Flag constants": every asynchronous call takes the flag that asks for progress.
#[test]
fn f8_a_call_that_asks_for_progress_is_a_call_like_any_other() {
    let (world, _) = world(1, 1, Conduct::Serve);
    let client = client(&world);
    let flags = Flags::SEND_STATUS;
    for (class, object) in [("S", "S{K=0}"), ("D", "D{K=0}")] {
        let (hearing, sink) = sink();
        client.exec_query_async("WQL", &format!("SELECT * FROM {class}"), flags, &sink).unwrap();
        assert_eq!(hearing.after(1), [object, "end WBEM_S_NO_ERROR"]);
        let get = Request::GetObject { path: format!("{class}.K=0").into(), flags };
        client.start_async(get, &sink).unwrap();
        assert_eq!(hearing.after(2)[2..], [object, "end WBEM_S_NO_ERROR"]);
    }
}

/// J 23: by sink, not by call; the provider is not waited for.
#[test]
fn f20_cancelling_ends_every_call_of_the_sink() {
    let gate = Gate::default();
    let (world, _) = world(0, 1, Conduct::WaitAt(gate.clone()));
    let client = client(&world);
    let ((hearing, one), (other_hearing, other)) = (sink(), sink());
    for sink in [&one, &one, &other] {
        client.exec_query_async("WQL", "SELECT * FROM D", Flags::default(), sink).unwrap();
    }
    gate.wait_for(3);
    client.cancel_async_call(&one);
    assert_eq!(hearing.after(2), ["end WBEM_E_CALL_CANCELLED", "end WBEM_E_CALL_CANCELLED"]);
    gate.open();
    assert_eq!(other_hearing.after(1), ["D{K=0}", "end WBEM_S_NO_ERROR"], "the other one goes on");
    assert_eq!(hearing.after(2).len(), 2, "nothing comes after the end");
    client.cancel_async_call(&other);
    assert_eq!(other_hearing.after(1).len(), 2, "nor to a call that has ended");
}

#[test]
fn f8_a_sink_may_cancel_its_own_call_while_it_hears() {
    let (world, _) = world(0, 1000, Conduct::Serve);
    let client = client(&world);
    let (hearing, sink) = sink();
    *hearing.cancels.lock().unwrap() = Some((client.clone(), sink.clone()));
    client.exec_query_async("WQL", "SELECT * FROM D", Flags::default(), &sink).unwrap();
    assert_eq!(hearing.after(1), ["D{K=0}", "end WBEM_E_CALL_CANCELLED"]);
}

/// Two calls of one sink, each of which cancels both while it is given something.
#[test]
fn f20_calls_that_cancel_each_other_end() {
    struct Both {
        met: std::sync::Barrier,
        client: Client,
        me: Mutex<Option<std::sync::Weak<dyn ResponseSink>>>,
        ends: Mutex<Vec<cim::WbemStatus>>,
        is_heard: Condvar,
    }
    impl ResponseSink for Both {
        fn indicate(&self, _: Vec<Object>) -> ControlFlow<()> {
            // Both are in here when either cancels.
            self.met.wait();
            let me = self.me.lock().unwrap().clone().and_then(|me| me.upgrade());
            self.client.cancel_async_call(&me.expect("it is there"));
            ControlFlow::Continue(())
        }

        fn set_status(&self, completion: Completion, _: Option<ObjectPath>) {
            let status = completion.unwrap_or_else(|e| e.status());
            self.ends.lock().unwrap().push(status);
            self.is_heard.notify_all();
        }
    }
    let (world, _) = world(0, 3, Conduct::Serve);
    let both = Arc::new(Both {
        met: std::sync::Barrier::new(2),
        client: client(&world),
        me: Mutex::new(None),
        ends: Mutex::default(),
        is_heard: Condvar::new(),
    });
    let sink: Arc<dyn ResponseSink> = both.clone();
    *both.me.lock().unwrap() = Some(Arc::downgrade(&sink));
    for _ in 0..2 {
        both.client.exec_query_async("WQL", "SELECT * FROM D", Flags::default(), &sink).unwrap();
    }
    let mut ends = both.ends.lock().unwrap();
    while ends.len() < 2 {
        ends = both.is_heard.wait(ends).unwrap();
    }
    assert_eq!(*ends, [WBEM_E_CALL_CANCELLED; 2]);
}
