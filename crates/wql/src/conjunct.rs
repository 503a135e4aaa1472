//! A conjunct: one of the terms that AND joins at the top of a condition, bound to a class.
//!
//! Conjuncts are what a plan divides: a provider answers some of them, the core filters by
//! the rest. Those that are no more than `property operator constant` describe themselves as a
//! [`Predicate`], in which no WQL is left. Made by [`crate::bind`]; tested against instances of the class they are bound
//! to.
//!
//! # NULL
//!
//! There are two truth values. A comparison of a NULL property with a constant does not hold,
//! whatever the operator, `<>` included; IS NULL and IS NOT NULL (and `= NULL`, `<> NULL`) are
//! the tests for it. NOT turns what holds into what does not: `NOT Name LIKE "%x%"` holds
//! where Name is NULL, `Name <> "x"` does not. The documentation has no third truth value, and
//! the public evaluators of WQL (OMI's, Wine's) have none either.
//!
//! # Embedded objects
//!
//! A path that leads nowhere holds no comparison, no IS NULL and no IS NOT NULL, and is no
//! error (behaviour.md G.10). Below an embedded object that is NULL, all is NULL.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use cim::{Instance, Name, Object, SystemProperty, Value};

use crate::check::{AnyTypeCheck, Check};
use crate::query::{Comparison, Expr};
use crate::tree::Tree;

/// One term of a bound condition. Cheap to clone.
#[derive(Clone)]
pub struct Conjunct(Arc<Inner>);

struct Inner {
    expr: Expr,
    condition: Tree<Leaf>,
    slots: Box<[usize]>,
    predicate: Option<Predicate>,
}

/// A comparison of a property with a constant. It holds for no NULL.
#[derive(Clone, PartialEq, Debug)]
pub struct Predicate {
    /// The property's slot in the class.
    pub slot: usize,
    /// The operator. LIKE occurs only with a string and a constant with wildcards.
    pub comparison: Comparison,
    /// The constant, in the property's type and not NULL.
    pub value: Value,
}

/// A test of one property.
#[derive(Debug)]
pub(crate) enum Leaf {
    /// A property of the class.
    Slot {
        slot: usize,
        check: Check,
    },
    Null {
        slot: usize,
        is_null: bool,
    },
    /// The path of the instance, with (`Path`) or without (`Relpath`) server and namespace.
    System {
        property: SystemProperty,
        check: Check,
    },
    SystemNull {
        property: SystemProperty,
        is_null: bool,
    },
    /// A property of the embedded object in `slot`; the object itself where `rest` is empty.
    Embedded {
        slot: usize,
        rest: Box<[Name]>,
        test: EmbeddedTest,
    },
}

/// The test of a value found by a path.
#[derive(Debug)]
pub(crate) enum EmbeddedTest {
    Compare(Box<AnyTypeCheck>),
    Null(bool),
    Isa(Name),
}

impl Conjunct {
    /// `keys` are the slots that the path of an instance is made of.
    pub(crate) fn new(
        expr: Expr,
        condition: Tree<Leaf>,
        predicate: Option<Predicate>,
        keys: &[u16],
    ) -> Self {
        let mut slots = Vec::new();
        condition.visit(&mut |leaf| match leaf {
            Leaf::Slot { slot, .. } | Leaf::Null { slot, .. } | Leaf::Embedded { slot, .. } => {
                slots.push(*slot);
            }
            Leaf::System { .. } | Leaf::SystemNull { .. } => {
                slots.extend(keys.iter().map(|&k| usize::from(k)));
            }
        });
        slots.sort_unstable();
        slots.dedup();
        Conjunct(Arc::new(Inner { expr, condition, slots: slots.into(), predicate }))
    }

    /// Whether it holds for `instance`, which must be of the class it is bound to.
    pub fn matches(&self, instance: &Instance) -> bool {
        self.0.condition.holds(&|leaf| leaf.holds(instance))
    }

    /// The slots whose values it reads, ascending.
    pub fn slots(&self) -> &[usize] {
        &self.0.slots
    }

    /// What it says, if it is no more than the comparison of a property with a constant.
    pub fn predicate(&self) -> Option<&Predicate> {
        self.0.predicate.as_ref()
    }

    /// Whether it is settled by the class, the same for every instance of it: then how.
    pub fn known(&self) -> Option<bool> {
        match self.0.condition {
            Tree::Known(known) => Some(known),
            _ => None,
        }
    }

    /// The condition it was bound from.
    pub fn expr(&self) -> &Expr {
        &self.0.expr
    }
}

/// As WQL text.
impl fmt::Display for Conjunct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.expr, f)
    }
}

impl fmt::Debug for Conjunct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Leaf {
    fn holds(&self, instance: &Instance) -> bool {
        match self {
            Leaf::Slot { slot, check } => check.holds(instance.value(*slot)),
            Leaf::Null { slot, is_null } => instance.value(*slot).is_null() == *is_null,
            Leaf::System { property, check } => check.holds(&instance.system(*property)),
            Leaf::SystemNull { property, is_null } => {
                instance.system(*property).is_null() == *is_null
            }
            Leaf::Embedded { slot, rest, test } => {
                find(instance.value(*slot), rest).is_some_and(|value| test.holds(&value))
            }
        }
    }
}

impl EmbeddedTest {
    fn holds(&self, value: &Value) -> bool {
        match self {
            EmbeddedTest::Compare(check) => check.holds(value),
            EmbeddedTest::Null(is_null) => value.is_null() == *is_null,
            EmbeddedTest::Isa(class) => match value {
                Value::Object(object) => object.class().is_a(class.as_str()),
                _ => false,
            },
        }
    }
}

/// The value at `path` below `value`; `None` where the path leads nowhere.
fn find<'v>(value: &'v Value, path: &[Name]) -> Option<Cow<'v, Value>> {
    let mut value = value;
    for (i, name) in path.iter().enumerate() {
        let object = match value {
            Value::Null => return Some(Cow::Owned(Value::Null)),
            Value::Object(object) => object,
            _ => return None,
        };
        if let Some(system) = SystemProperty::from_name(name.as_str()) {
            let is_last = i + 1 == path.len();
            return is_last.then(|| Cow::Owned(object.system(system)));
        }
        value = match &**object {
            Object::Instance(instance) => instance.get(name.as_str())?,
            Object::Class(class) => &class.defaults()[class.slot(name.as_str())?],
        };
    }
    Some(Cow::Borrowed(value))
}
