//! The advisories about our dependencies, as they are kept in `advisories/`: taken from a clone of the RustSec advisory
//! database, for machines that cannot reach it. Which packages were looked for is kept too, so that a new dependency is
//! noticed that nobody has looked up.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use rampart_core::time::Timestamp;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::arguments::Arguments;
use crate::{Outcome, workspace};

/// What was taken, when, and for which packages.
const TAKEN: &str = "advisories/taken.toml";
/// The advisories themselves.
const FOLDER: &str = "advisories/crates";
const SECONDS_PER_DAY: i64 = 86_400;

/// Takes the advisories anew: `--from` names a clone of the database.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let clone = arguments.option("--from")?.ok_or("say with --from where the clone of the advisory database is")?;
    arguments.finish()?;
    let root = workspace::root()?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    let head = git(&clone, &["log", "-1", "--format=%H %cs"])?;
    let (commit, day) = head.trim().split_once(' ').ok_or("the clone has no commit")?;
    let folder = root.join(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut count = 0;
    for path in git(&clone, &["ls-tree", "-r", "--name-only", "HEAD", "crates"])?.lines() {
        let package = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')).map(|(package, _)| package);
        if package.is_some_and(|package| packages.contains(package)) {
            write(&root.join("advisories").join(path), &git(&clone, &["show", &format!("HEAD:{path}")])?)?;
            count += 1;
        }
    }
    let list: String = packages.iter().map(|package| format!("    \"{package}\",\n")).collect();
    let taken = format!(
        "# Written by `cargo xtask advisories`; see README.md.\n\n# The day of the database's last change, and its commit.\nday = \"{day}\"\n\
         commit = \"{commit}\"\n# SHA-256 over every file in crates/, so that none goes missing.\nsha256 = \"{}\"\n\
         # Every package that was looked for.\npackages = [\n{list}]\n",
        fingerprint(&folder)?
    );
    write(&root.join(TAKEN), &taken)?;
    println!("{count} advisories of {day} about {} packages", packages.len());
    Ok(())
}

/// The advisories that are kept: their day, and everything that is wrong with them, which is that somebody has changed them,
/// or that the lock file has packages that nobody has looked for.
pub(crate) fn check(root: &Path) -> Result<(String, Vec<String>), String> {
    let taken = Taken::of(&read(&root.join(TAKEN))?)?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    let again = "advisories/README.md says how to take them anew";
    let unseen = packages.difference(&taken.packages);
    let mut faults: Vec<String> =
        unseen.map(|package| format!("Cargo.lock: nobody has looked for advisories about {package}; {again}")).collect();
    if fingerprint(&root.join(FOLDER))? != taken.sha256 {
        faults.push(format!("{FOLDER}: these are not the advisories that were taken (sha256 in {TAKEN}); {again}"));
    }
    Ok((taken.day, faults))
}

/// How many days ago a day was; nothing where it is no day.
pub(crate) fn days_since(day: &str) -> Option<i64> {
    let day: Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
    #[expect(clippy::disallowed_methods, reason = "how old something is depends on today, and nothing is decided by it")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some((i64::try_from(now).ok()? - day.micros() / 1_000_000) / SECONDS_PER_DAY)
}

/// SHA-256 over the names and contents of all files below a folder, in the order of their names.
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

struct Taken {
    day: String,
    sha256: String,
    packages: BTreeSet<String>,
}

impl Taken {
    fn of(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{TAKEN}: {error}"))?;
        let day = table.get("day").and_then(Value::as_str).ok_or_else(|| format!("{TAKEN} has no day"))?;
        let sha256 = table.get("sha256").and_then(Value::as_str).ok_or_else(|| format!("{TAKEN} has no sha256"))?;
        let packages = table.get("packages").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            day: day.to_owned(),
            sha256: sha256.to_owned(),
            packages: packages.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// The names of the packages that come from a registry.
fn packages_of(lock: &str) -> Result<BTreeSet<String>, String> {
    let lock: Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let foreign = packages.filter(|package| package.get("source").is_some());
    Ok(foreign.filter_map(|package| package.get("name")?.as_str()).map(str::to_owned).collect())
}

fn git(clone: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").arg("-C").arg(clone).args(arguments).output().map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err(format!("git {arguments:?} in {clone}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("git {arguments:?}: {error}"))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().ok_or("a file without a folder")?;
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_a_registry_are_looked_for() {
        let lock = "[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n";
        assert_eq!(packages_of(lock).unwrap().into_iter().collect::<Vec<_>>(), ["theirs"]);
    }

    #[test]
    fn a_package_that_nobody_has_looked_for_and_an_advisory_that_is_gone_are_noticed() {
        let root = std::env::temp_dir().join(format!("rampart-advisories-{}", std::process::id()));
        let lock = |names: &[&str]| -> String {
            names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n")).collect()
        };
        let advisories = [root.join(FOLDER).join("old/1.md"), root.join(FOLDER).join("other/2.md")];
        for advisory in &advisories {
            write(advisory, "bad").unwrap();
        }
        let sha256 = fingerprint(&root.join(FOLDER)).unwrap();
        write(&root.join(TAKEN), &format!("day = \"2026-01-31\"\nsha256 = \"{sha256}\"\npackages = [\"old\"]\n")).unwrap();
        write(&root.join("Cargo.lock"), &lock(&["old"])).unwrap();
        assert_eq!(check(&root).unwrap(), ("2026-01-31".to_owned(), Vec::new()));
        write(&root.join("Cargo.lock"), &lock(&["old", "new"])).unwrap();
        let faults = check(&root).unwrap().1;
        assert!(faults.len() == 1 && faults[0].contains("about new;"), "{faults:?}");
        write(&root.join("Cargo.lock"), &lock(&["old"])).unwrap();
        std::fs::remove_file(&advisories[1]).unwrap();
        assert!(check(&root).unwrap().1[0].contains("not the advisories that were taken"));
        write(&advisories[1], "good").unwrap();
        assert_eq!(check(&root).unwrap().1.len(), 1);
        std::fs::remove_dir_all(root).unwrap();
    }
}
