//! `/proc/meminfo`: how much memory and swap space there is, and how much of it is free.

use crate::facts::scan::{labelled, lines};

/// Sizes in kilobytes (1024 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemInfo {
    /// `MemTotal`: physical memory that the kernel can allocate.
    pub total: Option<u64>,
    /// `MemAvailable`: what programs could have without swapping (since Linux 3.14).
    pub available: Option<u64>,
    /// `SwapTotal`.
    pub swap_total: Option<u64>,
    /// `SwapFree`.
    pub swap_free: Option<u64>,
}

impl MemInfo {
    /// Parses the file. Labels that it does not know are passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let find = |label: &[u8]| lines(bytes).find_map(|line| labelled(line, label));
        MemInfo {
            total: find(b"MemTotal:"),
            available: find(b"MemAvailable:"),
            swap_total: find(b"SwapTotal:"),
            swap_free: find(b"SwapFree:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_by_label() {
        let text = b"MemTotal:       24682416 kB\nMemFree:        24451308 kB\n\
            MemAvailable:   24400152 kB\nSwapCached:            9 kB\nSwapTotal:      2097148 kB\n\
            SwapFree:       2097000 kB\n";
        let expected = MemInfo {
            total: Some(24_682_416),
            available: Some(24_400_152),
            swap_total: Some(2_097_148),
            swap_free: Some(2_097_000),
        };
        assert_eq!(MemInfo::parse(text), expected);
        assert_eq!(MemInfo::parse(b"MemTotal: many kB"), MemInfo::default());
    }
}
