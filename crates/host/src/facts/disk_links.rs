//! `/dev/disk/by-label` and `/dev/disk/by-uuid`: links from what a file system is called to the
//! device that holds it. udev makes them; where it does not run there are none.

/// The name of the device that the text of a link leads to, as in `../../sda1`.
pub fn device(target: &[u8]) -> Option<&[u8]> {
    super::process_exe::file_name(target)
}

/// The name that a link stands for: udev writes what a file name should not hold as `\x` and
/// two hexadecimal digits.
pub fn name(link_name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(link_name.len());
    let mut rest = link_name;
    while let Some((&byte, behind)) = rest.split_first() {
        let escaped = match rest {
            [b'\\', b'x', high, low, behind @ ..] => {
                hex(*high).zip(hex(*low)).map(|(h, l)| (h << 4 | l, behind))
            }
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((byte, behind));
        plain.push(byte);
        rest = behind;
    }
    plain
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(name(b"data"), b"data");
        assert_eq!(name(b"My\\x20disk\\x2f1"), b"My disk/1");
        assert_eq!(name(b"a\\x2"), b"a\\x2");
        assert_eq!(name(b"a\\xzz"), b"a\\xzz");
    }

    #[test]
    fn links_lead_to_devices() {
        assert_eq!(device(b"../../sda1"), Some(&b"sda1"[..]));
        assert_eq!(device(b"../../mapper/"), None);
    }
}
