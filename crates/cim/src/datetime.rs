//! DATETIME: 25 characters that are a point in time or an interval.
//!
//! Parses, prints and compares; knows no clock and no time zone but the offset it carries.
//! Rules: `yyyymmddHHMMSS.mmmmmm±UUU` with asterisks over whole fields, intervals
//! `ddddddddHHMMSS.mmmmmm:000` without any (DSP0004 2.2.1, CIM_DATETIME, interval format).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::status::{Error, WBEM_E_TYPE_MISMATCH};

/// A CIM date and time, or an interval.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateTime {
    /// A point in time; fields may be unknown.
    Point(Point),
    /// A length of time.
    Interval(Interval),
}

/// A point in time. A field that is `None` was written with asterisks.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point {
    // Packed so that a `Value` stays small: UNKNOWN stands for asterisks.
    micros: u32,
    year: u16,
    offset: i16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    /// `-000` is written so by some sources and is kept.
    negative_zero: bool,
}

/// A length of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    days: u32,
    hours: u8,
    minutes: u8,
    seconds: u8,
    micros: u32,
}

const UNKNOWN_8: u8 = u8::MAX;
const UNKNOWN_16: u16 = u16::MAX;
const UNKNOWN_OFFSET: i16 = i16::MAX;
const UNKNOWN_MICROS: u32 = u32::MAX;

impl Point {
    /// A fully known point. `offset` in minutes east of UTC. `None` where a field is out of
    /// its range (a leap second is 59 here) or the date does not exist.
    #[allow(clippy::too_many_arguments)] // One per field of the format.
    pub fn new(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        micros: u32,
        offset: i16,
    ) -> Option<Self> {
        let point =
            Point { micros, year, offset, month, day, hour, minute, second, negative_zero: false };
        (point.is_known() && point.in_range()).then_some(point)
    }

    /// Whether no field is asterisks.
    pub fn is_known(&self) -> bool {
        self.year != UNKNOWN_16
            && self.micros != UNKNOWN_MICROS
            && self.offset != UNKNOWN_OFFSET
            && ![self.month, self.day, self.hour, self.minute, self.second].contains(&UNKNOWN_8)
    }

    /// Microseconds since 1970-01-01 00:00 UTC; `None` where a field is unknown.
    pub fn unix_micros(&self) -> Option<i64> {
        self.is_known().then(|| {
            let days = days_from_civil(self.year, self.month, self.day);
            let minutes = (days * 24 + i64::from(self.hour)) * 60 + i64::from(self.minute)
                - i64::from(self.offset);
            (minutes * 60 + i64::from(self.second)) * 1_000_000 + i64::from(self.micros)
        })
    }

    /// The point at `unix_micros`, expressed at `offset` minutes east of UTC; `None` outside the
    /// years 0 to 9999.
    pub fn from_unix_micros(unix_micros: i64, offset: i16) -> Option<Self> {
        let local = unix_micros.checked_add(i64::from(offset) * 60_000_000)?;
        let (days, micros) = (local.div_euclid(86_400_000_000), local.rem_euclid(86_400_000_000));
        let (year, month, day) = civil_from_days(days)?;
        let seconds = micros / 1_000_000;
        Self::new(
            year,
            month,
            day,
            (seconds / 3600) as u8,
            (seconds / 60 % 60) as u8,
            (seconds % 60) as u8,
            (micros % 1_000_000) as u32,
            offset,
        )
    }

    /// Minutes east of UTC, if known.
    pub fn offset(&self) -> Option<i16> {
        (self.offset != UNKNOWN_OFFSET).then_some(self.offset)
    }

    /// Year, month, day, hour, minute, second, each if known.
    pub fn fields(&self) -> [Option<u16>; 6] {
        let small = |v: u8| (v != UNKNOWN_8).then_some(u16::from(v));
        [
            (self.year != UNKNOWN_16).then_some(self.year),
            small(self.month),
            small(self.day),
            small(self.hour),
            small(self.minute),
            small(self.second),
        ]
    }

    /// Microseconds of the second, if known.
    pub fn micros(&self) -> Option<u32> {
        (self.micros != UNKNOWN_MICROS).then_some(self.micros)
    }

