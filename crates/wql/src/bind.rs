//! A SELECT bound to a class: names are slots, constants have the properties' types, and what
//! the class cannot answer is refused.
//!
//! A query is bound first to the class in FROM, which validates it, and then to each subclass
//! that has instances; what the class alone decides (`__CLASS = "X"`) is then settled. The
//! rules are behaviour.md G.10 and windows-in-practice.md "Queries". What they give:
//!
//! - an unknown property, in the SELECT list or in WHERE: `WBEM_E_INVALID_QUERY`; so are a dot
//!   after a property that is no object, an array compared, an order asked of a boolean, and a
//!   constant that is no value of the property's type (a fraction for an integer among them);
//! - ISA on what is no object, an object or a reference under an operator it has not:
//!   `WBEM_E_INVALID_OPERATOR`.

use std::fmt;
use std::sync::Arc;

use cim::status::{WBEM_E_INVALID_OPERATOR, WBEM_E_INVALID_QUERY};
use cim::{
    CimType, Class, Error, Instance, Name, Projection, PropertyType, Result, SystemProperty, Value,
    WbemStatus,
};

use crate::check::{AnyTypeCheck, Check, Surroundings, convert};
use crate::conjunct::{Conjunct, EmbeddedTest, Leaf, Predicate};
use crate::like::Pattern;
use crate::query::{Comparison, Constant, Expr, PropertyPath, Select, SelectList};
use crate::tree::Tree;

/// A data query over one class.
#[derive(Clone, Debug)]
pub struct BoundSelect {
    class: Arc<Class>,
    /// The class in FROM, of which `class` may be a subclass.
    from: Name,
    list: SelectList,
    /// What `list` means for `class`; `None` for `*`.
    chosen: Option<Chosen>,
    conjuncts: Box<[Conjunct]>,
}

/// A SELECT list, resolved.
#[derive(Clone, Debug, Default)]
struct Chosen {
    /// The slots, in the order of the list. An embedded object is wanted whole, also where the list
    /// names a property of it (ruling I-12).
    properties: Vec<usize>,
    /// `__RELPATH` or `__PATH` is asked for, which takes the keys.
    wants_keys: bool,
    /// `__PATH` is asked for, which takes server and namespace.
    wants_path: bool,
}

impl BoundSelect {
    /// Binds `select` to `class`. `local_offset`, in minutes east of UTC, is that of dates in
    /// the query that name none.
    ///
    /// # Errors
    ///
    /// See the module.
    pub fn bind(select: &Select, class: &Arc<Class>, local_offset: i16) -> Result<Self> {
        let around = Surroundings { local_offset, origin: class.origin().cloned() };
        let binder = Binder { class, around };
        let chosen = match &select.list {
            SelectList::All => None,
            SelectList::Properties(list) => Some(binder.choose(list)?),
        };
        let terms = select.condition.iter().flat_map(Expr::conjuncts);
        Ok(BoundSelect {
            chosen,
            conjuncts: terms.map(|e| binder.conjunct(e)).collect::<Result<_>>()?,
            class: class.clone(),
            from: select.class.clone(),
            list: select.list.clone(),
        })
    }

    /// The class it is bound to.
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The terms of the condition that AND joins; none where every instance is wanted.
    pub fn conjuncts(&self) -> &[Conjunct] {
        &self.conjuncts
    }

    /// Whether `instance`, which must be of exactly this class, satisfies the condition.
    pub fn matches(&self, instance: &Instance) -> bool {
        debug_assert_eq!(instance.class().name(), self.class.name());
        self.conjuncts.iter().all(|c| c.matches(instance))
    }

    /// Whether no instance of exactly this class can satisfy the condition, as with `__CLASS`
    /// of another class: then no source need be called.
    pub fn never_matches(&self) -> bool {
        self.conjuncts.iter().any(|c| c.known() == Some(false))
    }

    /// The same query with only those conjuncts that `keep` accepts: the filter that remains when
    /// a source evaluates the others.
    pub fn remainder(&self, keep: impl Fn(&Conjunct) -> bool) -> BoundSelect {
        let conjuncts = self.conjuncts.iter().filter(|c| keep(c)).cloned().collect();
        BoundSelect { conjuncts, ..self.clone() }
    }

    /// The shape of the results, to be made once and applied to each instance that matches;
    /// `None` for `SELECT *`. `locatable` is WBEM_FLAG_ENSURE_LOCATABLE: it adds the keys and
    /// the path.
    pub fn projection(&self, locatable: bool) -> Option<Projection> {
        let chosen = self.chosen.as_ref()?;
        let mut properties = chosen.properties.clone();
        if chosen.wants_keys {
            properties.extend(self.class.keys().iter().map(|&k| usize::from(k)));
        }
        Some(Projection::new(&self.class, &properties, locatable || chosen.wants_path))
    }

