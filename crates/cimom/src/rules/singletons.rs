//! The singletons of the system: they exist in every repository, with the class's defaults until
//! other values are stored, and again when what was stored is deleted.
//!
//! Nothing is written to make them. Some are computed and cannot be put at all. Which classes there
//! are: behaviour.md G.1, G.2, G.12.

use cim::status::{WBEM_E_ALREADY_EXISTS, WBEM_E_INVALID_OPERATION, WBEM_E_READ_ONLY};
use cim::{Class, Instance, Namespace, Result};
use wbem::{PendingPut, PutMode, WriteHook, WriteTransaction};

use crate::system::{is_always_there, is_computed};

/// The hook of the system's singletons.
pub(super) struct SingletonRules;

impl WriteHook for SingletonRules {
    fn guards(&self, class: &Class) -> bool {
        is_always_there(class) || is_computed(class)
    }

    /// What always exists can be changed, even where it is stored for the first time, and cannot be
    /// created. Errors: `WBEM_E_READ_ONLY`, `WBEM_E_ALREADY_EXISTS`.
    fn before_put(&self, _: &mut dyn WriteTransaction, put: PendingPut<'_>) -> Result<()> {
        let class = put.instance.class();
        if is_computed(class) {
            let name = class.name();
            return Err(WBEM_E_READ_ONLY.with(format!("the instance of {name} cannot be changed")));
        }
        match *put.mode {
            PutMode::Create => Err(WBEM_E_ALREADY_EXISTS.with(format!(
                "the instance of {} always exists; change it instead",
                class.name()
            ))),
            PutMode::Update | PutMode::CreateOrUpdate => {
                *put.mode = PutMode::CreateOrUpdate;
                Ok(())
            }
        }
    }

    /// Errors: `WBEM_E_INVALID_OPERATION` for what is computed.
    fn before_delete(
        &self,
        _: &mut dyn WriteTransaction,
        _: &Namespace,
        instance: &Instance,
    ) -> Result<()> {
        match is_computed(instance.class()) {
            true => Err(WBEM_E_INVALID_OPERATION
                .with(format!("the instance of {} cannot be deleted", instance.class().name()))),
            false => Ok(()),
        }
    }
}
