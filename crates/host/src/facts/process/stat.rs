//! `/proc/<pid>/stat`: one line with most properties of a process.
//!
//! Fields are numbered as in proc_pid_stat(5). The name is in parentheses and may hold
//! anything, spaces and parentheses too; what follows its last parenthesis is numbers.

use crate::facts::scan::{Fields, decimal};

/// A process as its `stat` line describes it. Times are in clock ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat<'a> {
    /// (2) The name that the kernel knows it by, cut by it to 15 bytes (more for its own threads).
    pub comm: &'a [u8],
    /// (3) One letter: `R`, `S`, `D`, `Z`, `T`, `t`, `X`, `I` and others.
    pub state: u8,
    /// (4) The parent's pid; 0 where it has none that this process may see.
    pub parent: u32,
    /// (6) The session, as the pid of its leader.
    pub session: i64,
    /// (10) Page faults answered without reading.
    pub minor_faults: u64,
    /// (12) Page faults that had to read.
    pub major_faults: u64,
    /// (14) Ticks in user mode, guests' time included.
    pub user_ticks: u64,
    /// (15) Ticks in kernel mode.
    pub kernel_ticks: u64,
    /// (19) -20, the most urgent, to 19.
    pub nice: i64,
    /// (20) How many threads it has.
    pub threads: u64,
    /// (22) When it started, in ticks since the system started.
    pub start_ticks: u64,
    /// (23) Bytes of address space.
    pub virtual_bytes: u64,
    /// (24) Pages in physical memory.
    pub resident_pages: u64,
    /// (40) 1 to 99 under a real-time policy, else 0.
    pub realtime_priority: u64,
}

impl<'a> ProcessStat<'a> {
    /// Parses the line; `None` where a field is missing or is no number.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let open = line.iter().position(|&b| b == b'(')?;
        let close = line.iter().rposition(|&b| b == b')')?;
        decimal(line[..open].trim_ascii())?;
        let comm = line.get(open + 1..close)?;
        let mut fields = Fields::new(&line[close + 1..]);

        let state = *fields.word()?.first()?;
        let parent = fields.unsigned()?.try_into().ok()?;
        fields.skip(1)?;
        let session = fields.signed()?;
        fields.skip(3)?;
        let minor_faults = fields.unsigned()?;
        fields.skip(1)?;
        let major_faults = fields.unsigned()?;
        fields.skip(1)?;
        let user_ticks = fields.unsigned()?;
        let kernel_ticks = fields.unsigned()?;
        fields.skip(3)?;
        let nice = fields.signed()?;
        let threads = fields.unsigned()?;
        fields.skip(1)?;
        let start_ticks = fields.unsigned()?;
        let virtual_bytes = fields.unsigned()?;
        let resident_pages = fields.unsigned()?;
        fields.skip(15)?;
        let realtime_priority = fields.unsigned()?;

        Some(ProcessStat {
            comm,
            state,
            parent,
            session,
            minor_faults,
            major_faults,
            user_ticks,
            kernel_ticks,
            nice,
            threads,
            start_ticks,
            virtual_bytes,
            resident_pages,
            realtime_priority,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "3510 (a) b (c) R 3500 3501 1863 34816 -1 4194304 96 2 3 4 50 60 7 8 20 -5 \
        9 0 60971 3133440 349 18446744073709551615 94373340749824 94373340769705 140728856663728 0 \
        0 0 0 0 0 0 0 0 17 0 42 1 0 0 0 94373340785712 94373340787328 94373609185280 1 2 3 4 0\n";

    #[test]
    fn every_field_is_taken_from_its_place() {
        let stat = ProcessStat::parse(LINE.as_bytes()).unwrap();
        let expected = ProcessStat {
            comm: b"a) b (c",
            state: b'R',
            parent: 3500,
            session: 1863,
            minor_faults: 96,
            major_faults: 3,
            user_ticks: 50,
            kernel_ticks: 60,
            nice: -5,
            threads: 9,
            start_ticks: 60971,
            virtual_bytes: 3_133_440,
            resident_pages: 349,
            realtime_priority: 42,
        };
        assert_eq!(stat, expected);
    }

    #[test]
    fn what_is_cut_or_foreign_is_refused() {
        let line = LINE.as_bytes();
        let enough = line.windows(3).position(|w| w == b" 42").unwrap() + 3;
        for end in 0..enough - 2 {
            assert_eq!(ProcessStat::parse(&line[..end]), None, "{end}");
        }
        assert!(ProcessStat::parse(&line[..enough]).is_some());
        for bad in ["", ")(", "x (y) R", "1 (y R 1 2 3", "\0\0\0\0"] {
            assert_eq!(ProcessStat::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
