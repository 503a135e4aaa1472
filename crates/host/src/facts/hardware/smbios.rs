//! `/sys/firmware/dmi/tables/DMI`: the firmware's records of the machine's parts, as the structures
//! of the System Management BIOS (DSP0134) one after the other in the file.
//!
//! A structure is a header of type, length and handle, fields at fixed offsets, and behind them its
//! texts, each ended by a zero and all by one more; a field that is a text holds its number. What a
//! field means is decided in the class that uses it. Only root may read the file.

use crate::facts::scan::text;

/// The type of the structure with the machine's name.
pub const SYSTEM: u8 = 1;
/// The type of the structure of a chassis.
pub const CHASSIS: u8 = 3;
/// The type of the structure of a processor or its socket.
pub const PROCESSOR: u8 = 4;
/// The type of the structure of texts that the maker chose.
pub const OEM_STRINGS: u8 = 11;
/// The type of the structure about resets.
pub const SYSTEM_RESET: u8 = 23;
/// The type of the structure about passwords and buttons.
pub const HARDWARE_SECURITY: u8 = 24;
/// The type of the structure about the last start.
pub const BOOT_STATUS: u8 = 32;
const END: u8 = 127;

/// One structure. A field beyond its end is one that its version does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Structure<'a> {
    fields: &'a [u8],
    texts: &'a [u8],
}

impl<'a> Structure<'a> {
    /// The byte at an offset from the beginning of the structure.
    pub fn byte(&self, at: usize) -> Option<u8> {
        self.fields.get(at).copied()
    }

    /// The 16 bits at an offset.
    pub fn word(&self, at: usize) -> Option<u16> {
        self.fields.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// The 64 bits at an offset.
    pub fn quad(&self, at: usize) -> Option<u64> {
        self.fields.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// The fields from an offset on; none where it is beyond the end.
    pub fn rest(&self, at: usize) -> &'a [u8] {
        self.fields.get(at..).unwrap_or_default()
    }

    /// The text whose number is at an offset. There is none where the number is 0, or the text
    /// is blank.
    pub fn text(&self, at: usize) -> Option<String> {
        let number = usize::from(self.byte(at)?).checked_sub(1)?;
        self.texts().nth(number).filter(|text| !text.is_empty())
    }

    /// All its texts, without the white space around each.
    pub fn texts(&self) -> impl Iterator<Item = String> + use<'a> {
        let texts = self.texts.split(|&b| b == 0).take_while(|text| !text.is_empty());
        texts.map(|bytes| text(bytes.trim_ascii()).into_owned())
    }
}

/// The structures of one type, in the file's order. What follows one in another form is not read.
pub fn structures(bytes: &[u8], kind: u8) -> impl Iterator<Item = Structure<'_>> {
    let mut rest = bytes;
    let all = std::iter::from_fn(move || {
        let (structure, behind) = split_first(rest)?;
        rest = behind;
        Some(structure)
    });
    all.filter(move |structure| structure.fields[0] == kind)
}

/// The first structure, and the rest; `None` at the end.
fn split_first(bytes: &[u8]) -> Option<(Structure<'_>, &[u8])> {
    const HEADER: usize = 4;
    let &[kind, length, ..] = bytes else { return None };
    let length = usize::from(length);
    if kind == END || length < HEADER || length > bytes.len() {
        return None;
    }
    let (fields, behind) = bytes.split_at(length);
    let end = behind.windows(2).position(|pair| pair == [0, 0])?;
    // The first of the two ends the last text; it is alone where there is no text.
    let (texts, behind) = behind.split_at(end + 2);
    Some((Structure { fields, texts }, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &[u8] = b"\x0b\x05\x01\x00\x02one\0 two \0\0\
        \x18\x05\x02\x00\xc6\0\0\
        \x01\x08\x03\x00\x01\x00\x02\x05Maker\0  \0\0\
        \x0b\x05\x04\x00\x00\0\0\
        \x7f\x04\x05\x00\0\0\
        \x18\x05\x06\x00\xff\0\0";

    #[test]
    fn fields_and_texts() {
        let system = structures(TABLES, SYSTEM).next().unwrap();
        assert_eq!(system.text(4).as_deref(), Some("Maker"));
        // Number 0, a blank one, one that is not there, and a field beyond the end.
        assert_eq!([5, 6, 7, 8].map(|at| system.text(at)), [None, None, None, None]);
        assert_eq!(system.word(4), Some(1));
        assert_eq!(system.word(7), None);
        assert_eq!(system.quad(0), Some(0x0502_0001_0003_0801));
        assert_eq!(system.quad(1), None);
        assert_eq!(system.rest(6), [2, 5]);
        assert_eq!(system.rest(9), []);
    }

    #[test]
    fn structures_of_a_type_until_the_end() {
        let texts: Vec<Vec<String>> =
            structures(TABLES, OEM_STRINGS).map(|s| s.texts().collect()).collect();
        assert_eq!(texts, [vec!["one".to_owned(), "two".to_owned()], vec![]]);
        // The second is behind the structure that ends the file.
        let security: Vec<_> = structures(TABLES, HARDWARE_SECURITY).collect();
        assert_eq!(security.len(), 1);
        assert_eq!(security[0].byte(4), Some(0xc6));
    }

    #[test]
    fn what_is_cut_ends_the_file() {
        for end in 0..TABLES.len() {
            assert!(structures(&TABLES[..end], HARDWARE_SECURITY).count() <= 1, "{end}");
        }
        assert_eq!(structures(b"\x01\x03\x00\x00\0\0", SYSTEM).count(), 0);
        assert_eq!(structures(b"\x01\x04\x00\x00text", SYSTEM).count(), 0);
    }
}
