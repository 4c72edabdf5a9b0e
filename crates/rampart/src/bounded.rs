//! Reads small files whose path an operator sets. The size is bounded because the path may name an endless device.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

pub(crate) const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;
/// For a file with a single value, such as a URL.
pub(crate) const MAX_VALUE_BYTES: u64 = 8 << 10;

/// Reads a UTF-8 file of at most `max_bytes`.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<String, Error> {
    let mut text = String::new();
    let read = File::open(path)?.take(max_bytes + 1).read_to_string(&mut text);
    // Checked before the result: the cut may have split a character, which would report invalid UTF-8.
    if u64::try_from(text.len()).is_ok_and(|length| length > max_bytes) {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {max_bytes} bytes")));
    }
    read.map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for (text, is_read) in [("", true), ("12345678", true), ("123456789", false)] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read(&file, 8).is_ok(), is_read, "{text}");
        }
        std::fs::write(&file, "1234567é9").unwrap();
        assert!(read(&file, 8).is_err());
        assert_eq!(read(Path::new("/dev/zero"), MAX_VALUE_BYTES).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(Path::new("/nonexistent"), MAX_VALUE_BYTES).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
