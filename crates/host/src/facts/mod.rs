//! What the kernel and the distribution write, as structs: one file per source.
//!
//! Every parser takes the bytes of one file (or the text of one link) and returns a struct; none
//! does I/O, so each can be tested on captured text. The bytes come from
//! `readers`, the structs go to [`mod@crate::classes`]. What is read once per query is parsed for
//! clarity; what is read once per process (`process`) is parsed in one pass over the buffer and
//! borrows its text from it.
//!
//! A field that the source does not have is `None`; a source that is not in the form that the
//! kernel documents gives `None` as a whole. Sizes and depths are bounded by the reader: a file
//! is cut at 8 MiB (`sys::FILE_LIMIT`), and no parser recurses.

pub mod number_list;
pub mod scan;

pub mod account;
pub mod hardware;
pub mod process;
pub mod storage;
pub mod system;

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of a captured machine, one for each form that is parsed.
    const FILES: [&[u8]; 16] = [
        include_bytes!("../../tests/fixtures/server/proc/431/stat"),
        include_bytes!("../../tests/fixtures/server/proc/431/status"),
        include_bytes!("../../tests/fixtures/server/proc/431/cmdline"),
        include_bytes!("../../tests/fixtures/server/proc/431/io"),
        include_bytes!("../../tests/fixtures/server/proc/cpuinfo"),
        include_bytes!("../../tests/fixtures/server/proc/meminfo"),
        include_bytes!("../../tests/fixtures/server/proc/stat"),
        include_bytes!("../../tests/fixtures/server/proc/self/mountinfo"),
        include_bytes!("../../tests/fixtures/server/proc/sys/kernel/version"),
        include_bytes!("../../tests/fixtures/server/sys/firmware/dmi/tables/DMI"),
        include_bytes!("../../tests/fixtures/server/sys/devices/system/cpu/online"),
        include_bytes!("../../tests/fixtures/server/etc/os-release"),
        include_bytes!("../../tests/fixtures/server/etc/passwd"),
        include_bytes!("../../tests/fixtures/server/etc/group"),
        include_bytes!(
            "../../tests/fixtures/lvm/sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1/uevent"
        ),
        include_bytes!("../../tests/fixtures/server/usr/share/zoneinfo/Europe/Berlin"),
    ];

    fn parse_as_everything(bytes: &[u8]) {
        let _ = process::stat::ProcessStat::parse(bytes);
        let _ = process::status::ProcessStatus::parse(bytes);
        let _ = process::cmdline::CommandLine::parse(&mut bytes.to_vec()).map(|c| c.program_name());
        let _ = process::io::ProcessIo::parse(bytes);
        let _ = process::owner::effective_user(bytes);
        let _ = process::owner::user_name(bytes, 0);
        let _ = process::exe::file_name(process::exe::path(bytes));
        let _ = hardware::cpuinfo::has_virtualization_flag(bytes, b"ept");
        let _ = hardware::cpuinfo::Cpu::find(bytes, 1).map(|cpu| cpu.megahertz());
        let _ = number_list::parse(bytes);
        for structure in hardware::smbios::structures(bytes, hardware::smbios::PROCESSOR) {
            let _ = (structure.text(7), structure.word(0x26), structure.quad(8));
        }
        let _ = system::meminfo::MemInfo::parse(bytes);
        let _ = system::kernel_stat::boot_time(bytes);
        let _ = system::kernel_version::KernelBuild::parse(bytes);
        let _ = storage::mountinfo::visible(bytes);
        let _ = storage::block_device::BlockDevice::parse(bytes);
        let _ = (storage::disk_links::name(bytes), storage::disk_links::disk_signature(bytes));
        let _ = (storage::unit_serial::parse(bytes), storage::uevent::value(bytes, "PARTNAME"));
        let _ = account::accounts::users(bytes);
        let _ = account::accounts::groups(bytes)
            .iter()
            .map(|group| group.members().count())
            .sum::<usize>();
        let _ = system::os_release::OsRelease::parse(bytes);
        let _ =
            system::time_zone::parse(bytes).map(|zone| system::time_zone::offset_minutes(&zone, 0));
    }

    /// Whatever bytes come, nothing panics: every file cut at many places, and with the byte
    /// there made another one.
    #[test]
    fn no_bytes_make_a_parser_panic() {
        for file in FILES {
            let step = file.len().div_ceil(80);
            for at in (0..file.len()).step_by(step) {
                parse_as_everything(&file[..at]);
                for other in [0, b'\n', b' ', b'-', b'9', b'\\', b'"', b')', 0xff] {
                    let mut changed = file.to_vec();
                    changed[at] = other;
                    parse_as_everything(&changed);
                }
            }
        }
    }
}
