//! The assignments after `create` and `set` of `wmic`: `P=V,P="V, V"`, which become the `P=V` of
//! `crate::assignment`, where values are interpreted.

use cim::Name;

/// The assignments in `words`, separated by commas or blanks. In single or double quotes, commas and
/// blanks are part of the value.
/// Errors: why a word is not an assignment.
pub(super) fn pairs(words: &[String]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for word in words {
        let mut rest = next(word);
        while !rest.is_empty() {
            let no_pair = || {
                format!(
                    "'{rest}' is no assignment; write P=V,P=V, and a value with commas in quotes"
                )
            };
            let (name, behind) = rest.split_once('=').ok_or_else(no_pair)?;
            let name = name.trim_end();
            if !Name::is_identifier(name) {
                return Err(no_pair());
            }
            let (value, behind) = value(behind.trim_start())
                .ok_or_else(|| format!("the quotes of {name} are not closed, or text follows"))?;
            found.push(format!("{name}={value}"));
            rest = next(behind);
        }
    }
    match found.is_empty() {
        true => Err("name a property and its value, as P=V".to_owned()),
        false => Ok(found),
    }
}

/// The text after the separators.
fn next(text: &str) -> &str {
    text.trim_start_matches(|c: char| c == ',' || c.is_whitespace())
}

/// The value that `text` begins with, as an assignment has it, and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let (value, _) = text.split_once(',').unwrap_or((text, ""));
        return Some((value.trim_end().to_owned(), &text[value.len()..]));
    };
    let (inner, behind) = text[1..].split_once(quote)?;
    let is_end = behind.is_empty() || next(behind).len() < behind.len();
    // In quotes it is the text, and not NULL.
    let value = match inner.eq_ignore_ascii_case("null") {
        true => format!("\"{inner}\""),
        false => inner.to_owned(),
    };
    is_end.then_some((value, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Vec<String>, String> {
        pairs(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn commas_and_blanks_stand_between() {
        for (words, expected) in [
            (&["A=1"][..], &["A=1"][..]),
            (&["A=1,B=2"], &["A=1", "B=2"]),
            (&["A=1,", "B=2"], &["A=1", "B=2"]),
            (&["A=1", ",", "B=2"], &["A=1", "B=2"]),
            (&["A=1 , B=2,"], &["A=1", "B=2"]),
            (&["A=1", "B=2"], &["A=1", "B=2"]),
            (&["A = 1"], &["A=1"]),
            (&["A=two words,B="], &["A=two words", "B="]),
            (&["A=b=c"], &["A=b=c"]),
            (&["A=it's"], &["A=it's"]),
            (&["A=x", "A=y"], &["A=x", "A=y"]),
        ] {
            assert_eq!(of(words).unwrap(), expected, "{words:?}");
        }
    }

    #[test]
    fn a_value_in_quotes_is_whole() {
        for (word, expected) in [
            (r#"A="x, y=z",B=2"#, &["A=x, y=z", "B=2"][..]),
            (r#"A='say "x"' B=2"#, &[r#"A=say "x""#, "B=2"]),
            (r#"A="it's""#, &["A=it's"]),
            (r#"A="",B=''"#, &["A=", "B="]),
            (r#"A=" x ""#, &["A= x "]),
            (r#"A="Null",B=null"#, &[r#"A="Null""#, "B=null"]),
            (r#"A="C:\""#, &[r"A=C:\"]),
        ] {
            assert_eq!(of(&[word]).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for (words, said) in [
            (&[][..], "name a property"),
            (&[","], "name a property"),
            (&["A"], "'A' is no assignment"),
            (&["A=1,2"], "'2' is no assignment"),
            (&["A=1,2,B=3"], "'2,B=3' is no assignment"),
            (&["=1"], "'=1' is no assignment"),
            (&["A=\"1"], "the quotes of A are not closed"),
            (&["A=\"1\"2"], "the quotes of A are not closed, or text follows"),
        ] {
            let why = of(words).unwrap_err();
            assert!(why.contains(said), "{words:?}: {why}");
        }
    }
}
