//! Native providers: what they are asked, word for word, and what becomes of what they answer
//! (architecture decision 4; behaviour.md A, B.1-B.4; mistakes J6, J17).
//!
//! Here is what these tests share: a provider of three instances of one class, and its log.

mod associations;
mod class_writes;
mod classes;
mod failures;
mod hanging;
mod hierarchies;
mod life_cycle;
mod partial;
mod parts;
mod properties;
mod push;
mod pushdown;
mod queries;
mod registrations;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use cim::status::*;
use cim::{Value, WbemStatus};
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, INSTANCES, Log, TestProvider, Values, registration};
use openwmi_suite::world::sorted;
use wbem::{Flags, NativeProviders, ProviderContext, Sink};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-000000000001}";

const OTHER: &str = "{5F3A7B10-0000-4000-8000-000000000002}";

/// The class of most tests: a text as key, a number, a text.
const CLASS: &str = r#"
    [dynamic, provider("P")] class D { [key] string K; uint32 V; string S; };"#;

fn values(k: &str, v: u32, s: &str) -> Values {
    vec![("K", Value::string(k)), ("V", Value::UInt32(v)), ("S", Value::string(s))]
}

fn three() -> TestProvider {
    TestProvider::new(vec![values("a", 1, "x"), values("b", 5, "y"), values("c", 9, "x")])
}

/// A world in which P, which is [`CLSID`]'s, provides `D`, and Q, which is [`OTHER`]'s, `E`.
fn two(providers: NativeProviders) -> World {
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(&registration("Q", OTHER, &[INSTANCES]));
    world.compile(CLASS);
    world.compile(r#"[dynamic, provider("Q")] class E { [key] string K; uint32 V; string S; };"#);
    world
}

/// A world in which P, the provider of `D`, does `first` with the context of its call, and may so
/// ask Q, the provider of `E`; and the log of both.
fn asking(first: fn(&ProviderContext) -> cim::Result<()>) -> (World, Log) {
    let log = Log::default();
    let mut providers = NativeProviders::default();
    let p = three().conduct(Conduct::First(first)).logging_as("P", &log);
    providers.register(CLSID, p.factory());
    providers.register(OTHER, three().logging_as("Q", &log).factory());
    (two(providers), log)
}

/// A world in which `D` is bound to `provider`, which is registered for all there is.
fn world(provider: TestProvider) -> (World, Log) {
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(CLASS);
    (world, log)
}

/// What a query gives, and what the provider was asked for it.
fn ask(world: &World, log: &Log, query: &str) -> (Vec<String>, Vec<String>) {
    log.take();
    let found = world.query(query).unwrap_or_else(|e| panic!("{query}: {e}"));
    let mut asked = log.take();
    asked.retain(|line| !line.starts_with("initialize"));
    (found, asked)
}

pub(crate) fn status(result: cim::Result<impl Sized>) -> WbemStatus {
    result.map(drop).expect_err("a failure").status()
}

/// Each operation on D, with what it fails with.
fn outcomes(world: &World) -> Vec<(&'static str, WbemStatus)> {
    let services = world.services();
    let (flags, context) = (Flags::default(), world.administrator());
    let instance = world.instance("D", &[("K", "b".into())]);
    let of = |result: cim::Result<()>| result.map_or_else(|e| e.status(), |()| WBEM_S_NO_ERROR);
    vec![
        ("query", of(world.query("SELECT * FROM D").map(drop))),
        (
            "enumeration",
            of(world.collect(|s, c, sink| s.create_instance_enum("D", flags, c, sink)).map(drop)),
        ),
        ("get", of(world.get(r#"D.K="b""#).map(drop))),
        ("put", of(services.put_instance(&instance, flags, context).map(drop))),
        ("delete", of(services.delete_instance(r#"D.K="b""#, flags, context))),
    ]
}

fn all_fail_with(world: &World, expected: WbemStatus) {
    for (operation, found) in outcomes(world) {
        assert_eq!(found, expected, "{operation}");
    }
}

/// The objects that came before the end, and the end.
fn deliver(world: &World, query: &str) -> (Vec<String>, Result<WbemStatus, WbemStatus>) {
    let services = world.services();
    let run = |sink: Sink| {
        services.exec_query("WQL", query, Flags::default(), world.administrator(), sink)
    };
    let (objects, outcome) = wbem::gather(run);
    (sorted(&objects), outcome.map_err(|e| e.status()))
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Instances of one class stored, of one below it stored, and of another one provided.
const FAMILY: &str = r#"
    class Test_Base { [key] string K; uint32 V; };
    class Test_Stored : Test_Base { };
    [dynamic, provider("P")] class Test_Provided : Test_Base { string S; };
    instance of Test_Base { K = "base"; V = 1; };
    instance of Test_Stored { K = "stored"; V = 7; };"#;
