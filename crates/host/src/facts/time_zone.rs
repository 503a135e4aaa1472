//! `/etc/localtime`: the time zone of the machine, as rules in the form of tzfile(5).
//!
//! The rules are those in the file, not those of the machine that this program runs on.

use jiff::{Timestamp, tz::TimeZone};

/// The zone that the file's bytes describe; `None` where they are no such rules.
pub fn parse(bytes: &[u8]) -> Option<TimeZone> {
    TimeZone::tzif("localtime", bytes).ok()
}

/// How many minutes local time is ahead of UTC at a time given in microseconds since
/// 1970-01-01 00:00 UTC.
pub fn offset_minutes(zone: &TimeZone, unix_micros: i64) -> Option<i16> {
    let seconds = zone.to_offset(Timestamp::from_microsecond(unix_micros).ok()?).seconds();
    (seconds / 60).try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rules_no_zone() {
        assert!(parse(b"").is_none());
        assert!(parse(b"TZif2").is_none());
        assert!(parse(b"Europe/Berlin").is_none());
    }

    #[test]
    fn offsets_are_minutes_east() {
        assert_eq!(offset_minutes(&TimeZone::UTC, 0), Some(0));
        let west = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(offset_minutes(&west, 1_763_694_925_000_000), Some(-300));
        assert_eq!(offset_minutes(&west, i64::MAX), None);
    }
}
