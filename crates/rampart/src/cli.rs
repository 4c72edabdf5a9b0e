//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::settings::Overrides;

/// Rampart: a self-hosted ramp between local money and coins.
#[derive(Debug, Parser)]
#[command(name = "rampart", version, about, max_term_width = 120, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: RampartCommand,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum RampartCommand {
    /// Run the server: partner API, hosted pages and workers
    Serve(commands::serve::ServeArguments),
    /// Run a complete purchase and sale in the sandbox and verify the ledger
    Demo(commands::demo::DemoArguments),
    /// Manage partners and their API keys
    #[command(subcommand)]
    Partner(commands::partner::PartnerCommand),
    /// List and resolve what needs a person: suspense, quarantined facts, alarms and orders on hold
    #[command(subcommand)]
    Review(commands::review::ReviewCommand),
    /// Show or change an order
    #[command(subcommand)]
    Order(commands::order::OrderCommand),
    /// Show payouts and record their outcome
    #[command(subcommand)]
    Payout(commands::payout::PayoutCommand),
    /// Show webhook deliveries and repeat them
    #[command(subcommand)]
    Webhook(commands::webhook::WebhookCommand),
    /// Show, ban or verify customers
    #[command(subcommand)]
    Customer(commands::customer::CustomerCommand),
    /// Show and move the company's own money and coins
    #[command(subcommand)]
    Treasury(commands::treasury::TreasuryCommand),
    /// Show and retry failing background jobs
    #[command(subcommand, alias = "jobs")]
    Job(commands::job::JobCommand),
    /// Show the audit log: what operators did, and why
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
    /// Check this installation for problems
    Doctor,
    /// Verify and print the ledger
    #[command(subcommand)]
    Ledger(commands::ledger::LedgerCommand),
    /// Migrate, copy or describe the database
    #[command(subcommand)]
    Db(commands::db::DbCommand),
    /// Manage the installation's keys
    #[command(subcommand, alias = "key")]
    Keys(commands::keys::KeysCommand),
    /// Print the effective configuration with the origin of each value
    Config(commands::config::ConfigArguments),
    /// Validate an identification number, a bank account or a creditor reference
    #[command(subcommand)]
    Validate(commands::validate::ValidateCommand),
    /// Print the OpenAPI description of the partner API
    Openapi,
}
