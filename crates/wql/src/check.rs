//! A constant and an operator made ready for values of one type.
//!
//! Conversion happens here, once, when a query is bound; [`Check::holds`] only compares. A
//! NULL never compares with a constant, whatever the operator.

use std::cmp::Ordering;
use std::sync::Arc;

use cim::key::reference_identity;
use cim::status::{WBEM_E_INVALID_OPERATOR, WBEM_E_INVALID_QUERY};
use cim::{CimType, DateTime, Origin, Value, WbemStatus};
use smol_str::SmolStr;

use crate::date;
use crate::like::Pattern;
use crate::query::{Comparison, Constant};

/// The context on which the meaning of a constant depends.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// Minutes east of UTC of dates that name no offset.
    pub(crate) local_offset: i16,
    /// Where relative references start from.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// A test of a value that is not NULL.
#[derive(Debug)]
pub(crate) enum Check {
    Integer(IntegerRange),
    Real {
        operator: Comparison,
        constant: f64,
    },
    Boolean(bool),
    Char16 {
        operator: Comparison,
        unit: u16,
    },
    Text {
        operator: Comparison,
        constant: SmolStr,
        is_ascii: bool,
    },
    Like(Pattern),
    DateTime {
        operator: Comparison,
        constant: DateTime,
    },
    /// The same object as the one of this identity, or not.
    Reference {
        identity: String,
        equal: bool,
        origin: Option<Arc<Origin>>,
    },
}

/// Why a constant and an operator make no test for a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// Objects compare by ISA alone.
    Object,
    /// Booleans have no order.
    BooleanOrder,
    /// References have no order.
    ReferenceOrder,
    /// A number with a fraction for an integer.
    RealForInteger,
    /// A constant that is no value of the type.
    Constant,
}

impl Refusal {
    /// The documented status (behaviour.md G.10).
    pub(crate) fn status(self) -> WbemStatus {
        match self {
            Refusal::Object | Refusal::ReferenceOrder => WBEM_E_INVALID_OPERATOR,
            _ => WBEM_E_INVALID_QUERY,
        }
    }

    /// The rest of a sentence that begins with the property.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Refusal::Object => "is tested with ISA or IS NULL only",
            Refusal::BooleanOrder => "takes only = and <>",
            Refusal::ReferenceOrder => "takes only = and <>",
            Refusal::RealForInteger => "cannot be compared with a fraction",
            Refusal::Constant => "cannot be compared with that constant",
        }
    }
}

impl Check {
    /// The test for values of type `cim`.
    pub(crate) fn new(
        cim: CimType,
        operator: Comparison,
        constant: &Constant,
        around: &Surroundings,
    ) -> Result<Check, Refusal> {
        // LIKE compares the text of a reference; on other types it behaves as `=` does.
        let (operator, cim) = match (operator, cim) {
            (Comparison::Like, CimType::Reference) => (operator, CimType::String),
            (Comparison::Like, cim) if cim != CimType::String => (Comparison::Equal, cim),
            other => other,
        };
        match cim {
            CimType::Object => return Err(Refusal::Object),
            CimType::Boolean if operator.is_order() => return Err(Refusal::BooleanOrder),
            CimType::Reference if operator.is_order() => return Err(Refusal::ReferenceOrder),
            _ if cim.is_integer() => return integer(operator, constant),
            _ => {}
        }
        let value = convert(constant, cim, around.local_offset).ok_or(Refusal::Constant)?;
        Ok(match value {
            Value::Real32(v) => Check::Real { operator, constant: v.into() },
            Value::Real64(v) => Check::Real { operator, constant: v },
            Value::Boolean(v) => Check::Boolean(v == (operator == Comparison::Equal)),
            Value::Char16(unit) => Check::Char16 { operator, unit },
            Value::DateTime(constant) => Check::DateTime { operator, constant },
            Value::Reference(text) => Check::Reference {
                identity: reference_identity(&text, around.origin.as_deref()),
                equal: operator == Comparison::Equal,
                origin: around.origin.clone(),
            },
            Value::String(text) => text_check(operator, text),
            _ => return Err(Refusal::Constant),
        })
    }

    /// Whether `value` passes; NULL never does, nor does a value of another type.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Check::Integer(range), value) => range.holds(value),
            (
                Check::Text { operator: Comparison::Equal, constant, is_ascii },
                Value::String(v) | Value::Reference(v),
            ) => eq(v, constant, *is_ascii),
            (Check::Text { operator, constant, .. }, Value::String(v)) => {
                operator.accepts(cim::name::cmp(v, constant))
            }
            (Check::Like(pattern), Value::String(v) | Value::Reference(v)) => pattern.matches(v),
            (Check::Boolean(wanted), Value::Boolean(v)) => v == wanted,
            (Check::Real { operator, constant }, value) => {
                let order = value.as_real().and_then(|v| v.partial_cmp(constant));
                order.is_some_and(|o| operator.accepts(o))
            }
            (Check::Char16 { operator, unit }, Value::Char16(v)) => operator.accepts(v.cmp(unit)),
            (Check::DateTime { operator, constant }, Value::DateTime(v)) => {
                v.compare(constant).is_some_and(|o| operator.accepts(o))
            }
            (Check::Reference { identity, equal, origin }, Value::Reference(v)) => {
                (reference_identity(v, origin.as_deref()) == *identity) == *equal
            }
            _ => false,
        }
    }
}

