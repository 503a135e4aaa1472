//! `/proc/cpuinfo`: a block of lines for each processor, ended by a blank line. A line is a label,
//! a colon and a value. The labels differ between architectures.

use crate::facts::scan::{decimal, lines, words};

/// What is said of one processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu<'a>(&'a [u8]);

impl<'a> Cpu<'a> {
    /// Finds the processor with this number.
    pub fn find(bytes: &'a [u8], number: u32) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
            let cpu = Cpu(&rest[..end]);
            if cpu.value(b"processor").and_then(decimal) == Some(number.into()) {
                return Some(cpu);
            }
            rest = rest.get(end + 2..).unwrap_or_default();
        }
        None
    }

    /// The value of the first line with this label. A value that is blank is none.
    pub fn value(&self, label: &[u8]) -> Option<&'a [u8]> {
        value(self.0, label)
    }

    /// The number after this label.
    pub fn number(&self, label: &[u8]) -> Option<u64> {
        decimal(self.value(label)?)
    }

    /// The whole part of its clock's speed in MHz, at the moment of reading.
    pub fn megahertz(&self) -> Option<u64> {
        let whole = self.value(b"cpu MHz")?.split(|&b| b == b'.').next()?;
        decimal(whole)
    }
}

/// Whether the first processor lists `flag` among what it can do. `None` where the file has no
/// `flags` line; other architectures than x86 list their features otherwise.
pub fn has_flag(bytes: &[u8], flag: &[u8]) -> Option<bool> {
    Some(words(value(bytes, b"flags")?).any(|one| one == flag))
}

/// Whether the first processor lists `flag` among what it can do for virtual machines, or, as
/// before Linux 5.9, among the rest.
pub fn has_virtualization_flag(bytes: &[u8], flag: &[u8]) -> Option<bool> {
    let own = value(bytes, b"vmx flags").unwrap_or_default();
    Some(has_flag(bytes, flag)? || words(own).any(|one| one == flag))
}

fn value<'a>(bytes: &'a [u8], label: &[u8]) -> Option<&'a [u8]> {
    let value = lines(bytes).find_map(|line| {
        let rest = line.strip_prefix(label)?;
        let colon = rest.iter().position(|&b| b == b':')?;
        rest[..colon].trim_ascii().is_empty().then(|| rest[colon + 1..].trim_ascii())
    })?;
    Some(value).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_a_whole_word() {
        let has = |text: &[u8]| has_flag(text, b"nx");
        assert_eq!(has(b"processor\t: 0\nflags\t\t: fpu nx lm\n"), Some(true));
        assert_eq!(has(b"flags\t\t: fpu nxt fnx\nflags\t: nx\n"), Some(false));
        assert_eq!(has(b"Features\t: fp asimd\n"), None);
        assert_eq!(has(b"flags bugs\t: nx\nflags"), None);
    }

    #[test]
    fn flags_for_virtual_machines_may_stand_apart() {
        let has = |text: &[u8]| has_virtualization_flag(text, b"ept");
        assert_eq!(has(b"flags\t: fpu vmx\nvmx flags\t: vnmi ept\n"), Some(true));
        assert_eq!(has(b"flags\t: fpu vmx ept\n"), Some(true));
        assert_eq!(has(b"flags\t: fpu\n"), Some(false));
        assert_eq!(has(b"vmx flags\t: ept\n"), None);
    }

    #[test]
    fn processors_are_found_by_number() {
        let text = b"processor\t: 0\nmodel\t\t: 7\n\nprocessor\t: 12\nmodel\t\t: 17\n\
            model name\t:  Example CPU \ncpu MHz\t\t: 2596.134\nstepping\t:\n\n";
        let cpu = Cpu::find(text, 12).unwrap();
        assert_eq!(cpu.number(b"model"), Some(17));
        assert_eq!(cpu.value(b"model name"), Some(&b"Example CPU"[..]));
        assert_eq!(cpu.megahertz(), Some(2596));
        assert_eq!(cpu.value(b"stepping"), None);
        assert_eq!(Cpu::find(text, 0).unwrap().value(b"model name"), None);
        assert_eq!(Cpu::find(text, 1), None);
    }
}
