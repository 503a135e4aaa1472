//! Checks of each namespace: providers that cannot be used as registered, and classes that cannot be
//! provided.
//!
//! A class is checked by planning a query for it, which finds and loads its provider and requests no
//! object.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use cim::status::{
    WBEM_E_ACCESS_DENIED, WBEM_E_PROVIDER_LOAD_FAILURE, WBEM_E_PROVIDER_NOT_CAPABLE,
    WBEM_E_PROVIDER_NOT_FOUND,
};
use cim::{Class, Instance, Name};
use openwmi::Wmi;
use wbem::{Completion, EXPLAIN, Flags};

use super::{ERROR, Finding, OK, WARNING};
use crate::commands::{ns, provider};
use crate::exit;
use crate::session::Options;
use crate::target::Target;

const PROVIDERS: &str = "providers";
const PROVIDER: &str = "provider";
const CLASS: &str = "class";
const NAMESPACE: &str = "namespace";

/// The number of elements naming a missing provider that a finding lists.
const MOST_NAMED: usize = 5;

/// The findings in all accessible namespaces.
pub(super) fn check(options: &Options, wmi: &Wmi) -> Vec<Finding> {
    let paths = match namespaces(options, wmi) {
        Ok(paths) => paths,
        Err(error) => {
            return vec![Finding::new(ERROR, NAMESPACE, format!("cannot be listed: {error}"))];
        }
    };
    let mut findings = Vec::new();
    let mut count = 0;
    for path in &paths {
        let looked = target(options, wmi, path).and_then(|target| {
            let providers = provider::providers(&target)?;
            count += providers.len();
            Ok(Look { wmi, target, findings: Vec::new(), reported: HashSet::new() }.at(&providers))
        });
        findings.extend(looked.unwrap_or_else(|error| vec![unseen(path, &error)]));
    }
    if findings.is_empty() {
        let all = format!("{count} in {} namespaces, all usable as registered", paths.len());
        findings.push(Finding::new(OK, PROVIDERS, all));
    }
    findings
}

fn namespaces(options: &Options, wmi: &Wmi) -> cim::Result<Vec<String>> {
    Ok(ns::below(&target(options, wmi, "root")?)?.paths)
}

fn target(options: &Options, wmi: &Wmi, path: &str) -> cim::Result<Target> {
    Ok(options.on(wmi.connect(path)?, wmi))
}

/// A namespace that could not be checked.
fn unseen(path: &str, error: &cim::Error) -> Finding {
    let what = format!("not checked: {error}");
    match error.status() {
        WBEM_E_ACCESS_DENIED => {
            Finding::new(WARNING, NAMESPACE, what).remedy("run as a user with access to it")
        }
        _ => Finding::new(ERROR, NAMESPACE, what),
    }
    .at(path)
}

/// The check of one namespace.
struct Look<'w> {
    wmi: &'w Wmi,
    target: Target,
    findings: Vec<Finding>,
    /// The errors reported so far: an error of a provider recurs in its classes.
    reported: HashSet<String>,
}

