//! The copy of the RustSec advisories about our dependencies in `advisories/`, for machines without access to the database. The
//! names of the packages that were looked up are stored too, so that a new dependency that was not looked up is noticed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use rampart_core::time::Timestamp;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::{TaskResult, workspace};

/// Date, commit and packages of the copy.
const SNAPSHOT: &str = "advisories/taken.toml";
const FOLDER: &str = "advisories/crates";
const SECONDS_PER_DAY: i64 = 86_400;

#[derive(Debug, clap::Args)]
pub(crate) struct AdvisoriesArguments {
    /// Folder of the clone of the RustSec advisory database
    #[arg(long, value_name = "CLONE")]
    from: PathBuf,
}

/// Replaces the copy.
pub(crate) fn run(arguments: &AdvisoriesArguments) -> TaskResult {
    let clone = &arguments.from;
    let root = workspace::root()?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    let head = git(clone, &["log", "-1", "--format=%H %cs"])?;
    let (commit, day) = head.trim().split_once(' ').ok_or("the clone has no commit")?;
    let folder = root.join(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut count = 0;
    for path in git(clone, &["ls-tree", "-r", "--name-only", "HEAD", "crates"])?.lines() {
        let package = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')).map(|(package, _)| package);
        if package.is_some_and(|package| packages.contains(package)) {
            write(&root.join("advisories").join(path), &git(clone, &["show", &format!("HEAD:{path}")])?)?;
            count += 1;
        }
    }
    let list: String = packages.iter().map(|package| format!("    \"{package}\",\n")).collect();
    let snapshot = format!(
        "# Written by `cargo xtask advisories`; see README.md.\n\n# The day of the database's last change, and its commit.\nday = \"{day}\"\n\
         commit = \"{commit}\"\n# SHA-256 over every file in crates/, so that none goes missing.\nsha256 = \"{}\"\n\
         # Every package that was looked for.\npackages = [\n{list}]\n",
        fingerprint(&folder)?
    );
    write(&root.join(SNAPSHOT), &snapshot)?;
    println!("{count} advisories of {day} about {} packages", packages.len());
    Ok(())
}

/// The date of the copy, and its faults: changed advisories, and packages of the lock file that were not looked up.
pub(crate) fn check(root: &Path) -> Result<(String, Vec<String>), String> {
    let snapshot = AdvisorySnapshot::of(&read(&root.join(SNAPSHOT))?)?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    let update = "advisories/README.md says how to update them";
    let missing = packages.difference(&snapshot.packages);
    let mut faults: Vec<String> =
        missing.map(|package| format!("Cargo.lock: advisories about {package} were not looked up; {update}")).collect();
    if fingerprint(&root.join(FOLDER))? != snapshot.sha256 {
        faults.push(format!("{FOLDER}: the advisories differ from the recorded copy (sha256 in {SNAPSHOT}); {update}"));
    }
    Ok((snapshot.day, faults))
}

/// The number of days since a date; `None` if it is not a date.
pub(crate) fn days_since(day: &str) -> Option<i64> {
    let day: Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
    #[expect(clippy::disallowed_methods, reason = "the age depends on today and is only printed")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some((i64::try_from(now).ok()? - day.micros() / 1_000_000) / SECONDS_PER_DAY)
}

/// SHA-256 over the names and contents of all files below a folder, sorted by name.
fn fingerprint(folder: &Path) -> Result<String, String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(fault)? {
            let path = entry.map_err(fault)?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let name = file.strip_prefix(folder).map_err(|error| error.to_string())?.to_string_lossy().into_owned();
        let text = read(&file)?;
        hash.update(format!("{name}\0{}\0{text}", text.len()));
    }
    Ok(hex::encode(hash.finalize()))
}

struct AdvisorySnapshot {
    day: String,
    sha256: String,
    packages: BTreeSet<String>,
}

impl AdvisorySnapshot {
    fn of(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{SNAPSHOT}: {error}"))?;
        let day = table.get("day").and_then(Value::as_str).ok_or_else(|| format!("{SNAPSHOT} has no day"))?;
        let sha256 = table.get("sha256").and_then(Value::as_str).ok_or_else(|| format!("{SNAPSHOT} has no sha256"))?;
        let packages = table.get("packages").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            day: day.to_owned(),
            sha256: sha256.to_owned(),
            packages: packages.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// The names of the packages from a registry.
fn packages_of(lock: &str) -> Result<BTreeSet<String>, String> {
    let lock: Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let foreign = packages.filter(|package| package.get("source").is_some());
    Ok(foreign.filter_map(|package| package.get("name")?.as_str()).map(str::to_owned).collect())
}

fn git(clone: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").arg("-C").arg(clone).args(arguments).output().map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err(format!("git {arguments:?} in {}: {}", clone.display(), String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("git {arguments:?}: {error}"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> TaskResult {
    let folder = path.parent().ok_or("a file without a folder")?;
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_a_registry_are_looked_up() {
        let lock = "[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n";
        assert_eq!(packages_of(lock).unwrap().into_iter().collect::<Vec<_>>(), ["theirs"]);
    }

    #[test]
    fn packages_not_looked_up_and_missing_advisories_are_noticed() {
        let root = std::env::temp_dir().join(format!("rampart-advisories-{}", std::process::id()));
        let lock = |names: &[&str]| -> String {
            names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n")).collect()
        };
        let advisories = [root.join(FOLDER).join("old/1.md"), root.join(FOLDER).join("other/2.md")];
        for advisory in &advisories {
            write(advisory, "bad").unwrap();
        }
        let sha256 = fingerprint(&root.join(FOLDER)).unwrap();
        write(&root.join(SNAPSHOT), &format!("day = \"2026-01-31\"\nsha256 = \"{sha256}\"\npackages = [\"old\"]\n")).unwrap();
        write(&root.join("Cargo.lock"), &lock(&["old"])).unwrap();
        assert_eq!(check(&root).unwrap(), ("2026-01-31".to_owned(), Vec::new()));
        write(&root.join("Cargo.lock"), &lock(&["old", "new"])).unwrap();
        let faults = check(&root).unwrap().1;
        assert!(faults.len() == 1 && faults[0].contains("about new were"), "{faults:?}");
        write(&root.join("Cargo.lock"), &lock(&["old"])).unwrap();
        std::fs::remove_file(&advisories[1]).unwrap();
        assert!(check(&root).unwrap().1[0].contains("differ from the recorded copy"));
        write(&advisories[1], "good").unwrap();
        assert_eq!(check(&root).unwrap().1.len(), 1);
        std::fs::remove_dir_all(root).unwrap();
    }
}
