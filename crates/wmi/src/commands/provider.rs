//! `wmi provider`: lists, shows and unloads providers.
//!
//! Registrations are read through WMI like all objects. Loaded providers are those of this process; a
//! run of the program that does nothing else has none.

use std::io::{self, BufWriter, Write};

use cim::path::{KeyValue, PathKeys};
use cim::status::WBEM_E_NOT_FOUND;
use cim::{Class, Instance, Name, Object, ObjectPath};
use openwmi::Wmi;
use openwmi::provider::CimClass;
use wbem::Flags;

use crate::args::ProviderCommand;
use crate::commands::ns;
use crate::failure::{Failure, warn};
use crate::output::{Form, Printer, Selection};
use crate::session::Options;
use crate::suggest::nearest;
use crate::target::{Outcome, Target, print_all};

/// The classes of registrations, and what each provides.
const KINDS: [(&str, &str); 6] = [
    ("__ClassProviderRegistration", "classes"),
    ("__InstanceProviderRegistration", "instances"),
    ("__MethodProviderRegistration", "methods"),
    ("__PropertyProviderRegistration", "properties"),
    ("__EventProviderRegistration", "events"),
    ("__EventConsumerProviderRegistration", "consumers"),
];

pub(crate) fn run(options: &Options, command: &ProviderCommand) -> Result<Outcome, Failure> {
    match command {
        ProviderCommand::List { all } => list(options, *all),
        ProviderCommand::Show { name } => show(options, name),
        ProviderCommand::Unload { name } => unload(options, name),
    }
}

/// A provider in the list.
#[derive(CimClass)]
#[cim(name = "OpenWMI_RegisteredProvider")]
struct Listed {
    #[cim(rename = "Namespace")]
    namespace: String,
    #[cim(rename = "Name")]
    name: String,
    #[cim(rename = "Provides")]
    provides: Vec<String>,
    #[cim(rename = "CLSID")]
    clsid: Option<String>,
    #[cim(rename = "HostingModel")]
    hosting_model: Option<String>,
    #[cim(rename = "InProgram")]
    in_program: bool,
    #[cim(rename = "Loaded")]
    loaded: u32,
    #[cim(rename = "Calls")]
    calls: u32,
    #[cim(rename = "Failure")]
    failure: Option<String>,
}

/// A provider in full.
#[derive(CimClass)]
#[cim(name = "OpenWMI_ProviderRegistrations")]
struct Shown {
    #[cim(rename = "Provider")]
    provider: Instance,
    #[cim(rename = "Registrations")]
    registrations: Vec<Instance>,
    #[cim(rename = "Classes")]
    classes: Vec<String>,
    #[cim(rename = "InProgram")]
    in_program: bool,
    #[cim(rename = "Loaded")]
    loaded: u32,
    #[cim(rename = "Calls")]
    calls: u32,
    #[cim(rename = "Failure")]
    failure: Option<String>,
}

fn list(options: &Options, all: bool) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    let mut targets = Vec::new();
    if all {
        let start = options.namespace.as_deref().unwrap_or("root");
        for path in ns::below(&options.connect(start)?)?.paths {
            targets.push(options.connect(&path)?);
        }
    } else {
        targets.push(options.connect(options.namespace())?);
    }
    let mut lines = Vec::new();
    for target in &targets {
        for provider in providers(target)? {
            lines.push(Listed::new(&wmi, target, &provider)?);
        }
    }
    let columns = Listed::properties().into_iter().map(|column| column.declaration.name);
    let selection = Selection {
        named: Some(columns.skip(usize::from(!all)).collect()),
        class: Some(Name::from_static(Listed::NAME)),
        ..Selection::default()
    };
    let class = Listed::detached()?;
    print_all(Printer::stdout(&options.settings, selection), |mut sink| {
        let objects = lines.iter().map(|line| line.to_instance(&class).map(Object::Instance));
        let _ = sink.indicate(objects.collect::<cim::Result<_>>()?);
        sink.complete(wbem::COMPLETE);
        Ok(())
    })
}

