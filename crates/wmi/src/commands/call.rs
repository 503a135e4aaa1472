//! `wmi call`: runs a method of a class or an instance and prints its out parameters.

use std::sync::Arc;

use cim::signature::{PARAMETERS, RETURN_VALUE};
use cim::status::{WBEM_E_INVALID_METHOD, WBEM_E_INVALID_METHOD_PARAMETERS};
use cim::{Instance, Method, Name, Object, ObjectPath, Value};
use wbem::Flags;

use super::get::path_keys;
use crate::assignment::{self, Assignment, Keys};
use crate::exit;
use crate::failure::{Failure, warn};
use crate::output::{Printer, Selection, Settings};
use crate::session::Options;
use crate::suggest::{Mentioned, nearest};
use crate::target::{Outcome, Target};

/// A method call.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The path of an instance or of a class.
    pub(crate) path: String,
    /// The method.
    pub(crate) method: String,
    /// The in parameters, `P=V` each.
    pub(crate) values: Vec<String>,
    /// Whether a ReturnValue other than 0 is a failure.
    pub(crate) check_return: bool,
}

/// Calls the method of `request`.
pub(crate) fn run(options: &Options, request: &Request) -> Result<Outcome, Failure> {
    let assignments = assignment::split(&request.values)?;
    let path: ObjectPath = request.path.parse().map_err(Failure::from)?;
    let target = options.target_of(&path)?;
    let method = method(&target, &path, &request.method).map_err(|failure| {
        let properties = path_keys(&path);
        let mentioned = Mentioned::new(path.class.clone(), properties);
        failure.suggesting(|status| mentioned.suggestion(status, &target))
    })?;
    let given = in_parameters(&method, &assignments)?;
    let place = path.relative().to_string();
    let flags = Flags::default();
    let out = target.services.exec_method(
        &place,
        method.name.as_str(),
        flags,
        &target.context,
        given.as_ref(),
    )?;
    let returned = out.as_ref().and_then(|out| out.get(RETURN_VALUE.as_str()).cloned());
    print(&options.settings, out)?;
    match returned.filter(|value| request.check_return && has_failed(value)) {
        Some(value) => {
            warn(&format!(
                "{}.{} returned {}",
                path.class,
                method.name,
                value_text(&method, &value)
            ));
            Err(Failure::Reported(exit::RETURNED))
        }
        None => Ok(Outcome::Done),
    }
}

/// The method of the class in the path, or else of the class of the instance.
///
/// # Errors
///
/// `WBEM_E_INVALID_METHOD`, with a suggested name.
pub(crate) fn method(
    target: &Target,
    path: &ObjectPath,
    name: &str,
) -> Result<Arc<Method>, Failure> {
    let mut class = target.class(path.class.as_str())?;
    if class.method(name).is_none() && !path.is_class() {
        class = target.instance(&path.relative().to_string())?.class().clone();
    }
    class.method(name).cloned().ok_or_else(|| {
        let why = format!("class {} has no method {name}", class.name());
        let names = class.methods().iter().map(|m| m.name.as_str());
        Failure::from(WBEM_E_INVALID_METHOD.with(why)).suggesting(|_| nearest(name, names))
    })
}

/// The in parameters with the values of `assignments`; `None` if the method has none.
///
/// # Errors
///
/// `WBEM_E_INVALID_METHOD_PARAMETERS` for a parameter that the method does not have.
fn in_parameters(method: &Method, assignments: &[Assignment]) -> Result<Option<Instance>, Failure> {
    let names = || method.parameters.iter().filter(|p| p.is_in()).map(|p| &p.name);
    let is_unknown = |a: &&Assignment| !names().any(|name| *name == a.property);
    if let Some(Assignment { property, .. }) = assignments.iter().find(is_unknown) {
        let why = format!("method {} takes no parameter {property}", method.name);
        let failure = Failure::from(WBEM_E_INVALID_METHOD_PARAMETERS.with(why));
        let names = names().map(Name::as_str);
        return Err(failure.suggesting(|_| nearest(property.as_str(), names)));
    }
    let mut given = method.in_signature().map(Instance::new);
    if let Some(given) = &mut given {
        assignment::apply(assignments, given, Keys::Open)?;
    }
    Ok(given)
}

fn print(settings: &Settings, out: Option<Instance>) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    let selection = Selection {
        system: settings.system,
        as_declared: true,
        class: Some(PARAMETERS),
        single: true,
        ..Selection::default()
    };
    let mut printer = Printer::stdout(settings, selection);
    // `finish` reports a closed output.
    let _ = printer.batch(vec![Object::Instance(out)]);
    printer.finish()?;
    Ok(())
}

/// Whether a return value means failure: any number except 0, or FALSE.
fn has_failed(returned: &Value) -> bool {
    match returned {
        Value::Boolean(done) => !done,
        value => value.as_integer().is_some_and(|number| number != 0),
    }
}

/// The value, with its name from the method's ValueMap.
fn value_text(method: &Method, value: &Value) -> String {
    let number = match (value.as_integer(), value.as_bool()) {
        (Some(number), _) => number.to_string(),
        (None, Some(done)) => done.to_string(),
        (None, None) => return "no number".to_owned(),
    };
    let list = |name| method.qualifiers.value(name).and_then(Value::as_array);
    let named = list("valuemap").zip(list("values")).and_then(|(map, names)| {
        let at = map.iter().position(|entry| entry.as_str() == Some(&number))?;
        names.get(at)?.as_str()
    });
    match named {
        Some(name) => format!("{number} ({name})"),
        None => number,
    }
}
