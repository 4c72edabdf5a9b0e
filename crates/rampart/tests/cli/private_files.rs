//! Files of the binary are accessible to its user only.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::Installation;

/// The folder and all paths below it that other users may access.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    let mut look = |path: &Path| {
        let mode = std::fs::metadata(path).unwrap().mode() & 0o7777;
        if mode & 0o077 != 0 {
            found.push(format!("{} {mode:o}", path.display()));
        }
    };
    look(folder);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            look(&path);
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// Runs a command with umask 000.
fn with_open_umask(installation: &Installation, arguments: &[&str]) -> Output {
    let command = installation.command(arguments);
    let mut command_line = Command::new("sh");
    command_line.args(["-c", r#"umask 000; exec "$@""#, "sh"]).arg(command.get_program()).args(command.get_args());
    command_line.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_is_made_is_its_owners_alone_whatever_the_umask() {
    let installation = Installation::sqlite();
    let output = with_open_umask(&installation, &["partner", "create", "--name", "first"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let copy = installation.path().join("copies").join("copy.db");
    let (from, to) = (installation.database(), format!("sqlite:{}", copy.display()));
    let output = with_open_umask(&installation, &["db", "copy", "--from", &from, "--to", &to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for folder in [installation.data(), installation.path().join("copies")] {
        assert_eq!(open_to_others(&folder), Vec::<String>::new());
    }
    assert!(copy.exists());

    // Also while it serves.
    let server = installation.serve();
    for name in ["rampart.db", "rampart.db-wal", "rampart.db.lock", "sandbox.db", "batches", "address", "installation.key"] {
        assert!(installation.data().join(name).exists(), "{name}");
    }
    assert_eq!(open_to_others(&installation.data()), Vec::<String>::new());
    server.stop();
}

#[test]
fn open_files_of_an_earlier_version_are_restricted_once_with_a_warning() {
    let installation = Installation::sqlite();
    installation.run(&["partner", "create", "--name", "first"]);
    installation.serve().stop();
    let set = |path: &Path, mode: u32| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    set(&installation.data(), 0o755);
    for name in ["rampart.db", "rampart.db.lock", "sandbox.db", "batches", "address"] {
        set(&installation.data().join(name), 0o644);
    }
    let copy = installation.path().join("copy.db");
    std::fs::copy(installation.data().join("rampart.db"), &copy).unwrap();
    set(&copy, 0o666);

    let said = |arguments: &[&str]| {
        let output = installation.output(arguments);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let first = said(&["partner", "list"]);
    for name in ["rampart.db", "sandbox.db", "batches", "address"] {
        assert!(first.contains(name), "{name}: {first}");
    }
    assert!(first.contains("other users could access"), "{first}");
    assert_eq!(open_to_others(&installation.data()), Vec::<String>::new());
    assert!(!said(&["partner", "list"]).contains("other users could access"), "the warning appears once");
    let of_copy = format!("sqlite:{}", copy.display());
    assert!(said(&["db", "status", "--database", &of_copy]).contains("copy.db"));
    assert_eq!(std::fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_key_that_others_can_read_is_a_warning_in_a_sandbox() {
    let installation = Installation::sqlite();
    installation.run(&["partner", "list"]);
    let key = installation.data().join("installation.key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o666)).unwrap();
    let output = installation.output(&["partner", "list"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("keys.file") && said.contains("chmod 600"), "{said}");
}
