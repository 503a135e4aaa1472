//! `/dev/disk/by-label`, `/dev/disk/by-uuid` and `/dev/disk/by-partuuid`: links from the name of a
//! file system or partition to its device. udev creates them; without udev there are none.

/// The name of the device that the text of a link leads to, as in `../../sda1`.
pub fn device(target: &[u8]) -> Option<&[u8]> {
    crate::facts::process::exe::file_name(target)
}

/// The name that a link encodes: udev writes what a file name should not hold as `\x` and
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

/// The signature of the disk, from the name of one of its partitions in `by-partuuid`. Disks with a
/// partition table of the old kind have one, of which the partition's name is made: `0d9a5f3e-01`.
pub fn disk_signature(partition_name: &[u8]) -> Option<u32> {
    let [signature @ .., b'-', high, low] = partition_name else { return None };
    if signature.len() != 8 || hex(*high).is_none() || hex(*low).is_none() {
        return None;
    }
    signature.iter().try_fold(0, |number, &digit| Some(number << 4 | u32::from(hex(digit)?)))
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
    fn signatures_are_of_old_partition_tables() {
        assert_eq!(disk_signature(b"0d9a5f3e-01"), Some(0x0d9a_5f3e));
        assert_eq!(disk_signature(b"ffffffff-0a"), Some(u32::MAX));
        let others =
            ["0d9a5f3e-1", "0d9a5f3e01", "0d9a5f3-01", "0d9a5f3x-01", "0d9a5f3e-0x", "-01"];
        for other in others.into_iter().chain(["c12a7328-f81f-11d2-ba4b-00a0c93ec93b", ""]) {
            assert_eq!(disk_signature(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn links_lead_to_devices() {
        assert_eq!(device(b"../../sda1"), Some(&b"sda1"[..]));
        assert_eq!(device(b"../../mapper/"), None);
    }
}
