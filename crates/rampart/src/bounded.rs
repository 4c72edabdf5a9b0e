//! Reading small files that an operator names. Whatever is read is bounded: a path may lead to a device that never ends.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// The most bytes of a configuration file.
pub(crate) const CONFIGURATION: u64 = 1 << 20;
/// The most bytes of a file that holds one value, such as a URL.
pub(crate) const VALUE: u64 = 8 << 10;

/// The text of a file that has at most so many bytes.
///
/// # Errors
/// When it cannot be read, is no text, or is larger.
pub(crate) fn read(path: &Path, most: u64) -> Result<String, Error> {
    let mut text = String::new();
    let read = File::open(path)?.take(most + 1).read_to_string(&mut text);
    // A cut inside of a character is no fault of the file's.
    if u64::try_from(text.len()).is_ok_and(|length| length > most) {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
    }
    read.map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for (text, is_read) in [("", true), ("12345678", true), ("123456789", false)] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read(&file, 8).is_ok(), is_read, "{text}");
        }
        std::fs::write(&file, "1234567é9").unwrap();
        assert!(read(&file, 8).is_err());
        assert_eq!(read(Path::new("/dev/zero"), VALUE).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(Path::new("/nonexistent"), VALUE).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