impl Comparison {
    /// Whether values in this order satisfy it. A pattern has no order.
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal | Comparison::Like => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// The constant as a value of type `cim`; `None` where it cannot be one.
pub(crate) fn convert(constant: &Constant, cim: CimType, local_offset: i16) -> Option<Value> {
    let value = match constant {
        Constant::Integer(n) => i64::try_from(*n)
            .map(Value::SInt64)
            .or_else(|_| u64::try_from(*n).map(Value::UInt64))
            .ok()?,
        Constant::Real(_) if cim.is_integer() => return None,
        Constant::Real(v) => Value::Real64(*v),
        Constant::Text(text) if cim == CimType::DateTime => {
            return date::parse(text, local_offset).map(Value::DateTime);
        }
        Constant::Text(text) => Value::String(text.clone()),
        Constant::Boolean(v) => Value::Boolean(*v),
    };
    value.convert(&cim.into())
}

/// The test of an integer of any width: out of the width's range, it holds for all or none.
fn integer(operator: Comparison, constant: &Constant) -> Result<Check, Refusal> {
    let n = match constant {
        Constant::Integer(n) => *n,
        Constant::Boolean(v) => (*v).into(),
        Constant::Real(_) => return Err(Refusal::RealForInteger),
        // Through 64 bits, so that no later sum overflows.
        Constant::Text(text) => {
            let n = text.trim().parse::<i64>().map(i128::from);
            n.or_else(|_| text.trim().parse::<u64>().map(i128::from))
                .map_err(|_| Refusal::Constant)?
        }
    };
    let (low, high) = match operator {
        Comparison::Less => (i128::MIN, n - 1),
        Comparison::LessOrEqual => (i128::MIN, n),
        Comparison::Greater => (n + 1, i128::MAX),
        Comparison::GreaterOrEqual => (n, i128::MAX),
        Comparison::Equal | Comparison::NotEqual | Comparison::Like => (n, n),
    };
    Ok(Check::Integer(IntegerRange::new(low, high, operator != Comparison::NotEqual)))
}

/// Integers between two bounds, or those that are not.
#[derive(Debug)]
pub(crate) struct IntegerRange {
    /// The bounds for every width that 64 bits with a sign hold; both are included, and the
    /// lower is above the higher where there is nothing between.
    signed: (i64, i64),
    /// The bounds for uint64.
    unsigned: (u64, u64),
    between: bool,
}

impl IntegerRange {
    fn new(low: i128, high: i128, between: bool) -> Self {
        let cut = |min: i128, max: i128| (low.clamp(min, max), high.clamp(min, max));
        let is_outside = |min: i128, max: i128| high < min || low > max;
        let (signed_min, signed_max) = (i64::MIN.into(), i64::MAX.into());
        let (low_signed, high_signed) = cut(signed_min, signed_max);
        let (low_unsigned, high_unsigned) = cut(0, u64::MAX.into());
        IntegerRange {
            signed: match is_outside(signed_min, signed_max) {
                true => (1, 0),
                false => (low_signed as i64, high_signed as i64),
            },
            unsigned: match is_outside(0, u64::MAX.into()) {
                true => (1, 0),
                false => (low_unsigned as u64, high_unsigned as u64),
            },
            between,
        }
    }

    /// This is where a scan spends its time: two comparisons in the value's own width or one
    /// that holds it, nothing wider.
    #[inline]
    fn holds(&self, value: &Value) -> bool {
        let n: i64 = match *value {
            Value::UInt64(v) => {
                return (self.unsigned.0 <= v && v <= self.unsigned.1) == self.between;
            }
            Value::SInt8(v) => v.into(),
            Value::UInt8(v) => v.into(),
            Value::SInt16(v) => v.into(),
            Value::UInt16(v) => v.into(),
            Value::SInt32(v) => v.into(),
            Value::UInt32(v) => v.into(),
            Value::SInt64(v) => v,
            _ => return false,
        };
        (self.signed.0 <= n && n <= self.signed.1) == self.between
    }
}

fn text_check(operator: Comparison, text: SmolStr) -> Check {
    let operator = match operator {
        Comparison::Like if Pattern::is_one(&text) => return Check::Like(Pattern::new(&text)),
        Comparison::Like => Comparison::Equal,
        other => other,
    };
    Check::Text { operator, is_ascii: text.is_ascii(), constant: text }
}

/// Whether the texts are equal without case, as [`cim::name::eq`] defines it. Most texts are ASCII and
/// differ in length, which is checked first.
fn eq(text: &str, constant: &str, constant_is_ascii: bool) -> bool {
    text.eq_ignore_ascii_case(constant)
        || (!(constant_is_ascii && text.is_ascii()) && cim::name::eq(text, constant))
}

/// A test for a value whose type is not known before it comes: of an embedded object, say.
#[derive(Debug)]
pub(crate) struct AnyTypeCheck([Option<Check>; KINDS.len()]);

/// One type for each that constants convert to differently.
const KINDS: [CimType; 8] = [
    CimType::SInt64,
    CimType::Real32,
    CimType::Real64,
    CimType::String,
    CimType::Boolean,
    CimType::Char16,
    CimType::DateTime,
    CimType::Reference,
];

impl AnyTypeCheck {
    /// The test; a type that the constant or the operator does not suit never passes it.
    pub(crate) fn new(operator: Comparison, constant: &Constant, around: &Surroundings) -> Self {
        AnyTypeCheck(KINDS.map(|cim| Check::new(cim, operator, constant, around).ok()))
    }