    fn in_range(&self) -> bool {
        let known =
            |v: u8, range: std::ops::RangeInclusive<u8>| v == UNKNOWN_8 || range.contains(&v);
        (self.year == UNKNOWN_16 || self.year <= 9999)
            && known(self.month, 1..=12)
            && known(self.day, 1..=self.days_in_month())
            && known(self.hour, 0..=23)
            && known(self.minute, 0..=59)
            && known(self.second, 0..=59)
            && (self.micros == UNKNOWN_MICROS || self.micros < 1_000_000)
            && (self.offset == UNKNOWN_OFFSET || self.offset.unsigned_abs() <= 999)
    }

    fn days_in_month(&self) -> u8 {
        let leap = |y: u16| {
            y == UNKNOWN_16
                || (y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400)))
        };
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap(self.year) => 29,
            2 => 28,
            _ => 31,
        }
    }
}

impl Interval {
    /// An interval; `None` where hours, minutes, seconds or microseconds are out of range or
    /// the days need more than eight digits.
    pub fn new(days: u32, hours: u8, minutes: u8, seconds: u8, micros: u32) -> Option<Self> {
        let fits =
            days <= 99_999_999 && hours < 24 && minutes < 60 && seconds < 60 && micros < 1_000_000;
        fits.then_some(Interval { days, hours, minutes, seconds, micros })
    }

    /// The interval in microseconds.
    pub fn total_micros(&self) -> u64 {
        let seconds = ((u64::from(self.days) * 24 + u64::from(self.hours)) * 60
            + u64::from(self.minutes))
            * 60
            + u64::from(self.seconds);
        seconds * 1_000_000 + u64::from(self.micros)
    }
}

impl DateTime {
    /// How two values compare in a query: intervals by length; fully known points by the
    /// moment they name; where a field is unknown, character by character, so that `…+***`
    /// differs from `…+000`. An interval and a point do not compare.
    pub fn compare(&self, other: &DateTime) -> Option<Ordering> {
        match (self, other) {
            (DateTime::Interval(a), DateTime::Interval(b)) => Some(a.cmp(b)),
            (DateTime::Point(a), DateTime::Point(b)) => {
                Some(match (a.unix_micros(), b.unix_micros()) {
                    (Some(x), Some(y)) => x.cmp(&y),
                    _ => self.to_text().cmp(&other.to_text()),
                })
            }
            _ => None,
        }
    }

    /// The 25 characters.
    pub fn to_text(&self) -> [u8; 25] {
        let mut text = [b'*'; 25];
        text[14] = b'.';
        match self {
            DateTime::Interval(i) => {
                text[21..].copy_from_slice(b":000");
                put(&mut text[..8], Some(i.days));
                for (at, v) in [(8, i.hours), (10, i.minutes), (12, i.seconds)] {
                    put(&mut text[at..at + 2], Some(v.into()));
                }
                put(&mut text[15..21], Some(i.micros));
            }
            DateTime::Point(p) => {
                let [year, fields @ ..] = p.fields();
                put(&mut text[..4], year.map(u32::from));
                for (i, field) in fields.into_iter().enumerate() {
                    put(&mut text[4 + 2 * i..6 + 2 * i], field.map(u32::from));
                }
                put(&mut text[15..21], p.micros());
                text[21] = if p.negative_zero || p.offset < 0 { b'-' } else { b'+' };
                put(&mut text[22..], p.offset().map(|o| o.unsigned_abs().into()));
            }
        }
        text
    }

    fn parse(text: &[u8; 25]) -> Option<Self> {
        if text[14] != b'.' {
            return None;
        }
        match text[21] {
            b':' => Self::parse_interval(text),
            b'+' | b'-' => Self::parse_point(text),
            _ => None,
        }
    }

    fn parse_interval(text: &[u8; 25]) -> Option<Self> {
        if &text[21..] != b":000" {
            return None;
        }
        let two = |at: usize| Some(number(&text[at..at + 2])?? as u8);
        let interval = Interval::new(
            number(&text[..8])??,
            two(8)?,
            two(10)?,
            two(12)?,
            number(&text[15..21])??,
        )?;
        Some(DateTime::Interval(interval))
    }

    fn parse_point(text: &[u8; 25]) -> Option<Self> {
        let two = |at: usize| Some(number(&text[at..at + 2])?.map_or(UNKNOWN_8, |v| v as u8));
        let sign = if text[21] == b'-' { -1 } else { 1 };
        let offset = number(&text[22..])?.map(|v| v as i16 * sign);
        let point = Point {
            year: number(&text[..4])?.map_or(UNKNOWN_16, |v| v as u16),
            month: two(4)?,
            day: two(6)?,
            hour: two(8)?,
            minute: two(10)?,
            second: two(12)?,
            micros: number(&text[15..21])?.unwrap_or(UNKNOWN_MICROS),
            offset: offset.unwrap_or(UNKNOWN_OFFSET),
            negative_zero: sign < 0 && matches!(offset, None | Some(0)),
        };
        point.in_range().then_some(DateTime::Point(point))
    }
}