impl Listed {
    fn new(wmi: &Wmi, target: &Target, provider: &Instance) -> cim::Result<Self> {
        let name = text(provider, "Name").unwrap_or_default();
        let registrations = registrations(target, &name)?;
        let is_kind = |kind| registrations.iter().any(|r| r.class().is_a(kind));
        let provides = KINDS.iter().filter(|(class, _)| is_kind(class));
        let State { in_program, loaded, calls, failure } = State::of(wmi, target, provider);
        Ok(Listed {
            namespace: target.services.namespace().to_string(),
            provides: provides.map(|(_, what)| (*what).to_owned()).collect(),
            clsid: text(provider, "CLSID"),
            hosting_model: text(provider, "HostingModel"),
            name,
            in_program,
            loaded,
            calls,
            failure,
        })
    }
}

fn show(options: &Options, name: &str) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    let target = options.connect(options.namespace())?;
    let provider = find(&target, name)?;
    let registrations = registrations(&target, name)?;
    let (classes, outcome) = match bound(&target, name) {
        Ok(classes) => (classes, Outcome::Done),
        Err(error) => {
            warn(&format!("the classes cannot be listed: {error}"));
            (Vec::new(), Outcome::Partial)
        }
    };
    let State { in_program, loaded, calls, failure } = State::of(&wmi, &target, &provider);
    let shown = Shown { provider, registrations, classes, in_program, loaded, calls, failure };
    if matches!(options.settings.form, Form::Auto | Form::Mof) {
        shown.print_mof()?;
        return Ok(outcome);
    }
    let selection = Selection { as_declared: true, single: true, ..Selection::default() };
    let mut printer = Printer::stdout(&options.settings, selection);
    let _ = printer.batch(vec![Object::Instance(shown.to_instance(&Shown::detached()?)?)]);
    printer.finish()?;
    Ok(outcome)
}

impl Shown {
    /// Prints the registration as MOF, everything else as comments.
    fn print_mof(&self) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout());
        let code = if self.in_program { "in this program" } else { "not in this program" };
        writeln!(out, "// code: {code}")?;
        writeln!(out, "// loaded: {}, calls in flight: {}", self.loaded, self.calls)?;
        if let Some(failure) = &self.failure {
            writeln!(out, "// failed to put its classes: {failure}")?;
        }
        for class in &self.classes {
            writeln!(out, "// provides: {class}")?;
        }
        for instance in std::iter::once(&self.provider).chain(&self.registrations) {
            writeln!(out, "\n{}", mof::write_instance(instance).trim_matches('\n'))?;
        }
        out.flush()
    }
}

fn unload(options: &Options, name: &str) -> Result<Outcome, Failure> {
    let wmi = options.open()?;
    let target = options.connect(options.namespace())?;
    find(&target, name)?;
    let unloaded = wmi.unload_provider(target.services.namespace().as_str(), name)?;
    let text = match unloaded {
        0 => format!("{name} is not loaded, or has calls in flight"),
        1 => format!("{name} unloaded"),
        _ => format!("{name} unloaded {unloaded} times (once for each user or language)"),
    };
    super::say(options.settings.form, &text, &serde_json::json!({ "unloaded": unloaded }))?;
    Ok(Outcome::Done)
}

/// The state of a provider in this process.
struct State {
    in_program: bool,
    /// How often it is loaded: once for each user and language, if it is registered so.
    loaded: u32,
    calls: u32,
    /// Why a push provider failed to put its classes.
    failure: Option<String>,
}

impl State {
    fn of(wmi: &Wmi, target: &Target, provider: &Instance) -> Self {
        let clsid = text(provider, "CLSID");
        let name = text(provider, "Name").unwrap_or_default();
        let mut state = State {
            in_program: clsid.is_some_and(|clsid| wmi.has_provider_code(&clsid)),
            loaded: 0,
            calls: 0,
            failure: None,
        };
        let here = target.services.namespace();
        let failed = wmi.failed_pushes();
        let own = failed.iter().find(|push| push.namespace == *here && push.name.is(&name));
        state.failure = own.map(|push| push.error.to_string());
        for loaded in wmi.loaded_providers() {
            if loaded.namespace == *here && loaded.name.is(&name) {
                state.loaded += 1;
                state.calls += loaded.in_flight;
            }
        }
        state
    }
}

