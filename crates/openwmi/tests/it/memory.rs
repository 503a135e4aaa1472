//! A WMI in memory: what it holds, and that it leaves nothing behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cim::Instance;
use cim::security::Identity;
use cim::status::{WBEM_E_ACCESS_DENIED, WBEM_E_INVALID_CLASS, WBEM_E_INVALID_PARAMETER};
use openwmi::Wmi;
use openwmi::wbem::{CallContext, Flags, NativeProviders, Protocol, Transport};

#[test]
fn the_directory_goes_with_the_last_who_uses_it() {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    let directory = wmi.repository_path().to_owned();
    assert!(directory.is_dir());
    let connection = wmi.connection(r"root\cimv2").unwrap();
    drop(wmi);
    wmi_is_alive(&connection);
    assert!(directory.is_dir());
    let mut running = connection.exec_query("SELECT * FROM meta_class").unwrap();
    drop(connection);
    assert!(running.next().unwrap().is_ok());
    assert!(directory.is_dir());
    drop(running);
    // The thread of the query may be about to end.
    let limit = Instant::now() + Duration::from_secs(60);
    while directory.exists() {
        assert!(Instant::now() < limit, "the directory is left behind");
        std::thread::yield_now();
    }
}

fn wmi_is_alive(connection: &openwmi::WMIConnection) {
    assert!(connection.get_object("__NAMESPACE").is_ok());
}

#[test]
fn there_is_nothing_of_this_machine() {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    for namespace in ["root", r"root\cimv2", r"root\default", r"root\subscription"] {
        wmi.connection(namespace).unwrap();
    }
    let cimv2 = wmi.connection(r"root\cimv2").unwrap();
    let error = cimv2.exec_query("SELECT * FROM Win32_Process").unwrap_err();
    assert_eq!(error.status(), WBEM_E_INVALID_CLASS);
}

#[test]
fn two_in_one_process_are_apart() {
    let (one, other) = (Wmi::in_memory(Default::default()), Wmi::in_memory(Default::default()));
    let (one, other) = (one.unwrap(), other.unwrap());
    one.compile(r"root\cimv2", "class C { [key] string Id; };").unwrap();
    assert!(one.connection(r"root\cimv2").unwrap().get_object("C").is_ok());
    assert!(other.connection(r"root\cimv2").unwrap().get_object("C").is_err());
}

#[test]
fn an_error_in_the_mof_has_a_place() {
    let wmi = Wmi::in_memory(Default::default()).unwrap();
    let report = wmi.compile(r"root\new", "class C { [key] string Id; };").unwrap();
    assert_eq!((report.classes, report.instances), (1, 0));
    let syntax = wmi.compile(r"root\cimv2", "class C {\n  string\n};").unwrap_err();
    assert!(syntax.message().starts_with("3:1: "), "{syntax}");
    let stored = wmi.compile(r"root\new", "\ninstance of D { Id = \"1\"; };").unwrap_err();
    assert!(stored.message().starts_with("2:"), "{stored}");
    assert_ne!(stored.status(), WBEM_E_INVALID_PARAMETER);
}

/// A door connects as the caller in the context, not as the user of the program.
#[test]
fn a_door_connects_as_its_caller() {
    let wmi = Wmi::in_memory(NativeProviders::default()).unwrap();
    let caller = Arc::new(Identity::unix(12345, &[], false));
    let context = CallContext::new(caller, Transport::Ipc { pid: 1, uid: 12345 });
    let services = wmi.connect_as(r"root\cimv2", &context).unwrap();
    let class = services.get_object("__Win32Provider", Flags::default(), &context).unwrap();
    let mut provider = Instance::new(class.class().clone());
    provider.put("Name", &"P".into()).unwrap();
    let refused = services.put_instance(&provider, Flags::default(), &context);
    assert_eq!(refused.unwrap_err().status(), WBEM_E_ACCESS_DENIED);
    let remote = Transport::Remote { protocol: Protocol::Dcom, encrypted: true };
    let context = CallContext::new(context.caller().clone(), remote);
    let refused = wmi.connect_as(r"root\cimv2", &context);
    assert_eq!(refused.err().unwrap().status(), WBEM_E_ACCESS_DENIED);
}
