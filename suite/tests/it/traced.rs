//! The spans of `tracing`: one for each operation and each call of a provider, and no argument in any.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cim::Value;
use openwmi_suite::World;
use openwmi_suite::provider::{Conduct, INSTANCES, TestProvider, registration};
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use wbem::{Flags, NativeProviders, ProviderContext};

const CLSID: &str = "{5F3A7B10-0000-4000-8000-0000000000DA}";

const MOF: &str = r#"
    [dynamic, provider("P")] class D { [key] string K; };
    class S { [key] string K; };"#;

/// Writes down the fields of each span and event, a line each.
#[derive(Clone, Default)]
struct Lines(Arc<(AtomicU64, Mutex<Vec<String>>)>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("cimom")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_owned());
        span.record(&mut fields);
        self.0.1.lock().push(fields.0);
        Id::from_u64(self.0.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields("event".to_owned());
        event.record(&mut fields);
        self.0.1.lock().push(fields.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn each_operation_and_each_call_of_a_provider_is_a_span_without_arguments() {
    let ask = |context: &ProviderContext| {
        let services = context.services();
        // By way of a connection of its own.
        let here = services.connect(r"root\test", context.call())?;
        let missing = here.get_object("S.K='secret'", Flags::default(), context);
        assert!(missing.is_err());
        Ok(())
    };
    let provider = TestProvider::new(vec![vec![("K", Value::string("secret"))]]);
    let mut providers = NativeProviders::default();
    providers.register(CLSID, provider.conduct(Conduct::First(ask)).factory());
    let world = World::with_providers(providers);
    world.compile(&registration("P", CLSID, &[INSTANCES]));
    world.compile(MOF);
    let (services, context) = (world.services(), world.administrator());
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        services.get_object("D.K='secret'", Flags::default(), context).unwrap();
    });
    let lines = lines.0.1.lock().clone();
    assert!(lines.iter().all(|line| !line.contains("secret")), "{lines:#?}");
    let id = context.operation().number();
    let [get, provider, nested, failed] = lines.as_slice() else { panic!("{lines:#?}") };
    let namespace = r#"namespace="root\\test""#;
    assert_eq!(*get, format!(r#"call operation="GetObject" {namespace} id={id}"#));
    let asked = provider.strip_prefix(r#"provider name="P" id="#).unwrap();
    let (own, parent) = asked.split_once(' ').unwrap();
    assert_eq!(parent, format!("parent={id}"));
    assert_eq!(
        *nested,
        format!(r#"call operation="GetObject" {namespace} id={own} parent={id}"#),
        "what a provider calls is its call's"
    );
    assert_eq!(failed, r#"event message=failed status="WBEM_E_NOT_FOUND""#);
}
