//! The basic encodings: numbers, lengths, texts.
//!
//! [`Input`] compares every length with the number of bytes left, so that a damaged record is an
//! error and never a panic or an allocation beyond its own size. Writers append to a `Vec<u8>`.
//! Numbers are little-endian; lengths and counts have 7 bits in each byte, the lowest first
//! (FORMAT.md, "Encodings").

use crate::error::Fault;

/// The unread rest of a record.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Input { rest: bytes }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(cut_off)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length or count.
    pub(super) fn length(&mut self) -> Result<usize, Fault> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(first.into());
        }
        let mut value = u32::from(first & 0x7f);
        for shift in [7, 14, 21, 28] {
            let byte = self.u8()?;
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value as usize);
            }
        }
        Err(Fault::damaged("a length has more than 32 bits"))
    }

    /// The number of elements that follow. Each has at least one byte, so a number larger than the
    /// rest of the record is refused.
    pub(super) fn count(&mut self) -> Result<usize, Fault> {
        let count = self.length()?;
        if count > self.rest.len() { Err(cut_off()) } else { Ok(count) }
    }

    /// Bytes preceded by their length.
    pub(crate) fn counted(&mut self) -> Result<&'a [u8], Fault> {
        let len = self.length()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.counted()?).map_err(|_| Fault::damaged("a text is not UTF-8"))
    }

    /// A text, or its absence.
    pub(super) fn optional_text(&mut self) -> Result<Option<&'a str>, Fault> {
        match self.u8()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(Fault::damaged("a presence byte is neither 0 nor 1")),
        }
    }

    /// Whether everything has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Ends the reading. Errors: bytes are left.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Fault::damaged("a record is followed by extra bytes")),
        }
    }
}

#[cold]
fn cut_off() -> Fault {
    Fault::damaged("a record is truncated")
}

/// Writes a length or count.
/// Errors: it has more than 32 bits.
pub(super) fn put_length(out: &mut Vec<u8>, len: usize) -> Result<(), Fault> {
    let mut rest = u32::try_from(len).map_err(|_| Fault::too_long())?;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    Ok(())
}

pub(crate) fn put_counted(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Fault> {
    put_length(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), Fault> {
    put_counted(out, text.as_bytes())
}

pub(super) fn put_optional_text(out: &mut Vec<u8>, text: Option<&str>) -> Result<(), Fault> {
    out.push(text.is_some().into());
    text.map_or(Ok(()), |text| put_text(out, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_written_and_have_at_most_32_bits() {
        for len in [0, 1, 127, 128, 300, 16_383, 16_384, 0x0fff_ffff, u32::MAX as usize] {
            let mut out = Vec::new();
            put_length(&mut out, len).unwrap();
            let mut input = Input::new(&out);
            assert_eq!(input.length().unwrap(), len);
            input.finish().unwrap();
        }
        assert!(put_length(&mut Vec::new(), u32::MAX as usize + 1).is_err());
        for bad in [&[0x80][..], &[0xff; 5], &[0xff, 0xff, 0xff, 0xff, 0x10], &[]] {
            assert!(Input::new(bad).length().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut out = Vec::new();
        put_text(&mut out, "übung").unwrap();
        put_optional_text(&mut out, Some("x")).unwrap();
        put_optional_text(&mut out, None).unwrap();
        for len in 0..out.len() {
            let mut input = Input::new(&out[..len]);
            let whole = (|| {
                input.text()?;
                input.optional_text()?;
                input.optional_text().map(drop)
            })();
            assert!(whole.is_err(), "{len}");
        }
        assert!(Input::new(&[2, 0xc3]).text().is_err());
        assert!(Input::new(&[1, 0xff]).text().is_err());
        assert!(Input::new(&[200, 1]).count().is_err());
    }
}
