//! The configuration: a built-in commented file, overlaid by a file, environment variables and command line options. An unknown
//! key is an error that names the key and its origin.

mod bounds;
mod environment;
mod live;
mod redact;
mod schema;
mod tree;
mod types;

use std::path::{Path, PathBuf};

use rampart_core::catalogue::{Catalogue, CatalogueError, CatalogueSource};
use toml::{Table, Value};

pub(crate) use redact::{redacted, without_password};
use schema::SettingsSchema;
pub(crate) use tree::{SettingOrigin, Tree};
pub(crate) use types::{LogFormat, ProcessSettings};

use crate::bounded;

/// The built-in configuration, which documents every key.
pub(crate) const DEFAULTS: &str = include_str!("../default.toml");
/// The default database, in the data folder.
pub(crate) const DATABASE_FILE: &str = "rampart.db";
/// The configuration file in the data folder, read if no other is named.
const FILE_NAME: &str = "rampart.toml";
/// The sections of the catalogue.
const CATALOGUE_SECTIONS: &[&str] =
    &["fiats", "chains", "coins", "policies", "methods", "payouts", "rails", "limits", "open_caps", "pricing"];

/// An error in the configuration. The message names the key, its origin and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SettingsError(pub(crate) String);

/// Values from the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) database: Option<String>,
    pub(crate) listen: Option<String>,
}

/// The effective configuration: every value with its origin, and the parsed settings and catalogue.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) tree: Tree,
    pub(crate) settings: ProcessSettings,
    pub(crate) catalogue: Catalogue,
}

impl Configuration {
    /// Reads all sources.
    /// The first error found; in live mode, everything that live mode refuses.
    pub(crate) fn load(overrides: &Overrides) -> Result<Self, SettingsError> {
        Self::load_from(overrides, environment::texts(std::env::vars_os())?)
    }

    fn load_from(overrides: &Overrides, mut variables: Vec<(String, String)>) -> Result<Self, SettingsError> {
        variables.sort();
        let mut tree = Tree::parse(DEFAULTS, |_| SettingOrigin::Default)
            .map_err(|error| SettingsError(format!("the built-in configuration: {error}")))?;
        let schema = SettingsSchema::of(&tree);
        let variable = |wanted: &str| variables.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value);
        // The file is looked for in the data folder, so it cannot set the data folder.
        let data = overrides.data.clone().or_else(|| variable("RAMPART__DATA").map(PathBuf::from));
        let data = data.unwrap_or_else(|| PathBuf::from(tree.text("data").unwrap_or(".")));
        let named = overrides.config.clone().or_else(|| variable(environment::CONFIG_VARIABLE).map(PathBuf::from));
        let beside_data = data.join(FILE_NAME);
        if let Some(path) = named.or_else(|| Some(beside_data).filter(|path| path.is_file())) {
            tree.overlay_file(&path, |path, setting| schema.check(path, setting))?;
        }
        if let Some(SettingOrigin::File { path, line }) = tree.origin("data") {
            return Err(SettingsError(format!("data cannot be set in {}:{line}: use --data or RAMPART__DATA", path.display())));
        }
        environment::overlay(&mut tree, &schema, variables)?;
        overrides.overlay(&mut tree);
        bounds::check(&tree)?;
        let table = tree.table();
        let (catalogue, rest) = split(table);
        let settings: ProcessSettings =
            serde_path_to_error::deserialize(Value::Table(rest)).map_err(|error| at(&tree, &error.path().to_string(), error.inner()))?;
        let source: CatalogueSource = serde_path_to_error::deserialize(Value::Table(catalogue))
            .map_err(|error| at(&tree, &error.path().to_string(), error.inner()))?;
        let catalogue = source.build().map_err(|CatalogueError { place, reason }| at(&tree, &place, &reason))?;
        settings.check().map_err(|(key, reason)| at(&tree, key, &reason))?;
        settings.server.web.check().map_err(|(key, reason)| at(&tree, &format!("server.{key}"), &reason))?;
        // All of them: going live needs more than one setting.
        let refused: Vec<String> =
            live::refused(&settings, &catalogue, &tree).iter().map(|(key, reason)| at(&tree, key, reason).0).collect();
        if !refused.is_empty() {
            return Err(SettingsError(refused.join("\n")));
        }
        Ok(Self { tree, settings, catalogue })
    }

    /// The URL of the database: from `database.url_file`, from `database.url`, or the SQLite file in the data folder.
    pub(crate) fn database_url(&self) -> Result<String, SettingsError> {
        let database = &self.settings.database;
        if !database.url_file.is_empty() {
            let path = Path::new(&database.url_file);
            return url_in(path).map_err(|SettingsError(reason)| SettingsError(format!("database.url_file: {reason}")));
        }
        if database.url.reveal().is_empty() {
            return Ok(format!("sqlite:{}", self.settings.data.join(DATABASE_FILE).display()));
        }
        Ok(database.url.reveal().to_owned())
    }
}

/// The URL of a database from a file, which keeps its password out of process lists.
pub(crate) fn url_in(path: &Path) -> Result<String, SettingsError> {
    let text = bounded::read(path, bounded::MAX_VALUE_BYTES);
    let text = text.map_err(|error| SettingsError(format!("{} cannot be read: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

impl Overrides {
    fn overlay(&self, tree: &mut Tree) {
        let path = |dotted: &str| dotted.split('.').map(str::to_owned).collect();
        if let Some(data) = &self.data {
            tree.set(path("data"), Value::String(data.display().to_string()), SettingOrigin::CommandLine("--data"));
        }
        if let Some(url) = &self.database {
            tree.set(path("database.url"), Value::String(url.clone()), SettingOrigin::CommandLine("--database"));
            // The option takes precedence over a URL file.
            tree.set(path("database.url_file"), Value::String(String::new()), SettingOrigin::CommandLine("--database"));
        }
        if let Some(listen) = &self.listen {
            tree.set(path("server.listen"), Value::String(listen.clone()), SettingOrigin::CommandLine("--listen"));
        }
    }
}

/// The sections of the catalogue, and the others.
fn split(table: Table) -> (Table, Table) {
    table.into_iter().partition(|(name, _)| CATALOGUE_SECTIONS.contains(&name.as_str()))
}

fn at(tree: &Tree, key: &str, reason: &impl std::fmt::Display) -> SettingsError {
    let origin = tree.origin(key).map(|origin| format!(" ({origin})")).unwrap_or_default();
    SettingsError(format!("{key}{origin}: {reason}"))
}

#[cfg(test)]
mod tests;
