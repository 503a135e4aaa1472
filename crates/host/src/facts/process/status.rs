//! `/proc/<pid>/status`: the memory figures that `stat` does not have, and whether the id is that
//! of a process.
//!
//! A kernel thread has no memory figures: it owns no memory.

use crate::facts::scan::{labelled, lines};

/// Sizes of a process in kilobytes (1024 bytes), as `status` gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessStatus {
    /// `VmPeak`: the most address space it ever had.
    pub peak_virtual: Option<u64>,
    /// `VmHWM`: the most physical memory it ever held.
    pub peak_resident: Option<u64>,
    /// `VmData`: private writable address space but for the stack.
    pub data: Option<u64>,
    /// `VmStk`: the stack.
    pub stack: Option<u64>,
    /// `VmSwap`: the part in swap space.
    pub swap: Option<u64>,
}

impl ProcessStatus {
    /// Parses the file. Labels that it does not know are passed over.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut status = ProcessStatus::default();
        // The `Vm` lines are adjacent; nothing after them is read.
        let start = bytes.windows(3).position(|w| w == b"\nVm").map_or(bytes.len(), |at| at + 1);
        for line in lines(&bytes[start..]) {
            if line.starts_with(b"Rss") {
                continue;
            }
            if !line.starts_with(b"Vm") {
                break;
            }
            status.take(line);
        }
        status
    }

    fn take(&mut self, line: &[u8]) {
        let (label, field): (&[u8], _) = match line.get(2) {
            Some(b'P') => (b"VmPeak:", &mut self.peak_virtual),
            Some(b'H') => (b"VmHWM:", &mut self.peak_resident),
            Some(b'D') => (b"VmData:", &mut self.data),
            Some(b'S') if line.get(3) == Some(&b't') => (b"VmStk:", &mut self.stack),
            Some(b'S') => (b"VmSwap:", &mut self.swap),
            _ => return,
        };
        if let Some(kilobytes) = labelled(line, label) {
            *field = Some(kilobytes);
        }
    }
}

/// Whether the file is the one of process `pid`. Threads have such files too, under their own
/// ids, though they are not listed: only a process is the first of its group of threads.
pub fn is_process(bytes: &[u8], pid: u32) -> bool {
    lines(bytes).find_map(|line| labelled(line, b"Tgid:")) == Some(pid.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_no_processes() {
        let text = b"Name:\tx\nTgid:\t500\nNgid:\t0\nPid:\t501\n";
        assert!(is_process(text, 500));
        assert!(!is_process(text, 501));
        assert!(!is_process(b"", 500));
    }

    #[test]
    fn memory_lines_are_found_wherever_they_stand() {
        let text = "Name:\tVmPeak:\nUmask:\t0022\nKthread:\t0\nVmPeak:\t    3060 kB\nVmSize:\t    3059 kB\n\
            VmLck:\t       0 kB\nVmPin:\t       0 kB\nVmHWM:\t    1716 kB\nVmRSS:\t    1700 kB\n\
            RssAnon:\t     116 kB\nRssFile:\t    1600 kB\nRssShmem:\t       0 kB\n\
            VmData:\t     360 kB\nVmStk:\t     132 kB\nVmExe:\t      20 kB\nVmLib:\t    1528 kB\n\
            VmPTE:\t      44 kB\nVmSwap:\t       8 kB\nHugetlbPages:\t       0 kB\nVmData:\t 9 kB\n";
        let expected = ProcessStatus {
            peak_virtual: Some(3060),
            peak_resident: Some(1716),
            data: Some(360),
            stack: Some(132),
            swap: Some(8),
        };
        assert_eq!(ProcessStatus::parse(text.as_bytes()), expected);
    }

    #[test]
    fn kernel_threads_have_no_memory() {
        let text = "Name:\tkthreadd\nKthread:\t1\nThreads:\t1\n";
        assert_eq!(ProcessStatus::parse(text.as_bytes()), ProcessStatus::default());
        assert_eq!(ProcessStatus::parse(b""), ProcessStatus::default());
        assert_eq!(ProcessStatus::parse(b"\nVm"), ProcessStatus::default());
        assert_eq!(ProcessStatus::parse(b"\nVmPeak:\tx kB\n"), ProcessStatus::default());
    }
}
