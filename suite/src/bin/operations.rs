//! `operations NAME COUNT`: does one operation COUNT times, for a program that counts instructions.
//!
//! The difference between two counts is what the operations cost, without what is set up before:
//! `valgrind --tool=callgrind target/release/operations get 2000`, the same with 4000, and the
//! difference of both totals divided by 2000. What is counted so is the same in every run.

#![deny(unsafe_code)]

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cim::{Instance, Object, Value};
use openwmi_suite::World;
use openwmi_suite::provider::{After, INSTANCES, METHODS, instances_and_methods, registration};
use wbem::{Flags, NativeProviders, ProviderContext};

const MOF: &str = r#"
    [dynamic, provider("Count")] class Count_Provided
    {
        [key] uint32 Id; uint64 Size;
        [implemented, static] uint32 Add([in] uint32 a, [in] uint32 b, [out] uint64 Sum);
    };
    class Count_Stored { [key] uint32 Id; uint64 Size; string Name; };"#;

const CLSID: &str = "{7C1F8A52-30D4-4B0E-9A67-5B6E1D3C0F04}";

fn world() -> World {
    let mut providers = NativeProviders::default();
    let provider = After(|_: &ProviderContext| Ok(()));
    providers.register(CLSID, instances_and_methods(Arc::new(provider)));
    let world = World::with_small_map(providers);
    let registration = registration("Count", CLSID, &[INSTANCES, METHODS]);
    for text in [registration.as_str(), MOF] {
        world.compile(text);
    }
    let instances: String = (0..1000)
        .map(|id| {
            format!(
                "instance of Count_Stored {{ Id = {id}; Size = {}; Name = \"n{id}\"; }};",
                id * 7
            )
        })
        .collect();
    world.compile(&instances);
    world
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().context("usage: operations NAME COUNT")?;
    let count: u32 = arguments.next().context("usage: operations NAME COUNT")?.parse()?;
    let world = world();
    let (services, context) = (world.services(), world.administrator());
    let flags = Flags::default();
    let class = services.get_object("Count_Stored", flags, context)?.class().clone();
    match name.as_str() {
        "get" => {
            for id in 0..count {
                let path = format!("Count_Stored.Id={}", id % 1000);
                services.get_object(&path, flags, context)?;
            }
        }
        "put" => {
            for id in 0..count {
                let mut instance = Instance::with_keys(&class, &[Value::UInt32(id % 1000)]);
                instance.put("Name", &"changed".into())?;
                services.put_instance(&instance, flags, context)?;
            }
        }
        "where" => {
            for n in 0..count {
                let query = format!("SELECT Name FROM Count_Stored WHERE Size > {}", 6000 + n % 7);
                let found =
                    wbem::collect(|sink| services.exec_query("WQL", &query, flags, context, sink))?;
                assert!(matches!(found.first(), Some(Object::Instance(_))));
            }
        }
        "provided" => {
            for id in 0..count {
                let path = format!("Count_Provided.Id={id}");
                services.get_object(&path, flags, context)?;
            }
        }
        "method" => {
            for _ in 0..count {
                services.exec_method("Count_Provided", "Add", flags, context, None)?;
            }
        }
        other => bail!("no operation {other}: get, put, where, provided, method"),
    }
    Ok(())
}
