//! The namespace that a command works on, and the printing of what its calls deliver.
//!
//! All that the commands know of WMI is [`wbem::Services`]; this is the little that each of
//! them needs around it.

use std::sync::Arc;

use cim::status::{WBEM_E_NOT_FOUND, WBEM_E_TYPE_MISMATCH};
use cim::{Class, Name, Object, ObjectPath, PathKeys};
use parking_lot::Mutex;
use wbem::{CallContext, Flags, Services, Sink};

use crate::exit;
use crate::failure::{Failure, warn};
use crate::output::Printer;

/// A namespace and the context of the caller.
pub(crate) struct Target {
    /// The operations on the namespace.
    pub(crate) services: Arc<dyn Services>,
    /// What goes with each call.
    pub(crate) context: CallContext,
    /// How objects are read, and what was read is put.
    pub(crate) reading: Flags,
}

/// How a command that did its work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// With all there is.
    Done,
    /// With nothing, as there is nothing.
    Empty,
    /// With a part of the result.
    Partial,
}

impl Target {
    /// The class `name`.
    /// Errors: `WBEM_E_NOT_FOUND`.
    pub(crate) fn class(&self, name: &str) -> cim::Result<Arc<Class>> {
        let path =
            ObjectPath { server: None, namespace: None, class: name.into(), keys: PathKeys::Class };
        match self.services.get_object(&path.to_string(), self.reading, &self.context)? {
            Object::Class(class) => Ok(class),
            Object::Instance(_) => Err(WBEM_E_TYPE_MISMATCH.with(format!("{name} is no class"))),
        }
    }

    /// The instance at `path`.
    /// Errors: `WBEM_E_NOT_FOUND`.
    pub(crate) fn instance(&self, path: &str) -> cim::Result<cim::Instance> {
        match self.services.get_object(path, self.reading, &self.context)? {
            Object::Instance(instance) => Ok(instance),
            Object::Class(_) => Err(WBEM_E_NOT_FOUND.with(format!("{path} names a class"))),
        }
    }

    /// All classes of the namespace.
    pub(crate) fn classes(&self) -> cim::Result<Vec<Arc<Class>>> {
        let all = |sink| self.services.create_class_enum(None, self.reading, &self.context, sink);
        Ok(wbem::collect(all)?.iter().map(|object| object.class().clone()).collect())
    }

    /// The names of all classes of the namespace.
    pub(crate) fn class_names(&self) -> cim::Result<Vec<Name>> {
        Ok(self.classes()?.iter().map(|class| class.name().clone()).collect())
    }
}

/// Prints what `operation` delivers, as it arrives.
/// Errors: those of the operation, after what came before them was printed.
pub(crate) fn print_all(
    printer: Printer,
    operation: impl FnOnce(Sink) -> cim::Result<()>,
) -> Result<Outcome, Failure> {
    let printer = Arc::new(Mutex::new(printer));
    let printing = printer.clone();
    let completion = wbem::for_each(operation, move |batch| printing.lock().batch(batch));
    let mut printer = printer.lock();
    // What failed before there was a result has none, not an empty one.
    let count = if completion.is_err() && printer.is_untouched() { 0 } else { printer.finish()? };
    let status = completion?;
    for name in printer.unfound() {
        warn(&format!("nothing that was found has a property {name}"));
    }
    if exit::is_partial(status) {
        warn(&format!("{status}: {}", status.text()));
        return Ok(Outcome::Partial);
    }
    Ok(if count == 0 { Outcome::Empty } else { Outcome::Done })
}
