//! The command line, and the commands, one file per group.

pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod customer;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod destination;
pub(crate) mod doctor;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod openapi;
pub(crate) mod order;
pub(crate) mod partner;
pub(crate) mod payout;
pub(crate) mod review;
pub(crate) mod serve;
pub(crate) mod transfer;
pub(crate) mod treasury;
pub(crate) mod validate;
pub(crate) mod wallet;
pub(crate) mod webhook;

use std::future::Future;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::settings::Configuration;
use context::CommandContext;

/// Worker threads of every command but `serve`.
const COMMAND_THREADS: usize = 2;
/// Threads may outlive the work: a DNS lookup by the system cannot be cancelled and may block for minutes.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Rampart: a self-hosted ramp between local money and coins.
#[derive(Debug, Parser)]
#[command(name = "rampart", version, about, max_term_width = 120, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: RampartCommand,
}

#[derive(Debug, Subcommand)]
enum RampartCommand {
    /// Run the server: partner API, hosted pages and workers
    Serve(serve::ServeArguments),
    /// Run a complete purchase and sale in the sandbox and verify the ledger
    Demo(demo::DemoArguments),
    /// Manage partners and their API keys
    #[command(subcommand)]
    Partner(partner::PartnerCommand),
    /// List and resolve what needs a person: suspense, quarantined facts, alarms and orders on hold
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Show or change an order
    #[command(subcommand)]
    Order(order::OrderCommand),
    /// Show payouts and record their outcome
    #[command(subcommand)]
    Payout(payout::PayoutCommand),
    /// Show webhook deliveries and repeat them
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Show, ban or verify customers
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Show and move the company's own money and coins
    #[command(subcommand)]
    Treasury(treasury::TreasuryCommand),
    /// Show transfers of coins, and replace or cancel their transactions
    #[command(subcommand)]
    Transfer(transfer::TransferCommand),
    /// Show the hot wallets
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// Show how far the chains were followed, and read past blocks again
    #[command(subcommand)]
    Chain(chain::ChainCommand),
    /// Show and retry failing background jobs
    #[command(subcommand, alias = "jobs")]
    Job(job::JobCommand),
    /// Show the audit log: what operators did, and why
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Check this installation for problems
    Doctor,
    /// Verify and print the ledger
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Migrate, copy or describe the database
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Manage the installation's keys
    #[command(subcommand, alias = "key")]
    Keys(keys::KeysCommand),
    /// Print the effective configuration with the origin of each value
    Config(config::ConfigArguments),
    /// Validate an identification number, a bank account or a creditor reference
    #[command(subcommand)]
    Validate(validate::ValidateCommand),
    /// Print the OpenAPI description of the partner API
    Openapi,
}

/// Runs a command.
pub(crate) fn run(cli: Cli) -> Result<(), CommandError> {
    let global = cli.global;
    match cli.command {
        RampartCommand::Serve(arguments) => serve::run(&global, arguments),
        RampartCommand::Demo(arguments) => demo::run(&global, arguments),
        RampartCommand::Config(arguments) => config::run(&global, &arguments),
        RampartCommand::Openapi => openapi::run(),
        RampartCommand::Validate(command) => validate::run(&global, command),
        RampartCommand::Keys(command) => keys::run(&global, command),
        RampartCommand::Db(command) => {
            let configuration = Configuration::load(&global.overrides())?;
            context::start_log(&configuration)?;
            block_on(async { db::run(&global, &configuration, command).await })
        }
        RampartCommand::Partner(command) => CommandContext::run(&global, async |context| partner::run(context, command).await),
        RampartCommand::Review(command) => CommandContext::run(&global, async |context| review::run(context, command).await),
        RampartCommand::Payout(command) => CommandContext::run(&global, async |context| payout::run(context, command).await),
        RampartCommand::Order(command) => CommandContext::run(&global, async |context| order::run(context, command).await),
        RampartCommand::Webhook(command) => CommandContext::run(&global, async |context| webhook::run(context, command).await),
        RampartCommand::Customer(command) => CommandContext::run(&global, async |context| customer::run(context, command).await),
        RampartCommand::Treasury(command) => CommandContext::run(&global, async |context| treasury::run(context, command).await),
        RampartCommand::Transfer(command) => CommandContext::run(&global, async |context| transfer::run(context, command).await),
        RampartCommand::Wallet(command) => CommandContext::run(&global, async |context| wallet::run(context, command).await),
        RampartCommand::Chain(command) => CommandContext::run(&global, async |context| chain::run(context, command).await),
        RampartCommand::Job(command) => CommandContext::run(&global, async |context| job::run(context, command).await),
        RampartCommand::Audit(command) => CommandContext::run(&global, async |context| audit::run(context, command).await),
        RampartCommand::Doctor => CommandContext::run(&global, async |context| doctor::run(context).await),
        RampartCommand::Ledger(command) => CommandContext::run(&global, async |context| ledger::run(context, command).await),
    }
}

/// Runs `work` on this number of threads.
pub(crate) fn block_on_threads<T>(threads: usize, work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::Refused(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    result
}

fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    block_on_threads(COMMAND_THREADS, work)
}
