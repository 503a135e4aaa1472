//! `uevent` of a device: what the kernel reports of it to managers of `/dev`, a line each, as
//! `DEVTYPE=partition`.

use crate::facts::scan::{lines, text};

/// The value of the line that begins with `name`; `None` where there is none or it is blank.
pub fn value(bytes: &[u8], name: &str) -> Option<String> {
    let value =
        lines(bytes).find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(text(value.trim_ascii()).into_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_their_whole_names() {
        let text =
            b"MAJOR=8\nDEVNAME=sda1\nDEVTYPE=partition\nPARTN=1\nPARTNAME=EFI = System \nX=\n";
        assert_eq!(value(text, "PARTNAME").as_deref(), Some("EFI = System"));
        assert_eq!(value(text, "PARTN").as_deref(), Some("1"));
        assert_eq!(value(text, "PART"), None);
        assert_eq!(value(text, "X"), None);
        assert_eq!(value(b"", "X"), None);
    }
}