    /// Whether `value` passes.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        let kind = value.cim_type().and_then(|cim| {
            let cim = if cim.is_integer() { CimType::SInt64 } else { cim };
            KINDS.iter().position(|k| *k == cim)
        });
        kind.and_then(|k| self.0[k].as_ref()).is_some_and(|check| check.holds(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AROUND: Surroundings = Surroundings { local_offset: 0, origin: None };

    fn check(cim: CimType, operator: Comparison, constant: Constant) -> Result<Check, Refusal> {
        Check::new(cim, operator, &constant, &AROUND)
    }

    fn text(t: &str) -> Constant {
        Constant::Text(t.into())
    }

    #[test]
    fn integers_compare_across_widths_and_signs() {
        use Comparison::*;
        for (operator, n, value, holds) in [
            (Greater, -1, Value::UInt32(0), true),
            (Greater, i128::from(u64::MAX) - 1, Value::UInt64(u64::MAX), true),
            (Equal, 300, Value::UInt8(44), false),
            (NotEqual, 300, Value::UInt8(44), true),
            (LessOrEqual, i64::MIN.into(), Value::SInt64(i64::MIN), true),
            (Less, 5, Value::SInt16(-6), true),
            (GreaterOrEqual, 5, Value::SInt8(5), true),
            (Greater, 5, Value::SInt8(5), false),
            (NotEqual, 5, Value::Null, false),
        ] {
            let check = check(CimType::UInt8, operator, Constant::Integer(n)).unwrap();
            assert_eq!(check.holds(&value), holds, "{value:?} {operator:?} {n}");
        }
    }

    #[test]
    fn constants_convert_or_are_refused() {
        use CimType::*;
        for (cim, constant, refusal) in [
            (UInt32, text("5"), None),
            (UInt32, text("five"), Some(Refusal::Constant)),
            (UInt32, Constant::Real(5.0), Some(Refusal::RealForInteger)),
            (UInt32, Constant::Boolean(true), None),
            (String, Constant::Integer(4), None),
            (Boolean, text("TRUE"), None),
            (Boolean, text("perhaps"), Some(Refusal::Constant)),
            (Real64, text("1.5"), None),
            (Real64, Constant::Integer(1), None),
            (Char16, text("A"), None),
            (Char16, text("AB"), Some(Refusal::Constant)),
            (DateTime, text("Jan 21 1932"), None),
            (DateTime, Constant::Integer(1932), Some(Refusal::Constant)),
            (Object, Constant::Integer(1), Some(Refusal::Object)),
        ] {
            assert_eq!(
                check(cim, Comparison::Equal, constant.clone()).err(),
                refusal,
                "{constant:?}"
            );
        }
        let order = check(Boolean, Comparison::Less, Constant::Integer(1));
        assert_eq!(order.err(), Some(Refusal::BooleanOrder));
    }

    #[test]
    fn a_real32_equals_the_constant_it_was_written_as() {
        let check = check(CimType::Real32, Comparison::Equal, Constant::Real(0.1)).unwrap();
        assert!(check.holds(&Value::Real32(0.1)));
        assert!(!check.holds(&Value::Real32(f32::NAN)));
    }

    #[test]
    fn texts_compare_without_case_in_any_script() {
        let equal = |a: &str, b: &str| {
            check(CimType::String, Comparison::Equal, text(a)).unwrap().holds(&Value::string(b))
        };
        assert!(equal("CAT", "cat"));
        assert!(equal("Größe", "GRÖßE"));
        // The Kelvin sign is a K, though longer.
        assert!(equal("k", "\u{212a}"));
        assert!(!equal("k", "kk"));
    }

    #[test]
    fn a_type_that_comes_late_is_compared_as_itself() {
        let five = AnyTypeCheck::new(Comparison::Equal, &text("5"), &AROUND);
        for value in [Value::UInt8(5), Value::string("5"), Value::Real32(5.0), Value::Char16(53)] {
            assert!(five.holds(&value), "{value:?}");
        }
        for value in [Value::Null, Value::UInt8(6), Value::array([Value::UInt8(5)])] {
            assert!(!five.holds(&value), "{value:?}");
        }
    }
}
