//! The options that every command takes.

use std::path::PathBuf;

use clap::Args;

use crate::settings::Overrides;

/// The options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct GlobalOptions {
    /// Data folder [default: ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Database: sqlite:<file> or postgres://… [default: rampart.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Configuration file [default: rampart.toml in the data folder, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Name of the operator, for the audit log
    #[arg(long, global = true, value_name = "NAME", env = "USER", default_value = "operator", hide_env_values = true)]
    pub(crate) actor: String,
    /// Reason for the change, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

impl GlobalOptions {
    /// The configuration values that the command line sets.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { config: self.config.clone(), data: self.data.clone(), database: self.database.clone(), listen: None }
    }
}
