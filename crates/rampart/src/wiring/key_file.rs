//! The installation's keys: 32 random bytes each, one a line, in a file that only its owner reads. There is one, but while it is
//! changed for another.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rampart_app::{INSTALLATION_KEY_BYTES, SystemRandomness, key_fingerprint};
use rampart_core::id::Randomness;
use rampart_core::installation_key::KeyFingerprint;

use crate::failure::Failure;
use crate::settings::Settings;

/// The file's name in the data folder.
const FILE: &str = "installation.key";
/// A key file is this long at most; a longer one is something else.
const MOST_BYTES: u64 = 4_096;

/// The installation's key.
pub(crate) type InstallationKey = [u8; INSTALLATION_KEY_BYTES];

/// Where the key is.
pub(crate) fn path(settings: &Settings) -> PathBuf {
    if settings.keys.file.is_empty() { settings.data.join(FILE) } else { PathBuf::from(&settings.keys.file) }
}

/// Reads the keys, of which there is at least one.
///
/// # Errors
/// When the file is not there, cannot be read, or holds something else.
pub(crate) fn read(path: &Path) -> Result<Vec<InstallationKey>, Failure> {
    let fault = |reason: &str| Failure::Refused(format!("the key file {} {reason}", path.display()));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => fault("is not there: put it back, or make a new installation's with `rampart keys create`"),
        _ => fault(&format!("cannot be read: {error}")),
    })?;
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| fault(&format!("cannot be read: {error}")))?;
    let key = |line: &str| {
        let bytes = STANDARD.decode(line).map_err(|_| fault("does not hold base64"))?;
        bytes.try_into().map_err(|_| fault("does not hold 32 bytes"))
    };
    let keys: Vec<InstallationKey> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(fault("holds no key")) } else { Ok(keys) }
}

/// Adds a key to a file that has one.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn add(path: &Path) -> Result<InstallationKey, Failure> {
    let _turn = turn(path)?;
    let mut keys = read(path)?;
    let key = drawn();
    keys.push(key);
    write(path, &keys).map(|()| key)
}

/// Takes a key out of a file that has another.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn remove(path: &Path, key: KeyFingerprint) -> Result<(), Failure> {
    let _turn = turn(path)?;
    let mut keys = read(path)?;
    let before = keys.len();
    keys.retain(|kept| key_fingerprint(kept) != key);
    if keys.len() == before || keys.is_empty() { Ok(()) } else { write(path, &keys) }
}

/// One process after the other changes the file: it is read and written whole.
fn turn(path: &Path) -> Result<File, Failure> {
    let fault = cannot_write(path);
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.with_extension("lock")).map_err(&fault)?;
    lock.lock().map_err(fault)?;
    Ok(lock)
}

fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::Refused(format!("the key file {} cannot be written: {error}", path.display()))
}

fn drawn() -> InstallationKey {
    let mut key = [0; INSTALLATION_KEY_BYTES];
    SystemRandomness.fill(&mut key);
    key
}

/// Writes keys whole beside their place, so that nobody ever reads half a key, and tells where.
fn write_beside(path: &Path, extension: &str, keys: &[InstallationKey]) -> std::io::Result<PathBuf> {
    let beside = path.with_extension(extension);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let lines: String = keys.iter().map(|key| format!("{}\n", STANDARD.encode(key))).collect();
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    Ok(beside)
}

/// Puts keys into the place of what a file holds.
fn write(path: &Path, keys: &[InstallationKey]) -> Result<(), Failure> {
    let fault = cannot_write(path);
    // What a process left that was killed here is written over by the next.
    let beside = write_beside(path, "new", keys).map_err(&fault)?;
    std::fs::rename(beside, path).map_err(fault)
}

/// Makes a key where there is none. Of two processes that do this at once, both get the same one.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn create(path: &Path) -> Result<Vec<InstallationKey>, Failure> {
    let fault = cannot_write(path);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(&fault)?;
    }
    let keys = vec![drawn()];
    let beside = write_beside(path, &format!("{}.new", std::process::id()), &keys).map_err(&fault)?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside).map_err(&fault)?;
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
        assert!(matches!(read(&path), Err(Failure::Refused(_))));
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
