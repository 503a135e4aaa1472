//! Reading numbers, words and lines out of bytes: what all the parsers here are made of.
//!
//! Nothing here allocates but [`text`] on bytes that are not UTF-8.

use std::borrow::Cow;

/// The number that `digits` spell in decimal; `None` where there is anything else or the
/// number does not fit.
pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, &digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// `number` in decimal, without asking for memory: it is written to the end of `buffer`.
pub fn digits(mut number: u32, buffer: &mut [u8; 10]) -> &str {
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    // Digits are UTF-8.
    std::str::from_utf8(&buffer[start..]).unwrap_or_default()
}

/// The lines of a file, without their ends.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&b| b == b'\n')
}

/// The words of a line, separated by spaces or tabs.
pub fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&b| b == b' ' || b == b'\t').filter(|word| !word.is_empty())
}

/// The number that follows `label` at the start of a line, as in `MemTotal:  24682416 kB`.
pub fn labelled(line: &[u8], label: &[u8]) -> Option<u64> {
    decimal(words(line.strip_prefix(label)?).next()?)
}

/// The major and minor number of a device, as in `8:16`.
pub fn device_number(word: &[u8]) -> Option<(u32, u32)> {
    let colon = word.iter().position(|&b| b == b':')?;
    let number = |digits| decimal(digits)?.try_into().ok();
    Some((number(&word[..colon])?, number(&word[colon + 1..])?))
}

/// What the kernel handed out as bytes, as text: bytes that are not UTF-8 become U+FFFD.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Words of a line from left to right, for files whose fields are known by their place.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Starts at the first word of `line`.
    pub fn new(line: &'a [u8]) -> Self {
        Fields(line)
    }

    /// The next word.
    pub fn word(&mut self) -> Option<&'a [u8]> {
        let start = self.0.iter().position(|b| !b.is_ascii_whitespace())?;
        let rest = &self.0[start..];
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }

    /// The next word as a number that cannot be negative.
    pub fn unsigned(&mut self) -> Option<u64> {
        decimal(self.word()?)
    }

    /// The next word as a number that can be negative.
    pub fn signed(&mut self) -> Option<i64> {
        let word = self.word()?;
        match word.strip_prefix(b"-") {
            Some(digits) => 0i64.checked_sub_unsigned(decimal(digits)?),
            None => decimal(word)?.try_into().ok(),
        }
    }

    /// What is left of the line.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Passes over `count` words.
    pub fn skip(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.word().map(|_| ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_takes_digits_alone() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"-1", b"+1", b"1 ", b"0x1", b"18446744073709551616", b"\xff"] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn digits_are_decimal_again() {
        for number in [0, 7, 10, 4_194_304, u32::MAX] {
            assert_eq!(digits(number, &mut [0; 10]), number.to_string());
        }
    }

    #[test]
    fn labelled_wants_the_whole_label() {
        assert_eq!(labelled(b"MemTotal:       24682416 kB", b"MemTotal:"), Some(24_682_416));
        assert_eq!(labelled(b"MemTotal:", b"MemTotal:"), None);
        assert_eq!(labelled(b"MemTotalX: 1", b"MemTotal:"), None);
    }

    #[test]
    fn device_numbers_are_two() {
        assert_eq!(device_number(b"8:16"), Some((8, 16)));
        for bad in ["8", "8:", ":16", "8:16:1", "8:-1", "4294967296:0"] {
            assert_eq!(device_number(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn fields_read_signs_and_stop_at_the_end() {
        let mut fields = Fields::new(b" 12 -7  x\n");
        assert_eq!(fields.unsigned(), Some(12));
        assert_eq!(fields.signed(), Some(-7));
        assert_eq!(fields.unsigned(), None);
        assert_eq!(fields.word(), None);
        assert_eq!(Fields::new(b"-9223372036854775808").signed(), Some(i64::MIN));
        assert_eq!(Fields::new(b"a b").skip(3), None);
    }
}
