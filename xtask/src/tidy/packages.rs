//! Foreign packages: licence, source and bans as deny.toml has them, for machines without cargo-deny. (cargo-deny does
//! more where it is installed: advisories, and the licence texts themselves.)

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use toml::{Table, Value};

/// The faults of every package in the dependency graph.
pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(root.join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let policy = Policy::of(&text.parse().map_err(|error| format!("deny.toml: {error}"))?);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata: Json = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    // Packages of other platforms are listed too; what is resolved is what is built.
    let built: BTreeSet<&str> = rows(&metadata["resolve"]["nodes"]).filter_map(|node| node["id"].as_str()).collect();
    let packages = rows(&metadata["packages"]).filter(|package| package["id"].as_str().is_some_and(|id| built.contains(id)));
    Ok(packages.flat_map(|package| policy.faults(package)).collect())
}

fn rows(list: &Json) -> impl Iterator<Item = &Json> {
    list.as_array().into_iter().flatten()
}

/// What deny.toml allows.
struct Policy {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Policy {
    fn of(manifest: &Table) -> Self {
        let list = |section: &str, key: &str| {
            manifest.get(section).and_then(|section| section.get(key)).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        Self {
            licences: list("licenses", "allow").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            banned: list("bans", "deny").iter().filter_map(|ban| ban.get("name")?.as_str()).map(str::to_owned).collect(),
        }
    }

    fn faults(&self, package: &Json) -> Vec<String> {
        let mut faults = Vec::new();
        let (name, version) = (package["name"].as_str().unwrap_or_default(), package["version"].as_str().unwrap_or_default());
        let licence = package["license"].as_str().unwrap_or_default();
        if !self.allows(licence) {
            faults.push(format!("{name} {version}: the licence {licence:?} is not among those of deny.toml"));
        }
        if self.banned.contains(name) {
            faults.push(format!("{name} {version}: banned in deny.toml"));
        }
        // Our own packages have no source; everything else comes from the one registry that a plain name means.
        if package["source"].as_str().is_some_and(|source| !source.starts_with("registry+") && !source.starts_with("sparse+")) {
            faults.push(format!("{name} {version}: comes from {}, which can disappear", package["source"]));
        }
        faults
    }

    /// Whether an SPDX expression can be satisfied: one alternative of which every part is allowed.
    fn allows(&self, expression: &str) -> bool {
        // "MIT/Apache-2.0" is how OR was written once.
        let words = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut place = 0;
        self.any(&words, &mut place) && place == words.len()
    }

    fn any(&self, words: &[&str], place: &mut usize) -> bool {
        let mut allowed = self.all(words, place);
        while words.get(*place) == Some(&"OR") {
            *place += 1;
            allowed |= self.all(words, place);
        }
        allowed
    }

    fn all(&self, words: &[&str], place: &mut usize) -> bool {
        let mut allowed = self.one(words, place);
        while words.get(*place) == Some(&"AND") {
            *place += 1;
            allowed &= self.one(words, place);
        }
        allowed
    }

    fn one(&self, words: &[&str], place: &mut usize) -> bool {
        let Some(&word) = words.get(*place) else { return false };
        *place += 1;
        if word == "(" {
            let allowed = self.any(words, place);
            *place += 1;
            return allowed;
        }
        if words.get(*place) == Some(&"WITH") {
            let exception = words.get(*place + 1).copied().unwrap_or_default();
            *place += 2;
            return self.licences.contains(&format!("{word} WITH {exception}")) || self.licences.contains(word);
        }
        self.licences.contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let policy = Policy { licences: ["MIT", "ISC", "Apache-2.0"].map(str::to_owned).into(), banned: BTreeSet::new() };
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("MIT/Apache-2.0", true),
            ("(MIT OR GPL-3.0-only) AND ISC", true),
            ("(MIT OR GPL-3.0-only) AND GPL-2.0-only", false),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0-only", true),
            ("", false),
        ] {
            assert_eq!(policy.allows(expression), allowed, "{expression}");
        }
    }
}