/// A field: `Some(None)` for asterisks all over, `None` for anything but digits or asterisks.
fn number(field: &[u8]) -> Option<Option<u32>> {
    if field.iter().all(|&b| b == b'*') {
        return Some(None);
    }
    let digit = |n: u32, &b: &u8| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'));
    field.iter().try_fold(0, digit).map(Some)
}

fn put(field: &mut [u8], value: Option<u32>) {
    let Some(mut value) = value else { return };
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days_from_civil(year: u16, month: u8, day: u8) -> i64 {
    // Years are counted from March, so that the leap day is the last of a year.
    let (y, m) = (i64::from(year) - i64::from(month <= 2), i64::from(month));
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * (m + if m > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> Option<(u16, u8, u8)> {
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = day_of_year - (153 * mp + 2) / 5 + 1;
    Some((u16::try_from(year).ok().filter(|y| *y <= 9999)?, month as u8, day as u8))
}

impl FromStr for DateTime {
    type Err = Error;

    /// # Errors
    ///
    /// `WBEM_E_TYPE_MISMATCH` if the text is no DATETIME.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes: Option<&[u8; 25]> = text.as_bytes().try_into().ok();
        bytes.and_then(Self::parse).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            WBEM_E_TYPE_MISMATCH.with(format!(
                "\"{shown}\" is no DATETIME; write yyyymmddHHMMSS.mmmmmm+UUU (asterisks over whole \
                 fields) or an interval ddddddddHHMMSS.mmmmmm:000"
            ))
        })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_text();
        f.pad(std::str::from_utf8(&text).expect("digits, asterisks and signs"))
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g13_asterisks_stand_over_whole_fields_only() {
        for good in [
            "19980416******.000000+***",
            "19980401135809.000000+***",
            "19980401135809.000000-000",
            "20240229000000.000000+120",
            "**************.******+***",
            "********120000.******-***",
        ] {
            assert_eq!(good.parse::<DateTime>().unwrap().to_string(), good);
        }
        for bad in [
            "199*0416******.000000+***",
            "20230229000000.000000+000",
            "20231301000000.000000+000",
            "20230101240000.000000+000",
            "20230101000000,000000+000",
            "20230101000000.00000*+000",
            "20230101000000.000000*000",
            "2023010100000.000000+0000",
            "",
        ] {
            assert!(bad.parse::<DateTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn g14_intervals_end_in_000_and_have_no_asterisks() {
        let parsed: DateTime = "00000001120032.000000:000".parse().unwrap();
        let DateTime::Interval(interval) = parsed else { panic!("a point") };
        assert_eq!(interval.total_micros(), (36 * 3600 + 32) * 1_000_000);
        for bad in
            ["00000001120032.000000:001", "00000001******.000000:000", "00000001250000.000000:000"]
        {
            assert!(bad.parse::<DateTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn g13_points_compare_by_moment_or_by_character() {
        let cmp = |a: &str, b: &str| {
            a.parse::<DateTime>().unwrap().compare(&b.parse::<DateTime>().unwrap())
        };
        let base = "19980401135809.000000+000";
        assert_eq!(cmp(base, "19980401145809.000000+060"), Some(Ordering::Equal));
        assert_eq!(cmp(base, "19980401135809.000001+000"), Some(Ordering::Less));
        assert_eq!(cmp(base, "19980401135809.000000-000"), Some(Ordering::Equal));
        assert_ne!(cmp(base, "19980401135809.000000+***"), Some(Ordering::Equal));
        assert_eq!(cmp(base, "00000001120032.000000:000"), None);
    }

    #[test]
    fn moments_lead_back() {
        for micros in [0, -1, 951_782_400_000_000, 253_402_300_799_999_999, -62_135_596_800_000_000]
        {
            for offset in [-720, 0, 330] {
                let Some(p) = Point::from_unix_micros(micros, offset) else { continue };
                assert_eq!(p.unix_micros(), Some(micros), "{micros} {offset}");
            }
        }
        assert_eq!(
            DateTime::Point(Point::from_unix_micros(951_782_400_000_000, 60).unwrap()).to_string(),
            "20000229010000.000000+060"
        );
    }
}
