//! The commands, one file per family.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod customer;
pub(crate) mod db;
pub(crate) mod demo;
pub(crate) mod destination;
pub(crate) mod doctor;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod office;
pub(crate) mod openapi;
pub(crate) mod order;
pub(crate) mod partner;
pub(crate) mod payout;
pub(crate) mod review;
pub(crate) mod serve;
pub(crate) mod treasury;
pub(crate) mod validate;
pub(crate) mod webhook;

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::settings::Configuration;
use office::Office;

/// Threads that a command other than `serve` works on.
const COMMAND_THREADS: usize = 2;
/// How long threads may go on once the work is done. One that asks the system for the address of a name cannot be stopped, and
/// may wait for minutes.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a command.
///
/// # Errors
/// When it is refused, finds a problem, or is used wrongly.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let global = cli.global;
    match cli.command {
        Command::Serve(arguments) => serve::run(&global, arguments),
        Command::Demo(arguments) => demo::run(&global, arguments),
        Command::Config(arguments) => config::run(&global, &arguments),
        Command::Openapi => openapi::run(),
        Command::Validate(command) => validate::run(&global, command),
        Command::Keys(command) => keys::run(&global, command),
        Command::Db(command) => {
            let configuration = Configuration::load(&global.overrides())?;
            office::start_log(&configuration)?;
            block_on(async { db::run(&global, &configuration, command).await })
        }
        Command::Partner(command) => Office::run(&global, async |office| partner::run(office, command).await),
        Command::Review(command) => Office::run(&global, async |office| review::run(office, command).await),
        Command::Payout(command) => Office::run(&global, async |office| payout::run(office, command).await),
        Command::Order(command) => Office::run(&global, async |office| order::run(office, command).await),
        Command::Webhook(command) => Office::run(&global, async |office| webhook::run(office, command).await),
        Command::Customer(command) => Office::run(&global, async |office| customer::run(office, command).await),
        Command::Treasury(command) => Office::run(&global, async |office| treasury::run(office, command).await),
        Command::Job(command) => Office::run(&global, async |office| job::run(office, command).await),
        Command::Audit(command) => Office::run(&global, async |office| audit::run(office, command).await),
        Command::Doctor => Office::run(&global, async |office| doctor::run(office).await),
        Command::Ledger(command) => Office::run(&global, async |office| ledger::run(office, command).await),
    }
}

/// Does work on so many threads.
///
/// # Errors
/// When it fails, or the machine does not give the threads.
pub(crate) fn block_on_threads<T>(threads: usize, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no threads to work on: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(LINGER);
    result
}

fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on_threads(COMMAND_THREADS, work)
}
