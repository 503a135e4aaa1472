//! A native pull provider of classes for tests: it has the classes of a MOF text, and keeps a log
//! of what it is asked.
//!
//! It answers every call and checks nothing: the core decides which classes it requests and how it
//! uses them.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cim::status::WBEM_E_NOT_FOUND;
use cim::{ClassDeclaration, Error, Name, Namespace, Result};
use mof::ActionKind;
use wbem::{ClassProvider, Flags, ProviderContext, ProviderInterfaces};

use crate::provider::{Gate, Log, Make};

/// The provider.
pub struct TestClasses {
    classes: Mutex<Vec<ClassDeclaration>>,
    failure: Option<Error>,
    gate: Option<Gate>,
    log: Log,
}

impl TestClasses {
    /// A provider of the classes that `mof` declares.
    pub fn new(mof: &str) -> Self {
        let classes = Mutex::new(declarations(mof));
        TestClasses { classes, failure: None, gate: None, log: Log::default() }
    }

    /// It fails so whatever it is asked.
    pub fn failing(mut self, failure: Error) -> Self {
        self.failure = Some(failure);
        self
    }

    /// Each of its calls waits at `gate`.
    pub fn waiting_at(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// It writes into `log`, each line after its `name`.
    pub fn logging_as(mut self, name: &str, log: &Log) -> Self {
        self.log = log.named(name);
        self
    }

    /// Its log.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// How it is made: each namespace gets the same one.
    pub fn factory(self) -> Make {
        let provider = Arc::new(self);
        Box::new(move |initialization| {
            provider.log.write(format!("initialize {}", initialization.namespace));
            Ok(ProviderInterfaces::classes(provider.clone()))
        })
    }

    fn begin(&self, asked: String) -> Result<MutexGuard<'_, Vec<ClassDeclaration>>> {
        self.log.write(asked);
        if let Some(gate) = &self.gate {
            gate.pass();
        }
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(self.classes.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl ClassProvider for TestClasses {
    fn get(&self, name: &Name, _context: &ProviderContext) -> Result<ClassDeclaration> {
        let classes = self.begin(format!("get {name}"))?;
        let found = classes.iter().find(|class| class.name == *name);
        found.cloned().ok_or_else(|| WBEM_E_NOT_FOUND.into())
    }

    fn enumerate(
        &self,
        superclass: Option<&Name>,
        shallow: bool,
        _context: &ProviderContext,
    ) -> Result<Vec<ClassDeclaration>> {
        let reach = if shallow { "shallow" } else { "deep" };
        let below = superclass.map_or("NULL", Name::as_str);
        let classes = self.begin(format!("enumerate {below} {reach}"))?;
        let above = |name: &Name| {
            let class = classes.iter().find(|class| class.name == *name)?;
            class.superclass.clone()
        };
        let is_meant = |class: &&ClassDeclaration| match superclass {
            None => !shallow || class.superclass.is_none(),
            Some(wanted) if shallow => class.superclass.as_ref() == Some(wanted),
            Some(wanted) => {
                std::iter::successors(class.superclass.clone(), above).any(|name| name == *wanted)
            }
        };
        Ok(classes.iter().filter(is_meant).cloned().collect())
    }

    fn put(
        &self,
        class: &ClassDeclaration,
        flags: Flags,
        _context: &ProviderContext,
    ) -> Result<()> {
        let mut classes = self.begin(format!("put {} flags {:#x}", class.name, flags.bits()))?;
        classes.retain(|old| old.name != class.name);
        classes.push(class.clone());
        Ok(())
    }

    fn delete(&self, name: &Name, _context: &ProviderContext) -> Result<()> {
        let mut classes = self.begin(format!("delete {name}"))?;
        classes.retain(|class| class.name != *name);
        Ok(())
    }
}

/// The classes that `mof` declares. Panics where it is none.
pub fn declarations(mof: &str) -> Vec<ClassDeclaration> {
    let path = Path::new("classes.mof");
    let options = mof::Options::new(Namespace::root());
    let parsed = mof::parse(&mut mof::Memory::file(path, mof), path, &options);
    assert!(parsed.diagnostics.is_empty(), "the test's MOF: {}", parsed.diagnostics[0]);
    let declaration = |action: mof::Action| match action.kind {
        ActionKind::PutClass { declaration, .. } => Some(Arc::unwrap_or_clone(declaration)),
        _ => None,
    };
    parsed.actions.into_iter().filter_map(declaration).collect()
}
