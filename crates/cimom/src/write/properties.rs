//! Puts of values that property providers supply (behaviour.md C.1): which values of an instance
//! are theirs, and the calls that pass them. The instance is stored without them. Nothing is passed
//! before everything else of the put is known to go well.

use std::borrow::Cow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, Instance, Result, Value};
use wbem::{CallContext, Flags, PartialPut, ProviderContext};

use super::instance_rules;
use crate::source::properties::{self, PropertySource, has_dynamic};
use crate::view::View;

/// Values to pass to property providers.
pub(super) struct PropertyWrites {
    /// The instance, whose qualifiers are passed to the providers.
    instance: Instance,
    /// Each with its slot.
    values: Vec<(usize, Value)>,
}

/// The values of `given` that are providers' and among what is put, and the instance without them.
/// Errors: `WBEM_E_UNSUPPORTED_PUT_EXTENSION` where all or nothing is to be written and more than
/// one value is; `WBEM_E_TYPE_MISMATCH` for a value that may not be put.
pub(super) fn resolve<'i>(
    view: &View<'_>,
    class: &Arc<Class>,
    given: &'i Instance,
    flags: Flags,
    partial: Option<&PartialPut>,
) -> Result<(Cow<'i, Instance>, Option<PropertyWrites>)> {
    if partial.is_none() && class.dynamic_properties().is_empty() && !has_dynamic(given) {
        return Ok((Cow::Borrowed(given), None));
    }
    let mut instance = instance_rules::of_class(given, class, flags)?;
    if partial.is_some() {
        // A partial put leaves the qualifiers of the instance as they are.
        let stored = view.stored_instance(class, &instance.key()?, true)?;
        let kept = stored.and_then(|stored| stored.qualifiers().cloned());
        instance.set_qualifiers(kept.unwrap_or_default());
        if !has_dynamic(&instance) {
            return Ok((Cow::Borrowed(given), None));
        }
    }
    instance.check_values(|slot| partial.is_none_or(|p| p.slots.contains(&slot)))?;
    let is_written = |slot: usize, value: &Value| match partial {
        Some(partial) => {
            partial.slots.contains(&slot) && (partial.strict_nulls || !value.is_null())
        }
        None => !value.is_null(),
    };
    let mut values = Vec::new();
    for slot in properties::slots(&instance) {
        let value = instance.value(slot).clone();
        instance.reset(slot);
        if is_written(slot, &value) {
            values.push((slot, value));
        }
    }
    if partial.is_some_and(|partial| partial.atomic) && !values.is_empty() {
        let stored = (0..instance.values().len())
            .filter(|&slot| !class.is_key(slot) && is_written(slot, instance.value(slot)));
        if values.len() + stored.count() > 1 {
            return Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.with(format!(
                "values of an instance of {} are property providers', which cannot be written with \
                 others all or none",
                class.name()
            )));
        }
    }
    let writes = PropertyWrites { instance: instance.clone(), values };
    Ok((Cow::Owned(instance), (!writes.values.is_empty()).then_some(writes)))
}

impl PropertyWrites {
    /// The provider of each value.
    /// Errors: those of binding one.
    pub(super) fn sources(&self, view: &View<'_>) -> Result<Vec<PropertySource>> {
        self.values
            .iter()
            .map(|(slot, _)| PropertySource::of(view, &self.instance, *slot))
            .collect()
    }

    /// Hands the values to their providers, `sources`. Those that take no values are asked first
    /// whether the client gives another one than they have.
    /// Errors: the providers'; `WBEM_E_PROVIDER_NOT_CAPABLE` for another value where one is registered
    /// with SupportsPut FALSE.
    pub(super) fn commit(
        &self,
        sources: &[PropertySource],
        view: &View<'_>,
        context: &CallContext,
    ) -> Result<()> {
        let locale = properties::locale(context);
        for takes_values in [false, true] {
            let values = self.values.iter().zip(sources);
            for ((slot, value), source) in values.filter(|(_, s)| s.supports.put == takes_values) {
                let call = properties::call(&self.instance, *slot, locale.as_deref());
                let put = |context: &ProviderContext| match takes_values {
                    true => source.properties.put_property(&call, value, context),
                    false => match source.properties.get_property(&call, context)? == *value {
                        true => Ok(()),
                        false => source.check(false, "SupportsPut"),
                    },
                };
                view.without_snapshot(|| source.provider.call(context, put))?;
            }
        }
        Ok(())
    }
}
