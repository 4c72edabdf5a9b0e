//! The configuration: one commented file that is built in, overlaid by a file, variables and options. A key that is
//! not known is an error that names the key and where it stands.

mod bounds;
mod live;
mod redact;
mod shape;
mod stray;
mod tree;
mod types;

use std::path::{Path, PathBuf};

use rampart_core::catalogue::{Catalogue, CatalogueError, CatalogueSource};
use toml::{Table, Value};

pub(crate) use redact::{redacted, without_password};
use shape::Shape;
pub(crate) use tree::{Origin, Tree};
pub(crate) use types::{LogFormat, Settings};

use crate::bounded;
use crate::wiring::DATABASE_FILE;

/// The built-in configuration, which documents every key.
pub(crate) const DEFAULTS: &str = include_str!("../default.toml");
/// The file that is looked for in the data folder when none is named.
const FILE: &str = "rampart.toml";
/// The sections that say what is traded.
const CATALOGUE: &[&str] = &["fiats", "chains", "coins", "policies", "methods", "payouts", "rails", "limits", "open_caps", "pricing"];

/// What is wrong with the configuration: the key, where it stands, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SettingsError(pub(crate) String);

/// What the command line says of the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--config`.
    pub(crate) config: Option<PathBuf>,
    /// `--data`.
    pub(crate) data: Option<PathBuf>,
    /// `--database`.
    pub(crate) database: Option<String>,
    /// `--listen`.
    pub(crate) listen: Option<String>,
}

/// The effective configuration: every value with its origin, and all of them read.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// Every value with its origin.
    pub(crate) tree: Tree,
    /// How the process is set.
    pub(crate) settings: Settings,
    /// What is traded.
    pub(crate) catalogue: Catalogue,
}

impl Configuration {
    /// Reads everything that has a say.
    ///
    /// # Errors
    /// A [`SettingsError`] for the first thing that is wrong.
    pub(crate) fn load(overrides: &Overrides) -> Result<Self, SettingsError> {
        Self::load_from(overrides, stray::texts(std::env::vars_os())?)
    }

    fn load_from(overrides: &Overrides, mut variables: Vec<(String, String)>) -> Result<Self, SettingsError> {
        variables.sort();
        let mut tree =
            Tree::parse(DEFAULTS, |_| Origin::Default).map_err(|error| SettingsError(format!("the built-in configuration: {error}")))?;
        let shape = Shape::of(&tree);
        let variable = |wanted: &str| variables.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value);
        // The data folder decides where the file is, so the file cannot decide where the data folder is.
        let data = overrides.data.clone().or_else(|| variable("RAMPART__DATA").map(PathBuf::from));
        let data = data.unwrap_or_else(|| PathBuf::from(tree.text("data").unwrap_or(".")));
        let named = overrides.config.clone().or_else(|| variable(stray::CONFIG).map(PathBuf::from));
        let beside_data = data.join(FILE);
        match named {
            Some(path) => tree.overlay_file(&shape, &path)?,
            None if beside_data.is_file() => tree.overlay_file(&shape, &beside_data)?,
            None => {}
        }
        if let Some(Origin::File { path, line }) = tree.origin("data") {
            return Err(SettingsError(format!("data cannot be set in {}:{line}: use --data or RAMPART__DATA", path.display())));
        }
        tree.overlay_variables(&shape, variables.into_iter())?;
        overrides.overlay(&mut tree);
        bounds::check(&tree)?;
        let table = tree.table();
        let (catalogue, rest) = split(table);
        let settings: Settings =
            serde_path_to_error::deserialize(Value::Table(rest)).map_err(|error| at(&tree, &error.path().to_string(), error.inner()))?;
        let source: CatalogueSource = serde_path_to_error::deserialize(Value::Table(catalogue))
            .map_err(|error| at(&tree, &error.path().to_string(), error.inner()))?;
        let catalogue = source.build().map_err(|CatalogueError { place, reason }| at(&tree, &place, &reason))?;
        settings.check().map_err(|(key, reason)| at(&tree, key, &reason))?;
        settings.server.web.check().map_err(|(key, reason)| at(&tree, &format!("server.{key}"), &reason))?;
        // All of them: whoever goes live has more than one thing to set.
        let refused: Vec<String> =
            live::refused(&settings, &catalogue, &tree).iter().map(|(key, reason)| at(&tree, key, reason).0).collect();
        if !refused.is_empty() {
            return Err(SettingsError(refused.join("\n")));
        }
        Ok(Self { tree, settings, catalogue })
    }

    /// The database's URL: set, in the file that is set, or the file in the data folder.
    ///
    /// # Errors
    /// When the file that is set cannot be read.
    pub(crate) fn database_url(&self) -> Result<String, SettingsError> {
        let database = &self.settings.database;
        if !database.url_file.is_empty() {
            let path = Path::new(&database.url_file);
            return url_in(path).map_err(|SettingsError(fault)| SettingsError(format!("database.url_file: {fault}")));
        }
        if database.url.reveal().is_empty() {
            return Ok(format!("sqlite:{}", self.settings.data.join(DATABASE_FILE).display()));
        }
        Ok(database.url.reveal().to_owned())
    }
}

/// The URL of a database that a file holds, so that its password is in no process list.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn url_in(path: &Path) -> Result<String, SettingsError> {
    let text = bounded::read(path, bounded::VALUE);
    let text = text.map_err(|error| SettingsError(format!("{} cannot be read: {error}", path.display())))?;
    Ok(text.trim().to_owned())
}

impl Overrides {
    fn overlay(&self, tree: &mut Tree) {
        let path = |dotted: &str| dotted.split('.').map(str::to_owned).collect();
        if let Some(data) = &self.data {
            tree.set(path("data"), Value::String(data.display().to_string()), Origin::CommandLine("--data"));
        }
        if let Some(url) = &self.database {
            tree.set(path("database.url"), Value::String(url.clone()), Origin::CommandLine("--database"));
            // The option is meant to count, whatever a file names.
            tree.set(path("database.url_file"), Value::String(String::new()), Origin::CommandLine("--database"));
        }
        if let Some(listen) = &self.listen {
            tree.set(path("server.listen"), Value::String(listen.clone()), Origin::CommandLine("--listen"));
        }
    }
}

/// The sections that say what is traded, and the others.
fn split(table: Table) -> (Table, Table) {
    table.into_iter().partition(|(name, _)| CATALOGUE.contains(&name.as_str()))
}

fn at(tree: &Tree, key: &str, reason: &impl std::fmt::Display) -> SettingsError {
    let origin = tree.origin(key).map(|origin| format!(" ({origin})")).unwrap_or_default();
    SettingsError(format!("{key}{origin}: {reason}"))
}

#[cfg(test)]
mod tests;
