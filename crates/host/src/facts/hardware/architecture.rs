//! What the kernel's name of an architecture, the `machine` of uname(2), implies by definition.

/// How many bits an address has, for programs of the kernel's own kind; `None` where the name is
/// not known.
pub fn address_width(machine: &str) -> Option<u16> {
    const OTHERS_32: [&str; 12] = [
        "i386", "i486", "i586", "i686", "mips", "ppc", "riscv32", "s390", "sparc", "parisc",
        "m68k", "sh4",
    ];
    if machine.contains("64") || matches!(machine, "s390x" | "alpha" | "armv8l") {
        return Some(64);
    }
    let is_32 = OTHERS_32.contains(&machine) || machine.starts_with("armv");
    is_32.then_some(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_of_architectures() {
        for (name, width) in [
            ("x86_64", Some(64)),
            ("aarch64", Some(64)),
            ("ppc64le", Some(64)),
            ("s390x", Some(64)),
            ("i686", Some(32)),
            ("armv7l", Some(32)),
            ("vax", None),
            ("", None),
        ] {
            assert_eq!(address_width(name), width, "{name}");
        }
    }
}
