//! `/proc/<pid>/exe`: a link to the file that the process runs.
//!
//! Kernel threads have none, and the link of another user's process can be refused.

/// What the kernel appends to the path of a file that has been removed since.
const DELETED: &[u8] = b" (deleted)";

/// The path in the link, without the mark of a removed file. A file whose name really
/// ends in that mark cannot be distinguished from a removed one.
pub fn path(link: &[u8]) -> &[u8] {
    link.strip_suffix(DELETED).unwrap_or(link)
}

/// The part after the last slash; `None` where it is empty.
pub fn file_name(path: &[u8]) -> Option<&[u8]> {
    path.rsplit(|&b| b == b'/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_removed_file_is_no_part_of_its_path() {
        assert_eq!(path(b"/usr/bin/cat"), b"/usr/bin/cat");
        assert_eq!(path(b"/tmp/a b (deleted)"), b"/tmp/a b");
        assert_eq!(path(b""), b"");
    }

    #[test]
    fn file_names() {
        assert_eq!(file_name(b"/usr/bin/cat"), Some(&b"cat"[..]));
        assert_eq!(file_name(b"cat"), Some(&b"cat"[..]));
        assert_eq!(file_name(b"/usr/"), None);
        assert_eq!(file_name(b""), None);
    }
}
