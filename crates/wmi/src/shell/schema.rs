//! The names that completion offers, read from WMI while the user types. After a failure there are
//! none.

use std::sync::Arc;

use cim::Class;

use crate::args::Grammar;
use crate::commands::ns;
use crate::session::Options;
use crate::target::Target;

/// A namespace of an open WMI, and the available commands.
pub(super) struct Schema {
    /// With the repository open.
    options: Options,
    namespace: String,
    /// The commands.
    pub(super) grammar: Grammar,
}

impl Schema {
    /// The schema of `namespace`.
    pub(super) fn new(options: Options, namespace: String, grammar: Grammar) -> Self {
        Schema { options, namespace, grammar }
    }

    /// The classes of the namespace.
    pub(super) fn classes(&self) -> Vec<Arc<Class>> {
        self.target(&self.namespace).and_then(|target| target.classes().ok()).unwrap_or_default()
    }

    /// The class `name`.
    pub(super) fn class(&self, name: &str) -> Option<Arc<Class>> {
        self.target(&self.namespace)?.class(name).ok()
    }

    /// The paths of all namespaces.
    pub(super) fn namespaces(&self) -> Vec<String> {
        let found = self.target("root").and_then(|root| ns::below(&root).ok());
        found.map(|found| found.paths).unwrap_or_default()
    }

    fn target(&self, namespace: &str) -> Option<Target> {
        self.options.connect(namespace).ok()
    }
}
