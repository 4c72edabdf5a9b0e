//! The installation's key: 32 random bytes in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rampart_app::{INSTALLATION_KEY_BYTES, SystemRandomness};
use rampart_core::id::Randomness;

use crate::failure::Failure;
use crate::settings::Settings;

/// The file's name in the data folder.
const FILE: &str = "installation.key";
/// A key file is this long at most; a longer one is something else.
const MOST_BYTES: u64 = 256;

/// The installation's key.
pub(crate) type InstallationKey = [u8; INSTALLATION_KEY_BYTES];

/// Where the key is.
pub(crate) fn path(settings: &Settings) -> PathBuf {
    if settings.keys.file.is_empty() { settings.data.join(FILE) } else { PathBuf::from(&settings.keys.file) }
}

/// Reads the key.
///
/// # Errors
/// When it is not there, cannot be read, or is none.
pub(crate) fn read(path: &Path) -> Result<InstallationKey, Failure> {
    let fault = |reason: &str| Failure::Refused(format!("the key file {} {reason}", path.display()));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => fault("is not there: put it back, or make a new installation's with `rampart keys create`"),
        _ => fault(&format!("cannot be read: {error}")),
    })?;
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    let bytes = STANDARD.decode(text.trim()).map_err(|_| fault("does not hold base64"))?;
    bytes.try_into().map_err(|_| fault("does not hold 32 bytes"))
}

/// Makes a key where there is none. Of two processes that do this at once, both get the same one.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn create(path: &Path) -> Result<InstallationKey, Failure> {
    let fault = |error: std::io::Error| Failure::Refused(format!("the key file {} cannot be written: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(fault)?;
    }
    let mut key = [0; INSTALLATION_KEY_BYTES];
    SystemRandomness.fill(&mut key);
    // Written whole beside its place and linked there, so that nobody ever reads half a key.
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(fault)?;
    file.write_all(format!("{}\n", STANDARD.encode(key)).as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside).map_err(fault)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(fault(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join(FILE);
        assert!(matches!(read(&path), Err(Failure::Refused(_))));
        let key = create(&path).unwrap();
        assert_eq!(create(&path).unwrap(), key);
        assert_eq!(read(&path).unwrap(), key);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for text in ["", "????", "c2hvcnQ="] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path).is_err(), "{text}");
        }
    }
}
