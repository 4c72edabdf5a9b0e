//! What is the installation's alone: its folder, its files and its key. They hold names, documents and links that open
//! orders, so that nobody else on the machine may read them.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rampart_app::Mode;
use rustix::process::umask;

use crate::failure::Failure;
use crate::settings::Settings;

/// What the group and all others may do with a file.
const OTHERS: u32 = 0o077;
/// A folder in which everybody may make files of their own, such as `/tmp`.
const STICKY: u32 = 0o1000;
/// What SQLite and the lock keep beside a database.
const BESIDE_A_DATABASE: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];
/// The files of the data folder beside the databases.
const FILES: [&str; 2] = [super::NUMBER_FILE, super::address::FILE];

/// Whatever this process makes is its user's alone, whatever it was started with.
pub(crate) fn make_private_files() {
    umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Takes the data folder and everything of ours in it away from others: an earlier version, or somebody's copy, may have left
/// it open. Says so, which is once, because the next start finds it closed.
pub(crate) fn close_data_folder(settings: &Settings) {
    let folder = &settings.data;
    let mut paths = vec![folder.clone()];
    paths.extend(FILES.iter().map(|name| folder.join(name)));
    for database in [super::DATABASE_FILE, super::outside::WORLD_FILE] {
        paths.extend(database_files(&folder.join(database)));
    }
    close(&paths);
}

/// The same for a SQLite database, wherever its file is.
pub(crate) fn close_database(file: &Path) {
    close(&database_files(file));
}

fn database_files(file: &Path) -> Vec<PathBuf> {
    BESIDE_A_DATABASE
        .iter()
        .map(|suffix| {
            let mut name = file.to_owned().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        })
        .collect()
}

fn close(paths: &[PathBuf]) {
    let mut closed = Vec::new();
    for path in paths {
        let Ok(metadata) = std::fs::metadata(path) else { continue };
        let mode = metadata.mode();
        if mode & OTHERS == 0 {
            continue;
        }
        let shown = path.display();
        if mode & STICKY != 0 {
            tracing::warn!(path = %shown, "others share this folder; an installation needs one of its own");
            continue;
        }
        let mut permissions = metadata.permissions();
        permissions.set_mode(mode & 0o7777 & !OTHERS);
        match std::fs::set_permissions(path, permissions) {
            Ok(()) => closed.push(shown.to_string()),
            Err(error) => tracing::warn!(path = %shown, %error, "others may read this, and it cannot be taken from them"),
        }
    }
    if !closed.is_empty() {
        tracing::warn!(paths = closed.join(", "), "others could read these; now their owner alone can");
    }
}

/// Whether a key file is its owner's alone: one that others can read is refused in live mode, and told of in a sandbox.
///
/// # Errors
/// In live mode, when it is not.
pub(crate) fn check_key_file(path: &Path, mode: Mode) -> Result<(), Failure> {
    // One that is not there is somebody else's to tell of.
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    if metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    let sentence = format!(
        "keys.file: others may read or change the key file {} (mode {:04o}), and with it open every secret: chmod 600 it",
        path.display(),
        metadata.mode() & 0o7777
    );
    if mode == Mode::Live {
        return Err(Failure::Refused(sentence));
    }
    tracing::warn!("{sentence}; live mode refuses it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_refused_in_live_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(check_key_file(&file, Mode::Live).is_ok(), "that it is missing is told by who reads it");
        std::fs::write(&file, "x").unwrap();
        for (mode, is_private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o666, false)] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let checked = check_key_file(&file, Mode::Live);
            assert_eq!(checked.is_ok(), is_private, "{mode:o}");
            if let Err(failure) = checked {
                assert!(failure.message().unwrap().starts_with("keys.file: "), "it names the setting");
            }
            assert!(check_key_file(&file, Mode::Sandbox).is_ok());
        }
    }

    #[test]
    fn what_everybody_shares_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (shared, own) = (folder.path().join("shared"), folder.path().join("own"));
        for (path, mode) in [(&shared, 0o1777), (&own, 0o2775)] {
            std::fs::create_dir(path).unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        close(&[shared.clone(), own.clone(), folder.path().join("nothing")]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!((mode(&shared), mode(&own)), (0o1777, 0o2700));
    }
}
