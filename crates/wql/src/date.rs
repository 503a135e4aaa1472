//! The spellings of dates and times that WQL accepts in addition to the CIM form.
//!
//! Text to [`DateTime`] at an offset the caller gives; no clock and no time zone is read. The
//! spellings are those of the pages "WQL-supported date formats" and "WQL-supported time
//! formats" (behaviour.md G.10). Where they leave a choice:
//!
//! - months are English; three numbers are read month-day-year where that is a date, else in
//!   the first order of the page that is one;
//! - years 00 to 29 are of this century, 30 to 99 of the last;
//! - six digits are yymmdd where that is a date, else yyyymm;
//! - a missing day is the first, a missing time midnight, a missing date 30 December 1899 (day
//!   zero of Automation's dates);
//! - the CIM form can end after its seconds, or after one to nine digits of their fraction; without an
//!   offset it is local time (`windows-in-practice.md`);
//! - RFC 3339 is taken because dates are printed so; digits after the sixth of a fraction are dropped;
//! - the fourth number of a time is milliseconds, as the page on CIM_DATETIME says; the page
//!   on times calls it an offset from UTC but leaves it no sign.

use cim::DateTime;
use cim::datetime::Point;

/// The point in time or interval that `text` spells, local ones at `offset` minutes east of UTC.
pub(crate) fn parse(text: &str, offset: i16) -> Option<DateTime> {
    text.parse()
        .ok()
        .or_else(|| shortened(text, offset))
        .or_else(|| rfc3339(text))
        .or_else(|| parse_local(text, offset))
}

/// `yyyymmddHHMMSS`, `.` and a fraction, `+UUU`: the last two can be absent.
fn shortened(text: &str, offset: i16) -> Option<DateTime> {
    let (date_time, rest) = text.split_at_checked(14)?;
    let (micros, rest) = fraction(rest)?;
    let offset = match rest.split_at_checked(1) {
        None => offset,
        Some((sign, minutes)) if minutes.len() == 3 => signed(sign, digits(minutes)?)?,
        Some(_) => return None,
    };
    let part = |from: usize, to: usize| digits(date_time.get(from..to)?);
    let fields = [part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?];
    moment(part(0, 4)?, fields, micros, offset)
}

/// `yyyy-mm-ddTHH:MM:SS`, `.` and a fraction if there is one, `Z` or `+HH:MM`. A blank can stand for
/// the T.
fn rfc3339(text: &str) -> Option<DateTime> {
    let (date_time, rest) = text.split_at_checked(19)?;
    let signs = [(4, "-"), (7, "-"), (13, ":"), (16, ":")];
    let is_signed = signs.iter().all(|&(at, sign)| date_time.get(at..=at) == Some(sign));
    if !is_signed || !matches!(date_time.get(10..11)?, "T" | "t" | " ") {
        return None;
    }
    let (micros, rest) = fraction(rest)?;
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            let (sign, offset) = rest.split_at_checked(1)?;
            let (hours, minutes) = offset.split_once(':')?;
            if hours.len() != 2 || minutes.len() != 2 || digits(minutes)? > 59 {
                return None;
            }
            signed(sign, digits(hours)? * 60 + digits(minutes)?)?
        }
    };
    let part = |at: usize| digits(date_time.get(at..at + 2)?);
    let fields = [part(5)?, part(8)?, part(11)?, part(14)?, part(17)?];
    moment(digits(date_time.get(..4)?)?, fields, micros, offset)
}

/// The microseconds of a fraction of one to nine digits, if one is there, and what follows it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(text) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = text.split_at(length);
    if !(1..=9).contains(&length) {
        return None;
    }
    let billionths = digits(fraction)? * 10_u32.pow(9 - length as u32);
    Some((billionths / 1000, rest))
}

/// The number that digits alone spell.
fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn signed(sign: &str, minutes: u32) -> Option<i16> {
    let minutes = i16::try_from(minutes).ok()?;
    match sign {
        "+" => Some(minutes),
        "-" => Some(-minutes),
        _ => None,
    }
}

