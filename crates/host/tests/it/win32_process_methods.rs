//! Methods of Win32_Process: documented return values, on a captured machine and, for what
//! changes something, on processes that the test itself has started.

use std::path::Path;
use std::sync::Arc;

use cim::status::*;
use cim::{Instance, Object, Result, Value};
use host::Root;
use wbem::{MethodProvider, Wanted};

use crate::captured::{class, context, exec_method, host_class, machine, returned};

fn captured() -> Arc<dyn MethodProvider> {
    host_class("Win32_Process").methods(machine("server")).unwrap()
}

fn live() -> Arc<dyn MethodProvider> {
    host_class("Win32_Process").methods(Arc::new(Root::live().unwrap())).unwrap()
}

/// Calls a method of the process `handle`, or of the class where it is empty.
fn call(
    provider: &dyn MethodProvider,
    handle: &str,
    method: &str,
    given: &[(&str, Value)],
) -> Result<Instance> {
    exec_method(provider, &class("Win32_Process"), handle, method, given)
}

fn create(given: &[(&str, Value)]) -> (u32, Value) {
    let out = call(&*live(), "", "Create", given).unwrap();
    (returned(&out), out.get("ProcessId").unwrap().clone())
}

/// What the live machine says of a property of process `id`; NULL also where there is none.
fn told(id: u32, property: &str) -> Value {
    let provider = host_class("Win32_Process").provider(Arc::new(Root::live().unwrap()));
    let keys = [Value::string(id.to_string())];
    let class = class("Win32_Process");
    let found = provider.get(&class, &keys, &Wanted::All, &context());
    found.map_or(Value::Null, |process| process.get(property).unwrap().clone())
}

/// A process that does nothing, ended with the test.
struct Sleeper(u32);

impl Sleeper {
    fn new(more: &[(&str, Value)]) -> Self {
        let given = [&[("CommandLine", Value::string("sleep 1000"))], more].concat();
        match create(&given) {
            (0, Value::UInt32(id)) => {
                // The kernel releases the parent a moment before it sets the arguments.
                while told(id, "CommandLine").is_null() {
                    std::thread::yield_now();
                }
                Sleeper(id)
            }
            other => panic!("sleep was not started: {other:?}"),
        }
    }

    fn call(&self, method: &str, given: &[(&str, Value)]) -> Instance {
        call(&*live(), &self.0.to_string(), method, given).unwrap()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It may have been terminated already.
        let _ = call(&*live(), &self.0.to_string(), "Terminate", &[]);
    }
}

#[test]
fn create_refuses_with_the_documented_values() {
    for (given, expected) in [
        (vec![], 21),
        (vec![("CommandLine", Value::string("  "))], 21),
        (vec![("CommandLine", Value::string("sleep '5"))], 21),
        (vec![("CommandLine", Value::string("sleep \0"))], 21),
        (vec![("CommandLine", Value::string("no-such-program-here 1"))], 9),
        (vec![("CommandLine", Value::string("/no/such/program"))], 9),
        (vec![("CommandLine", Value::string("/"))], 2),
        (
            vec![
                ("CommandLine", Value::string("sleep 1")),
                ("CurrentDirectory", Value::string("/no/such/directory")),
            ],
            9,
        ),
    ] {
        assert_eq!(create(&given), (expected, Value::Null), "{given:?}");
    }
}

#[test]
fn a_process_is_created_where_it_is_told_to_and_terminated() {
    let sleeper = Sleeper::new(&[("CurrentDirectory", Value::string("/usr"))]);
    assert_eq!(told(sleeper.0, "CommandLine"), Value::string("sleep 1000"));
    let place = |link| std::fs::read_link(format!("/proc/{}/{link}", sleeper.0)).unwrap();
    assert_eq!(place("cwd"), Path::new("/usr"));
    assert_eq!(place("fd/0"), Path::new("/dev/null"));
    assert_eq!(returned(&sleeper.call("Terminate", &[("Reason", Value::UInt32(3))])), 0);
    // The kernel ends it in its own time, and forgets it when it has been waited for.
    while !told(sleeper.0, "Handle").is_null() {
        std::thread::yield_now();
    }
    let again = call(&*live(), &sleeper.0.to_string(), "Terminate", &[]);
    assert_eq!(again.unwrap_err().status(), WBEM_E_NOT_FOUND);
}

