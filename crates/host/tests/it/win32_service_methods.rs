//! Methods of Win32_Service: documented return values, from what a mock of systemd does and refuses.

use cim::status::*;
use cim::{Result, Value};
use wbem::Wanted;

use crate::captured::{class, context, exec_method, host_class, machine, returned, spelled};
use crate::mock_systemd::{Answer, MockSystemd, MockUnit};

/// A service that runs, one that it needs, one that is stopped, and more that cannot be started.
fn systemd() -> Option<MockSystemd> {
    let on = |name| MockUnit::new(name, "active").file("enabled");
    let off = |name| MockUnit::new(name, "inactive").file("disabled");
    let dependents = vec!["app.service".to_owned(), "multi-user.target".to_owned()];
    MockSystemd::start(vec![
        ("app", on("App").unit("CanFreeze", true)),
        ("database", on("Database").unit("RequiredBy", dependents)),
        ("masked", off("Masked").file("masked").unit("LoadState", "masked".to_owned())),
        ("off", off("Off")),
        ("paused", on("Paused").unit("FreezerState", "frozen".to_owned())),
        ("starting", MockUnit::new("Starting", "activating")),
        ("static", off("Static").file("static")),
        ("stopping", MockUnit::new("Stopping", "deactivating")),
    ])
}

fn call_with(
    systemd: &MockSystemd,
    name: &str,
    method: &str,
    given: &[(&str, Value)],
) -> Result<u32> {
    let provider = host_class("Win32_Service").methods(systemd.machine()).unwrap();
    let out = exec_method(&*provider, &class("Win32_Service"), name, method, given);
    out.map(|out| returned(&out))
}

fn call(systemd: &MockSystemd, name: &str, method: &str) -> Result<u32> {
    call_with(systemd, name, method, &[])
}

fn told(systemd: &MockSystemd, name: &str, property: &str) -> String {
    let provider = host_class("Win32_Service").provider(systemd.machine());
    let keys = [Value::string(name)];
    let found = provider.get(&class("Win32_Service"), &keys, &Wanted::All, &context());
    spelled(found.unwrap().get(property).unwrap())
}

#[test]
fn a_service_is_started_and_stopped() {
    let Some(systemd) = systemd() else { return };
    assert_eq!(call(&systemd, "off", "StartService"), Ok(0));
    assert_eq!(told(&systemd, "off", "State"), "Running");
    assert_eq!(call(&systemd, "off", "StartService"), Ok(10));
    assert_eq!(call(&systemd, "OFF", "StopService"), Ok(0));
    assert_eq!(told(&systemd, "off", "State"), "Stopped");
    assert_eq!(call(&systemd, "off", "StopService"), Ok(5));
}

#[test]
fn a_service_is_paused_and_resumed() {
    let Some(systemd) = systemd() else { return };
    assert_eq!(call(&systemd, "app", "ResumeService"), Ok(5));
    assert_eq!(call(&systemd, "app", "PauseService"), Ok(0));
    assert_eq!(told(&systemd, "app", "State"), "Paused");
    assert_eq!(call(&systemd, "app", "PauseService"), Ok(24));
    assert_eq!(call(&systemd, "app", "ResumeService"), Ok(0));
    assert_eq!(told(&systemd, "app", "State"), "Running");
}

#[test]
fn what_a_state_does_not_allow_is_not_asked() {
    let Some(systemd) = systemd() else { return };
    for (name, method, code) in [
        ("paused", "StartService", 10),
        ("starting", "StartService", 10),
        ("stopping", "StartService", 5),
        ("masked", "StartService", 14),
        ("stopping", "StopService", 5),
        // app, which runs, cannot do without it.
        ("database", "StopService", 3),
        ("off", "PauseService", 6),
        ("off", "ResumeService", 6),
        ("starting", "PauseService", 5),
        ("off", "InterrogateService", 6),
        ("app", "InterrogateService", 0),
    ] {
        assert_eq!(call(&systemd, name, method), Ok(code), "{method} of {name}");
    }
    let changes = systemd.calls();
    assert!(!changes.iter().any(|call| call.contains("tUnit") || call.starts_with("Stop")));
    // It can be stopped once no other unit needs it.
    assert_eq!(call(&systemd, "app", "StopService"), Ok(0));
    assert_eq!(call(&systemd, "database", "StopService"), Ok(0));
}

#[test]
fn refusals_have_their_documented_values() {
    for (method, asked, error, code) in [
        ("StartService", "StartUnit", "org.freedesktop.DBus.Error.AccessDenied", 2),
        (
            "StartService",
            "StartUnit",
            "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
            2,
        ),
        ("StartService", "StartUnit", "org.freedesktop.systemd1.OnlyByDependency", 4),
        ("StartService", "StartUnit", "org.freedesktop.systemd1.NoSuchUnit", 12),
        ("StartService", "StartUnit", "org.freedesktop.systemd1.UnitMasked", 14),
        ("StartService", "StartUnit", "org.freedesktop.systemd1.TransactionOrderIsCyclic", 18),
        ("StartService", "StartUnit", "org.freedesktop.systemd1.LoadFailed", 8),
        ("StartService", "Subscribe", "org.freedesktop.DBus.Error.AccessDenied", 2),
    ] {
        let Some(systemd) = systemd() else { return };
        systemd.answers(asked, Answer::Error(error));
        assert_eq!(call(&systemd, "off", method), Ok(code), "{asked}: {error}");
    }
    for (error, code) in [
        ("org.freedesktop.DBus.Error.NotSupported", 1),
        ("org.freedesktop.systemd1.UnitBusy", 5),
        ("org.freedesktop.systemd1.UnitInactive", 6),
    ] {
        let Some(systemd) = systemd() else { return };
        systemd.answers("FreezeUnit", Answer::Error(error));
        assert_eq!(call(&systemd, "app", "PauseService"), Ok(code), "{error}");
    }
}

