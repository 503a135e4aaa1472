//! `/proc/cpuinfo`: what the first processor says that it can do.

use super::scan::{lines, words};

/// Whether pages can be kept from being executed: the processor's flag `nx`. `None` where the
/// file has no `flags` line; other architectures than x86 list their features otherwise.
pub fn has_no_execute(bytes: &[u8]) -> Option<bool> {
    let flags = lines(bytes).find_map(|line| {
        let rest = line.strip_prefix(b"flags")?;
        let colon = rest.iter().position(|&b| b == b':')?;
        rest[..colon].trim_ascii().is_empty().then(|| &rest[colon + 1..])
    })?;
    Some(words(flags).any(|flag| flag == b"nx"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_a_whole_word() {
        assert_eq!(has_no_execute(b"processor\t: 0\nflags\t\t: fpu nx lm\n"), Some(true));
        assert_eq!(has_no_execute(b"flags\t\t: fpu nxt fnx\nflags\t: nx\n"), Some(false));
        assert_eq!(has_no_execute(b"Features\t: fp asimd\n"), None);
        assert_eq!(has_no_execute(b"flags bugs\t: nx\nflags"), None);
    }
}