fn startup(values: &[(&str, Value)]) -> (&'static str, Value) {
    let mut startup = Instance::new(class("Win32_ProcessStartup"));
    values.iter().for_each(|(name, value)| startup.put(name, value).unwrap());
    ("ProcessStartupInformation", Value::Object(Arc::new(Object::Instance(startup))))
}

#[test]
fn startup_information_is_taken_as_far_as_it_has_a_meaning() {
    let environment = Value::array([Value::string("A=b=c"), Value::string("PATH=/usr/bin:/bin")]);
    let information = startup(&[
        ("EnvironmentVariables", environment),
        ("PriorityClass", Value::UInt32(16384)),
        ("Title", Value::string("x")),
        ("CreateFlags", Value::UInt32(8)),
    ]);
    let sleeper = Sleeper::new(&[information]);
    let environment = std::fs::read(format!("/proc/{}/environ", sleeper.0)).unwrap();
    assert_eq!(environment, b"A=b=c\0PATH=/usr/bin:/bin\0");
    assert_eq!(told(sleeper.0, "Priority"), Value::UInt32(6));

    let sleep = || ("CommandLine", Value::string("sleep 1000"));
    for refused in [
        startup(&[("CreateFlags", Value::UInt32(4))]),
        startup(&[("PriorityClass", Value::UInt32(1))]),
        startup(&[("EnvironmentVariables", Value::array([Value::string("A")]))]),
    ] {
        assert_eq!(create(&[sleep(), refused]), (21, Value::Null));
    }
}

/// The classes of priority, as far as they take no privilege, are the documented numbers.
#[test]
fn set_priority_is_told_by_the_property() {
    let sleeper = Sleeper::new(&[]);
    let set = |class: i32| returned(&sleeper.call("SetPriority", &[("Priority", class.into())]));
    assert_eq!((set(32), told(sleeper.0, "Priority")), (0, Value::UInt32(8)));
    assert_eq!((set(16384), told(sleeper.0, "Priority")), (0, Value::UInt32(6)));
    assert_eq!((set(64), told(sleeper.0, "Priority")), (0, Value::UInt32(4)));
    for (class, priority) in [(32768, 10), (128, 13), (256, 15)] {
        // With the privilege it is done, without it is refused as documented.
        match set(class) {
            0 => assert_eq!(told(sleeper.0, "Priority"), Value::UInt32(priority)),
            refused => assert_eq!(refused, 3),
        }
    }
    assert_eq!(set(7), 21);
    assert_eq!(returned(&sleeper.call("SetPriority", &[])), 21);
}

#[test]
fn owners_by_name_and_by_sid() {
    let out = call(&*captured(), "1", "GetOwner", &[]).unwrap();
    let host_name = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/server/proc/sys/kernel/hostname"),
    );
    assert_eq!(out.get("Domain"), Some(&Value::string(host_name.unwrap().trim())));
    assert!(out.get("User").is_some_and(|user| user.as_str().is_some()));
    assert_eq!(returned(&out), 0);
    let out = call(&*captured(), "1", "GetOwnerSid", &[]).unwrap();
    assert_eq!(out.get("Sid"), Some(&Value::string("S-1-22-1-0")));
}

#[test]
fn a_captured_machine_is_not_changed() {
    let sleep = [("CommandLine", Value::string("sleep 1"))];
    for (handle, method, given) in
        [("", "Create", &sleep[..]), ("1", "Terminate", &[]), ("1", "SetPriority", &[])]
    {
        let status = call(&*captured(), handle, method, given).unwrap_err().status();
        assert_eq!(status, WBEM_E_NOT_SUPPORTED, "{method}");
    }
}

/// The kernel would take the signal and do nothing.
#[test]
fn the_first_process_cannot_be_terminated() {
    let out = call(&*live(), "1", "Terminate", &[]).unwrap();
    assert_eq!(returned(&out), 2);
}
