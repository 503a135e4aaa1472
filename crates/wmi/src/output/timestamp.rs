//! A DATETIME as RFC 3339, for output.
//!
//! A fully known point in time has such a form; an interval and a point with unknown fields
//! have none and stay as CIM writes them. The offset is kept as it is. Input in RFC 3339 is
//! `crate::assignment`'s.

use std::fmt::Write;

use cim::DateTime;

/// The point in time in RFC 3339, with microseconds where there are any; `None` where it has
/// no such form.
pub(super) fn rfc3339(datetime: &DateTime) -> Option<String> {
    let DateTime::Point(point) = datetime else { return None };
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] =
        point.fields()
    else {
        return None;
    };
    let (micros, offset) = (point.micros()?, point.offset()?);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if micros != 0 {
        let _ = write!(text, ".{micros:06}");
    }
    match offset {
        0 => text.push('Z'),
        _ => {
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            let _ = write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fully_known_point_has_the_form() {
        for (cim, expected) in [
            ("20261120093000.000000+060", Some("2026-11-20T09:30:00+01:00")),
            ("20261120093000.000120-330", Some("2026-11-20T09:30:00.000120-05:30")),
            ("00010101000000.000000+000", Some("0001-01-01T00:00:00Z")),
            ("19980401135809.000000-000", Some("1998-04-01T13:58:09Z")),
            ("19980401135809.000000+***", None),
            ("19980401******.000000+000", None),
            ("00000001120032.000000:000", None),
        ] {
            let parsed: DateTime = cim.parse().unwrap();
            assert_eq!(rfc3339(&parsed).as_deref(), expected, "{cim}");
        }
    }
}
