//! A SELECT over `meta_class`: which classes of a namespace are meant.
//!
//! The tests are ISA on `__this` and comparisons of the system properties of a class
//! (behaviour.md G.10); a class's other properties are no part of such a query. The caller
//! supplies the classes.

use std::sync::Arc;

use cim::status::{WBEM_E_INVALID_OPERATOR, WBEM_E_INVALID_QUERY};
use cim::{Class, Error, Name, Object, Result, SystemProperty};

use crate::check::{Check, Surroundings};
use crate::query::{Expr, PropertyPath, Select};
use crate::tree::Tree;

/// A query over classes.
#[derive(Debug)]
pub struct BoundSchema {
    /// `None` where every class is meant.
    condition: Option<Tree<Leaf>>,
}

#[derive(Debug)]
enum Leaf {
    Isa(Name),
    Compare { property: SystemProperty, check: Check },
    Null { property: SystemProperty, is_null: bool },
}

impl BoundSchema {
    /// Binds `select`, which [`Select::is_schema`].
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_QUERY` if it names anything but `__this` and system properties, or is no
    /// schema query; `WBEM_E_INVALID_OPERATOR` for ISA on another than `__this`, and the reverse.
    pub fn bind(select: &Select) -> Result<Self> {
        if !select.is_schema() {
            let message = format!("a schema query is over meta_class, not {}", select.class);
            return Err(WBEM_E_INVALID_QUERY.with(message));
        }
        let build = |expr| Tree::build(expr, &mut |test| leaf(test).map(Tree::Leaf));
        Ok(BoundSchema { condition: select.condition.as_ref().map(build).transpose()? })
    }

    /// Whether `class` is meant.
    pub fn matches(&self, class: &Arc<Class>) -> bool {
        let Some(condition) = &self.condition else { return true };
        condition.holds(&|leaf| match leaf {
            Leaf::Isa(name) => class.is_a(name.as_str()),
            Leaf::Compare { property, check } => check.holds(&value(class, *property)),
            Leaf::Null { property, is_null } => value(class, *property).is_null() == *is_null,
        })
    }

    /// Whether a class that is not loaded yet matches: `isa` returns whether it derives from a class,
    /// `value` the value of a system property; both can return `None` for unknown. The result is
    /// `None` if it depends on unknown values.
    pub fn decide(
        &self,
        isa: &dyn Fn(&Name) -> Option<bool>,
        value: &dyn Fn(SystemProperty) -> Option<cim::Value>,
    ) -> Option<bool> {
        let Some(condition) = &self.condition else { return Some(true) };
        condition.decide(&|leaf| match leaf {
            Leaf::Isa(name) => isa(name),
            Leaf::Compare { property, check } => value(*property).map(|v| check.holds(&v)),
            Leaf::Null { property, is_null } => value(*property).map(|v| v.is_null() == *is_null),
        })
    }
}

fn value(class: &Arc<Class>, property: SystemProperty) -> cim::Value {
    Object::Class(class.clone()).system(property)
}

fn leaf(test: &Expr) -> Result<Leaf> {
    match test {
        Expr::Isa { property, class } if is_this(property) => Ok(Leaf::Isa(class.clone())),
        Expr::Isa { property, .. } => Err(refuse(property, "ISA is allowed only after __this")),
        Expr::Null { property, .. } | Expr::Compare { property, .. } if is_this(property) => {
            Err(refuse(property, "__this takes ISA only"))
        }
        Expr::Null { property, is_null } => {
            Ok(Leaf::Null { property: system(property)?, is_null: *is_null })
        }
        Expr::Compare { property, operator, constant } => {
            let path = property;
            let property = system(path)?;
            let ty = property.ty();
            // Neither dates nor references are among the system properties.
            let around = Surroundings { local_offset: 0, origin: None };
            match Check::new(ty.cim, *operator, constant, &around) {
                _ if ty.is_array => {
                    let message = format!("{path} is an array, which WQL does not compare");
                    Err(WBEM_E_INVALID_QUERY.with(message))
                }
                Ok(check) => Ok(Leaf::Compare { property, check }),
                Err(refusal) => {
                    let message = format!("{path} is {ty} and {}", refusal.reason());
                    Err(refusal.status().with(message))
                }
            }
        }
        Expr::And(_) | Expr::Or(_) | Expr::Not(_) => unreachable!("a tree's own nodes"),
    }
}

fn is_this(path: &PropertyPath) -> bool {
    path.head().is("__this") && path.rest().is_empty()
}

fn system(path: &PropertyPath) -> Result<SystemProperty> {
    let property = SystemProperty::from_name(path.head().as_str());
    property.filter(|_| path.rest().is_empty()).ok_or_else(|| {
        WBEM_E_INVALID_QUERY.with(format!(
            "a query over meta_class asks for __this and system properties, not {path} (offset {} \
             of the query)",
            path.offset()
        ))
    })
}

fn refuse(path: &PropertyPath, what: &str) -> Error {
    WBEM_E_INVALID_OPERATOR.with(format!("{what} (offset {} of the query)", path.offset()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Query, parse};
    use cim::Value;

    /// What is known: that the class is called A, that it is a B and no C.
    fn decide(condition: &str) -> Option<bool> {
        let text = format!("SELECT * FROM meta_class WHERE {condition}");
        let Ok(Query::Select(select)) = parse(&text) else { panic!("{text}") };
        let isa = |name: &Name| match name.as_str() {
            "B" => Some(true),
            "C" => Some(false),
            _ => None,
        };
        let value = |p| (p == SystemProperty::Class).then(|| Value::string("A"));
        BoundSchema::bind(&select).unwrap().decide(&isa, &value)
    }

    #[test]
    fn a3_what_is_known_of_a_class_settles_a_query_or_does_not() {
        for (condition, expected) in [
            (r#"__Class = "a""#, Some(true)),
            (r#"__Class = "B""#, Some(false)),
            (r#"__this ISA "B""#, Some(true)),
            (r#"__this ISA "C""#, Some(false)),
            (r#"__this ISA "D""#, None),
            (r#"NOT __this ISA "D""#, None),
            (r#"NOT __this ISA "C""#, Some(true)),
            (r#"__Dynasty = "B""#, None),
            (r#"__Superclass IS NULL"#, None),
            (r#"__Class IS NULL"#, Some(false)),
            (r#"__this ISA "D" OR __this ISA "B""#, Some(true)),
            (r#"__this ISA "D" OR __this ISA "C""#, None),
            (r#"__this ISA "D" AND __this ISA "C""#, Some(false)),
            (r#"__this ISA "D" AND __this ISA "B""#, None),
        ] {
            assert_eq!(decide(condition), expected, "{condition}");
        }
    }
}
