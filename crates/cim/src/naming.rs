//! Which names a user may give to a class and to what is in it, and which qualifiers.
//!
//! Takes a declaration before it is put. The system's own classes do not pass here: their names
//! begin with underscores, which is what these rules keep free for them (behaviour.md F.2
//! PutClass, F.5 Put, G.3). That a name is given once is asked where classes are derived.

use crate::class::{ClassDeclaration, Parameter};
use crate::name::Name;
use crate::qualifier::{Flavor, Qualifiers};
use crate::status::*;
use crate::types::CimType;
use crate::value::Value;

/// The longest name of a class, in characters.
pub const MAX_CLASS_NAME: usize = 4096;

/// # Errors
///
/// `WBEM_E_QUOTA_VIOLATION` if no class may have a name as long as `name`.
pub fn check_class_length(name: &str) -> Result<()> {
    if name.len() <= MAX_CLASS_NAME || name.chars().count() <= MAX_CLASS_NAME {
        return Ok(());
    }
    Err(WBEM_E_QUOTA_VIOLATION
        .with(format!("the name of a class has at most {MAX_CLASS_NAME} characters")))
}

impl ClassDeclaration {
    /// Whether a user may put a class with these names.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INCOMPLETE_CLASS` for a class without name, `WBEM_E_INVALID_OPERATION` if its name
    /// begins with an underscore, `WBEM_E_INVALID_OBJECT` if it ends with one or is misspelled,
    /// `WBEM_E_QUOTA_VIOLATION` if it, or its superclass's, is too long; `WBEM_E_INVALID_PARAMETER`
    /// for any other name that is misspelled or has an underscore at either end;
    /// `WBEM_E_INVALID_FLAVOR`, `WBEM_E_INVALID_QUALIFIER_TYPE` for a qualifier that says it was
    /// inherited, or has a value that none can have.
    pub fn check_names(&self) -> Result<()> {
        check_class(&self.name)?;
        self.superclass.as_ref().map_or(Ok(()), |above| check_class_length(above.as_str()))?;
        let class = self.name.as_str();
        check_qualifiers(class, &self.qualifiers)?;
        for property in &self.properties {
            check_element("property", &property.name, class)?;
            check_qualifiers(property.name.as_str(), &property.qualifiers)?;
        }
        for method in &self.methods {
            check_element("method", &method.name, class)?;
            check_qualifiers(method.name.as_str(), &method.qualifiers)?;
            check_parameters(method.name.as_str(), &method.parameters)?;
        }
        Ok(())
    }
}

fn check_class(name: &Name) -> Result<()> {
    let text = name.as_str();
    if text.is_empty() {
        return Err(WBEM_E_INCOMPLETE_CLASS.with("the class has no name; give it one first"));
    }
    check_class_length(text)?;
    if text.starts_with('_') {
        return Err(WBEM_E_INVALID_OPERATION.with(format!(
            "class {name}: names that begin with an underscore are the system's; choose another"
        )));
    }
    if text.ends_with('_') || !Name::is_identifier(text) {
        return Err(WBEM_E_INVALID_OBJECT.with(format!(
            "class {name}: a name is letters, digits and underscores, and no underscore ends it"
        )));
    }
    Ok(())
}

fn check_parameters(method: &str, parameters: &[Parameter]) -> Result<()> {
    parameters.iter().try_for_each(|parameter| {
        check_element("parameter", &parameter.name, method)?;
        check_qualifiers(parameter.name.as_str(), &parameter.qualifiers)
    })
}

/// # Errors
///
/// `WBEM_E_INVALID_PARAMETER` if the name of one is misspelled or has an underscore at either end;
/// `WBEM_E_INVALID_FLAVOR` if one says that it was inherited, which is no flavor to be given;
/// `WBEM_E_INVALID_QUALIFIER_TYPE` if no qualifier can have its value.
pub(crate) fn check_qualifiers(owner: &str, qualifiers: &Qualifiers) -> Result<()> {
    qualifiers.iter().try_for_each(|qualifier| {
        let name = &qualifier.name;
        check_element("qualifier", name, owner)?;
        if qualifier.flavor.intersects(Flavor::PROPAGATED | Flavor::SYSTEM) {
            return Err(WBEM_E_INVALID_FLAVOR.with(format!(
                "qualifier {name} of {owner} says that it was inherited; give only what is its own"
            )));
        }
        if !is_qualifier_value(&qualifier.value) {
            return Err(WBEM_E_INVALID_QUALIFIER_TYPE.with(format!(
                "qualifier {name} of {owner} is neither a text, a number nor TRUE or FALSE, nor an \
                 array of one of them"
            )));
        }
        Ok(())
    })
}

/// DMTF's dialect has qualifiers of more types than WMI's, and ones without a value.
fn is_qualifier_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => {
            let first = elements.first().and_then(Value::cim_type);
            elements.iter().all(|e| e.cim_type() == first && !matches!(e, Value::Array(_)))
                && first != Some(CimType::Object)
        }
        single => single.cim_type() != Some(CimType::Object),
    }
}

fn check_element(what: &str, name: &Name, owner: &str) -> Result<()> {
    let text = name.as_str();
    if Name::is_identifier(text) && !text.starts_with('_') && !text.ends_with('_') {
        return Ok(());
    }
    Err(WBEM_E_INVALID_PARAMETER.with(format!(
        "{what} \"{name}\" of {owner}: a name is letters, digits and underscores, and begins and \
         ends with no underscore"
    )))
}
