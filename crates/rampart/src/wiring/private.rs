//! File permissions: the data folder, the databases and the key are accessible to their owner only. They contain names,
//! documents and links to orders.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rampart_app::Mode;
use rustix::process::umask;

use crate::error::CommandError;
use crate::settings::{DATABASE_FILE, ProcessSettings};

/// The permissions of the group and of all others.
const GROUP_AND_OTHER_MODE_BITS: u32 = 0o077;
/// Set on a folder in which everybody may create files, such as `/tmp`.
const STICKY_MODE_BITS: u32 = 0o1000;
/// The database itself, the files of SQLite next to it, and the lock.
const DATABASE_FILE_SUFFIXES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];
/// Other files of the data folder.
const OTHER_FILES: [&str; 2] = [super::BATCH_NUMBER_FILE, super::address::FILE];

/// New files of this process are accessible to its user only, whatever umask it inherited.
pub(crate) fn restrict_new_files() {
    umask(rustix::fs::Mode::from_raw_mode(GROUP_AND_OTHER_MODE_BITS));
}

/// Restricts the data folder and its files to their owner: an earlier version or a manual copy may have left them open. Logs a
/// warning, once, because the next start finds nothing to change.
pub(crate) fn restrict_data_folder(settings: &ProcessSettings) {
    let folder = &settings.data;
    let mut paths = vec![folder.clone()];
    paths.extend(OTHER_FILES.iter().map(|name| folder.join(name)));
    for database in [DATABASE_FILE, super::providers::WORLD_FILE] {
        paths.extend(database_files(&folder.join(database)));
    }
    restrict(&paths);
}

/// The same for a SQLite database outside the data folder.
pub(crate) fn restrict_database(file: &Path) {
    restrict(&database_files(file));
}

fn database_files(file: &Path) -> Vec<PathBuf> {
    DATABASE_FILE_SUFFIXES
        .iter()
        .map(|suffix| {
            let mut name = file.to_owned().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        })
        .collect()
}

fn restrict(paths: &[PathBuf]) {
    let mut restricted = Vec::new();
    for path in paths {
        let Ok(metadata) = std::fs::metadata(path) else { continue };
        let mode = metadata.mode();
        if mode & GROUP_AND_OTHER_MODE_BITS == 0 {
            continue;
        }
        let displayed = path.display();
        if mode & STICKY_MODE_BITS != 0 {
            tracing::warn!(path = %displayed, "other users share this folder; an installation needs its own");
            continue;
        }
        let mut permissions = metadata.permissions();
        permissions.set_mode(mode & 0o7777 & !GROUP_AND_OTHER_MODE_BITS);
        match std::fs::set_permissions(path, permissions) {
            Ok(()) => restricted.push(displayed.to_string()),
            Err(error) => tracing::warn!(path = %displayed, %error, "other users may access this, and its permissions cannot be changed"),
        }
    }
    if !restricted.is_empty() {
        tracing::warn!(paths = restricted.join(", "), "other users could access these; now only their owner can");
    }
}

/// Checks that only its owner may access a key file. Otherwise live mode refuses it, and a sandbox logs a warning.
pub(crate) fn check_key_file(path: &Path, mode: Mode) -> Result<(), CommandError> {
    // A missing file is reported by the code that reads it.
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    if metadata.mode() & GROUP_AND_OTHER_MODE_BITS == 0 {
        return Ok(());
    }
    let message = format!(
        "keys.file: other users may read or change the key file {} (mode {:04o}), which opens every secret: chmod 600 it",
        path.display(),
        metadata.mode() & 0o7777
    );
    if mode == Mode::Live {
        return Err(CommandError::Refused(message));
    }
    tracing::warn!("{message}; live mode refuses it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_refused_in_live_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(check_key_file(&file, Mode::Live).is_ok(), "a missing file is reported by the code that reads it");
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
    fn shared_folders_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (shared, own) = (folder.path().join("shared"), folder.path().join("own"));
        for (path, mode) in [(&shared, 0o1777), (&own, 0o2775)] {
            std::fs::create_dir(path).unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        restrict(&[shared.clone(), own.clone(), folder.path().join("nothing")]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!((mode(&shared), mode(&own)), (0o1777, 0o2700));
    }
}