fn moment(year: u32, fields: [u32; 5], micros: u32, offset: i16) -> Option<DateTime> {
    // Each has two digits.
    let [month, day, hour, minute, second] = fields.map(|field| field as u8);
    let year = u16::try_from(year).ok()?;
    Point::new(year, month, day, hour, minute, second, micros, offset).map(DateTime::Point)
}

/// The longest spelling, with room to spare: `September 21, 1932 12:00:00:000 AM`.
const MAX_SPELLING: usize = 64;

fn parse_local(text: &str, offset: i16) -> Option<DateTime> {
    if text.len() > MAX_SPELLING {
        return None;
    }
    let pieces = pieces(text)?;
    let (date, time) = pieces.split_at(time_start(&pieces));
    let Date { year, month, day } = match date {
        [] => Date { year: 1899, month: 12, day: 30 },
        date => parse_date(date)?,
    };
    let Time { hour, minute, second, milli } = match time {
        [] if date.is_empty() => return None,
        [] => Time::default(),
        time => parse_time(time)?,
    };
    Point::new(year, month, day, hour, minute, second, milli * 1000, offset).map(DateTime::Point)
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Piece {
    Number { value: u32, digits: usize },
    Month(u8),
    Am,
    Pm,
    Sign(char),
}

struct Date {
    year: u16,
    month: u8,
    day: u8,
}

#[derive(Default)]
struct Time {
    hour: u8,
    minute: u8,
    second: u8,
    milli: u32,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Numbers, words and signs; spaces only separate.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let run =
            |accept: fn(&char) -> bool| rest.len() - rest.trim_start_matches(|c| accept(&c)).len();
        let len = match c {
            '0'..='9' => run(char::is_ascii_digit),
            'A'..='Z' | 'a'..='z' => run(char::is_ascii_alphabetic),
            '/' | '-' | '.' | ':' | ',' => 1,
            _ => return None,
        };
        pieces.push(match c {
            '0'..='9' => Piece::Number { value: rest[..len].parse().ok()?, digits: len },
            'A'..='Z' | 'a'..='z' => word(&rest[..len])?,
            sign => Piece::Sign(sign),
        });
        rest = rest[len..].trim_start();
    }
    Some(pieces)
}

fn word(word: &str) -> Option<Piece> {
    let is = |whole: &str| word.eq_ignore_ascii_case(whole);
    match word {
        _ if is("am") => Some(Piece::Am),
        _ if is("pm") => Some(Piece::Pm),
        _ => {
            let at = MONTHS.iter().position(|m| is(m) || is(&m[..3]))?;
            Some(Piece::Month(at as u8 + 1))
        }
    }
}

/// Where the time begins: at a number before a colon, AM or PM.
fn time_start(pieces: &[Piece]) -> usize {
    let begins = |pair: &[Piece]| {
        matches!(pair, [Piece::Number { .. }, Piece::Sign(':') | Piece::Am | Piece::Pm])
    };
    pieces.windows(2).position(begins).unwrap_or(pieces.len())
}

fn parse_date(pieces: &[Piece]) -> Option<Date> {
    use Piece::{Month, Number, Sign};
    // The optional comma precedes the year.
    let comma = pieces.iter().position(|p| *p == Sign(','));
    let pieces: Vec<Piece> = match comma {
        Some(at) if at > 0 && matches!(pieces.get(at + 1), Some(Number { .. })) => {
            [&pieces[..at], &pieces[at + 1..]].concat()
        }
        _ => pieces.to_vec(),
    };
    match pieces[..] {
        [Month(m), a @ Number { .. }, b @ Number { .. }]
        | [a @ Number { .. }, Month(m), b @ Number { .. }]
        | [a @ Number { .. }, b @ Number { .. }, Month(m)] => {
            date(b, m, a).or_else(|| date(a, m, b))
        }
        [Month(m), y @ Number { digits: 4, .. }] | [y @ Number { digits: 4, .. }, Month(m)] => {
            Some(Date { year: year(y)?, month: m, day: 1 })
        }
        [a @ Number { .. }, Sign(s), b @ Number { .. }, Sign(t), c @ Number { .. }]
            if s == t && matches!(s, '/' | '-' | '.') =>
        {
            numeric([a, b, c])
        }
        [Number { value, digits }] => unseparated(value, digits),
        _ => None,
    }
}

