//! `wmi set`: changes properties of an existing instance.

use cim::ObjectPath;
use wbem::Flags;

use crate::assignment::{self, Assignment, Keys};
use crate::failure::Failure;
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::{Outcome, Target};

/// Sets the values in `arguments` on the instance at `path`.
pub(crate) fn run(options: &Options, path: &str, arguments: &[String]) -> Result<Outcome, Failure> {
    let assignments = assignment::split(arguments)?;
    let parsed: ObjectPath = path.parse().map_err(Failure::from)?;
    if parsed.is_class() {
        return Err(Failure::Usage(format!(
            "{path} names a class; name an instance, such as {path}.KEY=\"VALUE\""
        )));
    }
    change(&options.target_of(&parsed)?, &parsed, &assignments)?;
    Ok(Outcome::Done)
}

fn change(target: &Target, path: &ObjectPath, assignments: &[Assignment]) -> Result<(), Failure> {
    let properties = assignments.iter().map(|a| a.property.clone());
    let mentioned = Mentioned::new(path.class.clone(), properties);
    let change = || -> Result<(), Failure> {
        let mut instance = target.instance(&path.relative().to_string())?;
        assignment::apply(assignments, &mut instance, Keys::Fixed)?;
        let flags = Flags::UPDATE_ONLY | target.reading;
        target.services.put_instance(&instance, flags, &target.context)?;
        Ok(())
    };
    change().map_err(|failure| failure.suggesting(|status| mentioned.suggestion(status, target)))
}
