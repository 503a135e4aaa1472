//! MOF objects put one by one through `wbem::Services`, as a client that has no compiler puts
//! them.
//!
//! The compiler has its own way into the repository; this is how tests of PutClass and
//! PutInstance write down what they put. Aliases and pragmas are the compiler's and not known
//! here.

use std::path::Path;
use std::sync::Arc;

use cim::status::WBEM_E_NOT_SUPPORTED;
use cim::{Class, Instance, Name, ObjectPath, Result};
use mof::{Action, ActionKind, Memory};
use wbem::{CallContext, Flags, Services};

/// Puts the objects of `text` into the namespace of `services`. Gives, for each, the path of
/// the instance or the name of the class, up to the first that is refused.
/// Panics where the text is no MOF.
pub fn put(
    services: &dyn Services,
    text: &str,
    flags: Flags,
    context: &CallContext,
) -> (Vec<String>, Result<()>) {
    let mut done = Vec::new();
    for action in parse(services, text) {
        match put_one(services, action, flags, context) {
            Ok(name) => done.push(name),
            Err(e) => return (done, Err(e)),
        }
    }
    (done, Ok(()))
}

fn parse(services: &dyn Services, text: &str) -> Vec<Action> {
    let mut options = mof::Options::new(services.namespace().clone());
    // What names may be put is asked of PutClass, not of the parser.
    options.system_classes = true;
    let path = Path::new("put.mof");
    let parsed = mof::parse(&mut Memory::file(path, text), path, &options);
    let wrong: Vec<String> = parsed.diagnostics.iter().map(|d| d.render(false)).collect();
    assert!(wrong.is_empty(), "the test's MOF does not parse:\n{}", wrong.join("\n"));
    parsed.actions
}

fn put_one(
    services: &dyn Services,
    action: Action,
    flags: Flags,
    context: &CallContext,
) -> Result<String> {
    match action.kind {
        ActionKind::PutClass { declaration, .. } => {
            services.put_class(&declaration, flags, context)?;
            Ok(declaration.name.to_string())
        }
        ActionKind::PutInstance { declaration, .. } => {
            let mut classes = Classes { services, context };
            let class = mof::Context::class(&mut classes, &declaration.class)?;
            let instance: Instance = mof::instantiate(&declaration, class, &mut classes)
                .map_err(|d| d.status.with(d.message))?;
            services.put_instance(&instance, flags, context).map(|path| path.to_string())
        }
        ActionKind::DeleteClass { .. } | ActionKind::DeleteInstance { .. } => {
            panic!("pragmas are the compiler's: use a block of kind mof")
        }
    }
}

/// The classes of a namespace, asked for as any client asks.
struct Classes<'a> {
    services: &'a dyn Services,
    context: &'a CallContext,
}

impl mof::Context for Classes<'_> {
    fn class(&mut self, name: &Name) -> Result<Arc<Class>> {
        let object = self.services.get_object(name.as_str(), Flags::default(), self.context)?;
        Ok(object.class().clone())
    }

    fn alias(&mut self, alias: &Name) -> Result<ObjectPath> {
        Err(WBEM_E_NOT_SUPPORTED.with(format!("alias ${alias}: use a block of kind mof")))
    }
}
