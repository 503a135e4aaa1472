//! `wmi provider`.

use crate::program::{Program, text};

const PROVIDERS: &str = r#"#pragma autorecover
instance of __Win32Provider as $P
{
    Name = "Test_Provider";
    CLSID = "{00000000-0000-0000-0000-0000000000AA}";
    HostingModel = "NetworkServiceHost";
};
instance of __InstanceProviderRegistration
{
    Provider = $P;
    SupportsGet = TRUE;
    SupportsEnumeration = TRUE;
};
[Dynamic, Provider("test_provider")] class Test_Given { [key] string Id; };
"#;

#[test]
fn a_provider_is_told_with_what_it_supplies() {
    let program = Program::new();
    let file = program.file("providers.mof", PROVIDERS);
    program.ok(&["compile", text(&file), "-n", "root/given"]);
    assert_eq!(
        program.ok(&["provider", "-n", "root/given"]),
        "Test_Provider\n  \
         CLSID: {00000000-0000-0000-0000-0000000000AA}\n  \
         HostingModel: NetworkServiceHost\n  \
         registered by: __InstanceProviderRegistration\n  \
         classes: Test_Given\n"
    );
    let own = program.json(&["provider"]);
    let process = own.as_array().unwrap().iter().find(|provider| {
        let classes = provider["classes"].as_array().unwrap();
        classes.iter().any(|class| class == "Win32_Process")
    });
    let registrations = &process.expect("a provider of processes")["registrations"];
    let kinds = ["__InstanceProviderRegistration", "__MethodProviderRegistration"];
    assert_eq!(*registrations, serde_json::json!(kinds));
    let none = program.run(&["provider", "-n", "root/security", "--fail-empty"]);
    assert_eq!((none.code, none.out.as_str()), (3, ""));
}
