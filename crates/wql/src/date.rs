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
//! - the fourth number of a time is milliseconds, as the page on CIM_DATETIME says; the page
//!   on times calls it an offset from UTC but leaves it no sign.

use cim::DateTime;
use cim::datetime::Point;

/// The point in time or interval that `text` spells, local ones at `offset` minutes east of UTC.
pub(crate) fn parse(text: &str, offset: i16) -> Option<DateTime> {
    text.parse().ok().or_else(|| parse_local(text, offset))
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
