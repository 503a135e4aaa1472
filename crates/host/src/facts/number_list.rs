//! Lists of numbers as the kernel writes those of processors: `0-3,8,10-11`.

use super::scan::decimal;

/// A list of more numbers than this is in no form that the kernel writes: it knows of 8192
/// processors at most.
const LIMIT: usize = 1 << 16;

/// The numbers, in the order written; `None` where the text is in another form. An empty list
/// is an empty line.
pub fn parse(text: &[u8]) -> Option<Vec<u32>> {
    let text = text.trim_ascii();
    let mut numbers = Vec::new();
    if text.is_empty() {
        return Some(numbers);
    }
    for range in text.split(|&b| b == b',') {
        let mut ends = range.splitn(2, |&b| b == b'-').map(number);
        let first = ends.next()??;
        let last = ends.next().unwrap_or(Some(first))?;
        let count = usize::try_from(last.checked_sub(first)?).ok()?;
        if count >= LIMIT - numbers.len() {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn number(digits: &[u8]) -> Option<u32> {
    decimal(digits)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_numbers() {
        assert_eq!(parse(b"0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(parse(b"0"), Some(vec![0]));
        assert_eq!(parse(b"\n"), Some(vec![]));
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in ["-1", "1-", "3-1", "0,,1", "a", "0-4294967295", "0-70000", "0-40000,0-40000"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