    /// The class that shows the shape of the results (WBEM_FLAG_PROTOTYPE). `Order` on a property has
    /// its positions in the list, from 0; with `*` its position in the class.
    pub fn prototype(&self, locatable: bool) -> Class {
        let projection = self.projection(locatable);
        let shape = projection.as_ref().map_or(&self.class, Projection::class);
        Projection::prototype(shape, |property| {
            let position = |at: usize| i32::try_from(at).ok();
            match &self.list {
                SelectList::All => {
                    self.class.slot(property.name.as_str()).and_then(position).into_iter().collect()
                }
                SelectList::Properties(list) => {
                    let list = list.iter().enumerate();
                    let named = list.filter(|(_, path)| *path.head() == property.name);
                    named.filter_map(|(at, _)| position(at)).collect()
                }
            }
        })
    }

    /// The slots whose values the condition and the results need, ascending; `None` where all
    /// are needed.
    pub fn needed_slots(&self, locatable: bool) -> Option<Vec<usize>> {
        let projection = self.projection(locatable)?;
        let of_condition = self.conjuncts.iter().flat_map(|c| c.slots());
        let mut slots: Vec<usize> =
            projection.source_slots().iter().chain(of_condition).copied().collect();
        slots.sort_unstable();
        slots.dedup();
        Some(slots)
    }

    /// Slot and value of every key, in the order of [`Class::keys`], where the condition fixes
    /// each by `=`: then one instance at most can match, and a get finds it. The other
    /// conjuncts must still be asked. `None` also for keys of type datetime, since one moment
    /// has many spellings.
    pub fn key_equalities(&self) -> Option<Vec<(usize, Value)>> {
        let fixed = |slot: usize| {
            let predicates = self.conjuncts.iter().filter_map(Conjunct::predicate);
            let equal = predicates.filter(|p| p.slot == slot && p.comparison == Comparison::Equal);
            equal.map(|p| &p.value).find(|v| is_key_value(v)).cloned()
        };
        let keys: Option<Vec<_>> = self
            .class
            .keys()
            .iter()
            .map(|&k| fixed(usize::from(k)).map(|v| (usize::from(k), v)))
            .collect();
        keys.filter(|keys| !keys.is_empty())
    }
}

/// Whether an instance's key may have this value, in this one spelling. No key has control
/// characters.
fn is_key_value(value: &Value) -> bool {
    match value {
        Value::DateTime(_) => false,
        Value::String(text) => !text.bytes().any(|b| b < 0x20),
        _ => true,
    }
}

/// The query, or what [`BoundSelect::remainder`] left of it, as text that parses to the same.
impl fmt::Display for BoundSelect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<Expr> = self.conjuncts.iter().map(|c| c.expr().clone()).collect();
        let select = Select {
            list: self.list.clone(),
            class: self.from.clone(),
            within: None,
            condition: (!terms.is_empty()).then(|| Expr::all(terms)),
            group: None,
        };
        fmt::Display::fmt(&select, f)
    }
}

/// Resolves names and constants against a class.
struct Binder<'a> {
    class: &'a Arc<Class>,
    around: Surroundings,
}

