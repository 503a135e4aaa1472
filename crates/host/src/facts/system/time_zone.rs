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

/// Whether clocks are on summer time then.
pub fn is_summer_time(zone: &TimeZone, unix_micros: i64) -> Option<bool> {
    Some(zone.to_offset_info(Timestamp::from_microsecond(unix_micros).ok()?).dst().is_dst())
}

/// Whether clocks will still be changed to summer time, or back from it, after then.
pub fn changes_to_summer_time(zone: &TimeZone, unix_micros: i64) -> Option<bool> {
    let now = is_summer_time(zone, unix_micros)?;
    // Two, because the next change may be another one than of summer time.
    let mut next = zone.following(Timestamp::from_microsecond(unix_micros).ok()?).take(2);
    Some(next.any(|change| change.dst().is_dst() != now))
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

    #[test]
    fn summer_time_begins_and_ends() {
        const DAY: i64 = 86_400_000_000;
        // From the last Sunday of March to that of October.
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let summer_2026 = 1_781_086_400_000_000;
        assert_eq!(is_summer_time(&zone, summer_2026), Some(true));
        assert_eq!(is_summer_time(&zone, summer_2026 - 180 * DAY), Some(false));
        for time in [summer_2026, summer_2026 - 180 * DAY] {
            assert_eq!(changes_to_summer_time(&zone, time), Some(true));
        }
        assert_eq!(is_summer_time(&TimeZone::UTC, summer_2026), Some(false));
        assert_eq!(changes_to_summer_time(&TimeZone::UTC, summer_2026), Some(false));
        assert_eq!(changes_to_summer_time(&zone, i64::MAX), None);
    }
}
