//! The checksum that every stored value ends with (FORMAT.md, "Checksums").

/// The length of a checksum.
pub(crate) const SUM: usize = 4;

/// The value of what is stored under `key` in the database of this number, if the checksum is
/// right.
#[inline]
pub(crate) fn checked<'t>(number: u8, key: &[u8], stored: &'t [u8]) -> Option<&'t [u8]> {
    let (value, expected) = stored.split_last_chunk::<SUM>()?;
    (sum(number, key, value) == u32::from_le_bytes(*expected)).then_some(value)
}

/// CRC-32 of the number of the database, the length of the key, the key and the value.
#[inline]
pub(crate) fn sum(number: u8, key: &[u8], value: &[u8]) -> u32 {
    let [low, high, ..] = key.len().to_le_bytes();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[number, low, high]);
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_format() {
        // CRC-32 as in ISO 3309; 0xcbf43926 is its well-known check value of "123456789".
        assert_eq!(sum(b'1', b"", b"").to_le_bytes(), crc32fast::hash(b"1\0\0").to_le_bytes());
        assert_eq!(sum(5, b"key", b"value"), crc32fast::hash(b"\x05\x03\0keyvalue"));
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn no_bit_can_change_and_no_entry_be_another() {
        let stored = [b"value", &sum(5, b"key", b"value").to_le_bytes()[..]].concat();
        assert_eq!(checked(5, b"key", &stored), Some(&b"value"[..]));
        for bit in 0..stored.len() * 8 {
            let mut other = stored.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(checked(5, b"key", &other), None, "bit {bit}");
        }
        assert_eq!(checked(5, b"kez", &stored), None);
        assert_eq!(checked(4, b"key", &stored), None);
        assert_eq!(checked(5, b"keyv", &stored[1..]), None);
        assert_eq!(checked(5, b"key", b"val"), None);
    }
}
