//! What a value becomes in another type, and how DATETIMEs compare (G.5, G13, G14, J-21).

use std::cmp::Ordering;
use std::sync::Arc;

use cim::{CimType, DateTime, Instance, PropertyType, Value};
use proptest::prelude::*;

use crate::build::class;

#[test]
fn g5_a_value_is_converted_or_refused() {
    use CimType::*;
    let text = |t: &str| Value::string(t);
    for (from, cim, to) in [
        // 64 bits never pass through a real.
        (text("18446744073709551615"), UInt64, Some(u64::MAX.into())),
        (text("18446744073709551616"), UInt64, None),
        (text("-9223372036854775808"), SInt64, Some(i64::MIN.into())),
        (u64::MAX.into(), SInt64, None),
        (u64::MAX.into(), String, Some(text("18446744073709551615"))),
        (Value::Real64(18446744073709551615.0), UInt64, None),
        (Value::Real64(9007199254740993.0), SInt64, Some(9007199254740992i64.into())),
        (text("0x10"), UInt64, None),
        (text("1.5"), UInt32, None),
        (text(""), UInt32, None),
        (text(" 7 "), UInt32, Some(7u32.into())),
        // Reals round for integers, and hold no infinity that was not there.
        (Value::Real64(1000.4), UInt16, Some(1000u16.into())),
        (Value::Real64(2.5), SInt8, Some(3i8.into())),
        (Value::Real64(-0.0), UInt8, Some(0u8.into())),
        (Value::Real64(-0.4), UInt8, Some(0u8.into())),
        (Value::Real64(-0.6), UInt8, None),
        (Value::Real64(255.6), UInt8, None),
        (Value::Real64(f64::INFINITY), SInt64, None),
        (Value::Real64(f64::NAN), SInt64, None),
        (Value::Real64(1e300), Real32, None),
        (Value::Real64(f64::INFINITY), Real32, Some(f32::INFINITY.into())),
        (Value::Real64(0.1), Real32, Some(0.1f32.into())),
        (text("1e999"), Real64, None),
        (text("nan"), Real64, None),
        (text("-2.5e3"), Real64, Some((-2500.0).into())),
        (text(""), Real64, None),
        (i32::MIN.into(), Real64, Some(f64::from(i32::MIN).into())),
        // Booleans.
        (text("TRUE"), Boolean, Some(true.into())),
        (text("-1"), Boolean, Some(true.into())),
        (text("18446744073709551615"), Boolean, Some(true.into())),
        (text(""), Boolean, None),
        (Value::Real64(0.5), Boolean, Some(true.into())),
        (Value::Real64(-0.0), Boolean, Some(false.into())),
        (0u8.into(), Boolean, Some(false.into())),
        (true.into(), UInt8, Some(1u8.into())),
        (false.into(), String, Some(text("FALSE"))),
        // Characters.
        (text(""), Char16, None),
        (text("é"), Char16, Some(Value::Char16(0xe9))),
        (text("\u{1F600}"), Char16, None),
        (65.into(), Char16, Some(Value::Char16(65))),
        ((-1).into(), Char16, None),
        (Value::Char16(65), String, Some(text("A"))),
        (Value::Char16(0xd800), String, None),
        (Value::Char16(65), UInt8, Some(65u8.into())),
        // Texts.
        (text(""), String, Some(text(""))),
        (text("C=1"), Reference, Some(Value::Reference("C=1".into()))),
        (Value::Reference("C=1".into()), String, Some(text("C=1"))),
        (text("x"), DateTime, None),
        (7.into(), DateTime, None),
        (7.into(), Object, None),
        (7.into(), Reference, None),
    ] {
        assert_eq!(from.convert(&cim.into()), to, "{from:?} as {cim:?}");
    }
}

#[test]
fn g5_no_value_is_neither_zero_nor_empty() {
    for cim in [CimType::UInt8, CimType::String, CimType::Boolean, CimType::Object] {
        assert_eq!(Value::Null.convert(&cim.into()), Some(Value::Null));
        assert_eq!(Value::Null.convert(&PropertyType::array(cim)), Some(Value::Null));
    }
    assert_ne!(Value::Null, Value::string(""));
    assert_ne!(Value::Null, Value::array([]));
}

