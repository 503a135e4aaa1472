//! `/proc/sys/kernel/version`: which build of the kernel this is.
//!
//! The text is `#<number>[-<suffix>] <words on how it was built> <whose, or when>`, as in
//! `#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)`.

use crate::facts::scan::words;

/// The words by which a kernel names its configuration.
const CONFIGURATIONS: [&[u8]; 6] =
    [b"SMP", b"PREEMPT", b"PREEMPT_DYNAMIC", b"PREEMPT_LAZY", b"PREEMPT_RT", b"PREEMPT(none)"];

/// A build of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelBuild {
    /// How many times the tree had been built, as decimal digits.
    pub number: String,
    /// The words on its configuration, joined by spaces; `None` where there are none.
    pub configuration: Option<String>,
}

impl KernelBuild {
    /// Parses the text; `None` where it does not begin with a build number.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut words = words(bytes.trim_ascii());
        let number = words.next()?.strip_prefix(b"#")?;
        let digits = number.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = std::str::from_utf8(&number[..digits]).ok().filter(|n| !n.is_empty())?;
        let options: Vec<&str> = words
            .take_while(|word| CONFIGURATIONS.contains(word))
            .filter_map(|word| std::str::from_utf8(word).ok())
            .collect();
        let configuration = (!options.is_empty()).then(|| options.join(" "));
        Some(KernelBuild { number: number.to_owned(), configuration })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_configurations_of_several_distributions() {
        for (text, number, configuration) in [
            (
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)\n",
                "1",
                Some("SMP PREEMPT_DYNAMIC"),
            ),
            ("#45-Ubuntu SMP Fri Mar 1 00:00:00 UTC 2024", "45", Some("SMP")),
            ("#1-NixOS SMP PREEMPT_RT Tue", "1", Some("SMP PREEMPT_RT")),
            ("#7 Tue SMP", "7", None),
        ] {
            let build = KernelBuild::parse(text.as_bytes()).unwrap();
            assert_eq!(
                (build.number.as_str(), build.configuration.as_deref()),
                (number, configuration)
            );
        }
        for bad in ["", "SMP", "#", "#x SMP"] {
            assert_eq!(KernelBuild::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