/// Three numbers in the first order that makes a date, by places of year, month and day.
fn numeric(numbers: [Piece; 3]) -> Option<Date> {
    const ORDERS: [[usize; 3]; 6] =
        [[2, 0, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1], [0, 1, 2]];
    let four_digits = |p: &Piece| matches!(p, Piece::Number { digits: 4, .. });
    // The page lists year-day-month first; a leading year is hardly ever written so.
    let orders = match numbers.iter().position(four_digits) {
        Some(0) => &[[0, 1, 2], [0, 2, 1]][..],
        _ => &ORDERS[..],
    };
    orders.iter().find_map(|&[y, m, d]| date(numbers[y], small(numbers[m])?, numbers[d]))
}

/// `yymmdd`, `yyyymmdd`, `yyyymm` or `yyyy`.
fn unseparated(value: u32, digits: usize) -> Option<Date> {
    let part = |value: u32, digits| Piece::Number { value, digits };
    let month = |value: u32| u8::try_from(value).ok();
    match digits {
        8 => date(part(value / 10_000, 4), month(value / 100 % 100)?, part(value % 100, 2)),
        6 => date(part(value / 10_000, 2), month(value / 100 % 100)?, part(value % 100, 2))
            .or_else(|| date(part(value / 100, 4), month(value % 100)?, part(1, 1))),
        4 => date(part(value, 4), 1, part(1, 1)),
        _ => None,
    }
}

/// The date, if there is one: a year of two or four digits, a day that the month has.
fn date(y: Piece, month: u8, d: Piece) -> Option<Date> {
    let (year, day) = (year(y)?, small(d)?);
    Point::new(year, month, day, 0, 0, 0, 0, 0).map(|_| Date { year, month, day })
}

fn year(piece: Piece) -> Option<u16> {
    match piece {
        Piece::Number { value, digits: 4 } => u16::try_from(value).ok(),
        Piece::Number { value, digits: 2 } => {
            Some(value as u16 + if value < 30 { 2000 } else { 1900 })
        }
        _ => None,
    }
}

fn small(piece: Piece) -> Option<u8> {
    match piece {
        Piece::Number { value, digits: 1 | 2 } => Some(value as u8),
        _ => None,
    }
}

