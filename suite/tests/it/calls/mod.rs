//! The calling modes: enumerators, call results, asynchronous calls, what failures say
//! (behaviour.md F.2-F.4, F.8; windows-in-practice.md "Queries" and "Errors").

mod asynchronous;
mod call_results;
mod enumerators;
mod extended_status;
mod next_async;

use cim::Value;
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, INSTANCES, Log, TestProvider, registration};
use wbem::{Client, NativeProviders};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000F3}";

/// A world with the stored class `S` of `stored` instances and the class `D` of `provided` ones,
/// whose provider behaves so.
fn world(stored: u32, provided: u32, conduct: Conduct) -> (World, Log) {
    let provided = (0..provided).map(|k| vec![("K", Value::UInt32(k))]).collect();
    let provider = TestProvider::new(provided).conduct(conduct);
    let log = provider.log();
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.factory());
    let world = World::with_providers(providers);
    let mut mof = registration("P", CLSID, &[INSTANCES]);
    mof += r#"[dynamic, provider("P")] class D { [key] uint32 K; };
        class S { [key] uint32 K; };"#;
    for k in 0..stored {
        mof.push_str(&format!("instance of S {{ K = {k}; }};"));
    }
    world.compile(&mof);
    (world, log)
}

fn client(world: &World) -> Client {
    world.client(world.administrator())
}
