//! MOF files as text: where their bytes come from, how they are decoded, and places in them.
//!
//! Bytes come from a [`Sources`]; text goes to the lexer. What a file says is not known here.
//! Encodings: UTF-8 and UTF-16 in either byte order, with or without a byte order mark
//! (behaviour.md G.9). A file without a mark that is no UTF-8 is in the ANSI code page, which is taken
//! to be Windows-1252 (`windows-in-practice.md`).

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use cim::status::*;

/// The most bytes a file may have.
pub const MAX_FILE: usize = 256 << 20;

/// Where the bytes of files come from, so that includes work the same on disk, in memory and in
/// tests.
pub trait Sources {
    /// The bytes of the file at `path`, which is the main file's path or an included name
    /// joined to the directory of the file that includes it.
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>>;
}

/// Files of the file system: all that this process may read, so not for text from others, who
/// could include what they may not see. Reads no more than one byte over [`MAX_FILE`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Sources for Disk {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len().min(MAX_FILE as u64);
        let mut bytes = Vec::with_capacity(size as usize + 1);
        // A device may have no end.
        file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Files held in memory, by path.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub HashMap<PathBuf, Vec<u8>>);

impl Memory {
    /// A single file.
    pub fn file(path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        Memory(HashMap::from([(path.into(), bytes.into())]))
    }
}

impl Sources for Memory {
    fn read(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A decoded file.
pub struct Source {
    path: PathBuf,
    text: String,
    /// Where each line starts; computed for the first reported place.
    lines: OnceLock<Box<[u32]>>,
}

impl Source {
    /// A file of text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Source { path: path.into(), text: text.into(), lines: OnceLock::new() }
    }

    /// Decodes `bytes`. The error is `WBEMMOF_E_INVALID_FILE` if they are no text in a known encoding
    /// or more than [`MAX_FILE`]; the text that could be read comes with it.
    pub(crate) fn decode(
        path: &Path,
        bytes: Vec<u8>,
    ) -> (Self, Option<cim::Error>, Option<Unusual>) {
        let Decoded { text, error, warning } = decode(bytes);
        (Source::new(path, text), error, warning)
    }

    /// The path it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn line_column(&self, at: u32) -> (u32, u32) {
        let at = self.text.floor_char_boundary(at as usize);
        let (line, start) = self.line(at);
        (line, self.text[start..at].chars().count() as u32 + 1)
    }

    /// The number of the line that contains a byte, and the start of the line.
    pub(crate) fn line(&self, at: usize) -> (u32, usize) {
        let lines = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(end, _)| end as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let after = lines.partition_point(|&start| start as usize <= at);
        (after as u32, lines[after - 1] as usize)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.path).finish()
    }
}

/// A range of bytes of a file's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From the start of this to the end of `other`.
    pub(crate) fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }
}

/// A range of a file: what a message points at.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The range.
    pub span: Span,
}

impl Place {
    /// Line and column of its first character, both from 1.
    pub fn line_column(&self) -> (u32, u32) {
        self.source.line_column(self.span.start)
    }

    /// The first and the last line, both from 1.
    pub fn lines(&self) -> (u32, u32) {
        let last = self.span.end.saturating_sub(1).max(self.span.start);
        (self.line_column().0, self.source.line_column(last).0)
    }

    /// Another range of the same file.
    pub fn at(&self, span: Span) -> Place {
        Place { source: self.source.clone(), span }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// The encoding and the length of the byte order mark. Without a mark, a zero as first or second byte
/// means UTF-16, because MOF begins with ASCII (a comment, a bracket, a keyword).
fn encoding(bytes: &[u8]) -> (Encoding, usize) {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        [low, 0, ..] if *low != 0 => (Encoding::Utf16Le, 0),
        [0, low, ..] if *low != 0 => (Encoding::Utf16Be, 0),
        _ => (Encoding::Utf8, 0),
    }
}

/// What the bytes of a file are as text.
#[derive(Default)]
struct Decoded {
    /// The text, as far as it could be read.
    text: String,
    error: Option<cim::Error>,
    warning: Option<Unusual>,
}

/// What is unusual in a file that could be read.
pub(crate) struct Unusual {
    /// The index in the text where it is.
    pub at: usize,
    /// What it is.
    pub message: String,
}

fn decode(mut bytes: Vec<u8>) -> Decoded {
    if bytes.len() > MAX_FILE {
        let message = format!("the file has more than {MAX_FILE} bytes, which is the limit");
        let error = Some(WBEMMOF_E_INVALID_FILE.with(message));
        return Decoded { error, ..Decoded::default() };
    }
    let (encoding, mark) = encoding(&bytes);
    if encoding != Encoding::Utf8 {
        let (text, error) = decode_utf16(&bytes[mark..], encoding == Encoding::Utf16Be);
        return Decoded { text, error, warning: None };
    }
    bytes.drain(..mark);
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Decoded { text, ..Decoded::default() },
        Err(error) => error,
    };
    let valid = error.utf8_error().valid_up_to();
    let byte = error.as_bytes()[valid];
    if mark == 0 {
        let text = error.as_bytes().iter().map(|&byte| windows_1252(byte)).collect();
        // What precedes the byte may have had other characters beyond ASCII.
        let at = error.as_bytes()[..valid].iter().map(|&b| windows_1252(b).len_utf8()).sum();
        let message = format!(
            "byte 0x{byte:02X} is no UTF-8, so the file is read as Windows-1252; save it as UTF-8"
        );
        return Decoded { text, warning: Some(Unusual { at, message }), error: None };
    }
    let mut bytes = error.into_bytes();
    bytes.truncate(valid);
    let text = String::from_utf8(bytes).unwrap_or_default();
    let message =
        format!("byte 0x{byte:02X} is no UTF-8, which the file's byte order mark says it is");
    Decoded { text, error: Some(WBEMMOF_E_INVALID_FILE.with(message)), warning: None }
}