fn parse_time(pieces: &[Piece]) -> Option<Time> {
    let (numbers, half) = match pieces {
        [numbers @ .., half @ (Piece::Am | Piece::Pm)] => (numbers, Some(*half)),
        numbers => (numbers, None),
    };
    let mut values = [0; 4];
    let mut len = 0;
    for (i, piece) in numbers.iter().enumerate() {
        match *piece {
            Piece::Sign(':') if i % 2 == 1 => {}
            Piece::Number { value, digits } if i % 2 == 0 && len < 4 => {
                if digits > if len == 3 { 3 } else { 2 } {
                    return None;
                }
                values[len] = value;
                len += 1;
            }
            _ => return None,
        }
    }
    // A colon at the end, or an hour alone that nothing says is one.
    if numbers.len() % 2 == 0 || (len == 1 && half.is_none()) {
        return None;
    }
    let hour = match half {
        None => values[0],
        Some(_) if !(1..=12).contains(&values[0]) => return None,
        Some(Piece::Pm) => values[0] % 12 + 12,
        Some(_) => values[0] % 12,
    };
    let [_, minute, second, milli] = values;
    Some(Time { hour: hour as u8, minute: minute as u8, second: second as u8, milli })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g10_date_spellings() {
        for (text, cim) in [
            ("January 21, 1932", "19320121"),
            ("January 21, 32", "19320121"),
            ("Jan 21 1932", "19320121"),
            ("jan 21 32", "19320121"),
            ("January, 1932", "19320101"),
            ("Jan 1932", "19320101"),
            ("January 1932 21", "19320121"),
            ("Jan 32 21", "19320121"),
            ("21 January, 1932", "19320121"),
            ("21 Jan32", "19320121"),
            ("21 1932 January", "19320121"),
            ("1932 January 21", "19320121"),
            ("1932 Jan", "19320101"),
            ("1932 21 January", "19320121"),
            ("1/21/1932", "19320121"),
            ("01-02-2003", "20030102"),
            ("21.1.32", "19320121"),
            ("1/1932/21", "19320121"),
            ("21-1932-1", "19320121"),
            ("1998-04-16", "19980416"),
            ("1998/16/04", "19980416"),
            ("320121", "19320121"),
            ("19320121", "19320121"),
            ("199804", "19980401"),
            ("1998", "19980101"),
            ("2/29/00", "20000229"),
            ("May 4, 29", "20290504"),
            ("May 4, 30", "19300504"),
        ] {
            let expected = format!("{cim}000000.000000+060");
            let parsed = parse(text, 60).map(|d| d.to_string());
            assert_eq!(parsed.as_deref(), Some(expected.as_str()), "{text}");
        }
    }

    #[test]
    fn g10_time_spellings() {
        for (text, cim) in [
            ("4 PM", "160000.000000"),
            ("12AM", "000000.000000"),
            ("3:23", "032300.000000"),
            ("3:23 AM", "032300.000000"),
            ("12:23pm", "122300.000000"),
            ("3:23:00", "032300.000000"),
            ("3:23:05PM", "152305.000000"),
            ("13:58:09:123", "135809.123000"),
            ("13:58:09:5", "135809.005000"),
            ("1:58:09:123 PM", "135809.123000"),
            ("1:58:09:12PM", "135809.012000"),
        ] {
            let with_date = format!("1998-04-01 {text}");
            let parsed = parse(&with_date, -300).map(|d| d.to_string());
            assert_eq!(parsed, Some(format!("19980401{cim}-300")), "{text}");
            let alone = parse(text, 0).map(|d| d.to_string());
            assert_eq!(alone, Some(format!("18991230{cim}+000")), "{text}");
        }
    }

    /// Rule: windows-in-practice, "What files and queries in the wild contain"
    #[test]
    fn wins_shortened_and_rfc_3339() {
        for (text, cim) in [
            ("20241231235959", "20241231235959.000000+060"),
            ("20241231235959.0", "20241231235959.000000+060"),
            ("20241231235959.123456789", "20241231235959.123456+060"),
            ("20241231235959.0+540", "20241231235959.000000+540"),
            ("20241231235959+540", "20241231235959.000000+540"),
            ("20241231235959.5-330", "20241231235959.500000-330"),
            ("2024-12-31T23:59:59Z", "20241231235959.000000+000"),
            ("2024-12-31t23:59:59.5z", "20241231235959.500000+000"),
            ("2024-12-31 23:59:59.000120-05:30", "20241231235959.000120-330"),
            ("0001-01-01T00:00:00+16:39", "00010101000000.000000+999"),
        ] {
            let parsed = parse(text, 60).map(|d| d.to_string());
            assert_eq!(parsed.as_deref(), Some(cim), "{text}");
        }
        for text in [
            "20241231235959.",
            "20241231235959.1234567890",
            "20241231235959.0+54",
            "20241231235959.0*540",
            "20241331235959",
            "2024-12-31T23:59",
            "2024-12-31T23:59:59",
            "2024-12-31T23:59:59+0900",
            "2024-12-31T23:59:59+09:60",
            "2024-12-31T23:59:59+17:00",
            "2024-12-31T24:00:00Z",
            "2024-12-31T23:59:59.Z",
            "２024-12-31T23:59:59Z",
            "äöüäöüä",
            "2024123ä235959",
        ] {
            assert_eq!(parse(text, 60), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "yesterday",
            "1/21-1932",
            "Feb 30 1999",
            "13/13/1999",
            "1998-04-01 25:00",
            "1998-04-01 13:00 PM",
            "1998-04-01 3:",
            "1998-04-01 3",
            "Jan , 1932,",
            "21",
            "19980416T000000",
            "January 21, 1932 January",
            "1998-04-16 ******:***",
            "99999999999999999999",
        ] {
            assert_eq!(parse(text, 0), None, "{text}");
        }
    }
}
