//! What the text of a literal is worth: numbers, characters, texts with escapes.
//!
//! Takes a token's text from the parser and gives a value of the literal's natural type;
//! conversion to a declared type comes later. Forms: behaviour.md G.5 and G.9, DSP0004 annex A.

use cim::Value;
use cim::status::*;

type Result<T> = std::result::Result<T, cim::Error>;

/// A number: decimal, `0x`, octal after a leading 0, binary before a trailing B, or real.
/// Whole numbers become the first of sint32, sint64 and uint64 that holds them.
///
/// # Errors
///
/// `WBEMMOF_E_ILLEGAL_CONSTANT_VALUE`, `WBEMMOF_E_OUT_OF_RANGE`.
pub(crate) fn number(text: &str) -> Result<Value> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let Some((radix, digits)) = radix(digits) else { return real(text) };
    let magnitude = u64::from_str_radix(digits, radix).map_err(|error| match error.kind() {
        std::num::IntErrorKind::PosOverflow => out_of_range(text),
        _ => illegal(text),
    })?;
    let value = if negative { -i128::from(magnitude) } else { magnitude.into() };
    natural(value).ok_or_else(|| out_of_range(text))
}

/// The number of a text that is a hexadecimal one, `0x1F` or `-0x1F`; `None` for any other text.
pub(crate) fn hexadecimal(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
    is_hexadecimal.then(|| number(text).ok())?
}

/// A whole number in the first of sint32, sint64 and uint64 that holds it.
fn natural(value: i128) -> Option<Value> {
    i32::try_from(value)
        .map(Value::SInt32)
        .or_else(|_| i64::try_from(value).map(Value::SInt64))
        .or_else(|_| u64::try_from(value).map(Value::UInt64))
        .ok()
}

/// The radix and the digits of a whole number; `None` where it is to be read as a real.
fn radix(text: &str) -> Option<(u32, &str)> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return Some((16, unsigned(hex)));
    }
    if let Some(binary) = text.strip_suffix(['b', 'B'])
        && binary.bytes().all(|b| matches!(b, b'0' | b'1'))
    {
        return Some((2, unsigned(binary)));
    }
    if text.contains(['.', 'e', 'E']) {
        return None;
    }
    Some(if text.len() > 1 && text.starts_with('0') { (8, unsigned(text)) } else { (10, text) })
}

/// Digits as they are, or nothing where a second sign hides among them.
fn unsigned(digits: &str) -> &str {
    if digits.starts_with(['+', '-']) { "" } else { digits }
}

fn real(text: &str) -> Result<Value> {
    // Rust's parser takes also "inf", "nan" and the like, which begin with no digit.
    let value: f64 = text.parse().map_err(|_| illegal(text))?;
    if value.is_finite() { Ok(Value::Real64(value)) } else { Err(out_of_range(text)) }
}

fn illegal(text: &str) -> cim::Error {
    WBEMMOF_E_ILLEGAL_CONSTANT_VALUE.with(format!(
        "{} is no number; write 10, 0x1F, 017, 101B or 1.5e3, or put a text in quotes",
        shown(text)
    ))
}

fn out_of_range(text: &str) -> cim::Error {
    WBEMMOF_E_OUT_OF_RANGE.with(format!("the number {} is out of range", shown(text)))
}

/// The beginning of a text, for a message.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A character in single quotes, as one UTF-16 unit.
///
/// # Errors
///
/// `WBEMMOF_E_ILLEGAL_CONSTANT_VALUE` for none or several, `WBEMMOF_E_OUT_OF_RANGE` for one that
/// needs two units.
pub(crate) fn character(token: &str) -> Result<u16> {
    let mut units = Units { rest: unquoted(token), pending: None };
    let first = units.next().transpose()?;
    let second = units.next().transpose()?;
    match (first, second) {
        (Some(unit), None) => Ok(unit),
        (Some(0xd800..=0xdbff), Some(_)) if !token.contains('\\') => {
            Err(WBEMMOF_E_OUT_OF_RANGE
                .with("a char16 holds one UTF-16 unit; this character needs two"))
        }
        _ => Err(WBEMMOF_E_ILLEGAL_CONSTANT_VALUE
            .with("a character literal holds exactly one character")),
    }
}

/// What is between the quotes of a token.
pub(crate) fn unquoted(token: &str) -> &str {
    &token[1..token.len() - 1]
}

