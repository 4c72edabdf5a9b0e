//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::settings::Overrides;

/// A self-hosted ramp between local money and coins.
#[derive(Debug, Parser)]
#[command(name = "rampart", version, about, max_term_width = 120, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The data folder [default: ./data]
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The database: sqlite:<file> or postgres://… [default: rampart.db in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// A configuration file [default: rampart.toml in the data folder, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Who does it, for the audit log
    #[arg(long, global = true, value_name = "NAME", env = "USER", default_value = "operator", hide_env_values = true)]
    pub(crate) actor: String,
    /// Why, for the audit log
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

impl Global {
    /// What the command line says of the configuration.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { config: self.config.clone(), data: self.data.clone(), database: self.database.clone(), listen: None }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve: the partner API, the hosted pages and every worker
    Serve(commands::serve::ServeArguments),
    /// Run a complete buy and sell, and verify the books
    Demo(commands::demo::DemoArguments),
    /// Partners and their keys
    #[command(subcommand)]
    Partner(commands::partner::PartnerCommand),
    /// What waits for a person: suspense, quarantine, alarms, orders on hold
    #[command(subcommand)]
    Review(commands::review::ReviewCommand),
    /// One order
    #[command(subcommand)]
    Order(commands::order::OrderCommand),
    /// Money that leaves
    #[command(subcommand)]
    Payout(commands::payout::PayoutCommand),
    /// Deliveries of webhooks
    #[command(subcommand)]
    Webhook(commands::webhook::WebhookCommand),
    /// Customers
    #[command(subcommand)]
    Customer(commands::customer::CustomerCommand),
    /// The company's own money and coins
    #[command(subcommand)]
    Treasury(commands::treasury::TreasuryCommand),
    /// Work that is tried again and again
    #[command(subcommand, alias = "jobs")]
    Job(commands::job::JobCommand),
    /// What persons did, and why
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
    /// Look for what is wrong with this installation
    Doctor,
    /// The books
    #[command(subcommand)]
    Ledger(commands::ledger::LedgerCommand),
    /// The database
    #[command(subcommand)]
    Db(commands::db::DbCommand),
    /// The installation's keys
    #[command(subcommand, alias = "key")]
    Keys(commands::keys::KeysCommand),
    /// Print the effective configuration with the origin of each value
    Config(commands::config::ConfigArguments),
    /// Whether an identification's number or a bank account holds
    #[command(subcommand)]
    Validate(commands::validate::ValidateCommand),
    /// Print the OpenAPI description of the partner API
    Openapi,
}
