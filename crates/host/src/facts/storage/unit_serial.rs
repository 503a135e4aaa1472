//! `vpd_pg80` of a SCSI device: its serial number, as the page 0x80 of its Vital Product Data has
//! it (SPC-4, 7.8.15). The kernel returns the page as the device sent it.

use crate::facts::scan::text;

/// The number without the blanks that fill it up; `None` where the page is another one, is cut, or
/// holds none.
pub fn parse(page: &[u8]) -> Option<String> {
    const CODE: u8 = 0x80;
    let [_, CODE, high, low, number @ ..] = page else { return None };
    let number = number.get(..usize::from(u16::from_be_bytes([*high, *low])))?;
    // Some devices fill it up with zeros.
    let blank = |b: &u8| b.is_ascii_whitespace() || *b == 0;
    let start = number.iter().position(|b| !blank(b))?;
    let end = number.iter().rposition(|b| !blank(b))?;
    Some(text(&number[start..=end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_in_the_length_that_the_page_tells() {
        assert_eq!(parse(b"\0\x80\0\x08  AB 12\0rest").as_deref(), Some("AB 12"));
        assert_eq!(parse(b"\0\x80\0\x01X").as_deref(), Some("X"));
        assert_eq!(parse(b"\0\x80\0\x04  \0 "), None);
        assert_eq!(parse(b"\0\x80\0\x00"), None);
        assert_eq!(parse(b"\0\x80\0\x05ABCD"), None);
        assert_eq!(parse(b"\0\x83\0\x01A"), None);
        assert_eq!(parse(b"\0\x80"), None);
    }
}