impl Look<'_> {
    fn at(mut self, providers: &[Instance]) -> Vec<Finding> {
        self.providers(providers);
        let (classes, ended) = self.classes();
        self.pushes();
        self.unregistered(&classes, providers);
        for class in classes.iter().filter(|class| class.is_dynamic()) {
            self.class(class);
        }
        let what = match ended {
            Err(error) => self.is_news(&error).then(|| format!("cannot list all: {error}")),
            Ok(status) if exit::is_partial(status) => {
                Some(format!("cannot list all: {status}: {}", status.text()))
            }
            Ok(_) => None,
        };
        if let Some(what) = what {
            let remedy = "restore their superclasses, or delete them";
            let finding = Finding::new(ERROR, CLASS, what).at(self.namespace());
            self.findings.push(finding.remedy(remedy));
        }
        self.findings
    }

    fn namespace(&self) -> String {
        self.target.services.namespace().to_string()
    }

    /// Whether `error` was not yet reported for this namespace; marks it as reported.
    fn is_news(&mut self, error: &cim::Error) -> bool {
        self.reported.insert(error.to_string())
    }

    fn provider(&mut self, name: &str, what: String, error: &cim::Error) {
        self.is_news(error);
        let place = format!("{}:__Win32Provider={}", self.namespace(), cim::path::Quoted(name));
        let remedy = match error.status() {
            WBEM_E_PROVIDER_LOAD_FAILURE => {
                "use a program that contains its code, or delete its registration"
            }
            _ => "correct its registration, or delete it",
        };
        self.findings.push(Finding::new(ERROR, PROVIDER, what).at(place).remedy(remedy));
    }

    /// Checks whether each provider can be used as registered.
    fn providers(&mut self, providers: &[Instance]) {
        for name in providers.iter().filter_map(provider::named) {
            if let Err(error) = self.wmi.check_provider(&self.namespace(), name) {
                self.provider(name, format!("cannot be used: {error}"), &error);
            }
        }
    }

    /// Reports push providers that failed to put their classes; they ran when the namespace was first
    /// accessed.
    fn pushes(&mut self) {
        let here = self.target.services.namespace().clone();
        for push in self.wmi.failed_pushes().iter().filter(|push| push.namespace == here) {
            let what = format!("failed to put its classes: {}", push.error);
            self.provider(push.name.as_str(), what, &push.error);
        }
    }

    /// The classes of the namespace that could be enumerated, and the final status.
    fn classes(&self) -> (Vec<Arc<Class>>, Completion) {
        let Target { services, context, reading } = &self.target;
        let (classes, ended) =
            wbem::gather(|sink| services.create_class_enum(None, *reading, context, sink));
        (classes.iter().map(|object| object.class().clone()).collect(), ended)
    }

    /// Reports providers that classes or properties name and that are not registered.
    fn unregistered(&mut self, classes: &[Arc<Class>], providers: &[Instance]) {
        let registered: HashSet<Name> =
            providers.iter().filter_map(provider::named).map(Name::from).collect();
        let mut naming: BTreeMap<Name, Vec<String>> = BTreeMap::new();
        for (provider, what) in classes.iter().flat_map(|class| provider::named_by(class)) {
            naming.entry(provider.into()).or_default().push(what);
        }
        for (provider, mut named_by) in naming {
            if registered.contains(&provider) {
                continue;
            }
            named_by.sort_by(|a, b| cim::name::cmp(a, b));
            let more = named_by.len().saturating_sub(MOST_NAMED);
            named_by.truncate(MOST_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let what = format!(
                "provider {provider} is not registered; named by {}{more}",
                named_by.join(", ")
            );
            let finding = Finding::new(ERROR, CLASS, what).at(self.namespace());
            self.findings
                .push(finding.remedy("register the provider, or delete the elements that name it"));
        }
    }

    /// Checks whether the instances of `class` could be enumerated.
    fn class(&mut self, class: &Class) {
        let mut context = self.target.context.clone();
        context.set(EXPLAIN, true);
        let text = format!("SELECT * FROM {}", class.name());
        let planned = wbem::collect(|sink| {
            self.target.services.exec_query("WQL", &text, Flags::default(), &context, sink)
        });
        let Err(error) = planned else { return };
        let is_reported = matches!(
            error.status(),
            // Already reported, or a class that does not support enumeration or reading.
            WBEM_E_PROVIDER_NOT_FOUND | WBEM_E_PROVIDER_NOT_CAPABLE | WBEM_E_ACCESS_DENIED
        );
        if !is_reported && self.is_news(&error) {
            let finding = Finding::new(ERROR, CLASS, format!("cannot be provided: {error}"));
            let place = format!("{}:{}", self.namespace(), class.name());
            let remedy = "correct the class, or the registration of its provider";
            self.findings.push(finding.at(place).remedy(remedy));
        }
    }
}
