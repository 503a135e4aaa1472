//! `__ExtendedStatus`: what failed, at what, by whose fault (windows-in-practice.md, "Errors").

use cim::status::*;
use cim::{Error, Instance};
use openwmi_suite::text;
use wbem::{CallContext, Flags, Services};

use super::*;

fn extended_status(client: &Client, error: &Error) -> String {
    let status: Instance = client.extended_status(error).unwrap();
    let name = |p: &str| text::value(status.get(p).expect("a property of the class"));
    let (operation, parameter) = (name("Operation"), name("ParameterInfo"));
    format!("{operation} {parameter} {} {}", name("ProviderName"), name("StatusCode"))
}

#[test]
fn f25_a_failed_get_says_what_it_was_given() {
    let (world, _) = world(0, 0, Conduct::Serve);
    let client = client(&world);
    let error = world.object("Nope").unwrap_err();
    assert_eq!(extended_status(&client, &error), r#""GetObject" "Nope" "WinMgmt" 2147749890"#);
    assert_eq!(error.status().0, 2147749890);
    let description = client.extended_status(&error).unwrap();
    let description = description.get("Description").and_then(|v| v.as_str()).unwrap().to_owned();
    assert_eq!(description, error.message(), "what the message says");
}

#[test]
fn every_operation_that_fails_says_which_it_is() {
    let (world, _) = world(0, 0, Conduct::Serve);
    let client = client(&world);
    let (services, context): (_, &CallContext) = (world.services(), world.administrator());
    let s: &dyn Services = &*services;
    let none = Flags::default();
    let errors = [
        s.get_object("Nope.K=1", none, context).err(),
        s.put_class(&Default::default(), none, context).err(),
        s.delete_class("Nope", none, context).err(),
        s.delete_instance("S.K=7", none, context).err(),
        s.open_namespace("nope", context).err(),
        s.exec_method("S", "Nope", none, context, None).err(),
        wbem::collect(|sink| s.create_class_enum(Some("Nope"), none, context, sink)).err(),
        wbem::collect(|sink| s.create_instance_enum("Nope", none, context, sink)).err(),
        wbem::collect(|sink| s.exec_query("WQL", "SELECT", none, context, sink)).err(),
        client.exec_query("SQL", "SELECT", none).err(),
        s.connect(r"root\nope", context).err(),
    ];
    let statuses: Vec<String> =
        errors.iter().map(|e| extended_status(&client, e.as_ref().unwrap())).collect();
    let begins = [
        r#""GetObject" "Nope.K=1""#,
        r#""PutClass" """#,
        r#""DeleteClass" "Nope""#,
        r#""DeleteInstance" "S.K=7""#,
        r#""OpenNamespace" "nope""#,
        r#""ExecMethod" "S::Nope""#,
        r#""CreateClassEnum" "Nope""#,
        r#""CreateInstanceEnum" "Nope""#,
        r#""ExecQuery" "SELECT""#,
        r#""ExecQuery" "SELECT""#,
        r#""ConnectServer" "root\\nope""#,
    ];
    for (status, begins) in statuses.iter().zip(begins) {
        assert!(status.starts_with(&format!("{begins} \"WinMgmt\"")), "{status}");
    }
}

/// G29: a connection to a deleted namespace tells that by an object too.
#[test]
fn g29_failures_in_a_deleted_namespace_are_described() {
    let (world, _) = world(0, 0, Conduct::Serve);
    let client = client(&world);
    let root = world.connect("root").unwrap();
    root.delete_instance("__NAMESPACE='test'", Flags::default(), world.administrator()).unwrap();
    let gone = client.services().get_object("S.K=1", Flags::default(), client.context());
    let status = extended_status(&client, &gone.unwrap_err());
    assert_eq!(status, format!(r#""GetObject" "S.K=1" "WinMgmt" {}"#, WBEM_E_INVALID_NAMESPACE.0));
}

#[test]
fn what_a_provider_fails_says_its_name_and_its_words() {
    let conduct = Conduct::End(Err(WBEM_E_ACCESS_DENIED.with("not for you")));
    let (world, _) = world(0, 1, conduct);
    let client = client(&world);
    for (error, expected) in [
        (world.object("D.K=0").unwrap_err(), r#""GetObject" "D.K=0" "P" 2147749891"#),
        (
            world.objects("SELECT * FROM D", Flags::default()).unwrap_err(),
            r#""ExecQuery" "SELECT * FROM D" "P" 2147749891"#,
        ),
    ] {
        assert_eq!(extended_status(&client, &error), expected);
        assert_eq!(error.message(), "not for you");
    }
}