/// The instances of `class` and its subclasses.
fn instances(target: &Target, class: &str) -> cim::Result<Vec<Instance>> {
    let found = wbem::collect(|sink| {
        target.services.create_instance_enum(class, Flags::DEEP, &target.context, sink)
    })?;
    Ok(found.iter().filter_map(Object::as_instance).cloned().collect())
}

/// The providers of the namespace, in alphabetical order.
pub(super) fn providers(target: &Target) -> cim::Result<Vec<Instance>> {
    let mut found = instances(target, "__Win32Provider")?;
    found.sort_by_key(|provider| text(provider, "Name").map(Name::from));
    Ok(found)
}

/// Finds a provider by its name.
///
/// # Errors
///
/// `WBEM_E_NOT_FOUND`, with a suggested name.
fn find(target: &Target, name: &str) -> Result<Instance, Failure> {
    let providers = providers(target)?;
    let is_it = |provider: &&Instance| named(provider).is_some_and(|n| cim::name::eq(n, name));
    if let Some(found) = providers.iter().find(is_it) {
        return Ok(found.clone());
    }
    let namespace = target.services.namespace();
    let why = format!("provider {name} is not registered in {namespace}");
    let failure = Failure::from(WBEM_E_NOT_FOUND.with(why));
    Err(failure.suggesting(|_| nearest(name, providers.iter().filter_map(named))))
}

/// The name of a provider.
pub(super) fn named(provider: &Instance) -> Option<&str> {
    provider.get("Name")?.as_str()
}

/// The registrations of the provider `name`, in the order of [`KINDS`].
fn registrations(target: &Target, name: &str) -> cim::Result<Vec<Instance>> {
    let mut found = instances(target, "__ProviderRegistration")?;
    found.retain(|registration| refers_to(registration, name));
    let kind = |registration: &Instance| {
        KINDS.iter().position(|(class, _)| registration.class().is_a(class))
    };
    found.sort_by_key(|registration| kind(registration).unwrap_or(KINDS.len()));
    Ok(found)
}

/// Whether the provider of `registration` is called `name`.
fn refers_to(registration: &Instance, name: &str) -> bool {
    let path = registration.get("Provider").and_then(|path| path.as_str()?.parse().ok());
    let Some(ObjectPath { keys, .. }) = path else { return false };
    let key = match &keys {
        PathKeys::Unnamed(key) => Some(key),
        PathKeys::Named(keys) => keys.first().map(|(_, key)| key),
        PathKeys::Class | PathKeys::Singleton => None,
    };
    matches!(key, Some(KeyValue::Text(text)) if cim::name::eq(text, name))
}

/// The classes and properties bound to the provider `name`.
fn bound(target: &Target, name: &str) -> cim::Result<Vec<String>> {
    let classes = target.classes()?;
    let named = classes.iter().flat_map(|class| named_by(class));
    let its = named.filter(|(provider, _)| cim::name::eq(provider, name));
    let mut found: Vec<String> = its.map(|(_, what)| what).collect();
    found.sort_by(|a, b| cim::name::cmp(a, b));
    Ok(found)
}

/// The providers named by `class` and its own properties, each with the element that names it: the
/// class, or `Class.Property`.
pub(super) fn named_by(class: &Class) -> impl Iterator<Item = (&str, String)> {
    let own = class.properties().iter().filter(|property| class.declares(property));
    let properties = own.filter_map(|property| {
        let provider = property.qualifiers.text("Provider")?;
        Some((provider, format!("{}.{}", class.name(), property.name)))
    });
    let provider = class.provider().map(|provider| (provider, class.name().to_string()));
    provider.into_iter().chain(properties)
}

fn text(instance: &Instance, property: &str) -> Option<String> {
    instance.get(property)?.as_str().map(str::to_owned)
}
