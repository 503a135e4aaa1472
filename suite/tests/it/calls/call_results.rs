//! IWbemCallResult (F.4).

use std::borrow::Cow;
use std::time::Duration;

use cim::status::*;
use cim::{Instance, Value};
use openwmi_suite::provider::Gate;
use wbem::{Flags, Request};

use super::*;

const NOW: Option<Duration> = Some(Duration::ZERO);

fn get(path: &str) -> Request<'_> {
    Request::GetObject { path: path.into(), flags: Flags::default() }
}

#[test]
fn f17_a_call_that_has_not_ended_can_be_asked_again() {
    let gate = Gate::default();
    let (world, _) = world(0, 1, Conduct::WaitAt(gate.clone()));
    let call = client(&world).start(get("D.K=0")).unwrap();
    gate.wait_for(1);
    assert!(call.call_status(NOW).is_none(), "WBEM_S_TIMEDOUT");
    assert!(call.result_object(NOW).unwrap().is_none(), "WBEM_S_TIMEDOUT");
    gate.open();
    let longest = Some(Duration::MAX);
    assert_eq!(call.call_status(longest), Some(Ok(WBEM_S_NO_ERROR)), "a time that never comes");
    assert_eq!(call.call_status(None), Some(Ok(WBEM_S_NO_ERROR)));
    for _ in 0..2 {
        let object = call.result_object(NOW).unwrap().expect("it has ended");
        assert_eq!(object.get("K").unwrap(), Value::UInt32(0));
    }
    assert_eq!(call.result_path(None).unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    assert_eq!(call.result_services(None).err().unwrap().status(), WBEM_E_INVALID_OPERATION);
}

#[test]
fn f4_each_operation_has_its_kind_of_result() {
    let (world, _) = world(1, 0, Conduct::Serve);
    let client = client(&world);
    let instance: Instance = world.instance("S", &[("K", Value::UInt32(9))]);
    let flags = Flags::CREATE_ONLY;
    let put = || client.start(Request::put_instance(Cow::Borrowed(&instance), flags)).unwrap();
    assert_eq!(put().result_path(None).unwrap().unwrap().to_string(), "S.K=9");
    assert_eq!(put().result_path(None).unwrap_err().status(), WBEM_E_ALREADY_EXISTS);
    world.create_namespace(r"root\test\Below");
    let open = client.start(Request::OpenNamespace { relative: "below".into() }).unwrap();
    assert_eq!(open.result_object(None).unwrap_err().status(), WBEM_E_INVALID_OPERATION);
    let below = open.result_services(None).unwrap().unwrap();
    assert_eq!(below.namespace().as_str().to_lowercase(), r"root\test\below");
    let missing = client.start(get("S.K=77")).unwrap();
    let error = missing.call_status(None).unwrap().unwrap_err();
    assert_eq!(error.status(), WBEM_E_NOT_FOUND);
    assert_eq!(missing.result_object(None).unwrap_err(), error);
    let path = "S.K=9".into();
    let delete = client.start(Request::DeleteInstance { path, flags: Flags::default() }).unwrap();
    assert_eq!(delete.call_status(None), Some(Ok(WBEM_S_NO_ERROR)));
    assert_eq!(world.get("S.K=9").unwrap_err().status(), WBEM_E_NOT_FOUND);
}
