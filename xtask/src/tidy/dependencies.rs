//! Who may depend on whom, read from the manifests.

use std::path::Path;

use toml::{Table, Value};

/// Each crate of ours with the crates of ours that it may name. What is not listed is not allowed.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("rampart-core", &[]),
    ("rampart-store", &["rampart-core"]),
    ("rampart-http", &["rampart-core"]),
    ("rampart-app", &["rampart-core", "rampart-store", "rampart-http"]),
    ("rampart-web", &["rampart-core", "rampart-http", "rampart-app"]),
    ("rampart-sandbox", &["rampart-core", "rampart-http"]),
    ("rampart-providers", &["rampart-core"]),
    ("rampart-evm", &["rampart-core"]),
    ("rampart", &["rampart-core", "rampart-store", "rampart-app", "rampart-web", "rampart-sandbox", "rampart-providers", "rampart-evm"]),
    ("rampart-testkit", &["rampart-core", "rampart-store", "rampart-app", "rampart-web", "rampart-sandbox"]),
    ("xtask", &["rampart-core", "rampart-sandbox"]),
];

/// Foreign crates that only some of ours may name, and why.
const KEPT_TO: &[(&str, &[&str], &str)] = &[
    ("tokio-postgres", &["rampart-store"], "all SQL is in the store"),
    ("rusqlite", &["rampart-store", "rampart-sandbox"], "all SQL is in the store; the sandbox keeps its world's own file"),
    (
        "axum",
        &["rampart-http", "rampart-web", "rampart-sandbox", "rampart", "xtask"],
        "calls come in by rampart-http, connections are web's; the sandbox has rows of its own, and the binary plays a partner's client",
    ),
    ("rlibphonenumber", &["rampart-core"], "every telephone number passes through rampart_core::identity::phone"),
    (
        "utoipa",
        &["rampart-core", "rampart-http", "rampart-app", "rampart-web", "rampart-sandbox"],
        "web and the sandbox describe their calls; in the core and the app only views carry a schema, behind the feature `schema`",
    ),
    ("clap", &["rampart", "xtask"], "command lines belong to the binaries"),
];

/// What the core may never name, for it does no input or output, reads no clock and draws no random number.
const NOT_IN_CORE: &[&str] = &["tokio", "futures", "getrandom", "rand", "reqwest", "tracing", "chrono", "time", "rust_decimal"];

/// The faults of all manifests.
pub(super) fn check(root: &Path, files: &[String]) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for path in files.iter().filter(|path| path.ends_with("/Cargo.toml")) {
        let text = std::fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        let manifest: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
        check_manifest(path, &manifest, &mut faults);
    }
    Ok(faults)
}

fn check_manifest(path: &str, manifest: &Table, faults: &mut Vec<String>) {
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default();
    let Some((_, may_name)) = MAY_NAME.iter().find(|(known, _)| *known == name) else {
        faults.push(format!("{path}: the crate {name:?} has no place in the map of xtask/src/tidy/dependencies.rs; a new crate needs one"));
        return;
    };
    for (kind, dependency) in dependencies(manifest) {
        let of_ours = MAY_NAME.iter().any(|(known, _)| *known == dependency);
        // A test may use the testkit, its own crate's neighbours through it, and its own crate with a feature.
        if kind == "dev-dependencies" && (dependency == "rampart-testkit" || dependency == name) {
            continue;
        }
        if of_ours && !may_name.contains(&dependency) && !(kind == "dev-dependencies" && dependency == "rampart-sandbox") {
            faults.push(format!("{path}: {name} may not name {dependency} ({kind}): the direction is drawn in docs/ARCHITECTURE.md"));
        }
        if let Some((_, keepers, reason)) = KEPT_TO.iter().find(|(foreign, _, _)| *foreign == dependency)
            && !keepers.contains(&name)
        {
            faults.push(format!("{path}: only {} may name {dependency}: {reason}", keepers.join(" and ")));
        }
        if name == "rampart-core" && kind == "dependencies" && NOT_IN_CORE.contains(&dependency) {
            faults.push(format!("{path}: the core may not name {dependency}: it is rules and nothing else"));
        }
    }
}

/// Every dependency of a manifest with the kind of table it stands in, tables per target included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, &str)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(targets)
        .flat_map(|table| KINDS.into_iter().filter_map(|kind| Some((kind, table.get(kind)?.as_table()?))))
        .flat_map(|(kind, table)| {
            table.iter().map(move |(name, value)| {
                let package = value.get("package").and_then(Value::as_str);
                (kind, package.unwrap_or(name))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(manifest: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check_manifest("Cargo.toml", &manifest.parse().unwrap(), &mut faults);
        faults
    }

    #[test]
    fn the_direction_is_kept() {
        assert_eq!(faults_of("[package]\nname = 'rampart-web'\n[dependencies]\nrampart-app = '1'\nserde = '1'"), Vec::<String>::new());
        assert_eq!(faults_of("[package]\nname = 'rampart-web'\n[dependencies]\nrampart-store = '1'").len(), 1);
        assert_eq!(faults_of("[package]\nname = 'rampart-core'\n[dependencies.tokio]\nversion = '1'").len(), 1);
        assert_eq!(faults_of("[package]\nname = 'rampart-app'\n[dependencies]\nrampart-testkit = '1'").len(), 1);
        assert_eq!(faults_of("[package]\nname = 'rampart-app'\n[dev-dependencies]\nrampart-testkit = '1'"), Vec::<String>::new());
    }

    #[test]
    fn a_renamed_or_targeted_dependency_is_seen() {
        assert_eq!(
            faults_of("[package]\nname = 'rampart-app'\n[dependencies]\nsql = { package = 'tokio-postgres', version = '1' }").len(),
            1
        );
        assert_eq!(faults_of("[package]\nname = 'rampart-app'\n[target.'cfg(unix)'.dependencies]\ntokio-postgres = '1'").len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(faults_of("[package]\nname = 'rampart-surprise'").len(), 1);
    }
}