#[test]
fn results_of_jobs_have_their_documented_values() {
    for (name, method, asked, result, code) in [
        ("off", "StartService", "StartUnit", "timeout", 7),
        ("off", "StartService", "StartUnit", "failed", 8),
        ("off", "StartService", "StartUnit", "canceled", 8),
        ("off", "StartService", "StartUnit", "dependency", 13),
        ("off", "StartService", "StartUnit", "unsupported", 1),
        ("app", "StopService", "StopUnit", "timeout", 7),
        ("app", "StopService", "StopUnit", "failed", 8),
        ("app", "StopService", "StopUnit", "canceled", 8),
    ] {
        let Some(systemd) = systemd() else { return };
        systemd.answers(asked, Answer::Job(result));
        assert_eq!(call(&systemd, name, method), Ok(code), "{method}: {result}");
    }
}

#[test]
fn how_a_program_failed_to_start_is_told() {
    for (result, how, status, code) in [
        ("exit-code", 1_i32, 203_i32, 9),
        ("exit-code", 1, 217, 22),
        ("exit-code", 1, 216, 22),
        ("exit-code", 1, 3, 8),
        // Killed by a signal of that number.
        ("signal", 2, 203, 8),
        ("timeout", 2, 15, 7),
    ] {
        let unit = MockUnit::new("x", "inactive")
            .service("Result", result.to_owned())
            .service("ExecMainCode", how)
            .service("ExecMainStatus", status);
        let Some(systemd) = MockSystemd::start(vec![("x", unit)]) else { return };
        systemd.answers("StartUnit", Answer::Job("failed"));
        assert_eq!(call(&systemd, "x", "StartService"), Ok(code), "{result} {how} {status}");
    }
}

/// The signal may overtake the answer, and signals of other jobs are not taken for it.
#[test]
fn the_end_of_the_job_is_not_missed() {
    let Some(systemd) = systemd() else { return };
    systemd.answers("StartUnit", Answer::EarlyJob);
    assert_eq!(call(&systemd, "off", "StartService"), Ok(0));
}

#[test]
fn what_takes_too_long_is_left_to_itself() {
    for (asked, answer) in
        [("StartUnit", Answer::LateJob), ("StartUnit", Answer::Late), ("Subscribe", Answer::Late)]
    {
        let Some(systemd) = systemd() else { return };
        systemd.answers(asked, answer);
        assert_eq!(call(&systemd, "off", "StartService"), Ok(7), "{asked}");
    }
}

#[test]
fn where_nothing_is_known_of_it_the_call_fails() {
    for (asked, answer) in
        [("StartUnit", Answer::Death), ("StartUnit", Answer::Nonsense), ("LoadUnit", Answer::Death)]
    {
        let Some(systemd) = systemd() else { return };
        systemd.answers(asked, answer);
        let failed = call(&systemd, "off", "StartService").unwrap_err();
        assert_eq!(failed.status(), WBEM_E_FAILED, "{asked}: {failed}");
    }
}

#[test]
fn a_start_mode_is_changed_or_said_not_to_be() {
    let Some(systemd) = systemd() else { return };
    let change = |name: &str, mode: &str| {
        let given = [("StartMode", Value::string(mode))];
        call_with(&systemd, name, "ChangeStartMode", &given)
    };
    for (mode, code, told_then) in [
        ("automatic", 0, "Auto"),
        ("Automatic", 0, "Auto"),
        ("Disabled", 0, "Disabled"),
        ("Manual", 0, "Manual"),
        ("Boot", 21, "Manual"),
        ("", 21, "Manual"),
        ("Disabled", 0, "Disabled"),
        ("Automatic", 0, "Auto"),
    ] {
        assert_eq!(change("off", mode), Ok(code), "{mode}");
        assert_eq!(told(&systemd, "off", "StartMode"), told_then, "after {mode}");
    }
    assert_eq!(call(&systemd, "off", "ChangeStartMode"), Ok(21));
    assert_eq!(change("static", "Automatic"), Ok(1));
    systemd.calls();
    assert_eq!(change("static", "Manual"), Ok(0));
    assert!(!systemd.calls().contains(&"Reload".to_owned()), "it was so before");
    systemd.answers("MaskUnitFiles", Answer::Error("org.freedesktop.DBus.Error.FileExists"));
    assert_eq!(change("app", "Disabled"), Ok(1));
    systemd.answers("MaskUnitFiles", Answer::Error("org.freedesktop.DBus.Error.AccessDenied"));
    assert_eq!(change("app", "Disabled"), Ok(2));
    systemd.answers("MaskUnitFiles", Answer::Nothing);
    assert_eq!(change("app", "Disabled"), Ok(1));
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let Some(systemd) = systemd() else { return };
    for name in ["nothing", "mentioned", "app.service"] {
        let status = call(&systemd, name, "StartService").unwrap_err().status();
        assert_eq!(status, WBEM_E_NOT_FOUND, "{name}");
    }
    let captured = host_class("Win32_Service").methods(machine("server")).unwrap();
    let failed = exec_method(&*captured, &class("Win32_Service"), "app", "StartService", &[]);
    assert_eq!(failed.unwrap_err().status(), WBEM_E_NOT_SUPPORTED);
}

#[test]
fn what_has_no_code_says_so() {
    let Some(systemd) = systemd() else { return };
    for method in ["Change", "Delete", "UserControlService"] {
        let status = call(&systemd, "app", method).unwrap_err().status();
        assert_eq!(status, WBEM_E_METHOD_NOT_IMPLEMENTED, "{method}");
    }
}
