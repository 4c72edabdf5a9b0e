//! The advisories about our dependencies, as they are kept in `advisories/`: taken from a clone of the RustSec advisory
//! database, for machines that cannot reach it. Which packages were looked for is kept too, so that a new dependency is
//! noticed that nobody has looked up.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

use crate::arguments::Arguments;
use crate::{Outcome, workspace};

/// What was taken, when, and for which packages.
const TAKEN: &str = "advisories/taken.toml";

/// Takes the advisories anew: `--from` names a clone of the database.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let clone = arguments.option("--from")?.ok_or("say with --from where the clone of the advisory database is")?;
    arguments.finish()?;
    let root = workspace::root()?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    let head = git(&clone, &["log", "-1", "--format=%H %cs"])?;
    let (commit, day) = head.trim().split_once(' ').ok_or("the clone has no commit")?;
    let folder = root.join("advisories/crates");
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
         commit = \"{commit}\"\n# Every package that was looked for.\npackages = [\n{list}]\n"
    );
    write(&root.join(TAKEN), &taken)?;
    println!("{count} advisories of {day} about {} packages", packages.len());
    Ok(())
}

/// The day of the advisories, and the packages of the lock file that nobody has looked for in them.
pub(crate) fn unseen(root: &Path) -> Result<(String, Vec<String>), String> {
    let taken = Taken::of(&read(&root.join(TAKEN))?)?;
    let packages = packages_of(&read(&root.join("Cargo.lock"))?)?;
    Ok((taken.day, packages.difference(&taken.packages).cloned().collect()))
}

struct Taken {
    day: String,
    packages: BTreeSet<String>,
}

impl Taken {
    fn of(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{TAKEN}: {error}"))?;
        let day = table.get("day").and_then(Value::as_str).ok_or_else(|| format!("{TAKEN} has no day"))?;
        let packages = table.get("packages").and_then(Value::as_array).into_iter().flatten();
        Ok(Self { day: day.to_owned(), packages: packages.filter_map(Value::as_str).map(str::to_owned).collect() })
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
    fn a_package_that_nobody_has_looked_for_is_noticed() {
        let root = std::env::temp_dir().join(format!("rampart-advisories-{}", std::process::id()));
        let lock = |names: &[&str]| -> String {
            names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n")).collect()
        };
        write(&root.join(TAKEN), "day = \"2026-01-31\"\npackages = [\"old\"]\n").unwrap();
        write(&root.join("Cargo.lock"), &lock(&["old", "new"])).unwrap();
        assert_eq!(unseen(&root).unwrap(), ("2026-01-31".to_owned(), vec!["new".to_owned()]));
        std::fs::remove_dir_all(root).unwrap();
    }
}