/// The character of a byte in Windows-1252. The five bytes without one are control characters.
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

fn decode_utf16(bytes: &[u8], big_endian: bool) -> (String, Option<cim::Error>) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| match big_endian {
        true => u16::from_be_bytes(*pair),
        false => u16::from_le_bytes(*pair),
    };
    let mut text = String::with_capacity(pairs.len());
    for c in char::decode_utf16(pairs.iter().map(unit)) {
        match c {
            Ok(c) => text.push(c),
            Err(lone) => {
                let message = format!(
                    "the UTF-16 unit 0x{:04X} is an unpaired surrogate",
                    lone.unpaired_surrogate()
                );
                return (text, Some(WBEMMOF_E_INVALID_FILE.with(message)));
            }
        }
    }
    let odd = (!rest.is_empty())
        .then(|| WBEMMOF_E_INVALID_FILE.with("the UTF-16 text ends within a character"));
    (text, odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cim::WbemStatus;

    fn read(bytes: Vec<u8>) -> (Source, Option<WbemStatus>, Option<Unusual>) {
        let (source, error, warning) = Source::decode(Path::new("a.mof"), bytes);
        (source, error.map(|e| e.status()), warning)
    }

    #[test]
    fn g9_every_encoding_gives_the_same_text() {
        let text = "class Größe {};";
        let le = text.encode_utf16().flat_map(u16::to_le_bytes);
        let be = text.encode_utf16().flat_map(u16::to_be_bytes);
        let with = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for bytes in [
            text.into(),
            with(b"\xef\xbb\xbf", text.into()),
            le.clone().collect(),
            with(b"\xff\xfe", le.collect()),
            be.clone().collect(),
            with(b"\xfe\xff", be.collect()),
        ] {
            let (source, error, warning) = read(bytes);
            assert_eq!((source.text(), error), (text, None));
            assert!(warning.is_none());
        }
    }

    /// Rule: windows-in-practice, "What files and queries in the wild contain"
    #[test]
    fn wins_what_is_no_utf_8_is_windows_1252() {
        let (source, error, warning) = read(b"// \xc3\xa4 \x80\n\xff\x81".to_vec());
        assert_eq!((source.text(), error), ("// Ã¤ €\nÿ\u{81}", None));
        let warning = warning.unwrap();
        assert_eq!(source.line_column(warning.at as u32), (1, 7));
        assert!(warning.message.contains("0x80"), "{}", warning.message);
    }

    #[test]
    fn g9_bytes_that_are_no_text_are_refused_where_they_stand() {
        for (bytes, expected) in
            [(&b"\xff\xfec\0\0\xd8;\0"[..], "c"), (b"\xff\xfec\0;", "c"), (b"\xef\xbb\xbf\xc3", "")]
        {
            let (source, error, _) = read(bytes.into());
            assert_eq!((source.text(), error), (expected, Some(WBEMMOF_E_INVALID_FILE)));
        }
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("a", "ab\nGröße x\r\n\ny");
        let at = |text: &str| source.line_column(source.text().find(text).unwrap() as u32);
        assert_eq!(at("ab"), (1, 1));
        assert_eq!(at("x"), (2, 7));
        assert_eq!(at("y"), (4, 1));
        assert_eq!(source.line_column(9999), (4, 2));
    }
}
