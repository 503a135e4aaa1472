//! Puts of classes with their localized qualifiers (behaviour.md G.8): which part is stored where.
//!
//! What belongs to which part of a class, and how the parts become one, is `cim::amendment`'s.

use std::sync::Arc;

use cim::amendment::{self, Parts};
use cim::status::WBEM_E_INVALID_NAMESPACE;
use cim::{ClassDeclaration, Locale, Name, Namespace, Result};
use wbem::{CallContext, Flags};

use super::class::ClassPut;
use super::edit::Edit;
use crate::call::access;
use crate::schema::class_rules::Rules;
use crate::schema::localized::is_localized;

/// Puts a class. With the flag for localized qualifiers a class that exists is updated in both
/// its parts: the localized one in the language that the caller prefers most. A new class is
/// stored as it is, and so is one in a localized namespace.
/// Errors: `WBEM_E_AMENDED_OBJECT`; `WBEM_E_ACCESS_DENIED`; those of [`Edit::put_class`].
pub(super) fn put_class(edit: &mut Edit<'_, '_>, put: ClassPut<'_>) -> Result<()> {
    let class = &put.declaration;
    let is_divided = put.flags.has(Flags::USE_AMENDED_QUALIFIERS)
        && !is_localized(&put.namespace.namespace)
        && edit.find_class(&put.namespace, &class.name)?.is_some();
    let whole = match class.is_amended {
        true => Arc::new(ClassDeclaration { is_amended: false, ..ClassDeclaration::clone(class) }),
        false => class.clone(),
    };
    if !is_divided {
        return edit.put_class(&put.with_declaration(whole));
    }
    let context = put.call.context();
    let locale = context.locales().first().copied().unwrap_or(Locale::DEFAULT);
    let namespace = put.namespace.namespace.child(&locale.namespace_name())?;
    let before = match edit.namespace_ref(&namespace) {
        Ok(localized) => edit.find_class(&localized, &class.name)?,
        Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => None,
        Err(e) => return Err(e),
    };
    let before = before.as_ref().map(|class| &**class.declaration());
    let Parts { neutral, localized } = amendment::split_again(&whole, locale, before);
    edit.put_class(&put.with_declaration(Arc::new(neutral)))?;
    put_localized(edit, &namespace, &whole.name, localized, context)
}

/// Makes `localized` the localized part of the class `name`; with none, removes its qualifiers.
fn put_localized(
    edit: &mut Edit<'_, '_>,
    namespace: &Namespace,
    name: &Name,
    localized: Option<ClassDeclaration>,
    context: &CallContext,
) -> Result<()> {
    if localized.is_some() {
        edit.ensure_namespace(namespace, context)?;
    }
    let namespace = match edit.namespace_ref(namespace) {
        // There is no localized part, and there is to be none.
        Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => return Ok(()),
        namespace => namespace?,
    };
    let call = edit.authorize(&namespace, context)?;
    call.require(access::to_write_class(), "write the localized part of a class")?;
    let part = match localized {
        Some(mut localized) => {
            if let Some(above) = &localized.superclass
                && edit.find_class(&namespace, above)?.is_none()
            {
                localized.superclass = None;
            }
            localized
        }
        None => match edit.find_class(&namespace, name)? {
            // The class stays, as others may derive from it.
            Some(class) => amendment::split(class.declaration(), Locale::DEFAULT).neutral,
            None => return Ok(()),
        },
    };
    // Nothing depends on a localized class but those below it, which are merged one by one.
    let (declaration, flags) = (Arc::new(part), Flags::UPDATE_FORCE_MODE);
    edit.put_class(&ClassPut::in_edit(call, namespace.clone(), declaration, flags, Rules::Dmtf))
}