/// Appends the text of a token in double quotes to `out`. Of an escape that does not exist the
/// backslash stays, and `unknown` receives its index in `token` and the error that it is in WMI's
/// dialect. Errors: `WBEMMOF_E_ILLEGAL_CONSTANT_VALUE` for half a character.
pub(crate) fn text(
    token: &str,
    escaped: bool,
    out: &mut String,
    unknown: &mut dyn FnMut(usize, cim::Error),
) -> Result<()> {
    let mut rest = unquoted(token);
    if !escaped {
        out.push_str(rest);
        return Ok(());
    }
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (unit, after) = match escape(rest) {
            Ok(found) => found,
            Err(error) => {
                unknown(token.len() - 1 - rest.len(), error);
                out.push('\\');
                rest = &rest[1..];
                continue;
            }
        };
        rest = after;
        if let Some(c) = char::from_u32(unit.into()) {
            out.push(c);
            continue;
        }
        // A character beyond U+FFFF is written as two escapes.
        let (low, after) = if rest.starts_with('\\') { escape(rest)? } else { (0, rest) };
        let Some(Ok(c)) = char::decode_utf16([unit, low]).next() else {
            return Err(WBEMMOF_E_ILLEGAL_CONSTANT_VALUE
                .with(format!("the escape \\x{unit:04X} is half a character")));
        };
        out.push(c);
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// The UTF-16 unit of the escape that `text` begins with, and what follows it.
fn escape(text: &str) -> Result<(u16, &str)> {
    let mut chars = text[1..].chars();
    let unit = match chars.next() {
        Some('b') => 0x08,
        Some('t') => 0x09,
        Some('n') => 0x0a,
        Some('f') => 0x0c,
        Some('r') => 0x0d,
        Some(c @ ('"' | '\'' | '\\')) => c as u16,
        Some('x' | 'X') => {
            let rest = chars.as_str();
            let length = rest.bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
            let unit = u16::from_str_radix(&rest[..length], 16).map_err(|_| {
                WBEMMOF_E_ILLEGAL_CONSTANT_VALUE.with("\\x needs one to four hexadecimal digits")
            })?;
            return Ok((unit, &rest[length..]));
        }
        other => {
            return Err(WBEMMOF_E_ILLEGAL_CONSTANT_VALUE.with(format!(
                "\\{} is no escape; write \\\\ for a backslash",
                other.map(String::from).unwrap_or_default()
            )));
        }
    };
    Ok((unit, chars.as_str()))
}

/// The UTF-16 units of a text with escapes.
struct Units<'a> {
    rest: &'a str,
    pending: Option<u16>,
}

impl Iterator for Units<'_> {
    type Item = Result<u16>;

    fn next(&mut self) -> Option<Result<u16>> {
        if let Some(unit) = self.pending.take() {
            return Some(Ok(unit));
        }
        if self.rest.starts_with('\\') {
            return Some(escape(self.rest).map(|(unit, rest)| {
                self.rest = rest;
                unit
            }));
        }
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        let mut units = [0; 2];
        if let [first, second] = c.encode_utf16(&mut units) {
            self.pending = Some(*second);
            return Some(Ok(*first));
        }
        Some(Ok(units[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g5_numbers_in_every_form() {
        for (text, value) in [
            ("0", Value::SInt32(0)),
            ("-5", Value::SInt32(-5)),
            ("+7", Value::SInt32(7)),
            ("0x1F", Value::SInt32(31)),
            ("-0X10", Value::SInt32(-16)),
            ("0x1B", Value::SInt32(27)),
            ("017", Value::SInt32(15)),
            ("101B", Value::SInt32(5)),
            ("00b", Value::SInt32(0)),
            ("2147483648", Value::SInt64(2147483648)),
            ("0xffffffff", Value::SInt64(0xffff_ffff)),
            ("-9223372036854775808", Value::SInt64(i64::MIN)),
            ("18446744073709551615", Value::UInt64(u64::MAX)),
            ("1000.4", Value::Real64(1000.4)),
            ("-1.5e-3", Value::Real64(-0.0015)),
            ("2e10", Value::Real64(2e10)),
            (".5", Value::Real64(0.5)),
        ] {
            assert_eq!(number(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn g5_what_is_no_number() {
        for (text, status) in [
            ("12abc", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("09", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("0x", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("102B", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("1.2.3", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("1_000", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("18446744073709551616", WBEMMOF_E_OUT_OF_RANGE),
            ("-9223372036854775809", WBEMMOF_E_OUT_OF_RANGE),
            ("1e999", WBEMMOF_E_OUT_OF_RANGE),
        ] {
            assert_eq!(number(text).unwrap_err().status(), status, "{text}");
        }
    }

    #[test]
    fn g9_escapes_in_texts() {
        let read = |token: &str| {
            let mut out = String::new();
            let mut unknown = Vec::new();
            text(token, true, &mut out, &mut |at, error| unknown.push((at, error)))?;
            Ok::<_, cim::Error>((out, unknown))
        };
        for (token, expected) in [
            (r#""\"\\\'\n\t""#, "\"\\'\n\t"),
            (r#""\x41\x0042C""#, "ABC"),
            (r#""\xD83D\xDE00""#, "😀"),
            (r#""a\x41g""#, "aAg"),
            (r#""ä\\ö""#, "ä\\ö"),
        ] {
            assert_eq!(read(token).unwrap(), (expected.to_owned(), Vec::new()), "{token}");
        }
        for (token, expected, places) in [
            (r#""C:\Config""#, r"C:\Config", &[3][..]),
            (r#""\q\t\xg\\""#, "\\q\t\\xg\\", &[1, 5]),
            (r#""ü\ä""#, r"ü\ä", &[3]),
        ] {
            let (out, unknown) = read(token).unwrap();
            assert_eq!(out, expected, "{token}");
            let found: Vec<usize> = unknown.iter().map(|(at, _)| *at).collect();
            assert_eq!(found, places, "{token}");
        }
        for token in [r#""\xD83D""#, r#""\xD83D\x0041""#, r#""\xDE00""#] {
            let status = read(token).unwrap_err().status();
            assert_eq!(status, WBEMMOF_E_ILLEGAL_CONSTANT_VALUE, "{token}");
        }
    }

    #[test]
    fn g5_characters_are_one_unit() {
        for (token, unit) in
            [("'A'", 65), ("'\\x41'", 0x41), ("'\\x4133'", 0x4133), ("'ß'", 0xdf), ("'\\''", 39)]
        {
            assert_eq!(character(token).unwrap(), unit, "{token}");
        }
        for (token, status) in [
            ("''", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("'AB'", WBEMMOF_E_ILLEGAL_CONSTANT_VALUE),
            ("'😀'", WBEMMOF_E_OUT_OF_RANGE),
        ] {
            assert_eq!(character(token).unwrap_err().status(), status, "{token}");
        }
    }
}
