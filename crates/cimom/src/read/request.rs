//! What a read asks for instances of, before it is known where they are.

use std::sync::Arc;

use cim::Class;
use wbem::Flags;
use wql::Select;

use crate::call::partial::PartialRead;

/// Which classes besides the one named are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueryScope {
    /// Only instances of exactly the class named.
    pub shallow: bool,
    /// Only the source of the class named.
    pub direct: bool,
}

impl QueryScope {
    pub fn new(flags: Flags) -> Self {
        QueryScope { shallow: flags.has(Flags::SHALLOW), direct: flags.has(Flags::DIRECT_READ) }
    }
}

/// A question for instances.
pub struct InstanceQuery {
    /// The class in FROM.
    pub class: Arc<Class>,
    /// The query; without one, all instances.
    pub select: Option<Select>,
    /// Its text, as the client wrote it.
    pub text: Arc<str>,
    /// Which properties are asked for where the query does not say.
    pub partial: PartialRead,
    pub reach: QueryScope,
    /// Whether keys and path must be in the result.
    pub locatable: bool,
}

impl InstanceQuery {
    /// All instances of `class`.
    pub fn all(class: Arc<Class>, reach: QueryScope, partial: PartialRead) -> Self {
        InstanceQuery { class, select: None, text: "".into(), partial, reach, locatable: false }
    }
}
