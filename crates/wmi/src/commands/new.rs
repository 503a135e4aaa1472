//! `wmi new`: creates an instance of a class and prints its path.

use cim::{Instance, Name, ObjectPath};
use wbem::Flags;

use crate::assignment::{self, Assignment, Keys};
use crate::failure::Failure;
use crate::session::Options;
use crate::suggest::Mentioned;
use crate::target::{Outcome, Target};

/// Creates an instance of `class` with the values in `arguments`.
pub(crate) fn run(
    options: &Options,
    class: &str,
    arguments: &[String],
) -> Result<Outcome, Failure> {
    let assignments = assignment::split(arguments)?;
    if !Name::is_identifier(class) {
        return Err(Failure::Usage(format!("'{class}' is not a valid name of a class")));
    }
    let path = create(&options.target()?, class, &assignments)?;
    let path = path.to_string();
    super::say(options.settings.form, &path, &serde_json::json!({ "path": path }))?;
    Ok(Outcome::Done)
}

fn create(target: &Target, class: &str, assignments: &[Assignment]) -> Result<ObjectPath, Failure> {
    let properties = assignments.iter().map(|a| a.property.clone());
    let mentioned = Mentioned::new(class.into(), properties);
    let create = || -> Result<ObjectPath, Failure> {
        let mut instance = Instance::new(target.class(class)?);
        assignment::apply(assignments, &mut instance, Keys::Open)?;
        let flags = Flags::CREATE_ONLY | target.reading;
        Ok(target.services.put_instance(&instance, flags, &target.context)?)
    };
    create().map_err(|failure| failure.suggesting(|status| mentioned.suggestion(status, target)))
}
