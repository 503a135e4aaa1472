//! What holds of every text taken for DATETIMEs, one a line.
//!
//! Parsed, each prints to the very same text; a known point in time leads to a number of
//! microseconds and back; comparing two in either direction gives one answer.

use cim::DateTime;
use cim::datetime::Point;

/// More lines than this teach nothing new.
const MAX_LINES: usize = 8;

/// Checks the lines of `data` as DATETIMEs.
///
/// # Panics
///
/// Where the parser does, or a rule above does not hold.
pub fn datetime(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut parsed: Vec<DateTime> = Vec::new();
    for line in text.split('\n').take(MAX_LINES) {
        let Ok(value) = line.parse::<DateTime>() else { continue };
        assert_eq!(value.to_string(), line);
        if let DateTime::Point(point) = value {
            leads_back(&point, line);
        }
        parsed.push(value);
    }
    for a in &parsed {
        for b in &parsed {
            compares_both_ways(a, b);
        }
    }
}

fn leads_back(point: &Point, text: &str) {
    let known = !text.contains('*');
    assert_eq!(point.is_known(), known, "{text}");
    assert_eq!(point.unix_micros().is_some(), known, "{text}");
    let (Some(micros), Some(offset)) = (point.unix_micros(), point.offset()) else { return };
    let back = Point::from_unix_micros(micros, offset).expect("the moment of a point");
    assert_eq!(back.unix_micros(), Some(micros), "{text}");
    // No offset is written in two ways, of which one comes back.
    let expected = text.replace("-000", "+000");
    assert_eq!(DateTime::Point(back).to_string(), expected);
}

fn compares_both_ways(a: &DateTime, b: &DateTime) {
    let forward = a.compare(b);
    assert_eq!(b.compare(a), forward.map(std::cmp::Ordering::reverse), "{a} {b}");
    let one_kind = matches!(a, DateTime::Point(_)) == matches!(b, DateTime::Point(_));
    assert_eq!(forward.is_some(), one_kind, "{a} {b}");
    if a == b {
        assert_eq!(forward, Some(std::cmp::Ordering::Equal), "{a}");
    }
}
