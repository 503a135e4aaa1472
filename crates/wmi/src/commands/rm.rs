//! `wmi rm`: deletes an instance, or with `--class` a class.

use cim::ObjectPath;
use wbem::Flags;

use crate::failure::Failure;
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::Outcome;

/// Deletes the object at `path`; a class only if `class` is true.
pub(crate) fn run(options: &Options, path: &str, class: bool) -> Result<Outcome, Failure> {
    let parsed: ObjectPath = path.parse().map_err(Failure::from)?;
    match (parsed.is_class(), class) {
        (true, false) => {
            return Err(Failure::Usage(format!(
                "{path} names a class; use --class to delete it with its subclasses and all \
                 their stored instances"
            )));
        }
        (false, true) => {
            return Err(Failure::Usage(format!("{path} names an instance, but --class was given")));
        }
        _ => {}
    }
    let target = options.target_of(&parsed)?;
    let relative = parsed.relative().to_string();
    let deleted = match class {
        true => target.services.delete_class(&relative, Flags::default(), &target.context),
        false => target.services.delete_instance(&relative, Flags::default(), &target.context),
    };
    deleted.map_err(|error| {
        let mentioned = Mentioned::new(parsed.class.clone(), []);
        Failure::from(error).suggesting(|status| mentioned.suggestion(status, &target))
    })?;
    Ok(Outcome::Done)
}