impl Binder<'_> {
    fn choose(&self, list: &[PropertyPath]) -> Result<Chosen> {
        let mut chosen = Chosen::default();
        for path in list {
            match self.resolve(path)? {
                Resolved::System(property) => {
                    let is_path = property == SystemProperty::Path;
                    chosen.wants_path |= is_path;
                    chosen.wants_keys |= is_path || property == SystemProperty::Relpath;
                }
                Resolved::Slot(slot) => chosen.properties.push(slot),
            }
        }
        Ok(chosen)
    }

    fn conjunct(&self, expr: &Expr) -> Result<Conjunct> {
        let condition = Tree::build(expr, &mut |test| self.leaf(test))?;
        let predicate = self.predicate(expr);
        Ok(Conjunct::new(expr.clone(), condition, predicate, self.class.keys()))
    }

    fn leaf(&self, test: &Expr) -> Result<Tree<Leaf>> {
        match test {
            Expr::Compare { property, operator, constant } => {
                self.compare(property, *operator, constant)
            }
            Expr::Null { property, is_null } => self.null(property, *is_null),
            Expr::Isa { property, class } => self.isa(property, class),
            Expr::And(_) | Expr::Or(_) | Expr::Not(_) => unreachable!("a tree's own nodes"),
        }
    }

    fn compare(
        &self,
        path: &PropertyPath,
        operator: Comparison,
        constant: &Constant,
    ) -> Result<Tree<Leaf>> {
        let resolved = self.resolve(path)?;
        let ty = self.ty(&resolved);
        if let (Resolved::Slot(slot), false) = (&resolved, path.rest().is_empty()) {
            let test = AnyTypeCheck::new(operator, constant, &self.around);
            return Ok(self.embedded(*slot, path, EmbeddedTest::Compare(Box::new(test))));
        }
        if ty.is_array {
            return Err(self.refuse(
                path,
                WBEM_E_INVALID_QUERY,
                "is an array, which WQL does not compare",
            ));
        }
        let check = Check::new(ty.cim, operator, constant, &self.around).map_err(|refusal| {
            let mut reason = format!("is {ty} and {}", refusal.reason());
            if let (CimType::DateTime, Constant::Text(text)) = (ty.cim, constant) {
                let text: String = text.chars().take(40).collect();
                reason.push_str(&format!(
                    ", '{text}', which is no date; write '20241231235959' or '2024-12-31T23:59:59Z'"
                ));
            }
            self.refuse(path, refusal.status(), &reason)
        })?;
        Ok(match resolved {
            Resolved::Slot(slot) => Tree::Leaf(Leaf::Slot { slot, check }),
            Resolved::System(property) => match self.settled(property) {
                Some(value) => Tree::Known(check.holds(&value)),
                None => Tree::Leaf(Leaf::System { property, check }),
            },
        })
    }

    fn null(&self, path: &PropertyPath, is_null: bool) -> Result<Tree<Leaf>> {
        Ok(match self.resolve(path)? {
            Resolved::Slot(slot) if path.rest().is_empty() => {
                Tree::Leaf(Leaf::Null { slot, is_null })
            }
            Resolved::Slot(slot) => self.embedded(slot, path, EmbeddedTest::Null(is_null)),
            Resolved::System(property) => match self.settled(property) {
                Some(value) => Tree::Known(value.is_null() == is_null),
                None => Tree::Leaf(Leaf::SystemNull { property, is_null }),
            },
        })
    }

    fn isa(&self, path: &PropertyPath, class: &Name) -> Result<Tree<Leaf>> {
        let resolved = self.resolve(path)?;
        let ty = self.ty(&resolved);
        match resolved {
            Resolved::Slot(slot) if ty.cim == CimType::Object && !ty.is_array => {
                Ok(self.embedded(slot, path, EmbeddedTest::Isa(class.clone())))
            }
            _ => {
                let reason = format!("is {ty}, but ISA requires an embedded object");
                Err(self.refuse(path, WBEM_E_INVALID_OPERATOR, &reason))
            }
        }
    }

    fn embedded(&self, slot: usize, path: &PropertyPath, test: EmbeddedTest) -> Tree<Leaf> {
        Tree::Leaf(Leaf::Embedded { slot, rest: path.rest().into(), test })
    }

    /// What the first name of `path` is; what follows it is only asked whether it may.
    fn resolve(&self, path: &PropertyPath) -> Result<Resolved> {
        let name = path.head().as_str();
        let resolved = match SystemProperty::from_name(name) {
            Some(property) => Resolved::System(property),
            None => Resolved::Slot(self.class.slot(name).ok_or_else(|| self.unknown(path))?),
        };
        let ty = self.ty(&resolved);
        if !path.rest().is_empty() && (ty.cim != CimType::Object || ty.is_array) {
            let reason = format!("is {ty}, no embedded object, and has no properties");
            return Err(self.refuse(path, WBEM_E_INVALID_QUERY, &reason));
        }
        Ok(resolved)
    }

    fn ty(&self, resolved: &Resolved) -> PropertyType {
        match resolved {
            Resolved::Slot(slot) => self.class.properties()[*slot].ty.clone(),
            Resolved::System(property) => property.ty(),
        }
    }

    /// The value that a system property has in every instance of exactly this class.
    fn settled(&self, property: SystemProperty) -> Option<Value> {
        match property {
            SystemProperty::Path | SystemProperty::Relpath => None,
            // No value of an instance plays a part in the others.
            other => Some(Instance::new(self.class.clone()).system(other)),
        }
    }

    /// The plain description of a comparison with a property of the class itself.
    fn predicate(&self, expr: &Expr) -> Option<Predicate> {
        let Expr::Compare { property, operator, constant } = expr else { return None };
        if !property.rest().is_empty() {
            return None;
        }
        let slot = self.class.slot(property.head().as_str())?;
        let cim = self.class.properties()[slot].ty.cim;
        let value = convert(constant, cim, self.around.local_offset)?;
        let comparison = match (operator, &value) {
            (Comparison::Like, Value::String(text)) if Pattern::is_one(text) => Comparison::Like,
            // It compares the text, which says less than which object is named.
            (Comparison::Like, Value::Reference(_)) => return None,
            (Comparison::Like, _) => Comparison::Equal,
            (other, _) => *other,
        };
        Some(Predicate { slot, comparison, value })
    }

    fn unknown(&self, path: &PropertyPath) -> Error {
        let message = format!("class {} has no property {}", self.class.name(), path.head());
        let message = match path.head().is("__this") {
            true => "__this is allowed only in a query over meta_class".to_owned(),
            false => message,
        };
        WBEM_E_INVALID_QUERY.with(format!("{message} (offset {} of the query)", path.offset()))
    }

    fn refuse(&self, path: &PropertyPath, status: WbemStatus, reason: &str) -> Error {
        let (class, offset) = (self.class.name(), path.offset());
        status.with(format!("{class}.{} {reason} (offset {offset} of the query)", path.head()))
    }
}

/// The property that a path begins with.
enum Resolved {
    Slot(usize),
    System(SystemProperty),
}
