//! The key file: one key per line, 32 random bytes in base64, readable by its owner only. It holds two keys during a rotation.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rampart_app::{INSTALLATION_KEY_BYTES, SystemRandomness, key_fingerprint};
use rampart_core::id::Randomness;
use rampart_core::step::installation_key::KeyFingerprint;

use crate::error::CommandError;
use crate::settings::ProcessSettings;

const FILE: &str = "installation.key";
/// A larger file is not a key file.
const MAX_KEY_FILE_BYTES: u64 = 4_096;

pub(crate) type KeyBytes = [u8; INSTALLATION_KEY_BYTES];

pub(crate) fn path(settings: &ProcessSettings) -> PathBuf {
    if settings.keys.file.is_empty() { settings.data.join(FILE) } else { PathBuf::from(&settings.keys.file) }
}

/// Reads the keys; there is at least one.
pub(crate) fn read(path: &Path) -> Result<Vec<KeyBytes>, CommandError> {
    let fault = |reason: &str| CommandError::Refused(format!("the key file {} {reason}", path.display()));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => fault("is missing: put it back, or create one for a new installation with `rampart keys create`"),
        _ => fault(&format!("cannot be read: {error}")),
    })?;
    let mut text = String::new();
    file.take(MAX_KEY_FILE_BYTES).read_to_string(&mut text).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    let key = |line: &str| {
        let bytes = STANDARD.decode(line).map_err(|_| fault("contains a line that is not base64"))?;
        bytes.try_into().map_err(|_| fault("contains a key that is not 32 bytes long"))
    };
    let keys: Vec<KeyBytes> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(fault("contains no key")) } else { Ok(keys) }
}

/// Appends a new key to an existing file.
pub(crate) fn add(path: &Path) -> Result<KeyBytes, CommandError> {
    let _lock = lock_file(path)?;
    let mut keys = read(path)?;
    let key = random_key();
    keys.push(key);
    write(path, &keys).map(|()| key)
}

/// Removes a key, but never the last one.
pub(crate) fn remove(path: &Path, key: KeyFingerprint) -> Result<(), CommandError> {
    let _lock = lock_file(path)?;
    let mut keys = read(path)?;
    let before = keys.len();
    keys.retain(|present| key_fingerprint(present) != key);
    if keys.len() == before || keys.is_empty() { Ok(()) } else { write(path, &keys) }
}

/// Only one process at a time changes the file: it is read and rewritten as a whole.
fn lock_file(path: &Path) -> Result<File, CommandError> {
    let fault = cannot_write(path);
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.with_extension("lock")).map_err(&fault)?;
    lock.lock().map_err(fault)?;
    Ok(lock)
}

fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> CommandError {
    move |error| CommandError::Refused(format!("cannot write the key file {}: {error}", path.display()))
}

fn random_key() -> KeyBytes {
    let mut key = [0; INSTALLATION_KEY_BYTES];
    SystemRandomness.fill(&mut key);
    key
}

/// Writes keys to a temporary file next to `path`, to be moved there as a whole. Returns its path.
fn write_temporary(path: &Path, extension: &str, keys: &[KeyBytes]) -> std::io::Result<PathBuf> {
    let temporary = path.with_extension(extension);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    let lines: String = keys.iter().map(|key| format!("{}\n", STANDARD.encode(key))).collect();
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    Ok(temporary)
}

/// Replaces the keys of a file.
fn write(path: &Path, keys: &[KeyBytes]) -> Result<(), CommandError> {
    let fault = cannot_write(path);
    // The temporary file of a killed process is overwritten by the next one.
    let temporary = write_temporary(path, "new", keys).map_err(&fault)?;
    std::fs::rename(temporary, path).map_err(fault)
}

/// Creates a key file if there is none. Two processes that do so at once get the same key.
pub(crate) fn create(path: &Path) -> Result<Vec<KeyBytes>, CommandError> {
    let fault = cannot_write(path);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(&fault)?;
    }
    let keys = vec![random_key()];
    let temporary = write_temporary(path, &format!("{}.new", std::process::id()), &keys).map_err(&fault)?;
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary).map_err(&fault)?;
    match linked {
        Ok(()) => Ok(keys),
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
        assert!(matches!(read(&path), Err(CommandError::Refused(_))));
        let key = create(&path).unwrap();
        assert_eq!(create(&path).unwrap(), key);
        assert_eq!(read(&path).unwrap(), key);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn a_key_is_added_and_taken_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert!(add(&path).is_err(), "there is none to add to");
        let first = create(&path).unwrap()[0];
        let second = add(&path).unwrap();
        assert_eq!(read(&path).unwrap(), [first, second]);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        remove(&path, key_fingerprint(&[0; 32])).unwrap();
        remove(&path, key_fingerprint(&first)).unwrap();
        remove(&path, key_fingerprint(&second)).unwrap();
        assert_eq!(read(&path).unwrap(), [second], "the last one stays");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for text in ["", "\n\n", "????", "c2hvcnQ="] {
            std::fs::write(&path, text).unwrap();
            assert!(read(&path).is_err(), "{text}");
        }
    }
}
