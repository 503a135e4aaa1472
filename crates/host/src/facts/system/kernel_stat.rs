//! `/proc/stat`: the time at which the system started.

use crate::facts::scan::{labelled, lines};

/// Seconds from 1970-01-01 00:00 UTC to the start of the system.
pub fn boot_time(bytes: &[u8]) -> Option<u64> {
    lines(bytes).find_map(|line| labelled(line, b"btime "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_among_the_counters() {
        assert_eq!(
            boot_time(b"cpu  1 2\nintr 5 0 0\nctxt 7\nbtime 1763694925\n"),
            Some(1_763_694_925)
        );
        assert_eq!(boot_time(b"btimes 1\n"), None);
        assert_eq!(boot_time(b"btime -1\n"), None);
    }
}
