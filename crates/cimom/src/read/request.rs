//! What a read asks for instances of, before it is known where they are.

use std::sync::Arc;

use cim::Class;
use wbem::Flags;
use wql::Select;

use crate::call::partial::PartialRead;

/// Which classes besides the one named are asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueryScope {
    /// All below it.
    Deep,
    /// None of those below delivers. They are asked which instances of this class are theirs.
    Shallow,
    /// None of those below, where the caller asks them itself.
    One,
    /// None below and none above: the source of the class named alone.
    Direct,
}

impl QueryScope {
    pub fn new(flags: Flags) -> Self {
        match () {
            () if flags.has(Flags::DIRECT_READ) => QueryScope::Direct,
            () if flags.has(Flags::SHALLOW) => QueryScope::Shallow,
            () => QueryScope::Deep,
        }
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