#[test]
fn g5_an_array_has_elements_of_its_type_and_no_null() {
    let bytes = PropertyType::array(CimType::UInt8);
    assert!(Value::array([]).has_type(&bytes), "an empty array has any type");
    assert!(!Value::array([Value::UInt8(1), Value::Null]).has_type(&bytes));
    assert!(!Value::array([Value::UInt8(1)]).has_type(&CimType::UInt8.into()));
    for bad in [
        Value::array([Value::Null]),
        Value::array([Value::SInt32(256)]),
        Value::array([Value::array([Value::UInt8(1)])]),
        Value::UInt8(1),
    ] {
        assert_eq!(bad.convert(&bytes), None, "{bad:?}");
    }
}

#[test]
fn g5_an_embedded_object_is_a_class_or_an_instance() {
    let c = class("C").property("P", CimType::Object).make();
    let mut instance = Instance::new(c.clone());
    for object in [c.clone().into(), Instance::new(c).into()] {
        let value = Value::Object(Arc::new(object));
        instance.put("P", &value).unwrap();
        assert_eq!(instance.get("p"), Some(&value));
    }
    assert!(instance.put("P", &"C".into()).is_err());
}

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

#[test]
fn g13_moments_compare_by_time_and_unknown_ones_by_character() {
    let known = "19980401135809.000000+000";
    for (other, order) in [
        ("19980401135809.000000+000", Ordering::Equal),
        ("19980401135809.000000-000", Ordering::Equal),
        ("19980401145809.000000+060", Ordering::Equal),
        ("19980401125809.000000-060", Ordering::Equal),
        ("19980401135808.999999+000", Ordering::Greater),
        // The clock shows more but the moment was earlier.
        ("19980401145808.000000+060", Ordering::Greater),
        ("19980401135809.000000+***", Ordering::Greater),
        ("19980401******.000000+000", Ordering::Greater),
        ("1998**********.******+***", Ordering::Greater),
    ] {
        assert_eq!(at(known).compare(&at(other)), Some(order), "{other}");
        assert_eq!(at(other).compare(&at(known)), Some(order.reverse()), "{other}");
    }
    let day = at("19980416******.000000+***");
    assert_eq!(day.compare(&day), Some(Ordering::Equal));
    assert_eq!(day.compare(&at("19980416120000.000000+***")), Some(Ordering::Less), "no wildcard");
}

#[test]
fn g14_intervals_compare_by_length() {
    let order = |a: &str, b: &str| at(a).compare(&at(b)).unwrap();
    assert!(order("00000001120032.000000:000", "00000001120031.999999:000").is_gt());
    assert!(order("00000002000000.000000:000", "00000001235959.999999:000").is_gt());
    let DateTime::Interval(day_and_half) = at("00000001120032.000000:000") else { panic!() };
    assert_eq!(day_and_half.total_micros(), (36 * 3600 + 32) * 1_000_000);
    let DateTime::Interval(longest) = at("99999999235959.999999:000") else { panic!() };
    assert_eq!(longest.total_micros(), 100_000_000 * 86_400_000_000 - 1);
}

proptest! {
    #[test]
    fn integers_convert_to_text_and_back(n: u64, m: i64) {
        for (value, cim) in [(Value::from(n), CimType::UInt64), (Value::from(m), CimType::SInt64)] {
            let text = value.convert(&CimType::String.into()).unwrap();
            prop_assert_eq!(text.convert(&cim.into()), Some(value));
        }
    }

    #[test]
    fn a_conversion_has_the_type_asked_for(n: i64, real: f64, text in ".{0,12}", to in 0u16..104) {
        let Some(cim) = CimType::from_number(to) else { return Ok(()) };
        let values = [n.into(), real.into(), Value::string(text), (n > 0).into()];
        for converted in values.iter().filter_map(|v| v.convert(&cim.into())) {
            prop_assert!(converted.has_type(&cim.into()));
        }
    }
}
