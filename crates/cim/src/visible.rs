//! Text for messages: characters that cannot be seen are named.

use std::borrow::Cow;

/// `text` with each character that leaves no mark on paper as `U+FEFF`, so that a message shows what
/// is wrong. Blanks and ends of lines stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_invisible(c) {
            true => out.push_str(&format!("U+{:04X}", u32::from(c))),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether it is a control or format character, or a blank that looks like another one.
fn is_invisible(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | ' '..='~' => false,
        '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' => true,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' => true,
        '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_named() {
        for (text, expected) in [
            ("class Größe 中\n\tx", "class Größe 中\n\tx"),
            ("\u{feff}class", "U+FEFFclass"),
            ("a\u{200b}b\0\u{7f}", "aU+200BbU+0000U+007F"),
            ("\u{e0041}", "U+E0041"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
